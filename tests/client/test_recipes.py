"""Optimizers, schedules and whole recipes, as a user types them, on a real server."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import gradwire as gw
from gradwire_service.optimizers import (
    Adam,
    Clipping,
    Group,
    Joined,
    Limited,
    MultiStep,
    OneCycle,
    Optimizer,
    Plateau,
    Schedule,
    Update,
    Warmup,
    optimizer,
)
from gradwire_service.wire.optimization import decode_schedule, decode_update
from tests.client.samples import RNG

Array = npt.NDArray[np.float64]

X = RNG.normal(size=(23, 3))
Y = X @ [1.0, -2.0, 0.5] + 0.1 * RNG.normal(size=23)
START = {"w": np.zeros(3), "scale": np.array(1.0)}

REQUIRED: dict[str, dict[str, Any]] = {
    "cosine": {"steps": 5},
    "cosine_restarts": {"steps": 5},
    "cyclic": {"maximum": 1.0},
    "exponential": {"factor": 0.5},
    "inverse_time": {"rate": 1.0},
    "joined": {"parts": [gw.schedules.constant(), gw.schedules.step(3)], "milestones": [4]},
    "linear": {"steps": 5},
    "multistep": {"milestones": [3, 5]},
    "one_cycle": {"steps": 20},
    "polynomial": {"steps": 5},
    "step": {"steps": 5},
    "warmup": {"then": gw.schedules.plateau(), "steps": 5},
}


def model() -> gw.Graph:
    x, y = gw.variable("x", ("batch", 3)), gw.variable("y", ("batch",))
    w, scale = gw.variable("w", (3,)), gw.variable("scale", ())
    error = gw.name("error", scale * (x @ w) - y)
    worst = gw.name("mean_error", gw.mean(gw.abs(error)))
    return gw.Graph({"loss": gw.mean(error**2), "mean_error": worst}, name="line")


def loss_at(parameters: Any, x: Array = X, y: Array = Y) -> float:
    return float(np.mean((parameters["scale"] * (x @ parameters["w"]) - y) ** 2))


@pytest.mark.parametrize("name", Optimizer.registry)
def test_every_rule_has_a_constructor_with_its_defaults_and_documentation(name: str) -> None:
    make = getattr(gw.optimizers, name)
    assert decode_update(make().message()) == Update(optimizer(name, {}))
    own = {x.name for x in Optimizer.registry[name].hyperparameters()}
    documentation = inspect.getdoc(make) or ""
    assert all(f"    {setting}: " in documentation for setting in own)
    assert "Source: " in documentation


@pytest.mark.parametrize("name", Schedule.registry)
def test_every_schedule_has_a_constructor(name: str) -> None:
    made = getattr(gw.schedules, name)(**REQUIRED.get(name, {}))
    found = decode_schedule(gw.optimizers.sgd(schedule=made).message())
    assert type(found) is Schedule.registry[name]


def test_schedules_are_made_of_schedules() -> None:
    made = gw.schedules.warmup(
        gw.schedules.joined(
            [gw.schedules.multistep([3, 9], 0.5), gw.schedules.one_cycle(20), gw.schedules.plateau(patience=3)],
            milestones=[10, 30],
        ),
        steps=4,
        start_factor=0.1,
    )
    parts = (MultiStep((3, 9), 0.5), OneCycle(20), Plateau(patience=3))
    found = decode_schedule(gw.optimizers.sgd(schedule=made).message())
    assert found == Warmup(4, 0.1, parts=(Joined((10, 30), parts=parts),))


def test_whole_numbers_of_numpy_are_whole_numbers() -> None:
    milestones: Any = list(np.array([3, 9]))
    found = decode_schedule(gw.optimizers.sgd(schedule=gw.schedules.multistep(milestones)).message())
    assert found == MultiStep((3, 9))


def test_settings_of_an_optimizer_arrive_as_they_are() -> None:
    made = gw.optimizers.adam(
        1e-2,
        amsgrad=True,
        clip_norm=2.0,
        clip_eps=0.0,
        averaging=0.99,
        groups=[gw.ParameterGroup(["b*"], 0.1, weight_decay=0.0), gw.ParameterGroup(["c"], frozen=True)],
        bounds={"w": (None, [1.0, 2.0]), "b": (0.0, 5.0)},
    )
    found = decode_update(made.message())
    assert found.optimizer == Adam(1e-2, amsgrad=True)
    assert found.clipping == Clipping(Limited.NORM, 2.0, 0.0)
    assert found.groups == (Group(("b*",), 0.1, 0.0), Group(("c",), frozen=True))
    assert found.averaging == 0.99
    assert found.bounds["w"].lower is None
    assert np.array_equal(found.bounds["w"].sides["upper"], [1.0, 2.0])
    assert [float(limit) for limit in found.bounds["b"].sides.values()] == [0.0, 5.0]
    with pytest.raises(ValueError, match="given a clip_eps, but no norm to clip"):
        gw.optimizers.adam(clip_eps=0.1).message()


def test_a_run_uses_all_of_it(service: gw.Service) -> None:
    optimizer = gw.optimizers.sgd(
        0.1,
        momentum=0.5,
        schedule=gw.schedules.warmup(gw.schedules.cosine(40, 0.01), 6),
        clip_global_norm=0.5,
        averaging=0.9,
        groups=[gw.ParameterGroup(["scale"], frozen=True)],
        bounds={"w": (-1.5, [np.inf, np.inf, 0.3])},
    )
    result = service.minimize(
        model(),
        START,
        {"x": X, "y": Y},
        optimizer=optimizer,
        loss="loss",
        batch_size=2,
        accumulation=2,
        epochs=12,
        validation_share=0.2,
        metrics=["mean_error"],
        return_best=True,
        report_parameters=True,
        quiet=True,
        seed=4,
    )
    assert result.parameters["scale"] == 1
    last = {name: x[19:] for name, x in (("x", X), ("y", Y))}  # 4.6 of 23 rows: 4
    for report in result.history:
        assert report.validation_loss == pytest.approx(loss_at(report.parameters, last["x"], last["y"]), rel=1e-12)
        error = np.mean(np.abs(last["x"] @ report.parameters["w"] - last["y"]))
        assert report.metrics == {"mean_error": pytest.approx(error, rel=1e-12)}
    assert [report.step for report in result.history] == [5 * epoch for epoch in range(1, 13)]  # 19 rows by fours
    best = min(result.history, key=lambda report: report.validation_loss or np.inf)
    assert result.parameters_step == best.step
    assert np.array_equal(result.parameters["w"], best.parameters["w"])
    assert np.array_equal(result.last_parameters["w"], result.history[-1].parameters["w"])
    assert not np.array_equal(result.averaged["w"], result.last_parameters["w"])
    assert result.averaged["scale"] == 1
    w = result.last_parameters["w"]
    assert (w[1], w[2]) == (-1.5, 0.3)
    assert w[0] > 0.5
    assert loss_at(result.parameters) < 0.1 * loss_at(START)


def test_a_run_goes_on_where_another_left_off(service: gw.Service) -> None:
    def run(steps: int, before: gw.MinimizeResult | None = None) -> gw.MinimizeResult:
        return service.minimize(
            model(),
            START if before is None else before.last_parameters,
            {"x": X, "y": np.where(np.arange(23) == 7, np.nan, Y)},
            optimizer=gw.optimizers.adam(0.05, averaging=0.5, non_finite="skip", schedule=gw.schedules.plateau()),
            state=None if before is None else before.state,
            loss="loss",
            batch_size=5,
            steps=steps,
            seed=4,
            quiet=True,
            backend="numpy",
        )

    whole, first = run(23), run(12)
    assert first.state is not None
    assert (first.state.position, first.state.step) == (12, 10)
    rest = run(11, first)
    assert rest.parameters["w"].tobytes() == whole.parameters["w"].tobytes()
    assert rest.averaged["w"].tobytes() == whole.averaged["w"].tobytes()
    assert rest.state is not None
    assert whole.state is not None
    assert rest.state.numbers == whole.state.numbers
    assert rest.progress.skipped_steps == whole.progress.skipped_steps > 0


def test_steps_use_all_of_it(service: gw.Service) -> None:
    optimizer = gw.optimizers.sgd(
        1.0, clip_value=0.1, averaging=0.5, groups=[gw.ParameterGroup(["sc*"], 0.5)], bounds={"w": (None, 0.15)}
    )
    parameters, state = dict(START), None
    for step in range(1, 3):
        before = {name: np.array(x) for name, x in parameters.items()}
        result = service.step(
            model(), parameters, {"x": X, "y": Y}, optimizer=optimizer, state=state, loss="loss", backend="numpy"
        )
        parameters, state = dict(result.parameters), result.state
        assert np.all(np.abs(parameters["w"] - before["w"]) <= 0.1 + 1e-15)
        assert np.max(parameters["w"]) == (0.1 if step == 1 else 0.15)
        assert abs(parameters["scale"] - before["scale"]) <= 0.05 + 1e-15
        if step == 1:
            assert np.array_equal(result.averaged["w"], parameters["w"])
        else:
            np.testing.assert_allclose(result.averaged["w"], (before["w"] + parameters["w"]) / 2, rtol=1e-15)


def test_whatever_does_not_fit_is_told_with_its_place(service: gw.Service) -> None:
    def refused(words: str, field: str = "", **settings: Any) -> None:
        with pytest.raises(gw.GradwireError, match=words) as caught:
            service.step(model(), START, {"x": X, "y": Y}, optimizer=gw.optimizers.sgd(**settings), loss="loss")
        assert caught.value.reason == "HYPERPARAMETER_INVALID"
        assert [fault.field for fault in caught.value.faults] == [field]

    refused("'v' matches no parameter", "optimizer.groups[0].names", groups=[gw.ParameterGroup(["v"])])
    refused("bounds are given for 'v'", "optimizer.bounds[v]", bounds={"v": (0, 1)})
    refused("the lower bound of 'w' has shape", "optimizer.bounds[w].lower", bounds={"w": ([0, 1], None)})
    refused("the limit is -1.0", "optimizer.clipping.norm", clip_norm=-1.0)
    refused("the decay is 2.0", "optimizer.averaging.decay", averaging=2.0)
    refused("plateau watches the loss of epochs", "optimizer.schedule", schedule=gw.schedules.plateau())
    inner = gw.schedules.joined([gw.schedules.constant(), gw.schedules.cosine(0)], [3])
    place = "optimizer.schedule.parts[0].parts[1].parameters[steps]"
    refused("steps is 0, but must be", place, schedule=gw.schedules.warmup(inner, 3))
