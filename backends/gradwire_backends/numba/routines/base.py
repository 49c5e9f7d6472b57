"""What a routine is, how operands lie in memory, and the lines of source that go over a stack of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import singledispatch
from typing import TYPE_CHECKING

from gradwire_backends.numba.ledger import Ledger, Product, written_product
from gradwire_backends.numba.loops import Access, LoopNest, Statement
from gradwire_backends.numba.views import FIRST, Pick, traced
from gradwire_service.ops.base import Op, Value, scalar_of

if TYPE_CHECKING:
    from gradwire_backends.numba.memory import Memory
    from gradwire_backends.numba.parts import Parts

Stride = tuple[str, Product] | None
"""Elements between neighbours along an axis: a step, and what it is multiplied with; None along axes of size 1."""


@dataclass(frozen=True)
class Routine:
    """How source computes a block as a whole.

    Attributes:
        lines: writes the source.
        fits: tells whether an input can be read where it lies; one that can't is copied.
        parts: writes it in parts; None when that is not worth it.
    """

    lines: Callable[[Value, Site], list[str]]
    fits: Callable[[Value], bool]
    parts: Callable[[Value, Site], Parts | None] = lambda value, site: None


@singledispatch
def routine(op: Op, value: Value) -> Routine | None:
    """Return the routine that serves a value, the result of the op; None when there is none."""
    return None


def written(value: Value, site: Site) -> list[str]:
    """Write the source of a value that a routine serves."""
    served = routine(value.op, value)
    assert served is not None
    return served.lines(value, site)


def written_in_parts(value: Value, site: Site) -> Parts | None:
    """Write the source of a value that a routine serves in parts; None when that is not worth it."""
    served = routine(value.op, value)
    assert served is not None
    return served.parts(value, site)


@dataclass
class Operand:
    """A value as it lies in memory.

    Attributes:
        pointer: name of the pointer to the first element of what it is a part of.
        starts: where its own first element is, as in `Access`.
        sizes: the size of each axis.
        strides: the stride of each axis.
    """

    pointer: str
    starts: list[tuple[str, Product]]
    sizes: list[Product]
    strides: list[Stride]


@dataclass
class Site:
    """Where the source of a routine is written."""

    memory: Memory
    ledger: Ledger

    def operand(self, x: Value) -> Operand:
        """Return how an input lies in memory, or the result."""
        root, index = traced(x, _own(x))
        starts: list[tuple[str, Product]] = []
        strides: list[Stride] = [None] * len(x.shape)
        for pick, stride in zip(index, self.ledger.strides(root), strict=True):
            if pick.start:
                starts.append((self.ledger.integer(pick.start), stride))
            if pick.axis is not None:
                strides[pick.axis] = self._step(pick.step), stride
        sizes: list[Product] = [
            () if axis is None else (self.ledger.size(axis),) for axis in self.ledger.dimensions.of(x)
        ]
        return Operand(self.memory.pointer(root), starts, sizes, strides)

    def _step(self, step: int) -> str:
        return str(step) if step in (1, -1) else self.ledger.integer(step)


def placed(starts: Sequence[tuple[str, Product]], loops: Sequence[Stride]) -> Access:
    """Return where a member of a stack starts, in loops along which the stack has these strides."""
    return Access(list(starts), {i: stride for i, stride in enumerate(loops) if stride is not None})


def over(loops: Sequence[Product], call: str, *members: tuple[str, Access]) -> LoopNest:
    """Return a nest with a call for every member of a stack.

    Args:
        loops: sizes of the axes that count members.
        call: source, in which ``@0``, ``@1``, … stand for pointers.
        members: the pointer to a whole stack, and where a member starts.
    """
    accesses = []
    for number, (pointer, access) in enumerate(members):
        if access.starts or access.strides:
            call = call.replace(f"@{number}", f"part({pointer}, @{number})")
        else:
            call = call.replace(f"@{number}", pointer)
        accesses.append(access)
    nest = LoopNest(list(loops), [Statement(len(loops), call, tuple(accesses))])
    nest.merge()
    return nest


def times(product: Product | None) -> str:
    """Write a size."""
    return written_product(product or ())


def distance(stride: Stride) -> str:
    """Write a stride."""
    if stride is None:
        return "0"
    step, product = stride
    return written_product(product if step == "1" else (step, *product))


def stored(pointer: str, row: Stride, inner: Stride, transposed: bool = False) -> str:
    """Write a matrix, or its transpose: pointer, whether stored as its transpose, and the step between stored rows."""
    if inner is None or inner == ("1", ()):
        return f"{pointer}, {int(transposed)}, {'1' if row is None else distance(row)}"
    return f"{pointer}, {int(not transposed)}, {distance(inner)}"


# How operands lie


def is_in_memory(x: Value) -> bool:
    """Tell whether a value lies in memory, in whatever steps."""
    root, _ = traced(x, _own(x))
    return scalar_of(root) is None


def lies_in_order(x: Value) -> bool:
    """Tell whether a value lies in memory, all of it, in row-major order (or is a number, which is filled in)."""
    root, index = traced(x, _own(x))
    followed = [pick.axis for pick, size in zip(index, root.shape, strict=True) if size != 1]
    axes = [axis for axis, size in enumerate(x.shape) if size != 1]
    whole = x.type.size == root.type.size and all(pick.plain for pick in index)
    return scalar_of(root) is None and followed == axes and whole


def lies_as_matrices(x: Value) -> bool:
    """Tell whether BLAS can read a stack of matrices where it lies: with elements side by side along one axis."""
    root, index = traced(x, _own(x))
    if scalar_of(root) is not None:
        return False
    rank = len(x.shape)
    axes = {axis for axis in range(max(rank - 2, 0), rank) if x.shape[axis] != 1}
    followed = [pick for pick, size in zip(index, root.shape, strict=True) if size != 1]
    running = [pick for pick in followed if pick.axis in axes]
    if {pick.axis for pick in running} != axes or any(pick.step != 1 for pick in running):
        return False
    return len(axes) < 2 or followed[-1].axis in axes


def _own(x: Value) -> tuple[Pick, ...]:
    return tuple(FIRST if size == 1 else Pick(axis) for axis, size in enumerate(x.shape))
