"""The loop: what it reports, when it ends, what it returns, and that it can be taken up again."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from gradwire_service.backend import Interrupt, Tensors
from gradwire_service.errors import (
    CancelledError,
    DataMismatchError,
    DeadlineExceededError,
    GradwireError,
    HyperparameterError,
    NotFiniteError,
    StateMismatchError,
)
from gradwire_service.graph import Array
from gradwire_service.optimizers import (
    Adagrad,
    Adam,
    Cosine,
    InverseTime,
    Optimizer,
    RmsProp,
    Sgd,
    initial_state,
    optimizer,
)
from gradwire_service.training import (
    Batching,
    BatchingMode,
    Data,
    NonFinitePolicy,
    Progress,
    Recipe,
    ReportingRule,
    Result,
    StoppingRule,
    StopReason,
    minimize,
)
from gradwire_service.training.stretch import STRETCHES
from tests.training.problems import Stepper, quartic, regression, regression_run, rosenbrock, squared_error

SGD = Sgd(learning_rate=0.1)
RANDOM = Batching(BatchingMode.RANDOM, 4, seed=11)
SEQUENTIAL = Batching(BatchingMode.SEQUENTIAL, 4)
EVERY_RULE = [
    *(optimizer(name, {}) for name in Optimizer.registry),
    Sgd(momentum=0.9, dampening=0.5),
    RmsProp(centered=True, momentum=0.9),
    Adagrad(lr_decay=0.1, initial_accumulator_value=0.1),
]


def ended(events: Iterator[Progress | Result]) -> tuple[list[Progress], Result]:
    """Return the reports and the result, which is one and last."""
    *reports, result = events
    assert isinstance(result, Result)
    assert all(isinstance(report, Progress) for report in reports)
    return [report for report in reports if isinstance(report, Progress)], result


def fit(recipe: Recipe, **more: Any) -> tuple[list[Progress], Result]:
    """Fit the line of `regression`."""
    parameters, data = regression()
    return ended(minimize(regression_run(recipe.optimizer), parameters, data, recipe, **more))


def interrupt_after(calls: int, error: type[GradwireError]) -> Interrupt:
    count = itertools.count(1)

    def interrupt() -> None:
        if next(count) > calls:
            raise error("stop")

    return interrupt


def ticking(seconds: float) -> Callable[[], float]:
    """A clock that goes on by so much each time that it is looked at."""
    count = itertools.count()
    return lambda: next(count) * seconds


def test_gradient_descent_finds_the_least_squares_solution() -> None:
    _, result = fit(Recipe(SGD, StoppingRule(steps=2000)))
    x, y = (regression()[1].rows[name] for name in ("x", "y"))
    solution, *_ = np.linalg.lstsq(np.column_stack([x, np.ones(len(x))]), y)
    np.testing.assert_allclose([*result.parameters["w"], result.parameters["b"]], solution, rtol=1e-12)
    assert result.loss == pytest.approx(np.mean((x @ solution[:3] + solution[3] - y) ** 2), rel=1e-12)


def test_a_loss_without_data_is_minimized() -> None:
    rule = Adam(learning_rate=0.02)
    start: dict[str, Array] = {"a": np.array(-1.0), "b": np.array(1.0)}
    run = Stepper(rosenbrock, ("a", "b"), rule)
    _, result = ended(minimize(run, start, Data(), Recipe(rule, StoppingRule(steps=3000))))
    assert [float(x) for x in result.parameters.values()] == pytest.approx([1, 1], abs=1e-5)


def test_reports_come_once_an_epoch_and_are_numbered() -> None:
    reports, result = fit(Recipe(SGD, StoppingRule(epochs=3), batching=RANDOM))
    assert [(r.number, r.step, r.epoch, r.function_evaluations) for r in reports] == [
        (1, 6, 1, 6),
        (2, 12, 2, 12),
        (3, 18, 3, 18),
    ]
    assert result.progress == reports[-1]
    assert (result.parameters_step, result.state.step) == (18, 18)


@pytest.mark.parametrize("batching", [Batching(), SEQUENTIAL, RANDOM], ids=lambda b: b.mode.value)
def test_the_loss_of_an_epoch_is_the_mean_over_all_rows(batching: Batching) -> None:
    # 23 rows in batches of 4: a mean over batches would count the last 3 rows for more than the others
    _, data = regression()
    reports, result = fit(Recipe(Sgd(learning_rate=0), StoppingRule(epochs=1), batching=batching))
    expected = np.mean(data.rows["y"] ** 2)
    assert reports[0].loss == pytest.approx(expected, rel=1e-14)
    assert result.loss == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize("size", [1, 3, 10])
def test_the_length_of_a_step_does_not_depend_on_the_size_of_the_batch(size: int) -> None:
    parameters, _ = regression()
    same = Data({"x": np.tile([1.0, 2.0, 3.0], (10, 1)), "y": np.full(10, 4.0)})
    recipe = Recipe(Sgd(learning_rate=0.01), StoppingRule(steps=7), batching=Batching(BatchingMode.RANDOM, size))
    _, result = ended(minimize(regression_run(recipe.optimizer), parameters, same, recipe))
    _, whole = ended(minimize(regression_run(SGD), parameters, same, replace(recipe, batching=Batching())))
    np.testing.assert_allclose(result.parameters["w"], whole.parameters["w"], rtol=1e-13)


def test_the_schedule_sets_the_rate_of_every_step() -> None:
    recipe = Recipe(SGD, StoppingRule(steps=5), InverseTime(rate=1.0, steps=2), reporting=ReportingRule(every_steps=1))
    reports, _ = fit(recipe)
    assert [r.learning_rate for r in reports] == pytest.approx([0.1 / (1 + t / 2) for t in range(5)], rel=1e-15)


@pytest.mark.parametrize(
    ("rule", "reason", "steps"),
    [
        (StoppingRule(steps=8), StopReason.STEPS, 8),
        (StoppingRule(epochs=2), StopReason.EPOCHS, 12),
        (StoppingRule(epochs=2, steps=12), StopReason.EPOCHS, 12),
        (StoppingRule(epochs=2, steps=11), StopReason.STEPS, 11),
        (StoppingRule(loss=1e9, steps=50), StopReason.LOSS, 6),
        (StoppingRule(gradient_norm=1e9, steps=50), StopReason.GRADIENT_NORM, 1),
        (StoppingRule(seconds=1e-9, steps=50), StopReason.SECONDS, 1),
    ],
    ids=str,
)
def test_the_first_limit_that_is_reached_ends_it(rule: StoppingRule, reason: StopReason, steps: int) -> None:
    _, result = fit(Recipe(SGD, rule, batching=RANDOM))
    assert (result.stop_reason, result.state.step) == (reason, steps)
    assert result.message


def test_a_low_enough_loss_ends_it_at_the_end_of_an_epoch() -> None:
    reports, result = fit(Recipe(SGD, StoppingRule(loss=0.02, epochs=500), batching=RANDOM))
    assert result.stop_reason is StopReason.LOSS
    assert reports[-1].loss <= 0.02 < reports[-2].loss
    assert result.progress.step % 6 == 0


def test_reports_come_every_so_many_steps_and_the_last_always_comes() -> None:
    reporting = ReportingRule(every_steps=4, parameters=True)
    reports, result = fit(Recipe(SGD, StoppingRule(steps=10), batching=RANDOM, reporting=reporting))
    assert [r.step for r in reports] == [4, 8, 10]
    assert reports[-1].parameters == result.parameters
    assert reports[0].parameter_norm == pytest.approx(
        math.hypot(*reports[0].parameters["w"], reports[0].parameters["b"])  # type: ignore[index]
    )


def test_reports_keep_their_distance_in_time() -> None:
    reporting = ReportingRule(every_seconds=1.0)
    reports, _ = fit(Recipe(SGD, StoppingRule(steps=40), reporting=reporting), clock=ticking(0.125))
    times = [0.0, *(r.seconds for r in reports)]
    assert 3 <= len(reports) < 40
    assert all(later - earlier >= 1 for earlier, later in itertools.pairwise(times[:-1]))


def test_the_same_seed_gives_the_same_bits_and_another_does_not() -> None:
    def fitted(seed: int) -> bytes:
        batching = Batching(BatchingMode.RANDOM_WITH_REPLACEMENT, 4, seed)
        return fit(Recipe(SGD, StoppingRule(epochs=2), batching=batching))[1].parameters["w"].tobytes()

    assert fitted(1) == fitted(1) != fitted(2)


@pytest.mark.parametrize("rule", EVERY_RULE, ids=str)
def test_a_run_that_is_taken_up_at_any_step_ends_with_the_same_bits(rule: Optimizer) -> None:
    def run(steps: int, before: Result | None = None) -> Result:
        parameters, data = regression()
        recipe = Recipe(rule, StoppingRule(steps=steps), Cosine(steps=20), RANDOM)
        start = parameters if before is None else before.parameters
        state = None if before is None else before.state
        return ended(minimize(regression_run(rule), start, data, recipe, state))[1]

    whole = run(14)
    for k in (1, 5, 6, 13):  # in an epoch, before its end, at it, and before the end of all
        again = run(14 - k, run(k))
        assert again.state.step == 14
        assert {name: x.tobytes() for name, x in again.parameters.items()} == {
            name: x.tobytes() for name, x in whole.parameters.items()
        }


@pytest.mark.parametrize(
    ("error", "reason"), [(CancelledError, StopReason.CANCELLED), (DeadlineExceededError, StopReason.DEADLINE)]
)
def test_an_interrupted_run_returns_what_it_reached(error: type[GradwireError], reason: StopReason) -> None:
    recipe = Recipe(SGD, StoppingRule(steps=100), batching=RANDOM)
    reports, result = fit(recipe, interrupt=interrupt_after(8, error))
    steps = result.parameters_step
    assert 1 <= steps < 100
    _, same = fit(replace(recipe, stopping=StoppingRule(steps=steps)))
    assert result.stop_reason is reason
    assert result.parameters["w"].tobytes() == same.parameters["w"].tobytes()
    assert math.isnan(result.loss)
    assert reports[-1].step == steps


def test_a_run_that_is_cancelled_before_its_first_step_returns_its_start() -> None:
    reports, result = fit(Recipe(SGD, StoppingRule(steps=5)), interrupt=interrupt_after(0, CancelledError))
    assert reports == []
    assert (result.stop_reason, result.parameters_step) == (StopReason.CANCELLED, 0)
    assert not result.parameters["w"].any()


class TestSomethingNotFinite:
    START = {"w": np.array([1.0, -2.0])}
    RULE = Sgd(learning_rate=1.0)  # far too high: w goes to infinity in a few steps
    RUN = Stepper(quartic, ("w",), RULE)

    def recipe(self, policy: NonFinitePolicy) -> Recipe:
        return Recipe(self.RULE, StoppingRule(steps=30), policy=policy)

    def test_fails_and_says_where_and_at_which_rate(self) -> None:
        with pytest.raises(NotFiniteError, match=r"is (inf|nan) in step \d+ \(epoch \d+\), at learning rate 1; lower"):
            ended(minimize(self.RUN, self.START, Data(), self.recipe(NonFinitePolicy.FAIL)))

    def test_stops_with_the_last_parameters_whose_loss_is_finite(self) -> None:
        reports, result = ended(minimize(self.RUN, self.START, Data(), self.recipe(NonFinitePolicy.STOP)))
        assert result.stop_reason is StopReason.NOT_FINITE
        assert np.all(np.isfinite(result.parameters["w"]))
        assert math.isfinite(result.loss)
        # the step before the last one led to where the loss is infinite, and is taken back
        assert result.state.step == result.parameters_step == reports[-1].step - 2
        assert f"in step {reports[-1].step}" in result.message

    def test_at_the_start_returns_the_start(self) -> None:
        start = {"w": np.array([np.inf, 0.0])}
        _, result = ended(minimize(self.RUN, start, Data(), self.recipe(NonFinitePolicy.STOP)))
        assert result.parameters == start
        assert result.parameters_step == 0

    def test_is_skipped_and_counted(self) -> None:
        parameters, data = regression()
        data.rows["y"][5] = np.nan
        recipe = Recipe(SGD, StoppingRule(epochs=4), batching=SEQUENTIAL, policy=NonFinitePolicy.SKIP)
        reports, result = ended(minimize(regression_run(SGD), parameters, data, recipe))
        assert [r.skipped_steps for r in reports] == [1, 2, 3, 4]
        assert (result.progress.step, result.state.step) == (24, 20)
        assert np.all(np.isfinite(result.parameters["w"]))
        assert all(math.isfinite(r.loss) for r in reports)

    def test_that_was_skipped_does_not_move_the_batches_of_a_run_that_is_taken_up_again(self) -> None:
        def run(steps: int, before: Result | None = None) -> Result:
            parameters, data = regression()
            data.rows["y"][5] = np.nan
            recipe = Recipe(SGD, StoppingRule(steps=steps), batching=SEQUENTIAL, policy=NonFinitePolicy.SKIP)
            if before is None:
                return ended(minimize(regression_run(SGD), parameters, data, recipe))[1]
            events = minimize(regression_run(SGD), before.parameters, data, recipe, before.state)
            return ended(events)[1]

        assert run(5, run(9)).parameters["w"].tobytes() == run(14).parameters["w"].tobytes()


def test_what_does_not_fit_is_refused_before_anything_runs() -> None:
    parameters, data = regression()
    recipe = Recipe(SGD, StoppingRule(steps=1))
    with pytest.raises(StateMismatchError):
        minimize(regression_run(SGD), parameters, data, recipe, initial_state(Adam(), parameters))
    with pytest.raises(DataMismatchError, match="random batches need data with rows; take full batches"):
        minimize(regression_run(SGD), parameters, Data(), replace(recipe, batching=RANDOM))


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (lambda: StoppingRule(), "nothing says when to stop"),
        (lambda: StoppingRule(steps=-1), "stopping: steps is -1, but must be a number, 0 or more"),
        (lambda: StoppingRule(steps=5, seconds=math.nan), "stopping: seconds is nan"),
        (lambda: ReportingRule(every_seconds=-1), "reporting: every_seconds is -1"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(rule: Callable[[], object], words: str) -> None:
    with pytest.raises(HyperparameterError, match=words):
        rule()


def test_steps_are_taken_many_at_a_time_and_looked_at_where_something_asks_for_it() -> None:
    lengths: list[int] = []

    class Counting(Stepper):
        def stretch(self, inputs: Tensors, *given: Any) -> Tensors:
            lengths.append(len(inputs["learning rate"]))
            return super().stretch(inputs, *given)

    start, _ = regression()
    run = Counting(squared_error, ("w", "b"), SGD)
    recipe = Recipe(SGD, StoppingRule(steps=100), reporting=ReportingRule(every_steps=30))
    whole = Data({}, regression()[1].rows)
    events = [*minimize(run, start, whole, recipe, clock=lambda: 0.0)]
    assert sum(lengths) == 100
    assert len(lengths) < 60
    assert set(lengths) <= set(STRETCHES)
    assert [event.step for event in events if isinstance(event, Progress)] == [30, 60, 90, 100]
