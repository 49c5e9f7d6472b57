"""A network with one hidden layer, 784-128-10, under the softmax cross-entropy; the gradient of all weights."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks import libraries
from benchmarks.contender import BY_HAND, Kind, Point, Prepared, Size

INPUTS, HIDDEN, CLASSES = 784, 128, 10
WRT = ("w1", "b1", "w2", "b2")


def point(batch: int) -> Point:
    """Draw images, one-hot labels, and weights."""
    rng = np.random.default_rng(0)
    return {
        "x": rng.random((batch, INPUTS)),
        "y": np.eye(CLASSES)[rng.integers(CLASSES, size=batch)],
        "w1": rng.normal(size=(INPUTS, HIDDEN)) / 28,
        "b1": rng.normal(size=HIDDEN) / 10,
        "w2": rng.normal(size=(HIDDEN, CLASSES)) / 11,
        "b2": rng.normal(size=CLASSES) / 10,
    }


def loss(xp: Any, x: Any, y: Any, w1: Any, b1: Any, w2: Any, b2: Any) -> Any:
    """Return the mean cross-entropy."""
    scores = xp.tanh(x @ w1 + b1) @ w2 + b2
    return xp.mean(xp.logsumexp(scores) - xp.sum(y * scores, axis=1))


def ours(batch: int) -> Any:
    """Ask for value and gradient."""
    import gradwire as gw
    from benchmarks.ours import Question

    xp = libraries.Namespace(gw, logsumexp=lambda x: gw.logsumexp(x, axis=-1))
    at = point(batch)
    shapes = {name: ("batch", *x.shape[1:]) if name in ("x", "y") else x.shape for name, x in at.items()}
    variables = [gw.variable(name, shape) for name, shape in shapes.items()]
    return Question(gw.Graph({"loss": loss(xp, *variables)}, name="network"), at, wrt=WRT)


def by_hand(batch: int) -> Prepared:
    """Derive by hand."""
    x, y, w1, b1, w2, b2 = point(batch).values()

    def call() -> tuple[Any, ...]:
        z = x @ w1
        z += b1
        np.tanh(z, out=z)
        scores = z @ w2 + b2
        most = scores.max(1, keepdims=True)
        e = np.exp(scores - most)
        sums = e.sum(1, keepdims=True)
        value = ((np.log(sums) + most).sum() - (y * scores).sum()) / batch
        scores_bar = (e / sums - y) / batch
        u_bar = scores_bar @ w2.T
        u_bar *= 1 - z * z
        return value, x.T @ u_bar, u_bar.sum(0), z.T @ scores_bar, scores_bar.sum(0)

    return Prepared(call)


def casadi(batch: int) -> Prepared:
    """Take matrix expressions, a column for each image."""
    ca, at = libraries.casadi(), point(batch)
    shapes = [x.T.shape if x.ndim > 1 else (len(x), 1) for x in at.values()]
    x, y, w1, b1, w2, b2 = symbols = [ca.MX.sym(name, *shape) for name, shape in zip(at, shapes, strict=True)]
    hidden = ca.tanh(ca.mtimes(w1, x) + ca.repmat(b1, 1, batch))
    scores = ca.mtimes(w2, hidden) + ca.repmat(b2, 1, batch)
    value = (ca.sum2(ca.log(ca.sum1(ca.exp(scores)))) - ca.sum2(ca.sum1(y * scores))) / batch
    f = ca.Function("network", symbols, [value, *(ca.densify(ca.gradient(value, w)) for w in symbols[2:])])
    prepared = libraries.casadi_call(f, [a.T for a in at.values()], [(), *shapes[2:]])
    return Prepared(prepared.call, lambda found: [np.asarray(w).T for w in found])


KIND = Kind(
    "network",
    "softmax network 784-128-10, gradient",
    [Size({"batch": n}, 0.9, is_small=n == 1) for n in (1, 32, 256)],
    ours,
    {BY_HAND: by_hand, "CasADi": casadi, **libraries.gradients(loss, point, WRT)},
)
