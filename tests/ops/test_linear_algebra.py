"""Products: every pair of ranks that NumPy takes, derivatives to second order, refusals, work."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradwire_service.errors import ArityError, AttributeValueError, ElementTypeError, ShapeError
from gradwire_service.graph import BOOL, INT32, INT64, Array
from gradwire_service.ops import Op, Value, variable
from gradwire_service.ops.functions import einsum, matmul, square
from gradwire_service.ops.functions import sum as sum_
from gradwire_service.ops.linear_algebra import Einsum
from gradwire_service.transform import jvp, simplified, vjp
from tests.ops.derivatives import numbers, run

sizes = st.integers(0, 3)
Shape = tuple[int, ...]


@st.composite
def matrices(draw: st.DrawFn) -> tuple[Shape, Shape]:
    """Shapes that have a matrix product, of any ranks from 1 to 4."""
    m, k, n = draw(st.tuples(sizes, sizes, sizes))
    batch = draw(st.lists(sizes, max_size=2))

    def stretched() -> list[int]:
        kept = batch[draw(st.integers(0, len(batch))) :]
        return [draw(st.sampled_from([1, size])) for size in kept]

    a = draw(st.sampled_from([(k,), (*stretched(), m, k)]))
    b = draw(st.sampled_from([(k,), (*stretched(), k, n)]))
    return a, b


def check_product(f: Op, reference: object, *points: Array) -> None:
    """Hold an op that is linear in each input against a function of NumPy: value, both first derivatives, second."""
    assert callable(reference)
    xs = [variable(f"x{i}", x.shape) for i, x in enumerate(points)]
    inputs = {f"x{i}": x for i, x in enumerate(points)}
    y = f(*xs)
    expected = reference(*points)
    assert y.shape == expected.shape
    assert run({"y": y}, inputs)["y"] == pytest.approx(expected, abs=1e-13)
    y_bar = variable("y_bar", y.shape)
    inputs["y_bar"] = numbers(y.shape, "y_bar")
    dots = {x: variable(f"{x.name}_dot", x.shape) for x in xs}
    inputs.update({dot.name: numbers(dot.shape, dot.name) for dot in dots.values()})
    bars = vjp({y: y_bar}, xs)
    found = run({x.name: x_bar for x, x_bar in zip(xs, bars, strict=True)}, inputs)
    for i, x in enumerate(xs):  # linear in x, so that the pullback is told by the products with its directions
        moved = reference(*points[:i], inputs[f"{x.name}_dot"], *points[i + 1 :])
        along = np.sum(found[x.name] * inputs[f"{x.name}_dot"])
        assert found[x.name].shape == x.shape
        assert along == pytest.approx(np.sum(moved * inputs["y_bar"]), abs=1e-12)
    seconds = run({x.name: second for x, second in zip(xs, jvp(bars, dots), strict=True)}, inputs)
    there, back = (
        run(
            {x.name: x_bar for x, x_bar in zip(xs, bars, strict=True)},
            {**inputs, **{x.name: inputs[x.name] + step * inputs[f"{x.name}_dot"] for x in xs}},
        )
        for step in (0.5, -0.5)
    )
    if len(points) == 2:  # bilinear: differences are exact
        for name, second in seconds.items():
            assert second == pytest.approx(there[name] - back[name], abs=1e-12)


@given(matrices())
def test_a_matrix_product_of_any_ranks_is_numpys_with_exact_derivatives(shapes: tuple[Shape, Shape]) -> None:
    a, b = shapes
    check_product(Op.registry["matmul"](), np.matmul, numbers(a, "a"), numbers(b, "b"))


@st.composite
def contractions(draw: st.DrawFn) -> tuple[str, list[Shape]]:
    """Subscripts, with diagonals, and shapes for them."""
    letters = "abcD"
    size = {letter: draw(sizes) for letter in letters}
    texts = draw(st.lists(st.text(letters, max_size=3), min_size=1, max_size=3))
    known = sorted(set("".join(texts)))
    result = "".join(draw(st.permutations(known))[: draw(st.integers(0, len(known)))])
    return f"{','.join(texts)}->{result}", [tuple(size[letter] for letter in text) for text in texts]


@given(contractions())
def test_a_contraction_is_numpys_with_exact_derivatives(case: tuple[str, list[Shape]]) -> None:
    subscripts, shapes = case

    def reference(*x: Array) -> Array:
        return np.asarray(np.einsum(subscripts, *x))

    check_product(Einsum(subscripts), reference, *(numbers(shape, str(i)) for i, shape in enumerate(shapes)))


def test_one_value_on_both_sides_has_both_sensitivities() -> None:
    x = variable("x", (3, 3))
    (x_bar,) = vjp({matmul(x, x): variable("y_bar", (3, 3))}, [x])
    point, y_bar = numbers((3, 3), "x"), numbers((3, 3), "y_bar")
    found = run({"x_bar": x_bar}, {"x": point, "y_bar": y_bar})["x_bar"]
    assert found == pytest.approx(y_bar @ point.T + point.T @ y_bar, abs=1e-14)


def text(value: Value) -> str:
    return str(simplified({"y": value})["y"])


@pytest.mark.parametrize(
    ("a", "b", "pullbacks"),
    [
        ((3,), (3,), ["multiply(y_bar, b)", "multiply(y_bar, a)"]),
        ((2, 3), (3,), ["multiply(reshape[shape=(2, 1)](y_bar), b)", "matmul(y_bar, a)"]),
        ((3,), (3, 4), ["matmul(b, y_bar)", "multiply(reshape[shape=(3, 1)](a), reshape[shape=(1, 4)](y_bar))"]),
        (
            (2, 3),
            (3, 4),
            ["matmul(y_bar, transpose[axes=None](b))", "matmul(transpose[axes=None](a), y_bar)"],
        ),
    ],
)
def test_pullbacks_of_products_are_products(a: Shape, b: Shape, pullbacks: list[str]) -> None:
    xs = [variable("a", a), variable("b", b)]
    y = matmul(*xs)
    assert list(map(text, vjp({y: variable("y_bar", y.shape)}, xs))) == pullbacks


def test_the_gradient_of_weights_under_a_batch_is_one_product() -> None:
    x, w = variable("x", (8, 16, 5)), variable("w", (5, 2))
    (w_bar,) = vjp({matmul(x, w): variable("y_bar", (8, 16, 2))}, [w])
    assert text(w_bar).count("matmul") == 1
    assert "sum" not in text(w_bar)


@pytest.mark.parametrize(
    ("a", "b", "message"),
    [
        ((2, 3), (4, 5), r"the left has 3 columns, the right 4 rows; they must be as many"),
        ((3,), (4,), "the left has 3 columns, the right 4 rows"),
        ((), (3,), "matmul takes no scalars, but shapes .*; use multiply"),
        ((2, 2, 3), (4, 3, 5), r"shapes \[2\] and \[4\] do not broadcast"),
    ],
)
def test_matrices_that_do_not_fit_are_refused(a: Shape, b: Shape, message: str) -> None:
    with pytest.raises(ShapeError, match=message):
        matmul(variable("a", a), variable("b", b))


def test_integers_multiply_and_truth_does_not() -> None:
    assert matmul(variable("a", (2, 3), INT32), variable("b", (3,), INT32)).element_type is INT32
    assert matmul(variable("a", (2, 3), INT32), variable("b", (3,), INT64)).element_type is INT64
    with pytest.raises(ElementTypeError, match="matmul takes numeric values, not bool; convert with astype"):
        matmul(variable("a", (2, 3), BOOL), variable("b", (3,), BOOL))


@pytest.mark.parametrize(
    ("subscripts", "canonical"),
    [("ij,jk", "ij,jk->ik"), ("ba", "ba->ab"), (" ij , jk -> ki ", "ij,jk->ki"), ("i,i", "i,i->"), ("bA", "bA->Ab")],
)
def test_subscripts_have_one_spelling(subscripts: str, canonical: str) -> None:
    assert Einsum(subscripts) == Einsum(canonical)
    assert Einsum(subscripts).subscripts == canonical


@pytest.mark.parametrize(
    ("subscripts", "message"),
    [
        ("...i,i", "... is not taken; give each axis a letter"),
        ("ij->ii", "a letter stands twice in the result"),
        ("ij->k", "no operand has k; the result does"),
        ("i1,i", "subscripts are letters, parted by commas"),
        ("i->j->k", "subscripts are letters"),
        ("ij->k,l", "subscripts are letters"),
    ],
)
def test_what_are_no_subscripts_is_refused(subscripts: str, message: str) -> None:
    with pytest.raises(AttributeValueError, match=message):
        Einsum(subscripts)


def test_subscripts_that_do_not_fit_the_operands_are_refused() -> None:
    x = variable("x", (2, 3))
    with pytest.raises(ArityError, match="is for 2 operands, not 1"):
        einsum(x, subscripts="ij,jk->ik")
    with pytest.raises(ShapeError, match=r"'i' names 1 axes, but the operand has shape \[2, 3\]"):
        einsum(x, subscripts="i->i")
    with pytest.raises(ShapeError, match="axes 'i' have sizes 2 and 3; they must be the same"):
        einsum(x, subscripts="ii->i")
    with pytest.raises(ShapeError, match="axes 'j' have sizes 3 and 2; they must be the same"):
        einsum(x, x, subscripts="ij,jk->ik")
    with pytest.raises(ShapeError, match="axes 'j' have sizes 3 and 1"):  # not broadcast, though NumPy would
        einsum(x, variable("y", (1, 4)), subscripts="ij,jk->ik")


def flops(y: Value) -> float:
    return y.op.flops(y.type, *(x.type for x in y.inputs))


def test_the_work_of_a_product_is_two_operations_for_each_pair() -> None:
    x, w = variable("x", (4, 5, 6)), variable("w", (6, 7))
    assert flops(matmul(x, w)) == 2 * 4 * 5 * 6 * 7
    assert flops(matmul(variable("u", (6,)), variable("v", (6,)))) == 12


def test_the_work_of_a_chain_of_products_is_not_that_of_all_letters_together() -> None:
    x = [variable(f"x{i}", (100, 100)) for i in range(4)]
    assert flops(einsum(*x, subscripts="ab,bc,cd,de->ae")) == 3 * 2 * 100**3


def test_many_operands_are_contracted_in_pairs() -> None:
    x = variable("x", (2,))
    letters = "abcdefghijklmnopqrstuvwxyz"
    y = einsum(*[x] * 70, subscripts=",".join((letters * 3)[:70]) + "->")
    (x_bar,) = vjp({y: variable("y_bar")}, [x])
    found = run({"y": y, "x_bar": x_bar}, {"x": np.array([0.5, 0.5]), "y_bar": np.array(1.0)})
    assert found["y"] == pytest.approx(2.0 ** (26 - 70))
    assert found["x_bar"] == pytest.approx(70 * 2.0 ** (26 - 70))


def test_a_quadratic_form_has_its_gradient_and_hessian() -> None:
    x, a, v = variable("x", (3,)), variable("a", (3, 3)), variable("v", (3,))
    y = einsum(x, a, x, subscripts="i,ij,j->")
    (x_bar,) = vjp({y: variable("y_bar")}, [x])
    (product,) = jvp([x_bar], {x: v})
    point, matrix, direction = numbers((3,), "x"), numbers((3, 3), "a"), numbers((3,), "v")
    inputs = {"x": point, "a": matrix, "v": direction, "y_bar": np.array(1.0)}
    found = run({"x_bar": x_bar, "product": product}, inputs)
    assert found["x_bar"] == pytest.approx((matrix + matrix.T) @ point, abs=1e-14)
    assert found["product"] == pytest.approx((matrix + matrix.T) @ direction, abs=1e-14)


def test_the_gradient_of_least_squares_is_that_of_the_normal_equations() -> None:
    a, b, x = variable("a", (5, 3)), variable("b", (5,)), variable("x", (3,))
    (x_bar,) = vjp({sum_(square(matmul(a, x) - b)): variable("y_bar")}, [x])
    inputs = {"a": numbers((5, 3), "a"), "b": numbers((5,), "b"), "x": numbers((3,), "x"), "y_bar": np.array(1.0)}
    expected = 2 * inputs["a"].T @ (inputs["a"] @ inputs["x"] - inputs["b"])
    assert run({"x_bar": x_bar}, inputs)["x_bar"] == pytest.approx(expected, abs=1e-14)
