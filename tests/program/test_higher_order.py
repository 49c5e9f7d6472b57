"""Derivatives of derivatives, to the fourth order and beyond, against closed forms."""

from __future__ import annotations

from math import comb, perm

import numpy as np
import pytest

from gradwire_service import Engine
from gradwire_service.description import DerivativeMode
from gradwire_service.graph import Graph, parse

GRAPH = """
graph wave
variable x: float64[]
variable y: float64[]
a = sin(x)
b = multiply(x, y)
c = exp(b)
f = multiply(a, c)
output f = f
"""
POINT = {"x": np.array(0.7), "y": np.array(-0.4)}


def exact(by_x: int, by_y: int) -> float:
    """Differentiate sin(x) exp(x y), the imaginary part of exp((i + y) x), by Leibniz' rule."""
    x, y = float(POINT["x"]), float(POINT["y"])
    power = 1j + y
    terms = (comb(by_x, j) * perm(by_y, j) * x ** (by_y - j) * power ** (by_x - j) for j in range(min(by_x, by_y) + 1))
    return float((sum(terms) * np.exp(power * x)).imag)


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine("numpy")


def repeated(engine: Engine, order: str, mode: DerivativeMode) -> tuple[Graph, str, dict[str, float]]:
    """Differentiate with respect to one variable after the other; return graph, name of the derivative, and seeds."""
    graph, of = parse(GRAPH), "f"
    fed: dict[str, float] = {}
    for name in order:
        along = of if mode is DerivativeMode.VJP else name
        found = engine.differentiate(graph, (of,), (name,), mode)
        graph, of = found.graph, found.derivatives[of if mode is DerivativeMode.JVP else name]
        fed |= dict.fromkeys(found.seeds.values(), 1.0) if along in found.seeds else {}
    return graph, of, fed


@pytest.mark.parametrize("mode", [DerivativeMode.GRADIENT, DerivativeMode.VJP, DerivativeMode.JVP], ids=str)
@pytest.mark.parametrize("order", ["x", "xx", "xy", "yx", "xxx", "xyx", "xxxx", "xyxy", "yyyy", "xxxy", "xxxxx"])
def test_differentiation_is_repeated(engine: Engine, order: str, mode: DerivativeMode) -> None:
    graph, of, fed = repeated(engine, order, mode)
    inputs = {v.name: fed.get(v.name, POINT.get(v.name)) for v in graph.variables}
    found = engine.evaluate(graph, inputs, of=[of])[of]  # type: ignore[arg-type]
    assert found == pytest.approx(exact(order.count("x"), order.count("y")), rel=1e-12)


@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_the_hessian_of_a_second_derivative_is_of_the_fourth_order(engine: Engine, backend: str) -> None:
    graph, of, _ = repeated(engine, "xy", DerivativeMode.GRADIENT)
    found = engine.hessian(graph, POINT, of=of, backend=backend)
    for row in "xy":
        for column in "xy":
            times = ["x", "y", row, column]
            expected = exact(times.count("x"), times.count("y"))
            assert found.matrices[row, column] == pytest.approx(expected, rel=1e-12)


def test_the_seeds_of_repeated_products_have_names_of_their_own(engine: Engine) -> None:
    first = engine.differentiate(GRAPH, ("f",), ("x", "y"), DerivativeMode.JVP)
    second = engine.differentiate(first.graph, ("tangent/f",), ("x", "y"), DerivativeMode.JVP)
    third = engine.differentiate(second.graph, ("tangent/tangent/f",), ("x",), DerivativeMode.JVP)
    assert first.seeds == {"x": "tangent/x", "y": "tangent/y"}
    assert second.seeds == {"x": "tangent_2/x", "y": "tangent_2/y"}
    assert third.seeds == {"x": "tangent_3/x"}
    names = [v.name for v in third.graph.variables]
    assert len(set(names)) == len(names) == 7
