"""The loop: batches, steps, reports, an end."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from typing import Protocol

from gradwire_service.backend import Interrupt, RunInfo, Tensors, Tier, never
from gradwire_service.errors import CancelledError, DataMismatchError, DeadlineExceededError, NotFiniteError
from gradwire_service.graph import Array
from gradwire_service.optimizers import OptimizerState, averaged, check_state, initial_state
from gradwire_service.training.batches import BatchingMode, Data, Order, length
from gradwire_service.training.early_stopping import Patience
from gradwire_service.training.evaluation import Mean, evaluate
from gradwire_service.training.memory import numbers_of, recalled
from gradwire_service.training.progress import NonFinitePolicy, Progress, Result, StopReason
from gradwire_service.training.recipe import Recipe
from gradwire_service.training.snapshot import Keep, Point, Snapshot
from gradwire_service.training.step import Step, empty_sums, fed_limits, take_accumulated_step
from gradwire_service.training.stretch import STRETCHES, Stretch, take_stretch

STRETCH_BYTES = 2**25
"""Memory of the rows of a stretch, which are copied where they do not lie as they are taken."""

STRETCH_SECONDS = 0.01
"""Time of a stretch below which longer ones are tried: between two of them somebody may cancel."""


class Runner(Protocol):
    """Runs the graphs of a minimization, for batches of any number of rows."""

    def step(self, inputs: Tensors, interrupt: Interrupt, info: RunInfo) -> Tensors:
        """Run the accumulating graph that `step_graph` made, where steps have several batches."""

    def stretch(
        self, inputs: Tensors, rows: Collection[str], previous: bool, interrupt: Interrupt, info: RunInfo
    ) -> Tensors:
        """Run the graph that `stretch_graph` made, where they have one; see `RunStretch`."""

    def evaluate(
        self, inputs: Tensors, rows: Collection[str], length: int, interrupt: Interrupt, info: RunInfo
    ) -> Tensors:
        """Run the graph that `evaluation_graph` made, as a stretch of so many batches."""


def minimize(
    run: Runner,
    parameters: Mapping[str, Array],
    data: Data,
    recipe: Recipe,
    state: OptimizerState | None = None,
    held_out: Data | None = None,
    interrupt: Interrupt = never,
    clock: Callable[[], float] = time.monotonic,
    resume: Snapshot | None = None,
    keep: Keep | None = None,
) -> Iterator[Progress | Result]:
    """Minimize a loss; yield reports and, last, the result.

    The batches go on where the state left off, and every step is a function of parameters, state and position alone:
    a run that is taken up again ends with the same bits as one that was never interrupted.

    Args:
        run: runs the steps and the evaluations.
        parameters: where to start.
        data: all other variables.
        recipe: how to minimize.
        state: what the optimizer remembers of earlier steps; None: a fresh start.
        held_out: data that no step sees; None: none but the recipe's share.
        interrupt: called between steps and handed to `run`; raises to stop. What was reached is then the result.
        clock: tells the time, in seconds.
        resume: where to go on, in place of `parameters` and `state`; None: at these.
        keep: is given a snapshot between stretches of steps, after the reports on them; none once there is a reason to
            stop.

    Raises: StateMismatchError, DataMismatchError, HyperparameterError; NotFiniteError if the policy is to fail. All but
        the last before the first report.
    """
    if resume is not None:
        parameters, state = resume.current.parameters, resume.current.state
    recipe.update.check(parameters)
    if state is None:
        state = initial_state(recipe.update, parameters)
    check_state(state, recipe.update, parameters)
    if recipe.validation_share:
        if held_out is not None:
            message = "data are held out already; leave them or the share out"
            raise DataMismatchError(message, field="validation_share")
        data, held_out = data.split(recipe.validation_share)
    if recipe.batching.mode is not BatchingMode.FULL and not data.rows:
        raise DataMismatchError(f"{recipe.batching.mode.value} batches need data with rows; take full batches")
    minimization = _Minimization(run, parameters, data, held_out, recipe, state, interrupt, clock)
    if resume is not None:
        minimization.restore(resume)
    return minimization.go(keep)


class _Minimization:
    """A minimization on its way."""

    def __init__(
        self,
        run: Runner,
        parameters: Mapping[str, Array],
        data: Data,
        held_out: Data | None,
        recipe: Recipe,
        state: OptimizerState,
        interrupt: Interrupt,
        clock: Callable[[], float],
    ) -> None:
        self.run = run
        self.data = data
        self.held_out = held_out
        self.recipe = recipe
        self.interrupt = interrupt
        self.clock = clock
        self.limits = fed_limits(recipe.update, parameters)
        self.sums = empty_sums(recipe.update, parameters)
        self.start = self.position = state.position
        self.per_epoch = recipe.batching.steps_per_epoch(data.count)
        self.order = Order(recipe.batching, data.count)
        self.point = Point(parameters, state, self.position)
        self.last_good = self.point  # where loss and gradient are known to be finite, once a step was made
        self.best: Point | None = None
        self.best_loss = math.inf
        self.last: Step | None = None
        self.skipped = state.position - state.step
        self.evaluations = 0
        self.most = 1  # steps that are taken at once
        self.until_kept = 0  # steps after which a snapshot is wanted; 0: at any time
        self.report = Progress(step=self.position, epoch=self.position // self.per_epoch)
        self.since_report = Mean()
        reporting, stopping = recipe.reporting, recipe.stopping
        by_epoch = not reporting.every_steps and not reporting.every_seconds
        judged = stopping.loss is not None or stopping.patience > 0 or recipe.schedule.watches_loss
        self.looks_at_epochs = by_epoch or judged
        self.patience = Patience(recipe.stopping.patience, recipe.stopping.least_improvement)
        self.memory: Mapping[str, float]  # what the schedule has seen
        self.this_epoch, self.memory = recalled(state.numbers, self.patience)
        self.spent = 0.0  # seconds before this run
        self.seen: tuple[int, tuple[float, Mapping[str, float]]] | None = None  # what `look` saw last, and when

    def go(self, keep: Keep | None) -> Iterator[Progress | Result]:
        """Take steps until one of them gives a reason to stop."""
        self.started = self.clock()
        while True:
            try:
                self.interrupt()
                reason = self.advance(self.steps_at_once())
            except CancelledError:
                reason = StopReason.CANCELLED
            except DeadlineExceededError:
                reason = StopReason.DEADLINE
            if self.position > self.report.step and (reason or self.report_is_due()):
                yield self.new_report()
            if reason:
                yield self.result(reason)
                return
            if keep is not None:
                self.until_kept = keep(self.snapshot()) or 0

    def steps_at_once(self) -> int:
        """Return how many steps may be taken before something has to be looked at."""
        recipe, rule = self.recipe, self.recipe.stopping
        if recipe.batching.accumulation > 1:
            return 1
        most = [self.most]
        if self.looks_at_epochs:
            most.append(self.per_epoch - self.position % self.per_epoch)
        if self.per_epoch > 1:
            most.append(STRETCH_BYTES // max(self.data.row_bytes * recipe.batching.rows_per_step(self.data.count), 1))
        if rule.epochs:
            most.append(self.start + rule.epochs * self.per_epoch - self.position)
        if self.until_kept:
            most.append(self.until_kept)
        if rule.steps:
            most.append(self.start + rule.steps - self.position)
        if rule.function_evaluations:
            most.append(rule.function_evaluations - self.evaluations)
        if recipe.reporting.every_steps:
            most.append(self.report.step + recipe.reporting.every_steps - self.position)
        if self.data.count % recipe.batching.rows_per_step(self.data.count):  # the last step of an epoch has fewer rows
            most.append(self.per_epoch - 1 - self.position % self.per_epoch)
        room = max(min(most), 1)
        return next(count for count in reversed(STRETCHES) if count <= room)

    def snapshot(self) -> Snapshot:
        """Return all that the next steps depend on; its arrays are never changed."""
        points = {"current": self.up_to_date(self.point, self.position)}
        if self.recipe.policy is NonFinitePolicy.STOP:
            points["last_good"] = self.last_good
        if self.best is not None:
            points["best"] = self.best
        last = self.last
        facts = {
            "position": self.position,
            "start": self.start,
            "skipped": self.skipped,
            "evaluations": self.evaluations,
            "best_loss": self.best_loss,
            "memory": dict(self.memory),
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
        self.best, self.best_loss = snapshot.points.get("best"), facts["best_loss"]
        self.position, self.start, self.skipped = facts["position"], facts["start"], facts["skipped"]
        self.evaluations, self.memory = facts["evaluations"], facts["memory"]
        self.spent = facts["seconds"]
        self.report = Progress(**facts["report"])
        self.since_report = Mean(*facts["since_report"])
        self.this_epoch = Mean(*facts["this_epoch"])
        self.patience.restore(facts["patience"])
        if facts["last"] is not None:
            self.last = Step(**{**facts["last"], "state": self.point.state, "tier": Tier(facts["last"]["tier"])})

    def advance(self, count: int) -> StopReason | None:
        """Take some steps; tell whether the last one gives a reason to stop."""
        point, recipe, begin = self.point, self.recipe, self.position
        start = self.clock()
        stretch = self.stretch(count)
        slope = recipe.stopping.gradient_norm
        if count > 1 and not (stretch.is_finite and all(x > slope for x in stretch.gradient_norms[:-1])):
            # One on the way gives a reason: find it, one step at a time.
            self.evaluations -= count
            self.most = count = 1
            stretch = self.stretch(count)
        elif self.clock() - start < STRETCH_SECONDS:
            self.most = min(self.most * 4, STRETCHES[-1])
        step = stretch.last
        self.position += count
        self.last = step
        before = point if stretch.before is None else Point(*stretch.before, self.position - 1)
        if step.starts_finite:
            self.last_good = before
            self.since_report.add(stretch.losses, stretch.rows)
            epoch = (self.position - 1) // self.per_epoch * self.per_epoch  # its first step
            if epoch >= begin:
                self.this_epoch = Mean()
            self.this_epoch.add(stretch.losses[max(epoch - begin, 0) :], stretch.rows)
        if step.is_finite:
            self.point = Point(step.parameters, step.state, self.position)
        elif recipe.policy is NonFinitePolicy.FAIL:
            raise NotFiniteError(
                f"{self.trouble(step)}; lower the learning rate, or look for values in the data or the start that are "
                "not finite; the policies to stop or to skip keep what was reached",
                step=self.position,
                at="update" if step.starts_finite else "start",
            )
        elif recipe.policy is NonFinitePolicy.STOP:
            self.point = self.last_good
            return StopReason.NOT_FINITE
        else:
            self.skipped += 1
        return self.reason_to_stop(step)

    def stretch(self, count: int) -> Stretch:
        """Take steps from the point."""
        parameters, state = self.point.parameters, self.point.state
        selection = self.order.steps(self.position, count)
        if self.recipe.batching.accumulation == 1:
            self.evaluations += count
            size = length(selection) if self.per_epoch == 1 else length(selection) // count
            rates = self.recipe.learning_rates(state.step, count, self.memory)
            previous = self.recipe.policy is NonFinitePolicy.STOP
            given = (self.run.stretch, parameters, self.data, selection, size, state, rates)
            return take_stretch(*given, self.interrupt, self.limits, previous)
        (rate,) = self.recipe.learning_rates(state.step, 1, self.memory)
        batches = [(self.data.batch(part), length(part)) for part in self.recipe.batching.cut(selection)]
        self.evaluations += len(batches)
        step = take_accumulated_step(
            self.run.step, parameters, batches, self.sums, state, rate, self.interrupt, self.limits
        )
        return Stretch([step.loss], [step.gradient_norm], [step.parameter_norm], length(selection), step)

    def reason_to_stop(self, step: Step) -> StopReason | None:
        """Hold a step against the stopping rule."""
        rule, done = self.recipe.stopping, self.position - self.start
        if self.epoch_ends():
            initial, last = self.recipe.update.optimizer.learning_rate, max(self.point.state.step - 1, 0)
            self.memory = self.recipe.schedule.after_epoch(initial, last, self.this_epoch.value, self.memory)
        if rule.loss is not None and self.epoch_ends() and self.this_epoch.value <= rule.loss:
            return StopReason.LOSS
        if step.gradient_norm <= rule.gradient_norm and rule.gradient_norm:
            return StopReason.GRADIENT_NORM
        if rule.patience and self.epoch_ends():
            loss = self.this_epoch.value if self.held_out is None else self.look()[0]
            if self.patience.ends_with(loss):
                return StopReason.PATIENCE
        if rule.epochs and done >= rule.epochs * self.per_epoch:
            return StopReason.EPOCHS
        if rule.steps and done >= rule.steps:
            return StopReason.STEPS
        if rule.function_evaluations and self.evaluations >= rule.function_evaluations:
            return StopReason.FUNCTION_EVALUATIONS
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
        recipe = self.recipe
        loss: float | None = None
        metrics: Mapping[str, float] = {}
        if self.held_out is not None or recipe.metrics or recipe.return_best:
            loss, metrics = self.look()
        if recipe.return_best and loss is not None and loss < self.best_loss:
            self.best, self.best_loss = self.point, loss
        self.report = Progress(
            number=self.report.number + 1,
            step=self.position,
            epoch=self.position // self.per_epoch,
            loss=self.since_report.value,
            learning_rate=self.last.learning_rate,
            gradient_norm=self.last.gradient_norm,
            parameter_norm=self.last.parameter_norm,
            skipped_steps=self.skipped,
            function_evaluations=self.evaluations,
            seconds=self.seconds(),
            parameters=self.point.parameters if recipe.reporting.parameters else None,
            validation_loss=None if self.held_out is None else loss,
            metrics=metrics,
        )
        self.since_report = Mean()
        return self.report

    def result(self, reason: StopReason) -> Result:
        """Return what was reached."""
        words = _WORDS[reason]
        if reason is StopReason.NOT_FINITE and self.last is not None:
            words = self.trouble(self.last)
        last = self.point
        best = self.best or last
        position = last.step if reason is StopReason.NOT_FINITE else self.position
        return Result(
            parameters=best.parameters,
            state=self.up_to_date(last, position).state,
            loss=self.evaluated(best, self.data)[0],
            parameters_step=best.step,
            stop_reason=reason,
            message=words,
            progress=self.report,
            tier=self.last.tier if self.last else Tier.INTERPRETED,
            averaged=averaged(self.recipe.update, last.parameters, last.state),
            last_parameters=last.parameters if self.recipe.return_best else None,
        )

    def up_to_date(self, point: Point, position: int) -> Point:
        """Return a point whose state holds all that steps to come depend on."""
        epoch = Mean() if self.epoch_ends() else self.this_epoch
        numbers = numbers_of(epoch, self.memory, self.patience)
        return replace(point, state=replace(point.state, position=position, numbers=numbers))

    def look(self) -> tuple[float, Mapping[str, float]]:
        """Return loss and metrics of held-out data, or of all, where the minimization is now."""
        if self.seen is None or self.seen[0] != self.position:
            self.seen = self.position, self.evaluated(self.point, self.held_out or self.data)
        return self.seen[1]

    def evaluated(self, point: Point, data: Data) -> tuple[float, Mapping[str, float]]:
        """Return loss and metrics at a point; NaN when the time is up."""
        size = self.recipe.batching.rows_per_batch(data.count)
        try:
            self.interrupt()
            return evaluate(self.run.evaluate, point.parameters, data, size, self.interrupt)
        except (CancelledError, DeadlineExceededError):
            return math.nan, dict.fromkeys(self.recipe.metrics, math.nan)

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
    StopReason.FUNCTION_EVALUATIONS: "the number of evaluations was reached",
    StopReason.SECONDS: "the time was up",
    StopReason.LOSS: "the loss was low enough",
    StopReason.GRADIENT_NORM: "the gradient was small enough",
    StopReason.PATIENCE: "the loss had not improved for long enough",
    StopReason.NOT_FINITE: "loss, gradient or parameters were not finite",
    StopReason.CANCELLED: "it was cancelled",
    StopReason.DEADLINE: "the caller's deadline passed",
}
