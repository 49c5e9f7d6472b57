"""The losses of `surfaces`, for any library that differentiates by itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from gradwire_service.graph import Array


def _rosenbrock(xp: Any, v: Mapping[str, Any]) -> Any:
    return xp.sum(100 * xp.square(v["b"] - xp.square(v["a"])) + xp.square(1 - v["a"]))


def _logistic(xp: Any, v: Mapping[str, Any]) -> Any:
    return xp.mean(xp.log1p(xp.exp(-v["sign"] * (v["x"] @ v["w"] + v["b"]))))


def _network(xp: Any, v: Mapping[str, Any]) -> Any:
    return xp.mean(xp.square(xp.tanh(v["x"] @ v["inner"] + v["shift"]) @ v["outer"] - v["y"]))


LOSSES: Mapping[str, Callable[[Any, Mapping[str, Any]], Any]] = {
    "rosenbrock": _rosenbrock,
    "logistic": _logistic,
    "network": _network,
}

Path = list[dict[str, Array]]


def assert_same_path(found: Path, expected: Path) -> None:
    """Compare two paths: each parameter to ten digits of its greatest element."""
    for step, (one, other) in enumerate(zip(found, expected, strict=True), 1):
        for name, array in one.items():
            size = float(np.max(np.abs(other[name])))
            assert size < 1e3
            np.testing.assert_allclose(array, other[name], 1e-10, 1e-10 * size, err_msg=f"{name} in step {step}")
