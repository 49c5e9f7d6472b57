"""Matrix products in generated source: which BLAS call, with transposes and steps folded into it."""

from __future__ import annotations

from dataclasses import dataclass

from gradwire_backends.numba.ledger import Ledger, Product, written_product
from gradwire_backends.numba.memory import Memory
from gradwire_backends.numba.views import FIRST, Pick, traced
from gradwire_service.ops.base import Value


@dataclass(frozen=True)
class Operand:
    """A vector or matrix as it lies in memory.

    Attributes:
        pointer: source of the pointer to its first element.
        sizes: source of the size of each axis.
        strides: how many elements lie between neighbours along each axis; None along axes of size 1.
    """

    pointer: str
    sizes: list[str]
    strides: list[Product | None]

    def vector(self, axis: int = 0) -> str:
        """Write the operand as a vector along one axis: pointer and step."""
        return f"{self.pointer}, {written_product(self.strides[axis] or ())}"

    def matrix(self, transposed: bool = False) -> str:
        """Write the operand, or its transpose, as a matrix: pointer, whether stored as its transpose, and the step."""
        rows, columns = self.strides
        if columns is None or columns == ():
            turned, step = 0, self.sizes[1] if rows is None else written_product(rows)
        else:
            turned, step = 1, written_product(columns)
        return f"{self.pointer}, {turned ^ transposed}, {step}"


def written_matmul(value: Value, memory: Memory, ledger: Ledger) -> str:
    """Write a matrix product as a line of source."""
    a, b = (_operand(x, memory, ledger) for x in value.inputs)
    result = memory.pointer(value)
    inner = a.sizes[-1]
    match len(a.sizes), len(b.sizes):
        case 1, 1:
            return f"dot_product({result}, {a.vector()}, {b.vector()}, {inner})"
        case 2, 1:
            return f"matrix_vector_product({result}, {a.matrix()}, {b.vector()}, {a.sizes[0]}, {inner})"
        case 2, 2 if b.strides[1] is None:
            return f"matrix_vector_product({result}, {a.matrix()}, {b.vector()}, {a.sizes[0]}, {inner})"
        case 1, 2:
            return f"matrix_vector_product({result}, {b.matrix(True)}, {a.vector()}, {b.sizes[1]}, {inner})"
        case _ if a.strides[0] is None:
            return f"matrix_vector_product({result}, {b.matrix(True)}, {a.vector(1)}, {b.sizes[1]}, {inner})"
    return f"matrix_product({result}, {a.matrix()}, {b.matrix()}, {a.sizes[0]}, {b.sizes[1]}, {inner})"


def _operand(x: Value, memory: Memory, ledger: Ledger) -> Operand:
    root, index = traced(x, tuple(FIRST if size == 1 else Pick(axis) for axis, size in enumerate(x.shape)))
    start: list[str] = []
    strides: list[Product | None] = [None] * len(x.shape)
    for pick, stride in zip(index, ledger.strides(root), strict=True):
        if pick.start:
            start.append(" * ".join((ledger.integer(pick.start), *stride)))
        if pick.axis is not None:
            strides[pick.axis] = stride
    pointer = memory.pointer(root)
    if start:
        kind = root.element_type
        pointer = memory.moved(root, f"({' + '.join(start)}) * {kind.itemsize}")
    return Operand(pointer, [ledger.size(dimension) for dimension in ledger.dimensions.of(x)], strides)
