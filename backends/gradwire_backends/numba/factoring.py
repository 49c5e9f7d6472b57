"""What is asked of a matrix, written with its factors: it is factorized once for all of that."""

from __future__ import annotations

from functools import singledispatch

from gradwire_backends.numba.own_ops import LU, LUSign, LUSolve
from gradwire_service.ops.base import Op, Result, Value, apply
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
    return LUSolve(turned)(LU()(a.inputs[0] if turned else a), b)


@factored.register
def _(op: Det, a: Value) -> Value:
    return LUSign()(LU()(a)) * apply("exp", _logarithm(a))


@factored.register
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
