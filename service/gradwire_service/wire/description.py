"""What is known of a graph before any run, and methods side by side ↔ messages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from gradwire import v1 as pb
from gradwire_service.comparison import Check, Comparison
from gradwire_service.description import Derivative, DerivativeMode, ValueDescription
from gradwire_service.errors import InvalidRequestError
from gradwire_service.graph import Graph, TensorType
from gradwire_service.graph.drawing import Notes, dot, svg
from gradwire_service.graph.latex import latex
from gradwire_service.library import Choice
from gradwire_service.ops.base import Op
from gradwire_service.wire.evaluation import encode_choice, encode_execution, encode_gradient
from gradwire_service.wire.graphs import encode_graph
from gradwire_service.wire.status import encode_status
from gradwire_service.wire.tensors import decode_type, encode_type

_KINDS = {
    "variable": pb.VALUE_KIND_VARIABLE,
    "constant": pb.VALUE_KIND_CONSTANT,
    "block": pb.VALUE_KIND_BLOCK,
}
_MODES = {
    pb.DERIVATIVE_MODE_UNSPECIFIED: DerivativeMode.GRADIENT,
    pb.DERIVATIVE_MODE_GRADIENT: DerivativeMode.GRADIENT,
    pb.DERIVATIVE_MODE_VJP: DerivativeMode.VJP,
    pb.DERIVATIVE_MODE_JVP: DerivativeMode.JVP,
    pb.DERIVATIVE_MODE_HESSIAN_VECTOR_PRODUCT: DerivativeMode.HESSIAN_VECTOR_PRODUCT,
}
_LARGEST = 2**63 - 1


def decode_types(messages: Mapping[str, pb.TensorType]) -> dict[str, TensorType]:
    """Return the types of inputs, sorted by name.

    Raises: MalformedTensorError, LimitExceededError.
    """
    return {name: decode_type(messages[name], f"input_types[{name}]") for name in sorted(messages)}


def decode_mode(mode: pb.DerivativeMode.ValueType) -> DerivativeMode:
    """Return which derivative is asked for; a gradient unless it is stated.

    Raises: InvalidRequestError.
    """
    if mode not in _MODES:
        text = f"mode {mode} is no derivative that this server knows; ask for a gradient, vjp, jvp or hvp"
        raise InvalidRequestError(text, field="mode")
    return _MODES[mode]


def encode_description(rows: Iterable[ValueDescription], graph_id: str) -> pb.DescribeGraphResponse:
    """Return what is known of every value, and the cost of all where every size is known."""
    response = pb.DescribeGraphResponse(graph_id=graph_id)
    flops, moved, known = 0.0, 0, True
    for row in rows:
        value = response.values.add(name=row.name, kind=_KINDS[row.kind], op=row.op, inputs=row.inputs)
        if row.type is None:
            known = False
            continue
        value.type.CopyFrom(encode_type(row.type))
        if row.kind == "block":
            value.cost.CopyFrom(_cost(row.flops, row.bytes))
            flops, moved = flops + row.flops, moved + row.bytes
    if known:
        response.cost.CopyFrom(_cost(flops, moved))
    return response


def _cost(flops: float, moved: int) -> pb.Cost:
    return pb.Cost(flops=int(min(flops, _LARGEST)), bytes=min(moved, _LARGEST))


def render(
    graph: Graph, formats: Sequence[pb.GraphFormat.ValueType], annotations: Mapping[str, str] | None = None
) -> pb.GraphRendering:
    """Show a graph in the formats that are asked for.

    Args:
        graph: the graph.
        formats: the formats.
        annotations: lines to write beside values in drawings, by name of the value.

    Raises: InvalidRequestError for a format that is not known.
    """
    notes: Notes = {name: text.split("\n") for name, text in (annotations or {}).items()}
    rendering = pb.GraphRendering()
    for i, format in enumerate(formats):
        match format:
            case pb.GRAPH_FORMAT_TEXT:
                rendering.text = str(graph)
            case pb.GRAPH_FORMAT_LATEX:
                rendering.latex = latex(graph, lambda op: Op.registry[op].latex if op in Op.registry else "")
            case pb.GRAPH_FORMAT_DOT:
                rendering.dot = dot(graph, notes)
            case pb.GRAPH_FORMAT_SVG:
                rendering.svg = svg(graph, notes)
            case _:
                text = f"format {format} is not known; ask for text, LaTeX, DOT or SVG"
                raise InvalidRequestError(text, field=f"formats[{i}]")
    return rendering


def encode_derivative(
    derivative: Derivative, formats: Sequence[pb.GraphFormat.ValueType]
) -> pb.DifferentiateGraphResponse:
    """Return a derivative as a message, shown in these formats."""
    return pb.DifferentiateGraphResponse(
        graph=encode_graph(derivative.graph),
        graph_id=derivative.graph.id,
        rendering=render(derivative.graph, formats),
        derivatives=derivative.derivatives,
        seeds=derivative.seeds,
    )


def encode_check(check: Check) -> pb.GradientCheck:
    """Return the check of one gradient as a message."""
    return pb.GradientCheck(**check._asdict())


def encode_comparison(row: Comparison, choice: Choice) -> pb.CompareBackendsResponse:
    """Return one way to differentiate as a message.

    Args:
        row: what came of it.
        choice: the way.
    """
    return pb.CompareBackendsResponse(
        candidate=row.candidate,
        options=encode_choice(choice),
        result=encode_gradient(row.result) if row.result else None,
        greatest_relative_error=row.greatest_relative_error,
        relative_errors=row.relative_errors,
        execution=encode_execution(row.execution) if row.execution else None,
        first_seconds=row.first_seconds,
        error=encode_status(row.error) if row.error else None,
    )
