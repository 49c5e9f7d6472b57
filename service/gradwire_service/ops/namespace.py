"""The array namespace that `Op.evaluate` is written against: NumPy's functions, and SciPy's special ones."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special

from gradwire_service.graph import Array


class NumpyNamespace:
    """NumPy's functions by their array-API names, `scipy.special`'s, and what both lack."""

    sigmoid = staticmethod(special.expit)

    def __getattr__(self, name: str) -> Any:
        found = getattr(np, name, None) or getattr(special, name)
        setattr(self, name, found)  # looked up once
        return found

    @staticmethod
    def stop_gradient(x: Array) -> Array:
        """Return x; a namespace that differentiates by itself takes it for a constant."""
        return x

    @staticmethod
    def dilated_pad(x: Array, low: tuple[int, ...], high: tuple[int, ...], interior: tuple[int, ...]) -> Array:
        """Put zeros around the elements and between them; negative margins cut off."""
        steps = [gap + 1 for gap in interior]
        sizes = [max(n - 1, 0) * step + min(n, 1) for n, step in zip(x.shape, steps, strict=True)]
        y = np.zeros([a + n + b for a, n, b in zip(low, sizes, high, strict=True)], x.dtype)
        kept, places = [], []
        for start, step, n, size in zip(low, steps, x.shape, y.shape, strict=True):
            first = -(min(start, 0) // step)  # the first that is not cut off
            last = min(n, (size - 1 - start) // step + 1)  # the one behind the last
            count = max(last - first, 0)
            kept.append(slice(first, first + count))
            places.append(slice(start + first * step, start + first * step + count * step, step) if count else slice(0))
        y[tuple(places)] = x[tuple(kept)]
        return y

    @staticmethod
    def scatter_add(updates: Array, indices: Array, axis: int, size: int) -> Array:
        """Add updates up at indices along an axis of zeros.

        Raises: IndexError.
        """
        y = np.zeros((*updates.shape[:axis], size, *updates.shape[axis + indices.ndim :]), updates.dtype)
        where: Any = (*[slice(None)] * axis, indices)
        np.add.at(y, where, updates)
        return y


NUMPY = NumpyNamespace()
