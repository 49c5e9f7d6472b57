"""Cumulative ops: each element is made of those before it along one axis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, final

from gradwire_service.errors import ShapeError
from gradwire_service.graph import BOOL, INT64, Array, TensorType
from gradwire_service.ops.base import Domain, Linear, Namespace, Op, Value, normalized_axes
from gradwire_service.ops.functions import cumprod, cumsum, linear_recurrence, pad, reshape


@final
@dataclass(frozen=True)
class CumSum(Linear, name="cumsum"):
    """Cumulative sum, y[i] = Σ x[j] over j ≤ i; over j ≥ i in reverse. Truth values are counted in int64.

    Shapes: x is [...], y is [...]; without an axis, x is laid flat, and y has one axis.
    Units: those of x.
    Raises: ShapeError when there is no such axis.
    Source: Python array API standard, `cumulative_sum`.
    """

    axis: int | None = None
    reverse: bool = False

    def infer(self, x: TensorType) -> TensorType:
        if self.axis is not None:
            normalized_axes((self.axis,), x.rank, self.name)
        y = x if self.axis is not None else TensorType((x.size,), x.element_type)
        return TensorType(y.shape, INT64) if y.element_type is BOOL else y

    def evaluate(self, xp: Namespace, x: Array) -> Array:
        flat, axis = (xp.reshape(x, (-1,)), 0) if self.axis is None else (x, self.axis)
        dtype = None if x.dtype == bool else x.dtype  # NumPy would widen int32
        if not self.reverse:
            return xp.cumulative_sum(flat, axis=axis, dtype=dtype)
        return xp.flip(xp.cumulative_sum(xp.flip(flat, axis=axis), axis=axis, dtype=dtype), axis=axis)

    def vjp(self, y_bar: Value, y: Value, x: Value) -> tuple[Value]:
        x_bar = cumsum(y_bar, axis=0 if self.axis is None else self.axis, reverse=not self.reverse)
        return (reshape(x_bar, shape=x.shape) if self.axis is None else x_bar,)


@final
@dataclass(frozen=True)
class CumProd(Op, name="cumprod"):
    """Cumulative product, y[i] = Π x[j] over j ≤ i, or j < i where it is exclusive; over j ≥ i or j > i in reverse.

    Its derivative divides by nothing: the product of all between two elements obeys a linear recurrence.

    Shapes: x is [...], y is [...].
    Units: x dimensionless.
    Source: Python array API standard, `cumulative_prod`.
    """

    internal: ClassVar[bool] = True

    axis: int
    reverse: bool = False
    exclusive: bool = False

    def infer(self, x: TensorType) -> TensorType:
        normalized_axes((self.axis,), x.rank, self.name)
        return x

    def evaluate(self, xp: Namespace, x: Array) -> Array:
        turned = xp.flip(x, axis=self.axis) if self.reverse else x
        y = xp.cumulative_prod(turned, axis=self.axis, dtype=x.dtype, include_initial=self.exclusive)
        if self.exclusive:
            y = y[(slice(None),) * (self.axis % x.ndim) + (slice(-1),)]
        return xp.flip(y, axis=self.axis) if self.reverse else y

    def vjp(self, y_bar: Value, y: Value, x: Value) -> tuple[Value]:
        # ∂y[i]/∂x[j] is the product before j times that between j and i; s[j] = Σ y_bar[i] Π of those between.
        before = y if self.exclusive else cumprod(x, axis=self.axis, reverse=self.reverse, exclusive=True)
        y_bar = self.shifted(y_bar, -1) if self.exclusive else y_bar
        behind = linear_recurrence(self.shifted(x, -1), y_bar, axis=self.axis, reverse=not self.reverse)
        return (before * behind,)

    def jvp(self, y: Value, x: tuple[Value, ...], x_dot: tuple[Value, ...]) -> Value:
        along: dict[str, Any] = {"axis": self.axis, "reverse": self.reverse}
        if self.exclusive:
            return linear_recurrence(self.shifted(x[0], 1), self.shifted(x_dot[0] * y, 1), **along)
        return linear_recurrence(x[0], x_dot[0] * cumprod(x[0], **along, exclusive=True), **along)

    def shifted(self, x: Value, by: int) -> Value:
        """Move elements on along the direction of the product."""
        return _shifted(x, self.axis, -by if self.reverse else by)


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
