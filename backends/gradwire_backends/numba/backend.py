"""The backend that compiles beside the calls."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from gradwire_backends.numba import table
from gradwire_backends.numba.cache import Cache
from gradwire_backends.numba.executable import TieredExecutable
from gradwire_backends.numba.explanation import explained
from gradwire_backends.numba.instructions.executable import LoopExecutable
from gradwire_backends.numba.instructions.loop import InstructionLoop
from gradwire_backends.numba.kernels import Kernels
from gradwire_backends.numba.program import kernel_program
from gradwire_backends.numba.threads import Threads
from gradwire_backends.numba.workers import Workers
from gradwire_backends.numba.workspace import Workspaces
from gradwire_service.backend import Executable, Explanation
from gradwire_service.interpreter import interpret
from gradwire_service.ops.flat import FlatGraph

BLOCKS = 5_000
"""Graphs with more blocks get no kernels of their own, for LLVM would take too long; the instruction loop runs them."""

LOOP_BLOCKS = 1_000
"""Graphs with more blocks are run by the instruction loop, not by NumPy, until their kernels are there; for good when
their blocks are alike and small, since the loop is faster then."""

BLOCKS_AT_ONCE = 500
"""Larger graphs are turned into source beside the calls: it takes some 40 µs a block."""


class NumbaBackend:
    """Answers by NumPy at once, and by compiled kernels as soon as another process has made them.

    Args:
        folder: where object code is kept; None: where the environment says, else among the user's caches.
        children: compilers at most; None: one a core.
        threads: threads that share what takes long, a caller's among them; None: as the environment says, else one a
            core. Results are the same bits for any number.
    """

    name = "numba"
    summary = "The fast one: graphs become fused kernels, compiled beside the calls; NumPy answers meanwhile."

    def __init__(self, folder: Path | None = None, children: int | None = None, threads: int | None = None) -> None:
        table.verify()
        self._cache = Cache(folder)
        self._workers = Workers(children)
        self._kernels = Kernels(self._cache, self._workers)
        self._workspaces = Workspaces()
        self._threads = Threads(threads)
        self._loop = InstructionLoop(self._kernels, self._workspaces)
        self._aside = ThreadPoolExecutor(1, "gradwire lowering")

    def prepare(self, graph: FlatGraph) -> Executable:
        """Return at once what runs the graph; structures that are known are compiled from the first call."""
        first = self._first(graph)
        if _is_final(first, graph):
            return first
        executable = TieredExecutable(first, self._workspaces, self._threads)
        if len(graph.blocks) > BLOCKS_AT_ONCE:
            self._aside.submit(self._bind, executable, graph)
        else:
            self._bind(executable, graph)
        return executable

    def _first(self, graph: FlatGraph) -> Executable:
        """Return what answers until a graph's kernels are there, or for good."""
        looped = None
        if len(graph.blocks) > LOOP_BLOCKS:
            try:
                looped = self._loop.prepare(graph)
            except Exception as error:  # as below
                self._kernels.give_up("program of the loop", f"{type(error).__name__}: {error}")
        return interpret(graph) if looped is None else looped

    def _bind(self, executable: TieredExecutable, graph: FlatGraph) -> None:
        """Find the kernels of an executable's graph."""
        try:
            program = kernel_program(graph)
        except Exception as error:  # a fault of ours must not become one of the request: NumPy answers it
            self._kernels.give_up("graph", f"{type(error).__name__}: {error}")
            executable.give_up()
            return
        if program.source:
            executable.bind(program, self._kernels.get(program.key, program.source))
        else:
            executable.give_up()

    def explain(self, graph: FlatGraph) -> Explanation:
        """Tell what would run, without waiting for a compiler."""
        first = self._first(graph) if len(graph.blocks) > LOOP_BLOCKS else None
        if first is not None and _is_final(first, graph):
            looped = isinstance(first, LoopExecutable)
            route = "the instruction loop, one kernel for all graphs" if looped else "NumPy, for it is too large"
            return Explanation(route, self._loop.state if looped else "none", len(graph.blocks))
        program = kernel_program(graph)
        return explained(graph, program, self._state(program.key) if program.source else "none")

    def _state(self, key: str) -> str:
        """Tell what there is of the object code of a kernel."""
        artifact = self._cache.read(key)
        if artifact is None:
            return "not compiled yet"
        return f"failed: {artifact.failure}" if artifact.failure else "cached"

    def wait(self, executable: Executable, timeout: float) -> bool:
        """Wait until an executable is compiled, or can't be; tell whether it is compiled."""
        return isinstance(executable, TieredExecutable | LoopExecutable) and executable.wait(timeout)

    def close(self) -> None:
        """End compilers and free what was loaded; executables go on by NumPy."""
        self._aside.shutdown(wait=False, cancel_futures=True)
        self._workers.close()
        self._kernels.close()
        self._threads.close()

    def report(self) -> Mapping[str, Any]:
        """Tell what is compiled, cached, failed, and why."""
        return {
            **self._kernels.report(),
            "loop": self._loop.state,
            "folder": str(self._cache.folder),
            "compilers": len(self._workers.processes),
            "threads": self._threads.count,
        }


def _is_final(first: Executable, graph: FlatGraph) -> bool:
    """Tell whether what answers first runs a graph for good, since kernels of its own are too large or no faster."""
    return len(graph.blocks) > BLOCKS or (isinstance(first, LoopExecutable) and first.needs_no_kernels)
