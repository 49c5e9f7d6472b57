"""The graph in terms that kernels know: ops that are made of others are written out, and copies made explicit.

After this, every output is a value of its own that some block computes, every operand of a product and of NumPy lies in
memory as they read it, and reductions reduce.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import singledispatch

import numpy as np

from gradwire_backends.numba.contractions import contracted
from gradwire_backends.numba.own_ops import COPY, LU, LUSign, LUSolve, Overlay
from gradwire_backends.numba.routines import lies_in_order, routine
from gradwire_backends.numba.views import relabels, view
from gradwire_service.graph import TensorType
from gradwire_service.ops.base import Op, Result, Value, apply, constant, full
from gradwire_service.ops.factorizations import Cholesky
from gradwire_service.ops.flat import FlatGraph, ancestors
from gradwire_service.ops.joining import Concatenate, Pad, Stack
from gradwire_service.ops.linear_algebra import Einsum, MatMul
from gradwire_service.ops.matrices import transposed
from gradwire_service.ops.matrix_functions import Det, Slogdet
from gradwire_service.ops.piecewise import Clip, Relu
from gradwire_service.ops.reductions import LogSumExp, Mean, Prod, Reduction, Sum
from gradwire_service.ops.shape import Transpose
from gradwire_service.ops.solving import Solve
from gradwire_service.ops.sources import Iota

PARTS = 8
"""Values that a join lays over each other in a kernel; more are joined by NumPy."""


def legalize(graph: FlatGraph, runs_in_kernels: Callable[[Value], bool]) -> FlatGraph:
    """Rewrite a graph.

    Args:
        graph: any flat graph.
        runs_in_kernels: tells whether kernels compute a value, or NumPy does.
    """
    legalizer = _Legalizer(runs_in_kernels)
    new = {value: value for value in graph.variables.values()}
    for value in graph.blocks:
        new[value] = legalizer.legal(_with_inputs(value, tuple(new[x] for x in value.inputs)))
    outputs: dict[str, Value] = {}
    given: set[Value] = set()
    for name, value in graph.outputs.items():
        result = new[value]
        if result in given or view(result) is not None or relabels(result) or not result.inputs:
            result = COPY(result)
        given.add(result)
        outputs[name] = result
    return FlatGraph.of(outputs, graph.variables.values())


class _Legalizer:
    """Rewrites one value after the other; what several need is copied once, and factorized once."""

    def __init__(self, runs_in_kernels: Callable[[Value], bool]) -> None:
        self._runs_in_kernels = runs_in_kernels
        self._copies: dict[Value, Value] = {}
        self._factors: dict[Value, Value] = {}

    def legal(self, value: Value) -> Value:
        """Rewrite a value whose inputs are legal. Rules write ops with simpler ones, a few levels deep."""
        if isinstance(value.op, LU):
            (a,) = value.inputs
            if a not in self._factors:
                self._factors[a] = self._with_operands(value)
            return self._factors[a]
        simpler = written(value.op, *value.inputs)
        if simpler is None:
            return self._with_operands(value)
        newest = max((x.serial for x in value.inputs), default=-1)
        new: dict[Value, Value] = {}
        for part in ancestors([simpler]):
            if part.serial > newest:
                new[part] = self.legal(_with_inputs(part, tuple(new.get(x, x) for x in part.inputs)))
        return new.get(simpler, simpler)

    def _with_operands(self, value: Value) -> Value:
        """Copy the inputs that do not lie as the value reads them."""
        fits: Callable[[Value], bool]
        if relabels(value):
            fits = lies_in_order
        elif view(value) is not None:
            return value
        elif not self._runs_in_kernels(value):
            fits = lies_in_order
        elif (served := routine(value.op, value)) is not None:
            fits = served.fits
        else:
            return value
        return _with_inputs(value, tuple(x if fits(x) else self._copy(x) for x in value.inputs))

    def _copy(self, value: Value) -> Value:
        if value not in self._copies:
            self._copies[value] = COPY(value)
        return self._copies[value]


def _with_inputs(value: Value, inputs: tuple[Value, ...]) -> Value:
    return value if inputs == value.inputs else Value(value.op, inputs, value.type, value.name)


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
    """A reduction along axes of size 1 moves no element."""
    if not isinstance(op, Sum | Mean | Prod) and op.name not in ("max", "min"):
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
def _(op: Einsum, *x: Value) -> Value | None:
    return contracted(op, x)


@written.register
def _(op: Cholesky, a: Value) -> Value | None:
    return transposed(apply("cholesky", a)) if op.upper else None


@written.register
def _(op: Solve, a: Value, b: Value) -> Value:
    """A matrix and its transpose have the same factors, and these serve all that is asked of either."""
    turned = isinstance(a.op, Transpose) and transposed(a.inputs[0]).op == a.op
    return LUSolve(turned)(LU()(a.inputs[0] if turned else a), b)


@written.register
def _(op: Det, a: Value) -> Value:
    return LUSign()(LU()(a)) * apply("exp", _logarithm(a))


@written.register
def _(op: Result, whole: Value) -> Value | None:
    if not isinstance(whole.op, Slogdet):
        return None
    (a,) = whole.inputs
    return _logarithm(a) if op.index else LUSign()(LU()(a))


def _logarithm(a: Value) -> Value:
    """Return the logarithm of the size of determinants: the sum of those of the diagonals of U."""
    n = a.shape[-1]
    lines = apply("reshape", LU()(a), shape=(*a.shape[:-2], (n + 1) * n))
    diagonals = apply("slice", lines, index=f"..., :{n * n}:{n + 1}")
    return apply("sum", apply("log", apply("abs", diagonals)), axis=(-1,))


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
def _(op: Pad, x: Value) -> Value | None:
    if any(op.interior):
        return None
    return Overlay(op.low)(x, full(op.infer(x.type), op.value))


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
