"""Log densities of the distributions on the line that are moved by a location and stretched by a scale."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

from gradwire_service.blocks.densities import HALF_LOG_TAU, LOG_PI, LOG_TWO, LogDensity, supported, valid
from gradwire_service.ops.base import Value
from gradwire_service.ops.functions import abs as abs_
from gradwire_service.ops.functions import betaln, isnan, log, log1p, logical_not, logical_or, softplus, square


@final
@dataclass(frozen=True)
class NormalLogpdf(LogDensity, name="normal_logpdf"):
    """Log density of the normal distribution, y = -z²/2 - log(scale √(2π)), where z = (x - loc) / scale.

    Shapes: x, loc and scale broadcast, y has their shape.
    Units: x, loc and scale share one, of which the density has the reciprocal; scale > 0.
    Kinks: where scale ≤ 0, y is NaN.
    Source: Johnson, Kotz & Balakrishnan (1994), "Continuous univariate distributions", volume 1, chapter 13; SciPy,
        `stats.norm`.
    """

    def expand(self, x: Value, loc: Value, scale: Value) -> Value:
        return -0.5 * square((x - loc) / scale) - log(scale) - HALF_LOG_TAU


@final
@dataclass(frozen=True)
class StudentTLogpdf(LogDensity, name="student_t_logpdf"):
    """Log density of Student's t, y = -(df + 1)/2 log(1 + z²/df) - log(scale √df B(½, df/2)), z = (x - loc) / scale.

    Shapes: x, df, loc and scale broadcast, y has their shape.
    Units: x, loc and scale share one, of which the density has the reciprocal; df dimensionless; df and scale > 0.
    Kinks: where df or scale ≤ 0, or df = inf, y is NaN.
    Source: Johnson, Kotz & Balakrishnan (1995), "Continuous univariate distributions", volume 2, chapter 28; SciPy,
        `stats.t`.
    """

    def expand(self, x: Value, df: Value, loc: Value, scale: Value) -> Value:
        z = (x - loc) / scale
        return -(df + 1) / 2 * log1p(square(z) / df) - betaln(0.5, df / 2) - log(df) / 2 - log(scale)


@final
@dataclass(frozen=True)
class CauchyLogpdf(LogDensity, name="cauchy_logpdf"):
    """Log density of the Cauchy distribution, y = -log(1 + z²) - log(π scale), where z = (x - loc) / scale.

    Shapes: x, loc and scale broadcast, y has their shape.
    Units: x, loc and scale share one, of which the density has the reciprocal; scale > 0.
    Kinks: where scale ≤ 0, y is NaN.
    Source: Johnson, Kotz & Balakrishnan (1994), "Continuous univariate distributions", volume 1, chapter 16; SciPy,
        `stats.cauchy`.
    """

    def expand(self, x: Value, loc: Value, scale: Value) -> Value:
        return -log1p(square((x - loc) / scale)) - log(scale) - LOG_PI


@final
@dataclass(frozen=True)
class LaplaceLogpdf(LogDensity, name="laplace_logpdf"):
    """Log density of the Laplace distribution, y = -|x - loc| / scale - log(2 scale).

    Shapes: x, loc and scale broadcast, y has their shape.
    Units: x, loc and scale share one, of which the density has the reciprocal; scale > 0.
    Kinks: at x = loc the derivatives by x and loc are 0; where scale ≤ 0, y is NaN.
    Source: Johnson, Kotz & Balakrishnan (1995), "Continuous univariate distributions", volume 2, chapter 24; SciPy,
        `stats.laplace`.
    """

    def expand(self, x: Value, loc: Value, scale: Value) -> Value:
        return -abs_(x - loc) / scale - log(scale) - LOG_TWO


@final
@dataclass(frozen=True)
class LogisticLogpdf(LogDensity, name="logistic_logpdf"):
    """Log density of the logistic distribution, y = log σ(z) + log σ(-z) - log scale, where z = (x - loc) / scale.

    Shapes: x, loc and scale broadcast, y has their shape.
    Units: x, loc and scale share one, of which the density has the reciprocal; scale > 0.
    Kinks: where scale ≤ 0, y is NaN.
    Source: Johnson, Kotz & Balakrishnan (1995), "Continuous univariate distributions", volume 2, chapter 23; SciPy,
        `stats.logistic`.
    """

    def expand(self, x: Value, loc: Value, scale: Value) -> Value:
        z = (x - loc) / scale
        return -softplus(z) - softplus(-z) - log(scale)


@final
@dataclass(frozen=True)
class UniformLogpdf(LogDensity, name="uniform_logpdf"):
    """Log density of the uniform distribution, y = -log scale where loc ≤ x ≤ loc + scale, else -inf.

    Shapes: x, loc and scale broadcast, y has their shape.
    Units: x, loc and scale share one, of which the density has the reciprocal; scale > 0.
    Kinks: the derivatives by x and loc are 0; where scale ≤ 0, y is NaN or -inf.
    Source: Johnson, Kotz & Balakrishnan (1995), "Continuous univariate distributions", volume 2, chapter 26; SciPy,
        `stats.uniform`.
    """

    def expand(self, x: Value, loc: Value, scale: Value) -> Value:
        inside = valid(-log(scale), logical_not(isnan(x - loc)))
        return supported(inside, outside=logical_or(x < loc, x > loc + scale))
