"""A thousand steps of gradient descent for logistic regression, 32 rows each, in the order of the data."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from benchmarks import libraries, native
from benchmarks.contender import BY_HAND, IN_C, Array, Kind, Point, Prepared, Size
from benchmarks.kinds import logistic

STEPS, ROWS = 1_000, 32
RATE = 0.05


def point(d: int) -> Point:
    """Draw data and the weights at the start."""
    return logistic.point(STEPS * ROWS, d)


def ours(d: int) -> Any:
    """Ask for the end of a scan over the batches, with the slope that `by_hand` has."""
    import gradwire as gw
    from benchmarks.ours import Question
    from gradwire_service.query import ValueQuery

    at = point(d)
    x, y, start = (gw.variable(name, array.shape) for name, array in at.items())

    def one(w: Any, batch: Any) -> Any:
        rows, labels = batch
        p = gw.sigmoid(rows @ w)
        return w - RATE / ROWS * ((p - labels) @ rows), ()

    batches = gw.reshape(x, (STEPS, ROWS, d)), gw.reshape(y, (STEPS, ROWS))
    end, _ = gw.scan(one, start, batches)
    return Question(gw.Graph({"w": end}, name="sgd"), at, ValueQuery(("w",)))


def by_hand(d: int) -> Prepared:
    """Derive by hand."""
    x, y, start = point(d).values()

    def call() -> list[Array]:
        w = start.copy()
        for i in range(0, STEPS * ROWS, ROWS):
            rows = x[i : i + ROWS]
            p = 1 / (1 + np.exp(-(rows @ w)))
            w -= RATE / ROWS * ((p - y[i : i + ROWS]) @ rows)
        return [w]

    return Prepared(call)


def in_c(d: int) -> Prepared:
    """Call `sgd.c`."""
    return native.prepared("sgd", [STEPS, ROWS, d], point(d).values(), [np.empty(d)])


def jax(d: int) -> Prepared:
    """Take `lax.scan` over the batches."""
    j, xp = libraries.jax(), libraries.jax_namespace()
    slope = j.grad(partial(logistic.loss, xp), 2)

    def steps(x: Any, y: Any, w: Any) -> Any:
        batches = x.reshape(STEPS, ROWS, d), y.reshape(STEPS, ROWS)
        return j.lax.scan(lambda w, batch: (w - RATE * slope(*batch, w), None), w, batches)[0]

    return libraries.jax_call(steps, list(point(d).values()))


def torch(d: int) -> Prepared:
    """Loop in Python."""
    t, xp = libraries.torch(), libraries.torch_namespace()
    x, y, start = map(t.tensor, point(d).values())
    batches = list(zip(x.split(ROWS), y.split(ROWS), strict=True))

    def call() -> list[Any]:
        w = start.clone().requires_grad_()
        for rows, labels in batches:
            (slope,) = t.autograd.grad(logistic.loss(xp, rows, labels, w), [w])
            with t.no_grad():
                w -= RATE * slope
        return [w.detach()]

    return Prepared(call)


def autograd(d: int) -> Prepared:
    """Loop in Python."""
    slope = libraries.library("autograd").grad(partial(logistic.loss, libraries.autograd_namespace()), 2)
    x, y, start = point(d).values()

    def call() -> list[Array]:
        w = start
        for i in range(0, STEPS * ROWS, ROWS):
            w = w - RATE * slope(x[i : i + ROWS], y[i : i + ROWS], w)
        return [w]

    return Prepared(call)


def pytensor(linker: str, d: int) -> Prepared:
    """Take PyTensor's scan over the batches."""
    found, xp = libraries.pytensor(linker)[0], libraries.pytensor_namespace()

    def steps(x: Any, y: Any, w: Any) -> list[Any]:
        path = found.scan(
            lambda x, y, w: w - RATE * found.grad(logistic.loss(xp, x, y, w), w),
            sequences=[x.reshape((STEPS, ROWS, d)), y.reshape((STEPS, ROWS))],
            outputs_info=[w],
            return_updates=False,
        )
        return [path[-1]]

    return libraries.pytensor_function(steps, point(d), linker)


def casadi(d: int) -> Prepared:
    """Go through the batches with the function of one step."""
    ca, (x, y, start) = libraries.casadi(), point(d).values()
    w, rows, labels = ca.MX.sym("w", d), ca.MX.sym("rows", d, ROWS), ca.MX.sym("labels", 1, ROWS)
    p = 1 / (1 + ca.exp(-ca.mtimes(w.T, rows)))
    value = -ca.sum2(labels * ca.log(p) + (1 - labels) * ca.log(1 - p)) / ROWS
    one = ca.Function("one", [w, rows, labels], [w - RATE * ca.densify(ca.gradient(value, w))])
    w, all_rows, all_labels = ca.MX.sym("w", d), ca.MX.sym("x", d, STEPS * ROWS), ca.MX.sym("y", 1, STEPS * ROWS)
    f = ca.Function("sgd", [all_rows, all_labels, w], [one.mapaccum(STEPS)(w, all_rows, all_labels)[:, -1]])
    return libraries.casadi_call(f, [x.T, y, start], [(d,)])


KIND = Kind(
    "sgd",
    "1,000 mini-batch SGD steps, batch 32",
    [Size({"d": d}, 0.7, is_small=d == 10, is_on_demand=d == 30) for d in (10, 30, 100)],
    ours,
    {
        BY_HAND: by_hand,
        IN_C: in_c,
        "JAX": jax,
        "PyTorch": torch,
        "autograd": autograd,
        "CasADi": casadi,
        **libraries.pytensor_linkers(pytensor),
    },
)
