"""Rosenbrock's function of many variables, and its gradient."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks import libraries, native
from benchmarks.contender import BY_HAND, IN_C, AbsentError, Array, Kind, Point, Prepared, Size

SCALARS = 1_000
"""Variables up to which CasADi's scalar expressions are tried."""


def point(n: int) -> Point:
    """Draw a point."""
    return {"x": np.random.default_rng(0).normal(size=n)}


def function(xp: Any, x: Any) -> Any:
    """Return the value."""
    return xp.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def ours(n: int) -> Any:
    """Ask for value and gradient."""
    import gradwire as gw
    from benchmarks.ours import Question

    return Question(gw.Graph({"y": function(gw, gw.variable("x", ("n",)))}, name="rosenbrock"), point(n))


def by_hand(n: int) -> Prepared:
    """Derive by hand."""
    (x,) = point(n).values()

    def call() -> tuple[Any, Array]:
        a, b = x[1:] - x[:-1] ** 2, 1 - x[:-1]
        slope = np.zeros(n)
        slope[1:] = 200 * a
        slope[:-1] -= 400 * a * x[:-1] + 2 * b
        return 100 * (a @ a) + b @ b, slope

    return Prepared(call)


def in_c(n: int) -> Prepared:
    """Call `rosenbrock.c`."""
    return native.prepared("rosenbrock", [n], point(n).values(), [np.empty(()), np.empty(n)])


def casadi(form: str, n: int) -> Prepared:
    """Take a vector, or as many scalars."""
    if form == "SX" and n > SCALARS:
        raise AbsentError(f"expressions of scalars are tried up to n = {SCALARS:,}")
    ca = libraries.casadi()
    x = getattr(ca, form).sym("x", n)
    value = ca.sum1(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)
    f = ca.Function("rosenbrock", [x], [value, ca.densify(ca.gradient(value, x))])
    return libraries.casadi_call(f, point(n).values(), [(), (n,)])


KIND = Kind(
    "rosenbrock",
    "Rosenbrock, gradient",
    [
        Size({"n": n}, 0.3 if n >= 10_000 else 0.9, is_small=n <= 10, is_on_demand=n == 100_000)
        for n in (10, 1_000, 10_000, 100_000, 1_000_000)
    ],
    ours,
    {
        BY_HAND: by_hand,
        IN_C: in_c,
        **libraries.casadi_forms(casadi, "SX", "MX"),
        **libraries.gradients(function, point, ["x"]),
    },
)
