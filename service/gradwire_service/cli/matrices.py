"""Commands about matrices of derivatives at a point: jacobian, hessian."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gradwire_service.cli import output
from gradwire_service.cli.app import Json, app
from gradwire_service.cli.inputs import At, Expression, GraphFile, Of, Variables, Wrt, given_graph, require_values
from gradwire_service.cli.points import Backend, choice, tell_execution

if TYPE_CHECKING:
    from gradwire_service.query import Execution, HessianResult, JacobianResult

Ofs = Annotated[
    list[str],
    typer.Option("--of", metavar="NAME", help="Value to differentiate, any number of times; by default all outputs."),
]
Sparse = Annotated[
    bool, typer.Option("--sparse", help="Only entries that may differ from zero, with their rows and columns.")
]
Output = Annotated[
    Path | None, typer.Option("--output", "-o", metavar="OUT.npz", help="Write the arrays to this file.")
]


@app.command()
def jacobian(
    file: GraphFile = None,
    expression: Expression = "",
    variable: Variables = [],  # noqa: B006  # typer's way; nothing changes it
    at: At = None,
    of: Annotated[
        list[str],
        typer.Option(
            "--of", metavar="NAME", help="Value to differentiate, any number of times; by default all outputs."
        ),
    ] = [],  # noqa: B006
    wrt: Wrt = [],  # noqa: B006
    sparse: Sparse = False,
    backend: Backend = "numpy",
    out: Output = None,
    json: Json = False,
) -> None:
    """Compute the derivatives of values with respect to values at a point.

    OUT.npz holds [bold]value/OF[/] and [bold]jacobian/OF/WRT[/]; of a sparse matrix, below that, [bold]shape[/],
    [bold]rows[/], [bold]columns[/] and [bold]values[/].
    """
    from gradwire_service.engine import Engine
    from gradwire_service.query import JacobianQuery, JacobianResult

    graph = given_graph(file, expression, variable)
    query = [JacobianQuery(tuple(of), tuple(wrt), not sparse)]
    (result,), execution = Engine().evaluate_queries(graph, require_values(at, graph), query, (), choice(backend))
    assert isinstance(result, JacobianResult)
    _answer("jacobian", result, execution, out, json)


@app.command()
def hessian(
    file: GraphFile = None,
    expression: Expression = "",
    variable: Variables = [],  # noqa: B006  # typer's way; nothing changes it
    at: At = None,
    of: Of = "",
    wrt: Wrt = [],  # noqa: B006
    sparse: Sparse = False,
    backend: Backend = "numpy",
    out: Output = None,
    json: Json = False,
) -> None:
    """Compute a scalar, its gradient and its second derivatives at a point.

    OUT.npz holds [bold]value[/], [bold]gradient/WRT[/] and [bold]hessian/WRT/WRT[/]; of a sparse matrix, below that,
    [bold]shape[/], [bold]rows[/], [bold]columns[/] and [bold]values[/].
    """
    from gradwire_service.engine import Engine
    from gradwire_service.query import HessianQuery, HessianResult

    graph = given_graph(file, expression, variable)
    query = [HessianQuery(of, tuple(wrt), not sparse)]
    (result,), execution = Engine().evaluate_queries(graph, require_values(at, graph), query, (), choice(backend))
    assert isinstance(result, HessianResult)
    _answer("hessian", result, execution, out, json)


def _answer(
    kind: str, result: JacobianResult | HessianResult, execution: Execution, out: Path | None, json: bool
) -> None:
    """Print matrices, and write them where that is asked for."""
    import numpy as np

    beside = result._asdict()
    rows: list[tuple[str, ...]] = []
    written: list[dict[str, Any]] = []
    files: dict[str, Any] = {}
    matrices = beside.pop("matrices")
    for name, x in beside.items():
        name = name.removesuffix("s")
        files |= {f"{name}/{key}": array for key, array in x.items()} if isinstance(x, dict) else {name: x}
    for (row, column), matrix in matrices.items():
        place = f"{kind}/{row}/{column}"
        if isinstance(matrix, np.ndarray):
            entries, shape, parts = matrix, output.shape(matrix), {"entries": matrix}
            files[place] = matrix
        else:
            entries, parts = matrix.values, matrix._asdict()
            shape = f"{entries.dtype}[{', '.join(map(str, matrix.shape))}]"
            files |= {f"{place}/{part}": x for part, x in parts.items()}
        written.append({"row": row, "column": column, **parts})
        largest = f"{np.max(np.abs(entries), initial=0):.6g}"
        rows.append((row, column, shape, f"{np.count_nonzero(entries):,}", largest))
    if out:
        with out.open("wb") as stream:  # savez would add an ending of its own
            np.savez(stream, **files)
    if json:
        told = {"backend": execution.backend, "tier": execution.tier.value, "seconds": execution.seconds}
        output.show_json({**beside, "matrices": written, "execution": told})
        return
    columns = {"of": "left", "with respect to": "left", "type": "left", "not zero": "right", "largest": "right"}
    output.show(output.table(columns, rows))
    output.notice(f"{result.sweeps} sweep{'' if result.sweeps == 1 else 's'}", style="dim")
    tell_execution(execution)
