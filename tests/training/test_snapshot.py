"""A minimization that is taken up again from a snapshot, at any step and in any circumstance."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from gradwire_service.graph import Array
from gradwire_service.optimizers import Adam, Cosine, Sgd
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
from tests.training.problems import Stepper, quartic, regression, regression_run

RANDOM = Batching(BatchingMode.RANDOM, 4, seed=11)


def events(recipe: Recipe, start: Mapping[str, Array], data: Data, run: Any, **more: Any) -> list[Any]:
    return list(minimize(run, start, data, recipe, **more))


def bits(event: Progress | Result) -> list[Any]:
    """All that must be the same, whatever happened on the way; only time differs."""
    if isinstance(event, Progress):
        return [repr(replace(event, seconds=0.0))]
    arrays = {**event.parameters, **event.state.slots}
    return [
        {name: (x.dtype.str, x.shape, x.tobytes()) for name, x in arrays.items()},
        repr((event.loss, event.parameters_step, event.stop_reason, event.message, event.state.step)),
        *bits(event.progress),
    ]


def snapshots_of(recipe: Recipe, start: Mapping[str, Array], data: Data, run: Any) -> tuple[list[Any], list[Snapshot]]:
    kept: list[Snapshot] = []

    def keep(snapshot: Snapshot) -> int:
        kept.append(snapshot)
        return 1

    return events(recipe, start, data, run, keep=keep), kept


CASES = {
    "adam": Recipe(Adam(learning_rate=0.05), StoppingRule(steps=200), batching=RANDOM),
    "momentum with a schedule": Recipe(
        Sgd(learning_rate=0.05, momentum=0.9),
        StoppingRule(epochs=20),
        Cosine(steps=150),
        RANDOM,
        ReportingRule(every_steps=5),
    ),
    "patience": Recipe(
        Sgd(learning_rate=0.02), StoppingRule(steps=900, patience=3, least_improvement=0.05), batching=RANDOM
    ),
    "a low loss": Recipe(Sgd(learning_rate=0.02), StoppingRule(loss=0.5), batching=RANDOM),
}


@pytest.mark.parametrize("name", CASES)
def test_a_run_that_is_taken_up_from_any_snapshot_tells_and_reaches_the_same(name: str) -> None:
    recipe = CASES[name]
    start, data = regression()
    run = regression_run(recipe.optimizer)
    whole, snapshots = snapshots_of(recipe, start, data, run)
    last: Result = whole[-1]
    assert [s.step for s in snapshots] == list(range(1, last.progress.step))
    for snapshot in snapshots[:: max(1, len(snapshots) // 11)]:
        told = [event for event in whole[:-1] if event.step <= snapshot.step]
        rest = events(recipe, start, data, run, resume=snapshot)
        assert list(map(bits, told + rest)) == list(map(bits, whole))


def test_what_was_skipped_and_what_was_last_good_is_part_of_a_snapshot() -> None:
    start, data = regression()
    data.rows["y"][5] = np.nan
    recipe = Recipe(Sgd(learning_rate=0.1), StoppingRule(epochs=4), batching=RANDOM, policy=NonFinitePolicy.SKIP)
    whole, snapshots = snapshots_of(recipe, start, data, regression_run(recipe.optimizer))
    assert whole[-1].progress.skipped_steps == 4
    for snapshot in snapshots:
        (*_, result) = events(recipe, start, data, regression_run(recipe.optimizer), resume=snapshot)
        assert bits(result) == bits(whole[-1])

    rule = Sgd(learning_rate=1.0)
    recipe = Recipe(rule, StoppingRule(steps=30), policy=NonFinitePolicy.STOP)
    run, begin = Stepper(quartic, ("w",), rule), {"w": np.array([1.0, -2.0])}
    whole, snapshots = snapshots_of(recipe, begin, Data(), run)
    assert whole[-1].stop_reason is StopReason.NOT_FINITE
    for snapshot in snapshots:
        (*_, result) = events(recipe, begin, Data(), run, resume=snapshot)
        assert bits(result) == bits(whole[-1])


def test_the_facts_of_a_snapshot_survive_json() -> None:
    start, data = regression()
    for recipe in CASES.values():
        _, snapshots = snapshots_of(recipe, start, data, regression_run(recipe.optimizer))
        facts = snapshots[-1].facts
        assert repr(json.loads(json.dumps(facts))) == repr(dict(facts))


def test_time_goes_on_where_it_was() -> None:
    start, data = regression()
    recipe = Recipe(Sgd(learning_rate=0.1), StoppingRule(steps=5, seconds=100.0), batching=RANDOM)
    _, snapshots = snapshots_of(recipe, start, data, regression_run(recipe.optimizer))
    late = replace(snapshots[1], facts={**snapshots[1].facts, "seconds": 200.0})
    (*_, result) = events(recipe, start, data, regression_run(recipe.optimizer), resume=late)
    assert result.stop_reason is StopReason.SECONDS
    assert result.progress.step == 3


def test_patience_ends_a_run_whose_loss_does_not_improve_enough() -> None:
    def stopped_after(least_improvement: float) -> int:
        rule = StoppingRule(epochs=400, patience=3, least_improvement=least_improvement)
        start, data = regression()
        recipe = Recipe(Sgd(learning_rate=0.02), rule, batching=RANDOM)
        (*reports, result) = events(recipe, start, data, regression_run(recipe.optimizer))
        losses = [report.loss for report in reports]
        best, waited = math.inf, 0
        for loss in losses[:-1]:
            best, waited = (loss, 0) if loss < best - least_improvement else (best, waited + 1)
            assert waited < 3
        assert (waited, losses[-1] >= best - least_improvement) == (2, True)
        assert result.stop_reason is StopReason.PATIENCE
        return len(losses)

    assert stopped_after(0.05) < stopped_after(0.001)


def test_an_optimizer_of_another_kind_begins_afresh_at_the_same_parameters() -> None:
    start, data = regression()
    recipe = Recipe(Sgd(learning_rate=0.05, momentum=0.9), StoppingRule(steps=9), batching=RANDOM)
    _, snapshots = snapshots_of(recipe, start, data, regression_run(recipe.optimizer))
    slower, other = Sgd(learning_rate=0.01, momentum=0.9), Adam(learning_rate=0.01)
    assert snapshots[4].fitted(slower).current.state == snapshots[4].current.state
    fitted = snapshots[4].fitted(other)
    assert (fitted.current.state.optimizer, fitted.current.state.step, fitted.step) == ("adam", 0, 5)
    (*_, result) = events(replace(recipe, optimizer=other), start, data, regression_run(other), resume=fitted)
    assert (result.state.step, result.progress.step) == (4, 9)
