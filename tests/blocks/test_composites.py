"""Composites: gradients in closed form, far out, at zero; refusals; names of what is inside."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from scipy import special

from gradwire_service import Engine
from gradwire_service.errors import AttributeValueError, ElementTypeError, ShapeError
from gradwire_service.graph import FLOAT32, INT64, Block, Graph, TensorType, Variable
from gradwire_service.ops import apply, constant, variable
from gradwire_service.transform import expand, gradient, hessian_vector_product, simplified, vjp
from tests.ops.derivatives import Expression, numbers, pulled, run, variables


def op(name: str, **attributes: object) -> Expression:
    return lambda *x: apply(name, *x, **attributes)


def value(f: Expression, *points: npt.ArrayLike) -> Any:
    xs, inputs = variables(*points)
    return run({"y": f(*xs)}, inputs)["y"].tolist()


def hvp(f: Expression, point: npt.ArrayLike, direction: npt.ArrayLike) -> Any:
    (x,), inputs = variables(point)
    (product,) = hessian_vector_product(f(x), {x: variable("v", x.shape)})
    return run({"product": product}, {**inputs, "v": np.asarray(direction)})["product"].tolist()


# Softmax.


def test_softmax_neither_overflows_nor_loses_the_smallest() -> None:
    x = np.array([[1000.0, 999.0, -1000.0], [-1000.0, -1000.0, -999.0]])
    p = value(op("softmax"), x)
    assert p == pytest.approx(special.softmax(x, axis=-1), rel=1e-15)
    assert np.sum(p, axis=-1) == pytest.approx([1, 1], abs=1e-15)
    log_p = value(op("log_softmax"), x)
    assert log_p == pytest.approx(special.log_softmax(x, axis=-1), rel=1e-14)


def test_the_pullback_of_softmax_is_its_jacobian_far_out_too() -> None:
    for x in (np.array([0.5, -1.0, 2.0]), np.array([1000.0, 999.0, -1000.0]), np.array([-1000.0, -1000.0, -999.0])):
        p, weights = special.softmax(x), numbers((3,), "weights")
        v = variable("x", (3,))
        (x_bar,) = vjp({apply("softmax", v): variable("y_bar", (3,))}, [v])
        found = run({"x_bar": x_bar}, {"x": x, "y_bar": weights})["x_bar"]
        assert found == pytest.approx((np.diag(p) - np.outer(p, p)) @ weights, abs=1e-15)
        (x_bar,) = vjp({apply("log_softmax", v): variable("y_bar", (3,))}, [v])
        found = run({"x_bar": x_bar}, {"x": x, "y_bar": weights})["x_bar"]
        assert found == pytest.approx(weights - p * np.sum(weights), abs=1e-13)


def test_a_class_that_is_ruled_out_has_no_share_and_no_sensitivity() -> None:
    x = np.array([0.0, -math.inf, 0.0])
    assert value(op("softmax"), x) == [0.5, 0.0, 0.5]
    (bar,) = pulled(lambda x: apply("softmax", x) * constant([1.0, 2.0, 3.0]), x)
    assert bar.tolist() == [-0.5, 0.0, 0.5]


# Losses.


def test_the_gradient_of_the_squared_error_is_twice_the_difference_over_the_number() -> None:
    x, t = variable("x", (4,)), variable("t", (4,))
    (x_bar,) = gradient(apply("mean_squared_error", x, t), [x])
    assert str(simplified({"y": x_bar})["y"]) == "multiply(0.25, multiply(2.0, subtract(x, t)))"


@pytest.mark.parametrize("x", [-800.0, -40.0, -1.0, 0.0, 1.0, 40.0, 800.0])
@pytest.mark.parametrize("t", [0.0, 1.0, 0.25])
def test_the_entropy_of_logits_has_the_derivative_sigmoid_minus_target(x: float, t: float) -> None:
    f = op("binary_cross_entropy_with_logits")
    exact = float(-t * special.log_expit(x) - (1 - t) * special.log_expit(-x))
    assert value(f, x, t) == pytest.approx(exact, rel=1e-14, abs=1e-14)
    x_bar, t_bar = pulled(f, x, t)
    assert float(x_bar) == pytest.approx(float(special.expit(x)) - t, abs=1e-16)
    assert float(t_bar) == -x
    assert hvp(lambda x: f(x, t), x, 1.0) == pytest.approx(float(special.expit(x) * special.expit(-x)), rel=1e-13)


@pytest.mark.parametrize(
    ("p", "t", "loss", "slopes"),
    [
        (0.25, 1, -math.log(0.25), (-4, math.log(0.75) - math.log(0.25))),
        (0.0, 0, 0.0, (1, math.inf)),
        (1.0, 1, 0.0, (-1, -math.inf)),
        (0.0, 1, math.inf, (-math.inf, math.inf)),
    ],
)
def test_the_entropy_of_probabilities_takes_nothing_times_infinity_for_nothing(
    p: float, t: float, loss: float, slopes: tuple[float, float]
) -> None:
    f = op("binary_cross_entropy")
    assert value(f, p, float(t)) == pytest.approx(loss, rel=1e-15)
    assert [float(bar) for bar in pulled(f, p, float(t))] == pytest.approx(slopes, rel=1e-15)


def test_both_entropies_agree_where_probabilities_are_made_by_sigmoid() -> None:
    x, t = numbers((5,), "logits"), np.array([0.0, 1, 1, 0, 0.5])
    from_logits = pulled(op("binary_cross_entropy_with_logits"), x, t)
    from_probabilities = pulled(lambda x, t: apply("binary_cross_entropy", apply("sigmoid", x), t), x, t)
    for one, other in zip(from_logits, from_probabilities, strict=True):
        assert one == pytest.approx(other, rel=1e-12)


def test_the_gradient_of_the_softmax_entropy_is_softmax_minus_target_over_the_rows() -> None:
    x, t = numbers((4, 3), "logits") * 300, np.eye(3)[[0, 2, 1, 1]]
    (x_bar, _) = pulled(op("softmax_cross_entropy"), x, t)
    assert x_bar == pytest.approx((special.softmax(x, axis=-1) - t) / 4, abs=1e-12)


def test_a_class_that_is_ruled_out_leaves_the_softmax_entropy_finite() -> None:
    x, t = np.array([[0.0, -math.inf, 0.0]]), np.array([[1.0, 0.0, 0.0]])
    assert value(op("softmax_cross_entropy"), x, t) == pytest.approx(math.log(2))
    assert pulled(op("softmax_cross_entropy"), x, t)[0].tolist() == [[-0.5, 0.0, 0.5]]


@pytest.mark.parametrize(
    "name",
    ["mean_squared_error", "binary_cross_entropy", "binary_cross_entropy_with_logits", "softmax_cross_entropy"],
)
def test_losses_are_reduced_as_asked(name: str) -> None:
    x, t = np.abs(numbers((2, 3), "x")) / 2, np.full((2, 3), 0.25)
    losses = value(op(name, reduction="none"), x, t)
    assert value(op(name, reduction="sum"), x, t) == pytest.approx(np.sum(losses))
    assert value(op(name), x, t) == pytest.approx(np.mean(losses))
    with pytest.raises(AttributeValueError, match="has no reduction 'average'; there are: mean, sum, none"):
        op(name, reduction="average")(variable("x", (2,)), variable("t", (2,)))


def test_a_column_is_not_compared_with_a_row() -> None:
    with pytest.raises(
        ShapeError, match=r"\[4, 1\] and \[4\]: they must be the same, lest a column meet a row; reshape"
    ):
        apply("mean_squared_error", variable("x", (4, 1)), variable("t", (4,)))


def test_losses_are_of_floating_numbers() -> None:
    with pytest.raises(ElementTypeError, match="mean_squared_error takes floating values, not int64"):
        apply("mean_squared_error", variable("x", (4,), INT64), variable("t", (4,), INT64))


# Spread and size.


@pytest.mark.parametrize("x", [[0.5, 0.5, 0.5], [0.1, 0.1, 0.1], [3.0]])
def test_the_deviation_of_a_constant_has_no_slope_and_no_curvature(x: list[float]) -> None:
    f = op("standard_deviation")
    assert value(f, x) == pytest.approx(0, abs=1e-16)
    assert pulled(f, x)[0] == pytest.approx(np.zeros(len(x)), abs=1e-15)
    if x[0] != 0.1:  # its mean is rounded, so that it lies beside the kink, where curvature is infinite
        assert hvp(f, x, np.arange(len(x), dtype=np.float64)) == [0] * len(x)


def test_a_constant_row_does_not_spoil_the_others() -> None:
    x = np.array([[1.0, 1.0], [1.0, 3.0]])
    assert pulled(op("standard_deviation", axis=(1,)), x)[0].tolist() == [[0, 0], [-0.5, 0.5]]


def test_the_variance_with_correction_divides_by_fewer() -> None:
    x = numbers((5,), "x")
    assert value(op("variance", correction=1.0), x) == pytest.approx(np.var(x, ddof=1), rel=1e-14)
    (bar,) = pulled(op("variance", correction=1.0), x)
    assert bar == pytest.approx(2 * (x - np.mean(x)) / 4, abs=1e-15)
    assert math.isnan(value(op("variance", correction=5.0), np.ones(5)))


def test_a_deviation_in_single_precision_stays_there() -> None:
    for name in ("variance", "standard_deviation", "norm", "softmax"):
        assert apply(name, variable("x", (3,), FLOAT32)).element_type is FLOAT32


@pytest.mark.parametrize("ord", [2.0, 1.0, 3.0, 1.5, math.inf])
def test_a_norm_has_no_slope_at_zero(ord: float) -> None:
    assert pulled(op("norm", ord=ord), np.zeros(3))[0].tolist() == [0, 0, 0]


@pytest.mark.parametrize("ord", [2.0, 1.0, 3.0, math.inf])
def test_the_curvature_of_a_norm_at_zero_is_zero_too(ord: float) -> None:
    assert hvp(op("norm", ord=ord), np.zeros(3), np.array([1.0, 2.0, 3.0])) == [0, 0, 0]


def test_the_gradient_of_the_euclidean_norm_is_the_direction_and_its_hessian_projects() -> None:
    x, v = np.array([3.0, 0.0, -4.0]), np.array([1.0, 2.0, 3.0])
    (bar,) = pulled(op("norm"), x)
    assert bar == pytest.approx([0.6, 0, -0.8], rel=1e-15)
    direction = x / 5
    assert hvp(op("norm"), x, v) == pytest.approx((v - direction * (direction @ v)) / 5, abs=1e-15)


def test_a_row_of_zeros_does_not_spoil_the_others() -> None:
    x = np.array([[0.0, 0.0], [3.0, 4.0]])
    assert pulled(op("norm", axis=(1,)), x)[0] == pytest.approx(np.array([[0, 0], [0.6, 0.8]]), rel=1e-15)


@pytest.mark.parametrize("ord", [math.inf, -math.inf])
def test_elements_that_tie_share_the_slope_of_an_infinite_norm(ord: float) -> None:
    assert pulled(op("norm", ord=ord), [2.0, -2.0])[0].tolist() == [0.5, -0.5]


def test_a_norm_of_a_matrix_is_that_of_its_elements() -> None:
    x = numbers((3, 4), "x")
    assert value(op("norm"), x) == pytest.approx(np.linalg.norm(x), rel=1e-15)


def test_a_norm_has_a_number_for_its_order() -> None:
    with pytest.raises(AttributeValueError, match="norm has an ord of NaN; it is a number, inf or -inf"):
        op("norm", ord=math.nan)(variable("x", (2,)))


def test_a_vector_has_no_matrix_transpose() -> None:
    with pytest.raises(
        ShapeError, match=r"matrix_transpose of shape \[3\]: that is no matrix; add axes with expand_dims"
    ):
        apply("matrix_transpose", variable("x", (3,)))


# In graphs.


def graph() -> Graph:
    blocks = (Block("u", "matmul", ("x", "w")), Block("loss", "binary_cross_entropy_with_logits", ("u", "y")))
    variables = (Variable("x", ("n", 3)), Variable("w", (3,)), Variable("y", ("n",)))
    return Graph(blocks, {"loss": "loss"}, variables)


def test_the_insides_of_a_composite_have_names_and_gradients() -> None:
    types = {"x": TensorType((4, 3)), "w": TensorType((3,)), "y": TensorType((4,))}
    names = set(expand(graph(), types).values)
    assert {"u", "loss", "loss/softplus", "loss/multiply", "loss/subtract"} <= names
    inputs = {"x": numbers((4, 3), "x"), "w": numbers((3,), "w"), "y": np.array([0.0, 1, 1, 0])}
    found = Engine("numpy").gradient(graph(), inputs, of="loss", wrt=["w", "u", "loss/softplus"])
    slope = (special.expit(inputs["x"] @ inputs["w"]) - inputs["y"]) / 4
    assert found.gradients["u"] == pytest.approx(slope, abs=1e-16)
    assert found.gradients["w"] == pytest.approx(inputs["x"].T @ slope, abs=1e-15)
    assert found.gradients["loss/softplus"].tolist() == [0.25] * 4
