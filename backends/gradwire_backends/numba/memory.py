"""Where each value lies: in an array of the table, or in the working memory of a call.

Working memory is planned by lifetime: what is dead makes room. Values that NumPy touches lie in arrays of their own.
"""

from __future__ import annotations

from dataclasses import dataclass, field

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


@dataclass
class _Arrays:
    """Values that lie in arrays, in the order in which source comes to speak of them."""

    constants: list[Value] = field(default_factory=list)
    inputs: list[Value] = field(default_factory=list)
    between: list[Value] = field(default_factory=list)


class Memory:
    """The place of every value that lies in memory."""

    def __init__(self, schedule: Schedule, ledger: Ledger) -> None:
        self._schedule, self._ledger = schedule, ledger
        self._outputs = {value: name for name, value in schedule.graph.outputs.items()}
        self._names: dict[Value, str] = {}
        self._offsets, self._workspace = self._plan()
        self._pieces: dict[Value, str] = {}
        self._moved: dict[str, tuple[Value, str]] = {}
        self._arrays = _Arrays()

    def pointer(self, value: Value) -> str:
        """Return the name of the pointer to the first element of what a value lies in."""
        value = self._schedule.memory(value)
        if value not in self._names:
            if value in self._offsets:
                self._names[value] = f"w{len(self._names)}"
                self._pieces[value] = self._ledger.integer(self._offsets[value], "o")
            else:
                self._names[value] = f"p{len(self._names)}"
                if value not in self._outputs:
                    self._group(value).append(value)
        return self._names[value]

    def moved(self, value: Value, offset: str) -> str:
        """Return the name of a pointer some bytes behind the first element of a value."""
        name = f"m{len(self._moved)}"
        self._moved[name] = (self._schedule.memory(value), offset)
        self.pointer(value)
        return name

    def places(self) -> dict[Value, int]:
        """Return the place in the table of every array; final when source has been written."""
        arrays = self._arrays
        values = (*arrays.constants, *arrays.inputs, *self._outputs, *arrays.between)
        return {value: place for place, value in enumerate(values, ARRAYS)}

    def definitions(self) -> dict[str, str]:
        """Return the source that fetches each pointer."""
        result = {}
        for value, place in self.places().items():
            result[self._names[value]] = f"{WORDS[value.element_type]}(item(t, {place}), 0)"
        for value, offset in self._pieces.items():
            result[self._names[value]] = f"{WORDS[value.element_type]}(item(t, {WORKSPACE}), {offset})"
        for name, (value, offset) in self._moved.items():
            result[name] = f"{result[self._names[value]][:-1]} + {offset})"
        return result

    def layout(self) -> Layout:
        """Return the arrays of the table."""
        return Layout(
            constants=tuple(_in_order(value) for value in self._arrays.constants),
            inputs=tuple(value.name for value in self._arrays.inputs),
            outputs=tuple((name, value.type) for value, name in self._outputs.items()),
            between=tuple(value.type for value in self._arrays.between),
            workspace=self._workspace,
        )

    def _group(self, value: Value) -> list[Value]:
        if isinstance(value.op, Variable):
            return self._arrays.inputs
        if isinstance(value.op, Constant):
            return self._arrays.constants
        return self._arrays.between

    def _plan(self) -> tuple[dict[Value, int], int]:
        """Give each value that only kernels touch its place in working memory for as long as it is needed."""
        schedule = self._schedule
        number = {step: i for i, step in enumerate(schedule.steps)}
        births: dict[int, list[Value]] = {}
        deaths: dict[int, list[Value]] = {}
        for value in sorted(schedule.stored, key=lambda value: value.serial):
            touching = [schedule.home[value], *schedule.readers.get(value, ())]
            if value not in self._outputs and all(step.kind is not Kind.HOST for step in touching):
                births.setdefault(number[schedule.home[value]], []).append(value)
                deaths.setdefault(max(number[step] for step in touching), []).append(value)
        offsets: dict[Value, int] = {}
        free: dict[int, list[int]] = {}  # places by size: sizes are few, and what one nest leaves the next wants
        end = 0
        for step in range(len(schedule.steps)):
            for value in births.get(step, ()):
                size = _room(value)
                if free.get(size):
                    offsets[value] = free[size].pop()
                else:
                    offsets[value], end = end, end + size
            for value in deaths.get(step, ()):
                free.setdefault(_room(value), []).append(offsets[value])
        return offsets, end


def _in_order(value: Value) -> Array:
    """Return the elements of a constant in row-major order."""
    assert isinstance(value.op, Constant)
    return np.asarray(value.op.array, order="C")


def _room(value: Value) -> int:
    """Return the bytes that a value takes in working memory."""
    return -(-value.type.bytes // ALIGNMENT) * ALIGNMENT
