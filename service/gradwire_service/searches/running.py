"""A search from its start to its end."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from gradwire_service.backend import Interrupt, Tier
from gradwire_service.errors import CancelledError, DeadlineExceededError, HyperparameterError, NotFiniteError
from gradwire_service.graph import Array
from gradwire_service.methods import BoundsOf, Box, Conditions, Packing, Solution
from gradwire_service.methods.record import Point, Record, Stop
from gradwire_service.searches.base import Candidates, Search
from gradwire_service.searches.space import Space
from gradwire_service.training import NonFinitePolicy, Progress, StopReason

Evaluate = Callable[[Mapping[str, Array], Interrupt], tuple[Array, Tier]]
"""Returns the losses, [count], of parameters with an axis of candidates in front; one run of one program."""

_SEARCH = 2
"""What a key of the generator is used for; 0 and 1 are the shuffles and draws of batches."""


def begin(
    parameters: Mapping[str, Array], search: Search, bounds: BoundsOf | None = None, seed: int = 0
) -> tuple[Packing, Candidates]:
    """Begin a search whose candidates are evaluated elsewhere: ask, and tell.

    Args:
        parameters: where to start; a start outside the bounds is moved to the nearest point inside.
        search: the search.
        bounds: least and greatest values of parameters.
        seed: source of all that is random, from 0 to 2⁶⁴ - 1.

    Returns: how parameters lie in a candidate, and the candidates.
    Raises: InputMissingError, NotDifferentiableError, HyperparameterError, OptimizerUnavailableError.
    """
    packing = Packing.of(parameters)
    box = Box.of(packing, bounds or {})
    space = Space(box, box.nearest(packing.pack(parameters)), search.spread)
    return packing, search.begin(space, generator(seed, _SEARCH))


def generator(seed: int, use: int) -> np.random.Generator:
    """Return a generator of random numbers; two uses of one seed have nothing in common.

    Raises: HyperparameterError.
    """
    if not 0 <= seed < 2**64:
        raise HyperparameterError(f"seed {seed} is not a whole number from 0 to 2**64 - 1", field="seed")
    return np.random.Generator(np.random.Philox(key=np.array([seed, use], np.uint64)))


def search(
    evaluate: Evaluate,
    parameters: Mapping[str, Array],
    method: Search,
    *,
    bounds: BoundsOf | None = None,
    conditions: Conditions | None = None,
    seed: int = 0,
) -> Iterator[Progress | Solution]:
    """Search; yield a report after each generation and, last, the solution: the lowest candidate of all.

    A generation that would go past the number of evaluations is not begun.

    Args:
        evaluate: tells the losses of candidates.
        parameters: where to start.
        method: the search.
        bounds: least and greatest values of parameters.
        conditions: when to stop and to report; with parameters, a report holds all candidates of its generation.
        seed: source of all that is random; the same seed gives the same bits.

    Raises: as `begin` does; NotFiniteError when no candidate of the first generation has a finite loss.
    """
    conditions = conditions or Conditions()
    budget = conditions.budget
    if budget.is_endless and not method.ends:
        text = f"nothing says when {method.name} is to stop; give a number of steps or evaluations, a time, or a loss"
        raise HyperparameterError(text, field="stopping")
    if budget.gradient_norm:
        text = f"{method.name} takes no gradients, so that their norm can't stop it; give another limit"
        raise HyperparameterError(text, field="stopping.gradient_norm")
    packing, candidates = begin(parameters, method, bounds, seed)
    count = len(candidates.ask())
    if 0 < budget.function_evaluations < count:
        text = f"a generation takes {count} evaluations, but {budget.function_evaluations} are allowed; allow more"
        raise HyperparameterError(text, field="stopping.function_evaluations")
    record = Record(packing, candidates.space.box, conditions)
    return _Searching(evaluate, candidates, record).go()


class _Searching:
    """A search on its way."""

    def __init__(self, evaluate: Evaluate, candidates: Candidates, record: Record) -> None:
        self.evaluate, self.candidates, self.record = evaluate, candidates, record
        self.tier = Tier.INTERPRETED

    def go(self) -> Iterator[Progress | Solution]:
        """Go from generation to generation until there is a reason to stop."""
        record, candidates = self.record, self.candidates
        message = ""
        point = Point(candidates.best, np.nan)
        more: dict[str, Any] = {}
        reason: StopReason | None = None
        while reason is None:
            try:
                more = self.generation()
            except Stop as stop:
                reason = stop.reason
                break
            point = record.best or point
            report = record.step(point, **more)
            if report is not None:
                yield report
            reason = record.reason_to_stop(point)
            if reason is None and candidates.ended:
                reason, message = StopReason.CONVERGED, candidates.ended
        if record.progress.step != record.steps:
            yield record.report(point, **more)
        yield record.solution(point, reason, message, self.tier)

    def generation(self) -> dict[str, Any]:
        """Evaluate one generation; return what a report tells of it.

        Raises: Stop, NotFiniteError.
        """
        record, asked = self.record, self.candidates.ask()
        record.check(len(asked))
        parameters = record.packing.unpack_rows(asked)
        try:
            losses, self.tier = self.evaluate(parameters, record.conditions.interrupt)
        except CancelledError:
            raise Stop(StopReason.CANCELLED) from None
        except DeadlineExceededError:
            raise Stop(StopReason.DEADLINE) from None
        losses = np.asarray(losses, np.float64)
        record.evaluations += len(asked)
        record.not_finite += int(np.count_nonzero(~np.isfinite(losses)))
        self.candidates.tell(losses)
        if np.isfinite(self.candidates.best_loss):
            record.note(Point(self.candidates.best, self.candidates.best_loss, step=record.steps + 1))
        elif record.conditions.policy is NonFinitePolicy.STOP:
            raise Stop(StopReason.NOT_FINITE)
        elif record.conditions.policy is NonFinitePolicy.FAIL:
            text = f"none of the first {len(asked)} candidates has a finite loss; start elsewhere, or set other bounds"
            raise NotFiniteError(text)
        if not record.conditions.reporting.parameters:
            return {}
        return {"candidates": parameters, "candidate_losses": np.where(np.isfinite(losses), losses, np.inf)}
