"""NumPy code, traced and run by the service in this process, must give what NumPy gives."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest
import scipy.special

import gradwire as gw
from gradwire_service import Engine
from tests.client.samples import rosenbrock

RNG = np.random.default_rng(3)
X = RNG.uniform(0.2, 0.9, size=4)
Y = RNG.uniform(0.2, 0.9, size=4)
A = RNG.normal(size=(3, 4))
B = RNG.normal(size=(4, 2))
C = RNG.normal(size=(2, 3, 4))


@cache
def engine() -> Engine:
    return Engine("numpy")


def run(function: Callable[..., Any], **inputs: Any) -> Any:
    """Trace a function, let the service run the graph, and return its outputs: one alone, or a dict of them."""
    graph, feeds = gw.function(function).trace(inputs)
    found = engine().evaluate(str(graph), feeds)
    return found["result"] if set(found) == {"result"} else dict(found)


def check(function: Callable[..., Any], *arrays: Any) -> None:
    inputs = dict(zip(("x", "y"), arrays, strict=False))
    by_position: dict[str, Callable[..., Any]] = {"x": lambda x: function(x), "y": lambda x, y: function(x, y)}
    expected = np.asarray(function(*arrays))
    found = run(by_position[list(inputs)[-1]], **inputs)
    assert found.shape == expected.shape
    assert found.dtype == expected.dtype
    np.testing.assert_allclose(found, expected, rtol=1e-13, atol=1e-15)


ONE = """
    abs absolute arccos arcsin arctan cos cosh degrees deg2rad exp exp2 expm1 fabs log log10 log1p log2 negative
    positive rad2deg radians reciprocal sign sin sinh sqrt square tan tanh conj max min amax amin sum mean prod
    std var argmax cumsum ravel transpose flip squeeze diff copy real ones_like zeros_like atleast_1d atleast_2d
    average trapezoid cumulative_sum acos asin atan permute_dims
""".split()
TWO = """
    add subtract multiply divide true_divide power float_power pow maximum minimum arctan2 atan2 dot inner outer
    vdot vecdot equal not_equal less less_equal greater greater_equal append matmul
