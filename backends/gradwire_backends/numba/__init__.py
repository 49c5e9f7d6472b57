"""The fast backend: graphs become fused kernels, compiled beside the calls by a process of their own.

A graph goes through stages, each of which can be looked at: `legalize` rewrites it into what kernels know, `schedule`
groups its blocks into loop nests, routines and blocks for NumPy, `nest` and `routines` write each of them, `program`
puts them together to source text, which is the kernels' identity. The text goes to the `compiler`, a disposable process
and the only one that loads numba; object code comes back (`workers`), is kept on disk (`cache`), and is loaded by an
engine that can be closed again (`loader`). Until then, NumPy answers (`executable`). Graphs of very many small blocks
are run by one kernel that interprets them (`instructions`).
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gradwire_backends.numba.backend import NumbaBackend

__all__ = ["NumbaBackend"]


def __getattr__(name: str) -> Any:
    """Load the backend when it is asked for: the compiler is a module of this package, and needs none of it."""
    if name not in __all__:
        raise AttributeError(name)
    from gradwire_backends.numba.backend import NumbaBackend

    return NumbaBackend
