"""What surrounds a rule: clipping, groups, bounds, running means; and in which order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

from gradwire_service.errors import GradwireError, HyperparameterError, InputMissingError, StateMismatchError
from gradwire_service.graph import Array
from gradwire_service.ops.base import variable
from gradwire_service.ops.functions import square
from gradwire_service.ops.functions import sum as sum_
from gradwire_service.optimizers import (
    Adam,
    AdamW,
    Bounds,
    Clipping,
    Exponential,
    Group,
    Limited,
    Lion,
    Optimizer,
    Rprop,
    Sgd,
    Update,
    averaged,
    check_state,
    initial_state,
)
from gradwire_service.training import fed_limits, step_graph, take_step
from tests.optimizers import documented
from tests.optimizers.running import descent
from tests.optimizers.surfaces import SURFACES, Surface
from tests.training.problems import Stepper

ROSENBROCK, LOGISTIC, NETWORK = SURFACES

Clip = Callable[[Mapping[str, Array]], Mapping[str, Array]]


def expected(surface: Surface, rule: Optimizer, steps: int, clip: Clip = dict) -> list[dict[str, Array]]:
    """Follow the formulas, with gradients that are clipped first."""
    updates = {n: documented.RULES[rule.name](rule) for n in surface.start}
    w, after = dict(surface.start), []
    for t in range(1, steps + 1):
        g = clip(surface.gradients({**surface.data, **w}))
        w = {n: np.asarray(updates[n](w[n], np.asarray(g[n]), t, rule.learning_rate)) for n in w}
        after.append(w)
    return after


def assert_same(found: list[dict[str, Array]], wanted: list[dict[str, Array]]) -> None:
    for step, (one, other) in enumerate(zip(found, wanted, strict=True), 1):
        for name, array in one.items():
            np.testing.assert_allclose(array, other[name], rtol=1e-10, atol=1e-13, err_msg=f"{name} in step {step}")


def norm(g: Mapping[str, Array]) -> float:
    return float(np.sqrt(sum(np.sum(np.square(x)) for x in g.values())))


def by_value(g: Mapping[str, Array]) -> Mapping[str, Array]:
    return {n: np.clip(x, -0.05, 0.05) for n, x in g.items()}


def by_norm(g: Mapping[str, Array]) -> Mapping[str, Array]:  # as torch.nn.utils.clip_grad_norm_ of one parameter
    return {n: x * min(1.0, 0.05 / (norm({n: x}) + 1e-6)) for n, x in g.items()}


def by_global_norm(g: Mapping[str, Array]) -> Mapping[str, Array]:  # as torch.nn.utils.clip_grad_norm_
    return {n: x * min(1.0, 0.05 / (norm(g) + 1e-6)) for n, x in g.items()}


def as_optax(g: Mapping[str, Array]) -> Mapping[str, Array]:  # as optax.clip_by_global_norm
    size = norm(g)
    return {n: x if size < 0.05 else x / size * 0.05 for n, x in g.items()}


@pytest.mark.parametrize(
    ("clipping", "clip"),
    [
        (Clipping(Limited.VALUE, 0.05), by_value),
        (Clipping(Limited.NORM, 0.05), by_norm),
        (Clipping(Limited.GLOBAL_NORM, 0.05), by_global_norm),
        (Clipping(Limited.GLOBAL_NORM, 0.05, eps=0), as_optax),
    ],
    ids=["value", "norm", "global norm", "as optax"],
)
def test_gradients_are_clipped_before_decay_and_momentum(clipping: Clipping, clip: Clip) -> None:
    rule = Sgd(learning_rate=0.5, momentum=0.9, weight_decay=0.1)
    found = descent(NETWORK, Update(rule, clipping), 20)
    assert_same(found, expected(NETWORK, rule, 20, clip))
    assert not np.allclose(found[-1]["outer"], descent(NETWORK, rule, 20)[-1]["outer"])


def test_gradients_within_the_limit_stay_as_they_are() -> None:
    wide = Update(Adam(learning_rate=0.01), Clipping(Limited.GLOBAL_NORM, 1e6))
    assert_same(descent(NETWORK, wide, 5), descent(NETWORK, Adam(learning_rate=0.01), 5))


def test_a_gradient_of_zero_is_clipped_to_zero() -> None:
    flat = Surface("flat", {"w": np.ones(2)}, {}, lambda v: sum_(v["w"] * 0.0), dict)
    for eps in (0.0, 1e-6):
        (after,) = descent(flat, Update(Sgd(learning_rate=1.0), Clipping(Limited.NORM, 1.0, eps)), 1)
        assert after["w"].tolist() == [1, 1]


def test_a_group_has_its_own_learning_rate_and_decay() -> None:
    groups = (Group(("inner", "shift"), 0.1, weight_decay=0.0), Group(("shift",), 2.0, weight_decay=0.5))
    found = descent(NETWORK, Update(AdamW(learning_rate=0.01, weight_decay=0.2), groups=groups), 20)
    rules = {
        "inner": AdamW(learning_rate=0.001, weight_decay=0.0),
        "shift": AdamW(learning_rate=0.02, weight_decay=0.5),  # of several groups the last counts, alone
        "outer": AdamW(learning_rate=0.01, weight_decay=0.2),
    }
    w = dict(NETWORK.start)
    updates = {n: documented.adamw(rule) for n, rule in rules.items()}
    for t, after in enumerate(found, 1):
        g = NETWORK.gradients({**NETWORK.data, **w})
        w = {n: updates[n](w[n], g[n], t, rules[n].learning_rate) for n in w}
        assert_same([after], [w])


def test_a_group_of_a_rule_that_begins_with_its_rate_begins_with_its_own() -> None:
    update = Update(Rprop(learning_rate=0.01), groups=(Group(("b",), 10.0),))
    (after,) = descent(LOGISTIC, update, 1)
    slots = initial_state(update, LOGISTIC.start).slots
    assert slots["s/b"] == 0.1
    assert slots["s/w"].tolist() == [0.01] * 3
    np.testing.assert_allclose(abs(after["b"] - LOGISTIC.start["b"]), 0.1, rtol=1e-12)


def test_what_is_frozen_stays_and_has_no_state() -> None:
    update = Update(Adam(learning_rate=0.01), groups=(Group(("*ner",), frozen=True),))
    found = descent(NETWORK, update, 5)
    assert found[-1]["inner"].tobytes() == NETWORK.start["inner"].tobytes()
    assert not np.array_equal(found[-1]["outer"], NETWORK.start["outer"])
    assert {name.partition("/")[2] for name in initial_state(update, NETWORK.start).slots} == {"shift", "outer"}


def test_norms_of_a_step_leave_out_the_gradients_of_what_is_frozen() -> None:
    update = Update(Sgd(), groups=(Group(("inner",), frozen=True),))
    run = Stepper(NETWORK.loss, tuple(NETWORK.start), update)
    state = initial_state(update, NETWORK.start)
    step = take_step(run.step, NETWORK.start, NETWORK.data, state, 0.0)
    gradients = NETWORK.gradients({**NETWORK.data, **NETWORK.start})
    assert step.gradient_norm == pytest.approx(norm({n: g for n, g in gradients.items() if n != "inner"}), rel=1e-12)
    assert step.parameter_norm == pytest.approx(norm(NETWORK.start), rel=1e-12)


@pytest.mark.parametrize(
    ("pattern", "names"),
    [("*", "a.b a/b axb"), ("a.b", "a.b"), ("a*b", "a.b a/b axb"), ("a?b", ""), ("[a]*", ""), ("*/*", "a/b")],
)
def test_only_a_star_stands_for_other_characters(pattern: str, names: str) -> None:
    assert [name for name in ("a.b", "a/b", "axb") if name in Group((pattern,))] == names.split()


def test_parameters_are_put_back_into_their_bounds_after_each_update() -> None:
    bounds = {
        "w": Bounds(np.array([-0.1, 0.0, -np.inf]), np.array(0.25)),
        "b": Bounds(upper=np.array(0.04)),
    }
    rule = Sgd(learning_rate=0.5, momentum=0.5)
    found = descent(LOGISTIC, Update(rule, bounds=bounds), 20)
    w, b = dict(LOGISTIC.start), {n: documented.sgd(rule) for n in LOGISTIC.start}
    for t, after in enumerate(found, 1):
        g = LOGISTIC.gradients({**LOGISTIC.data, **w})
        w = {n: np.asarray(b[n](w[n], np.asarray(g[n]), t, 0.5)) for n in w}
        w = {"w": np.clip(w["w"], [-0.1, 0.0, -np.inf], 0.25), "b": np.minimum(w["b"], 0.04)}
        assert_same([after], [w])
    assert (found[-1]["w"][0], found[-1]["w"][1]) == (0.25, 0.0)


def test_numbers_of_bounds_are_no_part_of_the_graph() -> None:
    def structure(lower: Array) -> Update:
        return Update(Sgd(learning_rate=lower.sum()), bounds={"w": Bounds(lower)}).structure

    assert structure(np.ones(3)) == structure(np.zeros(3))
    assert hash(structure(np.ones(3))) == hash(structure(np.zeros(3)))
    assert structure(np.ones(3)) != structure(np.ones(()))


def test_the_mean_of_parameters_begins_with_the_first_and_follows_them() -> None:
    update = Update(Adam(learning_rate=0.05), averaging=0.8)
    run = Stepper(LOGISTIC.loss, tuple(LOGISTIC.start), update)
    parameters, state = dict(LOGISTIC.start), initial_state(update, LOGISTIC.start)
    assert averaged(update, parameters, state) is None
    mean: dict[str, Array] = {}
    for t in range(1, 8):
        step = take_step(run.step, parameters, LOGISTIC.data, state, 0.05)
        parameters, state = dict(step.parameters), step.state
        mean = dict(parameters) if t == 1 else {n: 0.8 * mean[n] + 0.2 * w for n, w in parameters.items()}
        found = averaged(update, parameters, state)
        assert found is not None
        assert_same([dict(found)], [mean])


def test_the_mean_is_that_of_parameters_within_bounds_and_of_frozen_ones_themselves() -> None:
    bounds, groups = {"w": Bounds(lower=np.array(0.2))}, (Group(("b",), frozen=True),)
    update = Update(Sgd(learning_rate=1.0), bounds=bounds, groups=groups, averaging=0.9)
    run = Stepper(LOGISTIC.loss, tuple(LOGISTIC.start), update)
    state, limits = initial_state(update, LOGISTIC.start), fed_limits(update, LOGISTIC.start)
    step = take_step(run.step, LOGISTIC.start, LOGISTIC.data, state, 1.0, limits=limits)
    found = averaged(update, step.parameters, step.state)
    assert found is not None
    assert found["w"].min() == 0.2
    assert found["b"] == LOGISTIC.start["b"]


def test_float32_parameters_keep_their_type_in_all_of_it() -> None:
    start = {"w": np.array([0.5, -0.5], np.float32), "s": np.array(1.0, np.float32), "e": np.zeros((0, 2), np.float32)}
    update = Update(
        Lion(learning_rate=0.01, weight_decay=0.0),
        Clipping(Limited.GLOBAL_NORM, 0.5),
        (Group(("w",), 0.5),),
        {"w": Bounds(np.array([-0.1, -np.inf]), np.array(0.3)), "e": Bounds(np.array(0.0))},
        0.9,
    )

    def loss(v: Mapping[str, Any]) -> Any:
        return sum_(square(v["w"])) * v["s"] + sum_(v["e"])

    run = Stepper(loss, tuple(start), update)
    step = take_step(run.step, start, {}, initial_state(update, start), 0.01, limits=fed_limits(update, start))
    assert {name: (x.dtype, x.shape) for name, x in step.parameters.items()} == {
        name: (x.dtype, x.shape) for name, x in start.items()
    }
    assert all(x.dtype == np.float32 for x in step.state.slots.values())
    assert step.parameters["w"].tolist() == [np.float32(0.3), np.float32(-0.495)]
    check_state(step.state, update, step.parameters)


def test_a_schedule_counts_for_every_group() -> None:
    groups = (Group(("b",), 0.5),)
    found = descent(LOGISTIC, Update(Sgd(learning_rate=0.1), groups=groups), 3, Exponential(0.5))
    w = dict(LOGISTIC.start)
    for t, after in enumerate(found):
        g = LOGISTIC.gradients({**LOGISTIC.data, **w})
        w = {"w": w["w"] - 0.1 * 0.5**t * g["w"], "b": w["b"] - 0.05 * 0.5**t * g["b"]}
        assert_same([after], [w])


W = {"layer/w": np.ones((2, 3)), "b": np.ones(())}


@pytest.mark.parametrize(
    ("make", "field", "words"),
    [
        (lambda: Clipping(Limited.NORM, 0.0), "optimizer.clipping.norm", "the limit is 0.0, but must be more than 0"),
        (lambda: Clipping(Limited.NORM, 1.0, -1.0), "optimizer.clipping.eps", "eps is -1.0"),
        (lambda: Update(Sgd(), averaging=1.0), "optimizer.averaging.decay", "the decay is 1.0, but must be at least 0"),
        (lambda: Update(Sgd(), groups=(Group(()),)), "optimizer.groups[0].names", "names no parameters"),
        (
            lambda: Update(Sgd(), groups=(Group(("b",), -1.0),)),
            "optimizer.groups[0].learning_rate_factor",
            "learning_rate_factor is -1.0, but must be a number, 0 or more",
        ),
        (
            lambda: Update(Rprop(), groups=(Group(("b",), weight_decay=0.1),)),
            "optimizer.groups[0].weight_decay",
            "group 0 has a weight_decay, but rprop knows none",
        ),
        (
            lambda: Update(Sgd(), groups=(Group(("b", "c*")),)).check(W),
            "optimizer.groups[0].names",
            "'c*' matches no parameter; there are: layer/w, b",
        ),
        (
            lambda: Update(Sgd(), bounds={"c": Bounds(np.ones(()))}).check(W),
            "optimizer.bounds[c]",
            "bounds are given for 'c', but the parameters are: layer/w, b",
        ),
        (
            lambda: Update(Sgd(), bounds={"b": Bounds(np.ones(2))}).check(W),
            "optimizer.bounds[b].lower",
            "the lower bound of 'b' has shape [2], but must be a number or []",
        ),
        (
            lambda: Update(Sgd(), bounds={"b": Bounds(upper=np.array(np.nan))}).check(W),
            "optimizer.bounds[b].upper",
            "is NaN somewhere",
        ),
        (
            lambda: Update(Sgd(), bounds={"b": Bounds(np.array(2.0), np.array(1.0))}).check(W),
            "optimizer.bounds[b]",
            "the lower bound of 'b' is above the upper one",
        ),
    ],
    ids=lambda x: x.replace("optimizer.", "") if isinstance(x, str) and x.startswith("optimizer") else "",
)
def test_settings_that_make_no_sense_are_named(make: Callable[[], object], field: str, words: str) -> None:
    with pytest.raises(HyperparameterError) as caught:
        make()
    assert caught.value.field == field
    assert words in caught.value.message


def test_something_has_to_be_trained() -> None:
    with pytest.raises(InputMissingError, match="all parameters are frozen; leave one to train"):
        Update(Sgd(), groups=(Group(("*",), frozen=True),)).check(W)


def test_all_faults_of_an_update_are_told_at_once() -> None:
    with pytest.raises(GradwireError) as caught:
        Update(Sgd(), groups=(Group((), -1.0),), averaging=2.0)
    assert len(caught.value.faults) == 3


def test_a_state_without_a_mean_is_refused_where_one_is_kept() -> None:
    with pytest.raises(StateMismatchError, match="the state lacks 'average/b'"):
        check_state(initial_state(Sgd(), {"b": W["b"]}), Update(Sgd(), averaging=0.9), {"b": W["b"]})


def test_bounds_of_the_graph_are_variables() -> None:
    update = Update(Sgd(), bounds={"w": Bounds(np.zeros(2), np.array(1.0))})
    w = variable("w", (2,))
    graph = step_graph(sum_(w), {"w": w}, update)
    assert {name: value.shape for name, value in graph.variables.items() if name.endswith(" w")} == {
        "lower w": (2,),
        "upper w": (),
    }
