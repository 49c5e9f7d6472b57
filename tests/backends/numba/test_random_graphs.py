"""Random graphs and their gradients, by compiled code and by NumPy: the schedule must never change a result."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from gradwire_backends.numba import NumbaBackend
from gradwire_service.errors import ShapeError
from gradwire_service.interpreter import interpret
from gradwire_service.ops import FlatGraph, Value, variable
from gradwire_service.ops.base import broadcast_shapes
from gradwire_service.ops.functions import (
    broadcast_to,
    concatenate,
    cumsum,
    flip,
    mean,
    minimum,
    reshape,
    sin,
    tanh,
    transpose,
    where,
)
from gradwire_service.ops.functions import slice as slice_
from gradwire_service.ops.functions import sum as sum_
from gradwire_service.transform import gradient, simplify
from tests.backends.numba.graphs import compiled, run_compiled
from tests.transform.random_graphs import DIFFERENTIABLE, RandomGraph, groups, random_graphs

SIZES = (1, 2, 3, 3, 5, 5, 0)
ELEMENTS = 400
"""Of a value, at most."""

GROUPS = groups(DIFFERENTIABLE, 3)

Draw = Callable[[st.SearchStrategy[int]], int]


def axes(draw: Draw, x: Value) -> tuple[int, ...]:
    return tuple(axis for axis in range(len(x.shape)) if draw(st.integers(0, 1)))


def unary(draw: Draw, x: Value) -> Value:
    made: list[Callable[[Value], Value]] = [
        tanh,
        sin,
        lambda x: -x,
        lambda x: 0.5 * x,
        lambda x: x * x / (1 + x * x),
    ]
    return made[draw(st.integers(0, 4))](x)


def reduced(draw: Draw, x: Value) -> Value:
    reduction = [sum_, mean][draw(st.integers(0, 1))]
    return reduction(x, axis=axes(draw, x), keepdims=bool(draw(st.integers(0, 1))))


def moved(draw: Draw, x: Value) -> Value:
    rank = len(x.shape)
    match draw(st.integers(0, 5)):
        case 0:
            return transpose(x, axes=tuple(sorted(range(rank), key=lambda axis: (axis * 7 + 3) % 5)))
        case 1:
            return flip(x, axis=axes(draw, x))
        case 2:
            return reshape(x, shape=(math.prod(x.shape),))
        case 3 if rank:
            return cumsum(x, axis=0)  # by NumPy, between kernels
        case 4 if rank and x.shape[0] > 1:
            return slice_(x, index=["1:", ":-1", "::2", "0", "-1:", "::-1"][draw(st.integers(0, 5))])
        case _:
            return broadcast_to(x, shape=(2, *x.shape))


def binary(draw: Draw, x: Value, y: Value) -> Value:
    try:
        broadcast_shapes(x.shape, y.shape)
    except ShapeError:
        return product(x, y)
    operations: list[Callable[[], Value]] = [
        lambda: x + y,
        lambda: x * y,
        lambda: x - y,
        lambda: where(x > y, x, sin(y)),
        lambda: minimum(x, y),
        lambda: product(x, y),
    ]
    return operations[draw(st.integers(0, 5))]()


def product(x: Value, y: Value) -> Value:
    """Multiply matrices where shapes allow it, or join what can be joined."""
    if 1 <= len(x.shape) <= 2 and 1 <= len(y.shape) <= 2 and x.shape[-1] == y.shape[0]:
        return tanh(x @ y)
    if len(x.shape) == len(y.shape) > 0 and x.shape[1:] == y.shape[1:]:
        return concatenate(x, y, axis=0)
    return tanh(x)


@st.composite
def graphs(draw: Draw) -> FlatGraph:
    values = [
        variable(f"x{i}", tuple(draw(st.sampled_from(SIZES)) for _ in range(draw(st.integers(0, 3)))))
        for i in range(draw(st.integers(1, 3)))
    ]
    variables = list(values)
    for _ in range(draw(st.integers(3, 12))):
        x = values[draw(st.integers(0, len(values) - 1))]
        y = values[draw(st.integers(0, len(values) - 1))]
        match draw(st.integers(0, 5)):
            case 0:
                made = unary(draw, x)
            case 1:
                made = reduced(draw, x)
            case 2:
                made = moved(draw, x)
            case _:
                made = binary(draw, x, y)
        if made.type.size <= ELEMENTS:
            values.append(made)
    total = sum_(tanh(values[-1]), axis=None) + sum_(values[len(values) // 2], axis=None)
    outputs = {"total": total, "last": values[-1], "middle": values[len(values) // 2]}
    slopes = gradient(total, variables)
    outputs |= {f"slope {value.name}": slope for value, slope in zip(variables, slopes, strict=True)}
    return simplify(FlatGraph.of(outputs, variables))


@settings(max_examples=40, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(graphs(), st.integers(0, 2**32 - 1))
def test_random_graphs_give_what_numpy_gives(backend: NumbaBackend, graph: FlatGraph, seed: int) -> None:
    draw = np.random.default_rng(seed)
    inputs = {name: np.asarray(draw.uniform(-1, 1, value.shape)) for name, value in graph.variables.items()}
    executable, expected = compiled(backend, graph), interpret(graph)(inputs)
    for name, array in run_compiled(executable, inputs).items():
        assert array.shape == expected[name].shape
        np.testing.assert_allclose(array, expected[name], rtol=1e-9, atol=1e-9, err_msg=name)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@settings(max_examples=3, deadline=None, derandomize=True, database=None, phases=[Phase.generate])
@given(st.sampled_from([*GROUPS.values()]).flatmap(random_graphs))
def test_gradients_of_random_graphs_over_all_ops_are_what_numpy_gives(backend: NumbaBackend, made: RandomGraph) -> None:
    graph = simplify(FlatGraph.of(made.gradient, made.variables.values()))
    found, expected = run_compiled(compiled(backend, graph), made.point), interpret(graph)(made.point)
    size = max(np.max(np.abs(x), initial=0.0) for x in expected.values())
    for name, x in expected.items():
        np.testing.assert_allclose(found[name], x, rtol=0, atol=1e-12 * size, err_msg=name)
