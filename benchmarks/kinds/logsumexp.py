"""The logarithm of a sum of exponentials, and its gradient."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks import libraries, native
from benchmarks.contender import BY_HAND, IN_C, Array, Kind, Point, Prepared, Size


def point(n: int) -> Point:
    """Draw a point."""
    return {"x": np.random.default_rng(0).normal(size=n) * 3}


def function(xp: Any, x: Any) -> Any:
    """Return the value."""
    return xp.logsumexp(x)


def ours(n: int) -> Any:
    """Ask for value and gradient."""
    import gradwire as gw
    from benchmarks.ours import Question

    return Question(gw.Graph({"y": gw.logsumexp(gw.variable("x", ("n",)))}, name="logsumexp"), point(n))


def by_hand(n: int) -> Prepared:
    """Derive by hand: the gradient is the exponentials over their sum."""
    (x,) = point(n).values()

    def call() -> tuple[Any, Array]:
        most = x.max()
        e = np.exp(x - most)
        total = e.sum()
        e /= total
        return most + np.log(total), e

    return Prepared(call)


def in_c(n: int) -> Prepared:
    """Call `logsumexp.c`."""
    return native.prepared("logsumexp", [n], point(n).values(), [np.empty(()), np.empty(n)])


def casadi(n: int) -> Prepared:
    """Take matrix expressions."""
    ca = libraries.casadi()
    x = ca.MX.sym("x", n)
    most = ca.mmax(x)
    e = ca.exp(x - most)
    total = ca.sum1(e)
    f = ca.Function("logsumexp", [x], [most + ca.log(total), e / total])  # its own gradient goes through the maximum
    return libraries.casadi_call(f, point(n).values(), [(), (n,)])


KIND = Kind(
    "logsumexp",
    "logsumexp, gradient",
    [Size({"n": n}, 0.8, is_small=n <= 1_000, is_on_demand=n == 10_000) for n in (1_000, 10_000, 100_000, 1_000_000)],
    ours,
    {BY_HAND: by_hand, IN_C: in_c, "CasADi": casadi, **libraries.gradients(function, point, ["x"])},
)
