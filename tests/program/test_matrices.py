"""Jacobians, Hessians and batched directions as queries of the engine, on every backend."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from gradwire_service import Engine
from gradwire_service.description import DerivativeMode
from gradwire_service.errors import (
    InvalidRequestError,
    LimitExceededError,
    NotScalarError,
    ShapeError,
    UnknownValueError,
    UnsupportedByBackendError,
)
from gradwire_service.graph import TensorType
from gradwire_service.library import Choice
from gradwire_service.limits import Limits
from gradwire_service.query import (
    CoordinateMatrix,
    GradientQuery,
    HessianQuery,
    HessianResult,
    JacobianQuery,
    JacobianResult,
    JvpQuery,
    Query,
    ValueQuery,
)

GRAPH = """
graph model
variable x: float64[n, 2]
variable w: float64[2, 3]
variable i: int64[n]
u = matmul(x, w)
y = tanh(u)
loss = sum(y)
output y = y
output loss = loss
output i = i
"""
X, W = np.array([[0.1, 0.2], [0.3, -0.4], [0.5, 0.6], [0.0, -0.8]]), np.array([[0.5, -1.0, 2.0], [0.2, 0.1, 0.3]])
POINT = {"x": X, "w": W, "i": np.arange(4)}
Y = np.tanh(X @ W)
Y_BY_X = np.einsum("ik,ij,lk->ikjl", 1 - Y**2, np.eye(4), W)
Y_BY_W = np.einsum("ik,il,jk->iklj", 1 - Y**2, X, np.eye(3))
LOSS_BY_W = Y_BY_W.sum((0, 1))
LOSS_BY_W_AND_W = np.einsum("ik,il,im,kj->lkmj", -2 * Y * (1 - Y**2), X, X, np.eye(3))
EXACT = ["numpy", "numba"]


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine("numpy")


@pytest.mark.parametrize("backend", [*EXACT, "complex_step", "finite_difference"])
def test_matrices_of_any_shape_on_every_backend(engine: Engine, backend: str) -> None:
    close = partial(np.testing.assert_allclose, rtol=1e-12, atol=1e-12)
    if backend == "finite_difference":
        close = partial(np.testing.assert_allclose, rtol=1e-6, atol=1e-6)
    found = engine.jacobian(GRAPH, POINT, of=["y", "loss"], wrt=["x", "w"], backend=backend)
    assert list(found.matrices) == [("y", "x"), ("y", "w"), ("loss", "x"), ("loss", "w")]
    close(found.matrices["y", "x"], Y_BY_X)
    close(found.matrices["y", "w"], Y_BY_W)
    close(found.matrices["loss", "x"], Y_BY_X.sum((0, 1)))
    close(found.matrices["loss", "w"], LOSS_BY_W)
    close(found.values["y"], Y)
    second = engine.hessian(GRAPH, POINT, of="loss", wrt="w", backend=backend)
    close(second.matrices["w", "w"], LOSS_BY_W_AND_W)
    close(second.gradients["w"], LOSS_BY_W)
    close(second.value, Y.sum())
    assert second.sweeps == 2  # w[:, k] has to do with itself alone


@pytest.mark.parametrize("backend", EXACT)
def test_compiled_code_gives_the_same(backend: str) -> None:
    engine = Engine(backend)
    queries: list[Query] = [
        JacobianQuery(("y",)),
        HessianQuery("loss", (), False),
        JvpQuery(("y",), ("w",), 2),
        ValueQuery(("y",)),
    ]
    directions = [{}, {}, {"w": np.stack([W, np.ones_like(W)])}, {}]
    choice = Choice(backend, wait_for_compiled=True)
    (first, second, moved, _), _ = engine.evaluate_queries(GRAPH, POINT, queries, directions, choice)
    assert isinstance(first, JacobianResult)
    assert isinstance(second, HessianResult)
    np.testing.assert_allclose(np.asarray(first.matrices["y", "w"]), Y_BY_W, rtol=1e-12, atol=1e-15)
    entries = second.matrices["w", "w"]
    assert isinstance(entries, CoordinateMatrix)
    assert entries.shape == (6, 6)
    expected = LOSS_BY_W_AND_W.reshape(6, 6)
    np.testing.assert_allclose(entries.values, expected[entries.rows, entries.columns], rtol=1e-12)
    assert len(entries.values) == np.count_nonzero(expected)
    expected = np.stack([(1 - Y**2) * (X @ W), (1 - Y**2) * X.sum(1, keepdims=True)])
    np.testing.assert_allclose(moved.tangents["y"], expected, rtol=1e-12)  # type: ignore[union-attr]


def test_defaults_are_all_floating_outputs_and_variables(engine: Engine) -> None:
    found = engine.jacobian(GRAPH, POINT)
    assert set(found.matrices) == {(row, column) for row in ("y", "loss") for column in ("x", "w")}
    only = GRAPH.replace("output y = y\n", "").replace("output i = i\n", "")
    assert set(engine.hessian(only, POINT).matrices) == {(row, column) for row in "xw" for column in "xw"}


def test_many_directions_are_one_product_each(engine: Engine) -> None:
    dots = {"x": np.random.default_rng(1).normal(size=(5, 4, 2)), "w": np.random.default_rng(2).normal(size=(5, 2, 3))}
    pushed = engine.jvp(GRAPH, POINT, dots, of=["y", "loss"], batched=True)
    assert pushed.values["y"].shape == (4, 3)
    bars = {"y": np.random.default_rng(3).normal(size=(5, 4, 3)), "loss": np.arange(5.0)}
    pulled = engine.vjp(GRAPH, POINT, bars, batched=True)
    for k in range(5):
        single = engine.jvp(GRAPH, POINT, {name: x[k] for name, x in dots.items()}, of=["y", "loss"])
        for name in ("y", "loss"):
            np.testing.assert_allclose(pushed.tangents[name][k], single.tangents[name], rtol=1e-12)
        back = engine.vjp(GRAPH, POINT, {name: x[k] for name, x in bars.items()})
        for name in ("x", "w"):
            np.testing.assert_allclose(pulled.cotangents[name][k], back.cotangents[name], rtol=1e-12)
    nothing = engine.jvp(GRAPH, POINT, {"w": np.zeros((0, 2, 3))}, of=["y"], batched=True)
    assert nothing.tangents["y"].shape == (0, 4, 3)


def test_the_matrix_shares_the_forward_pass_with_other_queries(engine: Engine) -> None:
    types = {name: TensorType.of(x) for name, x in POINT.items()}
    alone = engine.program(GRAPH, types, [JacobianQuery(("y",), ("w",))])
    both = engine.program(GRAPH, types, [JacobianQuery(("y",), ("w",)), ValueQuery(("u", "y"))])
    assert both.blocks == alone.blocks


def test_a_value_may_be_named_by_its_output(engine: Engine) -> None:
    renamed = GRAPH.replace("output y = y", "output result = y")
    found = engine.jacobian(renamed, POINT, of="result", wrt="u")
    expected = np.einsum("ik,ij,kl->ikjl", 1 - Y**2, np.eye(4), np.eye(3))
    np.testing.assert_allclose(np.asarray(found.matrices["result", "u"]), expected)
    assert found.sweeps == 1


def test_what_is_wrong_with_a_query_is_told(engine: Engine) -> None:
    with pytest.raises(NotScalarError, match="'y'"):
        engine.hessian(GRAPH, POINT, of="y")
    with pytest.raises(InvalidRequestError, match="several outputs"):
        engine.hessian(GRAPH, POINT)
    with pytest.raises(UnknownValueError, match="'nobody'"):
        engine.jacobian(GRAPH, POINT, wrt="nobody")
    with pytest.raises(InvalidRequestError, match="'w' is to be a batch"):
        engine.jvp(GRAPH, POINT, {"w": 1.0}, batched=True)
    with pytest.raises(InvalidRequestError, match="no tangents"):
        engine.jvp(GRAPH, POINT, {}, batched=True)
    with pytest.raises(ShapeError, match=r"'x' must be float64\[2, 4, 2\]"):
        engine.jvp(GRAPH, POINT, {"w": np.ones((2, 2, 3)), "x": np.ones((3, 4, 2))}, batched=True)
    small = Engine("numpy", Limits(derivatives=71))
    with pytest.raises(LimitExceededError, match="12 × 6 elements"):
        small.jacobian(GRAPH, POINT, of="y", wrt="w")
    assert small.jacobian(GRAPH, POINT, of="y", wrt="w", sparse=True).sweeps == 2
    with pytest.raises(LimitExceededError, match="4 matrices"):
        Engine("numpy", Limits(matrices=3)).jacobian(GRAPH, POINT)


@pytest.mark.parametrize("backend", ["complex_step", "finite_difference"])
def test_backends_of_their_own_refuse_what_they_can_not_do(engine: Engine, backend: str) -> None:
    with pytest.raises(UnsupportedByBackendError, match="inner value 'u'"):
        engine.jacobian(GRAPH, POINT, of="y", wrt="u", backend=backend)
    with pytest.raises(UnsupportedByBackendError, match="one direction at a time"):
        engine.jvp(GRAPH, POINT, {"w": np.ones((2, 2, 3))}, batched=True, backend=backend)


def test_a_vector_on_an_inner_value_moves_it_alone(engine: Engine) -> None:
    graph = """
