"""Many starts: the minima that are there are found, told apart, and counted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pytest

from gradwire_service.errors import CancelledError, HyperparameterError, NotFiniteError
from gradwire_service.graph import Array
from gradwire_service.methods import Bfgs, Budget, Conditions, Method, Solution, Tnc
from gradwire_service.optimizers import Sgd
from gradwire_service.searches import MultiStart, Run, multi_start
from gradwire_service.training import Progress, Recipe, ReportingRule, StoppingRule, StopReason
from tests.methods.problems import ENGINE, formula

# (x² - 1)² + 0.1 x + (y² - 4)²: minima near x = ±1, y = ±2; those of x = -1 are lower.
WELLS = formula("(x**2 - 1)**2 + 0.1 * x + (y**2 - 4)**2", x=[], y=[])
START = {"x": np.array(0.9), "y": np.array(1.5)}
BOX = {"x": (np.array(-2.0), np.array(2.0)), "y": (np.array(-3.0), np.array(3.0))}


def by(method: Method, bounds: Any = None, conditions: Conditions | None = None) -> Run:
    def run(start: Mapping[str, Array]) -> Iterator[Progress | Solution]:
        return ENGINE.solve(WELLS, start, {}, method, bounds=bounds, conditions=conditions)

    return run


def done(events: Iterator[Progress | Solution]) -> tuple[list[Progress], Solution]:
    *reports, solution = events
    assert isinstance(solution, Solution)
    assert all(isinstance(report, Progress) for report in reports)
    return reports, solution  # type: ignore[return-value]  # just seen


def places(solution: Solution) -> list[tuple[int, int]]:
    return [(round(float(x.parameters["x"])), round(float(x.parameters["y"]))) for x in solution.minima]


@pytest.mark.parametrize("method", [Tnc(), Bfgs()], ids=["within bounds", "everywhere"])
def test_minima_are_told_apart_the_lowest_first(method: Method) -> None:
    bounds = BOX if method.takes_bounds else None
    setting = MultiStart(24, spread=2.0)
    reports, solution = done(multi_start(by(method, bounds), START, setting, bounds=bounds, seed=3))
    assert set(places(solution)) == {(-1, -2), (-1, 2), (1, -2), (1, 2)}
    assert {x for x, _ in places(solution)[:2]} == {-1}
    assert [minimum.loss for minimum in solution.minima] == sorted(minimum.loss for minimum in solution.minima)
    starts = sorted(start for minimum in solution.minima for start in minimum.starts)
    assert starts == list(range(24))
    assert 0 in next(m.starts for m, place in zip(solution.minima, places(solution), strict=True) if place == (1, 2))
    assert solution.loss == solution.minima[0].loss
    assert solution.parameters == solution.minima[0].parameters
    assert "24 of 24 runs ended, at 4 places" in solution.message
    assert [(report.number, report.step) for report in reports] == [(i, i) for i in range(1, 25)]


def test_each_run_is_reported_with_where_it_ended() -> None:
    conditions = Conditions(reporting=ReportingRule(parameters=True))
    reports, solution = done(multi_start(by(Bfgs()), START, MultiStart(5), conditions=conditions, seed=1))
    for report in reports:
        assert report.parameters is not None
        assert report.loss == float(ENGINE.gradient(WELLS, report.parameters).value)
    assert min(report.loss for report in reports) == solution.loss
    evaluations = [report.function_evaluations for report in reports]
    assert evaluations == sorted(set(evaluations))


def test_the_same_seed_gives_the_same_minima() -> None:
    runs = [done(multi_start(by(Bfgs()), START, MultiStart(6, spread=2.0), seed=seed))[1] for seed in (5, 5, 6)]
    told = [[(m.loss, m.starts) for m in solution.minima] for solution in runs]
    assert told[0] == told[1] != told[2]


def test_update_rules_start_many_times_as_well() -> None:
    recipe = Recipe(Sgd(0.01, momentum=0.9), StoppingRule(steps=150))

    def run(start: Mapping[str, Array]) -> Iterator[Any]:
        return ENGINE.minimize(WELLS, start, {}, recipe)

    _, solution = done(multi_start(run, START, MultiStart(6, spread=1.0), seed=2))
    assert len(solution.minima) >= 2
    assert solution.stop_reason is StopReason.STEPS


def test_a_coarse_tolerance_puts_more_together() -> None:
    fine, coarse = (
        done(multi_start(by(Bfgs()), START, MultiStart(12, 2.0, tolerance), seed=3))[1] for tolerance in (1e-3, 10.0)
    )
    assert len(fine.minima) > len(coarse.minima) == 1


def test_runs_that_meet_what_is_not_finite_have_no_minimum() -> None:
    graph = formula("5 * x - log(x)", x=[])

    def run(start: Mapping[str, Array]) -> Iterator[Progress | Solution]:
        return ENGINE.solve(graph, start, {}, Bfgs())

    reports, solution = done(multi_start(run, {"x": np.array(1.0)}, MultiStart(8, spread=2.0), seed=1))
    failed = [report for report in reports if np.isnan(report.loss)]
    (minimum,) = solution.minima
    assert 0 < len(failed) < 7
    assert len(minimum.starts) == 8 - len(failed)
    np.testing.assert_allclose(minimum.parameters["x"], 0.2, rtol=1e-4)


def test_if_all_runs_fail_so_does_the_whole() -> None:
    def run(start: Mapping[str, Array]) -> Iterator[Progress | Solution]:
        return ENGINE.solve(formula("log(-1 - x * x)", x=[]), start, {}, Bfgs())

    with pytest.raises(NotFiniteError, match="at the start"):
        list(multi_start(run, {"x": np.array(1.0)}, MultiStart(3)))


def test_who_interrupts_gets_the_lowest_of_the_runs_so_far() -> None:
    calls = iter(range(10_000))

    def interrupt() -> None:
        if next(calls) > 100:
            raise CancelledError("enough")

    conditions = Conditions(interrupt=interrupt)
    run = by(Bfgs(), conditions=conditions)
    reports, solution = done(multi_start(run, START, MultiStart(50, 2.0), conditions=conditions))
    assert solution.stop_reason is StopReason.CANCELLED
    assert 1 < len(reports) < 50
    assert sum(len(minimum.starts) for minimum in solution.minima) == len(reports) - 1
    assert solution.loss <= solution.minima[0].loss


def test_the_time_counts_for_all_runs_together() -> None:
    ticks = iter(range(10_000))
    conditions = Conditions(Budget(seconds=9.5), clock=lambda: float(next(ticks)))
    reports, solution = done(multi_start(by(Bfgs()), START, MultiStart(50), conditions=conditions))
    assert solution.stop_reason is StopReason.SECONDS
    assert 1 < len(reports) < 10


@pytest.mark.parametrize(
    "fields", [{"starts": 0}, {"starts": 2, "spread": 0.0}, {"starts": 2, "tolerance": -1.0}], ids=str
)
def test_settings_that_make_no_sense_are_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(HyperparameterError, match="multi_start: "):
        MultiStart(**fields)
