"""Composites of linear algebra: closed forms of gradients, kinks, orders of multiplication, refusals."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from gradwire_service.errors import (
    ArityError,
    AttributeValueError,
    ElementTypeError,
    NotDifferentiableError,
    ShapeError,
)
from gradwire_service.graph import INT64
from gradwire_service.ops import apply, constant, variable
from gradwire_service.ops.functions import square
from gradwire_service.ops.functions import sum as sum_
from gradwire_service.transform import gradient, simplified
from tests.ops.derivatives import Expression, numbers, pulled, run, variables


def op(name: str, **attributes: object) -> Expression:
    return lambda *x: apply(name, *x, **attributes)


def value(f: Expression, *points: npt.ArrayLike) -> Any:
    xs, inputs = variables(*points)
    return run({"y": f(*xs)}, inputs)["y"]


def regular(*shape: int) -> Any:
    return numbers(shape, str(shape)) / 4 + np.eye(shape[-1]) * 2


# Inverses and least squares.


def test_the_pullback_of_an_inverse_is_minus_the_product_of_inverses() -> None:
    a, weights = regular(2, 3, 3), numbers((2, 3, 3), "weights")
    (bar,) = pulled(lambda a: apply("inv", a) * constant(weights), a)
    back = np.swapaxes(np.linalg.inv(a), -1, -2)
    assert bar == pytest.approx(-back @ weights @ back, rel=1e-13)


def test_a_singular_matrix_among_others_has_no_inverse_and_they_have() -> None:
    found = value(op("inv"), np.array([np.ones((2, 2)), 2 * np.eye(2)]))
    assert np.isnan(found[0]).all()
    assert found[1].tolist() == [[0.5, 0], [0, 0.5]]


def test_least_squares_leave_a_residual_that_no_column_sees() -> None:
    a, b = numbers((5, 3), "a"), numbers((5,), "b")
    x = value(op("lstsq"), a, b)
    assert a.T @ (a @ x - b) == pytest.approx(np.zeros(3), abs=1e-14)
    squares: Expression = lambda a, b: sum_(square(a @ apply("lstsq", a, b) - b))  # noqa: E731
    a_bar, b_bar = pulled(squares, a, b)
    assert b_bar == pytest.approx(2 * (b - a @ x), abs=1e-13)  # x is the best: only what is seen of b counts
    assert a_bar == pytest.approx(2 * np.outer(a @ x - b, x), abs=1e-13)


def test_of_many_solutions_the_shortest_is_taken() -> None:
    a, b = numbers((2, 4), "a"), numbers((2, 3), "b")
    x = value(op("lstsq"), a, b)
    assert a @ x == pytest.approx(b, abs=1e-14)
    assert x == pytest.approx(np.linalg.pinv(a) @ b, abs=1e-14)


def test_a_factor_solves_as_the_matrix_does() -> None:
    a = regular(3, 3) @ regular(3, 3).T
    b = numbers((3, 2), "b")
    for upper in (False, True):
        x = value(lambda a, b, upper=upper: apply("cho_solve", apply("cholesky", a, upper=upper), b, upper=upper), a, b)
        assert x == pytest.approx(np.linalg.solve(a, b), rel=1e-13)


# Determinants and powers.


def test_the_logarithm_of_a_negative_determinant_is_nan_and_of_none_minus_infinity() -> None:
    found = value(op("logdet"), np.array([np.diag([1.0, -1.0]), np.zeros((2, 2)), 2 * np.eye(2)]))
    assert math.isnan(found[0])
    assert found[1:].tolist() == [-math.inf, pytest.approx(2 * math.log(2))]


def test_a_power_is_made_by_squaring() -> None:
    text = str(apply("matrix_power", variable("a", (2, 2)), n=5))
    assert text == "matmul(a, matmul(matmul(a, a), matmul(a, a)))"


def test_the_power_zero_is_the_identity_for_a_singular_matrix_too() -> None:
    assert value(op("matrix_power", n=0), np.zeros((3, 2, 2))).tolist() == [[[1, 0], [0, 1]]] * 3
    assert pulled(op("matrix_power", n=0), np.zeros((2, 2)))[0].tolist() == [[0, 0], [0, 0]]


def test_the_gradient_of_a_power_is_a_sum_of_products() -> None:
    a = numbers((3, 3), "a")
    (bar,) = pulled(lambda a: apply("trace", apply("matrix_power", a, n=4)), a)
    assert bar == pytest.approx(4 * np.linalg.matrix_power(a, 3).T, rel=1e-13)


# Singular values.


@pytest.mark.parametrize("ord", ["fro", "nuc", "2", "1", "inf"])
def test_a_matrix_norm_has_no_slope_at_zero(ord: str) -> None:
    assert value(op("matrix_norm", ord=ord), np.zeros((2, 3))) == 0
    assert pulled(op("matrix_norm", ord=ord), np.zeros((2, 3)))[0].tolist() == np.zeros((2, 3)).tolist()


def test_the_gradients_of_spectral_and_nuclear_norm_are_made_of_singular_vectors() -> None:
    a = numbers((3, 4), "a")
    u, _, vh = np.linalg.svd(a, full_matrices=False)
    assert pulled(op("matrix_norm", ord="nuc"), a)[0] == pytest.approx(u @ vh, abs=1e-14)
    assert pulled(op("matrix_norm", ord="2"), a)[0] == pytest.approx(np.outer(u[:, 0], vh[0]), abs=1e-14)


def test_greatest_singular_values_that_tie_share_the_slope() -> None:
    assert pulled(op("matrix_norm", ord="2"), np.eye(2))[0] == pytest.approx(np.eye(2) / 2, abs=1e-15)


def test_an_unknown_norm_is_refused() -> None:
    with pytest.raises(AttributeValueError, match="there is no matrix_norm 'max'; there are: fro, nuc, 2, -2"):
        op("matrix_norm", ord="max")(variable("a", (2, 2)))


def test_a_condition_number_is_one_for_rotations_and_infinite_for_singular_matrices() -> None:
    turn = np.array([[0.6, -0.8], [0.8, 0.6]])
    found = value(op("condition_number"), np.array([turn, np.diag([2.0, 0.0]), np.diag([10.0, 0.1])]))
    assert found.tolist() == [pytest.approx(1), math.inf, pytest.approx(100)]
    with pytest.raises(ShapeError, match="a matrix without elements has no singular values"):
        op("condition_number")(variable("a", (2, 0)))


def test_a_rank_is_a_count_and_has_no_derivative() -> None:
    a = variable("a", (4, 3))
    assert value(op("matrix_rank"), np.outer(np.arange(4.0), np.arange(3.0))) == 1
    rank = apply("matrix_rank", a)
    assert rank.element_type is INT64
    with pytest.raises(NotDifferentiableError, match="int64"):
        gradient(rank, [a])


# Products.


def test_a_chain_of_products_is_multiplied_where_least_work_is() -> None:
    a, b, c, v = variable("a", (10, 30)), variable("b", (30, 5)), variable("c", (5, 60)), variable("v", (60,))
    assert str(apply("multi_dot", a, b, c)) == "matmul(matmul(a, b), c)"
    assert str(apply("multi_dot", a, b, c, v)) == "matmul(a, matmul(b, matmul(c, v)))"
    thin = variable("d", (60, 1))
    assert str(apply("multi_dot", b, c, thin)) == "matmul(b, matmul(c, d))"


def test_a_chain_is_two_matrices_at_least_and_a_vector_stands_at_an_end() -> None:
    a = variable("a", (2, 2))
    with pytest.raises(ArityError, match="multi_dot takes 2 to 64 matrices, not 1"):
        apply("multi_dot", a)
    with pytest.raises(ArityError, match="not 65"):
        apply("multi_dot", *[a] * 65)
    with pytest.raises(ShapeError, match=re.escape("multi_dot of shapes [2, 2], [2], [2, 2]: they are matrices")):
        apply("multi_dot", a, variable("v", (2,)), a)
    with pytest.raises(ShapeError, match="the left has 2 columns, the right 3 rows"):
        apply("multi_dot", a, variable("b", (3, 2)))


def test_the_gradient_of_a_volume_is_a_cross_product() -> None:
    a, b, c = (numbers((3,), name) for name in "abc")
    volume: Expression = lambda a, b, c: apply("vecdot", a, apply("cross", b, c))  # noqa: E731
    a_bar, b_bar, c_bar = pulled(volume, a, b, c)
    assert a_bar == pytest.approx(np.cross(b, c), abs=1e-15)
    assert b_bar == pytest.approx(np.cross(c, a), abs=1e-15)
    assert c_bar == pytest.approx(np.cross(a, b), abs=1e-15)


def test_a_product_over_axes_is_one_matrix_product() -> None:
    a, b = variable("a", (2, 3, 4)), variable("b", (4, 3, 5))
    y = simplified({"y": apply("tensordot", a, b, axes_a=(2, 1), axes_b=(0, 1))})["y"]
    assert str(y).count("matmul") == 1
    assert y.shape == (2, 5)


@pytest.mark.parametrize(
    ("name", "attributes", "shapes", "message"),
    [
        ("cross", {}, [(2,), (2,)], "cross of vectors with 2 elements; in space they have 3"),
        ("cross", {}, [(3,), (2,)], r"cross of shapes [3] and [2] along axis -1: both must have it, of one size"),
        ("vecdot", {"axis": -2}, [(3,), (3,)], "vecdot of shapes [3] and [3] along axis -2"),
        ("vdot", {}, [(2, 3), (4,)], "vdot of shapes [2, 3] and [4]: they have 6 and 4 elements"),
        ("inner", {}, [(2, 3), (4,)], "inner of shapes [2, 3] and [4]: axes 1 and 0 have sizes 3 and 4"),
        ("dot", {}, [(2, 2, 3), (4, 2)], "dot of shapes [2, 2, 3] and [4, 2]: axes 2 and 0 have sizes 3 and 4"),
        ("tensordot", {"axes": 3}, [(2, 2), (2, 2)], "tensordot over 3 axes of shapes [2, 2] and [2, 2]: too many"),
        ("tensordot", {"axes_a": (0, 0), "axes_b": (0, 1)}, [(2, 2), (2, 2)], "tensordot names an axis twice"),
        ("lstsq", {}, [(3, 2), (2,)], "lstsq of shapes [3, 2] and [2]: the matrix has 3 rows, and the right-hand"),
        ("block_diag", {}, [(2, 2), (1, 2, 2)], "block_diag of shapes [2, 2], [1, 2, 2]: they are matrices, with the"),
        ("block_diag", {}, [(2,)], "block_diag of shapes [2]: they are matrices"),
        ("tensorsolve", {}, [(2, 3, 5), (2, 3)], "then axes with 6 elements together"),
        ("tensorsolve", {}, [(3, 2, 6), (2, 3)], "the first has the axes of the second in front"),
        ("tensorinv", {}, [(2, 3, 5)], "[2, 3] and [5] have 6 and 5 elements, and must have as many"),
        ("cov", {}, [()], "cov of a scalar: observations lie along an axis"),
        ("inv", {}, [(2, 3)], "inv takes square matrices along the last two axes, not shape [2, 3]"),
        ("matrix_power", {"n": 0}, [(2, 3)], "matrix_power takes square matrices"),
    ],
)
def test_what_does_not_fit_is_refused(
    name: str, attributes: dict[str, Any], shapes: list[tuple[int, ...]], message: str
) -> None:
    with pytest.raises(ShapeError, match=re.escape(message)):
        apply(name, *(variable(f"x{i}", shape) for i, shape in enumerate(shapes)), **attributes)


def test_attributes_that_have_no_meaning_are_refused() -> None:
    a = variable("a", (3, 3))
    for name in ("vecdot", "cross"):
        with pytest.raises(AttributeValueError, match="along axis 0: count it from the end, from -1"):
            apply(name, a, a, axis=0)
    with pytest.raises(AttributeValueError, match="takes axes of both operands, as many of the one as of the other"):
        apply("tensordot", a, a, axes_a=(0,))
    with pytest.raises(AttributeValueError, match="the number is not negative"):
        apply("tensordot", a, a, axes=-1)
    with pytest.raises(AttributeValueError, match="tensorinv with 0 axes of rows; there is one at least"):
        apply("tensorinv", a, ind=0)
    with pytest.raises(AttributeValueError, match="it is a fraction, 0 or more"):
        apply("matrix_rank", a, rtol=math.nan)


def test_whole_numbers_multiply_and_have_no_inverse() -> None:
    a = variable("a", (3, 3), INT64)
    for name in ("outer", "inner", "dot", "vdot", "vecdot", "cross", "kron", "tensordot", "multi_dot"):
        assert apply(name, a, a).element_type is INT64
    with pytest.raises(ElementTypeError, match="inv takes floating values, not int64"):
        apply("inv", a)


def test_covariances_have_the_gradient_of_the_centred_observations() -> None:
    x = numbers((2, 5), "x")
    (bar,) = pulled(lambda x: apply("trace", apply("cov", x)), x)
    assert bar == pytest.approx(2 * (x - np.mean(x, axis=1, keepdims=True)) / 4, abs=1e-15)


def test_a_variable_is_correlated_with_itself_whatever_it_is_and_a_constant_with_nothing() -> None:
    found = value(op("corrcoef"), np.array([[1.0, 2.0, 4.0], [-2.0, -4.0, -8.0], [3.0, 3.0, 3.0]]))
    assert found[:2, :2] == pytest.approx(np.array([[1, -1], [-1, 1]]), rel=1e-15)
    assert np.isnan(found[2]).all()
    assert pulled(op("corrcoef"), np.array([1.0, 2.0, 4.0]))[0] == pytest.approx(np.zeros(3), abs=1e-16)


def test_the_gradient_of_blocks_on_a_diagonal_is_cut_out_of_it() -> None:
    weights = numbers((3, 5), "weights")
    f: Expression = lambda a, b: apply("block_diag", a, b) * constant(weights)  # noqa: E731
    a_bar, b_bar = pulled(f, np.ones((2, 2)), np.ones((1, 3)))
    assert a_bar.tolist() == weights[:2, :2].tolist()
    assert b_bar.tolist() == weights[2:, 2:].tolist()


def test_the_inverse_of_a_tensor_solves_equations_between_tensors() -> None:
    a, b = np.reshape(regular(6, 6), (2, 3, 6)), numbers((2, 3), "b")
    x = value(op("tensorsolve"), a, b)
    assert np.tensordot(a, x, 1) == pytest.approx(b, abs=1e-14)
    assert np.tensordot(value(op("tensorinv"), a), b, 2) == pytest.approx(x, rel=1e-13)
