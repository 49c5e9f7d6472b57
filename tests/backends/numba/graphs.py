"""Graphs that several tests run, and how they run them."""

from __future__ import annotations

import numpy as np

from gradwire_backends.numba import NumbaBackend
from gradwire_backends.testing import assert_close
from gradwire_service.backend import Executable, RunInfo, Tensors, Tier
from gradwire_service.graph import Array, ElementType
from gradwire_service.interpreter import interpret
from gradwire_service.ops import FlatGraph, Value, variable
from gradwire_service.ops.functions import log, mean, sigmoid, tanh
from gradwire_service.transform import gradient, simplify

SECONDS = 100.0
"""How long to wait for a compiler, which starts anew in some tests, on a machine with other work."""


def logistic_regression(rows: int, columns: int, names: str = "xyw") -> FlatGraph:
    """Return the loss and its gradient with respect to the weights and the scores."""
    x, y, w = (variable(name, shape) for name, shape in zip(names, ((rows, columns), (rows,), (columns,)), strict=True))
    u = x @ w
    p = sigmoid(u)
    loss = mean(-(y * log(p) + (1 - y) * log(1 - p)))
    w_bar, u_bar = gradient(loss, [w, u])
    return simplify(FlatGraph.of({"loss": loss, "w_bar": w_bar, "u_bar": u_bar}, [x, y, w]))


def logistic_point(rows: int, columns: int) -> dict[str, Array]:
    draw = np.random.default_rng(0)
    return {
        "x": draw.normal(size=(rows, columns)),
        "y": (draw.random(rows) > 0.5).astype(np.float64),
        "w": draw.normal(size=columns),
    }


def chain(length: int, shape: tuple[int, ...] = (3,)) -> FlatGraph:
    """Return a graph of a structure that depends on the length."""
    x = variable("x", shape)
    y: Value = x
    for _ in range(length):
        y = tanh(y) + x
    return FlatGraph.of({"y": y})


def compiled(backend: NumbaBackend, graph: FlatGraph) -> Executable:
    """Prepare a graph and wait for its code."""
    executable = backend.prepare(graph)
    assert backend.wait(executable, SECONDS), backend.report()
    return executable


def run_compiled(executable: Executable, inputs: Tensors) -> Tensors:
    """Run, and see that compiled code answered."""
    info = RunInfo()
    results = executable(inputs, info=info)
    assert info.tier is Tier.COMPILED
    return results


def assert_same_as_numpy(backend: NumbaBackend, graph: FlatGraph, inputs: Tensors, tolerance: float = 1e-12) -> None:
    """Run a graph by compiled code and by NumPy."""
    found = run_compiled(compiled(backend, graph), inputs)
    expected = interpret(graph)(inputs)
    assert set(found) == set(expected)
    for name, array in expected.items():
        assert found[name].dtype == array.dtype
        assert found[name].shape == array.shape
        kind = ElementType.of(array.dtype)
        assert_close(name, found[name], array, tolerance if kind.is_floating else 0.0)
