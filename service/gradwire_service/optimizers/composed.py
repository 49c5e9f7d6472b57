"""Schedules that are made of others."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Annotated, ClassVar, final

from gradwire_service.optimizers.configured import AT_LEAST_ONE, SHARE, Meaning
from gradwire_service.optimizers.schedules import NO_MEMORY, Memory, Schedule


@dataclass(frozen=True)
class Composed(Schedule):
    """A schedule of others, each of which counts steps from where it begins, and remembers for itself."""

    parts: tuple[Schedule, ...] = field(default=(), kw_only=True)

    @abstractmethod
    def place(self, step: int) -> tuple[int, int]:
        """Return which part counts in a step, and the part's own number of the step."""

    def learning_rate(self, initial: float, step: int, memory: Memory = NO_MEMORY) -> float:
        i, own = self.place(step)
        return self.parts[i].learning_rate(initial, own, _of_part(i, memory))

    def after_epoch(self, initial: float, step: int, loss: float, memory: Memory) -> Memory:
        i, own = self.place(step)
        remembered = self.parts[i].after_epoch(initial, own, loss, _of_part(i, memory))
        return {**memory, **{f"{i}/{name}": x for name, x in remembered.items()}}

    @property
    def watches_loss(self) -> bool:
        return any(part.watches_loss for part in self.parts)


def _of_part(i: int, memory: Memory) -> Memory:
    prefix = f"{i}/"
    return {name.removeprefix(prefix): x for name, x in memory.items() if name.startswith(prefix)}


@final
@dataclass(frozen=True)
class Warmup(Composed, name="warmup"):
    """Another schedule behind a rise on a straight line.

    η(t) = η₀ (a + (1 - a) t/T) for t < T, from there on that of the other schedule, which begins with its step 0.

    Defaults: a = 0.
    Raises: HyperparameterError also without exactly one part.
    Source: Goyal et al. (2017), "Accurate, large minibatch SGD: training ImageNet in 1 hour", section 2.2; PyTorch,
        `LinearLR` in a `SequentialLR`. The steps of optax' `warmup_cosine_decay_schedule` include those of the warm-up.
    """

    part_count: ClassVar[int | None] = 1

    steps: Annotated[int, Meaning("steps of the rise", AT_LEAST_ONE)]
    start_factor: Annotated[float, Meaning("factor on the learning rate at the start", SHARE)] = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.parts) != 1:
            raise self.fault(f"it goes before one schedule, not {len(self.parts)}; give it one part", "parts")

    def place(self, step: int) -> tuple[int, int]:
        return 0, step - self.steps

    def learning_rate(self, initial: float, step: int, memory: Memory = NO_MEMORY) -> float:
        if step >= self.steps:
            return super().learning_rate(initial, step, memory)
        return initial * (self.start_factor + (1 - self.start_factor) * step / self.steps)

    def after_epoch(self, initial: float, step: int, loss: float, memory: Memory) -> Memory:
        return super().after_epoch(initial, step, loss, memory) if step >= self.steps else memory


@final
@dataclass(frozen=True)
class Joined(Composed, name="joined"):
    """Schedules one behind the other; each begins with its step 0 at a milestone.

    Raises: HyperparameterError also for milestones that do not grow, or are not one fewer than the parts.
    Source: PyTorch, `torch.optim.lr_scheduler.SequentialLR`; optax, `join_schedules`.
    """

    part_count: ClassVar[int | None] = None

    milestones: Annotated[tuple[int, ...], Meaning("steps at which the next one begins, growing", AT_LEAST_ONE)]

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.parts or len(self.parts) != len(self.milestones) + 1:
            message = f"{len(self.parts)} schedules with {len(self.milestones)} milestones between them do not fit"
            raise self.fault(f"{message}; give one milestone fewer than schedules", "milestones")
        if any(later <= earlier for earlier, later in pairwise(self.milestones)):
            raise self.fault(f"milestones {list(self.milestones)} do not grow; put them in order", "milestones")

    def place(self, step: int) -> tuple[int, int]:
        i = sum(step >= milestone for milestone in self.milestones)
        return i, step - (self.milestones[i - 1] if i else 0)
