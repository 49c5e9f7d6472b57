"""Searches: candidates within bounds, the same bits from the same seed, and how low they come."""

from __future__ import annotations

import sys
from typing import Any

import cma
import numpy as np
import pytest

from gradwire_service.backend import Tier
from gradwire_service.engine import Engine
from gradwire_service.errors import (
    CancelledError,
    DeadlineExceededError,
    GradwireError,
    HyperparameterError,
    InvalidRequestError,
    NotFiniteError,
    OptimizerUnavailableError,
)
from gradwire_service.methods import Budget, Conditions, Generation, Solution
from gradwire_service.searches import CmaEs, Genetic, LocalRandomSearch, RandomSearch, Search, begin, search
from gradwire_service.training import NonFinitePolicy, ReportingRule, StopReason
from tests.methods.problems import ENGINE, RASTRIGIN, ROSENBROCK, formula, solved

ROSEN = formula(ROSENBROCK, x=[2])
RASTR = formula(RASTRIGIN, x=[5])
SEARCHES = [search() for _, search in sorted(Search.registry.items())]
BOX = {"x": (np.array(-5.12), np.array(5.12))}
WITH_PARAMETERS = ReportingRule(parameters=True)


def rosenbrock(x: Any) -> Any:
    """The same in NumPy, for candidates in rows."""
    return np.sum(100 * (x[..., 1:] - x[..., :-1] ** 2) ** 2 + (1 - x[..., :-1]) ** 2, axis=-1)


def conditions(evaluations: int, **more: Any) -> Conditions:
    return Conditions(Budget(function_evaluations=evaluations), **more)


def test_all_searches_are_here() -> None:
    assert {type(search) for search in SEARCHES} == {CmaEs, Genetic, LocalRandomSearch, RandomSearch}


@pytest.mark.parametrize("method", SEARCHES, ids=lambda method: method.name)
def test_a_search_streams_its_generations_and_ends_with_the_lowest_candidate(method: Search) -> None:
    start = {"x": np.array([3.0, -2.0])}
    reports, solution = solved(
        ROSEN, start, method, bounds=BOX, conditions=conditions(300, reporting=WITH_PARAMETERS), seed=4
    )
    lowest, evaluations = np.inf, 0
    for number, report in enumerate(reports, start=1):
        assert isinstance(report, Generation)
        candidates = report.candidates["x"]
        assert (np.abs(candidates) <= 5.12).all()
        np.testing.assert_allclose(report.candidate_losses, rosenbrock(candidates), rtol=1e-9)
        evaluations += len(candidates)
        lowest = min(lowest, report.candidate_losses.min())
        assert (report.number, report.step, report.function_evaluations) == (number, number, evaluations)
        assert report.loss == lowest
    assert solution.loss == lowest == pytest.approx(float(rosenbrock(solution.parameters["x"])), rel=1e-9)
    assert solution.stop_reason is StopReason.FUNCTION_EVALUATIONS
    assert solution.progress.function_evaluations == evaluations <= 300
    assert reports[solution.parameters_step - 1].loss == lowest


@pytest.mark.parametrize("method", SEARCHES, ids=lambda method: method.name)
def test_the_same_seed_gives_the_same_bits_and_leaves_the_global_generator_alone(method: Search) -> None:
    np.random.seed(1)  # noqa: NPY002 - it is what must not change
    expected = np.random.random()  # noqa: NPY002
    np.random.seed(1)  # noqa: NPY002
    start = {"x": np.full(5, 4.4)}
    first, second, other = (
        solved(RASTR, start, method, bounds=BOX, conditions=conditions(300), seed=seed)[1].parameters["x"].tobytes()
        for seed in (7, 7, 8)
    )
    assert first == second != other
    assert np.random.random() == expected  # noqa: NPY002


def test_a_compiler_at_work_changes_no_bit() -> None:
    start, budget = {"x": np.full(4, 3.0)}, Conditions(Budget(steps=20))
    engine, graph = Engine("numba"), formula(RASTRIGIN, x=[4])
    first, second = (list(engine.solve(graph, start, {}, Genetic(), conditions=budget))[-1] for _ in range(2))
    assert isinstance(first, Solution)
    assert isinstance(second, Solution)
    assert first.tier is second.tier is Tier.COMPILED
    assert first.parameters["x"].tobytes() == second.parameters["x"].tobytes()


@pytest.mark.parametrize("method", SEARCHES, ids=lambda method: method.name)
def test_candidates_may_be_asked_for_and_their_losses_told(method: Search) -> None:
    start = {"x": np.array([3.0, -2.0])}
    _, solution = solved(ROSEN, start, method, bounds=BOX, conditions=Conditions(Budget(steps=6)), seed=4)
    packing, candidates = begin(start, method, BOX, seed=4)
    for _ in range(6):
        asked = candidates.ask()
        np.testing.assert_array_equal(asked, candidates.ask())
        candidates.tell(ENGINE.evaluate(formula(LOSSES, x=["n", 2]), {"x": packing.unpack_rows(asked)["x"]})["y"])
    np.testing.assert_allclose(candidates.best, solution.parameters["x"], rtol=1e-9)


