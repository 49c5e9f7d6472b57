"""Every method, on problems whose minima are known from elsewhere."""

from __future__ import annotations

import numpy as np
import pytest

from gradwire_service.methods import Budget, Conditions, Dogbox, Lm, Method, Trf
from gradwire_service.optimizers import Sgd
from gradwire_service.training import Recipe, Result, StoppingRule, StopReason
from tests.methods.problems import ENGINE, NIST, Regression, logistic, logistic_minimum, solved, tumours

SHARP = {
    "bfgs": {"gtol": 1e-8},
    "cg": {"gtol": 1e-8},
    "lbfgs": {"gtol": 1e-8, "ftol": 0.0},
    "newton_cg": {"xtol": 1e-9},
    "slsqp": {"ftol": 1e-14},
    "tnc": {},
    "trust_constr": {},
    "trust_exact": {"gtol": 1e-8},
    "trust_ncg": {"gtol": 1e-8},
}
"""Settings with which a method goes to the end."""

MOST_EVALUATIONS = {"newton_cg": 12, "trust_exact": 11, "trust_ncg": 11, "lbfgs": 45}
"""What it may take at most, where second derivatives or memory are to save evaluations."""


def test_the_minimum_is_the_known_one() -> None:
    assert round(logistic_minimum(), 6) == 0.100446


def test_every_method_of_a_loss_is_tried() -> None:
    assert set(SHARP) == {name for name, method in Method.registry.items() if not method.takes_residuals}


@pytest.mark.parametrize("name", SHARP)
def test_a_method_finds_the_minimum_of_logistic_regression_on_real_data(name: str) -> None:
    method = Method.registry[name](**SHARP[name])
    conditions = Conditions(Budget(steps=1000))
    reports, solution = solved(logistic(), {"w": np.zeros(31)}, method, tumours(), conditions=conditions)
    assert solution.loss == pytest.approx(logistic_minimum(), abs=1e-8)
    assert solution.stop_reason is StopReason.CONVERGED
    assert [report.number for report in reports] == list(range(1, len(reports) + 1))
    assert solution.progress.function_evaluations <= MOST_EVALUATIONS.get(name, 200)
    gradient = ENGINE.gradient(logistic(), {**tumours(), **solution.parameters}, wrt=["w"]).gradients["w"]
    assert np.linalg.norm(gradient) < 1e-6


def test_gradient_descent_finds_it_too() -> None:
    recipe = Recipe(Sgd(0.5, momentum=0.9), StoppingRule(steps=600))
    *_, result = ENGINE.minimize(logistic(), {"w": np.zeros(31)}, tumours(), recipe)
    assert isinstance(result, Result)
    assert result.loss == pytest.approx(logistic_minimum(), abs=1e-8)


LOST = {("dogbox", name, 1) for name in ("MGH09", "MGH10", "Rat43", "Thurber")} | {("lm", "BoxBOD", 1)}
"""Where SciPy's methods, exact derivatives or not, end at another minimum or far away."""

CASES = [
    pytest.param(method, NIST[name], start, id=f"{method.name}-{name}-{start}")
    for method in (Lm, Trf, Dogbox)
    for name in NIST
    for start in (1, 2)
    if (method.name, name, start) not in LOST
]


@pytest.mark.parametrize(("method", "regression", "start"), CASES)
def test_least_squares_finds_what_nist_certifies(method: type[Method], regression: Regression, start: int) -> None:
    tolerances = {"ftol": 1e-15, "xtol": 1e-15, "gtol": 1e-15}
    tight = method.named(method.name, {**tolerances, "scale_by_jacobian": method is not Trf})  # each as it is fastest
    conditions = Conditions(Budget(function_evaluations=3000))
    _, solution = solved(regression.graph, regression.start(start), tight, regression.data, conditions=conditions)
    found = [float(solution.parameters[name]) for name in regression.names]
    np.testing.assert_allclose(found, regression.certified, rtol=1e-6)
    np.testing.assert_allclose(2 * solution.loss, regression.residual_sum_of_squares, rtol=1e-9)


def test_the_five_sets_that_count_are_found_from_both_starts_by_two_methods() -> None:
    wanted = {"Misra1a", "Thurber", "MGH09", "Eckerle4", "Bennett5"}
    for method in ("lm", "trf"):
        assert not {name for way, name, _ in LOST if way == method} & wanted
