"""Log densities: beyond the support, at its ends, for parameters of no distribution; counts of either type; vectors."""

from __future__ import annotations

import math
from typing import Any

import mpmath
import numpy as np
import pytest
from scipy import stats

from gradwire_service.errors import ElementTypeError, IndexRangeError, ShapeError
from gradwire_service.graph import FLOAT32, INT64
from gradwire_service.ops import apply, variable
from gradwire_service.ops.functions import sum as sum_
from gradwire_service.transform import gradient, hessian_vector_product, jvp
from tests.ops.derivatives import numbers, pulled, run, variables

INF, NAN = math.inf, math.nan
Point = tuple[float, ...]


def value(name: str, *point: Any) -> Any:
    xs, inputs = variables(*map(np.asarray, point))
    return run({"y": apply(name, *xs)}, inputs)["y"].tolist()


def slopes(name: str, *point: Any) -> list[float]:
    return [float(x) for x in pulled(lambda *x: apply(name, *x), *map(np.asarray, point))]


def hessian(name: str, point: Point) -> list[list[float]]:
    """Return the second derivatives of a density of floating scalars."""
    xs, inputs = variables(*map(float, point))
    slopes = gradient(apply(name, *xs), xs)
    ones = [variable(f"one{i}") for i in range(len(xs))]
    rows = {f"{i} {j}": jvp([slopes[i]], {x: ones[j]})[0] for i in range(len(xs)) for j, x in enumerate(xs)}
    found = run(rows, {**inputs, **{one.name: np.array(1.0) for one in ones}})
    return [[float(found[f"{i} {j}"]) for j in range(len(xs))] for i in range(len(xs))]


BEYOND: list[tuple[str, Point]] = [
    ("exponential_logpdf", (-1, 1)),
    ("half_normal_logpdf", (-1, 1)),
    ("gamma_logpdf", (-1, 2, 1)),
    ("gamma_logpdf", (INF, 2, 1)),
    ("inverse_gamma_logpdf", (0, 2, 1)),
    ("inverse_gamma_logpdf", (-1, 2, 1)),
    ("lognormal_logpdf", (0, 2, 1)),
    ("lognormal_logpdf", (-1, 2, 1)),
    ("weibull_logpdf", (-1, 0.5, 1)),
    ("weibull_logpdf", (INF, 2, 1)),
    ("pareto_logpdf", (1, 2, 2)),
    ("pareto_logpdf", (-1, 2, 2)),
    ("beta_logpdf", (-0.5, 2, 2)),
    ("beta_logpdf", (1.5, 2, 0.5)),
    ("uniform_logpdf", (3, 0, 1)),
    ("poisson_logpmf", (-1, 2)),
    ("poisson_logpmf", (0.5, 2)),
    ("poisson_logpmf", (INF, 2)),
    ("bernoulli_logpmf", (2, 0.5)),
    ("bernoulli_logits_logpmf", (0.5, 0.5)),
    ("binomial_logpmf", (4, 3, 0.5)),
    ("binomial_logpmf", (-1, 3, 0.5)),
    ("geometric_logpmf", (0, 0.5)),
    ("negative_binomial_logpmf", (-1, 2, 0.5)),
]


@pytest.mark.parametrize(("name", "point"), BEYOND)
def test_beyond_the_support_a_density_is_zero_and_so_are_its_derivatives(name: str, point: Point) -> None:
    assert value(name, *map(float, point)) == -INF
    assert slopes(name, *map(float, point)) == [0] * len(point)
    assert hessian(name, point) == [[0] * len(point)] * len(point)


GAMMA = float(mpmath.euler)

