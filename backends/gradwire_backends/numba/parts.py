"""Loop nests in parts, which may run at the same time.

A part is some turns of the outermost loop. What a nest sums up along that loop has a total of its own in each part, and
these are combined in order when all parts are done. Parts depend on sizes alone: whoever runs them, and however many
at a time, the bits of the results are the same.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from gradwire_backends.numba.ledger import Ledger, Product, written_product
from gradwire_backends.numba.loops import CHUNK_BITS, INDENT, Access, LoopNest, Total
from gradwire_backends.numba.memory import Memory
from gradwire_backends.numba.schedule import Step
from gradwire_service.graph import TensorType

LARGE = 2e6
"""Operations of a nest that is worth several threads, about a millisecond."""

GRAIN = 5e5
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
class Parts:
    """A nest in parts.

    Attributes:
        lines: those of a part.
        start, stop: the names of its first turn, and of that behind its last.
        number: the name of its number.
        turns: number of all turns.
        size: turns of a part.
        after: lines that combine the totals of parts.
    """

    lines: list[str]
    start: str
    stop: str
    number: str
    turns: int
    size: int
    after: list[str]


def in_parts(nest: LoopNest, step: Step, memory: Memory) -> Parts | None:
    """Return a nest in parts; None when it is not worth it.

    Args:
        nest: the loop nest of a step.
        step: the step, of a graph, not of a body.
        memory: where its values lie.
    """
    ledger = memory.ledger
    if not nest.loops:
        return None
    all_turns = math.prod(ledger.amount(loop) for loop in nest.loops)
    work = float(all_turns * len(nest.statements))
    work += sum(value.op.flops(value.type, *(x.type for x in value.inputs)) for value in step.computed)
    if work < LARGE:
        return None
    turns = ledger.amount(nest.loops[0])
    if nest.is_chunked:
        turns = -(-turns >> CHUNK_BITS)
    along = [total for total in nest.totals if 0 in total.loops]
    parts = min(int(work / GRAIN), MOST, turns // TURNS if any(total.result.strides for total in along) else turns)
    if parts < 2:
        return None
    size = -(-turns // parts)
    if size > TOGETHER and len(nest.loops) == 1 and not nest.is_chunked:
        size = -(-size // TOGETHER) * TOGETHER
    parts = -(-turns // size)
    parts = -(-turns // size)
    start, stop, number = (ledger.integer(0, letter) for letter in "nnq")
    count = ledger.integer(parts, "n")
    rooms = [_room(total, nest.loops, ledger) for total in along]
    pieces = memory.beyond(TensorType((parts * room,), total.wide) for total, room in zip(along, rooms, strict=True))
    split = replace(nest, totals=[total for total in nest.totals if 0 not in total.loops], bounds=(start, stop))
    after: list[str] = []
    for total, room, piece in zip(along, rooms, pieces, strict=True):
        distance = (ledger.integer(room),)
        places = _side_by_side(total, nest.loops)
        own = replace(total, kind=total.wide, count="", pointer=piece, result=Access([(number, distance)], places))
        split.totals.append(own)
        each = replace(own, result=Access([], {0: ("1", distance), **places}))
        after += _combined(total, each, count, nest.loops)
    return Parts([*split.lines()], start, stop, number, turns, size, after)


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
