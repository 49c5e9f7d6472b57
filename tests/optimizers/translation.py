"""Our hyperparameters as PyTorch calls them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gradwire_service.optimizers import Setting, optimizer

NAMES = {"lr": "learning_rate"}
PAIRS = {
    "betas": ("beta1", "beta2"),
    "etas": ("eta_minus", "eta_plus"),
    "step_sizes": ("least_step", "greatest_step"),
    "eps": ("eps1", "eps2"),
}
"""What PyTorch takes as pairs."""

DIALECTS = (
    "amsgrad_corrected",
    "constant_momentum",
    "eps_in_denominator",
    "eps_inside_root",
    "eps_root",
    "scaled_momentum",
    "threshold_included",
)
"""Options that PyTorch has not."""


def is_pytorchs(name: str, settings: Mapping[str, Setting]) -> bool:
    """Tell whether PyTorch has an optimizer that does the same."""
    rule = optimizer(name, settings)
    if name == "sgd" and rule.decoupled_weight_decay:  # type: ignore[attr-defined]  # it is one
        return False
    return getattr(rule, "eps_uncorrected", False) is (name == "radam") and not any(
        getattr(rule, option, False) for option in DIALECTS
    )


def translated(name: str, settings: Mapping[str, Setting]) -> dict[str, Any]:
    """Return the arguments of PyTorch's optimizer."""
    rule = optimizer(name, settings)
    result: dict[str, Any] = dict(settings)
    if "learning_rate" in result:
        result["lr"] = result.pop("learning_rate")
    for theirs, ours in PAIRS.items():
        if set(ours) & set(result):
            result[theirs] = tuple(getattr(rule, key) or None for key in ours)  # None is PyTorch's 0 for ε₁
            for key in ours:
                result.pop(key, None)
    return result
