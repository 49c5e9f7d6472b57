"""The genetic algorithm."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, final

import numpy as np

from gradwire_service.methods.vectors import Vector
from gradwire_service.optimizers.configured import AT_LEAST_ONE, NOT_NEGATIVE, SHARE, Meaning, Range
from gradwire_service.searches.base import Candidates, Search
from gradwire_service.searches.space import Matrix, Space

_SEVERAL = Range("2 or more", lambda x: x >= 2)


@final
@dataclass(frozen=True)
class Genetic(Search, name="genetic"):
    """Genetic algorithm over real vectors.

    The first generation is drawn as in random search, with the start in it. Each next one holds the elite as it is,
    and children. A parent is the lowest of a tournament of candidates drawn with replacement. Two parents a and b are
    crossed element by element, by blending: the child is uniform between min(a, b) - β |a - b| and
    max(a, b) + β |a - b|. Then each element is moved, with the probability of mutation, by a normal step, and the child
    is put back into the box. A candidate whose loss is known, as the elite's is, is not evaluated again.

    Source: Goldberg (1989), "Genetic algorithms in search, optimization and machine learning"; Eshelman & Schaffer
        (1993), "Real-coded genetic algorithms and interval-schemata", for the blend.
    """

    population: Annotated[int, Meaning("candidates of a generation, the elite included", _SEVERAL)] = 50
    tournament: Annotated[int, Meaning("candidates of which the lowest becomes a parent", AT_LEAST_ONE)] = 3
    crossover: Annotated[float, Meaning("probability that two parents are crossed", SHARE)] = 0.9
    blend: Annotated[float, Meaning("β, how far a child may lie beyond its parents", NOT_NEGATIVE)] = 0.5
    mutation: Annotated[float, Meaning("probability that an element of a child is moved", SHARE)] = 0.1
    step: Annotated[
        float,
        Meaning("standard deviation of those moves, as a share of the bounds' distance or the spread", NOT_NEGATIVE),
    ] = 0.1
    elite: Annotated[int, Meaning("number of the lowest that live on; less than the population", NOT_NEGATIVE)] = 2

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.elite >= self.population:
            text = f"an elite of {self.elite} leaves no room in a population of {self.population}; lower it"
            raise self.fault(text, "elite")

    def begin(self, space: Space, random: np.random.Generator) -> Candidates:
        return _Generations(self, space, random)


class _Generations(Candidates):
    """Attributes: the population as it lives, and its losses."""

    def __init__(self, search: Genetic, space: Space, random: np.random.Generator) -> None:
        super().__init__(space)
        self.search, self.random = search, random
        self.living: Matrix = np.empty((0, space.start.size))
        self.losses: Vector = np.empty(0)

    def _next(self) -> Matrix:
        if not len(self.living):
            first = self.space.draw(self.random, self.search.population)
            first[0] = self.space.start
            return first
        return self.space.within(self._mutated(self._children(self.search.population - self.search.elite)))

    def _learn(self, candidates: Matrix, losses: Vector) -> None:
        elite = np.argsort(self.losses, kind="stable")[: self.search.elite]
        self.living = np.concatenate([self.living[elite], candidates])
        self.losses = np.concatenate([self.losses[elite], losses])

    def _children(self, count: int) -> Matrix:
        shape = (count, self.space.start.size)
        a, b = self._parents(count), self._parents(count)
        low, high = np.minimum(a, b), np.maximum(a, b)
        margin = self.search.blend * (high - low)
        blended = low - margin + (high - low + 2 * margin) * self.random.random(shape)
        crossed = self.random.random((count, 1)) < self.search.crossover
        return np.where(crossed, blended, a)

    def _parents(self, count: int) -> Matrix:
        drawn = self.random.integers(len(self.living), size=(count, self.search.tournament))
        winners = drawn[np.arange(count), np.argmin(self.losses[drawn], axis=1)]
        return self.living[winners]

    def _mutated(self, children: Matrix) -> Matrix:
        moved = self.random.random(children.shape) < self.search.mutation
        steps = self.search.step * self.space.scale * self.random.standard_normal(children.shape)
        return children + np.where(moved, steps, 0.0)