ENDS: list[tuple[str, Point, float, Point]] = [
    ("exponential_logpdf", (0, 2), -math.log(2), (-1 / 2, -1 / 2)),
    ("half_normal_logpdf", (0, 2), -math.log(2 * math.pi) / 2, (0, -1 / 2)),
    ("gamma_logpdf", (0, 1, 2), -math.log(2), (-1 / 2, GAMMA - math.log(2), -1 / 2)),
    ("gamma_logpdf", (0, 2, 2), -INF, (INF, -INF, -1)),
    ("gamma_logpdf", (0, 0.5, 2), INF, (-INF, -INF, -1 / 4)),
    ("weibull_logpdf", (0, 1, 2), -math.log(2), (-1 / 2, 1 - math.log(2), -1 / 2)),
    ("weibull_logpdf", (0, 2, 2), -INF, (INF, -INF, -1)),
    ("beta_logpdf", (0, 1, 2), math.log(2), (-1, 3 / 2, 1 / 2)),
    ("beta_logpdf", (1, 2, 1), math.log(2), (1, 1 / 2, 3 / 2)),
    ("pareto_logpdf", (2, 2, 2), 0, (-3 / 2, 1 / 2, 1)),
    ("laplace_logpdf", (1, 1, 2), -math.log(4), (0, 0, -1 / 2)),
    ("uniform_logpdf", (1, 1, 2), -math.log(2), (0, 0, -1 / 2)),
    ("logistic_logpdf", (800, 0, 1), -800, (-1, 1, 799)),
    ("bernoulli_logits_logpmf", (1, -800), -800, (0, 1)),
]


@pytest.mark.parametrize(("name", "point", "y", "expected"), ENDS)
def test_at_an_end_the_derivatives_are_the_limits_from_inside(
    name: str, point: Point, y: float, expected: Point
) -> None:
    assert value(name, *map(float, point)) == pytest.approx(y, rel=1e-15, abs=1e-15)
    assert slopes(name, *map(float, point)) == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize(
    ("name", "k", "parameters", "y", "expected"),
    [
        ("poisson_logpmf", 0, (0.0,), 0, (-1,)),
        ("poisson_logpmf", 2, (0.0,), -INF, (INF,)),
        ("bernoulli_logpmf", 1, (1.0,), 0, (1,)),
        ("bernoulli_logpmf", 0, (0.0,), 0, (-1,)),
        ("bernoulli_logpmf", 1, (0.0,), -INF, (INF,)),
        ("geometric_logpmf", 1, (1.0,), 0, (1,)),
        ("geometric_logpmf", 2, (1.0,), -INF, (-INF,)),
        ("negative_binomial_logpmf", 0, (2.0, 1.0), 0, (0, 2)),
    ],
)
def test_a_certain_count_has_the_one_sided_slope(
    name: str, k: int, parameters: Point, y: float, expected: Point
) -> None:
    assert value(name, np.array(k), *parameters) == pytest.approx(y, abs=1e-15)
    xs, inputs = variables(np.array(k), *parameters)
    found = run(dict(zip("abc", gradient(apply(name, *xs), xs[1:]), strict=False)), inputs)
    assert [float(x) for x in found.values()] == pytest.approx(expected, abs=1e-15)


@pytest.mark.parametrize(("k", "p", "y", "slope"), [(3, 1.0, 0, 3), (0, 0.0, 0, -3), (1, 0.0, -INF, INF)])
def test_a_certain_number_of_successes_has_the_one_sided_slope(k: int, p: float, y: float, slope: float) -> None:
    xs, inputs = variables(np.array(k), np.array(3), p)
    density = apply("binomial_logpmf", *xs)
    found = run({"y": density, "slope": gradient(density, xs[2:])[0]}, inputs)
    assert found["y"] == pytest.approx(y, abs=1e-15)
    assert found["slope"] == slope


@pytest.mark.parametrize(
    ("name", "point"),
    [
        ("normal_logpdf", (0, 0, -1)),
        ("student_t_logpdf", (0, -3, 0, 1)),
        ("gamma_logpdf", (1, -0.5, 1)),
        ("gamma_logpdf", (1, -2.5, 1)),
        ("inverse_gamma_logpdf", (1, -0.5, 1)),
        ("beta_logpdf", (0.5, -0.5, 2)),
        ("beta_logpdf", (0.5, 2, -0.5)),
        ("weibull_logpdf", (1, -1, 1)),
        ("pareto_logpdf", (3, -1, 1)),
        ("poisson_logpmf", (2, -1)),
        ("bernoulli_logpmf", (1, 1.5)),
        ("bernoulli_logpmf", (0, -0.5)),
        ("binomial_logpmf", (1, 3, 1.5)),
        ("geometric_logpmf", (1, 1.5)),
        ("negative_binomial_logpmf", (1, -2, 0.5)),
        ("dirichlet_logpdf", ([0.5, 0.5], [-0.5, 1])),
    ],
)
def test_what_is_no_distribution_has_no_density(name: str, point: tuple[Any, ...]) -> None:
    assert math.isnan(value(name, *(np.asarray(x, np.float64) for x in point)))


