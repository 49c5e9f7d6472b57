"""Cumulative ops and quantifiers: ties, zeros, infinities, order of derivatives, types, refusals."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest

from gradwire_service.errors import ElementTypeError, NotDifferentiableError, ShapeError
from gradwire_service.graph import BOOL, FLOAT32, FLOAT64, INT32, INT64, Array, ElementType
from gradwire_service.ops import Value, apply, constant, variable
from gradwire_service.ops.functions import all as all_
from gradwire_service.ops.functions import any as any_
from gradwire_service.ops.functions import argmin, cumlogsumexp, cummax, cummin, cumprod
from gradwire_service.ops.functions import sum as sum_
from gradwire_service.ops.namespace import NUMPY
from gradwire_service.transform import gradient, jvp, simplified, vjp
from tests.ops.derivatives import numbers, pulled, pushed, run, variables

INF, NAN = math.inf, math.nan
WEIGHTS = constant([1.0, 10.0, 100.0, 1000.0])


@pytest.mark.parametrize(
    ("op", "reverse", "x", "expected"),
    [
        (cummax, False, [1, 3, 3, 2], [1, 10, 1100, 0]),
        (cummax, True, [3, 3, 1, 3], [1, 10, 0, 1100]),
        (cummin, False, [2, 2, 5, 2], [1, 110, 0, 1000]),
        (cummin, True, [1, 3, 1, 1], [1, 0, 110, 1000]),
        (cummax, False, [1, NAN, 7, NAN], [1, 110, 0, 1000]),
        (cummin, False, [NAN, 1, INF, -INF], [1111, 0, 0, 0]),
        (cummax, False, [-INF, -INF, INF, INF], [1, 10, 100, 1000]),
        (cummax, False, [0.0, -0.0, -1, 0.0], [1, 110, 0, 1000]),
    ],
)
def test_of_elements_that_tie_the_last_that_was_passed_has_the_derivative(
    op: Callable[..., Value], reverse: bool, x: list[float], expected: list[float]
) -> None:
    point = np.array(x, float)
    (x_bar,) = pulled(lambda x: op(x, axis=0, reverse=reverse) * WEIGHTS, point)
    assert x_bar.tolist() == expected
    (v,), inputs = variables(point)
    (y_dot,) = jvp([op(v, axis=0, reverse=reverse)], {v: variable("x_dot", (4,))})
    columns = [run({"y_dot": y_dot}, {**inputs, "x_dot": e})["y_dot"] for e in np.eye(4)]
    assert (np.array(columns) @ [1, 10, 100, 1000]).tolist() == expected


def test_the_second_derivative_of_records_lies_where_they_were_set() -> None:
    (x,), inputs = variables([[2.0, 1.0, 3.0], [1.0, 1.0, 0.0]])
    v = variable("v", x.shape)
    (x_bar,) = gradient(sum_(cummax(x, axis=1) ** 3), [x])
    (forward,) = jvp([x_bar], {x: v})
    (reverse,) = vjp({x_bar: v}, [x])
    found = run({"forward": forward, "reverse": reverse}, {**inputs, "v": np.ones((2, 3))})
    assert found["forward"].tolist() == found["reverse"].tolist() == [[24, 0, 18], [6, 12, 0]]


def test_a_record_is_read_where_it_was_seen_last() -> None:
    x = numbers((3, 4), "x")
    for op, f in ((cummax, np.maximum), (cummin, np.minimum)):
        (value,), inputs = variables(x)
        found = run({"flat": op(value), "columns": op(value, axis=0)}, inputs)
        assert np.array_equal(found["flat"], f.accumulate(x.ravel()))
        assert np.array_equal(found["columns"], f.accumulate(x, axis=0))


# Products.


def test_the_derivative_of_a_cumulative_product_is_exact_beside_zeros() -> None:
    for x in ([2.0, 0.0, 3.0, 5.0], [0.0, 2.0, 0.0, 3.0], [0.0, 0.0, 0.0, 0.0]):
        expected = [sum(10**i * math.prod(x[k] for k in range(i + 1) if k != j) for i in range(j, 4)) for j in range(4)]
        (x_bar,) = pulled(lambda x: cumprod(x, axis=0) * WEIGHTS, x)
        assert x_bar.tolist() == expected


def test_a_product_of_what_is_laid_flat_has_its_derivatives_there() -> None:
    x = numbers((2, 2), "x")
    for exclusive in (False, True):
        for reverse in (False, True):
            (flat,) = pulled(lambda x, e=exclusive, r=reverse: cumprod(x, exclusive=e, reverse=r) * WEIGHTS, x)
            (rows,) = pulled(
                lambda x, e=exclusive, r=reverse: cumprod(x, axis=0, exclusive=e, reverse=r) * WEIGHTS, x.ravel()
            )
            assert flat == pytest.approx(rows.reshape(2, 2), rel=1e-15)
            (dot,) = pushed(lambda x, e=exclusive, r=reverse: cumprod(x, exclusive=e, reverse=r), x)
            (line,) = pushed(lambda x, e=exclusive, r=reverse: cumprod(x, axis=0, exclusive=e, reverse=r), x.ravel())
            assert dot == pytest.approx(line, rel=1e-15)


# Logarithms of sums.


@pytest.mark.parametrize("reverse", [False, True])
def test_where_all_is_ruled_out_the_derivative_is_zero(reverse: bool) -> None:
    x = np.array([[-INF, -INF, -INF, -INF], [-INF, 0.0, -INF, 0.0]])
    for found in (
        *pulled(lambda x: cumlogsumexp(x, axis=1, reverse=reverse), x),
        *pushed(lambda x: cumlogsumexp(x, axis=1, reverse=reverse), x),
    ):
        assert np.all(np.isfinite(found))
        assert found[0].tolist() == [0, 0, 0, 0]


def test_an_infinite_term_has_the_whole_derivative() -> None:
    (x_bar,) = pulled(lambda x: cumlogsumexp(x, axis=0) * WEIGHTS, [1.0, INF, 2.0, 3.0])
    assert x_bar.tolist() == [1, 1110, 0, 0]


def test_weights_are_shares_of_the_sum_so_far_however_far_apart_terms_are() -> None:
    x = np.array([-1000.0, 1000.0, 999.0, -3000.0, 1000.0, 700.0])
    y = np.logaddexp.accumulate(x)
    expected = [sum(np.exp(x[j] - y[i]) for i in range(j, 6)) for j in range(6)]
    assert pulled(lambda x: cumlogsumexp(x, axis=0), x)[0] == pytest.approx(expected, rel=1e-12)
    shares = [sum(np.exp(x[j] - y[i]) for j in range(i + 1)) for i in range(6)]
    assert pushed(lambda x: cumlogsumexp(x, axis=0), x)[0] == pytest.approx(shares, rel=1e-12)


@pytest.mark.parametrize("reverse", [False, True])
def test_the_hessian_of_the_last_sum_is_that_of_log_sum_exp(reverse: bool) -> None:
    point = np.array([0.5, -1.0, 2.0, 0.0, -INF])
    (x,), inputs = variables(point)
    last = np.eye(5)[0 if reverse else -1]
    (x_bar,) = gradient(sum_(cumlogsumexp(x, axis=0, reverse=reverse) * constant(last)), [x])
    v = variable("v", (5,))
    (forward,) = jvp([x_bar], {x: v})
    (reversed_,) = vjp({x_bar: v}, [x])
    p = np.exp(point) / np.sum(np.exp(point))
    for column, e in zip(np.diag(p) - np.outer(p, p), np.eye(5), strict=True):
        found = run({"forward": forward, "reverse": reversed_}, {**inputs, "v": e})
        assert found["forward"] == pytest.approx(column, abs=1e-15)
        assert found["reverse"] == pytest.approx(column, abs=1e-15)


def test_rounding_does_not_grow_with_the_number_of_terms() -> None:
    x = np.zeros(100_000)
    (value,), inputs = variables(x)
    found = run({"y": cumlogsumexp(value, axis=0)}, inputs)["y"]
    assert np.max(np.abs(found - np.log(np.arange(1, len(x) + 1)))) < 1e-14


# Types and refusals.


@pytest.mark.parametrize(
    ("op", "kind", "expected"),
    [
        ("cumprod", INT32, INT32),
        ("cumprod", BOOL, INT64),
        ("cumprod", FLOAT32, FLOAT32),
        ("cummax", INT32, INT32),
        ("cummin", BOOL, BOOL),
        ("cumlogsumexp", FLOAT32, FLOAT32),
        ("any", FLOAT64, BOOL),
        ("all", INT32, BOOL),
        ("argmin", FLOAT32, INT64),
    ],
)
def test_results_have_the_type_that_is_declared(op: str, kind: ElementType, expected: ElementType) -> None:
    y = apply(op, variable("x", (3,), kind))
    assert y.element_type is expected
    assert np.asarray(y.op.evaluate(NUMPY, np.array([1, 0, 1], kind.dtype))).dtype == expected.dtype


@pytest.mark.parametrize("op", ["cumprod", "cummax", "cummin", "cumlogsumexp"])
def test_an_axis_that_is_not_there_is_refused(op: str) -> None:
    with pytest.raises(ShapeError, match="there is no such axis"):
        apply(op, variable("x", (3,)), axis=1)
    assert apply(op, variable("x", (2, 3))).shape == (6,)


def test_integers_have_no_logarithm_of_a_sum() -> None:
    with pytest.raises(ElementTypeError, match="cumlogsumexp takes floating values, not int64; convert with astype"):
        cumlogsumexp(variable("n", (3,), INT64), axis=0)


def test_nothing_has_no_least_element() -> None:
    with pytest.raises(ShapeError, match=r"argmin of no elements.*with at least one"):
        argmin(variable("x", (0, 2)))


@pytest.mark.parametrize("f", [any_, all_, argmin])
def test_truths_and_positions_have_no_derivative(f: Callable[..., Value]) -> None:
    x = variable("x", (3,))
    with pytest.raises(NotDifferentiableError, match="not floating"):
        gradient(f(x), [x])


@pytest.mark.parametrize("f", [any_, all_])
def test_truths_along_no_axis_are_left_out_and_numbers_are_not(f: Callable[..., Value]) -> None:
    truth, number = variable("t", (2,), BOOL), variable("x", (2,))
    assert simplified({"y": f(truth, axis=())})["y"] is truth
    assert simplified({"y": f(number, axis=())})["y"].op.name in ("any", "all")


def test_a_sum_of_exponentials_grows_from_element_to_element() -> None:
    found: Array = NUMPY.asarray(cumlogsumexp(variable("x", (50,))).op.evaluate(NUMPY, numbers((50,), "x")))
    assert all(a < b for a, b in pairwise(found))
