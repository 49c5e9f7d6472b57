"""What holds for all methods: reports, limits, bounds, what is not finite, how they end."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from gradwire_service.backend import Interrupt, never
from gradwire_service.errors import (
    CancelledError,
    DeadlineExceededError,
    GradwireError,
    HyperparameterError,
    NotFiniteError,
)
from gradwire_service.methods import (
    Bfgs,
    Budget,
    Cg,
    Conditions,
    Dogbox,
    Lbfgs,
    Lm,
    Method,
    Slsqp,
    Solution,
    Trf,
    TrustNcg,
    solve,
)
from gradwire_service.query import (
    Arrays,
    Evaluation,
    GradientQuery,
    HessianQuery,
    HessianVectorProductQuery,
    JacobianQuery,
    Query,
    ValueQuery,
)
from gradwire_service.training import NonFinitePolicy, ReportingRule, StopReason
from tests.methods.problems import ENGINE, ROSENBROCK, formula, solved

VALLEY = formula(ROSENBROCK, x=[3])
VALLEY_RESIDUALS = formula("concatenate([10 * (x[1:] - x[:-1]**2), 1 - x[:-1]])", x=[3])
START = {"x": np.array([-1.2, 1.0, 0.5])}
BARRIER = formula("sum(5 * x - log(x))", x=["n"])  # least at 0.2; NaN below 0, where long steps go

LOSS_METHODS = {name: method for name, method in sorted(Method.registry.items()) if not method.takes_residuals}
BOUNDED = {name: method for name, method in sorted(Method.registry.items()) if method.takes_bounds}


class Spy:
    """Answers queries about a graph, and remembers them and where they were asked."""

    def __init__(self, graph: Any) -> None:
        self.graph = graph
        self.queries: list[Query] = []
        self.points: list[Arrays] = []

    def __call__(self, query: Query, parameters: Arrays, along: Arrays, interrupt: Interrupt) -> Evaluation:
        self.queries.append(query)
        self.points.append(parameters)
        return ENGINE.evaluate_queries(self.graph, parameters, [query], [along], interrupt=interrupt)


def ended(events: Iterator[Any]) -> Solution:
    *_, solution = events
    assert isinstance(solution, Solution)
    return solution


# Reports


@pytest.mark.parametrize("name", LOSS_METHODS)
def test_a_method_reports_after_each_iteration(name: str) -> None:
    conditions = Conditions(reporting=ReportingRule(parameters=True))
    reports, solution = solved(VALLEY, START, LOSS_METHODS[name](), conditions=conditions)
    numbers = [(report.number, report.step) for report in reports]
    assert numbers == [(i, i) for i in range(1, len(reports) + 1)]
    evaluations = [report.function_evaluations for report in reports]
    assert evaluations == sorted(evaluations)
    for report in (reports[0], reports[-1]):
        assert report.parameters is not None
        found = ENGINE.gradient(VALLEY, report.parameters)
        assert report.loss == found.value
        assert report.gradient_norm == pytest.approx(np.linalg.norm(found.gradients["x"]), rel=1e-12)
        assert report.learning_rate == 0
        assert report.parameter_norm == pytest.approx(np.linalg.norm(report.parameters["x"]), rel=1e-12)
    assert reports[-1].loss == solution.loss < 1e-2
    assert solution.parameters_step == solution.progress.step == len(reports)


def test_reports_may_be_rare_and_the_last_one_comes() -> None:
    every, _ = solved(VALLEY, START, Bfgs())
    rare, solution = solved(VALLEY, START, Bfgs(), conditions=Conditions(reporting=ReportingRule(every_steps=10)))
    assert [report.step for report in rare] == [*range(10, len(every), 10), len(every)]
    assert solution.progress.loss == solution.loss


@pytest.mark.parametrize(
    ("name", "queries"),
    [
        ("lbfgs", {GradientQuery}),
        ("newton_cg", {GradientQuery, HessianVectorProductQuery}),
        ("trust_constr", {GradientQuery, HessianVectorProductQuery}),
        ("trust_exact", {GradientQuery, HessianQuery}),
    ],
)
def test_a_method_asks_for_loss_and_gradient_together_and_for_what_else_it_needs(
    name: str, queries: set[type[Query]]
) -> None:
    spy = Spy(VALLEY)
    solution = ended(solve(spy, START, LOSS_METHODS[name]()))
    assert {type(query) for query in spy.queries} == queries
    asked = sum(isinstance(query, GradientQuery) for query in spy.queries)
    assert solution.progress.function_evaluations == asked


def test_least_squares_asks_for_residuals_and_for_their_jacobian_after_steps_alone() -> None:
    spy = Spy(VALLEY_RESIDUALS)
    solution = ended(solve(spy, START, Trf()))
    asked = [type(query) for query in spy.queries]
    assert set(asked) == {ValueQuery, JacobianQuery}
    assert asked.count(JacobianQuery) == solution.progress.step + 1 <= asked.count(ValueQuery)
    np.testing.assert_allclose(solution.parameters["x"], np.ones(3), atol=1e-8)


# Parameters


@pytest.mark.parametrize("name", ["bfgs", "trust_ncg", "trust_exact"])
def test_parameters_are_tensors_of_any_shape(name: str) -> None:
    graph = formula("sum((a - t)**2) + (b - 3)**2 * (1 + sum(c * c)) + sum(c**4)", a=[2, 3], b=[], c=[2], t=[2, 3])
    target = np.arange(6.0).reshape(2, 3)
    start = {"b": np.array(1.0), "a": np.ones((2, 3)), "c": np.array([0.5, -0.25])}
    _, solution = solved(graph, start, Method.named(name, {"gtol": 1e-10}), {"t": target})
    np.testing.assert_allclose(solution.parameters["a"], target, atol=1e-6)
    np.testing.assert_allclose(solution.parameters["b"], 3, atol=1e-6)
    assert solution.parameters["c"].shape == (2,)


def test_parameters_of_float32_are_rounded_when_they_are_fed() -> None:
    graph = ENGINE.graph(
        "graph g\nvariable x: float32[2]\nd = subtract(x, 1.5)\nq = square(d)\ny = sum(q)\noutput y = y\n"
    )
    _, solution = solved(graph, {"x": np.zeros(2, np.float32)}, Lbfgs())
    assert solution.parameters["x"].dtype == np.float32
    np.testing.assert_allclose(solution.parameters["x"], 1.5, atol=1e-5)


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [({}, "INPUT_MISSING"), ({"x": np.array([1, 2, 3])}, "NOT_DIFFERENTIABLE"), ({"z": np.ones(3)}, "INPUT_UNKNOWN")],
    ids=["none", "integers", "unknown"],
)
def test_parameters_that_can_not_be_moved_are_refused(parameters: dict[str, Any], reason: str) -> None:
    with pytest.raises(GradwireError) as caught:
        list(ENGINE.solve(VALLEY, parameters, {} if "z" not in parameters else START, Lbfgs()))
    assert caught.value.reason == reason


# Bounds


@pytest.mark.parametrize("name", BOUNDED)
def test_bounds_are_kept_at_every_point_and_the_minimum_on_them_is_found(name: str) -> None:
    method = BOUNDED[name]
    text = "d = concatenate([10 * (y - x**2), 1 - x])"
    spy = Spy(formula(text if method.takes_residuals else f"{text}; 0.5 * sum(d * d)", x=[1], y=[1]))
    bounds = {"x": (np.array(-2.0), np.array([0.5])), "y": (np.array(0.0), None)}
    start = {"x": np.array([-1.2]), "y": np.array([1.0])}
    solution = ended(solve(spy, start, method(), bounds=bounds))
    assert solution.stop_reason is StopReason.CONVERGED
    np.testing.assert_allclose(solution.parameters["x"], 0.5, atol=1e-3)
    np.testing.assert_allclose(solution.parameters["y"], 0.25, atol=2e-3)
    assert all(-2 <= point["x"] <= 0.5 and point["y"] >= 0 for point in spy.points)


def test_a_start_outside_the_bounds_is_moved_to_the_nearest_point_inside() -> None:
    spy = Spy(VALLEY)
    ended(solve(spy, START, Lbfgs(), bounds={"x": (np.array(0.0), np.array(0.75))}))
    np.testing.assert_array_equal(spy.points[0]["x"], [0.0, 0.75, 0.5])


@pytest.mark.parametrize(
    ("method", "bounds", "words"),
    [
        (TrustNcg(), {"x": (np.array(0.0), None)}, "trust_ncg keeps no bounds; take one that does"),
        (Lbfgs(), {"z": (np.array(0.0), None)}, "there is no parameter 'z' to bound"),
        (Lbfgs(), {"x": (np.zeros(2), None)}, r"shape \[2\], but must have \[\] or \[3\]"),
        (Lbfgs(), {"x": (np.array(np.nan), None)}, "is NaN"),
        (Lbfgs(), {"x": (np.array(2.0), np.array(1.0))}, "is above its upper bound"),
    ],
    ids=["no bounds", "unknown", "shape", "nan", "crossed"],
)
def test_bounds_that_make_no_sense_are_refused(method: Method, bounds: Any, words: str) -> None:
    with pytest.raises(HyperparameterError, match=words):
        ENGINE.solve(VALLEY, START, {}, method, bounds=bounds)


# What is not finite


@pytest.mark.parametrize("name", LOSS_METHODS)
def test_a_method_turns_back_from_where_the_loss_is_not_finite(name: str) -> None:
    _, solution = solved(BARRIER, {"x": np.array([8.0, 3.0, 0.9])}, LOSS_METHODS[name]())
    assert solution.stop_reason is StopReason.CONVERGED
    np.testing.assert_allclose(solution.parameters["x"], 0.2, atol=2e-4)
    assert solution.progress.skipped_steps > 0


@pytest.mark.parametrize("method", [Lm(), Trf(), Dogbox()], ids=["lm", "trf", "dogbox"])
def test_least_squares_turns_back_too(method: Method) -> None:
    graph = formula("concatenate([log(x) + 2, 0.001 * x])", x=[1])
    _, solution = solved(graph, {"x": np.array([20.0])}, method)
    np.testing.assert_allclose(solution.parameters["x"], np.exp(-2.0), rtol=1e-3)
    assert solution.progress.skipped_steps > 0


def test_a_start_that_is_not_finite_fails_and_names_the_block() -> None:
    with pytest.raises(NotFiniteError, match=r"the loss is nan, first in .* at the start; start elsewhere"):
        list(ENGINE.solve(BARRIER, {"x": np.array([-1.0])}, {}, Lbfgs()))


def test_a_start_that_is_not_finite_is_the_end_if_the_policy_is_to_stop() -> None:
    _, solution = solved(BARRIER, {"x": np.array([-1.0])}, Lbfgs(), conditions=Conditions(policy=NonFinitePolicy.STOP))
    assert solution.stop_reason is StopReason.NOT_FINITE
    np.testing.assert_array_equal(solution.parameters["x"], [-1.0])


CLIFF = formula("where(x > 0, x, log(x))", x=[])  # goes down to 0, and behind it there is nothing


def test_a_method_that_gets_no_further_for_what_is_not_finite_says_so() -> None:
    with pytest.raises(NotFiniteError, match="the method got no further"):
        list(ENGINE.solve(CLIFF, {"x": np.array(1.0)}, {}, Bfgs()))
    reasons = {NonFinitePolicy.STOP: StopReason.NOT_FINITE, NonFinitePolicy.SKIP: StopReason.STALLED}
    for policy, reason in reasons.items():
        _, solution = solved(CLIFF, {"x": np.array(1.0)}, Bfgs(), conditions=Conditions(policy=policy))
        assert solution.stop_reason is reason
        assert 0 < solution.loss < 1e-2


# Ends


@pytest.mark.parametrize(
    ("budget", "reason"),
    [
        (Budget(steps=5), StopReason.STEPS),
        (Budget(function_evaluations=9), StopReason.FUNCTION_EVALUATIONS),
        (Budget(loss=0.5), StopReason.LOSS),
        (Budget(gradient_norm=3.0), StopReason.GRADIENT_NORM),
    ],
    ids=["steps", "evaluations", "loss", "gradient"],
)
@pytest.mark.parametrize("name", ["bfgs", "tnc", "slsqp", "trust_exact"])
def test_a_budget_ends_a_method_at_the_lowest_point_so_far(name: str, budget: Budget, reason: StopReason) -> None:
    spy = Spy(VALLEY)
    *reports, solution = solve(spy, START, LOSS_METHODS[name](), conditions=Conditions(budget))
    assert isinstance(solution, Solution)
    assert solution.stop_reason is reason
    assert solution.loss == min(float(ENGINE.gradient(VALLEY, point).value) for point in spy.points)
    assert solution.progress.number == len(reports)
    if budget.steps:
        assert solution.progress.step == budget.steps
    if budget.function_evaluations:
        assert solution.progress.function_evaluations == budget.function_evaluations


@pytest.mark.parametrize("method", [Lm(), Trf()], ids=["lm", "trf"])
def test_a_budget_ends_least_squares(method: Method) -> None:
    _, solution = solved(VALLEY_RESIDUALS, START, method, conditions=Conditions(Budget(function_evaluations=4)))
    assert solution.stop_reason is StopReason.FUNCTION_EVALUATIONS
    assert solution.progress.function_evaluations == 4
    _, solution = solved(VALLEY_RESIDUALS, START, method, conditions=Conditions(Budget(steps=3)))
    assert (solution.stop_reason, solution.progress.step) == (StopReason.STEPS, 3)


def test_time_is_told_by_the_clock_that_is_given() -> None:
    ticks = iter(range(10_000))
    conditions = Conditions(Budget(seconds=60.0), clock=lambda: float(next(ticks)))
    _, solution = solved(VALLEY, START, Lbfgs(), conditions=conditions)
    assert solution.stop_reason is StopReason.SECONDS
    assert 1 < solution.progress.function_evaluations < 60


@pytest.mark.parametrize(
    ("error", "reason"),
    [(CancelledError, StopReason.CANCELLED), (DeadlineExceededError, StopReason.DEADLINE)],
    ids=["cancelled", "deadline"],
)
@pytest.mark.parametrize("name", ["cg", "bfgs", "tnc", "newton_cg"])
def test_who_interrupts_gets_the_lowest_point_so_far(name: str, error: type[GradwireError], reason: StopReason) -> None:
    calls = iter(range(10_000))

    def interrupt() -> None:
        if next(calls) > 40:
            raise error("enough")

    reports, solution = solved(VALLEY, START, LOSS_METHODS[name](), conditions=Conditions(interrupt=interrupt))
    assert solution.stop_reason is reason
    assert solution.loss <= min(report.loss for report in reports)


def test_a_method_whose_reports_nobody_takes_ends() -> None:
    def alive() -> int:
        return sum(thread.name == "gradwire-method" for thread in threading.enumerate())

    before = alive()
    events = ENGINE.solve(formula(ROSENBROCK, x=[40]), {"x": np.full(40, -1.0)}, {}, Cg())
    next(events)
    assert alive() == before + 1
    events.close()  # type: ignore[attr-defined]  # a generator
    assert alive() == before


def test_what_scipy_refuses_is_told_in_its_words() -> None:
    with pytest.raises(HyperparameterError, match="lm: Method 'lm' doesn't work when the number of residuals"):
        list(ENGINE.solve(formula("x[:1]", x=[3]), START, {}, Lm()))


def test_a_fault_in_an_evaluation_comes_through() -> None:
    def ask(query: Query, parameters: Arrays, along: Arrays, interrupt: Interrupt = never) -> Evaluation:
        raise ValueError("a bug")

    with pytest.raises(ValueError, match=r"^a bug$"):
        list(solve(ask, START, Lbfgs()))


def test_a_method_without_a_budget_stops_at_the_limits_of_scipy() -> None:
    graph = formula("sum(exp(-x))", x=[1])  # goes down for ever
    _, solution = solved(graph, {"x": np.zeros(1)}, Slsqp(ftol=0.0))
    assert solution.stop_reason in (StopReason.STEPS, StopReason.CONVERGED)
    assert solution.progress.step <= 100
