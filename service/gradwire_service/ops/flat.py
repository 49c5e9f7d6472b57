"""A flat graph: composites expanded, every value typed with known sizes, in topological order. Backends run these."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import attrgetter

from gradwire_service.ops.base import Value, Variable

_SERIAL = attrgetter("serial")


@dataclass(frozen=True, eq=False)
class FlatGraph:
    """Values in topological order.

    Attributes:
        variables: values that are fed, by name.
        blocks: all other values that the outputs need, constants among them; inputs before users.
        outputs: values to return, by name.
    """

    variables: Mapping[str, Value]
    blocks: Sequence[Value]
    outputs: Mapping[str, Value]

    @classmethod
    def of(cls, outputs: Mapping[str, Value], variables: Iterable[Value] = ()) -> FlatGraph:
        """Gather all that the outputs need.

        Args:
            outputs: values to return, by name.
            variables: variables to list even if no output needs them, and first, in this order.
        """
        found = {value.name: value for value in variables}
        blocks: list[Value] = []
        for value in ancestors(outputs.values()):
            if type(value.op) is Variable:
                found.setdefault(value.name, value)
            else:
                blocks.append(value)
        return cls(found, blocks, dict(outputs))

    @cached_property
    def flops(self) -> float:
        """Estimate of the floating-point operations of one run."""
        return sum([value.op.flops(value.type, *[x.type for x in value.inputs]) for value in self.blocks])

    @cached_property
    def bytes(self) -> int:
        """Memory of all values together, in bytes: an upper bound for what a run holds at a time."""
        return sum(value.type.bytes for value in self.blocks)


def ancestors(values: Iterable[Value], ends: Container[Value] = ()) -> list[Value]:
    """Return the values and all that they need, in topological order; linear in what it returns.

    Args:
        values: where to begin.
        ends: values to leave out, with what only they need.
    """
    seen: set[Value] = set()
    todo = list(values)
    while todo:
        value = todo.pop()
        if value not in seen and value not in ends:
            seen.add(value)
            todo.extend(value.inputs)
    return sorted(seen, key=_SERIAL)


def rebuilt(outputs: Iterable[Value], new: dict[Value, Value]) -> list[Value]:
    """Return the outputs, made of other values.

    Args:
        outputs: any values.
        new: what takes the place of a value; all that is made of it is made anew, and entered here.
    """
    outputs = list(outputs)
    for value in ancestors(outputs, new):
        inputs = tuple(new.get(x, x) for x in value.inputs)
        new[value] = value if inputs == value.inputs else Value(value.op, inputs, value.type, value.name)
    return [new[value] for value in outputs]
