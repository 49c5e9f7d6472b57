"""Determinants, right at singular matrices too and without overflow; the exponential, in closed form."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gradwire_service.errors import ShapeError
from gradwire_service.graph import Array
from gradwire_service.ops import Value, apply, constant, variable
from gradwire_service.ops.functions import det, expm, slogdet, where
from gradwire_service.ops.functions import sum as sum_
from gradwire_service.transform import gradient, jvp, vjp
from tests.ops.derivatives import numbers, pulled, run, variables


def second(a: Array, e: Array, f: Array) -> tuple[float, float]:
    """Return the second derivative of the determinant along E and F, forward and reverse over reverse."""
    x, one, other = (variable(name, a.shape) for name in "aef")
    (x_bar,) = gradient(det(x), [x])
    (forward,) = jvp([x_bar], {x: one})
    (reverse,) = vjp({x_bar: one}, [x])
    outputs = {"forward": sum_(forward * other), "reverse": sum_(reverse * other)}
    found = run(outputs, {"a": a, "e": e, "f": f})
    return float(found["forward"]), float(found["reverse"])


def polarized(a: Array, e: Array, f: Array) -> float:
    """Return the same from differences, extrapolated so that they are exact for polynomials of degree 4."""

    def cut(s: float, t: float) -> float:
        return float(np.linalg.det(a + s * e + t * f))

    def central(h: float) -> float:
        return (cut(h, h) - cut(h, -h) - cut(-h, h) + cut(-h, -h)) / (4 * h * h)

    return (4 * central(0.5) - central(1.0)) / 3


RANKS = {
    "ones": np.ones((2, 2)),
    "rank n - 1": np.diag([2.0, 3.0, 0.0]) @ np.array([[1.0, 2, 0], [0, 1, 1], [1, 0, 1]]),
    "rank n - 2": np.outer([1.0, 2.0, -1.0], [3.0, 1.0, 2.0]),
    "zero": np.zeros((3, 3)),
    "rank n - 2 of four": np.diag([0.0, 3.0, 0.0, 2.0]),
    "regular": numbers((4, 4), "regular"),
}


def minors(a: Array) -> Array:
    """Return the cofactors by their definition."""
    n = len(a)
    found = np.empty((n, n))
    for i in range(n):
        for j in range(n):
            found[i, j] = (-1) ** (i + j) * np.linalg.det(np.delete(np.delete(a, i, 0), j, 1))
    return found


def test_the_gradient_of_the_determinant_of_ones() -> None:
    (bar,) = pulled(det, np.ones((2, 2)))
    assert bar == pytest.approx(np.array([[1, -1], [-1, 1]]), rel=1e-15)


@pytest.mark.parametrize("a", RANKS.values(), ids=RANKS)
def test_the_gradient_of_a_determinant_is_the_matrix_of_cofactors_whatever_the_rank(a: Array) -> None:
    (bar,) = pulled(det, a)
    assert bar == pytest.approx(minors(a), abs=1e-13)


@pytest.mark.parametrize("a", RANKS.values(), ids=RANKS)
def test_the_second_derivative_of_a_determinant_is_right_whatever_the_rank(a: Array) -> None:
    e, f = numbers(a.shape, "e"), numbers(a.shape, "f")
    forward, reverse = second(a, e, f)
    expected = polarized(a, e, f)
    assert abs(expected) > 0 or not a.any()
    assert forward == pytest.approx(expected, abs=1e-12)
    assert reverse == pytest.approx(expected, abs=1e-12)


def test_the_third_derivative_of_the_determinant_of_two_rows_is_zero_though_it_is_singular() -> None:
    x, e = variable("x", (2, 2)), variable("e", (2, 2))
    y = det(x)
    for _ in range(3):
        (y,) = jvp([y], {x: e})
    assert run({"y": y}, {"x": np.ones((2, 2)), "e": numbers((2, 2), "e")})["y"] == 0


def test_determinants_of_a_stack_have_gradients_of_their_own() -> None:
    stack = np.array([np.ones((2, 2)), np.eye(2), np.full((2, 2), np.nan)])
    (bar,) = pulled(lambda a: det(a) * constant([1.0, 2.0, 3.0]), stack)
    assert bar[0] == pytest.approx(np.array([[1, -1], [-1, 1]]), rel=1e-15)
    assert bar[1] == pytest.approx(2 * np.eye(2), rel=1e-15)
    assert np.isnan(bar[2]).all()


def test_the_logarithm_of_a_determinant_does_not_overflow() -> None:
    a = 1e200 * np.eye(4)
    (x,), inputs = variables(a)
    sign, logabsdet = slogdet(x)
    (x_bar,) = gradient(logabsdet, [x])
    found = run({"sign": sign, "logabsdet": logabsdet, "x_bar": x_bar}, inputs)
    assert found["sign"] == 1
    assert found["logabsdet"] == pytest.approx(4 * math.log(1e200), rel=1e-15)
    assert found["x_bar"] == pytest.approx(1e-200 * np.eye(4), rel=1e-15)


def test_the_gradient_of_the_log_determinant_is_the_transposed_inverse_whatever_the_sign() -> None:
    stack = np.array([numbers((3, 3), "a"), -numbers((3, 3), "a")])
    (bar,) = pulled(lambda a: slogdet(a)[1], stack)
    assert bar == pytest.approx(np.swapaxes(np.linalg.inv(stack), -1, -2), rel=1e-13)
    assert pulled(lambda a: slogdet(a)[0], stack)[0].tolist() == np.zeros((2, 3, 3)).tolist()


def test_the_log_determinant_of_a_singular_matrix_is_told_and_where_leaves_it_out() -> None:
    stack = np.array([np.ones((2, 2)), np.eye(2)])

    def chosen(a: Value) -> Value:
        _, y = slogdet(a)
        return where(apply("isfinite", y), y, 0)

    (x,), inputs = variables(stack)
    assert run({"y": slogdet(x)[1]}, inputs)["y"].tolist() == [-math.inf, 0]
    assert run({"y": slogdet(x)[0]}, inputs)["y"].tolist() == [0, 1]
    assert pulled(chosen, stack)[0].tolist() == [[[0, 0], [0, 0]], [[1, 0], [0, 1]]]
    assert np.isnan(pulled(lambda a: slogdet(a)[1], stack)[0][0]).all()


def test_a_determinant_is_of_square_matrices() -> None:
    for op in (det, slogdet, expm):
        with pytest.raises(ShapeError, match="takes square matrices along the last two axes, not shape"):
            op(variable("a", (2, 3)))


# The exponential.


def exponential(a: Array) -> Array:
    (x,), inputs = variables(a)
    return run({"y": expm(x)}, inputs)["y"]


@pytest.mark.parametrize("t", [0.0, 0.5, 3.0, 40.0])
def test_the_exponential_of_a_turn_is_a_rotation_and_so_is_its_derivative(t: float) -> None:
    j = np.array([[0.0, -1.0], [1.0, 0.0]])
    turn = np.array([[math.cos(t), -math.sin(t)], [math.sin(t), math.cos(t)]])
    assert exponential(t * j) == pytest.approx(turn, abs=1e-13)
    angle = variable("t")
    y = expm(angle * constant(j))
    (first,) = jvp([y], {angle: constant(1.0)})
    (second,) = jvp([first], {angle: constant(1.0)})
    (third,) = jvp([second], {angle: constant(1.0)})
    found = run({"first": first, "second": second, "third": third}, {"t": np.array(t)})
    assert found["first"] == pytest.approx(j @ turn, abs=1e-12)
    assert found["second"] == pytest.approx(-turn, abs=1e-12)
    assert found["third"] == pytest.approx(-j @ turn, abs=1e-12)


def test_the_exponential_of_a_nilpotent_matrix_ends_after_its_powers() -> None:
    a = np.array([[0.0, 2.0, 5.0], [0.0, 0.0, -3.0], [0.0, 0.0, 0.0]])
    assert exponential(a) == pytest.approx(np.eye(3) + a + a @ a / 2, rel=1e-15)


def test_the_gradient_of_the_trace_of_an_exponential_is_the_transposed_exponential() -> None:
    a = numbers((2, 3, 3), "a")
    (bar,) = pulled(lambda a: apply("trace", expm(a)), a)
    assert bar == pytest.approx(np.swapaxes(exponential(a), -1, -2), rel=1e-13)


def test_the_derivative_of_the_exponential_of_a_diagonal_is_made_of_divided_differences() -> None:
    d, e = np.array([0.5, -1.0, 2.0]), numbers((3, 3), "e")
    x, x_dot = variable("x", (3, 3)), variable("e", (3, 3))
    (y_dot,) = jvp([expm(x)], {x: x_dot})
    with np.errstate(all="ignore"):
        quotients = (np.exp(d)[:, None] - np.exp(d)) / (d[:, None] - d)
    quotients[np.diag_indices(3)] = np.exp(d)
    found = run({"y_dot": y_dot}, {"x": np.diag(d), "e": e})["y_dot"]
    assert found == pytest.approx(quotients * e, rel=1e-13)


def test_an_exponential_that_is_nan_spoils_no_other() -> None:
    stack = np.array([np.full((2, 2), np.nan), np.zeros((2, 2))])
    found = exponential(stack)
    assert np.isnan(found[0]).all()
    assert found[1].tolist() == np.eye(2).tolist()
