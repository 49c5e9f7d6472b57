"""Commands about a graph at a point: gradient, compare, check."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gradwire_service.cli import output
from gradwire_service.cli.app import ExitCode, Json, app
from gradwire_service.cli.inputs import At, Expression, GraphFile, Of, Variables, Wrt, given_graph, require_values
from gradwire_service.errors import UnsupportedByBackendError

if TYPE_CHECKING:
    from gradwire_service.comparison import Comparison
    from gradwire_service.library import Choice
    from gradwire_service.query import Execution

Backend = Annotated[
    str,
    typer.Option(
        "--backend", "-b", metavar="NAME", help="What runs it: [bold]gradwire backends[/] lists them; one that "
        "compiles is waited for. [bold]finite_difference:forward[/] also names the method."
    ),
]  # fmt: skip


@app.command()
def gradient(
    file: GraphFile = None,
    expression: Expression = "",
    variable: Variables = [],  # noqa: B006  # typer's way; nothing changes it
    at: At = None,
    of: Of = "",
    wrt: Wrt = [],  # noqa: B006  # typer's way; nothing changes it
    backend: Backend = "numpy",
    out: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="OUT.npz", help="Write the arrays to this file.")
    ] = None,
    json: Json = False,
) -> None:
    """Compute a scalar and its gradient at a point.

    OUT.npz holds [bold]value[/] and, for each value, [bold]gradient/NAME[/].
    """
    import numpy as np

    from gradwire_service.engine import Engine
    from gradwire_service.query import GradientQuery, GradientResult

    graph = given_graph(file, expression, variable)
    query = [GradientQuery(of, tuple(wrt))]
    (result,), execution = Engine().evaluate_queries(graph, require_values(at, graph), query, (), choice(backend))
    assert isinstance(result, GradientResult)
    if out:
        arrays: dict[str, Any] = {f"gradient/{name}": x for name, x in result.gradients.items()}
        with out.open("wb") as stream:  # savez would add an ending of its own
            np.savez(stream, value=result.value, **arrays)
    if json:
        told = {"backend": execution.backend, "tier": execution.tier.value, "seconds": execution.seconds}
        output.show_json({"value": result.value, "gradients": result.gradients, "execution": told})
        return
    columns = {"gradient for": "left", "type": "left", "elements": "left", "2-norm": "right", "largest": "right"}
    rows = [
        (
            name,
            output.shape(x),
            output.summary(x),
            f"{np.linalg.norm(x.ravel()):.6g}",
            f"{np.max(np.abs(x), initial=0):.6g}",
        )
        for name, x in result.gradients.items()
    ]
    output.show(f"value = {float(result.value)!r}", output.table(columns, rows))
    tell_execution(execution)


@app.command()
def compare(
    file: GraphFile = None,
    expression: Expression = "",
    variable: Variables = [],  # noqa: B006  # typer's way; nothing changes it
    at: At = None,
    of: Of = "",
    wrt: Wrt = [],  # noqa: B006
    backend: Annotated[
        list[str],
        typer.Option("--backend", "-b", metavar="NAME[:METHOD]", help="A way to differentiate, any number of times, "
                     "such as [bold]finite_difference:forward[/]. By default all that are available."),
    ] = [],  # noqa: B006
    reference: Annotated[str, typer.Option(metavar="NAME", help="What errors are measured against.")] = "numpy",
    repetitions: Annotated[int, typer.Option(min=0, help="Timed runs of each; 0: what fits in 0.2 s.")] = 0,
    json: Json = False,
) -> None:  # fmt: skip
    """Compute one gradient in several ways, and hold error, calls of the function and time side by side.

    The error is the greatest over the elements, relative to the largest element of the reference; the time that of
    the fastest run.
    """
    from gradwire_service.engine import Engine

    graph = given_graph(file, expression, variable)
    ways = backend or _every_way()
    candidates = [choice(way) for way in ways]
    values = require_values(at, graph)
    engine = Engine()
    found = engine.compare(
        graph, values, of=of, wrt=wrt, candidates=candidates, reference=choice(reference), repetitions=repetitions
    )
    rows = list(_told(ways, found))
    if json:
        output.show_json({"reference": reference, "rows": [_as_data(way, row) for way, row in rows]})
        return
    columns = {"backend": "left", "value": "right", "relative error": "right", "calls": "right", "time": "right"}
    output.show(output.table(columns | {"": "left"}, [_cells(way, row) for way, row in rows]))


def _every_way() -> list[str]:
    from gradwire_service.backend import discover

    methods = ("forward", "central", "richardson")
    available = [name for name, found in discover().items() if found.backend]
    ways = [[f"{name}:{m}" for m in methods] if name == "finite_difference" else [name] for name in available]
    return [way for group in ways for way in group]


def _told(ways: Sequence[str], rows: Iterator[Comparison]) -> Iterator[tuple[str, Comparison]]:
    for row in rows:
        output.notice(f"{ways[row.candidate]}: {'failed' if row.error else 'done'}", style="dim")
        yield ways[row.candidate], row


def _cells(way: str, row: Comparison) -> tuple[str, ...]:
    if row.result is None or row.execution is None:
        return way, "", "", "", "", row.error.message if row.error else ""
    return (
        way,
        f"{float(row.result.value):.12g}",
        f"{row.greatest_relative_error:.1e}",
        str(row.execution.function_evaluations),
        output.seconds(row.execution.seconds),
        row.execution.tier.value,
    )


def _as_data(way: str, row: Comparison) -> dict[str, Any]:
    if row.result is None or row.execution is None:
        return {
            "backend": way,
            "error": {"reason": row.error.reason, "message": row.error.message} if row.error else {},
        }
    return {
        "backend": way,
        "value": row.result.value,
        "greatest_relative_error": row.greatest_relative_error,
        "function_evaluations": row.execution.function_evaluations,
        "seconds": row.execution.seconds,
        "tier": row.execution.tier.value,
    }


@app.command()
def check(
    file: GraphFile = None,
    expression: Expression = "",
    variable: Variables = [],  # noqa: B006  # typer's way; nothing changes it
    at: At = None,
    of: Of = "",
    wrt: Wrt = [],  # noqa: B006
    backend: Backend = "numpy",
    tolerance: Annotated[
        float, typer.Option(min=0, help="Greatest relative error that passes; 0: 1e-6 for float64, 1e-2 for float32.")
    ] = 0.0,
    json: Json = False,
) -> None:
    """Hold a gradient against finite differences, element by element; exit with 1 when they differ.

    The error is |exact - numerical| / max(1, |exact|, |numerical|).
    """
    from gradwire_service.engine import Engine

    graph = given_graph(file, expression, variable)
    values = require_values(at, graph)
    rows = Engine().check(graph, values, of=of, wrt=wrt, relative_tolerance=tolerance, choice=choice(backend))
    passed = all(row.passed for row in rows)
    if json:
        output.show_json({"passed": passed, "checks": [row._asdict() for row in rows]})
    else:
        columns = {"": "left", "gradient for": "left", "relative error": "right", "worst element": "right"}
        cells = [
            (
                "passed" if row.passed else "FAILED",
                row.wrt,
                f"{row.greatest_relative_error:.1e}",
                str(row.worst_element),
                f"{row.exact:.12g}",
                f"{row.numerical:.12g}",
            )
            for row in rows
        ]
        output.show(output.table(columns | {"exact": "right", "numerical": "right"}, cells))
    if not passed:
        raise typer.Exit(ExitCode.CHECK_FAILED)


def choice(way: str) -> Choice:
    """Read a backend as the options have it, NAME or NAME:METHOD."""
    from gradwire_service.backend import Options
    from gradwire_service.library import Choice
    from gradwire_service.program import Settings

    name, colon, method = way.partition(":")
    if colon and name != "finite_difference":
        raise UnsupportedByBackendError(f"{way!r}: only finite_difference has methods; say {name!r}", backend=name)
    settings = Settings(options=Options(method=method)) if method else Settings()
    return Choice(name, settings, wait_for_compiled=True)


def tell_execution(execution: Execution) -> None:
    """Print what a run took, and what the caller should know, on stderr."""
    ran = f"{execution.backend}, {execution.tier.value}, {output.seconds(execution.seconds)}"
    output.notice(ran, style="dim")
    for warning in execution.warnings:
        output.notice(warning, style="yellow")
    if execution.non_finite:
        where = f", first in {execution.non_finite_block}" if execution.non_finite_block else ""
        output.notice(f"a result is NaN or infinite{where}", style="yellow")
    for block, issue in execution.issues.items():
        output.notice(f"{block}: {issue}", style="yellow")
