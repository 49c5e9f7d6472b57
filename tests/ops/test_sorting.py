"""Sorting: ties, NaN, where derivatives go, refusals."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from gradwire_service.errors import (
    AttributeValueError,
    ElementTypeError,
    GradwireError,
    NotDifferentiableError,
    ShapeError,
)
from gradwire_service.graph import BOOL, FLOAT32, INT64, Array
from gradwire_service.ops import Value, variable
from gradwire_service.ops.functions import argsort, searchsorted, sort, top_k
from gradwire_service.ops.functions import slice as slice_
from gradwire_service.ops.functions import sum as sum_
from gradwire_service.transform import gradient, jvp, vjp
from tests.ops.derivatives import numbers, pulled, run, variables

NAN, INF = math.nan, math.inf


def both(f: Callable[..., tuple[Value, Value]], x: Array) -> tuple[Array, Array]:
    (value,), inputs = variables(x)
    found = run(dict(zip(("values", "indices"), f(value), strict=True)), inputs)
    return found["values"], found["indices"]


def test_elements_that_tie_stay_in_their_order_in_either_direction() -> None:
    x = np.array([1.0, 2.0, 1.0, 2.0, 1.0])
    assert both(lambda x: sort(x), x)[1].tolist() == [0, 2, 4, 1, 3]
    assert both(lambda x: sort(x, descending=True), x)[1].tolist() == [1, 3, 0, 2, 4]
    assert both(lambda x: top_k(x, k=3), x)[1].tolist() == [1, 3, 0]


def test_nan_comes_last_in_either_direction() -> None:
    x = np.array([NAN, 1.0, -INF, NAN, INF])
    assert both(lambda x: sort(x), x)[1].tolist() == [2, 1, 4, 0, 3]
    assert both(lambda x: sort(x, descending=True), x)[1].tolist() == [4, 1, 2, 0, 3]
    assert both(lambda x: top_k(x, k=3), x)[0].tolist() == [INF, 1, -INF]


def test_the_least_integer_is_the_last_when_sorted_down() -> None:
    least = np.iinfo(np.int64).min
    values, _ = both(lambda x: sort(x, descending=True), np.array([0, least, 5]))
    assert values.tolist() == [5, 0, least]


def test_values_and_positions_belong_together() -> None:
    x = numbers((4, 5), "x")
    values, indices = both(lambda x: sort(x, axis=0, descending=True), x)
    assert np.array_equal(np.take_along_axis(x, indices, 0), values)
    assert np.array_equal(values, -np.sort(-x, axis=0))


def test_the_derivative_of_a_median_is_one_at_the_element_that_it_is() -> None:
    (x_bar,) = pulled(lambda x: slice_(sort(x)[0], index="2"), [5.0, 1.0, 4.0, 2.0, 3.0])
    assert x_bar.tolist() == [0, 0, 0, 0, 1]


def test_where_elements_tie_each_has_the_derivative_of_its_place() -> None:
    x, y_bar = variable("x", (3,)), variable("y_bar", (3,))
    (x_bar,) = vjp({sort(x)[0]: y_bar}, [x])
    found = run({"x_bar": x_bar}, {"x": np.array([2.0, 1.0, 2.0]), "y_bar": np.array([1.0, 10.0, 100.0])})
    assert found["x_bar"].tolist() == [10, 1, 100]


def test_what_is_not_among_the_greatest_has_no_derivative() -> None:
    (x_bar,) = pulled(lambda x: top_k(x, k=2, axis=0)[0], [[5.0, 1.0], [4.0, 9.0], [7.0, 3.0]])
    assert x_bar.tolist() == [[1, 0], [0, 1], [1, 1]]


@pytest.mark.parametrize("f", [lambda x: sort(x, descending=True), lambda x: top_k(x, k=2)], ids=["sort", "top_k"])
def test_the_second_derivative_is_that_of_the_elements_in_their_places(f: Callable[..., tuple[Value, Value]]) -> None:
    (x,), inputs = variables([3.0, 1.0, 2.0])
    v = variable("v", (3,))
    weights = np.array([1.0, 10.0, 100.0])
    values, _ = f(x)
    (x_bar,) = gradient(sum_(values**3), [x])
    (forward,) = jvp([x_bar], {x: v})
    (reverse,) = vjp({x_bar: v}, [x])
    found = run({"forward": forward, "reverse": reverse}, {**inputs, "v": weights})
    expected = 6 * np.array([3.0, 1.0, 2.0]) * weights * ([1, 1, 1] if values.shape == (3,) else [1, 0, 1])
    assert found["forward"].tolist() == found["reverse"].tolist() == expected.tolist()


def test_values_have_the_type_of_the_elements_and_positions_are_integers() -> None:
    x = variable("x", (2, 3), FLOAT32)
    for values, indices in (sort(x), top_k(x, k=1)):
        assert (values.element_type, indices.element_type) == (FLOAT32, INT64)
    assert argsort(x).element_type is searchsorted(slice_(x, index="0"), x).element_type is INT64
    assert top_k(x, k=1, axis=0)[0].shape == (1, 3)


def test_positions_have_no_derivative() -> None:
    x = variable("x", (3,))
    for indices in (argsort(x), sort(x)[1]):
        with pytest.raises(NotDifferentiableError, match="int64, not floating"):
            vjp({indices: indices}, [x])


@pytest.mark.parametrize("side", ["left", "right"])
def test_what_is_put_where_it_belongs_keeps_the_order(side: str) -> None:
    x, values = np.sort(numbers((20,), "x")), numbers((7,), "values")
    xs, inputs = variables(x, values)
    found = run({"y": searchsorted(*xs, side=side)}, inputs)["y"]
    for place, value in zip(found, values, strict=True):
        assert np.array_equal(np.insert(x, place, value), np.sort([*x, value]))


X = variable("x", (2, 3))
REFUSED: dict[str, tuple[Callable[[], object], type[GradwireError], str]] = {
    "a scalar": (lambda: sort(variable("x")), ShapeError, "sort along axes .-1. of a value with 0 axes"),
    "an axis that is not there": (lambda: argsort(X, axis=2), ShapeError, "argsort along axes .2."),
    "more than there are": (
        lambda: top_k(X, k=4),
        ShapeError,
        r"top_k of 4 elements: axis 1 of shape \[2, 3\] has fewer",
    ),
    "fewer than none": (lambda: top_k(X, k=-1), AttributeValueError, "top_k of -1 elements: their number is not neg"),
    "rows to search": (
        lambda: searchsorted(X, X),
        ShapeError,
        r"searchsorted takes elements in order along one axis, not shape \[2, 3\]",
    ),
    "truths to search": (
        lambda: searchsorted(variable("x", (2,), BOOL), variable("v", (), BOOL)),
        ElementTypeError,
        "searchsorted takes numeric values, not bool",
    ),
    "another side": (
        lambda: searchsorted(variable("x", (2,)), X, side="middle"),
        AttributeValueError,
        "searchsorted takes side left or right, not 'middle'",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_can_not_be_put_in_order_is_refused(case: str) -> None:
    call, error, message = REFUSED[case]
    with pytest.raises(error, match=message):
        call()
