"""PyTorch's linear algebra by NumPy's names; nothing is raised for a matrix that has no result: it has NaN there."""

from __future__ import annotations

from typing import Any

import torch
from torch.autograd import forward_ad

from gradwire_service.ops.namespace import NUMPY


class LinearAlgebra:
    """What `numpy.linalg` offers."""

    slogdet = staticmethod(torch.linalg.slogdet)
    qr = staticmethod(torch.linalg.qr)

    @staticmethod
    def det(a: Any) -> Any:
        """Return determinants.

        Raises: NotImplementedError when a matrix that has a derivative is singular.
        """
        moving = a.requires_grad or forward_ad.unpack_dual(a).tangent is not None
        if moving and bool((torch.linalg.matrix_rank(a.detach()) < a.shape[-1]).any()):
            raise NotImplementedError("a matrix is singular, and PyTorch's derivative is wrong there")
        return torch.linalg.det(a)

    @staticmethod
    def cholesky(a: Any) -> Any:
        """Factorize symmetric positive definite matrices; the lower triangle is read."""
        factor, fault = torch.linalg.cholesky_ex(_symmetric(a))
        return torch.where(fault[..., None, None] == 0, factor, torch.nan)

    @staticmethod
    def eigh(a: Any) -> Any:
        """Return eigenvalues, ascending, and eigenvectors of symmetric matrices; the lower triangle is read."""
        return torch.linalg.eigh(_symmetric(a))

    @staticmethod
    def svd(a: Any, full_matrices: bool) -> Any:
        """Return singular vectors, with the signs that NumPy gives them, and values, descending."""
        ours = [torch.tensor(x) for x in NUMPY.linalg.svd(a.detach().numpy(), full_matrices=full_matrices)]
        good = torch.isfinite(ours[1]).all(-1)
        u, s, vh = torch.linalg.svd(
            torch.where(good[..., None, None], a, torch.eye(*a.shape[-2:], dtype=a.dtype)), full_matrices
        )
        turns = torch.where(torch.sum(u.detach() * ours[0], -2) < 0, -1, 1)  # another LAPACK has other signs
        u, vh = u * turns[..., None, :], turns[..., None] * vh
        return tuple(
            torch.where(good.reshape(*good.shape, *[1] * (x.ndim - good.ndim)), x, torch.nan) for x in (u, s, vh)
        )

    @staticmethod
    def pinv(a: Any, rtol: float) -> Any:
        """Return pseudoinverses; singular values below rtol times the greatest count as 0."""
        return torch.linalg.pinv(a, rtol=rtol)

    @staticmethod
    def solve(a: Any, b: Any) -> Any:
        """Solve A X = B for stacks of matrices."""
        batch = torch.broadcast_shapes(a.shape[:-2], b.shape[:-2])
        a, b = a.expand(*batch, *a.shape[-2:]), b.expand(*batch, *b.shape[-2:])
        x, fault = torch.linalg.solve_ex(a, b)
        return torch.where(fault[..., None, None] == 0, x, torch.nan)


def solve_triangular(a: Any, b: Any, trans: int, lower: bool, unit_diagonal: bool) -> Any:
    """Solve A X = B, or with `trans` Aᵀ X = B, for stacks of triangular matrices; one triangle is read."""
    a = torch.tril(a) if lower else torch.triu(a)
    singular = (torch.diagonal(a, dim1=-2, dim2=-1) == 0).any(-1) & (not unit_diagonal)
    a, upper = (a.mT, lower) if trans else (a, not lower)
    x = torch.linalg.solve_triangular(a, b, upper=upper, unitriangular=unit_diagonal)
    return torch.where(singular[..., None, None], torch.nan, x)


def _symmetric(a: Any) -> Any:
    """Return matrices with the value of the lower triangle on both sides, and the derivative of the symmetric part."""
    below = torch.tril(a.detach())
    value = below + torch.tril(below, -1).mT
    half = (a + a.mT) / 2
    return value + (half - half.detach()).nan_to_num(0)
