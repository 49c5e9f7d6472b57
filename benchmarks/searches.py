"""How low searches come: medians after so many evaluations, beside DEAP's genetic algorithm and cma itself.

``python -m benchmarks.searches [--seeds 30] [--evaluations 2000]``. All start at the same points, within the same
bounds. DEAP's algorithm is put together as its documentation does, with the operators of `gw.searches.genetic`.
"""

from __future__ import annotations

import argparse
import random
import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import cma
import numpy as np
import numpy.typing as npt
from deap import base, creator, tools

from gradwire.expressions import as_graph
from gradwire_service.engine import Engine
from gradwire_service.methods import Budget, Conditions, Solution
from gradwire_service.searches import CmaEs, Genetic, LocalRandomSearch, RandomSearch, Search
from gradwire_service.wire import decode_graph

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Problem:
    """A function to minimize within a box.

    Attributes:
        name: its name.
        formula: in x.
        function: the same in NumPy.
        size: number of elements of x.
        limit: greatest magnitude of each.
    """

    name: str
    formula: str
    function: Callable[[Array], float]
    size: int
    limit: float

    def start(self, seed: int) -> Array:
        return np.random.Generator(np.random.Philox(seed)).uniform(-self.limit, self.limit, self.size)


PROBLEMS = (
    Problem(
        "Rosenbrock 2-D",
        "sum(100 * (x[1:] - x[:-1]**2)**2 + (1 - x[:-1])**2)",
        lambda x: float(np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)),
        2,
        2.048,
    ),
    Problem(
        "Rastrigin 5-D",
        "sum(x**2 - 10 * cos(6.283185307179586 * x) + 10)",
        lambda x: float(np.sum(x**2 - 10 * np.cos(2 * np.pi * x) + 10)),
        5,
        5.12,
    ),
)
SEARCHES: Mapping[str, Search] = {
    "random search": RandomSearch(),
    "local random search": LocalRandomSearch(),
    "genetic": Genetic(),
    "CMA-ES": CmaEs(),
}
ENGINE = Engine("numpy")


def ours(problem: Problem, search: Search, seed: int, evaluations: int) -> float:
    """Return the lowest loss that our search finds."""
    graph = decode_graph(as_graph(problem.formula, {"x": ([problem.size], "float64")}).message)
    bounds = {"x": (np.array(-problem.limit), np.array(problem.limit))}
    conditions = Conditions(Budget(function_evaluations=evaluations))
    events = ENGINE.solve(
        graph, {"x": problem.start(seed)}, {}, search, bounds=bounds, conditions=conditions, seed=seed
    )
    *_, solution = events
    assert isinstance(solution, Solution)
    return solution.loss


def by_deap(problem: Problem, seed: int, evaluations: int) -> float:
    """Return the lowest loss that DEAP finds: tournaments of 3, blends of 0.5, Gaussian mutation, an elite of 2."""
    random.seed(seed)
    settings, limit = Genetic(), problem.limit
    toolbox = base.Toolbox()
    toolbox.register("gene", random.uniform, -limit, limit)
    toolbox.register("individual", tools.initRepeat, creator.Individual, toolbox.gene, n=problem.size)
    population = [toolbox.individual() for _ in range(settings.population)]
    population[0][:] = problem.start(seed).tolist()
    done, lowest = 0, np.inf
    while True:
        fresh = [one for one in population if not one.fitness.valid]
        if done + len(fresh) > evaluations:
            return lowest
        for one in fresh:
            one.fitness.values = (problem.function(np.array(one)),)
        done += len(fresh)
        lowest = min(lowest, *(one.fitness.values[0] for one in population))
        elite = [toolbox.clone(one) for one in tools.selBest(population, settings.elite)]
        chosen = tools.selTournament(population, len(population) - settings.elite, tournsize=settings.tournament)
        children = [toolbox.clone(one) for one in chosen]
        for first, second in zip(children[::2], children[1::2], strict=False):
            if random.random() < settings.crossover:
                tools.cxBlend(first, second, alpha=settings.blend)
                del first.fitness.values, second.fitness.values
        for one in children:
            if random.random() < _MUTATED:
                tools.mutGaussian(one, mu=0, sigma=settings.step * 2 * limit, indpb=settings.mutation)
                del one.fitness.values
            one[:] = np.clip(one, -limit, limit).tolist()
        population = elite + children


_MUTATED = 0.2
"""Share of DEAP's individuals that may be mutated at all: its documentation's number."""


def by_cma(problem: Problem, seed: int, evaluations: int) -> float:
    """Return the lowest loss that cma finds by itself, drawing what our search draws."""
    numbers = np.random.Generator(np.random.Philox(key=np.array([seed, 2], np.uint64)))
    scale = 2 * problem.limit
    options: dict[str, Any] = {
        "randn": lambda count, size: numbers.standard_normal((count, size)),
        "seed": np.nan,
        "bounds": [-0.5, 0.5],
        "verbose": -9,
        "verb_log": 0,
        "maxiter": np.inf,
    }
    strategy = cma.CMAEvolutionStrategy(problem.start(seed) / scale, CmaEs().step, options)
    while not strategy.stop() and strategy.countevals + strategy.popsize <= evaluations:
        raw = strategy.ask()
        strategy.tell(raw, [problem.function(np.array(x) * scale) for x in raw])
    return float(strategy.best.f)


def main() -> None:
    """Run all, and print a table."""
    parser = argparse.ArgumentParser(description="How low searches come.")
    parser.add_argument("--seeds", type=int, default=30)
    parser.add_argument("--evaluations", type=int, default=2000)
    asked = parser.parse_args()
    creator.create("Lowest", base.Fitness, weights=(-1.0,))
    creator.create("Individual", list, fitness=creator.Lowest)
    peers = ", ".join(f"{name} {version(name)}" for name in ("cma", "deap"))
    print(f"median of {asked.seeds} seeds after {asked.evaluations:,} evaluations ({peers})")
    ways: dict[str, Callable[[Problem, int, int], float]] = {
        name: lambda problem, seed, evaluations, search=search: ours(problem, search, seed, evaluations)  # type: ignore[misc]
        for name, search in SEARCHES.items()
    }
    for name, way in {**ways, "DEAP": by_deap, "cma": by_cma}.items():
        medians = [
            statistics.median(way(problem, seed, asked.evaluations) for seed in range(asked.seeds))
            for problem in PROBLEMS
        ]
        told = "   ".join(f"{problem.name} {x:<10.3g}" for problem, x in zip(PROBLEMS, medians, strict=True))
        print(f"{name:22}{told}")


if __name__ == "__main__":
    main()
