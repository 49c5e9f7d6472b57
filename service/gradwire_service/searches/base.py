"""What a search is: settings, and candidates by ask and tell."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Annotated, ClassVar, Self

import numpy as np

from gradwire_service.errors import InvalidRequestError
from gradwire_service.methods.vectors import Vector
from gradwire_service.optimizers.configured import POSITIVE, Configured, Meaning
from gradwire_service.searches.space import Matrix, Space

Spread = Annotated[float, Meaning("how far draws go in elements without two bounds, in their units", POSITIVE)]


class Candidates(ABC):
    """A search under way: it is asked for candidates, and told their losses.

    >>> while not candidates.ended:
    ...     points = candidates.ask()
    ...     candidates.tell([loss(x) for x in points])

    Attributes:
        space: where it searches.
        best: the lowest candidate so far; the start before the first.
        best_loss: its loss.
        ended: why it ended by itself, in words; "" while it goes on.
    """

    def __init__(self, space: Space) -> None:
        self.space = space
        self.best, self.best_loss, self.ended = space.start, math.inf, ""
        self._asked: Matrix | None = None

    def ask(self) -> Matrix:
        """Return the candidates of the next generation; the same until their losses are told."""
        if self._asked is None:
            self._asked = self._next()
        return self._asked

    def tell(self, losses: Vector) -> None:
        """Take the losses of the candidates; one that is not finite counts as worse than all others.

        Raises: InvalidRequestError when there are not as many as candidates.
        """
        asked, self._asked = self.ask(), None
        losses = np.asarray(losses, np.float64)
        if losses.shape != (len(asked),):
            text = f"{len(asked)} candidates were asked about, but losses of shape {list(losses.shape)} were told"
            self._asked = asked
            raise InvalidRequestError(f"{text}; tell one number for each", field="losses")
        losses = np.where(np.isfinite(losses), losses, np.inf)
        lowest = int(np.argmin(losses))
        if losses[lowest] < self.best_loss:
            self.best, self.best_loss = asked[lowest].copy(), float(losses[lowest])
        self._learn(asked, losses)

    @abstractmethod
    def _next(self) -> Matrix:
        """Return candidates, [count, size], all in the box."""

    @abstractmethod
    def _learn(self, candidates: Matrix, losses: Vector) -> None:
        """Take the losses, infinite where they are not finite."""


@dataclass(frozen=True)
class Search(Configured, ABC):
    """A search that needs no gradient; its fields are its hyperparameters.

    Where parameters have two bounds, all draws and steps are relative to their distance.

    Class attributes:
        ends: whether it ends by itself.
    """

    family: ClassVar[str] = "optimizer"
    path: ClassVar[str] = "optimizer.hyperparameters"
    registry: ClassVar[dict[str, type[Self]]] = {}
    ends: ClassVar[bool] = False

    spread: Spread = 1.0

    @abstractmethod
    def begin(self, space: Space, random: np.random.Generator) -> Candidates:
        """Begin a search.

        Args:
            space: where.
            random: the only source of what is random.
        """
