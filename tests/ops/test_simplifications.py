"""Elementwise ops know when they change nothing; never at the price of a NaN, an infinity or the sign of a zero."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gradwire_service.graph import BOOL, FLOAT32
from gradwire_service.ops import Value, constant, variable
from gradwire_service.ops.functions import abs as abs_
from gradwire_service.ops.functions import (
    astype,
    clip,
    divide,
    floor,
    gammainc,
    hypot,
    integer_pow,
    logaddexp,
    logical_and,
    logical_not,
    logical_or,
    logical_xor,
    maximum,
    minimum,
    negative,
    polygamma,
    relu,
    sign,
    sin,
    sqrt,
    where,
)
from gradwire_service.ops.functions import round as round_
from gradwire_service.transform import gradient, simplified

X, Y = variable("x"), variable("y")
C, D = variable("c", (), BOOL), variable("d", (), BOOL)
YES, NO = constant(True, BOOL), constant(False, BOOL)


def simple(value: Value) -> str:
    return str(simplified({"y": value})["y"])


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (X * 1, "x"),
        (1 * X, "x"),
        (X / 1, "x"),
        (X - 0, "x"),
        (negative(negative(X)), "x"),
        (X**1, "x"),
        (X**2, "square(x)"),
        (X**-1, "reciprocal(x)"),
        (integer_pow(X, n=0), "1.0"),
        (integer_pow(X, n=1), "x"),
        (integer_pow(X, n=2), "square(x)"),
        (integer_pow(X, n=-1), "reciprocal(x)"),
        (polygamma(X, n=0), "digamma(x)"),
        (floor(round_(X)), "round(x)"),
        (abs_(abs_(X)), "abs(x)"),
        (sign(sign(X)), "sign(x)"),
        (relu(relu(X)), "relu(x)"),
        (maximum(X, X), "x"),
        (minimum(sin(X), sin(X)), "sin(x)"),
        (clip(X), "x"),
        (where(YES, X, Y), "x"),
        (where(NO, X, Y), "y"),
        (where(C, X, X), "x"),
        (where(logical_not(logical_not(C)), X, Y), "where(c, x, y)"),
        (logical_and(YES, C), "c"),
        (logical_and(C, YES), "c"),
        (logical_or(C, NO), "c"),
        (logical_or(NO, C), "c"),
        (logical_xor(C, NO), "c"),
        (sqrt(constant(4.0)) * X, "multiply(2.0, x)"),
    ],
    ids=str,
)
def test_what_changes_nothing_is_left_out(value: Value, expected: str) -> None:
    assert simple(value) == expected


@pytest.mark.parametrize(
    "value",
    [
        X + 0,  # -0 + 0 is 0
        X - constant(-0.0),
        X * 0,
        X - X,
        divide(X, X),
        X**0.5,  # of -inf it is inf, where the root is NaN
        maximum(X, Y),
        maximum(X, 0),
        where(C, X, Y),
        logical_and(C, NO),
        logical_xor(C, YES),
        logical_not(X < Y),  # of NaN it is true, where x >= y is not
    ],
    ids=str,
)
def test_what_changes_an_edge_is_kept(value: Value) -> None:
    assert simple(value) == str(value)


def test_a_choice_that_broadcasts_or_converts_is_not_left_out() -> None:
    a = variable("a", (3,))
    assert simplified({"y": where(YES, X, a)})["y"].shape == (3,)
    single = variable("s", (), FLOAT32)
    assert simple(where(YES, single, X)) == str(astype(single, element_type=X.element_type))


@pytest.mark.parametrize(
    ("f", "expected"),
    [
        (lambda x: relu(x), "where(greater(x, 0.0), 1.0, 0.0)"),
        (lambda x: clip(x, min=0.0), "where(greater_equal(x, 0.0), 1.0, 0.0)"),
        (lambda x: abs_(x), "sign(x)"),
        (lambda x: sin(x), "cos(x)"),
        (lambda x: sqrt(x), "divide(0.5, sqrt(x))"),
        (lambda x: integer_pow(x, n=3), "multiply(3.0, square(x))"),
        (lambda x: logaddexp(x, Y), "exp_share(x, y)"),
        (lambda x: hypot(x, Y), "direction(x, y)"),
        (lambda x: gammainc(2, x), "gamma_density(2.0, x)"),
        (lambda x: maximum(x, 1), "where(greater_equal(x, 1.0), where(equal(x, 1.0), 0.5, 1.0), 0.0)"),
        (lambda x: where(C, x, 3), "where(c, 1.0, 0.0)"),
    ],
)
def test_gradients_read_as_in_a_book(f: Callable[[Value], Value], expected: str) -> None:
    assert simple(gradient(f(X), [X])[0]) == expected
