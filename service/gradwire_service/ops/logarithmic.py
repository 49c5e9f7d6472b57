"""Sums and products with logarithms in them, where a chain of ops would overflow or multiply 0 by ∞."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, final

from gradwire_service.graph import Array
from gradwire_service.ops.base import Elementwise, Namespace, Partial, Value
from gradwire_service.ops.functions import equal, exp_share, log, log1p, logical_and, where


@final
@dataclass(frozen=True)
class LogAddExp(Elementwise, name="logaddexp"):
    """Logarithm of a sum of two exponentials, y = log(eᵃ + eᵇ), without overflow.

    Shapes: a and b broadcast, y has their shape.
    Units: a, b and y dimensionless.
    Kinks: where a = b = -inf, y is -inf and both partials are 0; where one is +inf, its partial is 1 and the other 0;
        where both are, ½ each.
    Source: Python array API standard, `logaddexp`.
    """

    latex: ClassVar[str] = r"\log\left(e^{{{0}}} + e^{{{1}}}\right)"
    work: ClassVar[float] = 25

    def evaluate(self, xp: Namespace, a: Array, b: Array) -> Array:
        return xp.logaddexp(a, b)

    def partials(self, y: Value, a: Value, b: Value) -> tuple[Partial, Partial]:
        return exp_share(a, b), exp_share(b, a)


@final
@dataclass(frozen=True)
class ExpShare(Elementwise, name="exp_share"):
    """Share of one exponential in a sum of two, y = eᵃ / (eᵃ + eᵇ), without overflow.

    As a function of a - b it keeps its digits where those of log(eᵃ + eᵇ) are too few.

    Shapes: a and b broadcast, y has their shape.
    Units: all dimensionless.
    Kinks: y = 0 where a = b = -inf; y = ½ where a = b = +inf.
    Source: the weights of log-add-exp.
    """

    internal: ClassVar[bool] = True
    latex: ClassVar[str] = r"\frac{{e^{{{0}}}}}{{e^{{{0}}} + e^{{{1}}}}}"
    work: ClassVar[float] = 15

    def evaluate(self, xp: Namespace, a: Array, b: Array) -> Array:
        difference = xp.where((a == b) & xp.isinf(a), 0, a - b)
        return xp.where(a == -xp.inf, 0, xp.sigmoid(difference))

    def partials(self, y: Value, a: Value, b: Value) -> tuple[Partial, Partial]:
        slope = y * exp_share(b, a)
        return slope, -slope


@final
@dataclass(frozen=True)
class XLogY(Elementwise, name="xlogy"):
    """Product with a logarithm, y = a log b, and 0 where a = 0, unless b is NaN.

    Shapes: a and b broadcast, y has their shape.
    Units: b dimensionless, y has that of a.
    Kinks: at a = b = 0 both partials are 0; elsewhere at b = 0 they are the one-sided limits, infinite.
    Source: SciPy, `xlogy`.
    """

    singular: ClassVar[bool] = True
    latex: ClassVar[str] = r"{0} \log\left({1}\right)"
    work: ClassVar[float] = 10

    def evaluate(self, xp: Namespace, a: Array, b: Array) -> Array:
        return xp.xlogy(a, b)

    def partials(self, y: Value, a: Value, b: Value) -> tuple[Partial, Partial]:
        corner = logical_and(equal(a, 0), equal(b, 0))
        return where(corner, 0, log(b)), where(corner, 0, a / b)


@final
@dataclass(frozen=True)
class XLog1PY(Elementwise, name="xlog1py"):
    """Product with a logarithm of one more, y = a log(1 + b), and 0 where a = 0, unless b is NaN.

    Shapes: a and b broadcast, y has their shape.
    Units: b dimensionless, y has that of a.
    Kinks: at a = 0, b = -1 both partials are 0; elsewhere at b = -1 they are the one-sided limits, infinite.
    Source: SciPy, `xlog1py`.
    """

    singular: ClassVar[bool] = True
    latex: ClassVar[str] = r"{0} \log\left(1 + {1}\right)"
    work: ClassVar[float] = 14

    def evaluate(self, xp: Namespace, a: Array, b: Array) -> Array:
        return xp.xlog1py(a, b)

    def partials(self, y: Value, a: Value, b: Value) -> tuple[Partial, Partial]:
        corner = logical_and(equal(a, 0), equal(b, -1))
        return where(corner, 0, log1p(b)), where(corner, 0, a / (1 + b))
