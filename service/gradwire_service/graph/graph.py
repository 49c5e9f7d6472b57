"""A graph as its author wrote it: names, attributes and composites, before any size is known."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType

import numpy as np

from gradwire_service.graph.types import FLOAT64, Array, Attribute, ElementType

NO_ATTRIBUTES: Mapping[str, Attribute] = MappingProxyType({})


@dataclass(frozen=True)
class Variable:
    """A value that is fed at each run.

    Attributes:
        name: the value's name.
        dimensions: one for each axis; a size, or a name that is bound to a size at each run.
        element_type: type of the elements.
        documentation: what it stands for, and its unit.
    """

    name: str
    dimensions: tuple[int | str, ...] = ()
    element_type: ElementType = FLOAT64
    documentation: str = ""


@dataclass(frozen=True, eq=False)
class Constant:
    """A value that is fixed in the graph; its array is made read-only.

    Attributes:
        name: the value's name.
        value: the elements.
    """

    name: str
    value: Array

    def __post_init__(self) -> None:
        self.value.flags.writeable = False

    def __eq__(self, other: object) -> bool:
        """Same name, type and bits."""
        return (
            isinstance(other, Constant)
            and (self.name, self.value.shape, self.value.dtype) == (other.name, other.value.shape, other.value.dtype)
            and self.value.tobytes() == other.value.tobytes()
        )

    def __hash__(self) -> int:
        return hash((self.name, self.value.shape, self.value.dtype.name))


@dataclass(frozen=True)
class Block:
    """One use of an op, or of a composite of the graph.

    Attributes:
        id: name of the value that it makes.
        op: name of an op, or of a composite.
        inputs: names of values, or numbers such as ``"0.5"``: scalars that take the element type of the other inputs.
        attributes: settings of the op, by name.
    """

    id: str
    op: str
    inputs: tuple[str, ...]
    attributes: Mapping[str, Attribute] = field(default_factory=lambda: NO_ATTRIBUTES)


@dataclass(frozen=True)
class Graph:
    """Blocks, in any order, that make outputs of variables and constants.

    Attributes:
        blocks: uses of ops; a block may stand before those that feed it.
        outputs: name of a value, by the name of the output.
        variables: values fed at each run, in the order in which a composite takes its inputs.
        constants: values fixed in the graph.
        composites: graphs that blocks use like ops, by name; they see each other and those around them.
        name: what the graph is called in messages and drawings.
    """

    blocks: tuple[Block, ...]
    outputs: Mapping[str, str]
    variables: tuple[Variable, ...] = ()
    constants: tuple[Constant, ...] = ()
    composites: Mapping[str, Graph] = field(default_factory=dict)
    name: str = "graph"

    @cached_property
    def id(self) -> str:
        """Identity: SHA-256 over the canonical bytes, as ``sha256:`` and 64 hexadecimal digits."""
        return f"sha256:{hashlib.sha256(self.canonical_bytes()).hexdigest()}"

    def canonical_bytes(self) -> bytes:
        """Return the text form in UTF-8, with constants told by their digests."""
        from gradwire_service.graph.text import write

        return write(self, digests=True).encode()

    def __str__(self) -> str:
        from gradwire_service.graph.text import write

        return write(self)


def constant(name: str, value: object, element_type: ElementType = FLOAT64) -> Constant:
    """Make a constant of anything that NumPy takes for an array; the elements are copied."""
    return Constant(name, np.array(value, element_type.dtype))
