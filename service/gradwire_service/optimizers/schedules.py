"""Schedules: the learning rate as a function of the number of updates before this one.

They keep no state, so a run that is taken up again needs to know its step and nothing else. All are computed in
float64, outside the graph.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Annotated, ClassVar, Self, final

from gradwire_service.optimizers.configured import AT_LEAST_ONE, NOT_NEGATIVE, REDUCTION, Configured, Meaning


@dataclass(frozen=True)
class Schedule(Configured, ABC):
    """How the learning rate changes from the one that the optimizer has."""

    family: ClassVar[str] = "schedule"
    path: ClassVar[str] = "optimizer.schedule.parameters"
    registry: ClassVar[dict[str, type[Self]]] = {}

    @abstractmethod
    def learning_rate(self, initial: float, step: int) -> float:
        """Return the learning rate of an update.

        Args:
            initial: learning rate of the optimizer.
            step: number of updates before this one: 0, 1, ….
        """


@final
@dataclass(frozen=True)
class Constant(Schedule, name="constant"):
    """The learning rate as it is, η(t) = η₀."""

    def learning_rate(self, initial: float, step: int) -> float:
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

    def learning_rate(self, initial: float, step: int) -> float:
        return initial * self.factor ** (step // self.steps)


@final
@dataclass(frozen=True)
class Exponential(Schedule, name="exponential"):
    """The learning rate reduced by a factor f every T steps, a little in each, η(t) = η₀ f^(t/T).

    Defaults: T = 1.
    Source: PyTorch, `torch.optim.lr_scheduler.ExponentialLR`, for T = 1; optax, `exponential_decay`.
    """

    factor: Annotated[float, Meaning("what is left of the learning rate after the steps", REDUCTION)]
    steps: Annotated[int, Meaning("steps over which the factor is reached", AT_LEAST_ONE)] = 1

    def learning_rate(self, initial: float, step: int) -> float:
        return float(initial * self.factor ** (step / self.steps))


@final
@dataclass(frozen=True)
class InverseTime(Schedule, name="inverse_time"):
    """The learning rate reduced as one over the time, η(t) = η₀ / (1 + k t/T).

    Defaults: T = 1.
    Source: Keras, `InverseTimeDecay`.
    """

    rate: Annotated[float, Meaning("how fast the learning rate falls: by 1 / (1 + rate) over the steps", NOT_NEGATIVE)]
    steps: Annotated[int, Meaning("steps that count as one unit of time", AT_LEAST_ONE)] = 1

    def learning_rate(self, initial: float, step: int) -> float:
        return initial / (1 + self.rate * step / self.steps)


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
    minimum: Annotated[float, Meaning("the least learning rate", NOT_NEGATIVE)] = 0.0

    def learning_rate(self, initial: float, step: int) -> float:
        if step >= self.steps:
            return self.minimum
        return self.minimum + (initial - self.minimum) * (1 + math.cos(math.pi * step / self.steps)) / 2
