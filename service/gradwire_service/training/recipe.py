"""How to minimize, all of it in one place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from gradwire_service.optimizers import Constant, Optimizer, Schedule, Update
from gradwire_service.training.batches import Batching
from gradwire_service.training.progress import NonFinitePolicy, ReportingRule, StoppingRule


@dataclass(frozen=True)
class Recipe:
    """How to minimize: all but graph, start and data.

    Attributes:
        optimizer: how parameters are updated.
        stopping: when to stop.
        schedule: how the learning rate changes from that of the optimizer.
        batching: how rows are taken.
        reporting: when to report.
        policy: what to do with what is not finite.
        validation_share: share of the rows, the last ones, that is held out; 0: none, or data of their own.
        metrics: names of scalars, means over rows, that are evaluated for each report: of held-out data, or, without
            those, of all data.
        return_best: return the parameters of the least loss that a report found (of held-out data, or, without those,
            of all data) in place of the last.
    """

    optimizer: Optimizer | Update
    stopping: StoppingRule
    schedule: Schedule = field(default_factory=Constant)
    batching: Batching = field(default_factory=Batching)
    reporting: ReportingRule = field(default_factory=ReportingRule)
    policy: NonFinitePolicy = NonFinitePolicy.FAIL
    validation_share: float = 0.0
    metrics: tuple[str, ...] = ()
    return_best: bool = False

    @cached_property
    def update(self) -> Update:
        """The update in full."""
        return Update.of(self.optimizer)

    def learning_rates(self, step: int, count: int, memory: Mapping[str, float]) -> list[float]:
        """Return the learning rates of some updates, the first of which comes after so many others."""
        initial, schedule = self.update.optimizer.learning_rate, self.schedule
        if isinstance(schedule, Constant):
            return [schedule.learning_rate(initial, step, memory)] * count
        return [schedule.learning_rate(initial, i, memory) for i in range(step, step + count)]
