"""A loop nest as data: what it reads, computes, writes and sums up; and that as source.

Neighbouring loops become one where every access passes over both without a gap; that is known only when all are there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from gradwire_backends.numba.ledger import Product, written_product
from gradwire_service.graph import ElementType

CHUNK_BITS = 12
"""A long sum adds up 2^12 elements before it adds the result to the others: this keeps rounding errors small."""

INDENT = "    "

ACCUMULATE = "accumulate({0}, {1})"
"""Combines a sum and a term."""


@dataclass
class Access:
    """A number that depends on the loops: a place in memory, or a position along an axis.

    Attributes:
        starts: parts that do not depend on them: an integer's name and what it is multiplied with.
        strides: for each loop that it depends on, the step, 1, -1 or an integer's name, and what it is multiplied with.
    """

    starts: list[tuple[str, Product]] = field(default_factory=list)
    strides: dict[int, tuple[str, Product]] = field(default_factory=dict)

    def written(self) -> str:
        """Write the number as source."""
        terms = [" * ".join((name, *stride)) for name, stride in self.starts]
        for loop, (step, stride) in sorted(self.strides.items()):
            sign, factor = ("-", ()) if step == "-1" else ("", () if step == "1" else (step,))
            terms.append(sign + " * ".join((f"i{loop}", *factor, *stride)))
        return " + ".join(terms) or "0"


@dataclass
class Statement:
    """A line of a nest.

    Attributes:
        depth: number of loops around it.
        text: source, in which ``@0``, ``@1``, … stand for accesses.
        accesses: what depends on the loops.
    """

    depth: int
    text: str
    accesses: tuple[Access, ...] = ()

    def written(self) -> str:
        """Write the line."""
        text = self.text
        for number, access in enumerate(self.accesses):
            text = text.replace(f"@{number}", access.written())
        return text


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
        pointer: name of the pointer to what the result lies in.
        where: source of the nest and the stream that this is.
        result: where in it the result goes.
    """

    term: str
    loops: set[int]
    combine: str
    first: str
    wide: ElementType
    kind: ElementType
    count: str
    pointer: str
    where: str
    result: Access

    @property
    def is_sum(self) -> bool:
        """Whether rounding errors add up."""
        return self.combine == ACCUMULATE

    def combined(self, total: str, term: str) -> str:
        """Write a total with a term more."""
        return self.combine.format(total, term)

    def loaded(self) -> str:
        """Write the result, read from memory."""
        return f"load({self.pointer}, {self.result.written()}, {self.where})"

    def stored(self, what: str) -> str:
        """Write the line that stores a result."""
        return f"store({self.pointer}, {self.result.written()}, {what}, {self.where})"

    def stored_with(self, term: str) -> str:
        """Write the line that adds to the result in memory."""
        return self.stored(self.combined(self.loaded(), term if self.kind is self.wide else f"{self.kind}({term})"))

    def finished(self, total: str) -> str:
        """Write the result of a total."""
        if self.count:
            return f"{self.kind}(float64({total}) / float64({self.count}))"
        return total if self.kind is self.wide else f"{self.kind}({total})"


