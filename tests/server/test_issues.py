"""A matrix that has no factorization or no inverse is told of by its block's name, and spoils no other."""

from __future__ import annotations

import numpy as np
import pytest

from gradwire import v1 as pb
from gradwire_service.wire import decode_tensor, decode_tensors
from tests.server.calling import Caller, evaluation, gradient

EVALUATE = "DifferentiationService/Evaluate"

LIKELIHOOD = """graph likelihood
variable k: float64[m, 2, 2]
variable y: float64[m, 2]
factor = cholesky(k)
column = expand_dims(y, axis=[-1])
white = solve_triangular(factor, column, lower=true)
square = square(white)
quadratic = sum(square, axis=[-2, -1])
total = sum(quadratic)
output quadratic = quadratic
output total = total
"""
GOOD, BAD = np.array([[2.0, 0.5], [0.5, 1.0]]), np.array([[1.0, 2.0], [2.0, 1.0]])


def issues(response: pb.EvaluateResponse) -> dict[str, str]:
    return {issue.block: issue.issue for issue in response.execution.issues}


def test_a_matrix_that_is_not_positive_definite_is_told_of_and_the_others_are_right(caller: Caller) -> None:
    y = np.array([[1.0, -1.0], [1.0, 1.0], [0.5, 2.0]])
    queries = [pb.Query(value=pb.ValueQuery(of=["quadratic"])), gradient("total", "y")]
    response = caller.ask(EVALUATE, evaluation(LIKELIHOOD, queries, k=np.array([GOOD, BAD, GOOD]), y=y))
    assert issues(response) == {"factor": "NOT_POSITIVE_DEFINITE"}
    assert response.execution.non_finite_block == "factor"
    value, slope = response.results
    quadratic = decode_tensors(value.value.values)["quadratic"]
    y_bar = decode_tensor(slope.gradient.gradients["y"])
    assert np.isnan(quadratic[1])
    assert np.isnan(y_bar[1]).all()
    for i in (0, 2):
        weights = np.linalg.solve(GOOD, y[i])
        assert quadratic[i] == pytest.approx(y[i] @ weights, rel=1e-14)
        assert y_bar[i] == pytest.approx(2 * weights, rel=1e-14)


def test_when_all_is_well_nothing_is_told(caller: Caller) -> None:
    response = caller.ask(EVALUATE, evaluation(LIKELIHOOD, k=GOOD[None], y=np.ones((1, 2))))
    assert not response.execution.non_finite
    assert issues(response) == {}


@pytest.mark.parametrize(
    ("block", "name"),
    [
        ("y = solve(a, a)", "y"),
        ("y = inv(a)", "y"),
        ("y = solve_triangular(a, a)", "y"),
        ("y = matrix_power(a, n=-2)", "y/solve"),
        ("s = slogdet(a)\ny = exp(s:1)\nz = add(y, s:1)", "s"),
    ],
)
def test_a_singular_matrix_is_told_of(caller: Caller, block: str, name: str) -> None:
    output = block.rpartition("\n")[2].partition(" ")[0]
    graph = f"graph g\nvariable a: float64[2, 2]\n{block}\noutput y = {output}\n"
    response = caller.ask(EVALUATE, evaluation(graph, a=np.array([[1.0, 2.0], [0.0, 0.0]])))
    assert issues(response) == {name: "SINGULAR"}


def test_a_matrix_with_nan_is_not_said_to_be_singular(caller: Caller) -> None:
    graph = "graph g\nvariable a: float64[2, 2]\ny = inv(a)\noutput y = y\n"
    response = caller.ask(EVALUATE, evaluation(graph, a=np.array([[1.0, np.nan], [0.0, 1.0]])))
    assert response.execution.non_finite_block == "a"
    assert issues(response) == {}


def test_two_blocks_that_fail_are_both_told_of(caller: Caller) -> None:
    graph = "graph g\nvariable a: float64[2, 2]\nl = cholesky(a)\nx = inv(a)\noutput l = l\noutput x = x\n"
    response = caller.ask(EVALUATE, evaluation(graph, a=np.array([[1.0, 1.0], [1.0, 1.0]])))
    assert issues(response) == {"l": "NOT_POSITIVE_DEFINITE", "x": "SINGULAR"}
