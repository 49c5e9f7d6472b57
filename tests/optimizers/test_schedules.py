"""Schedules, held against PyTorch's records and against their formulas."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradwire_service.errors import HyperparameterError, OptimizerUnknownError
from gradwire_service.optimizers import (
    Constant,
    Cosine,
    CosineRestarts,
    Cyclic,
    Exponential,
    InverseSqrt,
    InverseTime,
    Joined,
    Linear,
    MultiStep,
    OneCycle,
    Plateau,
    Polynomial,
    Schedule,
    Setting,
    Step,
    Warmup,
    schedule,
)
from gradwire_service.optimizers.schedules import Memory

TORCH: dict[str, Any] = json.loads(Path(__file__).with_name("torch.json").read_text())

STEPS = st.integers(1, 10**6)
FALLING = st.one_of(
    st.just(Constant()),
    st.builds(Step, STEPS, st.floats(0.01, 1)),
    st.builds(MultiStep, st.lists(STEPS, unique=True).map(sorted).map(tuple), st.floats(0.01, 1)),
    st.builds(Linear, STEPS, st.floats(0, 1)),
    st.builds(Exponential, st.floats(0.01, 1), STEPS, st.booleans()),
    st.builds(Polynomial, STEPS, st.floats(0.5, 4)),
    st.builds(InverseTime, st.floats(0, 10), STEPS, st.booleans()),
    st.builds(InverseSqrt, STEPS),
    st.builds(Cosine, STEPS),
)
CHANGING = st.one_of(
    FALLING,
    st.builds(CosineRestarts, STEPS, st.integers(1, 4)),
    st.builds(Cyclic, st.floats(0, 10), STEPS, STEPS, st.floats(0.1, 1), st.floats(0.1, 1)),
    st.builds(OneCycle, st.integers(10, 1000)),
)
ANY_SCHEDULE = st.one_of(
    CHANGING,
    st.builds(lambda then, steps, start: Warmup(steps, start, parts=(then,)), CHANGING, STEPS, st.floats(0, 1)),
    st.builds(lambda a, b, at: Joined((at,), parts=(a, b)), CHANGING, CHANGING, STEPS),
)


def rates(found: Schedule, initial: float, steps: int) -> list[float]:
    return [found.learning_rate(initial, t) for t in range(steps)]


def settings(parameters: dict[str, Any]) -> dict[str, Setting]:
    """Return what JSON has, with its lists as tuples."""
    return {name: tuple(x) if isinstance(x, list) else x for name, x in parameters.items()}


@pytest.mark.parametrize("case", TORCH["schedules"], ids=lambda case: f"{case['schedule']}{case['parameters']}")
def test_a_schedule_gives_the_rates_that_pytorch_gave(case: dict[str, Any]) -> None:
    found = rates(schedule(case["schedule"], settings(case["parameters"])), case["initial"], len(case["rates"]))
    assert found == pytest.approx(case["rates"], rel=1e-12, abs=1e-15)  # PyTorch multiplies up, step by step


@pytest.mark.parametrize("case", TORCH["plateaus"], ids=lambda case: str(case["parameters"]))
def test_a_plateau_is_found_where_pytorch_found_it(case: dict[str, Any]) -> None:
    found = schedule("plateau", case["parameters"])
    memory: Memory = {}
    followed = []
    for epoch, loss in enumerate(TORCH["plateau_losses"]):
        followed.append(found.learning_rate(case["initial"], epoch, memory))
        memory = found.after_epoch(case["initial"], epoch, loss, memory)
    assert followed == pytest.approx(case["rates"], rel=1e-13)
    assert len(set(followed)) > 1


def test_inverse_time_halves_the_rate_in_one_unit_of_time_at_rate_1() -> None:
    halving = InverseTime(rate=1, steps=50)
    assert [halving.learning_rate(0.6, t) for t in (0, 50, 100)] == pytest.approx([0.6, 0.3, 0.2], rel=1e-15)


def test_exponential_over_several_steps_is_reached_smoothly_or_in_stairs() -> None:
    assert rates(Exponential(factor=0.25, steps=2), 1.0, 3) == pytest.approx([1, 0.5, 0.25], rel=1e-15)
    assert rates(Exponential(factor=0.25, steps=2, staircase=True), 1.0, 4) == [1, 1, 0.25, 0.25]
    assert rates(InverseTime(rate=1, steps=2, staircase=True), 1.0, 4) == [1, 1, 0.5, 0.5]


@pytest.mark.parametrize(
    ("found", "end"),
    [
        (Cosine(steps=10, minimum=0.01), 0.01),
        (Polynomial(steps=10, power=3, minimum=0.01), 0.01),
        (Linear(steps=10, end_factor=0.5), 0.5),
        (OneCycle(steps=10, rising_share=0.5, start_divisor=10, end_divisor=10), 0.01),
    ],
    ids=lambda x: getattr(x, "name", str(x)),
)
def test_a_schedule_stays_at_its_end(found: Schedule, end: float) -> None:
    assert [found.learning_rate(1.0, t) for t in (10, 11, 15, 20, 10**9)] == pytest.approx([end] * 5, rel=1e-15)


def test_one_cycle_is_at_its_top_where_the_rise_ends() -> None:
    found = OneCycle(steps=20, rising_share=0.25)
    assert max(range(20), key=lambda t: found.learning_rate(0.3, t)) == 4
    assert found.learning_rate(0.3, 4) == 0.3


def test_inverse_sqrt_behind_a_warm_up_is_that_of_transformers() -> None:
    found = Warmup(4000, parts=(InverseSqrt(4000),))
    expected = [0.3 * min(t / 4000, math.sqrt(4000 / max(t, 1))) for t in (0, 1, 2000, 4000, 8000, 10**6)]
    assert [found.learning_rate(0.3, t) for t in (0, 1, 2000, 4000, 8000, 10**6)] == pytest.approx(expected, rel=1e-14)


def test_a_warm_up_goes_before_any_schedule() -> None:
    found = schedule("warmup", {"steps": 4, "start_factor": 0.2}, [Step(2, 0.5)])
    assert rates(found, 1.0, 8) == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0, 1.0, 0.5, 0.5], rel=1e-15)


def test_joined_schedules_begin_anew_at_their_milestones() -> None:
    found = schedule("joined", {"milestones": (2, 5)}, [Constant(), Step(2, 0.1), Exponential(0.5)])
    assert rates(found, 1.0, 8) == pytest.approx([1, 1, 1, 1, 0.1, 1, 0.5, 0.25], rel=1e-15)


def test_schedules_within_schedules_remember_for_themselves() -> None:
    plateau = Plateau(factor=0.5, patience=0)
    found = Warmup(2, parts=(Joined((3,), parts=(plateau, plateau)),))
    assert found.watches_loss
    memory: Memory = {}
    followed = []
    for step in range(9):  # each an epoch, of a loss that stays
        followed.append(found.learning_rate(1.0, step, memory))
        memory = found.after_epoch(1.0, step, 7.0, memory)
    # the warm-up sees nothing; then each plateau takes one epoch to have a best, and halves after each other one
    assert followed == [0.0, 0.5, 1.0, 1.0, 0.5, 1.0, 1.0, 0.5, 0.25]


@given(found=FALLING, initial=st.floats(0, 10), step=st.integers(0, 2**62))
def test_a_rate_that_falls_starts_as_it_is_and_never_grows(found: Schedule, initial: float, step: int) -> None:
    assert found.learning_rate(initial, 0) == initial
    now, later = (found.learning_rate(initial, t) for t in (step, step + 1))
    assert 0 <= later <= now * (1 + 1e-15) <= initial * (1 + 1e-15)


@given(found=ANY_SCHEDULE, initial=st.floats(0, 10), step=st.integers(0, 2**62))
def test_a_rate_is_a_number_that_is_not_negative(found: Schedule, initial: float, step: int) -> None:
    rate = found.learning_rate(initial, step)
    assert isinstance(rate, float)
    assert 0 <= rate <= 10


def test_every_schedule_is_tried() -> None:
    with_record = {case["schedule"] for case in TORCH["schedules"]}
    by_formula = {"inverse_time", "inverse_sqrt", "warmup", "joined", "plateau"}
    assert with_record | by_formula == set(Schedule.registry)


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
        ("multistep", {"milestones": (5, 5)}, r"milestones \[5, 5\] do not grow; put them in order"),
        (
            "multistep",
            {"milestones": (0, 5)},
            r"milestones is \(0, 5\), but must be a list of whole numbers, each 1 or more",
        ),
        ("multistep", {"milestones": 5}, "milestones is 5, but must be a list of whole numbers"),
        ("one_cycle", {"steps": 3}, "3 steps with a rising_share of 0.3 leave no room for all phases"),
        ("warmup", {"steps": 3}, "it goes before one schedule, not 0"),
        ("joined", {"milestones": (3,)}, "0 schedules with 1 milestones between them do not fit"),
    ],
)
def test_a_parameter_out_of_its_range_is_named_with_the_range(
    name: str, parameters: dict[str, Setting], words: str
) -> None:
    with pytest.raises(HyperparameterError, match=f"schedule {name}: {words}") as caught:
        schedule(name, parameters)
    assert caught.value.field.startswith("optimizer.schedule.parameters[")


def test_a_schedule_that_is_not_made_of_others_takes_no_parts() -> None:
    with pytest.raises(HyperparameterError, match="schedule cosine: it is not made of other schedules"):
        schedule("cosine", {"steps": 3}, [Constant()])


def test_a_schedule_that_does_not_exist_is_told_with_those_that_do() -> None:
    with pytest.raises(OptimizerUnknownError, match=r"there are: constant, cosine, cosine_restarts, .*, warmup"):
        schedule("lineal", {})
