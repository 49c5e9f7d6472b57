"""Graphs and data that several tests use."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

import gradwire as gw

Array = npt.NDArray[Any]

RNG = np.random.default_rng(7)
X = RNG.normal(size=(40, 30))
Y = (RNG.random(40) > 0.4).astype(np.float64)
W = RNG.normal(size=30) / 10
INPUTS = {"x": X, "y": Y, "w": W}


def logistic() -> gw.Graph:
    """The model of the design: logistic regression, decomposed into its blocks."""
    x = gw.variable("x", ("batch", 30))
    y = gw.variable("y", ("batch",))
    w = gw.variable("w", (30,))
    u = gw.name("u", x @ w)
    p = gw.name("p", gw.sigmoid(u))
    loss = gw.mean(-(y * gw.log(p) + (1 - y) * gw.log(1 - p)))
    return gw.Graph({"loss": loss}, name="logistic")


def logistic_gradient() -> tuple[float, Array, Array]:
    """Loss and gradients with respect to w and u at `INPUTS`, by hand."""
    p = 1 / (1 + np.exp(-X @ W))
    by_u = (p - Y) / len(Y)
    return float(-np.mean(Y * np.log(p) + (1 - Y) * np.log(1 - p))), X.T @ by_u, by_u


@gw.function
def rosenbrock(x: Any) -> Any:
    """Rosenbrock's valley in any number of dimensions."""
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)
