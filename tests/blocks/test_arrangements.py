"""Composites that make values of shapes, arrange elements, or join neighbours: masks, knots, refusals, named sizes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from gradwire_service import Engine
from gradwire_service.errors import AttributeValueError, ElementTypeError, IndexRangeError, ShapeError
from gradwire_service.graph import BOOL, FLOAT32, INT64, Block, Graph, Variable
from gradwire_service.ops import Value, apply, constant, variable
from gradwire_service.ops.functions import sum as sum_
from gradwire_service.transform import gradient
from tests.ops.derivatives import Expression, curvatures, numbers, pulled, pushed, run, variables

INF, NAN = math.inf, math.nan


def op(name: str, **attributes: object) -> Expression:
    return lambda *x: apply(name, *x, **attributes)


def value(f: Expression, *points: npt.ArrayLike) -> Any:
    xs, inputs = variables(*points)
    return run({"y": f(*xs)}, inputs)["y"].tolist()


# Values made of shapes.


def test_an_identity_may_have_the_size_of_a_named_dimension() -> None:
    blocks = (
        Block("one", "eye", (), {"shape": ("n",)}),
        Block("k", "matmul", ("x", "xt")),
        Block("xt", "matrix_transpose", ("x",)),
        Block("noisy", "add", ("k", "one")),
    )
    graph = Graph(blocks, {"noisy": "noisy"}, (Variable("x", ("n", 2)),))
    for n in (1, 3):
        x = numbers((n, 2), "x")
        assert Engine("numpy").evaluate(graph, {"x": x})["noisy"] == pytest.approx(x @ x.T + np.eye(n), rel=1e-15)


@pytest.mark.parametrize("shape", [(), (1, 2, 3), (-1,)])
def test_an_identity_has_one_or_two_sizes(shape: tuple[int, ...]) -> None:
    with pytest.raises(AttributeValueError, match="one or two sizes, which are not negative"):
        apply("eye", shape=shape)


def test_an_index_of_no_class_is_a_row_of_zeros() -> None:
    assert value(op("one_hot", classes=2), np.array([0, 2, -1])) == [[1, 0], [0, 0], [0, 0]]
    assert apply("one_hot", variable("k", (3,), INT64), classes=4, element_type=FLOAT32).element_type is FLOAT32
    with pytest.raises(ElementTypeError, match="one_hot takes integers for indices, not float64"):
        apply("one_hot", variable("k", (3,)), classes=4)
    with pytest.raises(AttributeValueError, match="one_hot of -1 classes"):
        apply("one_hot", variable("k", (3,), INT64), classes=-1)


@pytest.mark.parametrize(("name", "gone"), [("tril", (0, 1)), ("triu", (1, 0))])
def test_what_a_triangle_leaves_out_shows_nothing_not_even_nan(name: str, gone: tuple[int, int]) -> None:
    x = np.ones((2, 2))
    x[gone] = -1
    (bar,) = pulled(lambda x: apply(name, apply("sqrt", x)), x)
    expected = np.full((2, 2), 0.5)
    expected[gone] = 0
    assert bar.tolist() == expected.tolist()
    with pytest.raises(ShapeError, match=rf"{name} of shape \[3\]: that is no matrix"):
        apply(name, variable("x", (3,)))


@pytest.mark.parametrize("k", [-3, -1, 0, 2, 3])
def test_two_triangles_make_a_matrix(k: int) -> None:
    x = numbers((2, 3, 4), "x")
    parts = np.array(value(op("tril", k=k), x)) + np.array(value(op("triu", k=k + 1), x))
    assert parts.tolist() == x.tolist()


def test_zeros_and_ones_may_be_of_another_type() -> None:
    x = variable("x", (2,))
    assert apply("zeros_like", x, element_type=INT64).element_type is INT64
    assert value(op("ones_like", element_type=BOOL), [1.0, 2.0]) == [True, True]
    assert pulled(op("ones_like"), [1.0, 2.0])[0].tolist() == [0, 0]


# Arrangements.


@pytest.mark.parametrize(
    ("name", "attributes", "fault"),
    [
        ("roll", {"shift": (1, 2), "axis": (0,)}, r"roll by \[1, 2\] along \(0,\): give one shift for each axis"),
        ("roll", {"shift": (1, 2)}, r"give one shift for each axis"),
        ("tile", {"repetitions": (-1,)}, r"tile by \[-1\]: repetitions are not negative"),
        ("repeat", {"repeats": -1}, "repeat -1 times: the number is not negative"),
        ("diff", {"n": -1}, "diff -1 times: the number is not negative"),
        ("moveaxis", {"source": (0,), "destination": ()}, r"from \[0\] to \[\]: give one destination for each source"),
    ],
)
def test_settings_that_mean_nothing_are_refused(name: str, attributes: dict[str, Any], fault: str) -> None:
    with pytest.raises(AttributeValueError, match=fault):
        apply(name, variable("x", (2, 3)), **attributes)


@pytest.mark.parametrize(
    ("name", "attributes"),
    [
        ("roll", {"shift": (1,), "axis": (2,)}),
        ("repeat", {"repeats": 2, "axis": 2}),
        ("moveaxis", {"source": (2,), "destination": (0,)}),
        ("moveaxis", {"source": (0, 0), "destination": (0, 1)}),
        ("swapaxes", {"axis1": 0, "axis2": -3}),
        ("diff", {"axis": 2}),
        ("trapezoid", {"axis": 2}),
    ],
)
def test_axes_that_are_not_there_are_refused(name: str, attributes: dict[str, Any]) -> None:
    inputs = [variable("x", (2, 3))] + ([variable("dx")] if name == "trapezoid" else [])
    with pytest.raises(ShapeError, match="axis"):
        apply(name, *inputs, **attributes)


def test_what_is_repeated_gathers_the_slopes_of_its_copies() -> None:
    weights = np.arange(6.0)
    (tiled,) = pulled(lambda x: apply("tile", x, repetitions=(3,)) * constant(weights), [1.0, 2.0])
    (repeated,) = pulled(lambda x: apply("repeat", x, repeats=3) * constant(weights), [1.0, 2.0])
    assert (tiled.tolist(), repeated.tolist()) == ([6, 9], [3, 12])


# Neighbours.


def test_the_distance_of_points_may_be_a_number_that_has_a_slope_too() -> None:
    y = np.array([1.0, 2.0, 4.0])
    y_bar, dx_bar = pulled(op("trapezoid"), y, 0.5)
    assert y_bar.tolist() == [0.25, 0.5, 0.25]
    assert float(dx_bar) == 4.5
    assert value(op("cumulative_trapezoid"), y, 0.5) == [0.75, 2.25]


def test_points_that_do_not_fit_the_heights_are_refused() -> None:
    with pytest.raises(ShapeError, match=r"heights \[3, 4\] at points \[3\]: give a point for each height, or one for"):
        apply("trapezoid", variable("y", (3, 4)), variable("x", (3,)))


KNOTS = (np.array([0.0, 1.0, 3.0]), np.array([0.0, 2.0, 1.0]))


@pytest.mark.parametrize(
    ("x", "y", "slope"),
    [
        (-1, 0, 0),
        (0, 0, 2),
        (0.5, 1, 2),
        (1, 2, -0.5),
        (2, 1.5, -0.5),
        (3, 1, -0.5),
        (4, 1, 0),
        (INF, 1, 0),
        (-INF, 0, 0),
    ],
)
def test_a_polygon_has_the_slope_on_the_right_of_a_knot(x: float, y: float, slope: float) -> None:
    def f(x: Value) -> Value:
        return apply("interp", x, *map(constant, KNOTS))

    assert value(f, float(x)) == y
    assert float(pulled(f, float(x))[0]) == slope
    assert float(pushed(f, float(x))[0]) == slope
    assert {float(c) for c in curvatures(f, float(x)).values()} == {0}


def test_a_polygon_has_slopes_by_its_knots() -> None:
    _, by_place, by_height = pulled(op("interp"), 1.5, *KNOTS)
    assert by_place == pytest.approx([0, 0.5 * 0.75, 0.5 * 0.25])
    assert by_height == pytest.approx([0, 0.75, 0.25])
    _, by_place, by_height = pulled(op("interp"), 7.0, *KNOTS)
    assert (by_place.tolist(), by_height.tolist()) == ([0, 0, 0], [0, 0, 1])


def test_a_polygon_is_nan_at_nan_and_has_a_knot() -> None:
    assert math.isnan(value(op("interp"), NAN, *KNOTS))
    assert value(op("interp"), [0.0, 5.0], [1.0], [7.0]) == [7, 7]
    for xp, fp in (((0,), (0,)), ((2,), (3,)), ((2, 2), (2, 2))):
        with pytest.raises(ShapeError, match="both are vectors of one length, of at least one element"):
            apply("interp", variable("x"), variable("xp", xp), variable("fp", fp))


def test_the_sum_of_segments_gives_every_row_the_slope_of_its_segment() -> None:
    xs, inputs = variables(numbers((4, 2), "x"), np.array([1, 0, 1, 1]))
    weights = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    y = sum_(apply("segment_sum", *xs, count=3) * constant(weights))
    (bar,) = run({"bar": gradient(y, xs[:1])[0]}, inputs).values()
    assert bar.tolist() == weights[[1, 0, 1, 1]].tolist()


def test_segments_are_integers_one_for_each_row_and_are_there() -> None:
    x = variable("x", (4, 2))
    with pytest.raises(ElementTypeError, match="segment_sum takes integers for segments, not float64"):
        apply("segment_sum", x, variable("s", (4,)), count=2)
    with pytest.raises(ShapeError, match=r"shape \[4, 2\] with segments \[2\]: there is one for each row"):
        apply("segment_sum", x, variable("s", (2,), INT64), count=2)
    with pytest.raises(AttributeValueError, match="segment_sum into -1 segments"):
        apply("segment_sum", x, variable("s", (4,), INT64), count=-1)
    xs, inputs = variables(np.ones(2), np.array([0, 2]))
    with pytest.raises(IndexRangeError, match="index 2 is outside an axis of 2"):
        run({"y": apply("segment_sum", *xs, count=2)}, inputs)
