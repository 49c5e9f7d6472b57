"""Views: ops that move no element, as maps of indices.

A view is told by one `Pick` for each axis of its input: which axis of the result runs along it, from where, in what
step. Picks compose, so that a chain of views, or of views and element-wise ops, is one map into what is stored.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import singledispatch

from gradwire_service.graph import TensorType
from gradwire_service.ops.base import Op, Value
from gradwire_service.ops.conversion import StopGradient
from gradwire_service.ops.indexing import Slice
from gradwire_service.ops.shape import BroadcastTo, ExpandDims, Flip, Reshape, Squeeze, Transpose


@dataclass(frozen=True, slots=True)
class Pick:
    """The index along one axis: start + step · index along another.

    Attributes:
        axis: the other axis, or the loop, that it follows; None: the index is fixed.
        start: the index where the other is 0.
        step: how far it goes when the other goes by one; 0 where it is fixed.
    """

    axis: int | None
    start: int = 0
    step: int = 1

    @property
    def plain(self) -> bool:
        """Whether the index is that along the other axis, or 0."""
        return self.start == 0 and (self.axis is None or self.step == 1)


FIRST = Pick(None, 0, 0)
"""The only index along an axis of size 1."""

Index = tuple[Pick, ...]
"""A pick for each axis of a value."""


def fixed(size: int) -> list[Pick]:
    """Return an index for each element along an axis; that along one of size 1 is `FIRST`."""
    return [Pick(None, i, 0) for i in range(size)]


def through(inner: Index, outer: Index) -> Index:
    """Compose: `inner` follows axes for each of which `outer` has a pick."""
    result = []
    for pick in inner:
        if pick.axis is None:
            result.append(pick)
            continue
        onto = outer[pick.axis]
        start = pick.start + pick.step * onto.start
        result.append(Pick(onto.axis, start, pick.step * onto.step) if onto.axis is not None else Pick(None, start, 0))
    return tuple(result)


def broadcast(x: Sequence[int], y: Sequence[int]) -> Index:
    """Return how an input of shape `x` is read by an element-wise op whose result has shape `y`."""
    extra = len(y) - len(x)
    return tuple(FIRST if size == 1 else Pick(axis) for axis, size in enumerate(x, extra))


def view(value: Value) -> Index | None:
    """Return how a view reads its only input; None for any other value."""
    return picks(value.op, value.inputs[0].type, value.type) if len(value.inputs) == 1 else None


@singledispatch
def picks(op: Op, x: TensorType, y: TensorType) -> Index | None:
    """Return, for each axis of x, which index each element of y has there; None when the op is no view."""
    return None


@picks.register
def _(op: StopGradient, x: TensorType, y: TensorType) -> Index:
    return broadcast(x.shape, y.shape)


@picks.register
def _(op: BroadcastTo, x: TensorType, y: TensorType) -> Index:
    return broadcast(x.shape, y.shape)


@picks.register
def _(op: Transpose, x: TensorType, y: TensorType) -> Index:
    order = op.order(x.rank)
    return tuple(FIRST if size == 1 else Pick(order.index(axis)) for axis, size in enumerate(x.shape))


@picks.register(Reshape)
@picks.register(ExpandDims)
@picks.register(Squeeze)
def _(op: Op, x: TensorType, y: TensorType) -> Index | None:
    """A reshape that adds or drops axes of size 1 alone; any other one needs its input laid out in memory."""
    places = [axis for axis, size in enumerate(y.shape) if size != 1]
    if [size for size in x.shape if size != 1] != [y.shape[axis] for axis in places]:
        return None
    following = iter(places)
    return tuple(FIRST if size == 1 else Pick(next(following)) for size in x.shape)


@picks.register
def _(op: Flip, x: TensorType, y: TensorType) -> Index:
    turned = op.turned(x.shape)
    return tuple(
        FIRST if size == 1 else Pick(axis, size - 1, -1) if axis in turned else Pick(axis)
        for axis, size in enumerate(x.shape)
    )


@picks.register
def _(op: Slice, x: TensorType, y: TensorType) -> Index:
    ranges = iter(op.ranges(x.shape))
    result: list[Pick] = []
    axis = 0
    for item in op.spread(x.rank):
        if item is None:
            axis += 1
            continue
        read = next(ranges)
        fixed = not isinstance(item, slice) or len(read) == 1
        result.append(Pick(None, read.start, 0) if fixed else Pick(axis, read.start, read.step))
        axis += isinstance(item, slice)
    return tuple(result)


def relabels(value: Value) -> bool:
    """Tell whether a value is its input under other axes, the same bytes in the same order."""
    return isinstance(value.op, Reshape) and view(value) is None


def traced(value: Value, index: Index) -> tuple[Value, Index]:
    """Follow views down to what is no view, with the index there."""
    while (inner := view(value)) is not None:
        index = through(inner, index)
        (value,) = value.inputs
    return value, index
