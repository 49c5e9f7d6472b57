"""What a minimization is told about stopping and reporting, and what it tells."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from gradwire_service.backend import Tier
from gradwire_service.errors import HyperparameterError, raise_all
from gradwire_service.graph import Array
from gradwire_service.optimizers import OptimizerState


class NonFinitePolicy(Enum):
    """What to do when loss, gradient or new parameters are not finite; such an update is never applied.

    `FAIL` raises NotFiniteError. `SKIP` leaves the update out, counts it, and goes on with the next batch. `STOP` ends
    with the last parameters at which loss and gradient were finite.
    """

    FAIL = "fail"
    SKIP = "skip"
    STOP = "stop"


class StopReason(Enum):
    """Why a minimization stopped."""

    EPOCHS = "epochs"
    STEPS = "steps"
    FUNCTION_EVALUATIONS = "function_evaluations"
    SECONDS = "seconds"
    LOSS = "loss"
    GRADIENT_NORM = "gradient_norm"
    PATIENCE = "patience"
    CONVERGED = "converged"
    STALLED = "stalled"
    NOT_FINITE = "not_finite"
    CANCELLED = "cancelled"
    DEADLINE = "deadline"


@dataclass(frozen=True)
class StoppingRule:
    """When to stop: as soon as one of these holds. What is 0 does not count.

    Attributes:
        epochs: number of epochs, in steps of this minimization; those of an earlier state do not count.
        steps: number of steps, those of an earlier state not counted.
        function_evaluations: number of batches whose loss was evaluated for a step.
        seconds: time, in seconds.
        loss: mean loss of an epoch, taken while the parameters moved, at or below this; None does not count.
        gradient_norm: 2-norm of the gradient of all parameters, in any step, at or below this.
        patience: epochs in a row without an improvement of the loss of held-out data, or, without those, of the mean
            loss of an epoch.
        least_improvement: decrease of the loss that counts as one has to be greater than this, in units of the loss.
    """

    epochs: int = 0
    steps: int = 0
    seconds: float = 0.0
    loss: float | None = None
    gradient_norm: float = 0.0
    patience: int = 0
    least_improvement: float = 0.0
    function_evaluations: int = 0

    def __post_init__(self) -> None:
        """Check.

        Raises: HyperparameterError, or one error with all faults.
        """
        limits = ("epochs", "steps", "function_evaluations", "seconds", "gradient_norm", "patience")
        _check_not_negative("stopping", self, *limits, "least_improvement")
        if self.loss is None and not any(getattr(self, name) for name in limits):
            message = "nothing says when to stop; give a number of epochs or steps, a time, a loss or a gradient norm"
            raise HyperparameterError(message, field="stopping")


@dataclass(frozen=True)
class ReportingRule:
    """When to report; without any, once an epoch.

    Attributes:
        every_steps: steps between reports.
        every_seconds: least time between reports, in seconds.
        parameters: send the parameters with each report.
    """

    every_steps: int = 0
    every_seconds: float = 0.0
    parameters: bool = False

    def __post_init__(self) -> None:
        """Check.

        Raises: HyperparameterError, or one error with all faults.
        """
        _check_not_negative("reporting", self, "every_steps", "every_seconds")

    def due(self, steps: int, seconds: float, epoch_ends: bool) -> bool:
        """Tell whether to report, so many steps and seconds after the last report."""
        counted = steps >= self.every_steps if self.every_steps else epoch_ends or self.every_seconds > 0
        return counted and seconds >= self.every_seconds


@dataclass(frozen=True)
class Progress:
    """How far a minimization is.

    Attributes:
        number: number of the report, from 1.
        step: steps so far, those of an earlier state and those left out included.
        epoch: epochs finished so far.
        loss: loss, averaged over the rows since the last report; NaN when there were none.
        learning_rate: learning rate of the last step.
        gradient_norm: 2-norm of the last gradient of all parameters.
        parameter_norm: 2-norm of all parameters.
        skipped_steps: steps left out so far.
        function_evaluations: evaluations of the loss so far, those of held-out data not counted.
        seconds: time since the start, in seconds.
        parameters: the parameters, when they were asked for.
        validation_loss: loss of held-out data; None without those.
        metrics: the metrics that were asked for, of held-out data, or, without those, of all data.
    """

    number: int = 0
    step: int = 0
    epoch: int = 0
    loss: float = math.nan
    learning_rate: float = math.nan
    gradient_norm: float = math.nan
    parameter_norm: float = math.nan
    skipped_steps: int = 0
    function_evaluations: int = 0
    seconds: float = 0.0
    parameters: Mapping[str, Array] | None = None
    validation_loss: float | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Result:
    """How a minimization ended.

    Attributes:
        parameters: the parameters, by name: the last, or the best when they were asked for.
        state: what the optimizer remembers, to go on from the last parameters.
        loss: loss at the parameters, over all rows; NaN when there was no time left to compute it.
        parameters_step: step at which the parameters were reached.
        stop_reason: why it stopped.
        message: the same in words.
        progress: the last report.
        tier: what ran the last step.
        averaged: the running means of the parameters after the last step; None when they were not asked for.
        last_parameters: the last parameters, where `parameters` are the best; None: they are the last.
    """

    parameters: Mapping[str, Array]
    state: OptimizerState
    loss: float
    parameters_step: int
    stop_reason: StopReason
    message: str
    progress: Progress
    tier: Tier = Tier.INTERPRETED
    averaged: Mapping[str, Array] | None = None
    last_parameters: Mapping[str, Array] | None = None


def _check_not_negative(part: str, rule: object, *names: str) -> None:
    values = {name: getattr(rule, name) for name in names}
    raise_all(
        [
            HyperparameterError(f"{part}: {name} is {x}, but must be a number, 0 or more", field=f"{part}.{name}")
            for name, x in values.items()
            if not 0 <= x < math.inf
        ]
    )
