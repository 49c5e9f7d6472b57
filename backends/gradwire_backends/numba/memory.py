"""Where each value lies: in an array of the table, or in the working memory of a call.

Working memory is planned by lifetime: what is dead makes room. Values that NumPy touches lie in arrays of their own.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from gradwire_backends.numba.kinds import Kind
from gradwire_backends.numba.ledger import Ledger
from gradwire_backends.numba.schedule import Schedule
from gradwire_backends.numba.table import ARRAYS, WORKSPACE
from gradwire_service.graph import BOOL, Array, ElementType, TensorType
from gradwire_service.ops.base import Constant, Value, Variable

ALIGNMENT = 64
"""Bytes that the start of each piece of working memory is a multiple of: a cache line, and the widest vector."""

WORDS = {BOOL: "booleans", **{kind: f"{kind}s" for kind in ElementType if kind is not BOOL}}
"""What source calls a pointer to elements."""


@dataclass(frozen=True)
class Layout:
    """The arrays of the table behind the first few, in order.

    Attributes:
        constants: arrays that are fixed in the graph.
        inputs: names of variables.
        outputs: names of outputs, with their types.
        between: types of the arrays that kernels and NumPy pass to each other.
        workspace: bytes of working memory.
    """

    constants: tuple[Array, ...]
    inputs: tuple[str, ...]
    outputs: tuple[tuple[str, TensorType], ...]
    between: tuple[TensorType, ...]
    workspace: int


class Memory:
    """The place of every value that lies in memory.

    Bodies have memories of their own, whose working memory is a piece of that around them.

    Args:
        schedule: the values of a graph, or of a body.
        ledger: of the program.
        parent: the memory around that of a body.

    Attributes:
        schedule: what lies here.
        ledger: what its source is written with.
        bodies: the memories of the bodies of each block that has some.
        registers: the elements of values that lie in none, by their names.
        size: bytes of working memory.
    """

    def __init__(self, schedule: Schedule, ledger: Ledger, parent: Memory | None = None) -> None:
        self.schedule, self.ledger = schedule, ledger
        self.registers: dict[Value, list[str]] = {}
        self._parent = parent
        self._streams: dict[Value, str] = {}
        self._table: _Table = parent._table if parent is not None else _Table(schedule)
        self._outputs = set(schedule.graph.outputs.values())
        self._given: dict[Value, str] = {}
        self._names: dict[Value, str] = {}
        self._offset = 0
        self.bodies = {
            value: [Memory(body, ledger.inside(body.dimensions), self) for body in bodies]
            for value, bodies in schedule.bodies.items()
        }
        self._offsets, self.size = self._plan()
        self._spare: list[tuple[TensorType, int]] = []
        for kind in schedule.spare:
            self._spare.append((kind, self.size))
            self.size += _room(kind)
        self._end = self.size

    def give(self, value: Value, pointer: str, stream: str = "") -> None:
        """Say where a variable or an output of a body lies.

        Args:
            value: the variable or output.
            pointer: name of a pointer.
            stream: what is called the same may be the same memory at another time; "": nothing is.
        """
        self._given[value] = pointer
        self._streams[value] = stream or pointer

    def stream(self, value: Value) -> str:
        """Return a name that values share which may lie in the same memory while a nest runs."""
        return self._streams.get(self.schedule.memory(value)) or self.pointer(value)

    def pointer(self, value: Value) -> str:
        """Return the name of the pointer to the first element of what a value lies in."""
        value = self.schedule.memory(value)
        if value in self._given:
            return self._given[value]
        if value not in self._names:
            offset = self._offsets.get(value)
            if offset is None:
                self._names[value] = self._table.array(value)
            else:
                self._names[value] = self._piece(value.type, offset)
        return self._names[value]

    def spare(self, number: int) -> str:
        """Return the name of the pointer to a further piece."""
        return self._piece(*self._spare[number])

    def beyond(self, kinds: Iterable[TensorType]) -> list[str]:
        """Return the names of pointers to pieces beyond all others, for one step: another may use the same memory."""
        names, end = [], self._end
        for kind in kinds:
            names.append(self._piece(kind, end))
            end += _room(kind)
        self.size = max(self.size, end)
        return names

    def places(self) -> dict[Value, int]:
        """Return the place in the table of every array; final when source has been written."""
        return self._table.places()

    def definitions(self) -> dict[str, str]:
        """Return the source that fetches each pointer."""
        return self._table.definitions()

    def layout(self) -> Layout:
        """Return the arrays of the table."""
        return self._table.layout(self.size)

    def _piece(self, kind: TensorType, offset: int) -> str:
        return self._table.piece(kind, self.ledger.integer(self._start + offset, "o"))

    @property
    def _start(self) -> int:
        """Where the working memory of this begins in that of the program."""
        return self._offset if self._parent is None else self._parent._start + self._offset

    def _plan(self) -> tuple[dict[Value, int], int]:
        """Give each value that only kernels touch its place in working memory for as long as it is needed."""
        schedule = self.schedule
        number = {step: i for i, step in enumerate(schedule.steps)}
        births: dict[int, list[Value | Memory]] = {}
        deaths: dict[int, list[Value | Memory]] = {}
        for value in sorted(schedule.stored, key=lambda value: value.serial):
            touching = [schedule.home[value], *schedule.readers.get(value, ())]
            if value not in self._outputs and all(step.kind is not Kind.HOST for step in touching):
                births.setdefault(number[schedule.home[value]], []).append(value)
                deaths.setdefault(max(number[step] for step in touching), []).append(value)
        for value, memories in self.bodies.items():
            for memory in memories:
                births.setdefault(number[schedule.home[value]], []).append(memory)
                deaths.setdefault(number[schedule.home[value]], []).append(memory)
        offsets: dict[Value | Memory, int] = {}
        free: dict[int, list[int]] = {}  # places by size: sizes are few, and what one nest leaves the next wants
        end = 0
        for step in range(len(schedule.steps)):
            for what in births.get(step, ()):
                size = what.size if isinstance(what, Memory) else _room(what.type)
                if free.get(size):
                    offsets[what] = free[size].pop()
                else:
                    offsets[what], end = end, end + size
            for what in deaths.get(step, ()):
                size = what.size if isinstance(what, Memory) else _room(what.type)
                free.setdefault(size, []).append(offsets[what])
        for what, offset in offsets.items():
            if isinstance(what, Memory):
                what._offset = offset
        return {what: offset for what, offset in offsets.items() if isinstance(what, Value)}, end


class _Table:
    """The arrays of the table, and the pointers into them, in the order in which source comes to speak of them."""

    def __init__(self, schedule: Schedule) -> None:
        self._outputs = {value: name for name, value in schedule.graph.outputs.items()}
        self._constants: list[Value] = []
        self._inputs: list[Value] = []
        self._between: list[Value] = []
        self._names: dict[Value, str] = {}
        self._pieces: dict[str, str] = {}

    def array(self, value: Value) -> str:
        """Return the name of the pointer to a value that lies in an array of its own."""
        if value not in self._names:
            self._names[value] = f"p{len(self._names)}"
            match value.op:
                case _ if value in self._outputs:
                    pass
                case Variable():
                    self._inputs.append(value)
                case Constant():
                    self._constants.append(value)
                case _:
                    self._between.append(value)
        return self._names[value]

    def piece(self, kind: TensorType, offset: str) -> str:
        """Return the name of a pointer into working memory."""
        name = f"w{len(self._pieces)}"
        self._pieces[name] = f"{WORDS[kind.element_type]}(item(t, {WORKSPACE}), {offset})"
        return name

    def places(self) -> dict[Value, int]:
        """Return the place in the table of every array."""
        values = (*self._constants, *self._inputs, *self._outputs, *self._between)
        return {value: place for place, value in enumerate(values, ARRAYS)}

    def definitions(self) -> dict[str, str]:
        """Return the source that fetches each pointer."""
        places = self.places()
        arrays = {
            name: f"{WORDS[value.element_type]}(item(t, {places[value]}), 0)" for value, name in self._names.items()
        }
        return arrays | self._pieces

    def layout(self, workspace: int) -> Layout:
        """Return the arrays."""
        return Layout(
            constants=tuple(_in_order(value) for value in self._constants),
            inputs=tuple(value.name for value in self._inputs),
            outputs=tuple((name, value.type) for value, name in self._outputs.items()),
            between=tuple(value.type for value in self._between),
            workspace=workspace,
        )


def _in_order(value: Value) -> Array:
    """Return the elements of a constant in row-major order."""
    assert isinstance(value.op, Constant)
    return np.asarray(value.op.array, order="C")


def _room(kind: TensorType) -> int:
    """Return the bytes that a value takes in working memory."""
    return -(-kind.bytes // ALIGNMENT) * ALIGNMENT
