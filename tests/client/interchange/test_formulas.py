"""Formulas written as text mean what they mean in Python; what is wrong with one is told where it is wrong."""

from __future__ import annotations

import ast
import re
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import gradwire as gw
from gradwire_service import Engine
from tests.client.samples import INPUTS, logistic_gradient

RNG = np.random.default_rng(5)
NAMES = {
    "x": RNG.uniform(0.3, 2, 3),
    "y": RNG.normal(size=3),
    "z": np.float64(RNG.normal()),
    "a": RNG.normal(size=(2, 3)),
}
FUNCTIONS = {"sin": np.sin, "tanh": np.tanh, "exp": np.exp, "abs": np.abs, "maximum": np.maximum, "where": np.where}


@cache
def engine() -> Engine:
    return Engine("numpy")


def run(text: str, **inputs: Any) -> Any:
    """Have the service evaluate a formula of float64 variables."""
    value = gw.expression(text, **{name: np.shape(array) for name, array in inputs.items()})
    graph = gw.Graph({"result": value})
    return engine().evaluate(str(graph), {name: inputs[name] for name in graph.variables})["result"]


def spaced(symbols: str) -> st.SearchStrategy[str]:
    return st.sampled_from([form for s in symbols.split() for form in (s, f" {s} ")])


ATOMS = st.sampled_from([
    "x", "y", "z", "a", "2", "0.5", ".25", "3.", "1e-1", "x[0]", "x[::-1]", "y[None, 1:2]", "a[-1]", "a[..., 2]",
    "x @ y", "a @ x", "(z)", "a.T[0, 0]",
])  # fmt: skip
EXPRESSIONS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.builds("{}{}{}".format, inner, spaced("+ - * / **"), inner),
        st.builds("-{}".format, inner),
        st.builds("({})".format, inner),
        st.builds("{}({})".format, st.sampled_from(["sin", "tanh", "exp", "abs"]), inner),
        st.builds("maximum({}, {})".format, inner, inner),
        st.builds("where({} {} {}, {}, {})".format, inner, spaced("< <= > >= == !="), inner, inner, inner),
    ),
    max_leaves=8,
)


class AsFloats(ast.NodeTransformer):
    """Makes numbers outside of indices NumPy's: those of Python leave the reals, (-0.5)**0.5 is complex to them."""

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        return ast.Call(ast.Name("float64", ast.Load()), [node], [])

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        return ast.Subscript(self.visit(node.value), node.slice, node.ctx)


def by_python(text: str) -> Any:
    """Evaluate a formula as Python does."""
    tree = ast.fix_missing_locations(AsFloats().visit(ast.parse(text, mode="eval")))
    return eval(compile(tree, "formula", "eval"), {**FUNCTIONS, **NAMES, "float64": np.float64})


@given(EXPRESSIONS)
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
def test_a_formula_means_what_it_means_in_python(text: str) -> None:
    with np.errstate(all="ignore"):
        try:
            expected = by_python(text)
        except (ValueError, np.exceptions.AxisError):
            assume(False)
        found = run(text, **NAMES)
    assert found.shape == np.shape(expected)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)


@given(st.text(alphabet="xy01+-*/%@<>=&|~^!()[],:;. \n'\"#e_", max_size=30))
@settings(max_examples=200, deadline=None)
def test_any_text_is_a_formula_or_an_error_that_points_into_it(text: str) -> None:
    try:
        found: object = gw.expression(text, x=3, y=())
    except gw.GradwireError as error:
        found = error
    if isinstance(found, gw.GradwireError):
        assert int(found.metadata["column"]) >= 1
        assert found.message.splitlines()[-1].strip(" ") == "^"
    else:
        assert isinstance(found, gw.Value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("-2**2", -4.0),
        ("2**3**2", 512.0),
        ("2**-1", 0.5),
        ("7 // 2 + 7 % 4", 6.0),
        ("8 - 3 - 2", 3.0),
        ("1 / 0", np.inf),
        ("9**9**9**9", np.inf),
        ("sqrt(2)", np.sqrt(2)),
        ("maximum(1, 2) * pi", 2 * np.pi),
        ("cos(pi) + e - e", -1.0),
        ("+1.5e1", 15.0),
        ("sum([1, 2.5, -1])", 2.5),
        ("linalg.norm([3.0, 4.0])", 5.0),
        ("a = 2; b = a * 3\n\n b - a  # comments end with the line", 4.0),
        ("sum(\n  [1.0,\n 2.0],\n)", 3.0),
        ("p, q = split([1.0, 2.0], 2); sum(p - q)", -1.0),
        ("einsum('i,i->', [1.0, 2.0], [3.0, 4.0])", 11.0),
        ("kron([1.0, 2.0], [1.0, 10.0])[-1]", 20.0),
    ],
)
def test_formulas_of_numbers(text: str, expected: float) -> None:
    assert run(text) == pytest.approx(expected, rel=1e-15)


