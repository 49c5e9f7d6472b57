"""Factorizations of matrices: Cholesky, eigenvalues, singular values, QR."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar, final

import numpy as np

from gradwire_service.errors import ShapeError
from gradwire_service.graph import Array, TensorType
from gradwire_service.ops.base import Domain, MultiOp, Namespace, Op, Value, constant
from gradwire_service.ops.functions import equal, masked_multiply, matmul, reciprocal, solve_triangular, where
from gradwire_service.ops.matrices import (
    check_matrices,
    column,
    diagonal_of,
    eye,
    lost,
    row,
    stack_work,
    symmetric,
    transposed,
    triangle,
    unless_zero,
)


@final
@dataclass(frozen=True)
class Cholesky(Op, name="cholesky"):
    """Factor of a symmetric positive definite matrix, A = L Lᵀ with L lower triangular; `upper`: A = Uᵀ U, U = Lᵀ.

    The lower triangle of A is read and stands for both: the derivative is that along symmetric changes, the gradient
    is symmetric.

    Shapes: A is [..., n, n], L is [..., n, n].
    Units: the square root of those of A.
    Kinks: a matrix that is not positive definite has NaN, and is told of as NOT_POSITIVE_DEFINITE; others keep theirs.
    Raises: ShapeError when A is not square.
    Source: Murray (2016), "Differentiation of the Cholesky decomposition", equations 8 and 10.
    """

    domain: ClassVar[Domain] = "floating"
    singular: ClassVar[bool] = True

    upper: bool = False

    def infer(self, a: TensorType) -> TensorType:
        check_matrices(self, a)
        return a

    def evaluate(self, xp: Namespace, a: Array) -> Array:
        factor = xp.linalg.cholesky(a)
        return xp.matrix_transpose(factor) if self.upper else factor

    def vjp(self, y_bar: Value, y: Value, a: Value) -> tuple[Value]:
        factor, bar = (transposed(y), transposed(y_bar)) if self.upper else (y, y_bar)
        inner = _halved(matmul(transposed(factor), bar))
        half = solve_triangular(factor, inner, lower=True, transpose=True)
        a_bar = solve_triangular(factor, transposed(half), lower=True, transpose=True)
        return (unless_zero(symmetric(a_bar), y_bar),)

    def jvp(self, y: Value, x: tuple[Value, ...], x_dot: tuple[Any, ...]) -> Value:
        factor = transposed(y) if self.upper else y
        half = solve_triangular(factor, symmetric(x_dot[0]), lower=True)
        moved = matmul(factor, _halved(solve_triangular(factor, transposed(half), lower=True)))
        return transposed(moved) if self.upper else moved

    def flops(self, y: TensorType, a: TensorType) -> float:
        return stack_work(a, a.shape[-1] ** 3 / 3)

    def issue(self, inputs: tuple[Array, ...], result: Any) -> str | None:
        return "NOT_POSITIVE_DEFINITE" if lost(inputs, (result, 2)) else None


def _halved(x: Value) -> Value:
    """Return the lower triangle, with half of the diagonal."""
    return 0.5 * (triangle(x, lower=True) + triangle(x, lower=True, offset=-1))


@final
@dataclass(frozen=True)
class Eigh(MultiOp, name="eigh"):
    """Eigenvalues w, ascending, and orthonormal eigenvectors, the columns of V, of a symmetric matrix: A V = V diag w.

    The lower triangle of A is read and stands for both: the derivative is that along symmetric changes, the gradient
    is symmetric. The sign of an eigenvector is LAPACK's choice.

    Shapes: A is [..., n, n], w is [..., n], V is [..., n, n].
    Units: w has those of A, V is dimensionless.
    Kinks: at repeated eigenvalues the derivative of V is NaN, and so is the second of w; the first derivative of w is
        that of the eigenvectors at hand, right for what is symmetric in w, such as its sum.
    Raises: ShapeError when A is not square.
    Source: Giles (2008), "An extended collection of matrix derivative results", section 3.1.
    """

    results: ClassVar[int] = 2
    domain: ClassVar[Domain] = "floating"
    singular: ClassVar[bool] = True
    analytic: ClassVar[bool] = False

    def infer(self, a: TensorType) -> tuple[TensorType, TensorType]:
        check_matrices(self, a)
        return TensorType(a.shape[:-1], a.element_type), a

    def evaluate(self, xp: Namespace, a: Array) -> tuple[Array, Array]:
        w, v = xp.linalg.eigh(a)
        return w, v

    def vjp(self, y_bar: tuple[Value | None, ...], y: tuple[Value, ...], a: Value) -> tuple[Value]:
        (w_bar, v_bar), (w, v) = y_bar, y
        if v_bar is None:  # nothing is divided by a difference of eigenvalues
            assert w_bar is not None
            return (unless_zero(matmul(v * row(w_bar), transposed(v)), row(w_bar)),)
        turn = matmul(transposed(v), v_bar)
        inner = 0.5 * _over_gaps(turn - transposed(turn), row(w) - column(w))
        a_bar = unless_zero(matmul(matmul(v, inner), transposed(v)), v_bar)
        return (a_bar,) if w_bar is None else (a_bar + self.vjp((w_bar, None), y, a)[0],)

    def jvp(self, y: tuple[Value, ...], x: tuple[Value, ...], x_dot: tuple[Any, ...]) -> tuple[Value, Value]:
        w, v = y
        moved = matmul(matmul(transposed(v), symmetric(x_dot[0])), v)
        return diagonal_of(moved), matmul(v, _over_gaps(moved, row(w) - column(w)))

    def flops(self, y: TensorType, a: TensorType) -> float:
        return stack_work(a, 9 * a.shape[-1] ** 3)


def _over_gaps(x: Value, gaps: Value) -> Value:
    """Divide by differences of values, with zeros on the diagonal; NaN where two are the same, unless x is 0 there."""
    same = equal(gaps, 0)
    none = where(equal(eye(x), 1), constant(0, x.element_type), np.nan)
    return masked_multiply(x, where(same, none, reciprocal(where(same, 1, gaps))))


@final
@dataclass(frozen=True)
class SVD(MultiOp, name="svd"):
    """Singular values S, descending, and vectors: A = U diag(S) Vᵀ, where V is given transposed, as Vh.

    The factorization is thin: k = min(m, n). The signs of singular vectors are LAPACK's choice.

    Shapes: A is [..., m, n], U is [..., m, k], S is [..., k], Vh is [..., k, n].
    Units: S has those of A, U and Vh are dimensionless.
    Kinks: at repeated values the derivatives of U and Vh are NaN, and so is the second of S; at the value 0 they are
        infinite or NaN unless A is square. The first derivative of S is that of the vectors at hand, right for what is
        symmetric in S, such as its sum, and along growth at the value 0.
    Raises: ShapeError when A has fewer than two axes.
    Source: Seeger et al. (2017), "Auto-differentiating linear algebra"; Townsend (2016), "Differentiating the singular
        value decomposition".
    """

    results: ClassVar[int] = 3
    domain: ClassVar[Domain] = "floating"
    singular: ClassVar[bool] = True
    analytic: ClassVar[bool] = False

    def infer(self, a: TensorType) -> tuple[TensorType, TensorType, TensorType]:
        check_matrices(self, a, square=False)
        *batch, m, n = a.shape
        k = min(m, n)
        shapes = ((*batch, m, k), (*batch, k), (*batch, k, n))
        u, s, vh = (TensorType(shape, a.element_type) for shape in shapes)
        return u, s, vh

    def evaluate(self, xp: Namespace, a: Array) -> tuple[Array, Array, Array]:
        u, s, vh = xp.linalg.svd(a, full_matrices=False)
        return u, s, vh

    def vjp(self, y_bar: tuple[Value | None, ...], y: tuple[Value, ...], a: Value) -> tuple[Value]:
        (u_bar, s_bar, vh_bar), (u, s, vh) = y_bar, y
        m, n = a.shape[-2:]
        terms = []
        if s_bar is not None:
            terms.append(unless_zero(matmul(u * row(s_bar), vh), row(s_bar)))
        if u_bar is not None:
            turn = matmul(transposed(u), u_bar)
            inner = _over_gaps(turn - transposed(turn), _square_gaps(s)) * row(s)
            a_bar = matmul(matmul(u, inner), vh)
            if m > n:
                a_bar = a_bar + matmul((u_bar - matmul(u, turn)) / row(s), vh)
            terms.append(unless_zero(a_bar, u_bar))
        if vh_bar is not None:
            turn = matmul(vh, transposed(vh_bar))
            inner = column(s) * _over_gaps(turn - transposed(turn), _square_gaps(s))
            a_bar = matmul(matmul(u, inner), vh)
            if m < n:
                a_bar = a_bar + matmul(u, (vh_bar - matmul(transposed(turn), vh)) / column(s))
            terms.append(unless_zero(a_bar, vh_bar))
        a_bar, *others = terms
        for term in others:
            a_bar = a_bar + term
        return (a_bar,)

    def jvp(self, y: tuple[Value, ...], x: tuple[Value, ...], x_dot: tuple[Any, ...]) -> tuple[Value, Value, Value]:
        (u, s, vh), (a_dot,) = y, x_dot
        m, n = a_dot.shape[-2:]
        along_v, along_u = matmul(a_dot, transposed(vh)), matmul(transposed(u), a_dot)
        moved = matmul(along_u, transposed(vh))
        gaps = _square_gaps(s)
        u_dot = matmul(u, _over_gaps(moved * row(s) + column(s) * transposed(moved), gaps))
        vh_dot = -matmul(_over_gaps(column(s) * moved + transposed(moved) * row(s), gaps), vh)
        if m > n:
            u_dot = u_dot + (along_v - matmul(u, moved)) / row(s)
        if m < n:
            vh_dot = vh_dot + (along_u - matmul(moved, vh)) / column(s)
        return u_dot, diagonal_of(moved), vh_dot

    def flops(self, y: TensorType, a: TensorType) -> float:
        return stack_work(a, 20 * math.prod(a.shape[-2:]) * min(a.shape[-2:]))


def _square_gaps(s: Value) -> Value:
    """Return s[j]² - s[i]², to the precision of s[j] - s[i]."""
    return (row(s) - column(s)) * (row(s) + column(s))


@final
@dataclass(frozen=True)
class QR(MultiOp, name="qr"):
    """Orthonormal columns Q and an upper triangular R with A = Q R, for a matrix with no more columns than rows.

    The signs of the diagonal of R are LAPACK's choice.

    Shapes: A is [..., m, n] with m ≥ n, Q is [..., m, n], R is [..., n, n].
    Units: Q is dimensionless, R has those of A.
    Kinks: where columns of A depend on each other, R is singular, and the derivatives are infinite or NaN.
    Raises: ShapeError when A has more columns than rows.
    Source: Walter & Lehmann (2010), "Algorithmic differentiation of linear algebra functions with application in
        optimum experimental design", section 3; Seeger et al. (2017), "Auto-differentiating linear algebra".
    """

    results: ClassVar[int] = 2
    domain: ClassVar[Domain] = "floating"
    singular: ClassVar[bool] = True
    analytic: ClassVar[bool] = False

    def infer(self, a: TensorType) -> tuple[TensorType, TensorType]:
        check_matrices(self, a, square=False)
        *batch, m, n = a.shape
        if m < n:
            raise ShapeError(f"qr of shape {list(a.shape)}: there are more columns than rows; factorize the transpose")
        return a, TensorType((*batch, n, n), a.element_type)

    def evaluate(self, xp: Namespace, a: Array) -> tuple[Array, Array]:
        q, r = xp.linalg.qr(a)
        return q, r

    def vjp(self, y_bar: tuple[Value | None, ...], y: tuple[Value, ...], a: Value) -> tuple[Value]:
        (q_bar, r_bar), (q, r) = y_bar, y
        terms = [] if r_bar is None else [matmul(r, transposed(r_bar))]
        if q_bar is not None:
            terms.append(-matmul(transposed(q_bar), q))
        inner = terms[0] if len(terms) == 1 else terms[0] + terms[1]
        inner = triangle(inner, lower=True) + transposed(triangle(inner, lower=True, offset=-1))
        total = matmul(q, inner) if q_bar is None else matmul(q, inner) + q_bar
        return (unless_zero(transposed(solve_triangular(r, transposed(total))), q_bar, r_bar),)

    def jvp(self, y: tuple[Value, ...], x: tuple[Value, ...], x_dot: tuple[Any, ...]) -> tuple[Value, Value]:
        q, r = y
        c = transposed(solve_triangular(r, transposed(x_dot[0]), transpose=True))
        inner = matmul(transposed(q), c)
        below = triangle(inner, lower=True, offset=-1)
        rest = inner - below + transposed(below)  # upper triangular
        return c - matmul(q, rest), matmul(rest, r)

    def flops(self, y: TensorType, a: TensorType) -> float:
        return stack_work(a, 4 * a.shape[-2] * a.shape[-1] ** 2)
