"""Products of vectors, matrices and tensors other than the matrix product."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, final

from gradwire_service.errors import ArityError, AttributeValueError, ShapeError
from gradwire_service.graph import INT64
from gradwire_service.ops.base import Composite, Domain, Value, broadcast_shapes, constant, normalized_axes
from gradwire_service.ops.functions import matmul, reshape, take, transpose
from gradwire_service.ops.functions import sum as sum_

MOST_MATRICES = 64
"""To find the best order of multiplications takes the third power of their number."""


@dataclass(frozen=True)
class Product(Composite):
    """A product of numbers, floating or whole."""

    domain: ClassVar[Domain] = "numeric"


@final
@dataclass(frozen=True)
class Outer(Product, name="outer"):
    """Outer product, y[i, j] = a[i] b[j]; what is no vector is laid flat.

    Shapes: a is [...] with m elements, b is [...] with n, y is [m, n].
    Units: the product of those of a and b.
    Source: NumPy, `outer`.
    """

    def expand(self, a: Value, b: Value) -> Value:
        self.check_domain(a.element_type)
        return reshape(a, shape=(a.type.size, 1)) * reshape(b, shape=(b.type.size,))


@final
@dataclass(frozen=True)
class Inner(Product, name="inner"):
    """Inner product over the last axes, y[..., ...] = Σ a[..., k] b[..., k]; a scalar multiplies.

    Shapes: a is [m, ..., k], b is [n, ..., k], y is [m, ..., n, ...].
    Units: the product of those of a and b.
    Raises: ShapeError when the last axes differ in size.
    Source: NumPy, `inner`.
    """

    def expand(self, a: Value, b: Value) -> Value:
        self.check_domain(a.element_type)
        return _contracted(self, a, b, (-1,), (-1,)) if a.shape and b.shape else a * b


@final
@dataclass(frozen=True)
class Dot(Product, name="dot"):
    """Product over the last axis of a and the last but one of b, or its only one; a scalar multiplies.

    For vectors it is the inner product, for matrices the matrix product; other than in `matmul`, nothing broadcasts.

    Shapes: a is [m, ..., k], b is [n, ..., k, l] or [k], y is [m, ..., n, ..., l].
    Units: the product of those of a and b.
    Raises: ShapeError when the two axes differ in size.
    Source: NumPy, `dot`.
    """

    def expand(self, a: Value, b: Value) -> Value:
        self.check_domain(a.element_type)
        if not (a.shape and b.shape):
            return a * b
        if len(a.shape) <= 2 and len(b.shape) <= 2:
            return matmul(a, b)
        return _contracted(self, a, b, (-1,), (-2,) if len(b.shape) > 1 else (-1,))


@final
@dataclass(frozen=True)
class Vdot(Product, name="vdot"):
    """Inner product of all elements, y = Σ a[i] b[i], of vectors that what has more axes is laid flat to.

    Shapes: a and b are [...] with as many elements, y is [].
    Units: the product of those of a and b.
    Raises: ShapeError when the numbers of elements differ.
    Source: NumPy, `vdot`.
    """

    def expand(self, a: Value, b: Value) -> Value:
        self.check_domain(a.element_type)
        if a.type.size != b.type.size:
            raise ShapeError(
                f"vdot of shapes {list(a.shape)} and {list(b.shape)}: they have {a.type.size} and {b.type.size} "
                "elements, and must have as many"
            )
        return matmul(reshape(a, shape=(a.type.size,)), reshape(b, shape=(b.type.size,)))


@final
@dataclass(frozen=True)
class Vecdot(Product, name="vecdot"):
    """Inner product of vectors along one axis, y[...] = Σ a[..., k, ...] b[..., k, ...].

    Attributes:
        axis: the axis of the vectors, counted from the end.

    Shapes: a and b broadcast along the other axes, y lacks that one.
    Units: the product of those of a and b.
    Raises: ShapeError when the vectors differ in size, or an operand has no such axis; AttributeValueError when the
        axis is not negative.
    Source: Python array API standard, `vecdot`.
    """

    axis: int = -1

    def __post_init__(self) -> None:
        if self.axis >= 0:
            raise AttributeValueError(f"vecdot along axis {self.axis}: count it from the end, from -1")

    def expand(self, a: Value, b: Value) -> Value:
        self.check_domain(a.element_type)
        _check_vectors(self.name, a, b, self.axis)
        return sum_(a * b, axis=(self.axis,))


@final
@dataclass(frozen=True)
class Cross(Product, name="cross"):
    """Cross product of vectors in space, y = (a₁b₂ - a₂b₁, a₂b₀ - a₀b₂, a₀b₁ - a₁b₀).

    Attributes:
        axis: the axis of the vectors, counted from the end.

    Shapes: a and b have 3 elements along that axis and broadcast along the others, y has their shape.
    Units: the product of those of a and b.
    Raises: ShapeError when there are not 3 elements along the axis; AttributeValueError when it is not negative.
    Source: Python array API standard, `linalg.cross`.
    """

    axis: int = -1

    def __post_init__(self) -> None:
        if self.axis >= 0:
            raise AttributeValueError(f"cross along axis {self.axis}: count it from the end, from -1")

    def expand(self, a: Value, b: Value) -> Value:
        self.check_domain(a.element_type)
        _check_vectors(self.name, a, b, self.axis)
        if a.shape[self.axis] != 3:
            raise ShapeError(f"cross of vectors with {a.shape[self.axis]} elements; in space they have 3")
        one, two = (constant(places, INT64) for places in ([1, 2, 0], [2, 0, 1]))
        a_next, a_last, b_next, b_last = (take(x, places, axis=self.axis) for x in (a, b) for places in (one, two))
        return a_next * b_last - a_last * b_next


@final
@dataclass(frozen=True)
class Kron(Product, name="kron"):
    """Kronecker product: a block of b for each element of a, y[i p + k, j q + l] = a[i, j] b[k, l].

    Shapes: a is [m, n], b is [p, q], y is [m p, n q]; likewise with any number of axes, where axes of size 1 are put
        before those of the operand that has fewer.
    Units: the product of those of a and b.
    Source: NumPy, `kron`.
    """

    def expand(self, a: Value, b: Value) -> Value:
        self.check_domain(a.element_type)
        rank = max(len(a.shape), len(b.shape))
        outer, inner = ((1,) * (rank - len(x.shape)) + x.shape for x in (a, b))
        left = reshape(a, shape=tuple(size for m in outer for size in (m, 1)))
        right = reshape(b, shape=tuple(size for p in inner for size in (1, p)))
        return reshape(left * right, shape=tuple(m * p for m, p in zip(outer, inner, strict=True)))


@final
@dataclass(frozen=True)
class Tensordot(Product, name="tensordot"):
    """Sum of products over several axes of both, y[..., ...] = Σ a[..., k, l] b[k, l, ...].

    Attributes:
        axes: number of axes, the last ones of a and the first ones of b.
        axes_a: the axes of a, where they are others.
        axes_b: the axes of b, in the same order.

    Shapes: a is [m, ..., k, l], b is [k, l, n, ...], y is [m, ..., n, ...].
    Units: the product of those of a and b.
    Raises: ShapeError when there are no such axes, or their sizes differ; AttributeValueError when the axes of one
        operand alone are given, or of one more than of the other.
    Source: Python array API standard, `tensordot`.
    """

    axes: int = 2
    axes_a: tuple[int, ...] | None = None
    axes_b: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        if (self.axes_a is None) != (self.axes_b is None) or len(self.axes_a or ()) != len(self.axes_b or ()):
            raise AttributeValueError("tensordot takes axes of both operands, as many of the one as of the other")
        if self.axes < 0:
            raise AttributeValueError(f"tensordot over {self.axes} axes: the number is not negative")

    def expand(self, a: Value, b: Value) -> Value:
        self.check_domain(a.element_type)
        if self.axes_a is not None and self.axes_b is not None:
            return _contracted(self, a, b, self.axes_a, self.axes_b)
        return _contracted(self, a, b, tuple(range(-self.axes, 0)), tuple(range(self.axes)))


@final
@dataclass(frozen=True)
class MultiDot(Product, name="multi_dot"):
    """Product of several matrices, A B C ..., in the order of multiplications that takes the least work.

    Shapes: A is [m, k] or [k], the next are [k, l], the last is [l, n] or [l], y is [m, n], without m or n where a
        vector stands.
    Units: the product of those of the matrices.
    Raises: ShapeError when columns and rows that meet differ in number; ArityError for fewer than 2, or more than 64.
    Source: Cormen et al. (2009), "Introduction to algorithms", section 15.2; NumPy, `linalg.multi_dot`.
    """

    def expand(self, *x: Value) -> Value:
        if not 2 <= len(x) <= MOST_MATRICES:
            raise ArityError(f"multi_dot takes 2 to {MOST_MATRICES} matrices, not {len(x)}", op=self.name)
        self.check_domain(x[0].element_type)
        if any(len(one.shape) != 2 for one in x[1:-1]) or any(len(one.shape) not in (1, 2) for one in (x[0], x[-1])):
            shapes = ", ".join(str(list(one.shape)) for one in x)
            raise ShapeError(f"multi_dot of shapes {shapes}: they are matrices; the first and the last may be vectors")
        rows = x[0].shape[0] if len(x[0].shape) == 2 else 1
        sizes = [rows, *(one.shape[0] for one in x[1:]), x[-1].shape[1] if len(x[-1].shape) == 2 else 1]
        return _chained(x, _best_splits(sizes), 0, len(x) - 1)


def _best_splits(sizes: Sequence[int]) -> dict[tuple[int, int], int]:
    """Return where to split each chain of matrices i to j, of which matrix i is [sizes[i], sizes[i + 1]]."""
    count = len(sizes) - 1
    work = {(i, i): 0 for i in range(count)}
    splits: dict[tuple[int, int], int] = {}
    for length in range(1, count):
        for i in range(count - length):
            j = i + length
            options = [(work[i, k] + work[k + 1, j] + sizes[i] * sizes[k + 1] * sizes[j + 1], k) for k in range(i, j)]
            work[i, j], splits[i, j] = min(options)
    return splits


def _chained(x: Sequence[Value], splits: dict[tuple[int, int], int], i: int, j: int) -> Value:
    if i == j:
        return x[i]
    k = splits[i, j]
    return matmul(_chained(x, splits, i, k), _chained(x, splits, k + 1, j))


def _check_vectors(name: str, a: Value, b: Value, axis: int) -> None:
    """See that both have vectors of one size along an axis, and that the others broadcast.

    Raises: ShapeError.
    """
    if min(len(a.shape), len(b.shape)) < -axis or a.shape[axis] != b.shape[axis]:
        raise ShapeError(
            f"{name} of shapes {list(a.shape)} and {list(b.shape)} along axis {axis}: both must have it, of one size"
        )
    broadcast_shapes(a.shape, b.shape)


def _contracted(op: Composite, a: Value, b: Value, axes_a: Sequence[int], axes_b: Sequence[int]) -> Value:
    """Sum products over axes of a and b that belong together.

    Raises: ShapeError.
    """
    ranks = len(a.shape), len(b.shape)
    if len(axes_a) > min(ranks):
        raise ShapeError(f"{op.name} over {len(axes_a)} axes of shapes {list(a.shape)} and {list(b.shape)}: too many")
    for axes, rank in zip((axes_a, axes_b), ranks, strict=True):
        normalized_axes(axes, rank, op.name)
    pairs = [(i % ranks[0], j % ranks[1]) for i, j in zip(axes_a, axes_b, strict=True)]
    for i, j in pairs:
        if a.shape[i] != b.shape[j]:
            raise ShapeError(
                f"{op.name} of shapes {list(a.shape)} and {list(b.shape)}: axes {i} and {j} have sizes {a.shape[i]} "
                f"and {b.shape[j]}; they must be the same"
            )
    summed_a, summed_b = [i for i, _ in pairs], [j for _, j in pairs]
    free_a, free_b = (
        [i for i in range(rank) if i not in summed] for rank, summed in zip(ranks, (summed_a, summed_b), strict=True)
    )
    kept = (*(a.shape[i] for i in free_a), *(b.shape[j] for j in free_b))
    count = math.prod(a.shape[i] for i in summed_a)
    left = reshape(transpose(a, axes=(*free_a, *summed_a)), shape=(math.prod(a.shape[i] for i in free_a), count))
    right = reshape(transpose(b, axes=(*summed_b, *free_b)), shape=(count, math.prod(b.shape[j] for j in free_b)))
    return reshape(matmul(left, right), shape=kept)
