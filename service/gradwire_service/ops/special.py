"""Error functions and Bessel functions."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, final

from gradwire_service.graph import Array
from gradwire_service.ops.base import Elementwise, Namespace, Partial, Value
from gradwire_service.ops.functions import exp, scaled_bessel, square


@final
@dataclass(frozen=True)
class Erfc(Elementwise, name="erfc"):
    """Complementary error function, y = 1 - erf x = 2/√π ∫ₓ^∞ exp(-t²) dt, exact also where y is small.

    Shapes: x is [...], y is [...].
    Units: x dimensionless, y dimensionless in [0, 2].
    Source: NIST Digital Library of Mathematical Functions, section 7.2.
    """

    latex: ClassVar[str] = r"\operatorname{{erfc}}\left({0}\right)"
    work: ClassVar[float] = 20

    def evaluate(self, xp: Namespace, x: Array) -> Array:
        return xp.erfc(x)

    def partials(self, y: Value, x: Value) -> tuple[Partial]:
        return (-2 / math.sqrt(math.pi) * exp(-square(x)),)


@final
@dataclass(frozen=True)
class ErfInv(Elementwise, name="erfinv"):
    """Inverse error function: erf y = x.

    Shapes: x is [...], y is [...].
    Units: x dimensionless in [-1, 1], y dimensionless.
    Kinks: at x = ±1 the derivative is inf, the one-sided limit; where |x| > 1, y is NaN.
    Source: SciPy, `erfinv`.
    """

    singular: ClassVar[bool] = True
    analytic: ClassVar[bool] = False
    latex: ClassVar[str] = r"\operatorname{{erf}}^{{-1}}\left({0}\right)"
    work: ClassVar[float] = 30

    def evaluate(self, xp: Namespace, x: Array) -> Array:
        return xp.erfinv(x)

    def partials(self, y: Value, x: Value) -> tuple[Partial]:
        return (math.sqrt(math.pi) / 2 * exp(square(y)),)


@final
@dataclass(frozen=True)
class I0e(Elementwise, name="i0e"):
    """Modified Bessel function of order 0, exponentially scaled, y = e^-|x| I₀(x).

    Shapes: x is [...], y is [...].
    Units: x dimensionless, y dimensionless in [0, 1].
    Kinks: at x = 0, where the scaling has one, the derivative is 0.
    Source: NIST Digital Library of Mathematical Functions, section 10.25; SciPy, `i0e`.
    """

    analytic: ClassVar[bool] = False
    latex: ClassVar[str] = r"e^{{-\left|{0}\right|}} I_0\left({0}\right)"
    work: ClassVar[float] = 30

    def evaluate(self, xp: Namespace, x: Array) -> Array:
        return xp.i0e(x)

    def partials(self, y: Value, x: Value) -> tuple[Partial]:
        return (scaled_bessel(x, n=0, order=1),)


@final
@dataclass(frozen=True)
class I1e(Elementwise, name="i1e"):
    """Modified Bessel function of order 1, exponentially scaled, y = e^-|x| I₁(x).

    Shapes: x is [...], y is [...].
    Units: x dimensionless, y dimensionless in (-1, 1).
    Kinks: at x = 0, where the scaling has one, the second derivative is 0.
    Source: NIST Digital Library of Mathematical Functions, section 10.25; SciPy, `i1e`.
    """

    analytic: ClassVar[bool] = False
    latex: ClassVar[str] = r"e^{{-\left|{0}\right|}} I_1\left({0}\right)"
    work: ClassVar[float] = 30

    def evaluate(self, xp: Namespace, x: Array) -> Array:
        return xp.i1e(x)

    def partials(self, y: Value, x: Value) -> tuple[Partial]:
        return (scaled_bessel(x, n=1, order=1),)


@final
@dataclass(frozen=True)
class ScaledBessel(Elementwise, name="scaled_bessel"):
    """Derivative of a scaled Bessel function, y = dᵏ/dxᵏ e^-|x| Iₙ(x) for k = order.

    As a sum of Bessel functions, Σ over j of (k over j) (-1)^(k-j) e^-x Iₙ⁽ʲ⁾(x), it cancels the more the greater x is;
    from x = 20 on it is the asymptotic series instead, term by term.

    Attributes:
        n: the order of the Bessel function.
        order: how often it is differentiated.

    Shapes: x is [...], y is [...].
    Units: all dimensionless.
    Kinks: at x = 0, where the two sides differ in their sign, y is 0.
    Source: NIST Digital Library of Mathematical Functions, sections 10.29 and 10.40.
    """

    internal: ClassVar[bool] = True
    analytic: ClassVar[bool] = False
    latex: ClassVar[str] = r"\left(e^{{-\left|x\right|}} I_n\left(x\right)\right)^{{(k)}}_{{x={0}}}"
    work: ClassVar[float] = 200

    far: ClassVar[float] = 20.0
    terms: ClassVar[int] = 30

    n: int
    order: int

    def evaluate(self, xp: Namespace, x: Array) -> Array:
        size = xp.abs(x)
        y = xp.where(size < self.far, self._near(xp, size), self._series(xp, size))
        return xp.sign(x) * y if (self.n + self.order) % 2 else y

    def partials(self, y: Value, x: Value) -> tuple[Partial]:
        return (scaled_bessel(x, n=self.n, order=self.order + 1),)

    def _near(self, xp: Namespace, x: Array) -> Array:
        x = xp.minimum(x, self.far)
        y = xp.zeros_like(x)
        for j in range(self.order + 1):
            for i in range(j + 1):
                weight = math.comb(self.order, j) * math.comb(j, i) * (-1) ** (self.order - j) / 2**j
                y = y + weight * xp.ive(abs(self.n - j + 2 * i), x)
        return y

    def _series(self, xp: Namespace, x: Array) -> Array:
        x = xp.maximum(x, self.far)
        factors = [1 / math.sqrt(2 * math.pi)]
        for m in range(1, self.terms):
            factors.append(factors[-1] * ((2 * m - 1) ** 2 - 4 * self.n**2) / (8 * m))
        y = xp.zeros_like(x)
        for m, factor in reversed(list(enumerate(factors))):  # Horner's scheme in 1/x
            y = y / x + factor * math.prod(-(m + 0.5 + i) for i in range(self.order))
        return y / (xp.sqrt(x) * x**self.order)
