"""The array namespace that `Op.evaluate` is written against: NumPy's functions, and SciPy's special ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy.linalg
from scipy import special

from gradwire_service.graph import Array
from gradwire_service.ops import lapack, sliding


class NumpyNamespace:
    """NumPy's functions by their array-API names, `scipy.special`'s, and what both lack."""

    sigmoid = staticmethod(special.expit)
    linalg = lapack.LinearAlgebra()
    solve_triangular = staticmethod(lapack.solve_triangular)
    expm = staticmethod(scipy.linalg.expm)
    dilated_pad = staticmethod(sliding.dilated_pad)
    conv = staticmethod(sliding.conv)

    def __getattr__(self, name: str) -> Any:
        found = getattr(np, name, None) or getattr(special, name)
        setattr(self, name, found)  # looked up once
        return found

    @staticmethod
    def stop_gradient(x: Array) -> Array:
        """Return x; a namespace that differentiates by itself takes it for a constant."""
        return x

    @staticmethod
    def argsort(x: Array, axis: int, descending: bool = False) -> Array:
        """Return the positions in order, in their own where elements tie, NaN last in either direction."""
        if descending:  # turned round so that no integer overflows
            x = np.negative(x) if x.dtype.kind in "fc" else np.invert(x)
        return np.argsort(x, axis=axis, stable=True)

    @staticmethod
    def scatter_add(updates: Array, indices: Array, axis: int, size: int) -> Array:
        """Add updates up at indices along an axis of zeros.

        Raises: IndexError.
        """
        y = np.zeros((*updates.shape[:axis], size, *updates.shape[axis + indices.ndim :]), updates.dtype)
        where: Any = (*[slice(None)] * axis, indices)
        np.add.at(y, where, updates)
        return y

    @staticmethod
    def scatter(x: Array, at: Array, updates: Array, how: str) -> Array:
        """Set, add, or take the max or min of rows of x at indices; of several that are set, the last counts."""
        y = np.array(x, np.result_type(x, updates))
        at, updates = at.reshape(-1), updates.reshape(at.size, *y.shape[1:])  # NumPy keeps the order of one axis alone
        if how == "set":
            y[at] = updates
        else:
            ufunc: Any = {"add": np.add, "max": np.maximum, "min": np.minimum}[how]
            ufunc.at(y, at, updates)
        return y

    @staticmethod
    def dynamic_update_slice(x: Array, update: Array, start: Sequence[int]) -> Array:
        """Replace the part of x that begins at start."""
        y = np.array(x, np.result_type(x, update))
        y[tuple(slice(i, i + size) for i, size in zip(start, update.shape, strict=True))] = update
        return y


NUMPY = NumpyNamespace()
