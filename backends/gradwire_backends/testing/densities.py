"""Samples of log densities and log probabilities, of the normal distribution function, and of beta functions.

Each is tried inside its support in both precisions, broadcast, and at the edges: where the support ends, beyond it, at
NaN and infinity, and for parameters of no distribution. The independent source is `scipy.stats` or `scipy.special`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from scipy import special, stats

from gradwire_backends.testing.elementwise import PRECISIONS, Interval, in_double, points
from gradwire_backends.testing.sample import Sample
from gradwire_service.graph import Array

Expected = Callable[..., Any]

Edge = tuple[float, ...]
"""A number for each input."""

INF, NAN = math.inf, math.nan

SHAPES = ((3, 4), (4,), (3, 1), ())
"""Of the point, and of the parameters."""

COUNTS = np.array([[0, 3, 1, 2], [5, 1, 0, 4], [2, 2, 7, 0]])


def density(
    op: str, f: Expected, *within: Interval | Array, edges: Sequence[Edge] = (), **attributes: Any
) -> Iterator[Sample]:
    """Sample an elementwise function of a point and of parameters.

    Args:
        op: its name.
        f: its value.
        within: for each input the interval in which it is smooth, or integers, which it takes there.
        edges: where it is not smooth.
        attributes: settings of the op.
    """
    inputs = [
        x if isinstance(x, np.ndarray) else points(shape, (x,), 0.6180339887498949 + 0.1 * i)
        for i, (x, shape) in enumerate(zip(within, SHAPES, strict=False))
    ]
    for dtype in PRECISIONS:
        arrays = tuple(x.astype(dtype) if x.dtype.kind == "f" else x for x in inputs)
        yield Sample(op, arrays, in_double(f), attributes)
        if edges:
            columns = tuple(np.array(edges, dtype).T.copy())
            yield Sample(op, columns, in_double(f), attributes, "edges", smooth=False)


def on_the_line() -> Iterator[Sample]:
    """Sample the distributions with a location and a scale."""
    edges: Sequence[Edge]
    for op, f in (
        ("normal_logpdf", stats.norm.logpdf),
        ("cauchy_logpdf", stats.cauchy.logpdf),
        ("laplace_logpdf", laplace),
        ("logistic_logpdf", stats.logistic.logpdf),
    ):
        edges = [(1, 1, 2), (800, 0, 1), (INF, 0, 1), (-INF, 0, 1), (NAN, 0, 1), (0, 0, -1), (0, NAN, 1), (0, 0, NAN)]
        yield from density(op, f, (1.5, 3.0), (-1.0, 1.0), (0.5, 2.0), edges=edges)
    edges = [(1, 2, 2, 3), (1, 2, 0, 0.5), (0, 3, 2, -2), (3, 3, 2, -2), (NAN, 3, 0, 1), (1e6, 1, 0, 1)]
    yield from density("student_t_logpdf", student_t, (1.5, 3.0), (1.5, 6.0), (-1.0, 1.0), (0.5, 2.0), edges=edges)
    edges = [(0.5, 0.5, 2), (2.5, 0.5, 2), (2.6, 0.5, 2), (0.4, 0.5, 2), (INF, 0, 1), (NAN, 0, 1), (1, 0, NAN)]
    yield from density("uniform_logpdf", uniform, (1.0, 1.4), (-1.0, 0.5), (2.6, 4.0), edges=edges)


def student_t(x: Array, df: Array, loc: Array, scale: Array) -> Any:
    """Compute by SciPy, with the arguments in our order."""
    return stats.t.logpdf(x, df, loc, scale)


def laplace(x: Array, loc: Array, scale: Array) -> Any:
    """Compute -|z| - log(2 scale); SciPy's underflows."""
    return -np.abs(x - loc) / scale - np.log(2 * scale)


def uniform(x: Array, loc: Array, scale: Array) -> Any:
    """Compute by SciPy, which has -inf at NaN."""
    return np.where(np.isnan(x), NAN, stats.uniform.logpdf(x, loc, scale))


