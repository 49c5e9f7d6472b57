"""Division with a remainder, whole powers and conversions in compiled code: NumPy's bits, whatever they are fed."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest

from gradwire_backends.numba import NumbaBackend
from gradwire_service.graph import BOOL, FLOAT32, FLOAT64, INT32, INT64, Array, ElementType
from gradwire_service.interpreter import interpret
from gradwire_service.ops import FlatGraph, apply, variable
from tests.backends.numba.graphs import compiled, run_compiled

REAL_EDGES = [0.0, -0.0, np.inf, -np.inf, np.nan, 1.0, -1.0, 0.1, 0.3, -7.5, 2.0, 1e17, 1e300, 5e-324, 1e-30, 2.0**53]
WHOLE_EDGES = [0, 1, -1, 2, -2, 7, -7, 3, 2**31 - 1, -(2**31), 2**63 - 1, -(2**63), 10**12]
CAST_EDGES = [2.0**31 - 0.5, -(2.0**31) - 0.5, 2.0**31, -(2.0**31), -(2.0**31) - 1, 2.0**62, 2.0**63, -(2.0**63), 3e9]


@np.errstate(over="ignore")
def pairs(kind: ElementType) -> tuple[Array, Array]:
    """Return two arrays: all pairs of edges, and numbers of many sizes."""
    draw = np.random.default_rng(0)
    edges: list[Any] = REAL_EDGES if kind.is_floating else WHOLE_EDGES
    a, b = np.array([*product(edges, edges)]).T
    more: list[Array]
    if kind.is_floating:
        more = [draw.uniform(-1, 1, 600) * 10.0 ** draw.uniform(-6, 9, 600) for _ in range(2)]
    else:
        more = [draw.integers(-(2**40), 2**40, 600), draw.integers(-(2**20), 2**20, 600)]
    return np.concatenate([a, more[0]]).astype(kind.dtype), np.concatenate([b, more[1]]).astype(kind.dtype)


def assert_same_bits(backend: NumbaBackend, graph: FlatGraph, inputs: dict[str, Array]) -> None:
    found = run_compiled(compiled(backend, graph), inputs)
    for name, expected in interpret(graph)(inputs).items():
        assert found[name].dtype == expected.dtype
        same = (found[name] == expected) & (np.signbit(found[name]) == np.signbit(expected))
        same |= np.isnan(found[name]) & np.isnan(expected)
        place = np.argmin(same)
        fed = [x[place] for x in inputs.values()]
        assert same.all(), f"{name} of {fed} is {found[name][place]!r}, not {expected[place]!r}"


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("kind", [FLOAT64, FLOAT32, INT64, INT32], ids=str)
def test_division_with_a_remainder_has_the_bits_of_numpy(kind: ElementType, backend: NumbaBackend) -> None:
    a, b = pairs(kind)
    x = [variable(name, a.shape, kind) for name in "ab"]
    graph = FlatGraph.of({name: apply(name, *x) for name in ("floor_divide", "remainder", "fmod")})
    assert_same_bits(backend, graph, {"a": a, "b": b})


@pytest.mark.parametrize("kind", [INT64, INT32], ids=str)
def test_whole_powers_overflow_as_those_of_numpy(kind: ElementType, backend: NumbaBackend) -> None:
    x = np.concatenate([np.array(WHOLE_EDGES), np.arange(-40, 40)]).astype(kind.dtype)
    value = variable("x", x.shape, kind)
    graph = FlatGraph.of({str(n): apply("integer_pow", value, n=n) for n in (3, 4, 7, 63)})
    assert_same_bits(backend, graph, {"x": x})


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("kind", [FLOAT64, FLOAT32], ids=str)
def test_what_does_not_fit_becomes_the_integer_that_numpy_makes_of_it(kind: ElementType, backend: NumbaBackend) -> None:
    x = np.concatenate([np.array(REAL_EDGES + CAST_EDGES), pairs(FLOAT64)[0]]).astype(kind.dtype)
    value = variable("x", x.shape, kind)
    graph = FlatGraph.of({str(to): apply("astype", value, element_type=to) for to in (INT64, INT32, BOOL)})
    found = run_compiled(compiled(backend, graph), {"x": x})
    for name, expected in interpret(graph)({"x": x}).items():
        assert np.array_equal(found[name], expected), name


@pytest.mark.parametrize("kind", [FLOAT64, FLOAT32], ids=str)
def test_a_nan_does_not_count_beside_a_number(kind: ElementType, backend: NumbaBackend) -> None:
    a, b = pairs(kind)
    x = [variable(name, a.shape, kind) for name in "ab"]
    graph = FlatGraph.of({name: apply(name, *x) for name in ("fmax", "fmin")})
    found = run_compiled(compiled(backend, graph), {"a": a, "b": b})
    for name, expected in interpret(graph)({"a": a, "b": b}).items():
        assert np.array_equal(found[name], expected, equal_nan=True), name