""".split()


@pytest.mark.parametrize("name", ONE)
def test_numpy_functions_of_one_array(name: str) -> None:
    check(getattr(np, name), X)


@pytest.mark.parametrize("name", TWO)
def test_numpy_functions_of_two_arrays(name: str) -> None:
    check(getattr(np, name), X, Y)


@pytest.mark.parametrize(
    ("function", "arrays"),
    [
        (lambda a: np.sum(a, axis=0, keepdims=True), [A]),
        (lambda a: np.max(a, axis=(0, 1)), [A]),
        (lambda a: np.argmax(a, axis=1), [A]),
        (lambda a: np.mean(a, 1), [A]),
        (lambda a: np.var(a, axis=0, ddof=1), [A]),
        (lambda a: np.std(a, axis=0, correction=1, keepdims=True), [A]),
        (lambda a: np.add.reduce(a), [A]),
        (lambda a: np.multiply.reduce(a, axis=1), [A]),
        (lambda a: np.maximum.reduce(a), [A]),
        (lambda a: np.logaddexp.reduce(a, axis=1), [A]),
        (lambda a: np.add.accumulate(a, axis=1), [A]),
        (lambda a: np.cumsum(a, axis=0), [A]),
        (lambda a: np.clip(a, -0.5, 0.5), [A]),
        (lambda a: np.clip(a, a_min=None, a_max=0.1), [A]),
        (lambda a: np.clip(a, np.zeros(4), np.ones(4)), [A]),
        (lambda a: np.where(a > 0, a, 0.5), [A]),
        (lambda a: np.where(np.logical_and(a > 0, ~(a > 1)), 1.0, a), [A]),
        (lambda a: np.select([a > 1, a > 0], [a, 2 * a], -1.0), [A]),
        (lambda a, b: np.concatenate([a, b.T]), [A, B]),
        (lambda a: np.concatenate((a, np.ones((3, 1))), axis=1), [A]),
        (lambda x, y: np.stack([x, y], axis=-1), [X, Y]),
        (lambda x, y: np.vstack([x, y]), [X, Y]),
        (lambda x, y: np.hstack([x, y]), [X, Y]),
        (lambda a: np.hstack([a, a]), [A]),
        (lambda x, y: np.column_stack([x, y]), [X, Y]),
        (lambda a: np.split(a, 2, axis=1)[1], [A]),
        (lambda a: np.split(a, [1, 3], axis=1)[1], [A]),
        (lambda a: np.reshape(a, (2, -1)), [A]),
        (lambda a: np.expand_dims(a, (0, -1)), [A]),
        (lambda a: np.squeeze(a[:, :1], axis=1), [A]),
        (lambda c: np.transpose(c, (2, 0, 1)), [C]),
        (lambda c: np.swapaxes(c, 0, -1), [C]),
        (lambda c: np.moveaxis(c, 0, -1), [C]),
        (lambda c: np.moveaxis(c, (0, 1), (-1, 0)), [C]),
        (lambda x: np.broadcast_to(x, (3, 4)), [X]),
        (lambda a: np.flip(a, axis=1), [A]),
        (lambda a: np.roll(a, 1, axis=1), [A]),
        (lambda a: np.roll(a, -3), [A]),
        (lambda a: np.diff(a, n=2, axis=0), [A]),
        (lambda a: np.take(a, [0, 2], axis=0), [A]),
        (lambda a: np.take(a, 3), [A]),
        (lambda a, b: np.dot(a, b), [A, B]),
        (lambda c, b: np.dot(c, b), [C, B]),
        (lambda a, c: np.dot(a, np.transpose(c, (0, 2, 1))), [A, C]),
        (lambda x: np.dot(x, 2.0), [X]),
        (lambda a: np.inner(a, a), [A]),
        (lambda a, b: a @ b, [A, B]),
        (lambda c, a: np.tensordot(c, a), [C, A]),
        (lambda c, a: np.tensordot(c, a, axes=([1], [0])), [C, A]),
        (lambda a: np.einsum("ij,kj->ik", a, a), [A]),
        (lambda a: np.trace(a[:, :3]), [A]),
        (lambda c: np.trace(c[:, :2]), [C]),
        (lambda c: np.linalg.trace(c[:, :, :3]), [C]),
        (lambda a: np.linalg.norm(a), [A]),
        (lambda a: np.linalg.norm(a, "fro"), [A]),
        (lambda x: np.linalg.norm(x, ord=1), [X]),
        (lambda x: np.linalg.norm(x, np.inf), [X]),
        (lambda a: np.linalg.norm(a, axis=1, keepdims=True), [A]),
        (lambda a: np.linalg.vector_norm(a, ord=3), [A]),
        (lambda a: np.linalg.matrix_norm(a), [A]),
        (lambda a, b: np.linalg.multi_dot([a, b, b.T]), [A, B]),
        (lambda a, b: np.linalg.matmul(a, b), [A, B]),
        (lambda x: np.average(x, weights=np.array([1, 2, 3, 4])), [X]),
        (lambda a: np.trapezoid(a, dx=0.5), [A]),
        (lambda x, y: np.trapezoid(y, x), [X, Y]),
        (lambda x: np.polyval([1.0, -2.0, 0.5], x), [X]),
        (lambda x: np.full_like(x, 3.0), [X]),
        (lambda x: np.arange(4) * x, [X]),
        (lambda x: np.array([True, False, True, True]) * x, [X]),
        (lambda x: np.float64(3) * x / np.prod(x.shape), [X]),
        (lambda x: x[::-1] - x[1] + x[[0, 1, 2, 0]], [X]),
        (lambda a: a.T.reshape(2, -1).sum(axis=1, keepdims=True).ravel(), [A]),
        (lambda a: a.mean() + a.max() - a.min(), [A]),
        (lambda a: np.matrix_transpose(a), [A]),
        (lambda x: np.astype(x, np.float32), [X]),
        (lambda x: sum(v * v for v in x) / len(x), [X]),
        (lambda x: np.shape(x)[0] * np.size(x) * np.ndim(x) * x, [X]),
    ],
)
def test_numpy_code(function: Callable[..., Any], arrays: list[Any]) -> None:
    check(function, *arrays)


def test_float32_stays_float32() -> None:
    check(lambda x: np.sum(np.exp(-x) * 2.5 + 1), X.astype(np.float32))


def refused(function: Callable[..., Any], message: str) -> None:
    with pytest.raises(gw.errors.TracingError, match=re.escape(message)):
        gw.function(function).trace({"x": X})


def assign_to_value(x: Any) -> Any:
    x[0] = 1
    return x


def assign_to_array(x: Any) -> Any:
    y = np.zeros(4)
    y[0] = x[0]
    return y


def add_in_place(x: Any) -> Any:
    y = np.zeros(4)
    y += x
    return y


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda x: x if x[0] > 0 else -x, "choose between values with gw.where"),
        (lambda x: 0 < x < 1, "combine conditions with & and |"),
        (lambda x: max(x[0], x[1]), "neither true nor false"),
        (lambda x: math.exp(x[0]), "instead of those of `math`"),
        (lambda x: float(x[0]), "leave float() and int() out"),
        (lambda x: [1, 2, 3][x[0]], "is no number before the graph runs"),
        (lambda x: np.asarray(x), "leave np.asarray out"),
        (lambda x: np.array([x[0], x[1]]), "put values together with gw.stack"),
        (assign_to_value, "take the new value that x.at[index].set(value) returns"),
        (assign_to_array, "x.at[index].set(value) instead of assigning to elements of an array"),
        (add_in_place, "np.add can't be traced with `out`: values never change"),
        (lambda x: np.sum(x, out=np.zeros(())), "np.sum can't be traced with `out`"),
        (lambda x: np.sum(x, where=np.ones(4, bool)), "np.sum can't be traced with where="),
        (lambda x: np.mean(x, dtype=np.float32), "np.mean can't be traced with dtype="),
        (lambda x: np.partition(x, 1), "np.partition can't be traced: no op stands for it"),
        (lambda x: np.spacing(x), "np.spacing can't be traced"),
        (lambda x: np.linalg.eigvals(x), "np.linalg.eigvals can't be traced"),
        (lambda x: np.fft.fft(x), "np.fft.fft can't be traced"),
        (lambda x: np.subtract.reduce(x), "np.subtract.reduce can't be traced"),
        (lambda x: np.add.at(x, 0, 1), "np.add.at can't be traced: values never change; take what x.at[index]"),
        (lambda x: np.nonzero(x), "the shape would depend on the elements"),
        (lambda x: np.unique(x), "the shape would depend on the elements"),
        (lambda x: np.fill_diagonal(x, 0), "take what x.at[index].set(value)"),
        (lambda x: np.allclose(x, 1), "it asks for a number"),
        (lambda x: np.linalg.norm(x.reshape(2, 2), 3), "the norm of a matrix has no ord=3; it takes: fro, nuc"),
        (lambda x: np.linalg.svd(x.reshape(1, 4)), "say full_matrices=False"),
        (lambda x: np.linalg.qr(x.reshape(2, 2), "complete"), "np.linalg.qr can't be traced with mode='complete'"),
        (lambda x: scipy.special.jv(1, x), "scipy.special.jv can't be traced: no op stands for it"),
        (lambda x: np.quantile(x, x[0]), "give numbers"),
        (lambda x: np.where(x > 0), "np.where can't be traced with these arguments"),
        (lambda x: x[x > 0], "use gw.where(mask, a, b)"),
        (lambda x: x[np.array([True, False, True, False])], "use gw.where(mask, a, b)"),
        (lambda x: x["first"], "can't be indexed by 'first'"),
        (lambda x: {}, "returned nothing"),
        (lambda x: None, "returned None"),
    ],
)
def test_what_a_graph_can_t_hold_is_refused_with_the_remedy(function: Callable[..., Any], message: str) -> None:
    refused(function, message)


def test_methods_of_arrays_that_are_not_there_are_refused_by_name() -> None:
    with pytest.raises(AttributeError, match="the partition of arrays can't be traced"):
        gw.function(lambda x: x.partition(1)).trace({"x": X})


def test_rosenbrock_is_itself_for_arrays_and_a_graph_for_the_service() -> None:
    assert rosenbrock(np.ones(5)) == 0.0
    graph, feeds = rosenbrock.trace({"x": X})
    found = engine().gradient(str(graph), feeds)
    assert float(found.value) == pytest.approx(rosenbrock(X), rel=1e-14)
    by_x = np.zeros(4)
    by_x[1:] += 200 * (X[1:] - X[:-1] ** 2)
    by_x[:-1] -= 400 * (X[1:] - X[:-1] ** 2) * X[:-1] + 2 * (1 - X[:-1])
    np.testing.assert_allclose(found.gradients["x"], by_x, rtol=1e-12)


def test_a_function_is_traced_once_for_arguments_of_each_type() -> None:
    calls: list[Any] = []

    @gw.function
    def double(x: Any, times: int = 2) -> Any:
        calls.append(x)
        return x * times

    first, _ = double.trace({"x": X})
    assert double.trace({"x": Y})[0] is first
    assert double.trace({"x": X, "times": 3})[0] is not first
    assert double.trace({"x": X.astype(np.float32)})[0] is not first
    assert double.trace({"x": [1, 2, 3, 4]})[0] is first  # a list of numbers is a float64 array
    assert len(calls) == 3


def test_arguments_may_be_dicts_and_lists_of_arrays() -> None:
    def loss(parameters: Any, x: Any, scale: Any = 1.0) -> Any:
        for layer in parameters["layers"]:
            x = np.tanh(x @ layer["w"] + layer["b"])
        return {"loss": np.sum(x) * scale, "parts": (x, 2 * x)}

    layers = [{"w": np.eye(4), "b": np.zeros(4)}, {"w": np.ones((4, 2)), "b": np.ones(2)}]
    found = run(loss, parameters={"layers": layers}, x=X, scale=0.5)
    expected = np.tanh(np.tanh(X) @ np.ones((4, 2)) + 1)
    np.testing.assert_allclose(found["loss"], expected.sum() / 2)
    np.testing.assert_allclose(found["parts.1"], 2 * expected)


def test_a_traced_function_inside_another_becomes_a_part_of_it() -> None:
    assert run(lambda x: rosenbrock(x) + rosenbrock(x[:2]), x=X) == pytest.approx(rosenbrock(X) + rosenbrock(X[:2]))


def test_missing_and_unknown_arguments_are_told() -> None:
    with pytest.raises(TypeError, match="rosenbrock needs 'x'"):
        rosenbrock.trace({})
    with pytest.raises(TypeError, match="rosenbrock has no parameter 'y'; it has: x"):
        rosenbrock.trace({"x": X, "y": Y})


def test_rows_can_be_left_open() -> None:
    graph, _ = gw.function(lambda x, w: np.mean(x @ w)).trace({"x": A, "w": X}, rows=["x"])
    assert graph.variables["x"].shape == ("batch", 4)
    assert engine().evaluate(str(graph), {"x": np.ones((9, 4)), "w": X})["result"] == pytest.approx(X.sum())
