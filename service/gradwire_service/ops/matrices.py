"""What the rules of linear algebra share: matrices are the last two axes, those before count them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradwire_service.errors import ShapeError
from gradwire_service.graph import Array, TensorType
from gradwire_service.ops.base import Op, Value
from gradwire_service.ops.functions import abs as abs_
from gradwire_service.ops.functions import (
    astype,
    diagonal,
    equal,
    expand_dims,
    iota,
    isfinite,
    logical_and,
    logical_not,
    transpose,
    where,
)
from gradwire_service.ops.functions import sum as sum_

CALL = 5e3
"""What the start of one factorization takes, in floating-point operations."""


def stack_work(a: TensorType, each: float) -> float:
    """Return the floating-point operations for a stack of matrices, with so many for each."""
    return math.prod(a.shape[:-2]) * (CALL + each)


def check_matrices(op: Op, a: TensorType, square: bool = True) -> None:
    """See that there are floating matrices along the last two axes.

    Raises: ElementTypeError, ShapeError.
    """
    op.check_domain(a.element_type)
    if a.rank < 2 or (square and a.shape[-1] != a.shape[-2]):
        kind = "square matrices" if square else "matrices"
        raise ShapeError(f"{op.name} takes {kind} along the last two axes, not shape {list(a.shape)}")


def transposed(x: Value) -> Value:
    """Exchange the last two axes."""
    rank = len(x.shape)
    return transpose(x) if rank == 2 else transpose(x, axes=(*range(rank - 2), rank - 1, rank - 2))


def symmetric(x: Value) -> Value:
    """Return the symmetric part."""
    return 0.5 * (x + transposed(x))


def row(x: Value) -> Value:
    """Lay vectors along the last axis of matrices."""
    return expand_dims(x, axis=(-2,))


def column(x: Value) -> Value:
    """Lay vectors along the last axis but one of matrices."""
    return expand_dims(x, axis=(-1,))


def eye(x: Value) -> Value:
    """Return the identity that multiplies such matrices from the right."""
    n = x.shape[-1]
    return astype(equal(iota(shape=(n, 1)), iota(shape=(n,))), element_type=x.element_type)


def triangle(x: Value, lower: bool, offset: int = 0) -> Value:
    """Return the matrices with zeros outside a triangle.

    Args:
        x: matrices.
        lower: whether it is the lower one, or the upper one.
        offset: its last or first diagonal: above the main one positive, below it negative.
    """
    m, n = x.shape[-2:]
    i, j = iota(shape=(m, 1)) + offset, iota(shape=(n,))
    return where(j <= i if lower else j >= i, x, 0)


def diagonal_of(x: Value) -> Value:
    """Return the diagonals of matrices."""
    return diagonal(x, axis1=-2, axis2=-1)


def unless_zero(x_bar: Value, *y_bars: Value | None) -> Value:
    """Return a sensitivity, and zero instead of NaN for each matrix where those that it comes from are all zero.

    Thus a matrix that has no factorization leaves no NaN behind where `where` did not take it. What is finite is left
    as it is: zero too has a derivative.
    """
    first, *others = [sum_(abs_(y_bar), axis=(-2, -1), keepdims=True) for y_bar in y_bars if y_bar is not None]
    for size in others:
        first = first + size
    return where(logical_and(equal(first, 0), logical_not(isfinite(x_bar))), 0, x_bar)


def lost(inputs: tuple[Array, ...], *results: tuple[Array, int]) -> bool:
    """Tell whether there is a matrix of finite numbers that has a result which is none.

    Args:
        inputs: stacks of matrices.
        results: stacks of results, each with the number of axes that one matrix has there.
    """
    finite: Any = np.True_
    for x in inputs:
        finite = finite & np.isfinite(x).all(axis=(-2, -1))
    return any(bool(np.any(finite & ~np.isfinite(y).all(axis=tuple(range(-rank, 0))))) for y, rank in results)
