"""Steps of several batches: the same as one batch of all their rows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gradwire_service.errors import HyperparameterError
from gradwire_service.graph import FLOAT32, FLOAT64
from gradwire_service.ops.base import variable
from gradwire_service.ops.functions import astype, mean, square
from gradwire_service.optimizers import Adam, Clipping, Group, Limited, Optimizer, Sgd, Update, initial_state
from gradwire_service.training import (
    Batching,
    BatchingMode,
    NonFinitePolicy,
    Recipe,
    Result,
    StoppingRule,
    empty_sums,
    minimize,
    step_graph,
    take_accumulated_step,
    take_step,
)
from tests.training.problems import Stepper, regression, squared_error

MODES = [mode for mode in BatchingMode if mode is not BatchingMode.FULL]
RULES: list[Optimizer | Update] = [
    Adam(learning_rate=0.05),
    Sgd(learning_rate=0.05, momentum=0.9, dampening=0.5),
    Update(Sgd(learning_rate=0.05), Clipping(Limited.GLOBAL_NORM, 0.3), (Group(("b",), 0.5),), averaging=0.9),
]


def fit(rule: Optimizer | Update, batching: Batching, rows: int, steps: int = 14) -> Result:
    parameters, data = regression(rows)
    run = Stepper(squared_error, ("w", "b"), rule, accumulating=batching.accumulation > 1)
    (*_, result) = minimize(run, parameters, data, Recipe(rule, StoppingRule(steps=steps), batching=batching))
    assert isinstance(result, Result)
    return result


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: Update.of(rule).optimizer.name + str(RULES.index(rule)))
@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.value)
def test_a_run_in_small_batches_is_the_run_in_large_ones(rule: Optimizer | Update, mode: BatchingMode) -> None:
    # 23 rows in steps of 8: the last step of an epoch has batches of 3, 3 and 1 rows, no more than are left
    small, large = fit(rule, Batching(mode, 3, 7, accumulation=3), 23), fit(rule, Batching(mode, 9, 7), 23)
    for name, array in large.parameters.items():
        np.testing.assert_allclose(small.parameters[name], array, rtol=1e-11)
    for name, array in large.state.slots.items():
        np.testing.assert_allclose(small.state.slots[name], array, rtol=1e-10, atol=1e-14)
    assert small.loss == pytest.approx(large.loss, rel=1e-12)
    assert small.progress.loss == pytest.approx(large.progress.loss, rel=1e-12)
    assert (small.progress.step, small.progress.epoch) == (large.progress.step, large.progress.epoch)
    assert small.progress.gradient_norm == pytest.approx(large.progress.gradient_norm, rel=1e-10)


def test_evaluations_are_counted_by_batches() -> None:
    result = fit(Sgd(), Batching(BatchingMode.SEQUENTIAL, 3, accumulation=3), 23, steps=5)
    assert result.progress.function_evaluations == 3 + 3 + 2 + 3 + 3


def test_batches_count_by_their_rows() -> None:
    rule = Sgd(learning_rate=1.0)
    parameters, data = regression(10)
    run = Stepper(squared_error, ("w", "b"), rule, accumulating=True)
    whole = Stepper(squared_error, ("w", "b"), rule)
    batches = [(data.batch(slice(0, 7)), 7), (data.batch(slice(7, 10)), 3)]
    state = initial_state(rule, parameters)
    found = take_accumulated_step(run.step, parameters, batches, empty_sums(rule, parameters), state, 1.0)
    expected = take_step(whole.step, parameters, data.batch(slice(0, 10)), state, 1.0)
    np.testing.assert_allclose(found.parameters["w"], expected.parameters["w"], rtol=1e-13)
    assert found.loss == pytest.approx(expected.loss, rel=1e-14)
    assert found.state.step == found.state.position == 1


def test_a_step_of_one_batch_has_the_same_bits() -> None:
    rule = Adam()
    parameters, data = regression(10)
    state = initial_state(rule, parameters)
    batch = data.batch(slice(0, 10))
    run = Stepper(squared_error, ("w", "b"), rule, accumulating=True)
    found = take_accumulated_step(run.step, parameters, [(batch, 10)], empty_sums(rule, parameters), state, 0.1)
    expected = take_step(Stepper(squared_error, ("w", "b"), rule).step, parameters, batch, state, 0.1)
    assert found.parameters["w"].tobytes() == expected.parameters["w"].tobytes()


def test_one_batch_that_is_not_finite_leaves_the_whole_step_out() -> None:
    parameters, data = regression()
    data.rows["y"][5] = np.nan
    batching = Batching(BatchingMode.SEQUENTIAL, 3, accumulation=2)  # a step sees rows 0 to 5, then 6 to 11, …
    recipe = Recipe(Sgd(learning_rate=0.1), StoppingRule(epochs=2), batching=batching, policy=NonFinitePolicy.SKIP)
    run = Stepper(squared_error, ("w", "b"), recipe.optimizer, accumulating=True)
    (*_, result) = minimize(run, parameters, data, recipe)
    assert isinstance(result, Result)
    assert (result.progress.skipped_steps, result.progress.step, result.state.step) == (2, 8, 6)
    assert np.all(np.isfinite(result.parameters["w"]))


def test_the_state_of_an_accumulating_graph_is_all_in_its_variables_and_outputs() -> None:
    w, frozen = variable("w", (2,), FLOAT32), variable("f", (2,))
    update = Update(Sgd(momentum=0.5), groups=(Group(("f",), frozen=True),), averaging=0.9)
    loss = mean(square(variable("x", (3, 2)) @ frozen)) + astype(mean(square(w)), element_type=FLOAT64)
    graph = step_graph(loss, {"w": w, "f": frozen}, update, accumulating=True)
    state = {"state b/w", "state average/w", "accumulated rows", "accumulated loss", "accumulated gradient w"}
    assert state <= set(graph.variables)
    assert state | {"parameter w", "parameter f"} <= set(graph.outputs)
    types = {name: graph.outputs[name].element_type for name in state}
    assert types == {n: FLOAT64 if n in ("accumulated rows", "accumulated loss") else FLOAT32 for n in state}


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Batching(BatchingMode.RANDOM, 4, accumulation=0), "a step of 0 batches can't be made"),
        (lambda: Batching(accumulation=2), "full batches have all rows, and nothing to accumulate"),
    ],
    ids=["no batch", "full batches"],
)
def test_an_accumulation_that_makes_no_sense_is_refused(make: object, words: str) -> None:
    with pytest.raises(HyperparameterError, match=words) as caught:
        make()  # type: ignore[operator]  # a function
    assert caught.value.field == "batching.accumulation"


def test_a_step_of_several_batches_sees_the_rows_of_one_large_one() -> None:
    small, large = Batching(BatchingMode.RANDOM, 3, 5, accumulation=4), Batching(BatchingMode.RANDOM, 12, 5)
    steps = zip(small.walk(31), large.walk(31), range(9), strict=False)
    for one, other, _ in steps:
        assert np.concatenate([np.asarray(part) for part in small.cut(one)]).tolist() == np.asarray(other).tolist()
        assert [len(np.asarray(part)) for part in small.cut(one)][:-1] == [3] * (len(small.cut(one)) - 1)
    sequential = replace(small, mode=BatchingMode.SEQUENTIAL)
    assert sequential.cut(slice(24, 31)) == [slice(24, 27), slice(27, 30), slice(30, 31)]
