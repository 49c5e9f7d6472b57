"""What is written at places that are data, in NumPy: as one array of places, which NumPy is fast at."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from gradwire_service.graph import Array


def scatter(x: Array, at: Array, updates: Array, how: str) -> Array:
    """Set, add, or take the max or min of rows of x at indices; of several that are set, the last counts."""
    y = np.array(x, np.result_type(x, updates), order="C")
    at = at.reshape(-1)  # of one axis alone, NumPy keeps the order
    if how == "set":
        y[at] = updates.reshape(at.size, *y.shape[1:])
    else:
        ufunc: Any = {"add": np.add, "max": np.maximum, "min": np.minimum}[how]
        ufunc.at(y.reshape(-1), _elements(at, math.prod(y.shape[1:])), updates.reshape(-1))
    return y


def scatter_add(updates: Array, indices: Array, axis: int, size: int) -> Array:
    """Add updates up at indices along an axis of zeros.

    Raises: IndexError.
    """
    before, behind = updates.shape[:axis], updates.shape[axis + indices.ndim :]
    y = np.zeros((*before, size, *behind), updates.dtype)
    at, count, width = indices.reshape(-1), math.prod(before), math.prod(behind)
    if not count == width == 1:
        at = np.arange(size)[at]  # counted from the first, and checked
        at = _elements((np.arange(count)[:, None] * size + at).reshape(-1), width)
    np.add.at(y.reshape(-1), at, updates.reshape(-1))
    return y


def dynamic_update_slice(x: Array, update: Array, start: Sequence[int]) -> Array:
    """Replace the part of x that begins at start."""
    y = np.array(x, np.result_type(x, update))
    y[tuple(slice(i, i + size) for i, size in zip(start, update.shape, strict=True))] = update
    return y


def _elements(rows: Array, width: int) -> Array:
    """Return the places of all elements of rows."""
    return rows if width == 1 else (rows[:, None] * width + np.arange(width)).reshape(-1)
