"""The incomplete beta function, with its derivatives by all three inputs."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar, final

from gradwire_service.graph import Array
from gradwire_service.ops.base import Elementwise, Namespace, Partial, Value
from gradwire_service.ops.functions import (
    beta_density,
    betainc_by_shapes,
    digamma,
    equal,
    log,
    log1p,
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
class BetaInc(Elementwise, name="betainc"):
    """Incomplete beta function, regularized, y = Iₓ(a, b) = ∫₀ˣ tᵃ⁻¹ (1 - t)ᵇ⁻¹ dt / B(a, b): the beta distribution.

    Shapes: a, b and x broadcast, y has their shape.
    Units: a > 0, b > 0 and x in [0, 1] dimensionless, y dimensionless in [0, 1].
    Kinks: at x = 0 and x = 1 the partial by x is the density there, which may be inf; by a and b it is 0. There, third
        derivatives by a shape and twice by x are 0 even where their limit is infinite.
    Source: NIST Digital Library of Mathematical Functions, section 8.17; SciPy, `betainc`.
    """

    singular: ClassVar[bool] = True
    analytic: ClassVar[bool] = False
    latex: ClassVar[str] = r"I_{{{2}}}\left({0}, {1}\right)"
    work: ClassVar[float] = 300

    def evaluate(self, xp: Namespace, a: Array, b: Array, x: Array) -> Array:
        return xp.betainc(a, b, x)

    def partials(self, y: Value, a: Value, b: Value, x: Value) -> tuple[Partial, Partial, Partial]:
        by_a, by_b = (betainc_by_shapes(a, b, x, order_a=m, order_b=1 - m) for m in (1, 0))
        return by_a, by_b, beta_density(a, b, x)


@final
@dataclass(frozen=True)
class BetaDensity(Elementwise, name="beta_density"):
    """Density of the beta distribution, y = xᵃ⁻¹ (1 - x)ᵇ⁻¹ / B(a, b), exact also where a and b are large.

    Shapes: a, b and x broadcast, y has their shape.
    Units: all dimensionless.
    Kinks: at x = 0 it is inf for a < 1, at x = 1 for b < 1, and its derivative the one-sided limit.
    Source: NIST Digital Library of Mathematical Functions, section 8.17.
    """

    internal: ClassVar[bool] = True
    singular: ClassVar[bool] = True
    analytic: ClassVar[bool] = False
    latex: ClassVar[str] = r"\frac{{{2}^{{{0} - 1}} \left(1 - {2}\right)^{{{1} - 1}}}}{{B\left({0}, {1}\right)}}"
    work: ClassVar[float] = 150

    def evaluate(self, xp: Namespace, a: Array, b: Array, x: Array) -> Array:
        p, q, z = (xp.astype(v, xp.float64) for v in (a, b, x))
        y = _kernel(xp, p, q, z) / (z * (1 - z))
        y = xp.where(z == 0, q * xp.exp(xp.xlogy(p - 1, z)), y)
        y = xp.where(z == 1, p * xp.exp(xp.xlogy(q - 1, 1 - z)), y)
        return xp.astype(xp.where((p > 0) & (q > 0), y, xp.nan), a.dtype)

    def partials(self, y: Value, a: Value, b: Value, x: Value) -> tuple[Partial, Partial, Partial]:
        slope = masked_multiply(a - 1, reciprocal(x)) - masked_multiply(b - 1, reciprocal(1 - x))
        total = a + b
        by_x = y * slope
        by_x = where(logical_and(equal(x, 0), a > 1), (total - 1) * beta_density(a - 1, b, x), by_x)
        by_x = where(logical_and(equal(x, 1), b > 1), (1 - total) * beta_density(a, b - 1, x), by_x)
        by_a = weighted(y, log(x) - digamma(a) + digamma(total))
        by_b = weighted(y, log1p(-x) - digamma(b) + digamma(total))
        return by_a, by_b, by_x


@final
@dataclass(frozen=True)
class BetaIncByShapes(Elementwise, name="betainc_by_shapes"):
    """Derivative of the beta distribution by its shapes, y = ∂ᵐ⁺ⁿ/∂aᵐ∂bⁿ Iₓ(a, b) for m = order_a, n = order_b.

    It is an integral over log t / (1 - t). Shapes below 1 are first raised by 1, and what Iₓ differs by is
    differentiated and added: Iₓ(a, b) = Iₓ(a + 1, b) + g(a + 1, b) and Iₓ(a, b) = Iₓ(a, b + 1) - g(a, b + 1), where
    g(a, b) = xᵃ (1 - x)ᵇ over x or 1 - x, the one whose exponent was raised, and over the beta function.

    Attributes:
        order_a: how often it is differentiated by a.
        order_b: how often it is differentiated by b; at least once in all.

    Shapes: a, b and x broadcast, y has their shape.
    Units: all dimensionless.
    Kinks: at x = 0 and x = 1, y is 0.
    Source: NIST Digital Library of Mathematical Functions, section 8.17; `tails` for the integral.
    """

    internal: ClassVar[bool] = True
    singular: ClassVar[bool] = True
    analytic: ClassVar[bool] = False
    latex: ClassVar[str] = r"\partial^{{m,n}}_{{a={0},b={1}}} I_{{{2}}}\left(a, b\right)"
    work: ClassVar[float] = 8000

    order_a: int
    order_b: int

    def evaluate(self, xp: Namespace, a: Array, b: Array, x: Array) -> Array:
        p, q, z = (xp.astype(v, xp.float64) for v in (a, b, x))
        valid = (p > 0) & (q > 0) & (p + q < xp.inf) & (z >= 0) & (z <= 1)
        edge = (z == 0) | (z == 1)
        p, q, z = xp.where(valid, p, 1), xp.where(valid, q, 1), xp.where(valid & ~edge, z, 0.5)
        raised = xp.where(p < 1, p + 1, p)
        more = self._differentiated(xp, _kernel(xp, raised, q, z) / (z * (p + q)), p + q, raised, q, z)
        y = xp.where(p < 1, more, 0)
        p, raised = raised, xp.where(q < 1, q + 1, q)
        less = self._differentiated(xp, _kernel(xp, p, raised, z) / ((1 - z) * (p + q)), p + q, p, raised, z)
        y = y - xp.where(q < 1, less, 0) + self._tail(xp, p, raised, z)
        return xp.astype(xp.where(valid, xp.where(edge, 0, y), xp.nan), a.dtype)

    def partials(self, y: Value, a: Value, b: Value, x: Value) -> tuple[Partial, Partial, Partial]:
        def higher(by_a: int, by_b: int) -> Value:
            return betainc_by_shapes(a, b, x, order_a=self.order_a + by_a, order_b=self.order_b + by_b)

        slopes = self._slopes(lambda i, v: polygamma(v, n=i), a + b, a, b)
        density = weighted(beta_density(a, b, x), self._factor(slopes, log(x), log1p(-x)))
        return higher(1, 0), higher(0, 1), density

    def _slopes(self, psi: Callable[[int, Any], Any], total: Any, a: Any, b: Any) -> Callable[[int, int], Any]:
        """Return the derivatives of log Γ(total) - log Γ(a) - log Γ(b) by a and b, where total is a + b."""

        @cache
        def slope(i: int, j: int) -> Any:
            result = psi(i + j - 1, total)
            return result - psi(i - 1, a) if j == 0 else result - psi(j - 1, b) if i == 0 else result

        return slope

    def _factor(self, slopes: Callable[[int, int], Any], log_t: Any, log_rest: Any) -> Any:
        """Return what a density is multiplied by, at a t of this logarithm; 1 - t has the other."""
        logs = {(1, 0): log_t, (0, 1): log_rest}

        def slope(i: int, j: int) -> Any:
            return slopes(i, j) + logs[i, j] if i + j == 1 else slopes(i, j)

        return factor(slope, self.order_a, self.order_b)

    def _differentiated(self, xp: Namespace, g: Array, total: Array, a: Array, b: Array, x: Array) -> Array:
        """Return the derivative of g = xᵃ (1 - x)ᵇ Γ(total) / (Γ(a) Γ(b)), up to constants in the exponents."""
        slopes = self._slopes(lambda i, v: polygamma_(xp, i, v), total, a, b)
        return g * self._factor(slopes, xp.log(x), xp.log1p(-x))

    def _tail(self, xp: Namespace, a: Array, b: Array, x: Array) -> Array:
        slopes = self._slopes(lambda i, v: polygamma_(xp, i, v), a + b, a, b)
        distance = b * x - a * (1 - x)
        side = xp.where(distance < 0, -1.0, 1.0)

        def f(s: Array) -> Array:
            u = side * s  # the logarithm of t / (1 - t), less that of x
            fall = xp.log1p(x * xp.expm1(u))
            share = self._factor(slopes, xp.log(x) + u - fall, xp.log1p(-x) - fall)
            return xp.exp(a * u - (a + b) * fall) * share

        width = 1 / (xp.abs(distance) + xp.sqrt((a + b) * x * (1 - x)))
        return -side * _kernel(xp, a, b, x) * integral(xp, f, width)


def _kernel(xp: Namespace, a: Array, b: Array, x: Array) -> Array:
    """Return xᵃ (1 - x)ᵇ / B(a, b), by what x and a / (a + b) differ in, so that large terms do not cancel."""
    total, rest = a + b, 1 - x
    difference = b * x - a * rest
    exponent = a * log_ratio(xp, difference / a, x * total / a) + b * log_ratio(xp, -difference / b, rest * total / b)
    exponent = exponent + xp.log(a / total * b / (2 * math.pi)) / 2
    return xp.exp(exponent + stirling_rest(xp, total) - stirling_rest(xp, a) - stirling_rest(xp, b))
