"""Ops written with simpler ones, which kernels know."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import singledispatch

import numpy as np

from gradwire_backends.numba.contractions import contracted
from gradwire_backends.numba.own_ops import Overlay
from gradwire_service.graph import BOOL, INT64, TensorType
from gradwire_service.ops.base import Op, Value, apply, constant, full
from gradwire_service.ops.cumulative import CumProd, Cumulative
from gradwire_service.ops.diagonals import DiagEmbed, Diagonal
from gradwire_service.ops.factorizations import Cholesky
from gradwire_service.ops.joining import Concatenate, Pad, Stack
from gradwire_service.ops.linear_algebra import Einsum, MatMul
from gradwire_service.ops.matrices import transposed
from gradwire_service.ops.piecewise import Clip, Relu
from gradwire_service.ops.reductions import AllTrue, AnyTrue, LogSumExp, Max, Mean, Min, Position, Prod, Reduction, Sum
from gradwire_service.ops.sources import Iota

PARTS = 8
"""Values that a join lays over each other in a kernel; more are joined by NumPy."""


@singledispatch
def written(op: Op, *inputs: Value) -> Value | None:
    """Return an op's result written with simpler ops; None for "as it is"."""
    return None


@written.register
def _(op: Iota) -> Value:
    y = op.infer()
    axis = op.axis % y.rank
    line = constant(np.arange(y.shape[axis]), y.element_type)
    return apply("broadcast_to", _shaped(line, (-1, *[1] * (y.rank - axis - 1))), shape=y.shape)


@written.register
def _(op: Clip, x: Value) -> Value:
    for name, bound in (("maximum", op.min), ("minimum", op.max)):
        if bound is not None:
            x = apply(name, x, bound if x.element_type.is_floating else int(bound))
    return x


@written.register
def _(op: Relu, x: Value) -> Value:
    return apply("maximum", x, 0)


@written.register
def _(op: Reduction, x: Value) -> Value | None:
    """A reduction along axes of size 1 moves no element; one to a truth counts."""
    if isinstance(op, AnyTrue | AllTrue) or (x.element_type is BOOL and isinstance(op, Max | Min)):
        counted = apply("not_equal" if isinstance(op, AnyTrue | Max) else "equal", x, 0)
        total = apply("sum", apply("astype", counted, element_type=INT64), axis=op.axis, keepdims=op.keepdims)
        return apply("not_equal" if isinstance(op, AnyTrue | Max) else "equal", total, 0)
    if not isinstance(op, Sum | Mean | Prod | Max | Min):
        return None
    reduced = op.kept(x.shape)
    if reduced != x.shape:
        return None
    y = op.infer(x.type)
    return apply("reshape", apply("astype", x, element_type=y.element_type), shape=y.shape)


@written.register
def _(op: MatMul, a: Value, b: Value) -> Value | None:
    """Outer products are element-wise, and those of integers are sums: both fuse with what is around them."""
    if a.shape[-1] != 1 and a.element_type.is_floating:
        return None
    shape = op.infer(a.type, b.type).shape
    if len(a.shape) == 1:
        a = apply("expand_dims", a, axis=(0,))
    if len(b.shape) == 1:
        b = apply("expand_dims", b, axis=(1,))
    if a.shape[-1] == 1:
        return _shaped(a * b, shape)
    terms = apply("expand_dims", a, axis=(-1,)) * apply("expand_dims", b, axis=(-3,))
    return _shaped(apply("sum", terms, axis=(-2,)), shape)


@written.register
def _(op: Einsum, *x: Value) -> Value:
    return contracted(op, x)


@written.register
def _(op: Cholesky, a: Value) -> Value | None:
    return transposed(apply("cholesky", a)) if op.upper else None


@written.register
def _(op: Cumulative, x: Value) -> Value | None:
    """Go along one axis of numbers; what is exclusive is one step behind."""
    if x.element_type is not op.infer(x.type).element_type:
        return op(apply("astype", x, element_type=INT64))
    if op.axis is None:
        return replace(op, axis=0)(apply("reshape", x, shape=(-1,)))
    if not (isinstance(op, CumProd) and op.exclusive):
        return None
    axis, by = op.axis % len(x.shape), -1 if op.reverse else 1
    moved = Overlay(tuple(by if i == axis else 0 for i in range(len(x.shape))))
    return moved(replace(op, exclusive=False)(x), full(x.type, 1))


