"""Indices as NumPy writes them, ``x[1:, ::-1, None, ..., 3]``: read, written as text, and what they do to a shape."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from types import EllipsisType
from typing import Any, NamedTuple

import numpy as np

from gradwire.errors import TracingError

Dimension = int | str | None
"""Length of an axis: a number, the name of a dimension, or None where it is not known."""

Item = int | slice | EllipsisType | None
"""One part of a basic index."""


class Index(NamedTuple):
    """What stands between brackets.

    Attributes:
        items: the parts that select by place: integers, slices, ``None`` and ``...``; ``:`` for the others.
        arrays: the parts that select by integers in an array, a list or a value, by their place among the items.
        apart: whether something stands between the integers and arrays: their axes then come first, as NumPy has it.
    """

    items: list[Item]
    arrays: dict[int, Any]
    apart: bool

    @property
    def basic(self) -> bool:
        """Whether it selects by place alone."""
        return not self.arrays

    @property
    def whole(self) -> bool:
        """Whether the items select everything, and make no axes."""
        return all(item in (slice(None), Ellipsis) for item in self.items)


def read(index: object) -> Index:
    """Read an index.

    Raises: TracingError for an index that a graph can't hold.
    """
    parts: list[Any] = list(index) if isinstance(index, tuple) else [index]
    items = [_basic(part) for part in parts]
    if sum(item is Ellipsis for item in items) > 1:
        raise IndexError("an index has at most one ...; write : for the axes of the others")
    arrays = {place: _integers(parts[place]) for place, item in enumerate(items) if item is _ARRAY}
    pointed = [place for place, item in enumerate(items) if item is _ARRAY or isinstance(item, int)]
    apart = bool(arrays) and pointed[-1] - pointed[0] >= len(pointed)
    return Index([slice(None) if place in arrays else item for place, item in enumerate(items)], arrays, apart)


def _integers(part: Any) -> Any:
    if hasattr(part, "known_shape"):
        kind, fits = part.known_element_type, part.known_element_type in (None, "int64", "int32")
    else:
        part = np.asarray(part, np.int64 if isinstance(part, list) and not part else None)
        kind, fits = part.dtype.name, part.dtype.kind in "iu"
    if kind == "bool":
        raise TracingError("the shape would depend on the elements of the mask; use gw.where(mask, a, b)")
    if not fits:
        raise TracingError(f"indices are integers, not {kind}; convert with astype")
    return part


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
