"""The functions of compiled code: within 4 ulp in every lane, and as NumPy has them at the edges."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from gradwire_backends.numba import NumbaBackend
from gradwire_service.graph import FLOAT32, FLOAT64, Array
from gradwire_service.ops import FlatGraph, apply, variable
from tests.backends.numba.graphs import compiled, run_compiled

EDGES = [0.0, -0.0, np.inf, -np.inf, np.nan, 5e-324, 1e-310, -1e-310, 2.2250738585072014e-308, 1e-20, -1e-20]
EDGES += [1.0, -1.0, 1 - 2**-53, 1 + 2**-52, -1 + 2**-53, 708.3, 709.78, 709.79, -708.4, -745.1, -745.2, 1e300, -1e300]


def softplus(x: Array) -> Array:
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def sigmoid(x: Array) -> Array:
    e = np.exp(-np.abs(x))
    result: Array = np.where(x >= 0, 1, e) / (1 + e)
    return result


FUNCTIONS: dict[str, tuple[Callable[[Array], Array], float, float]] = {
    "exp": (np.exp, -745, 709),
    "expm1": (np.expm1, -40, 709),
    "log": (np.log, 0, 1e3),
    "log1p": (np.log1p, -1, 1e3),
    "log2": (np.log2, 0, 1e3),
    "log10": (np.log10, 0, 1e3),
    "tanh": (np.tanh, -25, 25),
    "sigmoid": (sigmoid, -700, 700),
    "softplus": (softplus, -700, 700),
    "log_sigmoid": (lambda x: -softplus(-x), -700, 700),
    "sin": (np.sin, -1e6, 1e6),
    "cos": (np.cos, -1e6, 1e6),
    "tan": (np.tan, -1e3, 1e3),
    "asin": (np.arcsin, -1, 1),
    "acos": (np.arccos, -1, 1),
    "atan": (np.arctan, -1e3, 1e3),
    "sinh": (np.sinh, -700, 700),
    "cosh": (np.cosh, -700, 700),
    "sqrt": (np.sqrt, 0, 1e9),
    "rsqrt": (lambda x: 1 / np.sqrt(x), 0, 1e9),
    "cbrt": (np.cbrt, -1e9, 1e9),
    "asinh": (np.arcsinh, -1e3, 1e3),
    "acosh": (np.arccosh, 1, 1e3),
    "atanh": (np.arctanh, -1, 1),
    "floor": (np.floor, -1e3, 1e3),
    "ceil": (np.ceil, -1e3, 1e3),
    "round": (np.rint, -1e3, 1e3),
    "trunc": (np.trunc, -1e3, 1e3),
}
"""By op: the same in NumPy, which computes it in long double, and an interval."""


def points(low: float, high: float) -> Array:
    """Return numbers of all magnitudes from an interval, and the edges of the number line."""
    draw = np.random.default_rng(0)
    near = draw.uniform(-1, 1, 2000) * 10.0 ** draw.uniform(-12, 1, 2000)
    inside = np.concatenate([draw.uniform(low, high, 2000), near[(near > low) & (near < high)]])
    return np.concatenate([inside, np.array(EDGES)])


@pytest.fixture(scope="module")
def results(backend: NumbaBackend) -> dict[str, Array]:
    """Return all functions in both types, at their points, from one run."""
    outputs, inputs = {}, {}
    for name, (_, low, high) in FUNCTIONS.items():
        for kind in (FLOAT64, FLOAT32):
            with np.errstate(over="ignore"):
                x = points(low, high).astype(kind.dtype)
            inputs[f"{name} {kind}"] = x
            outputs[f"{name} {kind}"] = apply(name, variable(f"{name} {kind}", x.shape, kind))
    return dict(run_compiled(compiled(backend, FlatGraph.of(outputs)), inputs))


@pytest.mark.parametrize("kind", [FLOAT64, FLOAT32], ids=str)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_is_right_within_4_ulp(name: str, kind: object, results: dict[str, Array]) -> None:
    function, low, high = FUNCTIONS[name]
    y = results[f"{name} {kind}"]
    with np.errstate(all="ignore"):
        x = points(low, high).astype(y.dtype)
        wide = function(x.astype(np.longdouble if y.dtype == np.float64 else np.float64))
        truth = wide.astype(y.dtype)
        error = np.abs((y - wide) / np.spacing(np.abs(truth)))
    special = ~np.isfinite(truth)
    assert np.array_equal(y[special], truth[special], equal_nan=True)
    worst = np.argmax(np.where(special, 0, error))
    assert error[worst] <= 4, f"{name}({x[worst]!r}) is {y[worst]!r}, not {truth[worst]!r}"


@pytest.mark.parametrize("name", ["expm1", "log1p", "tanh", "sin", "tan", "asin", "atan", "sinh", "sqrt"])
def test_the_sign_of_zero_is_kept(name: str, results: dict[str, Array]) -> None:
    for kind in (FLOAT64, FLOAT32):
        y = results[f"{name} {kind}"][-len(EDGES) :]
        assert y[:2].tolist() == [0, 0]
        assert np.signbit(y[:2]).tolist() == [False, True]


def test_a_number_gives_the_same_wherever_it_stands_in_a_vector(backend: NumbaBackend) -> None:
    x = variable("x", (37,))
    names = ["exp", "log", "tanh", "sigmoid", "softplus", "log1p", "expm1"]
    run = compiled(backend, FlatGraph.of({name: apply(name, x) for name in names}))
    for name, y in run({"x": np.full(37, 0.7)}).items():
        assert len(set(y.tolist())) == 1, name
