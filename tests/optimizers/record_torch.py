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
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=initial)
    scheduler = make(optimizer)
    rates = []
    for _ in range(steps):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return rates


def main() -> None:
    torch.set_default_dtype(torch.float64)  # PyTorch keeps step numbers in the default type
    lr = torch.optim.lr_scheduler
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
            for name, parameters, make in [
                ("constant", {}, lambda o: lr.LambdaLR(o, lambda t: 1.0)),
                ("step", {"steps": 7, "factor": 0.5}, lambda o: lr.StepLR(o, 7, 0.5)),
                ("step", {"steps": 10}, lambda o: lr.StepLR(o, 10)),
                ("exponential", {"factor": 0.9}, lambda o: lr.ExponentialLR(o, 0.9)),
                ("cosine", {"steps": 30}, lambda o: lr.CosineAnnealingLR(o, 30)),
                ("cosine", {"steps": 30, "minimum": 0.01}, lambda o: lr.CosineAnnealingLR(o, 30, 0.01)),
            ]
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
