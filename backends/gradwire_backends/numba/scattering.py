"""Scatters, written for kernels: rows that are combined with others at positions counted from the first row.

Where a position is outside, -1 stands for it; a kernel then stops, and NumPy tells which it was.
"""

from __future__ import annotations

import math
from functools import singledispatch

from gradwire_backends.numba.own_ops import ScatterRows
from gradwire_service.graph import INT64
from gradwire_service.ops.base import Op, Value, apply, constant, full, scalar_of
from gradwire_service.ops.dynamic import DynamicUpdateSlice
from gradwire_service.ops.gathering import Scatter
from gradwire_service.ops.indexing import TakeTranspose


@singledispatch
def scattered(op: Op, *inputs: Value) -> Value | None:
    """Return an op's result written with a scatter of rows; None for "as it is"."""
    return None


@scattered.register
def _(op: Scatter, x: Value, indices: Value, updates: Value) -> Value:
    batch = op.batch_dims
    indexed, rest, positions = op.parts(x.shape, indices.shape)
    numbers = apply("iota", shape=(math.prod(indexed[:batch]),))
    at = apply("reshape", numbers, shape=(*indexed[:batch], *[1] * (len(positions) - batch)))
    for axis, size in enumerate(indexed[batch:]):
        at = _deeper(at, apply("slice", indices, index=f"..., {axis}"), size)
    rows = apply("broadcast_to", updates, shape=(*positions, *rest))
    return _placed(op.how, x, apply("broadcast_to", at, shape=positions), rows, math.prod(rest))


@scattered.register
def _(op: TakeTranspose, x: Value, indices: Value) -> Value:
    y = op.infer(x.type, indices.type)
    numbers = apply("iota", shape=(math.prod(x.shape[: op.axis]), 1))
    at = _deeper(numbers, apply("reshape", indices, shape=(indices.type.size,)), op.size)
    return _placed("add", full(y, 0), at, x, math.prod(x.shape[op.axis + len(indices.shape) :]))


@scattered.register
def _(op: DynamicUpdateSlice, x: Value, update: Value, start: Value) -> Value:
    """The place of each element that is replaced, axis by axis."""
    at = constant(0, INT64)
    for axis, (size, count) in enumerate(zip(x.shape, update.shape, strict=True)):
        steps = apply("iota", shape=(count, *[1] * (len(x.shape) - axis - 1)))
        at = _deeper(at, apply("slice", start, index=f"{axis}"), size, count, steps)
    return _placed("set", x, apply("broadcast_to", at, shape=update.shape), update, 1)


def _deeper(at: Value, index: Value, size: int, count: int = 1, steps: Value | None = None) -> Value:
    """Return positions when one axis more is indexed.

    Args:
        at: positions so far.
        index: where along the axis; negative ones count from the end.
        size: of the axis.
        count: elements that must be there from the index on.
        steps: how many further each position is.
    """
    wide = apply("astype", index, element_type=INT64)
    first = apply("where", wide < 0, wide + size, wide)
    inside = apply("logical_and", apply("logical_and", first >= 0, first <= size - count), at >= 0)
    return apply("where", inside, at * size + (first if steps is None else first + steps), -1)


def _placed(how: str, x: Value, at: Value, updates: Value, width: int) -> Value:
    """Combine updates, rows of some width, with those of x at positions, one for each."""
    count = x.type.size // width if width else 0
    places = apply("reshape", at, shape=(at.type.size,))
    rows = apply("reshape", updates, shape=(at.type.size, width))
    base = () if how == "add" and scalar_of(x) == 0 else (apply("reshape", x, shape=(count, width)),)
    return apply("reshape", ScatterRows(how, count)(places, rows, *base), shape=x.shape)
