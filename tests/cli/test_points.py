"""Commands about a graph at a point."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tests.cli.samples import ROSENBROCK, Run

GRADIENT = {"x": 2 * (1.2 - 1) - 400 * 1.2 * (-0.7 - 1.44), "y": 200 * (-0.7 - 1.44)}


def test_gradient_prints_the_value_and_the_derivatives(run: Run, rosenbrock: Path, point: Path) -> None:
    answer = run("gradient", rosenbrock, "--at", point)
    assert answer.code == 0
    assert "value = 457.99999999999983" in answer.stdout
    assert "1027.6" in answer.stdout
    assert answer.stderr.startswith("numpy, interpreted")


def test_gradient_as_json_is_exact(run: Run, rosenbrock: Path, point: Path) -> None:
    found = json.loads(run("gradient", rosenbrock, "--at", point, "--wrt", "x", "--json").stdout)
    assert found["value"] == pytest.approx(458)
    assert found["gradients"] == {"x": pytest.approx(GRADIENT["x"], rel=1e-14)}


def test_gradient_writes_arrays_to_a_file_of_exactly_that_name(
    run: Run, weighted: Path, rows: Path, tmp_path: Path
) -> None:
    answer = run("gradient", weighted, "--at", rows, "--wrt", "w", "--wrt", "u", "-o", tmp_path / "result")
    assert answer.code == 0
    found = np.load(tmp_path / "result", allow_pickle=False)
    values = np.load(rows)
    u = values["x"] * values["w"]
    assert set(found.files) == {"value", "gradient/w", "gradient/u"}
    assert found["value"] == np.sum(u**2)
    np.testing.assert_allclose(found["gradient/w"], (2 * u * values["x"]).sum(axis=0), rtol=1e-14)
    np.testing.assert_array_equal(found["gradient/u"], 2 * u)


def test_values_may_be_json(run: Run, weighted: Path, tmp_path: Path) -> None:
    values = tmp_path / "values.json"
    values.write_text('{"x": [[0, 1, 2], [3, 4, 5]], "w": [1, -2, 0.5]}')
    found = json.loads(run("gradient", weighted, "--at", values, "--json").stdout)
    assert found["value"] == 0 + 4 + 1 + 9 + 64 + 6.25


def test_what_is_not_finite_is_told_and_stays_valid_json(run: Run, tmp_path: Path, rosenbrock: Path) -> None:
    values = tmp_path / "values.npz"
    np.savez(values, x=np.inf, y=1.0)
    answer = run("gradient", rosenbrock, "--at", values, "--json")
    assert json.loads(answer.stdout)["value"] == "Infinity"
    assert "NaN or infinite, first in x" in run("gradient", rosenbrock, "--at", values).stderr


def test_a_singular_matrix_is_told_of(run: Run, tmp_path: Path) -> None:
    graph, values = tmp_path / "graph.txt", tmp_path / "values.npz"
    graph.write_text("variable a: float64[2, 2]\ni = inv(a)\ny = trace(i)\noutput y = y\n")
    np.savez(values, a=np.ones((2, 2)))
    assert "i: SINGULAR" in run("gradient", graph, "--at", values).stderr.splitlines()


def test_compare_holds_every_available_way_against_the_reference(run: Run, rosenbrock: Path, point: Path) -> None:
    answer = run("compare", rosenbrock, "--at", point, "--repetitions", 1, "--json")
    rows = {row["backend"]: row for row in json.loads(answer.stdout)["rows"]}
    assert rows["numpy"]["greatest_relative_error"] == 0
    assert rows["complex_step"]["greatest_relative_error"] < 1e-14
    assert 1e-12 < rows["finite_difference:forward"]["greatest_relative_error"] < 1e-6
    assert rows["finite_difference:central"]["function_evaluations"] == 5
    assert "complex_step: done" in answer.stderr


def test_compare_goes_on_when_one_way_fails(run: Run, rosenbrock: Path, point: Path) -> None:
    ways = ("-b", "finite_difference:sideways", "-b", "numpy", "--at", point, "--repetitions", 1)
    failed, worked = json.loads(run("compare", rosenbrock, *ways, "--json").stdout)["rows"]
    assert failed["error"]["reason"] == "QUERY_INVALID"
    assert worked["greatest_relative_error"] == 0
    assert "no method 'sideways'" in run("compare", rosenbrock, *ways).stdout


def test_check_passes_a_right_gradient(run: Run, rosenbrock: Path, point: Path) -> None:
    answer = run("check", rosenbrock, "--at", point)
    assert answer.code == 0
    assert answer.stdout.count("passed") == 2


def test_check_exits_with_1_when_a_gradient_is_not_what_differences_say(run: Run, tmp_path: Path) -> None:
    graph, values = tmp_path / "graph.gw", tmp_path / "x.json"
    graph.write_text("variable x: float64[]\ny = relu(x)\noutput y = y\n")
    values.write_text('{"x": 0}')  # the kink
    answer = run("check", graph, "--at", values, "--json")
    assert answer.code == 1
    (row,) = json.loads(answer.stdout)["checks"]
    assert not row["passed"]
    assert row["exact"] == 0
    assert row["numerical"] == pytest.approx(0.5)
    assert "FAILED" in run("check", graph, "--at", values).stdout


def test_check_takes_a_tolerance(run: Run, rosenbrock: Path, point: Path) -> None:
    assert run("check", rosenbrock, "--at", point, "--tolerance", 1e-300).code == 1


def test_a_backend_that_is_not_there_is_an_error_that_lists_those_that_are(
    run: Run, rosenbrock: Path, point: Path
) -> None:
    answer = run("gradient", rosenbrock, "--at", point, "-b", "abacus")
    assert answer.code == 3
    assert "BACKEND_UNKNOWN" in answer.stderr
    assert "numpy" in answer.stderr


def test_only_finite_differences_have_methods(run: Run, rosenbrock: Path, point: Path) -> None:
    assert run("gradient", rosenbrock, "--at", point, "-b", "numpy:central").code == 3
    answer = run("gradient", rosenbrock, "--at", point, "-b", "finite_difference:sideways")
    assert answer.code == 3
    assert "richardson" in answer.stderr


def test_a_missing_input_is_named(run: Run, rosenbrock: Path, tmp_path: Path) -> None:
    np.savez(tmp_path / "half.npz", x=1.0)
    answer = run("gradient", rosenbrock, "--at", tmp_path / "half.npz")
    assert answer.code == 3
    assert "INPUT_MISSING" in answer.stderr
    assert "'y'" in answer.stderr


@pytest.mark.parametrize("command", ["gradient", "compare", "check"])
def test_commands_that_need_a_point_say_which_arrays_it_has(run: Run, rosenbrock: Path, command: str) -> None:
    answer = run(command, rosenbrock)
    assert answer.code == 2
    assert "--at" in answer.stderr
    assert "x, y" in answer.stderr


def test_files_of_values_are_never_unpickled(run: Run, rosenbrock: Path, tmp_path: Path) -> None:
    np.savez(tmp_path / "objects.npz", x=np.array([{"a": 1}], dtype=object), y=1.0)
    answer = run("gradient", rosenbrock, "--at", tmp_path / "objects.npz")
    assert answer.code == 3
    assert "numpy.savez" in answer.stderr


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 and then nothing", ROSENBROCK.encode()])
def test_a_damaged_file_of_values_is_told_apart(run: Run, rosenbrock: Path, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "damaged.npz").write_bytes(content)
    answer = run("gradient", rosenbrock, "--at", tmp_path / "damaged.npz")
    assert answer.code == 3
    assert "damaged.npz" in answer.stderr


@pytest.mark.parametrize("values", ['{"x": "one", "y": 2}', '{"x": [1, [2]], "y": 2}', "[1, 2]", "{"])
def test_json_that_is_no_set_of_arrays_is_refused(run: Run, rosenbrock: Path, tmp_path: Path, values: str) -> None:
    (tmp_path / "values.json").write_text(values)
    assert run("gradient", rosenbrock, "--at", tmp_path / "values.json").code == 3


def test_elements_that_no_value_has_are_refused(run: Run, rosenbrock: Path, tmp_path: Path) -> None:
    np.savez(tmp_path / "complex.npz", x=1j, y=1.0)
    answer = run("gradient", rosenbrock, "--at", tmp_path / "complex.npz")
    assert answer.code == 3
    assert "'x'" in answer.stderr
