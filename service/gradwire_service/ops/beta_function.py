"""The beta function, whose logarithm is small where those of the gamma functions are large."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, final

from gradwire_service.graph import Array
from gradwire_service.ops.base import Elementwise, Namespace, Partial, Value
from gradwire_service.ops.functions import digamma

BERNOULLI = (1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156)
"""Stirling's series: B₂ₖ / (2k (2k - 1)), exact to rounding from x = 10 on."""


@final
@dataclass(frozen=True)
class BetaLn(Elementwise, name="betaln"):
    """Logarithm of the beta function, y = log |Γ(a) Γ(b) / Γ(a + b)|.

    Three logarithms of gamma functions would cancel where an argument is large; what Stirling's formula leaves of them
    does not: y = s(a) + s(b) - s(a + b) - (a - ½) log(1 + b/a) - b log(1 + a/b) - log(b / 2π)/2, where a < b.

    Shapes: a and b broadcast, y has their shape.
    Units: all dimensionless.
    Kinks: at the poles of Γ(a) and Γ(b), which are 0 and the negative integers, y is inf; of negative numbers, three
        logarithms are added after all; where one is inf, y is -inf.
    Source: NIST Digital Library of Mathematical Functions, sections 5.11 and 5.12; SciPy, `betaln`.
    """

    singular: ClassVar[bool] = True
    latex: ClassVar[str] = r"\log B\left({0}, {1}\right)"
    work: ClassVar[float] = 150

    def evaluate(self, xp: Namespace, a: Array, b: Array) -> Array:
        p, q = xp.where(xp.real(a) < xp.real(b), a, b), xp.where(xp.real(a) < xp.real(b), b, a)
        bend = xp.log1p(p / q)
        rest = _remainder(xp, p) + _remainder(xp, q) - _remainder(xp, p + q)
        y = rest - (p - 0.5) * (xp.log(q) - xp.log(p) + bend) - q * bend - xp.log(q / (2 * math.pi)) / 2
        y = xp.where(p == 0, xp.inf, xp.where(xp.isinf(q), -xp.inf, y))
        plain = xp.gammaln(p) + xp.gammaln(q) - xp.gammaln(p + q)
        return xp.where(xp.real(p) < 0, plain, y)

    def partials(self, y: Value, a: Value, b: Value) -> tuple[Partial, Partial]:
        total = digamma(a + b)
        return digamma(a) - total, digamma(b) - total


def _remainder(xp: Namespace, x: Array) -> Array:
    """Return what Stirling's formula leaves of log Γ(x): log Γ(x) - (x - ½) log x + x - log(2π)/2."""
    near = xp.real(x) < 10
    far = xp.where(near, 10, x)
    square, series = 1 / far / far, BERNOULLI[-1] + 0 * far
    for coefficient in BERNOULLI[-2::-1]:
        series = series * square + coefficient
    direct = xp.gammaln(x) - (x - 0.5) * xp.log(x) + x - math.log(2 * math.pi) / 2
    return xp.where(near, direct, series / far)
