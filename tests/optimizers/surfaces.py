"""Three losses on which rules are tried: Rosenbrock's, logistic regression, and a small network.

Each is a graph, and has its gradient in closed form, for those who do without graphs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from gradwire_service.graph import Array
from gradwire_service.ops.base import Value
from gradwire_service.ops.functions import exp, log1p, mean, square, tanh
from gradwire_service.ops.functions import sum as sum_

Arrays = Mapping[str, Array]


@dataclass(frozen=True)
class Surface:
    """A loss, where to start, and its data."""

    name: str
    start: Arrays
    data: Arrays
    loss: Callable[[Mapping[str, Value]], Value]
    gradients: Callable[[Arrays], dict[str, Array]]

    def __str__(self) -> str:
        return self.name


def _rosenbrock(v: Mapping[str, Value]) -> Value:
    return sum_(100 * square(v["b"] - square(v["a"])) + square(1 - v["a"]))


def _rosenbrock_gradients(v: Arrays) -> dict[str, Array]:
    inner = v["b"] - v["a"] ** 2
    return {"a": -400 * v["a"] * inner - 2 * (1 - v["a"]), "b": 200 * inner}


def _logistic(v: Mapping[str, Value]) -> Value:
    return mean(log1p(exp(-v["sign"] * (v["x"] @ v["w"] + v["b"]))))


def _logistic_gradients(v: Arrays) -> dict[str, Array]:
    u = v["sign"] * (v["x"] @ v["w"] + v["b"])
    slope = -v["sign"] / (1 + np.exp(u)) / len(u)
    return {"w": v["x"].T @ slope, "b": np.sum(slope)}


def _network(v: Mapping[str, Value]) -> Value:
    return mean(square(tanh(v["x"] @ v["inner"] + v["shift"]) @ v["outer"] - v["y"]))


def _network_gradients(v: Arrays) -> dict[str, Array]:
    hidden = np.tanh(v["x"] @ v["inner"] + v["shift"])
    error = 2 * (hidden @ v["outer"] - v["y"]) / len(v["y"])
    below = np.outer(error, v["outer"]) * (1 - hidden**2)
    return {"inner": v["x"].T @ below, "shift": below.sum(0), "outer": hidden.T @ error}


def _surfaces() -> list[Surface]:
    random = np.random.default_rng(11)
    x = random.normal(size=(12, 3))
    sign = np.where(x @ [1.0, -2.0, 0.5] + 0.4 * random.normal(size=12) > 0, 1.0, -1.0)
    network: Arrays = {
        "inner": 0.5 * random.normal(size=(3, 4)),
        "shift": 0.1 * random.normal(size=4),
        "outer": 0.5 * random.normal(size=4),
    }
    y = np.sin(x[:, 0]) + 0.5 * x[:, 1]
    return [
        Surface(
            "rosenbrock",
            {"a": np.array([-0.6, 0.9]), "b": np.array([0.5, 1.2])},
            {},
            _rosenbrock,
            _rosenbrock_gradients,
        ),
        Surface(
            "logistic",
            {"w": np.array([0.3, 0.1, -0.2]), "b": np.array(0.05)},
            {"x": x, "sign": sign},
            _logistic,
            _logistic_gradients,
        ),
        Surface("network", network, {"x": x, "y": y}, _network, _network_gradients),
    ]


SURFACES = _surfaces()
