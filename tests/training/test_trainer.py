"""Whole recipes on a graph, compiled and interpreted."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradwire_service import Engine
from gradwire_service.backend import Tier
from gradwire_service.errors import GradwireError, NotScalarError, UnknownValueError
from gradwire_service.graph import Array
from gradwire_service.library import Choice
from gradwire_service.optimizers import (
    Bounds,
    Clipping,
    Group,
    Limited,
    Sgd,
    Update,
    optimizer,
)
from gradwire_service.training import Batching, BatchingMode, NonFinitePolicy, Recipe, Result, StoppingRule
from tests.optimizers.settings import SETTINGS

NETWORK = """graph network
variable x: float64[batch, 2]
variable y: float64[batch]
variable inner: float64[2, 3]
variable outer: float64[3]
hidden = tanh(u)
u = matmul(x, inner)
p = matmul(hidden, outer)
e = subtract(p, y)
q = square(e)
loss = mean(q)
size = mean(a)
a = abs(p)
output loss = loss
"""
RANDOM = np.random.default_rng(4)
DATA: dict[str, Array] = {"x": RANDOM.normal(size=(20, 2)), "y": RANDOM.normal(size=20)}
START: dict[str, Array] = {"inner": RANDOM.normal(size=(2, 3)), "outer": RANDOM.normal(size=3)}


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine()


def fit(engine: Engine, recipe: Recipe, backend: str = "numpy", **more: Any) -> Result:
    choice = Choice(backend, wait_for_compiled=True)
    (*_, result) = engine.minimize(NETWORK, START, {**DATA, **more}, recipe, choice=choice)
    assert isinstance(result, Result)
    return result


@pytest.mark.parametrize("name", ["adam", "adafactor", "radam"])
def test_a_whole_update_is_compiled_and_does_the_same(name: str, engine: Engine) -> None:
    update = Update(
        optimizer(name, SETTINGS[name][-1]),
        Clipping(Limited.GLOBAL_NORM, 0.5),
        (Group(("inner",), 0.5),),
        {"outer": Bounds(np.array(-0.4), np.full(3, 1.5))},
        averaging=0.9,
    )
    batching = Batching(BatchingMode.SEQUENTIAL, 3, accumulation=2)
    recipe = Recipe(update, StoppingRule(steps=6), batching=batching, validation_share=0.25, metrics=("size",))
    compiled, interpreted = (fit(engine, recipe, backend) for backend in ("numba", "numpy"))
    assert (compiled.tier, interpreted.tier) == (Tier.COMPILED, Tier.INTERPRETED)
    assert compiled.averaged is not None
    assert interpreted.averaged is not None
    for name_, array in interpreted.parameters.items():
        np.testing.assert_allclose(compiled.parameters[name_], array, rtol=1e-12)
        np.testing.assert_allclose(compiled.averaged[name_], interpreted.averaged[name_], rtol=1e-12)
    assert compiled.progress.metrics["size"] == pytest.approx(interpreted.progress.metrics["size"], rel=1e-12)
    assert compiled.progress.validation_loss == pytest.approx(interpreted.progress.validation_loss, rel=1e-12)


@pytest.mark.parametrize("mode", [BatchingMode.SEQUENTIAL, BatchingMode.RANDOM], ids=lambda mode: mode.value)
@pytest.mark.parametrize("size", [1, 2, 5, 10])
def test_the_expectation_of_a_step_does_not_depend_on_the_size_of_the_batch(
    size: int, mode: BatchingMode, engine: Engine
) -> None:
    whole = fit(engine, Recipe(Sgd(learning_rate=0.1), StoppingRule(steps=1)))
    expected = whole.parameters["outer"] - START["outer"]
    moves = []
    for rows in [batch for batch, _ in zip(Batching(mode, size, seed=9).walk(20), range(20 // size), strict=False)]:
        chosen = {name: np.ascontiguousarray(x[rows]) for name, x in DATA.items()}
        result = fit(engine, Recipe(Sgd(learning_rate=0.1), StoppingRule(steps=1)), "numpy", **chosen)
        moves.append(result.parameters["outer"] - START["outer"])
    np.testing.assert_allclose(np.mean(moves, axis=0), expected, rtol=1e-12)


def test_clipping_never_hides_what_is_not_finite(engine: Engine) -> None:
    y = DATA["y"].copy()
    y[3] = np.inf
    for limited in Limited:
        rule = Update(Sgd(learning_rate=0.1), Clipping(limited, 0.5))
        recipe = Recipe(rule, StoppingRule(steps=3), policy=NonFinitePolicy.SKIP)
        result = fit(engine, recipe, y=y)
        assert (result.progress.skipped_steps, result.state.step, result.state.position) == (3, 0, 3)
        assert result.parameters["outer"].tolist() == START["outer"].tolist()


def test_new_bounds_need_no_new_program(engine: Engine) -> None:
    def made(lower: float) -> int:
        rule = Update(Sgd(learning_rate=lower / 10), bounds={"outer": Bounds(np.array(lower))})
        assert fit(engine, Recipe(rule, StoppingRule(steps=2))).parameters["outer"].min() >= lower
        return len(engine._steps)

    assert made(0.5) == made(0.75)


@pytest.mark.parametrize(
    ("settings", "error", "words"),
    [
        ({"metrics": ("siz",)}, UnknownValueError, "siz"),
        ({"metrics": ("p",)}, NotScalarError, r"p is float64\[20\], but what is averaged over rows must be a scalar"),
    ],
    ids=["unknown", "of every row"],
)
def test_a_metric_that_is_none_is_refused_before_anything_runs(
    settings: dict[str, Any], error: type[GradwireError], words: str, engine: Engine
) -> None:
    with pytest.raises(error, match=words):
        engine.minimize(NETWORK, START, DATA, Recipe(Sgd(), StoppingRule(steps=3), **settings))
