"""Elements at positions that are data, read inside loop nests: where the positions are, and what they stand for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import singledispatch

from gradwire_backends.numba.views import FIRST, Index, fixed
from gradwire_service.ops.base import Op, Value
from gradwire_service.ops.dynamic import DynamicSlice
from gradwire_service.ops.gathering import GatherNd
from gradwire_service.ops.indexing import Take

GATHERS = (Take, GatherNd, DynamicSlice)
"""Ops that read their first input, which lies in memory, at positions that their second one tells."""

NOT_THERE = 2
"""Status of a kernel that was to read what is not there: NumPy tells which block it was."""


@dataclass(frozen=True)
class Position:
    """A position along one axis that is data.

    Attributes:
        axis: the axis; None: all of them, laid flat.
        index: the element of the second input that tells it; negative ones count from the end.
        reach: number of elements from it on that must be there.
    """

    axis: int | None
    index: Index
    reach: int = 1


@dataclass(frozen=True)
class Gathered:
    """An element of a gather.

    Attributes:
        positions: those that are data.
        index: what is added to them, and the index along all other axes.
    """

    positions: tuple[Position, ...]
    index: Index


@singledispatch
def gathered(op: Op, value: Value, index: Index) -> Gathered:
    """Return which element of its first input an element of a gather is."""
    raise TypeError(f"{op.name} gathers nothing")


@gathered.register
def _(op: Take, value: Value, index: Index) -> Gathered:
    x, indices = value.inputs
    if op.axis is None:
        return Gathered((Position(None, index),), (FIRST,) * len(x.shape))
    axis = op.axis % len(x.shape)
    end = axis + len(indices.shape)
    return Gathered((Position(axis, index[axis:end]),), (*index[:axis], FIRST, *index[end:]))


@gathered.register
def _(op: GatherNd, value: Value, index: Index) -> Gathered:
    indices = value.inputs[1]
    batch, rank, depth = op.batch_dims, len(indices.shape) - 1, indices.shape[-1]
    positions = (Position(batch + i, (*index[:rank], pick)) for i, pick in enumerate(fixed(depth)))
    return Gathered(tuple(positions), (*index[:batch], *[FIRST] * depth, *index[rank:]))


@gathered.register
def _(op: DynamicSlice, value: Value, index: Index) -> Gathered:
    picks = fixed(len(value.shape))
    positions = (Position(axis, (pick,), value.shape[axis]) for axis, pick in enumerate(picks))
    return Gathered(tuple(positions), index)
