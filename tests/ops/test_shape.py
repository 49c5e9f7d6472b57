"""Shape, joining and conversion ops: derivatives that move elements back, simplifications, refusals with remedies."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradwire_service import Engine
from gradwire_service.errors import AttributeValueError, ElementTypeError, GradwireError, ShapeError
from gradwire_service.graph import BOOL, FLOAT32, FLOAT64, INT64, Array, parse
from gradwire_service.ops import Value, apply, variable
from gradwire_service.ops.functions import (
    astype,
    broadcast_to,
    concatenate,
    expand_dims,
    flip,
    pad,
    reshape,
    sin,
    square,
    squeeze,
    stack,
    stop_gradient,
    transpose,
)
from gradwire_service.ops.functions import sum as sum_
from gradwire_service.transform import gradient, jvp, simplified, vjp
from tests.ops.derivatives import numbers, pulled, run, variables

X = variable("x", (2, 3, 4))


def simple(value: Value) -> str:
    return str(simplified({"y": value})["y"])


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (reshape(reshape(X, shape=(6, 4)), shape=(4, 6)), "reshape[shape=(4, 6)](x)"),
        (reshape(reshape(X, shape=(24,)), shape=(2, 3, -1)), "x"),
        (reshape(X, shape=(2, 3, 4)), "x"),
        (squeeze(expand_dims(X, axis=(0, -1))), "x"),
        (expand_dims(X, axis=(1,)), "reshape[shape=(2, 1, 3, 4)](x)"),
        (transpose(transpose(X)), "x"),
        (transpose(transpose(X, axes=(1, 2, 0)), axes=(1, 2, 0)), "transpose[axes=(2, 0, 1)](x)"),
        (transpose(transpose(X, axes=(1, 2, 0)), axes=(2, 0, 1)), "x"),
        (transpose(transpose(X, axes=(1, 0, 2)), axes=(0, 2, 1)), "transpose[axes=(1, 2, 0)](x)"),
        (transpose(X, axes=(0, -2, 2)), "x"),
        (flip(flip(X)), "x"),
        (flip(flip(X, axis=(0, 1)), axis=(-2, 2)), "flip[axis=(0, 2)](x)"),
        (flip(expand_dims(X, axis=(0,)), axis=(0,)), "reshape[shape=(1, 2, 3, 4)](x)"),
        (broadcast_to(X, shape=(2, 3, 4)), "x"),
        (
            broadcast_to(broadcast_to(X, shape=(5, 2, 3, 4)), shape=(6, 5, 2, 3, 4)),
            "broadcast_to[shape=(6, 5, 2, 3, 4)](x)",
        ),
        (astype(X, element_type=FLOAT64), "x"),
        (concatenate(X, axis=1), "x"),
        (pad(X, low=(0, 0, 0), high=(0, 0, 0)), "x"),
        (apply("slice", X, index=":, 0:, ..."), "x"),
        (apply("slice", X, index="None, ::1"), "reshape[shape=(1, 2, 3, 4)](x)"),
        (stop_gradient(X), "stop_gradient(x)"),
    ],
    ids=str,
)
def test_what_moves_nothing_is_left_out(value: Value, expected: str) -> None:
    assert simple(value) == expected


def test_conversion_to_fewer_digits_and_back_is_kept() -> None:
    there = astype(X, element_type=FLOAT32)
    assert simplified({"y": astype(there, element_type=FLOAT64)})["y"].op.name == "astype"


def test_numbers_that_are_repeated_are_not_written_out() -> None:
    y = sin(X * 2 + broadcast_to(variable("b", (4,)), shape=(2, 3, 4)))
    assert simple(y) == "sin(add(multiply(x, 2.0), b))"
    assert simple(gradient(sum_(X * reshape(X, shape=(2, 3, 4))), [X])[0]) == "add(x, x)"


Refusal = tuple[Callable[[], Value], type[GradwireError], str]

REFUSALS: dict[str, Refusal] = {
    "too few elements": (lambda: reshape(X, shape=(5, 5)), ShapeError, r"24 elements, \[5, 5\] has 25; they must be"),
    "no size for -1": (lambda: reshape(X, shape=(5, -1)), ShapeError, "no size for -1"),
    "any size for -1": (lambda: reshape(variable("e", (0,)), shape=(0, -1)), ShapeError, "no size for -1"),
    "two -1": (lambda: reshape(X, shape=(-1, -1)), AttributeValueError, "except for one -1"),
    "a negative size": (lambda: reshape(X, shape=(-2, 12)), AttributeValueError, "not negative"),
    "broadcast to less": (lambda: broadcast_to(X, shape=(3, 4)), ShapeError, "add axes with expand_dims"),
    "broadcast of a 3": (lambda: broadcast_to(X, shape=(2, 6, 4)), ShapeError, "must be the same or 1"),
    "broadcast below zero": (lambda: broadcast_to(X, shape=(-1, 3, 4)), AttributeValueError, "not negative"),
    "an order of too few axes": (lambda: transpose(X, axes=(0, 1)), ShapeError, "name every axis once"),
    "an order with one axis twice": (lambda: transpose(X, axes=(0, 1, -2)), ShapeError, "names an axis twice"),
    "squeeze of a 3": (lambda: squeeze(X, axis=(1,)), ShapeError, "it has size 3, not 1; index it, or reduce"),
    "a new axis too far out": (lambda: expand_dims(X, axis=(4,)), ShapeError, "there is no such axis"),
    "flip of no axis": (lambda: flip(X, axis=(3,)), ShapeError, "there is no such axis"),
    "concatenate of other sizes": (
        lambda: concatenate(X, X, variable("z", (2, 5, 4))),
        ShapeError,
        "stack makes a new",
    ),
    "concatenate of other ranks": (lambda: concatenate(X, variable("z", (2, 3))), ShapeError, "differ in another"),
    "concatenate of scalars": (lambda: concatenate(variable("a"), variable("b")), ShapeError, "no such axis"),
    "concatenate of integers with floats": (
        lambda: concatenate(X, variable("n", (2, 3, 4), INT64)),
        ElementTypeError,
        "can't mix float64 and int64; convert one with astype",
    ),
    "stack of other shapes": (lambda: stack(X, variable("z", (2, 3))), ShapeError, "concatenate joins"),
    "stack too far out": (lambda: stack(X, X, axis=4), ShapeError, "no such axis"),
    "pad that cuts too much": (
        lambda: pad(X, low=(-2, 0, -9), high=(0, 0, 0)),
        AttributeValueError,
        "more than there is",
    ),
    "pad of other axes": (lambda: pad(X, low=(0,), high=(0,)), AttributeValueError, "as many margins"),
    "full below zero": (lambda: apply("full", shape=(-1,), value=0.0), AttributeValueError, "not negative"),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_what_does_not_fit_is_refused_with_the_remedy(case: str) -> None:
    f, error, message = REFUSALS[case]
    with pytest.raises(error, match=message):
        f()


def test_names_of_dimensions_stand_for_their_sizes() -> None:
    graph = parse("""
        variable x: float64[batch, features, 2]
        variable b: float64[features]
        flat = reshape(x, shape=[-1, features])
        wide = broadcast_to(b, shape=[batch, features])
        output flat = flat
        output wide = wide
    """)
    found = Engine("numpy").evaluate(graph, {"x": np.zeros((4, 3, 2)), "b": np.arange(3.0)})
    assert (found["flat"].shape, found["wide"].shape) == ((8, 3), (4, 3))


def test_values_of_two_precisions_are_joined_in_the_higher() -> None:
    single, double = numbers((2,), "single", np.float32), numbers((3,), "double")
    xs, inputs = variables(single, double)
    y = concatenate(*xs)
    assert y.element_type is FLOAT64
    assert run({"y": y}, inputs)["y"].tolist() == [*single.tolist(), *double.tolist()]
    assert [bar.dtype for bar in pulled(concatenate, single, double)] == [np.float32, np.float64]


def test_a_value_that_is_joined_twice_has_both_sensitivities() -> None:
    (bar,) = pulled(lambda x: square(concatenate(x, x * 3)), [1.0, -2.0])
    assert bar.tolist() == [20, -40]


def test_a_conversion_between_floating_types_carries_the_derivative_in_the_type_of_its_input() -> None:
    x = variable("x", (), FLOAT32)
    (x_bar,) = gradient(square(astype(x, element_type=FLOAT64)), [x])
    assert x_bar.element_type is FLOAT32
    assert run({"x_bar": x_bar}, {"x": np.array(3, np.float32)})["x_bar"] == 6


@pytest.mark.parametrize("kind", [INT64, BOOL])
def test_a_conversion_to_what_is_not_floating_stops_the_derivative(kind: object) -> None:
    (bar,) = pulled(lambda x: x + astype(astype(x, element_type=kind), element_type=FLOAT64), [0.0, 2.5])
    assert bar.tolist() == [1, 1]


def test_stop_gradient_is_a_constant_to_every_derivative() -> None:
    x, x_dot = variable("x"), variable("x_dot")
    y = x * stop_gradient(x)
    (x_bar,) = gradient(y, [x])
    (second,) = jvp([x_bar], {x: x_dot})
    (y_dot,) = jvp([y], {x: x_dot})
    found = run({"x_bar": x_bar, "second": second, "y_dot": y_dot}, {"x": np.array(3.0), "x_dot": np.array(1.0)})
    assert {name: float(x) for name, x in found.items()} == {"x_bar": 3, "y_dot": 3, "second": 0}


def test_simplifying_before_differentiating_changes_no_derivative() -> None:
    x = variable("x", (3,))
    y = simplified({"y": sum_(square(stop_gradient(x)) * x)})["y"]
    (x_bar,) = gradient(y, [x])
    assert run({"x_bar": x_bar}, {"x": np.array([1.0, 2, 3])})["x_bar"].tolist() == [1, 4, 9]


def test_a_tangent_that_is_still_to_be_broadcast_passes_ops_that_need_it_whole() -> None:
    x, z, x_dot = variable("x", (3,)), variable("z", (2, 3)), variable("x_dot", (3,))
    (y_dot,) = jvp([reshape(x + z, shape=(6,))], {x: x_dot})
    assert run({"y_dot": y_dot}, {"x_dot": np.array([1.0, 2, 3])})["y_dot"].tolist() == [1, 2, 3, 1, 2, 3]


sizes = st.integers(0, 4)
margins = st.tuples(st.integers(-3, 3), st.integers(-3, 3), st.integers(0, 2))


@given(st.lists(st.tuples(sizes, margins), max_size=3))
def test_padding_and_slicing_are_each_others_adjoint(axes: list[tuple[int, tuple[int, int, int]]]) -> None:
    shape = tuple(size for size, _ in axes)
    low, high, interior = ([margin[i] for _, margin in axes] for i in range(3))
    low = [max(a, -n) for a, n in zip(low, shape, strict=True)]
    spread = [max(n - 1, 0) * (gap + 1) + min(n, 1) for n, gap in zip(shape, interior, strict=True)]
    high = [max(b, -n - a) for a, b, n in zip(low, high, spread, strict=True)]

    def f(x: Value) -> Value:
        return pad(x, low=tuple(low), high=tuple(high), interior=tuple(interior))

    x, weights = numbers(shape, "x"), numbers(f(variable("x", shape)).shape, "weights")
    y = run({"y": f(variable("x", shape))}, {"x": x})["y"]
    (x_bar,) = vjp({f(v := variable("x", shape)): variable("y_bar", y.shape)}, [v])
    found = run({"x_bar": x_bar}, {"y_bar": weights})["x_bar"]
    assert np.sum(found * x) == pytest.approx(np.sum(weights * y), abs=1e-12)
    assert y.tolist() == dilated(x, low, high, interior).tolist()


def dilated(x: Array, low: list[int], high: list[int], interior: list[int]) -> Array:
    """Place the elements one by one."""
    spread = [max(n - 1, 0) * (gap + 1) + min(n, 1) for n, gap in zip(x.shape, interior, strict=True)]
    y = np.zeros([a + n + b for a, n, b in zip(low, spread, high, strict=True)])
    for at in np.ndindex(x.shape):
        place = tuple(a + i * (gap + 1) for a, i, gap in zip(low, at, interior, strict=True))
        if all(0 <= i < n for i, n in zip(place, y.shape, strict=True)):
            y[place] = x[at]
    return y
