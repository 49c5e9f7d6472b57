"""Prey and predators, step by step by the classical method of Runge and Kutta; the gradient of the squared end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks import libraries, native
from benchmarks.contender import BY_HAND, IN_C, AbsentError, Array, Kind, Point, Prepared, Size

H = 0.01
EAGER = 1_000
"""Steps up to which libraries that call a function for each operation are tried."""


def point(steps: int) -> Point:  # the number of steps is no array
    """Return where it starts, and the rates."""
    return {"start": np.array([1.0, 0.5]), "rates": np.array([1.1, 0.4, 0.1, 0.4])}


def step(state: tuple[Any, Any], rates: Any) -> tuple[Any, Any]:
    """Take one step."""
    a, b, c, d = (rates[i] for i in range(4))

    def slopes(prey: Any, predators: Any) -> tuple[Any, Any]:
        met = prey * predators
        return a * prey - b * met, c * met - d * predators

    u, v = state
    k1, l1 = slopes(u, v)
    k2, l2 = slopes(u + H / 2 * k1, v + H / 2 * l1)
    k3, l3 = slopes(u + H / 2 * k2, v + H / 2 * l2)
    k4, l4 = slopes(u + H * k3, v + H * l3)
    return u + H / 6 * (k1 + 2 * k2 + 2 * k3 + k4), v + H / 6 * (l1 + 2 * l2 + 2 * l3 + l4)


def unrolled(steps: int) -> Callable[..., Any]:
    """Return the loss as a loop of Python."""

    def loss(_: Any, start: Any, rates: Any) -> Any:
        state = start[0], start[1]
        for _ in range(steps):
            state = step(state, rates)
        return state[0] ** 2 + state[1] ** 2

    return loss


def ours(steps: int) -> Any:
    """Ask for value and gradient of a scan."""
    import gradwire as gw
    from benchmarks.ours import Question

    start, rates = gw.variable("start", (2,)), gw.variable("rates", (4,))
    (prey, predators), _ = gw.scan(lambda y, _: (step(y, rates), None), (start[0], start[1]), length=steps)
    return Question(gw.Graph({"loss": prey**2 + predators**2}, name="lotka_volterra"), point(steps))


def by_hand(steps: int) -> Prepared:
    """Derive by hand, for numbers of Python: NumPy's arrays of two would be slower."""
    start, rates = point(steps).values()

    def call() -> tuple[Any, Array, Array]:
        a, b, c, d = rates.tolist()
        u, v = start.tolist()
        path = []
        for _ in range(steps):
            path.append((u, v))
            u, v = step((u, v), (a, b, c, d))
        value, u_bar, v_bar = u * u + v * v, 2 * u, 2 * v
        a_bar = b_bar = c_bar = d_bar = 0.0
        for u, v in reversed(path):
            stages = [(u, v)]
            for length in (H / 2, H / 2, H):
                p, q = stages[-1]
                stages.append((u + length * (a * p - b * p * q), v + length * (c * p * q - d * q)))
            p_bar = q_bar = 0.0  # of the stage that comes after, in steps of its slope
            u_sum, v_sum = u_bar, v_bar
            for (p, q), weight, length in zip(reversed(stages), WEIGHTS, LENGTHS, strict=True):
                k_bar, l_bar = weight * u_bar + length * p_bar, weight * v_bar + length * q_bar
                met_bar = c * l_bar - b * k_bar
                a_bar += k_bar * p
                b_bar -= k_bar * p * q
                c_bar += l_bar * p * q
                d_bar -= l_bar * q
                p_bar, q_bar = a * k_bar + met_bar * q, met_bar * p - d * l_bar
                u_sum += p_bar
                v_sum += q_bar
            u_bar, v_bar = u_sum, v_sum
        return value, np.array([u_bar, v_bar]), np.array([a_bar, b_bar, c_bar, d_bar])

    return Prepared(call)


WEIGHTS = (H / 6, H / 3, H / 3, H / 6)
"""What the slopes of the last, third, second and first stage count in a step."""
LENGTHS = (0.0, H, H / 2, H / 2)
"""How far the slope of each of them leads on to the stage after it."""


def in_c(steps: int) -> Prepared:
    """Call `lotka_volterra.c`."""
    given = [*point(steps).values(), np.empty((steps, 2))]
    return native.prepared("lotka_volterra", [steps], given, [np.empty(()), np.empty(2), np.empty(4)])


def jax(steps: int) -> Prepared:
    """Take `lax.scan`."""
    lax = libraries.jax().lax

    def loss(_: Any, start: Any, rates: Any) -> Any:
        (u, v), _ = lax.scan(lambda y, _: (step(y, rates), None), (start[0], start[1]), length=steps)
        return u**2 + v**2

    return libraries.jax_gradient(loss, point(steps), ["start", "rates"])


def pytensor(linker: str, steps: int) -> Prepared:
    """Take PyTensor's scan."""
    scan = libraries.library("pytensor").scan

    def loss(_: Any, start: Any, rates: Any) -> Any:
        (u, v) = scan(
            lambda u, v, rates: step((u, v), rates),
            outputs_info=[start[0], start[1]],
            non_sequences=[rates],
            n_steps=steps,
            return_updates=False,
        )
        return u[-1] ** 2 + v[-1] ** 2

    return libraries.pytensor_gradient(loss, point(steps), ["start", "rates"], linker)


def casadi(form: str, steps: int) -> Prepared:
    """Take all steps as one expression of scalars, or fold the function of one."""
    ca = libraries.casadi()
    if form == "SX" and steps > EAGER:
        raise AbsentError(f"all steps as one expression are tried up to {EAGER:,}")
    start, rates = getattr(ca, form).sym("start", 2), getattr(ca, form).sym("rates", 4)
    if form == "SX":
        value = unrolled(steps)(ca, start, rates)
    else:
        y, r = ca.SX.sym("y", 2), ca.SX.sym("r", 4)
        one = ca.Function("one", [y, r], [ca.vertcat(*step((y[0], y[1]), r))])
        value = ca.sumsqr(one.mapaccum(steps)(start, ca.repmat(rates, 1, steps))[:, -1])
    slopes = [ca.densify(ca.gradient(value, x)) for x in (start, rates)]
    f = ca.Function("lotka_volterra", [start, rates], [value, *slopes])
    return libraries.casadi_call(f, point(steps).values(), [(), (2,), (4,)])


def _eager(name: str) -> Callable[..., Prepared]:
    def prepare(steps: int) -> Prepared:
        if steps > EAGER:
            raise AbsentError(f"loops of Python are tried up to {EAGER:,} steps")
        return libraries.gradients(unrolled(steps), point, ["start", "rates"])[name](steps=steps)

    return prepare


KIND = Kind(
    "lotka_volterra",
    "Lotka–Volterra by RK4, gradient",
    [Size({"steps": n}, 0.5, is_small=n <= 100) for n in (100, 1_000, 10_000)],
    ours,
    {
        BY_HAND: by_hand,
        IN_C: in_c,
        "JAX": jax,
        **libraries.casadi_forms(casadi, "SX", "MX"),
        **libraries.pytensor_linkers(pytensor),
        **{name: _eager(name) for name in ("PyTorch", "autograd")},
    },
)
