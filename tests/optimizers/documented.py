"""The update rules as PyTorch, optax and Keras document them, once more, in NumPy; nothing shared with ours.

Each takes the hyperparameters, and returns a function from a parameter, its gradient, the number of the step, from 1,
and the learning rate to the parameter after the step.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Update = Callable[[Array, Array, int, float], Array]


def sgd(h: Any) -> Update:
    b: Any = math.nan  # must never be looked at before the first step has set it

    def update(w: Array, g: Array, t: int, lr: float) -> Array:
        nonlocal b
        if h.decoupled_weight_decay:
            w = w - lr * h.weight_decay * w
        elif h.weight_decay != 0:
            g = g + h.weight_decay * w
        if h.scaled_momentum and h.momentum != 0:  # Keras keeps steps, which point downhill
            step = -lr * g
            b = h.momentum * b + (1 - h.dampening) * step if t > 1 else step
            return w + (h.momentum * b + step if h.nesterov else b)
        if h.momentum != 0:
            b = h.momentum * b + (1 - h.dampening) * g if t > 1 else g
            g = g + h.momentum * b if h.nesterov else b
        return w - lr * g

    return update


def rmsprop(h: Any) -> Update:
    v = b = average = 0.0

    def update(w: Array, g: Array, t: int, lr: float) -> Array:
        nonlocal v, b, average
        if h.weight_decay != 0:
            g = g + h.weight_decay * w
        v = h.alpha * v + (1 - h.alpha) * g**2
        variance = v
        if h.centered:
            average = average * h.alpha + (1 - h.alpha) * g
            variance = np.maximum(variance - average**2, 0.0)
        d = np.sqrt(variance + h.eps) if h.eps_inside_root else np.sqrt(variance) + h.eps
        if h.momentum == 0:
            return w - lr * g / d
        b = h.momentum * b + (lr * g / d if h.scaled_momentum else g / d)
        return w - (b if h.scaled_momentum else lr * b)

    return update


def adagrad(h: Any) -> Update:
    total: Any = h.initial_accumulator_value

    def update(w: Array, g: Array, t: int, lr: float) -> Array:
        nonlocal total
        lr = lr / (1 + (t - 1) * h.lr_decay)
        if h.weight_decay != 0:
            g = g + h.weight_decay * w
        total = total + g**2
        if h.eps_inside_root:
            with np.errstate(all="ignore"):
                return w - lr * np.where(total > 0, g / np.sqrt(total + h.eps), 0.0)
        return w - lr * g / (np.sqrt(total) + h.eps)

    return update


def adadelta(h: Any) -> Update:
    v = a = 0.0

    def update(w: Array, g: Array, t: int, lr: float) -> Array:
        nonlocal v, a
        if h.weight_decay != 0:
            g = g + h.weight_decay * w
        v = v * h.rho + g * g * (1 - h.rho)
        delta = np.sqrt(a + h.eps) / np.sqrt(v + h.eps) * g
        a = a * h.rho + delta * delta * (1 - h.rho)
        return w - lr * delta

    return update


def adam(h: Any, decoupled: bool = False) -> Update:
    m = v = greatest = 0.0

    def update(w: Array, g: Array, t: int, lr: float) -> Array:
        nonlocal m, v, greatest
        if decoupled:
            w = w - lr * h.weight_decay * w
        elif h.weight_decay != 0:
            g = g + h.weight_decay * w
        m = h.beta1 * m + (1 - h.beta1) * g
        v = h.beta2 * v + (1 - h.beta2) * g**2
        c1, c2 = 1 - h.beta1**t, 1 - h.beta2**t
        if h.amsgrad:
            greatest = np.maximum(greatest, v / c2 if h.amsgrad_corrected else v)
        if h.eps_uncorrected:
            return w - lr * math.sqrt(c2) / c1 * m / (np.sqrt(greatest if h.amsgrad else v) + h.eps)
        if h.amsgrad:
            v_hat = greatest if h.amsgrad_corrected else greatest / c2
        else:
            v_hat = v / c2
        return w - lr * (m / c1) / (np.sqrt(v_hat + h.eps_root) + h.eps)

    return update


def adamw(h: Any) -> Update:
    return adam(h, decoupled=True)


def nadam(h: Any) -> Update:
    m = v = 0.0
    product = 1.0

    def update(w: Array, g: Array, t: int, lr: float) -> Array:
        nonlocal m, v, product
        if h.decoupled_weight_decay:
            w = w * (1 - lr * h.weight_decay)
        else:
            g = g + h.weight_decay * w
        m = m + (g - m) * (1 - h.beta1)
        v = v * h.beta2 + g * g * (1 - h.beta2)
        d = np.sqrt(v / (1 - h.beta2**t)) + h.eps
        if h.constant_momentum:  # optax
            m_hat = h.beta1 * m / (1 - h.beta1 ** (t + 1)) + (1 - h.beta1) * g / (1 - h.beta1**t)
            return w - lr * m_hat / d
        now = h.beta1 * (1 - 0.5 * 0.96 ** (t * h.momentum_decay))
        then = h.beta1 * (1 - 0.5 * 0.96 ** ((t + 1) * h.momentum_decay))
        product *= now
        w = w - lr * (1 - now) / (1 - product) * g / d
        return w - lr * then / (1 - product * then) * m / d

    return update


def radam(h: Any) -> Update:
    m = v = 0.0

    def update(w: Array, g: Array, t: int, lr: float) -> Array:
        nonlocal m, v
        if h.decoupled_weight_decay:
            w = w * (1 - lr * h.weight_decay)
        else:
            g = g + h.weight_decay * w
        m = m + (g - m) * (1 - h.beta1)
        v = v * h.beta2 + g * g * (1 - h.beta2)
        c2 = 1 - h.beta2**t
        m_hat = m / (1 - h.beta1**t)
        rho_inf = 2 / (1 - h.beta2) - 1
        rho = rho_inf - 2 * t * h.beta2**t / c2
        if not (rho >= h.threshold if h.threshold_included else rho > h.threshold):
            return w - lr * m_hat
        r = math.sqrt((rho - 4) * (rho - 2) * rho_inf / ((rho_inf - 4) * (rho_inf - 2) * rho))
        d = (np.sqrt(v) + h.eps) / math.sqrt(c2) if h.eps_uncorrected else np.sqrt(v / c2) + h.eps
        return w - lr * r * m_hat / d

    return update


def adamax(h: Any) -> Update:
    m = u = 0.0

    def update(w: Array, g: Array, t: int, lr: float) -> Array:
        nonlocal m, u
        g = g + h.weight_decay * w
        m = m + (g - m) * (1 - h.beta1)
        rate = lr / (1 - h.beta1**t)
        if h.eps_in_denominator:
            u = np.maximum(h.beta2 * u, np.abs(g))
            return w - rate * m / (u + h.eps)
        u = np.maximum(h.beta2 * u, np.abs(g) + h.eps)
        return w - rate * m / u

    return update


def adabelief(h: Any) -> Update:
    m = v = 0.0

    def update(w: Array, g: Array, t: int, lr: float) -> Array:
        nonlocal m, v
        g = g + h.weight_decay * w
        m = h.beta1 * m + (1 - h.beta1) * g
        v = h.beta2 * v + (1 - h.beta2) * (g - m) ** 2 + h.eps_root
        return w - lr * m / (1 - h.beta1**t) / (np.sqrt(v / (1 - h.beta2**t)) + h.eps)

    return update


def yogi(h: Any) -> Update:
    m: Any = h.initial_accumulator_value
    v: Any = h.initial_accumulator_value

    def update(w: Array, g: Array, t: int, lr: float) -> Array:
        nonlocal m, v
        g = g + h.weight_decay * w
        m = h.beta1 * m + (1 - h.beta1) * g
        v = v - (1 - h.beta2) * np.sign(v - g**2) * g**2
        return w - lr * m / (1 - h.beta1**t) / (np.sqrt(v / (1 - h.beta2**t)) + h.eps)

    return update


def sign_sgd(h: Any) -> Update:
    def update(w: Array, g: Array, t: int, lr: float) -> Array:
        return w - lr * h.weight_decay * w - lr * np.sign(g)

    return update


def lion(h: Any) -> Update:
    m: Any = 0.0

    def update(w: Array, g: Array, t: int, lr: float) -> Array:
        nonlocal m
        u = np.sign(h.beta1 * m + (1 - h.beta1) * g)
        m = h.beta2 * m + (1 - h.beta2) * g
        return w - lr * (u + h.weight_decay * w)

    return update


def rprop(h: Any) -> Update:
    size: Any = h.learning_rate
    before: Any = 0.0

    def update(w: Array, g: Array, t: int, lr: float) -> Array:
        nonlocal size, before
        sign = np.sign(g) * np.sign(before)
        factor = np.where(sign > 0, h.eta_plus, np.where(sign < 0, h.eta_minus, 1.0))
        size = np.clip(size * factor, h.least_step, h.greatest_step)
        g = np.where(sign < 0, 0.0, g)
        before = g
        return w - np.sign(g) * size

    return update


def asgd(h: Any) -> Update:
    eta = math.nan

    def update(w: Array, g: Array, t: int, lr: float) -> Array:
        nonlocal eta
        eta = lr if t == 1 else eta
        g = g + h.weight_decay * w
        w = w * (1 - h.lambd * eta) - eta * g
        eta = lr / (1 + h.lambd * lr * t) ** h.alpha
        return w

    return update


def _trusted(w: Array, u: Array, coefficient: float = 1.0, eps: float = 0.0) -> Array:
    of_parameter, of_update = np.linalg.norm(np.ravel(w)), np.linalg.norm(np.ravel(u))
    if of_parameter == 0 or of_update == 0:
        return u
    return coefficient * of_parameter / (of_update + eps) * u


def lamb(h: Any) -> Update:
    m = v = 0.0

    def update(w: Array, g: Array, t: int, lr: float) -> Array:
        nonlocal m, v
        m = h.beta1 * m + (1 - h.beta1) * g
        v = h.beta2 * v + (1 - h.beta2) * g**2
        u = m / (1 - h.beta1**t) / (np.sqrt(v / (1 - h.beta2**t) + h.eps_root) + h.eps)
        return w - lr * _trusted(w, u + h.weight_decay * w)

    return update


def lars(h: Any) -> Update:
    b: Any = 0.0

    def update(w: Array, g: Array, t: int, lr: float) -> Array:
        nonlocal b
        u = -lr * _trusted(w, g + h.weight_decay * w, h.trust_coefficient, h.eps)
        b = u + h.momentum * b
        return w + (u + h.momentum * b if h.nesterov else b)

    return update


def adafactor(h: Any) -> Update:
    row = column = variance = 0.0

    def update(w: Array, g: Array, t: int, lr: float) -> Array:
        nonlocal row, column, variance
        eps1 = h.eps1 or np.finfo(np.float64).eps
        share = t**h.beta2_decay
        alpha = max(h.eps2, float(np.linalg.norm(np.ravel(w))) / math.sqrt(max(w.size, 1))) * min(lr, 1 / math.sqrt(t))
        w = w * (1 - lr * h.weight_decay)
        if g.ndim > 1:
            row = row + share * (np.mean(g * g, axis=-1, keepdims=True) - row)
            column = column + share * (np.mean(g * g, axis=-2, keepdims=True) - column)
            estimate = row @ column / np.maximum(np.mean(row, axis=-2, keepdims=True), eps1)
        else:
            variance = variance + share * (g * g - variance)
            estimate = variance
        u = g / np.sqrt(np.maximum(estimate, eps1 * eps1))
        return w - alpha / max(1.0, float(np.linalg.norm(np.ravel(u))) / (math.sqrt(max(u.size, 1)) * h.d)) * u

    return update


RULES: dict[str, Callable[[Any], Update]] = {
    "adabelief": adabelief,
    "adadelta": adadelta,
    "adafactor": adafactor,
    "adagrad": adagrad,
    "adam": adam,
    "adamax": adamax,
    "adamw": adamw,
    "asgd": asgd,
    "lamb": lamb,
    "lars": lars,
    "lion": lion,
    "nadam": nadam,
    "radam": radam,
    "rmsprop": rmsprop,
    "rprop": rprop,
    "sgd": sgd,
    "sign_sgd": sign_sgd,
    "yogi": yogi,
}


def trajectory(name: str, hyperparameters: Any, start: Array, gradients: Sequence[Array]) -> list[Array]:
    """Return the parameter after each step."""
    update, w, after = RULES[name](hyperparameters), start, []
    for t, g in enumerate(gradients, 1):
        w = update(w, np.asarray(g), t, hyperparameters.learning_rate)
        after.append(w)
    return after
