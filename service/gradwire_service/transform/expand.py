"""From a named graph to typed values: sizes bound, blocks ordered, composites expanded, shapes inferred."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import gradwire_service.blocks  # noqa: F401  # registers the composites of the library
from gradwire_service.errors import (
    ArityError,
    AttributeValueError,
    DimensionError,
    DuplicateIdError,
    ElementTypeError,
    GradwireError,
    InputMissingError,
    InputUnknownError,
    InvalidGraphError,
    LimitExceededError,
    OutputMissingError,
    ShapeError,
    UnknownValueError,
    raise_all,
)
from gradwire_service.graph import Attribute, Block, Graph, TensorType, Variable, topological_order
from gradwire_service.limits import LIMITS, Limits
from gradwire_service.ops.base import (
    Composite,
    Constant,
    Op,
    Operand,
    Value,
    constant,
    plain,
    promoted,
    variable,
    weak_type,
)
from gradwire_service.ops.body import Body, Control, Trace
from gradwire_service.ops.flat import FlatGraph, ancestors

Types = Mapping[str, TensorType]


@dataclass(frozen=True, eq=False)
class TypedGraph:
    """A graph at known sizes.

    Attributes:
        graph: the graph as written.
        values: every named value, those inside composites as ``block/value``.
        dimensions: size of every named dimension.
    """

    graph: Graph
    values: Mapping[str, Value]
    dimensions: Mapping[str, int]

    def __getitem__(self, name: str) -> Value:
        """Return the value of that name; an output may be named too.

        Raises: UnknownValueError.
        """
        found = self.values.get(name) or self.values.get(self.graph.outputs.get(name, ""))
        if found is None:
            raise UnknownValueError(f"graph {self.graph.name!r} has no value {name!r}", value=name)
        return found

    @property
    def variables(self) -> Sequence[Value]:
        """The values that are fed, in the order of the graph."""
        return [self.values[variable.name] for variable in self.graph.variables]

    def flat(self, outputs: Mapping[str, Value] | None = None) -> FlatGraph:
        """Return the flat graph of these outputs, or of those that the graph names."""
        if outputs is None:
            outputs = {name: self.values[value] for name, value in self.graph.outputs.items()}
        return FlatGraph.of(outputs, self.variables)


def expand(graph: Graph, types: Types, limits: Limits = LIMITS) -> TypedGraph:
    """Bind the sizes of a valid graph and make its values.

    Args:
        graph: a graph that `validate` accepts.
        types: for every variable, the type of what it is fed.
        limits: sizes that may not be passed.

    Raises: one error with all faults: InputMissingError, InputUnknownError, DimensionError, ShapeError, ….
    """
    expansion = _Expansion(limits)
    fed = {v.name: variable(v.name, types[v.name].shape, types[v.name].element_type) for v in _fed(graph, types)}
    dimensions = expansion.inline(graph, fed, "", {})
    raise_all(expansion.faults)
    for i, (name, value) in enumerate(graph.outputs.items()):
        if value not in expansion.values:
            message = f"output {name!r} is value {value!r}, which is not inside that composite block"
            raise OutputMissingError(message, field=f"graph.outputs[{i}].value", value=value)
    return TypedGraph(graph, expansion.values, dimensions)


def _fed(graph: Graph, types: Types) -> Sequence[Variable]:
    faults: list[GradwireError] = []
    names = {v.name for v in graph.variables}
    for v in graph.variables:
        if v.name not in types:
            message = f"variable {v.name!r} of graph {graph.name!r} was not fed"
            faults.append(InputMissingError(message, block=v.name, field=f"inputs[{v.name}]"))
    for name in types:
        if name not in names:
            message = f"{name!r} was fed, but graph {graph.name!r} has no such variable; it has: {', '.join(names)}"
            faults.append(InputUnknownError(message, block=name, field=f"inputs[{name}]"))
    raise_all(faults)
    return graph.variables


class _Expansion:
    """Values in the making; the composites of a valid graph are nested no deeper than `limits.depth`."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.values: dict[str, Value] = {}
        self.faults: list[GradwireError] = []
        self.orders: dict[int, list[Block]] = {}
        self.count = 0

    def inline(
        self, graph: Graph, fed: Mapping[str, Value], prefix: str, outer: Mapping[str, Graph]
    ) -> Mapping[str, int]:
        """Make the values of a graph whose variables are fed; names get the prefix."""
        values, scope = self.values, {**outer, **graph.composites} if graph.composites else outer
        faults = len(self.faults)
        dimensions = self.bind(graph.variables, fed, prefix)
        if len(self.faults) > faults:
            return dimensions  # sizes that do not fit would only bring faults after faults
        for name, value in fed.items():
            self.name(prefix + name, value)
        for fixed in graph.constants:
            self.name(prefix + fixed.name, Value(Constant(fixed.value), (), TensorType.of(fixed.value)))
        for block in self.order(graph):
            self.count += 1
            if self.count > self.limits.blocks:
                message = f"composites expanded, the graph has more than {self.limits.blocks:,} blocks; split it"
                raise LimitExceededError(message, field="graph", limit=self.limits.blocks)
            path = prefix + block.id
            if any(prefix + x not in values and x[0] not in "+-.0123456789" for x in block.inputs):
                continue  # a value that it needs has a fault of its own
            inputs = [values[prefix + x] if prefix + x in values else number(x) for x in block.inputs]
            try:
                composite = scope.get(block.op)
                if composite is None:
                    self.apply(path, block, inputs, dimensions, scope)
                else:
                    self.call(path, composite, inputs, scope)
            except InvalidGraphError as error:
                self.faults.extend(_placed(fault, path, block) for fault in error.faults)
        return dimensions

    def apply(
        self,
        path: str,
        block: Block,
        inputs: Sequence[Operand],
        dimensions: Mapping[str, int],
        scope: Mapping[str, Graph],
    ) -> None:
        """Apply an op of the catalog."""
        cls = Op.registry[block.op]
        named = {name for name, _ in cls.signature().composites(block.attributes)} if block.attributes else ()
        attributes = {n: _bound(value, dimensions) for n, value in block.attributes.items() if n not in named}
        op: Op | None = None
        found: Any
        if not attributes and not named:
            op = plain(cls)
            found = op(*promoted(op, inputs))
        elif issubclass(cls, Control):
            traces = {name: self.traces(path, block.attributes[name], scope) for name in named}
            found = cls.build(
                traces, tuple(x if isinstance(x, Value) else constant(x, weak_type(x)) for x in inputs), **attributes
            )
        else:
            op = cls(**attributes)
            found = op(*promoted(op, inputs))
        values = found if isinstance(found, tuple) else (found,)
        for value in values:
            if len(value.type.shape) > self.limits.rank or value.type.size > self.limits.elements:
                message = f"it would have shape {list(value.shape)}; at most {self.limits.rank} axes and "
                message += f"{self.limits.elements:,} elements are taken"
                raise LimitExceededError(message, value=value.type.size)
        if isinstance(op, Composite):
            self.name_inner(path, values, [x for x in inputs if isinstance(x, Value)])
        for i, value in enumerate(values):
            self.name(f"{path}:{i}" if i else path, value)

    def traces(self, path: str, named: Attribute, scope: Mapping[str, Graph]) -> Trace | tuple[Trace, ...]:
        """Return what makes bodies of the composites that an attribute names."""
        if isinstance(named, tuple):
            return tuple(partial(self.body, path, str(name), scope) for name in named)
        return partial(self.body, path, str(named), scope)

    def body(self, path: str, name: str, scope: Mapping[str, Graph], types: Sequence[TensorType]) -> Body:
        """Make a body of a composite, for inputs of these types."""
        graph = scope[name]
        if len(types) != len(graph.variables):
            takes = ", ".join(v.name for v in graph.variables)
            message = f"composite {name!r} takes {len(graph.variables)} inputs ({takes}), but is handed {len(types)}"
            raise ArityError(message)
        inner = _Expansion(self.limits)
        inner.orders, inner.count = self.orders, self.count
        pairs = zip(graph.variables, types, strict=True)
        fed = {v.name: variable(f"{path}/{v.name}", t.shape, t.element_type) for v, t in pairs}
        inner.inline(graph, fed, f"{path}/", scope)
        self.count = inner.count
        raise_all(inner.faults)
        for value in graph.outputs.values():
            if f"{path}/{value}" not in inner.values:
                raise OutputMissingError(f"composite {name!r} has no value {value!r}", value=value)
        return Body(tuple(fed.values()), tuple(inner.values[f"{path}/{value}"] for value in graph.outputs.values()))

    def call(self, path: str, composite: Graph, inputs: Sequence[Operand], scope: Mapping[str, Graph]) -> None:
        """Expand a composite of the graph."""
        fed = {
            v.name: x if isinstance(x, Value) else constant(x, v.element_type)
            for v, x in zip(composite.variables, inputs, strict=True)
        }
        faults = len(self.faults)
        self.inline(composite, fed, path + "/", scope)
        if len(self.faults) > faults:
            return
        for i, value in enumerate(composite.outputs.values()):
            if f"{path}/{value}" not in self.values:
                raise OutputMissingError(f"composite {composite.name!r} has no value {value!r}", value=value)
            self.name(f"{path}:{i}" if i else path, self.values[f"{path}/{value}"])

    def name(self, path: str, value: Value) -> None:
        """Enter a value under its name; the first name that it gets is the one that messages use."""
        if path in self.values:
            message = f"two values are called {path!r}; give one block another name"
            raise DuplicateIdError(message, block=path)
        self.values[path] = value
        if not value.name:
            value.name = path

    def name_inner(self, path: str, results: Sequence[Value], inputs: Sequence[Value]) -> None:
        """Name what a composite of the library is made of by its ops: ``loss/exp``, ``loss/exp_2``."""
        newest = max((x.serial for x in inputs), default=-1)
        todo, inner = [x for result in results for x in result.inputs if x.serial > newest], set[Value]()
        while todo:
            value = todo.pop()
            if value not in inner and value not in results and not isinstance(value.op, Constant) and not value.name:
                inner.add(value)
                todo.extend(x for x in value.inputs if x.serial > newest)
        counts: dict[str, int] = {}
        for value in (x for x in ancestors(inner) if x in inner) if inner else ():
            counts[value.op.name] = count = counts.get(value.op.name, 0) + 1
            self.name(f"{path}/{value.op.name}{f'_{count}' if count > 1 else ''}", value)

    def order(self, graph: Graph) -> list[Block]:
        """Return the blocks in topological order; a composite that is used often is ordered once."""
        if id(graph) not in self.orders:
            blocks = {block.id: block for block in graph.blocks}
            edges = {name: [x.partition(":")[0] for x in block.inputs] for name, block in blocks.items()}
            self.orders[id(graph)] = [blocks[name] for name in topological_order(edges)]
        return self.orders[id(graph)]

    def bind(self, variables: Iterable[Variable], fed: Mapping[str, Value], prefix: str) -> dict[str, int]:
        """Hold what is fed against what the variables declare; return the size of every named dimension."""
        sizes: dict[str, int] = {}
        owners: dict[str, str] = {}
        for v in variables:
            declared = f"{v.element_type}[{', '.join(map(str, v.dimensions))}]"
            actual = fed[v.name].type
            what = f"variable {prefix + v.name!r} is {declared}"
            where = {"block": prefix + v.name, "field": f"inputs[{prefix + v.name}]"}
            if actual.element_type is not v.element_type:
                message = f"{what}, but was fed {actual.element_type} elements; convert them"
                self.faults.append(ElementTypeError(message, **where))
            if len(actual.shape) != len(v.dimensions):
                message = f"{what}, but was fed {len(actual.shape)} axes, of shape {list(actual.shape)}"
                self.faults.append(ShapeError(message, **where))
                continue
            for dimension, size in zip(v.dimensions, actual.shape, strict=True):
                if isinstance(dimension, str):
                    if sizes.setdefault(dimension, size) != size:
                        message = f"dimension {dimension!r} is {sizes[dimension]} in {owners[dimension]!r}, but {size} "
                        self.faults.append(DimensionError(message + f"in {prefix + v.name!r}", **where))
                    owners.setdefault(dimension, prefix + v.name)
                elif dimension != size:
                    message = f"{what}, but was fed shape {list(actual.shape)}"
                    self.faults.append(ShapeError(message, **where))
                    break
        return sizes


def number(text: str) -> float | int:
    """Read a number that stands among the inputs of a block."""
    return int(text) if text.lstrip("+-").isdecimal() else float(text)


def _bound(value: Attribute, dimensions: Mapping[str, int]) -> Attribute:
    if not isinstance(value, tuple) or not any(isinstance(item, str) for item in value):
        return value
    unknown = [item for item in value if isinstance(item, str) and item not in dimensions]
    if unknown:
        raise AttributeValueError(f"dimension {unknown[0]!r} belongs to no variable of this graph")
    return tuple(dimensions[item] if isinstance(item, str) else item for item in value)


def _placed(error: GradwireError, path: str, block: Block) -> GradwireError:
    """Add to a fault in which block it lies, unless it says so itself."""
    if not error.block:
        error.field = error.field or f"graph.blocks[{path}]"
    return error.in_block(path, block.op)
