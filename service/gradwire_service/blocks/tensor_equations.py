"""Linear equations between tensors: several axes together count rows, several others columns."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, final

from gradwire_service.errors import AttributeValueError, ShapeError
from gradwire_service.ops.base import Composite, Domain, Value
from gradwire_service.ops.functions import reshape, solve
from gradwire_service.ops.matrices import eye


@final
@dataclass(frozen=True)
class TensorSolve(Composite, name="tensorsolve"):
    """Solution of linear equations between tensors, Σ A[..., k, l] x[k, l] = b[...], summed over all axes of x.

    Shapes: b is [...], A has the axes of b in front of those of x, and as many elements along the ones as along the
        others.
    Units: the quotient of those of b and A.
    Kinks: where the equations are singular, x has NaN or infinities, and they are told of as SINGULAR.
    Raises: ShapeError when the shapes do not fit.
    Source: NumPy, `linalg.tensorsolve`.
    """

    domain: ClassVar[Domain] = "floating"

    def expand(self, a: Value, b: Value) -> Value:
        self.check_domain(a.element_type)
        count, unknown = b.type.size, a.shape[len(b.shape) :]
        if a.shape[: len(b.shape)] != b.shape or math.prod(unknown) != count:
            raise ShapeError(
                f"tensorsolve of shapes {list(a.shape)} and {list(b.shape)}: the first has the axes of the second in "
                f"front, and then axes with {count} elements together"
            )
        x = solve(reshape(a, shape=(count, count)), reshape(b, shape=(count,)))
        return reshape(x, shape=unknown)


@final
@dataclass(frozen=True)
class TensorInv(Composite, name="tensorinv"):
    """Inverse of a tensor that acts on tensors: tensordot(tensorinv(A, ind), b, ind) solves A x = b.

    Attributes:
        ind: number of axes of A that count rows; the others count columns.

    Shapes: A is [rows..., columns...], the inverse is [columns..., rows...].
    Units: the reciprocal of those of A.
    Kinks: where A is singular, it has NaN or infinities, and is told of as SINGULAR.
    Raises: ShapeError when rows and columns differ in number; AttributeValueError when `ind` is not positive.
    Source: NumPy, `linalg.tensorinv`.
    """

    domain: ClassVar[Domain] = "floating"

    ind: int = 2

    def __post_init__(self) -> None:
        if self.ind <= 0:
            raise AttributeValueError(f"tensorinv with {self.ind} axes of rows; there is one at least")

    def expand(self, a: Value) -> Value:
        self.check_domain(a.element_type)
        rows, columns = a.shape[: self.ind], a.shape[self.ind :]
        count = math.prod(rows)
        if math.prod(columns) != count:
            raise ShapeError(
                f"tensorinv of shape {list(a.shape)}: {list(rows)} and {list(columns)} have {count} and "
                f"{math.prod(columns)} elements, and must have as many"
            )
        matrix = reshape(a, shape=(count, count))
        return reshape(solve(matrix, eye(matrix)), shape=(*columns, *rows))
