"""What is asked of a matrix, written with its factors: it is factorized once for all of that."""

from __future__ import annotations

import math
from functools import singledispatch

from gradwire_backends.numba.own_ops import LU, LUSign, LUSolve, Packed
from gradwire_service.graph import FLOAT32, FLOAT64
from gradwire_service.ops.base import MultiOp, Op, Result, Value, apply
from gradwire_service.ops.factorizations import QR, SVD, Cholesky, Eigh
from gradwire_service.ops.matrices import transposed
from gradwire_service.ops.matrix_functions import Det, Slogdet
from gradwire_service.ops.shape import Transpose
from gradwire_service.ops.solving import Solve


@singledispatch
def factored(op: Op, *inputs: Value) -> Value | None:
    """Return an op's result written with factors of a matrix; None for "as it is"."""
    return None


@factored.register
def _(op: Solve, a: Value, b: Value) -> Value:
    """A matrix and its transpose have the same factors, and these serve all that is asked of either."""
    turned = isinstance(a.op, Transpose) and transposed(a.inputs[0]).op == a.op
    factors = LU()(_wide(a.inputs[0] if turned else a))
    return _like(b, LUSolve(turned)(factors, _wide(b)))


@factored.register
def _(op: Cholesky, a: Value) -> Value | None:
    return _like(a, op(_wide(a))) if a.element_type is FLOAT32 else None


@factored.register
def _(op: Det, a: Value) -> Value:
    wide = _wide(a)
    return _like(a, LUSign()(LU()(wide)) * apply("exp", _logarithm(wide)))


@factored.register
def _(op: Result, whole: Value) -> Value | None:
    if isinstance(whole.op, Slogdet | Eigh | QR | SVD):
        (a,) = whole.inputs
        return _like(a, _picked(whole.op, op.index, _wide(a)))
    return None


def _picked(op: MultiOp, index: int, a: Value) -> Value:
    """Return one result of several; matrices that have LAPACK's columns for rows are read as transposes."""
    if isinstance(op, Slogdet):
        return _logarithm(a) if index else LUSign()(LU()(a))
    *batch, m, n = a.shape
    k = min(m, n)
    match op:
        case Eigh():
            room = n + n * n + (1 + 6 * n + 2 * n * n) + (3 + 5 * n)
            start, shape = ((0, (n,)), (n, (n, n)))[index]
        case QR():
            room = n * n + m * n + n + 64 * n
            start, shape = ((n * n, (n, m)), (0, (n, n)))[index]
        case _:
            room = k + k * m + k * n + m * n + (4 * k * k + 7 * k + m + n) + 8 * k
            start, shape = ((k, (k, m)), (0, (k,)), (k + k * m, (n, k)))[index]
    packed = Packed(op, room)(a)
    part = apply("slice", packed, index=f"..., {start}:{start + math.prod(shape)}")
    if len(shape) == 1:
        return part
    stored = apply("reshape", part, shape=(*batch, *shape))
    return stored if isinstance(op, QR) and index else transposed(stored)


def _logarithm(a: Value) -> Value:
    """Return the logarithm of the size of determinants: the sum of those of the diagonals of U."""
    n = a.shape[-1]
    lines = apply("reshape", LU()(a), shape=(*a.shape[:-2], (n + 1) * n))
    diagonals = apply("slice", lines, index=f"..., :{n * n}:{n + 1}")
    return apply("sum", apply("log", apply("abs", diagonals)), axis=(-1,))


def _wide(x: Value) -> Value:
    """NumPy's linear algebra computes in float64, whatever it is given."""
    return x if x.element_type is FLOAT64 else apply("astype", x, element_type=FLOAT64)


def _like(x: Value, y: Value) -> Value:
    return y if y.element_type is x.element_type else apply("astype", y, element_type=x.element_type)
