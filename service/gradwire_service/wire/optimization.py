"""Optimizers, schedules, their states, steps and minimizations ↔ messages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gradwire import v1 as pb
from gradwire_service.errors import GradwireError, HyperparameterError, InvalidRequestError
from gradwire_service.optimizers import (
    Bounds,
    Clipping,
    Constant,
    Group,
    Limited,
    OptimizerState,
    Schedule,
    Update,
    optimizer,
    schedule,
)
from gradwire_service.query import Arrays
from gradwire_service.training import (
    Batching,
    BatchingMode,
    NonFinitePolicy,
    Progress,
    Recipe,
    ReportingRule,
    Result,
    Step,
    StoppingRule,
    StopReason,
)
from gradwire_service.wire.attributes import decode_attribute
from gradwire_service.wire.evaluation import TIERS, DecodeTensors
from gradwire_service.wire.tensors import decode_tensors, encode_tensors

_POLICIES: Mapping[int, NonFinitePolicy] = {
    pb.NON_FINITE_POLICY_UNSPECIFIED: NonFinitePolicy.FAIL,
    pb.NON_FINITE_POLICY_FAIL: NonFinitePolicy.FAIL,
    pb.NON_FINITE_POLICY_SKIP: NonFinitePolicy.SKIP,
    pb.NON_FINITE_POLICY_STOP: NonFinitePolicy.STOP,
}
_BATCHING_MODES: Mapping[int, BatchingMode] = {
    pb.BATCHING_MODE_FULL: BatchingMode.FULL,
    pb.BATCHING_MODE_SEQUENTIAL: BatchingMode.SEQUENTIAL,
    pb.BATCHING_MODE_RANDOM: BatchingMode.RANDOM,
    pb.BATCHING_MODE_RANDOM_WITH_REPLACEMENT: BatchingMode.RANDOM_WITH_REPLACEMENT,
}
_STOP_REASONS = {
    reason: pb.StopReason.Value(f"STOP_REASON_{reason.name}")
    for reason in StopReason
    if f"STOP_REASON_{reason.name}" in pb.StopReason.keys()  # noqa: SIM118 - an enum's wrapper is no mapping
}


def _one_of(choices: Mapping[int, Any], number: int, field: str) -> Any:
    if number not in choices:
        raise InvalidRequestError(f"{field} {number} is not known; take one that the contract names", field=field)
    return choices[number]


def decode_update(message: pb.Optimizer, decode: DecodeTensors = decode_tensors, place: str = "optimizer") -> Update:
    """Return how parameters are updated.

    Args:
        message: the message.
        decode: decodes the tensors that come with it.
        place: where it stands in the request.

    Raises: OptimizerUnknownError; HyperparameterError, or one error with all faults.
    """
    clipping = None
    limited = message.clipping.WhichOneof("limit")
    if limited:
        eps = message.clipping.eps if message.clipping.HasField("eps") else Clipping.eps
        clipping = Clipping(Limited(limited), getattr(message.clipping, limited), eps)
    elif message.HasField("clipping"):
        text = f"{place}.clipping limits nothing; give it a value, norm or global_norm, or leave it out"
        raise HyperparameterError(text, field=f"{place}.clipping")
    groups = tuple(
        Group(
            tuple(group.names),
            group.learning_rate_factor if group.HasField("learning_rate_factor") else 1.0,
            group.weight_decay if group.HasField("weight_decay") else None,
            group.frozen,
        )
        for group in message.groups
    )
    bounds: dict[str, Bounds] = {}
    for name in sorted(message.bounds):
        found = message.bounds[name]
        sides = {side: getattr(found, side) for side in ("lower", "upper") if found.HasField(side)}
        bounds[name] = Bounds(**decode(sides, f"{place}.bounds[{name}]"))
    averaging = message.averaging.decay if message.HasField("averaging") else None
    rule = optimizer(message.name, _settings(message.hyperparameters, f"{place}.hyperparameters"))
    return Update(rule, clipping, groups, bounds, averaging)


def decode_schedule(message: pb.Optimizer) -> Schedule:
    """Return how an optimizer's learning rate changes; constant unless it is stated.

    Raises: as `decode_update` does.
    """
    return _schedule(message.schedule, "optimizer.schedule") if message.HasField("schedule") else Constant()


def _schedule(message: pb.Schedule, place: str, depth: int = 0) -> Schedule:
    if depth > _DEEPEST:
        text = f"schedules are made of others more than {_DEEPEST} times over; make a simpler one"
        raise HyperparameterError(text, field=place)
    parts = [_schedule(part, f"{place}.parts[{i}]", depth + 1) for i, part in enumerate(message.parts)]
    try:
        return schedule(message.name, _settings(message.parameters, f"{place}.parameters"), parts)
    except GradwireError as error:
        for fault in error.faults:  # a schedule does not know which part of another it is
            fault.field = fault.field.replace("optimizer.schedule", place, 1)
        error.field = error.faults[0].field
        raise


_DEEPEST = 16
"""Levels of schedules within others; nobody needs four."""


def _settings(messages: Mapping[str, pb.Attribute], field: str) -> dict[str, Any]:
    return {name: decode_attribute(messages[name], f"{field}[{name}]") for name in sorted(messages)}


def decode_policy(message: pb.Optimizer, place: str = "optimizer") -> NonFinitePolicy:
    """Return what to do with what is not finite; fail unless it is stated."""
    policy: NonFinitePolicy = _one_of(_POLICIES, message.non_finite_policy, f"{place}.non_finite_policy")
    return policy


def decode_state(message: pb.OptimizerState, decode: DecodeTensors, place: str = "state") -> OptimizerState:
    """Return what an optimizer remembers."""
    slots = decode(message.slots, f"{place}.slots")
    return OptimizerState(message.optimizer, message.step, slots, message.position, dict(message.numbers))


def encode_state(state: OptimizerState) -> pb.OptimizerState:
    """Return what an optimizer remembers as a message."""
    return pb.OptimizerState(
        optimizer=state.optimizer,
        step=state.step,
        slots=encode_tensors(state.slots),
        position=state.position,
        numbers=state.numbers,
    )


def decode_recipe(message: pb.Minimization, decode: DecodeTensors = decode_tensors) -> Recipe:
    """Return how to minimize.

    Args:
        message: the message.
        decode: decodes the tensors that come with it.

    Raises: as `decode_update` does; InvalidRequestError.
    """
    stopping, reporting, batching = message.stopping, message.reporting, message.batching
    if batching.mode:
        mode = _one_of(_BATCHING_MODES, batching.mode, "minimization.batching.mode")
    else:
        mode = BatchingMode.RANDOM if batching.batch_size else BatchingMode.FULL
    return Recipe(
        optimizer=decode_update(message.optimizer, decode),
        stopping=StoppingRule(
            epochs=stopping.epochs,
            steps=stopping.steps,
            seconds=stopping.seconds,
            loss=stopping.loss if stopping.HasField("loss") else None,
            gradient_norm=stopping.gradient_norm,
            patience=stopping.patience,
            least_improvement=stopping.least_improvement,
            function_evaluations=stopping.function_evaluations,
        ),
        schedule=decode_schedule(message.optimizer),
        batching=Batching(mode, batching.batch_size, message.seed, batching.accumulation or 1),
        reporting=ReportingRule(reporting.every_steps, reporting.every_seconds, reporting.parameters),
        policy=decode_policy(message.optimizer),
        validation_share=message.validation_share,
        metrics=tuple(message.metrics),
        return_best=message.return_best,
    )


def encode_step(step: Step, execution: pb.Execution, graph_id: str) -> pb.StepResponse:
    """Return a step as a message."""
    return pb.StepResponse(
        parameters=encode_tensors(step.parameters),
        state=encode_state(step.state),
        loss=step.loss,
        learning_rate=step.learning_rate,
        gradient_norm=step.gradient_norm,
        skipped=not step.is_finite,
        execution=execution,
        graph_id=graph_id,
        averaged_parameters=encode_tensors(step.averaged or _NO_ARRAYS),
    )


def encode_progress(progress: Progress) -> pb.MinimizationProgress:
    """Return how far a minimization is as a message."""
    return pb.MinimizationProgress(
        number=progress.number,
        step=progress.step,
        epoch=progress.epoch,
        loss=progress.loss,
        learning_rate=progress.learning_rate,
        gradient_norm=progress.gradient_norm,
        parameter_norm=progress.parameter_norm,
        skipped_steps=progress.skipped_steps,
        function_evaluations=progress.function_evaluations,
        seconds=progress.seconds,
        parameters=encode_tensors(progress.parameters or _NO_ARRAYS),
        validation_loss=progress.validation_loss,
        metrics=progress.metrics,
    )


_NO_ARRAYS: Arrays = {}


def encode_result(result: Result, backend: str, graph_id: str) -> pb.MinimizationResult:
    """Return how a minimization ended as a message."""
    return pb.MinimizationResult(
        parameters=encode_tensors(result.parameters),
        state=encode_state(result.state),
        loss=result.loss,
        parameters_step=result.parameters_step,
        stop_reason=_STOP_REASONS.get(result.stop_reason, pb.STOP_REASON_UNSPECIFIED),
        message=result.message,
        progress=encode_progress(result.progress),
        execution=pb.Execution(
            backend=backend,
            tier=TIERS[result.tier],
            function_evaluations=result.progress.function_evaluations,
            seconds=result.progress.seconds,
        ),
        graph_id=graph_id,
        averaged_parameters=encode_tensors(result.averaged or _NO_ARRAYS),
        last_parameters=encode_tensors(result.last_parameters or _NO_ARRAYS),
    )
