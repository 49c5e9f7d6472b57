"""Samples of linear algebra: stacks of matrices that are far from having no inverse, and some that have none.

Every op is tried in float64 and float32, on single matrices, on stacks, broadcast where NumPy does, and on matrices
of one element and of none.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import scipy.linalg

from gradwire_backends.testing.elementwise import LINE, PRECISIONS, WHOLE, in_double, points
from gradwire_backends.testing.sample import Sample
from gradwire_backends.testing.structural import Expected, samples, settled
from gradwire_service.graph import Array, ElementType
from gradwire_service.ops import Value, apply, variable
from gradwire_service.ops.matrices import symmetric

Shape = tuple[int, ...]
SQUARE: Sequence[Shape] = ((3, 3), (2, 3, 3), (2, 1, 2, 2), (1, 1), (0, 0), (0, 2, 2))
TALL: Sequence[Shape] = ((3, 3), (4, 2), (2, 3, 2), (3, 1), (3, 0), (0, 2, 1))
ANY: Sequence[Shape] = (*TALL, (2, 4), (2, 2, 3), (1, 3), (0, 3))
SYSTEMS: Sequence[tuple[Shape, Shape]] = (
    ((3, 3), (3,)),
    ((3, 3), (3, 2)),
    ((2, 3, 3), (3,)),
    ((2, 3, 3), (3, 2)),
    ((3, 3), (2, 3, 1)),
    ((2, 1, 2, 2), (3, 2, 2)),
    ((1, 1), (1,)),
    ((0, 0), (0,)),
    ((2, 2), (2, 0)),
    ((0, 2, 2), (2,)),
)

SIGNED = {("eigh", 1), ("svd", 0), ("svd", 2)}
"""Ops and results whose sign is LAPACK's choice at each point and in each precision, so that differences may jump."""


@dataclass(frozen=True, eq=False)
class SymmetricSample(Sample):
    """A sample of an op that reads one triangle of its first input for both: it is fed the symmetric part.

    Thus a change of any element changes what is read as the derivative has it.
    """

    def value(self) -> Value:
        """Return the op, or the one of its results that is meant, applied to the symmetric part of ``x0``."""
        first, *others = (variable(name, x.shape, ElementType.of(x.dtype)) for name, x in self.tensors.items())
        found = apply(self.op, symmetric(first), *others, **self.attributes)
        return found[self.result] if isinstance(found, tuple) else found


def regular(shape: Shape) -> Array:
    """Return matrices whose eigenvalues, or singular values, are far from zero and from each other."""
    m, n = shape[-2:]
    return points(shape, LINE) / 8 + np.eye(m, n) * np.arange(1.0, n + 1)


def positive(shape: Shape) -> Array:
    """Return symmetric matrices whose eigenvalues are positive."""
    a = regular(shape)
    return a + np.swapaxes(a, -1, -2)


def each(
    op: str, f: Expected, shapes: Sequence[Shape], make: Callable[[Shape], Array] = regular, **attributes: Any
) -> Iterator[Sample]:
    """Sample a function of matrices.

    Args:
        op: its name.
        f: its value: a function of the matrices, and of the attributes by their names; or, of an op with several
            results, a tuple of them.
        shapes: shapes of the matrices.
        make: makes matrices of a shape.
        attributes: settings of the op.
    """
    kind = SymmetricSample if make is positive else Sample
    for shape in shapes:
        x = make(shape)
        found = f(x, **attributes)
        for i in range(len(found) if isinstance(found, tuple) else 1):
            for dtype in PRECISIONS if shape == shapes[0] else PRECISIONS[:1]:
                signed = (op, i) in SIGNED
                expected = picked(f, i) if signed else settled(picked(f, i), attributes)
                yield kind(op, (x.astype(dtype),), expected, attributes, smooth=not signed, result=i)


def picked(f: Expected, i: int) -> Expected:
    """Return a function that picks a result, if there are several."""

    def result(*x: Array, **attributes: Any) -> Any:
        found = f(*x, **attributes)
        return found[i] if isinstance(found, tuple) else found

    return result


