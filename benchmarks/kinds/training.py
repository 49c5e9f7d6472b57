"""Whole trainings by `minimize`, reports and the final loss over all rows included, beside loops that only step.

A logistic regression, d = 30, in batches of 32, and a network, 64-32-10, in batches of 64, on as many rows as the
digits that scikit-learn has: a thousand steps of gradient descent each.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks import libraries
from benchmarks.contender import BY_HAND, Array, Kind, Point, Prepared, Size
from benchmarks.kinds import logistic, network

STEPS, RATE = 1_000, 0.05


def logistic_point() -> Point:
    """Draw data and the weights at the start."""
    return logistic.point(32 * 100, 30)


def digits_point() -> Point:
    """Draw images of 64 numbers, one-hot labels, and weights."""
    rng = np.random.default_rng(0)
    rows, inputs, hidden, classes = 64 * 28, 64, 32, 10
    return {
        "x": rng.random((rows, inputs)),
        "y": np.eye(classes)[rng.integers(classes, size=rows)],
        "w1": rng.normal(size=(inputs, hidden)) / 8,
        "b1": np.zeros(hidden),
        "w2": rng.normal(size=(hidden, classes)) / 6,
        "b2": np.zeros(classes),
    }


PROBLEMS: dict[str, tuple[Callable[[], Point], int, Callable[..., Any]]] = {
    "logistic": (logistic_point, 32, logistic.loss),
    "digits": (digits_point, 64, network.loss),
}
"""By name: data and weights, rows of a batch, and the loss."""


def ours(problem: str) -> Any:
    """Ask for a minimization, as a user does."""
    import gradwire as gw
    from benchmarks.ours import Minimization
    from gradwire_service.optimizers import Sgd
    from gradwire_service.training import Batching, BatchingMode, Recipe, ReportingRule, StoppingRule

    make, size, loss = PROBLEMS[problem]
    point, xp = make(), libraries.Namespace(gw, logsumexp=lambda x: gw.logsumexp(x, axis=-1))
    shapes = {name: ("batch", *x.shape[1:]) if name in ("x", "y") else x.shape for name, x in point.items()}
    graph = gw.Graph({"loss": loss(xp, *(gw.variable(name, shape) for name, shape in shapes.items()))}, name=problem)
    batches = Batching(BatchingMode.SEQUENTIAL, size)
    recipe = Recipe(Sgd(RATE), StoppingRule(steps=STEPS), batching=batches, reporting=ReportingRule(every_steps=STEPS))
    weights = {name: x for name, x in point.items() if name not in ("x", "y")}
    return Minimization(graph, weights, {"x": point["x"], "y": point["y"]}, recipe)


def jax(problem: str) -> Prepared:
    """Take `lax.fori_loop` over the steps."""
    j, xp = libraries.jax(), libraries.jax_namespace()
    make, size, loss = PROBLEMS[problem]
    point = make()
    count = len(point["x"]) // size
    slopes = j.grad(lambda weights, x, y: loss(xp, x, y, *weights))

    def steps(x: Any, y: Any, *weights: Any) -> Any:
        def one(i: Any, weights: Any) -> Any:
            rows, labels = (j.lax.dynamic_slice_in_dim(a, i % count * size, size) for a in (x, y))
            return [w - RATE * g for w, g in zip(weights, slopes(weights, rows, labels), strict=True)]

        return j.lax.fori_loop(0, STEPS, one, list(weights))

    return libraries.jax_call(steps, list(point.values()))


def torch(problem: str) -> Prepared:
    """Loop in Python, with `torch.optim.SGD`."""
    t, xp = libraries.torch(), libraries.torch_namespace()
    make, size, loss = PROBLEMS[problem]
    x, y, *start = map(t.tensor, make().values())
    batches = list(zip(x.split(size), y.split(size), strict=True))

    def call() -> list[Any]:
        weights = [w.clone().requires_grad_() for w in start]
        optimizer = t.optim.SGD(weights, RATE)
        for i in range(STEPS):
            optimizer.zero_grad()
            loss(xp, *batches[i % len(batches)], *weights).backward()
            optimizer.step()
        return [w.detach() for w in weights]

    return Prepared(call)


def by_hand(problem: str) -> Prepared:
    """Derive by hand."""
    make, size, _ = PROBLEMS[problem]
    x, y, *start = make().values()
    count = len(x) // size

    def call() -> list[Array]:
        weights = [w.copy() for w in start]
        for i in range(STEPS):
            rows, labels = (a[i % count * size : (i % count + 1) * size] for a in (x, y))
            for w, g in zip(weights, slopes(rows, labels, *weights), strict=True):
                w -= RATE * g
        return weights

    return Prepared(call)


def slopes(x: Array, y: Array, *weights: Array) -> tuple[Array, ...]:
    """Return the gradient of either loss."""
    if len(weights) == 1:
        return ((1 / (1 + np.exp(-(x @ weights[0]))) - y) @ x / len(x),)
    w1, b1, w2, b2 = weights
    z = np.tanh(x @ w1 + b1)
    scores = z @ w2 + b2
    e = np.exp(scores - scores.max(1, keepdims=True))
    scores_bar = (e / e.sum(1, keepdims=True) - y) / len(x)
    u_bar = scores_bar @ w2.T * (1 - z * z)
    return x.T @ u_bar, u_bar.sum(0), z.T @ scores_bar, scores_bar.sum(0)


KIND = Kind(
    "training",
    "1,000 steps by minimize",
    [Size({"problem": "logistic"}, 1 / 1.5, is_small=True), Size({"problem": "digits"}, 1.0)],
    ours,
    {BY_HAND: by_hand, "JAX": jax, "PyTorch": torch},
)
