"""What validation needs to know of an op: its inputs and its attributes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

from gradwire_service.graph.types import Attribute, ElementType


class AttributeKind(Enum):
    """The types that an attribute can have, as messages and documentation name them."""

    BOOLEAN = "boolean"
    INTEGER = "integer"
    REAL = "number"
    TEXT = "text"
    INTEGERS = "list of integers"
    REALS = "list of numbers"
    DIMENSIONS = "list of sizes or names of dimensions"
    ELEMENT_TYPE = "element type"
    GRAPH = "name of a composite"
    GRAPHS = "list of names of composites"

    def accepts(self, value: Attribute) -> bool:
        """Tell whether the value is of this kind; an integer serves as a number."""
        return _ACCEPTS[self](value)


def _is_integer(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_real(value: object) -> bool:
    return isinstance(value, float) or _is_integer(value)


def _list_of(accepts: Callable[[object], bool]) -> Callable[[object], bool]:
    return lambda value: isinstance(value, tuple) and all(map(accepts, value))


_ACCEPTS: dict[AttributeKind, Callable[[object], bool]] = {
    AttributeKind.BOOLEAN: lambda value: isinstance(value, bool),
    AttributeKind.INTEGER: _is_integer,
    AttributeKind.REAL: _is_real,
    AttributeKind.TEXT: lambda value: isinstance(value, str),
    AttributeKind.INTEGERS: _list_of(_is_integer),
    AttributeKind.REALS: _list_of(_is_real),
    AttributeKind.DIMENSIONS: _list_of(lambda value: _is_integer(value) or isinstance(value, str)),
    AttributeKind.ELEMENT_TYPE: lambda value: isinstance(value, ElementType),
    AttributeKind.GRAPH: lambda value: isinstance(value, str),
    AttributeKind.GRAPHS: _list_of(lambda value: isinstance(value, str)),
}


@dataclass(frozen=True)
class AttributeSignature:
    """One attribute of an op.

    Attributes:
        kind: the type that it must have.
        required: whether a block must state it.
        default: what holds when it is left out; None stands for "not set".
    """

    kind: AttributeKind
    required: bool
    default: Attribute | None = None


@dataclass(frozen=True)
class Signature:
    """The inputs and attributes of an op.

    Attributes:
        inputs: names of the inputs, in order; of a variadic op the last one repeats.
        variadic: whether the last input may come once or any number of times.
        attributes: by name.
        outputs: number of values that a block makes; the second is called ``id:1``.
        outputs_like: what tells their number instead: an attribute that is it, or that names a composite with as many
            outputs; or "inputs", of which there are as many; "": nothing does.
    """

    inputs: tuple[str, ...]
    variadic: bool
    attributes: Mapping[str, AttributeSignature]
    outputs: int = 1
    outputs_like: str = ""

    def takes(self, count: int) -> bool:
        """Tell whether a block may have that many inputs."""
        return count >= len(self.inputs) if self.variadic else count == len(self.inputs)

    def composites(self, attributes: Mapping[str, Attribute]) -> Iterator[tuple[str, str]]:
        """Yield the composites that attributes of a block name, each with the name of its attribute."""
        for name, attribute in self.attributes.items():
            value = attributes.get(name)
            if attribute.kind is AttributeKind.GRAPH and isinstance(value, str):
                yield name, value
            elif attribute.kind is AttributeKind.GRAPHS and isinstance(value, tuple):
                yield from ((name, str(item)) for item in value)


Catalog = Callable[[str], Signature | None]
"""Looks an op up by name; None when there is no such op."""
