"""The command that shows what a backend makes of a graph."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gradwire_service.cli import output
from gradwire_service.cli.app import Json, app
from gradwire_service.cli.inputs import At, Dim, Expression, GraphFile, Of, Variables, Wrt, given_graph, sizes

if TYPE_CHECKING:
    from gradwire_service.backend import Buffer, ExplainedStep, Explanation
    from gradwire_service.graph import Graph
    from gradwire_service.ops.flat import FlatGraph
    from gradwire_service.query import Query

NAMES = 8
"""Names in a cell at most; of more, the first are told and how many there are."""

ROWS = 60
"""Rows of a table at most, unless it is printed as JSON."""


@app.command()
def explain(
    file: GraphFile = None,
    expression: Expression = "",
    variable: Variables = [],  # noqa: B006  # typer's way; nothing changes it
    dim: Dim = [],  # noqa: B006
    at: At = None,
    of: Of = "",
    wrt: Wrt = [],  # noqa: B006
    backend: Annotated[str, typer.Option(help="The backend that is to explain itself.")] = "numba",
    source: Annotated[bool, typer.Option("--source", help="Print the source of each generated function too.")] = False,
    json: Json = False,
) -> None:
    """Show what a backend makes of a graph: steps, memory and, on demand, the generated source.

    With --of or --wrt it is value and gradient that are explained, else the values of the outputs. Sizes of named
    dimensions are needed: --dim, or --at. Nothing is run, and no compiler is waited for.
    """
    from gradwire_service.backend import ExplainingBackend
    from gradwire_service.backend import backend as named
    from gradwire_service.errors import UnsupportedByBackendError
    from gradwire_service.query import GradientQuery, ValueQuery

    graph = given_graph(file, expression, variable)
    explaining = named(backend)
    if not isinstance(explaining, ExplainingBackend):
        message = f"backend {backend!r} makes no stages that could be shown"
        raise UnsupportedByBackendError(f"{message}; leave --backend out", backend=backend)
    query = GradientQuery(of, tuple(wrt)) if of or wrt else ValueQuery()
    told = explaining.explain(_flat(graph, query, dim, at))
    if json:
        output.show_json(asdict(told) if source else asdict(told) | {"functions": len(told.functions)})
        return
    output.show(f"[{graph.name}]  {told.blocks} blocks; run by {told.route}; object code: {told.state}")
    if told.steps:
        output.show(_steps_table(told.steps), *_totals(told))
    if told.buffers:
        output.show(_buffers_table(told.buffers))
    if source:
        output.show("", "\n\n".join(told.functions))


def _flat(graph: Graph, query: Query, dim: Sequence[str], at: At) -> FlatGraph:
    """Return the very graph that a backend is given for a query."""
    from gradwire_service.backend import Executable
    from gradwire_service.description import input_types, require_sizes
    from gradwire_service.engine import Engine
    from gradwire_service.interpreter import interpret
    from gradwire_service.program import Program

    class Keeper:
        """A backend that keeps what it is to prepare."""

        name, summary = "keeper", ""

        def prepare(self, flat: FlatGraph) -> Executable:
            self.flat = flat
            return interpret(flat)

    engine, keeper = Engine(), Keeper()
    engine.register(graph)
    types, missing = input_types(graph, *sizes(graph, dim, at))
    require_sizes(graph, missing)
    Program(engine.typed(graph, types), [query], keeper)
    return keeper.flat


def _steps_table(steps: Sequence[ExplainedStep]) -> Any:
    columns = {"": "left", "what runs": "left", "over": "left", "blocks": "left", "reads": "left", "writes": "left"}
    rows = [
        (
            number,
            step.kind + (f": {step.reason}" if step.reason else ""),
            " × ".join(map(str, step.loops)),
            _some(step.blocks),
            _some(step.reads),
            _some(step.writes),
        )
        for number, step in _numbered(steps)
    ]
    more = [("…", f"{len(rows) - ROWS} more steps; --json tells all", "", "", "", "")] if len(rows) > ROWS else []
    return output.table(columns, rows[:ROWS] + more)


def _numbered(steps: Sequence[ExplainedStep], above: str = "", indent: str = "") -> Iterator[tuple[str, ExplainedStep]]:
    """Yield each step with its number, the steps of its bodies indented below it."""
    for number, step in enumerate(steps):
        own = f"{above}{number}"
        yield indent + own, step
        for letter, body in enumerate(step.bodies):
            yield from _numbered(body, f"{own}{chr(ord('a') + letter)}.", indent + "  ")


def _buffers_table(buffers: Sequence[Buffer]) -> Any:
    rows = [
        (
            _short(buffer.name),
            output.quantity(buffer.bytes),
            "workspace" if buffer.in_workspace else "array",
            f"{buffer.first} to {buffer.last}",
        )
        for buffer in buffers[:ROWS]
    ]
    more = [(f"… {len(buffers) - ROWS} more", "", "", "")] if len(buffers) > ROWS else []
    return output.table({"stored": "left", "bytes": "right", "in": "left", "lives in steps": "left"}, rows + more)


def _totals(told: Explanation) -> Iterator[str]:
    pieces = sum(buffer.bytes for buffer in told.buffers if buffer.in_workspace)
    left = sum(step.kind == "NumPy" for step in told.steps)
    yield f"steps: {len(told.steps)}, {left} of them left to NumPy; functions: {len(told.functions)}"
    yield f"workspace: {output.quantity(told.workspace)} bytes; {output.quantity(pieces)} bytes of values lie there"


def _some(names: Sequence[str]) -> str:
    more = f" … ({len(names)})" if len(names) > NAMES else ""
    return ", ".join(map(_short, names[:NAMES])) + more


def _short(name: str) -> str:
    """Leave out the number of the query, of which there is one."""
    return name.removeprefix("0 ")