LOSSES = "y = sum(100 * (x[:, 1:] - x[:, :-1]**2)**2 + (1 - x[:, :-1])**2, axis=1); y"


def test_losses_have_to_be_as_many_as_candidates() -> None:
    _, candidates = begin({"x": np.zeros(2)}, Genetic())
    with pytest.raises(InvalidRequestError, match="50 candidates were asked about"):
        candidates.tell(np.zeros(3))
    candidates.tell(np.zeros(50))  # nothing was lost


# How low they come: medians over the seeds, after 2,000 evaluations


def median(graph: Any, size: int, limit: float, method: Search, seeds: int) -> float:
    bounds = {"x": (np.array(-limit), np.array(limit))}
    ends = []
    for seed in range(seeds):
        start = np.random.Generator(np.random.Philox(seed)).uniform(-limit, limit, size)
        _, solution = solved(graph, {"x": start}, method, bounds=bounds, conditions=conditions(2000), seed=seed)
        ends.append(solution.loss)
    return float(np.median(ends))


def test_the_genetic_algorithm_comes_as_low_as_others() -> None:
    assert median(ROSEN, 2, 2.048, Genetic(), 11) < 0.014  # DEAP's median of 30
    assert median(RASTR, 5, 5.12, Genetic(), 11) < 3.0  # twice DEAP's


def test_random_search_comes_as_low_as_chance_lets_it() -> None:
    assert median(ROSEN, 2, 2.048, RandomSearch(), 11) < 0.05
    assert 10 < median(RASTR, 5, 5.12, RandomSearch(), 11) < 35


def test_local_random_search_goes_down_a_valley() -> None:
    assert median(ROSEN, 2, 2.048, LocalRandomSearch(), 3) < 0.02


def test_steps_of_local_random_search_grow_with_success_and_shrink_without() -> None:
    slope, bowl = formula("sum(x)", x=[2]), formula("sum(x * x)", x=[2])
    budget = conditions(200, reporting=WITH_PARAMETERS)
    _, far = solved(slope, {"x": np.zeros(2)}, LocalRandomSearch(step=1e-3), conditions=budget)
    assert far.loss < -1e3
    _, near = solved(bowl, {"x": np.ones(2)}, LocalRandomSearch(step=1.0), conditions=budget)
    assert near.loss < 1e-5


@pytest.mark.parametrize("bounds", [None, (-5.12, 5.12)], ids=["free", "bounded"])
@pytest.mark.parametrize("seed", [0, 1])
def test_cma_es_is_the_package_of_that_name(bounds: tuple[float, float] | None, seed: int) -> None:
    random = np.random.Generator(np.random.Philox(key=np.array([seed, 2], np.uint64)))
    scale = 10.24 if bounds else 1.0
    options = {
        "randn": lambda count, size: random.standard_normal((count, size)),
        "seed": np.nan,
        "bounds": [bounds[0] / scale, bounds[1] / scale] if bounds else None,
        "verbose": -9,
        "verb_log": 0,
        "maxiter": 60,
    }
    start = np.array([2.0, -1.0])
    strategy = cma.CMAEvolutionStrategy(start / scale, 0.25, options)
    while not strategy.stop():
        raw = strategy.ask()
        strategy.tell(raw, [float(rosenbrock(x * scale)) for x in raw])
    box = {"x": (np.array(bounds[0]), np.array(bounds[1]))} if bounds else None
    _, solution = solved(ROSEN, {"x": start}, CmaEs(), bounds=box, conditions=Conditions(Budget(steps=60)), seed=seed)
    np.testing.assert_allclose(solution.parameters["x"], strategy.best.x * scale, rtol=1e-6)
    np.testing.assert_allclose(solution.loss, strategy.best.f, rtol=1e-5, atol=1e-20)


def test_cma_es_ends_by_itself_and_says_why() -> None:
    _, solution = solved(ROSEN, {"x": np.zeros(2)}, CmaEs(), seed=1)
    assert solution.stop_reason is StopReason.CONVERGED
    assert "the strategy ended: tol" in solution.message
    assert solution.loss < 1e-12


def test_without_its_package_cma_es_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cma", None)
    with pytest.raises(OptimizerUnavailableError, match=r"pip install 'gradwire\[search\]'"):
        ENGINE.solve(ROSEN, {"x": np.zeros(2)}, {}, CmaEs())


# Limits, and what goes wrong


def test_a_search_that_nothing_ends_is_refused() -> None:
    with pytest.raises(HyperparameterError, match="nothing says when genetic is to stop"):
        ENGINE.solve(ROSEN, {"x": np.zeros(2)}, {}, Genetic())


