"""The model: logistic regression, decomposed into blocks, and the same by hand."""

from __future__ import annotations

import numpy as np

import gradwire as gw
from gradwire.demo.data import Array

DECAY = 0.01
"""λ of the penalty λ/2 ‖w‖², dimensionless; with it the loss has exactly one minimum."""


def logistic(columns: int) -> gw.Graph:
    """Return the graph of the mean of -log p over the rows, p being the probability of what is true, and a penalty.

    The blocks are those of a text book. Chained like this they fail where p rounds to 1, at u > 37, or to 0, at
    u < -745; `gw.log_sigmoid` does not. On the data of the demo u stays between -40 and 15.

    Args:
        columns: number of features.
    """
    x = gw.variable("x", ("batch", columns), documentation="features, standardised; the last column is 1")
    y = gw.variable("y", ("batch",), documentation="1 for what is to have p = 1, 0 for p = 0")
    w = gw.variable("w", (columns,), documentation="weights")
    u = gw.name("u", x @ w)
    p = gw.name("p", gw.sigmoid(u))
    gain = gw.name("gain", y * gw.name("log_p", gw.log(p)))
    q = gw.name("q", 1 - p)
    rest = gw.name("rest", gw.name("z", 1 - y) * gw.name("log_q", gw.log(q)))
    fit = gw.name("fit", gw.mean(gw.name("losses", -gw.name("gains", gain + rest))))
    penalty = gw.name("penalty", DECAY / 2 * gw.name("total", gw.sum(gw.name("squares", w * w))))
    return gw.Graph({"loss": gw.name("loss", fit + penalty)}, name="logistic")


def by_hand(x: Array, y: Array, w: Array) -> tuple[float, Array]:
    """Return the loss and its gradient with respect to w, as one derives them on paper.

    ∂L/∂w = xᵀ(p - y)/n + λ w.
    """
    u = x @ w
    loss = np.mean(np.logaddexp(0, u) - y * u) + DECAY / 2 * w @ w
    return float(loss), x.T @ (1 / (1 + np.exp(-u)) - y) / len(y) + DECAY * w


def accuracy(x: Array, y: Array, w: Array) -> float:
    """Return the share of the rows whose class has the greater probability, dimensionless."""
    return float(np.mean((x @ w > 0) == (y == 1)))
