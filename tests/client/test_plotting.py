"""Histories as arrays, and pictures of them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.image import imread

import gradwire as gw
from tests.client.samples import RNG

X = RNG.normal(size=(20, 3))
Y = X @ [1.0, -2.0, 0.5] + 0.1 * RNG.normal(size=20)
START = {"w": np.zeros(3), "b": np.array(0.5)}


@gw.function
def line(x: gw.Value, y: gw.Value, w: gw.Value, b: gw.Value) -> gw.Value:
    return gw.mean((x @ w + b - y) ** 2)


def model() -> gw.Graph:
    x, y = gw.variable("x", ("batch", 3)), gw.variable("y", ("batch",))
    w, b = gw.variable("w", (3,)), gw.variable("b", ())
    error = gw.name("error", x @ w + b - y)
    return gw.Graph({"loss": gw.mean(error**2), "worst": gw.mean(gw.abs(error))})


GRAPH = model()


def loss_at(w: Any, b: Any) -> float:
    return float(np.mean((X @ w + b - Y) ** 2))


@pytest.fixture(scope="module")
def result(service: gw.Service) -> gw.MinimizeResult:
    return service.minimize(
        GRAPH,
        START,
        {"x": X, "y": Y},
        loss="loss",
        optimizer=gw.optimizers.sgd(0.2, schedule=gw.schedules.exponential(0.9)),
        batch_size=5,
        epochs=8,
        validation_share=0.25,
        metrics=["worst"],
        report_parameters=True,
        backend="numpy",
        quiet=True,
    )


def lines(axes: Any) -> dict[str, Any]:
    return {drawn.get_label(): drawn for drawn in axes.get_lines()}


def test_a_history_is_arrays_of_what_its_reports_say(result: gw.MinimizeResult) -> None:
    history = result.history
    assert history.step.tolist() == [3 * epoch for epoch in range(1, 9)]
    assert history.epoch.tolist() == list(range(1, 9))
    for name in ("loss", "validation_loss", "learning_rate", "gradient_norm", "parameter_norm", "seconds"):
        assert getattr(history, name).tolist() == [getattr(report, name) for report in history]
    assert history.metrics["worst"].tolist() == [report.metrics["worst"] for report in history]
    assert history.skipped_steps.tolist() == [0] * 8
    assert history.function_evaluations[-1] == 24
    assert isinstance(history[0], gw.Progress)


def test_what_reports_lack_is_nan() -> None:
    first = gw.Progress(1, 1, 2.0, 0.1, 1.0, 1.0, None, 0, 1, 0.1)
    second = gw.Progress(2, 2, 1.0, 0.1, 1.0, 1.0, 3.0, 0, 2, 0.2, metrics={"a": 4.0})
    history = gw.History([first, second])
    assert np.array_equal(history.validation_loss, [np.nan, 3.0], equal_nan=True)
    assert np.array_equal(history.metrics["a"], [np.nan, 4.0], equal_nan=True)
    assert gw.History().loss.shape == (0,)


def test_losses_rates_and_metrics_are_drawn_as_they_were_reported(result: gw.MinimizeResult, tmp_path: Path) -> None:
    figure = result.plot(tmp_path / "loss.png")
    upper, lower, right = figure.axes
    history = result.history
    assert lines(upper)["loss"].get_ydata().tolist() == history.loss.tolist()
    assert lines(upper)["loss of held-out rows"].get_ydata().tolist() == history.validation_loss.tolist()
    assert lines(right)["learning rate"].get_ydata().tolist() == history.learning_rate.tolist()
    assert lines(lower)["worst"].get_ydata().tolist() == history.metrics["worst"].tolist()
    assert (lower.get_xlabel(), upper.get_ylabel(), right.get_ylabel()) == ("step", "loss", "learning rate")
    assert imread(tmp_path / "loss.png").std() > 0.05  # it is not blank
    with pytest.raises(ValueError, match="report_every"):
        gw.plotting.training(())


def test_a_surface_has_the_loss_at_every_point_of_the_slice(service: gw.Service, result: gw.MinimizeResult) -> None:
    surface = gw.plotting.surface(
        service, GRAPH, result, {"x": X, "y": Y}, start=START, elements=("w[2]", "b"), loss="loss", cells=7
    )
    w = result.last_parameters["w"].copy()
    for i, b in enumerate(surface.y):
        for j, w[2] in enumerate(surface.x):
            assert surface.losses[i, j] == pytest.approx(loss_at(w, b), rel=1e-12)
    assert surface.start == (0.0, 0.5)
    ways = [(report.parameters["w"][2], report.parameters["b"]) for report in result.history]
    assert surface.points(result.history).tolist() == [list(map(float, point)) for point in ways]
    assert surface.x[0] < min(0, *(x for x, _ in ways)) < max(0, *(x for x, _ in ways)) < surface.x[-1]


async def test_surfaces_of_functions_are_awaited_with_asyncio(result: gw.MinimizeResult) -> None:
    async with gw.aio.connect() as service:
        surface = await gw.plotting.surface(
            service, line, result, {"x": X, "y": Y}, limits=((-1.0, 1.0), (0.0, 2.0)), cells=3
        )
    assert surface.elements == ("b", "w[0]")
    w = [2.0, *result.last_parameters["w"][1:]]
    assert surface.losses[2, 0] == pytest.approx(loss_at(w, -1.0), rel=1e-12)
    assert surface.start is None


def test_a_descent_is_drawn_from_its_start_and_its_steps_have_numbers(
    service: gw.Service, result: gw.MinimizeResult
) -> None:
    surface = gw.plotting.surface(service, GRAPH, result, {"x": X, "y": Y}, start=START, loss="loss", cells=9)
    axes = gw.plotting.descent(surface, result).axes[0]
    way = lines(axes)["way of the parameters"]
    assert way.get_xdata()[0] == 0
    assert way.get_xdata()[-1] == result.last_parameters["w"][0]
    numbers = [text.get_text() for text in axes.texts]
    assert numbers[:2] == ["0", "3"]
    assert numbers[-1] == "24"
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("w[0]", "w[1]")


def test_a_race_shows_everybody_on_the_surface_and_beside_it(service: gw.Service, result: gw.MinimizeResult) -> None:
    results = {"first": result, "second": result}
    surface = gw.plotting.surface(service, GRAPH, results, {"x": X, "y": Y}, loss="loss", cells=5)
    left, right, _ = gw.plotting.race(surface, results).axes
    assert {"first", "second"} <= lines(left).keys()
    assert [label.partition(",")[0] for label in lines(right)] == ["first", "second"]


def test_generations_show_every_candidate(service: gw.Service) -> None:
    found = service.minimize(
        lambda x: gw.sum(x**2),
        {"x": np.array([2.0, 1.0])},
        optimizer=gw.searches.genetic(population=10, bounds={"x": (-3.0, 3.0)}),
        steps=4,
        report_parameters=True,
        quiet=True,
    )
    left, right, _ = gw.plotting.generations(found.history).axes
    drawn = np.asarray(left.collections[0].get_offsets())
    assert drawn.tolist() == np.concatenate([report.candidates["x"] for report in found.history]).tolist()
    assert lines(right)["candidates"].get_xdata().tolist() == np.repeat([1, 2, 3, 4], [10, 8, 8, 8]).tolist()
    with pytest.raises(ValueError, match="report_parameters=True"):
        gw.plotting.generations(gw.History(gw.Progress(1, 1, 2.0, 0.1, 1.0, 1.0, None, 0, 1, 0.1) for _ in range(2)))


def test_elements_that_there_are_not_and_reports_without_parameters_are_told(
    service: gw.Service, result: gw.MinimizeResult
) -> None:
    for element in ("q", "w", "w[3]", "b[0]", "w[0"):
        with pytest.raises(ValueError, match=r"name one such as w\[0\], of parameters b\[\], w\[3\]"):
            gw.plotting.surface(service, GRAPH, result, {"x": X, "y": Y}, elements=("b", element), loss="loss")
    with pytest.raises(ValueError, match="which value is the loss"):
        gw.plotting.surface(service, GRAPH, result, {"x": X, "y": Y})
    plain = service.minimize("graph g\nvariable x: float64[2]\ny = square(x)\nz = sum(y)\noutput z = z\n",
                             {"x": [1.0, 2.0]}, optimizer=gw.optimizers.sgd(0.1), steps=2, quiet=True)  # fmt: skip
    with pytest.raises(ValueError, match="report_parameters=True"):
        gw.plotting.surface(service, GRAPH, plain)


def test_where_matplotlib_is_absent_a_picture_says_what_to_install(
    result: gw.MinimizeResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, mpl.__name__, None)
    with pytest.raises(ModuleNotFoundError, match="pip install matplotlib"):
        result.plot()
