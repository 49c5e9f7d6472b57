"""Hand-written C: compiled when it is measured, called through ctypes."""

from __future__ import annotations

import atexit
import ctypes
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

from benchmarks.contender import AbsentError, Array, Prepared

FLAGS = ("-march=native", "-ffast-math", "-fPIC", "-x", "c")
SOURCES = Path(__file__).parent / "kinds"


@cache
def folder() -> Path:
    """Return a folder for what is compiled; it goes when the process ends."""
    found = Path(tempfile.mkdtemp(prefix="gradwire-bench-"))
    atexit.register(shutil.rmtree, found, True)
    return found


def shared_library(source: Path, optimization: str = "-O3") -> Path:
    """Compile a file of C.

    Raises: AbsentError where there is no gcc.
    """
    gcc = shutil.which("gcc")
    if gcc is None:
        raise AbsentError("there is no gcc")
    code, target = folder() / f"{source.stem}.o", folder() / f"{source.stem}.so"
    subprocess.run([gcc, optimization, *FLAGS, "-c", source, "-o", code], check=True)
    # Linked without -ffast-math: with it gcc before 13 adds code that makes whoever loads the library, NumPy and all,
    # take subnormal numbers for zero.
    subprocess.run([gcc, "-shared", code, "-o", target, "-lm"], check=True)
    return target


def prepared(name: str, sizes: Sequence[int], inputs: Iterable[Array], results: Sequence[Array]) -> Prepared:
    """Compile `kinds/NAME.c`, and return a call of its function NAME.

    Args:
        name: of the file and of the function, which takes what follows, in this order.
        sizes: whole numbers of type `long`.
        inputs: arrays, of which it gets the addresses.
        results: arrays that it writes to, likewise.
    """
    function = getattr(ctypes.CDLL(str(shared_library(SOURCES / f"{name}.c"))), name)
    function.restype = None
    kept = [*inputs, *results]
    assert all(x.flags.c_contiguous for x in kept)
    given = [*map(ctypes.c_long, sizes), *(ctypes.c_void_p(x.ctypes.data) for x in kept)]

    def call(_: object = kept) -> Sequence[Array]:  # what has addresses alone keeps nothing alive
        function(*given)
        return results

    return Prepared(call)
