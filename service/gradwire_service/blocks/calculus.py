"""Differences, integrals and interpolation of what is given at points."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, final

from gradwire_service.errors import AttributeValueError, ShapeError
from gradwire_service.ops.base import Composite, Domain, Value, normalized_axes
from gradwire_service.ops.functions import broadcast_to, clip, cumsum, searchsorted, take, where
from gradwire_service.ops.functions import slice as slice_
from gradwire_service.ops.functions import sum as sum_


def neighbours(x: Value, axis: int) -> tuple[Value, Value]:
    """Return all elements but the last, and all but the first, along an axis."""
    before = ":, " * axis
    return slice_(x, index=f"{before}:-1"), slice_(x, index=f"{before}1:")


@final
@dataclass(frozen=True)
class Diff(Composite, name="diff"):
    """Differences of neighbours, y[i] = x[i + 1] - x[i], n times over.

    Attributes:
        n: how often.
        axis: along which axis.

    Shapes: x is [..., k, ...], y is [..., k - n, ...], or has no elements when k < n.
    Units: those of x.
    Raises: AttributeValueError when n is negative; ShapeError when there is no such axis.
    Source: Python array API standard, `diff`.
    """

    domain: ClassVar[Domain] = "numeric"

    n: int = 1
    axis: int = -1

    def __post_init__(self) -> None:
        if self.n < 0:
            raise AttributeValueError(f"diff {self.n} times: the number is not negative")

    def expand(self, x: Value) -> Value:
        self.check_domain(x.element_type)
        (axis,) = normalized_axes((self.axis,), len(x.shape), self.name)
        y = x
        for _ in range(min(self.n, x.shape[axis])):
            left, right = neighbours(y, axis)
            y = right - left
        return y


@dataclass(frozen=True)
class Trapezoids(Composite):
    """Areas of trapezoids below a polygon.

    Attributes:
        axis: the axis along which the heights stand.
    """

    domain: ClassVar[Domain] = "floating"

    axis: int = -1

    def areas(self, y: Value, x: Value) -> tuple[Value, int]:
        """Return the area between each two neighbours, and the axis, counted from the front."""
        self.check_domain(y.element_type)
        (axis,) = normalized_axes((self.axis,), len(y.shape), self.name)
        left, right = neighbours(y, axis)
        return (left + right) * self.widths(y, x, axis) / 2, axis

    def widths(self, y: Value, x: Value, axis: int) -> Value:
        """Return the distances of the points, so that they broadcast with the areas."""
        if not x.shape:
            return x
        if x.shape == y.shape:
            left, right = neighbours(x, axis)
            return right - left
        if x.shape != y.shape[axis : axis + 1]:
            raise ShapeError(
                f"{self.name} of heights {list(y.shape)} at points {list(x.shape)}: give a point for each height, "
                f"or one for each place along axis {axis}, or the distance as a scalar"
            )
        left, right = neighbours(x, 0)
        return slice_(right - left, index=":" + ", None" * (len(y.shape) - axis - 1))


@final
@dataclass(frozen=True)
class Trapezoid(Trapezoids, name="trapezoid"):
    """Integral by the trapezoidal rule, s = Σ (y[i] + y[i + 1]) (x[i + 1] - x[i]) / 2.

    Shapes: y is [..., n, ...]; x is [n], or as y, or a scalar: the distance of all neighbours; s lacks the axis.
    Units: s has the product of those of y and x.
    Raises: ShapeError when there is no such axis, or the points do not fit the heights.
    Source: Press et al. (2007), "Numerical recipes", section 4.1; NumPy, `trapezoid`.
    """

    def expand(self, y: Value, x: Value) -> Value:
        areas, axis = self.areas(y, x)
        return sum_(areas, axis=(axis,))


@final
@dataclass(frozen=True)
class CumulativeTrapezoid(Trapezoids, name="cumulative_trapezoid"):
    """Integrals up to each point by the trapezoidal rule, s[k] = Σ (y[i] + y[i + 1]) (x[i + 1] - x[i]) / 2 over i ≤ k.

    Shapes: y is [..., n, ...]; x is [n], or as y, or a scalar: the distance of all neighbours; s is [..., n - 1, ...].
    Units: s has the product of those of y and x.
    Raises: ShapeError when there is no such axis, or the points do not fit the heights.
    Source: Press et al. (2007), "Numerical recipes", section 4.1; SciPy, `integrate.cumulative_trapezoid`.
    """

    def expand(self, y: Value, x: Value) -> Value:
        areas, axis = self.areas(y, x)
        return cumsum(areas, axis=axis)


@final
@dataclass(frozen=True)
class Interp(Composite, name="interp"):
    """Piecewise linear interpolation: the polygon through the knots (xp[i], fp[i]), at x; beyond the ends it is flat.

    Shapes: x is [...], xp and fp are [n], y is [...].
    Units: x and xp share one, fp and y share one; xp ascends.
    Kinks: at an inner knot the derivative by x is the slope on the right, at the first and the last that of the
        polygon inside; beyond the ends it is 0. Where two inner knots coincide, y is fp of the second.
    Raises: ShapeError when xp and fp are no vectors of one length, or have no elements.
    Source: NumPy, `interp`.
    """

    domain: ClassVar[Domain] = "floating"

    def expand(self, x: Value, xp: Value, fp: Value) -> Value:
        self.check_domain(x.element_type)
        if len(xp.shape) != 1 or xp.shape != fp.shape or xp.shape == (0,):
            raise ShapeError(
                f"interp between knots {list(xp.shape)} and values {list(fp.shape)}: both are vectors of one length, "
                "of at least one element"
            )
        count = xp.shape[0]
        if count == 1:
            return broadcast_to(slice_(fp, index="0"), shape=x.shape)
        place = clip(searchsorted(xp, x, side="right") - 1, min=0, max=count - 2)
        left, right = take(xp, place, axis=0), take(xp, place + 1, axis=0)
        low, high = take(fp, place, axis=0), take(fp, place + 1, axis=0)
        inside = low + (high - low) / (right - left) * (x - left)
        first, last = (slice_(fp, index=index) for index in ("0", "-1"))
        beyond = where(x > slice_(xp, index="-1"), last, inside)
        return where(x < slice_(xp, index="0"), first, beyond)
