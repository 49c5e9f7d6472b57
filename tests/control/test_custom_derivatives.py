"""Bodies with derivatives of their own, bodies that are evaluated again, and solutions of equations."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradwire_service import Engine
from gradwire_service.control import Checkpoint, CustomDerivative, Root
from gradwire_service.control.custom import Barrier
from gradwire_service.errors import GradwireError
from gradwire_service.interpreter import interpret
from gradwire_service.ops import FlatGraph, Value, variable
from gradwire_service.ops.body import Body
from gradwire_service.ops.functions import cos, exp, sin, tanh
from gradwire_service.ops.functions import sum as sum_
from gradwire_service.transform import gradient, hessian_vector_product, jvp, simplify, vjp

X = np.array([0.3, -0.7, 2.0])


def run(outputs: dict[str, Value], **inputs: Any) -> dict[str, Any]:
    fed = {name: np.asarray(x) for name, x in inputs.items()}
    return dict(interpret(simplify(FlatGraph.of(outputs)))(fed))


def sine(*, pullback: bool = False, pushforward: bool = False, factor: float = 1.0) -> CustomDerivative:
    """Return sin x, with a derivative that is `factor` times cos x."""
    x, y, s = (variable(name, (3,)) for name in "xys")
    rule = Body((x, y, s), (s * cos(x) * factor,))
    return CustomDerivative(Body((x,), (sin(x),)), rule if pullback else None, rule if pushforward else None)


@pytest.mark.parametrize("given", ["pullback", "pushforward"])
def test_the_given_derivative_is_used_in_both_modes(given: str) -> None:
    x = variable("x", (3,))
    (y,) = sine(factor=5.0, **{given: True})(x)
    slope = gradient(sum_(y), [x])[0]
    outputs = {
        "y": y,
        "slope": slope,
        "forward": jvp([y], {x: x})[0],
        "second": hessian_vector_product(sum_(y), {x: x})[0],
        "back": vjp({slope: x}, [x])[0],
    }
    found = run(outputs, x=X)
    expected = {"y": np.sin(X), "slope": 5 * np.cos(X), "forward": 5 * np.cos(X) * X, "second": -5 * np.sin(X) * X}
    for name, array in {**expected, "back": expected["second"]}.items():
        np.testing.assert_allclose(found[name], array, rtol=1e-14, err_msg=name)


def test_without_derivatives_it_has_none() -> None:
    x = variable("x", (3,))
    (y,) = sine()(x)
    np.testing.assert_array_equal(run({"y": y}, x=X)["y"], np.sin(X))
    with pytest.raises(GradwireError, match="was given no derivative"):
        gradient(sum_(y), [x])


def test_once_derivatives_are_taken_it_is_its_body() -> None:
    x = variable("x", (3,))
    (y,) = sine(pullback=True)(x)
    flat = simplify(FlatGraph.of({"y": y, "slope": gradient(sum_(y), [x])[0]}))
    assert sorted(value.op.name for value in flat.blocks) == ["cos", "sin"]


GRAPH = """
graph softplus
variable x: float64[3]
composite value {
  variable x: float64[3]
  e = exp(x)
  y = log1p(e)
  output y = y
}
composite slope {
  variable x: float64[3]
  variable y: float64[3]
  variable y_bar: float64[3]
  s = sigmoid(x)
  x_bar = multiply(y_bar, s)
  output x_bar = x_bar
}
y = custom_derivative(x, body="value", pullback="slope")
loss = sum(y)
output loss = loss
"""


def test_it_can_be_checked_against_differences() -> None:
    engine = Engine(backend="numpy")
    assert all(check.passed for check in engine.check(GRAPH, {"x": X}))
    wrong = GRAPH.replace("s = sigmoid(x)", "s = tanh(x)")
    assert not any(check.passed for check in engine.check(wrong, {"x": X}))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("variable y_bar: float64[3]", "variable y_bar: float64[3]\n  variable z: float64[3]"), "is handed 3"),
        (("output x_bar = x_bar", "t = sum(x_bar)\n  output x_bar = t"), "one for each floating value, of its type"),
    ],
)
def test_derivatives_that_do_not_fit_are_refused(change: tuple[str, str], words: str) -> None:
    with pytest.raises(GradwireError) as caught:
        Engine(backend="numpy").evaluate(GRAPH.replace(*change), {"x": X})
    assert words in caught.value.message
    assert "'y'" in caught.value.message


def test_a_checkpoint_is_evaluated_again_and_changes_no_number() -> None:
    x, inner = variable("x", (3,)), variable("inner", (3,))
    body = Body((inner,), (tanh(sin(inner) * exp(inner)),))
    (y,), (z,) = Checkpoint(body)(x), body(x)
    found = []
    for value in (y, z):
        slope = gradient(sum_(value), [x])[0]
        outputs = {"slope": slope, "second": jvp([slope], {x: x})[0], "forward": jvp([value], {x: x})[0]}
        found.append(run(outputs, x=X))
    for name, array in found[1].items():
        np.testing.assert_allclose(found[0][name], array, rtol=1e-14, err_msg=name)
    flat = simplify(FlatGraph.of({"y": y, "slope": gradient(sum_(y), [x])[0]}))
    assert sum(value.op.name == "tanh" for value in flat.blocks) == 2
    assert any(isinstance(value.op, Barrier) for value in flat.blocks)


def kepler() -> tuple[Value, Value, Value]:
    """Return the eccentric anomaly, E - e sin E = M, with e and M."""
    unknown, e, m = variable("unknown"), variable("e"), variable("m")
    (anomaly,) = Root(Body((unknown, e, m), (unknown - e * sin(unknown) - m,)))(variable("start"), e, m)
    return anomaly, e, m


def test_derivatives_of_a_solution_are_those_of_the_implicit_function() -> None:
    y, e, m = kepler()
    slopes = gradient(y, [e, m])
    outputs = {"y": y, "e": slopes[0], "m": slopes[1], "forward": jvp([y], {e: e, m: m})[0]}
    outputs |= {"curved": jvp([slopes[1]], {m: m})[0], "back": vjp({slopes[1]: m}, [m])[0]}
    e_, m_ = 0.4, 1.3
    found = {name: float(x) for name, x in run(outputs, start=m_, e=e_, m=m_).items()}
    y_ = found["y"]
    denominator = 1 - e_ * np.cos(y_)
    assert abs(y_ - e_ * np.sin(y_) - m_) < 1e-14
    assert found["e"] == pytest.approx(np.sin(y_) / denominator, rel=1e-12)
    assert found["m"] == pytest.approx(1 / denominator, rel=1e-12)
    assert found["forward"] == pytest.approx(e_ * found["e"] + m_ * found["m"], rel=1e-12)
    second = -e_ * np.sin(y_) / denominator**3
    assert found["curved"] == pytest.approx(m_ * second, rel=1e-11)
    assert found["back"] == pytest.approx(m_ * second, rel=1e-11)


def test_equations_may_have_several_unknowns_of_any_shape() -> None:
    u, v, a = variable("u", (2,)), variable("v"), variable("a", (2,))
    body = Body((u, v, a), (u * u - a, v * v * v - sum_(u)))
    starts = variable("su", (2,)), variable("sv")
    x, y = Root(body, unknowns=2)(*starts, a)
    slope = gradient(y, [a])[0]
    found = run({"x": x, "y": y, "a": slope}, su=np.ones(2), sv=1.0, a=np.array([4.0, 9.0]))
    np.testing.assert_allclose(found["x"], [2, 3], rtol=1e-14)
    np.testing.assert_allclose(found["y"], 5 ** (1 / 3), rtol=1e-14)
    np.testing.assert_allclose(found["a"], 5 ** (-2 / 3) / 3 / np.array([4.0, 6.0]), rtol=1e-12)


def test_equations_without_a_solution_give_nan() -> None:
    u, a = variable("u"), variable("a")
    (x,) = Root(Body((u, a), (u * u + a,)))(variable("s"), a)
    assert np.isnan(run({"x": x}, s=1.0, a=2.0)["x"])


IMPLICIT = """
graph implicit
variable a: float64[]
composite map {
  variable x: float64[]
  variable a: float64[]
  c = cos(x)
  y = multiply(a, c)
  output y = y
}
composite well {
  variable x: float64[]
  variable a: float64[]
  d = subtract(x, a)
  p = square(d)
  q = exp(x)
  y = add(p, q)
  output y = y
}
f = fixed_point(0.5, a, body="map")
m = minimizer(0.0, a, body="well")
output fixed = f
output least = m
"""


def test_fixed_points_and_minimizers_are_roots() -> None:
    engine = Engine(backend="numpy")
    found = engine.evaluate(IMPLICIT, {"a": 0.9})
    x, m = float(found["fixed"]), float(found["least"])
    assert x == pytest.approx(0.9 * np.cos(x), rel=1e-14)
    assert 2 * (m - 0.9) + np.exp(m) == pytest.approx(0, abs=1e-14)
    slope = engine.gradient(IMPLICIT, {"a": 0.9}, of="fixed").gradients["a"]
    assert slope == pytest.approx(np.cos(x) / (1 + 0.9 * np.sin(x)), rel=1e-12)
    slope = engine.gradient(IMPLICIT, {"a": 0.9}, of="least").gradients["a"]
    assert slope == pytest.approx(2 / (2 + np.exp(m)), rel=1e-12)
