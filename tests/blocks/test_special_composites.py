"""Normal distribution, Bessel and gamma functions, activations: in the tails, at zero, to third order."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest
from scipy import special

from gradwire_service.errors import AttributeValueError
from gradwire_service.graph import FLOAT32
from gradwire_service.ops import apply, variable
from gradwire_service.transform import gradient
from tests.ops.derivatives import Expression, curvatures, pulled, run, variables

INF, NAN = math.inf, math.nan


def op(name: str, **attributes: object) -> Expression:
    return lambda *x: apply(name, *x, **attributes)


def orders(f: Expression, x: float, count: int, dtype: type = np.float64) -> list[float]:
    """Return the value and the first derivatives at a point, by reverse mode again and again."""
    (v,), inputs = variables(dtype(x))
    chain = [f(v)]
    for _ in range(count):
        chain += gradient(chain[-1], [v])
    return [float(y) for y in run({str(i): y for i, y in enumerate(chain)}, inputs).values()]


def exact(f: Callable[[Any], Any], x: float, count: int) -> list[float]:
    """Return the same by differences of 80 digits."""
    with mpmath.workdps(80):
        return [float(mpmath.diff(f, mpmath.mpf(x), n, h=mpmath.mpf(10) ** -15)) for n in range(count + 1)]


# The normal distribution.

TAIL = [-40.0, -25.0, -14.5, -14.0, -13.9, -10.5, -6.0, -1.0, -1e-3, 0.0, 1e-3, 2.0, 6.0, 12.0]


def log_phi(x: Any) -> Any:
    return mpmath.log(mpmath.erfc(-x / mpmath.sqrt(2)) / 2)


@pytest.mark.parametrize("x", TAIL)
def test_the_logarithm_of_phi_is_exact_with_three_derivatives(x: float) -> None:
    found, expected = orders(op("log_ndtr"), x, 3), exact(log_phi, x, 3)
    assert found[:2] == pytest.approx(expected[:2], rel=5e-14, abs=0)
    assert found[2] == pytest.approx(expected[2], rel=1e-11, abs=0)
    assert found[3] == pytest.approx(expected[3], rel=1e-8, abs=1e-9)


@pytest.mark.parametrize("x", [-1e3, -1e6, -1e9, -1e150])
def test_the_logarithm_of_phi_has_the_inverse_mills_ratio_however_far(x: float) -> None:
    y, slope, curvature = orders(op("log_ndtr"), x, 2)
    assert y == pytest.approx(-x * x / 2 - math.log(-x) - math.log(2 * math.pi) / 2 - 1 / x**2, rel=1e-15)
    assert slope == pytest.approx(-x - 1 / x, rel=1e-11 if x == -1e3 else 1e-15)
    assert curvature == pytest.approx(-1 + 1 / x**2, rel=1e-11)


@pytest.mark.parametrize("x", [-80.0, -12.0, -10.1, -10.0, -9.9, -3.0, 0.5, 8.0])
def test_the_logarithm_of_phi_holds_in_single_precision(x: float) -> None:
    expected = exact(log_phi, x, 1)
    assert orders(op("log_ndtr"), x, 1, np.float32) == pytest.approx(expected, rel=3e-6, abs=1e-30)


@pytest.mark.parametrize("x", [-37.0, -20.0, -5.0, 0.0, 3.0])
def test_phi_keeps_its_digits_in_the_tail(x: float) -> None:
    expected = exact(lambda x: mpmath.erfc(-x / mpmath.sqrt(2)) / 2, x, 2)
    assert orders(op("ndtr"), x, 2) == pytest.approx(expected, rel=1e-13 * max(1, -x), abs=1e-16)


@pytest.mark.parametrize("p", [1e-300, 1e-30, 1e-10, 0.02425, 0.3, 0.5, 0.97, 1 - 1e-12])
def test_the_quantile_undoes_phi_with_its_slope(p: float) -> None:
    y, slope = orders(op("ndtri"), p, 1)
    assert special.ndtr(y) == pytest.approx(p, rel=1e-12)
    assert slope == pytest.approx(math.sqrt(2 * math.pi) * math.exp(y * y / 2), rel=1e-13)
    assert orders(lambda p: apply("ndtr", apply("ndtri", p)), p, 1) == pytest.approx([p, 1], rel=1e-12)


@pytest.mark.parametrize(("p", "y", "slope"), [(0.0, -INF, INF), (1.0, INF, INF), (-0.5, NAN, NAN), (2.0, NAN, NAN)])
def test_the_quantile_has_infinite_slopes_at_its_ends(p: float, y: float, slope: float) -> None:
    assert orders(op("ndtri"), p, 1) == pytest.approx([y, slope], nan_ok=True)


# Bessel and gamma functions.


@pytest.mark.parametrize("x", [0.0, 1e-9, -0.5, 2.0, 30.0])
@pytest.mark.parametrize("n", [0, 1])
def test_a_bessel_function_has_its_derivatives_at_zero_and_elsewhere(n: int, x: float) -> None:
    expected = exact(lambda x: mpmath.besseli(n, x), x, 4)
    assert orders(op(f"i{n}"), x, 4) == pytest.approx(expected, rel=1e-13, abs=1e-15)


def test_a_bessel_function_that_overflows_has_an_infinite_slope() -> None:
    assert orders(op("i0"), 800.0, 2) == [INF, INF, INF]
    with pytest.raises(AttributeValueError, match="bessel_i of order -1; it is 0 or more"):
        apply("bessel_i", variable("x"), n=-1)


@pytest.mark.parametrize(("a", "b"), [(0.5, 0.5), (1e-3, 3.0), (40.0, 2.5), (100.0, 200.0)])
def test_the_beta_function_has_the_slopes_of_digamma(a: float, b: float) -> None:
    by_a, by_b = pulled(op("betaln"), a, b)
    total = special.digamma(a + b)
    assert float(by_a) == pytest.approx(float(special.digamma(a) - total), rel=1e-13)
    assert float(by_b) == pytest.approx(float(special.digamma(b) - total), rel=1e-12)
    direct = [float(x) for x in pulled(op("beta"), a, b)]
    assert direct == pytest.approx([float(x) * float(special.beta(a, b)) for x in (by_a, by_b)], rel=1e-11)


@pytest.mark.parametrize("a", [1e-300, 0.1, 2.5, 9.9, 10.0, 300.0, 1e10])
@pytest.mark.parametrize("b", [1e-8, 1.0, 10.5, 1e6])
def test_the_logarithm_of_the_beta_function_does_not_cancel(a: float, b: float) -> None:
    with mpmath.workdps(40):
        exact = float(mpmath.loggamma(a) + mpmath.loggamma(b) - mpmath.loggamma(mpmath.mpf(a) + mpmath.mpf(b)))
    assert orders(lambda a: apply("betaln", a, b), a, 0) == pytest.approx([exact], rel=1e-14, abs=1e-14)
    assert orders(lambda b: apply("betaln", a, b), b, 0) == pytest.approx([exact], rel=1e-14, abs=1e-14)


@pytest.mark.parametrize(("n", "k"), [(0, 0), (5, 0), (5, 5), (5, 2), (60, 30), (1000, 3), (1000000, 2)])
def test_a_binomial_coefficient_is_counted(n: int, k: int) -> None:
    xs, inputs = variables(float(n), float(k))
    found = run({"y": apply("log_binom", *xs)}, inputs)["y"]
    assert float(found) == pytest.approx(math.log(math.comb(n, k)), rel=1e-14, abs=1e-14)


@pytest.mark.parametrize("p", [1, 2, 5])
def test_the_multivariate_gamma_function_is_that_of_scipy_with_its_slope(p: int) -> None:
    y, slope = orders(op("mvlgamma", p=p), 4.25, 1)
    assert y == pytest.approx(float(special.multigammaln(4.25, p)), rel=1e-14)
    assert slope == pytest.approx(sum(float(special.digamma(4.25 - j / 2)) for j in range(p)), rel=1e-14)
    with pytest.raises(AttributeValueError, match="mvlgamma of dimension 0; it is from 1 to 1,000"):
        apply("mvlgamma", variable("x"), p=0)


# Exceptions.


@pytest.mark.parametrize(
    ("x", "y", "slope"), [(0.0, 0, 0), (-1.0, -INF, 0), (1.0, 0, -1), (math.exp(-1), math.exp(-1), 0)]
)
def test_an_impossible_class_does_not_spoil_the_slope_of_an_entropy(x: float, y: float, slope: float) -> None:
    assert orders(op("entr"), x, 1) == pytest.approx([y, slope], abs=1e-15)


def test_an_entropy_of_softmax_has_a_gradient_where_classes_are_ruled_out() -> None:
    def entropy(x: Any) -> Any:
        return apply("sum", apply("entr", apply("softmax", x)))

    (slope,) = pulled(entropy, [0.0, -INF, 0.0])
    assert slope.tolist() == [0, 0, 0]


@pytest.mark.parametrize(("x", "y", "slope"), [(NAN, -1.5, 0), (INF, 7, 0), (-INF, -9, 0), (2.5, 2.5, 1), (-0.0, 0, 1)])
def test_numbers_that_are_none_count_as_constants(x: float, y: float, slope: float) -> None:
    assert orders(op("nan_to_num", nan=-1.5, posinf=7.0, neginf=-9.0), x, 2) == [y, slope, 0]


def test_the_greatest_number_of_single_precision_stands_for_infinity_there() -> None:
    (x,), inputs = variables(np.array([INF, -INF, NAN], np.float32))
    y = run({"y": apply("nan_to_num", x)}, inputs)["y"]
    assert y.tolist() == [float(np.finfo(np.float32).max), float(np.finfo(np.float32).min), 0]


@pytest.mark.parametrize(("x", "slopes"), [(-1.0, [0, 0]), (0.0, [0, 1]), (1.0, [0, 0]), (NAN, [0, 0])])
def test_a_step_has_the_slope_of_its_middle_alone(x: float, slopes: list[float]) -> None:
    assert [float(bar) for bar in pulled(op("heaviside"), x, 0.5)] == slopes


# Powers and activations.


def test_a_power_of_two_is_exact() -> None:
    (x,), inputs = variables(np.arange(-1022.0, 1024.0))
    assert run({"y": apply("exp2", x)}, inputs)["y"].tolist() == [2.0**k for k in range(-1022, 1024)]


def test_the_logarithm_of_a_power_of_its_base_is_whole() -> None:
    (x, y), inputs = variables(
        np.array([2.0**k for k in range(-1074, 1024)]), np.array([float(f"1e{k}") for k in range(-307, 309)])
    )
    found = run({"2": apply("log2", x), "10": apply("log10", y)}, inputs)
    assert found["2"].tolist() == list(range(-1074, 1024))
    assert found["10"].tolist() == list(range(-307, 309))


@pytest.mark.parametrize(("name", "base"), [("log2", 2), ("log10", 10)])
def test_a_logarithm_to_a_base_has_the_slope_over_its_logarithm(name: str, base: int) -> None:
    expected = exact(lambda x: mpmath.log(x, base), 7.5, 2)
    assert orders(op(name), 7.5, 2) == pytest.approx(expected, rel=1e-15)
    assert orders(op(name), 0.0, 1) == [-INF, INF]


@pytest.mark.parametrize(
    ("f", "slope", "curvature"),
    [
        (op("leaky_relu"), 0.01, 0),
        (op("leaky_relu", slope=0.0), 0, 0),
        (op("elu"), 1, 1),
        (op("elu", alpha=0.5), 0.5, 0.5),
        (op("celu"), 1, 1),
        (op("celu", alpha=2.0), 1, 0.5),
        (op("selu"), 1.7580993408473766, 1.7580993408473766),
        (op("silu"), 0.5, 0.5),
        (op("softsign"), 1, 0),
    ],
)
def test_an_activation_at_zero_has_the_slope_that_it_says(f: Expression, slope: float, curvature: float) -> None:
    for zero in (0.0, -0.0):
        assert orders(f, zero, 2) == pytest.approx([0, slope, curvature], rel=1e-15)
        assert [float(x) for x in curvatures(f, zero).values()] == pytest.approx([curvature] * 2, rel=1e-15)


@pytest.mark.parametrize("name", ["elu", "celu", "selu", "leaky_relu"])
def test_what_overflows_below_does_not_show_above(name: str) -> None:
    scale = 1.0507009873554805 if name == "selu" else 1.0
    assert orders(op(name), 800.0, 2) == pytest.approx([scale * 800, scale, 0], rel=1e-15)
    assert orders(op(name), INF, 2) == [INF, scale, 0]


def test_a_celu_has_a_positive_alpha() -> None:
    with pytest.raises(AttributeValueError, match=r"celu has an alpha of 0\.0; it is positive"):
        apply("celu", variable("x"), alpha=0.0)


@pytest.mark.parametrize("name", ["silu", "elu", "log_ndtr", "exp2", "i0", "entr", "nan_to_num"])
def test_single_precision_stays(name: str) -> None:
    (x,) = variables(np.float32(0.5))[0]
    assert apply(name, x).element_type is FLOAT32
    assert gradient(apply(name, x), [x])[0].element_type is FLOAT32