@written.register
def _(op: Position, x: Value) -> Value | None:
    if x.element_type is BOOL:
        return op(apply("astype", x, element_type=INT64))
    if op.axis is not None:
        return None
    place = replace(op, axis=0, keepdims=False)(apply("reshape", x, shape=(-1,)))
    return _shaped(place, op.infer(x.type).shape)


@written.register
def _(op: Diagonal, x: Value) -> Value:
    """Diagonals of matrices that lie in order are at equal steps."""
    rows, columns = op.axes(len(x.shape))
    rest = [axis for axis in range(len(x.shape)) if axis not in (rows, columns)]
    *batch, m, n = (x.shape[axis] for axis in (*rest, rows, columns))
    lines = apply("reshape", apply("transpose", x, axes=(*rest, rows, columns)), shape=(*batch, m * n))
    length = op.infer(x.type).shape[-1]
    start = op.offset if op.offset >= 0 else -op.offset * n
    stop = start + (length - 1) * (n + 1) + 1 if length else start
    return apply("slice", lines, index=f"..., {start}:{stop}:{n + 1}")


@written.register
def _(op: DiagEmbed, x: Value) -> Value:
    y = op.infer(x.type)
    axes = op.axes(y.rank)
    side = y.shape[axes[0]]
    rows = Overlay((*(0,) * (len(x.shape) - 1), max(-op.offset, 0)))(
        x, full(TensorType((*x.shape[:-1], side), x.element_type), 0)
    )
    on = apply("equal", apply("iota", shape=(side, 1)) + op.offset, apply("iota", shape=(side,)))
    square = apply("where", on, apply("expand_dims", rows, axis=(-1,)), 0)
    order = iter(range(y.rank - 2))
    places = {axes[0]: y.rank - 2, axes[1]: y.rank - 1}
    return apply("transpose", square, axes=tuple(places[i] if i in places else next(order) for i in range(y.rank)))


@written.register
def _(op: LogSumExp, x: Value) -> Value:
    """Shift by the greatest element, unless that is infinite."""
    if op.extent(x.shape) == 0:
        return full(op.infer(x.type), -math.inf)
    greatest = apply("max", x, axis=op.axis, keepdims=True)
    shift = apply("where", apply("equal", greatest - greatest, 0), greatest, 0)
    total = apply("sum", apply("exp", x - shift), axis=op.axis, keepdims=True)
    return apply("reshape", apply("log", total) + shift, shape=op.infer(x.type).shape)


@written.register
def _(op: Pad, x: Value) -> Value:
    """What lies between elements lies behind each of them, but for the last, and then around all."""
    y = op.infer(x.type)
    for axis, interior in enumerate(op.interior):
        if interior and x.shape[axis] > 1:
            *before, n = x.shape[: axis + 1]
            behind = x.shape[axis + 1 :]
            apart = apply("expand_dims", x, axis=(axis + 1,))
            base = full(TensorType((*before, n, interior + 1, *behind), x.element_type), op.value)
            line = apply(
                "reshape", Overlay((0,) * len(base.shape))(apart, base), shape=(*before, n * (interior + 1), *behind)
            )
            x = apply("slice", line, index=":, " * axis + f":{(n - 1) * (interior + 1) + 1}")
    return Overlay(op.low)(x, full(y, op.value))


@written.register
def _(op: Concatenate, *x: Value) -> Value | None:
    return _joined(x, op.axis % len(x[0].shape), op.infer(*(part.type for part in x)))


@written.register
def _(op: Stack, *x: Value) -> Value | None:
    y = op.infer(*(part.type for part in x))
    axis = op.axis % len(y.shape)
    return _joined([apply("expand_dims", part, axis=(axis,)) for part in x], axis, y)


def _shaped(x: Value, shape: tuple[int, ...]) -> Value:
    return x if x.shape == shape else apply("reshape", x, shape=shape)


def _joined(parts: Sequence[Value], axis: int, y: TensorType) -> Value | None:
    """Lay values over each other, one behind the other along an axis."""
    if len(parts) > PARTS:
        return None
    result, low = full(y, 0), 0
    for part in parts:
        result = Overlay(tuple(low if i == axis else 0 for i in range(len(y.shape))))(part, result)
        low += part.shape[axis]
    return result
