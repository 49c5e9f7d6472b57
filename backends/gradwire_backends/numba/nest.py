"""One loop nest: its loads, computations, stores and reductions, then the same as source.

Building and writing are apart, because whether neighbouring loops can be one is known only when all accesses are.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from gradwire_service.graph import BOOL, FLOAT64, INT64, ElementType
from gradwire_service.ops.base import Value, normalized_axes
from gradwire_service.ops.reductions import Max, Mean, Min, Reduction, Sum

from gradwire_backends.numba.kinds import Kind
from gradwire_backends.numba.ledger import Ledger, Product, written_product
from gradwire_backends.numba.lowering import fragment
from gradwire_backends.numba.memory import Memory
from gradwire_backends.numba.schedule import Schedule, Step
from gradwire_backends.numba.views import Index, Pick

CHUNK_BITS = 12
"""A long sum adds up 2^12 elements before it adds the result to the others: this keeps rounding errors small."""

INDENT = "    "


@dataclass
class Access:
    """A place in memory that depends on the loops.

    Attributes:
        pointer: name of the pointer to the first element.
        starts: parts of the place that do not depend on them: an integer's name and what it is multiplied with.
        strides: for each loop that it depends on, the step, 1, -1 or an integer's name, and the elements in between.
    """

    pointer: str
    starts: list[tuple[str, Product]] = field(default_factory=list)
    strides: dict[int, tuple[str, Product]] = field(default_factory=dict)

    def written(self) -> str:
        """Write the place as source."""
        terms = [_times(name, stride) for name, stride in self.starts]
        for loop, (step, stride) in sorted(self.strides.items()):
            sign, factor = ("-", ()) if step == "-1" else ("", () if step == "1" else (step,))
            terms.append(sign + _times(f"i{loop}", (*factor, *stride)))
        return " + ".join(terms) or "0"


def _times(name: str, factors: Product) -> str:
    return " * ".join((name, *factors))


@dataclass
class Statement:
    """A line of a nest.

    Attributes:
        depth: number of loops around it.
        text: source, with ``@`` for the access where there is one.
        access: what it reads or writes.
    """

    depth: int
    text: str
    access: Access | None = None

    def written(self) -> str:
        """Write the line."""
        return self.text if self.access is None else self.text.replace("@", self.access.written())


@dataclass
class Total:
    """A reduction in the making.

    Attributes:
        term: source of what is combined in the innermost loop.
        loops: the loops that it runs along.
        combine: source that combines ``{0}``, the total, and ``{1}``, a term.
        first: source of the total of nothing.
        wide: element type of the total while loops run.
        kind: element type of the result.
        count: source of the number that a mean divides by.
        load, store: how the result is read and written.
        result: where it goes.
    """

    term: str
    loops: set[int]
    combine: str
    first: str
    wide: ElementType
    kind: ElementType
    count: str
    load: str
    store: str
    result: Access

    def combined(self, total: str, term: str) -> str:
        """Write a total with a term more."""
        return self.combine.format(total, term)

    def stored(self, what: str) -> str:
        """Write the line that stores a result."""
        return self.store.format(what).replace("@", self.result.written())

    def stored_with(self, term: str) -> str:
        """Write the line that adds to the result in memory."""
        return self.stored(self.combined(self.load, term if self.kind is self.wide else f"{self.kind}({term})"))

    def finished(self, total: str) -> str:
        """Write the result of a total."""
        if self.count:
            return f"{self.kind}(float64({total}) / float64({self.count}))"
        return total if self.kind is self.wide else f"{self.kind}({total})"


class Nest:
    """A loop nest, built from a step of a schedule."""

    def __init__(self, schedule: Schedule, step: Step, memory: Memory, ledger: Ledger, number: int) -> None:
        self._schedule, self._step, self._memory, self._ledger = schedule, step, memory, ledger
        self._number = number
        self._statements: list[Statement] = []
        self._totals: list[Total] = []
        self._names: dict[tuple[Value, Index], tuple[str, int]] = {}
        self._streams: dict[str, int] = {}
        self._count = 0
        self._loops: list[Product] = [(ledger.size(dimension),) for dimension in step.space]
        for value in sorted(step.computed, key=lambda value: value.serial):
            if schedule.kinds[value] is Kind.REDUCTION:
                self._reduce(value)
            else:
                self._compute(value)
        self._merge()

    @property
    def statements(self) -> int:
        """Number of lines that do the work."""
        return len(self._statements) + 2 * len(self._totals)

    # Building

    def _compute(self, value: Value) -> None:
        index = self._schedule.own_index(value)
        name, _ = self._element(value, index)
        if value in self._schedule.stored:
            access = self._access(value, index)
            self._statements.append(Statement(len(self._loops), self._store(value, access, name), access))

    def _element(self, value: Value, index: Index) -> tuple[str, int]:
        """Return the name of an element, and the number of loops that it depends on; its computation is added."""
        key = (value, index)
        if key in self._names:
            return self._names[key]
        kind = self._schedule.kinds[value]
        if kind is Kind.NUMBER:
            self._names[key] = self._ledger.number(value), 0
        elif self._at_hand(value):
            operands = [self._element(*operand) for operand in self._schedule.operands(value, index)]
            depth = max((depth for _, depth in operands), default=0)
            text = fragment(value)
            assert text is not None
            self._names[key] = name, _ = self._name(), depth
            self._statements.append(Statement(depth, f"{name} = {text.format(*(name for name, _ in operands))}"))
        else:
            depth = max((pick.axis + 1 for pick in index if pick.axis is not None), default=0)
            access = self._access(value, index)
            self._names[key] = name, _ = self._name(), depth
            stream = self._stream(access)
            self._statements.append(
                Statement(depth, f"{name} = load({access.pointer}, @, {self._number}, {stream})", access)
            )
        return self._names[key]

    def _at_hand(self, value: Value) -> bool:
        return value in self._step.computed or self._schedule.repeated(value)

    def _access(self, value: Value, index: Index) -> Access:
        access = Access(self._memory.pointer(value))
        for pick, stride in zip(index, self._ledger.strides(value), strict=True):
            if pick.start:
                access.starts.append((self._ledger.integer(pick.start), stride))
            if pick.axis is not None:
                step = str(pick.step) if pick.step in (1, -1) else self._ledger.integer(pick.step)
                access.strides[pick.axis] = step, stride
        return access

    def _reduce(self, value: Value) -> None:
        op, (x,) = value.op, value.inputs
        assert isinstance(op, Reduction)
        ((root, index),) = self._schedule.made_of(value)
        term, _ = self._element(root, index)
        reduced = normalized_axes(op.axis, len(x.shape), op.name)
        axes = [axis for axis, size in enumerate(x.shape) if size != 1]
        loops = {loop for loop, axis in enumerate(axes) if axis in reduced}
        kept = iter(loop for loop in range(len(axes)) if loop not in loops)
        result = self._access(value, tuple(Pick(None, 0, 0) if size == 1 else Pick(next(kept)) for size in value.shape))
        self._totals.append(self._total(value, term, loops, result))

    def _total(self, value: Value, term: str, loops: set[int], result: Access) -> Total:
        op, held = value.op, value.inputs[0].element_type
        adds = isinstance(op, Sum | Mean)
        wide = (FLOAT64 if adds else held) if held.is_floating else INT64
        if adds:
            combine, first = "accumulate({0}, {1})", f"{wide}(0)"
        elif isinstance(op, Max | Min):
            combine, first = self._extreme(isinstance(op, Max), held)
        else:
            combine, first = "{0} * {1}", f"{wide}(1)"
        return Total(
            term=term if held is wide else f"{wide}({term})",
            loops=loops,
            combine=combine,
            first=first,
            wide=wide,
            kind=value.element_type,
            count=" * ".join(size for loop in sorted(loops) for size in self._loops[loop]) if isinstance(op, Mean) else "",
            load=self._load(result),
            store=self._store(value, result, "{0}"),
            result=result,
        )

    def _extreme(self, greatest: bool, kind: ElementType) -> tuple[str, str]:
        """Return how the greatest or the least of numbers is found, and what that of none is."""
        if kind.is_floating:
            first = self._ledger.real(-math.inf if greatest else math.inf)
            return f"{'maximum' if greatest else 'minimum'}({{0}}, {{1}})", f"{kind}({first})"
        limits = np.iinfo(kind.dtype)
        first = self._ledger.integer(int(limits.min if greatest else limits.max))
        return f"select({{0}} {'>=' if greatest else '<='} {{1}}, {{0}}, {{1}})", first

    def _name(self) -> str:
        self._count += 1
        return f"v{self._count}"

    def _stream(self, access: Access) -> int:
        """Return the number of a piece of memory in this nest; pieces do not overlap, and within one anything may."""
        return self._streams.setdefault(access.pointer, len(self._streams))

    def _load(self, access: Access) -> str:
        return f"load({access.pointer}, @, {self._number}, {self._stream(access)})"

    def _store(self, value: Value, access: Access, what: str) -> str:
        what = f"boolean({what})" if value.element_type is BOOL else what
        return f"store({access.pointer}, @, {what}, {self._number}, {self._stream(access)})"

    # Merging loops

    def _merge(self) -> None:
        """Make one loop of neighbouring ones that every access passes over without a gap, or stands still in."""
        accesses = [s.access for s in self._statements if s.access] + [total.result for total in self._totals]
        for loop in reversed(range(len(self._loops) - 1)):
            if all(self._one_run(access, loop) for access in accesses):
                self._loops[loop : loop + 2] = [(*self._loops[loop], *self._loops[loop + 1])]
                for access in accesses:
                    access.strides = _without(access.strides, loop)
                for total in self._totals:
                    total.loops = {other - (other > loop) for other in total.loops}
                for statement in self._statements:
                    statement.depth -= statement.depth > loop + 1

    def _one_run(self, access: Access, loop: int) -> bool:
        outer, inner = access.strides.get(loop), access.strides.get(loop + 1)
        if outer is None or inner is None:
            return outer is inner
        return outer[0] == inner[0] == "1" and sorted(outer[1]) == sorted((*self._loops[loop + 1], *inner[1]))

    # Writing

    def lines(self) -> Iterator[str]:
        """Write the nest as source, indented as the body of a function."""
        in_memory = [total for total in self._totals if self._innermost(total) > min(total.loops)]
        for total in in_memory:
            yield from self._over_result(total, total.stored(f"{total.kind}({total.first})"))
        yield from self._level(0, INDENT)
        for total in in_memory:
            if total.count:
                yield from self._over_result(total, total.stored(total.finished(total.load)))

    def _innermost(self, total: Total) -> int:
        """Return the first of the innermost loops that a reduction runs along, one after the other to the last."""
        first = len(self._loops)
        while first - 1 in total.loops:
            first -= 1
        return first

    def _over_result(self, total: Total, text: str) -> Iterator[str]:
        """Do something with every element of a reduction's result."""
        indent = INDENT
        for loop in sorted(total.result.strides):
            yield f"{indent}for i{loop} in range({written_product(self._loops[loop])}):"
            indent += INDENT
        yield indent + text

    def _level(self, depth: int, indent: str) -> Iterator[str]:
        """Write what is inside `depth` loops."""
        yield from (indent + statement.written() for statement in self._statements if statement.depth == depth)
        totals = list(enumerate(self._totals))
        innermost = len(self._loops)
        if depth == innermost:
            for number, total in totals:
                yield indent + self._added(number, total, depth, total.term)
            return
        running = [(number, total) for number, total in totals if self._innermost(total) <= depth]
        for number, total in running:
            yield f"{indent}{_total_name(number, depth)} = {total.first}"
        trip = written_product(self._loops[depth])
        inside = indent + INDENT
        chunked = innermost == 1 and any("accumulate" in total.combine for _, total in running)
        if chunked:
            size = 2**CHUNK_BITS
            yield f"{indent}for k0 in range(({trip} + {size - 1}) >> {CHUNK_BITS}):"
            for number, total in running:
                yield f"{inside}{_total_name(number, 1)} = {total.first}"
            end = f"k0 * {size} + {size}"
            yield f"{inside}for i0 in range(k0 * {size}, select({end} < {trip}, {end}, {trip})):"
            for statement in self._statements:
                if statement.depth == 1:
                    yield inside + INDENT + statement.written()
            for number, total in running:
                name = _total_name(number, 1)
                yield f"{inside}{INDENT}{name} = {total.combined(name, total.term)}"
        else:
            yield f"{indent}for i{depth} in range({trip}):"
            yield from self._level(depth + 1, inside)
        if chunked or depth + 1 < innermost:
            for number, total in running:
                yield inside + self._added(number, total, depth + 1, _total_name(number, depth + 1))
        for number, total in running:
            if self._innermost(total) == depth:
                name = _total_name(number, depth)
                alone = min(total.loops) == depth
                yield indent + (total.stored(total.finished(name)) if alone else total.stored_with(name))

    def _added(self, number: int, total: Total, depth: int, term: str) -> str:
        """Write how a term from inside `depth` loops is added to the total of the loop around it, or in memory."""
        if self._innermost(total) == depth:
            return total.stored_with(term)
        name = _total_name(number, depth - 1)
        return f"{name} = {total.combined(name, term)}"


def _total_name(number: int, depth: int) -> str:
    return f"a{number * 10 + depth}"


def _without(strides: dict[int, tuple[str, Product]], loop: int) -> dict[int, tuple[str, Product]]:
    """Return strides when a loop and the next are one."""
    return {other - (other > loop): stride for other, stride in strides.items() if other != loop}

