"""Schedules that go up and down."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, final

from gradwire_service.optimizers.configured import (
    AT_LEAST_ONE,
    INNER_SHARE,
    NOT_NEGATIVE,
    REDUCTION,
    Meaning,
    Range,
)
from gradwire_service.optimizers.schedules import NO_MEMORY, Memory, Minimum, Schedule, half_cosine

_FACTOR = Range("1 or more", lambda x: x >= 1)


@final
@dataclass(frozen=True)
class CosineRestarts(Schedule, name="cosine_restarts"):
    """The learning rate on half a cosine down to the least one, again and again.

    η(t) = η_min + (η₀ - η_min) (1 + cos(π t'/T')) / 2, with t' the steps since the last restart; the first period T' is
    T steps, each later one g times the one before.

    Defaults: g = 1, η_min = 0.
    Source: PyTorch, `torch.optim.lr_scheduler.CosineAnnealingWarmRestarts`; Loshchilov, Hutter (2017), "SGDR:
        stochastic gradient descent with warm restarts".
    """

    steps: Annotated[int, Meaning("steps of the first period", AT_LEAST_ONE)]
    growth: Annotated[int, Meaning("length of a period in units of the one before", AT_LEAST_ONE)] = 1
    minimum: Minimum = 0.0

    def learning_rate(self, initial: float, step: int, memory: Memory = NO_MEMORY) -> float:
        period = self.steps
        if self.growth == 1:
            step %= period
        while step >= period:
            step, period = step - period, period * self.growth
        return half_cosine(initial, self.minimum, step / period)


@final
@dataclass(frozen=True)
class Cyclic(Schedule, name="cyclic"):
    """The learning rate on straight lines up to the greatest one and down again, in cycles.

    η(t) = η₀ + (η_max - η₀) h(t) c^n s^t, where h goes from 0 to 1 in U steps and back to 0 in D steps, and n is the
    number of cycles before.

    Defaults: U = 2000, D = U, c = s = 1. With c = 1/2 the height halves with each cycle ("triangular2").
    Source: PyTorch, `torch.optim.lr_scheduler.CyclicLR`; Smith (2017), "Cyclical learning rates for training neural
        networks".
    """

    maximum: Annotated[float, Meaning("learning rate at the top of the first cycle", NOT_NEGATIVE)]
    steps_up: Annotated[int, Meaning("steps from the bottom to the top", AT_LEAST_ONE)] = 2000
    steps_down: Annotated[int, Meaning("steps from the top to the bottom; 0: as many as up", NOT_NEGATIVE)] = 0
    cycle_factor: Annotated[float, Meaning("height of a cycle in units of the one before", REDUCTION)] = 1.0
    step_factor: Annotated[float, Meaning("what a step leaves of the height", REDUCTION)] = 1.0

    def learning_rate(self, initial: float, step: int, memory: Memory = NO_MEMORY) -> float:
        down = self.steps_down or self.steps_up
        cycle, place = divmod(step, self.steps_up + down)
        height = place / self.steps_up if place <= self.steps_up else (self.steps_up + down - place) / down
        fading = self.cycle_factor**cycle * self.step_factor**step
        return float(initial + (self.maximum - initial) * height * fading)


@final
@dataclass(frozen=True)
class OneCycle(Schedule, name="one_cycle"):
    """The learning rate up to that of the optimizer, then down far below where it began, where it stays.

    From η₀/a at t = 0 to η₀ at t = p T - 1 and to η₀/(a b) at t = T - 1, on half cosines, or on straight lines with
    `linear`. With `three_phases` back to η₀/a at t = 2 p T - 2, and from there to the end.

    Defaults: p = 0.3, a = 25, b = 10,000, on half cosines, in two phases.
    Raises: HyperparameterError also where there is no room for the phases.
    Source: PyTorch, `torch.optim.lr_scheduler.OneCycleLR`; Smith, Topin (2019), "Super-convergence: very fast training
        of neural networks using large learning rates".
    """

    steps: Annotated[int, Meaning("steps of the whole cycle", AT_LEAST_ONE)]
    rising_share: Annotated[float, Meaning("share of the steps in which the learning rate rises", INNER_SHARE)] = 0.3
    start_divisor: Annotated[float, Meaning("greatest learning rate over that at the start", _FACTOR)] = 25.0
    end_divisor: Annotated[float, Meaning("learning rate at the start over that at the end", _FACTOR)] = 1e4
    linear: Annotated[bool, Meaning("take straight lines in place of half cosines")] = False
    three_phases: Annotated[bool, Meaning("come back to the start as fast as it rose, before the last fall")] = False

    def __post_init__(self) -> None:
        super().__post_init__()
        phases = 2 if self.three_phases else 1
        top = phases * (self.rising_share * self.steps - 1)
        if not 0 < top < self.steps - 1:
            message = f"{self.steps} steps with a rising_share of {self.rising_share} leave no room for all phases"
            raise self.fault(f"{message}; take more steps, or another share", "steps")

    def learning_rate(self, initial: float, step: int, memory: Memory = NO_MEMORY) -> float:
        start, top = initial / self.start_divisor, self.rising_share * self.steps - 1
        phases = [(top, start, initial)]
        if self.three_phases:
            phases.append((2 * top, initial, start))
        phases.append((self.steps - 1, phases[-1][2], start / self.end_divisor))
        begin = 0.0
        for end, rate, goal in phases:
            if step <= end:
                share = (step - begin) / (end - begin)
                return rate + (goal - rate) * share if self.linear else half_cosine(rate, goal, share)
            begin = end
        return goal
