"""The loop: batches, steps, reports, an end."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from gradwire_service.backend import Interrupt, Tier, never
from gradwire_service.errors import CancelledError, DataMismatchError, DeadlineExceededError, NotFiniteError
from gradwire_service.graph import Array
from gradwire_service.optimizers import Constant, Optimizer, OptimizerState, Schedule, check_state, initial_state
from gradwire_service.training.batches import Batching, BatchingMode, Data, Selection, length
from gradwire_service.training.early_stopping import Patience
from gradwire_service.training.progress import (
    NonFinitePolicy,
    Progress,
    ReportingRule,
    Result,
    StoppingRule,
    StopReason,
)
from gradwire_service.training.snapshot import Keep, Point, Snapshot
from gradwire_service.training.step import Run, Step, take_step


@dataclass(frozen=True)
class Recipe:
    """How to minimize: all but graph, start and data.

    Attributes:
        optimizer: the update rule.
        stopping: when to stop.
        schedule: how the learning rate changes from that of the optimizer.
        batching: how rows are taken.
        reporting: when to report.
        policy: what to do with what is not finite.
    """

    optimizer: Optimizer
    stopping: StoppingRule
    schedule: Schedule = field(default_factory=Constant)
    batching: Batching = field(default_factory=Batching)
    reporting: ReportingRule = field(default_factory=ReportingRule)
    policy: NonFinitePolicy = NonFinitePolicy.FAIL


def minimize(
    run: Run,
    parameters: Mapping[str, Array],
    data: Data,
    recipe: Recipe,
    state: OptimizerState | None = None,
    position: int | None = None,
    interrupt: Interrupt = never,
    clock: Callable[[], float] = time.monotonic,
    resume: Snapshot | None = None,
    keep: Keep | None = None,
) -> Iterator[Progress | Result]:
    """Minimize a loss; yield reports and, last, the result.

    The batches go on where the state left off, and every step is a function of parameters, state and position alone:
    a run that is taken up again ends with the same bits as one that was never interrupted.

    Args:
        run: runs the graph that `step_graph` made for the optimizer.
        parameters: where to start.
        data: all other variables.
        recipe: how to minimize.
        state: what the optimizer remembers of earlier steps; None: a fresh start.
        position: number of steps so far, those left out included (`Progress.step`); None: those of the state.
        interrupt: called between steps and handed to `run`; raises to stop. What was reached is then the result.
        clock: tells the time, in seconds.
        resume: where to go on, in place of `parameters`, `state` and `position`; None: at these.
        keep: is given a snapshot between slices of steps, after the reports on them; none once there is a reason to
            stop.

    Raises: StateMismatchError, DataMismatchError; NotFiniteError if the policy is to fail. All but the last before the
        first report.
    """
    if resume is not None:
        parameters, state, position = resume.current.parameters, resume.current.state, resume.step
    if state is None:
        state = initial_state(recipe.optimizer, parameters)
    check_state(state, recipe.optimizer, parameters)
    if recipe.batching.mode is not BatchingMode.FULL and not data.rows:
        raise DataMismatchError(f"{recipe.batching.mode.value} batches need data with rows; take full batches")
    start = state.step if position is None else position
    minimization = _Minimization(run, parameters, data, recipe, state, start, interrupt, clock)
    if resume is not None:
        minimization.restore(resume)
    return minimization.go(keep)


class _Mean:
    """Mean loss of rows: each batch counts as many times as it has rows."""

    def __init__(self, total: float = 0.0, rows: int = 0) -> None:
        self.total = total
        self.rows = rows

    def facts(self) -> list[float]:
        return [self.total, self.rows]

    def add(self, loss: float, rows: int) -> None:
        self.total += loss * rows
        self.rows += rows

    @property
    def value(self) -> float:
        return self.total / self.rows if self.rows else math.nan


class _Minimization:
    """A minimization on its way."""

    def __init__(
        self,
        run: Run,
        parameters: Mapping[str, Array],
        data: Data,
        recipe: Recipe,
        state: OptimizerState,
        start: int,
        interrupt: Interrupt,
        clock: Callable[[], float],
    ) -> None:
        self.run = run
        self.data = data
        self.recipe = recipe
        self.interrupt = interrupt
        self.clock = clock
        self.start = self.position = start
        self.per_epoch = recipe.batching.steps_per_epoch(data.count)
        self.point = Point(parameters, state, start)
        self.last_good = self.point  # where loss and gradient are known to be finite, once a step was made
        self.last: Step | None = None
        self.skipped = 0
        self.report = Progress(step=start, epoch=start // self.per_epoch)
        self.since_report = _Mean()
        self.this_epoch = _Mean()
        self.patience = Patience(recipe.stopping.patience, recipe.stopping.least_improvement)
        self.spent = 0.0  # seconds before this run

    def go(self, keep: Keep | None) -> Iterator[Progress | Result]:
        """Take steps until one of them gives a reason to stop."""
        self.started = self.clock()
        for selection in self.recipe.batching.walk(self.data.count, self.position):
            try:
                self.interrupt()
                reason = self.advance(selection)
            except CancelledError:
                reason = StopReason.CANCELLED
            except DeadlineExceededError:
                reason = StopReason.DEADLINE
            if self.position > self.report.step and (reason or self.report_is_due()):
                yield self.new_report()
            if reason:
                yield self.result(reason)
                return
            if self.epoch_ends():
                self.this_epoch = _Mean()
            if keep is not None:
                keep(self.snapshot())

    def snapshot(self) -> Snapshot:
        """Return all that the next steps depend on; its arrays are never changed."""
        points = {"current": self.point}
        if self.recipe.policy is NonFinitePolicy.STOP:
            points["last_good"] = self.last_good
        last = self.last
        facts = {
            "position": self.position,
            "start": self.start,
            "skipped": self.skipped,
            "seconds": self.seconds(),
            "report": {**vars(self.report), "parameters": None},
            "since_report": self.since_report.facts(),
            "this_epoch": self.this_epoch.facts(),
            "patience": self.patience.facts(),
            "last": last and {**vars(last), "parameters": {}, "state": None, "tier": last.tier.value},
        }
        return Snapshot(points, facts)

    def restore(self, snapshot: Snapshot) -> None:
        """Go on from a snapshot."""
        facts = snapshot.facts
        self.point = snapshot.current
        self.last_good = snapshot.points.get("last_good", self.point)
        self.position, self.start, self.skipped = facts["position"], facts["start"], facts["skipped"]
        self.spent = facts["seconds"]
        self.report = Progress(**facts["report"])
        self.since_report = _Mean(*facts["since_report"])
        self.this_epoch = _Mean(*facts["this_epoch"])
        self.patience.restore(facts["patience"])
        if facts["last"] is not None:
            self.last = Step(**{**facts["last"], "state": self.point.state, "tier": Tier(facts["last"]["tier"])})

    def advance(self, selection: Selection) -> StopReason | None:
        """Take one step; tell whether it gives a reason to stop."""
        point, recipe = self.point, self.recipe
        rate = recipe.schedule.learning_rate(recipe.optimizer.learning_rate, point.state.step)
        batch = self.data.batch(selection)
        step = take_step(self.run, point.parameters, batch, point.state, rate, self.interrupt)
        self.position += 1
        self.last = step
        if step.starts_finite:
            self.last_good = point
            self.since_report.add(step.loss, length(selection))
            self.this_epoch.add(step.loss, length(selection))
        if step.is_finite:
            self.point = Point(step.parameters, step.state, self.position)
        elif recipe.policy is NonFinitePolicy.FAIL:
            raise NotFiniteError(
                f"{self.trouble(step)}; lower the learning rate, or look for values in the data or the start that are "
                "not finite; the policies to stop or to skip keep what was reached",
                step=self.position,
            )
        elif recipe.policy is NonFinitePolicy.STOP:
            self.point = self.last_good
            return StopReason.NOT_FINITE
        else:
            self.skipped += 1
        return self.reason_to_stop(step)

    def reason_to_stop(self, step: Step) -> StopReason | None:
        """Hold a step against the stopping rule."""
        rule, done = self.recipe.stopping, self.position - self.start
        if rule.loss is not None and self.epoch_ends() and self.this_epoch.value <= rule.loss:
            return StopReason.LOSS
        if step.gradient_norm <= rule.gradient_norm and rule.gradient_norm:
            return StopReason.GRADIENT_NORM
        if self.epoch_ends() and self.patience.ends_with(self.this_epoch.value):
            return StopReason.PATIENCE
        if rule.epochs and done >= rule.epochs * self.per_epoch:
            return StopReason.EPOCHS
        if rule.steps and done >= rule.steps:
            return StopReason.STEPS
        if rule.seconds and self.seconds() >= rule.seconds:
            return StopReason.SECONDS
        return None

    def seconds(self) -> float:
        """Return the time since the start."""
        return self.spent + self.clock() - self.started

    def epoch_ends(self) -> bool:
        """Tell whether the last step was the last of an epoch."""
        return self.position % self.per_epoch == 0

    def report_is_due(self) -> bool:
        """Tell whether the last step is to be followed by a report."""
        steps, seconds = self.position - self.report.step, self.seconds() - self.report.seconds
        return self.recipe.reporting.due(steps, seconds, self.epoch_ends())

    def new_report(self) -> Progress:
        """Return a report on the steps since the last one."""
        assert self.last is not None
        self.report = Progress(
            number=self.report.number + 1,
            step=self.position,
            epoch=self.position // self.per_epoch,
            loss=self.since_report.value,
            learning_rate=self.last.learning_rate,
            gradient_norm=self.last.gradient_norm,
            parameter_norm=self.last.parameter_norm,
            skipped_steps=self.skipped,
            function_evaluations=self.position - self.start,
            seconds=self.seconds(),
            parameters=self.point.parameters if self.recipe.reporting.parameters else None,
        )
        self.since_report = _Mean()
        return self.report

    def result(self, reason: StopReason) -> Result:
        """Return what was reached."""
        words = _WORDS[reason]
        if reason is StopReason.NOT_FINITE and self.last is not None:
            words = self.trouble(self.last)
        point = self.point
        loss = self.loss_over_all_rows(point)
        tier = self.last.tier if self.last else Tier.INTERPRETED
        return Result(point.parameters, point.state, loss, point.step, reason, words, self.report, tier)

    def loss_over_all_rows(self, point: Point) -> float:
        """Return the loss, by batches of rows as they lie; NaN when the time is up."""
        size = self.recipe.batching.rows_per_batch(self.data.count)
        mean = _Mean()
        try:
            self.interrupt()
            for begin in range(0, self.data.count, size):
                selection = slice(begin, min(begin + size, self.data.count))
                batch = self.data.batch(selection)
                step = take_step(self.run, point.parameters, batch, point.state, 0.0, self.interrupt)
                mean.add(step.loss, length(selection))
        except (CancelledError, DeadlineExceededError):
            return math.nan
        return mean.value

    def trouble(self, step: Step) -> str:
        """Say what of a step is not finite."""
        what = f"the norm of the parameters after the update is {step.parameter_norm}"
        if not math.isfinite(step.loss):
            what = f"the loss is {step.loss}"
        elif not math.isfinite(step.gradient_norm):
            what = f"the norm of the gradient is {step.gradient_norm}"
        epoch = (self.position - 1) // self.per_epoch + 1
        return f"{what} in step {self.position} (epoch {epoch}), at learning rate {step.learning_rate:.6g}"


_WORDS = {
    StopReason.EPOCHS: "the number of epochs was reached",
    StopReason.STEPS: "the number of steps was reached",
    StopReason.SECONDS: "the time was up",
    StopReason.LOSS: "the loss was low enough",
    StopReason.GRADIENT_NORM: "the gradient was small enough",
    StopReason.PATIENCE: "the loss had not improved for long enough",
    StopReason.NOT_FINITE: "loss, gradient or parameters were not finite",
    StopReason.CANCELLED: "it was cancelled",
    StopReason.DEADLINE: "the caller's deadline passed",
}
