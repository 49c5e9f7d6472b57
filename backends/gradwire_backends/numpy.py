"""The reference: one NumPy call a block."""

from __future__ import annotations

from gradwire_service.backend import Executable
from gradwire_service.interpreter import interpret
from gradwire_service.ops.flat import FlatGraph


class NumpyBackend:
    """Walks the graph in topological order, one NumPy call a block, and drops each value after its last use."""

    name = "numpy"
    summary = "The reference: one NumPy call a block. It answers while numba compiles."

    def prepare(self, graph: FlatGraph) -> Executable:
        """Lay out the blocks as instructions."""
        return interpret(graph)
