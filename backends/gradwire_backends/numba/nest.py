"""From a step of the schedule to a loop nest: every element that is wanted, and what it is made of."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from gradwire_backends.numba.gathers import GATHERS, NOT_THERE, gathered
from gradwire_backends.numba.kinds import Kind
from gradwire_backends.numba.loops import ACCUMULATE, Access, LoopNest, Statement, Total
from gradwire_backends.numba.lowering import fragment
from gradwire_backends.numba.memory import Memory
from gradwire_backends.numba.own_ops import Overlay
from gradwire_backends.numba.schedule import Read, Step
from gradwire_backends.numba.views import FIRST, Index, Pick, through
from gradwire_service.graph import BOOL, FLOAT64, INT64, ElementType
from gradwire_service.ops.base import Value, normalized_axes
from gradwire_service.ops.linear_algebra import MatMul
from gradwire_service.ops.reductions import Max, Mean, Min, Reduction, Sum


def loop_nest(step: Step, memory: Memory) -> LoopNest:
    """Build the loop nest of a step."""
    builder = _Builder(step, memory)
    for value in sorted(step.computed, key=lambda value: value.serial):
        builder.add(value)
    builder.nest.merge()
    return builder.nest


class _Builder:
    """A nest in the making."""

    def __init__(self, step: Step, memory: Memory) -> None:
        self._schedule, self._step, self._memory, self._ledger = memory.schedule, step, memory, memory.ledger
        self._number = self._ledger.nest()
        self.nest = LoopNest([(self._ledger.size(dimension),) for dimension in step.space])
        self._elements: dict[tuple[Value, Index], tuple[str, int]] = {}
        self._streams: dict[str, int] = {}
        self._positions: dict[tuple[Read, str, int], tuple[str, int]] = {}

    def add(self, value: Value) -> None:
        """Add a block that is computed here."""
        if self._schedule.kinds[value] is Kind.REDUCTION:
            self._reduce(value)
            return
        for index in self._schedule.elements(value):
            name, _ = self._element(value, index)
            if value in self._memory.registers:
                self.nest.statements.append(Statement(0, f"{self._register(value, index)} = {name}"))
            elif value in self._schedule.stored:
                line = self._store(value, name)
                self.nest.statements.append(Statement(len(self.nest.loops), line, (self._place(value, index),)))

    def _element(self, value: Value, index: Index) -> tuple[str, int]:
        """Return the name of an element, and the number of loops that it depends on; its computation is added."""
        key = (value, index)
        if key not in self._elements:
            if self._schedule.kinds[value] is Kind.NUMBER:
                self._elements[key] = self._ledger.number(value), 0
            elif value in self._memory.registers and value not in self._step.computed:
                self._elements[key] = self._register(value, index), 0
            elif value not in self._step.computed and not self._schedule.repeated(value):
                place = self._place(value, index)
                self._elements[key] = self._line(_depth(index), self._load(value), (place,))
            else:
                self._elements[key] = self._computed(value, index)
        return self._elements[key]

    def _computed(self, value: Value, index: Index) -> tuple[str, int]:
        """Add the computation of an element."""
        reads = self._schedule.operands(value, index)
        if isinstance(value.op, GATHERS):
            return self._gathered(value, index, reads)
        if reads[0].apart:
            return self._overlaid(value, index, reads)
        operands = [self._element(read.root, read.index) for read in reads]
        names = [name for name, _ in operands]
        depth = max((depth for _, depth in operands), default=0)
        match value.op:
            case Overlay():
                return operands[0]
            case Reduction() as op:
                return self._line(depth, _combined(value, op, names))
            case MatMul():
                first, *others = zip(names[::2], names[1::2], strict=True)
                name, _ = self._line(depth, "{} * {}".format(*first))
                for a, b in others:
                    name, _ = self._line(depth, f"fma({a}, {b}, {name})")
                return name, depth
        text = fragment(value)
        assert text is not None
        return self._line(depth, text.format(*names))

    def _overlaid(self, value: Value, index: Index, reads: Sequence[Read]) -> tuple[str, int]:
        """Add the element of an overlay: that of the upper value where there is one."""
        op, (upper, below) = value.op, reads
        assert isinstance(op, Overlay)
        root = upper.root
        other, depth = self._element(below.root, below.index)
        x = value.inputs[0]
        positions = through(op.picks, index)
        accesses: list[Access] = []
        conditions: list[str] = []
        for axis in op.bounded(x.shape, value.shape):
            size = self._ledger.size(self._schedule.dimensions.of(x)[axis])
            number = len(accesses) + 1
            conditions.append(f"(@{number} >= 0) & (@{number} < {size})")
            accesses.append(self._access([positions[axis]], [()], [False]))
        condition = " & ".join(conditions) or "0 == 0"
        depth = max(depth, _depth(index))
        if self._schedule.kinds[root] is Kind.NUMBER:
            text = f"select({condition}, {self._ledger.number(root)}, {other})"
            return self._line(depth, text, (Access(), *accesses))
        line = f"load_if({condition}, {self._memory.pointer(root)}, @0, {other}, {self._where(root)})"
        return self._line(depth, line, (self._place(root, upper.index), *accesses))

    def _gathered(self, value: Value, index: Index, reads: Sequence[Read]) -> tuple[str, int]:
        """Add an element at positions that are data."""
        x = value.inputs[0]
        found = gathered(value.op, value, index)
        strides = self._ledger.strides(x)
        sizes = [self._ledger.size(dimension) for dimension in self._schedule.dimensions.of(x)]
        place = self._place(x, found.index)
        depth = _depth(found.index)
        for position, read in zip(found.positions, reads, strict=False):
            size = " * ".join(sizes) or "1" if position.axis is None else sizes[position.axis]
            first, inside = self._position(read, size, position.reach)
            depth = max(depth, inside)
            place.starts.append((first, () if position.axis is None else strides[position.axis]))
        return self._line(depth, self._load(x), (place,))

    def _position(self, read: Read, size: str, reach: int) -> tuple[str, int]:
        """Add a position that is data; where nothing is, that is noted, and the first element stands in for it."""
        key = (read, size, reach)
        if key not in self._positions:
            given, depth = self._element(read.root, read.index)
            first, _ = self._line(depth, f"select(int64({given}) < 0, {given} + {size}, int64({given}))")
            there, _ = self._line(depth, f"({first} >= 0) & ({first} <= {size} - {reach})")
            self.nest.statements.append(Statement(depth, f"note_if({there} == 0, {NOT_THERE})"))
            self._positions[key] = self._line(depth, f"select({there}, {first}, 0)")
        return self._positions[key]

    def _line(self, depth: int, text: str, accesses: tuple[Access, ...] = ()) -> tuple[str, int]:
        """Add a line that computes something; return its name, and its depth."""
        name = self._ledger.fresh("v")
        self.nest.statements.append(Statement(depth, f"{name} = {text}", accesses))
        return name, depth

    def _reduce(self, value: Value) -> None:
        """Add a reduction with loops: a total for each element of the result that is written out."""
        op, (x,) = value.op, value.inputs
        assert isinstance(op, Reduction)
        written_out = self._schedule.dimensions.written_out(x)
        reduced = normalized_axes(op.axis, len(x.shape), op.name)
        axes = [axis for axis, size in enumerate(x.shape) if size != 1 and axis not in written_out]
        loops = {loop for loop, axis in enumerate(axes) if axis in reduced}
        terms: dict[Index, list[str]] = {}
        for index in self._schedule.elements(x):
            (read,) = self._schedule.operands(value, index)
            term, _ = self._element(read.root, read.index)
            kept = (pick for axis, pick in enumerate(index) if axis not in reduced and x.shape[axis] != 1)
            place = tuple(FIRST if size == 1 else next(kept) for size in value.shape)
            terms.setdefault(place, []).append(term)
        combine, wide = _combination(op, x.element_type)
        first = self._first(op, x.element_type)
        dimensions = enumerate(self._schedule.dimensions.of(x))
        sizes = [self._ledger.size(d) for axis, d in dimensions if axis in reduced and d is not None]
        for place, names in terms.items():
            total = Total(
                term=_widened(names, combine, wide, x.element_type),
                loops=set(loops),
                combine=combine,
                first=first,
                wide=wide,
                kind=value.element_type,
                count=" * ".join(sizes) if isinstance(op, Mean) else "",
                pointer=self._memory.pointer(value),
                where=self._where(value),
                result=self._place(value, place),
            )
            self.nest.totals.append(total)

    def _first(self, op: Reduction, held: ElementType) -> str:
        """Write what a reduction of nothing is."""
        _, wide = _combination(op, held)
        if not isinstance(op, Max | Min):
            return f"{wide}({0 if isinstance(op, Sum | Mean) else 1})"
        greatest = isinstance(op, Max)
        if held.is_floating:
            return f"{held}({self._ledger.real(-math.inf if greatest else math.inf)})"
        limits = np.iinfo(held.dtype)
        return self._ledger.integer(int(limits.min if greatest else limits.max))

    # Memory

    def _register(self, value: Value, index: Index) -> str:
        """Return the name of an element that lies in no memory."""
        return self._memory.registers[value][self._schedule.elements(value).index(index)]

    def _load(self, value: Value) -> str:
        return f"load({self._memory.pointer(value)}, @0, {self._where(value)})"

    def _store(self, value: Value, what: str) -> str:
        what = f"boolean({what})" if value.element_type is BOOL else what
        return f"store({self._memory.pointer(value)}, @0, {what}, {self._where(value)})"

    def _where(self, value: Value) -> str:
        """Write in which nest an access is, and in which of its streams: these are pieces of memory apart."""
        stream = self._streams.setdefault(self._memory.stream(value), len(self._streams))
        return f"{self._number}, {stream}"

    def _place(self, value: Value, index: Index) -> Access:
        """Return where an element lies; where its dimension is part of the source, so is the index."""
        dimensions = self._schedule.dimensions
        known = [d is not None and dimensions.is_fixed(d) for d in dimensions.of(value)]
        return self._access(index, self._ledger.strides(value), known)

    def _access(self, index: Index | list[Pick], strides: list[tuple[str, ...]], known: Sequence[bool]) -> Access:
        access = Access()
        for pick, stride, is_known in zip(index, strides, known, strict=True):
            if pick.start:
                access.starts.append((str(pick.start) if is_known else self._ledger.integer(pick.start), stride))
            if pick.axis is not None:
                step = str(pick.step) if pick.step in (1, -1) else self._ledger.integer(pick.step)
                access.strides[pick.axis] = step, stride
        return access


def _combination(op: Reduction, held: ElementType) -> tuple[str, ElementType]:
    """Return how two totals are combined, and the element type of totals."""
    wide = held if held.is_floating else INT64
    if isinstance(op, Sum | Mean):
        return ACCUMULATE, FLOAT64 if held.is_floating else wide
    if not isinstance(op, Max | Min):
        return "{0} * {1}", wide
    greatest = isinstance(op, Max)
    if held.is_floating:
        return f"{'maximum' if greatest else 'minimum'}({{0}}, {{1}})", wide
    return f"select({{0}} {'>=' if greatest else '<='} {{1}}, {{0}}, {{1}})", wide


def _combined(value: Value, op: Reduction, names: Sequence[str]) -> str:
    """Write a reduction without loops."""
    (x,) = value.inputs
    combine, wide = _combination(op, x.element_type)
    total = _widened(names, combine, wide, x.element_type)
    if isinstance(op, Mean):
        return f"{value.element_type}(float64({total}) / float64({len(names)}))"
    return total if value.element_type is wide else f"{value.element_type}({total})"


def _widened(names: Sequence[str], combine: str, wide: ElementType, held: ElementType) -> str:
    """Write the combination of some elements."""
    first, *others = (name if held is wide else f"{wide}({name})" for name in names)
    for other in others:
        first = combine.format(first, other)
    return first


def _depth(index: Index) -> int:
    """Return the number of loops that an index depends on, counted from the outermost."""
    return max((pick.axis + 1 for pick in index if pick.axis is not None), default=0)
