"""From a step of the schedule to a loop nest: every element that is wanted, and what it is made of."""

from __future__ import annotations

import math

import numpy as np

from gradwire_backends.numba.kinds import Kind
from gradwire_backends.numba.ledger import Ledger
from gradwire_backends.numba.loops import Access, LoopNest, Statement, Total
from gradwire_backends.numba.lowering import fragment
from gradwire_backends.numba.memory import Memory
from gradwire_backends.numba.own_ops import Overlay
from gradwire_backends.numba.schedule import Schedule, Step
from gradwire_backends.numba.views import FIRST, Index, Pick, through
from gradwire_service.graph import BOOL, FLOAT64, INT64, ElementType
from gradwire_service.ops.base import Value, normalized_axes
from gradwire_service.ops.reductions import Max, Mean, Min, Reduction, Sum


def loop_nest(schedule: Schedule, step: Step, memory: Memory, ledger: Ledger, number: int) -> LoopNest:
    """Build the loop nest of a step.

    Args:
        number: one that no other nest of the same function has.
    """
    builder = _Builder(schedule, step, memory, ledger, number)
    for value in sorted(step.computed, key=lambda value: value.serial):
        builder.add(value)
    builder.nest.merge()
    return builder.nest


class _Builder:
    """A nest in the making."""

    def __init__(self, schedule: Schedule, step: Step, memory: Memory, ledger: Ledger, number: int) -> None:
        self.nest = LoopNest([(ledger.size(dimension),) for dimension in step.space])
        self._schedule, self._step, self._memory, self._ledger, self._number = schedule, step, memory, ledger, number
        self._elements: dict[tuple[Value, Index], tuple[str, int]] = {}
        self._streams: dict[str, int] = {}

    def add(self, value: Value) -> None:
        """Add a block that is computed here."""
        if self._schedule.kinds[value] is Kind.REDUCTION:
            self._reduce(value)
            return
        index = self._schedule.own_index(value)
        name, _ = self._element(value, index)
        if value in self._schedule.stored:
            line = self._store(value, name)
            self.nest.statements.append(Statement(len(self.nest.loops), line, (self._place(value, index),)))

    def _element(self, value: Value, index: Index) -> tuple[str, int]:
        """Return the name of an element, and the number of loops that it depends on; its computation is added."""
        key = (value, index)
        if key not in self._elements:
            if self._schedule.kinds[value] is Kind.NUMBER:
                self._elements[key] = self._ledger.number(value), 0
            elif value not in self._step.computed and not self._schedule.repeated(value):
                place = self._place(value, index)
                self._elements[key] = self._line(_depth(index), self._load(value), (place,))
            elif isinstance(value.op, Overlay):
                self._elements[key] = self._overlaid(value, value.op, index)
            else:
                operands = [self._element(*operand) for operand in self._schedule.operands(value, index)]
                text = fragment(value)
                assert text is not None
                depth = max((depth for _, depth in operands), default=0)
                self._elements[key] = self._line(depth, text.format(*(name for name, _ in operands)))
        return self._elements[key]

    def _overlaid(self, value: Value, op: Overlay, index: Index) -> tuple[str, int]:
        """Add the element of an overlay: that of the upper value where there is one."""
        (root, place), below = self._schedule.operands(value, index)
        other, depth = self._element(*below)
        upper = value.inputs[0]
        positions = through(op.picks, index)
        accesses: list[Access] = []
        conditions: list[str] = []
        for axis in op.bounded(upper.shape, value.shape):
            size = self._ledger.size(self._schedule.dimensions.of(upper)[axis])
            number = len(accesses) + 1
            conditions.append(f"(@{number} >= 0) & (@{number} < {size})")
            accesses.append(self._access([positions[axis]], [()]))
        condition = " & ".join(conditions) or "0 == 0"
        depth = max(depth, _depth(index))
        if self._schedule.kinds[root] is Kind.NUMBER:
            text = f"select({condition}, {self._ledger.number(root)}, {other})"
            return self._line(depth, text, (Access(), *accesses))
        line = f"load_if({condition}, {self._memory.pointer(root)}, @0, {other}, {self._where(root)})"
        return self._line(depth, line, (self._place(root, place), *accesses))

    def _line(self, depth: int, text: str, accesses: tuple[Access, ...] = ()) -> tuple[str, int]:
        """Add a line that computes something; return its name, and its depth."""
        name = f"v{len(self.nest.statements)}"
        self.nest.statements.append(Statement(depth, f"{name} = {text}", accesses))
        return name, depth

    def _reduce(self, value: Value) -> None:
        op, (x,) = value.op, value.inputs
        assert isinstance(op, Reduction)
        (operand,) = self._schedule.made_of(value)
        term, _ = self._element(*operand)
        reduced = normalized_axes(op.axis, len(x.shape), op.name)
        axes = [axis for axis, size in enumerate(x.shape) if size != 1]
        loops = {loop for loop, axis in enumerate(axes) if axis in reduced}
        kept = iter(loop for loop in range(len(axes)) if loop not in loops)
        index = tuple(FIRST if size == 1 else Pick(next(kept)) for size in value.shape)
        held = x.element_type
        adds = isinstance(op, Sum | Mean)
        wide = (FLOAT64 if adds else held) if held.is_floating else INT64
        if adds:
            combine, first = "accumulate({0}, {1})", f"{wide}(0)"
        elif isinstance(op, Max | Min):
            combine, first = self._extreme(isinstance(op, Max), held)
        else:
            combine, first = "{0} * {1}", f"{wide}(1)"
        sizes = (size for loop in sorted(loops) for size in self.nest.loops[loop])
        total = Total(
            term=term if held is wide else f"{wide}({term})",
            loops=loops,
            combine=combine,
            first=first,
            wide=wide,
            kind=value.element_type,
            count=" * ".join(sizes) if isinstance(op, Mean) else "",
            load=self._load(value),
            store=self._store(value, "{0}"),
            result=self._place(value, index),
        )
        self.nest.totals.append(total)

    def _extreme(self, greatest: bool, kind: ElementType) -> tuple[str, str]:
        """Return how the greatest or the least of numbers is found, and what that of none is."""
        if kind.is_floating:
            first = self._ledger.real(-math.inf if greatest else math.inf)
            return f"{'maximum' if greatest else 'minimum'}({{0}}, {{1}})", f"{kind}({first})"
        limits = np.iinfo(kind.dtype)
        first = self._ledger.integer(int(limits.min if greatest else limits.max))
        return f"select({{0}} {'>=' if greatest else '<='} {{1}}, {{0}}, {{1}})", first

    # Memory

    def _load(self, value: Value) -> str:
        return f"load({self._memory.pointer(value)}, @0, {self._where(value)})"

    def _store(self, value: Value, what: str) -> str:
        what = f"boolean({what})" if value.element_type is BOOL else what
        return f"store({self._memory.pointer(value)}, @0, {what}, {self._where(value)})"

    def _where(self, value: Value) -> str:
        """Write in which nest an access is, and in which of its streams: these are pieces of memory apart."""
        stream = self._streams.setdefault(self._memory.pointer(value), len(self._streams))
        return f"{self._number}, {stream}"

    def _place(self, value: Value, index: Index) -> Access:
        """Return where an element lies."""
        return self._access(index, self._ledger.strides(value))

    def _access(self, index: Index | list[Pick], strides: list[tuple[str, ...]]) -> Access:
        access = Access()
        for pick, stride in zip(index, strides, strict=True):
            if pick.start:
                access.starts.append((self._ledger.integer(pick.start), stride))
            if pick.axis is not None:
                step = str(pick.step) if pick.step in (1, -1) else self._ledger.integer(pick.step)
                access.strides[pick.axis] = step, stride
        return access


def _depth(index: Index) -> int:
    """Return the number of loops that an index depends on, counted from the outermost."""
    return max((pick.axis + 1 for pick in index if pick.axis is not None), default=0)
