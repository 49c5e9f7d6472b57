"""Graphs: the formulas of a user, gathered, named and written as a message."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, Self

from gradwire import text
from gradwire import v1 as pb
from gradwire.building import check_name
from gradwire.catalog import OPS
from gradwire.composites import Composite, CompositeBlock
from gradwire.signatures import Attribute
from gradwire.tensors import element_type_code, element_type_of, encode_tensor
from gradwire.values import Constant, Output, Value, Variable, ancestors, as_input


class Declaration(NamedTuple):
    """What a graph says of a variable.

    Attributes:
        name: what it is fed by.
        shape: for each axis a number, or the name of a dimension.
        element_type: type of the elements.
    """

    name: str
    shape: tuple[int | str, ...]
    element_type: str


class Graph:
    """Blocks that make outputs of variables and constants.

    >>> graph = gw.Graph({"loss": loss}, name="logistic")
    >>> print(graph)  # its canonical text form

    A graph never changes. It is sent to a server once, and known to it by its identity from then on.
    """

    def __init__(
        self, outputs: Mapping[str, Any] | Value, *, name: str = "graph", variables: Iterable[Variable] = ()
    ) -> None:
        """Gather all that the outputs are made of.

        Args:
            outputs: values by the names of the outputs; a value alone is called by its own name, or "result".
            name: what the graph is called in messages and drawings.
            variables: variables to have even if no output needs them, and first, in this order.

        Raises: ValueError when two values bear one name, or nothing is output.
        """
        if isinstance(outputs, Value):
            outputs = {outputs.label or "result": outputs}
        if not outputs:
            raise ValueError(f"graph {name!r} has no output; name at least one value as an output")
        shown = {key: _shown(value) for key, value in outputs.items()}
        self._writer = writer = _Writer(shown, list(variables))
        self._message = writer.message(name, composites=True)

    @classmethod
    def from_message(cls, message: pb.Graph) -> Self:
        """Return the graph of a message, such as a derivative that a server made; the message is not copied."""
        graph = cls.__new__(cls)
        graph._message = message
        graph._writer = None
        return graph

    @property
    def message(self) -> pb.Graph:
        """The graph as a message of the contract; it must not be changed."""
        return self._message

    @property
    def name(self) -> str:
        """What the graph is called in messages and drawings."""
        return self._message.name

    @property
    def variables(self) -> dict[str, Declaration]:
        """What is fed at each run, by name."""
        return {
            x.name: Declaration(
                x.name, tuple(d.name if d.HasField("name") else d.size for d in x.dimensions), element_type_of(x)
            )
            for x in self._message.variables
        }

    @property
    def outputs(self) -> dict[str, str]:
        """Name of the value that each output shows, by the name of the output."""
        return {output.name: output.value for output in self._message.outputs}

    def name_of(self, value: Value | str) -> str:
        """Return the name that a value has in this graph; a name stays as it is.

        Raises: ValueError when the graph does not have the value.
        """
        if isinstance(value, str):
            return value
        found = self._writer.names.get(value.serial) if self._writer else value.label
        if not found:
            raise ValueError(f"graph {self.name!r} has no value {value!r}; it is not among what its outputs are made of")
        return found

    def __str__(self) -> str:
        """Write the canonical text form; a server takes it in place of the graph."""
        return text.write(self._message)

    def __repr__(self) -> str:
        counts = f"{len(self._message.variables)} variables, {len(self._message.blocks)} blocks"
        return f"<graph {self.name}: {counts}, outputs {', '.join(self.outputs)}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return _from_bytes, (type(self), self._message.SerializeToString())


def _from_bytes(cls: type[Graph], data: bytes) -> Graph:
    return cls.from_message(pb.Graph.FromString(data))


def _shown(value: Any) -> Value:
    found = as_input(value)
    return found if isinstance(found, Value) else Constant(value)


class _Writer:
    """Names for values, and the message made with them.

    Attributes:
        names: name of every value, by its serial.
    """

    def __init__(self, outputs: Mapping[str, Value], variables: list[Variable]) -> None:
        self.outputs = outputs
        self.names: dict[int, str] = {}
        needed = [x for x in ancestors(outputs.values()) if not isinstance(x, Variable) or x not in _Same(variables)]
        self.values = [*variables, *needed]
        self.taken: dict[str, Value] = {}
        self.constants: dict[tuple[object, ...], str] = {}
        self.composites: dict[int, tuple[str, Composite]] = {}
        for value in self.values:
            if value.label:
                self.take(value.label, value)
        for value in self.values:
            self.names[value.serial] = self.name(value)
