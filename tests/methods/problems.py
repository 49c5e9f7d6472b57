"""Losses whose minima are known: from books, from NIST, from real data."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from gradwire.demo.data import unpacked
from gradwire.expressions import as_graph
from gradwire_service.engine import Engine
from gradwire_service.graph import Array, Graph
from gradwire_service.methods import Method, Solution
from gradwire_service.searches import Search
from gradwire_service.training import Progress
from gradwire_service.wire import decode_graph

ENGINE = Engine("numpy")

ROSENBROCK = "sum(100 * (x[1:] - x[:-1]**2)**2 + (1 - x[:-1])**2)"
RASTRIGIN = "sum(x**2 - 10 * cos(6.283185307179586 * x) + 10)"


def formula(text: str, **shapes: list[int | str]) -> Graph:
    """Return the graph of a formula in variables of float64."""
    return decode_graph(as_graph(text, {name: (shape, "float64") for name, shape in shapes.items()}).message)


def solved(
    graph: Graph, parameters: dict[str, Any], method: Method | Search, data: dict[str, Any] | None = None, **more: Any
) -> tuple[list[Progress], Solution]:
    """Minimize on NumPy; return the reports and the solution."""
    *reports, solution = ENGINE.solve(graph, parameters, data or {}, method, **more)
    assert isinstance(solution, Solution)
    assert all(isinstance(report, Progress) for report in reports)
    return reports, solution  # type: ignore[return-value]  # just seen


@cache
def tumours() -> dict[str, Array]:
    """Breast cancer Wisconsin: 569 rows of 30 features, standardised, and a column of ones; 1 for benign."""
    _, *lines = unpacked().decode().splitlines()
    table = np.array([line.split(",") for line in lines], np.float64)
    x = (table[:, :-1] - table[:, :-1].mean(axis=0)) / table[:, :-1].std(axis=0)
    return {"x": np.column_stack([x, np.ones(len(x))]), "y": table[:, -1].copy()}


@cache
def logistic() -> Graph:
    """Mean logistic loss, and 0.01/2 times the sum of all squared weights."""
    text = "u = x @ w; mean(softplus(u) - y * u) + 0.005 * sum(w**2)"
    return formula(text, x=["batch", 31], y=["batch"], w=[31])


@cache
def logistic_minimum() -> float:
    """The least value of it, by Newton's method in NumPy."""
    x, y = tumours()["x"], tumours()["y"]
    w = np.zeros(31)
    for _ in range(20):
        p = 1 / (1 + np.exp(-(x @ w)))
        gradient = x.T @ (p - y) / len(y) + 0.01 * w
        w -= np.linalg.solve((x.T * (p * (1 - p))) @ x / len(y) + 0.01 * np.eye(31), gradient)
    return float(np.mean(np.logaddexp(0, x @ w) - y * (x @ w)) + 0.005 * w @ w)


@dataclass(frozen=True)
class Regression:
    """A reference data set of NIST for nonlinear regression.

    Attributes:
        name: its name.
        model: formula in x and b1, b2, …
        starts: two starts for b1, b2, …; the first is farther away.
        certified: the least-squares estimates, to 11 digits.
        residual_sum_of_squares: the sum of squares there.
        x, y: the observations.
    """

    name: str
    model: str
    starts: list[list[float]]
    certified: list[float]
    residual_sum_of_squares: float
    x: list[float]
    y: list[float]

    def __str__(self) -> str:
        return self.name

    @property
    def names(self) -> list[str]:
        return [f"b{i}" for i in range(1, len(self.certified) + 1)]

    @property
    def graph(self) -> Graph:
        return formula(f"{self.model} - y", x=["batch"], y=["batch"], **{name: [] for name in self.names})

    @property
    def data(self) -> dict[str, Array]:
        return {"x": np.array(self.x), "y": np.array(self.y)}

    def start(self, number: int) -> dict[str, Array]:
        return {name: np.array(b) for name, b in zip(self.names, self.starts[number - 1], strict=True)}


NIST = {
    name: Regression(name, **fields)
    for name, fields in json.loads((Path(__file__).parent / "nist.json").read_text())["sets"].items()
}
