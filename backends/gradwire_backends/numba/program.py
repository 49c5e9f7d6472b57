"""A graph as kernels: source text, which is their identity, and what they are fed at run time."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gradwire_backends.numba.control import Loop, written_control
from gradwire_backends.numba.kinds import Kind, runs_in_kernels
from gradwire_backends.numba.ledger import Ledger
from gradwire_backends.numba.legalize import legalize
from gradwire_backends.numba.loops import INDENT
from gradwire_backends.numba.memory import Layout, Memory
from gradwire_backends.numba.nest import loop_nest
from gradwire_backends.numba.parts import Parts, in_parts
from gradwire_backends.numba.routines import Site, written, written_in_parts
from gradwire_backends.numba.schedule import Schedule, Step
from gradwire_service.graph import Array
from gradwire_service.ops.base import Value, Variable
from gradwire_service.ops.flat import FlatGraph

STATEMENTS = 400
"""Lines of one function, roughly at most; what is beyond goes into another one."""

NONE = -1
"""Room where the next line begins a function in any case."""

LONG = 1e7
"""Floating-point operations that a run may take, some milliseconds, before it looks whether it is interrupted."""

NOT_AS_EXPECTED = 1
"""Status of a kernel that was given something else than arrays of its types, in row-major order."""

_NAME = re.compile(r"\b[a-z]{1,2}[0-9]+\b")


@dataclass(frozen=True)
class HostBlock:
    """A block that NumPy evaluates between kernels.

    Attributes:
        value: the block.
        operands: places in the table of its inputs.
        result: place in the table of its result.
    """

    value: Value
    operands: tuple[int, ...]
    result: int


@dataclass(frozen=True)
class LoopStage:
    """A loop that takes long, run some trips at a time.

    Attributes:
        function: number of its function.
        start, stop: places among the integers of the first trip, and of that behind the last.
        trips: number of all trips.
        slice: trips at a time.
    """

    function: int
    start: int
    stop: int
    trips: int
    slice: int


@dataclass(frozen=True)
class PartedStage:
    """A loop nest whose parts may run at the same time.

    Attributes:
        function: number of its function.
        start, stop, number: places among the integers of the first turn of a part, of that behind its last, and of its
            number.
        turns: number of all turns.
        size: turns of a part.
    """

    function: int
    start: int
    stop: int
    number: int
    turns: int
    size: int

    @property
    def parts(self) -> int:
        """Number of parts."""
        return -(-self.turns // self.size)


Stage = int | LoopStage | PartedStage | HostBlock
"""A function by its number, a loop, a loop nest in parts, or a block for NumPy."""


@dataclass(frozen=True)
class KernelProgram:
    """What is left of a graph: kernels, and blocks between them.

    Attributes:
        source: functions ``kernel0``, ``kernel1``, … over one table.
        stages: in the order in which they run.
        layout: the arrays of the table.
        integers, reals: what the table holds beside arrays.
        flops: estimate of the floating-point operations of one run.
    """

    source: str
    stages: tuple[Stage, ...]
    layout: Layout
    integers: Array
    reals: Array
    flops: float

    @property
    def key(self) -> str:
        """Identity of the kernels."""
        return hashlib.sha256(self.source.encode()).hexdigest()


def kernel_program(graph: FlatGraph) -> KernelProgram:
    """Turn a graph into kernels and what is between them."""
    schedule = Schedule(legalize(graph, runs_in_kernels))
    ledger = Ledger(schedule.dimensions)
    memory = Memory(schedule, ledger)
    writer = _Writer()
    for step in schedule.steps:
        if step.kind is Kind.HOST:
            (value,) = step.members
            for x in (value, *value.inputs):
                memory.pointer(x)
            writer.interrupt(value)
        else:
            writer.add(_written(step, memory), ledger)
    places = memory.places()
    if writer.stages == [0]:
        writer.functions[0][:0] = _checks(memory, places)

    def host_block(value: Value) -> HostBlock:
        operands = (places[schedule.memory(x)] for x in value.inputs)
        return HostBlock(value, tuple(operands), places[value])

    stages = tuple(host_block(item) if isinstance(item, Value) else item for item in writer.stages)
    definitions = {**ledger.definitions(), **memory.definitions()}
    texts = [_function(number, lines, definitions) for number, lines in enumerate(writer.functions)]
    return KernelProgram("\n\n".join(texts), stages, memory.layout(), ledger.integers(), ledger.reals(), graph.flops)


def _checks(memory: Memory, places: Mapping[Value, int]) -> list[str]:
    """Write what makes sure that inputs can be read as they are: Python takes a microsecond for it."""
    ledger, lines = memory.ledger, []
    array = ledger.integer(id(np.ndarray), "q")
    for value, place in places.items():
        if isinstance(value.op, Variable):
            descriptor = ledger.integer(id(value.element_type.dtype), "q")
            sizes = (ledger.size(dimension) for dimension in ledger.dimensions.of(value))
            arguments = ", ".join(("t", str(place), array, descriptor, *sizes))
            lines.append(f"stop_unless(fits({arguments}), {NOT_AS_EXPECTED})")
    return lines


def _written(step: Step, memory: Memory) -> list[str] | Loop | Parts:
    """Write a step of the graph: in parts, if these are worth it."""
    if step.kind is Kind.POINTWISE:
        nest = loop_nest(step, memory)
        flops = sum(value.op.flops(value.type, *(x.type for x in value.inputs)) for value in step.computed)
        return in_parts(nest, flops, memory) or [*nest.lines()]
    if step.kind is Kind.ROUTINE:
        (value,) = step.members
        parts = written_in_parts(value, Site(memory, memory.ledger))
        if parts is not None:
            return parts
    return written_step(step, memory)


def written_step(step: Step, memory: Memory) -> list[str] | Loop:
    """Write a step of a graph or of a body; what NumPy does has no source."""
    if step.kind is Kind.POINTWISE:
        return [*loop_nest(step, memory).lines()]
    (value,) = step.members
    if step.kind is Kind.ROUTINE:
        return written(value, Site(memory, memory.ledger))
    return written_control(value, memory, _body)


def _body(memory: Memory) -> list[str]:
    """Write all steps of a body."""
    lines: list[str] = []
    for step in memory.schedule.steps:
        more = written_step(step, memory)
        lines += more.whole if isinstance(more, Loop) else more
    return lines


class _Writer:
    """Puts lines into functions.

    Attributes:
        functions: the lines of each.
        stages: what is run, in order; blocks for NumPy as values.
    """

    def __init__(self) -> None:
        self.functions: list[list[str]] = []
        self.stages: list[int | LoopStage | PartedStage | Value] = []
        self._room = NONE

    def interrupt(self, value: Value) -> None:
        """Let NumPy do something here."""
        self.stages.append(value)
        self._room = NONE

    def add(self, step: list[str] | Loop | Parts, ledger: Ledger) -> None:
        """Add a step; what takes long becomes a function that can be run some trips, or one part, at a time."""
        if isinstance(step, Parts):
            start, stop, number = map(ledger.place, (step.split.start, step.split.stop, step.split.number))
            turns, size = step.split.turns, step.split.size
            self.stages.append(PartedStage(len(self.functions), start, stop, number, turns, size))
            self.functions.append(step.lines)
            self._room = NONE
            if step.after:
                self._append(step.after)
        elif not isinstance(step, Loop):
            self._append(step)
        elif step.trips * step.flops < LONG:
            self._append(step.whole)
        else:
            self._append(step.before)
            trips = max(int(LONG / step.flops), 1)
            start, stop = ledger.place(step.start), ledger.place(step.stop)
            self.stages.append(LoopStage(len(self.functions), start, stop, step.trips, trips))
            self.functions.append(step.lines)
            self._room = NONE

    def _append(self, lines: list[str]) -> None:
        # A straight line takes LLVM a fraction of what a loop takes, all of whose lines are written in lanes, too.
        taken = len(lines) if any(line.startswith("for ") for line in lines) else len(lines) // 5
        if taken > self._room:
            self.stages.append(len(self.functions))
            self.functions.append([])
            self._room = STATEMENTS
        self.functions[-1] += lines
        self._room -= taken


def _function(number: int, lines: Sequence[str], definitions: Mapping[str, str]) -> str:
    """Write a function: what it uses of the table, then its lines."""
    used = set(_names(lines)) & definitions.keys()
    used |= set(_names(definitions[name] for name in used)) & definitions.keys()
    head = [f"{name} = {text}" for name, text in definitions.items() if name in used]
    return "\n".join(
        [
            f"def kernel{number}(t):",
            *(INDENT + line for line in ("s = int64s(item(t, 0), 0)", "f = float64s(item(t, 1), 0)", *head, *lines)),
        ]
    )


def _names(lines: Iterable[str]) -> list[str]:
    return [name for line in lines for name in _NAME.findall(line)]
