"""Rules in Keras' dialect against Keras itself, on JAX, at a rate that changes: there its momentum shows."""

from __future__ import annotations

import os

os.environ["KERAS_BACKEND"] = "jax"

from typing import Any

import keras
import numpy as np
import pytest

from gradwire_service.optimizers import Adam, Clipping, Exponential, Limited, Optimizer, Update, optimizer
from tests.optimizers.oracles.losses import Path, gradient_of
from tests.optimizers.running import descent
from tests.optimizers.surfaces import SURFACES, Surface

keras.config.set_floatx("float64")

K = keras.optimizers
RATE = 0.002
DECOUPLED = {"weight_decay": 0.1, "decoupled_weight_decay": True}

CASES: list[tuple[str, dict[str, Any], Any, dict[str, Any]]] = [
    ("sgd", {}, K.SGD, {}),
    ("sgd", {"momentum": 0.8, "scaled_momentum": True}, K.SGD, {"momentum": 0.8}),
    (
        "sgd",
        {"momentum": 0.8, "scaled_momentum": True, "nesterov": True, **DECOUPLED},
        K.SGD,
        {"momentum": 0.8, "nesterov": True, "weight_decay": 0.1},
    ),
    ("adam", {"eps": 1e-7, "eps_uncorrected": True}, K.Adam, {}),
    (
        "adam",
        {"beta2": 0.9, "eps": 1e-3, "eps_uncorrected": True, "amsgrad": True},
        K.Adam,
        {"beta_2": 0.9, "epsilon": 1e-3, "amsgrad": True},
    ),
    ("adamw", {"eps": 1e-7, "eps_uncorrected": True, "weight_decay": 0.004}, K.AdamW, {}),
    ("nadam", {"momentum_decay": 1.0, "eps": 1e-7}, K.Nadam, {}),
    ("nadam", {"momentum_decay": 1.0, "eps": 1e-7, **DECOUPLED}, K.Nadam, {"weight_decay": 0.1}),
    ("adamax", {"eps": 1e-7, "eps_in_denominator": True}, K.Adamax, {}),
    ("adagrad", {"initial_accumulator_value": 0.1, "eps": 1e-7, "eps_inside_root": True}, K.Adagrad, {}),
    ("adadelta", {"rho": 0.95, "eps": 1e-7}, K.Adadelta, {}),
    ("rmsprop", {"alpha": 0.9, "eps": 1e-7, "eps_inside_root": True}, K.RMSprop, {}),
    (
        "rmsprop",
        {"alpha": 0.9, "eps": 1e-3, "eps_inside_root": True, "scaled_momentum": True, "momentum": 0.8},
        K.RMSprop,
        {"momentum": 0.8, "epsilon": 1e-3},
    ),
    (
        "rmsprop",
        {"alpha": 0.9, "eps": 1e-3, "eps_inside_root": True, "centered": True},
        K.RMSprop,
        {"centered": True, "epsilon": 1e-3},
    ),
    ("lion", {"weight_decay": 0.0}, K.Lion, {}),
    ("lamb", {"eps": 1e-7}, K.Lamb, {}),
]


def path(surface: Surface, rule: Any, steps: int = 20) -> Path:
    """Return the parameters after each step of Keras'."""
    gradient = gradient_of(surface)
    w = {name: keras.Variable(x, dtype="float64") for name, x in surface.start.items()}
    after = []
    for _ in range(steps):
        gradients = gradient({name: x.value for name, x in w.items()})
        rule.apply([gradients[name] for name in w], list(w.values()))
        after.append({name: np.array(x.value) for name, x in w.items()})
    return after


def assert_near(found: Path, expected: Path) -> None:
    """Compare to what Keras keeps of its learning rates: it computes them in float32."""
    for step, (one, other) in enumerate(zip(found, expected, strict=True), 1):
        for name, array in one.items():
            np.testing.assert_allclose(array, other[name], 2e-6, 2e-7, err_msg=f"{name} in step {step}")


@pytest.mark.parametrize("surface", SURFACES, ids=str)
@pytest.mark.parametrize(("name", "settings", "make", "theirs"), CASES, ids=lambda x: str(x) if x else "")
def test_a_rule_takes_the_steps_of_keras(
    name: str, settings: dict[str, Any], make: Any, theirs: dict[str, Any], surface: Surface
) -> None:
    schedule = K.schedules.ExponentialDecay(RATE, 1, 0.8)
    expected = path(surface, make(learning_rate=schedule, **theirs))
    rule: Optimizer = optimizer(name, {"learning_rate": RATE, **settings})
    assert_near(descent(surface, rule, 20, Exponential(0.8)), expected)


@pytest.mark.parametrize(
    ("clipping", "theirs"),
    [
        (Clipping(Limited.VALUE, 0.05), {"clipvalue": 0.05}),
        (Clipping(Limited.NORM, 0.05, eps=0), {"clipnorm": 0.05}),
        (Clipping(Limited.GLOBAL_NORM, 0.05, eps=0), {"global_clipnorm": 0.05}),
    ],
    ids=["value", "norm", "global norm"],
)
def test_gradients_are_clipped_as_keras_clips_them(clipping: Clipping, theirs: dict[str, float]) -> None:
    rule = Adam(learning_rate=RATE, eps=1e-3, eps_uncorrected=True)
    for surface in SURFACES[1:]:
        expected = path(surface, K.Adam(RATE, epsilon=1e-3, **theirs))
        assert_near(descent(surface, Update(rule, clipping), 20), expected)
