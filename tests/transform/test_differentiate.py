"""Derivatives are graphs: right, linear in the blocks, and readable."""

from __future__ import annotations

import numpy as np
import pytest

from gradwire_service import Engine
from gradwire_service.description import DerivativeMode
from gradwire_service.errors import NotDifferentiableError, NotScalarError, UnknownValueError
from gradwire_service.graph import FLOAT32, INT64, Block, Graph, TensorType, Variable
from gradwire_service.ops.base import Value, constant, variable
from gradwire_service.ops.flat import ancestors
from gradwire_service.transform import gradient, hessian_vector_product, jvp, simplified, vjp
from gradwire_service.transform.name import named


def one(value: Value) -> Value:
    return simplified({"y": value})["y"]


def test_the_gradient_of_a_product_is_the_other_factor() -> None:
    x, w = variable("x", (3,)), variable("w", (3,))
    (w_bar,) = vjp({x * w: variable("y_bar", (3,))}, wrt=[w])
    assert str(w_bar) == "multiply(y_bar, x)"


def test_the_gradient_of_a_square_is_twice_its_base() -> None:
    x = variable("x")
    assert str(one(gradient(x**2, [x])[0])) == "multiply(2.0, x)"


def test_the_hessian_of_a_cube_is_six_times_its_base() -> None:
    x, v = variable("x"), variable("v")
    (product,) = hessian_vector_product(x * x * x, {x: v})
    engine = Engine("numpy")
    graph = named({"product": one(product)}, [x, v])
    assert engine.evaluate(graph, {"x": 2.0, "v": 1.5})["product"] == 6 * 2.0 * 1.5


def test_a_value_that_does_not_depend_has_a_gradient_of_zeros() -> None:
    x, w = variable("x", (2,)), variable("w", (3,), FLOAT32)
    (w_bar,) = vjp({x: x}, [w])
    assert (w_bar.shape, w_bar.element_type, str(w_bar.op).split("[")[0]) == ((3,), FLOAT32, "full")


def test_broadcasting_is_undone() -> None:
    x, w = variable("x", (4, 3)), variable("w", (3,))
    s = variable("s", (4, 1))
    bars = vjp({x * w * s: variable("y_bar", (4, 3))}, [x, w, s])
    assert [bar.shape for bar in bars] == [(4, 3), (3,), (4, 1)]


def test_a_gradient_of_an_inner_value_does_not_cut_the_graph() -> None:
    x = variable("x")
    u = x * 3
    u_bar, x_bar = gradient(u * u, [u, x])
    assert str(one(u_bar)) == "add(multiply(x, 3.0), multiply(x, 3.0))"
    assert one(x_bar).op.name == "multiply"


def test_only_scalars_have_a_gradient() -> None:
    x = variable("x", (3,))
    with pytest.raises(NotScalarError, match=r"'x' was asked for, but it has shape \[3\]"):
        gradient(x, [x])


def test_integers_have_no_gradient() -> None:
    n = variable("n", (), INT64)
    with pytest.raises(NotDifferentiableError, match="'n' was asked for, but its elements are int64"):
        gradient(variable("x"), [n])
    with pytest.raises(NotDifferentiableError):
        gradient(n, [variable("x")])


def test_a_graph_with_2_to_the_1000_paths_is_differentiated_in_linear_size() -> None:
    x = variable("x")
    y = x
    for _ in range(1000):
        y = y + y
    (x_bar,) = gradient(y, [x])
    assert len(ancestors([x_bar])) < 3000
    (y_dot,) = jvp([y], {x: constant(1.0)})
    assert len(ancestors([y_dot])) < 3000


def chain(n: int) -> Graph:
    blocks = [Block("b0", "multiply", ("x", "1.0001"))]
    blocks += [Block(f"b{i}", ("negative", "square", "add")[i % 3], _inputs(i)) for i in range(1, n)]
    return Graph(tuple(reversed(blocks)), {"y": f"b{n - 1}"}, (Variable("x"),))


def _inputs(i: int) -> tuple[str, ...]:
    return (f"b{i - 1}", "-0.5") if i % 3 == 2 else (f"b{i - 1}",)


def test_a_chain_of_50_000_blocks_is_differentiated_without_recursion() -> None:
    engine = Engine("numpy")
    result = engine.gradient(chain(50_000), {"x": 0.3})
    x, slope = 0.3 * 1.0001, 1.0001
    for i in range(1, 50_000):
        x, slope = ((-x, -slope), (x * x, 2 * x * slope), (x - 0.5, slope))[i % 3]
    assert result.value == pytest.approx(x, rel=1e-12)
    assert result.gradients["x"] == pytest.approx(slope, rel=1e-9, abs=1e-300)


COMPOSITES = """
graph outer
variable x: float64[n]
variable w: float64[n]
composite scaled {
  variable a: float64[m]
  variable b: float64[m]
  composite twice {
    variable t: float64[k]
    d = add(t, t)
    output d = d
  }
  p = multiply(a, b)
  q = twice(p)
  output q = q
}
l1 = scaled(x, w)
l2 = scaled(l1, w)
z = multiply(l2, l2)
output z = z
output inner = l2/q/d
"""


def test_gradients_reach_values_inside_nested_composites() -> None:
    engine = Engine("numpy")
    x, w = np.array([1.0, 2.0]), np.array([0.5, -1.5])
    wrt = ["x", "w", "l1", "l1/p", "l2/q/d"]
    got = engine.vjp(COMPOSITES, {"x": x, "w": w}, {"z": np.ones(2)}, wrt=wrt)
    l1, l2 = 2 * x * w, 4 * x * w * w
    expected = {
        "x": 2 * l2 * 4 * w * w,
        "w": 2 * l2 * 8 * x * w,
        "l1": 2 * l2 * 2 * w,
        "l1/p": 2 * l2 * 2 * w * 2,
        "l2/q/d": 2 * l2,
    }
    assert got.values["z"] == pytest.approx(l2 * l2)
    for name, value in expected.items():
        assert got.cotangents[name] == pytest.approx(value), name
    assert engine.evaluate(COMPOSITES, {"x": x, "w": w})["inner"] == pytest.approx(2 * l1 * w)


def test_a_value_that_is_not_there_is_refused_by_name() -> None:
    with pytest.raises(UnknownValueError, match="'l1/nothing'"):
        Engine("numpy").vjp(COMPOSITES, {"x": [1.0], "w": [1.0]}, {"z": [1.0]}, wrt=["l1/nothing"])


def test_the_derivative_graph_can_be_sent_back_and_run() -> None:
    engine = Engine("numpy")
    derivative = engine.differentiate(COMPOSITES, ["z"], ["w"], mode=DerivativeMode.VJP, dimensions={"n": 2})
    inputs = {"x": [1.0, 2.0], "w": [0.5, -1.5], derivative.seeds["z"]: [1.0, 1.0]}
    direct = engine.vjp(COMPOSITES, {"x": [1.0, 2.0], "w": [0.5, -1.5]}, {"z": [1.0, 1.0]}, wrt=["w"])
    again = engine.evaluate(str(derivative.graph), inputs)
    assert again[derivative.derivatives["w"]].tolist() == direct.cotangents["w"].tolist()


def test_types_are_those_of_the_value() -> None:
    x = variable("x", (2,), FLOAT32)
    (x_bar,) = vjp({x * x: x}, [x])
    assert x_bar.type == TensorType((2,), FLOAT32)
