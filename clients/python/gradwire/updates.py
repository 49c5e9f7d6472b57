"""Changing by an index, as JAX writes it: ``x.at[1:, i].add(u)`` is x with u added there; x itself stays as it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradwire import indexing, selection
from gradwire.errors import TracingError
from gradwire.indexing import Index
from gradwire.values import Constant, Value, apply, as_input


class At:
    """``x.at``: waits for an index."""

    def __init__(self, x: Value) -> None:
        self._x = x

    def __getitem__(self, index: object) -> Place:
        return Place(self._x, index)


class Place:
    """``x.at[index]``: waits for what shall be done there. Each method returns a new value.

    What is given broadcasts to the shape of ``x[index]``. Where an index names an element twice, `set` lets the last
    one win, `add`, `max` and `min` combine all; the others are refused unless each element is named once.
    """

    def __init__(self, x: Value, index: object) -> None:
        self._x = x
        self._index = index

    def get(self) -> Value:
        """Return ``x[index]``."""
        return self._x[self._index]

    def set(self, values: Any) -> Value:
        """Replace the elements."""
        return self._changed("scatter_set", lambda old, new: new, values)

    def add(self, values: Any) -> Value:
        """Add to the elements."""
        return self._changed("scatter_add", lambda old, new: old + new, values)

    def subtract(self, values: Any) -> Value:
        """Subtract from the elements."""
        return self.add(-as_value(values, self._x))

    def max(self, values: Any) -> Value:
        """Take the greater of each element and what is given."""
        return self._changed("scatter_max", lambda old, new: apply("maximum", old, new), values)

    def min(self, values: Any) -> Value:
        """Take the lesser of each element and what is given."""
        return self._changed("scatter_min", lambda old, new: apply("minimum", old, new), values)

    def multiply(self, values: Any) -> Value:
        """Multiply the elements."""
        return self._changed("", lambda old, new: old * new, values)

    def divide(self, values: Any) -> Value:
        """Divide the elements."""
        return self._changed("", lambda old, new: old / new, values)

    def power(self, values: Any) -> Value:
        """Raise the elements to a power."""
        return self._changed("", lambda old, new: old**new, values)

    def apply(self, function: Callable[[Value], Any]) -> Value:
        """Put a function of the elements in their place."""
        return self._changed("", lambda old, new: function(old), 0)

    def _changed(self, scatter: str, combined: Callable[[Value, Any], Any], values: Any) -> Value:
        mask = _mask(self._index)
        if mask is not None:
            return _where(mask, self._x, combined, values)
        index = indexing.read(self._index)
        if index.basic:
            return _replaced(self._x, index, combined(self.get(), values))
        return _scattered(self._x, index, scatter, combined, values)


def as_value(operand: Any, like: Value) -> Value:
    """Return an operand as a value; a number has the element type of the value that it is for."""
    found = as_input(operand)
    return found if isinstance(found, Value) else Constant(operand, like.dtype)


# A mask


def _mask(index: object) -> Any:
    """Return an index that is a mask of booleans alone, or None."""
    kind = index.known_element_type if isinstance(index, Value) else getattr(index, "dtype", None)
    return index if kind is not None and kind == "bool" else None


def _where(mask: Any, x: Value, combined: Callable[[Value, Any], Any], values: Any) -> Value:
    if as_value(values, x).ndim:
        raise TracingError(
            "what a mask selects has no shape before the graph runs, so only one number can be put there; use "
            "gw.where(mask, values, x), with values of the shape of x"
        )
    missing = x.ndim - mask.ndim
    if missing:
        mask = apply("expand_dims", mask, axis=range(-missing, 0))
    return apply("where", mask, combined(x, values), x)


# Places that slices name: each element once


def _replaced(x: Value, index: Index, values: Any) -> Value:
    """Put values where the items select: they are padded to the shape of x, and chosen there."""
    read = _ranges(x, index)
    found = selection.sliced(x, index)
    values = as_value(values, x)
    if values.known_shape != found.known_shape:
        values = apply("broadcast_to", values, shape=found.shape)
    counts = tuple(size if r is None else len(r) for r, size in zip(read, x.shape, strict=True))
    if values.shape != counts:
        values = apply("reshape", values, shape=counts)
    backwards = tuple(axis for axis, r in enumerate(read) if r is not None and r.step < 0 and len(r) > 1)
    if backwards:
        values = apply("flip", values, axis=backwards)
    if all(r is None or len(r) == size for r, size in zip(read, x.shape, strict=True)):
        return values
    low, high, interior = [], [], []
    for r, size in zip(read, x.shape, strict=True):
        low.append(0 if r is None else min(r, default=size))
        high.append(0 if r is None or not len(r) else size - 1 - max(r))  # type: ignore[operator]  # a number
        interior.append(abs(r.step) - 1 if r is not None and len(r) > 1 else 0)
    margins = {"low": low, "high": high, "interior": interior}
    there = apply("pad", apply("full", shape=counts, value=1.0, element_type="bool"), **margins)
    return apply("where", there, apply("pad", values, **margins), x)


def _ranges(x: Value, index: Index) -> list[range | None]:
    """Return the positions that are named along each axis of x; None for all of them.

    Raises: TracingError when they depend on a size that is not known.
    """
    items = list(index.items)
    named = sum(item is not None and item is not Ellipsis for item in items)
    place = items.index(Ellipsis) if Ellipsis in items else len(items)
    items[place : place + 1] = [slice(None)] * (x.ndim - named)
    result: list[range | None] = []
    for item, size in zip((item for item in items if item is not None), x.shape, strict=True):
        if item == slice(None):
            result.append(None)
        elif not isinstance(size, int):
            raise TracingError(
                f"a part of dimension {size!r} can't be changed, since its size is known at each run only"
            )
        elif isinstance(item, slice):
            result.append(range(*item.indices(size)))
        else:
            assert isinstance(item, int)
            result.append(range(item % size, item % size + 1))
    return result


# Places that arrays name


def _scattered(x: Value, index: Index, scatter: str, combined: Callable[[Value, Any], Any], values: Any) -> Value:
    """Put values where arrays point, of the axes that are named, beside whole ones.

    Slices and integers become arrays of positions too, along axes of their own, so that one scatter does it all.
    """
    old = selection.select(x, _as_index(index))
    rank, ranges = x.ndim, _ranges(x, index)
    arrays = _arrays_by_axis(x, index)
    count = max((selection.rank_of(array) for array in arrays.values()), default=0)
    ranged = [axis for axis, r in enumerate(ranges) if r is not None]
    pointed, whole = sorted([*arrays, *ranged]), [a for a in range(rank) if a not in arrays and a not in ranged]
    kept = [
        axis for axis in ranged if not isinstance(_item_of(index, axis, rank), int)
    ]  # slices have axes of their own

    positions: dict[int, Any] = {}
    for axis, array in arrays.items():
        tail = (1,) * len(kept)
        positions[axis] = array.reshape(*array.shape, *tail) if tail else array
    for axis in ranged:
        places = np.array(ranges[axis], np.int64)
        positions[axis] = places.reshape([len(places) if other == axis else 1 for other in kept])
    indices = selection.stacked([positions[axis] for axis in pointed])
    if not scatter:
        if not isinstance(indices, np.ndarray) or _repeats(indices, x, pointed):
            raise TracingError("an element may be named twice here, so only set, add, max and min can be done")
        scatter, values = "scatter_set", combined(old, values)
    values = as_value(values, x)
    if values.ndim:
        values = _arranged(values, old, index, kept, whole, count, rank)
    order = (*pointed, *whole)
    rows = x if order == tuple(range(rank)) else apply("transpose", x, axes=order)
    found = apply(scatter, rows, indices, values)
    return found if rows is x else apply("transpose", found, axes=tuple(np.argsort(order).tolist()))


def _as_index(index: Index) -> tuple[Any, ...]:
    return tuple(index.arrays.get(place, item) for place, item in enumerate(index.items))


def _axis_items(index: Index, rank: int) -> list[tuple[int, Any]]:
    """Return the items with one for each axis, each with its place in the index."""
    items: list[tuple[int, Any]] = [(place, item) for place, item in enumerate(index.items) if item is not None]
    named = sum(item is not Ellipsis for _, item in items)
    at = next((i for i, (_, item) in enumerate(items) if item is Ellipsis), len(items))
    return [*items[:at], *[(-1, slice(None))] * (rank - named), *items[at + 1 :]]


def _item_of(index: Index, axis: int, rank: int) -> Any:
    return _axis_items(index, rank)[axis][1]


def _arrays_by_axis(x: Value, index: Index) -> dict[int, Any]:
    return {
        axis: selection.checked(index.arrays[place], x, axis)
        for axis, (place, _) in enumerate(_axis_items(index, x.ndim))
        if place in index.arrays
    }


def _repeats(indices: Any, x: Value, pointed: list[int]) -> bool:
    sizes = [x.shape[axis] for axis in pointed]
    if not all(isinstance(size, int) for size in sizes):
        return True
    rows = (indices % np.array(sizes)).reshape(-1, len(sizes))
    return len(np.unique(rows, axis=0)) < len(rows)


def _arranged(
    values: Value, old: Value, index: Index, kept: list[int], whole: list[int], count: int, rank: int
) -> Value:
    """Give values the shape of ``x[index]``, then the order of axes that a scatter has: arrays, slices, whole axes."""
    if values.known_shape != old.known_shape:
        values = apply("broadcast_to", values, shape=old.shape)
    labels = _labels(index, kept, whole, count, rank)
    made = tuple(axis for axis, label in enumerate(labels) if label == "None")
    if made:
        values = apply("squeeze", values, axis=made)
        labels = [label for label in labels if label != "None"]
    wanted = [*(f"array{i}" for i in range(count)), *map(str, kept), *map(str, whole)]
    order = tuple(labels.index(label) for label in wanted)
    return values if order == tuple(range(len(order))) else apply("transpose", values, axes=order)


def _labels(index: Index, kept: list[int], whole: list[int], count: int, rank: int) -> list[str]:
    """Tell what each axis of ``x[index]`` is: one of the arrays', of an axis of x, or made by None."""
    labels: list[str] = []
    arrays = [f"array{i}" for i in range(count)]
    axis = 0
    for place, item in enumerate(index.items):
        if item is Ellipsis:
            rest = rank - sum(other is not None and other is not Ellipsis for other in index.items)
            labels += map(str, range(axis, axis + rest))
            axis += rest
        elif item is None:
            labels.append("None")
        else:
            if place in index.arrays or isinstance(item, int):
                labels += arrays if not index.apart else []
                arrays = [] if not index.apart else arrays
            else:
                labels.append(str(axis))
            axis += 1
    labels += map(str, range(axis, rank))
    return arrays + labels if index.apart else labels
