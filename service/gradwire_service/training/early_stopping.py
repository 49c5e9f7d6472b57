"""The end of a minimization whose loss does not improve any more."""

from __future__ import annotations

import math
from typing import Any


class Patience:
    """Counts epochs in a row without an improvement.

    An improvement is a loss below the best so far by more than the least decrease that counts; a smaller decrease does
    not move the best, so that many small ones add up. A loss that is NaN is none.
    """

    def __init__(self, epochs: int, least_improvement: float = 0.0) -> None:
        """Begin.

        Args:
            epochs: epochs without an improvement after which to stop; 0: never.
            least_improvement: decrease that counts, in units of the loss.
        """
        self.epochs = epochs
        self.least_improvement = least_improvement
        self.best = math.inf
        self.waited = 0

    def ends_with(self, loss: float) -> bool:
        """Take the loss of an epoch; tell whether patience is at an end."""
        if loss < self.best - self.least_improvement:
            self.best, self.waited = loss, 0
        else:
            self.waited += 1
        return 0 < self.epochs <= self.waited

    def facts(self) -> dict[str, Any]:
        """Return what it remembers, as JSON has it."""
        return {"best": self.best, "waited": self.waited}

    def restore(self, facts: dict[str, Any]) -> None:
        """Go on from what another one remembered."""
        self.best, self.waited = facts["best"], facts["waited"]
