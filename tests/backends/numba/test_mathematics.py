"""The functions of compiled code: right within 4 ulp in every lane, as NumPy has them at the edges, and close to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import product
from typing import Any

import mpmath
import numpy as np
import pytest

from gradwire_backends.numba import NumbaBackend
from gradwire_service.graph import FLOAT32, FLOAT64, Array, ElementType
from gradwire_service.interpreter import interpret
from gradwire_service.ops import FlatGraph, Value, apply, variable
from tests.backends.numba.graphs import compiled, run_compiled

EDGES = [0.0, -0.0, np.inf, -np.inf, np.nan, 5e-324, 1e-310, -1e-310, 2.2250738585072014e-308, 1e-20, -1e-20]
EDGES += [1.0, -1.0, 1 - 2**-53, 1 + 2**-52, -1 + 2**-53, 708.3, 709.78, 709.79, -708.4, -745.1, -745.2, 1e300, -1e300]
EDGES += [
    1e-45,
    88.7,
    88.8,
    -103.9,
    -104.1,
    3.4e38,
    26.5,
    10.0,
    1e16,
    1e22,
    2.0**60,
    2.0**120,
    0.5,
    2.0,
    3.0,
    -2.0,
    -3.0,
]

SLACK = 4.0
"""Ulps that a result may be from the truth, and that the two tiers may differ by."""

Real = Any
Exact = Callable[..., Real]


def sigmoid(x: Real) -> Real:
    return 1 / (1 + mpmath.exp(-x))


def softplus(x: Real) -> Real:
    return mpmath.log1p(mpmath.exp(x))


FUNCTIONS: dict[str, tuple[Exact, float, float]] = {
    "exp": (mpmath.exp, -745, 709),
    "expm1": (mpmath.expm1, -40, 709),
    "log": (mpmath.log, 0, 1e3),
    "log1p": (mpmath.log1p, -1, 1e3),
    "log2": (lambda x: mpmath.log(x, 2), 0, 1e3),
    "log10": (mpmath.log10, 0, 1e3),
    "tanh": (mpmath.tanh, -25, 25),
    "sigmoid": (sigmoid, -700, 700),
    "softplus": (softplus, -700, 700),
    "log_sigmoid": (lambda x: -softplus(-x), -700, 700),
    "sin": (mpmath.sin, -1e6, 1e6),
    "cos": (mpmath.cos, -1e6, 1e6),
    "tan": (mpmath.tan, -1e3, 1e3),
    "asin": (mpmath.asin, -1, 1),
    "acos": (mpmath.acos, -1, 1),
    "atan": (mpmath.atan, -1e3, 1e3),
    "sinh": (mpmath.sinh, -700, 700),
    "cosh": (mpmath.cosh, -700, 700),
    "erf": (mpmath.erf, -6, 6),
    "erfc": (mpmath.erfc, -6, 26),
    "sqrt": (mpmath.sqrt, 0, 1e9),
    "rsqrt": (lambda x: 1 / mpmath.sqrt(x), 0, 1e9),
    "cbrt": (lambda x: mpmath.sign(x) * mpmath.cbrt(abs(x)), -1e9, 1e9),
    "asinh": (mpmath.asinh, -1e3, 1e3),
    "acosh": (mpmath.acosh, 1, 1e3),
    "atanh": (mpmath.atanh, -1, 1),
    "floor": (mpmath.floor, -1e3, 1e3),
    "ceil": (mpmath.ceil, -1e3, 1e3),
    "round": (lambda x: mpmath.mpf(round(float(x))), -1e3, 1e3),
    "trunc": (lambda x: mpmath.mpf(int(x)), -1e3, 1e3),
}
"""By op: what is exact, and an interval."""

PAIRS: dict[str, tuple[Exact, tuple[float, float], tuple[float, float]]] = {
    "power": (mpmath.power, (0, 10), (-100, 100)),
    "atan2": (mpmath.atan2, (-10, 10), (-10, 10)),
    "hypot": (mpmath.hypot, (-1e3, 1e3), (-1e3, 1e3)),
    "logaddexp": (lambda a, b: mpmath.log(mpmath.exp(a) + mpmath.exp(b)), (0.1, 50), (0.1, 50)),
    "exp_share": (lambda a, b: sigmoid(a - b), (-1, 0), (0, 1)),
    "exp_difference": (lambda a, b: mpmath.exp(a - b), (-1, 0), (0, 1)),
    "xlogy": (lambda a, b: a * mpmath.log(b), (-9, 9), (0, 9)),
    "xlog1py": (lambda a, b: a * mpmath.log1p(b), (-9, 9), (-1, 9)),
}
"""By op of two inputs: what is exact, and two intervals."""

KINDS = (FLOAT64, FLOAT32)


def points(low: float, high: float, seed: int = 0) -> Array:
    """Return numbers of all magnitudes from an interval."""
    draw = np.random.default_rng(seed)
    near = draw.uniform(-1, 1, 100) * 10.0 ** draw.uniform(-12, 1, 100)
    return np.concatenate([draw.uniform(low, high, 150), np.clip(near, low, high)])


def inputs_of(name: str, kind: ElementType) -> tuple[Array, ...]:
    """Return what an op is fed: first what is inside, then the edges, or all pairs of them."""
    x: tuple[Array, ...]
    if name in FUNCTIONS:
        x = (np.concatenate([points(*FUNCTIONS[name][1:]), np.array(EDGES)]),)
    else:
        inside = [points(*interval, seed) for seed, interval in enumerate(PAIRS[name][1:])]
        x = tuple(np.concatenate(parts) for parts in zip(inside, np.array([*product(EDGES, EDGES)]).T, strict=True))
    with np.errstate(over="ignore"):
        return tuple(part.astype(kind.dtype) for part in x)


Results = Mapping[str, tuple[Array, Array]]
"""By op and element type, what compiled code gives, and what NumPy gives."""


@pytest.fixture(scope="module")
def results(backend: NumbaBackend) -> Results:
    """Return all functions in both types, at their points, from one run in each tier."""
    outputs: dict[str, Value] = {}
    inputs: dict[str, Array] = {}
    for name, kind in product([*FUNCTIONS, *PAIRS], KINDS):
        fed = {f"{name} {kind} {i}": x for i, x in enumerate(inputs_of(name, kind))}
        inputs |= fed
        outputs[f"{name} {kind}"] = apply(name, *(variable(key, x.shape, kind) for key, x in fed.items()))
    graph = FlatGraph.of(outputs)
    found = run_compiled(compiled(backend, graph), inputs)
    expected = interpret(graph)(inputs)
    return {name: (found[name], expected[name]) for name in outputs}


@pytest.mark.parametrize("kind", KINDS, ids=str)
@pytest.mark.parametrize("name", [*FUNCTIONS, *PAIRS])
def test_a_function_is_right_within_4_ulp(name: str, kind: ElementType, results: Results) -> None:
    exact = (FUNCTIONS.get(name) or PAIRS[name])[0]
    found, expected = results[f"{name} {kind}"]
    inside = len(points(0, 1))
    with mpmath.workprec(120):
        for y, near, *x in zip(found[:inside], expected, *inputs_of(name, kind), strict=False):
            if not np.isfinite(near):
                continue  # an edge, by chance
            truth = exact(*(mpmath.mpf(float(part)) for part in x))
            error = abs(mpmath.mpf(float(y)) - truth) / float(np.spacing(np.abs(near)))
            assert error <= SLACK, f"{name}{x} is {y!r}, not {truth}"


@pytest.mark.parametrize("kind", KINDS, ids=str)
@pytest.mark.parametrize("name", [*FUNCTIONS, *PAIRS])
def test_two_tiers_differ_by_at_most_4_ulp_and_not_at_the_edges(name: str, kind: ElementType, results: Results) -> None:
    found, expected = results[f"{name} {kind}"]
    special = ~np.isfinite(expected) | (expected == 0)
    with np.errstate(invalid="ignore", over="ignore"):
        apart = np.abs(found.astype(np.float64) - expected) / np.spacing(np.abs(expected)).astype(np.float64)
        if name == "logaddexp":  # two halves: where they cancel, digits of the greater input count
            greatest = np.maximum(*(np.abs(x) for x in inputs_of(name, kind)))
            apart *= np.spacing(np.abs(expected)) / np.spacing(np.maximum(greatest, np.abs(expected)))
        if name == "erfc":  # SciPy rounds x² before it takes its exponential
            apart *= SLACK / (3 * SLACK + np.nan_to_num(inputs_of(name, kind)[0].astype(np.float64)) ** 2)
        if name in ("sigmoid", "exp_share", "erfc"):  # SciPy's become 0 early
            special &= (expected != 0) | (np.abs(found) >= np.finfo(kind.dtype).smallest_normal)
            apart[np.abs(found) < np.finfo(kind.dtype).smallest_normal] = 0
    same = (found == expected) & (np.signbit(found) == np.signbit(expected)) | np.isnan(found) & np.isnan(expected)
    wrong = np.where(special, ~same, apart > SLACK)
    assert not wrong.any(), [(*x, y, z) for y, z, *x in zip(found, expected, *inputs_of(name, kind), strict=True)][
        np.argmax(wrong)
    ]


def test_a_number_gives_the_same_wherever_it_stands_in_a_vector(backend: NumbaBackend) -> None:
    names = ["exp", "log", "log2", "log10", "log1p", "expm1", "tanh", "sigmoid", "softplus"]
    names += ["power", "sinh", "cosh", "asinh", "acosh", "logaddexp"]
    x = {kind: variable(f"x {kind}", (37,), kind) for kind in KINDS}
    outputs = {}
    for name, kind in product(names, KINDS):
        outputs[f"{name} {kind}"] = apply(name, *[x[kind]] * (1 + (name in ("power", "logaddexp"))))
    run = compiled(backend, FlatGraph.of(outputs))
    for name, y in run_compiled(run, {f"x {kind}": np.full(37, 1.7, kind.dtype) for kind in KINDS}).items():
        assert len(set(y.tolist())) == 1, name


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_logarithms_are_exact_at_the_powers_of_their_base(kind: ElementType, backend: NumbaBackend) -> None:
    limits = np.finfo(kind.dtype)
    twos = np.arange(limits.minexp - limits.nmant, limits.maxexp).astype(kind.dtype)
    tens = np.arange(limits.nmant * 0.43).astype(kind.dtype)  # so far whole powers are numbers of that type
    x = {"log2": variable("log2", twos.shape, kind), "log10": variable("log10", tens.shape, kind)}
    run = compiled(backend, FlatGraph.of({f"{name} of powers": apply(name, value) for name, value in x.items()}))
    found = run_compiled(run, {"log2": np.exp2(twos), "log10": (10.0**tens).astype(kind.dtype)})
    assert np.array_equal(found["log2 of powers"], twos)
    assert np.array_equal(found["log10 of powers"], tens)
