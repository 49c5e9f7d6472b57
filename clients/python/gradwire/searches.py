"""Searches, by name.

Written by `generate_functions.py`, from the registries of the service.
"""

from __future__ import annotations

from typing import Unpack

from gradwire.optimization import MethodSettings, Optimizer

__all__ = [
    "cma_es",
    "genetic",
    "local_random_search",
    "random_search",
]


def cma_es(
    *,
    spread: float = 1.0,
    population: int = 0,
    step: float = 0.25,
    ftol: float = 1e-11,
    xtol: float = 1e-11,
    **settings: Unpack[MethodSettings],
) -> Optimizer:
    """CMA-ES: draws each generation from a normal distribution, whose covariance it learns. Ends by itself.

    The first distribution lies around the start. Elements are searched in units of the distance of their bounds, or of
    the spread; bounds are kept as the package `cma` does, by bending the space near them.

    Needs two elements or more, and the package: ``pip install 'gradwire[search]'``.

    Args:
        spread: how far draws go in elements without two bounds, in their units; more than 0.
        population: candidates of a generation; 0: 4 + 3 ln n, for n elements; 0 or more.
        step: first standard deviation, as a share of the bounds' distance or the spread; more than 0.
        ftol: converged when the lowest losses of some generations differ by less; 0 or more.
        xtol: converged when steps are shorter, in units of the first; 0 or more.
        settings: bounds; see `MethodSettings`.

    Source: Hansen, Akimoto, Baudis (2019), "CMA-ES/pycma"; Hansen (2016), "The CMA evolution strategy: a tutorial".
    """
    return Optimizer(
        "cma_es", {"spread": spread, "population": population, "step": step, "ftol": ftol, "xtol": xtol}, **settings
    )


def genetic(
    *,
    spread: float = 1.0,
    population: int = 50,
    tournament: int = 3,
    crossover: float = 0.9,
    blend: float = 0.5,
    mutation: float = 0.1,
    step: float = 0.1,
    elite: int = 2,
    **settings: Unpack[MethodSettings],
) -> Optimizer:
    """Genetic algorithm over real vectors.

    The first generation is drawn as in random search, with the start in it. Each next one holds the elite as it is,
    and children. A parent is the lowest of a tournament of candidates drawn with replacement. Two parents a and b are
    crossed element by element, by blending: the child is uniform between min(a, b) - β |a - b| and
    max(a, b) + β |a - b|. Then each element is moved, with the probability of mutation, by a normal step, and the child
    is put back into the box. A candidate whose loss is known, as the elite's is, is not evaluated again.

    Args:
        spread: how far draws go in elements without two bounds, in their units; more than 0.
        population: candidates of a generation, the elite included; 2 or more.
        tournament: candidates of which the lowest becomes a parent; 1 or more.
        crossover: probability that two parents are crossed; from 0 up to 1.
        blend: β, how far a child may lie beyond its parents; 0 or more.
        mutation: probability that an element of a child is moved; from 0 up to 1.
        step: standard deviation of those moves, as a share of the bounds' distance or the spread; 0 or more.
        elite: number of the lowest that live on; less than the population; 0 or more.
        settings: bounds; see `MethodSettings`.

    Source: Goldberg (1989), "Genetic algorithms in search, optimization and machine learning"; Eshelman & Schaffer
        (1993), "Real-coded genetic algorithms and interval-schemata", for the blend.
    """
    return Optimizer(
        "genetic",
        {
            "spread": spread,
            "population": population,
            "tournament": tournament,
            "crossover": crossover,
            "blend": blend,
            "mutation": mutation,
            "step": step,
            "elite": elite,
        },
        **settings,
    )


def local_random_search(*, spread: float = 1.0, step: float = 0.1, **settings: Unpack[MethodSettings]) -> Optimizer:
    """Local random search, the (1 + 1) evolution strategy: one normal step from the best point, kept if it goes down.

    The length of steps follows the rule of one success in five: σ ← 1.5 σ after a success, σ ← σ / 1.5^¼ after a
    failure. The start is the first candidate.

    Args:
        spread: how far draws go in elements without two bounds, in their units; more than 0.
        step: first standard deviation of steps, as a share of the bounds' distance or the spread; more than 0.
        settings: bounds; see `MethodSettings`.

    Source: Rechenberg (1973), "Evolutionsstrategie"; Auger (2009), "Benchmarking the (1+1) evolution strategy with
        one-fifth success rule on the BBOB-2009 function testbed", for the factors.
    """
    return Optimizer("local_random_search", {"spread": spread, "step": step}, **settings)


def random_search(*, spread: float = 1.0, population: int = 100, **settings: Unpack[MethodSettings]) -> Optimizer:
    """Random search: every candidate is drawn anew, and the lowest is kept.

    Between two bounds draws are uniform; elsewhere they are normal around the start, with the spread as their standard
    deviation. The start is the first candidate.

    Args:
        spread: how far draws go in elements without two bounds, in their units; more than 0.
        population: candidates of a generation; 1 or more.
        settings: bounds; see `MethodSettings`.

    Source: Rastrigin (1963), "The convergence of the random search method in the extremal control of a many parameter
        system".
    """
    return Optimizer("random_search", {"spread": spread, "population": population}, **settings)
