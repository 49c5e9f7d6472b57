"""Nothing of the branch that `where` does not take shows in a derivative, not even a NaN."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gradwire_service.ops import Value, constant, full, variable
from gradwire_service.ops.functions import (
    acos,
    acosh,
    asin,
    atan2,
    atanh,
    betainc,
    cbrt,
    cosh,
    digamma,
    equal,
    erfinv,
    exp,
    expm1,
    gammainc,
    hypot,
    i0e,
    integer_pow,
    lgamma,
    log,
    log1p,
    logaddexp,
    polygamma,
    reciprocal,
    remainder,
    rsqrt,
    sin,
    sinh,
    sqrt,
    square,
    tan,
    where,
    xlog1py,
    xlogy,
)
from gradwire_service.transform import jvp, vjp
from tests.ops.derivatives import Expression, curvatures, pulled, pushed

INF, NAN = math.inf, math.nan

TRAPS: list[tuple[str, Expression, float]] = [
    ("sqrt at 0", lambda x: where(x > 0, sqrt(x), 0), 0.0),
    ("sqrt below 0", lambda x: where(x > 0, sqrt(x), 0), -1.0),
    ("log at 0", lambda x: where(x > 0, log(x), 0), 0.0),
    ("log1p at -1", lambda x: where(x > -1, log1p(x), 0), -1.0),
    ("1 / x at 0", lambda x: where(x > 0, 1 / x, 0), 0.0),
    ("reciprocal at 0", lambda x: where(x > 0, reciprocal(x), 0), 0.0),
    ("x / x at 0", lambda x: where(x > 0, x / x, 0), 0.0),
    ("x**0.5 at 0", lambda x: where(x > 0, x**0.5, 0), 0.0),
    ("x**x at 0", lambda x: where(x > 0, x**x, 0), 0.0),
    ("x**-2 at 0", lambda x: where(x > 0, x**-2, 0), 0.0),
    ("asin at 1", lambda x: where(x < 1, asin(x), 0), 1.0),
    ("acos above 1", lambda x: where(x < 1, acos(x), 0), 2.0),
    ("exp at 1000", lambda x: where(x < 700, exp(x), 0), 1000.0),
    ("exp of exp", lambda x: where(x < 700, exp(exp(x)), 0), 1000.0),
    ("expm1 at 1000", lambda x: where(x < 700, expm1(x), 0), 1000.0),
    ("sinh at -1000", lambda x: where(x > -700, sinh(x), 0), -1000.0),
    ("cosh at 1000", lambda x: where(x < 700, cosh(x), 0), 1000.0),
    ("rsqrt at 0", lambda x: where(x > 0, rsqrt(x), 0), 0.0),
    ("cbrt at 0", lambda x: where(x > 0, cbrt(x), 0), 0.0),
    ("integer_pow at 0", lambda x: where(x > 0, integer_pow(x, n=-2), 0), 0.0),
    ("acosh at 1", lambda x: where(x > 1, acosh(x), 0), 1.0),
    ("acosh below 1", lambda x: where(x > 1, acosh(x), 0), 0.5),
    ("atanh at 1", lambda x: where(x < 1, atanh(x), 0), 1.0),
    ("erfinv at 1", lambda x: where(x < 1, erfinv(x), 0), 1.0),
    ("xlogy at 0", lambda x: where(x > 0, xlogy(2, x), 0), 0.0),
    ("xlog1py at -1", lambda x: where(x > -1, xlog1py(2, x), 0), -1.0),
    ("lgamma at 0", lambda x: where(x > 0, lgamma(x), 0), 0.0),
    ("lgamma at -1", lambda x: where(x > 0, lgamma(x), 0), -1.0),
    ("digamma at 0", lambda x: where(x > 0, digamma(x), 0), 0.0),
    ("polygamma at 0", lambda x: where(x > 0, polygamma(x, n=2), 0), 0.0),
    ("gammainc at 0", lambda x: where(x > 0, gammainc(0.5, x), 0), 0.0),
    ("gammainc of shape 0", lambda x: where(x > 0, gammainc(x, 0.5), 0), 0.0),
    ("betainc at 1", lambda x: where(x < 1, betainc(2, 0.5, x), 0), 1.0),
    ("betainc of shape 0", lambda x: where(x > 0, betainc(x, 2, 0.5), 0), 0.0),
    ("hypot and the like of no number", lambda x: where(x > 0, hypot(x, 3) + logaddexp(x, 1) + i0e(x), 0), NAN),
    ("remainder by 0", lambda x: where(x > 0, remainder(3, x), 0), 0.0),
    ("x log x at 0", lambda x: where(x > 0, x * log(x), 0), 0.0),
    ("log(x)² at 0", lambda x: where(x > 0, square(log(x)), 0), 0.0),
    ("sin(1/x) at 0", lambda x: where(x > 0, sin(1 / x), 0), 0.0),
    ("sin x / x at 0", lambda x: where(x > 0, sin(x) / x, 0), 0.0),
    ("the other branch", lambda x: where(x <= 0, 0, x * log(x)), 0.0),
    ("one in another", lambda x: where(x > 0, where(x < 9, x * log(x), 1), 0), 0.0),
    ("missing data, squared", lambda x: where(x > 0, square(x - 1), 0), NAN),
    ("missing data, any function", lambda x: where(x > 0, sin(x) * tan(x) + atan2(x, 2), 0), NAN),
    ("infinite data", lambda x: where(x < 9, square(x), 0), INF),
]


@pytest.mark.parametrize(("name", "f", "point"), TRAPS, ids=[name for name, *_ in TRAPS])
def test_gradient_of_the_branch_that_is_not_taken_is_zero(name: str, f: Expression, point: float) -> None:
    assert float(pulled(f, point)[0]) == 0
    assert float(pushed(f, point)[0]) == 0


@pytest.mark.parametrize(("name", "f", "point"), TRAPS, ids=[name for name, *_ in TRAPS])
def test_second_derivative_of_the_branch_that_is_not_taken_is_zero(name: str, f: Expression, point: float) -> None:
    assert {mode: float(x) for mode, x in curvatures(f, point).items()} == {
        "forward over reverse": 0,
        "reverse over reverse": 0,
    }


@pytest.mark.parametrize(("name", "f", "point"), TRAPS, ids=[name for name, *_ in TRAPS])
def test_third_derivative_of_the_branch_that_is_not_taken_is_zero(name: str, f: Expression, point: float) -> None:
    def slope(x: Value) -> Value:
        y = f(x)
        return vjp({y: full(y.type, 1)}, [x])[0]

    assert set(map(float, curvatures(slope, point).values())) == {0.0}


def test_the_branch_that_is_taken_keeps_its_derivative() -> None:
    x = np.array([0.0, 0.5, 2.0])
    (x_bar,) = pulled(lambda x: where(x > 0, x * log(x), 0), x)
    assert x_bar.tolist() == pytest.approx([0, math.log(0.5) + 1, math.log(2) + 1])
    for second in curvatures(lambda x: where(x > 0, x * log(x), 0), x).values():
        assert second.tolist() == pytest.approx([0, 2, 0.5])


def test_true_infinities_of_the_branch_that_is_taken_stay() -> None:
    assert pulled(lambda x: where(x >= 0, sqrt(x), 0), 0.0)[0] == INF


def test_strict_nan_lets_zero_times_infinity_be_nan() -> None:
    (strict,) = pulled(lambda x: where(x > 0, x * log(x), 0), 0.0, strict_nan=True)
    assert math.isnan(float(strict))


def test_a_missing_label_is_masked_out_of_a_loss() -> None:
    x, y = constant([[1.0, 2.0], [3.0, 4.0]]), constant([1.0, NAN])
    (w_bar,) = pulled(lambda w: where(equal(y, y), square(x @ w - y), 0), np.array([0.5, -1.0]))
    assert w_bar.tolist() == [2 * (0.5 - 2 - 1) * 1, 2 * (0.5 - 2 - 1) * 2]


def test_products_are_masked_only_below_a_choice() -> None:
    x, y_bar = variable("x"), variable("y_bar")
    assert str(vjp({sin(x): y_bar}, [x])[0]) == "multiply(y_bar, cos(x))"
    chosen = vjp({where(x > 0, sin(x), 0): y_bar}, [x])[0]
    assert str(chosen) == "masked_multiply(where(greater(x, 0.0), y_bar, 0.0), cos(x))"


def test_the_tangent_of_a_choice_is_a_choice_of_tangents() -> None:
    a, b, a_dot, b_dot = (variable(name) for name in ("a", "b", "a_dot", "b_dot"))
    (y_dot,) = jvp([where(a > b, a, b)], {a: a_dot, b: b_dot})
    assert str(y_dot) == "where(greater(a, b), a_dot, b_dot)"
