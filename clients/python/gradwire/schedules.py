"""Schedules of the learning rate, by name.

Written by `generate_functions.py`, from the registries of the service.
"""

from __future__ import annotations

from collections.abc import Sequence

from gradwire.optimization import Schedule

__all__ = [
    "constant",
    "cosine",
    "cosine_restarts",
    "cyclic",
    "exponential",
    "inverse_sqrt",
    "inverse_time",
    "joined",
    "linear",
    "multistep",
    "one_cycle",
    "plateau",
    "polynomial",
    "step",
    "warmup",
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


def cosine_restarts(steps: int, growth: int = 1, minimum: float = 0.0) -> Schedule:
    """The learning rate on half a cosine down to the least one, again and again.

    η(t) = η_min + (η₀ - η_min) (1 + cos(π t'/T')) / 2, with t' the steps since the last restart; the first period T' is
    T steps, each later one g times the one before.

    Args:
        steps: steps of the first period; 1 or more.
        growth: length of a period in units of the one before; 1 or more.
        minimum: the least learning rate; 0 or more.

    Defaults: g = 1, η_min = 0.
    Source: PyTorch, `torch.optim.lr_scheduler.CosineAnnealingWarmRestarts`; Loshchilov, Hutter (2017), "SGDR:
        stochastic gradient descent with warm restarts".
    """
    return Schedule("cosine_restarts", {"steps": steps, "growth": growth, "minimum": minimum})


def cyclic(
    maximum: float, steps_up: int = 2000, steps_down: int = 0, cycle_factor: float = 1.0, step_factor: float = 1.0
) -> Schedule:
    """The learning rate on straight lines up to the greatest one and down again, in cycles.

    η(t) = η₀ + (η_max - η₀) h(t) c^n s^t, where h goes from 0 to 1 in U steps and back to 0 in D steps, and n is the
    number of cycles before.

    Args:
        maximum: learning rate at the top of the first cycle; 0 or more.
        steps_up: steps from the bottom to the top; 1 or more.
        steps_down: steps from the top to the bottom; 0: as many as up; 0 or more.
        cycle_factor: height of a cycle in units of the one before; above 0 and at most 1.
        step_factor: what a step leaves of the height; above 0 and at most 1.

    Defaults: U = 2000, D = U, c = s = 1. With c = 1/2 the height halves with each cycle ("triangular2").
    Source: PyTorch, `torch.optim.lr_scheduler.CyclicLR`; Smith (2017), "Cyclical learning rates for training neural
        networks".
    """
    return Schedule(
        "cyclic",
        {
            "maximum": maximum,
            "steps_up": steps_up,
            "steps_down": steps_down,
            "cycle_factor": cycle_factor,
            "step_factor": step_factor,
        },
    )


def exponential(factor: float, steps: int = 1, staircase: bool = False) -> Schedule:
    """The learning rate reduced by a factor f every T steps, a little in each, η(t) = η₀ f^(t/T).

    With `staircase` t/T is rounded down.

    Args:
        factor: what is left of the learning rate after the steps; above 0 and at most 1.
        steps: steps over which the factor is reached; 1 or more.
        staircase: count whole units of time only.

    Defaults: T = 1, no staircase.
    Source: PyTorch, `torch.optim.lr_scheduler.ExponentialLR`, for T = 1; optax, `exponential_decay`.
    """
    return Schedule("exponential", {"factor": factor, "steps": steps, "staircase": staircase})


def inverse_sqrt(steps: int = 1) -> Schedule:
    """The learning rate reduced as one over the root of the time, η(t) = η₀ / √(1 + t/T).

    Behind a warm-up of as many steps it is the schedule of Transformers.

    Args:
        steps: steps after which the learning rate is 1/√2 of the first; 1 or more.

    Defaults: T = 1.
    Source: Vaswani et al. (2017), "Attention is all you need", section 5.3; Hugging Face Transformers,
        `get_inverse_sqrt_schedule`.
    """
    return Schedule("inverse_sqrt", {"steps": steps})


def inverse_time(rate: float, steps: int = 1, staircase: bool = False) -> Schedule:
    """The learning rate reduced as one over the time, η(t) = η₀ / (1 + k t/T).

    With `staircase` t/T is rounded down.

    Args:
        rate: how fast the learning rate falls: by 1 / (1 + rate) over the steps; 0 or more.
        steps: steps that count as one unit of time; 1 or more.
        staircase: count whole units of time only.

    Defaults: T = 1, no staircase.
    Source: Keras, `InverseTimeDecay`.
    """
    return Schedule("inverse_time", {"rate": rate, "steps": steps, "staircase": staircase})


def joined(parts: Sequence[Schedule], milestones: Sequence[int]) -> Schedule:
    """Schedules one behind the other; each begins with its step 0 at a milestone.

    Args:
        parts: the schedules, in order.
        milestones: steps at which the next one begins, growing; 1 or more.

    Raises: HyperparameterError also for milestones that do not grow, or are not one fewer than the parts.
    Source: PyTorch, `torch.optim.lr_scheduler.SequentialLR`; optax, `join_schedules`.
    """
    return Schedule("joined", {"milestones": milestones}, parts)


def linear(steps: int, end_factor: float = 0.0, start_factor: float = 1.0) -> Schedule:
    """The learning rate on a straight line from one factor to another, where it stays.

    η(t) = η₀ (a + (b - a) min(t, T)/T).

    Args:
        steps: steps to the end of the line; 1 or more.
        end_factor: factor on the learning rate at the end; 0 or more.
        start_factor: factor on the learning rate at the start; 0 or more.

    Defaults: a = 1, b = 0.
    Source: PyTorch, `torch.optim.lr_scheduler.LinearLR`, which has a = 1/3, b = 1, T = 5; optax, `linear_schedule`.
    """
    return Schedule("linear", {"steps": steps, "end_factor": end_factor, "start_factor": start_factor})


def multistep(milestones: Sequence[int], factor: float = 0.1) -> Schedule:
    """The learning rate reduced by a factor f at each of some steps, η(t) = η₀ f^(number of them ≤ t).

    Args:
        milestones: steps of the reductions, growing; 1 or more.
        factor: what a reduction leaves of the learning rate; above 0 and at most 1.

    Defaults: f = 0.1.
    Raises: HyperparameterError also for steps that do not grow.
    Source: PyTorch, `torch.optim.lr_scheduler.MultiStepLR`.
    """
    return Schedule("multistep", {"milestones": milestones, "factor": factor})


def one_cycle(
    steps: int,
    rising_share: float = 0.3,
    start_divisor: float = 25.0,
    end_divisor: float = 10000.0,
    linear: bool = False,
    three_phases: bool = False,
) -> Schedule:
    """The learning rate up to that of the optimizer, then down far below where it began, where it stays.

    From η₀/a at t = 0 to η₀ at t = p T - 1 and to η₀/(a b) at t = T - 1, on half cosines, or on straight lines with
    `linear`. With `three_phases` back to η₀/a at t = 2 p T - 2, and from there to the end.

    Args:
        steps: steps of the whole cycle; 1 or more.
        rising_share: share of the steps in which the learning rate rises; above 0 and below 1.
        start_divisor: greatest learning rate over that at the start; 1 or more.
        end_divisor: learning rate at the start over that at the end; 1 or more.
        linear: take straight lines in place of half cosines.
        three_phases: come back to the start as fast as it rose, before the last fall.

    Defaults: p = 0.3, a = 25, b = 10,000, on half cosines, in two phases.
    Raises: HyperparameterError also where there is no room for the phases.
    Source: PyTorch, `torch.optim.lr_scheduler.OneCycleLR`; Smith, Topin (2019), "Super-convergence: very fast training
        of neural networks using large learning rates".
    """
    return Schedule(
        "one_cycle",
        {
            "steps": steps,
            "rising_share": rising_share,
            "start_divisor": start_divisor,
            "end_divisor": end_divisor,
            "linear": linear,
            "three_phases": three_phases,
        },
    )


def plateau(
    factor: float = 0.1,
    patience: int = 10,
    threshold: float = 0.0001,
    absolute: bool = False,
    cooldown: int = 0,
    minimum: float = 0.0,
) -> Schedule:
    """The learning rate reduced by a factor f when the mean loss of epochs has stopped to fall.

    An epoch is better when its loss is below (1 - q) times the best so far; with `absolute`, below the best less q.
    After more than P epochs in a row that are no better, η ← max(f η, η_min), unless that changes it by 1e-8 or less;
    the next C epochs do not count. What was seen of the loss is part of the optimizer's state.

    Args:
        factor: what a reduction leaves of the learning rate; above 0 and below 1.
        patience: epochs without improvement that are borne; 0 or more.
        threshold: least improvement that counts; 0 or more.
        absolute: take the threshold in units of the loss.
        cooldown: epochs after a reduction that do not count; 0 or more.
        minimum: the least learning rate; 0 or more.

    Defaults: f = 0.1, P = 10, q = 1e-4, C = 0, η_min = 0.
    Source: PyTorch, `torch.optim.lr_scheduler.ReduceLROnPlateau`.
    """
    return Schedule(
        "plateau",
        {
            "factor": factor,
            "patience": patience,
            "threshold": threshold,
            "absolute": absolute,
            "cooldown": cooldown,
            "minimum": minimum,
        },
    )


def polynomial(steps: int, power: float = 1.0, minimum: float = 0.0) -> Schedule:
    """The learning rate on a power of what is left of the time, down to the least one, where it stays.

    η(t) = η_min + (η₀ - η_min) (1 - min(t, T)/T)^p.

    Args:
        steps: steps to the least learning rate; 1 or more.
        power: power of the share of time that is left; more than 0.
        minimum: the least learning rate; 0 or more.

    Defaults: p = 1, η_min = 0.
    Source: PyTorch, `torch.optim.lr_scheduler.PolynomialLR`, for η_min = 0; optax, `polynomial_schedule`.
    """
    return Schedule("polynomial", {"steps": steps, "power": power, "minimum": minimum})


def step(steps: int, factor: float = 0.1) -> Schedule:
    """The learning rate reduced by a factor f at every T-th step, η(t) = η₀ f^⌊t/T⌋.

    Args:
        steps: steps from one reduction to the next; 1 or more.
        factor: what a reduction leaves of the learning rate; above 0 and at most 1.

    Defaults: f = 0.1.
    Source: PyTorch, `torch.optim.lr_scheduler.StepLR`.
    """
    return Schedule("step", {"steps": steps, "factor": factor})


def warmup(then: Schedule, steps: int, start_factor: float = 0.0) -> Schedule:
    """Another schedule behind a rise on a straight line.

    η(t) = η₀ (a + (1 - a) t/T) for t < T, from there on that of the other schedule, which begins with its step 0.

    Args:
        then: the other schedule.
        steps: steps of the rise; 1 or more.
        start_factor: factor on the learning rate at the start; from 0 up to 1.

    Defaults: a = 0.
    Raises: HyperparameterError also without exactly one part.
    Source: Goyal et al. (2017), "Accurate, large minibatch SGD: training ImageNet in 1 hour", section 2.2; PyTorch,
        `LinearLR` in a `SequentialLR`. The steps of optax' `warmup_cosine_decay_schedule` include those of the warm-up.
    """
    return Schedule("warmup", {"steps": steps, "start_factor": start_factor}, [then])
