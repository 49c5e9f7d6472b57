"""Commands about a graph before any run: describe, draw, differentiate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gradwire_service.cli import output
from gradwire_service.cli.app import Json, app
from gradwire_service.cli.inputs import (
    At,
    Dim,
    Expression,
    GraphFile,
    Of,
    Variables,
    Wrt,
    given_graph,
    read_values,
    sizes,
)

if TYPE_CHECKING:
    from gradwire_service.description import ValueDescription
    from gradwire_service.engine import Engine
    from gradwire_service.graph import Array, Graph


class Format(Enum):
    """A way to show a graph; "message" is protobuf's JSON, as other clients take it."""

    TEXT = "text"
    LATEX = "latex"
    DOT = "dot"
    SVG = "svg"
    MESSAGE = "message"


class Mode(Enum):
    """A derivative, as `description.DerivativeMode` has it."""

    GRADIENT = "gradient"
    VJP = "vjp"
    JVP = "jvp"
    HVP = "hvp"


@app.command()
def describe(
    file: GraphFile = None,
    expression: Expression = "",
    variable: Variables = [],  # noqa: B006  # typer's way; nothing changes it
    dim: Dim = [],  # noqa: B006  # typer's way; nothing changes it
    at: At = None,
    format: Annotated[
        Format | None, typer.Option(help="Print the graph in this form instead; message: protobuf's JSON.")
    ] = None,
    json: Json = False,
) -> None:
    """Tell order, types and cost of a graph.

    Types and cost are told when every named dimension has a size: by --dim, or by the arrays of --at.
    """
    from gradwire_service.engine import Engine

    engine, graph = Engine(), given_graph(file, expression, variable)
    dimensions, types = sizes(graph, dim, at)
    rows = engine.describe(graph, dimensions, types)
    known = all(row.type for row in rows)
    cost = {"flops": sum(row.flops for row in rows), "bytes": sum(row.bytes for row in rows)} if known else None
    if json:
        data = {"id": graph.id, "name": graph.name, "values": [_as_data(row) for row in rows], "cost": cost}
        output.show_json(data | ({format.value: render(graph, format)} if format else {}))
    elif format:
        output.write(render(graph, format))
    else:
        output.show(_values_table(rows), f"[{graph.name}]  {graph.id}")
        if cost:
            output.show(
                f"one evaluation: {output.quantity(cost['flops'])} flops, {output.quantity(cost['bytes'])} bytes"
            )
        else:
            output.notice("types and cost are told when every named dimension has a size: --dim batch=100, or --at")


def _as_data(row: ValueDescription) -> dict[str, Any]:
    kind = row.type and {"element_type": str(row.type.element_type), "shape": row.type.shape}
    return {
        "name": row.name,
        "kind": row.kind,
        "op": row.op,
        "inputs": row.inputs,
        "type": kind,
        "flops": row.flops,
        "bytes": row.bytes,
    }


def _values_table(rows: Sequence[ValueDescription]) -> Any:
    columns = {"": "right", "value": "left", "made by": "left", "type": "left", "flops": "right", "bytes": "right"}
    cells = [
        (
            str(number),
            row.name,
            f"{row.op}({', '.join(row.inputs)})" if row.op else row.kind,
            str(row.type or ""),
            output.quantity(row.flops) if row.type and row.op else "",
            output.quantity(row.bytes) if row.type and row.op else "",
        )
        for number, row in enumerate(rows, start=1)
    ]
    return output.table(columns, cells)


@app.command()
def draw(
    file: GraphFile = None,
    expression: Expression = "",
    variable: Variables = [],  # noqa: B006  # typer's way; nothing changes it
    out: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="PICTURE", help="An .svg or .dot file; by default stdout.")
    ] = None,
    at: At = None,
    of: Of = "",
) -> None:
    """Draw a graph; with --at, the value of every block and the derivative of a scalar for it are written beside it."""
    from gradwire_service.engine import Engine

    engine, graph = Engine("numpy"), given_graph(file, expression, variable)
    engine.register(graph)
    notes = _notes(engine, graph, read_values(at, graph), of) if at else {}
    ending = out.suffix if out else ".svg"
    if ending not in _DRAWINGS:
        raise typer.BadParameter(f"{out} is neither .svg nor .dot", param_hint="'--output'")
    output.write(render(graph, _DRAWINGS[ending], notes), out)


