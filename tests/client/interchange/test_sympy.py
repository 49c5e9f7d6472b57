"""SymPy's expressions as graphs: values against SymPy's own numbers, gradients against its symbolic derivatives."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
import sympy as sp

import gradwire as gw
from gradwire_service import Engine

x, y = sp.symbols("x y", real=True)
POINT = {"x": 0.37, "y": 0.81}

EXPRESSIONS = [
    x**2 * y - y / x + sp.Rational(1, 3) * x,
    sp.exp(-x * y) * sp.sin(x + y) ** 2 / (1 + (x + y) ** 2),
    sp.sqrt(x) / sp.sqrt(y) + x ** sp.Rational(-3, 2) - 2 * x,
    sp.log(1 + sp.exp(x)) * sp.tanh(y) - sp.atan2(y, x),
    sp.asin(x) + sp.acos(y) * sp.atan(x) + sp.sinh(x) * sp.cosh(y) + sp.asinh(x) + sp.acosh(1 + y) + sp.atanh(x),
    sp.erf(x) * sp.erfc(y) + sp.loggamma(x + 1) + sp.digamma(y + 1) + sp.polygamma(2, y + 1) + sp.erfinv(x),
    sp.Max(x, y, sp.Rational(1, 2)) * sp.Min(x, 2 * y) + sp.Abs(x - y) * sp.sign(y),
    sp.Piecewise((x**2, x > 1), (sp.sin(x), sp.And(x > 0, y < 1)), (y, True)),
    sp.Piecewise((x**2, sp.Or(x > 1, sp.Not(y > 0))), (x * y, sp.Ne(x, y))),
    sp.sec(x) + sp.csc(y) + sp.cot(x) + sp.sech(y) + sp.coth(x) + sp.csch(y),
    sp.pi * x + sp.E**y + sp.EulerGamma * sp.GoldenRatio + sp.sqrt(2) * x - sp.Float("0.25"),
    sp.besseli(0, x) + sp.besseli(3, y) + sp.beta(x + 1, y + 2),
    (x - y) ** 3 - (x - y) ** 2 + sp.cos((x - y) ** 3),
    -x * y / 3 - x,
]  # fmt: skip


@cache
def engine() -> Engine:
    return Engine("numpy")


def evaluated(graph: gw.Graph, **inputs: Any) -> Any:
    return engine().evaluate(str(graph), {name: inputs[name] for name in graph.variables})


@pytest.mark.parametrize("expression", EXPRESSIONS, ids=str)
def test_values_and_gradients_are_those_of_sympy(expression: Any) -> None:
    graph = gw.Graph({"f": gw.from_sympy(expression)})
    at = {x: POINT["x"], y: POINT["y"]}
    found = engine().gradient(str(graph), {name: np.array(POINT[name]) for name in graph.variables})
    assert float(found.value) == pytest.approx(float(expression.subs(at).evalf(20)), rel=1e-12)
    for symbol in (x, y):
        if symbol.name in graph.variables:
            slope = float(sp.diff(expression, symbol).subs(at).doit().evalf(20))
            assert float(found.gradients[symbol.name]) == pytest.approx(slope, rel=1e-10, abs=1e-12)


def test_common_subexpressions_are_computed_once() -> None:
    shared = sp.exp(x * y)
    graph = gw.Graph({"f": gw.from_sympy(sp.cos(shared) ** 2 + shared * sp.sin(x * y * sp.cos(shared)))})
    ops = [block.op for block in graph.message.blocks]
    assert [ops.count(op) for op in ("exp", "cos", "sin", "multiply")] == [1, 1, 1, 3]


def test_steps_have_the_values_of_sympy_and_derivatives_of_zero() -> None:
    expression = sp.floor(3 * x) + sp.ceiling(3 * y) * y + sp.Mod(5 * x, 2) + sp.frac(7 * y)
    found = engine().gradient(
        str(gw.Graph({"f": gw.from_sympy(expression)})), {k: np.array(v) for k, v in POINT.items()}
    )
    assert float(found.value) == pytest.approx(float(expression.subs({x: POINT["x"], y: POINT["y"]})))
    assert (float(found.gradients["x"]), float(found.gradients["y"])) == pytest.approx((5, 3 + 7))


def test_lists_dicts_and_matrices_keep_their_structure() -> None:
    found = gw.from_sympy({"a": [x, x + y], "b": sp.Matrix([[x, 1, 0], [x * y, sp.pi, y]])})
    graph = gw.Graph({"second": found["a"][1], "matrix": found["b"]})
    values = evaluated(graph, **POINT)
    assert float(values["second"]) == pytest.approx(1.18)
    np.testing.assert_allclose(values["matrix"], [[0.37, 1, 0], [0.37 * 0.81, np.pi, 0.81]])
    cube = gw.from_sympy(sp.Array([[[x, 2 * x], [y, 0]]]))
    np.testing.assert_allclose(evaluated(gw.Graph({"c": cube}), **POINT)["c"], [[[0.37, 0.74], [0.81, 0]]])


def test_symbols_stand_for_arrays_for_values_or_for_variables_of_a_shape(service: gw.Service) -> None:
    inner = gw.name("inner", gw.exp(gw.variable("t", ("batch",))))
    value = gw.from_sympy(sp.Matrix([x * y, x + 1]), x=inner, y=np.array([1.0, 2.0, 3.0]))
    graph = gw.Graph({"z": value})
    t = np.array([0.0, 1.0, 2.0])
    found = service.evaluate(graph, {"t": t})["z"]
    np.testing.assert_allclose(found[..., 0], np.stack([np.exp(t) * [1, 2, 3], np.exp(t) + 1], axis=-1))
    assert found.shape == (3, 2, 1)
    assert gw.from_sympy(x + y, x=("n", 3), y=3).shape == ("n", 3)


def test_matrix_expressions() -> None:
    a, b = sp.MatrixSymbol("a", 2, 2), sp.MatrixSymbol("b", 2, 1)
    expression = sp.Inverse(a) * b + 2 * a.T * b
    A, B = np.array([[2.0, 1.0], [0.5, 3.0]]), np.array([[1.0], [-1.0]])
    graph = gw.Graph({"y": gw.from_sympy(expression), "e": gw.from_sympy(a[0, 1] * sp.Determinant(a) + sp.Trace(a))})
    found = evaluated(graph, a=A, b=B)
    np.testing.assert_allclose(found["y"], np.linalg.inv(A) @ B + 2 * A.T @ B)
    assert float(found["e"]) == pytest.approx(A[0, 1] * np.linalg.det(A) + 5)


def test_indexed_symbols_are_elements_of_an_array() -> None:
    theta = sp.IndexedBase("theta")
    value = gw.from_sympy(theta[0] ** 2 + sp.sin(theta[2]), theta=3)
    assert float(evaluated(gw.Graph({"y": value}), theta=np.array([2.0, 0, 1]))["y"]) == pytest.approx(4 + np.sin(1))
    with pytest.raises(gw.errors.TracingError, match="give the shape of theta"):
        gw.from_sympy(theta[0])


def test_expressions_may_be_as_deep_as_sympy_can_make_them() -> None:
    expression: Any = x
    for _ in range(1200):
        expression = sp.Add(sp.sin(expression, evaluate=False), y, evaluate=False)
    graph = gw.Graph({"y": gw.from_sympy(expression)})
    assert len(graph.message.blocks) == 2400


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        (sp.Function("f")(x), "no op stands for f in f"),
        (sp.Integral(sp.sin(x), (x, 0, y)), "no op stands for Integral .* call .doit"),
        (sp.Derivative(sp.Function("f")(x), x), "no op stands for"),
        (sp.zeta(x), "no op stands for zeta"),
        (sp.besseli(y, x), "there are those of whole orders"),
        (sp.I * x, "I is no real number"),
        (sp.sqrt(-2) + x, "is no real number"),
        (sp.zoo, "is no real number"),
    ],
)
def test_what_no_op_stands_for_is_refused_by_name(expression: Any, message: str) -> None:
    with pytest.raises(gw.errors.TracingError, match=message):
        gw.from_sympy(expression)
