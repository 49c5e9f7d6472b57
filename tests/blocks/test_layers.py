"""Layers and losses: normalization of equal values, attention to nothing, labels, pools, filters, directions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from scipy import special, stats

from gradwire_service import Engine
from gradwire_service.errors import AttributeValueError, ElementTypeError, IndexRangeError, ShapeError
from gradwire_service.graph import BOOL, FLOAT32, INT64, Array, Block, Graph, Variable
from gradwire_service.ops import FlatGraph, Op, Value, apply, constant, variable
from gradwire_service.ops.functions import sum as sum_
from gradwire_service.transform import gradient, hessian_vector_product, simplify, vjp
from tests.ops.derivatives import Expression, numbers, pulled, run, variables

INF = math.inf


def op(name: str, **attributes: object) -> Expression:
    return lambda *x: apply(name, *x, **attributes)


def value(f: Expression, *points: npt.ArrayLike) -> Any:
    xs, inputs = variables(*points)
    return run({"y": f(*xs)}, inputs)["y"]


def weighted(f: Expression, weights: Array) -> Expression:
    return lambda *x: sum_(f(*x) * constant(weights))


def hvp(f: Expression, point: npt.ArrayLike, direction: npt.ArrayLike) -> Array:
    (x,), inputs = variables(point)
    (product,) = hessian_vector_product(f(x), {x: variable("v", x.shape)})
    return run({"product": product}, {**inputs, "v": np.asarray(direction)})["product"]


# Normalization.


def test_a_row_of_equal_values_is_brought_to_the_offset_with_a_finite_gradient() -> None:
    x, weights = np.full((2, 3), 0.5), numbers((2, 3), "weights")
    f = weighted(lambda x: apply("layer_norm", x, 2.0, -1.0, epsilon=0.01), weights)
    assert value(lambda x: apply("layer_norm", x, 2.0, -1.0, epsilon=0.01), x).tolist() == [[-1.0] * 3] * 2
    centered = weights - np.mean(weights, axis=-1, keepdims=True)
    assert pulled(f, x)[0] == pytest.approx(centered * 2 / 0.1, rel=1e-14, abs=1e-14)
    assert hvp(f, x, numbers((2, 3), "v")) == pytest.approx(np.zeros((2, 3)), abs=1e-13)


def test_a_row_of_zeros_has_the_slope_over_the_root_of_epsilon() -> None:
    f = weighted(lambda x: apply("rms_norm", x, 1.0, epsilon=0.04), np.array([1.0, 2.0]))
    assert pulled(f, np.zeros(2))[0] == pytest.approx([5, 10], rel=1e-15)
    assert hvp(f, np.zeros(2), [1.0, 1.0]).tolist() == [0, 0]


def test_the_gradient_of_a_layer_norm_is_centered_and_turned_off_the_row() -> None:
    x, weights = numbers((4,), "x"), numbers((4,), "weights")
    (bar,) = pulled(weighted(lambda x: apply("layer_norm", x, 1.0, 0.0, epsilon=0.0), weights), x)
    normal = (x - np.mean(x)) / np.std(x)
    expected = (weights - np.mean(weights) - normal * np.mean(weights * normal)) / np.std(x)
    assert bar == pytest.approx(expected, rel=1e-12, abs=1e-14)


def test_a_batch_norm_shares_its_statistics_with_who_asks_for_them() -> None:
    x = variable("x", (4, 3))
    y = apply("batch_norm", x, 1.0, 0.0)
    alone = simplify(FlatGraph.of({"y": y}))
    both = simplify(FlatGraph.of({"y": y, "mean": apply("mean", x, axis=(0,), keepdims=True)}))
    assert len(both.blocks) == len(alone.blocks)


def test_a_batch_norm_with_its_own_statistics_is_the_inference_with_these() -> None:
    x = numbers((4, 3, 2), "x")
    own = value(op("batch_norm"), x, np.ones(3), np.zeros(3))
    given = (np.mean(x, axis=(0, 2)), np.var(x, axis=(0, 2)), np.ones(3), np.zeros(3))
    assert own == pytest.approx(value(op("batch_norm_inference"), x, *given), rel=1e-13)


def test_normalizations_refuse_what_does_not_fit() -> None:
    x = variable("x", (2, 4, 3))
    with pytest.raises(ShapeError, match=r"batch_norm: shape \[3\] does not go with the 4 channels along axis 1"):
        apply("batch_norm", x, variable("scale", (3,)), 0.0)
    with pytest.raises(ShapeError, match="with 3 groups: channels stand along axis 1, and groups divide their number"):
        apply("group_norm", x, 1.0, 0.0, groups=3)
    with pytest.raises(AttributeValueError, match=r"layer_norm has an epsilon of -1\.0; it is not negative"):
        apply("layer_norm", x, 1.0, 0.0, epsilon=-1.0)
    with pytest.raises(ElementTypeError, match="layer_norm takes floating values, not int64"):
        apply("layer_norm", variable("k", (3,), INT64), 1, 0)


# Attention.


def test_a_query_that_sees_nothing_gives_zeros_and_takes_no_gradient() -> None:
    shapes = ((2, 3), (4, 3), (4, 2))
    q, k, v = (numbers(shape, name) for shape, name in zip(shapes, "qkv", strict=True))
    mask = np.array([[False] * 4, [True, True, False, True]])

    def f(q: Value, k: Value, v: Value) -> Value:
        return apply("attention", q, k, v, constant(mask, BOOL))

    assert value(f, q, k, v)[0].tolist() == [0, 0]
    q_bar, k_bar, v_bar = pulled(f, q, k, v)
    assert q_bar[0].tolist() == [0, 0, 0]
    assert k_bar[2].tolist() == [0, 0, 0]
    assert v_bar[2].tolist() == [0, 0]
    assert all(np.all(np.isfinite(bar)) for bar in (q_bar, k_bar, v_bar))
    assert np.all(np.isfinite(hvp(lambda q: sum_(f(q, constant(k), constant(v))), q, np.ones((2, 3)))))


def test_scores_that_would_overflow_choose() -> None:
    q, k, v = np.array([[1e3]]), np.array([[1e3], [-1e3]]), np.array([[1.0], [2.0]])
    assert value(lambda *x: apply("attention", *x, True), q, k, v).tolist() == [[1.0]]
    assert [bar.tolist() for bar in pulled(lambda *x: apply("attention", *x, True), q, k, v)][:2] == [[[0]], [[0], [0]]]


def test_a_causal_query_sees_itself_and_what_is_before() -> None:
    x = numbers((4, 2), "x")
    whole = value(lambda x: apply("attention", x, x, x, True, causal=True), x)
    for i in range(4):
        part = value(lambda q, k: apply("attention", q, k, k, True), x[i : i + 1], x[: i + 1])
        assert whole[i] == pytest.approx(part[0], rel=1e-14)


def test_attention_refuses_what_does_not_fit() -> None:
    with pytest.raises(
        ShapeError, match=r"attention of query \[2, 3\], key \[4, 2\] and value \[4, 2\]: query and key"
    ):
        apply("attention", variable("q", (2, 3)), variable("k", (4, 2)), variable("v", (4, 2)), True)
    with pytest.raises(ElementTypeError, match="where takes a bool condition"):
        apply("attention", *(variable(x, (2, 2)) for x in "qkv"), variable("mask", (2, 2)))


def test_a_row_of_a_table_that_is_read_twice_has_both_gradients() -> None:
    xs, inputs = variables(numbers((3, 2), "table"), np.array([2, 0, 2]))
    (bar,) = run({"bar": gradient(sum_(apply("embedding", *xs)), xs[:1])[0]}, inputs).values()
    assert bar.tolist() == [[1, 1], [0, 0], [2, 2]]
    with pytest.raises(IndexRangeError, match="index 3 is outside an axis of 3"):
        run({"y": apply("embedding", *xs)}, {**inputs, "x1": np.array([0, 3, 0])})


def test_what_is_dropped_shows_nothing_not_even_nan() -> None:
    kept = constant([False, True], BOOL)
    assert value(lambda x: apply("dropout", x, kept, rate=0.75), [math.nan, 1.0]).tolist() == [0, 4]
    assert pulled(lambda x: apply("dropout", apply("sqrt", x), kept), [-1.0, 1.0])[0].tolist() == [0, 1]
    for rate in (-0.1, 1.0, math.nan):
        with pytest.raises(AttributeValueError, match="it is from 0 to less than 1"):
            apply("dropout", variable("x", (2,)), kept, rate=rate)
    with pytest.raises(ElementTypeError, match="dropout takes a bool mask, not float64"):
        apply("dropout", variable("x"), variable("kept"))


# Losses.


@pytest.mark.parametrize(("d", "y", "slope", "curvature"), [(0, 0, 0, 1), (2, 2, 2, 1), (-2, 2, -2, 1), (3, 4, 2, 0)])
def test_a_huber_loss_passes_from_a_parabola_into_lines(d: float, y: float, slope: float, curvature: float) -> None:
    def f(x: Value) -> Value:
        return apply("huber", x, 1.0, delta=2.0)

    assert float(value(f, d + 1.0)) == y
    assert float(pulled(f, d + 1.0)[0]) == slope
    assert float(hvp(f, d + 1.0, 1.0)) == curvature


@pytest.mark.parametrize(("x", "slope"), [(0.5, -1), (1.0, 0), (2.0, 0), (-1.0, -1)])
def test_a_hinge_loss_has_no_slope_at_its_margin(x: float, slope: float) -> None:
    assert float(pulled(lambda x: apply("hinge", x, 1.0), x)[0]) == slope


def test_the_gradient_of_the_cross_entropy_of_labels_is_softmax_minus_one_at_the_label() -> None:
    x, labels = numbers((4, 3), "logits") * 300, np.array([0, 2, 1, -2])
    xs, inputs = variables(x, labels)
    (bar,) = run({"bar": gradient(apply("cross_entropy", *xs), xs[:1])[0]}, inputs).values()
    assert bar == pytest.approx((special.softmax(x, axis=-1) - np.eye(3)[labels]) / 4, abs=1e-12)
    one_hot = value(lambda x: apply("softmax_cross_entropy", x, constant(np.eye(3)[labels])), x)
    assert value(op("cross_entropy"), x, labels) == pytest.approx(float(one_hot), rel=1e-15)


@pytest.mark.parametrize("name", ["cross_entropy", "negative_log_likelihood"])
def test_labels_are_integers_one_for_each_row_and_name_a_class(name: str) -> None:
    x = variable("x", (4, 3))
    with pytest.raises(ElementTypeError, match=f"{name} takes integers for labels, not float64"):
        apply(name, x, variable("labels", (4,)))
    with pytest.raises(ShapeError, match=r"with labels \[3\]: there is one label for each row, shape \[4\]"):
        apply(name, x, variable("labels", (3,), INT64))
    xs, inputs = variables(np.zeros((2, 3)), np.array([0, 3]))
    with pytest.raises(IndexRangeError, match="index 3 is outside"):
        run({"y": apply(name, *xs)}, inputs)


def test_the_divergence_from_itself_is_zero_with_the_fisher_information() -> None:
    p = np.array([0.2, 0.3, 0.5])

    def f(x: Value) -> Value:
        return apply("kl_divergence", apply("log_softmax", x), constant(p))

    assert float(value(f, np.log(p))) == pytest.approx(0, abs=1e-16)
    assert pulled(f, np.log(p))[0] == pytest.approx(np.zeros(3), abs=1e-16)
    v = numbers((3,), "v")
    assert hvp(f, np.log(p), v) == pytest.approx((np.diag(p) - np.outer(p, p)) @ v, abs=1e-15)


# Pools, transposed convolutions.


def test_elements_of_a_pool_that_tie_leave_the_slope_to_the_first() -> None:
    x = np.array([[[1.0, 1.0, 0.0, 2.0]]])
    assert pulled(op("max_pool", window=(2,)), x)[0].tolist() == [[[1, 0, 0, 1]]]
    assert pulled(op("avg_pool", window=(2,)), x)[0].tolist() == [[[0.5] * 4]]


@pytest.mark.parametrize("groups", [1, 2])
def test_a_transposed_convolution_carries_back_what_a_convolution_carries(groups: int) -> None:
    settings: dict[str, Any] = {"stride": (2, 1), "low": (1, 0), "high": (1, 1), "groups": groups}
    x, w = variable("x", (2, 4, 6, 5)), numbers((2 * groups, 4 // groups, 2, 3), "w")
    y = apply("conv", x, constant(w), **settings)
    (x_bar,) = vjp({y: variable("y_bar", y.shape)}, [x])
    y_bar = numbers(y.shape, "y_bar")
    back = run({"x_bar": x_bar}, {"y_bar": y_bar})["x_bar"]
    assert value(op("conv_transpose", **settings), y_bar, w) == pytest.approx(back, rel=1e-13, abs=1e-14)


def test_windows_refuse_what_does_not_fit() -> None:
    x = variable("x", (1, 4, 5))
    with pytest.raises(ShapeError, match=r"max_pool of shape \[1, 4, 5\] with windows \[2, 2\]: axes are those of"):
        apply("max_pool", x, window=(2, 2))
    with pytest.raises(ShapeError, match=r"conv_transpose of 4 channels in 3 groups, which do not divide them"):
        apply("conv_transpose", x, variable("w", (4, 1, 2)), groups=3)
    with pytest.raises(ShapeError, match=r"conv_transpose of shape \[1, 4, 5\] with weights \[3, 1, 2\]: x is"):
        apply("conv_transpose", x, variable("w", (3, 1, 2)))
    with pytest.raises(AttributeValueError, match="conv_transpose along 1 spatial axes takes as many strides"):
        apply("conv_transpose", x, variable("w", (4, 1, 2)), stride=(1, 1))
    with pytest.raises(AttributeValueError, match="conv_transpose in 0 groups: there is at least 1"):
        apply("conv_transpose", x, variable("w", (4, 1, 2)), groups=0)


# Filters.


def test_steps_of_the_kalman_filter_give_the_likelihood_of_all_measurements_together() -> None:
    f, h = np.array([[1.0, 0.5], [-0.2, 0.9]]), np.array([[1.0, 0.3], [0.0, 1.0], [0.5, -1.0]])
    q, r = 0.1 * np.eye(2), np.diag([0.2, 0.3, 0.4])
    z, mean, covariance = numbers((2, 3), "z"), numbers((2,), "mean"), np.array([[1.0, 0.2], [0.2, 0.5]])
    total = 0.0
    m, p = mean, covariance
    for measurement in z:
        xs, inputs = variables(m, p, f, q, h, r, measurement)
        m, p, score = run(dict(zip("mps", apply("kalman_step", *xs), strict=True)), inputs).values()
        total += float(score)
        assert p == pytest.approx(p.T, rel=1e-12)
    prior = [f @ mean, f @ f @ mean]
    once = f @ covariance @ f.T + q
    twice = f @ once @ f.T + q
    joint = np.block([[h @ once @ h.T + r, h @ once @ f.T @ h.T], [h @ f @ once @ h.T, h @ twice @ h.T + r]])
    exact = stats.multivariate_normal.logpdf(z.ravel(), np.concatenate([h @ x for x in prior]), joint)
    assert total == pytest.approx(exact, rel=1e-13)


def test_a_step_of_the_kalman_filter_has_three_results_in_a_graph() -> None:
    names = ("m", "p", "f", "q", "h", "r", "z")
    shapes = ((2,), (2, 2), (2, 2), (2, 2), (1, 2), (1, 1), (1,))
    graph = Graph(
        (Block("step", "kalman_step", names),),
        {"mean": "step", "covariance": "step:1", "score": "step:2"},
        tuple(Variable(name, shape) for name, shape in zip(names, shapes, strict=True)),
    )
    identity = np.eye(2)
    point = (np.zeros(2), identity, identity, identity, np.array([[1.0, 0.0]]), np.array([[1.0]]), np.array([1.5]))
    inputs = dict(zip(names, point, strict=True))
    found = Engine("numpy").evaluate(graph, inputs)
    assert found["mean"] == pytest.approx([1, 0])
    assert found["covariance"] == pytest.approx(np.diag([2 / 3, 2]))
    assert float(found["score"]) == pytest.approx(float(stats.norm.logpdf(1.5, 0, math.sqrt(3))))
    slope = Engine("numpy").gradient(graph, inputs, of="score", wrt=["z"])
    assert slope.gradients["z"] == pytest.approx([-0.5])


@pytest.mark.parametrize("name", ["layer_norm", "attention", "huber", "max_pool", "conv_transpose"])
def test_single_precision_stays(name: str) -> None:
    shape = (1, 2, 2)
    count = len(Op.registry[name].signature().inputs)
    xs = [variable(f"x{i}", shape, FLOAT32) for i in range(count)]
    if name == "attention":
        xs[3] = variable("mask", (), BOOL)
    attributes = {"window": (2,)} if name == "max_pool" else {}
    if name == "conv_transpose":
        xs[1] = variable("w", (2, 1, 1), FLOAT32)
    assert apply(name, *xs, **attributes).element_type is FLOAT32


# Directions.


def test_on_a_parabola_as_many_pairs_as_dimensions_give_newtons_direction() -> None:
    hessian = np.diag([1.0, 4.0, 9.0])
    steps, gradient = np.eye(3), np.array([1.0, -2.0, 3.0])
    found = value(op("lbfgs_direction"), gradient, steps, steps @ hessian)
    assert found == pytest.approx(-np.linalg.solve(hessian, gradient), rel=1e-15)


def test_steps_that_there_have_not_been_leave_no_trace() -> None:
    gradient, steps, changes = np.array([1.0, -2.0]), np.array([[0, 0], [1.0, 0.5]]), np.array([[0, 0], [2.0, 0.5]])
    whole = pulled(op("lbfgs_direction"), gradient, steps, changes)
    part = pulled(op("lbfgs_direction"), gradient, steps[1:], changes[1:])
    assert [bar[-1].tolist() for bar in whole] == [bar[-1].tolist() for bar in part]
    assert whole[1][0].tolist() == whole[2][0].tolist() == [0, 0]
    assert value(op("lbfgs_direction"), gradient, steps[:1], changes[:1]).tolist() == [-1, 2]


def test_steps_and_changes_are_as_long_as_the_gradient() -> None:
    with pytest.raises(ShapeError, match=r"lbfgs_direction of gradient \[2\] with steps \[1, 3\]"):
        apply("lbfgs_direction", variable("g", (2,)), variable("s", (1, 3)), variable("y", (1, 3)))
    with pytest.raises(ShapeError, match=r"with steps \[1, 2\] and changes \[2, 2\]"):
        apply("lbfgs_direction", variable("g", (2,)), variable("s", (1, 2)), variable("y", (2, 2)))
