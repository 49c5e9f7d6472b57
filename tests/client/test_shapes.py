"""Shapes and element types that the client tells must be those that the service infers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradwire as gw
from gradwire.catalog import OPS
from gradwire.values import several
from gradwire_backends.testing import SAMPLES, Sample
from gradwire_service.graph import TensorType, parse
from gradwire_service.transform import expand

a = gw.variable("a", (4, 3))
b = gw.variable("b", (3,))
c = gw.variable("c", (2, 4, 3), "float32")
i = gw.variable("i", (5,), "int64")
n = gw.variable("n", ("batch", 3))

VALUES = [
    a + b, a * c, a / 2, i / 2, i + 1, a > b, -c, gw.sum(a), gw.sum(c, axis=(0, -1)), gw.mean(i), gw.max(a, 1, True),
    gw.argmax(a, axis=1), gw.variance(c, axis=0, keepdims=True), gw.norm(a, axis=-1), gw.logsumexp(a, axis=0),
    a @ b, b @ a.T, c @ a.T, gw.matmul(c, gw.transpose(c, (0, 2, 1))), gw.matrix_transpose(c), a.T,
    gw.transpose(c, (2, 0, 1)), gw.reshape(c, (4, -1)), gw.reshape(a, 12), gw.expand_dims(a, (0, -1)),
    gw.squeeze(gw.expand_dims(a, 0)), gw.squeeze(gw.expand_dims(a, 0), axis=0), gw.concatenate([a, a], axis=-1),
    gw.stack([a, a], axis=1), gw.stack([b, b], axis=-1), gw.broadcast_to(b, (2, 3)), gw.flip(c), gw.astype(a, "int32"),
    gw.stop_gradient(c), gw.softmax(a), gw.cumsum(b), gw.cumsum(a, axis=1), a[i], a[:, [0, 2]], c[..., None, 1:, ::-2],
    c[0, -1], a[..., 0], a[1:1], gw.where(a > 0, a, 0), gw.clip(c, 0, 1), gw.gelu(a), gw.mean_squared_error(a, a),
    gw.take(a, np.array([[0, 1], [1, 0]]), axis=1), n @ a.T, gw.sum(n, axis=0), n[:, 1:], gw.full((2, 3), 1, "int32"),
    gw.relu(i), gw.sign(i), gw.logical_not(a > b), gw.binary_cross_entropy(b, b), gw.maximum(a, 0),
]  # fmt: skip


@pytest.mark.parametrize("value", VALUES, ids=lambda value: f"{value.serial - VALUES[0].serial}-{value.op}")
def test_shape_and_element_type_are_those_of_the_service(value: gw.Value) -> None:
    graph = gw.Graph({"y": value})
    types = {
        name: TensorType.of(np.zeros([7 if isinstance(size, str) else size for size in x.shape], x.element_type))
        for name, x in graph.variables.items()
    }
    inferred = expand(parse(str(graph)), types)["y"].type
    assert tuple(7 if isinstance(size, str) else size for size in value.shape) == inferred.shape
    assert value.dtype == inferred.element_type.dtype


SAMPLED = sorted({sample.op for sample in SAMPLES} & set(OPS))


def used(sample: Sample) -> gw.Value:
    """The value that the client makes of a sample."""
    settings = {key: str(x) if key == "element_type" else x for key, x in sample.attributes.items()}
    inputs = [gw.variable(name, x.shape, x.dtype) for name, x in sample.tensors.items()]
    values: tuple[gw.Value, ...] = several(sample.op, *inputs, **settings)
    return values[sample.result]


@pytest.mark.parametrize("op", SAMPLED)
def test_what_is_known_of_samples_is_what_the_service_infers(op: str) -> None:
    for sample in (sample for sample in SAMPLES if sample.op == op):
        value, inferred = used(sample), sample.value()
        assert value.known_shape in (None, inferred.shape), sample
        assert value.known_element_type in (None, inferred.element_type.dtype.name), sample


def test_the_shapes_of_nearly_all_ops_are_known() -> None:
    known = {sample.op for sample in SAMPLES if sample.op in OPS and used(sample).known_shape is not None}
    assert set(SAMPLED) - known == {"slice"}  # its index is text, which the client writes and never reads


def test_what_is_not_known_before_the_run_is_an_error_with_its_remedy() -> None:
    value = gw.einsum("...j,j->...", a, b)
    for ask in (lambda: value.shape, lambda: value.ndim, lambda: len(value), lambda: list(value)):
        with pytest.raises(gw.errors.TracingError, match="not known before the graph runs"):
            ask()
    with pytest.raises(gw.errors.TracingError, match="depends on dimension 'batch'"):
        assert n.size
    with pytest.raises(gw.errors.TracingError, match="no length: dimension 'batch' has a size at each run only"):
        len(n)


def test_rows_can_be_walked_over_and_unpacked_when_their_number_is_known() -> None:
    first, _, third = b
    assert (first.shape, third.op) == ((), "slice")
    assert len(a) == 4
    assert [row.shape for row in a] == [(3,)] * 4
    with pytest.raises(gw.errors.TracingError, match="would write 20,000 blocks"):
        list(gw.variable("long", (20_000,)))


def test_sizes_that_are_numbers_win_over_names() -> None:
    known: Any = (n * gw.variable("m", (7, 1))).shape
    assert known == (7, 3)
