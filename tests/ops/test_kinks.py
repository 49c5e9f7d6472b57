"""What holds where a derivative does not exist, and what values are of NaN, infinities and zeros."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gradwire_service.ops import Value, apply
from gradwire_service.ops.functions import abs as abs_
from gradwire_service.ops.functions import (
    acos,
    asin,
    atan2,
    clip,
    log,
    log1p,
    maximum,
    minimum,
    reciprocal,
    relu,
    sign,
    sqrt,
    square,
    where,
)
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
    ],
)
def test_second_derivative_at_a_kink_is_that_of_the_convention(f: Expression, point: float) -> None:
    assert {float(x) for x in curvatures(f, point).values()} == {0.0}


# The array API standard's special cases, some of each op.

SPECIAL: list[tuple[str, tuple[float, ...], float]] = [
    ("abs", (-0.0,), 0.0),
    ("abs", (-INF,), INF),
    ("acos", (1.0,), 0.0),
    ("acos", (1.5,), NAN),
    ("add", (INF, -INF), NAN),
    ("add", (-0.0, -0.0), -0.0),
    ("add", (-0.0, 0.0), 0.0),
    ("asin", (-0.0,), -0.0),
    ("atan", (-INF,), -math.pi / 2),
    ("atan2", (0.0, -0.0), math.pi),
    ("atan2", (-0.0, -0.0), -math.pi),
    ("atan2", (-0.0, 1.0), -0.0),
    ("atan2", (INF, -INF), 3 * math.pi / 4),
    ("atan2", (1.0, INF), 0.0),
    ("cos", (INF,), NAN),
    ("cosh", (-INF,), INF),
    ("divide", (1.0, -0.0), -INF),
    ("divide", (0.0, 0.0), NAN),
    ("divide", (-1.0, INF), -0.0),
    ("exp", (-INF,), 0.0),
    ("expm1", (-0.0,), -0.0),
    ("expm1", (-INF,), -1.0),
    ("log", (0.0,), -INF),
    ("log", (-1.0,), NAN),
    ("log1p", (-0.0,), -0.0),
    ("log1p", (-1.0,), -INF),
    ("maximum", (NAN, 1.0), NAN),
    ("maximum", (-INF, NAN), NAN),
    ("minimum", (1.0, NAN), NAN),
    ("minimum", (-INF, 1.0), -INF),
    ("multiply", (0.0, -INF), NAN),
    ("multiply", (-0.0, 3.0), -0.0),
    ("negative", (0.0,), -0.0),
    ("power", (NAN, 0.0), 1.0),
    ("power", (1.0, NAN), 1.0),
    ("power", (-INF, 3.0), -INF),
    ("power", (-0.0, -3.0), -INF),
    ("power", (-0.0, 3.0), -0.0),
    ("power", (0.5, INF), 0.0),
    ("power", (-8.0, 1 / 3), NAN),
    ("reciprocal", (-0.0,), -INF),
    ("sigmoid", (-INF,), 0.0),
    ("sign", (NAN,), NAN),
    ("sign", (-INF,), -1.0),
    ("sin", (-0.0,), -0.0),
    ("sinh", (-INF,), -INF),
    ("softplus", (-INF,), 0.0),
    ("log_sigmoid", (-INF,), -INF),
    ("sqrt", (-0.0,), -0.0),
    ("sqrt", (-1.0,), NAN),
    ("square", (-INF,), INF),
    ("subtract", (INF, INF), NAN),
    ("subtract", (0.0, 0.0), 0.0),
    ("tan", (-0.0,), -0.0),
    ("tanh", (INF,), 1.0),
    ("equal", (NAN, NAN), False),
    ("equal", (0.0, -0.0), True),
    ("not_equal", (NAN, NAN), True),
    ("less", (NAN, 1.0), False),
    ("less_equal", (INF, INF), True),
    ("greater", (0.0, -0.0), False),
    ("greater_equal", (1.0, NAN), False),
]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize(("op", "point", "expected"), SPECIAL, ids=[f"{op}{point}" for op, point, _ in SPECIAL])
def test_special_case_of_the_array_standard(op: str, point: tuple[float, ...], expected: float, dtype: type) -> None:
    xs, inputs = variables(*map(dtype, point))
    y = run({"y": apply(op, *xs)}, inputs)["y"]
    assert float(y) == pytest.approx(float(expected), rel=1e-6, nan_ok=True)
    assert np.isnan(expected) or np.signbit(float(y)) == np.signbit(float(expected))


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
