"""Every rule that optax has, in its dialect, against optax itself: 20 steps down three surfaces."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np
import optax
import pytest

from gradwire_service.optimizers import (
    Clipping,
    Constant,
    Cosine,
    Exponential,
    InverseTime,
    Joined,
    Limited,
    Linear,
    MultiStep,
    Optimizer,
    Polynomial,
    Schedule,
    Setting,
    Sgd,
    Step,
    Update,
    Warmup,
    optimizer,
)
from tests.optimizers.oracles.losses import Path, assert_same_path, gradient_of
from tests.optimizers.running import descent
from tests.optimizers.settings import CASES, case_name
from tests.optimizers.surfaces import SURFACES, Surface

Rule = Any


def optaxs(name: str, settings: dict[str, Setting]) -> Rule | None:
    """Return optax' rule that does the same; None where there is none."""
    h: Any = optimizer(name, settings)
    make = MAKERS.get(name)
    return None if make is None else make(h, h.learning_rate)


def after_decay(h: Any, rule: Rule) -> Rule:
    return optax.chain(optax.add_decayed_weights(h.weight_decay), rule) if h.weight_decay else rule


def sgd(h: Any, rate: float) -> Rule | None:
    if h.decoupled_weight_decay or h.dampening:
        return None
    if h.scaled_momentum:
        scaled = optax.scale_by_learning_rate(rate)
        return after_decay(h, optax.chain(scaled, optax.trace(h.momentum, h.nesterov)))
    return after_decay(h, optax.sgd(rate, h.momentum or None, h.nesterov))


def adam(h: Any, rate: float) -> Rule | None:
    if h.eps_uncorrected or h.amsgrad != h.amsgrad_corrected:
        return None
    rule = optax.amsgrad if h.amsgrad else optax.adam
    return after_decay(h, rule(rate, h.beta1, h.beta2, h.eps, h.eps_root))


def adamw(h: Any, rate: float) -> Rule | None:
    if h.eps_uncorrected or h.amsgrad != h.amsgrad_corrected:
        return None
    if not h.amsgrad:
        return optax.adamw(rate, h.beta1, h.beta2, h.eps, h.eps_root, weight_decay=h.weight_decay)
    scaled = optax.scale_by_amsgrad(h.beta1, h.beta2, h.eps, h.eps_root)
    return optax.chain(scaled, optax.add_decayed_weights(h.weight_decay), optax.scale_by_learning_rate(rate))


def rmsprop(h: Any, rate: float) -> Rule:
    # at a constant rate it does not matter whether the momentum holds it
    options = {"initial_scale": 0.0, "eps_in_sqrt": h.eps_inside_root, "centered": h.centered}
    return after_decay(h, optax.rmsprop(rate, h.alpha, h.eps, momentum=h.momentum or None, **options))


MAKERS: dict[str, Callable[[Any, float], Rule | None]] = {
    "sgd": sgd,
    "adam": adam,
    "adamw": adamw,
    "nadam": lambda h, rate: optax.nadam(rate, h.beta1, h.beta2, h.eps) if h.constant_momentum else None,
    "radam": lambda h, rate: (
        None if h.eps_uncorrected else optax.radam(rate, h.beta1, h.beta2, h.eps, threshold=h.threshold)
    ),
    "adamax": lambda h, rate: (
        None if h.eps_in_denominator else after_decay(h, optax.adamax(rate, h.beta1, h.beta2, h.eps))
    ),
    "adagrad": lambda h, rate: optax.adagrad(rate, h.initial_accumulator_value, h.eps) if h.eps_inside_root else None,
    "adadelta": lambda h, rate: after_decay(h, optax.adadelta(rate, h.rho, h.eps)),
    "rmsprop": rmsprop,
    "lion": lambda h, rate: optax.lion(rate, h.beta1, h.beta2, weight_decay=h.weight_decay),
    "lamb": lambda h, rate: optax.lamb(rate, h.beta1, h.beta2, h.eps, h.eps_root, h.weight_decay),
    "lars": lambda h, rate: optax.lars(
        rate,
        h.weight_decay,
        trust_coefficient=h.trust_coefficient,
        eps=h.eps,
        momentum=h.momentum,
        nesterov=h.nesterov,
    ),
    "adabelief": lambda h, rate: after_decay(h, optax.adabelief(rate, h.beta1, h.beta2, h.eps, h.eps_root)),
    "yogi": lambda h, rate: optax.chain(
        optax.scale_by_yogi(h.beta1, h.beta2, h.eps, initial_accumulator_value=h.initial_accumulator_value),
        optax.scale_by_learning_rate(rate),
    ),
    "sign_sgd": lambda h, rate: optax.chain(
        optax.scale_by_sign(), optax.add_decayed_weights(h.weight_decay), optax.scale_by_learning_rate(rate)
    ),
}