def factorizations() -> Iterator[Sample]:
    """Sample the factorizations."""
    for upper in (False, True):
        yield from each("cholesky", np.linalg.cholesky, SQUARE, positive, upper=upper)
    bad = np.array([positive((2, 2)), np.diag([1.0, -1.0]), positive((2, 2)) + 1])
    for dtype in PRECISIONS:
        yield Sample("cholesky", (bad.astype(dtype),), in_double(one_by_one(np.linalg.cholesky)), {}, "bad", False)
    lower = np.tril(positive((3, 3))) + np.triu(np.full((3, 3), 7.0), 1)
    for op, result in (("cholesky", 0), ("eigh", 0), ("eigh", 1)):
        f: Expected = np.linalg.cholesky if op == "cholesky" else picked(np.linalg.eigh, result)
        yield Sample(op, (lower,), f, {}, "lower-triangle", smooth=False, result=result)
    yield from each("eigh", np.linalg.eigh, SQUARE, positive)
    yield from each("eigvalsh", np.linalg.eigvalsh, SQUARE[:2], positive)
    yield from each("svd", partial(np.linalg.svd, full_matrices=False), ANY)
    yield from each("svdvals", np.linalg.svdvals, ANY[:2])
    yield from each("qr", np.linalg.qr, TALL)
    for i in range(3):
        f = picked(one_by_one(partial(np.linalg.svd, full_matrices=False), 3), i)
        yield Sample("svd", (np.array([regular((2, 2)), np.full((2, 2), np.nan)]),), f, {}, "bad", False, result=i)


def one_by_one(f: Expected, results: int = 1) -> Expected:
    """Let a function that raises for a matrix have NaN there."""

    def stacked(a: Array) -> Any:
        good = f(a[0])  # the first is one that has a result
        kept: list[Any] = []
        for matrix in a:
            try:
                kept.append(f(matrix))
            except np.linalg.LinAlgError:
                nothing = tuple(np.full_like(x, np.nan) for x in (good if results > 1 else (good,)))
                kept.append(nothing if results > 1 else nothing[0])
        return tuple(map(np.stack, zip(*kept, strict=True))) if results > 1 else np.stack(kept)

    return stacked


def systems() -> Iterator[Sample]:
    """Sample what solves systems of equations."""
    for op, f in (("solve", np.linalg.solve), ("solve_triangular", triangular)):
        for a, b in SYSTEMS:
            yield from system(op, f, a, b)
    for lower in (False, True):
        for transpose in (False, True):
            for unit in (False, True):
                settings = {"lower": lower, "transpose": transpose, "unit_diagonal": unit}
                for a, b in SYSTEMS[1:3]:
                    yield from system("solve_triangular", triangular, a, b, **settings)
    for upper in (False, True):
        for a, b in SYSTEMS[:3]:
            yield from system("cho_solve", from_factor, a, b, upper=upper)
    for a, b in (*SYSTEMS[:2], ((4, 2), (4,)), ((2, 4, 2), (4, 3)), ((2, 4), (2,)), ((3, 2, 4), (3, 2, 1))):
        yield from system("lstsq", least_squares, a, b)
    singular = np.array([regular((2, 2)), np.ones((2, 2)), np.zeros((2, 2))])
    column = points((2, 1), LINE)
    for dtype in PRECISIONS:
        inputs = (singular.astype(dtype), column.astype(dtype))
        yield Sample("solve", inputs, in_double(solved_one_by_one), {}, "bad", smooth=False)
    yield from each("inv", np.linalg.inv, SQUARE)
    yield from each("pinv", np.linalg.pinv, ANY)
    for ind, shape in ((2, (2, 3, 6)), (1, (4, 2, 2))):
        x = np.reshape(regular((math.prod(shape[:ind]),) * 2), shape)
        yield Sample("tensorinv", (x,), partial(np.linalg.tensorinv, ind=ind), {"ind": ind})
    x, side = np.reshape(regular((6, 6)), (2, 3, 6)), points((2, 3), LINE)
    for dtype in PRECISIONS:
        yield Sample("tensorsolve", (x.astype(dtype), side.astype(dtype)), in_double(np.linalg.tensorsolve))
    low = np.outer([1.0, 2.0, 3.0], [0.5, -1.0])
    yield Sample("pinv", (low,), np.linalg.pinv, {}, "rank-1", smooth=False)
    yield Sample("pinv", (np.diag([1.0, 0.1]),), partial(np.linalg.pinv, rtol=0.2), {"rtol": 0.2}, smooth=False)


def system(op: str, f: Expected, a: Shape, b: Shape, **attributes: Any) -> Iterator[Sample]:
    """Sample an op that solves A x = b."""
    inputs = regular(a), points(b, LINE, 0.7548776662466927)
    for dtype in PRECISIONS if (a, b) == SYSTEMS[0] else PRECISIONS[:1]:
        yield Sample(op, tuple(x.astype(dtype) for x in inputs), settled(f, attributes), attributes)


