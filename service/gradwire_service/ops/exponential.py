"""Exponentials, logarithms, roots."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, final

from gradwire_service.graph import Array
from gradwire_service.ops.base import Elementwise, Namespace, Partial, Value
from gradwire_service.ops.functions import reciprocal, square


@final
@dataclass(frozen=True)
class Exp(Elementwise, name="exp"):
    """Exponential, y = eˣ.

    Shapes: x is [...], y is [...].
    Units: x and y dimensionless.
    Kinks: none; where y overflows, the derivative is inf too, and a sensitivity of zero still gives zero.
    Source: Python array API standard, `exp`.
    """

    singular: ClassVar[bool] = True
    latex: ClassVar[str] = "e^{{{0}}}"
    work: ClassVar[float] = 8

    def evaluate(self, xp: Namespace, x: Array) -> Array:
        return xp.exp(x)

    def partials(self, y: Value, x: Value) -> tuple[Partial]:
        return (y,)


@final
@dataclass(frozen=True)
class Expm1(Elementwise, name="expm1"):
    """Exponential minus one, y = eˣ - 1, exact also for small x.

    Shapes: x is [...], y is [...].
    Units: x and y dimensionless.
    Kinks: none; where y overflows, the derivative is inf too, and a sensitivity of zero still gives zero.
    Source: Python array API standard, `expm1`.
    """

    singular: ClassVar[bool] = True
    latex: ClassVar[str] = "e^{{{0}}} - 1"
    work: ClassVar[float] = 12

    def evaluate(self, xp: Namespace, x: Array) -> Array:
        return xp.expm1(x)

    def partials(self, y: Value, x: Value) -> tuple[Partial]:
        return (y + 1,)


@final
@dataclass(frozen=True)
class Log(Elementwise, name="log"):
    """Natural logarithm, y = log x.

    Shapes: x is [...], y is [...].
    Units: x and y dimensionless.
    Kinks: at x = 0 the derivative is inf, the one-sided limit; where x < 0, y is NaN.
    Source: Python array API standard, `log`.
    """

    singular: ClassVar[bool] = True
    latex: ClassVar[str] = r"\log\left({0}\right)"
    work: ClassVar[float] = 8

    def evaluate(self, xp: Namespace, x: Array) -> Array:
        return xp.log(x)

    def partials(self, y: Value, x: Value) -> tuple[Partial]:
        return (reciprocal(x),)


@final
@dataclass(frozen=True)
class Log1p(Elementwise, name="log1p"):
    """Natural logarithm of one more, y = log(1 + x), exact also for small x.

    Shapes: x is [...], y is [...].
    Units: x and y dimensionless.
    Kinks: at x = -1 the derivative is inf, the one-sided limit; where x < -1, y is NaN.
    Source: Python array API standard, `log1p`.
    """

    singular: ClassVar[bool] = True
    latex: ClassVar[str] = r"\log\left(1 + {0}\right)"
    work: ClassVar[float] = 12

    def evaluate(self, xp: Namespace, x: Array) -> Array:
        return xp.log1p(x)

    def partials(self, y: Value, x: Value) -> tuple[Partial]:
        return (reciprocal(1 + x),)


@final
@dataclass(frozen=True)
class Log2(Elementwise, name="log2"):
    """Logarithm to the base 2, y = log x / log 2, exact where x is a power of 2, which the quotient is not.

    Shapes: x is [...], y is [...].
    Units: x and y dimensionless.
    Kinks: at x = 0 the derivative is inf, the one-sided limit; where x < 0, y is NaN.
    Source: Python array API standard, `log2`.
    """

    singular: ClassVar[bool] = True
    latex: ClassVar[str] = r"\log_2\left({0}\right)"
    work: ClassVar[float] = 10

    def evaluate(self, xp: Namespace, x: Array) -> Array:
        return xp.log2(x)

    def partials(self, y: Value, x: Value) -> tuple[Partial]:
        return (reciprocal(math.log(2) * x),)


@final
@dataclass(frozen=True)
class Log10(Elementwise, name="log10"):
    """Logarithm to the base 10, y = log x / log 10, exact where x is a power of 10, which the quotient is not.

    Shapes: x is [...], y is [...].
    Units: x and y dimensionless.
    Kinks: at x = 0 the derivative is inf, the one-sided limit; where x < 0, y is NaN.
    Source: Python array API standard, `log10`.
    """

    singular: ClassVar[bool] = True
    latex: ClassVar[str] = r"\log_{{10}}\left({0}\right)"
    work: ClassVar[float] = 10

    def evaluate(self, xp: Namespace, x: Array) -> Array:
        return xp.log10(x)

    def partials(self, y: Value, x: Value) -> tuple[Partial]:
        return (reciprocal(math.log(10) * x),)


@final
@dataclass(frozen=True)
class Sqrt(Elementwise, name="sqrt"):
    """Square root, y = √x.

    Shapes: x is [...], y is [...].
    Units: the square root of those of x.
    Kinks: at x = 0 the derivative is inf, the one-sided limit, so that the gradient of √(x²) at 0 is NaN: write it as
        abs x, and the length of a vector as its norm. Where x < 0, y is NaN.
    Source: Python array API standard, `sqrt`.
    """

    singular: ClassVar[bool] = True
    latex: ClassVar[str] = r"\sqrt{{{0}}}"
    work: ClassVar[float] = 5

    def evaluate(self, xp: Namespace, x: Array) -> Array:
        return xp.sqrt(x)

    def partials(self, y: Value, x: Value) -> tuple[Partial]:
        return (0.5 / y,)


@final
@dataclass(frozen=True)
class Rsqrt(Elementwise, name="rsqrt"):
    """Reciprocal of the square root, y = 1 / √x.

    Shapes: x is [...], y is [...].
    Units: the reciprocal of the square root of those of x.
    Kinks: at x = 0 the derivative is -inf, the one-sided limit; where x < 0, y is NaN.
    Source: JAX, `lax.rsqrt`.
    """

    singular: ClassVar[bool] = True
    latex: ClassVar[str] = r"\frac{{1}}{{\sqrt{{{0}}}}}"
    work: ClassVar[float] = 9

    def evaluate(self, xp: Namespace, x: Array) -> Array:
        return xp.reciprocal(xp.sqrt(x))

    def partials(self, y: Value, x: Value) -> tuple[Partial]:
        return (-0.5 * y * square(y),)


@final
@dataclass(frozen=True)
class Cbrt(Elementwise, name="cbrt"):
    """Cube root, y = ∛x; that of a negative number is negative.

    Shapes: x is [...], y is [...].
    Units: the cube root of those of x.
    Kinks: at x = 0 the derivative is inf, the limit from both sides.
    Source: C, `cbrt`.
    """

    singular: ClassVar[bool] = True
    latex: ClassVar[str] = r"\sqrt[3]{{{0}}}"
    work: ClassVar[float] = 20

    def evaluate(self, xp: Namespace, x: Array) -> Array:
        return xp.cbrt(x)

    def partials(self, y: Value, x: Value) -> tuple[Partial]:
        return (square(reciprocal(y)) / 3,)
