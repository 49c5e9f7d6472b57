"""Optimizers, schedules, their states, steps and minimizations ↔ messages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from google.protobuf.message import Message

from gradwire import v1 as pb
from gradwire_service.errors import InvalidRequestError, NotImplementedByServerError
from gradwire_service.optimizers import Constant, Optimizer, OptimizerState, Schedule, optimizer, schedule
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
from gradwire_service.wire.tensors import encode_tensors

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


def _refuse(message: Message, place: str, *fields: str) -> None:
    """Refuse parts of a message that the contract has and this server does not serve.

    Raises: NotImplementedByServerError when one of them is set.
    """
    given = {field.name for field, _ in message.ListFields()}
    for field in fields:
        if field in given:
            text = f"{place}.{field} is not served here; leave it out"
            raise NotImplementedByServerError(text, field=f"{place}.{field}")


def _one_of(choices: Mapping[int, Any], number: int, field: str) -> Any:
    if number not in choices:
        raise InvalidRequestError(f"{field} {number} is not known; take one that the contract names", field=field)
    return choices[number]


def decode_optimizer(message: pb.Optimizer, place: str = "optimizer") -> Optimizer:
    """Return the update rule.

    Raises: OptimizerUnknownError; HyperparameterError, or one error with all faults; NotImplementedByServerError.
    """
    _refuse(message, place, "clipping", "groups", "bounds")
    return optimizer(message.name, _settings(message.hyperparameters, f"{place}.hyperparameters"))


def decode_schedule(message: pb.Optimizer, place: str = "optimizer") -> Schedule:
    """Return how an optimizer's learning rate changes; constant unless it is stated.

    Raises: as `decode_optimizer` does.
    """
    if not message.HasField("schedule"):
        return Constant()
    _refuse(message.schedule, f"{place}.schedule", "parts")
    return schedule(message.schedule.name, _settings(message.schedule.parameters, f"{place}.schedule.parameters"))


def _settings(messages: Mapping[str, pb.Attribute], field: str) -> dict[str, Any]:
    return {name: decode_attribute(messages[name], f"{field}[{name}]") for name in sorted(messages)}


def decode_policy(message: pb.Optimizer, place: str = "optimizer") -> NonFinitePolicy:
    """Return what to do with what is not finite; fail unless it is stated."""
    policy: NonFinitePolicy = _one_of(_POLICIES, message.non_finite_policy, f"{place}.non_finite_policy")
    return policy


def decode_state(message: pb.OptimizerState, decode: DecodeTensors, place: str = "state") -> OptimizerState:
    """Return what an optimizer remembers."""
    return OptimizerState(message.optimizer, message.step, decode(message.slots, f"{place}.slots"))


def encode_state(state: OptimizerState) -> pb.OptimizerState:
    """Return what an optimizer remembers as a message."""
    return pb.OptimizerState(optimizer=state.optimizer, step=state.step, slots=encode_tensors(state.slots))


def decode_recipe(message: pb.Minimization) -> Recipe:
    """Return how to minimize.

    Raises: as `decode_optimizer` does; InvalidRequestError.
    """
    _refuse(message, "minimization", "validation_data", "return_best")
    _refuse(message.stopping, "minimization.stopping", "function_evaluations")
    if message.batching.accumulation > 1:
        _refuse(message.batching, "minimization.batching", "accumulation")
    stopping, reporting, batching = message.stopping, message.reporting, message.batching
    if batching.mode:
        mode = _one_of(_BATCHING_MODES, batching.mode, "minimization.batching.mode")
    else:
        mode = BatchingMode.RANDOM if batching.batch_size else BatchingMode.FULL
    return Recipe(
        optimizer=decode_optimizer(message.optimizer),
        stopping=StoppingRule(
            epochs=stopping.epochs,
            steps=stopping.steps,
            seconds=stopping.seconds,
            loss=stopping.loss if stopping.HasField("loss") else None,
            gradient_norm=stopping.gradient_norm,
            patience=stopping.patience,
            least_improvement=stopping.least_improvement,
        ),
        schedule=decode_schedule(message.optimizer),
        batching=Batching(mode, batching.batch_size, message.seed),
        reporting=ReportingRule(reporting.every_steps, reporting.every_seconds, reporting.parameters),
        policy=decode_policy(message.optimizer),
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
    )
