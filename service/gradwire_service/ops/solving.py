"""Systems of linear equations, and pseudoinverses."""

from __future__ import annotations

import math
from abc import abstractmethod
from dataclasses import dataclass, replace
from typing import Any, ClassVar, final

import numpy as np

from gradwire_service.errors import AttributeValueError, ShapeError
from gradwire_service.graph import Array, TensorType
from gradwire_service.ops.base import Domain, Namespace, Op, Value, broadcast_shapes
from gradwire_service.ops.functions import matmul, squeeze
from gradwire_service.ops.matrices import check_matrices, column, lost, stack_work, transposed, triangle, unless_zero


class LinearSystem(Op):
    """An op that solves A x = b: one vector b for all matrices, or as many columns as b has."""

    domain: ClassVar[Domain] = "floating"
    singular: ClassVar[bool] = True

    def infer(self, a: TensorType, b: TensorType) -> TensorType:
        check_matrices(self, a)
        if not b.shape or a.shape[-1] != b.shape[-2:][0]:
            raise ShapeError(
                f"{self.name} of shapes {list(a.shape)} and {list(b.shape)}: the matrix has {a.shape[-1]} rows, and "
                "the right-hand side must have as many"
            )
        batch = broadcast_shapes(a.shape[:-2], b.shape[:-2])
        return TensorType((*batch, *b.shape[-2:]), a.element_type)

    @abstractmethod
    def solved_transposed(self, a: Value, x_bar: Value) -> Value:
        """Solve with the transpose of the system's matrix."""

    def matrix(self, a: Value) -> Value:
        """Return the matrix of the system, which is linear in A."""
        return a

    def pulled(self, matrix_bar: Value) -> Value:
        """Return the cotangent of A, given that of the matrix of the system."""
        return matrix_bar

    def vjp(self, y_bar: Value, y: Value, a: Value, b: Value) -> tuple[Value, Value]:
        x_bar, x = _columns(y_bar, b), _columns(y, b)
        b_bar = self.solved_transposed(a, x_bar)
        a_bar = self.pulled(-matmul(b_bar, transposed(x)))
        return unless_zero(a_bar, x_bar), _as_vector(unless_zero(b_bar, x_bar), b)

    def jvp(self, y: Value, x: tuple[Value, ...], x_dot: tuple[Any, ...]) -> Value:
        (a, b), (a_dot, b_dot) = x, x_dot
        change = None if b_dot is None else _columns(b_dot, b)
        if a_dot is not None:
            moved = matmul(self.matrix(a_dot), _columns(y, b))
            change = -moved if change is None else change - moved
        assert change is not None
        return _as_vector(self(a, change), b)

    def issue(self, inputs: tuple[Array, ...], result: Any) -> str | None:
        a, b = inputs
        return "SINGULAR" if lost((a, np.atleast_2d(b)), (result, min(b.ndim, 2))) else None


@final
@dataclass(frozen=True)
class Solve(LinearSystem, name="solve"):
    """Solution of linear equations, A x = b.

    Axes before the last two broadcast: there the system is one of many.

    Shapes: A is [..., n, n]; b is [..., n, k], or one vector [n] for all; x is [..., n, k], or [..., n].
    Units: the quotient of those of b and A.
    Kinks: a singular matrix has NaN or infinities, and is told of as SINGULAR; others keep their solutions.
    Raises: ShapeError when A is not square, or b has another number of rows.
    Source: Giles (2008), "An extended collection of matrix derivative results", section 2.2.3; shapes as the Python
        array API standard, `linalg.solve`.
    """

    latex: ClassVar[str] = "{{{0}}}^{{-1}} {1}"

    def evaluate(self, xp: Namespace, a: Array, b: Array) -> Array:
        return xp.linalg.solve(a, b[:, None])[..., 0] if b.ndim == 1 else xp.linalg.solve(a, b)

    def solved_transposed(self, a: Value, x_bar: Value) -> Value:
        return self(transposed(a), x_bar)

    def flops(self, y: TensorType, a: TensorType, b: TensorType) -> float:
        n, batch = a.shape[-1], y.shape[: -min(b.rank, 2)]
        return stack_work(TensorType((*batch, n, n)), 2 * n**3 / 3) + 2.0 * y.size * n


