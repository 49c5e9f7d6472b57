"""What holds where a derivative does not exist, and what values are of NaN, infinities and zeros."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gradwire_service.ops import Value, apply
from gradwire_service.ops.functions import abs as abs_
from gradwire_service.ops.functions import (
    acos,
    acosh,
    asin,
    atan2,
    atanh,
    betainc,
    cbrt,
    ceil,
    clip,
    copysign,
    digamma,
    erfinv,
    floor,
    floor_divide,
    fmax,
    fmin,
    fmod,
    gammainc,
    gammaincc,
    hypot,
    i0e,
    i1e,
    integer_pow,
    lgamma,
    log,
    log1p,
    logaddexp,
    maximum,
    minimum,
    reciprocal,
    relu,
    remainder,
    rsqrt,
    sign,
    sqrt,
    square,
    trunc,
    where,
    xlog1py,
    xlogy,
)
from gradwire_service.ops.functions import round as round_
from tests.ops.derivatives import Expression, curvatures, numbers, pulled, pushed, run, variables

INF, NAN = math.inf, math.nan

Case = tuple[str, Expression, tuple[float, ...], tuple[float, ...]]

KINKS: list[Case] = [
    ("abs(0)", abs_, (0,), (0,)),
    ("abs(-0)", abs_, (-0.0,), (0,)),
    ("sign(0)", sign, (0,), (0,)),
    ("maximum, tie", maximum, (2, 2), (0.5, 0.5)),
    ("maximum, tie of zeros", maximum, (0.0, -0.0), (0.5, 0.5)),
    ("maximum, tie at infinity", maximum, (INF, INF), (0.5, 0.5)),
    ("maximum(x, 0) at 0", lambda x: maximum(x, 0), (0,), (0.5,)),
    ("maximum(0, x) at 0", lambda x: maximum(0, x), (0,), (0.5,)),
    ("minimum, tie", minimum, (-3, -3), (0.5, 0.5)),
    ("minimum(x, 1) at 1", lambda x: minimum(x, 1), (1,), (0.5,)),
    ("relu(0)", relu, (0,), (0,)),
    ("clip, on the lower bound", lambda x: clip(x, min=-1, max=2), (-1,), (1,)),
    ("clip, on the upper bound", lambda x: clip(x, min=-1, max=2), (2,), (1,)),
    ("clip, below", lambda x: clip(x, min=-1, max=2), (-1.5,), (0,)),
    ("clip, one bound", lambda x: clip(x, min=-1), (INF,), (1,)),
    ("clip, no bound", clip, (5,), (1,)),
    ("sqrt(0)", sqrt, (0,), (INF,)),
    ("log(0)", log, (0,), (INF,)),
    ("log1p(-1)", log1p, (-1,), (INF,)),
    ("reciprocal(0)", reciprocal, (0,), (-INF,)),
    ("1 / x at 0", lambda x: 1 / x, (0,), (-INF,)),
    ("asin(1)", asin, (1,), (INF,)),
    ("asin(-1)", asin, (-1,), (INF,)),
    ("acos(1)", acos, (1,), (-INF,)),
    ("acos(-1)", acos, (-1,), (-INF,)),
    ("atan2(0, 0)", atan2, (0, 0), (0, 0)),
    ("atan2(0, -0)", atan2, (0.0, -0.0), (0, 0)),
    ("atan2 on its cut", atan2, (0, -2), (-0.5, 0)),
    ("power(0, 0)", lambda x, y: x**y, (0, 0), (0, 0)),
    ("power(0, 2)", lambda x, y: x**y, (0, 2), (0, 0)),
    ("power(0, 1)", lambda x, y: x**y, (0, 1), (1, 0)),
    ("power(0, 0.5)", lambda x, y: x**y, (0, 0.5), (INF, 0)),
    ("power(-2, 3)", lambda x, y: x**y, (-2, 3), (12, NAN)),
    ("x**3 at -2", lambda x: x**3, (-2,), (12,)),
    ("x**0 at 0", lambda x: x**0, (0,), (0,)),
    ("x**2 at 0", lambda x: x**2, (0,), (0,)),
    ("x**-1 at 0", lambda x: x**-1, (0,), (-INF,)),
    ("x**0 of no number", lambda x: x**0, (NAN,), (0,)),
    ("integer_pow(0, 0)", lambda x: integer_pow(x, n=0), (0,), (0,)),
    ("integer_pow(0, 1)", lambda x: integer_pow(x, n=1), (0,), (1,)),
    ("integer_pow(0, 3)", lambda x: integer_pow(x, n=3), (0,), (0,)),
    ("integer_pow(-2, 3)", lambda x: integer_pow(x, n=3), (-2,), (12,)),
    ("integer_pow(0, -1)", lambda x: integer_pow(x, n=-1), (0,), (-INF,)),
    ("rsqrt(0)", rsqrt, (0,), (-INF,)),
    ("cbrt(0)", cbrt, (0,), (INF,)),
    ("acosh(1)", acosh, (1,), (INF,)),
    ("atanh(1)", atanh, (1,), (INF,)),
    ("atanh(-1)", atanh, (-1,), (INF,)),
    ("erfinv(1)", erfinv, (1,), (INF,)),
    ("erfinv(-1)", erfinv, (-1,), (INF,)),
    ("hypot(0, 0)", hypot, (0, 0), (0, 0)),
    ("hypot(-3, 0)", hypot, (-3, 0), (-1, 0)),
    ("hypot at infinity", hypot, (-INF, 2), (-1, 0)),
    ("hypot, two at infinity", hypot, (INF, -INF), (math.sqrt(0.5), -math.sqrt(0.5))),
    ("fmax, tie", fmax, (2, 2), (0.5, 0.5)),
    ("fmax, one no number", fmax, (NAN, 2), (0, 1)),
    ("fmax, the other no number", fmax, (-INF, NAN), (1, 0)),
    ("fmax, no numbers", fmax, (NAN, NAN), (0, 0)),
    ("fmin, tie", fmin, (-3, -3), (0.5, 0.5)),
    ("fmin, one no number", fmin, (NAN, 2), (0, 1)),
    ("copysign(0, -1)", copysign, (0, -1), (0, 0)),
    ("copysign(-3, -0)", copysign, (-3, -0.0), (1, 0)),
    ("copysign(3, -2)", copysign, (3, -2), (-1, 0)),
    ("floor(1)", floor, (1,), (0,)),
    ("ceil(1)", ceil, (1,), (0,)),
    ("round(2.5)", round_, (2.5,), (0,)),
    ("trunc(1)", trunc, (1,), (0,)),
    ("floor_divide(6, 2)", floor_divide, (6, 2), (0, 0)),
    ("remainder(-7.5, 2)", remainder, (-7.5, 2), (1, 4)),
    ("remainder(7.5, -2)", remainder, (7.5, -2), (1, 4)),
    ("remainder(6, 2)", remainder, (6, 2), (1, -3)),
    ("fmod(-7.5, 2)", fmod, (-7.5, 2), (1, 3)),
    ("fmod(7.5, 2)", fmod, (7.5, 2), (1, -3)),
    ("fmod by infinity", fmod, (3, INF), (1, 0)),
    ("xlogy(0, 0)", xlogy, (0, 0), (0, 0)),
    ("xlogy(0, 2)", xlogy, (0, 2), (math.log(2), 0)),
    ("xlogy(2, 0)", xlogy, (2, 0), (-INF, INF)),
    ("xlog1py(0, -1)", xlog1py, (0, -1), (0, 0)),
    ("xlog1py(2, -1)", xlog1py, (2, -1), (-INF, INF)),
    ("logaddexp(-inf, -inf)", logaddexp, (-INF, -INF), (0, 0)),
    ("logaddexp(-inf, 1)", logaddexp, (-INF, 1), (0, 1)),
    ("logaddexp(inf, 1)", logaddexp, (INF, 1), (1, 0)),
    ("logaddexp(inf, inf)", logaddexp, (INF, INF), (0.5, 0.5)),
    ("logaddexp, tie", logaddexp, (3, 3), (0.5, 0.5)),
    ("i0e(0)", i0e, (0,), (0,)),
    ("i1e(0)", i1e, (0,), (0.5,)),
    ("i0e(inf)", i0e, (INF,), (0,)),
    ("lgamma(0)", lgamma, (0,), (-INF,)),
    ("digamma(0)", digamma, (0,), (INF,)),
    ("gammainc(2, 0)", gammainc, (2, 0), (0, 0)),
    ("gammainc(1, 0)", gammainc, (1, 0), (0, 1)),
    ("gammainc(½, 0)", gammainc, (0.5, 0), (0, INF)),
    ("gammainc(2, inf)", gammainc, (2, INF), (0, 0)),
    ("gammaincc(½, 0)", gammaincc, (0.5, 0), (0, -INF)),
    ("betainc(1, 3, 0)", betainc, (1, 3, 0), (0, 0, 3)),
    ("betainc(3, 1, 1)", betainc, (3, 1, 1), (0, 0, 3)),
    ("betainc(3, ½, 1)", betainc, (3, 0.5, 1), (0, 0, INF)),
    ("where, at the change", lambda x: where(x > 0, 3 * x, -x), (0,), (-1,)),
    ("sqrt(maximum(x, 0)) below 0", lambda x: sqrt(maximum(x, 0)), (-1,), (0,)),
    ("log(relu(x)) below 0", lambda x: log(relu(x)), (-1,), (0,)),
]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize(("name", "f", "point", "expected"), KINKS, ids=[name for name, *_ in KINKS])
def test_gradient_at_a_kink(name: str, f: Expression, point: tuple[float, ...], expected: object, dtype: type) -> None:
    at = [dtype(x) for x in point]
    assert [float(x) for x in pulled(f, *at)] == pytest.approx(expected, nan_ok=True)
    assert [float(x) for x in pushed(f, *at)] == pytest.approx(expected, nan_ok=True)


def test_a_root_of_a_square_has_no_gradient_at_0_and_abs_has() -> None:
    assert math.isnan(float(pulled(lambda x: sqrt(square(x)), 0.0)[0]))
    assert math.isnan(float(pulled(lambda x: sqrt(x * x), 0.0)[0]))
    assert float(pulled(abs_, 0.0)[0]) == 0


@pytest.mark.parametrize(
    ("f", "point"),
    [
        (abs_, 0.0),
        (sign, 0.0),
        (relu, 0.0),
        (lambda x: maximum(x, 0), 0.0),
        (lambda x: minimum(x, 2 * x), 0.0),
        (lambda x: clip(x, min=-1, max=2), 2.0),
        (lambda x: atan2(x, 0 * x), 0.0),
        (lambda x: hypot(x, 2 * x), 0.0),
        (lambda x: copysign(x, x), 0.0),
        (lambda x: fmax(x, 0), 0.0),
        (lambda x: xlogy(x, x), 0.0),
        (lambda x: logaddexp(x, -INF), -INF),
        (i1e, 0.0),
    ],
)
def test_second_derivative_at_a_kink_is_that_of_the_convention(f: Expression, point: float) -> None:
    assert {float(x) for x in curvatures(f, point).values()} == {0.0}


@pytest.mark.parametrize("op", ["acosh", "asinh", "cbrt", "rsqrt", "tanh", "sigmoid", "i0e", "digamma"])
def test_second_derivative_at_infinity_is_zero(op: str) -> None:
    assert {float(x) for x in curvatures(lambda x: apply(op, x), INF).values()} == {0.0}


# What the array API standard does not say.

SPECIAL: list[tuple[str, tuple[float, ...], float]] = [
    ("cbrt", (-8.0,), -2.0),
    ("cbrt", (-0.0,), -0.0),
    ("cbrt", (-INF,), -INF),
    ("erfc", (-INF,), 2.0),
    ("erfinv", (-1.0,), -INF),
    ("erfinv", (1.5,), NAN),
    ("fmax", (NAN, -1.0), -1.0),
    ("fmax", (-INF, NAN), -INF),
    ("fmax", (NAN, NAN), NAN),
    ("fmin", (2.0, NAN), 2.0),
    ("fmin", (-INF, 1.0), -INF),
    ("fmod", (-7.5, 2.0), -1.5),
    ("fmod", (-0.0, 2.0), -0.0),
    ("fmod", (3.0, -INF), 3.0),
    ("fmod", (3.0, 0.0), NAN),
    ("gammainc", (2.0, 0.0), 0.0),
    ("gammainc", (2.0, INF), 1.0),
    ("gammaincc", (2.0, INF), 0.0),
    ("gammainc", (2.0, -1.0), NAN),
    ("betainc", (2.0, 3.0, 1.0), 1.0),
    ("betainc", (2.0, 3.0, 1.5), NAN),
    ("i0e", (0.0,), 1.0),
    ("i0e", (-INF,), 0.0),
    ("lgamma", (-1.0,), INF),
    ("lgamma", (INF,), INF),
    ("digamma", (0.0,), -INF),
    ("digamma", (-0.0,), INF),
    ("digamma", (-1.0,), NAN),
    ("logaddexp", (-INF, -INF), -INF),
    ("log_sigmoid", (-INF,), -INF),
    ("rsqrt", (0.0,), INF),
    ("rsqrt", (INF,), 0.0),
    ("sigmoid", (-INF,), 0.0),
    ("softplus", (-INF,), 0.0),
    ("xlogy", (0.0, 0.0), 0.0),
    ("xlogy", (0.0, -1.0), 0.0),
    ("xlogy", (0.0, NAN), NAN),
    ("xlogy", (2.0, 0.0), -INF),
    ("xlog1py", (0.0, -1.0), 0.0),
]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize(("op", "point", "expected"), SPECIAL, ids=[f"{op}{point}" for op, point, _ in SPECIAL])
def test_value_at_an_edge(op: str, point: tuple[float, ...], expected: float, dtype: type) -> None:
    xs, inputs = variables(*map(dtype, point))
    y = run({"y": apply(op, *xs)}, inputs)["y"]
    assert float(y) == pytest.approx(expected, rel=1e-6, nan_ok=True)
    assert np.isnan(expected) or np.signbit(float(y)) == np.signbit(expected)


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_poles_of_polygamma_are_infinite(n: int) -> None:
    xs, inputs = variables(np.array([0.0, -1.0, -2.0]))
    y = run({"y": apply("polygamma", *xs, n=n)}, inputs)["y"]
    assert y.tolist() == [INF if n % 2 else -INF] * 3


def test_clip_keeps_nan_and_the_type() -> None:
    xs, inputs = variables(np.array([NAN, -INF, INF, 0.5], np.float32))
    y = run({"y": clip(*xs, min=-1, max=1e300)}, inputs)["y"]
    assert y.dtype == np.float32
    assert y.tolist() == pytest.approx([NAN, -1, INF, 0.5], nan_ok=True)


# Where a chain of blocks overflows, and where one op does not.


@pytest.mark.parametrize("u", [800.0, -800.0, 40.0, -40.0])
def test_log_sigmoid_holds_where_the_logarithm_of_a_sigmoid_does_not(u: float) -> None:
    def loss(x: Value) -> Value:
        return -apply("log_sigmoid", x)

    xs, inputs = variables(u)
    assert float(run({"y": loss(*xs)}, inputs)["y"]) == pytest.approx(max(-u, 0) + math.log1p(math.exp(-abs(u))))
    assert float(pulled(loss, u)[0]) == pytest.approx(-math.exp(min(-u, 0)) / (1 + math.exp(-abs(u))), abs=0)
    curvature = math.exp(-abs(u)) / (1 + math.exp(-abs(u))) ** 2
    assert all(float(x) == pytest.approx(curvature, abs=1e-16) for x in curvatures(loss, u).values())


def test_a_chain_of_sigmoid_and_log_is_lost_far_below_zero() -> None:
    def chain(x: Value) -> Value:
        return -log(apply("sigmoid", x))

    xs, inputs = variables(-800.0)
    assert run({"y": chain(*xs)}, inputs)["y"] == INF
    assert math.isnan(float(pulled(chain, -800.0)[0]))
    assert float(pulled(chain, 800.0)[0]) == 0


def test_arrays_at_kinks_are_taken_element_by_element() -> None:
    a, b = numbers((2, 3), "a"), numbers((3,), "b")
    b[1] = a[0, 1]
    by_a, by_b = pulled(maximum, a, b)
    weights = np.where(a == b, 0.5, a > b)
    assert by_a.tolist() == weights.tolist()
    assert by_b.tolist() == (1 - weights).sum(axis=0).tolist()