@pytest.mark.parametrize(
    ("budget", "words"),
    [
        (Budget(function_evaluations=20), "a generation takes 50 evaluations, but 20 are allowed"),
        (Budget(gradient_norm=0.1), "takes no gradients"),
    ],
    ids=["evaluations", "gradient"],
)
def test_limits_that_a_search_can_not_keep_are_refused(budget: Budget, words: str) -> None:
    with pytest.raises(HyperparameterError, match=words):
        ENGINE.solve(ROSEN, {"x": np.zeros(2)}, {}, Genetic(), conditions=Conditions(budget))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Genetic(elite=50), "an elite of 50 leaves no room"),
        (lambda: Genetic(population=1), "population is 1, but must be a whole number, 2 or more"),
        (lambda: CmaEs(step=0.0), "step is 0.0, but must be a number, more than 0"),
        (lambda: begin({"x": np.zeros(1)}, CmaEs()), "two elements or more"),
        (lambda: begin({"x": np.zeros(1)}, Genetic(), seed=-1), "seed -1"),
    ],
    ids=["elite", "population", "step", "one element", "seed"],
)
def test_settings_that_make_no_sense_are_refused(make: Any, words: str) -> None:
    with pytest.raises(HyperparameterError, match=words):
        make()


def test_losses_that_are_not_finite_lose_and_are_counted() -> None:
    graph = formula("sum(sqrt(x) + 1 / x)", x=[2])  # NaN below 0; least at 4^(1/3)
    box = {"x": (np.array(-3.0), np.array(3.0))}
    _, solution = solved(graph, {"x": np.full(2, -1.0)}, Genetic(), bounds=box, conditions=conditions(1500), seed=2)
    np.testing.assert_allclose(solution.parameters["x"], 4 ** (1 / 3), rtol=0.05)
    assert solution.progress.skipped_steps > 50


def test_a_search_without_a_finite_loss_fails_stops_or_goes_on() -> None:
    graph = formula("sum(log(-1 - x * x))", x=[2])
    start = {"x": np.zeros(2)}
    with pytest.raises(NotFiniteError, match="none of the first 50 candidates has a finite loss"):
        list(ENGINE.solve(graph, start, {}, Genetic(), conditions=conditions(100)))
    reasons = {NonFinitePolicy.STOP: StopReason.NOT_FINITE, NonFinitePolicy.SKIP: StopReason.FUNCTION_EVALUATIONS}
    for policy, reason in reasons.items():
        _, solution = solved(graph, start, Genetic(), conditions=conditions(100, policy=policy))
        assert solution.stop_reason is reason
        np.testing.assert_array_equal(solution.parameters["x"], start["x"])


@pytest.mark.parametrize(
    ("error", "reason"),
    [(CancelledError, StopReason.CANCELLED), (DeadlineExceededError, StopReason.DEADLINE)],
    ids=["cancelled", "deadline"],
)
def test_who_interrupts_gets_the_lowest_candidate_so_far(error: type[GradwireError], reason: StopReason) -> None:
    calls = iter(range(10_000))

    def interrupt() -> None:
        if next(calls) > 40:
            raise error("enough")

    reports, solution = solved(RASTR, {"x": np.ones(5)}, Genetic(), conditions=conditions(10**6, interrupt=interrupt))
    assert solution.stop_reason is reason
    assert solution.loss == reports[-1].loss < 5.0


def test_a_population_is_one_run_of_one_program() -> None:
    calls = []

    def evaluate(parameters: Any, interrupt: Any) -> Any:
        calls.append(parameters["x"].shape)
        return rosenbrock(parameters["x"]), None

    *_, solution = search(evaluate, {"x": np.zeros(3)}, RandomSearch(population=40), conditions=conditions(200))
    assert isinstance(solution, Solution)
    assert calls == [(40, 3)] * 5


def test_parameters_of_several_shapes_and_types_are_searched_together() -> None:
    graph = ENGINE.graph(
        "variable a: float32[2]\nvariable b: float64[]\nvariable t: float64[n]\n"
        "w = astype(a, element_type=float64)\nd = subtract(w, 1.0)\nq = square(d)\ns = sum(q)\n"
        "e = subtract(t, b)\nf = square(e)\nm = mean(f)\ny = add(s, m)\noutput y = y\n"
    )
    start = {"a": np.zeros(2, np.float32), "b": np.array(0.0)}
    _, solution = solved(graph, start, CmaEs(), {"t": np.array([1.0, 3.0])}, conditions=conditions(1500))
    assert solution.parameters["a"].dtype == np.float32
    np.testing.assert_allclose(solution.parameters["a"], 1.0, atol=1e-3)
    np.testing.assert_allclose(solution.parameters["b"], 2.0, atol=1e-3)
    assert solution.loss == pytest.approx(1.0)
