"""Indexing: some of the elements, by ranges that the graph states, or by integers that are data."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import EllipsisType
from typing import Any, ClassVar, final

import numpy as np

from gradwire_service.errors import AttributeValueError, ElementTypeError, IndexRangeError, ShapeError
from gradwire_service.graph import INT64, Array, ElementType, TensorType
from gradwire_service.ops.base import Linear, Namespace, Op, Value, normalized_axes
from gradwire_service.ops.functions import flip, pad, reshape, take, take_transpose

Item = int | slice | EllipsisType | None
"""One part of a basic index."""

_INTEGER = "[+-]?[0-9]{1,18}"
_SLICE = re.compile(rf"({_INTEGER})?\s*:\s*({_INTEGER})?\s*(?::\s*({_INTEGER})?)?", re.ASCII)


@lru_cache(maxsize=4096)
def parse_index(text: str) -> tuple[Item, ...]:
    """Read a basic index as it is typed between brackets.

    Raises: AttributeValueError when it is none.
    """
    parts = [part.strip() for part in text.split(",")]
    if parts[-1] == "":  # x[()] and x[1,]
        parts.pop()
    items = tuple(_item(part, text) for part in parts)
    if sum(item is Ellipsis for item in items) > 1:
        raise AttributeValueError(f"index {text!r} has more than one ...; write : for the axes of the others")
    return items


def _item(part: str, text: str) -> Item:
    if part in ("None", "..."):
        return None if part == "None" else Ellipsis
    if re.fullmatch(_INTEGER, part, re.ASCII):
        return int(part)
    if match := _SLICE.fullmatch(part):
        start, stop, step = (None if number is None else int(number) for number in match.groups())
        if step == 0:
            raise AttributeValueError(f"index {text[:64]!r} has a step of 0; a step is positive or negative")
        return slice(start, stop, None if step == 1 else step)
    raise AttributeValueError(
        f"{part[:64]!r} is no part of a basic index; integers, slices such as 1:-1:2, None and ... are; to select by "
        "integers that are data, use take"
    )


def write_index(items: Sequence[Item]) -> str:
    """Write a basic index in its canonical form, such as ``1:, ::-2, None, ..., -1``."""
    return ", ".join(map(_written, items))


def _written(item: Item) -> str:
    if isinstance(item, slice):
        start, stop, step = ("" if number is None else str(number) for number in (item.start, item.stop, item.step))
        return f"{start}:{stop}:{step}" if step else f"{start}:{stop}"
    return "..." if item is Ellipsis else str(item)


@final
@dataclass(frozen=True)
class Slice(Linear, name="slice"):
    """Basic indexing, y = x[index], where the index is text as NumPy has it: ``1:, ::-2, None, ..., -1``.

    Shapes: an integer takes an axis away, a slice shortens it, ``None`` makes one of size 1, ``...`` passes over those
        that nothing is said of.
    Units: those of x.
    Raises: AttributeValueError when the text is no basic index; ShapeError when it names more axes than there are, or
        when an integer is outside its axis. Slices may reach outside.
    Source: NumPy, "Basic indexing".
    """

    index: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "index", write_index(self.items))  # one spelling, so that equal ones are found equal

    @property
    def items(self) -> tuple[Item, ...]:
        """The parts of the index."""
        return parse_index(self.index)

    def infer(self, x: TensorType) -> TensorType:
        ranges = iter(self.ranges(x.shape))
        shape: list[int] = []
        for item in self.spread(x.rank):
            if item is None:
                shape.append(1)
                continue
            size = len(next(ranges))
            if isinstance(item, slice):
                shape.append(size)
        return TensorType(tuple(shape), x.element_type)

    def evaluate(self, xp: Namespace, x: Array) -> Array:
        return x[self.items]

    def vjp(self, y_bar: Value, y: Value, x: Value) -> tuple[Value]:
        ranges = self.ranges(x.shape)
        counts = tuple(map(len, ranges))
        x_bar = y_bar if y_bar.shape == counts else reshape(y_bar, shape=counts)
        if backwards := tuple(axis for axis, read in enumerate(ranges) if read.step < 0 and len(read) > 1):
            x_bar = flip(x_bar, axis=backwards)
        if counts == x.shape:
            return (x_bar,)
        low = [min(read, default=size) for read, size in zip(ranges, x.shape, strict=True)]
        high = [size - 1 - max(read, default=size - 1) for read, size in zip(ranges, x.shape, strict=True)]
        interior = [abs(read.step) - 1 if len(read) > 1 else 0 for read in ranges]
        return (pad(x_bar, low=tuple(low), high=tuple(high), interior=tuple(interior) if any(interior) else ()),)

    def simplify(self, x: Value) -> Value | None:
        if any(read != range(size) for read, size in zip(self.ranges(x.shape), x.shape, strict=True)):
            return None
        shape = self.infer(x.type).shape
        return x if shape == x.shape else reshape(x, shape=shape)

    def spread(self, rank: int) -> list[int | slice | None]:
        """Return the parts with one for each axis: what ``...`` stands for, and what is left out, is written out.

        Raises: ShapeError when there are more than axes.
        """
        items = self.items
        named = sum(item is not None and item is not Ellipsis for item in items)
        if named > rank:
            raise ShapeError(f"index {self.index} names {named} axes of a value with {rank}; leave some out")
        place = items.index(Ellipsis) if Ellipsis in items else len(items)
        rest = [slice(None)] * (rank - named)
        return [*items[:place], *rest, *items[place + 1 :]]  # type: ignore[list-item]  # no second ellipsis

    def ranges(self, shape: Sequence[int]) -> list[range]:
        """Return the positions that are read along each axis of the input.

        Raises: ShapeError.
        """
        result: list[range] = []
        for axis, (item, size) in enumerate(
            zip((item for item in self.spread(len(shape)) if item is not None), shape, strict=True)
        ):
            if isinstance(item, slice):
                result.append(range(*item.indices(size)))
                continue
            if not -size <= item < size:
                raise ShapeError(
                    f"index {item} is outside axis {axis} of shape {list(shape)}; it runs from {-size} to {size - 1}"
                )
            result.append(range(item % size, item % size + 1))
        return result


@final
@dataclass(frozen=True)
class Take(Op, name="take"):
    """Elements at positions that are data, y[i] = x[indices[i]]; negative ones count from the end.

    Shapes: x is [..., n, ...], indices is [k, ...], y is [..., k, ..., ...]; without an axis, x is laid flat.
    Units: those of x.
    Raises: ElementTypeError when the indices are no integers; ShapeError when there is no such axis; at the run,
        IndexRangeError when an index is outside the axis.
    Source: Python array API standard, `take`; indices of any shape, and negative ones, as NumPy.
    """

    unpromoted: ClassVar[Mapping[int, ElementType]] = {1: INT64}

    axis: int | None = None

    def infer(self, x: TensorType, indices: TensorType) -> TensorType:
        check_indices(indices, self.name)
        if self.axis is None:
            return TensorType(indices.shape, x.element_type)
        (axis,) = normalized_axes((self.axis,), x.rank, self.name)
        return TensorType((*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :]), x.element_type)

    def evaluate(self, xp: Namespace, x: Array, indices: Array) -> Array:
        try:
            return xp.take(x, indices, axis=self.axis)
        except IndexError:
            raise outside(indices, x.size if self.axis is None else x.shape[self.axis]) from None

    def vjp(self, y_bar: Value, y: Value, x: Value, indices: Value) -> tuple[Value, None]:
        if self.axis is None:
            flat = take_transpose(y_bar, indices, axis=0, size=x.type.size)
            return reshape(flat, shape=x.shape), None
        axis = self.axis % len(x.shape)
        return take_transpose(y_bar, indices, axis=axis, size=x.shape[axis]), None

    def jvp(self, y: Value, x: tuple[Value, ...], x_dot: tuple[Value, ...]) -> Value:
        return self(x_dot[0], x[1])


@final
@dataclass(frozen=True)
class TakeTranspose(Op, name="take_transpose"):
    """Elements added up at positions that are data, y[j] = Σ x[i] over all i with indices[i] = j; what `take` undoes.

    Shapes: x is [..., k, ..., ...], indices is [k, ...], y is [..., size, ...].
    Units: those of x.
    Raises: ElementTypeError when the indices are no integers; ShapeError when the shapes of x and the indices do not
        fit; at the run, IndexRangeError when an index is outside the axis.
    Source: NumPy, `add.at`.
    """

    internal: ClassVar[bool] = True
    unpromoted: ClassVar[Mapping[int, ElementType]] = {1: INT64}

    axis: int
    size: int

    def infer(self, x: TensorType, indices: TensorType) -> TensorType:
        check_indices(indices, self.name)
        end = self.axis + indices.rank
        if self.axis < 0 or self.size < 0 or x.shape[self.axis : end] != indices.shape:
            raise ShapeError(f"{self.name}: shape {list(x.shape)} lacks that of the indices, {list(indices.shape)}")
        return TensorType((*x.shape[: self.axis], self.size, *x.shape[end:]), x.element_type)

    def evaluate(self, xp: Namespace, x: Array, indices: Array) -> Array:
        try:
            return xp.scatter_add(x, indices, self.axis, self.size)
        except IndexError:
            raise outside(indices, self.size) from None

    def vjp(self, y_bar: Value, y: Value, x: Value, indices: Value) -> tuple[Value, None]:
        return take(y_bar, indices, axis=self.axis), None

    def jvp(self, y: Value, x: tuple[Value, ...], x_dot: tuple[Value, ...]) -> Value:
        return self(x_dot[0], x[1])

    def flops(self, y: TensorType, x: TensorType, indices: TensorType) -> float:
        return x.size + y.size


def check_indices(indices: TensorType, op: str) -> None:
    """Raise ElementTypeError when the indices of an op are no integers."""
    if not indices.element_type.is_integer:
        raise ElementTypeError(f"{op} takes integers for indices, not {indices.element_type}; convert with astype")


def outside(indices: Any, size: int) -> IndexRangeError:
    """Return the error that names the first index that is outside an axis of that size."""
    wrong = next((int(i) for i in np.ravel(indices) if not -size <= i < size), 0)
    runs = f"they run from {-size} to {size - 1}" if size else "it has no elements"
    return IndexRangeError(f"index {wrong} is outside an axis of {size}; {runs}", index=wrong, size=size)
