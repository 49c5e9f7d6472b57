"""Many starts: any method is run from each, and the places where the runs ended are told apart."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from gradwire_service.errors import HyperparameterError, NotFiniteError, raise_all
from gradwire_service.graph import Array
from gradwire_service.methods import BoundsOf, Box, Conditions, LocalMinimum, Packing, Solution
from gradwire_service.searches.running import generator
from gradwire_service.searches.space import Space
from gradwire_service.training import Progress, Result, StopReason

Run = Callable[[Mapping[str, Array]], Iterator[Progress | Solution | Result]]
"""Minimizes from a start."""

_STARTS = 3
"""What a key of the generator is used for."""

_CUT_SHORT = (StopReason.CANCELLED, StopReason.DEADLINE)


@dataclass(frozen=True)
class MultiStart:
    """How to start many times.

    Attributes:
        starts: number of starts, the given one included.
        spread: standard deviation of the starts around the given one in elements without two bounds, in their units;
            between two bounds they are uniform.
        tolerance: two runs ended at the same minimum if no element differs by more, as a share of the distance of the
            bounds or the spread, and the losses by no more, as a share of their magnitude, or of 1 if that is more.
    """

    starts: int
    spread: float = 1.0
    tolerance: float = 1e-3

    def __post_init__(self) -> None:
        """Check.

        Raises: HyperparameterError, or one error with all faults.
        """
        numbers = {"spread": self.spread, "tolerance": self.tolerance}
        faults = {
            name: f"{name} is {x}, but must be more than 0" for name, x in numbers.items() if not 0 < x < math.inf
        }
        if self.starts < 1:
            faults["starts"] = f"{self.starts} starts are too few; give 1 or more"
        raise_all(
            [HyperparameterError(f"multi_start: {text}", field=f"multi_start.{name}") for name, text in faults.items()]
        )


def multi_start(
    run: Run,
    parameters: Mapping[str, Array],
    setting: MultiStart,
    *,
    bounds: BoundsOf | None = None,
    conditions: Conditions | None = None,
    seed: int = 0,
) -> Iterator[Progress | Solution]:
    """Minimize from many starts; yield a report after each run and, last, the lowest solution, with all minima.

    A run that meets what is not finite counts as a start without a minimum, unless that happens to all.

    Args:
        run: minimizes from a start. Each run has a budget of its own.
        parameters: the first start.
        setting: the others.
        bounds: least and greatest values of parameters.
        conditions: the time for all runs together, and whether reports hold the parameters where a run ended. Steps in
            reports are runs.
        seed: source of the starts; the same seed gives the same bits.

    Raises: what the first run raises; NotFiniteError when all runs do.
    """
    conditions = conditions or Conditions()
    packing = Packing.of(parameters)
    box = Box.of(packing, bounds or {})
    space = Space(box, box.nearest(packing.pack(parameters)), setting.spread)
    starts = space.draw(generator(seed, _STARTS), setting.starts)
    starts[0] = space.start
    began = conditions.clock()
    ends: dict[int, Solution | Result] = {}
    report, fault = Progress(), None
    reason = None
    for number, start in enumerate(starts):
        if conditions.budget.seconds and conditions.clock() - began >= conditions.budget.seconds:
            reason = StopReason.SECONDS
            break
        end: Solution | Result | None = None
        try:
            for event in run(packing.unpack(start)):
                if not isinstance(event, Progress):
                    end = event
        except NotFiniteError as error:
            fault = error
        if end is not None and math.isfinite(end.loss):
            ends[number] = end
        report = _report(report, end, packing, conditions, conditions.clock() - began)
        yield report
        if end is not None and end.stop_reason in _CUT_SHORT:
            reason = end.stop_reason
            break
    if not ends:
        raise fault or NotFiniteError("no run came to a finite loss; start elsewhere, or set other bounds")
    best = min(ends.values(), key=lambda end: end.loss)
    minima = _apart({n: end for n, end in ends.items() if end.stop_reason not in _CUT_SHORT}, packing, space, setting)
    places = f"{len(minima)} place{'' if len(minima) == 1 else 's'}"
    message = f"{report.step} of {setting.starts} runs ended, at {places}; the lowest one: {best.message}"
    yield Solution(
        best.parameters,
        best.loss,
        best.parameters_step,
        reason or best.stop_reason,
        message,
        replace(report, parameters=None),
        best.tier,
        minima,
    )


def _report(
    last: Progress, end: Solution | Result | None, packing: Packing, conditions: Conditions, seconds: float
) -> Progress:
    """Return a report on a run that ended; None when it failed."""
    told = end.progress if end else Progress(gradient_norm=0.0)
    return Progress(
        number=last.number + 1,
        step=last.step + 1,
        epoch=last.step + 1,
        loss=end.loss if end else math.nan,
        learning_rate=0.0,
        gradient_norm=told.gradient_norm,
        parameter_norm=float(np.linalg.norm(packing.pack(end.parameters))) if end else math.nan,
        skipped_steps=last.skipped_steps + told.skipped_steps,
        function_evaluations=last.function_evaluations + told.function_evaluations,
        seconds=seconds,
        parameters=end.parameters if end and conditions.reporting.parameters else None,
    )


def _apart(
    ends: Mapping[int, Solution | Result], packing: Packing, space: Space, setting: MultiStart
) -> tuple[LocalMinimum, ...]:
    """Put runs together that ended at one place, the lowest place first."""
    found: list[LocalMinimum] = []
    for number, end in sorted(ends.items(), key=lambda item: item[1].loss):
        place = _place(found, end, packing, space, setting.tolerance)
        if place is None:
            found.append(LocalMinimum(end.parameters, end.loss, (number,)))
        else:
            same = found[place]
            found[place] = replace(same, starts=tuple(sorted((*same.starts, number))))
    return tuple(found)


def _place(
    found: Sequence[LocalMinimum], end: Solution | Result, packing: Packing, space: Space, tolerance: float
) -> int | None:
    x = packing.pack(end.parameters)
    for place, minimum in enumerate(found):
        apart = np.abs(x - packing.pack(minimum.parameters)) / space.scale
        if apart.max() <= tolerance and end.loss - minimum.loss <= tolerance * max(1.0, abs(minimum.loss)):
            return place
    return None
