"""Functions of a square matrix: determinant, exponential."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, final

from gradwire_service.graph import Array, TensorType
from gradwire_service.ops.base import Domain, MultiOp, Namespace, Op, Value, full
from gradwire_service.ops.functions import (
    cofactors,
    cofactors_moved,
    concatenate,
    det,
    expand_dims,
    expm,
    masked_multiply,
    matmul,
    solve,
)
from gradwire_service.ops.functions import slice as slice_
from gradwire_service.ops.functions import sum as sum_
from gradwire_service.ops.matrices import (
    CALL,
    check_matrices,
    diagonal_of,
    eye,
    lost,
    stack_work,
    transposed,
    unless_zero,
)


@final
@dataclass(frozen=True)
class Det(Op, name="det"):
    """Determinant, y = det A.

    Its gradient is the matrix of cofactors, which is as right for singular matrices as for others, and so is the
    second derivative; the third is NaN where A is singular, unless it has no more than two rows.

    Shapes: A is [..., n, n], y is [...].
    Units: the n-th power of those of A.
    Raises: ShapeError when A is not square.
    Source: Magnus & Neudecker (2019), "Matrix differential calculus", section 8.3; Python array API standard,
        `linalg.det`.
    """

    domain: ClassVar[Domain] = "floating"
    latex: ClassVar[str] = r"\det {0}"

    def infer(self, a: TensorType) -> TensorType:
        check_matrices(self, a)
        return TensorType(a.shape[:-2], a.element_type)

    def evaluate(self, xp: Namespace, a: Array) -> Array:
        return xp.linalg.det(a)

    def vjp(self, y_bar: Value, y: Value, a: Value) -> tuple[Value]:
        return (expand_dims(y_bar, axis=(-2, -1)) * cofactors(a),)

    def jvp(self, y: Value, x: tuple[Value, ...], x_dot: tuple[Any, ...]) -> Value:
        return sum_(cofactors(x[0]) * x_dot[0], axis=(-2, -1))

    def flops(self, y: TensorType, a: TensorType) -> float:
        return stack_work(a, 2 * a.shape[-1] ** 3 / 3)


@final
@dataclass(frozen=True)
class Cofactors(Op, name="cofactors"):
    """Cofactors of a matrix: C[i, j] is ∂ det A / ∂A[i, j], the transpose of the adjugate.

    Without a division: C = det U det V · U diag(p) Vᵀ, where A = U diag(s) Vᵀ and p[i] is the product of all s but
    s[i].

    Shapes: A is [..., n, n], C is [..., n, n].
    Units: the power n - 1 of those of A.
    Raises: ShapeError when A is not square.
    Source: Stewart (1998), "On the adjugate matrix".
    """

    domain: ClassVar[Domain] = "floating"
    analytic: ClassVar[bool] = False
    internal: ClassVar[bool] = True

    def infer(self, a: TensorType) -> TensorType:
        check_matrices(self, a)
        return a

    def evaluate(self, xp: Namespace, a: Array) -> Array:
        u, s, vh = xp.linalg.svd(a, full_matrices=False)
        return xp.matmul(u * (_turns(xp, u, vh) * _but_one(xp, s))[..., None, :], vh)

    def vjp(self, c_bar: Value, c: Value, a: Value) -> tuple[Value]:
        return (cofactors_moved(a, c_bar),)

    def jvp(self, c: Value, x: tuple[Value, ...], x_dot: tuple[Any, ...]) -> Value:
        return cofactors_moved(*x, *x_dot)

    def flops(self, c: TensorType, a: TensorType) -> float:
        return stack_work(a, 25 * a.shape[-1] ** 3)


@final
@dataclass(frozen=True)
class CofactorsMoved(Op, name="cofactors_moved"):
    """Derivative of the cofactors of A along E, which is the same back as forth: D[i, j] = ∂² det A / ∂A[i, j] ∂A · E.

    It divides as little as the cofactors do: along the singular vectors of A, it is made of products of all singular
    values but two.

    Shapes: A is [..., n, n], E is [..., n, n], D is [..., n, n].
    Units: the product of those of E and of the power n - 2 of those of A.
    Kinks: its derivative along A is NaN where A is singular, unless it has no more than two rows.
    Raises: ShapeError when A is not square, or E has another shape.
    Source: Stewart (1998), "On the adjugate matrix".
    """

    domain: ClassVar[Domain] = "floating"
    analytic: ClassVar[bool] = False
    internal: ClassVar[bool] = True

    def infer(self, a: TensorType, e: TensorType) -> TensorType:
        check_matrices(self, a)
        return a

    def evaluate(self, xp: Namespace, a: Array, e: Array) -> Array:
        n = a.shape[-1]
        u, s, vh = xp.linalg.svd(a, full_matrices=False)
        along = xp.matmul(xp.matmul(xp.matrix_transpose(u), e), xp.matrix_transpose(vh))
        others = _but_one(xp, xp.where(xp.eye(n, dtype=bool), xp.ones_like(a), s[..., None, :]))
        others = xp.where(xp.eye(n, dtype=bool), xp.zeros_like(a), others)  # [i, j]: the product of all but two
        traces = xp.matmul(others, xp.diagonal(along, axis1=-2, axis2=-1)[..., None])[..., 0]
        inner = traces[..., None, :] * xp.eye(n, dtype=a.dtype) - others * xp.matrix_transpose(along)
        return _turns(xp, u, vh)[..., None] * xp.matmul(xp.matmul(u, inner), vh)

    def vjp(self, d_bar: Value, d: Value, a: Value, e: Value) -> tuple[Value, Value]:
        return _moved_twice(a, e, d_bar), cofactors_moved(a, d_bar)

    def jvp(self, d: Value, x: tuple[Value, ...], x_dot: tuple[Value | None, ...]) -> Value | None:
        (a, e), (a_dot, e_dot) = x, x_dot
        by_a = None if a_dot is None else _moved_twice(a, e, a_dot)
        by_e = None if e_dot is None else cofactors_moved(a, e_dot)
        return by_a if by_e is None else by_e if by_a is None else by_a + by_e

    def flops(self, d: TensorType, a: TensorType, e: TensorType) -> float:
        return stack_work(a, 35 * a.shape[-1] ** 3)


def _moved_twice(a: Value, e: Value, f: Value) -> Value:
    """Return the second derivative of the cofactors of A along E and F, for a regular A."""
    if a.shape[-1] <= 2:  # where the cofactors are linear
        return full(a.type, 0)
    p, q = solve(a, e), solve(a, f)
    both = matmul(p, q)
    p_trace, q_trace, trace = (expand_dims(sum_(diagonal_of(x), axis=(-1,)), axis=(-2, -1)) for x in (p, q, both))
    inner = (p_trace * q_trace - trace) * eye(a) - q_trace * p - p_trace * q + both + matmul(q, p)
    return expand_dims(det(a), axis=(-2, -1)) * solve(transposed(a), transposed(inner))


def _turns(xp: Namespace, u: Array, vh: Array) -> Array:
    """Return det U det V of orthogonal matrices, 1 or -1, along an axis of size 1."""
    return xp.sign(xp.linalg.det(u) * xp.linalg.det(vh))[..., None]


def _but_one(xp: Namespace, s: Array) -> Array:
    """Return, for each place along the last axis, the product of all others."""
    ones = xp.ones_like(s[..., :1])
    before = xp.cumprod(xp.concat((ones, s[..., :-1]), axis=-1), axis=-1)
    behind = xp.cumprod(xp.concat((ones, xp.flip(s[..., 1:], axis=-1)), axis=-1), axis=-1)
    return before * xp.flip(behind, axis=-1)


@final
@dataclass(frozen=True)
class Slogdet(MultiOp, name="slogdet"):
    """Sign and logarithm of the absolute value of the determinant, det A = sign · exp logabsdet, without overflow.

    Shapes: A is [..., n, n], sign and logabsdet are [...].
    Units: A, sign and logabsdet dimensionless.
    Kinks: a singular matrix has sign 0 and logabsdet -inf, is told of as SINGULAR, and its gradient is NaN; the
        derivative of the sign is 0 everywhere.
    Raises: ShapeError when A is not square.
    Source: Giles (2008), "An extended collection of matrix derivative results", section 2.2.4; Python array API
        standard, `linalg.slogdet`.
    """

    results: ClassVar[int] = 2
    domain: ClassVar[Domain] = "floating"
    singular: ClassVar[bool] = True

    def infer(self, a: TensorType) -> tuple[TensorType, TensorType]:
        check_matrices(self, a)
        y = TensorType(a.shape[:-2], a.element_type)
        return y, y

    def evaluate(self, xp: Namespace, a: Array) -> tuple[Array, Array]:
        sign, logabsdet = xp.linalg.slogdet(a)
        return sign, logabsdet

    def vjp(self, y_bar: tuple[Value | None, ...], y: tuple[Value, ...], a: Value) -> tuple[Value | None]:
        _, bar = y_bar
        return (
            None if bar is None else masked_multiply(expand_dims(bar, axis=(-2, -1)), solve(transposed(a), eye(a))),
        )

    def jvp(self, y: tuple[Value, ...], x: tuple[Value, ...], x_dot: tuple[Any, ...]) -> tuple[None, Value]:
        return None, sum_(diagonal_of(solve(*x, *x_dot)), axis=(-1,))

    def flops(self, y: TensorType, a: TensorType) -> float:
        return stack_work(a, 2 * a.shape[-1] ** 3 / 3)

    def issue(self, inputs: tuple[Array, ...], result: Any) -> str | None:
        return "SINGULAR" if lost(inputs, (result[1], 0)) else None


@final
@dataclass(frozen=True)
class Expm(Op, name="expm"):
    """Exponential of a matrix, Y = Σ A^k / k!, by Padé approximants, scaling and squaring.

    Its derivative along E is a block of the exponential of the matrix [[A, E], [0, A]].

    Shapes: A is [..., n, n], Y is [..., n, n].
    Units: A and Y dimensionless.
    Raises: ShapeError when A is not square.
    Source: Al-Mohy & Higham (2010), "A new scaling and squaring algorithm for the matrix exponential"; Higham (2008),
        "Functions of matrices", section 3.2, for the derivative.
    """

    domain: ClassVar[Domain] = "floating"
    latex: ClassVar[str] = r"\exp\left({0}\right)"

    def infer(self, a: TensorType) -> TensorType:
        check_matrices(self, a)
        return a

    def evaluate(self, xp: Namespace, a: Array) -> Array:
        return xp.expm(a)

    def vjp(self, y_bar: Value, y: Value, a: Value) -> tuple[Value]:
        return (unless_zero(_expm_moved(transposed(a), y_bar), y_bar),)

    def jvp(self, y: Value, x: tuple[Value, ...], x_dot: tuple[Any, ...]) -> Value:
        return _expm_moved(*x, *x_dot)

    def flops(self, y: TensorType, a: TensorType) -> float:
        return stack_work(a, 30 * a.shape[-1] ** 3 + 4 * CALL)


def _expm_moved(a: Value, e: Value) -> Value:
    """Return the derivative of the exponential of A along E."""
    n = a.shape[-1]
    above = concatenate(a, e, axis=-1)
    below = concatenate(full(a.type, 0), a, axis=-1)
    return slice_(expm(concatenate(above, below, axis=-2)), index=f"..., :{n}, {n}:")
