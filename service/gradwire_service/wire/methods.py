"""Methods that own their loop, searches, and many starts ↔ messages."""

from __future__ import annotations

from typing import Any

from google.protobuf.message import Message

from gradwire import v1 as pb
from gradwire_service.backend import Interrupt
from gradwire_service.errors import HyperparameterError, InvalidRequestError
from gradwire_service.graph import Array
from gradwire_service.methods import BoundsOf, Budget, Conditions, Generation, Method, Packing, Solution
from gradwire_service.searches import Candidates, MultiStart, Search
from gradwire_service.training import Progress, ReportingRule
from gradwire_service.wire.attributes import decode_attribute
from gradwire_service.wire.evaluation import TIERS, DecodeTensors
from gradwire_service.wire.optimization import decode_policy, encode_progress
from gradwire_service.wire.tensors import encode_tensor, encode_tensors


def is_update_rule(message: pb.Optimizer) -> bool:
    """Tell whether an optimizer is neither a method nor a search; it may be none at all."""
    return message.name not in Method.registry and message.name not in Search.registry


def decode_method(message: pb.Optimizer, place: str = "optimizer") -> Method | Search:
    """Return a method or a search.

    Raises: OptimizerUnknownError; HyperparameterError, or one error with all faults; InvalidRequestError.
    """
    remedy = "which is for update rules; leave it out"
    _refuse(message, place, message.name, remedy, "schedule", "clipping", "groups", "averaging")
    settings: dict[str, Any] = {
        name: decode_attribute(message.hyperparameters[name], f"{place}.hyperparameters[{name}]")
        for name in sorted(message.hyperparameters)
    }
    family: type[Method] | type[Search] = Method if message.name in Method.registry else Search
    return family.named(message.name, settings)


def decode_bounds(message: pb.Optimizer, decode: DecodeTensors, place: str = "optimizer") -> BoundsOf:
    """Return the bounds of parameters, by name."""
    found: dict[str, tuple[Array | None, Array | None]] = {}
    for name in sorted(message.bounds):
        bounds = message.bounds[name]
        sides = {side: getattr(bounds, side) for side in ("lower", "upper") if bounds.HasField(side)}
        arrays = decode(sides, f"{place}.bounds[{name}]")
        found[name] = arrays.get("lower"), arrays.get("upper")
    return found


def decode_conditions(message: pb.Minimization, interrupt: Interrupt) -> Conditions:
    """Return when a method has to stop and to report.

    Raises: HyperparameterError; InvalidRequestError for what only update rules take.
    """
    name = message.optimizer.name
    remedy = "but takes all data at every step; leave it out, or take an update rule such as adam"
    _refuse(message, "minimization", name, remedy, "state", "validation_data", "validation_share", "metrics")
    ends = "but ends where it converged, or else at the lowest point that it met; leave it out"
    _refuse(message, "minimization", name, ends, "return_best")
    _refuse(message.batching, "minimization.batching", name, remedy, "batch_size", "accumulation")
    _refuse(message.stopping, "minimization.stopping", name, remedy, "patience", "least_improvement")
    if message.batching.mode not in (pb.BATCHING_MODE_UNSPECIFIED, pb.BATCHING_MODE_FULL):
        _refuse(message.batching, "minimization.batching", name, remedy, "mode")
    stopping, reporting = message.stopping, message.reporting
    steps = [limit for limit in (stopping.steps, stopping.epochs) if limit]
    return Conditions(
        Budget(
            min(steps, default=0),
            stopping.function_evaluations,
            stopping.seconds,
            stopping.loss if stopping.HasField("loss") else None,
            stopping.gradient_norm,
        ),
        ReportingRule(reporting.every_steps, reporting.every_seconds, reporting.parameters),
        decode_policy(message.optimizer),
        interrupt,
    )


def decode_of(message: pb.Minimization, method: Method | Search | None) -> tuple[str, ...]:
    """Return the name of the loss, or those of residuals.

    Raises: InvalidRequestError when there are some of the other kind.
    """
    takes_residuals = isinstance(method, Method) and method.takes_residuals
    name = message.optimizer.name
    if takes_residuals and message.loss:
        text = f"{name} minimizes a sum of squares; name its terms as residuals, in place of a loss"
        raise InvalidRequestError(text, field="minimization.loss")
    if message.residuals and not takes_residuals:
        text = f"{name} minimizes a loss; name that, or take lm, trf or dogbox, which take residuals"
        raise InvalidRequestError(text, field="minimization.residuals")
    return tuple(message.residuals) if takes_residuals else tuple(filter(None, [message.loss]))


def decode_multi_start(message: pb.Minimization) -> MultiStart | None:
    """Return how to start many times; None: once.

    Raises: HyperparameterError.
    """
    if not message.HasField("multi_start"):
        return None
    asked = message.multi_start
    if asked.starts > MOST_STARTS:
        text = f"{asked.starts} starts are more than the {MOST_STARTS} that one call may ask for"
        raise HyperparameterError(text, field="multi_start.starts")
    return MultiStart(asked.starts, asked.spread or MultiStart.spread, asked.tolerance or MultiStart.tolerance)


MOST_STARTS = 10_000
"""Starts of one call: their ends are kept, and compared."""


def encode_report(progress: Progress) -> pb.MinimizationProgress:
    """Return how far a method, a search or a series of runs is as a message."""
    message = encode_progress(progress)
    if isinstance(progress, Generation):
        message.candidate_losses.CopyFrom(encode_tensor(progress.candidate_losses))
        for name, candidates in progress.candidates.items():
            message.candidates[name].CopyFrom(encode_tensor(candidates))
    return message


def encode_solution(solution: Solution, backend: str, graph_id: str) -> pb.MinimizationResult:
    """Return how a method ended as a message."""
    progress = solution.progress
    return pb.MinimizationResult(
        parameters=encode_tensors(solution.parameters),
        loss=solution.loss,
        parameters_step=solution.parameters_step,
        stop_reason=pb.StopReason.Value(f"STOP_REASON_{solution.stop_reason.name}"),
        message=solution.message,
        progress=encode_progress(progress),
        execution=pb.Execution(
            backend=backend,
            tier=TIERS[solution.tier],
            function_evaluations=progress.function_evaluations,
            seconds=progress.seconds,
        ),
        graph_id=graph_id,
        minima=[
            pb.LocalMinimum(parameters=encode_tensors(x.parameters), loss=x.loss, starts=x.starts)
            for x in solution.minima
        ],
    )


def encode_generation(number: int, candidates: Candidates, packing: Packing) -> pb.SearchResponse:
    """Return the next generation of a search as a message.

    Args:
        number: number of the generation.
        candidates: the search.
        packing: how parameters lie in a candidate.
    """
    asked = {} if candidates.ended else packing.unpack_rows(candidates.ask())
    return pb.SearchResponse(
        generation=number,
        candidates=encode_tensors(asked),
        best_parameters=encode_tensors(packing.unpack(candidates.best)),
        best_loss=candidates.best_loss,
        ended=candidates.ended,
    )


def _refuse(message: Message, place: str, name: str, remedy: str, *fields: str) -> None:
    """Refuse parts of a message that mean nothing to a method.

    Raises: InvalidRequestError when one of them is set.
    """
    given = {field.name for field, _ in message.ListFields()}
    for field in fields:
        if field in given:
            text = f"{name} was given {field}, {remedy}"
            raise InvalidRequestError(text, field=f"{place}.{field}")
