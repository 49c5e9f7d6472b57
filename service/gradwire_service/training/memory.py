"""What a run has seen of the loss, as numbers of the optimizer's state: a later run goes on with them."""

from __future__ import annotations

import math
from collections.abc import Mapping

from gradwire_service.training.early_stopping import Patience
from gradwire_service.training.evaluation import Mean

_SCHEDULE = "schedule/"
_EPOCH_LOSS, _EPOCH_ROWS = "epoch/loss", "epoch/rows"
_BEST, _WAITED = "patience/best", "patience/waited"


def numbers_of(epoch: Mean, memory: Mapping[str, float], patience: Patience) -> dict[str, float]:
    """Gather what the steps to come depend on.

    Args:
        epoch: the loss of the epoch so far.
        memory: what the schedule has seen.
        patience: what the stopping rule has seen.
    """
    numbers = {_SCHEDULE + name: float(value) for name, value in memory.items()}
    if epoch.rows:
        numbers |= {_EPOCH_LOSS: epoch.total, _EPOCH_ROWS: float(epoch.rows)}
    if patience.best < math.inf:
        numbers |= {_BEST: patience.best, _WAITED: float(patience.waited)}
    return numbers


def recalled(numbers: Mapping[str, float], patience: Patience) -> tuple[Mean, dict[str, float]]:
    """Return the loss of the epoch so far and what the schedule has seen, and put the rest into the patience."""
    if _BEST in numbers:
        patience.restore({"best": numbers[_BEST], "waited": int(numbers.get(_WAITED, 0))})
    memory = {name.removeprefix(_SCHEDULE): x for name, x in numbers.items() if name.startswith(_SCHEDULE)}
    return Mean(numbers.get(_EPOCH_LOSS, 0.0), int(numbers.get(_EPOCH_ROWS, 0))), memory
