"""The command that trains: a client of a server, its own or a running one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gradwire_service.cli import output, recipes
from gradwire_service.cli.app import Json, app
from gradwire_service.cli.inputs import Dim, Expression, GraphFile, Of, Variables, given_graph, read_values, sizes
from gradwire_service.cli.outcomes import asking, tell, write
from gradwire_service.cli.pictures import Plot, draw, require_pictures
from gradwire_service.cli.recipes import Bounds, Settings

if TYPE_CHECKING:
    from gradwire import MinimizeResult, Optimizer, Service
    from gradwire_service.graph import Array, Graph

_EPOCHS = 100
_INTERRUPTED = 130  # as shells have it: 128 and the number of SIGINT
_KEPT = 2**16
"""Elements of parameters that come with every report, so that Control-C loses little; more would slow training down."""


class Order(Enum):
    """Which rows a batch has."""

    FULL = "full"
    SEQUENTIAL = "sequential"
    RANDOM = "random"
    RANDOM_WITH_REPLACEMENT = "random_with_replacement"


@app.command()
def train(
    file: GraphFile = None,
    expression: Expression = "",
    variable: Variables = [],  # noqa: B006  # typer's way; nothing changes it
    data: Annotated[
        Path | None,
        typer.Option("--data", "-d", metavar="VALUES", help="The data: an .npz file, or JSON, with an array for each "
                     "variable that is not trained.", exists=True, dir_okay=False),
    ] = None,
    at: Annotated[
        Path | None,
        typer.Option("--at", metavar="VALUES", help="Where to start: an .npz file, or JSON; also one that this command "
                     "wrote. By default matrices start at random (Glorot), all else at 0.", exists=True,
                     dir_okay=False),
    ] = None,
    dim: Dim = [],  # noqa: B006
    of: Of = "",
    wrt: Annotated[
        list[str],
        typer.Option("--wrt", metavar="NAME", help="Variable to train, any number of times; by default all floating "
                     "ones that are not in --data."),
    ] = [],  # noqa: B006
    optimizer: Annotated[
        str,
        typer.Option("--optimizer", "--method", "-m", metavar="NAME", help="An update rule, a method that owns its "
                     "loop, or a search: [bold]gradwire optimizers[/] lists them."),
    ] = "adam",
    learning_rate: Annotated[
        float | None, typer.Option("--learning-rate", min=0, help="Of an update rule; by default its own.")
    ] = None,
    settings: Settings = [],  # noqa: B006
    schedule: Annotated[
        str,
        typer.Option(metavar="SCHEDULE", help="How the learning rate changes, written as in Python: "
                     "[bold]'cosine(1000)'[/], [bold]'warmup(cosine(900), steps=100)'[/]."),
    ] = "",
    bounds: Bounds = [],  # noqa: B006
    batch_size: Annotated[int, typer.Option(min=0, help="Rows of a batch; 0: all.")] = 0,
    order: Annotated[Order | None, typer.Option(help="Order of the rows; by default random, if there are batches.")] = (
        None
    ),
    rows: Annotated[
        list[str],
        typer.Option("--rows", metavar="NAME", help="Data whose first axis is the rows, any number of times; by "
                     "default those whose first dimension is called batch."),
    ] = [],  # noqa: B006
    epochs: Annotated[int, typer.Option(min=0, help="Epochs at most. By default, if nothing else ends it, 100.")] = 0,
    steps: Annotated[int, typer.Option(min=0, help="Steps at most; 0: any number.")] = 0,
    seconds: Annotated[float, typer.Option(min=0, help="Time at most; 0: any.")] = 0.0,
    patience: Annotated[int, typer.Option(min=0, help="Stop after so many epochs without an improvement.")] = 0,
    validation_share: Annotated[
        float, typer.Option(min=0, max=1, help="Share of the rows, the last ones, to hold out.")
    ] = 0.0,
    metrics: Annotated[
        list[str],
        typer.Option("--metrics", metavar="NAME", help="A scalar to report as well, any number of times."),
    ] = [],  # noqa: B006
    best: Annotated[bool, typer.Option("--best", help="Return the best parameters reported, not the last.")] = False,
    seed: Annotated[int, typer.Option(min=0, help="Source of all that is random.")] = 0,
    backend: Annotated[
        str, typer.Option("--backend", "-b", metavar="NAME", help="What runs it; by default the server's own.")
    ] = "",
    server: Annotated[
        str,
        typer.Option("--server", "-s", metavar="ADDRESS", help="The server: host:port, or unix:PATH; by default one "
                     "that ends with the command."),
    ] = "",
    detach: Annotated[
        bool, typer.Option("--detach", help="Leave it to the server as a training job, and print its name.")
    ] = False,
    name: Annotated[str, typer.Option(help="What a person calls the job.")] = "",
    out: Annotated[
        Path | None, typer.Option("--output", "--out", "-o", metavar="OUT.npz", help="Write the arrays to this file.")
    ] = None,
    plot: Plot = None,
    plot_descent: Annotated[
        Path | None,
        typer.Option(metavar="PICTURE", help="Draw the way of the first two elements over the contours of the loss."),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Show no progress.")] = False,
    json: Json = False,
) -> None:  # fmt: skip
    """Train the parameters of a graph: minimize a scalar by an optimizer, on all rows or by batches.

    OUT.npz holds [bold]loss[/], [bold]parameters/NAME[/], and [bold]history/NAME[/], an element for each report.
    Control-C ends it early and keeps the parameters of the last report.
    """
    import gradwire as gw
    from gradwire_service.wire import encode_graph

    _check_detached(detach, server, [out, plot, plot_descent])
    require_pictures(plot, plot_descent)
    chosen = _optimizer(optimizer, learning_rate, settings, schedule, bounds)
    graph = given_graph(file, expression, variable)
    start, given = _values(graph, data, at, dim, wrt, seed)
    is_rule = optimizer in gw.optimizers.__all__
    endless = is_rule and not (epochs or steps or seconds or patience)
    small = sum(x.size for x in start.values()) <= _KEPT
    source = gw.Graph.from_message(encode_graph(graph))
    recipe: dict[str, Any] = {
        "optimizer": chosen,
        "loss": of,
        "batch_size": batch_size,
        "order": order.value if order else None,
        "rows": rows,
        "epochs": _EPOCHS if endless else epochs,
        "steps": steps,
        "seconds": seconds,
        "patience": patience,
        "validation_share": validation_share,
        "metrics": metrics,
        "return_best": best,
        "seed": seed,
        "report_parameters": plot_descent is not None or (small and (is_rule or plot is not None)),
    }
    if backend:
        recipe["backend"] = backend
    with asking(server) as service:
        if detach:
            job = service.jobs.create(source, start, given, display_name=name, **recipe)
            output.show_json({"name": job.name, "state": job.state}) if json else output.show(job.name)
            output.notice(f"it goes on by itself: gradwire jobs watch {job.name} --server {server}", style="dim")
            return
        try:
            result = service.minimize(source, start, given, quiet=quiet or json, **recipe)
        except KeyboardInterrupt:
            output.notice("interrupted, and no report with parameters had come: nothing is kept", style="bold red")
            raise typer.Exit(_INTERRUPTED) from None
        if out:
            write(out, result)
        draw(plot, result.history)
        if plot_descent:
            _draw_descent(plot_descent, service, source, result, start, given, of)
    tell(result, json)
    if result.stop_reason == "interrupted":
        raise typer.Exit(_INTERRUPTED)


def _check_detached(detach: bool, server: str, files: Sequence[Path | None]) -> None:
    """Check that a job has where to go on, and is not asked for what it will have at its end alone.

    Raises: typer.BadParameter.
    """
    if detach and not server:
        message = "name a running server by --server; one that ends with the command takes its jobs along"
        raise typer.BadParameter(message, param_hint="'--detach'")
    if detach and any(files):
        message = "files are written at the end; leave them out, and ask for them by gradwire jobs result"
        raise typer.BadParameter(message, param_hint="'--detach'")


def _optimizer(
    name: str, learning_rate: float | None, settings: Sequence[str], schedule: str, bounds: Sequence[str]
) -> Optimizer:
    """Make an optimizer of any kind by name; the server checks its hyperparameters.

    Raises: OptimizerUnknownError.
    """
    import gradwire as gw
    from gradwire_service.errors import OptimizerUnknownError

    known = [*gw.optimizers.__all__, *gw.methods.__all__, *gw.searches.__all__]
    if name not in known:
        message = f"there is no optimizer, method or search {name!r}; there are: {', '.join(known)}"
        raise OptimizerUnknownError(message, field="optimizer.name")
    found: dict[str, Any] = recipes.hyperparameters(settings)
    if learning_rate is not None:
        found["learning_rate"] = learning_rate
    limits = dict(map(recipes.bounds, bounds))
    return gw.Optimizer(name, found, bounds=limits, schedule=recipes.schedule(schedule) if schedule else None)


def _values(
    graph: Graph, data: Path | None, at: Path | None, dim: Sequence[str], wrt: Sequence[str], seed: int
) -> tuple[dict[str, Array], dict[str, Array]]:
    """Return where parameters start, and the data.

    Raises: typer.BadParameter for variables without values, and where there is nothing to train.
    """
    values = read_values(data, graph) if data else {}
    begun = _written(read_values(at, graph)) if at else {}
    floating = [v.name for v in graph.variables if v.element_type.is_floating]
    moved = list(wrt) or [name for name in floating if name not in values]
    known = {v.name: v for v in graph.variables}
    if not moved or not known.keys() >= set(moved):
        unknown = ", ".join(name for name in moved if name not in known)
        fault = f"there is no variable {unknown}" if unknown else "--data has all variables, and none is left to train"
        raise typer.BadParameter(f"{fault}; name some of: {', '.join(floating)}", param_hint="'--wrt'")
    lengths, _ = sizes(graph, dim, None)
    for x in (*values.items(), *begun.items()):
        for dimension, length in zip(known[x[0]].dimensions if x[0] in known else (), x[1].shape, strict=False):
            if isinstance(dimension, str):
                lengths.setdefault(dimension, length)
    start = {name: begun[name] if name in begun else values[name] for name in moved if name in begun or name in values}
    start |= _drawn([known[name] for name in moved if name not in start], lengths, seed)
    given = {name: x for name, x in {**begun, **values}.items() if name in known and name not in start}
    if missing := [name for name in known if name not in start and name not in given]:
        raise typer.BadParameter(
            f"there are no values for {', '.join(missing)}; put them into a file", param_hint="'--data'"
        )
    return start, given


def _written(values: Mapping[str, Array]) -> dict[str, Array]:
    """Return the parameters alone of a file that a command wrote."""
    prefix = "parameters/"
    found = {name.removeprefix(prefix): x for name, x in values.items() if name.startswith(prefix)}
    return found or dict(values)


def _drawn(variables: Sequence[Any], lengths: Mapping[str, int], seed: int) -> dict[str, Array]:
    """Return starts: 0, or for matrices normal draws with a variance of 2 over the sum of rows and columns.

    Raises: typer.BadParameter for a variable of unknown size.
    Source: Glorot & Bengio (2010), "Understanding the difficulty of training deep feedforward neural networks".
    """
    import numpy as np

    random = np.random.Generator(np.random.Philox(seed))
    found: dict[str, Array] = {}
    for v in variables:
        unknown = [x for x in v.dimensions if isinstance(x, str) and x not in lengths]
        if unknown:
            message = f"{v.name} has no values, and its size depends on {unknown[0]}"
            remedy = f"put {v.name} into the file of --data, or where it starts into that of --at, or say --dim"
            raise typer.BadParameter(f"{message}; {remedy} {unknown[0]}=SIZE", param_hint="'--data'")
        shape = tuple(lengths[x] if isinstance(x, str) else x for x in v.dimensions)
        found[v.name] = np.zeros(shape, v.element_type.dtype)
        if len(shape) > 1:
            found[v.name] += random.normal(0, np.sqrt(2 / sum(shape[-2:])), shape).astype(v.element_type.dtype)
    if found:
        at_random = [name for name, x in found.items() if x.ndim > 1]
        zero = [name for name in found if name not in at_random]
        said = [f"{', '.join(zero)} at 0"] * bool(zero) + [f"{', '.join(at_random)} at random"] * bool(at_random)
        output.notice(f"starts: {'; '.join(said)}", style="dim")
    return found


def _draw_descent(
    path: Path,
    service: Service,
    graph: Any,
    result: MinimizeResult,
    start: Mapping[str, Array],
    data: Mapping[str, Array],
    loss: str,
) -> None:
    """Draw the way over the contours; that there is none is told, and does not undo what was trained."""
    from gradwire import plotting

    try:
        surface = plotting.surface(service, graph, result, data, start=start, loss=loss)
        plotting.descent(surface, result, path)
    except ValueError as error:
        output.notice(f"{path} is not drawn: {error}", style="yellow")
