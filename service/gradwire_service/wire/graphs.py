"""Graphs ↔ messages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from gradwire import v1 as pb
from gradwire_service.errors import (
    DuplicateIdError,
    GradwireError,
    LimitExceededError,
    MalformedMessageError,
    raise_all,
)
from gradwire_service.graph import FLOAT64, Block, Constant, Graph, Variable
from gradwire_service.graph.graph import NO_ATTRIBUTES
from gradwire_service.limits import LIMITS
from gradwire_service.wire.attributes import (
    decode_attribute,
    decode_dimensions,
    encode_attribute,
    encode_dimensions,
)
from gradwire_service.wire.tensors import (
    ELEMENT_TYPE_NUMBERS,
    ELEMENT_TYPES,
    NO_BULK,
    Bulk,
    Stored,
    decode_tensor,
    encode_tensor,
    nothing_stored,
)


def decode_graph(message: pb.Graph) -> Graph:
    """Return a graph; whether it makes sense is for `graph.validate` to say.

    Raises: one error with all that can't be read.
    """
    graph, faults = read_graph(message)
    raise_all(faults)
    return graph


def read_graph(
    message: pb.Graph, stored: Stored = nothing_stored, bulk: Bulk = NO_BULK
) -> tuple[Graph, list[GradwireError]]:
    """Return a graph as far as it can be read, and every fault that reading found.

    Args:
        message: the graph.
        stored: looks up stored tensors, which constants may be.
        bulk: what was cut out of the request.
    """
    reader = _Reader(stored, bulk)
    return reader.graph(message, "graph", 0), reader.faults


class _Reader:
    def __init__(self, stored: Stored, bulk: Bulk) -> None:
        self.stored, self.bulk = stored, bulk
        self.faults: list[GradwireError] = []

    def graph(self, message: pb.Graph, place: str, depth: int) -> Graph:
        """Read a graph and those inside it, no deeper than the limit."""
        if depth > LIMITS.depth:
            text = f"composites lie more than {LIMITS.depth} deep inside each other; flatten them"
            self.faults.append(LimitExceededError(text, field="graph", limit=LIMITS.depth, value=depth))
            return Graph((), {})
        self._find_duplicates("outputs", [o.name for o in message.outputs], f"{place}.outputs")
        self._find_duplicates("composites", [c.name for c in message.composites], f"{place}.composites")
        variables = [self._variable(v, f"{place}.variables[{i}]") for i, v in enumerate(message.variables)]
        composites = {
            composite.name: self.graph(composite.graph, f"{place}.composites[{composite.name[:64]}].graph", depth + 1)
            for composite in message.composites
        }
        return Graph(
            tuple([self._block(block, place, i) for i, block in enumerate(message.blocks)]),
            {output.name: output.value for output in message.outputs},
            tuple(variables),
            tuple(self._constants(message.constants, place)),
            composites,
            name=message.name or "graph",
        )

    def _find_duplicates(self, kind: str, names: Sequence[str], place: str) -> None:
        seen: set[str] = set()
        for i, name in enumerate(names):
            if name in seen:
                text = f"two {kind} are called {name!r}; give one another name"
                self.faults.append(DuplicateIdError(text, block=name, field=f"{place}[{i}].name"))
            seen.add(name)

    def _block(self, message: pb.Block, place: str, index: int) -> Block:
        attributes = message.attributes
        if not attributes:
            return Block(message.id, message.op, tuple(message.inputs), NO_ATTRIBUTES)
        read = {}
        for name in sorted(attributes):
            try:
                read[name] = decode_attribute(attributes[name], f"{place}.blocks[{index}].attributes[{name}]")
            except MalformedMessageError as fault:
                fault.block = message.id
                self.faults.append(fault)
        return Block(message.id, message.op, tuple(message.inputs), read)

    def _variable(self, message: pb.Variable, place: str) -> Variable:
        dimensions: tuple[int | str, ...] = ()
        try:
            dimensions = decode_dimensions(message.dimensions, place)
        except MalformedMessageError as fault:
            self.faults.append(fault)
        element_type = ELEMENT_TYPES.get(message.element_type)
        if element_type is None and message.element_type:
            text = f"variable {message.name!r} has an element type that is not known"
            self.faults.append(MalformedMessageError(text, block=message.name, field=f"{place}.element_type"))
        return Variable(message.name, dimensions, element_type or FLOAT64, message.documentation)

    def _constants(self, messages: Iterable[pb.Constant], place: str) -> Iterable[Constant]:
        for i, message in enumerate(messages):
            try:
                value = decode_tensor(message.value, f"{place}.constants[{i}].value", self.stored, self.bulk)
            except GradwireError as fault:
                fault.block = message.name
                self.faults.append(fault)
                value = np.zeros(())  # so that those who use it have no fault of their own
            yield Constant(message.name, value.copy())  # the graph outlives the request's bytes


def encode_graph(graph: Graph) -> pb.Graph:
    """Return a graph as a message."""
    return pb.Graph(
        name=graph.name,
        variables=[
            pb.Variable(
                name=v.name,
                element_type=ELEMENT_TYPE_NUMBERS[v.element_type],
                dimensions=encode_dimensions(v.dimensions),
                documentation=v.documentation,
            )
            for v in graph.variables
        ],
        constants=[pb.Constant(name=c.name, value=encode_tensor(c.value)) for c in graph.constants],
        blocks=[
            pb.Block(
                id=block.id,
                op=block.op,
                inputs=block.inputs,
                attributes={name: encode_attribute(value) for name, value in block.attributes.items()},
            )
            for block in graph.blocks
        ],
        outputs=[pb.Output(name=name, value=value) for name, value in graph.outputs.items()],
        composites=[pb.Composite(name=name, graph=encode_graph(inner)) for name, inner in graph.composites.items()],
    )
