"""Schedules: the learning rate as a function of the number of updates before this one.

All but those that watch the loss keep no state, so a run that is taken up again needs to know its step and nothing
else. All are computed in float64, outside the graph.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType
from typing import Annotated, ClassVar, Self, final

from gradwire_service.optimizers.configured import (
    AT_LEAST_ONE,
    NOT_NEGATIVE,
    POSITIVE,
    REDUCTION,
    Configured,
    Meaning,
)

Memory = Mapping[str, float]
"""What a schedule has seen of the loss, by names of its own."""

NO_MEMORY: Memory = MappingProxyType({})

Minimum = Annotated[float, Meaning("the least learning rate", NOT_NEGATIVE)]
Staircase = Annotated[bool, Meaning("count whole units of time only")]


@dataclass(frozen=True)
class Schedule(Configured, ABC):
    """How the learning rate changes from the one that the optimizer has."""

    family: ClassVar[str] = "schedule"
    path: ClassVar[str] = "optimizer.schedule.parameters"
    registry: ClassVar[dict[str, type[Self]]] = {}

    @abstractmethod
    def learning_rate(self, initial: float, step: int, memory: Memory = NO_MEMORY) -> float:
        """Return the learning rate of an update.

        Args:
            initial: learning rate of the optimizer.
            step: number of updates before this one: 0, 1, ….
            memory: what was seen of the loss, as `after_epoch` returned it.
        """

    def after_epoch(self, initial: float, step: int, loss: float, memory: Memory) -> Memory:
        """Return what to remember after an epoch.

        Args:
            initial: learning rate of the optimizer.
            step: number of updates before the last one.
            loss: mean loss over the rows of the epoch.
            memory: what was remembered before.
        """
        return memory

    @property
    def watches_loss(self) -> bool:
        """Whether it needs to be told of epochs."""
        return False


@final
@dataclass(frozen=True)
class Constant(Schedule, name="constant"):
    """The learning rate as it is, η(t) = η₀."""

    def learning_rate(self, initial: float, step: int, memory: Memory = NO_MEMORY) -> float:
        return initial


@final
@dataclass(frozen=True)
class Step(Schedule, name="step"):
    """The learning rate reduced by a factor f at every T-th step, η(t) = η₀ f^⌊t/T⌋.

    Defaults: f = 0.1.
    Source: PyTorch, `torch.optim.lr_scheduler.StepLR`.
    """

    steps: Annotated[int, Meaning("steps from one reduction to the next", AT_LEAST_ONE)]
    factor: Annotated[float, Meaning("what a reduction leaves of the learning rate", REDUCTION)] = 0.1

    def learning_rate(self, initial: float, step: int, memory: Memory = NO_MEMORY) -> float:
        return initial * self.factor ** (step // self.steps)


@final
@dataclass(frozen=True)
class MultiStep(Schedule, name="multistep"):
    """The learning rate reduced by a factor f at each of some steps, η(t) = η₀ f^(number of them ≤ t).

    Defaults: f = 0.1.
    Raises: HyperparameterError also for steps that do not grow.
    Source: PyTorch, `torch.optim.lr_scheduler.MultiStepLR`.
    """

    milestones: Annotated[tuple[int, ...], Meaning("steps of the reductions, growing", AT_LEAST_ONE)]
    factor: Annotated[float, Meaning("what a reduction leaves of the learning rate", REDUCTION)] = 0.1

    def __post_init__(self) -> None:
        super().__post_init__()
        if any(later <= earlier for earlier, later in pairwise(self.milestones)):
            raise self.fault(f"milestones {list(self.milestones)} do not grow; put them in order", "milestones")

    def learning_rate(self, initial: float, step: int, memory: Memory = NO_MEMORY) -> float:
        return initial * self.factor ** sum(step >= milestone for milestone in self.milestones)


@final
@dataclass(frozen=True)
class Linear(Schedule, name="linear"):
    """The learning rate on a straight line from one factor to another, where it stays.

    η(t) = η₀ (a + (b - a) min(t, T)/T).

    Defaults: a = 1, b = 0.
    Source: PyTorch, `torch.optim.lr_scheduler.LinearLR`, which has a = 1/3, b = 1, T = 5; optax, `linear_schedule`.
    """

    steps: Annotated[int, Meaning("steps to the end of the line", AT_LEAST_ONE)]
    end_factor: Annotated[float, Meaning("factor on the learning rate at the end", NOT_NEGATIVE)] = 0.0
    start_factor: Annotated[float, Meaning("factor on the learning rate at the start", NOT_NEGATIVE)] = 1.0

    def learning_rate(self, initial: float, step: int, memory: Memory = NO_MEMORY) -> float:
        if step >= self.steps:
            return initial * self.end_factor
        return initial * (self.start_factor + (self.end_factor - self.start_factor) * step / self.steps)


@final
@dataclass(frozen=True)
class Exponential(Schedule, name="exponential"):
    """The learning rate reduced by a factor f every T steps, a little in each, η(t) = η₀ f^(t/T).

    With `staircase` t/T is rounded down.

    Defaults: T = 1, no staircase.
    Source: PyTorch, `torch.optim.lr_scheduler.ExponentialLR`, for T = 1; optax, `exponential_decay`.
    """

    factor: Annotated[float, Meaning("what is left of the learning rate after the steps", REDUCTION)]
    steps: Annotated[int, Meaning("steps over which the factor is reached", AT_LEAST_ONE)] = 1
    staircase: Staircase = False

    def learning_rate(self, initial: float, step: int, memory: Memory = NO_MEMORY) -> float:
        return float(initial * self.factor ** _units(step, self.steps, self.staircase))


@final
@dataclass(frozen=True)
class Polynomial(Schedule, name="polynomial"):
    """The learning rate on a power of what is left of the time, down to the least one, where it stays.

    η(t) = η_min + (η₀ - η_min) (1 - min(t, T)/T)^p.

    Defaults: p = 1, η_min = 0.
    Source: PyTorch, `torch.optim.lr_scheduler.PolynomialLR`, for η_min = 0; optax, `polynomial_schedule`.
    """

    steps: Annotated[int, Meaning("steps to the least learning rate", AT_LEAST_ONE)]
    power: Annotated[float, Meaning("power of the share of time that is left", POSITIVE)] = 1.0
    minimum: Minimum = 0.0

    def learning_rate(self, initial: float, step: int, memory: Memory = NO_MEMORY) -> float:
        if step >= self.steps:
            return self.minimum
        return float(self.minimum + (initial - self.minimum) * (1 - step / self.steps) ** self.power)


@final
@dataclass(frozen=True)
class InverseTime(Schedule, name="inverse_time"):
    """The learning rate reduced as one over the time, η(t) = η₀ / (1 + k t/T).

    With `staircase` t/T is rounded down.

    Defaults: T = 1, no staircase.
    Source: Keras, `InverseTimeDecay`.
    """

    rate: Annotated[float, Meaning("how fast the learning rate falls: by 1 / (1 + rate) over the steps", NOT_NEGATIVE)]
    steps: Annotated[int, Meaning("steps that count as one unit of time", AT_LEAST_ONE)] = 1
    staircase: Staircase = False

    def learning_rate(self, initial: float, step: int, memory: Memory = NO_MEMORY) -> float:
        return initial / (1 + self.rate * _units(step, self.steps, self.staircase))


@final
@dataclass(frozen=True)
class InverseSqrt(Schedule, name="inverse_sqrt"):
    """The learning rate reduced as one over the root of the time, η(t) = η₀ / √(1 + t/T).

    Behind a warm-up of as many steps it is the schedule of Transformers.

    Defaults: T = 1.
    Source: Vaswani et al. (2017), "Attention is all you need", section 5.3; Hugging Face Transformers,
        `get_inverse_sqrt_schedule`.
    """

    steps: Annotated[int, Meaning("steps after which the learning rate is 1/√2 of the first", AT_LEAST_ONE)] = 1

    def learning_rate(self, initial: float, step: int, memory: Memory = NO_MEMORY) -> float:
        return initial / math.sqrt(1 + step / self.steps)


@final
@dataclass(frozen=True)
class Cosine(Schedule, name="cosine"):
    """The learning rate on half a cosine down to the least one, where it stays.

    η(t) = η_min + (η₀ - η_min) (1 + cos(π t/T)) / 2 for t < T, η_min from there on.

    Defaults: η_min = 0.
    Source: Loshchilov, Hutter (2017), "SGDR: stochastic gradient descent with warm restarts", formula 5; PyTorch,
        `torch.optim.lr_scheduler.CosineAnnealingLR`, which turns up again after T.
    """

    steps: Annotated[int, Meaning("steps to the least learning rate", AT_LEAST_ONE)]
    minimum: Minimum = 0.0

    def learning_rate(self, initial: float, step: int, memory: Memory = NO_MEMORY) -> float:
        return half_cosine(initial, self.minimum, step / self.steps)


def half_cosine(start: float, end: float, share: float) -> float:
    """Return a point on half a cosine, which is `end` from share 1 on."""
    if share >= 1:
        return end
    return end + (start - end) * (1 + math.cos(math.pi * share)) / 2


def _units(step: int, steps: int, staircase: bool) -> float:
    """Return the time, in units of `steps`."""
    return step // steps if staircase else step / steps
