"""The incomplete gamma functions, with their derivatives by both inputs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, final

from gradwire_service.graph import Array
from gradwire_service.ops.base import Elementwise, Namespace, Partial, Value
from gradwire_service.ops.functions import (
    digamma,
    equal,
    gamma_density,
    gammainc_by_shape,
    log,
    logical_and,
    masked_multiply,
    polygamma,
    reciprocal,
    where,
)
from gradwire_service.ops.tails import factor, integral, log_ratio, stirling_rest, weighted
from gradwire_service.ops.tails import polygamma as polygamma_


@final
@dataclass(frozen=True)
class GammaInc(Elementwise, name="gammainc"):
    """Lower incomplete gamma function, regularized, y = P(a, x) = ∫₀ˣ tᵃ⁻¹ e⁻ᵗ dt / Γ(a): the gamma distribution.

    Shapes: a and x broadcast, y has their shape.
    Units: a > 0 and x ≥ 0 dimensionless, y dimensionless in [0, 1].
    Kinks: at x = 0 the partial by x is the density there, which for a < 1 is inf; by a it is 0. Third derivatives
        there, by a and twice by x, are 0 even where 1 < a ≤ 2 and their limit is infinite.
    Source: NIST Digital Library of Mathematical Functions, section 8.2; SciPy, `gammainc`.
    """

    singular: ClassVar[bool] = True
    analytic: ClassVar[bool] = False
    latex: ClassVar[str] = r"P\left({0}, {1}\right)"
    work: ClassVar[float] = 200

    def evaluate(self, xp: Namespace, a: Array, x: Array) -> Array:
        return xp.gammainc(a, x)

    def partials(self, y: Value, a: Value, x: Value) -> tuple[Partial, Partial]:
        return gammainc_by_shape(a, x, order=1), gamma_density(a, x)


@final
@dataclass(frozen=True)
class GammaIncC(Elementwise, name="gammaincc"):
    """Upper incomplete gamma function, regularized, y = Q(a, x) = 1 - P(a, x), exact also where it is small.

    Shapes: a and x broadcast, y has their shape.
    Units: a > 0 and x ≥ 0 dimensionless, y dimensionless in [0, 1].
    Kinks: at x = 0 the partial by x is minus the density there, which for a < 1 is inf; by a it is 0; third derivatives
        as for `gammainc`.
    Source: NIST Digital Library of Mathematical Functions, section 8.2; SciPy, `gammaincc`.
    """

    singular: ClassVar[bool] = True
    analytic: ClassVar[bool] = False
    latex: ClassVar[str] = r"Q\left({0}, {1}\right)"
    work: ClassVar[float] = 200

    def evaluate(self, xp: Namespace, a: Array, x: Array) -> Array:
        return xp.gammaincc(a, x)

    def partials(self, y: Value, a: Value, x: Value) -> tuple[Partial, Partial]:
        return -gammainc_by_shape(a, x, order=1), -gamma_density(a, x)


@final
@dataclass(frozen=True)
class GammaDensity(Elementwise, name="gamma_density"):
    """Density of the gamma distribution, y = xᵃ⁻¹ e⁻ˣ / Γ(a), exact also where a is large.

    Shapes: a and x broadcast, y has their shape.
    Units: all dimensionless.
    Kinks: at x = 0 it is inf for a < 1, and its derivative the one-sided limit.
    Source: NIST Digital Library of Mathematical Functions, section 8.8.
    """

    internal: ClassVar[bool] = True
    singular: ClassVar[bool] = True
    analytic: ClassVar[bool] = False
    latex: ClassVar[str] = r"\frac{{{1}^{{{0} - 1}} e^{{-{1}}}}}{{\Gamma\left({0}\right)}}"
    work: ClassVar[float] = 100

    def evaluate(self, xp: Namespace, a: Array, x: Array) -> Array:
        b, z = xp.astype(a, xp.float64), xp.astype(x, xp.float64)
        inside = _kernel(xp, b, z) / z
        y = xp.where(z == 0, xp.exp(xp.xlogy(b - 1, z)), xp.where((z == xp.inf) & (b < xp.inf), 0, inside))
        return xp.astype(xp.where(b > 0, y, xp.nan), a.dtype)

    def partials(self, y: Value, a: Value, x: Value) -> tuple[Partial, Partial]:
        inside = y * (masked_multiply(a - 1, reciprocal(x)) - 1)
        by_x = where(logical_and(equal(x, 0), a > 1), gamma_density(a - 1, x), inside)
        return weighted(y, log(x) - digamma(a)), by_x


@final
@dataclass(frozen=True)
class GammaIncByShape(Elementwise, name="gammainc_by_shape"):
    """Derivative of the gamma distribution by its shape, y = ∂ᵏ/∂aᵏ P(a, x) for k = order.

    It is an integral over log t. Where a < 1, it is taken at a + 1, and the derivative of xᵃ e⁻ˣ / Γ(a + 1) is added:
    both fall with a, and nothing cancels.

    Attributes:
        order: how often P is differentiated, at least once.

    Shapes: a and x broadcast, y has their shape.
    Units: all dimensionless.
    Kinks: at x = 0 and x = inf, y is 0.
    Source: NIST Digital Library of Mathematical Functions, section 8.8; `tails` for the integral.
    """

    internal: ClassVar[bool] = True
    singular: ClassVar[bool] = True
    analytic: ClassVar[bool] = False
    latex: ClassVar[str] = r"\partial^{{k}}_{{a={0}}} P\left(a, {1}\right)"
    work: ClassVar[float] = 5000

    order: int

    def evaluate(self, xp: Namespace, a: Array, x: Array) -> Array:
        b, z = xp.astype(a, xp.float64), xp.astype(x, xp.float64)
        valid = (b > 0) & (b < xp.inf) & (z >= 0)
        edge = (z == 0) | (z == xp.inf)
        b, z = xp.where(valid, b, 1), xp.where(valid & ~edge, z, 1)
        raised = b < 1
        shape = xp.where(raised, b + 1, b)
        slopes = [-polygamma_(xp, i, shape) for i in range(self.order)]
        more = _kernel(xp, shape, z) / z * self._factor(slopes, xp.log(z))
        y = self._tail(xp, shape, z, slopes) + xp.where(raised, more, 0)
        return xp.astype(xp.where(valid, xp.where(edge, 0, y), xp.nan), a.dtype)

    def partials(self, y: Value, a: Value, x: Value) -> tuple[Partial, Partial]:
        def slope(i: int, _: int) -> Value:
            return log(x) - digamma(a) if i == 1 else -polygamma(a, n=i - 1)

        density = weighted(gamma_density(a, x), factor(slope, self.order, 0))
        return gammainc_by_shape(a, x, order=self.order + 1), density

    def _factor(self, slopes: Sequence[Array], log_t: Array) -> Array:
        return factor(lambda i, _: log_t + slopes[0] if i == 1 else slopes[i - 1], self.order, 0)

    def _tail(self, xp: Namespace, a: Array, x: Array, slopes: Sequence[Array]) -> Array:
        side = xp.where(xp.log(x) + slopes[0] < 0, -1.0, 1.0)

        def f(s: Array) -> Array:
            u = side * s  # the logarithm of t / x
            return xp.exp(a * u - x * xp.expm1(u)) * self._factor(slopes, xp.log(x) + u)

        width = 1 / (xp.maximum(side * (x - a), 0) + xp.sqrt(x))
        return -side * _kernel(xp, a, x) * integral(xp, f, width)


def _kernel(xp: Namespace, a: Array, x: Array) -> Array:
    """Return xᵃ e⁻ˣ / Γ(a), by what x and a differ in, so that large terms do not cancel."""
    difference = (x - a) / a
    exponent = a * (log_ratio(xp, difference, x / a) - difference)
    return xp.exp(exponent + xp.log(a / (2 * math.pi)) / 2 - stirling_rest(xp, a))
