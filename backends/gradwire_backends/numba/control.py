"""Loops over bodies, and choices between them, in generated source.

What a step of a loop takes and yields is not copied: an element of a sequence is a pointer into it, and a result that
is stacked is computed where it will lie. Carries change places from step to step; few numbers stay in registers.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from gradwire_backends.numba.kinds import LOOPS, Kind
from gradwire_backends.numba.loops import INDENT
from gradwire_backends.numba.memory import Memory
from gradwire_backends.numba.schedule import Schedule
from gradwire_service.control.branching import Switch
from gradwire_service.control.scan import Scan
from gradwire_service.ops.base import Value

REGISTERS = 16
"""Elements of a carry that may stay in registers."""

Lines = list[str]
Written = Callable[[Memory], Lines]
"""Writes all steps of a body."""


@dataclass(frozen=True)
class Loop:
    """A loop, apart from what goes before it.

    Attributes:
        before: lines that are run once.
        lines: the loop, from one trip to another, which are integers by these names.
        start, stop: their names.
        trips: number of all trips.
        flops: work of a trip.
    """

    before: Lines
    lines: Lines
    start: str
    stop: str
    trips: int
    flops: float

    @property
    def whole(self) -> Lines:
        """The loop with what goes before it."""
        return [*self.before, *self.lines]


def written_control(value: Value, memory: Memory, written: Written) -> Lines | Loop:
    """Write a block with bodies."""
    if isinstance(value.op, Switch):
        return _choice(value, memory, written)
    assert isinstance(value.op, Scan)
    return _LoopWriter(value, value.op, memory, written).loop()


def _choice(value: Value, memory: Memory, written: Written) -> Lines:
    """Write a choice between two bodies."""
    index, *operands = value.inputs
    parts, ledger = memory.schedule.parts[value], memory.ledger
    name = ledger.fresh("e")
    lines = [f"{name} = load({memory.pointer(index)}, 0, {ledger.nest()}, 0)"]
    for number, body in enumerate(memory.bodies[value]):
        for variable, operand in zip(body.schedule.graph.variables.values(), operands, strict=True):
            body.give(variable, memory.pointer(operand))
        for place, y in body.schedule.graph.outputs.items():
            body.give(y, memory.pointer(parts[int(place)]))
        lines += [f"if {name} == {number}:", *(INDENT + line for line in written(body))]
    return lines


class _LoopWriter:
    """Writes one loop."""

    def __init__(self, value: Value, op: Scan, memory: Memory, written: Written) -> None:
        self._value, self._op, self._memory, self._written = value, op, memory, written
        (self._body,) = memory.bodies[value]
        self._schedule: Schedule = self._body.schedule
        self._ledger = memory.ledger
        self._parts = memory.schedule.parts[value]
        self._variables = [*self._schedule.graph.variables.values()]
        self._outputs = {int(name): y for name, y in self._schedule.graph.outputs.items()}

    def loop(self) -> Loop:
        """Write it."""
        op, ledger, c = self._op, self._ledger, self._op.carries
        trips = op.length or 0
        start, stop = ledger.integer(0, "n"), ledger.integer(trips, "n")
        trip = ledger.fresh("j")
        before: Lines = []
        top: Lines = []
        head: Lines = []
        end: Lines = []
        tail: Lines = []
        place = trip
        if op.reverse:
            place = ledger.fresh("j")
            head.append(f"{place} = {ledger.integer(trips - 1, 'n')} - {trip}")
        turn = ledger.fresh("e")
        for i in range(c):
            state = self._memory.pointer(self._parts[i]) if i in self._parts else self._body.spare(i)
            before += self._copied(state, self._memory.pointer(self._value.inputs[i]), self._variables[i])
            if self._in_registers(i):
                self._kept(i, state, top, end, tail)
            else:
                self._swapped(i, state, turn, head, tail)
        if any("select" in line for line in head):
            head.insert(0, f"{turn} = (({trip} - {start}) & 1) == 0")
            tail.insert(0, f"{turn} = (({stop} - {start}) & 1) == 1")
        for i in range(c, c + op.sequences):
            self._body.give(self._variables[i], self._part(self._value.inputs[i], self._variables[i], place, head))
        for i in range(c + op.sequences, len(self._variables)):
            self._body.give(self._variables[i], self._memory.pointer(self._value.inputs[i]))
        for i, y in self._outputs.items():
            if i >= c:
                self._body.give(y, self._part(self._parts[i], y, place, head))
        inside = [*head, *self._written(self._body), *end]
        lines = [*top, f"for {trip} in range({start}, {stop}):", *(INDENT + line for line in inside), *tail]
        return Loop(before, lines, start, stop, trips, op.body.flops + 10.0 * len(op.body.blocks))

    # Carries

    def _in_registers(self, i: int) -> bool:
        """Tell whether a carry is a few numbers that are used one by one."""
        schedule, variable, y = self._schedule, self._variables[i], self._outputs[i]
        if variable.type.size > REGISTERS or schedule.dimensions.space(variable):
            return False
        for value, kind in schedule.kinds.items():
            if kind in LOOPS:
                reads = (read for read in schedule.made_of(value) if read.root is variable)
                if any(read.apart or any(pick.axis is not None for pick in read.index) for read in reads):
                    return False
            elif kind is not Kind.VIEW and any(schedule.memory(x) is variable for x in value.inputs):
                return False
        return not schedule.dimensions.space(y)

    def _kept(self, i: int, state: str, top: Lines, end: Lines, tail: Lines) -> None:
        """Keep a carry in registers."""
        variable, y, ledger = self._variables[i], self._outputs[i], self._ledger
        names = [ledger.fresh("e") for _ in range(variable.type.size)]
        self._body.registers[variable] = names
        top += [self._loaded(name, state, k) for k, name in enumerate(names)]
        if self._schedule.kinds[y] is Kind.POINTWISE and y not in self._schedule.readers:
            new = [ledger.fresh("e") for _ in names]
            self._body.registers[y] = new
            end += [f"{name} = {value}" for name, value in zip(names, new, strict=True)]
        else:
            pointer = self._body.spare(self._op.carries + i)
            self._body.give(y, pointer)
            end += [self._loaded(name, pointer, k) for k, name in enumerate(names)]
        tail += [f"store({state}, {k}, {name}, {ledger.nest()}, 0)" for k, name in enumerate(names)]

    def _swapped(self, i: int, state: str, turn: str, head: Lines, tail: Lines) -> None:
        """Let a carry lie in two places in turn."""
        variable, ledger = self._variables[i], self._ledger
        other = self._body.spare(self._op.carries + i)
        old, new = ledger.fresh("x"), ledger.fresh("x")
        head += [f"{old} = select({turn}, {state}, {other})", f"{new} = select({turn}, {other}, {state})"]
        self._body.give(variable, old, old)
        self._body.give(self._outputs[i], new, old)
        tail += [f"if {turn}:", *(INDENT + line for line in self._copied(state, other, variable))]

    # Memory

    def _part(self, whole: Value, element: Value, place: str, head: Lines) -> str:
        """Return the name of a pointer to one element of a sequence or a stack."""
        name = self._ledger.fresh("x")
        head.append(f"{name} = part({self._memory.pointer(whole)}, {place} * {self._size(element)})")
        return name

    def _size(self, element: Value) -> str:
        """Return the number of elements of a value, the product of whose sizes is known before."""
        sizes = [self._body.ledger.size(d) for d in self._schedule.dimensions.of(element) if d is not None]
        if all(size.isdigit() for size in sizes):
            return str(math.prod(map(int, sizes)))
        return " * ".join(sizes)

    def _copied(self, target: str, source: str, value: Value) -> Lines:
        """Write a copy of all elements of a value."""
        nest, i = self._ledger.nest(), self._ledger.fresh("i")
        line = f"store({target}, {i}, load({source}, {i}, {nest}, 0), {nest}, 1)"
        return [f"for {i} in range({self._size(value)}):", INDENT + line]

    def _loaded(self, name: str, pointer: str, k: int) -> str:
        return f"{name} = load({pointer}, {k}, {self._ledger.nest()}, 0)"
