"""Loop nests in parts, which may run at the same time.

A part is some turns of the outermost loop. What a nest sums up along that loop has a total of its own in each part, and
these are combined in order when all parts are done. Parts depend on sizes alone: whoever runs them, and however many
at a time, the bits of the results are the same.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from gradwire_backends.numba.ledger import Ledger, Product, written_product
from gradwire_backends.numba.loops import CHUNK_BITS, INDENT, Access, LoopNest, Total
from gradwire_service.graph import TensorType

if TYPE_CHECKING:
    from gradwire_backends.numba.memory import Memory

LARGE = 4e6
"""Operations of a nest that is worth several threads: half a millisecond, or twice that where it waits for memory."""

GRAIN = 1e6
"""Operations of a part: beside them it counts for little what Python does to begin one."""

MOST = 256
"""Parts at most."""

TURNS = 16
"""Turns of a part at least, where each part has an array of totals: combining them is to be little beside the loop."""

TOGETHER = 64
"""What the turns of a part are a multiple of where a turn is an element: parts then write no cache line in common."""

LINE = 16
"""Elements that fill a cache line, whatever their type."""


@dataclass(frozen=True)
class Split:
    """How turns are shared out among parts.

    Attributes:
        start, stop: the names of the first turn of a part, and of that behind its last.
        number: the name of its number.
        count: the name of the number of parts.
        turns: number of all turns.
        size: turns of a part.
    """

    start: str
    stop: str
    number: str
    count: str
    turns: int
    size: int

    @property
    def parts(self) -> int:
        """Number of parts."""
        return -(-self.turns // self.size)

    @classmethod
    def of(cls, turns: int, work: float, most: int, ledger: Ledger, together: int = 1) -> Split | None:
        """Share out turns; None when there is too little for two parts.

        Args:
            turns: how many.
            work: operations of all.
            most: parts at most.
            ledger: of the program.
            together: what the turns of a part are a multiple of, where there are more.
        """
        parts = min(int(work / GRAIN), MOST, most)
        if parts < 2:
            return None
        size = -(-turns // parts)
        size = -(-size // together) * together if size > together else size
        start, stop, number = (ledger.integer(0, letter) for letter in "nnq")
        return cls(start, stop, number, ledger.integer(-(-turns // size), "n"), turns, size)

    def totals(
        self, wanted: Sequence[Total], loops: Sequence[Product], memory: Memory
    ) -> tuple[list[Total], list[str]]:
        """Give each part totals of its own.

        Args:
            wanted: reductions along the outermost loop.
            loops: of the nest.
            memory: where values lie.

        Returns: the totals of a part, and the lines that combine those of all.
        """
        ledger = memory.ledger
        rooms = [_room(total, loops, ledger) for total in wanted]
        kinds = (TensorType((self.parts * room,), total.wide) for total, room in zip(wanted, rooms, strict=True))
        own: list[Total] = []
        after: list[str] = []
        for total, room, piece in zip(wanted, rooms, memory.beyond(kinds), strict=True):
            distance = (ledger.integer(room),)
            places = _side_by_side(total, loops)
            result = Access([(self.number, distance)], places)
            own.append(replace(total, kind=total.wide, count="", pointer=piece, result=result))
            each = replace(own[-1], result=Access([], {0: ("1", distance), **places}))
            after += _combined(total, each, self.count, loops)
        return own, after


@dataclass(frozen=True)
class Parts:
    """A nest in parts.

    Attributes:
        lines: those of a part.
        split: which these are.
        after: lines that combine the totals of parts.
    """

    lines: list[str]
    split: Split
    after: list[str]


def in_parts(nest: LoopNest, flops: float, memory: Memory) -> Parts | None:
    """Return a nest in parts; None when it is not worth it.

    Args:
        nest: the nest of a step of a graph, not of a body.
        flops: floating-point operations of all its turns.
        memory: where its values lie.
    """
    ledger = memory.ledger
    work = flops + len(nest.statements) * math.prod(ledger.amount(loop) for loop in nest.loops)
    if work < LARGE or not nest.loops:
        return None
    turns = ledger.amount(nest.loops[0])
    if nest.is_chunked:
        turns = -(-turns >> CHUNK_BITS)
    along = [total for total in nest.totals if 0 in total.loops]
    most = turns // TURNS if any(total.result.strides for total in along) else turns
    split = Split.of(turns, work, most, ledger, TOGETHER if len(nest.loops) == 1 and not nest.is_chunked else 1)
    if split is None:
        return None
    own, after = split.totals(along, nest.loops, memory)
    totals = [*(total for total in nest.totals if 0 not in total.loops), *own]
    return Parts([*replace(nest, totals=totals, bounds=(split.start, split.stop)).lines()], split, after)


def _room(total: Total, loops: Sequence[Product], ledger: Ledger) -> int:
    """Return how many elements lie between the totals of two parts: these are in no cache line in common."""
    elements = math.prod(ledger.amount(loops[loop]) for loop in total.result.strides)
    return -(-elements // LINE) * LINE if elements > 1 else 1


def _side_by_side(total: Total, loops: Sequence[Product]) -> dict[int, tuple[str, Product]]:
    """Return the strides of a total with all its elements one after the other."""
    strides: dict[int, tuple[str, Product]] = {}
    inner: Product = ()
    for loop in sorted(total.result.strides, reverse=True):
        strides[loop] = "1", inner
        inner = (*loops[loop], *inner)
    return strides


def _combined(total: Total, each: Total, count: str, loops: Sequence[Product]) -> Iterator[str]:
    """Write how the totals of parts become one.

    Args:
        total: what is wanted.
        each: those of parts, along a loop over these in place of the outermost one.
        count: number of parts.
        loops: of the nest.
    """
    indent = ""
    for loop in sorted(total.result.strides):
        yield f"{indent}for i{loop} in range({written_product(loops[loop])}):"
        indent += INDENT
    yield f"{indent}a0 = {total.first}"
    yield f"{indent}for i0 in range({count}):"
    yield f"{indent}{INDENT}a0 = {total.combined('a0', each.loaded())}"
    yield indent + total.stored(total.finished("a0"))
