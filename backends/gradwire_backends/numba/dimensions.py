"""Which axes must have the same size, whatever the sizes are.

Ops tie axes together: an element-wise op its inputs' to its result's, a product its inner ones. Axes that are tied are
one dimension, and one integer at run time stands for it; so a kernel serves every batch size. Axes of size 1 are
apart: which axes these are is part of a kernel's identity.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import zip_longest

from gradwire_backends.numba.own_ops import Overlay
from gradwire_backends.numba.views import view
from gradwire_service.ops.base import Elementwise, Value, normalized_axes
from gradwire_service.ops.conversion import AsType
from gradwire_service.ops.flat import FlatGraph
from gradwire_service.ops.linear_algebra import MatMul
from gradwire_service.ops.reductions import Reduction

Dimension = int


class Dimensions:
    """The dimension of every axis of every value of a graph."""

    def __init__(self, graph: FlatGraph) -> None:
        self._above: list[Dimension] = []
        self._sizes: list[int] = []
        self._axes: dict[Value, tuple[Dimension | None, ...]] = {}
        for value in (*graph.variables.values(), *graph.blocks):
            self._axes[value] = tuple(None if size == 1 else self._new(size) for size in value.shape)
            self._tie(value)

    def of(self, value: Value) -> tuple[Dimension | None, ...]:
        """Return the dimension of each axis; None for those of size 1."""
        return tuple(None if axis is None else self._find(axis) for axis in self._axes[value])

    def space(self, value: Value) -> tuple[Dimension, ...]:
        """Return the dimensions that a loop over all elements runs along."""
        return tuple(self._find(axis) for axis in self._axes[value] if axis is not None)

    def size(self, dimension: Dimension) -> int:
        """Return the size of a dimension in this graph."""
        return self._sizes[dimension]

    def _tie(self, value: Value) -> None:
        axes = self._axes[value]
        match value.op:
            case Elementwise() | AsType():
                for x in value.inputs:
                    self._join(zip_longest(reversed(axes), reversed(self._axes[x])))
            case Reduction(axis=axis):
                (x,) = value.inputs
                reduced = normalized_axes(axis, len(x.shape), value.op.name)
                kept = (a for i, a in enumerate(self._axes[x]) if i not in reduced and a is not None)
                self._join(zip((a for a in axes if a is not None), kept, strict=True))
            case MatMul() if len(value.inputs[0].shape) <= 2 and len(value.inputs[1].shape) <= 2:
                a, b = (self._axes[x] for x in value.inputs)
                self._join([(a[-1], b[0]), *zip(axes, (*a[:-1], *b[1:]), strict=True)])
            case Overlay() as op:
                x, base = value.inputs
                self._join(zip(axes, self._axes[base], strict=True))
                bounded = op.bounded(x.shape, value.shape)
                self._join((a, b) for i, (a, b) in enumerate(zip(axes, self._axes[x], strict=True)) if i not in bounded)
            case _:
                if (inner := view(value)) is None:
                    return
                (x,) = value.inputs
                whole = [
                    (axes[pick.axis], axis)
                    for pick, axis, size in zip(inner, self._axes[x], x.shape, strict=True)
                    if pick.axis is not None and abs(pick.step) == 1 and value.shape[pick.axis] == size
                ]
                self._join(whole)

    def _join(self, pairs: Iterable[tuple[Dimension | None, Dimension | None]]) -> None:
        for one, other in pairs:
            if one is not None and other is not None:
                self._above[self._find(one)] = self._find(other)

    def _find(self, axis: Dimension) -> Dimension:
        while self._above[axis] != axis:
            self._above[axis] = axis = self._above[self._above[axis]]
        return axis

    def _new(self, size: int) -> Dimension:
        self._above.append(len(self._above))
        self._sizes.append(size)
        return len(self._sizes) - 1
