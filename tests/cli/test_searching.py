"""The command that looks for a minimum."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.cli.samples import Run

VALLEY = ["-e", "sum(100 * (x[1:] - x[:-1]**2)**2 + (1 - x[:-1])**2)", "-v", "x=2"]
WELLS = ["-e", "(x**2 - 1)**2 + 0.1 * x", "-v", "x="]


@pytest.fixture
def start(tmp_path: Path) -> Path:
    path = tmp_path / "start.npz"
    np.savez(path, x=np.array([-1.2, 1.0]))
    return path


def test_a_search_prints_the_lowest_point(run: Run, start: Path) -> None:
    answer = run("search", *VALLEY, "--at", start, "--bounds", "x=-2:2", "--seed", "3")
    assert answer.code == 0
    assert "loss = 0.0" in answer.stdout
    assert "float64[2]" in answer.stdout
    assert "evaluations" in answer.stderr


def test_the_same_seed_finds_the_same_and_json_tells_all(run: Run, start: Path) -> None:
    command = ("search", *VALLEY, "--at", start, "--method", "genetic", "--set", "population=20", "--generations", "9")
    first, second, other = (json.loads(run(*command, "--seed", seed, "--json").stdout) for seed in (1, 1, 2))
    assert first["parameters"] == second["parameters"] != other["parameters"]
    assert first["stop_reason"] == "steps"
    assert first["function_evaluations"] == 20 + 8 * 18
    assert len(first["history"]) == 9
    assert first["history"][-1] == [164, first["loss"]]


def test_generations_are_written_to_a_file(run: Run, start: Path, tmp_path: Path) -> None:
    out = tmp_path / "found.npz"
    answer = run("search", *VALLEY, "--at", start, "-m", "genetic", "--generations", "4", "-o", out)
    assert answer.code == 0
    found = np.load(out)
    assert found["candidates/x"].shape == (50 + 3 * 48, 2)
    assert np.bincount(found["generation"]).tolist() == [0, 50, 48, 48, 48]
    x = found["candidates/x"]
    np.testing.assert_allclose(
        found["candidate_losses"], 100 * (x[:, 1] - x[:, 0] ** 2) ** 2 + (1 - x[:, 0]) ** 2, rtol=1e-9
    )
    assert found["loss"] == found["candidate_losses"].min()


def test_methods_that_own_their_loop_are_there_too(run: Run, start: Path) -> None:
    found = json.loads(run("search", *VALLEY, "--at", start, "-m", "cg", "--set", "gtol=1e-8", "--json").stdout)
    np.testing.assert_allclose(found["parameters"]["x"], [1, 1], atol=1e-6)
    assert found["stop_reason"] == "converged"


def test_many_starts_list_the_minima(run: Run, tmp_path: Path) -> None:
    at, out = tmp_path / "at.json", tmp_path / "minima"
    at.write_text('{"x": 0.9}')
    answer = run("search", *WELLS, "--at", at, "-m", "tnc", "--bounds", "x=-2:2", "--starts", "8", "-o", out)
    assert "minimum" in answer.stdout
    assert "8 of 8 runs ended, at 2 places" in answer.stderr
    found = np.load(out)
    np.testing.assert_allclose(found["minima/x"], [-1.0121, 0.9870], atol=1e-3)


def test_variables_that_do_not_move_stay_as_they_are(run: Run, tmp_path: Path) -> None:
    at = tmp_path / "at.json"
    at.write_text('{"x": 0.0, "a": 3.0}')
    command = ("search", "-e", "(x - a)**2", "-v", "x=", "-v", "a=", "--at", at, "-m", "bfgs", "--wrt", "x", "--json")
    assert json.loads(run(*command).stdout)["parameters"] == {"x": pytest.approx(3.0)}


def test_without_its_package_a_search_tells_what_to_install(
    run: Run, start: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "cma", None)
    answer = run("search", *VALLEY, "--at", start, "-m", "cma_es")
    assert answer.code == 4
    assert "pip install 'gradwire[search]'" in answer.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["-m", "magic"], 3, "there is no method or search"),
        (["--bounds", "x=1"], 2, "are no bounds"),
        (["--bounds", "x=low:high"], 2, "are no bounds"),
        (["--bounds", "z=0:1"], 3, "there is no parameter 'z' to bound"),
        (["--set", "population=many"], 2, "is no setting"),
        (["--set", "population=1"], 3, "population is 1"),
        (["--set", "colour=1"], 3, "there is no hyperparameter 'colour'"),
        (["--wrt", "q"], 2, "--at has no value"),
    ],
    ids=lambda x: " ".join(x) if isinstance(x, list) else "",
)
def test_mistakes_are_told(run: Run, start: Path, arguments: list[str], code: int, words: str) -> None:
    answer = run("search", *VALLEY, "--at", start, *arguments)
    assert answer.code == code
    assert words in " ".join((answer.stdout + answer.stderr).replace("│", " ").split())
