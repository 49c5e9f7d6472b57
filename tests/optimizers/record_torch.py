"""Records what PyTorch's optimizers and schedules do, for tests that then do without PyTorch.

Run it with PyTorch 2.13 installed: ``python -m tests.optimizers.record_torch``. It writes `torch.json` beside itself.
"""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from gradwire_service.optimizers import Optimizer
from tests.optimizers.settings import SETTINGS
from tests.optimizers.translation import NAMES, PAIRS, is_pytorchs, translated

Array = npt.NDArray[np.float64]

RECORD = Path(__file__).with_name("torch.json")
STEPS = 20
KEPT = (1, 2, 3, 7, 20)
START = [1.5, -0.75, 0.0, 1e-3]

OPTIMIZERS = {
    "adadelta": torch.optim.Adadelta,
    "adafactor": torch.optim.Adafactor,
    "adagrad": torch.optim.Adagrad,
    "adam": torch.optim.Adam,
    "adamax": torch.optim.Adamax,
    "adamw": torch.optim.AdamW,
    "asgd": torch.optim.ASGD,
    "nadam": torch.optim.NAdam,
    "radam": torch.optim.RAdam,
    "rmsprop": torch.optim.RMSprop,
    "rprop": torch.optim.Rprop,
    "sgd": torch.optim.SGD,
}

CASES = [
    (name, settings)
    for name, several in SETTINGS.items()
    for settings in several
    if name in OPTIMIZERS and is_pytorchs(name, settings)
]


def gradient(w: Array, step: int) -> Array:
    """A gradient that changes with parameter and step, so that nothing cancels by chance."""
    return np.asarray(w + np.cos(3 * w + step) * np.array([1.0, 0.1, 10.0, 1e-4]))


def trajectory(name: str, hyperparameters: dict[str, Any], element_type: str) -> dict[str, list[float]]:
    w = torch.tensor(START, dtype=getattr(torch, element_type), requires_grad=True)
    optimizer = OPTIMIZERS[name]([w], foreach=False, **translated(name, hyperparameters))
    kept = {}
    for step in range(1, STEPS + 1):
        w.grad = torch.tensor(gradient(w.detach().double().numpy(), step), dtype=w.dtype)
        optimizer.step()
        if step in KEPT:
            kept[str(step)] = w.detach().double().tolist()
    return kept


def defaults(name: str) -> dict[str, Any]:
    """Return PyTorch's defaults under our names."""
    parameters = inspect.signature(OPTIMIZERS[name]).parameters
    known = {x.name for x in Optimizer.registry[name].hyperparameters()}
    theirs = {key: x.default for key, x in parameters.items()}
    found = {NAMES.get(key, key): x for key, x in theirs.items()}
    for key, ours in PAIRS.items():
        if key in theirs and isinstance(theirs[key], tuple):
            found |= dict(zip(ours, theirs[key], strict=True))
    return {key: x for key, x in found.items() if key in known and x is not None and not isinstance(x, tuple)}


def schedule(initial: float, make: Any, steps: int) -> list[float]:
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=initial, momentum=0.9)  # one-cycle asks for a momentum
    scheduler = make(optimizer)
    rates = []
    for _ in range(steps):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return rates


def plateau(initial: float, settings: dict[str, Any]) -> list[float]:
    """Return the rate of each epoch."""
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=initial)
    mode = "abs" if settings.get("absolute") else "rel"
    theirs = {"min_lr" if key == "minimum" else key: x for key, x in settings.items() if key != "absolute"}
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, threshold_mode=mode, **theirs)
    rates = []
    for loss in PLATEAU_LOSSES:
        rates.append(optimizer.param_groups[0]["lr"])
        scheduler.step(loss)
    return rates


PLATEAU_LOSSES = [1.0, 0.8, 0.79999, 0.795, 0.81, 0.9, 0.7, 0.7, 0.7, 0.6999, 0.72, 0.69, 0.7, 0.7, 0.7, 0.7, 0.7, 0.7]


