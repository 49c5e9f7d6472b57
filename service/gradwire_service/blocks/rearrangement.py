"""The same elements in another order, or several times."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from gradwire_service.errors import AttributeValueError
from gradwire_service.ops.base import Composite, Value, normalized_axes
from gradwire_service.ops.functions import broadcast_to, concatenate, reshape, transpose
from gradwire_service.ops.functions import slice as slice_


@final
@dataclass(frozen=True)
class Roll(Composite, name="roll"):
    """The elements moved along axes, those that leave at one end coming in at the other, y[i] = x[i - shift].

    Attributes:
        shift: by how many places, one number for each axis.
        axis: along which axes; left out, x is laid flat, and takes one shift.

    Shapes: x is [...], y is [...].
    Units: those of x.
    Raises: AttributeValueError when shifts and axes differ in number; ShapeError when there is no such axis.
    Source: Python array API standard, `roll`.
    """

    shift: tuple[int, ...]
    axis: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        if len(self.shift) != (1 if self.axis is None else len(self.axis)):
            raise AttributeValueError(f"roll by {list(self.shift)} along {self.axis}: give one shift for each axis")

    def expand(self, x: Value) -> Value:
        if self.axis is None:
            return reshape(rolled(reshape(x, shape=(-1,)), self.shift[0], 0), shape=x.shape)
        y = x
        for shift, axis in zip(self.shift, self.axis, strict=True):
            y = rolled(y, shift, *normalized_axes((axis,), len(x.shape), self.name))
        return y


def rolled(x: Value, shift: int, axis: int) -> Value:
    """Move elements along one axis, round and round."""
    size = x.shape[axis]
    split = -shift % size if size else 0
    if not split:
        return x
    before = ":, " * axis
    return concatenate(slice_(x, index=f"{before}{split}:"), slice_(x, index=f"{before}:{split}"), axis=axis)


@final
@dataclass(frozen=True)
class Tile(Composite, name="tile"):
    """Copies of x side by side, so many along each axis.

    Attributes:
        repetitions: numbers of copies, for the last axes; more than there are make axes in front.

    Shapes: x is [..., n], y is [..., n · repetitions].
    Units: those of x.
    Raises: AttributeValueError when a number is negative.
    Source: Python array API standard, `tile`.
    """

    repetitions: tuple[int, ...]

    def __post_init__(self) -> None:
        if any(count < 0 for count in self.repetitions):
            raise AttributeValueError(f"tile by {list(self.repetitions)}: repetitions are not negative")

    def expand(self, x: Value) -> Value:
        rank = max(len(x.shape), len(self.repetitions))
        sizes = (1,) * (rank - len(x.shape)) + x.shape
        counts = (1,) * (rank - len(self.repetitions)) + self.repetitions
        return repeated(x, sizes, counts, inner=False)


@final
@dataclass(frozen=True)
class Repeat(Composite, name="repeat"):
    """Each element several times, one after the other: a, a, b, b, ….

    Attributes:
        repeats: how often.
        axis: along which axis; left out, x is laid flat.

    Shapes: x is [..., n, ...], y is [..., n · repeats, ...]; without an axis, [size · repeats].
    Units: those of x.
    Raises: AttributeValueError when the number is negative; ShapeError when there is no such axis.
    Source: Python array API standard, `repeat`.
    """

    repeats: int
    axis: int | None = None

    def __post_init__(self) -> None:
        if self.repeats < 0:
            raise AttributeValueError(f"repeat {self.repeats} times: the number is not negative")

    def expand(self, x: Value) -> Value:
        shape = (math.prod(x.shape),) if self.axis is None else x.shape
        (axis,) = normalized_axes((self.axis or 0,), len(shape), self.name)
        counts = [self.repeats if i == axis else 1 for i in range(len(shape))]
        return repeated(x, shape, counts, inner=True)


def repeated(x: Value, sizes: Sequence[int], counts: Sequence[int], *, inner: bool) -> Value:
    """Repeat along each axis: every element (inner), or the whole."""
    split, spread = [], []
    for size, count in zip(sizes, counts, strict=True):
        split += [size, 1] if inner else [1, size]
        spread += [size, count] if inner else [count, size]
    many = broadcast_to(reshape(x, shape=tuple(split)), shape=tuple(spread))
    return reshape(many, shape=tuple(size * count for size, count in zip(sizes, counts, strict=True)))


@final
@dataclass(frozen=True)
class MoveAxis(Composite, name="moveaxis"):
    """Axes in other places, the rest in their order: axis source[n] of x is axis destination[n] of y.

    Shapes: x is [...], y has the sizes of x in the new order.
    Units: those of x.
    Raises: AttributeValueError when sources and destinations differ in number; ShapeError when an axis is not there,
        or named twice.
    Source: Python array API standard, `moveaxis`.
    """

    source: tuple[int, ...]
    destination: tuple[int, ...]

    def __post_init__(self) -> None:
        if len(self.source) != len(self.destination):
            raise AttributeValueError(
                f"moveaxis from {list(self.source)} to {list(self.destination)}: give one destination for each source"
            )

    def expand(self, x: Value) -> Value:
        rank = len(x.shape)
        normalized_axes(self.source, rank, self.name)
        normalized_axes(self.destination, rank, self.name)
        moved = {to % rank: axis % rank for axis, to in zip(self.source, self.destination, strict=True)}
        rest = (axis for axis in range(rank) if axis not in moved.values())
        return transpose(x, axes=tuple(moved[i] if i in moved else next(rest) for i in range(rank)))


@final
@dataclass(frozen=True)
class SwapAxes(Composite, name="swapaxes"):
    """Two axes exchanged.

    Shapes: x is [...], y has the sizes of x in the new order.
    Units: those of x.
    Raises: ShapeError when an axis is not there.
    Source: NumPy, `swapaxes`.
    """

    axis1: int
    axis2: int

    def expand(self, x: Value) -> Value:
        rank = len(x.shape)
        (one,) = normalized_axes((self.axis1,), rank, self.name)
        (other,) = normalized_axes((self.axis2,), rank, self.name)
        order = list(range(rank))
        order[one], order[other] = other, one
        return transpose(x, axes=tuple(order))
