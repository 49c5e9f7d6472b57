"""The dense Hessian of logistic regression."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks import libraries, native
from benchmarks.contender import BY_HAND, IN_C, Array, Kind, Prepared, Size
from benchmarks.kinds.logistic import loss, point


def ours(n: int, d: int) -> Any:
    """Ask for the Hessian."""
    from benchmarks.kinds.logistic import ours as gradient
    from benchmarks.ours import Question
    from gradwire_service.query import HessianQuery

    return Question(gradient(n, d).graph, point(n, d), HessianQuery("", ("w",)))


def by_hand(n: int, d: int) -> Prepared:
    """Derive by hand: the data, weighted, times themselves."""
    x, _, w = point(n, d).values()

    def call() -> list[Array]:
        p = 1 / (1 + np.exp(-(x @ w)))
        scaled = x * np.sqrt(p * (1 - p) / n)[:, None]
        return [scaled.T @ scaled]  # BLAS sees one matrix and does half the work

    return Prepared(call)


def in_c(n: int, d: int) -> Prepared:
    """Call `hessian.c`."""
    x, _, w = point(n, d).values()
    return native.prepared("hessian", [n, d], [x, w], [np.empty((d, d))])


def jax(n: int, d: int) -> Prepared:
    """Take `jax.hessian`."""
    j, xp, at = libraries.jax(), libraries.jax_namespace(), point(n, d)
    return libraries.jax_call(j.hessian(lambda x, y, w: loss(xp, x, y, w), 2), list(at.values()))


def torch(n: int, d: int) -> Prepared:
    """Take `torch.func.hessian`."""
    t, xp = libraries.torch(), libraries.torch_namespace()
    x, y, w = map(t.tensor, point(n, d).values())
    second = t.func.hessian(lambda w: loss(xp, x, y, w))
    return Prepared(lambda: [second(w)])


def autograd(n: int, d: int) -> Prepared:
    """Take `autograd.hessian`."""
    xp, (x, y, w) = libraries.autograd_namespace(), point(n, d).values()
    second = libraries.library("autograd").hessian(lambda w: loss(xp, x, y, w))
    return Prepared(lambda: [second(w)])


def pytensor(linker: str, n: int, d: int) -> Prepared:
    """Take PyTensor's Hessian, one sweep a row."""
    found, xp = libraries.pytensor(linker)[0], libraries.pytensor_namespace()
    second = found.gradient.hessian
    return libraries.pytensor_function(lambda x, y, w: [second(loss(xp, x, y, w), w)], point(n, d), linker)


def casadi(n: int, d: int) -> Prepared:
    """Take matrix expressions."""
    ca = libraries.casadi()
    x, y, w = ca.MX.sym("x", n, d), ca.MX.sym("y", n), ca.MX.sym("w", d)
    p = 1 / (1 + ca.exp(-ca.mtimes(x, w)))
    value = -ca.sum1(y * ca.log(p) + (1 - y) * ca.log(1 - p)) / n
    f = ca.Function("second", [x, y, w], [ca.densify(ca.hessian(value, w)[0])])
    return libraries.casadi_call(f, point(n, d).values(), [(d, d)])


KIND = Kind(
    "hessian",
    "dense Hessian of logistic regression",
    [Size({"n": 1_000, "d": d}, 0.9, is_small=d == 10, is_on_demand=d == 30) for d in (10, 30, 100)],
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
