"""The loss and metrics at a point, over all rows of some data."""

from __future__ import annotations

import math
from collections.abc import Mapping

from gradwire_service.backend import Interrupt, RunInfo
from gradwire_service.graph import Array
from gradwire_service.training.batches import Data
from gradwire_service.training.step import LOSS, METRIC, Run


class Mean:
    """Mean over rows: each batch counts as many times as it has rows."""

    def __init__(self, total: float = 0.0, rows: int = 0) -> None:
        self.total = total
        self.rows = rows

    def facts(self) -> list[float]:
        """Return what it remembers, as JSON has it."""
        return [self.total, self.rows]

    def add(self, value: float, rows: int) -> None:
        """Take the mean over some rows."""
        self.total += value * rows
        self.rows += rows

    @property
    def value(self) -> float:
        """The mean over all rows so far; NaN when there were none."""
        return self.total / self.rows if self.rows else math.nan


def evaluate(
    run: Run, parameters: Mapping[str, Array], data: Data, size: int, interrupt: Interrupt
) -> tuple[float, dict[str, float]]:
    """Return the loss and the metrics, averaged over rows as they lie.

    Args:
        run: runs the graph that `evaluation_graph` made.
        parameters: the point.
        data: all other variables.
        size: greatest number of rows that are looked at at once.
        interrupt: called between batches and handed to `run`; raises to stop.
    """
    means: dict[str, Mean] = {}
    for begin in range(0, data.count, size):
        interrupt()
        rows = slice(begin, min(begin + size, data.count))
        results = run({**data.batch(rows), **parameters}, interrupt, RunInfo())
        for name, value in results.items():
            means.setdefault(name, Mean()).add(float(value), rows.stop - rows.start)
    found = {name: mean.value for name, mean in means.items()}
    return found.pop(LOSS), {name.removeprefix(METRIC): value for name, value in found.items()}
