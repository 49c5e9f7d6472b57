"""Indices and changes by index mean what they mean in NumPy, and have the derivatives that follow."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import gradwire as gw
from gradwire_service import Engine

X = np.random.default_rng(2).normal(size=(3, 4, 2, 3))
SIZES = X.shape


@cache
def engine() -> Engine:
    return Engine("numpy")


def run(value: gw.Value, **inputs: Any) -> Any:
    graph = gw.Graph({"y": value})
    return engine().evaluate(str(graph), {name: inputs[name] for name in graph.variables})["y"]


SHAPES = [(), (2,), (3,), (2, 3), (2, 1), (0,)]


@st.composite
def indices(draw: st.DrawFn) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """An index of X; integers that are data appear as names, with what to feed."""
    shape = draw(st.sampled_from(SHAPES))
    data: dict[str, Any] = {}

    def part(axis: int) -> Any:
        size = SIZES[axis]
        place = st.integers(-size, size - 1)
        match draw(st.sampled_from(["slice", "slice", "integer", "array", "data"])):
            case "slice":
                end = st.none() | st.integers(-size - 1, size + 1)
                return slice(draw(end), draw(end), draw(st.sampled_from([None, 1, 2, -1, -2])))
            case "integer":
                return draw(place)
            case kind:
                this = draw(st.sampled_from([shape, shape[1:], (1, *shape[1:])]))
                count = math.prod(this)
                array = np.array(draw(st.lists(place, min_size=count, max_size=count)), np.int64).reshape(this)
                if kind == "array":
                    return array
                data[f"i{axis}"] = array
                return f"i{axis}"

    front = draw(st.integers(0, len(SIZES)))
    behind = draw(st.integers(0, len(SIZES) - front))
    parts = [part(axis) for axis in range(front)]
    if behind or draw(st.booleans()):
        parts += [Ellipsis, *(part(axis) for axis in range(len(SIZES) - behind, len(SIZES)))]
    for _ in range(draw(st.integers(0, 2))):
        parts.insert(draw(st.integers(0, len(parts))), None)
    return tuple(parts), data


def forms(parts: tuple[Any, ...], data: dict[str, Any]) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """The index for NumPy, and for a value."""
    plain = tuple(data[part] if isinstance(part, str) else part for part in parts)
    traced = tuple(gw.variable(p, data[p].shape, "int64") if isinstance(p, str) else p for p in parts)
    return plain, traced


QUICK = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@given(indices())
@QUICK
def test_any_index_selects_what_it_selects_in_numpy(drawn: tuple[Any, dict[str, Any]]) -> None:
    parts, data = drawn
    plain, traced = forms(parts, data)
    expected = np.asarray(X[plain])
    value = gw.variable("x", X.shape)[traced]
    assert value.shape == expected.shape
    np.testing.assert_array_equal(run(value, x=X, **data), expected)


def assigned(x: Any, index: Any, u: Any) -> Any:
    x[index] = u
    return x


def combined(ufunc: Any) -> Callable[[Any, Any, Any], Any]:
    def at(x: Any, index: Any, u: Any) -> Any:
        ufunc.at(x, index, u)
        return x

    return at


CHANGES: dict[str, Callable[[Any, Any, Any], Any]] = {
    "set": assigned,
    "add": combined(np.add),
    "subtract": combined(np.subtract),
    "max": combined(np.maximum),
    "min": combined(np.minimum),
}


@given(indices(), st.sampled_from(sorted(CHANGES)), st.sampled_from(["number", "full", "ones", "last"]))
@QUICK
def test_any_change_is_what_numpy_makes_in_place(drawn: tuple[Any, dict[str, Any]], change: str, form: str) -> None:
    parts, data = drawn
    plain, traced = forms(parts, data)
    shape = np.shape(X[plain])
    shapes = {"number": (), "full": shape, "ones": (1,) * len(shape), "last": shape[-1:]}
    u = np.random.default_rng(1).normal(size=shapes[form])
    value = getattr(gw.variable("x", X.shape).at[traced], change)(gw.variable("u", u.shape))
    assert value.shape == X.shape
    np.testing.assert_allclose(run(value, x=X, u=u, **data), CHANGES[change](X.copy(), plain, u), rtol=1e-14)


def test_what_is_multiplied_must_be_named_once() -> None:
    x = gw.variable("x", (4, 3))
    a = np.arange(12.0).reshape(4, 3)
    for change, expected in (("multiply", a * 2), ("divide", a / 2), ("power", a**2)):
        for index in (slice(1, 3), np.array([3, 0])):
            kept = a.copy()
            kept[index] = expected[index]
            np.testing.assert_allclose(run(getattr(x.at[index], change)(2.0), x=a), kept)
    np.testing.assert_allclose(run(x.at[:, 0].apply(gw.exp), x=a)[:, 0], np.exp(a[:, 0]))
    with pytest.raises(gw.errors.TracingError, match="may be named twice here, so only set, add, max and min"):
        x.at[[0, 0]].multiply(2.0)
    with pytest.raises(gw.errors.TracingError, match="may be named twice"):
        x.at[gw.variable("i", (2,), "int64")].multiply(2.0)


def test_a_mask_chooses_where_one_number_goes() -> None:
    x = gw.variable("x", (3, 2))
    a = np.arange(6.0).reshape(3, 2)
    mask = np.array([True, False, True])
    np.testing.assert_array_equal(run(x.at[x > 2].set(-1.0), x=a), np.where(a > 2, -1, a))
    np.testing.assert_array_equal(run(x.at[mask].add(10), x=a), a + 10 * mask[:, None])
    with pytest.raises(gw.errors.TracingError, match=re.escape("use gw.where(mask, values, x)")):
        x.at[mask].set(np.ones((2, 2)))


def test_dimensions_without_a_size_can_be_indexed_and_changed_as_a_whole() -> None:
    x, i = gw.variable("x", ("batch", 3)), gw.variable("i", ("batch",), "int64")
    a, places = np.arange(6.0).reshape(2, 3), np.array([2, 0])
    np.testing.assert_array_equal(run(x.at[:, 1].set(7.0), x=a), [[0, 7, 2], [3, 7, 5]])
    np.testing.assert_array_equal(run(x.at[:, [0, 0]].add(x[:, :2]), x=a), a + np.array([[1, 0, 0], [7, 0, 0]]))
    np.testing.assert_array_equal(run(x[i % 2, i], x=a, i=places), a[places % 2, places])
    with pytest.raises(gw.errors.TracingError, match="a part of dimension 'batch' can't be changed"):
        x.at[1:].set(0.0)


def test_derivatives_of_changes_are_those_of_what_is_left_and_what_is_put(service: gw.Service) -> None:
    x, u, i = gw.variable("x", 4), gw.variable("u", 3), gw.variable("i", 3, "int64")
    a, b, places = np.array([1.0, 2.0, 3.0, 4.0]), np.array([5.0, 6.0, 7.0]), np.array([1, -1, 1])
    weights = np.array([1.0, 10.0, 100.0, 1000.0])
    expected = {  # the last update wins; those that lose have no derivative
        "set": ([1, 0, 100, 0], [0, 1000, 10]),
        "add": ([1, 10, 100, 1000], [10, 1000, 10]),
        "max": ([1, 0, 100, 0], [0, 1000, 10]),
        "min": ([1, 10, 100, 1000], [0, 0, 0]),
    }
    for change, (by_x, by_u) in expected.items():
        graph = gw.Graph({"s": gw.sum(getattr(x.at[i], change)(u) * weights)})
        found = service.gradient(graph, {"x": a, "u": b, "i": places}).gradients
        np.testing.assert_allclose(found["x"], by_x)
        np.testing.assert_allclose(found["u"], by_u)
    graph = gw.Graph({"s": gw.sum(x.at[::-2].set(u[:2]) * weights)})
    found = service.gradient(graph, {"x": a, "u": b}).gradients
    np.testing.assert_allclose(found["x"], [1, 0, 100, 0])
    np.testing.assert_allclose(found["u"], [1000, 10, 0])


def test_indices_that_are_data_are_checked_when_the_graph_runs(service: gw.Service) -> None:
    x, i = gw.variable("x", (3, 2)), gw.variable("i", (), "int64")
    for value in (x[i, 0], x[i, [0, 1]], x.at[i].set(0.0)):
        with pytest.raises(gw.errors.IndexRangeError, match="index 5 is outside an axis of 3"):
            service.evaluate(gw.Graph({"y": value}), {"x": X[:, :2, 0, 0], "i": np.array(5)})


@pytest.mark.parametrize(
    ("index", "error", "message"),
    [
        (3, IndexError, "index 3 is out of range for axis 0, which has 3 elements"),
        ([0, 3], IndexError, "index 3 is out of range for axis 0, which has 3 elements"),
        ((slice(None), [0], [-5, 0]), IndexError, "index -5 is out of range for axis 2, which has 2 elements"),
        (([0, 1], [0, 1, 2]), gw.errors.ShapeError, "do not broadcast"),
        ((0, 0, 0, 0, 0), IndexError, "5 axes are indexed, there are 4"),
        ((..., ...), IndexError, "at most one ..."),
        ([0.5], gw.errors.TracingError, "indices are integers, not float64"),
        (gw.variable("f", 2), gw.errors.TracingError, "indices are integers, not float64"),
        ("first", gw.errors.TracingError, "can't be indexed by 'first'"),
    ],
)
def test_indices_that_are_wrong_are_told_when_they_are_written(index: Any, error: Any, message: str) -> None:
    x = gw.variable("x", X.shape)
    with pytest.raises(error, match=re.escape(message)):
        x[index]
    with pytest.raises(error, match=re.escape(message)):
        x.at[index].set(0.0)
