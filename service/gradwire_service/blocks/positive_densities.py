"""Log densities of the distributions of positive numbers, and of numbers between 0 and 1."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

from gradwire_service.blocks.densities import HALF_LOG_TAU, LOG_TWO, LogDensity, supported, valid
from gradwire_service.ops.base import Value
from gradwire_service.ops.functions import betaln, isinf, lgamma, log, logical_and, logical_or, square, xlog1py, xlogy


@final
@dataclass(frozen=True)
class ExponentialLogpdf(LogDensity, name="exponential_logpdf"):
    """Log density of the exponential distribution, y = -x / scale - log scale where x ≥ 0, else -inf.

    Shapes: x and scale broadcast, y has their shape.
    Units: x and scale share one, of which the density has the reciprocal; scale, the reciprocal of the rate, > 0.
    Kinks: at x = 0 the derivative is the limit from above; where scale ≤ 0, y is NaN or -inf.
    Source: Johnson, Kotz & Balakrishnan (1994), "Continuous univariate distributions", volume 1, chapter 19; SciPy,
        `stats.expon`.
    """

    def expand(self, x: Value, scale: Value) -> Value:
        return supported(-x / scale - log(scale), outside=x < 0)


@final
@dataclass(frozen=True)
class GammaLogpdf(LogDensity, name="gamma_logpdf"):
    """Log density of the gamma distribution, y = (a - 1) log z - z - log(scale Γ(a)), z = x / scale, where x ≥ 0.

    Shapes: x, a and scale broadcast, y has their shape.
    Units: x and scale share one, of which the density has the reciprocal; a dimensionless; a and scale > 0.
    Kinks: where x < 0, y is -inf; at x = 0 it is inf for a < 1, -log scale for a = 1, -inf for a > 1, and the
        derivatives are the limits from above, but for that by a, 0 log 0 = 0; where a or scale ≤ 0, y is NaN or -inf.
    Source: Johnson, Kotz & Balakrishnan (1994), "Continuous univariate distributions", volume 1, chapter 17; SciPy,
        `stats.gamma`.
    """

    def expand(self, x: Value, a: Value, scale: Value) -> Value:
        inside = xlogy(a - 1, x) - x / scale - lgamma(a) - a * log(scale)
        return supported(valid(inside, a > 0), outside=logical_or(x < 0, isinf(x)))


@final
@dataclass(frozen=True)
class InverseGammaLogpdf(LogDensity, name="inverse_gamma_logpdf"):
    """Log density of the inverse gamma distribution, y = -(a + 1) log z - 1/z - log(scale Γ(a)), z = x / scale > 0.

    Shapes: x, a and scale broadcast, y has their shape.
    Units: x and scale share one, of which the density has the reciprocal; a dimensionless; a and scale > 0.
    Kinks: where x ≤ 0, y is -inf and the derivatives are 0; where a or scale ≤ 0, y is NaN or -inf.
    Source: Gelman et al. (2013), "Bayesian data analysis", appendix A; SciPy, `stats.invgamma`.
    """

    def expand(self, x: Value, a: Value, scale: Value) -> Value:
        z = x / scale
        inside = -(a + 1) * log(z) - 1 / z - lgamma(a) - log(scale)
        return supported(valid(inside, a > 0), outside=x <= 0)


@final
@dataclass(frozen=True)
class LognormalLogpdf(LogDensity, name="lognormal_logpdf"):
    """Log density of the lognormal distribution, y = -(log(x / scale) / s)²/2 - log(s x √(2π)) where x > 0.

    The logarithm of x has mean log scale and standard deviation s.

    Shapes: x, s and scale broadcast, y has their shape.
    Units: x and scale share one, of which the density has the reciprocal; s dimensionless; s and scale > 0.
    Kinks: where x ≤ 0, y is -inf and the derivatives are 0; where s or scale ≤ 0, y is NaN or -inf.
    Source: Johnson, Kotz & Balakrishnan (1994), "Continuous univariate distributions", volume 1, chapter 14; SciPy,
        `stats.lognorm`.
    """

    def expand(self, x: Value, s: Value, scale: Value) -> Value:
        inside = -0.5 * square(log(x / scale) / s) - log(s) - log(x) - HALF_LOG_TAU
        return supported(inside, outside=x <= 0)


@final
@dataclass(frozen=True)
class HalfNormalLogpdf(LogDensity, name="half_normal_logpdf"):
    """Log density of the half-normal distribution, y = -(x / scale)²/2 + log(2 / (scale √(2π))) where x ≥ 0, else -inf.

    Shapes: x and scale broadcast, y has their shape.
    Units: x and scale share one, of which the density has the reciprocal; scale > 0.
    Kinks: at x = 0 the derivative is the limit from above; where scale ≤ 0, y is NaN or -inf.
    Source: Gelman (2006), "Prior distributions for variance parameters in hierarchical models"; SciPy,
        `stats.halfnorm`.
    """

    def expand(self, x: Value, scale: Value) -> Value:
        inside = -0.5 * square(x / scale) - log(scale) + (LOG_TWO - HALF_LOG_TAU)
        return supported(inside, outside=x < 0)


@final
@dataclass(frozen=True)
class WeibullLogpdf(LogDensity, name="weibull_logpdf"):
    """Log density of the Weibull distribution, y = log(c / scale) + (c - 1) log z - z^c, z = x / scale, where x ≥ 0.

    Shapes: x, c and scale broadcast, y has their shape.
    Units: x and scale share one, of which the density has the reciprocal; c dimensionless; c and scale > 0.
    Kinks: where x < 0, y is -inf; at x = 0 it is inf for c < 1, -log scale for c = 1, -inf for c > 1, and the
        derivatives are the limits from above, but for that by scale, NaN for c < 1, and for that by c, of which it
        takes 0 log 0 = 0; where c or scale ≤ 0, y is NaN or -inf.
    Source: Johnson, Kotz & Balakrishnan (1994), "Continuous univariate distributions", volume 1, chapter 21; SciPy,
        `stats.weibull_min`.
    """

    def expand(self, x: Value, c: Value, scale: Value) -> Value:
        inside = log(c) + xlogy(c - 1, x) - (x / scale) ** c - c * log(scale)
        return supported(inside, outside=logical_or(x < 0, isinf(x)))


@final
@dataclass(frozen=True)
class ParetoLogpdf(LogDensity, name="pareto_logpdf"):
    """Log density of the Pareto distribution, y = log(b / scale) - (b + 1) log(x / scale) where x ≥ scale, else -inf.

    Shapes: x, b and scale broadcast, y has their shape.
    Units: x and scale share one, of which the density has the reciprocal; b dimensionless; b and scale > 0.
    Kinks: at x = scale the derivatives are the limits from inside; where b or scale ≤ 0, y is NaN or -inf.
    Source: Johnson, Kotz & Balakrishnan (1994), "Continuous univariate distributions", volume 1, chapter 20; SciPy,
        `stats.pareto`.
    """

    def expand(self, x: Value, b: Value, scale: Value) -> Value:
        inside = log(b) - (b + 1) * log(x / scale) - log(scale)
        return supported(inside, outside=x < scale)


@final
@dataclass(frozen=True)
class BetaLogpdf(LogDensity, name="beta_logpdf"):
    """Log density of the beta distribution, y = (a - 1) log x + (b - 1) log(1 - x) - log B(a, b) where 0 ≤ x ≤ 1.

    Shapes: x, a and b broadcast, y has their shape.
    Units: all dimensionless; a and b > 0.
    Kinks: where x < 0 or x > 1, y is -inf; at x = 0 and x = 1 it is inf, finite or -inf as a, or b, is less than 1, 1
        or more, and the derivatives are the limits from inside; where a or b ≤ 0, y is NaN or -inf.
    Source: Johnson, Kotz & Balakrishnan (1995), "Continuous univariate distributions", volume 2, chapter 25; SciPy,
        `stats.beta`.
    """

    def expand(self, x: Value, a: Value, b: Value) -> Value:
        inside = xlogy(a - 1, x) + xlog1py(b - 1, -x) - betaln(a, b)
        proper = logical_and(a > 0, b > 0)
        return supported(valid(inside, proper), outside=logical_or(x < 0, x > 1))
