"""What the derivatives of distribution functions by their parameters are made of.

A distribution function is an integral of a density, I = ∫ p dt. Differentiated m times by one parameter and n times by
another, the density is p times a polynomial in the derivatives of log p, and the integral over all t is zero: that
over either tail will do. The smaller one is taken, where log p falls from its end on, so that nothing cancels.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, Final

import numpy as np

from gradwire_service.graph import Array
from gradwire_service.ops.base import Namespace, Value
from gradwire_service.ops.functions import equal, where

Term = Any
"""An array, or a value of a graph: a rule and its evaluation share formulas."""

STEP: Final = 3 / 64
PLACES: Final = STEP * np.arange(-80, 108)
NODES: Final = np.exp(PLACES - np.exp(-PLACES))
WEIGHTS: Final = STEP * NODES * (1 + np.exp(-PLACES))

TOGETHER: Final = 4096
"""Numbers that are computed at a time: of small arrays, several nodes; of large ones, one."""

STIRLING: Final = (1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156)


def integral(xp: Namespace, f: Callable[[Array], Array], width: Array) -> Array:
    """Integrate from 0 to ∞ what falls off within some widths: ∫ f(s) ds by the double exponential formula.

    Args:
        xp: namespace of the arrays.
        f: the integrand; its s has a first axis more than the widths.
        width: a length, shape [...].

    Returns: the integral, shape [...]; for f of one sign to some units in the 14th digit.
    Source: Takahasi & Mori (1974), "Double exponential formulas for numerical integration", for s = exp(u - e^-u).
    """
    step = max(1, TOGETHER // max(1, math.prod(width.shape)))
    total: Any = 0.0
    for i in range(0, len(NODES), step):
        nodes, weights = (
            xp.reshape(xp.asarray(x[i : i + step]), (-1, *[1] * len(width.shape))) for x in (NODES, WEIGHTS)
        )
        total = total + xp.sum(weights * f(nodes * width), axis=0)
    return total * width


def factor(slope: Callable[[int, int], Term], m: int, n: int) -> Term:
    """Return what p is multiplied by when it is differentiated m times by one parameter and n times by another.

    Args:
        slope: derivative of log p of these orders.
        m: how often by the one.
        n: how often by the other.

    Source: the complete Bell polynomials in two variables; Comtet (1974), "Advanced Combinatorics", section 3.3.
    """

    def terms(m: int, n: int) -> Iterator[Term]:
        by_first = m > 0
        for i in range(m if by_first else 1):
            for j in range(n + 1 if by_first else n):
                weight = math.comb(m - by_first, i) * math.comb(n - (not by_first), j)
                orders = (i + 1, j) if by_first else (i, j + 1)
                yield weight * slope(*orders) * polynomial(m - orders[0], n - orders[1])

    @cache
    def polynomial(m: int, n: int) -> Term:
        if m == n == 0:
            return 1.0
        total, *rest = terms(m, n)
        for term in rest:
            total = total + term
        return total

    return polynomial(m, n)


def weighted(density: Value, factor: Value) -> Value:
    """Multiply a density by what its derivative has beside it: logarithms, which may be infinite where it is 0."""
    return where(equal(density, 0), 0, density * factor)


def polygamma(xp: Namespace, n: int, x: Array) -> Array:
    """Return the n-th derivative of the digamma function at positive numbers, itself for n = 0."""
    return xp.polygamma(n, x) if n else xp.digamma(x)


def stirling_rest(xp: Namespace, z: Array) -> Array:
    """Return log Γ(z) - ((z - ½) log z - z + ½ log 2π), without cancellation where z is large.

    Source: NIST Digital Library of Mathematical Functions, section 5.11.
    """
    far = xp.maximum(z, 10.0)
    rest = xp.zeros_like(far)
    for coefficient in reversed(STIRLING):
        rest = rest / (far * far) + coefficient
    near = xp.minimum(z, 10.0)
    direct = xp.gammaln(near) - ((near - 0.5) * xp.log(near) - near + math.log(2 * math.pi) / 2)
    return xp.where(z < 10, direct, rest / far)


def log_ratio(xp: Namespace, difference: Array, ratio: Array) -> Array:
    """Return the logarithm of a ratio, by its difference from 1 where that is small."""
    return xp.where(xp.abs(difference) < 0.5, xp.log1p(xp.maximum(difference, -0.5)), xp.log(ratio))
