"""The chains of blocks from which Gradwire grew, held against the closed forms of their derivatives."""

from __future__ import annotations

import numpy as np
import pytest

from gradwire_service import Engine

X, Y, W = np.array([0.5, -1.0, 2.0]), 1.0, np.array([0.1, 0.4, -0.3])
BACKENDS = ("numpy", "numba", "finite_difference", "complex_step")

LINEAR = """
graph linear
variable x: float64[3]
variable y: float64[]
variable w: float64[3]
u = matmul(w, x)
e = subtract(u, y)
L = square(e)
output L = L
"""

SIGMOID = """
graph sigmoid_squared
variable x: float64[3]
variable y: float64[]
variable w: float64[3]
u = matmul(w, x)
p = sigmoid(u)
e = subtract(p, y)
L = square(e)
output L = L
"""

LOGISTIC = """
graph negative_log_sigmoid
variable x: float64[3]
variable w: float64[3]
u = matmul(w, x)
p = sigmoid(u)
l = log(p)
L = negative(l)
output L = L
"""


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_linear_model_with_squared_loss(backend: str) -> None:
    got = Engine().gradient(LINEAR, {"x": X, "y": Y, "w": W}, wrt=["e", "u", "w", "x", "y"], backend=backend)
    u = W @ X
    assert got.value == pytest.approx((u - Y) ** 2)
    expected = {"e": 2 * (u - Y), "u": 2 * (u - Y), "w": 2 * (u - Y) * X, "x": 2 * (u - Y) * W, "y": -2 * (u - Y)}
    for name, value in expected.items():
        np.testing.assert_allclose(got.gradients[name], value, rtol=1e-8, err_msg=name)


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_sigmoid_model_with_squared_loss(backend: str) -> None:
    got = Engine().gradient(SIGMOID, {"x": X, "y": Y, "w": W}, wrt=["e", "p", "u", "w"], backend=backend)
    p = 1 / (1 + np.exp(-W @ X))
    slope = 2 * (p - Y) * p * (1 - p)
    assert got.value == pytest.approx((p - Y) ** 2)
    expected = {"e": 2 * (p - Y), "p": 2 * (p - Y), "u": slope, "w": slope * X}
    for name, value in expected.items():
        np.testing.assert_allclose(got.gradients[name], value, rtol=1e-8, err_msg=name)


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_negative_log_likelihood_of_a_sigmoid_with_all_intermediates(backend: str) -> None:
    got = Engine().gradient(LOGISTIC, {"x": X, "w": W}, wrt=["l", "p", "u", "w", "x"], backend=backend)
    p = 1 / (1 + np.exp(-W @ X))
    assert got.value == pytest.approx(-np.log(p))
    expected = {"l": -1.0, "p": -1 / p, "u": p - 1, "w": (p - 1) * X, "x": (p - 1) * W}
    for name, value in expected.items():
        np.testing.assert_allclose(got.gradients[name], value, rtol=1e-8, err_msg=name)


def tail(loss: str) -> str:
    return f"graph tail\nvariable u: float64[]\n{loss}\nL = negative(l)\noutput L = L\n"


CHAINED, STABLE = tail("p = sigmoid(u)\nl = log(p)"), tail("l = log_sigmoid(u)")


@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_far_out_the_chain_overflows_and_the_stable_op_does_not(backend: str) -> None:
    """At u = -800 the chain has p = 0: its loss is ∞, and its slope ∞ · 0. `log_sigmoid` keeps both."""
    engine = Engine()
    chained = engine.gradient(CHAINED, {"u": -800.0}, wrt=["p", "u"], backend=backend)
    assert chained.value == np.inf
    assert chained.gradients["p"] == -np.inf
    assert np.isnan(chained.gradients["u"])
    stable = engine.gradient(STABLE, {"u": -800.0}, wrt=["u"], backend=backend)
    assert stable.value == 800.0
    assert stable.gradients["u"] == -1.0


@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_on_the_other_side_both_forms_agree_that_nothing_is_left(backend: str) -> None:
    engine = Engine()
    for text in (CHAINED, STABLE):
        got = engine.gradient(text, {"u": 800.0}, wrt=["u"], backend=backend)
        assert got.value == pytest.approx(0, abs=1e-300)
        assert got.gradients["u"] == pytest.approx(0, abs=1e-300)
