"""Optimizer steps, and whole minimizations."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, Unpack, cast

from gradwire import v1 as pb
from gradwire.core import Core, Method, Plan, Source
from gradwire.errors import InternalError
from gradwire.execution import Options, options_message
from gradwire.graph import Graph
from gradwire.optimization import Optimizer
from gradwire.outcomes import MinimizeResult, OptimizerState, Progress, StepResult
from gradwire.plans.queries import Inputs
from gradwire.progress import Reporter
from gradwire.query import Name, Names, name, names
from gradwire.structures import leaves
from gradwire.wireformat import Part, nested

STEP = Method("OptimizationService", "Step", pb.StepResponse, tells_id=True)
MINIMIZE = Method("OptimizationService", "Minimize", pb.MinimizeResponse)

LONGEST = 600.0
"""Seconds that a minimization may take when it does not say otherwise: servers allow no more to one call."""

Order = Literal["full", "sequential", "random", "random_with_replacement"]


def step(
    core: Core,
    graph: Source,
    parameters: Inputs,
    data: Inputs | None = None,
    *,
    optimizer: Optimizer,
    state: OptimizerState | None = None,
    loss: Name = "",
    **options: Unpack[Options],
) -> Plan[StepResult]:
    """Make one update; the server keeps nothing: parameters and state go in, parameters and state come out.

    Args:
        graph: a graph, its text form, or a function of arrays.
        parameters: the values of the variables that are trained, by name.
        data: the values of all other variables, by name: one batch.
        optimizer: the method, such as ``gw.optimizers.adam(1e-3)``.
        state: what the step before returned. Default: a fresh start.
        loss: name of the scalar to minimize. Default: the only output.
        options: see `Options`.

    Returns: ``parameters, state``; also `loss`, `learning_rate`, `gradient_norm` and `skipped`.
    Raises: GradwireError, by its reason.
    """
    bound, feeds = core.bind(graph, {**parameters, **(data or {})})
    request = pb.StepRequest(
        loss=name(bound, loss),
        optimizer=optimizer.message(),
        state=None if state is None else state.message(),
        options=options_message(options),
    )
    trained, given = parted(feeds, parameters)
    parts = [request.SerializeToString(), *core.feed(3, bound, trained), *core.feed(4, bound, given)]
    response, bulk = yield from core.ask(STEP, bound, parts, options.get("timeout"))
    return StepResult.of(response, bulk)


class Settings(Options, total=False):
    """How to minimize: what `minimize` takes, and a training job alike.

    Keys:
        state: where an earlier minimization left off. Default: a fresh start.
        loss: name of the scalar to minimize. Default: the only output.
        residuals: names of values whose squares are summed, for methods of least squares, in place of `loss`.
            Default: all floating outputs.
        batch_size: rows of a batch; 0: all rows at every step.
        order: "full", "sequential", "random" or "random_with_replacement". Default: random, if there are batches.
        rows: names of the data whose first axis is the rows. Default: those whose first dimension is called "batch".
        accumulation: batches whose gradients are averaged for one update; 0: 1.
        epochs, steps, function_evaluations, seconds: limits, of which one at least is needed; 0: none.
        loss_below: stop at a loss at or below this.
        gradient_norm: stop at a gradient of all parameters with a 2-norm at or below this.
        patience: stop after so many epochs without an improvement; 0: never.
        least_improvement: least decrease of the loss that counts as an improvement.
        validation_data: data held out, by name; those left out are taken from `data`. Default: none.
        validation_share: share of the rows, the last ones, to hold out instead.
        metrics: names of scalars, means over rows, to evaluate for each report: of held-out data, or, without those,
            of all.
        return_best: return the parameters of the least loss found for a report (of held-out data, or, without those,
            of all) instead of the last.
        seed: source of all that is random; the same seed gives the same bits.
        starts: number of starts, `parameters` the first; more than one gives `minima`; 0: one.
        start_spread: standard deviation of the others around it in elements without two bounds; 0: 1. Between two
            bounds they are uniform.
        same_within: two runs ended at one minimum if they differ by no more than this share; 0: 0.001.
        report_every: steps between reports; 0: once an epoch.
        report_seconds: least time between reports.
        report_parameters: send the parameters with each report.
    """

    state: OptimizerState | None
    loss: Name
    residuals: Names
    batch_size: int
    order: Order | None
    rows: Sequence[str]
    accumulation: int
    epochs: int
    steps: int
    function_evaluations: int
    seconds: float
    loss_below: float | None
    gradient_norm: float
    patience: int
    least_improvement: float
    validation_data: Inputs | None
    validation_share: float
    metrics: Names
    return_best: bool
    seed: int
    starts: int
    start_spread: float
    same_within: float
    report_every: int
    report_seconds: float
    report_parameters: bool


def minimize(
    core: Core,
    graph: Source,
    parameters: Inputs,
    data: Inputs | None = None,
    *,
    optimizer: Optimizer,
    progress: Callable[[Progress], object] | None = None,
    quiet: bool = False,
    **settings: Unpack[Settings],
) -> Plan[MinimizeResult]:
    """Minimize a scalar from start to end on the server.

    The loss should be a mean over rows, so that a step does not depend on the batch size. Interrupting the call stops
    the work. Control-C then returns the parameters of the last report, if reports have them (``report_parameters``),
    with the stop reason "interrupted"; else it raises KeyboardInterrupt, as it always does in asyncio.

    Args:
        graph: a graph, its text form, or a function of arrays.
        parameters: where to start: the values of the variables that are trained, by name.
        data: the values of all other variables, by name.
        optimizer: the method, such as ``gw.optimizers.sgd(0.1, momentum=0.9)``.
        progress: is given each report. Default: a progress bar in a terminal, else lines on stderr.
        quiet: show nothing.
        settings: see `Settings`, and `Options`; the time is 600 seconds by default, which is what servers allow.

    Raises: GradwireError, by its reason.
    """
    bound, parts = minimization(core, graph, parameters, data, optimizer, settings)
    history: list[Progress] = []
    ended: list[tuple[pb.MinimizationResult, Sequence[memoryview]]] = []
    epochs, steps = settings.get("epochs", 0), settings.get("steps", 0)
    with Reporter(progress, quiet=quiet, epochs=epochs, steps=steps) as reporter:

        def receive(response: pb.MinimizeResponse, bulk: Sequence[memoryview]) -> None:
            if response.HasField("result"):
                ended.append((response.result, bulk))
            else:
                history.append(Progress.of(response.progress, bulk))
                reporter.report(history[-1])

        timeout = settings.get("timeout") or LONGEST
        try:
            yield from core.follow(MINIMIZE, bound, lambda source: nested(1, [source, *parts]), receive, timeout)
        except KeyboardInterrupt:
            if (reached := MinimizeResult.interrupted(history)) is None:
                raise
            return reached
    if not ended:
        raise InternalError("the server ended the stream of reports without a result")
    result, bulk = ended[-1]
    return MinimizeResult.of(result, history, bulk)


def minimization(
    core: Core, graph: Source, parameters: Inputs, data: Inputs | None, optimizer: Optimizer, settings: Settings
) -> tuple[Graph | str, list[Part]]:
    """Return the graph of a minimization, and all else of its message.

    Raises: TypeError for a setting that there is none of.
    """
    held_out = dict(leaves(settings.get("validation_data") or {}))
    rows = settings.get("rows", ())
    if callable(graph) and (settings.get("batch_size") or held_out) and not rows:
        rows = equally_long(dict(leaves(data or {})))
    bound, feeds = core.bind(graph, {**parameters, **(data or {})}, rows)
    trained, given = parted(feeds, parameters)
    parts = [
        _message(bound, optimizer, rows, settings).SerializeToString(),
        *core.feed(3, bound, trained),
        *core.feed(4, bound, given),
        *core.feed(11, bound, held_out),
    ]
    return bound, parts


def _message(bound: Graph | str, optimizer: Optimizer, rows: Sequence[str], settings: Settings) -> pb.Minimization:
    """Return the message without graph, parameters and data."""
    state, starts = settings.get("state"), settings.get("starts", 0)
    return pb.Minimization(
        loss=name(bound, settings.get("loss", "")),
        optimizer=optimizer.message(),
        state=None if state is None else state.message(),
        batching=pb.Batching(
            mode=pb.BatchingMode.Value(f"BATCHING_MODE_{(settings.get('order') or 'unspecified').upper()}"),
            batch_size=settings.get("batch_size", 0),
            row_variables=rows,
            accumulation=settings.get("accumulation", 0),
        ),
        stopping=stopping_rule(settings),
        reporting=reporting_rule(settings),
        options=options_message(run_options(settings)),
        seed=settings.get("seed", 0),
        return_best=settings.get("return_best", False),
        validation_share=settings.get("validation_share", 0.0),
        metrics=names(bound, settings.get("metrics", ())),
        residuals=names(bound, settings.get("residuals", ())),
        multi_start=pb.MultiStart(
            starts=starts, spread=settings.get("start_spread", 0.0), tolerance=settings.get("same_within", 0.0)
        )
        if starts
        else None,
    )


def stopping_rule(settings: Settings) -> pb.StoppingRule:
    """Return when to stop."""
    return pb.StoppingRule(
        epochs=settings.get("epochs", 0),
        steps=settings.get("steps", 0),
        function_evaluations=settings.get("function_evaluations", 0),
        seconds=settings.get("seconds", 0.0),
        loss=settings.get("loss_below"),
        gradient_norm=settings.get("gradient_norm", 0.0),
        patience=settings.get("patience", 0),
        least_improvement=settings.get("least_improvement", 0.0),
    )


def reporting_rule(settings: Settings) -> pb.ReportingRule:
    """Return when to report."""
    return pb.ReportingRule(
        every_steps=settings.get("report_every", 0),
        every_seconds=settings.get("report_seconds", 0.0),
        parameters=settings.get("report_parameters", False),
    )


def run_options(settings: Settings) -> Options:
    """Return how to run; what is no setting of a minimization is left for `options_message` to refuse."""
    own = Settings.__annotations__.keys() - Options.__annotations__.keys()
    return cast("Options", {name: value for name, value in settings.items() if name not in own})


def parted(feeds: Mapping[str, Any], parameters: Inputs) -> tuple[dict[str, Any], dict[str, Any]]:
    """Part what is fed into parameters and data."""
    names = {name for name, _ in leaves(parameters)}
    trained = {name: x for name, x in feeds.items() if name in names}
    return trained, {name: x for name, x in feeds.items() if name not in names}


def equally_long(data: Mapping[str, Any]) -> list[str]:
    """Return the names of the arrays that have as many rows as the one with the most axes."""
    shapes = {name: x.shape for name, x in data.items() if getattr(x, "shape", ())}
    length = max(shapes.values(), key=len)[0] if shapes else 0
    return [name for name, shape in shapes.items() if shape[0] == length]
