"""Update rules, held against PyTorch's records and against its documented formulas."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from gradwire_service.errors import GradwireError, HyperparameterError, OptimizerUnknownError
from gradwire_service.graph import FLOAT32, FLOAT64, Array, AttributeKind, ElementType, TensorType
from gradwire_service.ops.flat import ancestors
from gradwire_service.optimizers import Adagrad, Adam, AdamW, Optimizer, RmsProp, Setting, optimizer
from tests.optimizers import documented
from tests.optimizers.running import descent, rule_graph, trajectory
from tests.optimizers.settings import CASES, SETTINGS, case_name
from tests.optimizers.surfaces import SURFACES

TORCH: dict[str, Any] = json.loads(Path(__file__).with_name("torch.json").read_text())

RATES = st.floats(1e-4, 0.5)
EPSILONS = st.floats(0.01, 0.5)  # a smaller one magnifies rounding errors; settings and record have the usual ones
SHARES = st.sampled_from([0.0, 0.5, 0.9]) | st.floats(0, 0.99)
DECAYS = st.sampled_from([0.0, 0.01]) | st.floats(0, 0.5)
STRATEGIES: dict[str, st.SearchStrategy[Setting]] = {
    "learning_rate": RATES,
    "eps": EPSILONS,
    "beta1": SHARES,
    "beta2": SHARES,
    "alpha": st.floats(0.5, 0.99),  # v - a² cancels, the more the smaller α is
    "rho": SHARES,
    "momentum": SHARES,
    "weight_decay": DECAYS,
}


@st.composite
def any_optimizer(draw: st.DrawFn) -> Optimizer:
    """Any rule in one of its settings, with other numbers where that changes nothing but numbers."""
    name, settings = draw(st.sampled_from(CASES))
    own = {x.name for x in Optimizer.registry[name].hyperparameters()}
    changed = {key: draw(strategy) for key, strategy in STRATEGIES.items() if key in own}
    if settings.get("nesterov"):
        changed["momentum"] = draw(st.floats(0.1, 0.9))
    return optimizer(name, {**settings, **changed})


ANY_OPTIMIZER = any_optimizer()
GRADIENTS = st.lists(st.lists(st.floats(-10, 10), min_size=4, max_size=4), min_size=1, max_size=6)


def gradient(w: Array, step: int) -> Array:
    """The gradient of the record: it changes with parameter and step."""
    w = w.astype(np.float64)
    return np.asarray(w + np.cos(3 * w + step) * np.array([1.0, 0.1, 10.0, 1e-4]))


def record_name(case: dict[str, Any]) -> str:
    changed = ",".join(f"{name}={value}" for name, value in case["hyperparameters"].items())
    return f"{case['optimizer']}({changed})-{case['element_type']}"


@pytest.mark.parametrize("case", TORCH["trajectories"], ids=record_name)
def test_a_rule_takes_the_steps_that_pytorch_took(case: dict[str, Any]) -> None:
    start = np.array(TORCH["start"], case["element_type"])
    after = trajectory(optimizer(case["optimizer"], case["hyperparameters"]), start, gradient, 20)
    tolerance = 1e-12 if start.dtype == np.float64 else 3e-6
    for step, expected in case["parameters"].items():
        np.testing.assert_allclose(after[int(step) - 1], expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("name", TORCH["defaults"])
def test_a_rule_has_the_defaults_that_pytorch_has(name: str) -> None:
    ours = {x.name: x.default for x in Optimizer.registry[name].hyperparameters()}
    assert TORCH["defaults"][name].items() <= ours.items()


def test_every_rule_is_tried() -> None:
    assert set(SETTINGS) == set(documented.RULES) == set(Optimizer.registry)
    assert {case["optimizer"] for case in TORCH["trajectories"]} == set(TORCH["defaults"])


@pytest.mark.parametrize("name", Optimizer.registry)
def test_every_option_of_a_rule_is_tried(name: str) -> None:
    changed = {key for settings in SETTINGS[name] for key in settings}
    own = {x.name for x in Optimizer.registry[name].hyperparameters()}
    assert own - changed <= {"learning_rate", "eps", "threshold", "least_step", "greatest_step", "weight_decay"}


@pytest.mark.parametrize(("name", "settings"), CASES, ids=case_name)
def test_twenty_steps_down_a_surface_are_those_of_the_formulas(name: str, settings: dict[str, Setting]) -> None:
    rule = optimizer(name, settings)
    for surface in SURFACES:
        updates = {n: documented.RULES[name](rule) for n in surface.start}
        w = dict(surface.start)
        for t, found in enumerate(descent(surface, rule, 20), 1):
            gradients = surface.gradients({**surface.data, **w})
            w = {n: np.asarray(updates[n](w[n], np.asarray(gradients[n]), t, rule.learning_rate)) for n in w}
            for n, expected in w.items():
                size = float(np.max(np.abs(expected)))
                assert size < 1e3
                np.testing.assert_allclose(found[n], expected, 1e-10, 1e-10 * size, err_msg=f"{surface}, step {t}")


BY_SIGN = ("lion", "rprop", "sign_sgd")
"""Rules that step by the sign of a sum: where terms cancel, rounding turns it."""


@pytest.mark.parametrize("element_type", [FLOAT64, FLOAT32], ids=str)
@given(rule=ANY_OPTIMIZER, gradients=GRADIENTS)
def test_a_rule_does_what_its_formulas_say(
    element_type: ElementType, rule: Optimizer, gradients: list[list[float]]
) -> None:
    assume(element_type is FLOAT64 or rule.name not in BY_SIGN)
    start = np.array([[1.5, -0.25], [0.0, 0.5]])
    given = [np.reshape(np.array(g, element_type.dtype), (2, 2)) for g in gradients]
    after = trajectory(rule, start.astype(element_type.dtype), lambda w, t: given[t - 1], len(gradients))
    expected = documented.trajectory(rule.name, rule, start, [g.astype(np.float64) for g in given])
    tolerance = 1e-11 if element_type is FLOAT64 else 1e-3
    furthest = max(1.0, np.max(np.abs(expected)))  # a way out and back leaves the rounding errors of the far end
    np.testing.assert_allclose(after, expected, rtol=tolerance, atol=tolerance * furthest)


@given(rule=ANY_OPTIMIZER)
def test_a_rule_keeps_the_types_of_parameter_and_state(rule: Optimizer) -> None:
    w = TensorType((2, 3), FLOAT32)
    slots = {name: slot_type for name, (slot_type, _) in rule.initial_state(w).items()}
    outputs = rule_graph(rule, w).outputs
    assert {name: value.type for name, value in outputs.items()} == {"w": w} | slots
    assert set(slots) <= set(rule.slots)


@pytest.mark.parametrize("name", Optimizer.registry)
def test_a_parameter_may_be_a_number_or_empty(name: str) -> None:
    for start in (np.array(2.0), np.zeros((0, 3)), np.zeros(0, np.float32)):
        (after,) = trajectory(optimizer(name, {}), start, lambda w, t: np.ones_like(w), 1)
        assert (after.shape, after.dtype) == (start.shape, start.dtype)
        assert np.all(after < start)


@pytest.mark.parametrize("name", Optimizer.registry)
def test_the_learning_rate_of_a_rule_is_no_part_of_its_graph(name: str) -> None:
    w = TensorType((2,))
    graphs = [rule_graph(optimizer(name, {"learning_rate": rate}), w) for rate in (0.1, 0.7)]
    texts = [[(value.op, len(value.inputs)) for value in ancestors(graph.outputs.values())] for graph in graphs]
    assert texts[0] == texts[1]


@pytest.mark.parametrize("rule", [Adam(beta1=0.999, eps=0), AdamW(beta1=0.999, eps=0, weight_decay=0)], ids=str)
def test_bias_is_corrected_in_float64_for_float32_parameters(rule: Optimizer) -> None:
    # In step 1 both corrections cancel what the means did: the step is the learning rate, whatever the gradient.
    # With 1 - 0.999 computed in float32 it would be wrong by 6e-6 or more.
    (after,) = trajectory(rule, np.zeros(1, np.float32), lambda w, t: np.array([0.37]), 1)
    np.testing.assert_allclose(after, [-rule.learning_rate], rtol=5e-7)


def test_a_gradient_that_stays_the_same_never_makes_centered_rmsprop_nan() -> None:
    after = trajectory(RmsProp(centered=True, alpha=0.5), np.array([1.0]), lambda w, t: np.array([0.7]), 100)
    assert np.all(np.isfinite(after))


@pytest.mark.parametrize(
    ("name", "hyperparameters", "hyperparameter", "words"),
    [
        ("adam", {"beta1": 1.0}, "beta1", "at least 0 and below 1"),
        ("adam", {"learning_rate": -1e-3}, "learning_rate", "0 or more"),
        ("adam", {"eps": float("nan")}, "eps", "0 or more"),
        ("adagrad", {"lr_decay": float("inf")}, "lr_decay", "0 or more"),
        ("adam", {"amsgrad": 1}, "amsgrad", "true or false"),
        ("sgd", {"momentum": True}, "momentum", "a number"),
        ("sgd", {"dampening": 1.5}, "dampening", "from 0 up to 1"),
        ("sgd", {"momentun": 0.9}, "momentun", "it takes: dampening, .*learning_rate, momentum"),
        ("rprop", {"eta_plus": 1.0}, "eta_plus", "a number, more than 1"),
        ("rprop", {"eta_minus": 1.0}, "eta_minus", "a number, above 0 and below 1"),
        ("rprop", {"least_step": 2.0, "greatest_step": 1.0}, "least_step", "above greatest_step"),
        ("radam", {"threshold": 3.0}, "threshold", "no real value below 4"),
        ("adam", {"eps_root": 1e-8, "eps_uncorrected": True}, "eps_root", "leave it out, or eps_uncorrected"),
        ("adam", {"amsgrad_corrected": True, "eps_uncorrected": True}, "amsgrad_corrected", "leave one out"),
        ("sgd", {"nesterov": True}, "momentum", "nesterov needs a momentum above 0"),
        ("sgd", {"nesterov": True, "momentum": 0.9, "dampening": 0.1}, "dampening", "leave one out"),
    ],
)
def test_a_hyperparameter_out_of_its_range_is_named_with_the_range(
    name: str, hyperparameters: dict[str, Setting], hyperparameter: str, words: str
) -> None:
    with pytest.raises(HyperparameterError, match=f"optimizer {name}: .*{words}") as caught:
        optimizer(name, hyperparameters)
    assert caught.value.details["hyperparameter"] == hyperparameter
    assert caught.value.field == f"optimizer.hyperparameters[{hyperparameter}]"
    assert hyperparameter in caught.value.message


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(GradwireError) as caught:
        Adam(learning_rate=-1, beta2=2)
    assert [fault.details["hyperparameter"] for fault in caught.value.faults] == ["learning_rate", "beta2"]
    assert caught.value.reason == HyperparameterError.reason


def test_an_optimizer_that_does_not_exist_is_told_with_those_that_do() -> None:
    with pytest.raises(
        OptimizerUnknownError, match=r"no optimizer 'adamm'; there are: adabelief, adadelta, .*, sign_sgd, yogi"
    ):
        optimizer("adamm", {})


def test_whole_numbers_serve_as_real_ones() -> None:
    assert optimizer("adagrad", {"learning_rate": 1}) == Adagrad(learning_rate=1.0)
    assert isinstance(Adagrad(learning_rate=1).learning_rate, float)


def test_the_catalog_tells_every_hyperparameter_with_kind_default_and_range() -> None:
    entries = {entry.name: entry for entry in Optimizer.catalog()}
    assert list(entries) == sorted(Optimizer.registry)
    assert entries["adam"].slots == ("m", "v", "v_max")
    assert "Source: PyTorch" in entries["adam"].documentation
    rate, _, _, _, nesterov, *_ = entries["sgd"].hyperparameters
    assert (rate.name, rate.kind, rate.default, rate.required) == ("learning_rate", AttributeKind.REAL, 1e-3, False)
    assert rate.documentation.endswith("; 0 or more")
    assert (nesterov.name, nesterov.kind, nesterov.default) == ("nesterov", AttributeKind.BOOLEAN, False)