@pytest.mark.parametrize(
    ("name", "point"),
    [
        ("normal_logpdf", (0, 0, 1)),
        ("student_t_logpdf", (0, 3, 0, 1)),
        ("cauchy_logpdf", (0, 0, 1)),
        ("laplace_logpdf", (1, 0, 1)),
        ("logistic_logpdf", (0, 0, 1)),
        ("uniform_logpdf", (0.5, 0, 1)),
        ("exponential_logpdf", (1, 1)),
        ("half_normal_logpdf", (1, 1)),
        ("gamma_logpdf", (1, 2, 1)),
        ("inverse_gamma_logpdf", (1, 2, 1)),
        ("lognormal_logpdf", (1, 2, 1)),
        ("weibull_logpdf", (1, 2, 1)),
        ("pareto_logpdf", (3, 2, 1)),
        ("beta_logpdf", (0.5, 2, 2)),
        ("poisson_logpmf", (2, 1)),
        ("bernoulli_logpmf", (1, 0.5)),
        ("bernoulli_logits_logpmf", (0, 0.5)),
        ("binomial_logpmf", (1, 3, 0.5)),
        ("negative_binomial_logpmf", (1, 2, 0.5)),
        ("geometric_logpmf", (1, 0.5)),
    ],
)
def test_nan_stays_nan(name: str, point: Point) -> None:
    assert math.isfinite(value(name, *map(float, point)))
    for i in range(len(point)):
        assert math.isnan(value(name, *(NAN if j == i else float(x) for j, x in enumerate(point))))


@pytest.mark.parametrize("name", ["poisson_logpmf", "bernoulli_logpmf", "geometric_logpmf"])
def test_counts_may_be_integers_or_floating(name: str) -> None:
    k, parameter = np.array([0, 1, 3, -1]), np.array(0.25)
    assert value(name, k, parameter) == value(name, k.astype(np.float64), parameter)
    assert value(name, k.astype(np.int32), parameter) == value(name, k, parameter)
    single = apply(name, variable("k", (4,), INT64), variable("p", (), FLOAT32))
    assert single.element_type is FLOAT32


def test_densities_are_of_floating_parameters() -> None:
    with pytest.raises(ElementTypeError, match="poisson_logpmf takes floating values, not int64"):
        apply("poisson_logpmf", variable("k", (), INT64), variable("mu", (), INT64))


@pytest.mark.parametrize(("k", "mu"), [(0, 1e-300), (7, 1e-3), (1000, 900.0), (3, 800.0)])
def test_the_score_of_poisson_is_the_relative_excess(k: int, mu: float) -> None:
    xs, inputs = variables(np.array(k), mu)
    (score,) = run({"score": gradient(apply("poisson_logpmf", *xs), xs[1:])[0]}, inputs).values()
    assert float(score) == pytest.approx(k / mu - 1, rel=1e-14)


@pytest.mark.parametrize("df", [0.5, 3.0, 1e4, 1e8])
def test_students_t_comes_near_the_normal_density_with_its_slope(df: float) -> None:
    with mpmath.workdps(40):

        def exact(x: Any, df: Any) -> Any:
            ratio = mpmath.loggamma((df + 1) / 2) - mpmath.loggamma(df / 2)
            return ratio - mpmath.log(df * mpmath.pi) / 2 - (df + 1) / 2 * mpmath.log1p(x * x / df)

        y, by_x = float(exact(mpmath.mpf(1.5), mpmath.mpf(df))), float(mpmath.diff(lambda x: exact(x, df), 1.5))
    assert value("student_t_logpdf", 1.5, df, 0.0, 1.0) == pytest.approx(y, rel=1e-14)
    assert slopes("student_t_logpdf", 1.5, df, 0.0, 1.0)[0] == pytest.approx(by_x, rel=1e-14)


# Vectors.


def covariance(d: int) -> Any:
    root = numbers((d, d), "root")
    return root @ root.T + np.eye(d)


