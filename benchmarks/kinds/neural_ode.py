"""A small network as the right-hand side of a differential equation, step by step by the method of Runge and Kutta.

The network takes 4 numbers through 16 hidden units; the gradient is that of the mean squared end.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from benchmarks import libraries, native
from benchmarks.contender import BY_HAND, IN_C, AbsentError, Array, Kind, Point, Prepared, Size

STATE, HIDDEN = 4, 16
H = 0.05
EAGER = 1_000
"""Steps up to which libraries that call a function for each operation are tried."""
WRT = ("start", "w1", "b1", "w2")


def point(steps: int) -> Point:  # the number of steps is no array
    """Draw start and weights."""
    rng = np.random.default_rng(0)
    w1, w2 = rng.normal(size=(STATE, HIDDEN)) / 2, rng.normal(size=(HIDDEN, STATE)) / 4
    return {"start": rng.normal(size=STATE), "w1": w1, "b1": rng.normal(size=HIDDEN) / 4, "w2": w2}


def step(slope: Callable[[Any], Any], y: Any) -> Any:
    """Take one step."""
    k1 = slope(y)
    k2 = slope(y + H / 2 * k1)
    k3 = slope(y + H / 2 * k2)
    k4 = slope(y + H * k3)
    return y + H / 6 * (k1 + 2 * k2 + 2 * k3 + k4)


def network(xp: Any, w1: Any, b1: Any, w2: Any) -> Callable[[Any], Any]:
    """Return the right-hand side."""
    return lambda y: xp.tanh(y @ w1 + b1) @ w2


def unrolled(steps: int) -> Callable[..., Any]:
    """Return the loss as a loop of Python."""

    def loss(xp: Any, y: Any, w1: Any, b1: Any, w2: Any) -> Any:
        slope = network(xp, w1, b1, w2)
        for _ in range(steps):
            y = step(slope, y)
        return xp.mean(y**2)

    return loss


def ours(steps: int) -> Any:
    """Ask for value and gradient of a scan."""
    import gradwire as gw
    from benchmarks.ours import Question

    at = point(steps)
    start, *weights = (gw.variable(name, x.shape) for name, x in at.items())
    end, _ = gw.scan(lambda y, _: (step(network(gw, *weights), y), None), start, length=steps)
    return Question(gw.Graph({"loss": gw.mean(end**2)}, name="neural_ode"), at)


def by_hand(steps: int) -> Prepared:
    """Derive by hand: keep the states, and go through the stages of each step again."""
    start, w1, b1, w2 = point(steps).values()

    def call() -> tuple[Any, ...]:
        slope, path, y = network(np, w1, b1, w2), [], start
        for _ in range(steps):
            path.append(y)
            y = step(slope, y)
        value, y_bar = (y @ y) / STATE, 2 * y / STATE
        seen, units, unit_bars, slope_bars = [], [], [], []
        for y in reversed(path):
            stages, hidden = [y], []
            for length in (H / 2, H / 2, H, 0.0):
                hidden.append(np.tanh(stages[-1] @ w1 + b1))
                stages.append(y + length * (hidden[-1] @ w2))
            x_bar, total = np.zeros(STATE), y_bar.copy()
            for x, z, weight, length in zip(stages[3::-1], hidden[::-1], WEIGHTS, LENGTHS, strict=True):
                k_bar = weight * y_bar + length * x_bar
                u_bar = (w2 @ k_bar) * (1 - z * z)
                x_bar = w1 @ u_bar
                total += x_bar
                seen.append(x)
                units.append(z)
                unit_bars.append(u_bar)
                slope_bars.append(k_bar)
            y_bar = total
        u_bars: Array = np.array(unit_bars)  # the gradients of weights are two large products at the end
        return value, y_bar, np.array(seen).T @ u_bars, u_bars.sum(0), np.array(units).T @ np.array(slope_bars)

    return Prepared(call)


WEIGHTS = (H / 6, H / 3, H / 3, H / 6)
"""What the slopes of the last, third, second and first stage count in a step."""
LENGTHS = (0.0, H, H / 2, H / 2)
"""How far the slope of each of them leads on to the stage after it."""


def in_c(steps: int) -> Prepared:
    """Call `neural_ode.c`."""
    at = point(steps)
    results = [np.empty(()), *(np.empty(x.shape) for x in at.values())]
    return native.prepared("neural_ode", [steps], [*at.values(), np.empty((steps, STATE))], results)


def jax(steps: int) -> Prepared:
    """Take `lax.scan`."""
    lax = libraries.jax().lax

    def loss(xp: Any, start: Any, *weights: Any) -> Any:
        end, _ = lax.scan(lambda y, _: (step(network(xp, *weights), y), None), start, length=steps)
        return xp.mean(end**2)

    return libraries.jax_gradient(loss, point(steps), WRT)


def pytensor(linker: str, steps: int) -> Prepared:
    """Take PyTensor's scan."""
    scan = libraries.library("pytensor").scan

    def loss(xp: Any, start: Any, *weights: Any) -> Any:
        path = scan(
            lambda y, *weights: step(network(xp, *weights), y),
            outputs_info=[start],
            non_sequences=list(weights),
            n_steps=steps,
            return_updates=False,
        )
        return xp.mean(path[-1] ** 2)

    return libraries.pytensor_gradient(loss, point(steps), WRT, linker)


def casadi(form: str, steps: int) -> Prepared:
    """Go through the steps with the function of one, of scalars or of matrices."""
    ca, at = libraries.casadi(), point(steps)
    shapes = [(STATE, 1), (STATE, HIDDEN), (HIDDEN, 1), (HIDDEN, STATE)]
    y, w1, b1, w2 = (getattr(ca, form).sym(name, *shape) for name, shape in zip(WRT, shapes, strict=True))

    def slope(y: Any) -> Any:
        return ca.mtimes(w2.T, ca.tanh(ca.mtimes(w1.T, y) + b1))

    one = ca.Function("one", [y, w1, b1, w2], [step(slope, y)])
    given = [ca.MX.sym(name, *shape) for name, shape in zip(WRT, shapes, strict=True)]
    path = one.mapaccum(steps)(given[0], *(ca.repmat(w, 1, steps) for w in given[1:]))
    value = ca.sumsqr(path[:, -1]) / STATE
    f = ca.Function("neural_ode", given, [value, *(ca.densify(ca.gradient(value, x)) for x in given)])
    return libraries.casadi_call(f, at.values(), [(), *(x.shape for x in at.values())])


def _eager(name: str, steps: int) -> Prepared:
    if steps > EAGER:
        raise AbsentError(f"loops of Python are tried up to {EAGER:,} steps")
    return libraries.gradients(unrolled(steps), point, WRT)[name](steps=steps)


KIND = Kind(
    "neural_ode",
    "small network by RK4, gradient",
    [Size({"steps": n}, 0.5, is_small=n <= 100, is_on_demand=n > 1_000) for n in (100, 1_000, 10_000)],
    ours,
    {
        BY_HAND: by_hand,
        IN_C: in_c,
        "JAX": jax,
        **libraries.casadi_forms(casadi, "SX", "MX"),
        **libraries.pytensor_linkers(pytensor),
        **{name: partial(_eager, name) for name in ("PyTorch", "autograd")},
    },
)
