"""Trigonometric functions and their inverses, with angles in radians; the length of a vector in the plane."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, final

from gradwire_service.graph import Array
from gradwire_service.ops.base import Elementwise, Namespace, Partial, Value
from gradwire_service.ops.functions import cos, direction, equal, hypot, reciprocal, sin, sqrt, square, where


@final
@dataclass(frozen=True)
class Sin(Elementwise, name="sin"):
    """Sine, y = sin x.

    Shapes: x is [...], y is [...].
    Units: x in radians, y dimensionless in [-1, 1].
    Source: Python array API standard, `sin`.
    """

    latex: ClassVar[str] = r"\sin\left({0}\right)"
    work: ClassVar[float] = 10

    def evaluate(self, xp: Namespace, x: Array) -> Array:
        return xp.sin(x)

    def partials(self, y: Value, x: Value) -> tuple[Partial]:
        return (cos(x),)


@final
@dataclass(frozen=True)
class Cos(Elementwise, name="cos"):
    """Cosine, y = cos x.

    Shapes: x is [...], y is [...].
    Units: x in radians, y dimensionless in [-1, 1].
    Source: Python array API standard, `cos`.
    """

    latex: ClassVar[str] = r"\cos\left({0}\right)"
    work: ClassVar[float] = 10

    def evaluate(self, xp: Namespace, x: Array) -> Array:
        return xp.cos(x)

    def partials(self, y: Value, x: Value) -> tuple[Partial]:
        return (-sin(x),)


@final
@dataclass(frozen=True)
class Tan(Elementwise, name="tan"):
    """Tangent, y = tan x.

    Shapes: x is [...], y is [...].
    Units: x in radians, y dimensionless.
    Kinks: no floating-point number is a pole: beside ±π/2 the value and the derivative are large, but finite.
    Source: Python array API standard, `tan`.
    """

    latex: ClassVar[str] = r"\tan\left({0}\right)"
    work: ClassVar[float] = 15

    def evaluate(self, xp: Namespace, x: Array) -> Array:
        return xp.tan(x)

    def partials(self, y: Value, x: Value) -> tuple[Partial]:
        return (1 + square(y),)


@final
@dataclass(frozen=True)
class Asin(Elementwise, name="asin"):
    """Inverse sine, y = arcsin x.

    Shapes: x is [...], y is [...].
    Units: x dimensionless in [-1, 1], y in radians in [-π/2, π/2].
    Kinks: at x = ±1 the derivative is inf, the one-sided limit; where |x| > 1, y is NaN.
    Source: Python array API standard, `asin`.
    """

    singular: ClassVar[bool] = True
    latex: ClassVar[str] = r"\arcsin\left({0}\right)"
    work: ClassVar[float] = 15

    def evaluate(self, xp: Namespace, x: Array) -> Array:
        return xp.asin(x)

    def partials(self, y: Value, x: Value) -> tuple[Partial]:
        return (reciprocal(_cosine(x)),)


@final
@dataclass(frozen=True)
class Acos(Elementwise, name="acos"):
    """Inverse cosine, y = arccos x.

    Shapes: x is [...], y is [...].
    Units: x dimensionless in [-1, 1], y in radians in [0, π].
    Kinks: at x = ±1 the derivative is -inf, the one-sided limit; where |x| > 1, y is NaN.
    Source: Python array API standard, `acos`.
    """

    singular: ClassVar[bool] = True
    latex: ClassVar[str] = r"\arccos\left({0}\right)"
    work: ClassVar[float] = 15

    def evaluate(self, xp: Namespace, x: Array) -> Array:
        return xp.acos(x)

    def partials(self, y: Value, x: Value) -> tuple[Partial]:
        return (-reciprocal(_cosine(x)),)


def _cosine(sine: Value) -> Value:
    """Return √(1 - sine²); as a product nothing cancels near ±1."""
    return sqrt((1 - sine) * (1 + sine))


@final
@dataclass(frozen=True)
class Atan(Elementwise, name="atan"):
    """Inverse tangent, y = arctan x.

    Shapes: x is [...], y is [...].
    Units: x dimensionless, y in radians in [-π/2, π/2].
    Source: Python array API standard, `atan`.
    """

    latex: ClassVar[str] = r"\arctan\left({0}\right)"
    work: ClassVar[float] = 15

    def evaluate(self, xp: Namespace, x: Array) -> Array:
        return xp.atan(x)

    def partials(self, y: Value, x: Value) -> tuple[Partial]:
        return (reciprocal(1 + square(x)),)


@final
@dataclass(frozen=True)
class Atan2(Elementwise, name="atan2"):
    """Angle of the vector whose components are cosine a and sine b: the arguments are (b, a), y = arg(a + ib).

    Shapes: a and b broadcast, y has their shape.
    Units: a and b share one, y in radians in [-π, π].
    Kinks: at a = b = 0 both partials are 0. On the cut b = 0, a < 0 they are those of the smooth angle.
    Source: Python array API standard, `atan2`; the derivative at 0 as in PyTorch.
    """

    latex: ClassVar[str] = r"\operatorname{{atan2}}\left({0}, {1}\right)"
    work: ClassVar[float] = 20

    def evaluate(self, xp: Namespace, b: Array, a: Array) -> Array:
        return xp.atan2(b, a)

    def partials(self, y: Value, b: Value, a: Value) -> tuple[Partial, Partial]:
        length = hypot(a, b)  # whose square may overflow
        length = where(equal(length, 0), math.inf, length)
        return a / length / length, -(b / length / length)


@final
@dataclass(frozen=True)
class Hypot(Elementwise, name="hypot"):
    """Length of the vector (a, b), y = √(a² + b²), without overflow; inf where a or b is infinite.

    Shapes: a and b broadcast, y has their shape.
    Units: a, b and y share one.
    Kinks: at a = b = 0 both partials are 0.
    Source: Python array API standard, `hypot`; the derivative at 0 is that of the least norm.
    """

    latex: ClassVar[str] = r"\sqrt{{{0}^{{2}} + {1}^{{2}}}}"
    work: ClassVar[float] = 12

    def evaluate(self, xp: Namespace, a: Array, b: Array) -> Array:
        return xp.hypot(a, b)

    def partials(self, y: Value, a: Value, b: Value) -> tuple[Partial, Partial]:
        return direction(a, b), direction(b, a)


@final
@dataclass(frozen=True)
class Direction(Elementwise, name="direction"):
    """Component of a direction, y = a / √(a² + b²), the cosine of the angle between (a, b) and the first axis.

    The derivative as a quotient, 1/h - a²/h³, would cancel where |b| is small beside |a|; as b²/h³ it does not.

    Shapes: a and b broadcast, y has their shape.
    Units: a and b share one, y dimensionless in [-1, 1].
    Kinks: at a = b = 0 value and partials are 0; at infinity the value is the limit along the ray that a and b are on.
    Source: the partials of `hypot`.
    """

    internal: ClassVar[bool] = True
    latex: ClassVar[str] = r"\frac{{{0}}}{{\sqrt{{{0}^{{2}} + {1}^{{2}}}}}}"
    work: ClassVar[float] = 18

    def evaluate(self, xp: Namespace, a: Array, b: Array) -> Array:
        infinite = xp.isinf(a) | xp.isinf(b)
        a, b = (xp.where(infinite, xp.where(xp.isinf(x), xp.sign(x), 0 * x), x) for x in (a, b))
        length = xp.hypot(a, b)
        return a / xp.where(length == 0, 1, length)

    def partials(self, y: Value, a: Value, b: Value) -> tuple[Partial, Partial]:
        across, length = direction(b, a), hypot(a, b)
        length = where(equal(length, 0), math.inf, length)
        return across * across / length, -(y * across / length)
