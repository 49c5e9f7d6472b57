"""Jacobians and Hessians through loops, branches, checkpoints, and solutions of equations; and what they cost."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from gradwire_service.control import Checkpoint, CustomDerivative, Root, Switch, WhileLoop
from gradwire_service.control.scan import scan
from gradwire_service.graph import INT64
from gradwire_service.ops import Value, constant, variable
from gradwire_service.ops.body import Body
from gradwire_service.ops.functions import cos, reshape, sin
from gradwire_service.ops.functions import sum as sum_
from gradwire_service.transform import gradient
from gradwire_service.transform.jacobian import hessian
from tests.transform.matrices import LIMIT, check, numbers

N = 6
POINT = {
    "x": np.linspace(0.3, 1.4, 3 * N).reshape(N, 3),
    "w": np.array([0.5, -0.3, 0.8]),
    "i": np.array(1),
    "other": np.linspace(-1, 1, 3 * N).reshape(N, 3),
}


def mapped(x: Value, w: Value) -> Value:
    """Do each row by itself."""
    row, outer = variable("row", (3,)), variable("outer", (3,))
    (y,) = scan(Body((row, outer), (sin(row * outer),)), [], [x], [w], N)
    return y


def carried(x: Value, w: Value) -> Value:
    """Add rows up, and do each by itself beside."""
    total, row = variable("total", (3,)), variable("row", (3,))
    end, y = scan(Body((total, row), (total * cos(row), row * row)), [w], [x], [], N, reverse=True)
    return sum_(end) + y


def chosen(x: Value, w: Value) -> Value:
    a, b = variable("a", (N, 3)), variable("b", (3,))
    bodies = Body((a, b), (sin(a),)), Body((a, b), (a * b,))
    return Switch(bodies)(variable("i", (), INT64), x, w)[0]


def kept(x: Value, w: Value) -> Value:
    a, b = variable("a", (N, 3)), variable("b", (3,))
    return Checkpoint(Body((a, b), (sin(a * b),)))(x, w)[0]


def solved(x: Value, w: Value) -> Value:
    u, a = variable("u", (3,)), variable("a", (3,))
    return Root(Body((u, a), (u * u * u + u - a,)))(w, sum_(x, axis=(0,)))[0]


def repeated(x: Value, w: Value) -> Value:
    n, m = variable("n", (3,)), variable("m", (3,))
    return WhileLoop(Body((n, m), (sum_(n * n) < 9.0,)), Body((n, m), (n * 1.5 + m * m,)), 1)(w, sum_(x, axis=(0,)))[0]


@pytest.mark.parametrize(
    ("f", "sweeps"), [(mapped, 2), (carried, 18), (chosen, 2), (kept, 2), (solved, 3), (repeated, 21)]
)
def test_matrices_are_those_of_single_products(f: Callable[[Value, Value], Value], sweeps: int) -> None:
    x, w = variable("x", (N, 3)), variable("w", (3,))
    assert check([f(x, w)], [x, w], POINT) <= sweeps
    if f is not repeated:  # a loop of unknown length, which has no reverse mode
        slopes = gradient(sum_(f(x, w) ** 2), [x, w])
        check(slopes, [x, w], POINT, 1e-10)


def test_what_is_done_to_each_row_has_a_hessian_of_small_blocks() -> None:
    x = variable("x", (N, 3))
    row = variable("row", (3,))
    (y,) = scan(Body((row,), (sum_(row) ** 3,)), [], [x], [], N)
    _, found = hessian(sum_(y), [x], dense=True, limit=LIMIT)
    assert found.sweeps == 3
    ((matrix,),) = numbers(found, POINT)
    expected = np.einsum("ij,i,k,l->ikjl", np.eye(N), 6 * POINT["x"].sum(1), np.ones(3), np.ones(3))
    np.testing.assert_allclose(matrix, expected, rtol=1e-12)


def test_a_derivative_of_its_own_may_be_anywhere() -> None:
    x, other = variable("x", (N, 3)), variable("other", (N, 3))
    a, y, bar = variable("a", (N, 3)), variable("y", (N, 3)), variable("bar", (N, 3))
    everything = constant(np.ones((N, 3)))
    rule = Body((a, y, bar), (sum_(bar) * everything,))
    (twisted,) = CustomDerivative(Body((a,), (reshape(sin(a), shape=(N, 3)),)), rule)(x)
    assert check([twisted * other], [x], POINT) == 3 * N
