"""From values back to a named graph: what `DifferentiateGraph` returns, to read, to store, or to run elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from gradwire_service.graph import Block, Graph, Variable
from gradwire_service.graph import Constant as FixedConstant
from gradwire_service.ops.base import Constant, Elementwise, Op, Result, Value, attribute_fields, variable
from gradwire_service.ops.body import Body
from gradwire_service.ops.flat import FlatGraph


def named(
    outputs: Mapping[str, Value], variables: Iterable[Value] = (), name: str = "graph", names: Mapping[Value, str] = {}
) -> Graph:
    """Write values down as a graph: every value gets a name, its own where it has one.

    Args:
        outputs: values to return, by name.
        variables: variables to list even if no output needs them.
        name: name of the graph.
        names: names that are preferred to the values' own.

    Returns: a flat graph of known sizes, with its blocks in topological order.
    """
    flat = FlatGraph.of(outputs, variables)
    ids = _Names(flat, names)
    constants: list[FixedConstant] = []
    composites: dict[str, Graph] = {}
    blocks: list[Block] = []
    for value in flat.blocks:
        if isinstance(value.op, Result):
            continue
        if isinstance(value.op, Constant):
            if value in ids.needed:
                constants.append(FixedConstant(ids[value], value.op.array))
            continue
        inputs = tuple(ids.literal(value, x) or ids[x] for x in value.inputs)
        settings: dict[str, Any] = attributes(value.op)
        for attribute, body in settings.items():
            if isinstance(body, Body):
                settings[attribute] = _composite(body, f"{ids[value]}_{attribute}", composites)
            elif isinstance(body, tuple) and body and isinstance(body[0], Body):
                numbered = enumerate(body)
                names_of = (_composite(one, f"{ids[value]}_{attribute}_{i}", composites) for i, one in numbered)
                settings[attribute] = tuple(names_of)
        blocks.append(Block(ids[value], value.op.name, inputs, settings))
    return Graph(
        tuple(blocks),
        {output: ids[value] for output, value in outputs.items()},
        tuple(Variable(ids[v], v.shape, v.element_type) for v in flat.variables.values()),
        tuple(constants),
        composites,
        name=name,
    )


def _composite(body: Body, name: str, composites: dict[str, Graph]) -> str:
    """Write a body down as a composite; return its name. Bodies lie no deeper than composites may."""
    inner = [variable(f"x{i}", x.shape, x.element_type) for i, x in enumerate(body.variables)]
    composites[name] = named({f"y{i}": y for i, y in enumerate(body(*inner))}, inner, name)
    return name


def attributes(op: Op) -> dict[str, Any]:
    """Return the attributes of an op that are set to something else than their default; bodies as they are."""
    found = {f.name: (getattr(op, f.name), f.default) for f in attribute_fields(op)}
    return {name: value for name, (value, default) in found.items() if value is not None and value != default}


class _Names:
    """A name for every value: its own, or that of its op with a number."""

    def __init__(self, flat: FlatGraph, preferred: Mapping[Value, str]) -> None:
        self.needed = set(flat.outputs.values())
        for value in flat.blocks:
            self.needed.update(x for x in value.inputs if not self.literal(value, x))
        self.names: dict[Value, str] = {}
        taken: set[str] = set()
        everything = [*flat.variables.values(), *flat.blocks]
        for value in everything:
            own = preferred.get(value, value.name).replace(" ", "_")
            if own and own not in taken and not isinstance(value.op, Result):
                self.names[value] = own
                taken.add(own)
        results = [value for value in everything if isinstance(value.op, Result)]
        for value in results:  # a block is called as its first result
            own = preferred.get(value, value.name)
            if own and own not in taken and ":" not in own and value.inputs[0] not in self.names:
                self.names[value.inputs[0]] = own
                taken.add(own)
        counts: dict[str, int] = {}
        for value in everything:
            while value not in self.names and not isinstance(value.op, Result):
                counts[value.op.name] = count = counts.get(value.op.name, 0) + 1
                candidate = value.op.name if count == 1 else f"{value.op.name}_{count}"
                if candidate not in taken:
                    self.names[value] = candidate
                    taken.add(candidate)

    def __getitem__(self, value: Value) -> str:
        if isinstance(value.op, Result):
            index = value.op.index
            return f"{self.names[value.inputs[0]]}:{index}" if index else self.names[value.inputs[0]]
        return self.names[value]

    def literal(self, user: Value, x: Value) -> str:
        """Return a scalar constant as a number, where another input tells its element type; "" otherwise."""
        if not (isinstance(x.op, Constant) and x.shape == () and isinstance(user.op, Elementwise)):
            return ""
        own = user.op.unpromoted
        shared = [y for i, y in enumerate(user.inputs) if i not in own]
        typed = any(y.element_type is x.element_type for y in shared if not isinstance(y.op, Constant))
        number = x.op.array.item()
        if not typed or isinstance(number, bool) or any(user.inputs[i] is x for i in own):
            return ""
        return repr(number) if np.isfinite(number) else f"{number:+}"
