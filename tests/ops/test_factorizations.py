"""Factorizations: what they multiply back to, derivatives in closed form and to second order, matrices without one."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from gradwire_service.errors import ElementTypeError, ShapeError
from gradwire_service.graph import FLOAT32, INT64, Array
from gradwire_service.ops import Value, apply, constant, variable
from gradwire_service.ops.functions import cholesky, eigh, log, matmul, qr, square, svd, where
from gradwire_service.ops.functions import sum as sum_
from gradwire_service.ops.matrices import diagonal_of, row, symmetric, transposed
from gradwire_service.transform import jvp, vjp
from tests.ops.derivatives import Expression, difference, numbers, pulled, run, variables


def spread(*shape: int) -> Array:
    """Return matrices whose singular values are far from each other and from zero."""
    m, n = shape[-2:]
    return numbers(shape, str(shape)) / 4 + np.eye(m, n) * np.arange(1, n + 1)


def positive(*shape: int) -> Array:
    """Return symmetric positive definite matrices, likewise."""
    a = spread(*shape)
    return a + np.swapaxes(a, -1, -2)


def check_derivatives(f: Expression, point: Array) -> None:
    """Hold f against differences of sixth order: forward and reverse mode, and both modes over reverse."""
    (x,), inputs = variables(point)
    y = f(x)
    y_bar, x_dot = variable("y_bar", y.shape), variable("x_dot", x.shape)
    inputs.update({v.name: numbers(v.shape, v.name) for v in (y_bar, x_dot)})
    along = {"x0": inputs["x_dot"]}
    (y_dot,) = jvp([y], {x: x_dot})
    (x_bar,) = vjp({y: y_bar}, [x])
    (forward,) = jvp([x_bar], {x: x_dot})
    (reverse,) = vjp({x_bar: x_dot}, [x])
    found = run({"y_dot": y_dot, "x_bar": x_bar, "forward": forward, "reverse": reverse}, inputs)
    assert found["y_dot"] == pytest.approx(difference(lambda at: run({"y": y}, at)["y"], inputs, along), abs=1e-8)
    assert np.sum(found["x_bar"] * along["x0"]) == pytest.approx(np.sum(found["y_dot"] * inputs["y_bar"]), abs=1e-12)
    second = difference(lambda at: run({"x_bar": x_bar}, at)["x_bar"], inputs, along)
    assert found["forward"] == pytest.approx(second, abs=1e-8)
    assert found["reverse"] == pytest.approx(found["forward"], rel=1e-10, abs=1e-11)


def values(f: Callable[[Value], tuple[Value, ...]], point: Array) -> list[Array]:
    (x,), inputs = variables(point)
    return list(run({str(i): y for i, y in enumerate(f(x))}, inputs).values())


SHAPES = [(3, 3), (2, 1, 4, 4), (1, 1), (0, 0), (0, 2, 2)]
TALL = [(4, 3), (3, 3), (2, 3, 1), (3, 0)]


# What they multiply back to.


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_the_factors_of_a_symmetric_matrix_multiply_back(shape: tuple[int, ...]) -> None:
    a = positive(*shape)
    (lower,) = values(lambda a: (cholesky(a),), a)
    (upper,) = values(lambda a: (cholesky(a, upper=True),), a)
    assert lower @ np.swapaxes(lower, -1, -2) == pytest.approx(a, abs=1e-14)
    assert upper.tolist() == np.swapaxes(lower, -1, -2).tolist()
    assert lower.tolist() == np.tril(lower).tolist()
    w, v = values(eigh, a)
    assert a @ v == pytest.approx(v * w[..., None, :], abs=1e-13)
    assert np.swapaxes(v, -1, -2) @ v == pytest.approx(np.broadcast_to(np.eye(shape[-1]), shape), abs=1e-14)
    assert w.tolist() == np.sort(w).tolist()


@pytest.mark.parametrize("shape", [*TALL, (3, 4), (0, 3), (2, 1, 3)], ids=str)
def test_singular_vectors_and_values_multiply_back(shape: tuple[int, ...]) -> None:
    a = spread(*shape)
    u, s, vh = values(svd, a)
    k = min(shape[-2:])
    assert (u.shape, s.shape, vh.shape) == ((*shape[:-1], k), (*shape[:-2], k), (*shape[:-2], k, shape[-1]))
    assert (u * s[..., None, :]) @ vh == pytest.approx(a, abs=1e-14)


@pytest.mark.parametrize("shape", TALL, ids=str)
def test_orthonormal_columns_and_a_triangle_multiply_back(shape: tuple[int, ...]) -> None:
    a = spread(*shape)
    q, r = values(qr, a)
    assert q @ r == pytest.approx(a, abs=1e-14)
    assert r.tolist() == np.triu(r).tolist()


# Derivatives.


def test_the_gradient_of_the_log_determinant_by_cholesky_is_the_inverse() -> None:
    a = positive(2, 4, 4)
    (bar,) = pulled(lambda a: 2 * sum_(log(diagonal_of(cholesky(a)))), a)
    assert bar == pytest.approx(np.linalg.inv(a), abs=1e-14)


def test_the_lower_triangle_is_read_and_the_gradient_is_symmetric() -> None:
    a, weights = positive(3, 3), constant(numbers((3, 3), "weights"))
    other = np.tril(a) + np.triu(np.full((3, 3), np.nan), 1)
    for f in (lambda a: (cholesky(a),), eigh):
        for whole, lower in zip(values(f, a), values(f, other), strict=True):
            assert lower.tolist() == whole.tolist()
    for f in (lambda a: cholesky(a) * weights, lambda a: eigh(a)[0] * constant([1.0, 2.0, 4.0])):
        (bar,) = pulled(f, a)
        assert bar == pytest.approx(bar.T, abs=1e-15)


def third_power(a: Value) -> Value:
    w, v = eigh(symmetric(a))
    return matmul(v * row(w * w * w), transposed(v))


def projected(a: Value) -> Value:
    u, s, vh = svd(a)
    return matmul(u * row(s * s), transposed(u)) @ matmul(u, vh)


# Squares and products of two vectors, which no choice of signs changes.
VECTORS: dict[str, Expression] = {
    "eigh": lambda a: square(eigh(symmetric(a))[1]),
    "third power": third_power,
    "left": lambda a: square(svd(a)[0]),
    "right": lambda a: square(svd(a)[2]),
    "both": projected,
}


@pytest.mark.parametrize("shape", [(3, 3), (2, 2, 2), (1, 1)], ids=str)
@pytest.mark.parametrize("name", ["eigh", "third power"])
def test_eigenvectors_have_derivatives_to_second_order(name: str, shape: tuple[int, ...]) -> None:
    check_derivatives(VECTORS[name], spread(*shape))


@pytest.mark.parametrize("shape", [(3, 3), (4, 2), (2, 2, 3), (3, 1)], ids=str)
@pytest.mark.parametrize("name", ["left", "right", "both"])
def test_singular_vectors_have_derivatives_to_second_order(name: str, shape: tuple[int, ...]) -> None:
    check_derivatives(VECTORS[name], spread(*shape))


def test_the_third_power_by_eigenvectors_has_the_derivative_of_the_third_power() -> None:
    a, a_dot = positive(3, 3), positive(3, 3) @ positive(3, 3)
    x, x_dot = variable("x", (3, 3)), variable("x_dot", (3, 3))
    (y_dot,) = jvp([third_power(x)], {x: x_dot})
    found = run({"y_dot": y_dot}, {"x": a, "x_dot": a_dot})["y_dot"]
    assert found == pytest.approx(a_dot @ a @ a + a @ a_dot @ a + a @ a @ a_dot, rel=1e-12)


def test_the_curvature_of_an_eigenvalue_is_that_of_perturbation_theory() -> None:
    a, e = positive(3, 3), positive(3, 3) - 2 * np.ones((3, 3))
    w, v = np.linalg.eigh(a)
    moved = v.T @ e @ v
    expected = [2 * sum(moved[i, j] ** 2 / (w[i] - w[j]) for j in range(3) if j != i) for i in range(3)]
    x, x_dot = variable("x", (3, 3)), variable("e", (3, 3))
    (first,) = jvp([eigh(x)[0]], {x: x_dot})
    (second,) = jvp([first], {x: x_dot})
    assert run({"y": second}, {"x": a, "e": e})["y"] == pytest.approx(expected, rel=1e-12)


# Repeated values.


def test_what_is_symmetric_in_repeated_eigenvalues_has_its_gradient() -> None:
    a = np.diag([2.0, 2.0, 5.0])
    assert pulled(lambda a: sum_(eigh(a)[0]), a)[0] == pytest.approx(np.eye(3), abs=1e-15)
    assert pulled(lambda a: sum_(square(eigh(a)[0])), a)[0] == pytest.approx(2 * a, abs=1e-14)
    assert pulled(lambda a: sum_(svd(a)[1]), a)[0] == pytest.approx(np.eye(3), abs=1e-15)


@pytest.mark.parametrize("f", [lambda a: eigh(a)[1], lambda a: svd(a)[0], lambda a: svd(a)[2]])
def test_vectors_of_repeated_values_have_no_derivative(f: Expression) -> None:
    stack = np.array([np.eye(2), positive(2, 2)])
    (bar,) = pulled(lambda a: f(a) * constant([[1.0, 2.0], [3.0, 5.0]]), stack)
    assert np.isnan(bar[0]).all()
    assert np.isfinite(bar[1]).all()


def test_the_derivative_of_vectors_needs_no_masks() -> None:
    a = spread(3, 3)
    for name in ("eigh", "left", "right"):
        (safe,), (strict,) = (pulled(VECTORS[name], a, strict_nan=strict) for strict in (False, True))
        assert strict.tolist() == safe.tolist()


def test_a_square_matrix_may_have_a_singular_value_of_zero() -> None:
    check_derivatives(lambda a: square(svd(a)[1]), np.array([[1.0, 2.0], [0.5, 1.0]]))


# Matrices without a factorization.


def test_a_matrix_that_is_not_positive_definite_spoils_no_other() -> None:
    good = positive(2, 2)
    stack = np.array([good, np.diag([1.0, -1.0]), np.zeros((2, 2)), good])
    (found,) = values(lambda a: (cholesky(a),), stack)
    assert np.isnan(found[1:3]).all()
    for i in (0, 3):
        assert found[i].tolist() == np.linalg.cholesky(good).tolist()
    (bar,) = pulled(lambda a: cholesky(a), stack)
    assert np.isnan(bar[1:3]).all()
    assert bar[3].tolist() == pulled(lambda a: cholesky(a), good)[0].tolist()


@pytest.mark.parametrize("f", [lambda a: eigh(a)[1], lambda a: svd(a)[0], lambda a: svd(a)[1], lambda a: qr(a)[1]])
def test_a_matrix_with_nan_spoils_no_other(f: Expression) -> None:
    stack = np.array([np.full((2, 2), np.nan), positive(2, 2)])
    (found,) = values(lambda a: (f(a),), stack)
    assert np.isnan(found[0]).any()
    assert found[1].tolist() == values(lambda a: (f(a),), stack[1])[0].tolist()


def test_where_keeps_the_nan_of_a_matrix_that_it_does_not_take_out_of_the_gradient() -> None:
    stack = np.array([positive(2, 2), np.diag([1.0, -1.0])])

    def chosen(a: Value) -> Value:
        factor = cholesky(a)
        return where(apply("isfinite", factor), factor, 0)

    (bar,) = pulled(chosen, stack)
    assert bar[1].tolist() == [[0, 0], [0, 0]]
    assert bar[0].tolist() == pulled(cholesky, stack[0])[0].tolist()


def test_a_sensitivity_of_zero_has_a_derivative_all_the_same() -> None:
    x, v = variable("x", (2, 2)), variable("v", (2, 2))
    y = 0.5 * sum_(square(cholesky(x) - constant(np.linalg.cholesky(positive(2, 2)))), axis=None)  # least, at the point
    (x_bar,) = vjp({y: constant(1.0)}, [x])
    (product,) = jvp([x_bar], {x: v})
    (factor_dot,) = jvp([cholesky(x)], {x: v})
    (expected,) = vjp({cholesky(x): factor_dot}, [x])
    found = run({"product": product, "expected": expected}, {"x": positive(2, 2), "v": numbers((2, 2), "v")})
    assert np.max(np.abs(found["product"])) > 0.01
    assert found["product"] == pytest.approx(found["expected"], rel=1e-14)


def test_factors_in_single_precision_stay_there() -> None:
    a = variable("a", (3, 3), FLOAT32)
    for y in (cholesky(a), *eigh(a), *svd(a), *qr(a)):
        assert y.element_type is FLOAT32
        assert vjp({y: variable("y_bar", y.shape, FLOAT32)}, [a])[0].element_type is FLOAT32


# Refusals.


def test_what_is_no_square_matrix_is_refused() -> None:
    for op in (cholesky, eigh):
        for shape in ((3,), (2, 3), ()):
            with pytest.raises(ShapeError, match=r"takes square matrices along the last two axes, not shape \["):
                op(variable("a", shape))
    with pytest.raises(ShapeError, match=r"svd takes matrices along the last two axes, not shape \[3\]"):
        svd(variable("a", (3,)))


def test_a_matrix_with_more_columns_than_rows_has_no_qr() -> None:
    with pytest.raises(
        ShapeError, match=r"qr of shape \[2, 3\]: there are more columns than rows; factorize the trans"
    ):
        qr(variable("a", (2, 3)))


def test_whole_numbers_are_not_factorized() -> None:
    with pytest.raises(ElementTypeError, match="cholesky takes floating values, not int64; convert with astype"):
        cholesky(variable("a", (2, 2), INT64))
