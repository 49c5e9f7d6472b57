"""Joining: several values become one, and values get margins."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate
from typing import final

import numpy as np

from gradwire_service.errors import AttributeValueError, ShapeError
from gradwire_service.graph import Array, ElementType, TensorType
from gradwire_service.ops.base import Linear, Namespace, Op, Value, normalized_axes
from gradwire_service.ops.functions import pad
from gradwire_service.ops.functions import slice as slice_


@final
@dataclass(frozen=True)
class Concatenate(Linear, name="concatenate"):
    """The values one behind the other along an axis.

    Shapes: they differ in the size of that axis alone, y has the sum of their sizes there.
    Units: x and y share one.
    Raises: ShapeError when other sizes differ, or when there is no such axis.
    Source: Python array API standard, `concat`.
    """

    axis: int = 0

    def infer(self, *x: TensorType) -> TensorType:
        first = x[0]
        (axis,) = normalized_axes((self.axis,), first.rank, self.name)
        rest = _without(first.shape, axis)
        for other in x[1:]:
            if other.rank != first.rank or _without(other.shape, axis) != rest:
                raise ShapeError(
                    f"concatenate along axis {axis}: shapes {list(first.shape)} and {list(other.shape)} differ in "
                    "another; stack makes a new axis"
                )
        return TensorType((*rest[:axis], sum(value.shape[axis] for value in x), *rest[axis:]), first.element_type)

    def evaluate(self, xp: Namespace, *x: Array) -> Array:
        return xp.concat(x, axis=self.axis)

    def vjp(self, y_bar: Value, y: Value, *x: Value) -> tuple[Value, ...]:
        axis = self.axis % len(y.shape)
        ends = list(accumulate((value.shape[axis] for value in x), initial=0))
        return tuple(slice_(y_bar, index=":, " * axis + f"{ends[i]}:{ends[i + 1]}") for i in range(len(x)))

    def simplify(self, *x: Value) -> Value | None:
        return x[0] if len(x) == 1 else None


def _without(shape: tuple[int, ...], axis: int) -> tuple[int, ...]:
    return shape[:axis] + shape[axis + 1 :]


@final
@dataclass(frozen=True)
class Stack(Linear, name="stack"):
    """The values side by side along a new axis, y[..., i, ...] = x_i.

    Shapes: all have one shape, y has the axis more, of their number.
    Units: x and y share one.
    Raises: ShapeError when shapes differ, or when the axis is outside the result.
    Source: Python array API standard, `stack`.
    """

    axis: int = 0

    def infer(self, *x: TensorType) -> TensorType:
        first = x[0]
        (axis,) = normalized_axes((self.axis,), first.rank + 1, self.name)
        for other in x[1:]:
            if other.shape != first.shape:
                raise ShapeError(
                    f"stack: shapes {list(first.shape)} and {list(other.shape)} differ; concatenate joins what differs "
                    "in one axis"
                )
        return TensorType((*first.shape[:axis], len(x), *first.shape[axis:]), first.element_type)

    def evaluate(self, xp: Namespace, *x: Array) -> Array:
        return xp.stack(x, axis=self.axis)

    def vjp(self, y_bar: Value, y: Value, *x: Value) -> tuple[Value, ...]:
        axis = self.axis % len(y.shape)
        return tuple(slice_(y_bar, index=":, " * axis + str(i)) for i in range(len(x)))


@final
@dataclass(frozen=True)
class Pad(Op, name="pad"):
    """Zeros, or another number, around the elements and between them, along each axis; a negative margin cuts off.

    It is what carries the sensitivity of a slice back, and a slice carries its own.

    Shapes: along each axis, size n becomes low + n + (n - 1) interior + high, or low + high if n = 0.
    Units: those of x.
    Raises: AttributeValueError when there is not one number for each axis, when a size or an interior is negative, or
        when the elements can't hold the value.
    Source: XLA, operation semantics, `Pad`.
    """

    low: tuple[int, ...]
    high: tuple[int, ...]
    interior: tuple[int, ...] = ()
    value: float = 0.0

    def infer(self, x: TensorType) -> TensorType:
        interior = self.interior or (0,) * x.rank
        if not len(self.low) == len(self.high) == len(interior) == x.rank or any(gap < 0 for gap in interior):
            raise AttributeValueError(f"pad of {x.rank} axes takes as many margins, and gaps that are not negative")
        if not x.element_type.is_floating and not _holds(x.element_type, self.value):
            raise AttributeValueError(f"pad with {self.value}: elements of type {x.element_type} can't hold it")
        shape = tuple(
            low + size + max(size - 1, 0) * gap + high
            for low, size, gap, high in zip(self.low, x.shape, interior, self.high, strict=True)
        )
        if any(size < 0 for size in shape):
            raise AttributeValueError(f"pad of shape {list(x.shape)} cuts off more than there is")
        return TensorType(shape, x.element_type)

    def evaluate(self, xp: Namespace, x: Array) -> Array:
        margins = self.low, self.high, self.interior or (0,) * x.ndim
        y = xp.dilated_pad(x, *margins)
        if self.value == 0:
            return y
        taken = xp.dilated_pad(xp.ones(x.shape, dtype=bool), *margins)
        return xp.where(taken, y, xp.astype(xp.asarray(self.value), x.dtype))

    def vjp(self, y_bar: Value, y: Value, x: Value) -> tuple[Value]:
        cut = [(min(low, 0), min(high, 0)) for low, high in zip(self.low, self.high, strict=True)]
        if any(low or high for low, high in cut):  # what was cut off has no part in the result
            y_bar = pad(y_bar, low=tuple(-low for low, _ in cut), high=tuple(-high for _, high in cut))
        steps = (gap + 1 for gap in self.interior or (0,) * len(x.shape))
        starts = (max(low, 0) for low in self.low)
        parts = [
            f"{start}:{start + max(size - 1, 0) * step + min(size, 1)}:{step}"
            for start, size, step in zip(starts, x.shape, steps, strict=True)
        ]
        return (slice_(y_bar, index=", ".join(parts)),)

    def jvp(self, y: Value, x: tuple[Value, ...], x_dot: tuple[Value, ...]) -> Value:
        return pad(x_dot[0], low=self.low, high=self.high, interior=self.interior)

    def simplify(self, x: Value) -> Value | None:
        return None if any(self.low) or any(self.high) or any(self.interior) else x


def _holds(element_type: ElementType, value: float) -> bool:
    with np.errstate(invalid="ignore"):
        return bool(np.asarray(value).astype(element_type.dtype) == value)
