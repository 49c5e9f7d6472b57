"""Branches and loops that end by a condition: values, derivatives, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradwire_service import Engine
from gradwire_service.control import Switch, WhileLoop
from gradwire_service.control.scan import scan
from gradwire_service.errors import GradwireError, NotDifferentiableError
from gradwire_service.graph import BOOL, INT64, Array
from gradwire_service.interpreter import interpret
from gradwire_service.ops import FlatGraph, Value, variable
from gradwire_service.ops.body import Body
from gradwire_service.ops.functions import abs as abs_
from gradwire_service.ops.functions import exp, log, sin, sqrt, where
from gradwire_service.ops.functions import sum as sum_
from gradwire_service.transform import gradient, hessian_vector_product, jvp, simplify


def run(outputs: dict[str, Value], **inputs: Any) -> dict[str, Array]:
    fed = {name: np.asarray(x) for name, x in inputs.items()}
    return dict(interpret(simplify(FlatGraph.of(outputs)))(fed))


def body(*functions: Any, shape: tuple[int, ...] = ()) -> tuple[Body, ...]:
    made = []
    for function in functions:
        x, a = variable("x", shape), variable("a")
        made.append(Body((x, a), (function(x, a),)))
    return tuple(made)


BRANCHES = body(lambda x, a: sum_(a * x), lambda x, a: sum_(sin(x) * a), lambda x, a: exp(a), shape=(3,))
X = np.array([0.3, -0.7, 2.0])
SLOPES = [(2.0 * np.ones(3), X.sum()), (2.0 * np.cos(X), np.sin(X).sum()), (np.zeros(3), np.exp(2.0))]


@pytest.mark.parametrize("chosen", range(3))
def test_derivatives_are_those_of_the_chosen_branch(chosen: int) -> None:
    i, x, a = variable("i", (), INT64), variable("x", (3,)), variable("a")
    (y,) = Switch(BRANCHES)(i, x, a)
    slopes = gradient(y * y, [x, a])
    curved = hessian_vector_product(y * y, {a: a})
    forward = jvp([y], {x: x, a: a})
    outputs = {"y": y, "x": slopes[0], "a": slopes[1], "curved": curved[0], "forward": forward[0]}
    found = run(outputs, i=np.int64(chosen), x=X, a=2.0)
    dx, da = SLOPES[chosen]
    np.testing.assert_allclose(found["x"], 2 * found["y"] * dx, rtol=1e-14)
    np.testing.assert_allclose(found["a"], 2 * found["y"] * da, rtol=1e-14)
    np.testing.assert_allclose(found["forward"], X @ dx + 2.0 * da, rtol=1e-14)
    second = [0.0, 0.0, np.exp(2.0)][chosen]
    np.testing.assert_allclose(found["curved"], 2.0 * (2 * da * da + 2 * found["y"] * second), rtol=1e-13)


def test_an_index_without_a_branch_is_refused() -> None:
    (y,) = Switch(BRANCHES)(variable("i", (), INT64), variable("x", (3,)), variable("a"))
    with pytest.raises(GradwireError, match="no body 3; they run from 0 to 2") as caught:
        run({"y": y}, i=np.int64(3), x=X, a=1.0)
    assert caught.value.reason == "INDEX_OUT_OF_RANGE"


def test_a_branch_that_is_not_taken_leaks_no_nan() -> None:
    roots = body(lambda x, a: sqrt(x) * a, lambda x, a: x * a)
    condition, x, a = variable("c", (), BOOL), variable("x"), variable("a")
    (y,) = Switch(roots)(condition, x, a)
    found = run({"x": gradient(y, [x])[0], "y": y}, c=np.array(True), x=-1.0, a=3.0)
    assert (float(found["y"]), float(found["x"])) == (-3, 3)


def newton(max_trips: int | None) -> Value:
    """Return √a by Newton's method, as a loop that ends when the square is near."""
    x, a = variable("x"), variable("a")
    condition = Body((x, a), (abs_(x * x - a) > 1e-13,))
    step = Body((x, a), ((x + a / x) / 2,))
    (root,) = WhileLoop(condition, step, 1, max_trips)(variable("start"), variable("value"))
    return root


def test_a_loop_ends_when_its_condition_fails_and_tangents_go_with_it() -> None:
    y = newton(None)
    a = y.inputs[0].inputs[1]
    (dot,) = jvp([y], {a: a})
    (second,) = jvp([dot], {a: a})
    found = run({"y": y, "dot": dot, "second": second}, start=1.0, value=2.0)
    np.testing.assert_allclose(found["y"], np.sqrt(2), rtol=1e-13)
    np.testing.assert_allclose(found["dot"], np.sqrt(2) / 2, rtol=1e-12)
    np.testing.assert_allclose(found["second"], np.sqrt(2) / 4, rtol=1e-10)