@final
@dataclass(frozen=True)
class SolveTriangular(LinearSystem, name="solve_triangular"):
    """Solution of linear equations with a triangular matrix, A x = b, or Aᵀ x = b by `transpose`.

    One triangle of A is read, the lower or the upper one; with `unit_diagonal` its diagonal counts as ones and is not
    read. What is not read has the gradient 0. Axes before the last two broadcast.

    Shapes: A is [..., n, n]; b is [..., n, k], or one vector [n] for all; x is [..., n, k], or [..., n].
    Units: the quotient of those of b and A.
    Kinks: a matrix with a zero on its diagonal has NaN, and is told of as SINGULAR; others keep their solutions.
    Raises: ShapeError when A is not square, or b has another number of rows.
    Source: Giles (2008), "An extended collection of matrix derivative results", section 2.2.3; SciPy,
        `linalg.solve_triangular`.
    """

    lower: bool = False
    transpose: bool = False
    unit_diagonal: bool = False

    def evaluate(self, xp: Namespace, a: Array, b: Array) -> Array:
        columns = b[:, None] if b.ndim == 1 else b
        settings = {"trans": int(self.transpose), "lower": self.lower, "unit_diagonal": self.unit_diagonal}
        x = xp.solve_triangular(a, columns, **settings)
        return x[..., 0] if b.ndim == 1 else x

    def solved_transposed(self, a: Value, x_bar: Value) -> Value:
        return replace(self, transpose=not self.transpose)(a, x_bar)

    def matrix(self, a: Value) -> Value:
        return transposed(self.read(a)) if self.transpose else self.read(a)

    def pulled(self, matrix_bar: Value) -> Value:
        return self.read(transposed(matrix_bar) if self.transpose else matrix_bar)

    def read(self, a: Value) -> Value:
        """Return what is read of a matrix, with zeros elsewhere."""
        offset = (-1 if self.lower else 1) if self.unit_diagonal else 0
        return triangle(a, self.lower, offset)

    def flops(self, y: TensorType, a: TensorType, b: TensorType) -> float:
        return stack_work(a, 0) + float(y.size) * a.shape[-1]


def _columns(x: Value, b: Value) -> Value:
    """Make matrices of one column where b is a vector."""
    return column(x) if len(b.shape) == 1 else x


def _as_vector(x: Value, b: Value) -> Value:
    """Take the only column where b is a vector."""
    return squeeze(x, axis=(-1,)) if len(b.shape) == 1 else x


@final
@dataclass(frozen=True)
class Pinv(Op, name="pinv"):
    """Pseudoinverse of Moore and Penrose, P = A⁺: A P A = A, P A P = P, A P and P A symmetric.

    Singular values below `rtol` times the greatest count as 0; by default max(m, n) times the precision.

    Shapes: A is [..., m, n], P is [..., n, m].
    Units: the reciprocal of those of A.
    Kinks: P jumps where the rank of A changes; its derivative is that along changes that keep the rank.
    Raises: ShapeError when A has fewer than two axes; AttributeValueError when rtol is negative.
    Source: Golub & Pereyra (1973), "The differentiation of pseudo-inverses and nonlinear least squares problems whose
        variables separate", equation 4.12.
    """

    domain: ClassVar[Domain] = "floating"
    analytic: ClassVar[bool] = False
    latex: ClassVar[str] = "{{{0}}}^{{+}}"

    rtol: float | None = None

    def __post_init__(self) -> None:
        if self.rtol is not None and not self.rtol >= 0:
            raise AttributeValueError(f"pinv has an rtol of {self.rtol}; it is a fraction, 0 or more")

    def infer(self, a: TensorType) -> TensorType:
        check_matrices(self, a, square=False)
        *batch, m, n = a.shape
        return TensorType((*batch, n, m), a.element_type)

    def evaluate(self, xp: Namespace, a: Array) -> Array:
        precision = max(a.shape[-2:]) * float(xp.finfo(a.dtype).eps)
        return xp.linalg.pinv(a, rtol=precision if self.rtol is None else self.rtol)

    def vjp(self, p_bar: Value, p: Value, a: Value) -> tuple[Value]:
        pt, bar = transposed(p), transposed(p_bar)
        change = matmul(matmul(bar, p), pt)  # of the range of A
        other = matmul(matmul(pt, p), bar)  # of the range of Aᵀ
        inside = matmul(matmul(pt, p_bar), pt)
        left = change - matmul(a, matmul(p, change))
        right = other - matmul(matmul(other, p), a)
        return (left + right - inside,)

    def jvp(self, p: Value, x: tuple[Value, ...], x_dot: tuple[Any, ...]) -> Value:
        (a,), (a_dot,) = x, x_dot
        pt, turned = transposed(p), transposed(a_dot)
        left = matmul(matmul(p, pt), turned)
        right = matmul(matmul(turned, pt), p)
        inside = matmul(matmul(p, a_dot), p)
        return left - matmul(matmul(left, a), p) + right - matmul(p, matmul(a, right)) - inside

    def flops(self, p: TensorType, a: TensorType) -> float:
        return stack_work(a, 24 * math.prod(a.shape[-2:]) * min(a.shape[-2:]))
