"""Log probabilities of counts: how often, how long until, which of several."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, final

from gradwire_service.blocks.densities import LogDensity, supported, valid
from gradwire_service.graph import INT64
from gradwire_service.graph.types import ElementType
from gradwire_service.ops.base import Value
from gradwire_service.ops.functions import (
    astype,
    betaln,
    equal,
    floor,
    isinf,
    isnan,
    lgamma,
    log,
    log1p,
    log_binom,
    log_sigmoid,
    logical_and,
    logical_or,
    not_equal,
    where,
    xlog1py,
    xlogy,
)


class LogProbability(LogDensity):
    """The logarithm of the probability of a count k, which may be of an integer or a floating type.

    What is no whole number has the probability 0. By a floating k there is a derivative, that of the formula.
    """

    unpromoted: ClassVar[Mapping[int, ElementType]] = {0: INT64}


def as_floating(k: Value, parameter: Value) -> Value:
    """Give integers the element type of a parameter."""
    return k if k.element_type.is_floating else astype(k, element_type=parameter.element_type)


def counted(y: Value, k: Value, *, outside: Value) -> Value:
    """Return -inf for what is no count of the support, y elsewhere."""
    if k.element_type.is_floating:
        outside = logical_or(outside, logical_or(k - floor(k) > 0, isinf(k)))
    return supported(y, outside=outside)


def binary(y: Value, k: Value) -> Value:
    """Return -inf for what is neither 0 nor 1, y elsewhere."""
    y = supported(y, outside=logical_and(not_equal(k, 0), not_equal(k, 1)))
    return where(isnan(k), math.nan, y) if k.element_type.is_floating else y


def probable(p: Value) -> Value:
    """Tell whether a parameter is a probability."""
    return logical_and(p >= 0, p <= 1)


@final
@dataclass(frozen=True)
class PoissonLogpmf(LogProbability, name="poisson_logpmf"):
    """Log probability of k events, y = k log mu - mu - log k!, with 0 log 0 = 0.

    Shapes: k and mu broadcast, y has their shape.
    Units: all dimensionless; k = 0, 1, …; mu ≥ 0.
    Kinks: y is -inf for other k; at mu = 0 the derivative by mu is inf, or -1 where k = 0; where mu < 0, y is NaN
        or -inf.
    Source: Johnson, Kemp & Kotz (2005), "Univariate discrete distributions", chapter 4; SciPy, `stats.poisson`.
    """

    def expand(self, k: Value, mu: Value) -> Value:
        count = as_floating(k, mu)
        inside = xlogy(count, mu) - mu - lgamma(count + 1)
        return counted(valid(inside, mu >= 0), k, outside=k < 0)


@final
@dataclass(frozen=True)
class BernoulliLogpmf(LogProbability, name="bernoulli_logpmf"):
    """Log probability of k = 1 or k = 0, y = log p or y = log(1 - p).

    Shapes: k and p broadcast, y has their shape.
    Units: all dimensionless; p in [0, 1].
    Kinks: y is -inf for other k; where y is -inf at p = 0 or p = 1 the derivative is infinite, the one-sided limit;
        where p is no probability, y is NaN or -inf.
    Source: Bishop (2006), "Pattern recognition and machine learning", section 2.1; SciPy, `stats.bernoulli`.
    """

    def expand(self, k: Value, p: Value) -> Value:
        inside = where(equal(k, 1), log(p), log1p(-p))
        return binary(valid(inside, probable(p)), k)


@final
@dataclass(frozen=True)
class BernoulliLogitsLogpmf(LogProbability, name="bernoulli_logits_logpmf"):
    """Log probability of k = 1 or k = 0, y = log σ(x) or y = log σ(-x), where x are logits; it does not underflow.

    Shapes: k and logits broadcast, y has their shape.
    Units: all dimensionless.
    Kinks: y is -inf for other k.
    Source: Bishop (2006), "Pattern recognition and machine learning", section 2.1.
    """

    def expand(self, k: Value, logits: Value) -> Value:
        return binary(where(equal(k, 1), log_sigmoid(logits), log_sigmoid(-logits)), k)


@final
@dataclass(frozen=True)
class BinomialLogpmf(LogProbability, name="binomial_logpmf"):
    """Log probability of k successes in n trials, y = log (n over k) + k log p + (n - k) log(1 - p), with 0 log 0 = 0.

    Shapes: k, n and p broadcast, y has their shape.
    Units: all dimensionless; n = 0, 1, …; k = 0, …, n; p in [0, 1].
    Kinks: y is -inf for other k; where y is -inf at p = 0 or p = 1 the derivative by p is infinite, the one-sided
        limit; where n < 0 or p is no probability, y is NaN or -inf.
    Source: Johnson, Kemp & Kotz (2005), "Univariate discrete distributions", chapter 3; SciPy, `stats.binom`.
    """

    unpromoted: ClassVar[Mapping[int, ElementType]] = {0: INT64, 1: INT64}

    def expand(self, k: Value, n: Value, p: Value) -> Value:
        count, trials = as_floating(k, p), as_floating(n, p)
        inside = log_binom(trials, count) + xlogy(count, p) + xlog1py(trials - count, -p)
        return counted(valid(inside, probable(p)), k, outside=logical_or(k < 0, count > trials))


@final
@dataclass(frozen=True)
class NegativeBinomialLogpmf(LogProbability, name="negative_binomial_logpmf"):
    """Log probability of k failures before n successes, y = log Γ(n + k)/(k! Γ(n)) + n log p + k log(1 - p).

    Shapes: k, n and p broadcast, y has their shape.
    Units: all dimensionless; k = 0, 1, …; n > 0, not only whole; p in (0, 1].
    Kinks: y is -inf for other k; at p = 1 the derivative by p is -inf, or n where k = 0; where n ≤ 0 or p is not in
        [0, 1], y is NaN or -inf.
    Source: Johnson, Kemp & Kotz (2005), "Univariate discrete distributions", chapter 5; SciPy, `stats.nbinom`.
    """

    def expand(self, k: Value, n: Value, p: Value) -> Value:
        count = as_floating(k, p)
        inside = n * log(p) + xlog1py(count, -p) - log(n + count) - betaln(n, count + 1)
        return counted(valid(inside, logical_and(n > 0, probable(p))), k, outside=k < 0)


@final
@dataclass(frozen=True)
class GeometricLogpmf(LogProbability, name="geometric_logpmf"):
    """Log probability that the first success is at trial k, y = (k - 1) log(1 - p) + log p, with 0 log 0 = 0.

    Shapes: k and p broadcast, y has their shape.
    Units: all dimensionless; k = 1, 2, …; p in (0, 1].
    Kinks: y is -inf for other k; at p = 1 the derivative by p is -inf, or 1 where k = 1; where p is not in [0, 1], y
        is NaN or -inf.
    Source: Johnson, Kemp & Kotz (2005), "Univariate discrete distributions", section 5.2; SciPy, `stats.geom`.
    """

    def expand(self, k: Value, p: Value) -> Value:
        count = as_floating(k, p)
        inside = xlog1py(count - 1, -p) + log(p)
        return counted(valid(inside, probable(p)), k, outside=k < 1)