def test_a_bound_gives_it_a_reverse_derivative() -> None:
    y = newton(20)
    a = y.inputs[0].inputs[1]
    slope = gradient(y, [a])[0]
    outputs = {"slope": slope, "curved": gradient(slope, [a])[0], "mixed": jvp([slope], {a: a})[0]}
    found = run(outputs, start=1.0, value=2.0)
    np.testing.assert_allclose(found["slope"], 0.5 / np.sqrt(2), rtol=1e-12)
    np.testing.assert_allclose(found["curved"], -0.25 * 2**-1.5, rtol=1e-10)
    np.testing.assert_allclose(found["mixed"], 2 * -0.25 * 2**-1.5, rtol=1e-10)


def test_without_a_bound_a_reverse_derivative_is_refused() -> None:
    y = newton(None)
    with pytest.raises(NotDifferentiableError, match="give it max_trips, or ask for a jvp"):
        gradient(y, [y.inputs[0].inputs[1]])


def test_a_loop_that_passes_its_bound_is_an_error() -> None:
    with pytest.raises(GradwireError, match="did not end after 2 trips") as caught:
        run({"y": newton(2)}, start=1.0, value=2.0)
    assert caught.value.reason == "LIMIT_EXCEEDED"


def test_steps_behind_the_end_of_a_bounded_loop_leak_no_nan() -> None:
    x, a = variable("x"), variable("a")
    condition, step = Body((x, a), (x > 1.0,)), Body((x, a), (log(x) * a,))  # one more step would give NaN
    start, factor = variable("s"), variable("f")
    (y,) = WhileLoop(condition, step, 1, 9)(start, factor)
    found = run({"y": y, "s": gradient(y, [start])[0]}, s=2.0, f=-1.0)
    np.testing.assert_allclose([found["y"], found["s"]], [-np.log(2.0), -0.5])


GRAPH = """
graph collatz
variable n: float64[]
composite going {
  variable n: float64[]
  variable trips: int64[]
  y = greater(n, 1.0)
  output y = y
}
composite half {
  variable n: float64[]
  y = divide(n, 2.0)
  output y = y
}
composite triple {
  variable n: float64[]
  t = multiply(n, 3.0)
  y = add(t, 1.0)
  output y = y
}
composite next {
  variable n: float64[]
  variable trips: int64[]
  h = divide(n, 2.0)
  f = floor(h)
  even = equal(h, f)
  m = cond(even, n, on_true="half", on_false="triple")
  count = add(trips, 1)
  output n = m
  output trips = count
}
w = while_loop(n, 0, condition="going", body="next", carries=2, max_trips=200)
trips = astype(w:1, element_type=float64)
output end = w
output trips = trips
"""


@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_graphs_may_nest_branches_in_loops(backend: str) -> None:
    found = Engine(backend=backend).evaluate(GRAPH, {"n": 27.0})
    assert (float(found["end"]), float(found["trips"])) == (1, 111)
    slope = Engine(backend=backend).gradient(GRAPH, {"n": 27.0}, of="end").gradients["n"]
    np.testing.assert_allclose(slope, 3.0**41 / 2.0**70)


@pytest.mark.parametrize(
    ("change", "reason", "words"),
    [
        (("y = greater(n, 1.0)", "y = add(n, 1.0)"), "ELEMENT_TYPE_MISMATCH", "not one truth value"),
        (("output n = m", "output n = even"), "ELEMENT_TYPE_MISMATCH", "a carry keeps its shape and element type"),
        (('on_true="half", ', ""), "ATTRIBUTE_MISSING", "on_true"),
        (("cond(even", "cond(h"), "ELEMENT_TYPE_MISMATCH", "a truth value"),
        (("max_trips=200", "max_trips=-1"), "ATTRIBUTE_VALUE", "max_trips is -1"),
        (("carries=2", "carries=5"), "WRONG_ARITY", "5 carries"),
    ],
)
def test_faults_name_the_block(change: tuple[str, str], reason: str, words: str) -> None:
    with pytest.raises(GradwireError) as caught:
        Engine(backend="numpy").evaluate(GRAPH.replace(*change, 1), {"n": 3.0})
    assert caught.value.reason == reason
    assert words in caught.value.message
    assert caught.value.block in ("w", "m", "w/m")


def test_zero_wins_inside_of_a_loop_that_was_not_chosen() -> None:
    c, x = variable("c"), variable("x")
    (end,) = scan(Body((c, x), (exp(c) * c + x,)), [variable("start")], [], [variable("shift")], 4)
    start, shift = end.inputs[0].inputs
    y = where(start > 100.0, shift, end)
    found = run({"start": gradient(y, [start])[0], "shift": gradient(y, [shift])[0]}, start=1e3, shift=2.0)
    assert (float(found["start"]), float(found["shift"])) == (0, 1)  # the loop itself overflows to NaN
