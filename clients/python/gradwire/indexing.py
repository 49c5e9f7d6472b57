"""Indices as NumPy writes them, ``x[1:, ::-1, None, ..., 3]``: read, written as text, and what they do to a shape."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from types import EllipsisType
from typing import Any

import numpy as np

from gradwire.errors import TracingError

Dimension = int | str | None
"""Length of an axis: a number, the name of a dimension, or None where it is not known."""

Item = int | slice | EllipsisType | None
"""One part of a basic index."""


def read(index: object) -> tuple[list[Item] | None, Any, int]:
    """Read an index.

    Returns: the basic index to take first, None for "all of it"; the integers to take then, None for none; their axis.
    Raises: TracingError for an index that a graph can't hold.
    """
    items: list[Any] = list(index) if isinstance(index, tuple) else [index]
    basic = [_basic(item) for item in items]
    arrays = [place for place, item in enumerate(basic) if item is _ARRAY]
    if not arrays:
        return basic, None, 0
    if len(arrays) > 1 or any(isinstance(item, int) for item in basic):
        raise TracingError("integers may index one axis, beside slices alone; index in two steps: x[0][:, indices]")
    (place,) = arrays
    indices = np.asarray(items[place]) if isinstance(items[place], list) else items[place]
    if getattr(indices, "known_element_type", None) == "bool" or getattr(indices, "dtype", None) == np.bool_:
        raise TracingError("the shape would depend on the elements of the mask; use gw.where(mask, a, b)")
    basic[place] = slice(None)
    axis = place - len(basic) if Ellipsis in basic[:place] else place  # from the end, where nothing is in doubt
    return None if all(item in (slice(None), Ellipsis) for item in basic) else basic, indices, axis


def text(items: Sequence[Item]) -> str:
    """Write a basic index as it is typed: ``1:, ::-1, None, ..., 3``."""
    return ", ".join(map(_item_text, items))


def sliced_shape(shape: Sequence[Dimension], items: Sequence[Item]) -> tuple[Dimension, ...]:
    """Return the shape that a basic index leaves.

    Raises: IndexError when it has more parts than there are axes, or passes the end of one.
    """
    rest = len(shape) - sum(item is not None and item is not Ellipsis for item in items)
    if rest < 0:
        raise IndexError(f"{len(shape) - rest} axes are indexed, there are {len(shape)}")
    result: list[Dimension] = []
    axis = 0
    for item in [*items, *([] if Ellipsis in items else [Ellipsis])]:
        if item is None:
            result.append(1)
        elif item is Ellipsis:
            result.extend(shape[axis : axis + rest])
            axis += rest
        else:
            size = shape[axis]
            if isinstance(item, slice):
                result.append(_sliced(size, item))
            elif isinstance(size, int) and not -size <= item < size:
                raise IndexError(f"index {item} is out of range for axis {axis}, which has {size} elements")
            axis += 1
    return tuple(result)


_ARRAY: Any = object()


def _basic(item: Any) -> Any:
    """Return a part of a basic index as Python's own, or `_ARRAY` for integers in an array, list or value."""
    if item is None or item is Ellipsis:
        return item
    if isinstance(item, slice):
        start, stop, step = (None if end is None else operator.index(end) for end in (item.start, item.stop, item.step))
        return slice(start, stop, None if step == 1 else step)
    if isinstance(item, int | np.integer) and not isinstance(item, bool):
        return int(item)
    if isinstance(item, list | np.ndarray) or hasattr(item, "known_shape"):
        return _ARRAY
    raise TracingError(
        f"a value can't be indexed by {item!r}; take integers, slices, None, ... or an array of integers"
    )


def _sliced(size: Dimension, item: slice) -> Dimension:
    if isinstance(size, int):
        return len(range(*item.indices(size)))
    whole = item.start is None and item.stop is None and item.step in (None, 1, -1)
    return size if whole else None


def _item_text(item: Item) -> str:
    if isinstance(item, slice):
        start, stop, step = ("" if end is None else str(end) for end in (item.start, item.stop, item.step))
        return f"{start}:{stop}:{step}" if step else f"{start}:{stop}"
    return "..." if item is Ellipsis else str(item)
