"""Derivatives of loops are graphs that can be read, sent, and run elsewhere."""

from __future__ import annotations

import numpy as np

from gradwire_service import Engine
from gradwire_service.description import DerivativeMode
from gradwire_service.graph import parse, write

LOOP = """
graph decay
variable x0: float64[]
variable rates: float64[n]
composite step {
  variable x: float64[]
  variable rate: float64[]
  slower = multiply(rate, 0.1)
  next = exp(slower)
  y = multiply(x, next)
  output y = y
  output seen = y
}
composite minus {
  variable x: float64[]
  y = negative(x)
  output y = y
}
composite same {
  variable x: float64[]
  y = multiply(x, 1.0)
  output y = y
}
s = scan(x0, rates, body="step", carries=1, sequences=1)
positive = greater(s, 0.0)
end = cond(positive, s, on_true="same", on_false="minus")
total = sum(s:1)
loss = add(end, total)
output loss = loss
"""
POINT = {"x0": np.array(-2.0), "rates": np.array([0.5, -1.0, 2.0, 0.3])}


def test_the_derivative_of_a_loop_is_a_graph_with_composites() -> None:
    engine = Engine(backend="numpy")
    derivative = engine.differentiate(LOOP, dimensions={"n": 4}, wrt=["x0", "rates"])
    text = write(derivative.graph)
    assert "scan(" in text
    assert "switch(" in text
    again = parse(text)
    assert again == derivative.graph
    found = engine.evaluate(again, POINT)
    expected = engine.gradient(LOOP, POINT, wrt=["x0", "rates"]).gradients
    for name in ("x0", "rates"):
        np.testing.assert_allclose(found[derivative.derivatives[name]], expected[name], rtol=1e-14)


def test_it_can_be_differentiated_again() -> None:
    engine = Engine(backend="numpy")
    derivative = engine.differentiate(LOOP, dimensions={"n": 4}, wrt=["rates"], mode=DerivativeMode.GRADIENT)
    slope = derivative.derivatives["rates"]
    found = engine.vjp(derivative.graph, POINT, {slope: np.ones(4)}, wrt=["rates"]).cotangents["rates"]
    products = engine.hvp(LOOP, POINT, {"rates": np.ones(4)}).products["rates"]
    np.testing.assert_allclose(found, products, rtol=1e-13)
