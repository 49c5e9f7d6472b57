"""Loops give what the loop written out gives: values, and derivatives of every order and mode."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from gradwire_service import Engine
from gradwire_service.control import Scan
from gradwire_service.control.scan import scan
from gradwire_service.errors import GradwireError
from gradwire_service.graph import INT64, Array, TensorType, parse
from gradwire_service.interpreter import interpret
from gradwire_service.ops import FlatGraph, Value, constant, variable
from gradwire_service.ops.body import Body
from gradwire_service.ops.functions import sin, stack, take, tanh
from gradwire_service.ops.functions import slice as slice_
from gradwire_service.ops.functions import sum as sum_
from gradwire_service.program import diagnosis
from gradwire_service.transform import expand, gradient, hessian_vector_product, jvp, simplify, vjp

N = 7
RNG = np.random.default_rng(3)
POINT = {"c": RNG.normal(size=3), "xs": RNG.normal(size=(N, 3)), "w": RNG.normal(size=(3, 3)) / 2}
Function = Callable[[Value, Value, Value], tuple[Value, Value]]


def step(c: Value, x: Value, w: Value) -> tuple[Value, Value]:
    """Return the next carry, and what is stacked."""
    h = tanh(w @ c + x)
    return h, sum_(h * sin(c))


def looped(reverse: bool = False, checkpoint: str = "keep") -> Function:
    c, x, w = variable("c", (3,)), variable("x", (3,)), variable("w", (3, 3))
    body = Body((c, x, w), step(c, x, w))

    def f(c: Value, xs: Value, w: Value) -> tuple[Value, Value]:
        end, ys = scan(body, [c], [xs], [w], N, reverse, checkpoint)
        return end, ys

    return f


def written_out(reverse: bool = False) -> Function:
    def f(c: Value, xs: Value, w: Value) -> tuple[Value, Value]:
        ys: dict[int, Value] = {}
        for t in reversed(range(N)) if reverse else range(N):
            c, ys[t] = step(c, slice_(xs, index=f"{t}"), w)
        return c, stack(*(ys[t] for t in range(N)), axis=0)

    return f


def derivatives(f: Function) -> dict[str, Array]:
    """Return values and derivatives up to the third order."""
    c, xs, w = inputs = [variable(name, array.shape) for name, array in POINT.items()]
    end, ys = f(c, xs, w)
    loss = sum_(end * end) + sum_(ys * ys * ys)
    slopes = gradient(loss, inputs)
    direction = {x: sin(x) for x in inputs}
    curved = hessian_vector_product(loss, direction)
    back = vjp({slope: sin(x) for slope, x in zip(slopes, inputs, strict=True)}, inputs)
    third = jvp([sum_(p * p) for p in curved], direction)
    outputs: dict[str, Value] = {"end": end, "ys": ys, "loss": loss, "forward": jvp([loss], direction)[0]}
    for kind, values in (("slope", slopes), ("curved", curved), ("back", back), ("third", third)):
        outputs |= {f"{kind} {i}": value for i, value in enumerate(values)}
    return dict(interpret(simplify(FlatGraph.of(outputs)))(POINT))


@pytest.mark.parametrize("checkpoint", ["keep", "recompute", "sqrt"])
@pytest.mark.parametrize("reverse", [False, True], ids=["forward", "reverse"])
def test_a_loop_is_the_loop_written_out(reverse: bool, checkpoint: str) -> None:
    expected = derivatives(written_out(reverse))
    found = derivatives(looped(reverse, checkpoint))
    for name, array in expected.items():
        np.testing.assert_allclose(found[name], array, rtol=1e-11, atol=1e-12, err_msg=name)


def test_what_nobody_uses_is_left_out() -> None:
    c, xs, w = (variable(name, array.shape) for name, array in POINT.items())
    end, _ = looped()(c, xs, w)
    flat = simplify(FlatGraph.of({"end": end}))
    (loop,) = (value.op for value in flat.blocks if isinstance(value.op, Scan))
    assert (len(loop.body.outputs), loop.opened) == (1, False)


def test_value_and_gradient_run_the_loop_once_and_its_reverse_once() -> None:
    c, xs, w = (variable(name, array.shape) for name, array in POINT.items())
    end, ys = looped()(c, xs, w)
    loss = sum_(end) + sum_(ys)
    flat = simplify(FlatGraph.of({"loss": loss, "w": gradient(loss, [w])[0]}))
    assert [value.op.reverse for value in flat.blocks if isinstance(value.op, Scan)] == [False, True]


def test_whole_numbers_may_go_round() -> None:
    c, i = variable("c"), variable("i", (), INT64)
    table = variable("table", (4,))
    body = Body((c, i, table), (c * take(table, i), i + 1))
    start, x = variable("x"), variable("y", (4,))
    end, count = scan(body, [start, constant(0, INT64)], [], [x], 4)
    slopes = gradient(end, [start, x])
    inputs = {"x": np.array(2.0), "y": np.array([1.0, 2.0, 3.0, 4.0])}
    outputs = {"end": end, "count": count, "x": slopes[0], "y": slopes[1]}
    found = interpret(simplify(FlatGraph.of(outputs)))(inputs)
    assert [float(found[name]) for name in ("end", "count", "x")] == [48, 4, 24]
    np.testing.assert_array_equal(found["y"], [48, 24, 16, 12])


@pytest.mark.parametrize("checkpoint", ["keep", "recompute", "sqrt"])
def test_a_loop_of_no_steps_returns_its_start(checkpoint: str) -> None:
    c, x = variable("c"), variable("x")
    body = Body((c, x), (c * x, c))
    start, xs = variable("start"), variable("xs", (0,))
    end, ys = scan(body, [start], [xs], [], 0, checkpoint=checkpoint)
    slopes = gradient(end * end + sum_(ys), [start, xs])
    found = interpret(simplify(FlatGraph.of({"end": end, "start": slopes[0], "xs": slopes[1]})))(
        {"start": np.array(3.0), "xs": np.empty(0)}
    )
    assert (float(found["end"]), float(found["start"]), found["xs"].shape) == (3, 6, (0,))


def test_an_unused_start_has_a_gradient_of_zeros() -> None:
    c, x = variable("c"), variable("x")
    start, xs = variable("start"), variable("xs", (3,))
    (end,) = scan(Body((c, x), (x * x,)), [start], [xs], [], 3)
    slopes = gradient(end, [start, xs])
    found = interpret(simplify(FlatGraph.of({"start": slopes[0], "xs": slopes[1]})))(
        {"start": np.array(1.0), "xs": np.array([1.0, 2.0, 3.0])}
    )
    assert found["start"] == 0
    np.testing.assert_array_equal(found["xs"], [0, 0, 6])


GRAPH = """
graph powers
variable x: float64[]
composite step {
  variable c: float64[]
  variable x: float64[]
  next = multiply(c, x)
  output next = next
  output seen = c
}
composite power {
  variable i: int64[]
  variable c: float64[]
  variable x: float64[]
  next = multiply(c, x)
  output next = next
}
s = scan(1.0, x, body="step", carries=1, length=5)
f = fori_loop(1.0, x, body="power", lower=2, upper=7)
y = sum(s:1)
output end = s
output seen = y
output same = f
"""


def test_graphs_name_composites_as_bodies() -> None:
    engine = Engine(backend="numpy")
    found = engine.evaluate(GRAPH, {"x": 2.0})
    assert {name: float(x) for name, x in found.items()} == {"end": 32, "seen": 31, "same": 32}
    assert engine.gradient(GRAPH, {"x": 2.0}, of="end", wrt=["x"]).gradients["x"] == 80
    assert engine.gradient(GRAPH, {"x": 2.0}, of="seen", wrt=["x"]).gradients["x"] == 1 + 4 + 12 + 32
    assert engine.hvp(GRAPH, {"x": 2.0}, {"x": 1.0}, of="same").products["x"] == 160


@pytest.mark.parametrize(
    ("change", "reason", "words"),
    [
        (('body="step"', 'body="steps"'), "UNKNOWN_OP", "'steps'"),
        (("length=5", "length=-1"), "ATTRIBUTE_VALUE", "not negative"),
        ((", length=5", ""), "ATTRIBUTE_VALUE", "needs a length"),
        (("length=5", "length=2000000"), "LIMIT_EXCEEDED", "2,000,000 steps"),
        (("carries=1", "carries=3"), "WRONG_ARITY", "3 carries"),
        (("carries=1", "sequences=1"), "SHAPE_MISMATCH", "a sequence has a first axis"),
        (('checkpoint="keep"', ""), "ATTRIBUTE_VALUE", "no checkpoint"),
        (("next = multiply(c, x)", "next = s(c, x)"), "UNKNOWN_OP", "'s'"),
        (("scan(1.0, x", "scan(1.0, x, x"), "WRONG_ARITY", "is handed 3"),
        (("scan(1.0", "scan(1"), "ELEMENT_TYPE_MISMATCH", "int64"),
    ],
)
def test_faults_name_the_block(change: tuple[str, str], reason: str, words: str) -> None:
    text = GRAPH.replace("length=5", 'length=5, checkpoint="none"') if "checkpoint" in change[0] else GRAPH
    with pytest.raises(GradwireError) as caught:
        Engine(backend="numpy").evaluate(text.replace(*change, 1), {"x": 2.0})
    assert caught.value.reason == reason
    assert words in caught.value.message


def test_a_composite_that_is_its_own_body_is_refused() -> None:
    text = GRAPH.replace(
        "output next = next\n  output seen = c", 'z = scan(c, x, body="step", carries=1, length=2)\n  output next = z'
    )
    with pytest.raises(GradwireError) as caught:
        Engine(backend="numpy").evaluate(text, {"x": 2.0})
    assert "COMPOSITE_RECURSION" in {fault.reason for fault in caught.value.faults}


def test_a_loop_stops_when_its_run_is_to_stop() -> None:
    calls = 0

    def interrupt() -> None:
        nonlocal calls
        calls += 1
        if calls > 3:
            raise InterruptedError

    c = variable("c")
    (end,) = scan(Body((c,), (sin(c),)), [variable("x")], [], [], 100_000)
    run: Any = interpret(FlatGraph.of({"end": end}))
    with pytest.raises(InterruptedError):
        run({"x": np.array(1.0)}, interrupt)


def nested(inputs: Sequence[Value]) -> Value:
    c, x = variable("c"), variable("x")
    inner = Body((c, x), (sin(c * x),))
    d, row = variable("d"), variable("row", (3,))
    (end,) = scan(inner, [d], [row], [], 3)
    (result,) = scan(Body((d, row), (end + d,)), [inputs[0]], [inputs[1]], [], 4)
    return result


def nested_out(inputs: Sequence[Value]) -> Value:
    c = inputs[0]
    for i in range(4):
        d = c
        for j in range(3):
            c = sin(c * slice_(inputs[1], index=f"{i}, {j}"))
        c = c + d
    return c


def test_loops_in_loops_have_derivatives_of_second_order() -> None:
    inputs = [variable("c"), variable("m", (4, 3))]
    point = {"c": np.array(0.7), "m": RNG.normal(size=(4, 3))}
    found = []
    for f in (nested, nested_out):
        y = f(inputs)
        outputs = dict(enumerate([*gradient(y, inputs), *hessian_vector_product(y, {x: sin(x) for x in inputs})]))
        found.append(interpret(simplify(FlatGraph.of({str(i): x for i, x in outputs.items()})))(point))
    for name in found[0]:
        np.testing.assert_allclose(found[0][name], found[1][name], rtol=1e-12, atol=1e-14)


def test_looking_for_what_is_not_finite_keeps_no_steps_and_can_be_stopped() -> None:
    text = "graph g\nvariable x: float64[]\ncomposite step {\n  variable c: float64[]\n  a = sin(c)\n  b = cos(a)\n"
    text += '  d = multiply(a, b)\n  output d = d\n}\ns = scan(x, body="step", carries=1, length=20000)\noutput s = s\n'
    typed = expand(parse(text), {"x": TensorType(())})
    tracemalloc.start()
    try:
        assert diagnosis(typed, {"x": np.array(np.nan)}) == ("x", {})
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1_000_000  # bytes; all values of all steps would take six million

    def stop() -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        diagnosis(typed, {"x": np.array(0.5)}, stop)
