"""PyTorch's documented update rules, written down once more: plain Python on one number, nothing shared with ours."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

Update = Callable[[float, float, int], float]
"""From a parameter, its gradient and the number of the step, from 1, to the parameter after the step."""


def sgd(h: Any) -> Update:
    b = math.nan  # must never be looked at before the first step has set it

    def update(w: float, g: float, t: int) -> float:
        nonlocal b
        if h.weight_decay != 0:
            g = g + h.weight_decay * w
        if h.momentum != 0:
            b = h.momentum * b + (1 - h.dampening) * g if t > 1 else g
            g = g + h.momentum * b if h.nesterov else b
        return float(w - h.learning_rate * g)

    return update


def rmsprop(h: Any) -> Update:
    v = b = average = 0.0

    def update(w: float, g: float, t: int) -> float:
        nonlocal v, b, average
        if h.weight_decay != 0:
            g = g + h.weight_decay * w
        v = h.alpha * v + (1 - h.alpha) * g**2
        variance = v
        if h.centered:
            average = average * h.alpha + (1 - h.alpha) * g
            variance = max(variance - average**2, 0.0)
        if h.momentum > 0:
            b = h.momentum * b + g / (math.sqrt(variance) + h.eps)
            return float(w - h.learning_rate * b)
        return float(w - h.learning_rate * g / (math.sqrt(variance) + h.eps))

    return update


def adagrad(h: Any) -> Update:
    total = h.initial_accumulator_value

    def update(w: float, g: float, t: int) -> float:
        nonlocal total
        rate = h.learning_rate / (1 + (t - 1) * h.lr_decay)
        if h.weight_decay != 0:
            g = g + h.weight_decay * w
        total = total + g**2
        return float(w - rate * g / (math.sqrt(total) + h.eps))

    return update


def adam(h: Any, decoupled: bool = False) -> Update:
    m = v = greatest = 0.0

    def update(w: float, g: float, t: int) -> float:
        nonlocal m, v, greatest
        if decoupled:
            w = w - h.learning_rate * h.weight_decay * w
        elif h.weight_decay != 0:
            g = g + h.weight_decay * w
        m = h.beta1 * m + (1 - h.beta1) * g
        v = h.beta2 * v + (1 - h.beta2) * g**2
        greatest = max(greatest, v)
        m_hat = m / (1 - h.beta1**t)
        v_hat = (greatest if h.amsgrad else v) / (1 - h.beta2**t)
        return float(w - h.learning_rate * m_hat / (math.sqrt(v_hat) + h.eps))

    return update


def adamw(h: Any) -> Update:
    return adam(h, decoupled=True)


RULES: dict[str, Callable[[Any], Update]] = {
    "sgd": sgd,
    "rmsprop": rmsprop,
    "adagrad": adagrad,
    "adam": adam,
    "adamw": adamw,
}


def trajectory(name: str, hyperparameters: Any, start: float, gradients: Sequence[float]) -> list[float]:
    """Return the parameter after each step."""
    update, w, after = RULES[name](hyperparameters), start, []
    for t, g in enumerate(gradients, 1):
        w = update(w, g, t)
        after.append(w)
    return after
