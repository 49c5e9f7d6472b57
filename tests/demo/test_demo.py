"""The demo, run whole against the embedded server: what it claims is so."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree

import numpy as np
import pytest
import scipy.optimize
from matplotlib.image import imread

import gradwire as gw
from gradwire.demo.data import Array, load
from gradwire.demo.model import DECAY, by_hand, logistic
from gradwire.demo.page import PlainPage, RichPage
from gradwire.demo.story import Outcome, Point, tell


class Record:
    """A page that remembers what it was told."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def heading(self, text: str) -> None:
        self.lines.append(text)

    def note(self, text: str) -> None:
        self.lines.append(text)

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[str]], left: int = 1) -> None:
        assert {len(row) for row in rows} == {len(columns)}
        self.lines += [" ".join(row) for row in (columns, *rows)]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


PAGE = Record()


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    return tell(tmp_path_factory.mktemp("demo"), PAGE)


@pytest.fixture(params=["sample", "batch"])
def point(request: pytest.FixtureRequest, outcome: Outcome) -> Point:
    found = getattr(outcome, request.param)
    assert isinstance(found, Point)
    return found


def test_values_of_the_blocks_are_those_of_the_formulas(point: Point) -> None:
    v = point.values
    np.testing.assert_allclose(v["u"], v["x"] @ v["w"], rtol=1e-13)
    np.testing.assert_allclose(v["p"], 1 / (1 + np.exp(-v["u"])), rtol=1e-13)
    np.testing.assert_allclose(v["loss"], by_hand(v["x"], v["y"], v["w"])[0], rtol=1e-13)


def test_derivatives_for_the_blocks_are_those_that_one_derives_on_paper(point: Point) -> None:
    v, d = point.values, point.derivatives
    n = len(v["y"])
    assert set(d) == set(v)
    np.testing.assert_allclose(d["p"], (v["p"] - v["y"]) / (v["p"] * (1 - v["p"])) / n, rtol=1e-9)
    np.testing.assert_allclose(d["u"], (v["p"] - v["y"]) / n, rtol=1e-9, atol=1e-18)
    np.testing.assert_allclose(d["w"], v["x"].T @ (v["p"] - v["y"]) / n + DECAY * v["w"], rtol=1e-9, atol=1e-16)
    np.testing.assert_allclose(d["x"], np.outer((v["p"] - v["y"]) / n, v["w"]), rtol=1e-9, atol=1e-18)
    assert d["loss"] == 1
    assert point.error_by_hand < 1e-13


def test_the_page_shows_every_block(outcome: Outcome) -> None:
    assert all(f"{name} " in PAGE.text for name in outcome.batch.values)


def test_exact_methods_are_exact_and_numerical_ones_as_good_as_theory_says(outcome: Outcome) -> None:
    errors = {way.name: way.error for way in outcome.ways}
    assert errors["numba"] < 1e-13
    assert errors["complex_step"] < 1e-13
    assert 1e-10 < errors["forward"] < 1e-6
    assert 1e-13 < errors["central"] < 1e-8
    assert errors["richardson"] < 1e-9


def test_the_table_tells_what_each_method_costs(outcome: Outcome) -> None:
    calls = {way.name: way.calls for way in outcome.ways}
    assert (calls["numba"], calls["numpy"]) == (1, 1)
    assert calls["forward"] == 1 + 31
    assert calls["central"] == 1 + 2 * 31
    assert all(way.seconds > 0 for way in outcome.ways)


@pytest.mark.parametrize(("method", "slope"), [("forward", 1), ("central", 2)])
def test_errors_of_differences_have_a_branch_of_truncation_and_one_of_rounding(
    outcome: Outcome, method: str, slope: int
) -> None:
    steps, errors, _ = outcome.curves[method]
    truncation = (steps > 3e-4) & (steps < 0.1)
    rounding = (steps > 1e-14) & (steps < 1e-9)
    assert np.polyfit(np.log(steps[truncation]), np.log(errors[truncation]), 1)[0] == pytest.approx(slope, abs=0.1)
    assert np.polyfit(np.log(steps[rounding]), np.log(errors[rounding]), 1)[0] == pytest.approx(-1, abs=0.15)


def test_training_lowers_the_loss_while_the_learning_rate_falls(outcome: Outcome) -> None:
    first, *_, last = outcome.reports
    assert first.loss == pytest.approx(np.log(2))
    assert last.loss < 0.12
    rates = [report.learning_rate for report in outcome.reports]
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] < rates[0] / 5
    assert [report.step for report in outcome.reports] == [15 * epoch for epoch in range(41)]


def test_the_model_is_right_about_rows_that_it_has_not_seen(outcome: Outcome) -> None:
    assert outcome.held_out > 0.95
    assert f"{outcome.held_out:.1%}" in PAGE.text


def test_descent_and_quasi_newton_agree_and_with_a_fit_that_knows_nothing_of_gradwire(outcome: Outcome) -> None:
    data = load()

    def f(w: Array) -> tuple[float, Array]:
        return by_hand(data.x, data.y, w)

    fit = scipy.optimize.minimize(f, np.zeros(31), jac=True, tol=1e-9)
    assert outcome.agreement.loss < 1e-6
    assert outcome.agreement.parameters < 1e-6
    np.testing.assert_allclose(outcome.agreement.weights, fit.x, atol=1e-6)


def test_every_picture_is_there_and_can_be_looked_at(outcome: Outcome) -> None:
    assert [path.suffix for path in outcome.pictures] == [".svg", ".svg", ".png", ".png"]
    for path in outcome.pictures:
        if path.suffix == ".png":
            assert np.std(imread(path)) > 0.01, "it is all one colour"
        else:
            shown = "".join(ElementTree.parse(path).getroot().itertext())
            assert all(f"∂L/∂{name}" in shown for name in outcome.batch.values)


def test_the_least_loss_over_all_rows_is_the_known_one() -> None:
    data = load()
    x, y = np.vstack([data.x, data.x_held_out]), np.concatenate([data.y, data.y_held_out])
    x[:, :-1] = (x[:, :-1] - x[:, :-1].mean(axis=0)) / x[:, :-1].std(axis=0)
    with gw.connect() as service:
        f = service.value_and_gradient(logistic(31), inputs={"x": x, "y": y}, wrt="w")
        found = scipy.optimize.minimize(f, np.zeros(31), jac=True, method="L-BFGS-B", options={"ftol": 0})
    assert found.fun == pytest.approx(0.100446, abs=5e-7)


def test_pages_with_and_without_rich_show_the_same_cells(capsys: pytest.CaptureFixture[str]) -> None:
    shown = []
    for page in (PlainPage(), RichPage()):
        page.heading("Heading")
        page.table(["name", "value"], [("a", "1.5"), ("‖b‖", "[2]")])
        page.note("[bold]kept[/]")
        shown.append(capsys.readouterr().out)
    for text in shown:
        assert all(cell in text for cell in ("Heading", "name", "value", "a", "1.5", "‖b‖", "[2]", "[bold]kept[/]"))