def of_positive_numbers() -> Iterator[Sample]:
    """Sample the distributions of positive numbers, and of those between 0 and 1."""
    nothing: Sequence[Edge]
    edges: Sequence[Edge]
    nothing = [(-1, 1), (NAN, 1), (INF, 1), (1, -1), (1, NAN), (0, 2)]
    for op, f in (("exponential_logpdf", stats.expon.logpdf), ("half_normal_logpdf", stats.halfnorm.logpdf)):
        yield from density(op, scaled(f), (0.3, 3.0), (0.5, 2.0), edges=nothing)
    nothing = [(-1, 2, 1), (NAN, 2, 1), (INF, 2, 1), (1, -0.5, 1), (1, 2, -1), (1, NAN, 1), (1, 1, NAN)]
    ends: list[Edge] = [(0, 0.5, 2), (0, 1, 2), (0, 3, 2)]
    for op, f, low, edges in (
        ("gamma_logpdf", stats.gamma.logpdf, 0.3, ends),
        ("inverse_gamma_logpdf", stats.invgamma.logpdf, 0.3, [(1e-3, 2, 1)]),
        ("lognormal_logpdf", stats.lognorm.logpdf, 0.3, [(1e-30, 2, 1)]),
        ("weibull_logpdf", stats.weibull_min.logpdf, 0.3, ends),
        ("pareto_logpdf", stats.pareto.logpdf, 2.2, [(2, 1.5, 2), (1.9, 1.5, 2)]),
    ):
        yield from density(op, scaled(f), (low, 4.0), (0.7, 3.0), (0.5, 2.0), edges=[*nothing, *edges])
    edges = [(0, 0.5, 2), (0, 1, 2), (0, 2, 3), (1, 2, 0.5), (1, 2, 1), (1, 1, 3), (-0.1, 2, 2), (1.1, 2, 2)]
    edges = [*edges, (NAN, 2, 2), (0.5, -0.5, 2), (0.5, 2, -0.5), (0.5, NAN, 2)]
    yield from density("beta_logpdf", stats.beta.logpdf, (0.1, 0.9), (0.7, 3.0), (0.5, 2.0), edges=edges)


def scaled(f: Expected) -> Expected:
    """Fill the place of SciPy's location, and take the limit at infinity."""

    def at_the_origin(x: Array, *parameters: Array) -> Any:
        *shapes, scale = parameters
        return np.where(np.isposinf(x), -INF, f(x, *shapes, 0, scale))

    return at_the_origin


def of_counts() -> Iterator[Sample]:
    """Sample the distributions of counts, given as integers and as floating numbers."""
    edges: list[Edge]
    edges = [(-1, 1.5), (0.5, 1.5), (NAN, 1.5), (2, -1), (2, NAN), (0, 0), (2, 0)]
    yield from density("poisson_logpmf", stats.poisson.logpmf, COUNTS, (0.5, 3.0), edges=edges)
    truths = COUNTS % 2
    edges = [(0, 0), (1, 0), (0, 1), (1, 1), (2, 0.5), (-1, 0.5), (0.5, 0.5), (NAN, 0.5), (1, -0.1), (0, 1.5), (1, NAN)]
    yield from density("bernoulli_logpmf", stats.bernoulli.logpmf, truths, (0.2, 0.8), edges=edges)
    edges = [(0, 800), (1, 800), (0, -800), (1, -800), (1, -INF), (0, -INF), (2, 0.5), (0.5, 0.5), (1, NAN), (NAN, 1)]
    yield from density("bernoulli_logits_logpmf", of_logits, truths, (-2.0, 2.0), edges=edges)
    trials = np.array([7, 8, 9, 7])
    edges = [
        (0, 0, 0.5),
        (1, 3, 0.5),
        (3, 3, 1),
        (0, 3, 0),
        (1, 3, 0),
        (2, 3, 1),
        (4, 3, 0.5),
        (-1, 3, 0.5),
        (1.5, 3, 0.5),
    ]
    edges += [(1, 3, -0.1), (1, 3, NAN), (NAN, 3, 0.5)]
    yield from density("binomial_logpmf", stats.binom.logpmf, COUNTS, trials, (0.1, 0.9), edges=edges)
    edges = [
        (0, 2, 1),
        (1, 2, 0.5),
        (1, 2, 1),
        (-1, 2, 0.5),
        (0.5, 2, 0.5),
        (1, -2, 0.5),
        (1, 2, 1.5),
        (1, 2, NAN),
        (NAN, 2, 0.5),
    ]
    yield from density("negative_binomial_logpmf", stats.nbinom.logpmf, COUNTS, (0.5, 4.0), (0.1, 0.9), edges=edges)
    edges = [(1, 1), (2, 1), (0, 0.5), (1.5, 0.5), (2, 1.5), (2, NAN), (NAN, 0.5), (INF, 0.5)]
    yield from density("geometric_logpmf", stats.geom.logpmf, COUNTS + 1, (0.2, 0.8), edges=edges)


def of_logits(k: Array, x: Array) -> Any:
    """Compute the log probability of a success or a failure from logits."""
    y = np.where(k == 1, special.log_expit(x), np.where(k == 0, special.log_expit(-x), -INF))
    return np.where(np.isnan(k), NAN, y)


SAMPLES: tuple[Sample, ...] = (*on_the_line(), *of_positive_numbers(), *of_counts())
"""Every log density of a number."""
