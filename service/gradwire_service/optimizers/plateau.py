"""A schedule that watches the loss."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, final

from gradwire_service.optimizers.configured import INNER_SHARE, NOT_NEGATIVE, Meaning
from gradwire_service.optimizers.schedules import NO_MEMORY, Memory, Minimum, Schedule

_LEAST_CHANGE = 1e-8
"""Reductions of the learning rate up to this are not made."""


@final
@dataclass(frozen=True)
class Plateau(Schedule, name="plateau"):
    """The learning rate reduced by a factor f when the mean loss of epochs has stopped to fall.

    An epoch is better when its loss is below (1 - q) times the best so far; with `absolute`, below the best less q.
    After more than P epochs in a row that are no better, η ← max(f η, η_min), unless that changes it by 1e-8 or less;
    the next C epochs do not count. What was seen of the loss is part of the optimizer's state.

    Defaults: f = 0.1, P = 10, q = 1e-4, C = 0, η_min = 0.
    Source: PyTorch, `torch.optim.lr_scheduler.ReduceLROnPlateau`.
    """

    factor: Annotated[float, Meaning("what a reduction leaves of the learning rate", INNER_SHARE)] = 0.1
    patience: Annotated[int, Meaning("epochs without improvement that are borne", NOT_NEGATIVE)] = 10
    threshold: Annotated[float, Meaning("least improvement that counts", NOT_NEGATIVE)] = 1e-4
    absolute: Annotated[bool, Meaning("take the threshold in units of the loss")] = False
    cooldown: Annotated[int, Meaning("epochs after a reduction that do not count", NOT_NEGATIVE)] = 0
    minimum: Minimum = 0.0

    def learning_rate(self, initial: float, step: int, memory: Memory = NO_MEMORY) -> float:
        scale = memory.get("scale", 1.0)
        return initial if scale == 1 else max(initial * scale, self.minimum)

    def after_epoch(self, initial: float, step: int, loss: float, memory: Memory) -> Memory:
        best, scale = memory.get("best", math.inf), memory.get("scale", 1.0)
        waited, cooldown = memory.get("waited", 0.0), memory.get("cooldown", 0.0)
        if loss < (best - self.threshold if self.absolute or best == math.inf else best * (1 - self.threshold)):
            best, waited = loss, 0.0
        else:
            waited += 1
        if cooldown:
            waited, cooldown = 0.0, cooldown - 1
        if waited > self.patience:
            now = self.learning_rate(initial, step, memory)
            if now - max(now * self.factor, self.minimum) > _LEAST_CHANGE:
                scale *= self.factor
            waited, cooldown = 0.0, float(self.cooldown)
        known = {"best": best} if best < math.inf else {}
        return {**known, "waited": waited, "cooldown": cooldown, "scale": scale}

    @property
    def watches_loss(self) -> bool:
        return True
