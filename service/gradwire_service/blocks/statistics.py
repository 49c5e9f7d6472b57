"""Statistics: how far elements lie apart."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, final

from gradwire_service.ops.base import Composite, Domain, Value, normalized_axes
from gradwire_service.ops.functions import equal, mean, sqrt, square, where
from gradwire_service.ops.functions import sum as sum_


@dataclass(frozen=True)
class Spread(Composite):
    """A measure of how far elements lie apart.

    Attributes:
        axis: the axes to reduce along, negative ones counted from the end; None for all.
        correction: degrees of freedom that are taken off the number of elements; 1 for an unbiased variance.
        keepdims: whether the axes stay, with size 1.
    """

    domain: ClassVar[Domain] = "floating"

    axis: tuple[int, ...] | None = None
    correction: float = 0.0
    keepdims: bool = False

    def variance(self, x: Value) -> Value:
        """Return the mean squared distance from the mean."""
        self.check_domain(x.element_type)
        count = math.prod(x.shape[i] for i in normalized_axes(self.axis, len(x.shape), self.name))
        distances = x - mean(x, axis=self.axis, keepdims=True)
        total = sum_(square(distances), axis=self.axis, keepdims=self.keepdims)
        return total / max(count - self.correction, 0.0)


@final
@dataclass(frozen=True)
class Variance(Spread, name="variance"):
    """Variance, y = Σ (x[i] - mean x)² / (n - correction).

    Shapes: x is [...], y lacks the reduced axes, or has them with size 1.
    Units: the square of those of x.
    Kinks: y is NaN or infinite where no more than `correction` elements are reduced.
    Raises: ShapeError when an axis is not there, or named twice.
    Source: Python array API standard, `var`.
    """

    def expand(self, x: Value) -> Value:
        return self.variance(x)


@final
@dataclass(frozen=True)
class StandardDeviation(Spread, name="standard_deviation"):
    """Standard deviation, y = sqrt(Σ (x[i] - mean x)² / (n - correction)).

    Shapes: x is [...], y lacks the reduced axes, or has them with size 1.
    Units: those of x.
    Kinks: the derivative is 0 where all elements are the same; y is NaN or infinite where no more than `correction`
        elements are reduced.
    Raises: ShapeError when an axis is not there, or named twice.
    Source: Python array API standard, `std`.
    """

    def expand(self, x: Value) -> Value:
        variance = self.variance(x)
        return where(equal(variance, 0), 0, sqrt(variance))
