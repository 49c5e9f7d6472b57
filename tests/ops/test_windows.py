"""Windows: convolutions of any size and order, what is picked at ties, margins, refusals."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import signal

from gradwire_backends.testing import assert_close
from gradwire_service.errors import AttributeValueError, ElementTypeError, GradwireError, ShapeError
from gradwire_service.graph import BOOL, Array
from gradwire_service.ops import Value, constant, variable
from gradwire_service.ops.functions import (
    conv,
    flip,
    reduce_window_max,
    reduce_window_sum,
    select_and_scatter_add,
    transpose,
)
from gradwire_service.ops.functions import sum as sum_
from gradwire_service.transform import gradient, jvp, vjp
from tests.ops.derivatives import numbers, pulled, pushed, run, variables

NAN, INF = math.nan, math.inf


def evaluated(f: Callable[..., Value], *points: Any) -> Array:
    xs, inputs = variables(*points)
    return run({"y": f(*xs)}, inputs)["y"]


# Convolution.


@pytest.mark.parametrize(
    ("x", "w"),
    [
        ((3, 2, 40, 50), (4, 2, 3, 5)),
        ((1, 1, 3000), (1, 1, 200)),
        ((1, 1, 3000), (2, 1, 2900)),
        ((300, 3, 6, 7), (2, 3, 2, 2)),
        ((2, 2, 12, 13, 14), (3, 2, 3, 4, 5)),
    ],
    ids=str,
)
def test_large_convolutions_are_those_of_scipy(x: tuple[int, ...], w: tuple[int, ...]) -> None:
    a, b = numbers(x, "x"), numbers(w, "w")
    expected = np.array([[sum(map(valid, member, weights)) for weights in b] for member in a])
    found = evaluated(lambda x, w: conv(x, w), a, b)
    assert_close("y", found, expected, 1e-11)


def valid(x: Array, w: Array) -> Array:
    return np.asarray(signal.correlate(x, w, mode="valid", method="fft"))


def test_one_line_that_is_larger_than_a_block_is_convolved_all_the_same() -> None:
    x = numbers((1, 2, 700, 700), "x")
    found = evaluated(lambda x: conv(x, constant([[[[1.0]], [[2.0]]]])), x)
    assert_close("y", found[0, 0], x[0, 0] + 2 * x[0, 1], 1e-15)


def test_groups_see_their_own_channels_alone() -> None:
    x, w = numbers((2, 4, 6), "x"), numbers((6, 2, 3), "w")
    grouped = evaluated(lambda x, w: conv(x, w, groups=2), x, w)
    parts = [evaluated(lambda x, w: conv(x, w), x[:, 2 * i : 2 * i + 2], w[3 * i : 3 * i + 3]) for i in range(2)]
    assert grouped == pytest.approx(np.concatenate(parts, axis=1))


def test_what_is_carried_back_is_a_transposed_convolution() -> None:
    x, w, y_bar = variable("x", (1, 2, 7)), variable("w", (3, 2, 3)), variable("y_bar", (1, 3, 3))
    y = conv(x, w, stride=(2,))
    (x_bar,) = vjp({y: y_bar}, [x])
    turned = flip(transpose(w, axes=(1, 0, 2)), axis=(2,))
    expected = conv(y_bar, turned, low=(2,), high=(2,), lhs_dilation=(2,), stride=(1,), rhs_dilation=(1,), groups=1)
    assert str(x_bar) == str(expected)


@pytest.mark.parametrize(
    "settings",
    [
        {"stride": (2, 1), "low": (1, 2), "rhs_dilation": (1, 2), "groups": 2},
        {"lhs_dilation": (2, 3), "low": (-1, 0), "high": (2, 1)},
    ],
    ids=str,
)
def test_the_third_derivative_of_a_cube_of_a_convolution(settings: dict[str, Any]) -> None:
    shape, weights = (2, 2, 5, 6), (4, 2 // settings.get("groups", 1), 2, 2)
    x, w, v = variable("x", shape), variable("w", weights), variable("v", shape)
    inputs = {"x": numbers(shape, "x"), "w": numbers(weights, "w"), "v": numbers(shape, "v")}
    value = sum_(conv(x, w, **settings) ** 3)
    (x_bar,) = gradient(value, [x])
    (second,) = jvp([x_bar], {x: v})
    (third,) = vjp({second: v}, [x])  # v · H(x) · v, differentiated along v
    expected = 6 * sum_(conv(v, w, **settings) ** 3)
    found = run({"third": sum_(third * v), "expected": expected}, inputs)
    assert found["third"] == pytest.approx(found["expected"], rel=1e-12)


def test_mixed_second_derivatives_by_elements_and_weights_agree_in_either_order() -> None:
    x, w = variable("x", (2, 2, 5)), variable("w", (2, 1, 2))
    v, u = variable("v", x.shape), variable("u", w.shape)
    inputs = {value.name: numbers(value.shape, value.name) for value in (x, w, v, u)}
    value = sum_(conv(x, w, stride=(2,), low=(1,), groups=2) ** 2)
    x_bar, w_bar = gradient(value, [x, w])
    one, other = jvp([x_bar], {w: u})[0], jvp([w_bar], {x: v})[0]
    found = run({"one": sum_(one * v), "other": sum_(other * u)}, inputs)
    assert found["one"] == pytest.approx(found["other"], rel=1e-12)


# The greatest of a window.


def test_of_elements_that_tie_the_first_in_row_major_order_is_given_the_derivative() -> None:
    x = np.array([[1.0, 3.0, 3.0], [3.0, 0.0, 3.0], [-INF, -INF, NAN]])
    (x_bar,) = pulled(lambda x: reduce_window_max(x, window=(2, 2)), x)
    assert x_bar.tolist() == [[0, 2, 0], [1, 0, 0], [0, 0, 1]]
    (y_dot,) = pushed(lambda x: reduce_window_max(x, window=(3, 3)), x)
    assert y_dot.tolist() == [[1]]


def test_a_margin_is_never_picked_even_among_elements_that_are_infinitely_small() -> None:
    x = np.full((2, 2), -INF)
    (x_bar,) = pulled(lambda x: reduce_window_max(x, window=(2, 2), low=(1, 1), high=(1, 1)), x)
    assert x_bar.tolist() == [[4, 2], [2, 1]]
    least = np.full(3, np.iinfo(np.int32).min, np.int32)
    assert evaluated(lambda x: reduce_window_max(x, window=(2,), low=(1,)), least).tolist() == least.tolist()


def test_what_windows_are_given_goes_where_their_greatest_elements_are() -> None:
    x = np.array([1.0, 5.0, 2.0, 4.0])
    found = evaluated(lambda x, s: select_and_scatter_add(x, s, window=(2,)), x, [1.0, 10.0, 100.0])
    assert found.tolist() == [0, 11, 0, 100]
    x_bar, s_bar = pulled(lambda x, s: select_and_scatter_add(x, s, window=(2,)) * x, x, [1.0, 10.0, 100.0])
    assert x_bar.tolist() == found.tolist()
    assert s_bar.tolist() == [5, 5, 4]


def test_the_second_derivative_of_greatest_elements_lies_where_they_are() -> None:
    (x,), inputs = variables([1.0, 5.0, 2.0, 4.0])
    v = variable("v", (4,))
    (x_bar,) = gradient(sum_(reduce_window_max(x, window=(2,), stride=(2,)) ** 3), [x])
    (forward,) = jvp([x_bar], {x: v})
    (reverse,) = vjp({x_bar: v}, [x])
    found = run({"forward": forward, "reverse": reverse}, {**inputs, "v": np.array([1.0, 10.0, 100.0, 1000.0])})
    assert found["forward"].tolist() == found["reverse"].tolist() == [0, 300, 0, 24000]


def test_windows_over_none_of_the_axes_leave_the_value_as_it_is() -> None:
    x = numbers((2, 3), "x")
    for f in (reduce_window_sum, reduce_window_max):
        assert np.array_equal(evaluated(lambda x, f=f: f(x, window=(1, 1)), x), x)


def test_a_window_over_everything_is_a_reduction() -> None:
    x = numbers((4, 5), "x")
    assert evaluated(lambda x: reduce_window_sum(x, window=(4, 5)), x).item() == pytest.approx(np.sum(x))
    assert evaluated(lambda x: reduce_window_max(x, window=(4, 5)), x).item() == np.max(x)


# Refusals.

X, W, R = variable("x", (2, 4, 5)), variable("w", (6, 4, 3)), variable("r", (4, 5))
REFUSED: dict[str, tuple[Callable[[], object], type[GradwireError], str]] = {
    "weights with another number of axes": (
        lambda: conv(X, variable("w", (6, 4, 3, 3))),
        ShapeError,
        r"conv of shapes \[2, 4, 5\] and \[6, 4, 3, 3\]: both have as many axes, two and the spatial ones",
    ),
    "no spatial axis": (lambda: conv(R, R), ShapeError, "both have as many axes"),
    "channels that differ": (
        lambda: conv(X, variable("w", (6, 3, 3))),
        ShapeError,
        "in 1 groups: axis 1 of x is groups times that of w",
    ),
    "groups that do not part the results": (
        lambda: conv(X, variable("w", (5, 2, 3)), groups=2),
        ShapeError,
        "axis 0 of w a multiple of groups",
    ),
    "no group": (lambda: conv(X, W, groups=0), AttributeValueError, "conv in 0 groups: there is at least 1"),
    "a stride of nothing": (
        lambda: conv(X, W, stride=(0,)),
        AttributeValueError,
        "strides and dilations are at least 1",
    ),
    "too many strides": (
        lambda: conv(X, W, stride=(1, 1)),
        AttributeValueError,
        "conv along 1 axes takes as many numbers for windows, steps and margins, or none",
    ),
    "a window of nothing": (
        lambda: conv(X, variable("w", (6, 4, 0))),
        ShapeError,
        r"conv: a window of shape \[0\] holds nothing",
    ),
    "more cut off than there is": (
        lambda: conv(X, W, low=(-3,), high=(-3,)),
        ShapeError,
        "conv: margins -3 and -3 cut off more than there is along axis 0, which has 5 elements",
    ),
    "truths": (
        lambda: conv(variable("x", (1, 1, 2), BOOL), variable("w", (1, 1, 2), BOOL)),
        ElementTypeError,
        "conv takes numeric values, not bool",
    ),
    "a window with too few sizes": (
        lambda: reduce_window_sum(R, window=(2,)),
        AttributeValueError,
        "reduce_window_sum along 2 axes takes as many numbers",
    ),
    "a dilation that is negative": (
        lambda: reduce_window_sum(R, window=(2, 2), base_dilation=(1, -1)),
        AttributeValueError,
        "at least 1",
    ),
    "a window in front of all elements": (
        lambda: reduce_window_max(R, window=(2, 2), low=(2, 0)),
        ShapeError,
        r"reduce_window_max of shape \[4, 5\]: a window lies in the margins alone",
    ),
    "a window behind all elements": (
        lambda: reduce_window_max(R, window=(2, 2), high=(0, 2)),
        ShapeError,
        "a window lies in the margins alone",
    ),
    "a window round a single element": (
        lambda: reduce_window_max(variable("x", (1,)), window=(2,), window_dilation=(2,), low=(1,), high=(1,)),
        ShapeError,
        "a window lies in the margins alone",
    ),
    "a source of another shape": (
        lambda: select_and_scatter_add(R, R, window=(2, 2)),
        ShapeError,
        r"select_and_scatter_add: windows have shape \[3, 4\], the source \[4, 5\]",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_does_not_fit_is_refused(case: str) -> None:
    call, error, message = REFUSED[case]
    with pytest.raises(error, match=message):
        call()


def test_no_window_fits_where_there_is_nothing_to_pick_and_none_is_asked_for() -> None:
    assert reduce_window_max(variable("x", (0, 3)), window=(1, 2)).shape == (0, 2)
    assert reduce_window_max(variable("x", (2,)), window=(5,)).shape == (0,)


def test_the_work_of_a_convolution_is_that_of_its_products() -> None:
    y = conv(X, W)
    assert y.op.flops(y.type, X.type, W.type) == 2 * (2 * 6 * 3) * (4 * 3)
