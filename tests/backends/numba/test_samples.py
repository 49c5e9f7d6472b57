"""Every op at every point of the table of samples, by compiled code: value and gradient."""

from __future__ import annotations

import numpy as np
import pytest

from gradwire_backends.numba import NumbaBackend
from gradwire_backends.testing import SAMPLES, Sample, assert_close
from gradwire_service.graph import FLOAT32
from gradwire_service.interpreter import interpret
from gradwire_service.ops import FlatGraph, Value
from gradwire_service.ops.functions import astype
from gradwire_service.ops.functions import sum as sum_
from gradwire_service.transform import gradient, simplify
from tests.backends.numba.graphs import compiled, run_compiled

TOGETHER = 12
"""Samples of one op that are compiled as one graph, since each compilation has a price of its own."""


def batches() -> list[list[Sample]]:
    ops = sorted({sample.op for sample in SAMPLES})
    by_op = [[sample for sample in SAMPLES if sample.op == op] for op in ops]
    return [samples[i : i + TOGETHER] for samples in by_op for i in range(0, len(samples), TOGETHER)]


def outputs_of(sample: Sample, number: int) -> tuple[dict[str, Value], dict[str, np.ndarray]]:
    """Return value and gradients of a sample, under names that no other has, and what its variables are fed."""
    y = sample.value()
    found = FlatGraph.of({"y": y}).variables
    for name, value in found.items():
        value.name = f"{number} {name}"
    outputs = {f"{number} y": y}
    wrt = [value for value in found.values() if value.element_type.is_floating]
    if y.element_type.is_floating and wrt:
        weights = np.linspace(0.5, 1.5, y.type.size).reshape(y.shape)
        from gradwire_service.ops import constant

        total = sum_(y * constant(weights, y.element_type), axis=None)
        outputs |= {f"{number} {value.name}": slope for value, slope in zip(wrt, gradient(total, wrt), strict=True)}
    return outputs, {f"{number} {name}": np.asarray(sample.tensors[name], order="C") for name in found}


@pytest.mark.parametrize("samples", batches(), ids=lambda samples: samples[0].op)
def test_compiled_code_gives_what_numpy_gives(samples: list[Sample], backend: NumbaBackend) -> None:
    outputs: dict[str, Value] = {}
    inputs: dict[str, np.ndarray] = {}
    for number, sample in enumerate(samples):
        more, fed = outputs_of(sample, number)
        outputs |= more
        inputs |= fed
    graph = simplify(FlatGraph.of(outputs))
    expected = interpret(graph)(inputs)
    found = run_compiled(compiled(backend, graph), inputs)
    for name, array in expected.items():
        tolerance = 0.0 if array.dtype.kind != "f" else 1e-5 if array.dtype == np.float32 else 1e-11
        try:
            assert found[name].dtype == array.dtype
            assert_close(name, found[name], array, tolerance)
        except AssertionError as fault:
            fault.add_note(str(samples[int(name.partition(" ")[0])]))
            raise
