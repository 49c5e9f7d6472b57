"""Norms of vectors, and the transpose of matrices."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, final

from gradwire_service.errors import AttributeValueError, ShapeError
from gradwire_service.ops.base import Composite, Domain, Value
from gradwire_service.ops.functions import abs as abs_
from gradwire_service.ops.functions import astype, equal, not_equal, sqrt, square, transpose, where
from gradwire_service.ops.functions import max as max_
from gradwire_service.ops.functions import min as min_
from gradwire_service.ops.functions import sum as sum_


@final
@dataclass(frozen=True)
class Norm(Composite, name="norm"):
    """Norm of a vector, y = (Σ |x[i]|^ord)^(1/ord); ord may be inf for the greatest |x[i]|, -inf for the least.

    An ord of 0 counts what is not 0. What lies along the axes, of a matrix too, is one vector; the default is the
    Euclidean or Frobenius norm. Squares are formed: elements beyond 1e±154 (float32: 1e±19) overflow, or vanish.

    Shapes: x is [...], y lacks the reduced axes, or has them with size 1.
    Units: those of x, unless ord is 0.
    Kinks: the derivative is 0 where y = 0, and so is the second; elsewhere at x[i] = 0 it is as that of abs, 0, and for
        ord = ±inf elements that tie share it.
    Raises: AttributeValueError when ord is NaN; ShapeError when an axis is not there, or named twice, or nothing lies
        along it and ord is infinite.
    Source: Python array API standard, `linalg.vector_norm`.
    """

    domain: ClassVar[Domain] = "floating"

    ord: float = 2.0
    axis: tuple[int, ...] | None = None
    keepdims: bool = False

    def __post_init__(self) -> None:
        if math.isnan(self.ord):
            raise AttributeValueError("norm has an ord of NaN; it is a number, inf or -inf")

    def expand(self, x: Value) -> Value:
        self.check_domain(x.element_type)
        axis, keepdims, ord = self.axis, self.keepdims, self.ord
        if math.isinf(ord):
            return (max_ if ord > 0 else min_)(abs_(x), axis=axis, keepdims=keepdims)
        if ord == 0:
            return sum_(astype(not_equal(x, 0), element_type=x.element_type), axis=axis, keepdims=keepdims)
        if ord == 1:
            return sum_(abs_(x), axis=axis, keepdims=keepdims)
        total = sum_(square(x) if ord == 2 else abs_(x) ** ord, axis=axis, keepdims=keepdims)
        root = sqrt(total) if ord == 2 else total ** (1 / ord)
        return where(equal(total, 0), 0, root) if ord > 0 else root


@final
@dataclass(frozen=True)
class MatrixTranspose(Composite, name="matrix_transpose"):
    """Exchange of the last two axes, y[..., i, j] = x[..., j, i].

    Shapes: x is [..., m, n], y is [..., n, m].
    Units: those of x.
    Raises: ShapeError when x has fewer than two axes.
    Source: Python array API standard, `matrix_transpose`.
    """

    def expand(self, x: Value) -> Value:
        rank = len(x.shape)
        if rank < 2:
            raise ShapeError(f"matrix_transpose of shape {list(x.shape)}: that is no matrix; add axes with expand_dims")
        return transpose(x, axes=(*range(rank - 2), rank - 1, rank - 2))
