"""A loop over chunks gives what all members at once give."""

from __future__ import annotations

import numpy as np
import pytest

from gradwire_service import Engine
from gradwire_service.control import chunks
from gradwire_service.control.chunks import vectorize_in_chunks
from gradwire_service.graph import INT64, Array
from gradwire_service.interpreter import interpret
from gradwire_service.ops import FlatGraph, Value, variable
from gradwire_service.ops.functions import argmax, eigh, matmul, sin, take, tanh
from gradwire_service.ops.functions import sum as sum_
from gradwire_service.transform import jvp, simplify
from gradwire_service.transform.vectorize import vectorize

RNG = np.random.default_rng(4)
W, X = RNG.normal(size=(3, 3)), RNG.normal(size=(5, 3))


def run(outputs: list[Value], inputs: dict[str, Array]) -> list[Array]:
    flat = simplify(FlatGraph.of({str(i): y for i, y in enumerate(outputs)}))
    return list(interpret(flat)({name: inputs[name] for name in flat.variables}).values())


@pytest.mark.parametrize("size", [2, 7, 8])
@pytest.mark.parametrize("chunk_bytes", [1, 1000, 3000])
def test_chunks_of_any_size_give_the_same(size: int, chunk_bytes: int) -> None:
    x, w, dot, more = variable("x", X.shape), variable("w", W.shape), variable("dot", W.shape), variable("more")
    values, vectors = eigh(w + matmul(sin(w), w))
    of = [tanh(matmul(x, w)) * more, values * more, vectors, sum_(sin(x)), w]
    wanted = [*jvp(of, {w: dot}), sin(more) * sum_(x), sum_(x)]
    dots, mores = variable("dots", (size, *W.shape)), variable("mores", (size,))
    inputs = {"x": X, "w": W, "dots": RNG.normal(size=(size, 3, 3)), "mores": RNG.normal(size=size)}
    chunked = vectorize_in_chunks(wanted, {dot: dots, more: mores}, chunk_bytes)
    assert any(y.op.name == "scan" for y in FlatGraph.of({str(i): y for i, y in enumerate(chunked)}).blocks)
    expected = run(vectorize(wanted, {dot: dots, more: mores}), inputs)
    for found, array in zip(run(chunked, inputs), expected, strict=True):
        assert found.shape == array.shape
        np.testing.assert_allclose(found, array, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("size", [3, 40])
def test_an_op_without_a_rule_is_applied_to_each_member(size: int) -> None:
    x, i = variable("x", (4,)), variable("i", (2,), INT64)
    first = argmax(x, axis=0)
    wanted = [first, take(x, i), take(x, first) * x]
    batches = {x: variable("xs", (size, 4)), i: variable("is", (size, 2), INT64)}
    found = vectorize(wanted, batches)
    assert len(FlatGraph.of({str(k): y for k, y in enumerate(found)}).blocks) < 40
    xs, places = RNG.normal(size=(size, 4)), RNG.integers(-4, 4, size=(size, 2))
    greatest, taken, scaled = run(found, {"xs": xs, "is": places})
    np.testing.assert_array_equal(greatest, np.argmax(xs, axis=1))
    np.testing.assert_array_equal(taken, np.take_along_axis(xs, places % 4, axis=1))
    np.testing.assert_array_equal(scaled, xs.max(axis=1, keepdims=True) * xs)


@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_matrices_are_swept_in_chunks(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    graph = """
graph model
variable x: float64[5, 3]
variable w: float64[3, 3]
u = matmul(x, w)
y = tanh(u)
loss = sum(y)
output y = y
output loss = loss
"""
    point = {"x": X, "w": W}

    def matrices() -> list[Array]:
        engine = Engine(backend)
        first = engine.jacobian(graph, point, of="y").matrices
        second = engine.hessian(graph, point, of="loss").matrices
        return [np.asarray(matrix) for matrix in (*first.values(), *second.values())]

    expected = matrices()
    monkeypatch.setattr(chunks, "CHUNK_BYTES", 400)
    for found, array in zip(matrices(), expected, strict=True):
        np.testing.assert_allclose(found, array, rtol=1e-12, atol=1e-14)
