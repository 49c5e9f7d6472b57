"""What a method that owns its loop has done so far: when it has to stop, what it reports, how it ends."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from gradwire_service.backend import Interrupt, Tier, never
from gradwire_service.errors import CancelledError, DeadlineExceededError, HyperparameterError, raise_all
from gradwire_service.graph import Array
from gradwire_service.methods.vectors import Box, Packing, Vector
from gradwire_service.training import NonFinitePolicy, Progress, ReportingRule, StopReason


@dataclass(frozen=True)
class Budget:
    """Limits that end a method before it ends by itself. What is 0 does not count.

    Attributes:
        steps: number of iterations, or generations.
        function_evaluations: number of evaluations of the loss, with or without derivatives.
        seconds: time, in seconds.
        loss: loss at or below this; None does not count.
        gradient_norm: 2-norm of the gradient of all parameters at or below this.
    """

    steps: int = 0
    function_evaluations: int = 0
    seconds: float = 0.0
    loss: float | None = None
    gradient_norm: float = 0.0

    def __post_init__(self) -> None:
        """Check.

        Raises: HyperparameterError, or one error with all faults.
        """
        raise_all(
            [
                HyperparameterError(
                    f"stopping: {name} is {value}, but must be a number, 0 or more", field=f"stopping.{name}"
                )
                for name, value in vars(self).items()
                if name != "loss" and not 0 <= value < math.inf
            ]
        )

    @property
    def is_endless(self) -> bool:
        """Whether there is no limit at all."""
        return self == Budget()


@dataclass(frozen=True)
class Conditions:
    """What holds for a method whatever it is.

    Attributes:
        budget: when it has to stop.
        reporting: when it reports; by default after every step.
        policy: what to do when it meets losses that are not finite.
        interrupt: called before each evaluation; raises to stop. What was reached is then the result.
        clock: tells the time, in seconds.
    """

    budget: Budget = field(default_factory=Budget)
    reporting: ReportingRule = field(default_factory=ReportingRule)
    policy: NonFinitePolicy = NonFinitePolicy.FAIL
    interrupt: Interrupt = never
    clock: Callable[[], float] = time.monotonic


class Stop(Exception):  # noqa: N818 - nothing went wrong
    """Ends a method from within an evaluation.

    Attributes:
        reason: why.
    """

    def __init__(self, reason: StopReason) -> None:
        super().__init__(reason.value)
        self.reason = reason


@dataclass(frozen=True)
class Point:
    """A point where the loss is known.

    Attributes:
        x: all parameters.
        loss: the loss.
        gradient: its gradient; None for a method that takes none.
        step: the step that it belongs to.
    """

    x: Vector
    loss: float
    gradient: Vector | None = None
    step: int = 0

    @property
    def gradient_norm(self) -> float:
        """2-norm of the gradient; NaN for a method that takes none."""
        return math.nan if self.gradient is None else float(np.linalg.norm(self.gradient))


@dataclass(frozen=True)
class Generation(Progress):
    """How far a search is, with all that one generation tried.

    Attributes:
        candidates: the parameters of all candidates, each with an axis of them in front.
        candidate_losses: their losses, infinite where one is not finite.
    """

    candidates: Mapping[str, Array] = field(default_factory=dict)
    candidate_losses: Array = field(default_factory=lambda: np.empty(0))


@dataclass(frozen=True)
class LocalMinimum:
    """One of the places where runs from several starts ended.

    Attributes:
        parameters: the lowest of those that belong together, by name.
        loss: the loss there.
        starts: numbers of the starts that led there, from 0.
    """

    parameters: Mapping[str, Array]
    loss: float
    starts: tuple[int, ...]


@dataclass(frozen=True)
class Solution:
    """How a method ended.

    Attributes:
        parameters: the parameters, by name.
        loss: the loss there.
        parameters_step: step at which they were reached.
        stop_reason: why it stopped.
        message: the same in words.
        progress: the last report, brought up to date.
        tier: what ran the last evaluation.
        minima: the minima that runs from several starts found, the lowest first; of one run, none.
    """

    parameters: Mapping[str, Array]
    loss: float
    parameters_step: int
    stop_reason: StopReason
    message: str
    progress: Progress
    tier: Tier = Tier.INTERPRETED
    minima: tuple[LocalMinimum, ...] = ()


WORDS = {
    StopReason.STEPS: "the number of iterations was reached",
    StopReason.FUNCTION_EVALUATIONS: "the number of evaluations was reached",
    StopReason.SECONDS: "the time was up",
    StopReason.LOSS: "the loss was low enough",
    StopReason.GRADIENT_NORM: "the gradient was small enough",
    StopReason.NOT_FINITE: "loss or gradient were not finite",
    StopReason.CANCELLED: "it was cancelled",
    StopReason.DEADLINE: "the caller's deadline passed",
}


class Record:
    """Keeps account of a method that is under way.

    Attributes:
        packing: how parameters lie in a vector.
        box: where they may be.
        conditions: when to stop and to report.
        evaluations: evaluations of the loss so far.
        not_finite: those whose loss, or gradient, was not finite.
        steps: steps so far.
        best: the lowest point so far; None before the first that is finite.
        progress: the last report.
    """

    def __init__(self, packing: Packing, box: Box, conditions: Conditions) -> None:
        self.packing, self.box, self.conditions = packing, box, conditions
        self.evaluations = self.not_finite = self.steps = 0
        self.best: Point | None = None
        self.progress = Progress()
        self.started = conditions.clock()

    def seconds(self) -> float:
        """Return the time since the start."""
        return self.conditions.clock() - self.started

    def check(self, evaluations: int = 1) -> None:
        """See whether there is leave for so many evaluations more.

        Raises: Stop.
        """
        budget = self.conditions.budget
        try:
            self.conditions.interrupt()
        except CancelledError:
            raise Stop(StopReason.CANCELLED) from None
        except DeadlineExceededError:
            raise Stop(StopReason.DEADLINE) from None
        if budget.function_evaluations and self.evaluations + evaluations > budget.function_evaluations:
            raise Stop(StopReason.FUNCTION_EVALUATIONS)
        if budget.seconds and self.seconds() >= budget.seconds:
            raise Stop(StopReason.SECONDS)

    def note(self, point: Point) -> None:
        """Remember a point that was evaluated, if it is the lowest so far and in the box."""
        if math.isfinite(point.loss) and (self.best is None or point.loss < self.best.loss) and point.x in self.box:
            self.best = point

    def step(self, point: Point, **more: Any) -> Progress | None:
        """Count a step that led to a point; return a report when one is due.

        Args:
            point: where the step ended.
            more: further fields, for the report of a generation.
        """
        self.steps += 1
        reporting = self.conditions.reporting
        since = self.steps - self.progress.step, self.seconds() - self.progress.seconds
        return self.report(point, **more) if reporting.due(*since, epoch_ends=True) else None

    def report(self, point: Point, **more: Any) -> Progress:
        """Return a report."""
        self.progress = Progress(
            number=self.progress.number + 1,
            step=self.steps,
            epoch=self.steps,
            loss=point.loss,
            learning_rate=0.0,
            gradient_norm=0.0 if point.gradient is None else point.gradient_norm,
            parameter_norm=float(np.linalg.norm(point.x)),
            skipped_steps=self.not_finite,
            function_evaluations=self.evaluations,
            seconds=self.seconds(),
            parameters=self.packing.unpack(point.x) if self.conditions.reporting.parameters else None,
        )
        return Generation(**vars(self.progress), **more) if more else self.progress

    def reason_to_stop(self, point: Point) -> StopReason | None:
        """Hold a step that led to a point against the budget."""
        budget = self.conditions.budget
        if budget.loss is not None and point.loss <= budget.loss:
            return StopReason.LOSS
        if budget.gradient_norm and point.gradient_norm <= budget.gradient_norm:
            return StopReason.GRADIENT_NORM
        if budget.steps and self.steps >= budget.steps:
            return StopReason.STEPS
        return None

    def solution(self, point: Point, reason: StopReason, message: str = "", tier: Tier = Tier.INTERPRETED) -> Solution:
        """Return how it ended, at a point."""
        parameters = self.packing.unpack(point.x)
        progress = replace(
            self.progress,
            skipped_steps=self.not_finite,
            function_evaluations=self.evaluations,
            seconds=self.seconds(),
            parameters=None,
        )
        return Solution(parameters, point.loss, point.step, reason, message or WORDS[reason], progress, tier)
