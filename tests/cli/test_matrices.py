"""Commands about matrices of derivatives."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tests.cli.samples import Run

X, W = np.arange(6.0).reshape(2, 3), np.array([1.0, -2.0, 0.5])


def test_jacobian_prints_a_row_for_each_matrix_and_the_sweeps(run: Run, weighted: Path, rows: Path) -> None:
    answer = run("jacobian", weighted, "--at", rows, "--of", "u", "--of", "loss", "--wrt", "w")
    assert answer.code == 0
    assert "float64[2, 3, 3]" in answer.stdout
    assert "sweep" in answer.stderr
    assert "numpy, interpreted" in answer.stderr


def test_a_dense_jacobian_as_json_and_in_a_file(run: Run, weighted: Path, rows: Path, tmp_path: Path) -> None:
    out = tmp_path / "result"
    answer = run("jacobian", weighted, "--at", rows, "--of", "u", "--wrt", "w", "--json", "-o", out)
    (matrix,) = json.loads(answer.stdout)["matrices"]
    assert (matrix["row"], matrix["column"]) == ("u", "w")
    expected = X[:, :, None] * np.eye(3)
    assert matrix["entries"] == expected.tolist()
    assert json.loads(answer.stdout)["sweeps"] == 1
    found = np.load(out, allow_pickle=False)
    assert set(found.files) == {"value/u", "jacobian/u/w", "sweep"}
    np.testing.assert_array_equal(found["jacobian/u/w"], expected)
    np.testing.assert_array_equal(found["value/u"], X * W)


def test_a_sparse_hessian_as_json_and_in_a_file(run: Run, weighted: Path, rows: Path, tmp_path: Path) -> None:
    out = tmp_path / "result"
    answer = run("hessian", weighted, "--at", rows, "--wrt", "w", "--sparse", "--json", "-o", out)
    (matrix,) = json.loads(answer.stdout)["matrices"]
    assert (matrix["shape"], matrix["rows"], matrix["columns"]) == ([3, 3], [0, 1, 2], [0, 1, 2])
    assert matrix["values"] == pytest.approx((2 * X**2).sum(0))
    found = np.load(out, allow_pickle=False)
    np.testing.assert_allclose(found["hessian/w/w/values"], (2 * X**2).sum(0))
    np.testing.assert_allclose(found["gradient/w"], (2 * X**2 * W).sum(0))
    assert found["value"] == np.sum((X * W) ** 2)


def test_the_hessian_of_what_is_no_scalar_is_refused(run: Run, weighted: Path, rows: Path) -> None:
    answer = run("hessian", weighted, "--at", rows, "--of", "u")
    assert answer.code == 3
    assert "NOT_SCALAR" in answer.stderr


def test_a_formula_will_do(run: Run, tmp_path: Path) -> None:
    values = tmp_path / "values.json"
    values.write_text('{"x": [1, 2, 3]}')
    answer = run("hessian", "--expression", "sum(x**3)", "--variable", "x=3", "--at", values, "--json")
    assert json.loads(answer.stdout)["matrices"][0]["entries"] == np.diag([6.0, 12.0, 18.0]).tolist()
