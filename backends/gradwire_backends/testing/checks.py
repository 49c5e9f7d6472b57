"""One sample on one backend: its value, its gradient, its derivative along a direction.

Derivatives are compared with those of the gradient graph, run by the reference interpreter. A backend that runs
gradient graphs must agree with it everywhere, at kinks and in every NaN. One that differentiates by itself must agree
where the op is smooth; it is then compared with a reference in float64, and may be off by its own
``gradient_tolerance`` (a mapping from element type to a fraction of the greatest element), if it has one.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import Enum

import numpy as np

from gradwire_backends.testing.expect import assert_close, expect
from gradwire_backends.testing.sample import Sample
from gradwire_service.backend import (
    Backend,
    CompilingBackend,
    DifferentiatingBackend,
    Executable,
    Options,
    RunInfo,
    Tensors,
    Tier,
)
from gradwire_service.errors import UnsupportedByBackendError
from gradwire_service.graph import FLOAT32, FLOAT64, Array, ElementType
from gradwire_service.interpreter import interpret
from gradwire_service.ops import FlatGraph, Value, constant, variable
from gradwire_service.ops.functions import sum as sum_
from gradwire_service.transform import gradient, jvp, simplify

VALUE_TOLERANCE: Mapping[ElementType, float] = {FLOAT64: 1e-12, FLOAT32: 1e-5}
"""What values may be off by: a fraction of the element and of the greatest element, half of it each."""

GRADIENT_TOLERANCE: Mapping[ElementType, float] = {FLOAT64: 1e-10, FLOAT32: 1e-4}
"""What derivatives may be off by, unless the backend has a ``gradient_tolerance``."""


class Outcome(Enum):
    """How a check ended, if it did not fail: failures are AssertionErrors."""

    PASSED = "passed"
    REFUSED = "refused"
    NOT_APPLICABLE = "not applicable"


Check = Callable[..., Outcome]
"""Takes a sample, a backend, and how long to wait for compiled code, in seconds."""


def check_value(sample: Sample, backend: Backend, wait: float = 0.0) -> Outcome:
    """See that the value is that of the sample's independent source.

    Args:
        sample: an op at a point.
        backend: what is tried.
        wait: seconds to wait for compiled code, which is then tried too; 0: what answers first is enough.

    Raises: AssertionError.
    """
    graph = sample.graph()
    trial = _Trial(sample, backend, wait, VALUE_TOLERANCE)
    return trial.run(lambda: backend.prepare(graph), graph, sample.tensors, {"y": sample.expected_value()})


def check_gradient(sample: Sample, backend: Backend, wait: float = 0.0) -> Outcome:
    """See that the gradient of a weighted sum of the result is right with respect to every floating input.

    Args, Raises: as for `check_value`.
    """

    def gradients(sample: Sample) -> FlatGraph:
        y = sample.value()
        s = sum_(y * constant(_random(sample, y.shape, "weights"), y.element_type), axis=None)
        wrt = _floating(FlatGraph.of({"s": s}))
        return FlatGraph.of({"s": s, **dict(zip(wrt, gradient(s, list(wrt.values())), strict=True))})

    def own(backend: DifferentiatingBackend, graph: FlatGraph) -> Executable:
        direct = FlatGraph.of({"s": graph.outputs["s"]})
        return backend.prepare_gradients(direct, "s", list(_floating(direct)), Options())

    return _check_derivative(sample, backend, wait, gradients, own)


def check_jvp(sample: Sample, backend: Backend, wait: float = 0.0) -> Outcome:
    """See that the derivative of the result along one direction is right.

    Args, Raises: as for `check_value`.
    """

    def tangents(sample: Sample) -> FlatGraph:
        y = sample.value()
        moving = _floating(FlatGraph.of({"y": y}))
        dots = {x: variable(f"tangent {name}", x.shape, x.element_type) for name, x in moving.items()}
        return FlatGraph.of({"y": y, "tangent y": jvp([y], dots)[0]}, dots.values())

    def own(backend: DifferentiatingBackend, graph: FlatGraph) -> Executable:
        direct = FlatGraph.of({"y": graph.outputs["y"]})
        return backend.prepare_jvp(direct, ["y"], list(_floating(direct)), Options())

    return _check_derivative(sample, backend, wait, tangents, own)


CHECKS: tuple[Check, ...] = (check_value, check_gradient, check_jvp)
"""What every sample goes through."""


def _check_derivative(
    sample: Sample,
    backend: Backend,
    wait: float,
    derived: Callable[[Sample], FlatGraph],
    own: Callable[[DifferentiatingBackend, FlatGraph], Executable],
) -> Outcome:
    graph = sample.graph()
    if not graph.outputs["y"].element_type.is_floating or not _floating(graph):
        return Outcome.NOT_APPLICABLE
    inputs = dict(sample.tensors)
    for name, x in _floating(graph).items():
        inputs[f"tangent {name}"] = _random(sample, x.shape, name).astype(x.element_type.dtype)
    graph = derived(sample)
    trial = _Trial(sample, backend, wait, getattr(backend, "gradient_tolerance", GRADIENT_TOLERANCE))
    if not isinstance(backend, DifferentiatingBackend):
        simpler = simplify(graph)
        return trial.run(lambda: backend.prepare(simpler), graph, inputs, _reference(graph, inputs))
    if not sample.smooth:
        return Outcome.NOT_APPLICABLE
    expected = _reference(derived(_in_double(sample)), inputs)
    return trial.run(lambda: own(backend, graph), graph, inputs, expected)


def _reference(graph: FlatGraph, inputs: Tensors) -> Tensors:
    fed = {name: inputs[name].astype(value.element_type.dtype) for name, value in graph.variables.items()}
    return interpret(simplify(graph))(fed)


def _in_double(sample: Sample) -> Sample:
    return replace(sample, inputs=tuple(x.astype(np.float64) if x.dtype.kind == "f" else x for x in sample.inputs))


def _floating(graph: FlatGraph) -> dict[str, Value]:
    return {name: value for name, value in graph.variables.items() if value.element_type.is_floating}


def _random(sample: Sample, shape: tuple[int, ...], what: str) -> Array:
    """Return numbers of either sign, none near 0, that float32 holds exactly; the same ones at each call."""
    draw = np.random.Generator(np.random.Philox(zlib.crc32(f"{sample.op} {what}".encode())))
    sizes = draw.uniform(0.5, 1.5, shape).astype(np.float32).astype(np.float64)
    return np.asarray(np.where(draw.random(shape) < 0.5, -sizes, sizes))


@dataclass(frozen=True)
class _Trial:
    """One run of one backend, looked at closely."""

    sample: Sample
    backend: Backend
    wait: float
    tolerance: Mapping[ElementType, float]

    def run(self, prepare: Callable[[], Executable], graph: FlatGraph, inputs: Tensors, expected: Tensors) -> Outcome:
        """Run, and compare each output of the graph; once more when compiled code has come."""
        fed = {name: np.array(inputs[name], order="C") for name in graph.variables}
        for x in fed.values():
            x.flags.writeable = False  # a backend that writes into its inputs gets an error
        try:
            executable = prepare()
            found = executable(fed)
        except UnsupportedByBackendError as refusal:
            names = {self.sample.op, *(value.op.name for value in graph.blocks)}
            expect(any(name in refusal.message for name in names), f"the refusal names no block: {refusal.message}")
            return Outcome.REFUSED
        self.compare(found, expected, graph)
        if self.wait and isinstance(self.backend, CompilingBackend) and self.backend.wait(executable, self.wait):
            info = RunInfo()
            found = executable(fed, info=info)
            expect(info.tier is Tier.COMPILED, "the backend says that it has compiled, but another tier answered")
            self.compare(found, expected, graph)
        return Outcome.PASSED

    def compare(self, found: Tensors, expected: Tensors, graph: FlatGraph) -> None:
        """See that every output is there, of its type, with the right numbers."""
        expect(set(found) == set(expected), f"results are {sorted(found)}, not {sorted(expected)}")
        for name, value in graph.outputs.items():
            array, kind = found[name], value.element_type
            expect(isinstance(array, np.ndarray), f"{name} is a {type(array).__name__}, not an array")
            expect(array.dtype == kind.dtype, f"{name} has elements {array.dtype}, not {kind}")
            expect(array.shape == value.shape, f"{name} has shape {[*array.shape]}, not {[*value.shape]}")
            expect(array.flags.c_contiguous, f"{name} is not in row-major order")
            assert_close(name, array, expected[name], self.tolerance[kind] if kind.is_floating else 0.0)
