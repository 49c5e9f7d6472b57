"""Matrix products in generated source: which BLAS call, with transposes, steps and stacks folded into it."""

from __future__ import annotations

from dataclasses import dataclass

from gradwire_backends.numba.ledger import Product
from gradwire_backends.numba.loops import Access
from gradwire_backends.numba.routines.base import (
    Operand,
    Routine,
    Site,
    Stride,
    distance,
    lies_as_matrices,
    over,
    placed,
    routine,
    stored,
    times,
)
from gradwire_service.ops.base import Value
from gradwire_service.ops.linear_algebra import MatMul


@routine.register
def _(op: MatMul, value: Value) -> Routine | None:
    return _MATMUL if value.element_type.is_floating else None


@dataclass
class _Factor:
    """A stack of matrices [rows, inner]: products are those of one such factor and the transpose of another.

    Attributes:
        pointer, starts: as in `Operand`.
        rows: number of rows; None where there is but one.
        row, inner: strides along the axes of a matrix.
        loops: strides along those that count matrices; None along which there is one for all.
    """

    pointer: str
    starts: list[tuple[str, Product]]
    rows: Product | None
    row: Stride
    inner: Stride
    loops: list[Stride]

    def vector(self, pointer: str) -> str:
        """Write the only row: pointer and step."""
        return f"{pointer}, {distance(self.inner)}"

    def matrix(self, pointer: str, transposed: bool = False) -> str:
        """Write the matrix, or its transpose: pointer, whether stored as its transpose, and the step."""
        return stored(pointer, self.row, self.inner, transposed)

    def takes_in(self, count: Product) -> bool:
        """Make the innermost loop, of so many turns, one over rows, where all rows then lie in equal steps."""
        loop = self.loops[-1]
        if loop is None or loop[0] != "1":
            return False
        if self.row is None:
            if not (_side_by_side(self.inner) or _side_by_side(loop)):
                return False
            self.row = loop
        elif sorted(loop[1]) != sorted((*(self.rows or ()), *self.row[1])):
            return False
        self.rows = (*count, *(self.rows or ()))
        self.loops.pop()
        return True

    def member(self) -> tuple[str, Access]:
        """Return the pointer to the stack, and where a member starts."""
        return self.pointer, placed(self.starts, self.loops)


def _lines(value: Value, site: Site) -> list[str]:
    a, b, c = (site.operand(x) for x in (*value.inputs, value))
    batch = len(value.shape) - (len(a.sizes) > 1) - (len(b.sizes) > 1)
    counting = [axis for axis in range(batch) if c.strides[axis] is not None]
    loops = [c.sizes[axis] for axis in counting]
    left, right = _factor(a, -2, -1, batch, counting), _factor(b, -1, -2, batch, counting)
    if loops and left.rows and not right.rows and left.loops[-1] is None:
        left, right = right, left  # one matrix, many vectors: these are the rows of a matrix
    while loops and right.loops[-1] is None and left.takes_in(loops[-1]):
        loops.pop()
        right.loops.pop()
    m, n, k = times(left.rows), times(right.rows), times(a.sizes[-1])
    if not left.rows and right.rows:
        left, right, m = right, left, n
    one, other = left.matrix("@1"), right.matrix("@2", transposed=True)
    if left == right and left.rows:
        call = f"gram_matrix(@0, {one}, {m}, {k})"
    elif right.rows:
        call = f"matrix_product(@0, {one}, {other}, {m}, {n}, {k})"
    elif left.rows:
        call = f"matrix_vector_product(@0, {one}, {right.vector('@2')}, {m}, {k})"
    else:
        call = f"dot_product(@0, {left.vector('@1')}, {right.vector('@2')}, {k})"
    strides = [c.strides[axis] for axis in counting[: len(loops)]]
    return over(loops, call, (c.pointer, placed(c.starts, strides)), left.member(), right.member())


_MATMUL = Routine(_lines, lies_as_matrices)


def _factor(x: Operand, rows: int, inner: int, batch: int, counting: list[int]) -> _Factor:
    """Return a factor.

    Args:
        x: the operand.
        rows, inner: which of its axes are which; a vector has an inner one alone.
        batch: number of the result's axes that count matrices.
        counting: those of them that are not of size 1.
    """
    rank = len(x.sizes)
    offset = batch - max(rank - 2, 0)  # the stacks of an operand stand along the last of those axes
    loops = [x.strides[axis - offset] if axis >= offset else None for axis in counting]
    if rank == 1:
        return _Factor(x.pointer, x.starts, None, None, x.strides[0], loops)
    return _Factor(x.pointer, x.starts, x.sizes[rows] or None, x.strides[rows], x.strides[inner], loops)


def _side_by_side(stride: Stride) -> bool:
    return stride == ("1", ())
