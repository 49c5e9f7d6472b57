"""Sorting: elements in order along an axis, and where they stood before."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar, final

from gradwire_service.errors import AttributeValueError, ShapeError
from gradwire_service.graph import INT64, Array, TensorType
from gradwire_service.ops.base import Domain, MultiOp, Namespace, Op, Value, normalized_axes
from gradwire_service.ops.functions import take_along_axis
from gradwire_service.ops.gathering import add_along_axis


@final
@dataclass(frozen=True)
class ArgSort(Op, name="argsort"):
    """Positions of the elements in order along an axis, x[y[0]] ≤ x[y[1]] ≤ …, or ≥; int64, without derivative.

    Elements that tie stay in their order; NaN comes last, in either direction.

    Shapes: x is [...], y is [...].
    Units: a count.
    Raises: ShapeError when there is no such axis.
    Source: Python array API standard, `argsort`.
    """

    analytic: ClassVar[bool] = False

    axis: int = -1
    descending: bool = False

    def infer(self, x: TensorType) -> TensorType:
        normalized_axes((self.axis,), x.rank, self.name)
        return TensorType(x.shape, INT64)

    def evaluate(self, xp: Namespace, x: Array) -> Array:
        return xp.argsort(x, axis=self.axis, descending=self.descending)

    def flops(self, y: TensorType, x: TensorType) -> float:
        return _comparisons(x)


class Selection(MultiOp):
    """An op that yields elements in another order, or some of them, and where they stood: values, then positions."""

    analytic: ClassVar[bool] = False
    results: ClassVar[int] = 2

    axis: int

    def vjp(self, y_bar: tuple[Value | None, ...], y: tuple[Value, ...], *x: Any, **_: Any) -> tuple[Value | None, ...]:
        values_bar, axis = y_bar[0], self.axis % len(x[0].shape)
        return (None if values_bar is None else add_along_axis(values_bar, y[1], axis, x[0].shape[axis]),)

    def jvp(self, y: tuple[Value, ...], x: tuple[Value, ...], x_dot: tuple[Value, ...]) -> tuple[Value | None, ...]:
        return take_along_axis(x_dot[0], y[1], axis=self.axis), None

    def flops(self, y: TensorType, *inputs: Any, **_: Any) -> float:
        return _comparisons(inputs[0])


@final
@dataclass(frozen=True)
class Sort(Selection, name="sort"):
    """Elements in order along an axis, and where they stood: values[i] = x[indices[i]].

    Elements that tie stay in their order; NaN comes last, in either direction.

    Shapes: x is [...]; values and indices are [...], the indices int64.
    Units: values have those of x, indices count.
    Kinks: where elements tie, each has the derivative of the place that it takes.
    Raises: ShapeError when there is no such axis.
    Source: Python array API standard, `sort` and `argsort`.
    """

    axis: int = -1
    descending: bool = False

    def infer(self, x: TensorType) -> tuple[TensorType, TensorType]:
        normalized_axes((self.axis,), x.rank, self.name)
        return x, TensorType(x.shape, INT64)

    def evaluate(self, xp: Namespace, x: Array) -> tuple[Array, Array]:
        indices = xp.argsort(x, axis=self.axis, descending=self.descending)
        return xp.take_along_axis(x, indices, axis=self.axis), indices


@final
@dataclass(frozen=True)
class TopK(Selection, name="top_k"):
    """The k greatest elements along an axis, from the greatest on, and where they stood: values[i] = x[indices[i]].

    Of elements that tie, the first come first; NaN comes last.

    Shapes: x is [..., n, ...]; values and indices are [..., k, ...], the indices int64.
    Units: values have those of x, indices count.
    Kinks: where elements tie, those that are taken have the derivative.
    Raises: AttributeValueError when k is negative; ShapeError when there are fewer elements, or no such axis.
    Source: JAX, `jax.lax.top_k`.
    """

    k: int
    axis: int = -1

    def __post_init__(self) -> None:
        if self.k < 0:
            raise AttributeValueError(f"top_k of {self.k} elements: their number is not negative")

    def infer(self, x: TensorType) -> tuple[TensorType, TensorType]:
        (axis,) = normalized_axes((self.axis,), x.rank, self.name)
        if self.k > x.shape[axis]:
            raise ShapeError(f"top_k of {self.k} elements: axis {axis} of shape {list(x.shape)} has fewer")
        shape = (*x.shape[:axis], self.k, *x.shape[axis + 1 :])
        return TensorType(shape, x.element_type), TensorType(shape, INT64)

    def evaluate(self, xp: Namespace, x: Array) -> tuple[Array, Array]:
        first = (slice(None),) * (self.axis % x.ndim) + (slice(self.k),)
        indices = xp.argsort(x, axis=self.axis, descending=True)[first]
        return xp.take_along_axis(x, indices, axis=self.axis), indices


@final
@dataclass(frozen=True)
class SearchSorted(Op, name="searchsorted"):
    """Where values would have to be put so that x stays in order; int64, without derivative.

    Before elements that are equal for side left, x[y-1] < values ≤ x[y], and behind them for side right,
    x[y-1] ≤ values < x[y]. NaN is taken for the greatest. The elements of x are in order, or y says nothing.

    Shapes: x is [n], values is [...], y is [...].
    Units: a count; x and values share one.
    Raises: AttributeValueError when the side is another; ShapeError when x has not one axis.
    Source: Python array API standard, `searchsorted`.
    """

    analytic: ClassVar[bool] = False
    domain: ClassVar[Domain] = "numeric"

    side: str = "left"

    def __post_init__(self) -> None:
        if self.side not in ("left", "right"):
            raise AttributeValueError(f"searchsorted takes side left or right, not {self.side[:64]!r}")

    def infer(self, x: TensorType, values: TensorType) -> TensorType:
        self.check_domain(x.element_type)
        if x.rank != 1:
            raise ShapeError(f"searchsorted takes elements in order along one axis, not shape {list(x.shape)}")
        return TensorType(values.shape, INT64)

    def evaluate(self, xp: Namespace, x: Array, values: Array) -> Array:
        return xp.searchsorted(x, values, side=self.side)

    def flops(self, y: TensorType, x: TensorType, values: TensorType) -> float:
        return values.size * math.log2(x.size + 2)


def _comparisons(x: TensorType) -> float:
    return x.size * math.log2(x.size + 2)
