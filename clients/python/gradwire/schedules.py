"""Schedules of the learning rate, by name.

Written by `generate_functions.py`, from the registries of the service.
"""

from __future__ import annotations

from gradwire.optimization import Schedule

__all__ = [
    "constant",
    "cosine",
    "exponential",
    "inverse_time",
    "step",
]


def constant() -> Schedule:
    """The learning rate as it is, η(t) = η₀."""
    return Schedule("constant", {})


def cosine(steps: int, minimum: float = 0.0) -> Schedule:
    """The learning rate on half a cosine down to the least one, where it stays.

    η(t) = η_min + (η₀ - η_min) (1 + cos(π t/T)) / 2 for t < T, η_min from there on.

    Args:
        steps: steps to the least learning rate; 1 or more.
        minimum: the least learning rate; 0 or more.

    Defaults: η_min = 0.
    Source: Loshchilov, Hutter (2017), "SGDR: stochastic gradient descent with warm restarts", formula 5; PyTorch,
        `torch.optim.lr_scheduler.CosineAnnealingLR`, which turns up again after T.
    """
    return Schedule("cosine", {"steps": steps, "minimum": minimum})


def exponential(factor: float, steps: int = 1) -> Schedule:
    """The learning rate reduced by a factor f every T steps, a little in each, η(t) = η₀ f^(t/T).

    Args:
        factor: what is left of the learning rate after the steps; above 0 and at most 1.
        steps: steps over which the factor is reached; 1 or more.

    Defaults: T = 1.
    Source: PyTorch, `torch.optim.lr_scheduler.ExponentialLR`, for T = 1; optax, `exponential_decay`.
    """
    return Schedule("exponential", {"factor": factor, "steps": steps})


def inverse_time(rate: float, steps: int = 1) -> Schedule:
    """The learning rate reduced as one over the time, η(t) = η₀ / (1 + k t/T).

    Args:
        rate: how fast the learning rate falls: by 1 / (1 + rate) over the steps; 0 or more.
        steps: steps that count as one unit of time; 1 or more.

    Defaults: T = 1.
    Source: Keras, `InverseTimeDecay`.
    """
    return Schedule("inverse_time", {"rate": rate, "steps": steps})


def step(steps: int, factor: float = 0.1) -> Schedule:
    """The learning rate reduced by a factor f at every T-th step, η(t) = η₀ f^⌊t/T⌋.

    Args:
        steps: steps from one reduction to the next; 1 or more.
        factor: what a reduction leaves of the learning rate; above 0 and at most 1.

    Defaults: f = 0.1.
    Source: PyTorch, `torch.optim.lr_scheduler.StepLR`.
    """
    return Schedule("step", {"steps": steps, "factor": factor})