def schedules(lr: Any) -> list[tuple[str, dict[str, Any], Any]]:
    """Return our schedules with what makes PyTorch's."""
    return [
        ("constant", {}, lambda o: lr.LambdaLR(o, lambda t: 1.0)),
        ("step", {"steps": 7, "factor": 0.5}, lambda o: lr.StepLR(o, 7, 0.5)),
        ("step", {"steps": 10}, lambda o: lr.StepLR(o, 10)),
        ("multistep", {"milestones": [3, 4, 20], "factor": 0.5}, lambda o: lr.MultiStepLR(o, [3, 4, 20], 0.5)),
        ("linear", {"steps": 12, "start_factor": 0.25, "end_factor": 0.75}, lambda o: lr.LinearLR(o, 0.25, 0.75, 12)),
        ("exponential", {"factor": 0.9}, lambda o: lr.ExponentialLR(o, 0.9)),
        ("polynomial", {"steps": 25, "power": 2.5}, lambda o: lr.PolynomialLR(o, 25, 2.5)),
        ("cosine", {"steps": 30}, lambda o: lr.CosineAnnealingLR(o, 30)),
        ("cosine", {"steps": 30, "minimum": 0.01}, lambda o: lr.CosineAnnealingLR(o, 30, 0.01)),
        ("cosine_restarts", {"steps": 7}, lambda o: lr.CosineAnnealingWarmRestarts(o, 7)),
        (
            "cosine_restarts",
            {"steps": 3, "growth": 2, "minimum": 0.01},
            lambda o: lr.CosineAnnealingWarmRestarts(o, 3, 2, 0.01),
        ),
        ("cyclic", {"maximum": 0.9, "steps_up": 4}, lambda o: lr.CyclicLR(o, 0.3, 0.9, 4, cycle_momentum=False)),
        (
            "cyclic",
            {"maximum": 0.9, "steps_up": 3, "steps_down": 5, "cycle_factor": 0.5},
            lambda o: lr.CyclicLR(o, 0.3, 0.9, 3, 5, "triangular2", cycle_momentum=False),
        ),
        (
            "cyclic",
            {"maximum": 0.9, "steps_up": 3, "steps_down": 2, "step_factor": 0.95},
            lambda o: lr.CyclicLR(o, 0.3, 0.9, 3, 2, "exp_range", 0.95, cycle_momentum=False),
        ),
        ("one_cycle", {"steps": 32}, lambda o: lr.OneCycleLR(o, 0.3, total_steps=32)),
        (
            "one_cycle",
            {"steps": 32, "rising_share": 0.25, "start_divisor": 5.0, "end_divisor": 100.0, "linear": True},
            lambda o: lr.OneCycleLR(
                o, 0.3, 32, pct_start=0.25, div_factor=5.0, final_div_factor=100.0, anneal_strategy="linear"
            ),
        ),
        (
            "one_cycle",
            {"steps": 32, "rising_share": 0.25, "three_phases": True},
            lambda o: lr.OneCycleLR(o, 0.3, 32, pct_start=0.25, three_phase=True),
        ),
    ]


def main() -> None:
    torch.set_default_dtype(torch.float64)  # PyTorch keeps step numbers in the default type
    record = {
        "version": torch.__version__,
        "start": START,
        "defaults": {name: defaults(name) for name in OPTIMIZERS},
        "trajectories": [
            {
                "optimizer": name,
                "hyperparameters": hyperparameters,
                "element_type": element_type,
                "parameters": trajectory(name, hyperparameters, element_type),
            }
            for name, hyperparameters in CASES
            for element_type in ("float64", "float32")
        ],
        "schedules": [
            {"schedule": name, "parameters": parameters, "initial": 0.3, "rates": schedule(0.3, make, 31)}
            for name, parameters, make in schedules(torch.optim.lr_scheduler)
        ],
        "plateau_losses": PLATEAU_LOSSES,
        "plateaus": [
            {"parameters": settings, "initial": 0.3, "rates": plateau(0.3, settings)}
            for settings in (
                {"patience": 2},
                {"patience": 1, "factor": 0.5, "cooldown": 2},
                {"patience": 0, "factor": 0.2, "minimum": 0.01},
                {"patience": 1, "threshold": 0.01, "absolute": True},
                {"patience": 0, "factor": 0.001},
            )
        ],
    }
    RECORD.write_text(written(record) + "\n")


def written(record: dict[str, Any]) -> str:
    """Return JSON with one case a line."""
    parts = []
    for key, value in record.items():
        text = json.dumps(value)
        if isinstance(value, list) and isinstance(value[0], dict):
            text = "[\n  " + ",\n  ".join(map(json.dumps, value)) + "\n ]"
        parts.append(f' "{key}": {text}')
    return "{\n" + ",\n".join(parts) + "\n}"


if __name__ == "__main__":
    main()
