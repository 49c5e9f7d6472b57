"""What is known of a graph before any run: order, types, cost; and its derivative as a graph."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from gradwire_service.errors import DimensionError, InputMissingError, InputUnknownError, NotScalarError
from gradwire_service.graph import Graph, TensorType, topological_order
from gradwire_service.ops.base import Result, Value, Variable, variable
from gradwire_service.plan import floating_outputs, floating_variables, only_output
from gradwire_service.transform import TypedGraph, gradient, hessian_vector_product, jvp, simplified, vjp
from gradwire_service.transform.jacobian import parted
from gradwire_service.transform.name import named


@dataclass(frozen=True)
class ValueDescription:
    """One value.

    Attributes:
        name: its name; inside a composite block ``block/value``.
        kind: "variable", "constant" or "block".
        op: op of the block that makes it.
        inputs: names of the values that the block takes, numbers as they were written.
        type: its type; None when a size is not known.
        flops: estimated floating-point operations; 0 for variables and constants, or when a size is not known.
        bytes: memory that the block reads and writes; likewise.
    """

    name: str
    kind: str
    op: str = ""
    inputs: tuple[str, ...] = ()
    type: TensorType | None = None
    flops: float = 0.0
    bytes: int = 0


class DerivativeMode(Enum):
    """A derivative that `differentiate` can write down."""

    GRADIENT = "gradient"
    VJP = "vjp"
    JVP = "jvp"
    HESSIAN_VECTOR_PRODUCT = "hvp"


@dataclass(frozen=True)
class Derivative:
    """A derivative as a graph.

    Attributes:
        graph: the derivative, simplified.
        derivatives: its outputs, by the name of the value that each is the derivative for.
        seeds: its variables for cotangents, tangents or vectors, by the name of the value.
    """

    graph: Graph
    derivatives: Mapping[str, str]
    seeds: Mapping[str, str]


def input_types(
    graph: Graph, dimensions: Mapping[str, int], types: Mapping[str, TensorType]
) -> tuple[dict[str, TensorType], list[str]]:
    """Bind the sizes of a graph by names of dimensions, types of inputs, or both.

    Returns: the types of all variables whose sizes are known, and the names of the dimensions that are not.
    Raises: InputUnknownError for a type of no variable.
    """
    declared = {v.name: v for v in graph.variables}
    sizes = dict(dimensions)
    for name, given in types.items():
        if name not in declared:
            message = f"a type was given for {name!r}, but graph {graph.name!r} has no such variable"
            raise InputUnknownError(message, block=name, field=f"input_types[{name}]")
        for dimension, size in zip(declared[name].dimensions, given.shape, strict=False):
            if isinstance(dimension, str) and sizes.setdefault(dimension, size) != size:
                message = f"dimension {dimension!r} is bound to {sizes[dimension]} and, by {name!r}, to {size}"
                raise DimensionError(message, block=name, field=f"input_types[{name}]")
    missing = [d for v in graph.variables for d in v.dimensions if isinstance(d, str) and d not in sizes]
    known = {
        v.name: types.get(v.name)
        or TensorType(tuple(sizes[d] if isinstance(d, str) else d for d in v.dimensions), v.element_type)
        for v in graph.variables
        if v.name in types or not set(v.dimensions) & set(missing)
    }
    return known, list(dict.fromkeys(missing))


def require_sizes(graph: Graph, missing: Sequence[str]) -> None:
    """Raise InputMissingError when a named dimension has no size."""
    if missing:
        names = ", ".join(map(repr, missing))
        message = f"the size of dimension {names} of graph {graph.name!r} is not known; bind it in `dimensions`"
        raise InputMissingError(message, field="dimensions")


def describe(graph: Graph, typed: TypedGraph | None) -> list[ValueDescription]:
    """Tell every value in topological order, composites expanded.

    Args:
        graph: a valid graph.
        typed: the same at known sizes; None when they are not known.
    """
    rows = []
    for row in _in_order(graph):
        value = typed.values.get(row.name) if typed else None
        if value is None:
            rows.append(row)
            continue
        own = row.kind == "block" and not isinstance(value.op, Variable)
        maker = value.inputs[0] if isinstance(value.op, Result) else value  # a block is called as its first result
        inputs = [x.type for x in maker.inputs]
        flops = maker.op.flops(maker.type, *inputs) if own else 0.0
        moved = value.type.bytes + sum(x.bytes for x in inputs) if own else 0
        rows.append(ValueDescription(row.name, row.kind, row.op, row.inputs, value.type, flops, moved))
    return rows


def _in_order(graph: Graph) -> Iterator[ValueDescription]:
    todo: list[tuple[Graph, str, Mapping[str, Graph]] | ValueDescription] = [(graph, "", {})]
    while todo:
        item = todo.pop()
        if isinstance(item, ValueDescription):
            yield item
            continue
        inner, prefix, outer = item
        scope = {**outer, **inner.composites}
        body: list[tuple[Graph, str, Mapping[str, Graph]] | ValueDescription] = []
        if not prefix:
            body += [ValueDescription(v.name, "variable") for v in inner.variables]
        body += [ValueDescription(prefix + c.name, "constant") for c in inner.constants]
        blocks = {block.id: block for block in inner.blocks}
        for name in topological_order({b.id: [x.partition(":")[0] for x in b.inputs] for b in inner.blocks}):
            block = blocks[name]
            if block.op in scope:
                body.append((scope[block.op], f"{prefix}{name}/", scope))
            inputs = tuple(prefix + x if x[0] not in "+-.0123456789" else x for x in block.inputs)
            body.append(ValueDescription(prefix + name, "block", block.op, inputs))
        todo.extend(reversed(body))


def differentiate(
    typed: TypedGraph, of: Sequence[str] = (), wrt: Sequence[str] = (), mode: DerivativeMode = DerivativeMode.GRADIENT
) -> Derivative:
    """Write a derivative down as a graph of the same ops.

    Args:
        typed: the graph at known sizes.
        of: names of outputs or values; one scalar for a gradient or a Hessian-vector product.
        wrt: names of values; empty: all floating variables.
        mode: which derivative.

    Raises: NotScalarError, NotDifferentiableError, UnknownValueError.
    """
    scalar = mode in (DerivativeMode.GRADIENT, DerivativeMode.HESSIAN_VECTOR_PRODUCT)
    names = tuple(of) or ((only_output(typed),) if scalar else floating_outputs(typed))
    if scalar and len(names) > 1:
        raise NotScalarError(f"a {mode.value} is of one scalar, not of {', '.join(names)}; ask for a vjp instead")
    along = tuple(wrt) or floating_variables(typed)
    values = [typed[typed.graph.outputs.get(name, name)] for name in names]
    points = [typed[name] for name in along]

    def seeds(kind: str, of_names: Sequence[str], of_values: Sequence[Value]) -> dict[Value, Value]:
        pairs = list(zip(of_names, of_values, strict=True))
        order = 1
        while any(f"{kind}/{name}" in typed.values for name in of_names):  # of a graph that is a derivative itself
            order += 1
            kind = f"{kind.partition('_')[0]}_{order}"
        return {v: variable(f"{kind}/{name}", v.shape, v.element_type) for name, v in pairs}

    match mode:
        case DerivativeMode.GRADIENT:
            seeded: dict[Value, Value] = {}
            found = gradient(values[0], points)
        case DerivativeMode.VJP:
            seeded = seeds("cotangent", names, values)
            found = vjp(seeded, points)
        case DerivativeMode.JVP:
            seeded = seeds("tangent", along, points)
            found = jvp(values, seeded)
        case DerivativeMode.HESSIAN_VECTOR_PRODUCT:
            apart, points = parted(values[0], points)
            seeded = seeds("vector", along, points)
            found = hessian_vector_product(apart, seeded)
    kind = {"jvp": "tangent", "hvp": "product"}.get(mode.value, "gradient")
    targets = names if mode is DerivativeMode.JVP else along
    outputs = dict(zip((f"{kind}/{name}" for name in targets), found, strict=True))
    own = {value: name for name, value in reversed([*typed.values.items()])}
    graph = named(simplified(outputs), name=f"{typed.graph.name}_{mode.value}", names=own)
    return Derivative(
        graph,
        {name: f"{kind}/{name}" for name in targets},
        {seed.name.partition("/")[2]: seed.name for seed in seeded.values()},
    )
