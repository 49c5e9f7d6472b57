"""Functions whose formulas overflow or cancel, with their derivatives, against mpmath: relative errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath as mp
import numpy as np
import pytest

from gradwire_service.errors import AttributeValueError
from gradwire_service.ops import Value, apply, full, variable
from gradwire_service.transform import vjp
from tests.ops.derivatives import curvatures, pulled, pushed, run, variables

Orders = tuple[int, ...]


def partial(op: str, point: tuple[float, ...], orders: Orders, **attributes: int) -> float:
    """Return a partial derivative of any order, by reverse mode over and over."""
    xs, inputs = variables(*point)
    y = apply(op, *xs, **attributes)
    for x, order in zip(xs, orders, strict=True):
        for _ in range(order):
            (y,) = vjp({y: full(y.type, 1)}, [x])
    return float(run({"y": y}, inputs)["y"])


def exact(f: Callable[..., Any], point: tuple[float, ...], orders: Orders, digits: int = 80) -> Any:
    """Return the same by mpmath: differences with a step of a quarter of the digits."""
    with mp.workdps(digits):
        at = tuple(map(mp.mpf, point))
        step = min(abs(x) for x in at if x) * mp.mpf(10) ** (-digits // 4)
        return mp.diff(f, at, orders, h=step) if sum(orders) else f(*at)


def scaled_bessel(n: int) -> Callable[[Any], Any]:
    return lambda x: mp.exp(-abs(x)) * mp.besseli(n, x)


UNARY: dict[str, tuple[Callable[[Any], Any], tuple[float, ...]]] = {
    "rsqrt": (lambda x: 1 / mp.sqrt(x), (1e-80, 0.3, 1e60)),
    "cbrt": (lambda x: mp.sign(x) * mp.cbrt(abs(x)), (-8.0, -1e-30, 0.3, 1e100)),
    "asinh": (mp.asinh, (-1e90, -30.0, 1e-3, 0.5, 1e8)),
    "acosh": (mp.acosh, (1 + 1e-12, 1.5, 30.0, 1e90)),
    "atanh": (mp.atanh, (1e-12 - 1, -0.5, 0.3, 1 - 1e-9)),
    "erfc": (mp.erfc, (-6.0, 0.5, 6.0, 15.0, 26.0)),
    "erfinv": (mp.erfinv, (1e-12 - 1, -0.5, 1e-8, 0.3, 0.999)),
    "i0e": (scaled_bessel(0), (-700.0, -3.0, 1e-8, 0.5, 19.9, 20.1, 1e4, 1e8)),
    "i1e": (scaled_bessel(1), (-700.0, -3.0, 1e-8, 0.5, 19.9, 20.1, 1e4, 1e8)),
    "lgamma": (lambda x: mp.re(mp.loggamma(x)), (-20.3, -2.5, 1e-8, 0.5, 1.2, 30.0, 1e10)),
    "digamma": (lambda x: mp.psi(0, x), (-20.3, -2.5, 1e-8, 0.5, 1.0, 30.0, 1e10)),
}


@pytest.mark.parametrize(("op", "x"), [(op, x) for op, (_, points) in UNARY.items() for x in points])
def test_value_and_three_derivatives_have_no_error_but_rounding(op: str, x: float) -> None:
    for order, tolerance in enumerate((1e-15, 2e-14, 5e-13, 1e-11)):
        expected = float(exact(UNARY[op][0], (x,), (order,)))
        assert partial(op, (x,), (order,)) == pytest.approx(expected, rel=tolerance, abs=0)


@pytest.mark.parametrize("n", [0, 1, 2, 3, 10])
def test_polygamma_is_right_on_both_sides_of_zero(n: int) -> None:
    x = np.array([-100.3, -20.5, -2.5, -0.5, -1e-8, 1e-8, 0.5, 1.0, 30.0, 1e4, 1e10])
    xs, inputs = variables(x)
    y = apply("polygamma", *xs, n=n)
    (slope,) = pulled(lambda x: apply("polygamma", x, n=n), x)
    with mp.workdps(60):
        values, slopes = ([float(mp.psi(k, mp.mpf(z))) for z in x.tolist()] for k in (n, n + 1))
    assert run({"y": y}, inputs)["y"].tolist() == pytest.approx(values, rel=2e-15, abs=1e-300)
    assert slope.tolist() == pytest.approx(slopes, rel=2e-15, abs=1e-300)


def test_polygamma_does_not_walk_from_far_left_to_zero() -> None:
    assert partial("polygamma", (-1e15 - 0.5,), (0,), n=1) == pytest.approx(np.pi**2, rel=1e-15)
    assert partial("polygamma", (-1e300,), (0,), n=1) == np.inf


@pytest.mark.parametrize("n", [-1, 101])
def test_polygamma_refuses_orders_that_it_has_not(n: int) -> None:
    with pytest.raises(AttributeValueError, match=f"polygamma of order {n}"):
        apply("polygamma", variable("x"), n=n)


def logaddexp(a: Any, b: Any) -> Any:
    return mp.log(mp.exp(a) + mp.exp(b))


BINARY: list[tuple[str, Callable[[Any, Any], Any], tuple[float, float]]] = [
    ("logaddexp", logaddexp, (0.5, -0.25)),
    ("logaddexp", logaddexp, (40.0, 0.0)),
    ("logaddexp", logaddexp, (-30.0, 60.0)),
    ("logaddexp", logaddexp, (5e9, 5e9 + 2)),
    ("hypot", mp.hypot, (3.0, -4.0)),
    ("hypot", mp.hypot, (1e-9, 1.0)),
    ("hypot", mp.hypot, (-2.0, 1e-12)),
    ("hypot", mp.hypot, (1e200, 2e200)),
    ("hypot", mp.hypot, (3e-170, 1e-170)),
    ("atan2", mp.atan2, (-3.0, 4.0)),
    ("atan2", mp.atan2, (3e-150, 1e-150)),
    ("atan2", mp.atan2, (1e200, 2e200)),
    ("xlogy", lambda a, b: a * mp.log(b), (2.0, 1e-12)),
    ("xlog1py", lambda a, b: a * mp.log1p(b), (2.0, 1e-12)),
]
SECOND: tuple[Orders, ...] = ((1, 0), (0, 1), (2, 0), (1, 1), (0, 2))


@pytest.mark.parametrize(("op", "f", "point"), BINARY, ids=[f"{op}-{point}" for op, _, point in BINARY])
def test_gradient_and_curvature_neither_overflow_nor_cancel(
    op: str, f: Callable[[Any, Any], Any], point: tuple[float, float]
) -> None:
    for orders in SECOND:
        expected = float(exact(f, point, orders))
        assert partial(op, point, orders) == pytest.approx(expected, rel=2e-14, abs=1e-60)


def test_second_derivatives_do_not_see_how_large_both_exponents_are() -> None:
    far, near = (pulled(lambda a, b: apply("logaddexp", a, b), shift + 1.0, shift) for shift in (1e12, 0.0))
    assert list(map(float, far)) == list(map(float, near))


# Derivatives by parameters of distributions.


def gamma_integral(a: Any, x: Any) -> Any:
    return mp.gammainc(a, 0, x, regularized=True)


def gamma_density(a: Any, x: Any) -> Any:
    return x ** (a - 1) * mp.exp(-x) / mp.gamma(a)


def beta_integral(a: Any, b: Any, x: Any) -> Any:
    return mp.betainc(a, b, 0, x, regularized=True)


def beta_density(a: Any, b: Any, x: Any) -> Any:
    return x ** (a - 1) * (1 - x) ** (b - 1) / mp.beta(a, b)


def exact_integral(
    integral: Callable[..., Any], density: Callable[..., Any], point: tuple[float, ...], orders: Orders
) -> float:
    *by_parameters, by_x = orders
    return float(
        exact(density, point, (*by_parameters, by_x - 1)) if by_x else exact(integral, point, orders, digits=60)
    )


GAMMA_POINTS = [
    *[(1e-3, 1.25), (1e-3, 1e-50), (1e-3, 0.5), (0.25, 50.0), (0.5, 1.0), (1.0, 1.0), (1.0, 0.57)],
    *[(2.0, 30.0), (5.0, 1e-3), (10.0, 9.5), (50.0, 1.0), (100.0, 130.0), (1e5, 100300.0)],
]
GAMMA_ORDERS: tuple[Orders, ...] = ((1, 0), (0, 1), (2, 0), (1, 1), (0, 2), (3, 0), (2, 1))


@pytest.mark.parametrize("point", GAMMA_POINTS, ids=str)
def test_derivatives_of_the_gamma_distribution(point: tuple[float, float]) -> None:
    for orders in GAMMA_ORDERS:
        expected = exact_integral(gamma_integral, gamma_density, point, orders)
        assert partial("gammainc", point, orders) == pytest.approx(expected, rel=1e-11, abs=0)
        assert partial("gammaincc", point, orders) == pytest.approx(-expected, rel=1e-11, abs=0)


BETA_POINTS = [
    *[
        (1.0, 1.0, 0.25),
        (2.0, 3.0, 0.3),
        (0.5, 0.5, 0.99),
        (0.01, 0.25, 0.5),
        (2.0, 0.1, 0.3),
    ],
    *[(1.0, 50.0, 0.5), (200.0, 300.0, 0.41), (80.0, 0.3, 0.999), (3.0, 2.0, 1e-10), (3.0, 2.0, 1 - 1e-10)],
]
BETA_ORDERS: tuple[Orders, ...] = (
    *[(1, 0, 0), (0, 1, 0), (0, 0, 1), (2, 0, 0), (1, 1, 0), (0, 2, 0), (1, 0, 1), (0, 1, 1), (0, 0, 2)],
    (1, 1, 1),
)


@pytest.mark.parametrize("point", BETA_POINTS, ids=str)
def test_derivatives_of_the_beta_distribution(point: tuple[float, float, float]) -> None:
    for orders in BETA_ORDERS:
        expected = exact_integral(beta_integral, beta_density, point, orders)
        assert partial("betainc", point, orders) == pytest.approx(expected, rel=1e-10, abs=0)


def test_forward_mode_agrees_on_the_parameters() -> None:
    a, b, x = np.array([0.5, 3.0]), np.array([2.0, 0.75]), np.array([0.25, 0.625])
    for op, point in (("betainc", (a, b, x)), ("gammainc", (a, x)), ("gammaincc", (a, x))):

        def f(*xs: Value, op: str = op) -> Value:
            return apply(op, *xs)

        for forward, reverse in zip(pushed(f, *point), pulled(f, *point), strict=True):
            assert forward.tolist() == reverse.tolist()


@pytest.mark.parametrize(
    ("a", "expected"), [(0.5, (np.inf, -np.inf)), (1.0, (1.0, -1.0)), (2.0, (0.0, 1.0)), (3.0, (0.0, 0.0))]
)
def test_second_derivative_of_the_gamma_distribution_at_zero_is_the_limit(
    a: float, expected: tuple[float, float]
) -> None:
    def f(x: Value) -> Value:
        return apply("gammainc", a, x)

    assert float(pulled(f, 0.0)[0]) == expected[0]
    assert {float(x) for x in curvatures(f, 0.0).values()} == {expected[1]}


@pytest.mark.parametrize(
    ("a", "b", "x", "expected"),
    [(1.0, 3.0, 0.0, -6.0), (2.0, 3.0, 0.0, 12.0), (3.0, 1.0, 1.0, 6.0), (3.0, 2.0, 1.0, -12.0)],
)
def test_second_derivative_of_the_beta_distribution_at_its_ends(a: float, b: float, x: float, expected: float) -> None:
    for second in curvatures(lambda x: apply("betainc", a, b, x), x).values():
        assert float(second) == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize("point", [(-1.0, 1.0), (0.0, 1.0), (2.0, -1.0), (np.nan, 1.0)], ids=str)
def test_outside_its_domain_the_gamma_distribution_has_no_derivative(point: tuple[float, float]) -> None:
    assert all(np.isnan(x) for x in pulled(lambda a, x: apply("gammainc", a, x), *point))


@pytest.mark.parametrize("point", [(-1.0, 1.0, 0.5), (1.0, 0.0, 0.5), (1.0, 1.0, 1.5), (1.0, 1.0, -0.5)], ids=str)
def test_outside_its_domain_the_beta_distribution_has_no_derivative(point: tuple[float, float, float]) -> None:
    assert all(np.isnan(x) for x in pulled(lambda a, b, x: apply("betainc", a, b, x), *point))
