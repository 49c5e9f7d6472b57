"""Which graphs the instruction loop runs, and where its kernel comes from."""

from __future__ import annotations

from gradwire_backends.numba.instructions import vocabulary
from gradwire_backends.numba.instructions.executable import LoopExecutable
from gradwire_backends.numba.instructions.program import HostStage, loop_program
from gradwire_backends.numba.kernels import Kernel, Kernels
from gradwire_backends.numba.workspace import Workspaces
from gradwire_service.ops.flat import FlatGraph

ELEMENTS = 256
"""Elements of a block, on the average, up to which single elements are faster than NumPy's calls."""

ALONE = 2_500
"""Blocks below which kernels are faster, whatever the blocks are: the processor has all their code at hand."""

ALIKE = 4
"""Blocks of a row, on the average, from which the loop is faster than kernels of a graph's own."""

SMALL = 4
"""Elements of a block, on the average, up to which it is."""

HOST_SHARE = 0.25
"""Share of the stages that may be NumPy's: with more, words are copied in and out for too little."""


class InstructionLoop:
    """The loop of a backend. Its kernel is compiled, or read from the cache, when the first graph needs it.

    Args:
        kernels: where the kernel comes from.
        workspaces: lends the words.
    """

    def __init__(self, kernels: Kernels, workspaces: Workspaces) -> None:
        self._kernels, self._workspaces = kernels, workspaces
        self._kernel: Kernel | None = None

    def prepare(self, graph: FlatGraph) -> LoopExecutable | None:
        """Return what runs a graph by the loop; None when that would not be faster than NumPy."""
        blocks, elements = len(graph.blocks), sum([value.type.size for value in graph.blocks])
        if elements > ELEMENTS * blocks:
            return None
        program = loop_program(graph)
        if sum(isinstance(stage, HostStage) for stage in program.stages) > HOST_SHARE * blocks:
            return None
        if self._kernel is None:
            self._kernel = self._kernels.get(vocabulary.identity(), vocabulary.source())
        alone = blocks >= ALONE and blocks >= ALIKE * len(program.rows) and elements <= SMALL * blocks
        return LoopExecutable(graph, program, self._kernel, self._workspaces, alone=alone)

    @property
    def state(self) -> str:
        """What became of the kernel, in a few words."""
        if self._kernel is None:
            return "not needed yet"
        if self._kernel.code is not None:
            return "ready"
        return self._kernel.failure or "compiling"
