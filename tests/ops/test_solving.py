"""Linear equations: derivatives in closed form, which triangle is read, singular matrices, pseudoinverses."""

from __future__ import annotations

import numpy as np
import pytest

from gradwire_service.errors import AttributeValueError, ShapeError
from gradwire_service.graph import Array
from gradwire_service.ops import Value, apply, constant, variable
from gradwire_service.ops.functions import einsum, pinv, solve, solve_triangular, where
from gradwire_service.transform import jvp, vjp
from tests.ops.derivatives import difference, numbers, pulled, run, variables

Shape = tuple[int, ...]
SINGULAR = np.array([[1.0, 2.0], [2.0, 4.0]])


def regular(*shape: int) -> Array:
    return numbers(shape, str(shape)) / 4 + np.eye(shape[-1]) * 2


def solved(a: Array, b: Array, **attributes: bool) -> Array:
    xs, inputs = variables(a, b)
    y = solve_triangular(*xs, **attributes) if attributes else solve(*xs)
    return run({"y": y}, inputs)["y"]


@pytest.mark.parametrize(
    ("a", "b"), [((3, 3), (3,)), ((2, 3, 3), (3,)), ((4, 1, 3, 3), (2, 3, 5)), ((3, 3), (2, 3, 1)), ((0, 0), (0,))]
)
def test_equations_of_any_ranks_are_solved_as_by_numpy(a: Shape, b: Shape) -> None:
    left, right = regular(*a), numbers(b, "b")
    assert solved(left, right) == pytest.approx(np.linalg.solve(left, right), rel=1e-14)
    upper = np.linalg.solve(np.triu(left), right)
    assert solved(left, right, lower=False) == pytest.approx(upper, rel=1e-14)


def test_the_pullback_of_a_solution_is_a_solution_with_the_transpose() -> None:
    a, b, x_bar = regular(3, 3), numbers((3,), "b"), numbers((3,), "x_bar")
    a_bar, b_bar = pulled(lambda a, b: solve(a, b) * constant(x_bar), a, b)
    back = np.linalg.solve(a.T, x_bar)
    assert b_bar == pytest.approx(back, rel=1e-14)
    assert a_bar == pytest.approx(-np.outer(back, np.linalg.solve(a, b)), rel=1e-13)


@pytest.mark.parametrize("lower", [False, True])
@pytest.mark.parametrize("unit_diagonal", [False, True])
@pytest.mark.parametrize("transpose", [False, True])
def test_what_a_triangular_solution_does_not_read_has_no_gradient(
    lower: bool, unit_diagonal: bool, transpose: bool
) -> None:
    settings = {"lower": lower, "unit_diagonal": unit_diagonal, "transpose": transpose}
    a, b = regular(3, 3), numbers((3, 2), "b")
    read = (np.tril if lower else np.triu)(np.ones((3, 3)), (-1 if lower else 1) if unit_diagonal else 0) > 0
    spoilt = np.where(read, a, np.nan)
    full = np.where(read, a, np.eye(3) if unit_diagonal else 0)
    assert solved(spoilt, b, **settings) == pytest.approx(np.linalg.solve(full.T if transpose else full, b), rel=1e-14)
    a_bar, _ = pulled(lambda a, b: solve_triangular(a, b, **settings), spoilt, b)
    assert np.all(a_bar[~read] == 0)
    assert np.all(a_bar[read] != 0)


@pytest.mark.parametrize("op", ["solve", "solve_triangular"])
def test_a_singular_matrix_spoils_no_other(op: str) -> None:
    stack, b = np.array([regular(2, 2), np.diag([1.0, 0.0]), regular(2, 2)]), numbers((2,), "b")

    def f(a: Value, b: Value) -> Value:
        return apply(op, a, b)

    xs, inputs = variables(stack, b)
    found = run({"y": f(*xs)}, inputs)["y"]
    assert not np.isfinite(found[1]).any()
    (alone,) = (run({"y": f(*xs)}, at)["y"] for xs, at in [variables(stack[0], b)])
    assert found[0].tolist() == found[2].tolist() == alone.tolist()
    a_bar, b_bar = pulled(f, stack, b)
    assert not np.isfinite(a_bar[1]).any() or op == "solve_triangular"
    assert a_bar[2] == pytest.approx(pulled(f, stack[0], b)[0], rel=1e-14)
    assert np.isnan(b_bar).all()


@pytest.mark.parametrize("lower", [False, True])
@pytest.mark.parametrize("unit_diagonal", [False, True])
@pytest.mark.parametrize("transpose", [False, True])
def test_many_small_systems_at_once_are_solved_as_one_by_one(lower: bool, unit_diagonal: bool, transpose: bool) -> None:
    settings = {"lower": lower, "unit_diagonal": unit_diagonal, "transpose": transpose}
    a, b = regular(40, 3, 3), numbers((40, 3, 2), "b")
    a[7, 1, 1] = 0
    found = solved(a, b, **settings)
    for i in range(40):
        assert found[i] == pytest.approx(solved(a[i], b[i], **settings), rel=1e-13, nan_ok=True)
    assert np.isnan(found[7]).all() != unit_diagonal


