"""Every rule that PyTorch has, against PyTorch itself: 20 steps down three surfaces."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch

from gradwire_service.optimizers import (
    Adam,
    Clipping,
    Exponential,
    Limited,
    Optimizer,
    Schedule,
    Setting,
    Sgd,
    Update,
    averaged,
    initial_state,
    optimizer,
)
from gradwire_service.training import take_step
from tests.optimizers.oracles.losses import LOSSES, Path, assert_same_path
from tests.optimizers.record_torch import OPTIMIZERS
from tests.optimizers.running import descent
from tests.optimizers.settings import CASES, case_name
from tests.optimizers.surfaces import SURFACES, Surface
from tests.optimizers.translation import is_pytorchs, translated
from tests.training.problems import Stepper

TORCHS = [case for case in CASES if case[0] in OPTIMIZERS and is_pytorchs(*case)]
Parameters = list[torch.nn.Parameter]


@pytest.fixture(autouse=True)
def _float64() -> Iterator[None]:
    """PyTorch keeps step numbers in the default type."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


def path(
    surface: Surface,
    make: Callable[[Parameters], Any],
    steps: int = 20,
    clip: Callable[[Parameters], object] = lambda parameters: None,
    gamma: float = 1.0,
) -> Path:
    """Return the parameters after each step of PyTorch's."""
    w = {name: torch.nn.Parameter(torch.tensor(x)) for name, x in surface.start.items()}
    data = {name: torch.tensor(x) for name, x in surface.data.items()}
    rule = make(list(w.values()))
    schedule = torch.optim.lr_scheduler.ExponentialLR(rule, gamma)
    after = []
    for _ in range(steps):
        rule.zero_grad()
        LOSSES[surface.name](torch, {**data, **w}).backward()
        clip(list(w.values()))
        rule.step()
        schedule.step()
        after.append({name: x.detach().clone().numpy() for name, x in w.items()})
    return after


@pytest.mark.parametrize("surface", SURFACES, ids=str)
@pytest.mark.parametrize(("name", "settings"), TORCHS, ids=case_name)
def test_a_rule_takes_the_steps_of_pytorch(name: str, settings: dict[str, Setting], surface: Surface) -> None:
    rule = optimizer(name, settings)
    arguments = {"lr": rule.learning_rate, **translated(name, settings)}
    expected = path(surface, lambda w: OPTIMIZERS[name](w, foreach=False, **arguments))
    assert_same_path(descent(surface, rule, 20), expected)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_rule_takes_the_steps_of_pytorch_under_a_schedule(name: str) -> None:
    schedule: Schedule = Exponential(0.8)
    rule = optimizer(name, {"learning_rate": 1e-3})
    expected = path(SURFACES[2], lambda w: OPTIMIZERS[name](w, lr=1e-3, foreach=False), gamma=0.8)
    assert_same_path(descent(SURFACES[2], rule, 20, schedule), expected)


@pytest.mark.parametrize(
    ("clipping", "clip"),
    [
        (Clipping(Limited.VALUE, 0.05), lambda w: torch.nn.utils.clip_grad_value_(w, 0.05)),
        (Clipping(Limited.NORM, 0.05), lambda w: [torch.nn.utils.clip_grad_norm_([x], 0.05) for x in w]),
        (Clipping(Limited.GLOBAL_NORM, 0.05), lambda w: torch.nn.utils.clip_grad_norm_(w, 0.05)),
    ],
    ids=["value", "norm", "global norm"],
)
def test_gradients_are_clipped_as_pytorch_clips_them(clipping: Clipping, clip: Callable[[Parameters], object]) -> None:
    rule = Sgd(learning_rate=0.5, momentum=0.9, weight_decay=0.1)
    for surface in SURFACES[1:]:
        expected = path(surface, lambda w: torch.optim.SGD(w, 0.5, 0.9, weight_decay=0.1), clip=clip)
        assert_same_path(descent(surface, Update(rule, clipping), 20), expected)


def test_running_means_are_those_of_pytorchs_averaged_models() -> None:
    surface, update = SURFACES[2], Update(Adam(learning_rate=0.05), averaging=0.9)
    model = torch.nn.ParameterDict({n: torch.nn.Parameter(torch.tensor(x)) for n, x in surface.start.items()})
    mean = torch.optim.swa_utils.AveragedModel(
        model, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.9), use_buffers=False
    )
    data = {name: torch.tensor(x) for name, x in surface.data.items()}
    rule = torch.optim.Adam(model.parameters(), 0.05)
    run = Stepper(surface.loss, tuple(surface.start), update)
    parameters, state = dict(surface.start), initial_state(update, surface.start)
    for _ in range(20):
        rule.zero_grad()
        LOSSES[surface.name](torch, {**data, **dict(model.items())}).backward()
        rule.step()
        mean.update_parameters(model)
        step = take_step(run.step, parameters, surface.data, state, 0.05)
        parameters, state = dict(step.parameters), step.state
        found = averaged(update, parameters, state)
        assert found is not None
        assert_same_path([dict(found)], [{n: x.detach().numpy() for n, x in mean.module.items()}])


def test_every_rule_of_pytorch_is_tried() -> None:
    assert {name for name, _ in TORCHS} == set(OPTIMIZERS)
    others = {"Muon", "LBFGS", "SparseAdam", "Optimizer"}  # in bfloat16; owns its loop; of sparse gradients; their base
    theirs = {n for n, x in vars(torch.optim).items() if isinstance(x, type) and issubclass(x, torch.optim.Optimizer)}
    assert {x.__name__ for x in OPTIMIZERS.values()} == theirs - others
    assert set(OPTIMIZERS) <= set(Optimizer.registry)
