"""JAX's linear algebra, with the habits of ours: of a symmetric matrix the lower triangle is read."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from gradwire_service.ops.namespace import NUMPY


class LinearAlgebra:
    """`jax.numpy.linalg`, and in it what differs."""

    def __getattr__(self, name: str) -> Any:
        return getattr(jnp.linalg, name)

    @staticmethod
    def cholesky(a: Any) -> Any:
        """Factorize symmetric positive definite matrices; all of one that is not is NaN."""
        factor = jnp.linalg.cholesky(_symmetric(a))
        bad = jnp.isnan(factor).any((-2, -1), keepdims=True)
        return jnp.where(bad, jnp.nan, factor)

    @staticmethod
    def det(a: Any) -> Any:
        """Return determinants; that of no rows is 1."""
        return jnp.linalg.det(a) if a.shape[-1] else jnp.ones(a.shape[:-2], a.dtype)

    @staticmethod
    def svd(a: Any, full_matrices: bool) -> Any:
        """Return singular vectors, with the signs that NumPy gives them, and values, descending."""

        def vectors(a: Any) -> Any:
            return NUMPY.linalg.svd(np.asarray(a), full_matrices=full_matrices)[0]

        u, s, vh = jnp.linalg.svd(a, full_matrices=full_matrices)
        fixed = jax.lax.stop_gradient((a, u))
        ours = jax.pure_callback(vectors, jax.ShapeDtypeStruct(u.shape, u.dtype), fixed[0], vmap_method="sequential")
        turns = jnp.where(jnp.sum(fixed[1] * ours, -2) < 0, -1, 1).astype(u.dtype)
        return u * turns[..., None, :], s, vh * turns[..., None]

    @staticmethod
    def eigh(a: Any) -> Any:
        """Return eigenvalues, ascending, and eigenvectors of symmetric matrices."""
        return jnp.linalg.eigh(_symmetric(a))

    @staticmethod
    def solve(a: Any, b: Any) -> Any:
        """Solve A X = B for stacks of matrices."""
        batch = jnp.broadcast_shapes(a.shape[:-2], b.shape[:-2])
        pivots = jnp.diagonal(jax.lax.linalg.lu(jax.lax.stop_gradient(a))[0], axis1=-2, axis2=-1)
        x = jnp.linalg.solve(a, jnp.broadcast_to(b, (*batch, *b.shape[-2:])))
        return jnp.where((pivots == 0).any(-1)[..., None, None], jnp.nan, x)


def solve_triangular(a: Any, b: Any, trans: int, lower: bool, unit_diagonal: bool) -> Any:
    """Solve A X = B, or with `trans` Aᵀ X = B, for stacks of triangular matrices; one triangle is read."""
    batch = jnp.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    a, b = jnp.broadcast_to(a, (*batch, *a.shape[-2:])), jnp.broadcast_to(b, (*batch, *b.shape[-2:]))
    x = jax.lax.linalg.triangular_solve(
        a, b, left_side=True, lower=lower, transpose_a=bool(trans), unit_diagonal=unit_diagonal
    )
    singular = (jnp.diagonal(a, axis1=-2, axis2=-1) == 0).any(-1) & (not unit_diagonal)
    return jnp.where(singular[..., None, None], jnp.nan, x)


def _symmetric(a: Any) -> Any:
    """Return matrices with the value of the lower triangle on both sides, and the derivative of the symmetric part."""
    below = jax.lax.stop_gradient(jnp.tril(a))
    half = (a + jnp.matrix_transpose(a)) / 2
    return below + jnp.matrix_transpose(jnp.tril(below, -1)) + jnp.nan_to_num(half - jax.lax.stop_gradient(half))
