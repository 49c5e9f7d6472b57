"""Commands about a formula in place of a file."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tests.cli.samples import Run

LOGISTIC = ("-e", "u = x @ w; loss = mean(log(1 + exp(-y*u)))", "-v", "x=batch,3", "-v", "w=3", "-v", "y=batch")


def test_a_formula_is_described_under_the_names_that_it_gives(run: Run) -> None:
    found = json.loads(run("describe", *LOGISTIC, "--dim", "batch=5", "--json").stdout)
    values = {row["name"]: row for row in found["values"]}
    assert values["u"]["op"] == "matmul"
    assert values["u"]["type"] == {"element_type": "float64", "shape": [5]}
    assert values["loss"]["type"]["shape"] == []


def test_a_formula_has_a_gradient_at_a_point(run: Run, tmp_path: Path) -> None:
    point = tmp_path / "point.npz"
    x, y = np.arange(6.0).reshape(2, 3), np.array([1.0, -1.0])
    np.savez(point, x=x, w=np.zeros(3), y=y)
    found = json.loads(run("gradient", *LOGISTIC, "--wrt", "w", "--at", point, "--json").stdout)
    assert found["value"] == pytest.approx(np.log(2))
    np.testing.assert_allclose(found["gradients"]["w"], -y @ x / 4)
    assert run("check", *LOGISTIC, "--at", point).code == 0


def test_a_formula_is_differentiated_symbolically(run: Run) -> None:
    answer = run("differentiate", "-e", "x**2", "-v", "x=", "--format", "latex")
    assert "2" in answer.stdout
    derivative = run("differentiate", "--expression", "x**2", "--variable", "x=").stdout
    assert "multiply(2.0, x)" in derivative


def test_variables_may_have_another_element_type(run: Run) -> None:
    answer = run("describe", "-e", "take(x, i)", "-v", "x=5", "-v", "i:int64=2", "--json")
    types = {row["name"]: row["type"]["element_type"] for row in json.loads(answer.stdout)["values"]}
    assert types == {"x": "float64", "i": "int64", "take": "float64"}


def test_a_fault_in_a_formula_is_shown_where_it_is(run: Run) -> None:
    answer = run("describe", "-e", "sum(x", "-v", "x=3")
    assert answer.code == 3
    assert answer.stderr.splitlines() == ["TEXT_SYNTAX", "  column 1: this bracket is not closed", "sum(x", "^"]
    assert "SHAPE_MISMATCH" in run("describe", "-e", "x @ y", "-v", "x=3", "-v", "y=2").stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "name a file, or give a formula"),
        (("-v", "x=3"), "name a file, or give a formula"),
        (("-e", "x", "-v", "x"), "is no variable; write NAME=SHAPE"),
        (("-e", "x", "-v", "x:int7=3"), "int7 is no element type"),
    ],
)
def test_what_is_missing_is_told(run: Run, arguments: tuple[str, ...], message: str) -> None:
    answer = run("describe", *arguments)
    assert answer.code == 2
    assert " ".join(message.split()) in " ".join(answer.stderr.replace("│", " ").split())


def test_a_file_and_a_formula_are_one_too_many(run: Run, rosenbrock: Path) -> None:
    assert run("describe", rosenbrock, "-e", "x", "-v", "x=").code == 2
