"""A graph as kernels: source text, which is their identity, and what they are fed at run time."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from gradwire_backends.numba.kinds import Kind
from gradwire_backends.numba.ledger import Ledger
from gradwire_backends.numba.legalize import legalize
from gradwire_backends.numba.loops import INDENT
from gradwire_backends.numba.memory import Layout, Memory
from gradwire_backends.numba.nest import loop_nest
from gradwire_backends.numba.routines import Site, written
from gradwire_backends.numba.schedule import Schedule, runs_in_kernels
from gradwire_service.graph import Array
from gradwire_service.ops.base import Value
from gradwire_service.ops.flat import FlatGraph

STATEMENTS = 400
"""Lines of one function, roughly at most; what is beyond goes into another one."""

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
class KernelProgram:
    """What is left of a graph: kernels, and blocks between them.

    Attributes:
        source: functions ``kernel0``, ``kernel1``, … over one table.
        stages: in the order in which they run: numbers of functions, and blocks for NumPy.
        layout: the arrays of the table.
        integers, reals: what the table holds beside arrays.
        flops: estimate of the floating-point operations of one run.
    """

    source: str
    stages: tuple[int | HostBlock, ...]
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
    functions: list[list[str]] = []
    order: list[int | Value] = []
    room = 0
    for number, step in enumerate(schedule.steps):
        if step.kind is Kind.HOST:
            (value,) = step.members
            for x in (value, *value.inputs):
                memory.pointer(x)
            order.append(value)
            room = 0
            continue
        if step.kind is Kind.ROUTINE:
            (value,) = step.members
            lines, statements = written(value, Site(memory, ledger)), 5
        else:
            nest = loop_nest(schedule, step, memory, ledger, number)
            lines, statements = list(nest.lines()), nest.size
        if statements > room:
            order.append(len(functions))
            functions.append([])
            room = STATEMENTS
        functions[-1] += lines
        room -= statements
    places = memory.places()

    def host_block(value: Value) -> HostBlock:
        operands = (places[schedule.memory(x)] for x in value.inputs)
        return HostBlock(value, tuple(operands), places[value])

    stages = tuple(item if isinstance(item, int) else host_block(item) for item in order)
    definitions = {**ledger.definitions(), **memory.definitions()}
    texts = [_function(number, lines, definitions) for number, lines in enumerate(functions)]
    return KernelProgram("\n\n".join(texts), stages, memory.layout(), ledger.integers(), ledger.reals(), graph.flops)


def _function(number: int, lines: Sequence[str], definitions: Mapping[str, str]) -> str:
    """Write a function: what it uses of the table, then its lines."""
    used = set(_names(lines)) & definitions.keys()
    used |= set(_names(definitions[name] for name in used)) & definitions.keys()
    head = [f"{INDENT}{name} = {text}" for name, text in definitions.items() if name in used]
    return "\n".join(
        [
            f"def kernel{number}(t):",
            f"{INDENT}s = int64s(item(t, 0), 0)",
            f"{INDENT}f = float64s(item(t, 1), 0)",
            *head,
            *lines,
        ]
    )


def _names(lines: Iterable[str]) -> list[str]:
    return [name for line in lines for name in _NAME.findall(line)]
