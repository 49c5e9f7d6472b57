"""Schedules, held against PyTorch's records and against their formulas."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradwire_service.errors import HyperparameterError, OptimizerUnknownError
from gradwire_service.optimizers import (
    Constant,
    Cosine,
    Exponential,
    InverseTime,
    Schedule,
    Setting,
    Step,
    schedule,
)

TORCH: dict[str, Any] = json.loads(Path(__file__).with_name("torch.json").read_text())

STEPS = st.integers(1, 10**6)
ANY_SCHEDULE = st.one_of(
    st.just(Constant()),
    st.builds(Step, STEPS, st.floats(0.01, 1)),
    st.builds(Exponential, st.floats(0.01, 1), STEPS),
    st.builds(InverseTime, st.floats(0, 10), STEPS),
    st.builds(Cosine, STEPS),
)


@pytest.mark.parametrize("case", TORCH["schedules"], ids=lambda case: f"{case['schedule']}{case['parameters']}")
def test_a_schedule_gives_the_rates_that_pytorch_gave(case: dict[str, Any]) -> None:
    found = schedule(case["schedule"], case["parameters"])
    rates = [found.learning_rate(case["initial"], t) for t in range(len(case["rates"]))]
    assert rates == pytest.approx(case["rates"], rel=1e-13, abs=1e-15)  # PyTorch multiplies up, step by step


def test_inverse_time_halves_the_rate_in_one_unit_of_time_at_rate_1() -> None:
    halving = InverseTime(rate=1, steps=50)
    assert [halving.learning_rate(0.6, t) for t in (0, 50, 100)] == pytest.approx([0.6, 0.3, 0.2], rel=1e-15)


def test_exponential_over_several_steps_is_reached_smoothly() -> None:
    smooth = Exponential(factor=0.25, steps=2)
    assert [smooth.learning_rate(1.0, t) for t in range(3)] == pytest.approx([1, 0.5, 0.25], rel=1e-15)


def test_cosine_stays_at_its_minimum() -> None:
    assert {Cosine(steps=10, minimum=0.01).learning_rate(1.0, t) for t in (10, 11, 15, 20, 10**9)} == {0.01}


@given(found=ANY_SCHEDULE, initial=st.floats(0, 10), step=st.integers(0, 2**62))
def test_a_rate_starts_as_it_is_and_never_grows(found: Schedule, initial: float, step: int) -> None:
    assert found.learning_rate(initial, 0) == initial
    now, later = (found.learning_rate(initial, t) for t in (step, step + 1))
    assert 0 <= later <= now * (1 + 1e-15) <= initial * (1 + 1e-15)


@pytest.mark.parametrize(
    ("name", "parameters", "words"),
    [
        ("step", {}, "steps is missing; it must be a whole number, 1 or more"),
        ("step", {"steps": 0}, "steps is 0, but must be a whole number, 1 or more; state one"),
        ("step", {"steps": 2.5}, "steps is 2.5, but must be a whole number"),
        ("exponential", {"factor": 1.1}, "factor is 1.1, but must be a number, above 0 and at most 1"),
        ("inverse_time", {"rate": -1}, "rate is -1, but must be a number, 0 or more"),
        ("cosine", {"steps": 5, "minimum": -1.0}, "minimum is -1.0, .*; leave it out for the default, 0.0"),
        ("constant", {"factor": 0.5}, "there is no hyperparameter 'factor'; it takes none"),
    ],
)
def test_a_parameter_out_of_its_range_is_named_with_the_range(
    name: str, parameters: dict[str, Setting], words: str
) -> None:
    with pytest.raises(HyperparameterError, match=f"schedule {name}: {words}") as caught:
        schedule(name, parameters)
    assert caught.value.field.startswith("optimizer.schedule.parameters[")


def test_a_schedule_that_does_not_exist_is_told_with_those_that_do() -> None:
    with pytest.raises(OptimizerUnknownError, match=r"there are: constant, cosine, cosine_restarts, .*, warmup"):
        schedule("lineal", {})
