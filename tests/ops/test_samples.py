"""Every op is right on every sample: values, first and second derivatives, both modes, both precisions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gradwire_backends.testing import SAMPLES, Sample, assert_close
from gradwire_service.graph import FLOAT32, FLOAT64, Array
from gradwire_service.ops import FlatGraph, Op, Value, variable
from gradwire_service.ops.body import Control
from gradwire_service.transform import jvp, vjp
from tests.ops.derivatives import Inputs, difference, numbers, run

SMOOTH = [sample for sample in SAMPLES if sample.smooth and sample.value().element_type.is_floating]
SMOOTH = [sample for sample in SMOOTH if any(x.dtype.kind == "f" for x in sample.inputs)]
DOUBLE = [sample for sample in SMOOTH if sample.value().element_type is FLOAT64]
SINGLE = [sample for sample in SMOOTH if sample.value().element_type is FLOAT32]


class Derivatives:
    """A sample's derivatives along random directions, as values, and what to feed them."""

    def __init__(self, sample: Sample) -> None:
        self.y = sample.value()
        variables = FlatGraph.of({"y": self.y}).variables
        self.xs = {name: x for name, x in variables.items() if x.element_type.is_floating}
        self.inputs: dict[str, Array] = dict(sample.tensors)
        self.y_bar = self.direction("y_bar", self.y)
        self.dots = {x: self.direction(f"{name}_dot", x) for name, x in self.xs.items()}
        (self.y_dot,) = jvp([self.y], self.dots)
        self.bars = dict(zip(self.xs, vjp({self.y: self.y_bar}, list(self.xs.values())), strict=True))

    def direction(self, name: str, of: Value) -> Value:
        self.inputs[name] = numbers(of.shape, name, of.element_type.dtype)
        return variable(name, of.shape, of.element_type)

    @property
    def along(self) -> dict[str, Array]:
        return {name: self.inputs[f"{name}_dot"] for name in self.xs}


def in_double(sample: Sample) -> Sample:
    return replace(sample, inputs=tuple(x.astype(np.float64) if x.dtype == np.float32 else x for x in sample.inputs))


@pytest.mark.parametrize("sample", SAMPLES, ids=str)
def test_value_is_that_of_the_independent_source(sample: Sample) -> None:
    y, expected = run({"y": sample.value()}, sample.tensors)["y"], sample.expected_value()
    assert (y.shape, y.dtype) == (expected.shape, expected.dtype)
    assert_close("y", y, expected, {"d": 4e-15, "f": 1e-6}.get(y.dtype.char, 0.0))


@pytest.mark.parametrize("sample", SMOOTH, ids=str)
def test_pullback_and_pushforward_are_adjoint(sample: Sample) -> None:
    d = Derivatives(sample)
    found = run({"y_dot": d.y_dot, **d.bars}, d.inputs)
    forward = found["y_dot"].astype(np.float64) * d.inputs["y_bar"]
    reverse = [np.sum(found[name].astype(np.float64) * x_dot) for name, x_dot in d.along.items()]
    tolerance = {FLOAT64: 1e-14, FLOAT32: 1e-5}[d.y.element_type]
    assert sum(reverse) == pytest.approx(np.sum(forward), abs=tolerance * np.sum(np.abs(forward)))


@pytest.mark.parametrize("sample", DOUBLE, ids=str)
def test_pushforward_is_the_limit_of_differences(sample: Sample) -> None:
    d = Derivatives(sample)

    def value(x: Inputs) -> Array:
        return run({"y": d.y}, x)["y"]

    assert_close("y_dot", run({"y_dot": d.y_dot}, d.inputs)["y_dot"], difference(value, d.inputs, d.along), 1e-8)


@pytest.mark.parametrize("sample", DOUBLE, ids=str)
def test_second_derivative_is_the_limit_of_differences_of_the_first(sample: Sample) -> None:
    d = Derivatives(sample)

    def gradient(x: Inputs) -> Array:
        return np.concatenate([np.ravel(x_bar) for x_bar in run(d.bars, x).values()])

    pushed = run(dict(zip(d.xs, jvp(list(d.bars.values()), d.dots), strict=True)), d.inputs)
    found = np.concatenate([np.ravel(x) for x in pushed.values()])
    expected = difference(gradient, d.inputs, d.along)
    scale = 1 + np.max(np.abs(gradient(d.inputs)), initial=0.0)
    assert found == pytest.approx(expected, rel=1e-8, abs=1e-9 * scale)


@pytest.mark.parametrize("sample", DOUBLE, ids=str)
def test_reverse_over_reverse_is_forward_over_reverse(sample: Sample) -> None:
    d = Derivatives(sample)
    xs = list(d.xs.values())
    forward = run(dict(zip(d.xs, jvp(list(d.bars.values()), d.dots), strict=True)), d.inputs)
    cotangents: dict[Value, Value] = {}
    for x_bar, x_dot in zip(d.bars.values(), d.dots.values(), strict=True):  # of a sum, both inputs have one x_bar
        cotangents[x_bar] = cotangents[x_bar] + x_dot if x_bar in cotangents else x_dot
    reverse = run(dict(zip(d.xs, vjp(cotangents, xs), strict=True)), d.inputs)
    for name, x in forward.items():
        assert reverse[name] == pytest.approx(x, rel=1e-12, abs=1e-13 * (1 + np.max(np.abs(x), initial=0.0)))


@pytest.mark.parametrize("sample", SINGLE, ids=str)
def test_derivatives_in_single_precision_are_those_in_double_rounded(sample: Sample) -> None:
    single, double = Derivatives(sample), Derivatives(in_double(sample))
    inputs = {name: x.astype(np.float64) if x.dtype == np.float32 else x for name, x in single.inputs.items()}
    found = run({"y_dot": single.y_dot, **single.bars}, single.inputs)
    for name, expected in run({"y_dot": double.y_dot, **double.bars}, inputs).items():
        assert found[name].dtype == np.float32
        assert_close(name, found[name], expected, 1e-5)


@pytest.mark.parametrize("op", sorted(set(Op.registry) - {"variable", "constant"}))
def test_every_op_has_a_sample_and_says_shapes_units_and_source(op: str) -> None:
    assert any(sample.op == op for sample in SAMPLES) or issubclass(Op.registry[op], Control)
    assert all(word in str(Op.registry[op].__doc__) for word in ("Shapes:", "Units:", "Source:"))
