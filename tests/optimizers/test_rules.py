"""Update rules, held against PyTorch's records and against its documented formulas, written down again in NumPy."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradwire_service.errors import GradwireError, HyperparameterError, OptimizerUnknownError, StateMismatchError
from gradwire_service.graph import FLOAT32, FLOAT64, Array, AttributeKind, ElementType, TensorType
from gradwire_service.optimizers import (
    Adagrad,
    Adam,
    AdamW,
    Optimizer,
    OptimizerState,
    RmsProp,
    Setting,
    Sgd,
    check_state,
    initial_state,
    optimizer,
)
from tests.optimizers.running import rule_graph, trajectory

TORCH: dict[str, Any] = json.loads(Path(__file__).with_name("torch.json").read_text())


def gradient(w: Array, step: int) -> Array:
    """The gradient of the record: it changes with parameter and step."""
    w = w.astype(np.float64)
    return w + np.cos(3 * w + step) * np.array([1.0, 0.1, 10.0, 1e-4])


def case_name(case: dict[str, Any]) -> str:
    changed = ",".join(f"{name}={value}" for name, value in case["hyperparameters"].items())
    return f"{case['optimizer']}({changed}) {case['element_type']}"


@pytest.mark.parametrize("case", TORCH["trajectories"], ids=case_name)
def test_a_rule_takes_the_steps_that_pytorch_took(case: dict[str, Any]) -> None:
    start = np.array(TORCH["start"], case["element_type"])
    after = trajectory(optimizer(case["optimizer"], case["hyperparameters"]), start, gradient, 20)
    tolerance = 1e-12 if start.dtype == np.float64 else 3e-6
    for step, expected in case["parameters"].items():
        np.testing.assert_allclose(after[int(step) - 1], expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("name", Optimizer.registry)
def test_a_rule_has_the_defaults_that_pytorch_has(name: str) -> None:
    theirs = TORCH["defaults"][name]
    assert {x.name: x.default for x in Optimizer.registry[name].hyperparameters()}.items() <= theirs.items()


# The formulas of PyTorch's documentation, one element at a time, in Python's own float64.

Rule = Iterator[Callable[[float, float], float]]


def documented_sgd(h: Sgd) -> Rule:
    b = math.nan
    t = 0

    def step(w: float, g: float) -> float:
        nonlocal b, t
        t += 1
        if h.weight_decay != 0:
            g = g + h.weight_decay * w
        if h.momentum != 0:
            b = h.momentum * b + (1 - h.dampening) * g if t > 1 else g
            g = g + h.momentum * b if h.nesterov else b
        return w - h.learning_rate * g

    while True:
        yield step


def documented_rmsprop(h: RmsProp) -> Callable[[float, float], float]:
    v = a = b = 0.0

    def step(w: float, g: float) -> float:
        nonlocal v, a, b
        if h.weight_decay != 0:
            g = g + h.weight_decay * w
        v = h.alpha * v + (1 - h.alpha) * g * g
        mean_square = v
        if h.centered:
            a = a * h.alpha + (1 - h.alpha) * g
            mean_square = max(mean_square - a * a, 0.0)
        if h.momentum > 0:
            b = h.momentum * b + g / (math.sqrt(mean_square) + h.eps)
            return w - h.learning_rate * b
        return w - h.learning_rate * g / (math.sqrt(mean_square) + h.eps)

    return step