def test_the_work_of_many_small_matrices_is_that_of_many_calls() -> None:
    few, many = (apply("solve", variable("a", (n, 2, 2)), variable("b", (2,))) for n in (10, 1000))
    work = [y.op.flops(y.type, *(x.type for x in y.inputs)) for y in (few, many)]
    assert work[1] == 100 * work[0] > 1e6


def test_only_some_of_many_systems_that_share_a_side_may_be_singular() -> None:
    stack, b = np.array([SINGULAR, regular(2, 2)])[:, None], numbers((3, 2, 2), "b")
    found = solved(stack, b)
    assert np.isnan(found[0]).all()
    assert found[1] == pytest.approx(np.linalg.solve(stack[1], b), rel=1e-14)


def test_where_keeps_the_nan_of_a_singular_matrix_out_of_the_gradient() -> None:
    stack, b = np.array([SINGULAR, regular(2, 2)]), numbers((2, 1), "b")

    def f(a: Value, b: Value) -> Value:
        x = solve(a, b)
        return where(apply("isfinite", x), x, 0)

    a_bar, b_bar = pulled(f, stack, b)
    expected = pulled(solve, stack[1], b)
    assert a_bar[0].tolist() == [[0, 0], [0, 0]]
    assert a_bar[1] == pytest.approx(expected[0], rel=1e-14)
    assert b_bar == pytest.approx(expected[1], rel=1e-14)


def test_nan_on_the_right_side_is_no_matter_of_the_matrix() -> None:
    b = np.array([[1.0, np.nan], [2.0, 1.0]])
    found = solved(regular(2, 2), b)
    assert np.isfinite(found[:, 0]).all()
    assert np.isnan(found[:, 1]).all()


@pytest.mark.parametrize("op", ["solve", "solve_triangular"])
@pytest.mark.parametrize(("a", "b"), [((3, 3), (2,)), ((3, 3), (2, 3)), ((3, 3), ())])
def test_a_right_side_with_another_number_of_rows_is_refused(op: str, a: Shape, b: Shape) -> None:
    with pytest.raises(ShapeError, match="the matrix has 3 rows, and the right-hand side must have as many"):
        apply(op, variable("a", a), variable("b", b))


# Pseudoinverses.


@pytest.mark.parametrize("shape", [(4, 3), (3, 4), (3, 3)], ids=str)
def test_the_derivative_of_a_pseudoinverse_is_right_where_the_rank_is_low_and_stays(shape: Shape) -> None:
    m, n = shape
    u, v = variable("u", (m, 2)), variable("v", (2, n))
    p = pinv(einsum(u, v, subscripts="ij,jk->ik"))  # of rank 2, whatever u and v are
    inputs = {"u": numbers((m, 2), "u"), "v": numbers((2, n), "v")}
    along = {"u": numbers((m, 2), "u_dot"), "v": numbers((2, n), "v_dot")}
    dots = {x: constant(along[x.name]) for x in (u, v)}
    (p_dot,) = jvp([p], dots)
    (second,) = jvp([p_dot], dots)
    found = run({"first": p_dot, "second": second}, inputs)
    scale = np.max(np.abs(found["second"]))
    assert found["first"] == pytest.approx(
        difference(lambda at: run({"p": p}, at)["p"], inputs, along), abs=1e-7 * scale
    )
    expected = difference(lambda at: run({"p": p_dot}, at)["p"], inputs, along)
    assert found["second"] == pytest.approx(expected, abs=1e-7 * scale)
    p_bar = constant(numbers((n, m), "p_bar"))
    bars = vjp({p: p_bar}, [u, v])
    pulled_back = run({x.name: bar for x, bar in zip((u, v), bars, strict=True)}, inputs)
    reverse = sum(np.sum(pulled_back[name] * along[name]) for name in along)
    assert reverse == pytest.approx(np.sum(found["first"] * numbers((n, m), "p_bar")), rel=1e-10)


def test_the_pseudoinverse_of_zero_is_zero_and_so_is_its_gradient() -> None:
    (bar,) = pulled(pinv, np.zeros((2, 3)))
    assert bar.tolist() == np.zeros((2, 3)).tolist()


def test_small_singular_values_count_as_zero_when_asked() -> None:
    (x,), inputs = variables(np.diag([1.0, 1e-3]))
    assert run({"y": pinv(x)}, inputs)["y"] == pytest.approx(np.diag([1, 1e3]))
    assert run({"y": pinv(x, rtol=1e-2)}, inputs)["y"] == pytest.approx(np.diag([1.0, 0.0]))
    for rtol in (-1.0, np.nan):
        with pytest.raises(AttributeValueError, match="it is a fraction, 0 or more"):
            pinv(x, rtol=rtol)
