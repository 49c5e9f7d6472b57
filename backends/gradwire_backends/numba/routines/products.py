"""Matrix products in generated source: which BLAS call, with transposes, steps and stacks folded into it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from gradwire_backends.numba.ledger import Product
from gradwire_backends.numba.loops import ACCUMULATE, Access, LoopNest, Total
from gradwire_backends.numba.parts import LARGE, Parts, Split, in_parts
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
from gradwire_service.graph import ElementType
from gradwire_service.ops.base import Value
from gradwire_service.ops.linear_algebra import MatMul

TOUCHED, FLOPS = 2.0, 0.125
"""What an element of memory, and a floating-point operation of BLAS, count for beside the operations of a nest."""

ROWS = 256
"""Rows of a part, at least half as many: what BLAS does once for each call is to be little beside them."""

TERMS = 256
"""Terms of a sum in a part at least: adding up what parts found is to be little beside them."""

ENOUGH = 16
"""Parts by rows that are preferred to parts by terms, for they need no memory."""


@routine.register
def _(op: MatMul, value: Value) -> Routine | None:
    return Routine(_lines, lies_as_matrices, _in_parts) if value.element_type.is_floating else None


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

    def further(self, count: str, stride: Stride) -> list[tuple[str, Product]]:
        """Return where it starts so many steps further."""
        assert stride is not None
        step, product = stride
        return [*self.starts, (count, product if step == "1" else (step, *product))]

    def member(self) -> tuple[str, Access]:
        """Return the pointer to the stack, and where a member starts."""
        return self.pointer, placed(self.starts, self.loops)


@dataclass
class _Product:
    """A stack of products: the rows of one factor times those of another.

    Attributes:
        result: the result.
        left, right: the factors; where one of them has but one row, it is the right one.
        inner: number of elements of a row.
        loops: sizes of the axes that count matrices.
        counting: strides of the result along them.
    """

    result: Operand
    left: _Factor
    right: _Factor
    inner: str
    loops: list[Product]
    counting: list[Stride]

    @classmethod
    def of(cls, value: Value, site: Site) -> _Product:
        """Return the product that a value is."""
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
        if not left.rows and right.rows:
            left, right = right, left
        return cls(c, left, right, times(a.sizes[-1]), loops, [c.strides[axis] for axis in counting[: len(loops)]])

    @property
    def is_gram(self) -> bool:
        """Whether it is that of a matrix and its transpose."""
        return bool(self.left.rows) and self.left == self.right

    def nest(self) -> LoopNest:
        """Return the calls."""
        left, right, k = self.left, self.right, self.inner
        m, n = times(left.rows), times(right.rows)
        one, other = left.matrix("@1"), right.matrix("@2", transposed=True)
        if self.is_gram:
            call = f"gram_matrix(@0, {one}, {m}, {k})"
        elif right.rows:
            call = f"matrix_product(@0, {one}, {other}, {m}, {n}, {k})"
        elif left.rows:
            call = f"matrix_vector_product(@0, {one}, {right.vector('@2')}, {m}, {k})"
        else:
            call = f"dot_product(@0, {left.vector('@1')}, {right.vector('@2')}, {k})"
        result = self.result.pointer, placed(self.result.starts, self.counting)
        return over(self.loops, call, result, left.member(), right.member())

    def of_rows(self, split: Split) -> Parts:
        """Write it in parts that have some rows of the left factor each."""
        turns = f"({split.stop} - {split.start})"
        starts = [*self.result.starts, (split.start, self.right.rows or ())]
        left = replace(self.left, starts=self.left.further(split.start, self.left.row), rows=(turns,))
        own = replace(self, result=replace(self.result, starts=starts), left=left)
        return Parts([*own.nest().lines()], split, [])

    def of_sums(self, split: Split, kind: ElementType, site: Site) -> Parts:
        """Write it in parts that have some elements of all rows each; these are added up behind."""
        elements = (*(self.left.rows or ()), *(self.right.rows or ()))
        total = Total(
            term="",
            loops={0},
            combine=ACCUMULATE,
            first=f"{kind}(0)",
            wide=kind,
            kind=kind,
            count="",
            pointer=self.result.pointer,
            where=f"{site.ledger.nest()}, 0",
            result=Access([], {1: ("1", ())} if elements else {}),
        )
        (own,), after = split.totals([total], [(), elements], site.memory)
        left, right = (
            replace(factor, starts=factor.further(split.start, factor.inner)) for factor in (self.left, self.right)
        )
        result = replace(self.result, pointer=own.pointer, starts=own.result.starts)
        inner = f"({split.stop} - {split.start})"
        return Parts([*replace(self, result=result, left=left, right=right, inner=inner).nest().lines()], split, after)


def _lines(value: Value, site: Site) -> list[str]:
    return [*_Product.of(value, site).nest().lines()]


def _in_parts(value: Value, site: Site) -> Parts | None:
    """Write a product in parts: members of a stack, rows, or else terms of its sums."""
    a, b = (x.type for x in value.inputs)
    work = TOUCHED * (a.size + b.size + value.type.size) + FLOPS * value.op.flops(value.type, a, b)
    if work < LARGE:
        return None
    product = _Product.of(value, site)
    if product.loops:
        return in_parts(product.nest(), work, site.memory)
    m = site.ledger.amount(product.left.rows or ())
    rows = 0 if product.is_gram else -(-m // ROWS)
    terms = min(a.shape[-1] // TERMS, (a.size + b.size) // max(value.type.size, 1))  # no more memory than factors take
    if rows >= min(terms, ENOUGH):
        split = Split.of(m, work, rows, site.ledger)
        return product.of_rows(split) if split else None
    split = Split.of(a.shape[-1], work, terms, site.ledger)
    return product.of_sums(split, value.element_type, site) if split else None


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
