"""Graphs: what a user wrote, gathered, named, and made a message of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from itertools import count
from types import MappingProxyType
from typing import Any, NamedTuple, Self

from gradwire import text
from gradwire import v1 as pb
from gradwire.building import check_name
from gradwire.catalog import OPS
from gradwire.composites import Composite, CompositeBlock, as_value
from gradwire.control import ControlBlock
from gradwire.tensors import element_type_code, element_type_of, encode_tensor
from gradwire.values import Constant, Output, Value, Variable, ancestors


class Declaration(NamedTuple):
    """What a graph says of a variable.

    Attributes:
        shape: for each axis a number, or the name of a dimension.
        element_type: type of the elements.
    """

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

        Raises: ValueError when two values bear one name, or there is no output.
        """
        if isinstance(outputs, Value):
            outputs = {outputs.label or "result": outputs}
        if not outputs:
            raise ValueError(f"graph {name!r} has no output; name at least one value as an output")
        shown = {check_name(key, "an output"): as_value(x, name) for key, x in outputs.items()}
        level = _Level(variables, shown)
        self._names = level.names
        self._kinds = level.element_types
        self._message = _message(check_name(name, "a graph"), level)

    @classmethod
    def from_message(cls, message: pb.Graph) -> Self:
        """Return the graph of a message, such as a derivative that a server made; the message is not copied."""
        graph = cls.__new__(cls)
        graph._names = {}
        graph._kinds = {}
        graph._message = message
        return graph

    @property
    def message(self) -> pb.Graph:
        """The graph as a message of the contract; it must not be changed."""
        return self._message

    @property
    def name(self) -> str:
        """What the graph is called in messages and drawings."""
        return self._message.name

    @cached_property
    def element_types(self) -> dict[str, str]:
        """Element types of variables, values and outputs, as far as they are known here, by name."""
        known = {x.name: element_type_of(x) for x in self._message.variables} | self._kinds
        return known | {x.name: known[x.value] for x in self._message.outputs if x.value in known}

    @cached_property
    def variables(self) -> dict[str, Declaration]:
        """What is fed at each run, by name."""
        return {
            x.name: Declaration(
                tuple(d.name if d.HasField("name") else d.size for d in x.dimensions), element_type_of(x)
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
        found = value if isinstance(value, str) else self._names.get(value.serial) or value.label
        if not found:
            raise ValueError(f"graph {self.name!r} does not have {value!r}; its outputs are not made of that")
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


class _Level:
    """The values of a graph, or of a composite inside it, under names that are unique and good to read.

    Attributes:
        variables, constants, blocks: values by name, inputs before users.
        outputs: names of values, by the names of the outputs.
        names: name of each value, by its serial.
        element_types: by the names of values, where it is known.
    """

    def __init__(
        self,
        variables: Iterable[Variable],
        outputs: Mapping[str, Value],
        stand_ins: Mapping[int, Variable] = MappingProxyType({}),
    ) -> None:
        self.variables: dict[str, Variable] = {}
        self.constants: dict[str, Constant] = {}
        self.blocks: dict[str, Value] = {}
        self.names: dict[int, str] = {serial: variable.label for serial, variable in stand_ins.items()}
        self._labels: dict[str, Value] = {}
        self._counts: dict[str, int] = {}
        self._alike: dict[tuple[object, ...], str] = {}
        values = [*variables, *ancestors(outputs.values(), stand_ins)]
        for value in values:
            if value.label:
                self._check(value, self._labels.setdefault(value.label, value))
        for value in values:
            self._enter(value)
        self.outputs = {key: self.names[value.serial] for key, value in outputs.items()}
        self.element_types = {
            self.names[value.serial]: value.known_element_type for value in values if value.known_element_type
        }

    def _check(self, value: Value, owner: Value) -> None:
        """Refuse two values of one name, unless they are one variable that was written twice."""
        alike = (owner.known_shape, owner.known_element_type) == (value.known_shape, value.known_element_type)
        if owner is not value and not (isinstance(owner, Variable) and isinstance(value, Variable) and alike):
            raise ValueError(f"two values are called {value.label!r}: {owner!r} and {value!r}; rename one")

    def _enter(self, value: Value) -> None:
        match value:
            case Variable():
                name = value.label
                self.variables.setdefault(name, value)
            case Constant():
                name = self._constant(value)
                self.constants.setdefault(name, value)
            case Output():
                name = f"{self.names[value.inputs[0].serial]}:{value.index}"  # type: ignore[union-attr]  # a block
            case _:
                name = value.label or self._unique(value.op)
                self.blocks[name] = value
        self.names[value.serial] = name

    def _constant(self, value: Constant) -> str:
        """Return the name of a constant; those of the same bits share one, unless they were named."""
        key = (value.array.dtype, value.array.shape, value.array.tobytes())
        name = value.label or self._alike.get(key) or self._unique("constant")
        return self._alike.setdefault(key, name) if not value.label else name

    def _unique(self, word: str) -> str:
        """Return a new name: the word, or the word and a number."""
        while True:
            count = self._counts[word] = self._counts.get(word, 0) + 1
            name = word if count == 1 else f"{word}_{count}"
            if name not in self._labels:
                return name


def _message(name: str, level: _Level) -> pb.Graph:
    """Write a graph with all composites that it uses, each once and on one level, where all see each other."""
    found: dict[Composite, tuple[str, _Level]] = {}
    taken: set[str] = set()
    todo = [level]
    while todo:
        for composite in (x for value in todo.pop().blocks.values() for x in _composites(value)):
            if composite not in found:
                names = (composite.name if n == 1 else f"{composite.name}_{n}" for n in count(1))
                title = next(title for title in names if title not in taken and title not in OPS)  # it would hide an op
                taken.add(title)
                inner = _Level(composite.variables, composite.outputs, composite.stand_ins)
                found[composite] = title, inner
                todo.append(inner)
    titles = {composite: title for composite, (title, _) in found.items()}
    graph = _written(name, level, titles)
    graph.composites.extend(
        pb.Composite(name=title, graph=_written(title, inner, titles)) for title, inner in found.values()
    )
    return graph


def _composites(value: Value) -> Iterator[Composite]:
    """Yield the composites that a block uses, as its op or as bodies."""
    if isinstance(value, CompositeBlock):
        yield value.composite
    elif isinstance(value, ControlBlock):
        for bodies in value.bodies.values():
            yield from (bodies,) if isinstance(bodies, Composite) else bodies


def _written(name: str, level: _Level, titles: Mapping[Composite, str]) -> pb.Graph:
    names = level.names
    return pb.Graph(
        name=name,
        variables=[_variable(x) for x in level.variables.values()],
        constants=[pb.Constant(name=key, value=encode_tensor(x.array)) for key, x in level.constants.items()],
        blocks=[
            pb.Block(
                id=key,
                op=titles[x.composite] if isinstance(x, CompositeBlock) else x.op,
                inputs=[i if isinstance(i, str) else names[i.serial] for i in x.inputs],
                attributes=_attributes(x, titles) if x.attributes or isinstance(x, ControlBlock) else None,
            )
            for key, x in level.blocks.items()
        ],
        outputs=[pb.Output(name=key, value=value) for key, value in level.outputs.items()],
    )


def _variable(variable: Variable) -> pb.Variable:
    return pb.Variable(
        name=variable.label,
        element_type=element_type_code(str(variable.known_element_type)),
        dimensions=_dimensions(variable.shape),
        documentation=variable.documentation,
    )


def _dimensions(shape: Iterable[int | str]) -> list[pb.Dimension]:
    return [pb.Dimension(name=size) if isinstance(size, str) else pb.Dimension(size=size) for size in shape]


def _attributes(block: Value, titles: Mapping[Composite, str]) -> dict[str, pb.Attribute]:
    if isinstance(block, ControlBlock):
        found = {name: _attribute(_KINDS[type(value)], value) for name, value in block.attributes.items()}
        for name, bodies in block.bodies.items():
            if isinstance(bodies, Composite):
                found[name] = pb.Attribute(text=titles[bodies])
            else:
                found[name] = pb.Attribute(texts=pb.TextList(values=[titles[body] for body in bodies]))
        return found
    kinds = OPS[block.op].attributes
    return {name: _attribute(kinds[name][0], value) for name, value in block.attributes.items()}


_KINDS: Mapping[type, str] = {bool: "boolean", int: "integer", float: "number", str: "text"}


def _attribute(kind: str, value: Any) -> pb.Attribute:
    """Write an attribute as the kind that its op takes."""
    match kind:
        case "boolean":
            return pb.Attribute(boolean=value)
        case "integer":
            return pb.Attribute(integer=value)
        case "number":
            return pb.Attribute(real=value)
        case "text":
            return pb.Attribute(text=value)
        case "list of integers":
            return pb.Attribute(integers=pb.IntegerList(values=value))
        case "list of numbers":
            return pb.Attribute(reals=pb.RealList(values=value))
        case "element type":
            return pb.Attribute(element_type=element_type_code(value))
        case _:
            return pb.Attribute(dimensions=pb.DimensionList(dimensions=_dimensions(value)))