_DRAWINGS = {".svg": Format.SVG, ".dot": Format.DOT, ".gv": Format.DOT}


def _notes(engine: Engine, graph: Graph, values: Mapping[str, Array], of: str) -> dict[str, list[str]]:
    """Return for every value of the graph what it is at a point, and the derivative of a scalar for it."""
    from gradwire_service.query import GradientQuery, GradientResult, Query, ValueQuery, ValueResult

    rows = [row for row in engine.describe(graph, types=_types(values)) if "/" not in row.name]
    floating = [row.name for row in rows if row.type and row.type.element_type.is_floating and row.kind != "constant"]
    names = tuple(row.name for row in rows if row.kind != "constant")
    queries: list[Query] = [ValueQuery(names), GradientQuery(of, tuple(floating))]
    found, gradient = engine.evaluate_queries(graph, values, queries).results
    assert isinstance(found, ValueResult)
    assert isinstance(gradient, GradientResult)
    notes = {name: [output.summary(array)] for name, array in found.values.items()}
    for name, array in gradient.gradients.items():
        notes[name].append(f"∂ {output.summary(array)}")
    return notes


def _types(values: Mapping[str, Array]) -> dict[str, Any]:
    from gradwire_service.graph import TensorType

    return {name: TensorType.of(array) for name, array in values.items()}


@app.command()
def differentiate(
    file: GraphFile = None,
    expression: Expression = "",
    variable: Variables = [],  # noqa: B006  # typer's way; nothing changes it
    of: Annotated[list[str], typer.Option("--of", metavar="NAME", help="What to differentiate; by default the output "
                                          "or, for vjp and jvp, all floating outputs.")] = [],  # noqa: B006
    wrt: Wrt = [],  # noqa: B006
    mode: Annotated[Mode, typer.Option(help="Which derivative.")] = Mode.GRADIENT,
    dim: Dim = [],  # noqa: B006
    at: At = None,
    format: Annotated[Format, typer.Option(help="How to write it.")] = Format.TEXT,
    json: Json = False,
) -> None:  # fmt: skip
    """Write the derivative of a graph as a graph: symbolic differentiation.

    It can be fed back to every command. Sizes of named dimensions are needed: --dim, or --at.
    """
    from gradwire_service.description import DerivativeMode
    from gradwire_service.engine import Engine

    graph = given_graph(file, expression, variable)
    dimensions, types = sizes(graph, dim, at)
    derivative = Engine().differentiate(graph, of, wrt, DerivativeMode(mode.value), dimensions, types)
    if json:
        data = {"id": derivative.graph.id, "derivatives": derivative.derivatives, "seeds": derivative.seeds}
        output.show_json(data | {form.value: render(derivative.graph, form) for form in (Format.TEXT, Format.LATEX)})
    else:
        output.write(render(derivative.graph, format))


def render(graph: Graph, format: Format, notes: Mapping[str, Sequence[str]] | None = None) -> str:
    """Write a graph in one of the forms."""
    from gradwire_service.graph.drawing import dot, svg
    from gradwire_service.graph.latex import latex
    from gradwire_service.ops.base import Op

    match format:
        case Format.TEXT:
            return str(graph)
        case Format.LATEX:
            return latex(graph, lambda op: Op.registry[op].latex if op in Op.registry else "") + "\n"
        case Format.DOT:
            return dot(graph, notes)
        case Format.SVG:
            return svg(graph, notes)
        case Format.MESSAGE:
            from google.protobuf.json_format import MessageToJson

            from gradwire_service.wire import encode_graph

            return MessageToJson(encode_graph(graph)) + "\n"
