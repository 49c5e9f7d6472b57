"""An op with several results behaves like several ops that share their work."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, final

import numpy as np
import pytest

from gradwire_backends.complex_step import ComplexStepBackend
from gradwire_backends.numba import NumbaBackend
from gradwire_service.backend import Options
from gradwire_service.graph import INT64, Array, Block, Graph, TensorType, Variable, validate
from gradwire_service.interpreter import interpret
from gradwire_service.ops import FlatGraph, MultiOp, Op, Value, catalog, variable
from gradwire_service.ops.base import Namespace
from gradwire_service.ops.functions import cos, sin
from gradwire_service.ops.functions import sum as sum_
from gradwire_service.transform import expand, gradient, jvp, simplify, vjp
from gradwire_service.transform.name import named


@final
@dataclass(frozen=True)
class Waves(MultiOp):
    """Sine and cosine, and the number of elements."""

    name: ClassVar[str] = "waves"
    results: ClassVar[int] = 3

    def infer(self, x: TensorType) -> tuple[TensorType, ...]:
        return x, x, TensorType((), INT64)

    def evaluate(self, xp: Namespace, x: Array) -> tuple[Array, ...]:
        return xp.sin(x), xp.cos(x), xp.asarray(x.size)

    def vjp(self, y_bar: tuple[Value | None, ...], y: tuple[Value, ...], x: Value) -> tuple[Value | None, ...]:
        s_bar, c_bar, _ = y_bar
        terms = [s_bar * y[1] if s_bar else None, -c_bar * y[0] if c_bar else None]
        first, *more = [term for term in terms if term]
        return (first + more[0] if more else first,)

    def jvp(self, y: tuple[Value, ...], x: Any, x_dot: tuple[Any, ...]) -> tuple[Value | None, ...]:
        return x_dot[0] * y[1], -x_dot[0] * y[0], None


X = np.array([0.3, -1.2, 2.0])


@pytest.fixture
def waves(monkeypatch: pytest.MonkeyPatch) -> type[MultiOp]:
    monkeypatch.setitem(Op.registry, "waves", Waves)
    return Waves


def both(x: Value) -> Value:
    s, c, _ = Waves()(x)
    return s * s * c + 2 * c


def by_hand(x: Value) -> Value:
    return sin(x) * sin(x) * cos(x) + 2 * cos(x)


def test_first_and_second_derivatives_are_those_of_the_single_ops() -> None:
    x, v = variable("x", (3,)), variable("v", (3,))
    found: list[list[Array]] = []
    for f in (both, by_hand):
        slope = gradient(sum_(f(x)), [x])[0]
        outputs = {"value": f(x), "slope": slope, "curvature": jvp([slope], {x: v})[0], "back": vjp({slope: v}, [x])[0]}
        flat = simplify(FlatGraph.of(outputs))
        found.append([*interpret(flat)({"x": X, "v": np.ones(3)}).values()])
    for ours, theirs in zip(*found, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-14)


def test_results_of_one_block_are_computed_once() -> None:
    x = variable("x", (3,))
    flat = simplify(FlatGraph.of({"y": both(x), "slope": gradient(sum_(both(x)), [x])[0]}))
    assert sum(isinstance(value.op, MultiOp) for value in flat.blocks) == 1


def test_compiled_graphs_take_them_from_numpy() -> None:
    x = variable("x", (3,))
    flat = simplify(FlatGraph.of({"y": both(x) * 2, "c": Waves()(x)[1], "slope": gradient(sum_(both(x)), [x])[0]}))
    backend = NumbaBackend(children=1)
    try:
        executable = backend.prepare(flat)
        expected = executable({"x": X})
        assert backend.wait(executable, 60)
        found = executable({"x": X})
    finally:
        backend.close()
    for name, array in expected.items():
        np.testing.assert_allclose(found[name], array, rtol=1e-14)


def test_complex_steps_pass_through_them() -> None:
    x = variable("x", (3,))
    run = ComplexStepBackend().prepare_gradients(FlatGraph.of({"y": sum_(both(x))}), "y", ["x"], Options())
    expected = interpret(FlatGraph.of({"x": gradient(sum_(by_hand(x)), [x])[0]}))({"x": X})
    np.testing.assert_allclose(run({"x": X})["x"], expected["x"], rtol=1e-13)


def test_a_graph_names_them_by_number(waves: type[MultiOp]) -> None:
    blocks = (Block("w", "waves", ("x",)), Block("y", "multiply", ("w", "w:1")))
    graph = Graph(blocks, {"y": "y", "n": "w:2"}, (Variable("x", (3,)),))
    validate(graph, catalog)
    flat = expand(graph, {"x": TensorType((3,))}).flat()
    np.testing.assert_allclose(interpret(flat)({"x": X})["y"], np.sin(X) * np.cos(X))
    written = named(simplify(flat).outputs)
    assert [(block.id, block.inputs) for block in written.blocks] == [("w", ("x",)), ("y", ("w", "w:1"))]
    assert written.outputs == {"y": "y", "n": "w:2"}
