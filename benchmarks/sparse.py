"""Sparse derivatives: a bundle-adjustment Jacobian and Rosenbrock's Hessian; sweeps, and time against size."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial

import numpy as np

import gradwire as gw
from benchmarks.table import Row
from benchmarks.timing import Call, interleaved, shown
from gradwire_service import Engine
from gradwire_service.query import HessianResult, JacobianResult

OBSERVATIONS = (1_000, 10_000)
VARIABLES = (1_000, 10_000)


def rows() -> Iterator[Row]:
    """Measure."""
    jacobians, hessians = {}, {}
    for seen in OBSERVATIONS:
        text, point = bundle_adjustment(seen)
        jacobians[seen] = _first_and_again(partial(Engine("numpy").jacobian, text, point, sparse=True))
    yield from _rows("bundle adjustment, sparse Jacobian, {:,} observations", jacobians, 16)
    for n in VARIABLES:
        x = gw.variable("x", (n,))
        text = str(gw.Graph({"y": gw.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)}))
        ask = partial(Engine("numpy").hessian, text, {"x": np.linspace(-1, 1, n)}, sparse=True)
        hessians[n] = _first_and_again(ask)
    yield from _rows("Rosenbrock, sparse Hessian, {:,} variables", hessians, 3)


def _rows(what: str, found: dict[int, tuple[float, float, int]], sweeps: int) -> Iterator[Row]:
    small, large = found
    yield Row(f"{what.format(large)}, sweeps", str(found[large][2]), "", found[large][2], sweeps)
    for i, kind in enumerate(("with pattern, colouring and preparation", "again")):
        one, other = found[small][i], found[large][i]
        per = f"{large // small} × that of {small:,}, {shown(one)}"
        yield Row(f"{what.format(large)}, {kind}", shown(other), per, other / one / (large / small))


def _first_and_again(call: Call) -> tuple[float, float, int]:
    """Return the time of a first call, that of later ones, and the number of sweeps."""
    start = time.perf_counter()
    result = call()
    first = time.perf_counter() - start
    assert isinstance(result, JacobianResult | HessianResult)
    return first, interleaved({"": call}, seconds=1.0, rounds=5)[""].median, result.sweeps


def bundle_adjustment(seen: int) -> tuple[str, dict[str, np.ndarray]]:
    """Return the residuals of a bundle adjustment: two for an observation, of 11 + 3 + 1 variables; and a point."""
    draw = np.random.default_rng(3)
    cameras, points = max(seen // 100, 2), max(seen // 5, 3)
    camera, point = gw.variable("camera", (cameras, 11)), gw.variable("point", (points, 3))
    weight = gw.variable("weight", (seen,))
    c = gw.take(camera, draw.integers(cameras, size=seen), axis=0)
    moved = gw.take(point, draw.integers(points, size=seen), axis=0) - c[:, 3:6]
    turn = c[:, :3]
    squared = gw.sum(turn * turn, axis=1, keepdims=True)
    along = gw.sum(turn * moved, axis=1, keepdims=True)
    crossed = gw.stack([turn[:, i - 2] * moved[:, i - 1] - turn[:, i - 1] * moved[:, i - 2] for i in range(3)], axis=1)
    turned = moved + (2 * crossed + turn * along) / (1 + squared)
    flat = turned[:, :2] / turned[:, 2:]
    radius = gw.sum(flat * flat, axis=1, keepdims=True)
    bent = 1 + c[:, 9:10] * radius + c[:, 10:] * radius**2
    residual = weight[:, None] * (c[:, 6:7] * flat * bent + c[:, 7:9])
    graph = gw.Graph({"residual": gw.reshape(residual, (2 * seen,))}, name="bundle_adjustment")
    at = {
        "camera": draw.uniform(0.1, 0.5, (cameras, 11)),
        "point": draw.uniform(1, 2, (points, 3)) + np.array([0.0, 0.0, 4.0]),
        "weight": np.ones(seen),
    }
    return str(graph), at
