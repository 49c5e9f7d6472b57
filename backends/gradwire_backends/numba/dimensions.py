"""Which axes must have the same size, whatever the sizes are.

Ops tie axes together: an element-wise op its inputs' to its result's, a product its inner ones. Axes that are tied are
one dimension, and one integer at run time stands for it; so a kernel serves every batch size. Axes of size 1 are
apart: which axes these are is part of a kernel's identity.

A few dimensions are written out, element by element, where loops would cost more than they do: small ones whose
elements are told apart, such as the columns of coordinates. Their sizes stand in the source, as do all small ones
inside loops.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import zip_longest

from gradwire_backends.numba.own_ops import Overlay
from gradwire_backends.numba.ties import tied
from gradwire_backends.numba.views import view
from gradwire_service.graph import TupleType
from gradwire_service.ops.base import Elementwise, Value, normalized_axes
from gradwire_service.ops.conversion import AsType
from gradwire_service.ops.flat import FlatGraph
from gradwire_service.ops.gathering import GatherNd
from gradwire_service.ops.indexing import Take
from gradwire_service.ops.linear_algebra import MatMul
from gradwire_service.ops.reductions import Reduction

Dimension = int


SMALL = 8
"""Size up to which a dimension may be written out, since it is added up along."""

CUT = 16
"""Size up to which one may be, since its elements are taken apart or put together."""

SHARED = 4
"""Size up to which one may be, since others of its nest have the same for all of its elements."""

ELEMENTS = 32
"""Elements of one value that are written out, at most."""

LONG = 64
"""Elements from which on a value is long."""

WRITTEN_OUT = 4000
"""Operations of a graph that are written out, at most: LLVM is to be done in a second."""


class Dimensions:
    """The dimension of every axis of every value of a graph.

    Args:
        graph: a legalized graph.
        fixed: size up to which a size is part of the source.

    Attributes:
        expanded: dimensions that are written out.
    """

    def __init__(self, graph: FlatGraph, fixed: int = 0) -> None:
        self._above: list[Dimension] = []
        self._sizes: list[int] = []
        self._axes: dict[Value, tuple[Dimension | None, ...]] = {}
        self._fixed = fixed
        told_apart: list[Dimension | None] = []
        for value in (*graph.variables.values(), *graph.blocks):
            self._axes[value] = tuple(None if size == 1 else self._new(size) for size in value.shape)
            self._tie(value)
            told_apart += self._told_apart(value)
        found = {self._find(axis) for axis in told_apart if axis is not None}
        self.expanded = self._affordable({d for d in found if self._sizes[d] >= 2}, graph)

    def of(self, value: Value) -> tuple[Dimension | None, ...]:
        """Return the dimension of each axis; None for those of size 1."""
        return tuple(None if axis is None else self._find(axis) for axis in self._axes[value])

    def space(self, value: Value) -> tuple[Dimension, ...]:
        """Return the dimensions that a loop over all elements runs along."""
        return tuple(d for d in self.of(value) if d is not None and d not in self.expanded)

    def written_out(self, value: Value) -> list[int]:
        """Return the axes along which a value is written out."""
        return [axis for axis, d in enumerate(self.of(value)) if d in self.expanded]

    def is_fixed(self, dimension: Dimension) -> bool:
        """Tell whether a size is part of the source."""
        return dimension in self.expanded or 0 < self._sizes[dimension] <= self._fixed

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
            case Overlay() as op:
                x, base = value.inputs
                self._join(zip(axes, self._axes[base], strict=True))
                bounded = op.bounded(x.shape, value.shape)
                self._join((a, b) for i, (a, b) in enumerate(zip(axes, self._axes[x], strict=True)) if i not in bounded)
            case Take(axis=int(axis)):
                source, indices = (self._axes[x] for x in value.inputs)
                first = axis % len(source)
                self._join(zip(axes, (*source[:first], *indices, *source[first + 1 :]), strict=True))
            case GatherNd(batch_dims=batch):
                source, indices = (self._axes[x] for x in value.inputs)
                self._join(zip(axes, (*indices[:-1], *source[batch + value.inputs[1].shape[-1] :]), strict=True))
            case _:
                if (inner := view(value)) is None:
                    self._tie_labelled(value)
                    return
                (x,) = value.inputs
                whole = [
                    (axes[pick.axis], axis)
                    for pick, axis, size in zip(inner, self._axes[x], x.shape, strict=True)
                    if pick.axis is not None and abs(pick.step) == 1 and value.shape[pick.axis] == size
                ]
                self._join(whole)

    def _told_apart(self, value: Value) -> list[Dimension | None]:
        """Return axes whose elements a value treats differently, or adds up where other axes are long."""
        axes = self._axes[value]
        match value.op:
            case Reduction(axis=axis):
                (x,) = value.inputs
                reduced = normalized_axes(axis, len(x.shape), value.op.name)
                long = any(size > SMALL for i, size in enumerate(x.shape) if i not in reduced)
                return self._up_to(SMALL, (a for i, a in enumerate(self._axes[x]) if i in reduced and long))
            case MatMul():
                a, b = (self._axes[x] for x in value.inputs)
                return self._up_to(SMALL, (*a, *b)) if value.inputs[0].shape[-1] <= SMALL else []
            case Elementwise() if value.type.size > LONG:
                shared = (i for x in value.inputs for i in range(len(axes) - len(x.shape)) if x.type.size > 1)
                return self._up_to(SHARED, (axes[i] for i in shared))
            case Overlay() as op:
                x, _ = value.inputs
                bounded = op.bounded(x.shape, value.shape)
                return self._up_to(CUT, (axis for i in bounded for axis in (axes[i], self._axes[x][i])))
            case _:
                if (inner := view(value)) is None:
                    return []
                (x,) = value.inputs
                pairs = zip(inner, self._axes[x], x.shape, strict=True)
                cut = [(p, axis) for p, axis, size in pairs if p.axis is None or value.shape[p.axis] != size]
                both = (each for p, axis in cut for each in (axis, None if p.axis is None else axes[p.axis]))
                return self._up_to(CUT, both)

    def _up_to(self, most: int, axes: Iterable[Dimension | None]) -> list[Dimension | None]:
        return [axis for axis in axes if axis is not None and self._sizes[axis] <= most]

    def _affordable(self, wanted: set[Dimension], graph: FlatGraph) -> frozenset[Dimension]:
        """Leave out dimensions until what is written out is little enough."""
        costs: list[tuple[int, int, set[Dimension]]] = []
        for value in graph.blocks:
            if isinstance(value.type, TupleType) or not value.inputs:
                continue
            matmul = isinstance(value.op, MatMul)
            over = value.inputs[0] if isinstance(value.op, Reduction) else value
            inner = [self._axes[value.inputs[0]][-1]] if matmul else []
            sides = [self._find(axis) for axis in (*self._axes[over], *inner) if axis is not None]
            costs.append((1 + matmul, 4 * ELEMENTS if matmul else ELEMENTS, {d for d in sides if d in wanted}))

        def times(sides: set[Dimension]) -> int:
            return math.prod(self._sizes[d] for d in sides & wanted)

        for _, most, told in costs:
            while times(told) > most:
                wanted.remove(max(told & wanted, key=lambda d: (self._sizes[d], d)))
        while wanted and sum(work * times(sides) for work, _, sides in costs if sides & wanted) > WRITTEN_OUT:
            shares = {d: sum(work * times(sides) for work, _, sides in costs if d in sides) for d in wanted}
            wanted.remove(max(wanted, key=lambda d: (shares[d], d)))
        return frozenset(wanted)

    def _tie_labelled(self, value: Value) -> None:
        """Tie the axes of a block that is computed as a whole."""
        labels = tied(value.op, *(len(x.shape) for x in value.inputs))
        if labels is None:
            return
        first: dict[object, Dimension] = {}
        for x, names in zip((*value.inputs, value), labels, strict=True):
            for name, axis in zip(names, self._axes[x], strict=True):
                if axis is not None:
                    self._join([(first.setdefault(name, axis), axis)])

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
