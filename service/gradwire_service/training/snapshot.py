"""All that the rest of a minimization depends on, between two of its steps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from gradwire_service.errors import GradwireError
from gradwire_service.graph import Array
from gradwire_service.optimizers import Optimizer, OptimizerState, Update, check_state, initial_state


@dataclass(frozen=True)
class Point:
    """Where a minimization is, or was.

    Attributes:
        parameters: the parameters, by name.
        state: what the optimizer remembers there.
        step: number of the step that led there.
    """

    parameters: Mapping[str, Array]
    state: OptimizerState
    step: int


@dataclass(frozen=True)
class Snapshot:
    """A minimization between two steps: taken up from here it ends with the same bits.

    Attributes:
        points: the points that the loop has in hand, by name; ``current`` is where the next step begins.
        facts: all else that it remembers, as JSON has it.
    """

    points: Mapping[str, Point]
    facts: Mapping[str, Any]

    @property
    def current(self) -> Point:
        """Where the next step begins."""
        return self.points["current"]

    @property
    def step(self) -> int:
        """Number of steps so far, those left out included."""
        step: int = self.facts["position"]
        return step

    def fitted(self, optimizer: Optimizer | Update) -> Snapshot:
        """Return the snapshot for an optimizer that may be another one.

        What the other one remembered is of use only where this one remembers the same things; else this one begins
        afresh, at the same parameters.
        """
        return replace(self, points={name: _fitted(point, optimizer) for name, point in self.points.items()})


Keep = Callable[[Snapshot], int | None]
"""Called between stretches of steps; returns how many the next one may have at most, if it matters. What it raises ends
the minimization."""


def _fitted(point: Point, optimizer: Optimizer | Update) -> Point:
    try:
        check_state(point.state, optimizer, point.parameters)
    except GradwireError:  # one fault, or several
        return replace(point, state=initial_state(optimizer, point.parameters))
    return point
