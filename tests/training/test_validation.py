"""Held-out data, metrics, the best parameters; and what a run that is taken up again remembers of the loss."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from gradwire_service.errors import DataMismatchError, NotScalarError
from gradwire_service.graph import Array
from gradwire_service.ops.base import Value
from gradwire_service.ops.functions import abs as abs_
from gradwire_service.ops.functions import mean
from gradwire_service.optimizers import Adam, Plateau, Sgd, Warmup
from gradwire_service.training import (
    Batching,
    BatchingMode,
    Data,
    NonFinitePolicy,
    Progress,
    Recipe,
    ReportingRule,
    Result,
    Snapshot,
    StoppingRule,
    StopReason,
    minimize,
)
from tests.training.problems import Stepper, regression, squared_error

RANDOM = Batching(BatchingMode.RANDOM, 4, seed=11)
SGD = Sgd(learning_rate=0.05)


def error(v: Mapping[str, Value]) -> Value:
    return mean(abs_(v["x"] @ v["w"] + v["b"] - v["y"]))


def fit(recipe: Recipe, **more: Any) -> tuple[list[Progress], Result]:
    parameters, data = regression()
    run = Stepper(squared_error, ("w", "b"), recipe.optimizer, metrics={"error": error} if recipe.metrics else {})
    given = more.pop("given", None) or (parameters, data)
    *reports, result = minimize(run, given[0], given[1], recipe, **more)
    assert isinstance(result, Result)
    return [report for report in reports if isinstance(report, Progress)], result


def residuals(parameters: Mapping[str, Array] | None, data: Data) -> Array:
    assert parameters is not None
    return np.asarray(data.rows["x"] @ parameters["w"] + parameters["b"] - data.rows["y"])


def others(rows: int = 9) -> Data:
    """Rows that no step sees, of another line: it is fitted worse and worse."""
    random = np.random.default_rng(8)
    return Data({"x": random.normal(size=(rows, 3)), "y": random.normal(size=rows)})


def test_each_report_has_loss_and_metrics_of_held_out_data() -> None:
    reporting = ReportingRule(every_steps=4, parameters=True)
    recipe = Recipe(SGD, StoppingRule(steps=10), batching=RANDOM, reporting=reporting, metrics=("error",))
    reports, result = fit(recipe, held_out=others())
    assert [report.step for report in reports] == [4, 8, 10]
    for report in reports:
        r = residuals(report.parameters, others())
        assert report.validation_loss == pytest.approx(np.mean(r**2), rel=1e-13)
        assert report.metrics == {"error": pytest.approx(np.mean(np.abs(r)), rel=1e-13)}
    assert result.loss == pytest.approx(np.mean(residuals(result.parameters, regression()[1]) ** 2), rel=1e-13)


def test_without_held_out_data_metrics_are_those_of_all_rows() -> None:
    recipe = Recipe(SGD, StoppingRule(epochs=1), batching=RANDOM, metrics=("error",))
    (report,), result = fit(recipe)
    assert report.validation_loss is None
    expected = np.mean(np.abs(residuals(result.parameters, regression()[1])))
    assert report.metrics == {"error": pytest.approx(expected, rel=1e-13)}


def test_the_last_rows_may_be_held_out() -> None:
    parameters, data = regression()  # 23 rows
    first = Data({name: x[:17] for name, x in data.rows.items()})
    last = Data({name: x[17:] for name, x in data.rows.items()})
    recipe = Recipe(SGD, StoppingRule(epochs=3), batching=RANDOM)
    by_share = fit(replace(recipe, validation_share=0.3))  # 6.9 rows: 6
    by_hand = fit(recipe, given=(parameters, first), held_out=last)
    assert [r.validation_loss for r in by_share[0]] == [r.validation_loss for r in by_hand[0]]
    assert by_share[1].parameters["w"].tobytes() == by_hand[1].parameters["w"].tobytes()
    assert by_share[1].loss == by_hand[1].loss


@pytest.mark.parametrize("share", [0.01, 1.0, 1.5])
def test_a_share_that_leaves_nothing_is_refused(share: float) -> None:
    with pytest.raises(DataMismatchError, match=f"a share of {share} of 23 rows can't be held out") as caught:
        fit(Recipe(SGD, StoppingRule(epochs=3), validation_share=share))
    assert caught.value.field == "validation_share"


def test_the_best_parameters_come_back_with_the_last() -> None:
    reporting = ReportingRule(every_steps=1, parameters=True)
    recipe = Recipe(SGD, StoppingRule(steps=60), batching=RANDOM, reporting=reporting, return_best=True)
    reports, result = fit(recipe, held_out=others())
    best = min(reports, key=lambda report: report.validation_loss or math.inf)
    assert 0 < best.step < 60
    assert best.parameters is not None
    assert result.parameters["w"].tobytes() == best.parameters["w"].tobytes()
    assert result.parameters_step == best.step
    assert result.last_parameters is not None
    _, ordinary = fit(replace(recipe, return_best=False), held_out=others())
    assert result.last_parameters["w"].tobytes() == ordinary.parameters["w"].tobytes()
    assert result.state.step == 60


def test_without_held_out_data_the_best_are_those_of_the_least_loss_over_all_rows() -> None:
    reporting = ReportingRule(every_steps=1, parameters=True)
    recipe = Recipe(Sgd(learning_rate=0.3), StoppingRule(steps=25), batching=RANDOM, reporting=reporting)
    reports, result = fit(replace(recipe, return_best=True))
    losses = [float(np.mean(residuals(report.parameters, regression()[1]) ** 2)) for report in reports]
    assert result.parameters_step == 1 + int(np.argmin(losses)) < 25
    assert result.loss == pytest.approx(min(losses), rel=1e-13)


def test_patience_looks_at_held_out_data() -> None:
    stopping = StoppingRule(epochs=200, patience=3)
    recipe = Recipe(SGD, stopping, batching=RANDOM, return_best=True)
    reports, result = fit(recipe, held_out=others())
    losses = [report.validation_loss or 0.0 for report in reports]
    assert result.stop_reason is StopReason.PATIENCE
    assert int(np.argmin(losses)) == len(losses) - 4
    assert result.parameters_step == reports[-4].step
    assert reports[-1].loss < reports[-4].loss  # the other loss still fell


def test_evaluations_may_be_limited() -> None:
    recipe = Recipe(SGD, StoppingRule(function_evaluations=9), batching=RANDOM)
    _, result = fit(recipe, held_out=others())
    assert result.stop_reason is StopReason.FUNCTION_EVALUATIONS
    assert result.progress.function_evaluations == result.progress.step == 9


def test_a_metric_has_to_be_a_scalar() -> None:
    parameters, data = regression()
    run = Stepper(squared_error, ("w", "b"), SGD, metrics={"p": lambda v: v["x"] @ v["w"]})
    recipe = Recipe(SGD, StoppingRule(steps=1), metrics=("p",))
    with pytest.raises(NotScalarError, match=r"p is float64\[23\], but what is averaged over rows must be a scalar"):
        list(minimize(run, parameters, data, recipe))


PLATEAU = Warmup(2, parts=(Plateau(factor=0.5, patience=0, threshold=0.2),))


def test_a_plateau_looks_at_the_mean_loss_of_epochs() -> None:
    recipe = Recipe(Sgd(learning_rate=0.1), StoppingRule(epochs=30), Plateau(factor=0.5, patience=1), RANDOM)
    reports, _ = fit(recipe)
    memory: Mapping[str, float] = {}
    for report in reports:
        assert report.learning_rate == recipe.learning_rates(report.step - 1, 1, memory)[0]
        memory = recipe.schedule.after_epoch(0.1, report.step - 1, report.loss, memory)
    assert reports[-1].learning_rate < 0.1


RECIPES = {
    "plateau": Recipe(Adam(learning_rate=0.1), StoppingRule(steps=40), PLATEAU, RANDOM),
    "low loss": Recipe(SGD, StoppingRule(loss=0.3, steps=40), batching=RANDOM),
    "patience": Recipe(SGD, StoppingRule(steps=40, patience=2, least_improvement=0.3), batching=RANDOM),
    "skipping": Recipe(SGD, StoppingRule(steps=40), PLATEAU, RANDOM, policy=NonFinitePolicy.SKIP),
}


@pytest.mark.parametrize("name", RECIPES)
def test_a_run_that_goes_on_from_a_state_remembers_what_it_saw_of_the_loss(name: str) -> None:
    recipe = RECIPES[name]
    parameters, data = regression()
    if name == "skipping":
        data.rows["y"][5] = np.nan
    whole, total = fit(recipe, given=(parameters, data))
    kept: list[Snapshot] = []
    fit(recipe, given=(parameters, data), keep=kept.append)
    for snapshot in kept[::9]:  # the state in it is all that another run needs
        point, left = snapshot.current, replace(recipe.stopping, steps=40 - snapshot.step)
        _, again = fit(replace(recipe, stopping=left), given=(point.parameters, data), state=point.state)
        assert again.parameters["w"].tobytes() == total.parameters["w"].tobytes()
    for steps in (1, 5, 6, 7, 17):  # within epochs of 6 steps, and between them
        _, first = fit(replace(recipe, stopping=replace(recipe.stopping, steps=steps)), given=(parameters, data))
        assert first.state.position == steps
        rest = replace(recipe, stopping=replace(recipe.stopping, steps=40 - steps))
        reports, second = fit(rest, given=(first.parameters, data), state=first.state)
        assert second.parameters["w"].tobytes() == total.parameters["w"].tobytes()
        assert (second.state.step, second.state.position) == (total.state.step, total.state.position)
        assert second.state.numbers == total.state.numbers
        assert (second.stop_reason, second.progress.step) == (total.stop_reason, total.progress.step)
        assert reports[-1].skipped_steps == whole[-1].skipped_steps


@pytest.mark.parametrize("policy", [NonFinitePolicy.SKIP, NonFinitePolicy.STOP])
def test_a_run_that_is_taken_up_from_a_snapshot_knows_its_best(policy: NonFinitePolicy) -> None:
    recipe = Recipe(
        Adam(learning_rate=0.1),
        StoppingRule(epochs=20, patience=4),
        PLATEAU,
        RANDOM,
        policy=policy,
        return_best=True,
        metrics=("error",),
    )
    kept: list[Snapshot] = []
    whole, total = fit(recipe, held_out=others(), keep=kept.append)
    for snapshot in kept[::7]:
        reports, result = fit(recipe, held_out=others(), resume=snapshot)
        assert result.parameters["w"].tobytes() == total.parameters["w"].tobytes()
        assert (result.parameters_step, result.stop_reason) == (total.parameters_step, total.stop_reason)
        told = [replace(report, seconds=0.0) for report in whole if report.step > snapshot.step]
        assert [replace(report, seconds=0.0) for report in reports] == told