def test_at_its_mean_a_normal_density_has_the_curvature_of_the_inverse_covariance() -> None:
    cov, mean, v = covariance(3), numbers((3,), "mean"), numbers((3,), "v")
    xs, inputs = variables(mean, mean, cov)
    (product,) = hessian_vector_product(apply("multivariate_normal_logpdf", *xs), {xs[0]: variable("v", (3,))})
    found = run({"product": product}, {**inputs, "v": v})["product"]
    assert found == pytest.approx(-np.linalg.solve(cov, v), rel=1e-13)


def test_the_gradient_by_the_covariance_is_symmetric_and_in_closed_form() -> None:
    x, mean, cov = numbers((3,), "x"), numbers((3,), "mean"), covariance(3)
    by_x, by_mean, by_cov = pulled(lambda *a: apply("multivariate_normal_logpdf", *a), x, mean, cov)
    pull = np.linalg.solve(cov, x - mean)
    assert by_x == pytest.approx(-pull, rel=1e-13)
    assert by_mean == pytest.approx(pull, rel=1e-13)
    assert by_cov == pytest.approx((np.outer(pull, pull) - np.linalg.inv(cov)) / 2, rel=1e-12, abs=1e-14)
    assert by_cov == pytest.approx(by_cov.T, abs=0)


def test_many_vectors_cost_one_factorization_and_give_what_each_gives() -> None:
    x, mean, cov = numbers((2, 5, 3), "x"), numbers((3,), "mean"), covariance(3)
    together = value("multivariate_normal_logpdf", x, mean, cov)
    assert together == pytest.approx(stats.multivariate_normal.logpdf(x, mean, cov), rel=1e-14)
    stacked = value("multivariate_normal_logpdf", x, mean, np.broadcast_to(cov, (2, 5, 3, 3)).copy())
    assert together == pytest.approx(np.array(stacked), rel=1e-14)


def test_what_is_no_covariance_has_no_density() -> None:
    assert math.isnan(value("multivariate_normal_logpdf", np.zeros(2), np.zeros(2), -np.eye(2)))
    with pytest.raises(ShapeError, match=r"vectors \[3\] with cov \[2, 2\]: vectors of d numbers take a matrix of d"):
        apply("multivariate_normal_logpdf", variable("x", (3,)), variable("m", (3,)), variable("c", (2, 2)))


def test_a_vertex_of_the_simplex_has_its_density() -> None:
    assert value("dirichlet_logpdf", [0.0, 1.0], [1.0, 2.0]) == pytest.approx(math.log(2))
    assert value("dirichlet_logpdf", [0.0, 1.0], [2.0, 2.0]) == -INF
    by_x, _ = pulled(lambda *x: apply("dirichlet_logpdf", *x), [0.0, 1.0], [1.0, 2.0])
    assert by_x.tolist() == [0, 1]


def test_a_class_has_the_slope_of_its_probability_alone() -> None:
    p = np.array([0.25, 0.75, 0.0])
    xs, inputs = variables(np.array([0, 0, 1]), p)
    (slope,) = run({"p": gradient(sum_(apply("categorical_logpmf", *xs)), xs[1:])[0]}, inputs).values()
    assert slope == pytest.approx([8, 4 / 3, 0])


def test_the_slope_by_logits_is_one_at_the_class_minus_the_probabilities() -> None:
    logits = np.array([1000.0, 999.0, -INF])
    xs, inputs = variables(np.array(1), logits)
    (slope,) = run({"x": gradient(apply("categorical_logits_logpmf", *xs), xs[1:])[0]}, inputs).values()
    p = 1 / (1 + math.exp(-1))
    assert slope == pytest.approx([-p, p, 0], abs=1e-13)


def test_what_is_no_class_is_refused() -> None:
    with pytest.raises(IndexRangeError, match="index 3 is outside an axis of 3"):
        value("categorical_logpmf", np.array(3), np.full(3, 1 / 3))
    with pytest.raises(ElementTypeError, match="takes integers for classes, not float64"):
        apply("categorical_logpmf", variable("k"), variable("p", (3,)))
    with pytest.raises(ShapeError, match="classes stand along the last axis"):
        apply("categorical_logpmf", variable("k", (), INT64), variable("p"))
