"""Things that move: differential equations step by step, rotations, and control."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tests.models.either import fori_loop, root, scan
from tests.models.model import model

RNG = np.random.default_rng(4)
PLACES = RNG.normal(size=(3, 2))


def rk4(f: Callable[[Any], Any], x: Any, h: float) -> Any:
    """Take a step of the method of Runge and Kutta."""
    k1 = f(x)
    k2 = f(x + h / 2 * k1)
    k3 = f(x + h / 2 * k2)
    k4 = f(x + h * k3)
    return x + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)


@model(rates=[1.0, 0.4, 0.3, 0.9], start=[1.5, 0.8], seen=RNG.gamma(2.0, size=(12, 2)))
def lotka_volterra(rates: Any, start: Any, seen: Any) -> Any:
    a, b, c, d = rates

    def slope(x: Any) -> Any:
        return np.stack([a * x[0] - b * x[0] * x[1], c * x[0] * x[1] - d * x[1]])

    def step(x: Any, seen: Any) -> Any:
        x = rk4(slope, x, 0.1)
        return x, (np.log(x) - np.log(seen)) ** 2

    return np.sum(scan(step, start, seen)[1])


@model(damping=1.2, start=[0.5, -0.3])
def van_der_pol(damping: Any, start: Any) -> Any:
    def slope(x: Any) -> Any:
        return np.stack([x[1], damping * (1 - x[0] ** 2) * x[1] - x[0]])

    path = scan(lambda x, _: (rk4(slope, x, 0.1), x), start, length=15)[1]
    return np.mean(path**2)


@model(masses=[1.0, 0.7], lengths=[1.0, 1.2], start=[0.6, -0.4, 0.1, 0.2])
def double_pendulum(masses: Any, lengths: Any, start: Any) -> Any:
    (m, n), (j, k) = masses, lengths

    def slope(x: Any) -> Any:
        swing, spin = x[:2], x[2:]
        turn = swing[0] - swing[1]
        coupling = n * j * k * np.cos(turn)
        inertia = np.stack([np.stack([(m + n) * j**2, coupling]), np.stack([coupling, n * k**2])])
        pull = n * j * k * np.sin(turn) * np.stack([-(spin[1] ** 2), spin[0] ** 2])
        weight = -9.81 * np.sin(swing) * np.stack([(m + n) * j, n * k])
        return np.concatenate([spin, np.linalg.solve(inertia, pull + weight)])

    x = fori_loop(0, 8, lambda i, x: rk4(slope, x, 0.03), start)
    return np.sum(x**2)


@model(log_rates=[-0.3, -1.2], start=[0.9, 0.1, 0.0], infected=RNG.uniform(0.1, 0.4, size=10))
def epidemic(log_rates: Any, start: Any, infected: Any) -> Any:
    meet, recover = np.exp(log_rates)

    def step(x: Any, seen: Any) -> Any:
        new, well = meet * x[0] * x[1], recover * x[1]
        x = x + 0.2 * np.stack([-new, new - well, well])
        return x, (x[1] - seen) ** 2

    return np.sum(scan(step, start, infected)[1])


@model(sigma=10.0, rho=28.0, beta=8 / 3, start=[1.0, 1.5, 20.0])
def lorenz(sigma: Any, rho: Any, beta: Any, start: Any) -> Any:
    def slope(x: Any) -> Any:
        return np.stack([sigma * (x[1] - x[0]), x[0] * (rho - x[2]) - x[1], x[0] * x[1] - beta * x[2]])

    return np.log(np.sum(fori_loop(0, 10, lambda i, x: rk4(slope, x, 0.01), start) ** 2))


@model(
    w1=RNG.normal(size=(2, 4)), w2=RNG.normal(size=(4, 2)), start=RNG.normal(size=(3, 2)), end=RNG.normal(size=(3, 2))
)
def neural_ode(w1: Any, w2: Any, start: Any, end: Any) -> Any:
    x = fori_loop(0, 6, lambda i, x: rk4(lambda x: np.tanh(x @ w1) @ w2, x, 0.1), start)
    return np.mean((x - end) ** 2)


@model(gains=[[0.4, 0.9]], a=[[1.0, 0.1], [0.0, 1.0]], b=[[0.005], [0.1]], start=[1.0, -0.5])
def linear_quadratic_control(gains: Any, a: Any, b: Any, start: Any) -> Any:
    def step(x: Any, _: Any) -> Any:
        u = -gains @ x
        return a @ x + b @ u, x @ x + 0.1 * u @ u

    return np.sum(scan(step, start, length=12)[1])


@model(turn=[0.2, -0.4, 0.1], seen=RNG.normal(size=(4, 3)), known=RNG.normal(size=(4, 3)), q=[0.9, 0.1, -0.2, 0.3])
def attitude(turn: Any, seen: Any, known: Any, q: Any) -> Any:
    """Wahba's problem for a quaternion that was turned by a small rotation."""
    q = q / np.linalg.norm(q)
    small = np.concatenate([np.ones(1), turn / 2])
    w = small[0] * q[0] - np.dot(small[1:], q[1:])
    v = small[0] * q[1:] + q[0] * small[1:] + np.cross(small[1:], q[1:])
    turned = known + 2 * np.cross(v, np.cross(v, known) + w * known)
    return np.sum((seen - turned) ** 2) / (w**2 + v @ v)


@model(anomalies=RNG.uniform(0.2, 3.0, size=4), eccentricity=0.4, axis=1.3, seen=RNG.normal(size=4))
def kepler_orbit(anomalies: Any, eccentricity: Any, axis: Any, seen: Any) -> Any:
    angle = root(lambda angle: angle - eccentricity * np.sin(angle) - anomalies, anomalies)
    return np.sum((axis * (np.cos(angle) - eccentricity) - seen) ** 2)


@model(concentration=RNG.uniform(0.1, 3, size=6), rate=RNG.uniform(0.1, 1, size=6), log_top=0.2, log_half=-0.1)
def michaelis_menten(concentration: Any, rate: Any, log_top: Any, log_half: Any) -> Any:
    expected = np.exp(log_top) * concentration / (np.exp(log_half) + concentration)
    return np.sum((np.log(rate) - np.log(expected)) ** 2)