graph model
variable x: float64[3]
u = exp(x)
v = square(u)
w = multiply(v, x)
loss = sum(w)
output loss = loss
"""
    x = np.array([0.5, 1.0, 1.5])
    full = engine.hessian(graph, {"x": x}, wrt=["x", "u"])
    vectors = {"x": np.array([1.0, -2.0, 0.5]), "u": np.array([0.3, 0.1, -1.0])}
    products = engine.hvp(graph, {"x": x}, vectors).products
    written = engine.differentiate(graph, ("loss",), ("x", "u"), DerivativeMode.HESSIAN_VECTOR_PRODUCT)
    again = engine.evaluate(written.graph, {"x": x, **{seed: vectors[name] for name, seed in written.seeds.items()}})
    e = np.exp(x)
    np.testing.assert_allclose(np.asarray(full.matrices["x", "u"]), np.diag(2 * e * x + 2 * e))
    for row in vectors:
        expected = sum(np.asarray(full.matrices[row, column]) @ vectors[column] for column in vectors)
        np.testing.assert_allclose(products[row], expected)
        np.testing.assert_allclose(again[written.derivatives[row]], expected)


def test_gradients_in_one_program_with_a_hessian_agree(engine: Engine) -> None:
    queries: list[Query] = [GradientQuery("loss", ("w",)), HessianQuery("loss", ("w",))]
    (first, second), _ = engine.evaluate_queries(GRAPH, POINT, queries)
    assert first.gradients["w"].tolist() == second.gradients["w"].tolist()  # type: ignore[union-attr]
