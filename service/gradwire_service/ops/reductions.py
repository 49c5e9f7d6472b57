"""Reductions: many elements along some axes become one."""

from __future__ import annotations

import math
from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, final

from gradwire_service.errors import ShapeError
from gradwire_service.graph import BOOL, FLOAT64, INT64, Array, TensorType
from gradwire_service.ops.base import Domain, Elementwise, Linear, Namespace, Op, Partial, Value, full, normalized_axes
from gradwire_service.ops.functions import (
    astype,
    broadcast_to,
    cumprod,
    equal,
    exp_difference,
    masked_multiply,
    reciprocal,
    reshape,
    transpose,
)
from gradwire_service.ops.functions import sum as sum_


@dataclass(frozen=True)
class Reduction(Op):
    """An op that makes one element of all that lie along some axes.

    Attributes:
        axis: the axes to reduce along, negative ones counted from the end; None for all.
        keepdims: whether they stay, with size 1.
    """

    axis: tuple[int, ...] | None = None
    keepdims: bool = False

    def infer(self, x: TensorType) -> TensorType:
        self.check_domain(x.element_type)
        axes = normalized_axes(self.axis, x.rank, self.name)
        if self.keepdims:
            return TensorType(self.kept(x.shape), x.element_type)
        return TensorType(tuple(size for i, size in enumerate(x.shape) if i not in axes), x.element_type)

    def simplify(self, x: Value) -> Value | None:
        return x if not normalized_axes(self.axis, len(x.shape), self.name) else None

    def flops(self, y: TensorType, x: TensorType) -> float:
        return self.work * x.size

    def kept(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the shape of the result as it is with `keepdims`."""
        axes = normalized_axes(self.axis, len(shape), self.name)
        return tuple(1 if i in axes else size for i, size in enumerate(shape))

    def extent(self, shape: tuple[int, ...]) -> int:
        """Return the number of elements that make one."""
        return math.prod(shape[i] for i in normalized_axes(self.axis, len(shape), self.name))

    def facing(self, y: Value, x: Value) -> Value:
        """Shape what has the result's shape so that it broadcasts against the input."""
        kept = self.kept(x.shape)
        leading = kept[: len(kept) - len(y.shape)]
        return y if kept == (1,) * len(leading) + y.shape else reshape(y, shape=kept)


@final
@dataclass(frozen=True)
class Sum(Linear, Reduction, name="sum"):
    """Sum, y = Σ x[i]; that of no elements is 0. Integers keep their type, truth values are counted in int64.

    Shapes: x is [...], y lacks the reduced axes, or has them with size 1.
    Units: those of x.
    Raises: ShapeError when an axis is not there, or named twice.
    Source: Python array API standard, `sum`.
    """

    latex: ClassVar[str] = r"\sum {0}"

    def infer(self, x: TensorType) -> TensorType:
        return counted(super().infer(x))

    def evaluate(self, xp: Namespace, x: Array) -> Array:
        return xp.sum(x, axis=self.axis, dtype=accumulator(x), keepdims=self.keepdims)

    def vjp(self, y_bar: Value, y: Value, x: Value) -> tuple[Value]:
        return (broadcast_to(self.facing(y_bar, x), shape=x.shape),)


@final
@dataclass(frozen=True)
class Mean(Linear, Reduction, name="mean"):
    """Mean, y = Σ x[i] / n; that of no elements is NaN. That of integers and truth values is float64.

    Shapes: x is [...], y lacks the reduced axes, or has them with size 1.
    Units: those of x.
    Raises: ShapeError when an axis is not there, or named twice.
    Source: Python array API standard, `mean`.
    """

    latex: ClassVar[str] = r"\overline{{{0}}}"

    def infer(self, x: TensorType) -> TensorType:
        y = super().infer(x)
        return y if y.element_type.is_floating else TensorType(y.shape, FLOAT64)

    def evaluate(self, xp: Namespace, x: Array) -> Array:
        return xp.sum(x, axis=self.axis, keepdims=self.keepdims) / self.extent(x.shape)

    def vjp(self, y_bar: Value, y: Value, x: Value) -> tuple[Value]:
        return (broadcast_to(self.facing(y_bar / self.extent(x.shape), x), shape=x.shape),)


@final
@dataclass(frozen=True)
class Prod(Reduction, name="prod"):
    """Product, y = Π x[i]; that of no elements is 1. Integers keep their type, truth values multiply in int64.

    The derivative is the product of the other elements, from products of those before and of those behind; nothing is
    divided, so that it is exact beside any number of zeros, to every order.

    Shapes: x is [...], y lacks the reduced axes, or has them with size 1.
    Units: those of x to the power of the number of elements.
    Raises: ShapeError when an axis is not there, or named twice.
    Source: Python array API standard, `prod`.
    """

    latex: ClassVar[str] = r"\prod {0}"

    def infer(self, x: TensorType) -> TensorType:
        return counted(super().infer(x))

    def evaluate(self, xp: Namespace, x: Array) -> Array:
        return xp.prod(x, axis=self.axis, dtype=accumulator(x), keepdims=self.keepdims)

    def vjp(self, y_bar: Value, y: Value, x: Value) -> tuple[Value]:
        return (self.facing(y_bar, x) * self.others(x),)

    def jvp(self, y: Value, x: tuple[Value, ...], x_dot: tuple[Value, ...]) -> Value:
        return sum_(x_dot[0] * self.others(x[0]), axis=self.axis, keepdims=self.keepdims)

    def others(self, x: Value) -> Value:
        """Return for every element the product of those that it is multiplied with."""
        axes = [i for i in normalized_axes(self.axis, len(x.shape), self.name) if x.shape[i] != 1]
        if not axes:
            return full(x.type, 1)
        if len(axes) == 1:
            return _product_of_others(x, axes[0])
        order = [*(i for i in range(len(x.shape)) if i not in axes), *axes]
        moved = transpose(x, axes=tuple(order))
        apart = moved.shape[: len(order) - len(axes)]
        rows = reshape(moved, shape=(*apart, math.prod(x.shape[i] for i in axes)))
        result = reshape(_product_of_others(rows, len(apart)), shape=moved.shape)
        return transpose(result, axes=tuple(order.index(i) for i in range(len(order))))


def _product_of_others(x: Value, axis: int) -> Value:
    before = cumprod(x, axis=axis, exclusive=True)
    return before * cumprod(x, axis=axis, exclusive=True, reverse=True)


class Extremum(Reduction):
    """A reduction that picks an element; k elements that tie share the derivative, 1/k each."""

    analytic: ClassVar[bool] = False

    def infer(self, x: TensorType) -> TensorType:
        _check_some(self.name, self.extent(x.shape), x)
        return super().infer(x)

    @abstractmethod
    def evaluate(self, xp: Namespace, x: Array) -> Array: ...

    def vjp(self, y_bar: Value, y: Value, x: Value) -> tuple[Value]:
        picked = self.picked(y, x)
        share = y_bar / sum_(picked, axis=self.axis, keepdims=self.keepdims)
        return (masked_multiply(picked, self.facing(share, x)),)

    def jvp(self, y: Value, x: tuple[Value, ...], x_dot: tuple[Value, ...]) -> Value:
        picked = self.picked(y, x[0])
        total = sum_(masked_multiply(picked, x_dot[0]), axis=self.axis, keepdims=self.keepdims)
        ties = sum_(picked, axis=self.axis, keepdims=self.keepdims)
        return masked_multiply(total, reciprocal(ties))  # where y is NaN, none is picked

    def picked(self, y: Value, x: Value) -> Value:
        """Return 1 for every element that equals the result, 0 for the others."""
        return astype(equal(x, self.facing(y, x)), element_type=x.element_type)


@final
@dataclass(frozen=True)
class Max(Extremum, name="max"):
    """Greatest element, y = max x[i]; NaN when one is NaN.

    Shapes: x is [...], y lacks the reduced axes, or has them with size 1.
    Units: those of x.
    Kinks: k elements that tie have derivative 1/k each; where y is NaN, all have 0.
    Raises: ShapeError when there are no elements, or when an axis is not there, or named twice.
    Source: Python array API standard, `max`.
    """

    latex: ClassVar[str] = r"\max {0}"

    def evaluate(self, xp: Namespace, x: Array) -> Array:
        return xp.max(x, axis=self.axis, keepdims=self.keepdims)


@final
@dataclass(frozen=True)
class Min(Extremum, name="min"):
    """Least element, y = min x[i]; NaN when one is NaN.

    Shapes: x is [...], y lacks the reduced axes, or has them with size 1.
    Units: those of x.
    Kinks: k elements that tie have derivative 1/k each; where y is NaN, all have 0.
    Raises: ShapeError when there are no elements, or when an axis is not there, or named twice.
    Source: Python array API standard, `min`.
    """

    latex: ClassVar[str] = r"\min {0}"

    def evaluate(self, xp: Namespace, x: Array) -> Array:
        return xp.min(x, axis=self.axis, keepdims=self.keepdims)


@final
@dataclass(frozen=True)
class LogSumExp(Reduction, name="logsumexp"):
    """Logarithm of a sum of exponentials, y = log Σ exp x[i], without overflow; that of no elements is -inf.

    Shapes: x is [...], y lacks the reduced axes, or has them with size 1.
    Units: x and y dimensionless.
    Kinks: where all elements are -inf, y is -inf and the derivative 0; where one is +inf, so is y, and the derivative
        is 1 for it and 0 for finite ones.
    Raises: ShapeError when an axis is not there, or named twice.
    Source: Blanchard, Higham & Higham (2021), "Accurately computing the log-sum-exp and softmax functions".
    """

    domain: ClassVar[Domain] = "floating"
    latex: ClassVar[str] = r"\log \sum e^{{{0}}}"
    work: ClassVar[float] = 20

    def evaluate(self, xp: Namespace, x: Array) -> Array:
        greatest = xp.max(xp.real(x), axis=self.axis, keepdims=True, initial=-xp.inf)
        shift = xp.where(xp.isfinite(greatest), greatest, 0)
        total = xp.sum(xp.exp(x - shift), axis=self.axis, keepdims=True)
        y = xp.log(total) + shift
        return y if self.keepdims else xp.squeeze(y, axis=normalized_axes(self.axis, x.ndim, self.name))

    def vjp(self, y_bar: Value, y: Value, x: Value) -> tuple[Value]:
        return (self.facing(y_bar, x) * exp_difference(x, self.facing(y, x)),)

    def jvp(self, y: Value, x: tuple[Value, ...], x_dot: tuple[Value, ...]) -> Value:
        weights = exp_difference(x[0], self.facing(y, x[0]))
        return sum_(x_dot[0] * weights, axis=self.axis, keepdims=self.keepdims)


@final
@dataclass(frozen=True)
class ExpDifference(Elementwise, name="exp_difference"):
    """Share of one exponential in a sum, y = exp(a - b), where b is the logarithm of the sum.

    Shapes: a and b broadcast, y has their shape.
    Units: all dimensionless.
    Kinks: y = 0 where a = -inf, even if b = -inf; y = 1 where a = b = +inf.
    Source: the weights of log-sum-exp.
    """

    internal: ClassVar[bool] = True
    latex: ClassVar[str] = r"e^{{{0} - {1}}}"
    work: ClassVar[float] = 20

    def evaluate(self, xp: Namespace, a: Array, b: Array) -> Array:
        share = xp.where((a == b) & xp.isinf(a), 1, xp.exp(a - b))
        return xp.where(a == -xp.inf, 0, share)

    def partials(self, y: Value, a: Value, b: Value) -> tuple[Partial, Partial]:
        return y, -y


@dataclass(frozen=True)
class Position(Op):
    """Where an element lies along an axis, or in the value laid flat; int64, without derivative."""

    analytic: ClassVar[bool] = False

    axis: int | None = None
    keepdims: bool = False

    def infer(self, x: TensorType) -> TensorType:
        axes = normalized_axes(None if self.axis is None else (self.axis,), x.rank, self.name)
        _check_some(self.name, math.prod(x.shape[i] for i in axes), x)
        kept = tuple(1 if i in axes else n for i, n in enumerate(x.shape) if self.keepdims or i not in axes)
        return TensorType(kept, INT64)

    @abstractmethod
    def evaluate(self, xp: Namespace, x: Array) -> Array: ...

    def flops(self, y: TensorType, x: TensorType) -> float:
        return x.size


@final
@dataclass(frozen=True)
class ArgMax(Position, name="argmax"):
    """Position of the greatest element, the first of those that tie, or of the first NaN; int64, without derivative.

    Shapes: x is [...], y lacks the axis, or has it with size 1; without an axis, the position is that in x laid flat.
    Units: a count.
    Raises: ShapeError when there are no elements, or no such axis.
    Source: Python array API standard, `argmax`.
    """

    latex: ClassVar[str] = r"\arg\max {0}"

    def evaluate(self, xp: Namespace, x: Array) -> Array:
        return xp.argmax(x, axis=self.axis, keepdims=self.keepdims)


@final
@dataclass(frozen=True)
class ArgMin(Position, name="argmin"):
    """Position of the least element, the first of those that tie, or of the first NaN; int64, without derivative.

    Shapes: x is [...], y lacks the axis, or has it with size 1; without an axis, the position is that in x laid flat.
    Units: a count.
    Raises: ShapeError when there are no elements, or no such axis.
    Source: Python array API standard, `argmin`.
    """

    latex: ClassVar[str] = r"\arg\min {0}"

    def evaluate(self, xp: Namespace, x: Array) -> Array:
        return xp.argmin(x, axis=self.axis, keepdims=self.keepdims)


class Quantifier(Reduction):
    """A reduction to a truth; numbers are true unless they are 0."""

    analytic: ClassVar[bool] = False

    def infer(self, x: TensorType) -> TensorType:
        return TensorType(super().infer(x).shape, BOOL)

    @abstractmethod
    def evaluate(self, xp: Namespace, x: Array) -> Array: ...

    def simplify(self, x: Value) -> Value | None:
        return super().simplify(x) if x.element_type is BOOL else None


@final
@dataclass(frozen=True)
class AnyTrue(Quantifier, name="any"):
    """Whether one element is true, y = x[0] ∨ x[1] ∨ …; false of no elements. What is not 0 is true, NaN too.

    Shapes: x is [...], y lacks the reduced axes, or has them with size 1.
    Units: none.
    Raises: ShapeError when an axis is not there, or named twice.
    Source: Python array API standard, `any`.
    """

    latex: ClassVar[str] = r"\bigvee {0}"

    def evaluate(self, xp: Namespace, x: Array) -> Array:
        return xp.any(x, axis=self.axis, keepdims=self.keepdims)


@final
@dataclass(frozen=True)
class AllTrue(Quantifier, name="all"):
    """Whether every element is true, y = x[0] ∧ x[1] ∧ …; true of no elements. What is not 0 is true, NaN too.

    Shapes: x is [...], y lacks the reduced axes, or has them with size 1.
    Units: none.
    Raises: ShapeError when an axis is not there, or named twice.
    Source: Python array API standard, `all`.
    """

    latex: ClassVar[str] = r"\bigwedge {0}"

    def evaluate(self, xp: Namespace, x: Array) -> Array:
        return xp.all(x, axis=self.axis, keepdims=self.keepdims)


def _check_some(op: str, extent: int, x: TensorType) -> None:
    """Raise ShapeError when there is nothing to pick from."""
    if extent == 0:
        raise ShapeError(
            f"{op} of no elements: the shape is {list(x.shape)}; reduce along axes with at least one, or concatenate a "
            "bound first",
            op=op,
        )


def counted(y: TensorType) -> TensorType:
    """Return the type of a sum or product: that of what is added, except that truth values are counted."""
    return TensorType(y.shape, INT64) if y.element_type is BOOL else y


def accumulator(x: Array) -> Any:
    """Return the dtype to add or multiply in; NumPy's default would widen int32."""
    return None if x.dtype == bool else x.dtype
