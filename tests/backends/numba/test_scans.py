"""Loops over bodies in kernels, beside NumPy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from gradwire_backends.numba import NumbaBackend
from gradwire_service.backend import Tensors
from gradwire_service.control.scan import scan
from gradwire_service.errors import IndexRangeError
from gradwire_service.graph import BOOL, FLOAT32, FLOAT64, INT64, ElementType
from gradwire_service.interpreter import interpret
from gradwire_service.ops import FlatGraph, Value, variable
from gradwire_service.ops.body import Body
from gradwire_service.ops.functions import add, greater, multiply, sin, take, tanh, where
from gradwire_service.ops.functions import sum as sum_
from gradwire_service.transform import gradient, hessian_vector_product, simplify
from tests.backends.numba.graphs import compiled, run_compiled

TRIPS = 5


def same(backend: NumbaBackend, outputs: Sequence[Value], seed: int = 0) -> Tensors:
    """Run outputs by kernels and by NumPy, and return them when they agree."""
    graph = simplify(FlatGraph.of({f"y{i}": y for i, y in enumerate(outputs)}))
    draw = np.random.default_rng(seed)
    point = {
        name: np.asarray(draw.normal(size=x.shape) * 2, x.element_type.dtype) for name, x in graph.variables.items()
    }
    found, expected = run_compiled(compiled(backend, graph), point), interpret(graph)(point)
    for name, y in expected.items():
        tolerance = 2e-5 if y.dtype == np.float32 else 1e-12
        assert found[name].dtype == y.dtype
        np.testing.assert_allclose(found[name], y, rtol=tolerance, atol=tolerance)
    return found


def loop(
    trips: int = TRIPS, reverse: bool = False, checkpoint: str = "keep", size: int = 4, kind: ElementType = FLOAT64
) -> tuple[Value, ...]:
    """Return a recurrence's end and its stack: h ← tanh(h·w + x), with h² stacked."""
    h, x, w = (variable(name, (size,), kind) for name in "hxw")
    after = tanh(add(multiply(h, w), x))
    body = Body((h, x, w), (after, multiply(after, after)))
    start, rows = variable("start", (size,), kind), variable("rows", (trips, size), kind)
    return scan(body, [start], [rows], [w], trips, reverse, checkpoint)


@pytest.mark.parametrize("trips", [0, 1, TRIPS])
@pytest.mark.parametrize("reverse", [False, True])
def test_loops_of_any_length_in_both_directions(backend: NumbaBackend, trips: int, reverse: bool) -> None:
    same(backend, loop(trips, reverse))


@pytest.mark.parametrize("size", [1, 100])
def test_carries_of_any_size(backend: NumbaBackend, size: int) -> None:
    same(backend, loop(size=size))


def test_single_precision(backend: NumbaBackend) -> None:
    assert same(backend, loop(kind=FLOAT32))["y0"].dtype == np.float32


def test_a_stack_that_nobody_uses(backend: NumbaBackend) -> None:
    same(backend, loop()[:1])


@pytest.mark.parametrize("size", [1, 3, 300])
def test_carries_that_swap_places_and_one_that_stays(backend: NumbaBackend, size: int) -> None:
    a, b, c = (variable(name, (size,)) for name in "abc")
    found = scan(Body((a, b, c), (b, a, c)), [variable(f"start {n}", (size,)) for n in "abc"], [], [], 3)
    same(backend, found)


def test_whole_numbers_and_truth_values_are_carried(backend: NumbaBackend) -> None:
    n, flag, x = variable("n", (), INT64), variable("flag", (), BOOL), variable("x", ())
    positive = greater(x, variable("limit", ()))
    body = Body((n, flag, x, positive.inputs[1]), (add(n, n), positive, where(flag, x, sin(x))))
    starts = [variable("count", (), INT64), variable("first", (), BOOL)]
    same(backend, scan(body, starts, [variable("rows", (TRIPS,))], [variable("limit", ())], TRIPS))


def test_no_carries_and_a_loop_in_a_loop(backend: NumbaBackend) -> None:
    x, h, row = variable("x", (3, 4)), variable("h", (4,)), variable("row", (4,))
    (end,) = scan(Body((h, row), (tanh(add(h, row)),)), [sum_(x, axis=(0,))], [x], [], 3)
    same(backend, scan(Body((x,), (end,)), [], [variable("rows", (2, 3, 4))], [], 2))


@pytest.mark.parametrize("checkpoint", ["keep", "recompute", "sqrt"])
def test_gradients_whatever_is_kept(backend: NumbaBackend, checkpoint: str) -> None:
    end, stack = loop(checkpoint=checkpoint)
    loss = add(sum_(end, axis=None), sum_(stack, axis=None))
    variables = list(FlatGraph.of({"loss": loss}).variables.values())
    same(backend, [loss, *gradient(loss, variables)])


def test_products_of_hessian_and_vector(backend: NumbaBackend) -> None:
    loss = sum_(loop()[1], axis=None)
    x = FlatGraph.of({"loss": loss}).variables["start"]
    same(backend, hessian_vector_product(loss, {x: variable("direction", x.shape)}))


def test_an_index_outside_a_body_s_array_is_told(backend: NumbaBackend) -> None:
    i, table = variable("i", (), INT64), variable("table", (4,))
    body = Body((i, table), (take(table, i, axis=0),))
    (y,) = scan(body, [], [variable("indices", (3,), INT64)], [variable("table", (4,))], 3)
    graph = simplify(FlatGraph.of({"y": y}))
    executable, point = compiled(backend, graph), {"indices": np.array([0, 3, -4]), "table": np.arange(4.0)}
    assert run_compiled(executable, point)["y"].tolist() == [0, 3, 0]
    with pytest.raises(IndexRangeError, match="9"):
        executable(point | {"indices": np.array([0, 9, 1])})
