"""The normal distribution function and its logarithm, in the tails too; its inverse is the op `ndtri`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

from gradwire_service.blocks.densities import HALF_LOG_TAU
from gradwire_service.graph import FLOAT32, FLOAT64
from gradwire_service.graph.types import ElementType
from gradwire_service.ops.base import Composite, Elementwise, Value
from gradwire_service.ops.functions import erfc, log, log1p, ndtr, reciprocal, square, where

FAR: Mapping[ElementType, float] = {FLOAT64: -14.0, FLOAT32: -10.0}
"""Where twelve terms of the asymptotic series are exact to rounding; below, Φ itself would underflow."""

SERIES = [(-1.0) ** k * math.prod(range(1, 2 * k, 2)) for k in range(13)]
"""Φ(x) = φ(x)/|x| (1 - 1/x² + 3/x⁴ - 15/x⁶ + …) far below zero."""


@final
@dataclass(frozen=True)
class Ndtr(Composite, Elementwise, name="ndtr"):
    """Normal distribution function, y = Φ(x) = erfc(-x/√2)/2, exact in the tail below zero too.

    Shapes: x is [...], y is [...].
    Units: x dimensionless, y dimensionless in [0, 1].
    Source: NIST Digital Library of Mathematical Functions, section 7.18; SciPy, `ndtr`.
    """

    def expand(self, x: Value) -> Value:
        self.check_domain(x.element_type)
        return 0.5 * erfc(-math.sqrt(1 / 2) * x)


@final
@dataclass(frozen=True)
class LogNdtr(Composite, Elementwise, name="log_ndtr"):
    """Logarithm of the normal distribution function, y = log Φ(x), where Φ underflows too.

    Far below zero it is an asymptotic series, so that the derivative, the inverse Mills ratio φ(x)/Φ(x) ≈ -x, and the
    second are as exact there as y. Above zero it is log(1 - Φ(-x)).

    Shapes: x is [...], y is [...].
    Units: x and y dimensionless.
    Kinks: none.
    Source: NIST Digital Library of Mathematical Functions, section 7.12; SciPy, `log_ndtr`.
    """

    def expand(self, x: Value) -> Value:
        self.check_domain(x.element_type)
        limit = FAR[x.element_type]
        is_far = x < limit
        far, near = where(is_far, x, limit), where(is_far, limit, x)  # neither branch sees where it overflows
        u = reciprocal(square(far))
        series = SERIES[-1] * u + SERIES[-2]
        for coefficient in SERIES[-3::-1]:
            series = series * u + coefficient
        tail = log(series) - square(far) / 2 - log(-far) - HALF_LOG_TAU
        above = where(near > 0, near, 0)
        return where(is_far, tail, where(near > 0, log1p(-ndtr(-above)), log(ndtr(near))))
