"""Optimizer steps, and whole minimizations."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, Unpack

from gradwire import v1 as pb
from gradwire.core import Core, Method, Plan, Source
from gradwire.errors import InternalError
from gradwire.execution import Options, options_message
from gradwire.optimization import Optimizer
from gradwire.outcomes import MinimizeResult, OptimizerState, Progress, StepResult
from gradwire.plans.queries import Inputs
from gradwire.progress import Reporter
from gradwire.query import Name, Names, name, names
from gradwire.structures import leaves
from gradwire.wireformat import nested

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


def minimize(
    core: Core,
    graph: Source,
    parameters: Inputs,
    data: Inputs | None = None,
    *,
    optimizer: Optimizer,
    state: OptimizerState | None = None,
    loss: Name = "",
    residuals: Names = (),
    batch_size: int = 0,
    order: Order | None = None,
    rows: Sequence[str] = (),
    accumulation: int = 0,
    epochs: int = 0,
    steps: int = 0,
    function_evaluations: int = 0,
    seconds: float = 0.0,
    loss_below: float | None = None,
    gradient_norm: float = 0.0,
    patience: int = 0,
    least_improvement: float = 0.0,
    validation_data: Inputs | None = None,
    validation_share: float = 0.0,
    metrics: Names = (),
    return_best: bool = False,
    seed: int = 0,
    starts: int = 0,
    start_spread: float = 0.0,
    same_within: float = 0.0,
    report_every: int = 0,
    report_seconds: float = 0.0,
    report_parameters: bool = False,
    progress: Callable[[Progress], object] | None = None,
    quiet: bool = False,
    **options: Unpack[Options],
) -> Plan[MinimizeResult]:
    """Minimize a scalar from start to end on the server.

    The loss should be a mean over rows, so that a step does not depend on the batch size. Interrupting the call stops
    the work.

    Args:
        graph: a graph, its text form, or a function of arrays.
        parameters: where to start: the values of the variables that are trained, by name.
        data: the values of all other variables, by name.
        optimizer: the method, such as ``gw.optimizers.sgd(0.1, momentum=0.9)``.
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
        progress: is given each report. Default: a progress bar in a terminal, else lines on stderr.
        quiet: show nothing.
        options: see `Options`; the time is 600 seconds by default, which is what servers allow.

    Raises: GradwireError, by its reason.
    """
    held_out = dict(leaves(validation_data or {}))
    if callable(graph) and (batch_size or held_out) and not rows:
        rows = equally_long(dict(leaves(data or {})))
    bound, feeds = core.bind(graph, {**parameters, **(data or {})}, rows)
    trained, given = parted(feeds, parameters)
    request = pb.Minimization(
        loss=name(bound, loss),
        optimizer=optimizer.message(),
        state=None if state is None else state.message(),
        batching=pb.Batching(
            mode=pb.BatchingMode.Value(f"BATCHING_MODE_{(order or 'unspecified').upper()}"),
            batch_size=batch_size,
            row_variables=rows,
            accumulation=accumulation,
        ),
        stopping=pb.StoppingRule(
            epochs=epochs,
            steps=steps,
            function_evaluations=function_evaluations,
            seconds=seconds,
            loss=loss_below,
            gradient_norm=gradient_norm,
            patience=patience,
            least_improvement=least_improvement,
        ),
        reporting=pb.ReportingRule(
            every_steps=report_every, every_seconds=report_seconds, parameters=report_parameters
        ),
        options=options_message(options),
        seed=seed,
        return_best=return_best,
        validation_share=validation_share,
        metrics=names(bound, metrics),
        residuals=names(bound, residuals),
        multi_start=pb.MultiStart(starts=starts, spread=start_spread, tolerance=same_within) if starts else None,
    )
    parts = [
        request.SerializeToString(),
        *core.feed(3, bound, trained),
        *core.feed(4, bound, given),
        *core.feed(11, bound, held_out),
    ]
    history: list[Progress] = []
    ended: list[tuple[pb.MinimizationResult, Sequence[memoryview]]] = []
    with Reporter(progress, quiet=quiet, epochs=epochs, steps=steps) as reporter:

        def receive(response: pb.MinimizeResponse, bulk: Sequence[memoryview]) -> None:
            if response.HasField("result"):
                ended.append((response.result, bulk))
            else:
                history.append(Progress.of(response.progress, bulk))
                reporter.report(history[-1])

        timeout = options.get("timeout") or LONGEST
        yield from core.follow(MINIMIZE, bound, lambda source: nested(1, [source, *parts]), receive, timeout)
    if not ended:
        raise InternalError("the server ended the stream of reports without a result")
    result, bulk = ended[-1]
    return MinimizeResult.of(result, history, bulk)


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
