"""Time series: filters, hidden states, recursions."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.models.either import logsumexp, scan
from tests.models.model import model

RNG = np.random.default_rng(3)
SERIES = RNG.normal(size=7)
IMPOSSIBLE = np.array([[0.0, 0.0, -np.inf], [-np.inf, 0.0, 0.0], [-np.inf, -np.inf, 0.0]])
"""A chain of states that is never left backwards."""


@model(y=RNG.normal(size=(5, 1)), a=[[0.9, 0.4], [0.0, 0.8]], h=[[1.0, 0.3]], log_q=[-1.0, -0.5], log_r=-0.7)
def kalman_filter(y: Any, a: Any, h: Any, log_q: Any, log_r: Any) -> Any:
    def step(state: Any, y: Any) -> Any:
        mean, covariance = a @ state[0], a @ state[1] @ a.T + np.eye(2) * np.exp(log_q)
        residual, s = y - h @ mean, h @ covariance @ h.T + np.exp(log_r)
        gain = np.linalg.solve(s, h @ covariance).T
        loss = 0.5 * (np.linalg.slogdet(s)[1] + residual @ np.linalg.solve(s, residual) + np.log(2 * np.pi))
        return (mean + gain @ residual, covariance - gain @ h @ covariance), loss

    return np.sum(scan(step, (0 * log_q, np.eye(2)), y)[1])


@model(scores=RNG.normal(size=(6, 3)), steps=RNG.normal(size=(3, 3)))
def hidden_markov_forward(scores: Any, steps: Any) -> Any:
    steps = np.where(np.isfinite(IMPOSSIBLE), steps, -np.inf)
    steps = steps - logsumexp(steps, 1)[:, None]
    first = np.array([0.0, -np.inf, -np.inf])

    def step(alpha: Any, score: Any) -> Any:
        return logsumexp(alpha[:, None] + steps, 0) + score, None

    return -logsumexp(scan(step, first + scores[0], scores[1:])[0], 0)


@model(scores=RNG.normal(size=(5, 3)), steps=RNG.normal(size=(3, 3)), tags=np.array([0, 2, 1, 1, 0]))
def conditional_random_field(scores: Any, steps: Any, tags: Any) -> Any:
    alpha = scores[0]
    for score in scores[1:]:
        alpha = logsumexp(alpha[:, None] + steps, 0) + score
    path = np.sum(np.take_along_axis(scores, tags[:, None], axis=1)) + np.sum(steps[tags[:-1], tags[1:]])
    return logsumexp(alpha, 0) - path


@model(y=SERIES, ar=[0.5, -0.2], ma=0.4, log_scale=0.1)
def arma(y: Any, ar: Any, ma: Any, log_scale: Any) -> Any:
    loss, shock = 0.0, 0.0
    for t in range(2, len(y)):
        shock = y[t] - ar[0] * y[t - 1] - ar[1] * y[t - 2] - ma * shock
        loss = loss + 0.5 * (shock / np.exp(log_scale)) ** 2 + log_scale
    return loss


@model(y=SERIES, log_base=-1.0, logits=[0.2, 0.9])
def garch(y: Any, log_base: Any, logits: Any) -> Any:
    weights = np.exp(logits) / (1 + np.sum(np.exp(logits)))

    def step(variance: Any, y: Any) -> Any:
        following = np.exp(log_base) + weights[0] * y**2 + weights[1] * variance
        return following, 0.5 * (np.log(variance) + y**2 / variance)

    return np.sum(scan(step, np.var(y), y)[1])


@model(y=SERIES, logits=[0.3, -1.0], level=0.1, trend=0.05)
def exponential_smoothing(y: Any, logits: Any, level: Any, trend: Any) -> Any:
    a, b = 1 / (1 + np.exp(-logits))
    loss = 0.0
    for x in y:
        expected = level + trend
        loss = loss + (x - expected) ** 2
        trend = b * a * (x - expected) + trend
        level = expected + a * (x - expected)
    return loss / len(y)


@model(times=np.cumsum(RNG.gamma(1.0, size=6)), log_base=-0.5, log_jump=-0.3, log_decay=0.2)
def hawkes_process(times: Any, log_base: Any, log_jump: Any, log_decay: Any) -> Any:
    base, jump, decay = np.exp(log_base), np.exp(log_jump), np.exp(log_decay)

    def step(excited: Any, gap: Any) -> Any:
        excited = (excited + jump) * np.exp(-decay * gap)
        return excited, np.log(base + excited)

    _, logs = scan(step, 0 * base, np.diff(times))
    end = times[-1]
    return base * end + jump / decay * np.sum(1 - np.exp(-decay * (end - times))) - log_base - np.sum(logs)
