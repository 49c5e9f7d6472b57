"""Hyperbolic functions and their inverses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, final

from gradwire_service.graph import Array
from gradwire_service.ops.base import Elementwise, Namespace, Partial, Value
from gradwire_service.ops.functions import cosh, hypot, reciprocal, rsqrt, sinh, square


@final
@dataclass(frozen=True)
class Sinh(Elementwise, name="sinh"):
    """Hyperbolic sine, y = sinh x.

    Shapes: x is [...], y is [...].
    Units: x and y dimensionless.
    Kinks: none; where y overflows, the derivative is inf, and a sensitivity of zero still gives zero.
    Source: Python array API standard, `sinh`.
    """

    singular: ClassVar[bool] = True
    latex: ClassVar[str] = r"\sinh\left({0}\right)"
    work: ClassVar[float] = 15

    def evaluate(self, xp: Namespace, x: Array) -> Array:
        return xp.sinh(x)

    def partials(self, y: Value, x: Value) -> tuple[Partial]:
        return (cosh(x),)


@final
@dataclass(frozen=True)
class Cosh(Elementwise, name="cosh"):
    """Hyperbolic cosine, y = cosh x.

    Shapes: x is [...], y is [...].
    Units: x and y dimensionless.
    Kinks: none; where y overflows, the derivative is ±inf, and a sensitivity of zero still gives zero.
    Source: Python array API standard, `cosh`.
    """

    singular: ClassVar[bool] = True
    latex: ClassVar[str] = r"\cosh\left({0}\right)"
    work: ClassVar[float] = 15

    def evaluate(self, xp: Namespace, x: Array) -> Array:
        return xp.cosh(x)

    def partials(self, y: Value, x: Value) -> tuple[Partial]:
        return (sinh(x),)


@final
@dataclass(frozen=True)
class Tanh(Elementwise, name="tanh"):
    """Hyperbolic tangent, y = tanh x.

    Shapes: x is [...], y is [...].
    Units: x dimensionless, y dimensionless in [-1, 1].
    Source: NIST Digital Library of Mathematical Functions, section 4.34.
    """

    latex: ClassVar[str] = r"\tanh\left({0}\right)"
    work: ClassVar[float] = 15

    def evaluate(self, xp: Namespace, x: Array) -> Array:
        return xp.tanh(x)

    def partials(self, y: Value, x: Value) -> tuple[Partial]:
        return (1 - square(y),)  # y is at hand, so tanh is not evaluated again


@final
@dataclass(frozen=True)
class Asinh(Elementwise, name="asinh"):
    """Inverse hyperbolic sine, y = arsinh x.

    Shapes: x is [...], y is [...].
    Units: x and y dimensionless.
    Source: Python array API standard, `asinh`.
    """

    latex: ClassVar[str] = r"\operatorname{{arsinh}}\left({0}\right)"
    work: ClassVar[float] = 20

    def evaluate(self, xp: Namespace, x: Array) -> Array:
        return xp.asinh(x)

    def partials(self, y: Value, x: Value) -> tuple[Partial]:
        return (reciprocal(hypot(x, 1)),)  # where x² overflows too


@final
@dataclass(frozen=True)
class Acosh(Elementwise, name="acosh"):
    """Inverse hyperbolic cosine, y = arcosh x.

    Shapes: x is [...], y is [...].
    Units: x dimensionless, not less than 1; y dimensionless, not negative.
    Kinks: at x = 1 the derivative is inf, the one-sided limit; where x < 1, y is NaN.
    Source: Python array API standard, `acosh`.
    """

    singular: ClassVar[bool] = True
    latex: ClassVar[str] = r"\operatorname{{arcosh}}\left({0}\right)"
    work: ClassVar[float] = 20

    def evaluate(self, xp: Namespace, x: Array) -> Array:
        return xp.acosh(x)

    def partials(self, y: Value, x: Value) -> tuple[Partial]:
        return (rsqrt(x - 1) * rsqrt(x + 1),)  # where x² overflows too


@final
@dataclass(frozen=True)
class Atanh(Elementwise, name="atanh"):
    """Inverse hyperbolic tangent, y = artanh x.

    Shapes: x is [...], y is [...].
    Units: x dimensionless in [-1, 1], y dimensionless.
    Kinks: at x = ±1 the derivative is inf, the one-sided limit; where |x| > 1, y is NaN.
    Source: Python array API standard, `atanh`.
    """

    singular: ClassVar[bool] = True
    latex: ClassVar[str] = r"\operatorname{{artanh}}\left({0}\right)"
    work: ClassVar[float] = 20

    def evaluate(self, xp: Namespace, x: Array) -> Array:
        return xp.atanh(x)

    def partials(self, y: Value, x: Value) -> tuple[Partial]:
        return (reciprocal((1 - x) * (1 + x)),)  # as a product nothing cancels near ±1
