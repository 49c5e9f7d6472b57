"""Logistic regression: the mean cross-entropy, and its gradient with respect to the weights."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks import libraries, native
from benchmarks.contender import BY_HAND, IN_C, Array, Kind, Point, Prepared, Size


def point(n: int, d: int) -> Point:
    """Draw data and weights."""
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=(n, d)), rng.normal(size=d) / 4
    return {"x": x, "y": (rng.random(n) < 0.5).astype(float), "w": w}


def loss(xp: Any, x: Any, y: Any, w: Any) -> Any:
    """Return the mean cross-entropy."""
    p = xp.sigmoid(x @ w)
    return -xp.mean(y * xp.log(p) + (1 - y) * xp.log(1 - p))


def ours(n: int, d: int) -> Any:
    """Ask for value and gradient."""
    import gradwire as gw
    from benchmarks.ours import Question

    x, y, w = gw.variable("x", ("batch", "d")), gw.variable("y", ("batch",)), gw.variable("w", ("d",))
    return Question(gw.Graph({"loss": loss(gw, x, y, w)}, name="logistic"), point(n, d), wrt=["w"])


def by_hand(n: int, d: int) -> Prepared:
    """Derive by hand, and compute nothing twice."""
    x, y, w = point(n, d).values()

    def call() -> tuple[Any, Array]:
        p = 1 / (1 + np.exp(-(x @ w)))
        value = -(y * np.log(p) + (1 - y) * np.log(1 - p)).mean()
        return value, (p - y) @ x / n

    return Prepared(call)


def in_c(n: int, d: int) -> Prepared:
    """Call `logistic.c`."""
    return native.prepared("logistic", [n, d], point(n, d).values(), [np.empty(()), np.empty(d)])


def casadi(n: int, d: int) -> Prepared:
    """Take matrix expressions."""
    ca, arrays = libraries.casadi(), point(n, d)
    x, y, w = ca.MX.sym("x", n, d), ca.MX.sym("y", n), ca.MX.sym("w", d)
    p = 1 / (1 + ca.exp(-ca.mtimes(x, w)))
    value = -ca.sum1(y * ca.log(p) + (1 - y) * ca.log(1 - p)) / n
    function = ca.Function("logistic", [x, y, w], [value, ca.densify(ca.gradient(value, w))])
    return libraries.casadi_call(function, list(arrays.values()), [(), (d,)])


def _sizes() -> list[Size]:
    cases = [(32, 10), (32, 30), (1_000, 30), (1_000, 100), (100_000, 10), (100_000, 100)]
    return [Size({"n": n, "d": d}, 0.6, is_small=n == 32, is_on_demand=d == 100) for n, d in cases]


KIND = Kind(
    "logistic",
    "logistic regression, value and gradient",
    _sizes(),
    ours,
    {
        BY_HAND: by_hand,
        IN_C: in_c,
        "CasADi": casadi,
        **libraries.gradients(loss, point, ["w"]),
    },
)
