"""Reductions and cumulative ops: conventions at ties and infinities, zeros in products, types, refusals."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest

from gradwire_service.errors import ElementTypeError, NotDifferentiableError, ShapeError
from gradwire_service.graph import BOOL, FLOAT32, FLOAT64, INT32, INT64, Array, ElementType
from gradwire_service.ops import Value, apply, variable
from gradwire_service.ops.functions import argmax, cumsum, logsumexp, mean, prod, square
from gradwire_service.ops.functions import max as max_
from gradwire_service.ops.functions import min as min_
from gradwire_service.ops.functions import sum as sum_
from gradwire_service.ops.namespace import NUMPY
from gradwire_service.transform import gradient, jvp, simplified, vjp
from tests.ops.derivatives import Expression, pulled, pushed, run, variables

INF, NAN = math.inf, math.nan


def hessian(f: Expression, point: Array) -> Array:
    """The second derivatives of a scalar function of a vector, by columns, which forward and reverse mode agree on."""
    (x,), inputs = variables(point)
    (x_bar,) = gradient(f(x), [x])
    v = variable("v", x.shape)
    (column,) = jvp([x_bar], {x: v})
    columns = [run({"column": column}, {**inputs, "v": e})["column"] for e in np.eye(len(point))]
    (reverse,) = vjp({x_bar: v}, [x])
    rows = [run({"row": reverse}, {**inputs, "v": e})["row"] for e in np.eye(len(point))]
    assert np.array_equal(columns, rows, equal_nan=True)
    return np.array(columns).T


@pytest.mark.parametrize(
    ("x", "expected"),
    [
        ([1, 3, 2], [0, 1, 0]),
        ([3, 1, 3], [0.5, 0, 0.5]),
        ([2, 2, 2, 2], [0.25] * 4),
        ([0.0, -0.0], [0.5, 0.5]),
        ([INF, 1, INF], [0.5, 0, 0.5]),
        ([-INF, -INF], [0.5, 0.5]),
        ([5], [1]),
        ([1, NAN, 2], [0, 0, 0]),
    ],
)
def test_elements_that_tie_for_the_greatest_share_the_derivative(x: list[float], expected: list[float]) -> None:
    point = np.array(x, np.float64)
    assert np.array_equal(pulled(max_, point)[0], expected)
    assert np.array_equal(pulled(min_, -point)[0], expected)


def test_a_tie_is_pushed_forward_as_it_is_pulled_back() -> None:
    assert pushed(lambda x: max_(x, axis=(1,)), [[1.0, 1.0, 0.0], [0.0, 5.0, 2.0]])[0].tolist() == [1, 1]
    x, direction = variable("x", (3,)), variable("x_dot", (3,))
    (y_dot,) = jvp([max_(x)], {x: direction})
    assert run({"y_dot": y_dot}, {"x": np.array([2.0, 2, 1]), "x_dot": np.array([1.0, 4, 7])})["y_dot"] == 2.5


def test_where_the_greatest_is_nan_nothing_is_pushed_forward() -> None:
    assert pushed(lambda x: max_(x, axis=(1,)), [[1.0, NAN], [0.0, 5.0]])[0].tolist() == [0, 1]


def test_the_second_derivative_of_a_maximum_is_zero_at_a_tie_too() -> None:
    assert not hessian(max_, np.array([2.0, 2.0, 1.0])).any()


def test_an_infinite_sensitivity_reaches_the_greatest_element_alone() -> None:
    found = pulled(lambda x: apply("sqrt", max_(x)), [-1.0, 0.0, -2.0])
    assert found[0].tolist() == [0, INF, 0]


@pytest.mark.parametrize(
    ("x", "value", "weights"),
    [
        ([-INF, -INF], -INF, [0, 0]),
        ([-INF, 0.5], 0.5, [0, 1]),
        ([INF, 1], INF, [1, 0]),
        ([-INF, INF], INF, [0, 1]),
        ([NAN, 1], NAN, [NAN, NAN]),
        ([1000, 1000], 1000 + math.log(2), [0.5, 0.5]),
        ([-1000, -1000 + math.log(3)], -1000 + math.log(4), [0.25, 0.75]),
        ([800, -800], 800, [1, 0]),
    ],
)
def test_logsumexp_neither_overflows_nor_makes_a_nan(x: list[float], value: float, weights: list[float]) -> None:
    point = np.array(x, np.float64)
    xs, inputs = variables(point)
    assert run({"y": logsumexp(*xs)}, inputs)["y"] == pytest.approx(value, rel=1e-15, nan_ok=True)
    assert pulled(logsumexp, point)[0] == pytest.approx(weights, abs=1e-12, nan_ok=True)


def test_the_hessian_of_logsumexp_is_the_covariance_of_its_weights() -> None:
    x = np.array([0.5, -1.0, 2.0])
    weights = np.exp(x) / np.sum(np.exp(x))
    assert hessian(logsumexp, x) == pytest.approx(np.diag(weights) - np.outer(weights, weights), abs=1e-15)


@pytest.mark.parametrize("x", [[-INF, -INF], [INF, 1.0], [-INF, 0.5]])
def test_the_hessian_of_logsumexp_is_zero_at_infinities(x: list[float]) -> None:
    assert not hessian(logsumexp, np.array(x)).any()


@pytest.mark.parametrize(
    "x", [[2.0, 3, 5], [2.0, 0, 5, 7], [0.0, 3, 0, 7], [0.0, 0, 0, 7], [0.0, 0, 0, 0], [4.0], [-0.0, 2.0]]
)
def test_derivatives_of_a_product_are_exact_beside_any_number_of_zeros(x: list[float]) -> None:
    n = len(x)
    first = [math.prod(x[:i] + x[i + 1 :]) for i in range(n)]
    second = np.zeros((n, n))
    for i, j in combinations(range(n), 2):
        second[i, j] = second[j, i] = math.prod(x[k] for k in range(n) if k not in (i, j))
    assert pulled(prod, x)[0].tolist() == first
    with np.errstate(invalid="ignore"):
        assert np.array_equal(hessian(prod, np.array(x)), second)


def test_a_product_over_several_axes_is_pulled_back_to_each_element() -> None:
    x = np.array([[[2.0, 0.0], [3.0, 5.0]], [[7.0, 1.0], [4.0, 0.5]]])
    (found,) = pulled(lambda x: prod(x, axis=(-1, 0)), x)
    expected = [[np.prod(np.delete(x[:, j].ravel(), 2 * i + k)) for j in (0, 1) for k in (0, 1)] for i in (0, 1)]
    assert np.ravel(found).tolist() == np.ravel(expected).tolist()


def test_the_third_derivative_of_a_product_is_exact_too() -> None:
    x, point = variable("x", (4,)), np.array([0.0, 2.0, 0.0, 3.0])
    directions = [variable(f"v{i}", (4,)) for i in range(3)]
    value = prod(x)
    for direction in directions:
        (value,) = jvp([value], {x: direction})
    along = {f"v{i}": e for i, e in enumerate(np.eye(4)[[0, 1, 2]])}
    assert run({"y": value}, {"x": point, **along})["y"] == 3.0


@pytest.mark.parametrize(
    ("op", "kind", "expected"),
    [
        ("sum", INT32, INT32),
        ("sum", INT64, INT64),
        ("sum", BOOL, INT64),
        ("sum", FLOAT32, FLOAT32),
        ("prod", INT32, INT32),
        ("prod", BOOL, INT64),
        ("mean", INT32, FLOAT64),
        ("mean", BOOL, FLOAT64),
        ("mean", FLOAT32, FLOAT32),
        ("max", INT32, INT32),
        ("min", BOOL, BOOL),
        ("argmax", FLOAT32, INT64),
        ("cumsum", INT32, INT32),
        ("cumsum", BOOL, INT64),
        ("logsumexp", FLOAT32, FLOAT32),
    ],
)
def test_results_have_the_type_that_is_declared(op: str, kind: ElementType, expected: ElementType) -> None:
    y = apply(op, variable("x", (3,), kind))
    assert y.element_type is expected
    assert np.asarray(y.op.evaluate(NUMPY, np.array([1, 0, 1], kind.dtype))).dtype == expected.dtype


@pytest.mark.parametrize(
    ("op", "value"), [("sum", 0.0), ("prod", 1.0), ("mean", NAN), ("logsumexp", -INF)], ids=lambda x: str(x)
)
def test_nothing_has_a_sum_a_product_a_mean_and_a_log_of_a_sum(op: str, value: float) -> None:
    xs, inputs = variables(np.zeros((0, 2)))
    found = run({"y": apply(op, *xs, axis=(0,))}, inputs)["y"]
    assert np.array_equal(found, [value, value], equal_nan=True)
    assert pulled(lambda x: apply(op, x), np.zeros((0, 2)))[0].shape == (0, 2)


@pytest.mark.parametrize("op", ["max", "min", "argmax"])
def test_nothing_has_no_greatest_element(op: str) -> None:
    with pytest.raises(ShapeError, match=rf"^{op} of no elements.*with at least one"):
        apply(op, variable("x", (0, 2)))
    with pytest.raises(ShapeError, match="of no elements"):
        apply(op, variable("x", (3, 0)), axis=1 if op == "argmax" else (1,))


def test_rows_that_are_not_there_have_no_greatest_element_either() -> None:
    assert max_(variable("x", (0, 2)), axis=(1,)).shape == (0,)


@pytest.mark.parametrize("axis", [(2,), (-3,), (0, 1, 5)])
def test_an_axis_that_is_not_there_is_refused(axis: tuple[int, ...]) -> None:
    with pytest.raises(ShapeError, match="there is no such axis"):
        sum_(variable("x", (3, 4)), axis=axis)


def test_an_axis_that_is_named_twice_is_refused() -> None:
    with pytest.raises(ShapeError, match="names an axis twice"):
        mean(variable("x", (3, 4)), axis=(1, -1))


def test_integers_have_no_logarithm_of_a_sum() -> None:
    with pytest.raises(ElementTypeError, match="logsumexp takes floating values, not int64; convert with astype"):
        logsumexp(variable("n", (3,), INT64))


def test_a_position_has_no_derivative() -> None:
    x = variable("x", (3,))
    with pytest.raises(NotDifferentiableError, match="int64, not floating"):
        gradient(argmax(x), [x])


def test_the_gradient_of_a_sum_of_squares_is_twice_the_point() -> None:
    x = variable("x", (3,))
    assert str(simplified({"y": gradient(sum_(square(x)), [x])[0]})["y"]) == "multiply(2.0, x)"


def test_the_pullback_of_a_sum_along_the_last_axis_needs_two_blocks() -> None:
    x, y_bar = variable("x", (3, 4)), variable("y_bar", (3,))
    (x_bar,) = vjp({sum_(x, axis=(1,)): y_bar}, [x])
    assert str(x_bar) == "broadcast_to[shape=(3, 4)](reshape[shape=(3, 1)](y_bar))"


def test_the_pullback_of_a_sum_along_leading_axes_needs_one() -> None:
    x, y_bar = variable("x", (3, 4)), variable("y_bar", (4,))
    (x_bar,) = vjp({sum_(x, axis=(0,)): y_bar}, [x])
    assert str(x_bar) == "broadcast_to[shape=(3, 4)](y_bar)"


def test_a_cumulative_sum_is_pulled_back_from_the_other_end() -> None:
    x, y_bar = variable("x", (3,)), variable("y_bar", (3,))
    (x_bar,) = vjp({cumsum(x, axis=0): y_bar}, [x])
    assert str(x_bar) == "cumsum[axis=0, reverse=True](y_bar)"


@pytest.mark.parametrize("op", ["sum", "mean", "prod", "max", "min", "logsumexp"])
def test_a_reduction_along_no_axis_is_left_out(op: str) -> None:
    x = variable("x", (2, 3))
    assert simplified({"y": apply(op, x, axis=())})["y"] is x
    truth = variable("t", (2, 3), BOOL)
    if op in ("sum", "prod", "mean"):
        assert simplified({"y": apply(op, truth, axis=())})["y"].op.name == op  # it converts


def test_the_work_of_a_reduction_is_told_by_what_it_reads() -> None:
    def flops(y: Value) -> float:
        return y.op.flops(y.type, *(x.type for x in y.inputs))

    x = variable("x", (30, 40))
    assert flops(sum_(x)) == flops(argmax(x)) == 1200
    assert flops(logsumexp(x, axis=(1,))) > 1200
