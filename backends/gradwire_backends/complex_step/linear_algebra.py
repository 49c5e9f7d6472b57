"""Linear algebra on numbers x + ih: LAPACK's complex routines, where they conjugate nothing."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwire_service.graph import Array
from gradwire_service.ops.namespace import NUMPY


class ComplexLinearAlgebra:
    """Products, solutions and determinants are LAPACK's; what conjugates or takes a modulus there is defined here."""

    def __getattr__(self, name: str) -> Any:
        return getattr(NUMPY.linalg, name)

    @staticmethod
    def det(a: Array) -> Any:
        """Return the determinant; its real part is that of the real part, zero for a singular matrix."""
        y = np.linalg.det(a.real)
        return y + 1j * np.linalg.det(a).imag if np.iscomplexobj(a) else y

    @staticmethod
    def slogdet(a: Array) -> tuple[Array, Array]:
        """Return the sign, which is ±1, and the logarithm of the determinant without it."""
        sign, logabsdet = np.linalg.slogdet(a)
        if not np.iscomplexobj(a):
            return sign, logabsdet
        return np.sign(sign.real), logabsdet + 1j * (sign.imag / sign.real)

    @staticmethod
    def cholesky(a: Array) -> Array:
        """Return L with L Lᵀ = A, column by column; LAPACK's has a conjugate of L for the second factor."""
        value: Array = NUMPY.linalg.cholesky(a.real)
        if not np.iscomplexobj(a):
            return value
        factor = np.zeros_like(a)
        for j in range(a.shape[-1]):
            known = factor[..., j:, :j] @ factor[..., j, :j, None]
            rest = a[..., j:, j] - known[..., 0]
            factor[..., j:, j] = rest / np.sqrt(rest[..., :1])
        factor.real = value
        factor.imag[np.isnan(value)] = np.nan
        return factor
