"""SciPy's special functions inside kernels: its very numbers, and NumPy's tier where it does not offer them."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy.special import cython_special

from gradwire_backends.numba import NumbaBackend, special
from gradwire_backends.numba.kinds import Kind, kind_of
from gradwire_service.graph import FLOAT32, FLOAT64, Array, ElementType
from gradwire_service.interpreter import interpret
from gradwire_service.ops import FlatGraph, Value, apply, variable
from tests.backends.numba.graphs import compiled, run_compiled

EDGES = [0.0, -0.0, 1.0, -1.0, 2.0, -2.0, 0.5, -0.5, np.inf, -np.inf, np.nan, 5e-324, 1e-300, 1e300, 30.0, 171.5, -1.5]

INPUTS = {
    "lgamma": 1,
    "digamma": 1,
    "erfinv": 1,
    "ndtri": 1,
    "i0e": 1,
    "i1e": 1,
    "gammainc": 2,
    "gammaincc": 2,
    "betainc": 3,
}
"""Ops that SciPy's functions are called for, and the number of their inputs."""

WRITTEN = {"gamma_density": 2, "beta_density": 3, "betaln": 2}
"""Ops that are written with them."""


def fed(inputs: int, kind: ElementType) -> list[Array]:
    """Return edges, and numbers of several sizes, in orders of their own."""
    draw = np.random.default_rng(inputs)
    columns = []
    for place in range(inputs):
        edges = [pair[place % 2] for pair in product(EDGES, EDGES)]
        columns.append(np.concatenate([edges, draw.uniform(0, 1, 200), draw.uniform(0, 30, 200)]))
    with np.errstate(over="ignore"):
        return [column.astype(kind.dtype) for column in columns]


def values(name: str, inputs: int, kind: ElementType) -> tuple[FlatGraph, dict[str, Array]]:
    arrays = {f"x{i}": x for i, x in enumerate(fed(inputs, kind))}
    y = apply(name, *(variable(key, x.shape, kind) for key, x in arrays.items()))
    return FlatGraph.of({"y": y}), arrays


@pytest.mark.parametrize("kind", [FLOAT64, FLOAT32], ids=str)
@pytest.mark.parametrize("name", INPUTS)
def test_kernels_give_the_bits_of_scipy(name: str, kind: ElementType, backend: NumbaBackend) -> None:
    graph, inputs = values(name, INPUTS[name], kind)
    found = run_compiled(compiled(backend, graph), inputs)["y"]
    expected = interpret(graph)(inputs)["y"]
    same = (found == expected) & (np.signbit(found) == np.signbit(expected)) | np.isnan(found) & np.isnan(expected)
    assert same.all(), [x[np.argmin(same)] for x in inputs.values()]


@pytest.mark.parametrize("n", [0, 1, 3])
def test_bessel_functions_have_the_bits_of_scipy(n: int, backend: NumbaBackend) -> None:
    (x,) = fed(1, FLOAT64)
    graph = FlatGraph.of({"y": apply("bessel_i", variable("x", x.shape), n=n)})
    found = run_compiled(compiled(backend, graph), {"x": x})["y"]
    assert np.array_equal(found, interpret(graph)({"x": x})["y"], equal_nan=True)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("kind", [FLOAT64, FLOAT32], ids=str)
@pytest.mark.parametrize("name", WRITTEN)
def test_what_is_written_with_them_has_the_edges_of_numpy(name: str, kind: ElementType, backend: NumbaBackend) -> None:
    graph, inputs = values(name, WRITTEN[name], kind)
    found = run_compiled(compiled(backend, graph), inputs)["y"]
    expected = interpret(graph)(inputs)["y"]
    special_ones = ~np.isfinite(expected)
    assert np.array_equal(found[special_ones], expected[special_ones], equal_nan=True)
    inside = np.isfinite(expected) & np.logical_and.reduce([np.abs(x - 15) < 14.9 for x in inputs.values()])
    relative, absolute = (1e-12, 1e-14) if kind is FLOAT64 else (1e-4, 1e-6)
    assert np.allclose(found[inside], expected[inside], rtol=relative, atol=absolute)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("kind", [FLOAT64, FLOAT32], ids=str)
@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_derivatives_of_digamma_are_those_of_numpy(n: int, kind: ElementType, backend: NumbaBackend) -> None:
    (x,) = fed(1, kind)
    x = np.concatenate([x, -x])
    graph = FlatGraph.of({"y": apply("polygamma", variable("x", x.shape, kind), n=n)})
    found = run_compiled(compiled(backend, graph), {"x": x})["y"]
    expected = interpret(graph)({"x": x})["y"]
    assert np.allclose(found, expected, rtol=1e-13 if kind is FLOAT64 else 2e-7, atol=0, equal_nan=True)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize(("n", "order"), [(0, 1), (1, 1), (0, 2), (2, 3)])
def test_derivatives_of_scaled_bessel_functions_are_those_of_numpy(n: int, order: int, backend: NumbaBackend) -> None:
    (x,) = fed(1, FLOAT64)
    x = np.concatenate([x, -x])
    graph = FlatGraph.of({"y": apply("scaled_bessel", variable("x", x.shape), n=n, order=order)})
    found = run_compiled(compiled(backend, graph), {"x": x})["y"]
    assert np.allclose(found, interpret(graph)({"x": x})["y"], rtol=1e-11, atol=1e-15, equal_nan=True)


def _lgamma() -> Value:
    return apply("lgamma", variable("x", (3,)))


def test_what_scipy_does_not_offer_is_left_to_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    assert kind_of(_lgamma()) is Kind.POINTWISE
    monkeypatch.setattr(special, "address", lambda word: None)
    for name, inputs in {**INPUTS, **WRITTEN}.items():
        assert kind_of(apply(name, *(variable(f"x{i}", (3,)) for i in range(inputs)))) is Kind.HOST


def test_a_function_with_another_signature_is_not_called(monkeypatch: pytest.MonkeyPatch) -> None:
    find = special.address.__wrapped__
    assert find("lgamma") is not None
    offered = cython_special.__pyx_capi__
    monkeypatch.setattr(cython_special, "__pyx_capi__", {"gammaln": offered["betaln"]})
    assert find("lgamma") is None
    monkeypatch.delattr(cython_special, "__pyx_capi__")
    assert find("lgamma") is None
