"""Factorizations of stacks of matrices by LAPACK, in which one bad matrix spoils no other."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.linalg import get_lapack_funcs

from gradwire_service.graph import Array

MANY = 4
"""Matrices for each of their rows, from which on steps over all of them take less time than a call for each."""


class LinearAlgebra:
    """`numpy.linalg`, except that it raises nothing: a matrix that has no result has NaN there, the others theirs."""

    def __getattr__(self, name: str) -> Any:
        return getattr(np.linalg, name)

    @staticmethod
    def cholesky(a: Array) -> Any:
        """Factorize symmetric positive definite matrices; the lower triangle is read."""
        return _each(np.linalg.cholesky, a, (2,))

    @staticmethod
    def eigh(a: Array) -> Any:
        """Return eigenvalues, ascending, and eigenvectors of symmetric matrices; the lower triangle is read."""
        return _each(np.linalg.eigh, a, (1, 2))

    @staticmethod
    def svd(a: Array, full_matrices: bool = True) -> Any:
        """Return singular vectors and values, descending."""
        return _each(lambda a: np.linalg.svd(a, full_matrices=full_matrices), a, (2, 1, 2))

    @staticmethod
    def pinv(a: Array, rtol: float) -> Any:
        """Return pseudoinverses; singular values below rtol times the greatest count as 0."""
        return _each(lambda a: np.linalg.pinv(a, rtol=rtol), a, (2,))

    @staticmethod
    def solve(a: Array, b: Array) -> Any:
        """Solve A X = B for stacks of matrices."""
        return _each(lambda a: np.linalg.solve(a, b), a, (2,), np.linalg.inv)


def _each(
    f: Callable[[Array], Any], a: Array, ranks: tuple[int, ...], trial: Callable[[Array], Any] | None = None
) -> Any:
    """Factorize a stack at once; where that fails, find out for which of its matrices.

    Args:
        f: factorizes a stack.
        a: the stack.
        ranks: number of axes that one matrix has in each result of `f`.
        trial: fails for a matrix as `f` does; None: `f` itself.
    """
    try:
        return f(a)
    except np.linalg.LinAlgError:
        matrices = a.reshape(-1, *a.shape[-2:])
        good = np.reshape([_works(trial or f, matrix) for matrix in matrices], a.shape[:-2])
        found = f(np.where(good[..., None, None], a, np.eye(*a.shape[-2:], dtype=a.dtype)))
        several = isinstance(found, tuple)
        kept = tuple(
            np.where(np.expand_dims(good, tuple(range(-rank, 0))), x, np.nan)
            for x, rank in zip(found if several else (found,), ranks, strict=True)
        )
        return kept if several else kept[0]


def _works(f: Callable[[Array], Any], a: Array) -> bool:
    try:
        f(a)
    except np.linalg.LinAlgError:
        return False
    return True


def solve_triangular(a: Array, b: Array, trans: int = 0, lower: bool = False, unit_diagonal: bool = False) -> Array:
    """Solve A X = B, or with `trans` Aᵀ X = B, for stacks of triangular matrices; one triangle is read.

    Returns: X; NaN for a matrix with a zero on its diagonal.
    """
    batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    a, b = np.broadcast_to(a, (*batch, *a.shape[-2:])), np.broadcast_to(b, (*batch, *b.shape[-2:]))
    x = np.empty(b.shape, np.result_type(a, b))
    if x.size == 0:
        return x
    if math.prod(batch) > MANY * a.shape[-1]:
        _substitute(np.swapaxes(a, -1, -2) if trans else a, b, x, lower != bool(trans), unit_diagonal)
    else:
        trtrs: Any = get_lapack_funcs("trtrs", (a, b))
        for i in np.ndindex(batch):
            # LAPACK has columns one after another: to it, a matrix that has rows so is the transpose.
            x[i], _ = trtrs(a[i].T, b[i], lower=not lower, trans=1 - trans, unitdiag=unit_diagonal)
    if not unit_diagonal:
        x[np.any(np.diagonal(a, axis1=-2, axis2=-1) == 0, axis=-1)] = np.nan
    return x


def _substitute(a: Array, b: Array, x: Array, lower: bool, unit_diagonal: bool) -> None:
    """Find one row of all solutions after the other."""
    n = a.shape[-1]
    for i in range(n) if lower else reversed(range(n)):
        known = slice(0, i) if lower else slice(i + 1, n)
        rest = b[..., i, :] - np.matmul(a[..., i, None, known], x[..., known, :])[..., 0, :]
        x[..., i, :] = rest if unit_diagonal else rest / a[..., i, i, None]