OPTAXS = [case for case in CASES if optaxs(*case) is not None]


def path(surface: Surface, rule: Rule, steps: int = 20) -> Path:
    """Return the parameters after each step of optax'."""
    gradient = gradient_of(surface)
    w: Any = {name: jnp.asarray(x) for name, x in surface.start.items()}
    state, after = rule.init(w), []
    for _ in range(steps):
        updates, state = rule.update(gradient(w), state, w)
        w = optax.apply_updates(w, updates)
        after.append({name: np.asarray(x) for name, x in w.items()})
    return after


@pytest.mark.parametrize("surface", SURFACES, ids=str)
@pytest.mark.parametrize(("name", "settings"), OPTAXS, ids=case_name)
def test_a_rule_takes_the_steps_of_optax(name: str, settings: dict[str, Setting], surface: Surface) -> None:
    assert_same_path(descent(surface, optimizer(name, settings), 20), path(surface, optaxs(name, settings)))


@pytest.mark.parametrize(
    ("clipping", "clip"),
    [
        (Clipping(Limited.VALUE, 0.05), optax.clip(0.05)),
        (Clipping(Limited.GLOBAL_NORM, 0.05, eps=0), optax.clip_by_global_norm(0.05)),
    ],
    ids=["value", "global norm"],
)
def test_gradients_are_clipped_as_optax_clips_them(clipping: Clipping, clip: Rule) -> None:
    for surface in SURFACES[1:]:
        expected = path(surface, optax.chain(clip, optax.sgd(0.5, 0.9)))
        assert_same_path(descent(surface, Update(Sgd(learning_rate=0.5, momentum=0.9), clipping), 20), expected)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (Constant(), optax.constant_schedule(0.3)),
        (Exponential(0.5, 7), optax.exponential_decay(0.3, 7, 0.5)),
        (Exponential(0.5, 7, staircase=True), optax.exponential_decay(0.3, 7, 0.5, staircase=True)),
        (Step(7, 0.5), optax.exponential_decay(0.3, 7, 0.5, staircase=True)),
        (MultiStep((3, 9), 0.5), optax.piecewise_constant_schedule(0.3, {3: 0.5, 9: 0.5})),
        (Linear(9, 0.25, 0.5), optax.linear_schedule(0.15, 0.075, 9)),
        (Polynomial(9, 2.5, 0.01), optax.polynomial_schedule(0.3, 0.01, 2.5, 9)),
        (Cosine(9, 0.03), optax.cosine_decay_schedule(0.3, 9, alpha=0.1)),
        (
            Warmup(5, parts=(Cosine(9),)),
            optax.warmup_cosine_decay_schedule(0.0, 0.3, 5, 14),
        ),  # theirs includes the rise
        (
            Joined((4,), parts=(Constant(), Exponential(0.5))),
            optax.join_schedules([optax.constant_schedule(0.3), optax.exponential_decay(0.3, 1, 0.5)], [4]),
        ),
    ],
    ids=lambda x: getattr(x, "name", ""),
)
def test_a_schedule_gives_the_rates_of_optax(ours: Schedule, theirs: Any) -> None:
    found = [ours.learning_rate(0.3, t) for t in range(20)]
    np.testing.assert_allclose(found, [float(theirs(t)) for t in range(20)], rtol=1e-6, atol=1e-8)  # theirs are float32


def test_inverse_time_is_no_schedule_of_optax() -> None:
    assert not hasattr(optax, "inverse_time_decay")
    assert InverseTime(1.0).learning_rate(1.0, 1) == 0.5


def test_what_pytorch_has_not_is_tried_here() -> None:
    assert set(Optimizer.registry) - {name for name, _ in OPTAXS} == {"adafactor", "asgd", "rprop"}
