"""Random search: everywhere, or around the best point so far."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, final

import numpy as np

from gradwire_service.methods.vectors import Vector
from gradwire_service.optimizers.configured import AT_LEAST_ONE, POSITIVE, Meaning
from gradwire_service.searches.base import Candidates, Search
from gradwire_service.searches.space import Matrix, Space


@final
@dataclass(frozen=True)
class RandomSearch(Search, name="random_search"):
    """Random search: every candidate is drawn anew, and the lowest is kept.

    Between two bounds draws are uniform; elsewhere they are normal around the start, with the spread as their standard
    deviation. The start is the first candidate.

    Source: Rastrigin (1963), "The convergence of the random search method in the extremal control of a many parameter
        system".
    """

    population: Annotated[int, Meaning("candidates of a generation", AT_LEAST_ONE)] = 100

    def begin(self, space: Space, random: np.random.Generator) -> Candidates:
        return _Everywhere(self, space, random)


class _Everywhere(Candidates):
    def __init__(self, search: RandomSearch, space: Space, random: np.random.Generator) -> None:
        super().__init__(space)
        self.search, self.random, self.first = search, random, True

    def _next(self) -> Matrix:
        candidates = self.space.draw(self.random, self.search.population)
        if self.first:
            candidates[0] = self.space.start
        return candidates

    def _learn(self, candidates: Matrix, losses: Vector) -> None:
        self.first = False


_GROWTH = 1.5
"""Factor on the step after a success; with its fourth root below after a failure, one success in five keeps it."""


@final
@dataclass(frozen=True)
class LocalRandomSearch(Search, name="local_random_search"):
    """Local random search, the (1 + 1) evolution strategy: one normal step from the best point, kept if it goes down.

    The length of steps follows the rule of one success in five: σ ← 1.5 σ after a success, σ ← σ / 1.5^¼ after a
    failure. The start is the first candidate.

    Source: Rechenberg (1973), "Evolutionsstrategie"; Auger (2009), "Benchmarking the (1+1) evolution strategy with
        one-fifth success rule on the BBOB-2009 function testbed", for the factors.
    """

    step: Annotated[
        float, Meaning("first standard deviation of steps, as a share of the bounds' distance or the spread", POSITIVE)
    ] = 0.1

    def begin(self, space: Space, random: np.random.Generator) -> Candidates:
        return _Around(self, space, random)


class _Around(Candidates):
    def __init__(self, search: LocalRandomSearch, space: Space, random: np.random.Generator) -> None:
        super().__init__(space)
        self.random, self.step, self.first = random, search.step, True
        self.center_loss = np.inf

    def _next(self) -> Matrix:
        if self.first:
            return self.space.start[np.newaxis].copy()
        steps = self.random.standard_normal((1, self.best.size))
        return self.space.within(self.best + self.step * self.space.scale * steps)

    def _learn(self, candidates: Matrix, losses: Vector) -> None:
        if not self.first:
            succeeded = losses[0] < self.center_loss
            self.step *= _GROWTH if succeeded else _GROWTH**-0.25
        self.first, self.center_loss = False, self.best_loss