def solved_one_by_one(a: Array, b: Array) -> Any:
    """Solve for each matrix; NaN for singular ones."""
    return one_by_one(partial(np.linalg.solve, b=b))(a)


def triangular(a: Array, b: Array, lower: bool = False, transpose: bool = False, unit_diagonal: bool = False) -> Any:
    """Solve with a triangle of A."""
    kept = np.tril(a) if lower else np.triu(a)
    if unit_diagonal:
        kept = kept * (1 - np.eye(a.shape[-1])) + np.eye(a.shape[-1])
    return np.linalg.solve(np.swapaxes(kept, -1, -2) if transpose else kept, b)


def from_factor(factor: Array, b: Array, upper: bool) -> Any:
    """Solve with L Lᵀ, or Uᵀ U."""
    kept = np.swapaxes(np.triu(factor), -1, -2) if upper else np.tril(factor)
    return np.linalg.solve(kept @ np.swapaxes(kept, -1, -2), b)


def least_squares(a: Array, b: Array) -> Any:
    """Multiply by the pseudoinverse."""
    return np.linalg.pinv(a) @ b


def functions() -> Iterator[Sample]:
    """Sample functions of square matrices."""
    yield from each("det", np.linalg.det, SQUARE)
    for dtype in PRECISIONS:
        for a in (np.ones((2, 2)), np.diag([2.0, 0.5, 0.0])):
            yield Sample("det", (a.astype(dtype),), in_double(np.linalg.det), {}, "singular")
    yield Sample("det", (np.diag([0.0, 1.5, 0.0]),), np.linalg.det, {}, "rank-1", smooth=False)  # it has the slope 0
    yield from each("slogdet", np.linalg.slogdet, SQUARE)
    yield from each("slogdet", np.linalg.slogdet, SQUARE[:1], lambda shape: -regular(shape))
    for i in range(2):
        f = picked(np.linalg.slogdet, i)
        yield Sample("slogdet", (np.zeros((2, 2)),), f, {}, "singular", smooth=False, result=i)
    yield from each("logdet", logdet, SQUARE[:2])
    yield Sample("logdet", (np.diag([1.0, -1.0]),), logdet, {}, "negative", smooth=False)
    yield from each("expm", scipy.linalg.expm, SQUARE)
    yield from each("cofactors", cofactors, SQUARE)
    yield Sample("cofactors", (np.ones((2, 2)),), cofactors, {}, "singular")
    for shape in (*SQUARE[:2], *SQUARE[3:]):  # of two rows, they do not depend on A
        inputs = regular(shape), points(shape, LINE, 0.7548776662466927)
        for dtype in PRECISIONS if shape == SQUARE[0] else PRECISIONS[:1]:
            yield Sample("cofactors_moved", tuple(x.astype(dtype) for x in inputs), in_double(cofactors_moved))
    identity = partial(np.linalg.matrix_power, n=0)
    yield Sample("matrix_power", (regular((2, 3, 3)),), identity, {"n": 0}, smooth=False)  # of nothing
    for n in (1, 2, 5, -1, -3):
        yield from each("matrix_power", np.linalg.matrix_power, ((2, 3, 3),), n=n)
    yield from each("matrix_power", np.linalg.matrix_power, ((0, 0),), n=-3)
    for offset in (0, 1, -1, 4):
        yield from samples("trace", np.linalg.trace, (2, 3, 4), offset=offset)
    yield Sample("trace", (WHOLE,), np.linalg.trace)
    for ord in ("fro", "nuc", "2", "-2", "1", "-1", "inf", "-inf"):
        yield from each("matrix_norm", matrix_norm, ((2, 3, 4),), ord=ord, keepdims=ord in ("nuc", "inf"))
    yield from each("condition_number", np.linalg.cond, ((2, 3, 3), (4, 2)))
    yield from each("matrix_rank", np.linalg.matrix_rank, ANY[:4])
    yield Sample("matrix_rank", (np.ones((3, 2)),), np.linalg.matrix_rank)
    yield Sample("matrix_rank", (np.diag([1.0, 0.1]),), partial(np.linalg.matrix_rank, rtol=0.2), {"rtol": 0.2})


def logdet(a: Array) -> Any:
    """Compute log det A; NaN where det A is negative."""
    return np.log(np.linalg.det(a))


