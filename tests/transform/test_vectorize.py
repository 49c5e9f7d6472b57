"""A vectorized graph gives for every member of the batch what the graph gives for it alone."""

from __future__ import annotations

import numpy as np
import pytest

from gradwire_backends.testing import Sample, assert_close
from gradwire_service.graph import INT64, Array, ElementType
from gradwire_service.interpreter import interpret
from gradwire_service.ops import FlatGraph, Value, variable
from gradwire_service.ops.functions import argmax, matmul, sin, take, tanh
from gradwire_service.ops.functions import sum as sum_
from gradwire_service.transform.vectorize import vectorize
from tests.transform.samples import few_samples

SIZE = 3


def members(x: Array) -> list[Array]:
    """Return points of the same kind: what is at one end of the array comes to the other; places stay the same."""
    return [x, x if x.dtype.kind == "i" else x.ravel()[::-1].reshape(x.shape), x]


def check(y: Value, inputs: dict[str, Array], moved: set[str]) -> None:
    """Hold a vectorized value against the value at each point."""
    variables = FlatGraph.of({"y": y}).variables
    batches = {x: variable(f"{name} s", (SIZE, *x.shape), x.element_type) for name, x in variables.items()}
    batches = {x: batch for x, batch in batches.items() if x.name in moved}
    if not batches:
        return
    (found,) = vectorize([y], batches)
    fed = {**inputs, **{f"{name} s": np.stack(members(inputs[name])) for name in moved}}
    flat = FlatGraph.of({"y": found})
    together = interpret(flat)({name: fed[name] for name in flat.variables})["y"]
    alone = interpret(FlatGraph.of({"y": y}))
    for i in range(SIZE):
        point = {name: members(x)[i] if name in moved else x for name, x in inputs.items()}
        expected = alone({name: np.array(point[name], order="C") for name in variables})["y"]
        assert (together[i].dtype, together[i].shape) == (expected.dtype, expected.shape)
        assert_close("y", together[i], expected, {"d": 1e-13, "f": 1e-5}.get(expected.dtype.char, 0.0))


@pytest.mark.parametrize("sample", few_samples(), ids=str)
def test_every_op_is_vectorized_over_all_inputs_and_over_each_alone(sample: Sample) -> None:
    y = sample.value()
    names = list(sample.tensors)
    for moved in [set(names), *({name} for name in names if len(names) > 1)]:
        check(y, sample.tensors, moved)


A, B, V, W = (np.arange(1.0, 1 + np.prod(shape)).reshape(shape) for shape in ((2, 3), (3, 4), (3,), (4, 3, 2)))


@pytest.mark.parametrize("moved", [{"a"}, {"b"}, {"a", "b"}], ids=lambda moved: "".join(sorted(moved)))
@pytest.mark.parametrize(("a", "b"), [(A, B), (A, V), (V, B), (V, V), (A, W), (W, A), (V, W), (W, B[:2, 0]), (W, W.mT)])
def test_matrices_and_vectors_of_every_rank_multiply(a: Array, b: Array, moved: set[str]) -> None:
    check(matmul(variable("a", a.shape), variable("b", b.shape)), {"a": a, "b": b}, moved)


def test_what_does_not_depend_on_the_batch_is_computed_once() -> None:
    x, w = variable("x", (5,)), variable("w", (5,))
    shared = sin(x)
    (found,) = vectorize([sum_(shared * w)], {w: variable("ws", (7, 5))})
    assert shared in FlatGraph.of({"y": found}).blocks
    (same,) = vectorize([shared], {w: variable("ws", (7, 5))})
    assert same.op.name == "broadcast_to"
    assert same.shape == (7, 5)


def test_an_inner_value_may_be_batched() -> None:
    x = variable("x", (2,))
    u = tanh(x)
    (found,) = vectorize([u * u], {u: variable("us", (3, 2))})
    assert str(found) == "multiply(us, us)"


@pytest.mark.parametrize("size", [0, 1])
def test_a_batch_may_have_one_member_or_none(size: int) -> None:
    x = variable("x", (4,))
    xs = variable("xs", (size, 4))
    i = argmax(x, axis=0)  # has no rule: it is applied to each member
    found = vectorize([i, take(x, i)], {x: xs})
    assert [y.shape for y in found] == [(size,), (size,)]
    assert found[0].element_type is INT64
    values = interpret(FlatGraph.of(dict(zip("iy", found, strict=True))))(
        {"xs": np.arange(4.0 * size).reshape(size, 4)}
    )
    assert values["y"].tolist() == [3.0] * size
    assert ElementType.of(values["i"].dtype) is INT64
