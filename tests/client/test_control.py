"""Loops, branches and derivatives of one's own, written with functions."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

import gradwire as gw
from gradwire.errors import TracingError
from gradwire_service import Engine
from gradwire_service.errors import ShapeError

ENGINE = Engine(backend="numpy")


def evaluated(graph: gw.Graph, inputs: Any, *wrt: str, of: str = "") -> Any:
    """Return the value of the graph, and gradients if there are any asked for."""
    if not wrt:
        return ENGINE.evaluate(str(graph), inputs)
    return ENGINE.gradient(str(graph), inputs, of=of, wrt=wrt)


def test_a_scan_takes_and_returns_trees_and_sees_what_is_around_it() -> None:
    x, rates, k = gw.variable("x", (2,)), gw.variable("rates", (5,)), gw.variable("k")
    doubled = 2 * k

    def step(carry: Any, rate: Any) -> Any:
        following = {"x": carry["x"] * gw.exp(-rate * doubled), "n": carry["n"] + 1}
        return following, (gw.sum(following["x"]), None)

    end, (path, nothing) = gw.scan(step, {"x": x, "n": 0}, rates)
    assert nothing is None
    assert path.shape == (5,)
    graph = gw.Graph({"end": gw.sum(end["x"]), "n": end["n"], "path": path})
    r, x0 = np.linspace(0, 1, 5), np.array([1.0, 2.0])
    found = evaluated(graph, {"x": x0, "rates": r, "k": 0.5})
    np.testing.assert_allclose(found["path"], 3 * np.exp(-np.cumsum(r)), rtol=1e-14)
    assert found["n"] == 5
    slopes = evaluated(graph, {"x": x0, "rates": r, "k": 0.5}, "k", "rates", of="end").gradients
    end_value = 3 * np.exp(-r.sum())
    np.testing.assert_allclose(slopes["k"], -2 * r.sum() * end_value, rtol=1e-13)
    np.testing.assert_allclose(slopes["rates"], np.full(5, -end_value), rtol=1e-13)


def test_what_does_not_depend_on_the_step_is_computed_outside() -> None:
    x = gw.variable("x", (3,))
    (end), _ = gw.scan(lambda c, _: (c + gw.sum(gw.exp(x)), None), 0.0, length=4)
    text = str(gw.Graph({"y": end}))
    outside = text.partition("scan(")[0].rpartition("}")[2]
    assert "exp(x)" in outside


def test_a_batch_of_any_size_may_be_looped_over() -> None:
    xs = gw.variable("xs", ("batch", 2))
    graph = gw.Graph({"y": gw.map(lambda x: gw.sum(x * x), xs)})
    for size in (1, 4):
        data = np.arange(2.0 * size).reshape(size, 2)
        np.testing.assert_array_equal(evaluated(graph, {"xs": data})["y"], (data**2).sum(1))


def test_loops_over_numbers_and_conditions() -> None:
    x = gw.variable("x")
    power = gw.fori_loop(1, 4, lambda i, c: c * x + gw.astype(i, "float64"), x)
    root = gw.while_loop(lambda y: gw.abs(y * y - x) > 1e-12, lambda y: (y + x / y) / 2, x, max_trips=50)
    graph = gw.Graph({"power": power, "root": root})
    found = evaluated(graph, {"x": 2.0})
    assert found["power"] == ((2.0 * 2 + 1) * 2 + 2) * 2 + 3
    np.testing.assert_allclose(found["root"], np.sqrt(2))
    np.testing.assert_allclose(evaluated(graph, {"x": 2.0}, "x", of="root").gradients["x"], 0.5 / np.sqrt(2))


def test_branches_take_operands_or_see_what_is_around_them() -> None:
    x, i = gw.variable("x"), gw.variable("i", (), "int64")
    chosen = gw.cond(x > 0, lambda: gw.log(x), lambda: -x)
    several = gw.switch(i, [lambda a: {"y": a, "z": a * a}, lambda a: {"y": gw.sin(a), "z": x}], x)
    graph = gw.Graph({"chosen": chosen, "y": several["y"], "z": several["z"]})
    for value, index, expected in ((2.0, 0, (np.log(2), 2.0, 4.0)), (-3.0, 1, (3.0, np.sin(-3.0), -3.0))):
        found = evaluated(graph, {"x": value, "i": np.int64(index)})
        np.testing.assert_allclose([found["chosen"], found["y"], found["z"]], expected)


def test_derivatives_of_ones_own_are_used_and_can_be_checked() -> None:
    def slope(x: Any, y: Any, y_bar: Any) -> Any:
        return y_bar * 3 * x * x

    cube = gw.custom_derivative(lambda x: x**3, vjp=slope)
    x = gw.variable("x", (2,))
    with gw.connect() as service:
        graph = gw.Graph({"y": gw.sum(cube(x))})
        point = {"x": np.array([1.0, -2.0])}
        result = service.gradient(graph, point)
        np.testing.assert_array_equal(result.gradients["x"], [3.0, 12.0])
        assert service.check(graph, point).passed
        wrong = gw.custom_derivative(lambda x: x**3, vjp=lambda x, y, y_bar: y_bar * x)
        assert not service.check(gw.Graph({"y": gw.sum(wrong(x))}), point).passed


def test_solutions_of_equations_depend_on_what_is_around_them() -> None:
    a = gw.variable("a")
    graph = gw.Graph(
        {
            "root": gw.root(lambda x: x * x - a, a),
            "fixed": gw.fixed_point(lambda x: a * gw.cos(x), 0.5),
            "least": gw.minimizer(lambda x: (x - a) ** 2 + gw.exp(x), 0.0),
            "again": gw.checkpoint(lambda x: gw.sin(x) * x)(a),
        }
    )
    found = evaluated(graph, {"a": 0.9})
    assert found["root"] == pytest.approx(np.sqrt(0.9))
    assert found["fixed"] == pytest.approx(0.9 * np.cos(found["fixed"]))
    assert 2 * (found["least"] - 0.9) + np.exp(found["least"]) == pytest.approx(0, abs=1e-12)
    assert found["again"] == pytest.approx(np.sin(0.9) * 0.9)
    assert evaluated(graph, {"a": 0.9}, "a", of="root").gradients["a"] == pytest.approx(0.5 / np.sqrt(0.9))


def test_loops_nest_and_see_values_of_all_levels() -> None:
    m, w = gw.variable("m", (3, 4)), gw.variable("w")

    def outer(c: Any, row: Any) -> Any:
        shift = c * w
        inner, _ = gw.scan(lambda d, x: (d + gw.sin(x * shift) * w, None), c, row)
        return inner, None

    end, _ = gw.scan(outer, 1.0, m)
    data = np.linspace(-1, 1, 12).reshape(3, 4)
    expected = 1.0
    for row in data:
        shift = expected * 0.7
        for x in row:
            expected = expected + np.sin(x * shift) * 0.7
    np.testing.assert_allclose(evaluated(gw.Graph({"y": end}), {"m": data, "w": 0.7})["y"], expected, rtol=1e-14)


def test_a_traced_function_may_loop() -> None:
    @gw.function
    def logistic(r: Any, x: Any) -> Any:
        end, _ = gw.scan(lambda x, _: (r * x * (1 - x), None), x, length=3)
        return end

    with gw.connect() as service:
        found = service.gradient(logistic, {"r": 2.0, "x": 0.3}, wrt=["r"])
    x = 0.3
    for _ in range(3):
        x = 2.0 * x * (1 - x)
    assert found.value == pytest.approx(x)


@pytest.mark.parametrize(
    ("write", "words"),
    [
        (lambda x: gw.scan(lambda c, _: c, x, length=3), "the next carry, and what is stacked"),
        (lambda x: gw.scan(lambda c, _: ((c, c), None), x, length=3), "keep it alike"),
        (lambda x: gw.scan(lambda c, _: (gw.stack([c, c]), None), x, length=3), "give both one shape"),
        (lambda x: gw.scan(lambda c, _: (c, None), x), "needs a length"),
        (lambda x: gw.scan(lambda c, y: (c, y), x, x), "a sequence has a first axis"),
        (lambda x: gw.cond(x > 0, lambda: x, lambda: gw.stack([x, x])), "give both one shape"),
        (lambda x: gw.switch(0, []), "at least one function"),
    ],
)
def test_what_can_not_be_looped_is_told_when_it_is_written(write: Any, words: str) -> None:
    with pytest.raises(TracingError, match=words):
        write(gw.variable("x"))


LOOP = """
graph halvings
variable x: float64[]
composite going {
  variable x: float64[]
  variable n: int64[]
  y = greater(x, 1.0)
  output y = y
}
composite half {
  variable x: float64[]
  variable n: int64[]
  y = multiply(x, 0.999999)
  m = add(n, 1)
  output x = y
  output n = m
}
w = while_loop(x, 0, condition="going", body="half", carries=2)
n = astype(w:1, element_type=float64)
output n = n
"""


def test_a_loop_whose_length_is_data_does_not_hold_up_others() -> None:
    with gw.connect() as service, ThreadPoolExecutor(1) as threads:
        for _ in range(5):  # quick, and known to be
            assert service.evaluate(LOOP, {"x": 1.0})["n"] == 0
        long = threads.submit(service.evaluate, LOOP, {"x": 1.2}, timeout=60)
        answers = 0
        while not long.done():
            service.evaluate("graph g\nvariable x: float64[]\ny = sin(x)\noutput y = y\n", {"x": 1.0})
            answers += 1
    assert long.result()["n"] > 100_000
    assert answers > 10


def test_steps_of_runge_and_kutta_solve_differential_equations() -> None:
    k = gw.variable("k")

    def slope(t: Any, y: Any) -> Any:
        return {"x": y["v"], "v": -k * y["x"] + 0.0 * t}

    def step(y: Any, t: Any) -> Any:
        following = gw.rk4_step(slope, t, y, 0.05)
        return following, following["x"]

    times = np.arange(40) * 0.05
    end, path = gw.scan(step, {"x": np.array(1.0), "v": np.array(0.0)}, times)
    graph = gw.Graph({"end": end["x"], "path": path})
    found = evaluated(graph, {"k": 4.0})
    np.testing.assert_allclose(found["path"], np.cos(2 * (times + 0.05)), atol=1e-5)
    slope_by_k = evaluated(graph, {"k": 4.0}, "k", of="end").gradients["k"]
    assert slope_by_k == pytest.approx(-np.sin(4.0) * 2 / 4, abs=1e-4)  # d/dk of cos √k t at t = 2
    single = gw.rk4_step(lambda t, y: t * y, np.float64(0.5), gw.constant([1.0, 2.0]), 0.1)
    exact = np.array([1.0, 2.0]) * np.exp((0.6**2 - 0.5**2) / 2)
    np.testing.assert_allclose(evaluated(gw.Graph({"y": single}), {})["y"], exact, rtol=1e-7)


def test_slopes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(TracingError, match="give both one shape"):
        gw.rk4_step(lambda t, y: gw.stack([y, y]), 0.0, gw.variable("y"), 0.1)
    wrong = "graph g\nvariable t: float64[2]\ncomposite f {\n  variable t: float64[2]\n  variable y: float64[2]\n"
    wrong += '  z = add(t, y)\n  output z = z\n}\ny = rk4_step(t, 0.1, t, body="f")\noutput y = y\n'
    with pytest.raises(ShapeError, match="not a floating scalar"):
        ENGINE.evaluate(wrong, {"t": np.ones(2)})
