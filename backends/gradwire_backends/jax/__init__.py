"""JAX's own autodiff: an oracle that shares no derivative rule with ours, and a peer to compare with.

A graph is evaluated over `jax.numpy`, block by block, and what JAX records of it is differentiated by JAX and compiled
by XLA: `tracing` walks the graph, `namespace` gives functions the names and habits of NumPy's, `lowering` writes anew
what an op's `evaluate` does in ways that JAX can't record. A block that JAX has nothing for is refused by name.

Double precision is switched on for our calls alone, and they run on the CPU, so that a program that embeds Gradwire
keeps the JAX that it configured. A run is one call of XLA, and looks whether it is to stop only before and behind it.
At kinks the derivatives are JAX's.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec

from gradwire_service.backend import Executable, Options, check_ends, check_scalar
from gradwire_service.ops.flat import FlatGraph


class JaxBackend:
    """Traces the graph with JAX, differentiates it there, and compiles it by XLA when it is prepared."""

    name = "jax"
    summary = "JAX's own autodiff, compiled by XLA: an independent oracle."

    def __init__(self) -> None:
        """See that JAX is there. It is loaded with the first graph, since that takes a second.

        Raises: ModuleNotFoundError.
        """
        if find_spec("jax") is None:
            raise ModuleNotFoundError("JAX is not installed; install it with: pip install 'gradwire[jax]'")

    def prepare(self, graph: FlatGraph) -> Executable:
        """Compile the graph.

        Raises: UnsupportedByBackendError, naming the block.
        """
        from gradwire_backends.jax import tracing

        return tracing.values(graph)

    def prepare_gradients(self, graph: FlatGraph, of: str, wrt: Sequence[str], options: Options) -> Executable:
        """Differentiate in reverse mode, by `jax.grad`.

        Raises: NotScalarError, NotDifferentiableError; UnsupportedByBackendError, naming the block.
        """
        check_scalar(graph, of)
        check_ends(graph, [of], wrt)
        from gradwire_backends.jax import tracing

        return tracing.gradients(graph, of, wrt)

    def prepare_jvp(self, graph: FlatGraph, of: Sequence[str], wrt: Sequence[str], options: Options) -> Executable:
        """Differentiate in forward mode, by `jax.jvp`.

        Raises: NotDifferentiableError; UnsupportedByBackendError, naming the block.
        """
        check_ends(graph, of, wrt)
        from gradwire_backends.jax import tracing

        return tracing.tangents(graph, of, wrt)