@dataclass
class LoopNest:
    """Loops, one inside the other, and what is done in them.

    Attributes:
        loops: number of turns of each, the outermost first.
        statements: in an order in which what is used comes before.
        totals: reductions.
        bounds: names of the first turn of the outermost loop, and of that behind the last; None for all turns. Where
            the loop is chunked, chunks are counted.
    """

    loops: list[Product]
    statements: list[Statement] = field(default_factory=list)
    totals: list[Total] = field(default_factory=list)
    bounds: tuple[str, str] | None = None

    @property
    def is_chunked(self) -> bool:
        """Whether there is a single loop, which is written in pieces, since it sums up; a short one needs none."""
        if len(self.loops) != 1 or not any(total.is_sum for total in self.totals):
            return False
        trip = written_product(self.loops[0])
        return not (trip.isdigit() and int(trip) <= 2**CHUNK_BITS)

    def merge(self) -> None:
        """Make one loop of neighbouring ones that every access passes over without a gap, or stands still in."""
        accesses = [access for statement in self.statements for access in statement.accesses]
        accesses += [total.result for total in self.totals]
        for loop in reversed(range(len(self.loops) - 1)):
            if not all(self._one_run(access, loop) for access in accesses):
                continue
            self.loops[loop : loop + 2] = [(*self.loops[loop], *self.loops[loop + 1])]
            for access in accesses:
                access.strides = {i - (i > loop): stride for i, stride in access.strides.items() if i != loop}
            for total in self.totals:
                total.loops = {i - (i > loop) for i in total.loops}
            for statement in self.statements:
                statement.depth -= statement.depth > loop + 1

    def _one_run(self, access: Access, loop: int) -> bool:
        outer, inner = access.strides.get(loop), access.strides.get(loop + 1)
        if outer is None or inner is None:
            return outer is inner
        return outer[0] == inner[0] == "1" and sorted(outer[1]) == sorted((*self.loops[loop + 1], *inner[1]))

    def lines(self) -> Iterator[str]:
        """Write the nest as source."""
        in_memory = [total for total in self.totals if self._innermost(total) > min(total.loops)]
        for total in in_memory:
            yield from self._over_result(total, total.stored(f"{total.kind}({total.first})"))
        yield from self._level(0, "")
        for total in in_memory:
            if total.count:
                yield from self._over_result(total, total.stored(total.finished(total.loaded())))

    def _innermost(self, total: Total) -> int:
        """Return the first of the innermost loops that a reduction runs along, one after the other to the last."""
        first = len(self.loops)
        while first - 1 in total.loops:
            first -= 1
        return first

    def _over_result(self, total: Total, text: str) -> Iterator[str]:
        """Do something with every element of a reduction's result."""
        indent = ""
        for loop in sorted(total.result.strides):
            yield f"{indent}for i{loop} in {self._turns(loop)}:"
            indent += INDENT
        yield indent + text

    def _level(self, depth: int, indent: str) -> Iterator[str]:
        """Write what is inside `depth` loops."""
        yield from (indent + statement.written() for statement in self.statements if statement.depth == depth)
        innermost = len(self.loops)
        if depth == innermost:
            for number, total in enumerate(self.totals):
                yield indent + self._added(number, total, depth, total.term)
            return
        running = [(number, total) for number, total in enumerate(self.totals) if self._innermost(total) <= depth]
        for number, total in running:
            yield f"{indent}{_name(number, depth)} = {total.first}"
        inside = indent + INDENT
        if self.is_chunked:
            yield from self._in_chunks(running, indent)
        else:
            yield f"{indent}for i{depth} in {self._turns(depth)}:"
            yield from self._level(depth + 1, inside)
        if self.is_chunked or depth + 1 < innermost:
            for number, total in running:
                yield inside + self._added(number, total, depth + 1, _name(number, depth + 1))
        for number, total in running:
            if self._innermost(total) == depth:
                name = _name(number, depth)
                alone = min(total.loops) == depth
                yield indent + (total.stored(total.finished(name)) if alone else total.stored_with(name))

    def _turns(self, loop: int) -> str:
        """Write the turns of a loop."""
        bounds = self.bounds if loop == 0 and self.bounds else (written_product(self.loops[loop]),)
        return f"range({', '.join(bounds)})"

    def _in_chunks(self, totals: list[tuple[int, Total]], indent: str) -> Iterator[str]:
        """Write a single loop in pieces, each with totals of its own."""
        size = 2**CHUNK_BITS
        inside = indent + INDENT
        trip = written_product(self.loops[0])
        bounds = self.bounds or (f"({trip} + {size - 1}) >> {CHUNK_BITS}",)
        yield f"{indent}for k0 in range({', '.join(bounds)}):"
        for number, total in totals:
            yield f"{inside}{_name(number, 1)} = {total.first}"
        end = f"k0 * {size} + {size}"
        yield f"{inside}for i0 in range(k0 * {size}, select({end} < {trip}, {end}, {trip})):"
        for statement in self.statements:
            if statement.depth == 1:
                yield inside + INDENT + statement.written()
        for number, total in totals:
            name = _name(number, 1)
            yield f"{inside}{INDENT}{name} = {total.combined(name, total.term)}"

    def _added(self, number: int, total: Total, depth: int, term: str) -> str:
        """Write how a term from inside `depth` loops is added to the total of the loop around it, or in memory."""
        if self._innermost(total) == depth:
            return total.stored_with(term)
        name = _name(number, depth - 1)
        return f"{name} = {total.combined(name, term)}"


def _name(number: int, depth: int) -> str:
    """Return the name of the total of a reduction inside some loops; there are at most eight."""
    return f"a{number * 10 + depth}"
