"""Reading by an index, as NumPy does: ``x[1:, i, None, [0, 2]]``, where `i` may be a value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gradwire import broadcasting, indexing
from gradwire.errors import TracingError
from gradwire.indexing import Index
from gradwire.values import Constant, Value, apply


def select(x: Value, index: object) -> Value:
    """Return what an index selects.

    Raises: TracingError for an index that a graph can't hold; IndexError for one that is outside.
    """
    found = indexing.read(index)
    return picked(sliced(x, found), found, axes_of(x, found)) if found.arrays else sliced(x, found)


def sliced(x: Value, index: Index) -> Value:
    """Return what the items select, with the axes that arrays point into whole."""
    if index.arrays and index.whole:
        return x
    shape = None if x.known_shape is None else indexing.sliced_shape(x.known_shape, index.items)
    return Value("slice", (x,), {"index": indexing.text(index.items)}, shape, x.known_element_type)


def axes_of(x: Value, index: Index) -> dict[int, int]:
    """Return for each array the axis that it points into, of what the items select; from the end behind ``...``."""
    axes: dict[int, int] = {}
    axis, named = 0, sum(item is not Ellipsis and not isinstance(item, int) for item in index.items)
    for place, item in enumerate(index.items):
        if place in index.arrays:
            axes[place] = axis
        if item is Ellipsis:
            axis -= named  # what is left is counted from the end
        elif not isinstance(item, int):
            axis += 1
    return axes


def picked(x: Value, index: Index, axes: Mapping[int, int]) -> Value:
    """Return the elements of x that arrays point at, along their axes."""
    arrays = {axes[place]: checked(array, x, axes[place]) for place, array in index.arrays.items()}
    if len(arrays) == 1:
        ((axis, indices),) = arrays.items()
        found = apply("take", x, indices, axis=axis)
        first, count = axis % x.ndim if index.apart else 0, rank_of(indices)
        return moved(found, range(first, first + count), 0) if index.apart and first and count else found
    rank = x.ndim
    pointed = {axis % rank: array for axis, array in arrays.items()}
    others = [axis for axis in range(rank) if axis not in pointed]
    rows = apply("transpose", x, axes=(*pointed, *others)) if [*pointed, *others] != [*range(rank)] else x
    found = apply("gather_nd", rows, stacked(list(pointed.values())))
    count = found.ndim - len(others)
    return found if index.apart else moved(found, range(count), min(pointed))


def moved(x: Value, axes: Sequence[int], place: int) -> Value:
    """Move axes that are side by side to a place among the others."""
    others = [axis for axis in range(x.ndim) if axis not in axes]
    order = (*others[:place], *axes, *others[place:])
    return x if order == tuple(range(x.ndim)) else apply("transpose", x, axes=order)


def rank_of(indices: Any) -> int:
    """Return the number of axes of indices."""
    return int(indices.ndim)


def checked(indices: Any, x: Value, axis: int) -> Any:
    """Return indices as they are; those that are constants must be inside their axis.

    Raises: IndexError.
    """
    array = indices.array if isinstance(indices, Constant) else indices
    size = None if x.known_shape is None else x.known_shape[axis]
    if isinstance(array, np.ndarray) and isinstance(size, int):
        wrong = array[(array < -size) | (array >= size)]
        if wrong.size:
            raise IndexError(f"index {wrong[0]} is out of range for axis {axis % x.ndim}, which has {size} elements")
    return array


def stacked(arrays: Sequence[Any]) -> Any:
    """Return positions, a vector of integers each, made of an array of indices for each axis.

    Raises: ShapeError when they do not broadcast; TracingError when their shapes are not known.
    """
    shape = broadcasting.broadcast("an index", [array.shape for array in arrays])
    if all(isinstance(array, np.ndarray) for array in arrays):
        return np.stack(np.broadcast_arrays(*arrays), axis=-1)
    if None in shape:
        raise TracingError("indices with different names of dimensions can't be used together; give them one")
    return apply("stack", *(x if x.shape == shape else apply("broadcast_to", x, shape=shape) for x in arrays), axis=-1)