@pytest.mark.parametrize(
    ("text", "function"),
    [
        ("sum(x, axis=1, keepdims=true)", lambda x: np.sum(x, axis=1, keepdims=True)),
        ("mean(x, 0)", lambda x: np.mean(x, 0)),
        ("max(x, axis=(0, 1))", lambda x: np.max(x)),
        ("reshape(x, (3, -1))", lambda x: x.reshape(3, -1)),
        ("x[1, ::2]", lambda x: x[1, ::2]),
        ("x[:, [0, 2, 2]]", lambda x: x[:, [0, 2, 2]]),
        ("x[..., none, -1:]", lambda x: x[..., None, -1:]),
        ("where((x > 0) & ~(x > 1), x, 0.0)", lambda x: np.where((x > 0) & ~(x > 1), x, 0.0)),
        ("clip(x, min=-0.5)", lambda x: np.clip(x, -0.5, None)),
        ("(x.T @ x).mT[0]", lambda x: (x.T @ x).T[0]),
        ("concatenate([x, 2 * x], axis=1)", lambda x: np.concatenate([x, 2 * x], axis=1)),
        ("np.diff(x)", lambda x: np.diff(x)),
        (
            "a = x @ x.T; w, v = eigh(a); v @ (w[:, none] * v.T) + w[0]",
            lambda x: x @ x.T + np.linalg.eigvalsh(x @ x.T)[0],
        ),
        ("q, r = linalg.qr(x.T); abs(r)", lambda x: np.abs(np.linalg.qr(x.T)[1])),
    ],
)
def test_functions_and_indices(text: str, function: Any) -> None:
    x = RNG.normal(size=(2, 3))
    np.testing.assert_allclose(run(text, x=x), function(x), rtol=1e-14)


def test_names_that_a_formula_gives_are_those_that_gradients_know(service: gw.Service) -> None:
    value = gw.expression(
        "u = x @ w; p = sigmoid(u)\nloss = mean(-(y*log(p) + (1 - y)*log(1 - p)))", x=("batch", 30), w=30, y="batch"
    )
    graph = gw.Graph(value)
    assert graph.outputs == {"loss": "loss"}
    result = service.gradient(graph, INPUTS, wrt=["w", "u"])
    loss, by_w, by_u = logistic_gradient()
    assert float(result.value) == pytest.approx(loss)
    np.testing.assert_allclose(result.gradients["w"], by_w, rtol=1e-10)
    np.testing.assert_allclose(result.gradients["u"], by_u, rtol=1e-10)


def test_a_formula_takes_values_and_arrays_and_becomes_a_part_of_others() -> None:
    x = gw.variable("x", 2)
    value = gw.expression("dot(c, u)", u=gw.exp(x), c=np.array([1.0, 2.0])) + 1
    graph = gw.Graph({"y": value})
    assert engine().evaluate(str(graph), {"x": np.zeros(2)})["y"] == pytest.approx(4)


@pytest.mark.parametrize("text", ["(" * 4_000 + "x" + ")" * 4_000, "-" * 4_001 + "x", "x" + "[None][0]" * 2_000,
                                  "+".join("x" * 4_000), "2**" * 4_000 + "x", "abs(" * 4_000 + "x" + ")" * 4_000],
                         ids=["brackets", "signs", "indices", "sum", "powers", "calls"])  # fmt: skip
def test_no_formula_is_nested_too_deep(text: str) -> None:
    assert isinstance(gw.expression(text, x=()), gw.Value)


@pytest.mark.parametrize(
    ("text", "message", "column"),
    [
        ("x +", "a value is due here, not the end", 4),
        ("sum(x", "this bracket is not closed", 1),
        ("x)", "')' closes no bracket", 2),
        ("(x]", "']' closes no bracket", 3),
        ("x ^ 2", "a power is written **", 3),
        ("(x > 0) && (x < 1)", "write &", 9),
        ("x > 0 and x < 1", "write & between conditions", 7),
        ("x if x else 2", "write where(condition, a, b)", 3),
        ("0 < x < 1", "comparisons don't chain; write (a < b) & (b < c)", 7),
        ("2x", "write 2 * x", 2),
        ("sum(v)", "nothing is called 'v'; give its shape: v=(…)", 5),
        ("sum(xx)", "did you mean x?", 5),
        ("exp + 1", "it is a function: write exp(…)", 1),
        ("sgimoid(x)", "there is no function 'sgimoid'; did you mean sigmoid?", 1),
        ("__import__('os')", "there is no function '__import__'", 1),
        ("x.__class__", "values have .T and .mT here", 3),
        ("sum(x, axes=0)", "unexpected keyword argument 'axes'", 1),
        ("sum(axis=0, x)", "settings such as axis=0 come last", 14),
        ("sum(x, axis=3)", "has no such axis", 1),
        ("x @ x[:2]", "matmul: shapes [3] and [2] do not fit", 3),
        ("x[3]", "index 3 is out of range for axis 0", 2),
        ("x[x > 0]", "use gw.where(mask, a, b)", 2),
        ("x[1:2:3:4]", "a slice has at most two colons", 8),
        ("x[]", "a value is due here, not ']'", 3),
        ("x = 2", "'x' stands for another value already", 1),
        ("sum(x) = 2", "a comparison is written ==", 8),
        ("u, v = x * 2", "2 names for 1 values", 1),
        ("slogdet(x[:, None] * x)", "these are 2 values; name them", 1),
        ("x $ 2", "'$' is no part of a formula", 3),
        (" ", "the formula is empty", 1),
    ],
)
def test_what_is_wrong_is_told_where_it_is_with_the_remedy(text: str, message: str, column: int) -> None:
    with pytest.raises(gw.GradwireError, match=re.escape(message)) as told:
        gw.expression(text, x=3)
    assert told.value.metadata == {"line": "1", "column": str(column)}
    assert told.value.message.splitlines()[-2:] == [text, " " * (column - 1) + "^"]


def test_the_line_at_fault_is_shown_and_a_long_one_is_cut() -> None:
    with pytest.raises(gw.errors.TextSyntaxError) as told:
        gw.expression("u = 2 * x\nu +* 3\nu", x=3)
    assert told.value.message == "line 2, column 4: a value is due here, not '*'\nu +* 3\n   ^"
    with pytest.raises(gw.errors.TextSyntaxError) as told:
        gw.expression("x + " * 200 + "*", x=3)
    shown, caret = told.value.message.splitlines()[1:]
    assert len(shown) <= 100
    assert shown[caret.index("^")] == "*"
