"""What a backend makes of a graph, as data that can be shown: steps, memory and source."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from gradwire_service.backend import Backend
from gradwire_service.ops.flat import FlatGraph


@dataclass(frozen=True)
class ExplainedStep:
    """What runs as one.

    Attributes:
        kind: how, in words, such as "loop nest".
        loops: sizes of the dimensions that its loops run over, the outermost first.
        blocks: labels of the blocks that it computes, in topological order.
        reads: labels of the values that it reads from memory.
        writes: labels of the values that it stores.
        reason: why it does not run in a kernel; "" when it does.
        bodies: the steps of each of its bodies.
    """

    kind: str
    loops: tuple[int, ...] = ()
    blocks: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    reason: str = ""
    bodies: tuple[tuple[ExplainedStep, ...], ...] = ()


@dataclass(frozen=True)
class Buffer:
    """A value that lies in memory between steps.

    Attributes:
        name: its label.
        bytes: its size, in bytes.
        in_workspace: whether it is a piece of working memory, which others use before and after, or an array.
        first: number, from 0, of the step that stores it.
        last: number of the last step that needs it.
    """

    name: str
    bytes: int
    in_workspace: bool
    first: int
    last: int


@dataclass(frozen=True)
class Explanation:
    """What a backend makes of a graph. Values without a name of the client's are called by op and place, ``exp#7``.

    Attributes:
        route: what runs the graph, in words.
        state: what there is of its object code, in words.
        blocks: number of blocks of the graph that the backend is given.
        steps: in the order in which they run.
        buffers: values that lie in memory between steps.
        workspace: working memory of a run, in bytes.
        functions: source of each function, in the order in which they were written.
    """

    route: str
    state: str
    blocks: int
    steps: tuple[ExplainedStep, ...] = ()
    buffers: tuple[Buffer, ...] = ()
    workspace: int = 0
    functions: Sequence[str] = ()


@runtime_checkable
class ExplainingBackend(Backend, Protocol):
    """A backend that tells what it makes of a graph."""

    def explain(self, graph: FlatGraph) -> Explanation:
        """Tell what would run, without waiting for a compiler."""
        ...
