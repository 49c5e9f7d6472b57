"""The loss and metrics at a point, over all rows of some data."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping

from gradwire_service.backend import Interrupt, RunInfo, Tensors
from gradwire_service.graph import Array
from gradwire_service.training.batches import Data
from gradwire_service.training.step import LOSS, METRIC
from gradwire_service.training.stretch import STRETCHES

RunEvaluation = Callable[[Tensors, Collection[str], int, Interrupt, RunInfo], Tensors]
"""Runs the graph that `evaluation_graph` made for a number of batches, whose rows are stacked."""


class Mean:
    """Mean over rows: each batch counts as many times as it has rows."""

    def __init__(self, total: float = 0.0, rows: int = 0) -> None:
        self.total = total
        self.rows = rows

    def facts(self) -> list[float]:
        """Return what it remembers, as JSON has it."""
        return [self.total, self.rows]

    def add(self, values: Iterable[float], rows: int) -> None:
        """Take means over batches of so many rows."""
        for value in values:
            self.total += value * rows
            self.rows += rows

    @property
    def value(self) -> float:
        """The mean over all rows so far; NaN when there were none."""
        return self.total / self.rows if self.rows else math.nan


def evaluate(
    run: RunEvaluation, parameters: Mapping[str, Array], data: Data, size: int, interrupt: Interrupt
) -> tuple[float, dict[str, float]]:
    """Return the loss and the metrics, averaged over rows as they lie.

    Args:
        run: runs the graph that `evaluation_graph` made, in stretches.
        parameters: the point.
        data: all other variables.
        size: greatest number of rows that are looked at at once.
        interrupt: called between stretches and handed to `run`; raises to stop.
    """
    means: dict[str, Mean] = {}
    begin = 0
    while begin < data.count:
        whole = (data.count - begin) // size
        count = next(count for count in reversed(STRETCHES) if count <= max(whole, 1))
        rows = size if whole else data.count - begin
        interrupt()
        stacked = data.batches(slice(begin, begin + count * rows), rows)
        begin += count * rows
        fed = {**data.whole, **(data.rows if stacked is None else stacked), **parameters}
        results = run(fed, tuple(stacked or ()), count, interrupt, RunInfo())
        for name, values in results.items():
            means.setdefault(name, Mean()).add(values.tolist(), rows)
    found = {name: mean.value for name, mean in means.items()}
    return found.pop(LOSS), {name.removeprefix(METRIC): value for name, value in found.items()}