def cofactors(a: Array) -> Any:
    """Compute signed determinants of what is left without a row and a column."""
    n = a.shape[-1]
    c = np.empty_like(a)
    for i in range(n):
        for j in range(n):
            left = np.delete(np.delete(a, i, axis=-2), j, axis=-1)
            c[..., i, j] = (-1) ** (i + j) * np.linalg.det(left)
    return c


def cofactors_moved(a: Array, e: Array) -> Any:
    """Compute differences of cofactors, which are exact for polynomials of degree 2."""
    return (cofactors(a + e) - cofactors(a - e)) / 2


def matrix_norm(x: Array, ord: str, keepdims: bool) -> Any:
    """Compute the norm of that name."""
    return np.linalg.matrix_norm(x, ord=ord if ord in ("fro", "nuc") else float(ord), keepdims=keepdims)  # type: ignore[arg-type]


def products() -> Iterator[Sample]:
    """Sample products other than the matrix product."""
    tables: Mapping[str, tuple[Expected, Sequence[tuple[Shape, Shape]]]] = {
        "outer": (np.outer, (((3,), (4,)), ((2, 2), (3,)), ((), (2,)), ((0,), (2,)))),
        "inner": (np.inner, (((3,), (3,)), ((2, 3), (4, 5, 3)), ((), (4,)), ((2, 0), (0,)))),
        "dot": (np.dot, (((2, 3), (3, 2)), ((2, 3), (4, 3, 5)), ((2, 2, 3), (3,)), ((3,), (2, 3, 4)), ((), (2,)))),
        "vdot": (np.vdot, (((2, 3), (3, 2)), ((), ()), ((0,), (0, 2)))),
        "vecdot": (np.vecdot, (((2, 3), (3,)), ((2, 1, 3), (4, 3)), ((0, 2), (2,)))),
        "cross": (np.cross, (((3,), (3,)), ((2, 3), (3,)), ((2, 1, 3), (4, 3)))),
        "kron": (np.kron, (((2, 3), (3, 2)), ((2,), (3, 2)), ((), (3,)), ((2, 0), (3, 2)))),
        "tensordot": (np.tensordot, (((2, 3, 4), (3, 4, 5)), ((2, 3), (2, 3)), ((0, 2, 2), (2, 2)))),
    }
    for op, (f, shapes) in tables.items():
        for a, b in shapes:
            yield from samples(op, f, a, b)
        yield Sample(op, (WHOLE, WHOLE) if op != "dot" else (WHOLE, WHOLE.T), f)
    for op, f in (("vecdot", np.vecdot), ("cross", np.cross)):
        yield from samples(op, f, (3, 2), (3, 1), axis=-2)
    yield from samples("tensordot", np.tensordot, (2, 3), (4,), axes=0)
    yield from samples("tensordot", over, (2, 3, 4), (4, 2, 5), axes_a=(0, 2), axes_b=(1, -3))
    yield from samples("multi_dot", multi_dot, (3, 4), (4, 2), (2, 5), (5,))
    yield from samples("multi_dot", multi_dot, (3,), (3, 2), (2,))
    yield from samples("multi_dot", multi_dot, (3,), (3,))
    yield from samples("multi_dot", multi_dot, (2, 3), (3, 0), (0, 2))
    yield from samples("cov", cov, (3, 5))
    yield from samples("cov", cov, (5,))
    yield from samples("cov", cov, (3, 4), rowvar=False, correction=0.0)
    yield from samples("corrcoef", np.corrcoef, (3, 5))
    yield from samples("corrcoef", np.corrcoef, (3, 4), rowvar=False)
    yield from samples("block_diag", scipy.linalg.block_diag, (2, 3), (1, 2), (0, 1))
    yield from samples("block_diag", scipy.linalg.block_diag, (2, 2, 3), (2, 1, 1))
    yield Sample("block_diag", (WHOLE, WHOLE[:1]), scipy.linalg.block_diag)


def over(a: Array, b: Array, axes_a: tuple[int, ...], axes_b: tuple[int, ...]) -> Any:
    """Sum products over pairs of axes."""
    return np.tensordot(a, b, (axes_a, axes_b))


def multi_dot(*x: Array) -> Any:
    """Multiply from the left."""
    y = x[0]
    for one in x[1:]:
        y = y @ one
    return y


def cov(x: Array, rowvar: bool = True, correction: float = 1.0) -> Any:
    """Compute covariances."""
    return np.cov(x, rowvar=rowvar, ddof=int(correction))


SAMPLES: tuple[Sample, ...] = (*factorizations(), *systems(), *functions(), *products())
"""Everything that `numpy.linalg` has, and what its derivatives are made of."""
