"""A method from its start to its end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from gradwire_service.errors import HyperparameterError
from gradwire_service.graph import Array
from gradwire_service.methods.base import Ending, Method
from gradwire_service.methods.objective import Ask
from gradwire_service.methods.record import Conditions, Point, Record, Solution, Stop
from gradwire_service.methods.streaming import Leave, Tell, told
from gradwire_service.methods.vectors import BoundsOf, Box, Packing
from gradwire_service.training import Progress, StopReason


def solve(
    ask: Ask,
    parameters: Mapping[str, Array],
    method: Method,
    *,
    of: Sequence[str] = (),
    bounds: BoundsOf | None = None,
    conditions: Conditions | None = None,
) -> Iterator[Progress | Solution]:
    """Minimize; yield a report after each iteration and, last, the solution.

    A method that ends by itself ends where it says. One that is stopped, by its budget, by its caller or by what is
    not finite, ends at the lowest point that it met.

    Args:
        ask: answers queries about the graph.
        parameters: where to start; a start outside the bounds is moved to the nearest point inside.
        method: the method.
        of: name of the loss, or names of residuals; (): the outputs.
        bounds: least and greatest values of parameters.
        conditions: when to stop and to report.

    Raises: InputMissingError, NotDifferentiableError, HyperparameterError before the first report; NotFiniteError.
    """
    conditions = conditions or Conditions()
    packing = Packing.of(parameters)
    if bounds and not method.takes_bounds:
        like = [x for x in Method.registry.values() if x.takes_residuals is method.takes_residuals]
        able = ", ".join(x.name for x in like if x.takes_bounds)
        text = f"{method.name} keeps no bounds; take one that does ({able}), or leave the bounds out"
        raise HyperparameterError(text, field="optimizer.bounds")
    box = Box.of(packing, bounds or {})
    start = box.nearest(packing.pack(parameters))

    def work(tell: Tell[Progress | Solution], leave: Leave) -> None:
        def interrupt() -> None:
            leave()
            conditions.interrupt()

        record = Record(packing, box, replace(conditions, interrupt=interrupt))
        objective = method.objective(ask, record, of, tell)
        try:
            with np.errstate(all="ignore"):
                ending = method.run(objective, start)
            point = replace(objective.at(ending.x), step=record.steps)
            if record.best is not None and not np.isfinite(point.loss):  # where SciPy saw a parabola
                point, ending = record.best, ending._replace(reason=objective.give_up(ending.message))
        except Stop as stop:
            point = record.best or Point(start, np.nan)
            ending = Ending(point.x, stop.reason, "")
        except ValueError as error:
            if error is objective.fault:
                raise
            # SciPy's, about settings that do not go with the problem.
            raise HyperparameterError(f"{method.name}: {error}", field="optimizer") from None
        if ending.reason in (StopReason.NOT_FINITE, StopReason.STALLED):
            point = record.best or point
        reported = record.progress.number > 0 and record.progress.step == record.steps
        if objective.last is not None and not reported:
            tell(record.report(point))
        tell(record.solution(point, ending.reason, ending.message, objective.tier))

    return told(work)
