"""The array namespace that `Op.evaluate` is written against: NumPy's functions, and SciPy's special ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.linalg
from scipy import special

from gradwire_service.graph import Array
from gradwire_service.ops import lapack, places, sliding


class NumpyNamespace:
    """NumPy's functions by their array-API names, `scipy.special`'s, and what both lack."""

    sigmoid = staticmethod(special.expit)
    linalg = lapack.LinearAlgebra()
    solve_triangular = staticmethod(lapack.solve_triangular)
    expm = staticmethod(scipy.linalg.expm)
    dilated_pad = staticmethod(sliding.dilated_pad)
    conv = staticmethod(sliding.conv)
    scatter = staticmethod(places.scatter)
    scatter_add = staticmethod(places.scatter_add)
    dynamic_update_slice = staticmethod(places.dynamic_update_slice)

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


NUMPY = NumpyNamespace()
