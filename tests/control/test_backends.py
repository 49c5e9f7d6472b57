"""Loops and branches on every backend of this tree."""

from __future__ import annotations

import numpy as np
import pytest

from gradwire_service import Engine
from gradwire_service.backend import Tier
from gradwire_service.library import Choice
from gradwire_service.query import GradientQuery, GradientResult

GRAPH = """
graph mixture
variable x: float64[3]
variable w: float64[3, 3]
composite step {
  variable c: float64[3]
  variable w: float64[3, 3]
  m = matmul(w, c)
  h = tanh(m)
  s = sum(h)
  output h = h
  output s = s
}
composite twice {
  variable s: float64[4]
  y = multiply(s, 2.0)
  output y = y
}
composite squared {
  variable s: float64[4]
  y = square(s)
  output y = y
}
start = sin(x)
path = scan(start, w, body="step", carries=1, length=4)
total = sum(path:1)
positive = greater(total, 0.0)
chosen = cond(positive, path:1, on_true="twice", on_false="squared")
e = exp(chosen)
a = sum(e)
b = sum(path)
loss = add(a, b)
output loss = loss
"""
POINT = {"x": np.array([0.3, -0.2, 0.9]), "w": np.linspace(-1, 1, 9).reshape(3, 3)}
QUERY = GradientQuery("loss", ("x", "w"))


@pytest.mark.parametrize(
    ("backend", "tolerance"), [("numba", 1e-13), ("complex_step", 1e-13), ("finite_difference", 1e-6)]
)
def test_gradients_are_those_of_the_reference(backend: str, tolerance: float) -> None:
    engine = Engine(backend="numpy")
    expected = engine.gradient(GRAPH, POINT, wrt=["x", "w"])
    choice = Choice(backend, wait_for_compiled=True)
    found = engine.evaluate_queries(GRAPH, POINT, [QUERY], [{}], choice)
    assert (found.execution.tier is Tier.COMPILED) == (backend == "numba")
    (result,) = found.results
    assert isinstance(result, GradientResult)
    np.testing.assert_allclose(result.value, expected.value, rtol=1e-13)
    for name, array in expected.gradients.items():
        np.testing.assert_allclose(result.gradients[name], array, rtol=tolerance, atol=tolerance)
