"""Cumulative ops: each element is made of those before it along one axis."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, final

from gradwire_service.errors import ShapeError
from gradwire_service.graph import Array, TensorType
from gradwire_service.ops.base import Domain, Linear, Namespace, Op, Value, normalized_axes
from gradwire_service.ops.functions import (
    cummax,
    cummin,
    cumprod,
    cumsum,
    equal,
    exp_difference,
    iota,
    linear_recurrence,
    logical_or,
    not_equal,
    pad,
    reshape,
    take_along_axis,
    where,
)
from gradwire_service.ops.functions import slice as slice_
from gradwire_service.ops.gathering import add_along_axis
from gradwire_service.ops.reductions import accumulator, counted


@dataclass(frozen=True)
class Cumulative(Op):
    """An op that makes each element of itself and those before it along an axis.

    Attributes:
        axis: the axis, negative ones counted from the end; None lays the value flat.
        reverse: whether it goes from the end, so that each element is made of itself and those behind it.
    """

    axis: int | None = None
    reverse: bool = False

    def infer(self, x: TensorType) -> TensorType:
        self.check_domain(x.element_type)
        if self.axis is None:
            return TensorType((x.size,), x.element_type)
        normalized_axes((self.axis,), x.rank, self.name)
        return x

    def evaluate(self, xp: Namespace, x: Array) -> Array:
        flat, axis = (xp.reshape(x, (-1,)), 0) if self.axis is None else (x, self.axis)
        if not self.reverse:
            return self.accumulate(xp, flat, axis)
        return xp.flip(self.accumulate(xp, xp.flip(flat, axis=axis), axis), axis=axis)

    @abstractmethod
    def accumulate(self, xp: Namespace, x: Array, axis: int) -> Array:
        """Compute the result from the first element to the last."""

    def flattened(self, x: Value) -> tuple[Value, int]:
        """Return what it goes along, and the axis."""
        return (reshape(x, shape=(-1,)), 0) if self.axis is None else (x, self.axis % len(x.shape))


@final
@dataclass(frozen=True)
class CumSum(Linear, Cumulative, name="cumsum"):
    """Cumulative sum, y[i] = Σ x[j] over j ≤ i; over j ≥ i in reverse. Truth values are counted in int64.

    Shapes: x is [...], y is [...]; without an axis, x is laid flat, and y has one axis.
    Units: those of x.
    Raises: ShapeError when there is no such axis.
    Source: Python array API standard, `cumulative_sum`.
    """

    def infer(self, x: TensorType) -> TensorType:
        return counted(super().infer(x))

    def accumulate(self, xp: Namespace, x: Array, axis: int) -> Array:
        return xp.cumulative_sum(x, axis=axis, dtype=accumulator(x))

    def vjp(self, y_bar: Value, y: Value, x: Value) -> tuple[Value]:
        x_bar = cumsum(y_bar, axis=0 if self.axis is None else self.axis, reverse=not self.reverse)
        return (reshape(x_bar, shape=x.shape) if self.axis is None else x_bar,)


@final
@dataclass(frozen=True)
class CumProd(Cumulative, name="cumprod"):
    """Cumulative product, y[i] = Π x[j] over j ≤ i, or j < i where it is exclusive; over j ≥ i or j > i in reverse.

    Its derivative divides by nothing, so that it is exact beside any number of zeros: the product of all between two
    elements obeys a linear recurrence. Truth values multiply in int64.

    Shapes: x is [...], y is [...]; without an axis, x is laid flat, and y has one axis.
    Units: x dimensionless.
    Raises: ShapeError when there is no such axis.
    Source: Python array API standard, `cumulative_prod`.
    """

    exclusive: bool = False

    def infer(self, x: TensorType) -> TensorType:
        return counted(super().infer(x))

    def accumulate(self, xp: Namespace, x: Array, axis: int) -> Array:
        y = xp.cumulative_prod(x, axis=axis, dtype=accumulator(x), include_initial=self.exclusive)
        return y[(slice(None),) * (axis % x.ndim) + (slice(-1),)] if self.exclusive else y

    def vjp(self, y_bar: Value, y: Value, x: Value) -> tuple[Value]:
        # ∂y[i]/∂x[j] is the product before j times that between j and i; s[j] = Σ y_bar[i] Π of those between.
        flat, axis = self.flattened(x)
        before = y if self.exclusive else cumprod(flat, axis=axis, reverse=self.reverse, exclusive=True)
        y_bar = self.shifted(y_bar, -1) if self.exclusive else y_bar
        behind = linear_recurrence(self.shifted(flat, -1), y_bar, axis=axis, reverse=not self.reverse)
        x_bar = before * behind
        return (x_bar if self.axis is not None else reshape(x_bar, shape=x.shape),)

    def jvp(self, y: Value, x: tuple[Value, ...], x_dot: tuple[Value, ...]) -> Value:
        (flat, axis), (flat_dot, _) = self.flattened(x[0]), self.flattened(x_dot[0])
        along: dict[str, Any] = {"axis": axis, "reverse": self.reverse}
        if self.exclusive:
            return linear_recurrence(self.shifted(flat, 1), self.shifted(flat_dot * y, 1), **along)
        return linear_recurrence(flat, flat_dot * cumprod(flat, **along, exclusive=True), **along)

    def shifted(self, x: Value, by: int) -> Value:
        """Move elements on along the direction of the product."""
        return _shifted(x, 0 if self.axis is None else self.axis, -by if self.reverse else by)


class Record(Cumulative):
    """A cumulative op that picks an element; of those that tie, the last that it came past."""

    analytic: ClassVar[bool] = False

    @abstractmethod
    def accumulate(self, xp: Namespace, x: Array, axis: int) -> Array: ...

    def vjp(self, y_bar: Value, y: Value, x: Value) -> tuple[Value]:
        flat, axis = self.flattened(x)
        x_bar = add_along_axis(y_bar, self.positions(y, flat, axis), axis, flat.shape[axis])
        return (x_bar if self.axis is not None else reshape(x_bar, shape=x.shape),)

    def jvp(self, y: Value, x: tuple[Value, ...], x_dot: tuple[Value, ...]) -> Value:
        flat, axis = self.flattened(x[0])
        return take_along_axis(self.flattened(x_dot[0])[0], self.positions(y, flat, axis), axis=axis)

    def positions(self, y: Value, x: Value, axis: int) -> Value:
        """Return where each element of the result was last seen: a record of the positions of records."""
        seen = logical_or(equal(x, y), not_equal(x, x))  # a NaN is one, too
        at = where(seen, iota(shape=x.shape, axis=axis), x.shape[axis] - 1 if self.reverse else 0)
        return cummin(at, axis=axis, reverse=True) if self.reverse else cummax(at, axis=axis)


@final
@dataclass(frozen=True)
class CumMax(Record, name="cummax"):
    """Cumulative maximum, y[i] = max x[j] over j ≤ i; over j ≥ i in reverse. From a NaN on, y is NaN.

    Shapes: x is [...], y is [...]; without an axis, x is laid flat, and y has one axis.
    Units: those of x.
    Kinks: of elements that tie, the last that was passed has derivative 1, the others 0; where y is NaN, the last NaN.
    Raises: ShapeError when there is no such axis.
    Source: PyTorch, `torch.cummax`.
    """

    def accumulate(self, xp: Namespace, x: Array, axis: int) -> Array:
        return xp.maximum.accumulate(x, axis=axis)


@final
@dataclass(frozen=True)
class CumMin(Record, name="cummin"):
    """Cumulative minimum, y[i] = min x[j] over j ≤ i; over j ≥ i in reverse. From a NaN on, y is NaN.

    Shapes: x is [...], y is [...]; without an axis, x is laid flat, and y has one axis.
    Units: those of x.
    Kinks: of elements that tie, the last that was passed has derivative 1, the others 0; where y is NaN, the last NaN.
    Raises: ShapeError when there is no such axis.
    Source: PyTorch, `torch.cummin`.
    """

    def accumulate(self, xp: Namespace, x: Array, axis: int) -> Array:
        return xp.minimum.accumulate(x, axis=axis)


@final
@dataclass(frozen=True)
class CumLogSumExp(Cumulative, name="cumlogsumexp"):
    """Cumulative logarithm of a sum of exponentials, y[i] = log Σ exp x[j] over j ≤ i, without overflow.

    Its derivative goes from element to element by factors exp(y[i-1] - y[i]), none of which is greater than 1.

    Shapes: x is [...], y is [...]; without an axis, x is laid flat, and y has one axis.
    Units: x and y dimensionless.
    Kinks: where all elements so far are -inf, y is -inf and the derivative 0; where one is +inf, so is y, and the
        derivative is 1 for it and 0 for finite ones.
    Raises: ShapeError when there is no such axis.
    Source: Hillis & Steele (1986), "Data parallel algorithms", for the order in which is added; the derivative is that
        of `logsumexp`.
    """

    domain: ClassVar[Domain] = "floating"
    work: ClassVar[float] = 100

    def accumulate(self, xp: Namespace, x: Array, axis: int) -> Array:
        y, near = xp.moveaxis(x, axis, 0), 1
        while near < len(y):  # each element holds the sum of so many up to it
            y = xp.concat((y[:near], xp.logaddexp(y[near:], y[:-near])), axis=0)
            near *= 2
        return xp.moveaxis(y, 0, axis)

    def vjp(self, y_bar: Value, y: Value, x: Value) -> tuple[Value]:
        flat, axis = self.flattened(x)
        factors = _shifted(self.factors(y, axis), axis, 1 if self.reverse else -1)
        x_bar = linear_recurrence(factors, y_bar, axis=axis, reverse=not self.reverse) * exp_difference(flat, y)
        return (x_bar if self.axis is not None else reshape(x_bar, shape=x.shape),)

    def jvp(self, y: Value, x: tuple[Value, ...], x_dot: tuple[Value, ...]) -> Value:
        (flat, axis), (flat_dot, _) = self.flattened(x[0]), self.flattened(x_dot[0])
        source = flat_dot * exp_difference(flat, y)
        return linear_recurrence(self.factors(y, axis), source, axis=axis, reverse=self.reverse)

    def factors(self, y: Value, axis: int) -> Value:
        """Return exp(y[i-1] - y[i]) for every element but the first, which has 0."""
        if not y.type.size:
            return y
        before, here = (slice_(y, index=":, " * axis + part) for part in (":-1", "1:"))
        before, here = (here, before) if self.reverse else (before, here)
        first = tuple(int(i == axis) for i in range(len(y.shape)))
        margins = (
            {"low": (0,) * len(first), "high": first} if self.reverse else {"low": first, "high": (0,) * len(first)}
        )
        return pad(exp_difference(before, here), **margins)


@final
@dataclass(frozen=True)
class LinearRecurrence(Op, name="linear_recurrence"):
    """Linear recurrence, y[i] = a[i] y[i-1] + b[i], from y[-1] = 0; from the end in reverse.

    Shapes: a, b and y are [...].
    Units: a dimensionless, b and y share one.
    Raises: ShapeError when a and b differ in shape.
    Source: Blelloch (1990), "Prefix sums and their applications", section 1.4.
    """

    internal: ClassVar[bool] = True
    domain: ClassVar[Domain] = "floating"
    work: ClassVar[float] = 2

    axis: int
    reverse: bool = False

    def infer(self, a: TensorType, b: TensorType) -> TensorType:
        self.check_domain(b.element_type)
        normalized_axes((self.axis,), b.rank, self.name)
        if a.shape != b.shape:
            raise ShapeError(f"{self.name} takes inputs of one shape, not {list(a.shape)} and {list(b.shape)}")
        return b

    def evaluate(self, xp: Namespace, a: Array, b: Array) -> Array:
        factors, terms = xp.moveaxis(a, self.axis, 0), xp.moveaxis(b, self.axis, 0)
        results: list[Array] = []
        for i in range(len(terms))[:: -1 if self.reverse else 1]:
            results.append(factors[i] * results[-1] + terms[i] if results else terms[i])
        if not results:
            return b
        return xp.moveaxis(xp.stack(results[:: -1 if self.reverse else 1]), 0, self.axis)

    def vjp(self, y_bar: Value, y: Value, a: Value, b: Value) -> tuple[Value, Value]:
        b_bar = linear_recurrence(self.shifted(a, -1), y_bar, axis=self.axis, reverse=not self.reverse)
        return b_bar * self.shifted(y, 1), b_bar

    def jvp(self, y: Value, x: tuple[Value, ...], x_dot: tuple[Value | None, ...]) -> Value:
        a_dot, b_dot = x_dot
        moved = None if a_dot is None else a_dot * self.shifted(y, 1)
        source = b_dot if moved is None else moved if b_dot is None else moved + b_dot
        return linear_recurrence(x[0], source, axis=self.axis, reverse=self.reverse)

    def shifted(self, x: Value, by: int) -> Value:
        """Move elements on along the direction of the recurrence."""
        return _shifted(x, self.axis, -by if self.reverse else by)


def _shifted(x: Value, axis: int, by: int) -> Value:
    """Move elements along an axis; zeros come in at one end, what passes the other is lost."""
    (axis,) = normalized_axes((axis,), len(x.shape), "shift")
    low = tuple(by if i == axis else 0 for i in range(len(x.shape)))
    return pad(x, low=low, high=tuple(-size for size in low))
