"""Every op at every point of the table of samples, by compiled code: value and gradient."""

from __future__ import annotations

import numpy as np
import pytest

from gradwire_backends.numba import NumbaBackend
from gradwire_backends.numba.kinds import Kind, kind_of, runs_in_kernels
from gradwire_backends.numba.legalize import legalize
from gradwire_backends.testing import PROMISES, SAMPLES, Promise, Sample, assert_close
from gradwire_service.backend import Executable, RunInfo, Tier
from gradwire_service.graph import FLOAT64, Array, ElementType
from gradwire_service.interpreter import interpret
from gradwire_service.ops import Composite, FlatGraph, Op, Value, apply, constant, variable
from gradwire_service.ops.functions import sum as sum_
from gradwire_service.transform import gradient, simplify
from tests.backends.numba.graphs import SECONDS

TOGETHER = 20
"""Samples of one op that are compiled as one graph, since each compilation has a price of its own."""

SLOPES = 4
"""Of them, those whose gradients are compiled too; gradients are made of the same ops."""

COMPOSITES = 1
"""Samples of a composite that are compiled, the first ones; what it is made of is tried by itself."""

BY_NUMPY = {"argsort", "searchsorted", "sort", "top_k", "result"}
# Of arrays without elements.
BY_NUMPY |= {"dynamic_slice", "gather_nd", "take"}
BY_NUMPY |= {"conv", "reduce_window_max", "reduce_window_sum", "window_argmax"}
BY_NUMPY |= {"gammainc_by_shape", "betainc_by_shapes"}
BY_NUMPY |= {"pinv"}
BY_NUMPY |= {"cofactors", "cofactors_moved", "expm"}
"""Ops that are left to NumPy for some element types, shapes or attributes, if not for all."""


def batches() -> list[list[Sample]]:
    ops = sorted({sample.op for sample in SAMPLES})
    by_op = [[sample for sample in SAMPLES if sample.op == op] for op in ops]
    by_op = [of[:COMPOSITES] if issubclass(Op.registry[of[0].op], Composite) else of for of in by_op]
    return [samples[i : i + TOGETHER] for samples in by_op for i in range(0, len(samples), TOGETHER)]


def graph_of(samples: list[Sample]) -> tuple[FlatGraph, dict[str, Array]]:
    """Return values and gradients of samples, named by their numbers, and what the graph is fed."""
    outputs: dict[str, Value] = {}
    inputs: dict[str, Array] = {}
    for number, sample in enumerate(samples):
        fed = {f"{number} x{i}": np.array(x, order="C") for i, x in enumerate(sample.inputs)}
        xs = [variable(name, x.shape, ElementType.of(x.dtype)) for name, x in fed.items()]
        results = apply(sample.op, *xs, **sample.attributes)
        y = results[sample.result] if isinstance(results, tuple) else results
        inputs |= fed
        outputs[f"{number} y"] = y
        wrt = [x for x in xs if x.element_type is FLOAT64]
        if y.element_type is FLOAT64 and wrt and number < SLOPES:
            weights = constant(np.linspace(0.5, 1.5, y.type.size).reshape(y.shape), y.element_type)
            slopes = gradient(sum_(y * weights, axis=None), wrt)
            outputs |= {f"{x.name} slope": slope for x, slope in zip(wrt, slopes, strict=True)}
    return simplify(FlatGraph.of(outputs)), inputs


@pytest.fixture(scope="module")
def submitted(backend: NumbaBackend) -> list[Executable]:
    """Have all compiled beside each other, before one is waited for."""
    return [backend.prepare(graph_of(samples)[0]) for samples in batches()]


@pytest.mark.usefixtures("submitted")
@pytest.mark.parametrize("samples", batches(), ids=lambda samples: samples[0].op)
def test_compiled_code_gives_what_numpy_gives(samples: list[Sample], backend: NumbaBackend) -> None:
    graph, inputs = graph_of(samples)
    executable = backend.prepare(graph)
    backend.wait(executable, SECONDS)
    assert backend.report()["failed"] == {}
    found = executable(inputs)
    for name, array in interpret(graph)(inputs).items():
        tolerance = {"float64": 1e-11, "float32": 1e-5}.get(array.dtype.name, 0.0)
        try:
            assert found[name].dtype == array.dtype
            assert_close(name, found[name], array, tolerance)
        except AssertionError as fault:
            fault.add_note(str(samples[int(name.partition(" ")[0])]))
            raise


def test_only_some_ops_are_left_to_numpy() -> None:
    left = set()
    for samples in batches():
        graph = legalize(graph_of(samples)[0], runs_in_kernels)
        left |= {value.op.name for value in graph.blocks if kind_of(value) is Kind.HOST}
    assert left == BY_NUMPY


class Compiled:
    """The backend, for whom compiled code alone counts."""

    name, summary = "numba", "Waits for its code."

    def __init__(self, backend: NumbaBackend) -> None:
        self.backend = backend

    def prepare(self, graph: FlatGraph) -> Executable:
        """Prepare, and wait."""
        executable = self.backend.prepare(graph)
        assert self.backend.wait(executable, SECONDS)
        return executable


@pytest.mark.parametrize("promise", PROMISES)
def test_compiled_code_keeps_the_promises_of_a_backend(promise: Promise, backend: NumbaBackend) -> None:
    promise(Compiled(backend))


def test_compiled_code_says_that_it_answered(backend: NumbaBackend) -> None:
    (samples,) = [batch for batch in batches() if batch[0].op == "tanh"]
    graph, inputs = graph_of(samples)
    info = RunInfo()
    Compiled(backend).prepare(graph)(inputs, info=info)
    assert info.tier is Tier.COMPILED
