"""Shape: the same elements under other axes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, final

from gradwire_service.errors import AttributeValueError, ShapeError
from gradwire_service.graph import Array, TensorType
from gradwire_service.ops.base import Linear, Namespace, Value, full, normalized_axes, scalar_of
from gradwire_service.ops.functions import broadcast_to, flip, reshape, transpose


class Rearrangement(Linear):
    """A linear op that moves elements, or only their axes."""

    work: ClassVar[float] = 0


@final
@dataclass(frozen=True)
class Transpose(Rearrangement, name="transpose"):
    """Permutation of axes, y[i, j, k] = x[k, j, i]; with `axes`, axis n of y is axis axes[n] of x.

    Shapes: x is [a, b, ...], y has the sizes of x in the new order.
    Units: those of x.
    Raises: ShapeError when `axes` does not name every axis once.
    Source: Python array API standard, `permute_dims`.
    """

    work: ClassVar[float] = 1
    latex: ClassVar[str] = r"{{{0}}}^{{\top}}"

    axes: tuple[int, ...] | None = None

    def infer(self, x: TensorType) -> TensorType:
        return TensorType(tuple(x.shape[axis] for axis in self.order(x.rank)), x.element_type)

    def evaluate(self, xp: Namespace, x: Array) -> Array:
        return xp.transpose(x, self.order(x.ndim))

    def vjp(self, y_bar: Value, y: Value, x: Value) -> tuple[Value]:
        order = self.order(len(x.shape))
        return (transpose(y_bar, axes=None if self.axes is None else tuple(map(order.index, range(len(order))))),)

    def simplify(self, x: Value) -> Value | None:
        order = self.order(len(x.shape))
        source = x
        if isinstance(x.op, Transpose):
            (source,) = x.inputs
            inner = x.op.order(len(order))
            order = tuple(inner[axis] for axis in order)
        if order == tuple(range(len(order))):
            return source
        return None if source is x else transpose(source, axes=None if order == _reversed(len(order)) else order)

    def order(self, rank: int) -> tuple[int, ...]:
        """Return, for each axis of the result, the axis of the input."""
        if self.axes is None:
            return _reversed(rank)
        if len(self.axes) != rank:
            raise ShapeError(f"transpose by {list(self.axes)} of a value with {rank} axes: name every axis once")
        normalized_axes(self.axes, rank, self.name)
        return tuple(axis % rank for axis in self.axes)


def _reversed(rank: int) -> tuple[int, ...]:
    return tuple(range(rank))[::-1]


@final
@dataclass(frozen=True)
class Reshape(Rearrangement, name="reshape"):
    """The same elements in the same row-major order, in another shape; one size may be -1, for what is left.

    Shapes: x is [...], y has the shape that is asked for; a name of a dimension stands for its size.
    Units: those of x.
    Raises: ShapeError when x has another number of elements; AttributeValueError for a negative size, or for two -1.
    Source: Python array API standard, `reshape`.
    """

    shape: tuple[int | str, ...]

    def __post_init__(self) -> None:
        if any(isinstance(size, int) and size < -1 for size in self.shape) or self.shape.count(-1) > 1:
            raise AttributeValueError(f"reshape to {list(self.shape)}: sizes are not negative, except for one -1")

    def infer(self, x: TensorType) -> TensorType:
        shape = tuple(int(size) for size in self.shape)
        if -1 in shape:
            known = math.prod(size for size in shape if size != -1)
            if known == 0 or x.size % known:
                message = (
                    f"shape {list(x.shape)} has {x.size} elements, and no size for -1 in {list(shape)} makes as many"
                )
                raise ShapeError(message)
            shape = tuple(x.size // known if size == -1 else size for size in shape)
        if math.prod(shape) != x.size:
            raise ShapeError(
                f"shape {list(x.shape)} has {x.size} elements, {list(shape)} has {math.prod(shape)}; "
                "they must be as many, and one size may be -1"
            )
        return TensorType(shape, x.element_type)

    def evaluate(self, xp: Namespace, x: Array) -> Array:
        return xp.reshape(x, self.shape)

    def vjp(self, y_bar: Value, y: Value, x: Value) -> tuple[Value]:
        return (reshape(y_bar, shape=x.shape),)

    def simplify(self, x: Value) -> Value | None:
        shape = self.infer(x.type).shape
        return None if _is_plain(x, shape) else _reshaped(x, shape)


def _is_plain(x: Value, shape: tuple[int, ...]) -> bool:
    """Tell whether a reshape of x has nothing to be simplified."""
    return x.shape != shape and scalar_of(x) is None and not isinstance(x.op, Reshape | ExpandDims | Squeeze)


def _reshaped(x: Value, shape: tuple[int, ...]) -> Value:
    """Reshape x, or what x is itself a reshape of."""
    while isinstance(x.op, Reshape | ExpandDims | Squeeze):
        (x,) = x.inputs
    number = scalar_of(x)
    if number is not None:
        return full(TensorType(shape, x.element_type), number)
    return x if x.shape == shape else reshape(x, shape=shape)


@final
@dataclass(frozen=True)
class BroadcastTo(Rearrangement, name="broadcast_to"):
    """The elements repeated along new axes in front, and along axes of size 1.

    Shapes: x broadcasts to the shape that is asked for, which is that of y; a name of a dimension stands for its size.
    Units: those of x.
    Raises: ShapeError when x does not broadcast to the shape; AttributeValueError for a negative size.
    Source: Python array API standard, `broadcast_to`.
    """

    shape: tuple[int | str, ...]

    def __post_init__(self) -> None:
        if any(isinstance(size, int) and size < 0 for size in self.shape):
            raise AttributeValueError(f"broadcast to {list(self.shape)}: sizes are not negative")

    def infer(self, x: TensorType) -> TensorType:
        shape = tuple(int(size) for size in self.shape)
        trailing = shape[len(shape) - x.rank :] if x.rank <= len(shape) else None
        if trailing is None or any(a not in (1, b) for a, b in zip(x.shape, trailing, strict=True)):
            raise ShapeError(
                f"shape {list(x.shape)} does not broadcast to {list(shape)}: counted from the end, every size must be "
                "the same or 1; add axes with expand_dims"
            )
        return TensorType(shape, x.element_type)

    def evaluate(self, xp: Namespace, x: Array) -> Array:
        return xp.broadcast_to(x, self.shape)

    def vjp(self, y_bar: Value, y: Value, x: Value) -> tuple[Value]:
        return (y_bar,)

    def simplify(self, x: Value) -> Value | None:
        shape = tuple(int(size) for size in self.shape)
        number = scalar_of(x)
        if x.shape == shape:
            return x
        if number is not None:
            return full(TensorType(shape, x.element_type), number)
        return broadcast_to(x.inputs[0], shape=shape) if isinstance(x.op, BroadcastTo) else None


@final
@dataclass(frozen=True)
class ExpandDims(Rearrangement, name="expand_dims"):
    """New axes of size 1, at the places that `axis` names in the result.

    Shapes: x is [...], y has an axis of size 1 more for each that is named.
    Units: those of x.
    Raises: ShapeError when an axis is outside the result, or named twice.
    Source: Python array API standard, `expand_dims`.
    """

    axis: tuple[int, ...]

    def infer(self, x: TensorType) -> TensorType:
        rank = x.rank + len(self.axis)
        axes = normalized_axes(self.axis, rank, self.name)
        sizes = iter(x.shape)
        return TensorType(tuple(1 if i in axes else next(sizes) for i in range(rank)), x.element_type)

    def evaluate(self, xp: Namespace, x: Array) -> Array:
        return xp.expand_dims(x, self.axis)

    def vjp(self, y_bar: Value, y: Value, x: Value) -> tuple[Value]:
        return (reshape(y_bar, shape=x.shape),)

    def simplify(self, x: Value) -> Value:
        return _reshaped(x, self.infer(x.type).shape)


@final
@dataclass(frozen=True)
class Squeeze(Rearrangement, name="squeeze"):
    """Axes of size 1 left out: those that `axis` names, or all.

    Shapes: x is [...], y lacks the axes.
    Units: those of x.
    Raises: ShapeError when an axis has another size than 1, is not there, or is named twice.
    Source: Python array API standard, `squeeze`; without an axis as NumPy.
    """

    axis: tuple[int, ...] | None = None

    def infer(self, x: TensorType) -> TensorType:
        return TensorType(tuple(x.shape[i] for i in range(x.rank) if i not in self.axes(x.shape)), x.element_type)

    def evaluate(self, xp: Namespace, x: Array) -> Array:
        return xp.squeeze(x, self.axes(x.shape))

    def vjp(self, y_bar: Value, y: Value, x: Value) -> tuple[Value]:
        return (reshape(y_bar, shape=x.shape),)

    def simplify(self, x: Value) -> Value:
        return _reshaped(x, self.infer(x.type).shape)

    def axes(self, shape: Sequence[int]) -> tuple[int, ...]:
        """Return the axes that are left out."""
        if self.axis is None:
            return tuple(i for i, size in enumerate(shape) if size == 1)
        axes = normalized_axes(self.axis, len(shape), self.name)
        for axis in axes:
            if shape[axis] != 1:
                raise ShapeError(
                    f"squeeze of axis {axis} of shape {list(shape)}: it has size {shape[axis]}, not 1; index it, or "
                    "reduce along it"
                )
        return axes


@final
@dataclass(frozen=True)
class Flip(Rearrangement, name="flip"):
    """The elements in reverse order along some axes, or along all.

    Shapes: x is [...], y is [...].
    Units: those of x.
    Raises: ShapeError when an axis is not there, or named twice.
    Source: Python array API standard, `flip`.
    """

    work: ClassVar[float] = 1

    axis: tuple[int, ...] | None = None

    def infer(self, x: TensorType) -> TensorType:
        normalized_axes(self.axis, x.rank, self.name)
        return x

    def evaluate(self, xp: Namespace, x: Array) -> Array:
        return xp.flip(x, axis=self.axis)

    def vjp(self, y_bar: Value, y: Value, x: Value) -> tuple[Value]:
        return (flip(y_bar, axis=self.axis),)

    def simplify(self, x: Value) -> Value | None:
        turned, source = self.turned(x.shape), x
        if isinstance(x.op, Flip):
            (source,) = x.inputs
            turned ^= x.op.turned(x.shape)
        if not turned:
            return source
        return None if source is x else flip(source, axis=tuple(sorted(turned)))

    def turned(self, shape: Sequence[int]) -> set[int]:
        """Return the axes along which the order shows."""
        return {i for i in normalized_axes(self.axis, len(shape), self.name) if shape[i] > 1}
