"""The logarithm of the gamma function, and its derivatives."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import ClassVar, final

from gradwire_service.errors import AttributeValueError
from gradwire_service.graph import Array
from gradwire_service.ops.base import Elementwise, Namespace, Partial, Value
from gradwire_service.ops.functions import digamma, polygamma


@final
@dataclass(frozen=True)
class LGamma(Elementwise, name="lgamma"):
    """Logarithm of the absolute value of the gamma function, y = log |Γ(x)|.

    Shapes: x is [...], y is [...].
    Units: x and y dimensionless.
    Kinks: at the poles 0, -1, -2, … y is inf; the derivative at 0 is that of `digamma`, at the others NaN.
    Source: NIST Digital Library of Mathematical Functions, section 5.2; SciPy, `gammaln`.
    """

    singular: ClassVar[bool] = True
    latex: ClassVar[str] = r"\log\left|\Gamma\left({0}\right)\right|"
    work: ClassVar[float] = 40

    def evaluate(self, xp: Namespace, x: Array) -> Array:
        return xp.gammaln(x)

    def partials(self, y: Value, x: Value) -> tuple[Partial]:
        return (digamma(x),)


@final
@dataclass(frozen=True)
class Digamma(Elementwise, name="digamma"):
    """Logarithmic derivative of the gamma function, y = ψ(x) = Γ'(x) / Γ(x).

    Shapes: x is [...], y is [...].
    Units: x and y dimensionless.
    Kinks: at the pole 0, y is -inf, at -0 inf; at the poles -1, -2, … y is NaN. The derivative at all of them is inf.
    Source: NIST Digital Library of Mathematical Functions, section 5.2; SciPy, `digamma`.
    """

    singular: ClassVar[bool] = True
    latex: ClassVar[str] = r"\psi\left({0}\right)"
    work: ClassVar[float] = 40

    def evaluate(self, xp: Namespace, x: Array) -> Array:
        return xp.digamma(x)

    def partials(self, y: Value, x: Value) -> tuple[Partial]:
        return (polygamma(x, n=1),)


@final
@dataclass(frozen=True)
class Polygamma(Elementwise, name="polygamma"):
    """Derivative of the digamma function, y = ψ⁽ⁿ⁾(x).

    Left of 0 it is reflected: ψ⁽ⁿ⁾(x) = (-1)ⁿ ψ⁽ⁿ⁾(1 - x) - π dⁿ/dxⁿ cot πx.

    Attributes:
        n: how often the digamma function is differentiated, from 0 to 100.

    Shapes: x is [...], y is [...].
    Units: x and y dimensionless.
    Kinks: at the poles 0, -1, -2, … y is infinite; where the sides differ in sign, which is for even n, it is the limit
        from the right, and for n = 0 what `digamma` has there.
    Raises: AttributeValueError when n is negative or above 100.
    Source: NIST Digital Library of Mathematical Functions, section 5.15; SciPy, `polygamma`.
    """

    singular: ClassVar[bool] = True
    analytic: ClassVar[bool] = False
    latex: ClassVar[str] = r"\psi^{{(n)}}\left({0}\right)"
    work: ClassVar[float] = 100

    highest: ClassVar[int] = 100

    n: int

    def __post_init__(self) -> None:
        if not 0 <= self.n <= self.highest:
            raise AttributeValueError(f"polygamma of order {self.n}; it is from 0 to {self.highest}", op=self.name)

    def evaluate(self, xp: Namespace, x: Array) -> Array:
        if self.n == 0:
            return xp.digamma(x)
        z = xp.astype(x, xp.float64)
        right = z > 0
        y = xp.polygamma(self.n, xp.where(right, z, 1 - z))
        left = xp.where(right, 0.25, z)  # no pole where it is not taken
        reflected = (-1) ** self.n * y - math.pi ** (self.n + 1) * _cotangent_derivative(xp, left, self.n)
        return xp.astype(xp.where(right, y, reflected), x.dtype)

    def partials(self, y: Value, x: Value) -> tuple[Partial]:
        return (polygamma(x, n=self.n + 1),)

    def simplify(self, x: Value) -> Value | None:
        return digamma(x) if self.n == 0 else None


def _cotangent_derivative(xp: Namespace, x: Array, n: int) -> Array:
    """Return π^-n dⁿ/dxⁿ cot πx: a polynomial in the cotangent, without cancellation."""
    r = x - xp.round(x)
    steep = xp.abs(r) < 0.25
    flat = xp.sign(r) * xp.tan(math.pi * (0.5 - xp.abs(r)))  # exact at ½, where the cotangent has its root
    c = xp.where(steep, 1 / xp.tan(math.pi * r), flat)
    *lower, highest = _cotangent_polynomial(n)[(n + 1) % 2 :: 2]  # the other powers are not in it
    y = xp.full_like(c, highest)
    for coefficient in reversed(lower):
        y = y * c * c + coefficient
    return y if n % 2 else y * c


@cache
def _cotangent_polynomial(n: int) -> tuple[float, ...]:
    """Return the coefficients of P, with P(cot u) = dⁿ/duⁿ cot u: P₀ = c, and each P is -(1 + c²) times the last P'."""
    p = [0, 1]
    for _ in range(n):
        slope = [i * a for i, a in enumerate(p)][1:]
        p = [-a - b for a, b in zip([*slope, 0, 0], [0, 0, *slope], strict=True)]
    return tuple(map(float, p))
