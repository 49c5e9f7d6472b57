"""CMA-ES, by the package `cma`."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, final

import numpy as np

from gradwire_service.errors import HyperparameterError, OptimizerUnavailableError
from gradwire_service.methods.vectors import Vector
from gradwire_service.optimizers.configured import NOT_NEGATIVE, POSITIVE, Meaning
from gradwire_service.searches.base import Candidates, Search
from gradwire_service.searches.space import Matrix, Space


@final
@dataclass(frozen=True)
class CmaEs(Search, name="cma_es"):
    """CMA-ES: draws each generation from a normal distribution, whose covariance it learns. Ends by itself.

    The first distribution lies around the start. Elements are searched in units of the distance of their bounds, or of
    the spread; bounds are kept as the package `cma` does, by bending the space near them.

    Needs two elements or more, and the package: ``pip install 'gradwire[search]'``.

    Source: Hansen, Akimoto, Baudis (2019), "CMA-ES/pycma"; Hansen (2016), "The CMA evolution strategy: a tutorial".
    """

    ends: ClassVar[bool] = True

    population: Annotated[int, Meaning("candidates of a generation; 0: 4 + 3 ln n, for n elements", NOT_NEGATIVE)] = 0
    step: Annotated[
        float, Meaning("first standard deviation, as a share of the bounds' distance or the spread", POSITIVE)
    ] = 0.25
    ftol: Annotated[
        float, Meaning("converged when the lowest losses of some generations differ by less", NOT_NEGATIVE)
    ] = 1e-11
    xtol: Annotated[float, Meaning("converged when steps are shorter, in units of the first", NOT_NEGATIVE)] = 1e-11

    def begin(self, space: Space, random: np.random.Generator) -> Candidates:
        return _Distribution(self, space, random)


class _Distribution(Candidates):
    """Wraps the package's strategy, which draws from our generator instead of NumPy's global one."""

    def __init__(self, search: CmaEs, space: Space, random: np.random.Generator) -> None:
        """Begin.

        Raises: OptimizerUnavailableError without the package; HyperparameterError for a single element.
        """
        super().__init__(space)
        if space.start.size < 2:
            raise search.fault("it needs two elements or more to search over; take genetic", "population")
        if (space.box.lower == space.box.upper).any():
            text = "an element has bounds that leave it no room; give it among the data"
            raise HyperparameterError(f"optimizer {search.name}: {text}", field="optimizer.bounds")
        try:
            import cma
        except ImportError:
            text = "cma_es needs the package cma, which is not installed; pip install 'gradwire[search]', or take"
            raise OptimizerUnavailableError(f"{text} genetic", field="optimizer.name") from None
        options: dict[str, Any] = {
            "bounds": [_ends(space.box.lower / space.scale), _ends(space.box.upper / space.scale)],
            "randn": lambda count, size: random.standard_normal((count, size)),
            "seed": math.nan,  # leaves NumPy's global generator alone
            "tolfun": search.ftol,
            "tolx": search.xtol,
            "maxiter": math.inf,
            "verbose": -9,
            "verb_log": 0,
        }
        if search.population:
            options["popsize"] = search.population
        self._strategy = cma.CMAEvolutionStrategy(space.start / space.scale, search.step, options)
        self._raw: list[Vector] = []

    def _next(self) -> Matrix:
        self._raw = self._strategy.ask()
        return self.space.within(np.array(self._raw) * self.space.scale)

    def _learn(self, candidates: Matrix, losses: Vector) -> None:
        self._strategy.tell(self._raw, np.minimum(losses, _WORST).tolist())
        reasons = self._strategy.stop()
        if reasons:
            self.ended = "the strategy ended: " + ", ".join(f"{name} {value}" for name, value in reasons.items())


_WORST = 1e300
"""What an infinite loss is told as: the strategy ranks losses, and computes their range."""


def _ends(limits: Vector) -> list[float | None]:
    return [limit if math.isfinite(limit) else None for limit in limits.tolist()]
