"""Linear algebra that is written with factorizations, solutions and determinants."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np

from gradwire_service.errors import AttributeValueError, ShapeError
from gradwire_service.graph import INT64
from gradwire_service.ops.base import Composite, Domain, Value
from gradwire_service.ops.functions import abs as abs_
from gradwire_service.ops.functions import (
    astype,
    broadcast_to,
    concatenate,
    diagonal,
    eigh,
    matmul,
    mean,
    norm,
    pad,
    qr,
    reshape,
    slogdet,
    solve,
    solve_triangular,
    sqrt,
    squeeze,
    svd,
    where,
)
from gradwire_service.ops.functions import max as max_
from gradwire_service.ops.functions import min as min_
from gradwire_service.ops.functions import slice as slice_
from gradwire_service.ops.functions import sum as sum_
from gradwire_service.ops.matrices import check_matrices, column, eye, row, transposed


@dataclass(frozen=True)
class OfMatrices(Composite):
    """A function of floating matrices; axes before the last two count them."""

    domain: ClassVar[Domain] = "floating"


@final
@dataclass(frozen=True)
class Inv(OfMatrices, name="inv"):
    """Inverse, A⁻¹. To solve A x = b, `solve` is faster and more exact.

    Shapes: A is [..., n, n], A⁻¹ is [..., n, n].
    Units: the reciprocal of those of A.
    Kinks: a singular matrix has NaN or infinities, and is told of as SINGULAR; others keep their inverses.
    Raises: ShapeError when A is not square.
    Source: Python array API standard, `linalg.inv`.
    """

    def expand(self, a: Value) -> Value:
        check_matrices(self, a.type)
        return solve(a, eye(a))


@final
@dataclass(frozen=True)
class LogDet(OfMatrices, name="logdet"):
    """Logarithm of the determinant, y = log det A, without overflow.

    Shapes: A is [..., n, n], y is [...].
    Units: A and y dimensionless.
    Kinks: y is NaN where det A < 0, and -inf where A is singular.
    Raises: ShapeError when A is not square.
    Source: PyTorch, `torch.logdet`.
    """

    def expand(self, a: Value) -> Value:
        sign, logabsdet = slogdet(a)
        return where(sign < 0, math.nan, logabsdet)


@final
@dataclass(frozen=True)
class Eigvalsh(OfMatrices, name="eigvalsh"):
    """Eigenvalues of a symmetric matrix, ascending. The lower triangle of A is read, as by `eigh`.

    Shapes: A is [..., n, n], w is [..., n].
    Units: those of A.
    Kinks: as those of w in `eigh`.
    Raises: ShapeError when A is not square.
    Source: Python array API standard, `linalg.eigvalsh`.
    """

    def expand(self, a: Value) -> Value:
        w, _ = eigh(a)
        return w


@final
@dataclass(frozen=True)
class Svdvals(OfMatrices, name="svdvals"):
    """Singular values, descending.

    Shapes: A is [..., m, n], S is [..., min(m, n)].
    Units: those of A.
    Kinks: as those of S in `svd`.
    Raises: ShapeError when A has fewer than two axes.
    Source: Python array API standard, `linalg.svdvals`.
    """

    def expand(self, a: Value) -> Value:
        _, s, _ = svd(a)
        return s


@final
@dataclass(frozen=True)
class Lstsq(OfMatrices, name="lstsq"):
    """Least squares: the x that makes ‖A x - b‖ least, and of several such the shortest; A has full rank.

    Shapes: A is [..., m, n]; b is [..., m, k], or one vector [m] for all; x is [..., n, k], or [..., n].
    Units: the quotient of those of b and A.
    Kinks: where A has not full rank, x is infinite or NaN, and the matrix is told of as SINGULAR, unless rounding hides
        it; pinv(A) b is finite there.
    Raises: ShapeError when A has fewer than two axes, or b has another number of rows.
    Source: Golub & Van Loan (2013), "Matrix computations", sections 5.3 and 5.6.
    """

    def expand(self, a: Value, b: Value) -> Value:
        check_matrices(self, a.type, square=False)
        m, n = a.shape[-2:]
        if not b.shape or b.shape[-2:][0] != m:
            raise ShapeError(
                f"lstsq of shapes {list(a.shape)} and {list(b.shape)}: the matrix has {m} rows, and the right-hand "
                "side must have as many"
            )
        right = column(b) if len(b.shape) == 1 else b
        if m >= n:
            q, r = qr(a)
            x = solve_triangular(r, matmul(transposed(q), right))
        else:
            q, r = qr(transposed(a))
            x = matmul(q, solve_triangular(r, right, transpose=True))
        return squeeze(x, axis=(-1,)) if len(b.shape) == 1 else x


@final
@dataclass(frozen=True)
class ChoSolve(OfMatrices, name="cho_solve"):
    """Solution of A x = b by the Cholesky factor of A, A = L Lᵀ, or A = Uᵀ U by `upper`.

    Shapes: the factor is [..., n, n]; b is [..., n, k], or one vector [n] for all; x is [..., n, k], or [..., n].
    Units: the quotient of those of b and A.
    Kinks: a factor with a zero on its diagonal has NaN, and is told of as SINGULAR; others keep their solutions.
    Raises: ShapeError when the factor is not square, or b has another number of rows.
    Source: SciPy, `linalg.cho_solve`.
    """

    upper: bool = False

    def expand(self, factor: Value, b: Value) -> Value:
        lower = not self.upper
        right = column(b) if len(b.shape) == 1 else b
        half = solve_triangular(factor, right, lower=lower, transpose=self.upper)
        x = solve_triangular(factor, half, lower=lower, transpose=lower)
        return squeeze(x, axis=(-1,)) if len(b.shape) == 1 else x


@final
@dataclass(frozen=True)
class MatrixPower(OfMatrices, name="matrix_power"):
    """Power of a square matrix, A^n = A A ⋯ A, by repeated squaring; of its inverse where n < 0, the identity for 0.

    Shapes: A is [..., k, k], A^n is [..., k, k].
    Units: the n-th power of those of A.
    Kinks: where n < 0, a singular matrix has NaN or infinities.
    Raises: ShapeError when A is not square.
    Source: NumPy, `linalg.matrix_power`.
    """

    n: int

    def expand(self, a: Value) -> Value:
        check_matrices(self, a.type)
        square = solve(a, eye(a)) if self.n < 0 else a
        power: Value | None = None
        left = abs(self.n)
        while left:
            if left % 2:
                power = square if power is None else matmul(power, square)
            left //= 2
            square = matmul(square, square) if left else square
        return broadcast_to(eye(a), shape=a.shape) if power is None else power


@final
@dataclass(frozen=True)
class Trace(Composite, name="trace"):
    """Sum of a diagonal, y = Σ x[..., i, i + offset].

    Shapes: x is [..., m, n], y is [...].
    Units: those of x.
    Raises: ShapeError when x has fewer than two axes.
    Source: Python array API standard, `linalg.trace`.
    """

    domain: ClassVar[Domain] = "numeric"

    offset: int = 0

    def expand(self, x: Value) -> Value:
        self.check_domain(x.element_type)
        return sum_(diagonal(x, offset=self.offset, axis1=-2, axis2=-1), axis=(-1,))


@final
@dataclass(frozen=True)
class MatrixNorm(OfMatrices, name="matrix_norm"):
    """Norm of a matrix: "fro" √Σ x[i, j]², "nuc" Σ s, "2" the greatest singular value s, "-2" the least.

    "1" is the greatest sum of |x[i, j]| over a column, "-1" the least; "inf" the greatest over a row, "-inf" the least.

    Shapes: x is [..., m, n], y is [...], or with `keepdims` [..., 1, 1].
    Units: those of x.
    Kinks: at a singular value 0 its derivative is 0; values or sums that tie for the greatest or least share it.
    Raises: AttributeValueError for an unknown norm; ShapeError when x has fewer than two axes, or nothing has a
        greatest element.
    Source: Python array API standard, `linalg.matrix_norm`.
    """

    ord: str = "fro"
    keepdims: bool = False

    def __post_init__(self) -> None:
        known = ("fro", "nuc", "2", "-2", "1", "-1", "inf", "-inf")
        if self.ord not in known:
            raise AttributeValueError(f"there is no matrix_norm {self.ord[:64]!r}; there are: {', '.join(known)}")

    def expand(self, x: Value) -> Value:
        check_matrices(self, x.type, square=False)
        if self.ord == "fro":
            return norm(x, axis=(-2, -1), keepdims=self.keepdims)
        if self.ord in ("nuc", "2", "-2"):
            _, s, _ = svd(x)
            sizes = abs_(s)  # as they are, but flat at 0
            reduce = {"nuc": sum_, "2": max_, "-2": min_}[self.ord]
        else:
            sizes = sum_(abs_(x), axis=(-2,) if self.ord in ("1", "-1") else (-1,))
            reduce = min_ if self.ord.startswith("-") else max_
        y = reduce(sizes, axis=(-1,))
        return reshape(y, shape=(*y.shape, 1, 1)) if self.keepdims else y


@final
@dataclass(frozen=True)
class ConditionNumber(OfMatrices, name="condition_number"):
    """Condition number in the spectral norm, the quotient of the greatest and the least singular value.

    Shapes: x is [..., m, n], y is [...].
    Units: y dimensionless, from 1 up.
    Kinks: y is infinite or very large where x has not full rank, and NaN where x is zero.
    Raises: ShapeError when x has fewer than two axes, or no elements.
    Source: NumPy, `linalg.cond`.
    """

    def expand(self, x: Value) -> Value:
        check_matrices(self, x.type, square=False)
        if not min(x.shape[-2:]):
            raise ShapeError(f"{self.name} of shape {list(x.shape)}: a matrix without elements has no singular values")
        _, s, _ = svd(x)
        return slice_(s, index="..., 0") / slice_(s, index="..., -1")


@final
@dataclass(frozen=True)
class MatrixRank(OfMatrices, name="matrix_rank"):
    """Rank of a matrix: the number of singular values above `rtol` times the greatest; it has no derivative.

    Attributes:
        rtol: by default max(m, n) times the precision of the element type.

    Shapes: x is [..., m, n], y is [...], whole numbers.
    Units: a count.
    Raises: ShapeError when x has fewer than two axes; AttributeValueError when rtol is negative.
    Source: Python array API standard, `linalg.matrix_rank`.
    """

    rtol: float | None = None

    def __post_init__(self) -> None:
        if self.rtol is not None and not self.rtol >= 0:
            raise AttributeValueError(f"matrix_rank has an rtol of {self.rtol}; it is a fraction, 0 or more")

    def expand(self, x: Value) -> Value:
        check_matrices(self, x.type, square=False)
        precision = max(x.shape[-2:]) * float(np.finfo(x.element_type.dtype).eps)
        _, s, _ = svd(x)
        least = slice_(s, index="..., :1") * (precision if self.rtol is None else self.rtol)
        return sum_(astype(s > least, element_type=INT64), axis=(-1,))


@final
@dataclass(frozen=True)
class Cov(OfMatrices, name="cov"):
    """Covariances of variables, which are rows: y[i, j] = Σ (x[i] - mean x[i])(x[j] - mean x[j]) / (n - correction).

    Attributes:
        rowvar: whether a row is a variable and a column an observation, or the other way round.
        correction: degrees of freedom that are taken off the number of observations n.

    Shapes: x is [..., m, n], y is [..., m, m]; of one variable, x is [n] and y is [].
    Units: the square of those of x.
    Kinks: y is NaN or infinite where there are no more observations than `correction`.
    Raises: ShapeError when x is a scalar.
    Source: NumPy, `cov`.
    """

    rowvar: bool = True
    correction: float = 1.0

    def expand(self, x: Value) -> Value:
        self.check_domain(x.element_type)
        if not x.shape:
            raise ShapeError("cov of a scalar: observations lie along an axis")
        variables = x if self.rowvar or len(x.shape) == 1 else transposed(x)
        distances = variables - mean(variables, axis=(-1,), keepdims=True)
        count = max(variables.shape[-1] - self.correction, 0.0)
        return matmul(distances, distances if len(x.shape) == 1 else transposed(distances)) / count


@final
@dataclass(frozen=True)
class Corrcoef(OfMatrices, name="corrcoef"):
    """Coefficients of correlation of variables, which are rows: y[i, j] = c[i, j] / √(c[i, i] c[j, j]), c = cov x.

    Attributes:
        rowvar: whether a row is a variable and a column an observation, or the other way round.

    Shapes: x is [..., m, n], y is [..., m, m]; of one variable, x is [n] and y is [].
    Units: y dimensionless, in [-1, 1] up to rounding.
    Kinks: y is NaN where a variable is constant.
    Raises: ShapeError when x is a scalar.
    Source: NumPy, `corrcoef`.
    """

    rowvar: bool = True

    def expand(self, x: Value) -> Value:
        c = Cov(self.rowvar)(x)
        if not c.shape:
            return c / c
        deviations = sqrt(diagonal(c, axis1=-2, axis2=-1))
        return c / row(deviations) / column(deviations)


@final
@dataclass(frozen=True)
class BlockDiag(Composite, name="block_diag"):
    """Matrices along the diagonal of a larger one, zeros elsewhere.

    Shapes: the matrices are [m, n], [p, q], ...; y is [m + p + ..., n + q + ...]; axes in front are the same for all.
    Units: they share one.
    Raises: ShapeError when one has fewer than two axes, or other axes in front.
    Source: SciPy, `linalg.block_diag`.
    """

    def expand(self, *x: Value) -> Value:
        if any(len(one.shape) < 2 or one.shape[:-2] != x[0].shape[:-2] for one in x):
            shapes = ", ".join(str(list(one.shape)) for one in x)
            raise ShapeError(f"block_diag of shapes {shapes}: they are matrices, with the same axes in front")
        columns = sum(one.shape[-1] for one in x)
        rows, before = [], 0
        for one in x:
            front, behind = (0,) * (len(one.shape) - 1), columns - before - one.shape[-1]
            rows.append(pad(one, low=(*front, before), high=(*front, behind)))
            before += one.shape[-1]
        return concatenate(*rows, axis=-2)
