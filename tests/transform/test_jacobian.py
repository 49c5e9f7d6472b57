"""Jacobians and Hessians, dense and in coordinates, against single products and closed forms; and what they cost."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.optimize
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gradwire_backends.testing import Sample, assert_close
from gradwire_service.errors import LimitExceededError, NotDifferentiableError, NotScalarError
from gradwire_service.graph import BOOL, FLOAT32, FLOAT64, INT64
from gradwire_service.ops import FlatGraph, Value, constant, variable
from gradwire_service.ops.functions import (
    astype,
    cholesky,
    concatenate,
    conv,
    diagonal,
    dynamic_slice,
    eigh,
    exp,
    flip,
    floor,
    matmul,
    mean,
    reduce_window_sum,
    reshape,
    sin,
    solve,
    stop_gradient,
    take,
    transpose,
    where,
)
from gradwire_service.ops.functions import slice as slice_
from gradwire_service.ops.functions import sum as sum_
from gradwire_service.transform import gradient
from gradwire_service.transform.jacobian import hessian, jacobian
from tests.backends.numba.test_random_graphs import graphs
from tests.transform.matrices import LIMIT, check, column_by_column, numbers, run
from tests.transform.samples import few_samples


def floating(y: Value) -> list[Value]:
    return [x for x in FlatGraph.of({"y": y}).variables.values() if x.element_type.is_floating]


SMOOTH = [sample for sample in few_samples() if sample.smooth and sample.value().element_type is FLOAT64]
SMALL = [sample for sample in SMOOTH if 0 < sum(x.type.size for x in floating(sample.value())) <= 24]


@pytest.mark.parametrize("sample", SMALL, ids=str)
def test_the_pattern_of_every_op_lacks_no_entry(sample: Sample) -> None:
    y = sample.value()
    wrt = floating(y)
    (expected,) = column_by_column([y], wrt, sample.tensors)
    (found,) = numbers(jacobian([y], wrt, dense=True, limit=LIMIT), sample.tensors)
    for own, other in zip(found, expected, strict=True):
        assert_close("derivative", own, other, 1e-12)


@settings(max_examples=40, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(graphs(), st.integers(0, 2**32 - 1))
def test_matrices_of_random_graphs_are_those_of_single_products(graph: FlatGraph, seed: int) -> None:
    draw = np.random.default_rng(seed)
    inputs = {name: np.asarray(draw.uniform(-1, 1, value.shape)) for name, value in graph.variables.items()}
    wrt = [x for x in graph.variables.values() if x.type.size <= 40]
    of = [y for y in (graph.outputs["middle"], graph.outputs["last"]) if y.type.size <= 100]
    if not (wrt and of):
        return
    check(of, wrt, inputs, 1e-9)
    slopes, found = hessian(graph.outputs["total"], wrt, dense=True, limit=LIMIT)
    matrices = numbers(found, inputs)
    for i, x in enumerate(wrt):
        for j in range(len(wrt)):
            mirrored = np.moveaxis(matrices[j][i], range(-len(x.shape), 0), range(len(x.shape)))
            np.testing.assert_array_equal(matrices[i][j], mirrored)
    for own, other in zip(matrices, column_by_column(slopes, wrt, inputs), strict=True):
        for one, expected in zip(own, other, strict=True):
            np.testing.assert_allclose(one, expected, rtol=1e-9, atol=1e-9 * np.max(np.abs(expected), initial=1))


# Structure


def rosenbrock(x: Value) -> Value:
    a, b = slice_(x, index="1:"), slice_(x, index=":-1")
    return sum_(100 * (a - b**2) ** 2 + (1 - b) ** 2)


@pytest.mark.parametrize("n", [2, 5, 10_000])
def test_the_hessian_of_rosenbrocks_valley_takes_three_sweeps(n: int) -> None:
    x, at = variable("x", (n,)), {"x": np.linspace(-1.0, 2.0, n)}
    slopes, found = hessian(rosenbrock(x), [x], dense=False, limit=LIMIT)
    assert found.sweeps <= 3
    ((entries,),) = numbers(found, at)
    assert entries.shape[1] == 3 * n - 2
    b, rows, columns = at["x"], entries[0].astype(int), entries[1].astype(int)
    diagonal = np.append(1200 * b[:-1] ** 2 - 400 * b[1:] + 2, 0) + np.append(0, np.full(n - 1, 200.0))
    np.testing.assert_allclose(entries[2][rows == columns], diagonal)
    np.testing.assert_allclose(entries[2][columns == rows + 1], -400 * b[:-1])
    np.testing.assert_array_equal(entries[2][columns == rows + 1], entries[2][rows == columns + 1])
    np.testing.assert_allclose(run({"g": slopes[0]}, at)["g"], scipy.optimize.rosen_der(b))


def bundle_adjustment(cameras: int, points: int, seen: int) -> tuple[Value, list[Value]]:
    """Project points into cameras: two residuals an observation, of 11 + 3 + 1 variables, and one of its weight."""
    draw = np.random.default_rng(3)
    camera, point, weight = variable("camera", (cameras, 11)), variable("point", (points, 3)), variable("w", (seen,))
    c = take(camera, constant(draw.integers(cameras, size=seen), INT64), axis=0)
    x = take(point, constant(draw.integers(points, size=seen), INT64), axis=0)
    turn, center, rest = (slice_(c, index=index) for index in (":, :3", ":, 3:6", ":, 6:"))
    moved = x - center
    norm = sum_(turn * turn, axis=(1,), keepdims=True) + 1
    turned = moved + turn * sum_(turn * moved, axis=(1,), keepdims=True) / norm + flip(moved * turn, axis=(1,))
    flat = slice_(turned, index=":, :2") / slice_(turned, index=":, 2:")
    radius = sum_(flat * flat, axis=(1,), keepdims=True)
    bent = 1 + slice_(rest, index=":, 3:4") * radius + slice_(rest, index=":, 4:5") * radius**2
    middle = slice_(rest, index=":, 1:3")
    seen_at = slice_(rest, index=":, :1") * flat * bent + middle + 0.1 * flip(middle, axis=(1,))
    residual = reshape(weight, shape=(seen, 1)) * seen_at
    return concatenate(reshape(residual, shape=(2 * seen,)), 1 - weight**2, axis=0), [camera, point, weight]


@pytest.mark.parametrize(("cameras", "points", "seen"), [(2, 3, 5), (10, 100, 400), (50, 1000, 5000)])
def test_the_jacobian_of_bundle_adjustment_takes_sixteen_sweeps_at_most(cameras: int, points: int, seen: int) -> None:
    residual, wrt = bundle_adjustment(cameras, points, seen)
    found = jacobian([residual], wrt, dense=False, limit=LIMIT)
    assert found.sweeps <= 16
    inputs = {x.name: np.random.default_rng(4).uniform(1, 2, x.shape) for x in wrt}
    inputs["point"] += 5
    assert [entries.shape[1] for entries in numbers(found, inputs)[0]] == [22 * seen, 6 * seen, 3 * seen]
    if seen == 5:
        assert check([residual], wrt, inputs) == found.sweeps


def test_a_matrix_with_a_dense_row_is_swept_in_both_directions() -> None:
    x = variable("x", (40,))
    y = concatenate(sin(x), sum_(x**3, axis=(0,), keepdims=True), axis=0)
    assert check([y], [x], {"x": np.linspace(0, 1, 40)}) == 2
    assert check([gradient(sum_(x) ** 2 * mean(x), [x])[0]], [x], {"x": np.linspace(0, 1, 40)}) == 40


def test_a_hessian_with_a_dense_row_is_read_off_its_column() -> None:
    n = 1000
    x = variable("x", (n,))
    _, found = hessian(sum_(sin(x) * slice_(x, index="0")), [x], dense=True, limit=LIMIT)
    assert found.sweeps == 2
    at = np.linspace(1, 2, n)
    expected = np.diag(-np.sin(at) * at[0])
    expected[0] += np.cos(at)
    expected[:, 0] += np.cos(at)
    ((full,),) = numbers(found, {"x": at})
    np.testing.assert_allclose(full, expected, atol=1e-12)
    np.testing.assert_array_equal(full, full.T)


def test_zeros_of_a_constant_factor_are_no_entries() -> None:
    x = variable("x", (30,))
    difference = constant(np.eye(29, 30, 1) - np.eye(29, 30))
    inputs = {"x": np.linspace(0, 1, 30)}
    assert check([matmul(difference, sin(x))], [x], inputs) == 2
    assert check([matmul(sin(x), transpose(difference))], [x], inputs) == 2
    assert check([where(constant([True, False] * 15, BOOL), x, flip(x, axis=None))], [x], inputs) == 1
    assert check([sum_(x * constant(np.tri(30)), axis=(1,)) * constant([0.0] * 29 + [1.0])], [x], inputs) == 1


def test_matrices_of_a_stack_and_elements_of_windows_are_told_apart() -> None:
    a, x = variable("a", (6, 2, 2)), variable("x", (1, 1, 8, 9))
    draw = np.random.default_rng(5)
    inputs = {"a": draw.normal(size=(6, 2, 2)), "x": draw.normal(size=(1, 1, 8, 9))}
    inputs["a"] = inputs["a"] @ inputs["a"].mT + np.eye(2)
    assert check([cholesky(a)], [a], inputs) <= 4
    assert check([eigh(a)[0]], [a], inputs) == 2  # in reverse, one for each eigenvalue
    assert check([solve(a, reshape(a * a, shape=(6, 2, 2)))], [a], inputs) == 4
    assert check([diagonal(a, axis1=1, axis2=2)], [a], inputs) == 1
    stencil = constant([[[[0.0, 1.0, 0.0], [1.0, -4.0, 1.0], [0.0, 1.0, 0.0]]]])
    assert check([conv(x, stencil)], [x], inputs) <= 7
    assert (
        check([conv(x, stencil, stride=(2, 3), low=(1, 2), lhs_dilation=(1, 2), rhs_dilation=(2, 1))], [x], inputs) <= 5
    )
    assert check([reduce_window_sum(x, window=(1, 1, 2, 2))], [x], inputs) == 4
    assert check([dynamic_slice(x, constant([0, 0, -4, 1], INT64), sizes=(1, 1, 2, 3))], [x], inputs) == 1


def test_what_has_no_derivative_takes_no_sweep() -> None:
    x, w = variable("x", (3,)), variable("w", (2, 2))
    inputs = {"x": np.array([0.5, 1.5, 2.5]), "w": np.ones((2, 2))}
    assert check([floor(x), stop_gradient(x), sin(x) * 0], [w], inputs) == 0
    assert check([floor(x) + stop_gradient(x)], [x], inputs) == 0
    assert check([x, sum_(w)], [x, w], inputs) == 1  # in reverse


# Shapes and types


def test_scalars_and_values_without_elements_have_matrices_of_their_shape() -> None:
    x, s, nothing = variable("x", (2, 3)), variable("s"), variable("nothing", (0, 3))
    inputs = {"x": np.arange(6.0).reshape(2, 3), "s": np.array(2.0), "nothing": np.zeros((0, 3))}
    of = [sum_(x * s), s * s, x * s, concatenate(x, nothing, axis=0), nothing * s]
    check(of, [x, s, nothing], inputs)
    check([nothing], [nothing], inputs)
    check([nothing], [s], inputs)
    check([s], [nothing], inputs)


def test_the_derivative_has_the_element_type_of_what_is_differentiated() -> None:
    x, w = variable("x", (3,), FLOAT32), variable("w", (3,))
    y = astype(x, element_type=w.element_type) * w
    inputs = {"x": np.ones(3, np.float32), "w": np.arange(3.0)}
    check([y, x * x], [x, w], inputs, 1e-6)
    check([sum_(y), sum_(x)], [x, w], inputs, 1e-6)


def test_one_value_may_be_asked_for_twice() -> None:
    x = variable("x", (4,))
    check([sin(x), x], [x, x], {"x": np.arange(4.0)})


def test_an_inner_value_moves_alone() -> None:
    x = variable("x", (3,))
    u = exp(x)
    check([u * x], [u, x], {"x": np.arange(3.0)})
    _, found = hessian(sum_(u * u * x), [x, u], dense=True, limit=LIMIT)
    at = np.arange(1.0, 4.0)
    (xx, xu), (ux, uu) = numbers(found, {"x": at})
    e = np.exp(at)
    np.testing.assert_allclose(xx, np.diag(4 * e * e * at + 4 * e * e))  # of (exp(x) + s)² x, in x and in s
    np.testing.assert_allclose(xu, np.diag(2 * e * at + 2 * e))
    np.testing.assert_allclose(ux, xu.T)
    np.testing.assert_allclose(uu, np.diag(2 * at))


def test_what_can_not_be_differentiated_is_refused() -> None:
    x, k = variable("x", (5000,)), variable("k", (2,), INT64)
    with pytest.raises(NotDifferentiableError):
        jacobian([x], [k], dense=True, limit=LIMIT)
    with pytest.raises(NotDifferentiableError):
        jacobian([k], [x], dense=True, limit=LIMIT)
    with pytest.raises(NotScalarError):
        hessian(x, [x], dense=False, limit=LIMIT)
    with pytest.raises(LimitExceededError, match="coordinate form"):
        jacobian([x], [x], dense=True, limit=LIMIT)
    assert jacobian([x], [x], dense=False, limit=5000).sweeps == 1
    with pytest.raises(LimitExceededError, match=r"ask for fewer values$"):
        jacobian([x], [x], dense=False, limit=4999)
