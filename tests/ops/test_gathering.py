"""Gathering and scattering: NumPy's advanced indices, bounds, which update wins, who shares a derivative at ties."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradwire_service import Engine
from gradwire_service.errors import AttributeValueError, ElementTypeError, GradwireError, IndexRangeError, ShapeError
from gradwire_service.graph import BOOL, FLOAT64, INT64, Array, Block, Graph, Variable
from gradwire_service.ops import Value, apply, constant, variable
from gradwire_service.ops.functions import (
    dynamic_slice,
    dynamic_update_slice,
    gather_nd,
    scatter_add,
    scatter_max,
    scatter_min,
    scatter_set,
    stack,
    take_along_axis,
    transpose,
)
from gradwire_service.ops.functions import sum as sum_
from gradwire_service.ops.namespace import NUMPY
from gradwire_service.transform import gradient, jvp, vjp
from tests.ops.derivatives import numbers, pulled, pushed, run, variables

NAN = math.nan


def read(f: Callable[..., Value], *points: Any) -> Array:
    xs, inputs = variables(*points)
    return run({"y": f(*xs)}, inputs)["y"]


def positions(*places: Any) -> Value:
    return constant(places, INT64)


# Reading.


def test_arrays_of_integers_on_some_axes_read_what_numpy_reads() -> None:
    x, i, j = numbers((3, 4, 5), "x"), np.array([[2, -1], [0, 0]]), np.array([[4], [-5]])
    found = read(
        lambda x, i, j: gather_nd(transpose(x, axes=(0, 2, 1)), stack(i, j, axis=-1)), x, i, np.broadcast_to(j, (2, 2))
    )
    assert np.array_equal(found, x[i, :, j])


@st.composite
def placed(draw: st.DrawFn) -> tuple[tuple[int, ...], tuple[int, ...], Array, int]:
    """Shapes of x and of the positions, these, and the number of axes that both share."""
    batch = tuple(draw(st.lists(st.integers(0, 2), max_size=2)))
    indexed = draw(st.lists(st.integers(1, 3), max_size=2))
    rest = draw(st.lists(st.integers(0, 2), max_size=1))
    lead = (*batch, *draw(st.lists(st.integers(0, 3), max_size=2)))
    flat = [draw(st.integers(-size, size - 1)) for _ in range(math.prod(lead)) for size in indexed]
    return (*batch, *indexed, *rest), lead, np.reshape(np.array(flat, np.int64), (*lead, len(indexed))), len(batch)


@settings(max_examples=60, deadline=None)
@given(placed())
def test_what_is_read_at_positions_goes_back_there(case: tuple[tuple[int, ...], tuple[int, ...], Array, int]) -> None:
    shape, lead, at, batch = case
    x = numbers(shape, "x")
    (value, _), _ = variables(x, at)
    y = gather_nd(value, constant(at, INT64), batch_dims=batch)
    expected, back = np.zeros(y.shape), np.zeros(shape)
    y_bar = numbers(y.shape, "y_bar")
    for i in np.ndindex(lead):
        place = (*i[:batch], *at[i])
        expected[i] = x[place]
        back[place] += y_bar[i]
    (x_bar,) = vjp({y: variable("y_bar", y.shape)}, [value])
    found = run({"y": y, "x_bar": x_bar}, {"x0": x, "y_bar": y_bar})
    assert np.array_equal(found["y"], expected)
    assert found["x_bar"] == pytest.approx(back, abs=1e-14)


def test_an_order_that_was_found_is_taken_row_by_row() -> None:
    x = numbers((3, 5), "x")
    found = read(lambda x: take_along_axis(x, apply("argsort", x, axis=1), axis=1), x)
    assert np.array_equal(found, np.sort(x, axis=1))


def test_axes_that_broadcast_have_the_sum_of_their_sensitivities() -> None:
    at = positions([0, 1, 1], [1, 1, 1])
    (x_bar,) = pulled(lambda x: take_along_axis(x, at, axis=1), [[5.0, 6.0]])
    assert x_bar.tolist() == [[1, 5]]


# Bounds.

UPDATE = numbers((2,), "update")
OUTSIDE: dict[str, tuple[Callable[..., Value], str]] = {
    "gather_nd": (lambda x, i: gather_nd(x, i), r"index 3 is outside an axis of 3; they run from -3 to 2"),
    "take_along_axis": (lambda x, i: take_along_axis(x, i, axis=0), "index 3 is outside an axis of 3"),
    "scatter_set": (lambda x, i: scatter_set(x, i, 1.0), "index 3 is outside an axis of 3"),
    "scatter_add": (lambda x, i: scatter_add(x, i, 1.0), "index 3 is outside an axis of 3"),
    "scatter_max": (lambda x, i: scatter_max(x, i, 1.0), "index 3 is outside an axis of 3"),
    "scatter_min": (lambda x, i: scatter_min(x, i, 1.0), "index 3 is outside an axis of 3"),
}


@pytest.mark.parametrize("op", OUTSIDE)
def test_a_position_that_is_not_there_is_told_by_value_and_gradient(op: str) -> None:
    f, message = OUTSIDE[op]
    xs, inputs = variables(numbers((3, 4), "x"), np.array([[0, -4], [3, 0]]))
    inputs["x1"] = np.array([[0, -4], [3, 0]]) if op != "take_along_axis" else np.array([[0, 2, 1, 3]])
    xs = [xs[0], variable("x1", inputs["x1"].shape, INT64)]
    y = f(*xs)
    with pytest.raises(IndexRangeError, match=message) as failure:
        run({"y": y}, inputs)
    assert failure.value.details == {"index": "3", "size": "3"}
    with pytest.raises(IndexRangeError, match="is outside an axis of 3"):
        run({"x_bar": gradient(sum_(y), [xs[0]])[0], "y": y}, inputs)


def test_a_position_below_the_first_is_told() -> None:
    with pytest.raises(IndexRangeError, match="index -4 is outside an axis of 3; they run from -3 to 2"):
        read(lambda x, i: gather_nd(x, i), numbers((2, 3), "x"), np.array([[0, -4]]))


def test_nothing_can_be_written_to_an_empty_axis() -> None:
    with pytest.raises(IndexRangeError, match="index 0 is outside an axis of 0; it has no elements"):
        read(lambda x, i: scatter_add(x, i, 1.0), np.zeros((0, 2)), np.array([[0]]))


@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_a_graph_with_a_position_that_is_not_there_is_refused_and_the_block_is_named(backend: str) -> None:
    variables = (Variable("x", (4,)), Variable("i", (2, 1), INT64))
    blocks = (Block("z", "exp", ("x",)), Block("added", "scatter_add", ("z", "i", "1.0")))
    graph = Graph((*blocks, Block("loss", "sum", ("added",))), {"loss": "loss"}, variables)
    inputs: dict[str, Array] = {"x": np.zeros(4), "i": np.array([[0], [4]])}
    engine = Engine(backend)
    for ask in (engine.evaluate, lambda *given: engine.gradient(*given, of="loss", wrt=["x"])):
        with pytest.raises(IndexRangeError, match=r"^block 'added' \(scatter_add\): index 4 is outside") as failure:
            ask(graph, inputs)
        error = failure.value
        assert (error.reason, error.code, error.block) == ("INDEX_OUT_OF_RANGE", "INVALID_ARGUMENT", "added")


# Writing.


def test_of_updates_to_one_place_the_last_wins_and_has_the_derivative() -> None:
    at = positions([1], [0], [1], [-2])
    points = [10.0, 20.0, 30.0], [1.0, 2.0, 3.0, 4.0]
    found = read(lambda x, u: scatter_set(x, at, u), *points)
    assert found.tolist() == [2, 4, 30]
    weights = constant([1.0, 10.0, 100.0])
    x_bar, u_bar = pulled(lambda x, u: scatter_set(x, at, u) * weights, *points)
    assert x_bar.tolist() == [0, 0, 100]
    assert u_bar.tolist() == [0, 1, 0, 10]
    along = [y_dot.tolist() for y_dot in pushed(lambda x, u: scatter_set(x, at, u), *points)]
    assert along == [[0, 0, 1], [1, 1, 0]]


@pytest.mark.parametrize("turned", [False, True], ids=["by rows", "by columns"])
def test_the_last_is_last_in_row_major_order_however_positions_lie_in_memory(turned: bool) -> None:
    at = np.array([[[0], [1]], [[1], [0]]])
    at = np.asfortranarray(at) if turned else at
    xs, inputs = variables(np.zeros(2), at, np.array([[1.0, 2.0], [3.0, 4.0]]))
    y = apply("scatter_set", *xs).op.evaluate(NUMPY, *(inputs[x.name] for x in xs))
    assert y.tolist() == [4, 3]


def test_x_itself_stays_as_it_is() -> None:
    xs, inputs = variables(np.array([1.0, 2.0]))
    at = positions([0])
    outputs = {"set": scatter_set(xs[0], at, 9.0), "add": scatter_add(xs[0], at, 9.0), "x": xs[0]}
    found = run({**outputs, "part": dynamic_update_slice(xs[0], constant([7.0]), constant([1], INT64))}, inputs)
    assert [found[name].tolist() for name in ("set", "add", "part", "x")] == [[9, 2], [10, 2], [1, 7], [1, 2]]


def test_an_update_that_broadcasts_has_the_sum_of_its_sensitivities() -> None:
    at = positions([2], [0], [2])
    weights = constant([[1.0, 2.0], [10.0, 20.0], [100.0, 200.0]])
    _, one = pulled(lambda x, u: scatter_add(x, at, u) * weights, np.zeros((3, 2)), 1.0)
    assert one == 3 * 200 + 3
    _, row = pulled(lambda x, u: scatter_set(x, at, u) * weights, np.zeros((3, 2)), [1.0, 1.0])
    assert row.tolist() == [101, 202]


@pytest.mark.parametrize(("op", "sign"), [(scatter_max, 1.0), (scatter_min, -1.0)], ids=["max", "min"])
def test_elements_that_tie_share_the_derivative_with_what_was_there(op: Callable[..., Value], sign: float) -> None:
    at = positions([0], [0], [0], [1], [2])
    x, u = sign * np.array([3.0, 5.0, NAN, 7.0]), sign * np.array([3.0, 3.0, 1.0, 4.0, 1.0])
    x_bar, u_bar = pulled(lambda x, u: op(x, at, u), x, u)
    assert x_bar == pytest.approx([1 / 3, 1, 0, 1])
    assert u_bar == pytest.approx([1 / 3, 1 / 3, 0, 0, 0])
    x_dot, u_dot = pushed(lambda x, u: op(x, at, u), x, u)
    assert x_dot == pytest.approx([1 / 3, 1, 0, 1])
    assert u_dot == pytest.approx([2 / 3, 0, 0, 0])


def test_the_second_derivative_goes_to_the_update_that_won() -> None:
    at, v = positions([1], [1]), variable("v", (2,))
    (u,), inputs = variables([2.0, 5.0])
    for f, expected in ((scatter_set, [0, 30 * 7]), (scatter_add, [42 * 8, 42 * 8]), (scatter_max, [0, 30 * 7])):
        (u_bar,) = gradient(sum_(f(constant([0.0, 0.0]), at, u) ** 3), [u])
        (forward,) = jvp([u_bar], {u: v})
        (reverse,) = vjp({u_bar: v}, [u])
        found = run({"forward": forward, "reverse": reverse}, {**inputs, "v": np.array([1.0, 7.0])})
        assert found["forward"].tolist() == found["reverse"].tolist() == expected


# Parts of a fixed size.


@pytest.mark.parametrize(
    ("start", "message"),
    [
        ([2, 0], r"2 elements from 2 on reach outside axis 0 of shape \[3, 4\]; starts run from -3 to 1"),
        ([0, 3], r"3 elements from 3 on reach outside axis 1 of shape \[3, 4\]; starts run from -4 to 1"),
        ([-1, 0], "2 elements from -1 on reach outside axis 0"),
        ([-4, 0], "2 elements from -4 on reach outside axis 0"),
    ],
)
def test_a_part_that_reaches_outside_is_refused_and_not_moved(start: list[int], message: str) -> None:
    x, at = np.zeros((3, 4)), np.array(start)
    with pytest.raises(IndexRangeError, match=f"dynamic_slice: {message}"):
        read(lambda x, at: dynamic_slice(x, at, sizes=(2, 3)), x, at)
    with pytest.raises(IndexRangeError, match=f"dynamic_update_slice: {message}"):
        read(lambda x, at: dynamic_update_slice(x, constant(np.ones((2, 3))), at), x, at)


def test_a_part_that_is_replaced_has_the_derivative_of_what_replaced_it() -> None:
    start = constant([-2], INT64)
    x_bar, u_bar = pulled(
        lambda x, u: dynamic_update_slice(x, u, start) * constant([1.0, 2.0, 4.0, 8.0]), numbers((4,), "x"), [5.0]
    )
    assert (x_bar.tolist(), u_bar.tolist()) == ([1, 2, 0, 8], [4])


# Refusals.

X, I = variable("x", (3, 4)), variable("i", (2, 2), INT64)  # noqa: E741
REFUSED: dict[str, tuple[Callable[[], object], type[GradwireError], str]] = {
    "positions that are floating": (
        lambda: gather_nd(X, variable("i", (2, 2))),
        ElementTypeError,
        "gather_nd takes integers for indices, not float64; convert with astype",
    ),
    "positions that are truths": (
        lambda: take_along_axis(X, variable("i", (3, 4), BOOL), axis=0),
        ElementTypeError,
        "take_along_axis takes integers for indices, not bool",
    ),
    "more axes than there are": (
        lambda: gather_nd(X, variable("i", (2, 3), INT64)),
        ShapeError,
        r"gather_nd: indices of shape \[2, 3\] do not fit shape \[3, 4\] with 0 batch axes",
    ),
    "a batch of another size": (
        lambda: gather_nd(X, variable("i", (2, 1), INT64), batch_dims=1),
        ShapeError,
        "with 1 batch axes",
    ),
    "a negative batch": (lambda: gather_nd(X, I, batch_dims=-1), ShapeError, "with -1 batch axes"),
    "a position without axis": (lambda: gather_nd(X, variable("i", (), INT64)), ShapeError, "do not fit"),
    "updates of another shape": (
        lambda: scatter_set(X, I, variable("u", (3,))),
        ShapeError,
        r"scatter_set: updates of shape \[3\] do not broadcast to \[2\], which is that of what the indices pick",
    ),
    "updates with more axes": (
        lambda: scatter_add(X, I, variable("u", (5, 2))),
        ShapeError,
        r"scatter_add: updates of shape \[5, 2\] do not broadcast to \[2\]",
    ),
    "truths that are added": (
        lambda: scatter_add(variable("t", (3, 4), BOOL), I, variable("u", (2,), BOOL)),
        ElementTypeError,
        "scatter_add takes numeric values, not bool",
    ),
    "integers beside floating": (lambda: scatter_set(X, I, variable("u", (2,), INT64)), ElementTypeError, "can't mix"),
    "rows of another number of axes": (
        lambda: take_along_axis(X, variable("i", (2,), INT64), axis=0),
        ShapeError,
        r"take_along_axis takes as many axes of indices as of x, not \[2\] beside \[3, 4\]",
    ),
    "rows that do not broadcast": (
        lambda: take_along_axis(X, variable("i", (2, 5), INT64), axis=0),
        ShapeError,
        "do not broadcast",
    ),
    "an axis that is not there": (
        lambda: take_along_axis(X, I, axis=2),
        ShapeError,
        "take_along_axis along axes .2. of a value with 2 axes: there is no such axis",
    ),
    "a part larger than its axis": (
        lambda: dynamic_slice(X, variable("s", (2,), INT64), sizes=(4, 1)),
        ShapeError,
        r"dynamic_slice: a part of shape \[4, 1\] .* does not fit in shape \[3, 4\]",
    ),
    "a start without enough numbers": (
        lambda: dynamic_slice(X, variable("s", (1,), INT64), sizes=(1, 1)),
        ShapeError,
        r"at a start of shape \[1\] does not fit",
    ),
    "a start that is floating": (
        lambda: dynamic_slice(X, variable("s", (2,)), sizes=(1, 1)),
        ElementTypeError,
        "dynamic_slice takes integers for indices",
    ),
    "a negative size": (
        lambda: dynamic_slice(X, variable("s", (2,), INT64), sizes=(-1, 1)),
        AttributeValueError,
        "sizes are not negative",
    ),
    "an update with fewer axes": (
        lambda: dynamic_update_slice(X, variable("u", (2,)), variable("s", (2,), INT64)),
        ShapeError,
        "dynamic_update_slice: a part of shape",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_does_not_fit_is_refused(case: str) -> None:
    call, error, message = REFUSED[case]
    with pytest.raises(error, match=message):
        call()


def test_positions_take_no_part_in_promotion() -> None:
    y = scatter_add(variable("x", (3,), FLOAT64), constant([[0]], INT64), 2)
    assert (y.element_type, y.inputs[1].element_type, y.inputs[2].element_type) == (FLOAT64, INT64, FLOAT64)
