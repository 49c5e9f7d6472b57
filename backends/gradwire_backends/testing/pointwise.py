"""Samples of the composites of one number, or of two: powers, activations, and what is made of special functions."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from scipy import special

from gradwire_backends.testing.densities import density
from gradwire_backends.testing.elementwise import AWAY_FROM_ZERO, EDGES, POSITIVE, unary
from gradwire_backends.testing.sample import Sample
from gradwire_service.graph import Array

INF, NAN = math.inf, math.nan


def activations() -> Iterator[Sample]:
    """Sample what bends at zero, or saturates."""
    far = (-40.0, 40.0)
    yield from unary("leaky_relu", partial(bent, below=lambda x: 0.01 * x), AWAY_FROM_ZERO, far=far)
    yield from unary("leaky_relu", partial(bent, below=lambda x: 0 * x), AWAY_FROM_ZERO, slope=0.0)
    yield from unary("elu", partial(bent, below=np.expm1), AWAY_FROM_ZERO, far=far)
    yield from unary("elu", partial(bent, below=lambda x: 0.5 * np.expm1(x)), AWAY_FROM_ZERO, alpha=0.5)
    yield from unary("celu", partial(bent, below=np.expm1), AWAY_FROM_ZERO, far=far)
    yield from unary("celu", partial(bent, below=lambda x: 2 * np.expm1(x / 2)), AWAY_FROM_ZERO, alpha=2.0)
    scale, alpha = 1.0507009873554804934193349852946, 1.6732632423543772848170429916717
    yield from unary("selu", lambda x: scale * bent(x, lambda x: alpha * np.expm1(x)), AWAY_FROM_ZERO, far=far)
    yield from unary("silu", lambda x: x * special.expit(x), far=far)
    yield from unary("softsign", lambda x: x / (1 + np.abs(x)), AWAY_FROM_ZERO, far=far)


def bent(x: Array, below: Any) -> Any:
    """Compute what is x above zero and another function below."""
    return np.where(x > 0, x, below(x))


def exceptions() -> Iterator[Sample]:
    """Sample what treats NaN, infinities, zero or negative numbers in a way of its own."""
    settings: Any = {"nan": -1.5, "posinf": 7.0, "neginf": -INF}
    attributes: Any
    for attributes in ({}, settings):
        for sample in unary("nan_to_num", np.nan_to_num, kinks=[1e300], **attributes):
            yield replace(sample, expected=partial(np.nan_to_num, **attributes))  # in the precision of x
    edges = [(a, b) for a in (*EDGES, 1.0, -1.0) for b in (0.5, INF, NAN)]
    yield from density("heaviside", np.heaviside, (0.5, 2.0), (-1.0, 1.0), edges=edges)
    yield from unary("entr", special.entr, POSITIVE, kinks=[1, -1, 1e-300])


def powers() -> Iterator[Sample]:
    """Sample powers and logarithms to other bases."""
    yield from unary("exp2", np.exp2, kinks=[2000, -2000, 10, -3])
    yield from unary("log2", np.log2, POSITIVE, kinks=[-1, 8, 1e-300])
    yield from unary("log10", np.log10, POSITIVE, kinks=[-1, 100, 1e-300])


def special_functions() -> Iterator[Sample]:
    """Sample what is made of gamma and Bessel functions, and of the error function."""
    edges: Any = [(0, 1), (0, 0), (0.5, 0.5), (1, 1), (30, 2), (1e10, 3), (-0.5, 0.25)]
    beyond: Any = [(INF, 1), (NAN, 1), (-1, 2)]
    yield from density("betaln", special.betaln, (0.3, 3.0), (0.5, 4.0), edges=[*edges, *beyond])
    yield from density("beta", special.beta, (0.3, 3.0), (0.5, 4.0), edges=edges[:5])
    edges = [(5, 0), (5, 5), (5, 2), (30, 3), (0, 0)]
    yield from density("log_binom", log_binom, (3.2, 6.0), (0.5, 2.5), edges=edges)
    for p in (1, 3):
        yield from unary("mvlgamma", partial(multigammaln, p=p), ((1.2, 6.0),), kinks=[], p=p)
    for op, f in (("i0", special.i0), ("i1", special.i1)):
        yield from unary(op, f, far=[-12, 0, 12], kinks=[-80, 80])
    for n in (0, 3):
        yield from unary("bessel_i", partial(special.iv, n), far=[-12, 0, 12], kinks=[-80, 80], n=n)
    yield from unary("ndtr", special.ndtr, ((-4.0, 4.0),), kinks=[-12, -30, -40, 12])
    yield from unary("log_ndtr", special.log_ndtr, ((-30.0, 4.0),), far=[-1e4, -50, 9], kinks=[-10, -14, -1e150, 40])
    yield from unary("ndtri", special.ndtri, ((0.15, 0.85),), kinks=[1, -0.1, 1.1, 0.5, 1e-30])


def log_binom(n: Array, k: Array) -> Any:
    """Compute the logarithm of a binomial coefficient."""
    return np.log(special.binom(n, k))


def multigammaln(x: Array, p: int) -> Any:
    """Compute the logarithm of the multivariate gamma function, which SciPy refuses beyond its domain."""
    terms = [special.gammaln(x - j / 2) for j in range(p)]
    return sum(terms) + p * (p - 1) / 4 * math.log(math.pi)


SAMPLES: tuple[Sample, ...] = (*activations(), *exceptions(), *powers(), *special_functions())
"""Every such composite, and the quantile of the normal distribution."""
