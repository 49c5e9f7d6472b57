"""The command that looks for a minimum: search."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gradwire_service.cli import output, recipes
from gradwire_service.cli.app import Json, app
from gradwire_service.cli.inputs import At, Expression, GraphFile, Of, Variables, given_graph, require_values
from gradwire_service.cli.pictures import Plot, draw, require_pictures
from gradwire_service.cli.points import Backend, choice
from gradwire_service.cli.recipes import Bounds, Settings

if TYPE_CHECKING:
    from gradwire_service.graph import Array
    from gradwire_service.methods import Method, Solution
    from gradwire_service.searches import Search
    from gradwire_service.training import Progress

_EVERY = 1.0
"""Seconds between two lines about progress."""


@app.command()
def search(
    file: GraphFile = None,
    expression: Expression = "",
    variable: Variables = [],  # noqa: B006  # typer's way; nothing changes it
    at: At = None,
    of: Of = "",
    wrt: Annotated[
        list[str],
        typer.Option("--wrt", metavar="NAME", help="Variable to move, any number of times; by default all floating "
                     "ones. The others stay as --at has them."),
    ] = [],  # noqa: B006
    method: Annotated[
        str,
        typer.Option("--method", "-m", metavar="NAME", help="A search, or a method that owns its loop: "
                     "[bold]gradwire optimizers[/] lists them."),
    ] = "genetic",
    settings: Settings = [],  # noqa: B006
    bounds: Bounds = [],  # noqa: B006
    generations: Annotated[int, typer.Option(min=0, help="Generations, or iterations, at most; 0: any number.")] = 0,
    evaluations: Annotated[int, typer.Option(min=0, help="Evaluations at most. By default, if nothing else ends a "
                                             "search, 2,000.")] = 0,
    seconds: Annotated[float, typer.Option(min=0, help="Time at most; 0: any.")] = 0.0,
    starts: Annotated[int, typer.Option(min=0, help="Start so many times, and tell the minima apart.")] = 0,
    seed: Annotated[int, typer.Option(min=0, help="Source of all that is random.")] = 0,
    backend: Backend = "numpy",
    out: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="OUT.npz", help="Write the arrays to this file.")
    ] = None,
    plot: Plot = None,
    json: Json = False,
) -> None:  # fmt: skip
    """Look for the least value of a scalar, from the point of --at on.

    OUT.npz holds [bold]loss[/] and [bold]parameters/NAME[/]; of a search also all candidates as
    [bold]candidates/NAME[/], their [bold]candidate_losses[/] and their [bold]generation[/]; of many starts
    [bold]minima/loss[/] and [bold]minima/NAME[/].

    The picture shows the candidates of all generations, or, of other methods, the loss of each iteration.
    """
    from dataclasses import replace

    from gradwire_service.engine import Engine
    from gradwire_service.methods import Budget, Conditions
    from gradwire_service.searches import MultiStart, Search, multi_start
    from gradwire_service.training import ReportingRule

    require_pictures(plot)
    graph = given_graph(file, expression, variable)
    values = require_values(at, graph)
    way = _method(method, settings)
    moved = wrt or [v.name for v in graph.variables if v.element_type.is_floating]
    start, data = _parted(values, moved)
    limits = dict(map(recipes.bounds, bounds))
    budget = Budget(generations, evaluations, seconds)
    if isinstance(way, Search) and not way.ends and budget.is_endless:
        budget = replace(budget, function_evaluations=2000)
    conditions = Conditions(budget, ReportingRule(parameters=True))
    engine, names = Engine(), (of,) if of else ()
    unit = "run" if starts else "generation" if isinstance(way, Search) else "iteration"

    def run(parameters: Mapping[str, Array]) -> Iterator[Progress | Solution]:
        return engine.solve(
            graph, parameters, data, way, of=names, bounds=limits, conditions=conditions, seed=seed,
            choice=choice(backend),
        )  # fmt: skip

    if starts:
        events = multi_start(run, start, MultiStart(starts), bounds=limits, conditions=conditions, seed=seed)
        reports, solution = _followed(events, unit)
    else:
        reports, solution = _followed(run(start), unit)
    if out:
        import numpy as np

        with out.open("wb") as stream:  # savez would add an ending of its own
            np.savez(stream, **_arrays(reports, solution))
    draw(plot, reports, unit)
    _tell(reports, solution, json)


def _method(name: str, settings: Sequence[str]) -> Method | Search:
    """Make a method or a search by name; numbers are whole ones where those are meant.

    Raises: OptimizerUnknownError; HyperparameterError; typer.BadParameter for a setting that is none.
    """
    from gradwire_service.errors import OptimizerUnknownError
    from gradwire_service.methods import Method
    from gradwire_service.searches import Search

    family: type[Method] | type[Search] = Method if name in Method.registry else Search
    if name not in family.registry:
        known = ", ".join(sorted([*Method.registry, *Search.registry]))
        raise OptimizerUnknownError(
            f"there is no method or search {name!r}; there are: {known}", field="optimizer.name"
        )
    return family.named(name, recipes.hyperparameters(settings))


def _parted(values: Mapping[str, Array], moved: Sequence[str]) -> tuple[dict[str, Array], dict[str, Array]]:
    """Part the values of the point into those that move and those that stay.

    Raises: typer.BadParameter for a name that has no value.
    """
    for name in moved:
        if name not in values:
            message = f"{name!r} is to move, but --at has no value for it to start from"
            raise typer.BadParameter(message, param_hint="'--wrt'")
    start = {name: values[name] for name in moved}
    return start, {name: x for name, x in values.items() if name not in start}


def _followed(events: Iterator[Progress | Solution], unit: str) -> tuple[list[Progress], Solution]:
    """Take all events; print a line about progress from time to time, on stderr."""
    from gradwire_service.training import Progress

    reports: list[Progress] = []
    shown = time.monotonic()
    for event in events:
        if not isinstance(event, Progress):
            return reports, event
        reports.append(event)
        if time.monotonic() - shown >= _EVERY:
            shown = time.monotonic()
            line = f"{unit} {event.step}  {event.function_evaluations} evaluations  lowest {event.loss:.6g}"
            output.notice(line, style="dim")
    raise AssertionError("the last event is the solution")  # pragma: no cover


def _arrays(reports: Sequence[Progress], solution: Solution) -> dict[str, Any]:
    """Return what a file of results holds."""
    import numpy as np

    from gradwire_service.methods import Generation

    arrays: dict[str, Any] = {"loss": solution.loss}
    arrays |= {f"parameters/{name}": x for name, x in solution.parameters.items()}
    searched = [report for report in reports if isinstance(report, Generation) and report.candidates is not None]
    if searched:
        losses = [report.candidate_losses for report in searched]
        arrays["candidate_losses"] = np.concatenate(losses)
        arrays["generation"] = np.repeat([report.step for report in searched], [len(x) for x in losses])
        for name in solution.parameters:
            arrays[f"candidates/{name}"] = np.concatenate([report.candidates[name] for report in searched])
    if solution.minima:
        arrays["minima/loss"] = np.array([minimum.loss for minimum in solution.minima])
        for name in solution.parameters:
            arrays[f"minima/{name}"] = np.stack([minimum.parameters[name] for minimum in solution.minima])
    return arrays


def _tell(reports: Sequence[Progress], solution: Solution, json: bool) -> None:
    """Print how it ended."""
    progress = solution.progress
    if json:
        output.show_json(
            {
                "loss": solution.loss,
                "parameters": solution.parameters,
                "stop_reason": solution.stop_reason.value,
                "message": solution.message,
                "steps": progress.step,
                "function_evaluations": progress.function_evaluations,
                "seconds": progress.seconds,
                "history": [[report.function_evaluations, report.loss] for report in reports],
                "minima": [{"loss": x.loss, "parameters": x.parameters, "starts": x.starts} for x in solution.minima],
            }
        )
        return
    columns = {"parameter": "left", "type": "left", "elements": "left"}
    rows = [(name, output.shape(x), output.summary(x)) for name, x in solution.parameters.items()]
    output.show(f"loss = {solution.loss!r}", output.table(columns, rows))
    if solution.minima:
        places = [
            (
                f"{minimum.loss:.9g}",
                str(len(minimum.starts)),
                "  ".join(f"{name} = {output.summary(x)}" for name, x in minimum.parameters.items()),
            )
            for minimum in solution.minima
        ]
        output.show(output.table({"minimum": "right", "starts": "right", "where": "left"}, places))
    ran = f"{progress.function_evaluations} evaluations, {output.seconds(progress.seconds)}: {solution.message}"
    output.notice(ran, style="dim")
