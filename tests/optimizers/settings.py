"""Settings in which every update rule is tried: its defaults, all that it adds, and the dialects of other libraries."""

from __future__ import annotations

from gradwire_service.optimizers import Setting

SETTINGS: dict[str, list[dict[str, Setting]]] = {
    "adabelief": [
        {"learning_rate": 0.01},
        {"learning_rate": 0.02, "beta1": 0.8, "beta2": 0.9, "eps": 1e-4, "eps_root": 1e-6, "weight_decay": 0.1},
    ],
    "adadelta": [
        {},
        {"learning_rate": 0.5, "rho": 0.8, "eps": 1e-3, "weight_decay": 0.1},
        {"learning_rate": 0.001, "rho": 0.95, "eps": 1e-7},
    ],
    "adafactor": [
        {},
        {"learning_rate": 0.3, "beta2_decay": -0.5, "eps1": 1e-4, "eps2": 1e-2, "d": 1.1, "weight_decay": 0.1},
    ],
    "adagrad": [
        {},
        {"learning_rate": 0.1, "lr_decay": 0.2, "weight_decay": 0.1, "eps": 1e-3},
        {"learning_rate": 0.1, "initial_accumulator_value": 0.1, "eps": 1e-7, "eps_inside_root": True},
    ],
    "adam": [
        {},
        {"learning_rate": 0.02, "beta1": 0.8, "beta2": 0.9, "eps": 1e-3, "weight_decay": 0.1},
        {"learning_rate": 0.02, "beta2": 0.9, "amsgrad": True},
        {"learning_rate": 0.02, "beta2": 0.9, "amsgrad": True, "amsgrad_corrected": True},
        {"learning_rate": 0.02, "eps_root": 1e-4},
        {"learning_rate": 0.02, "eps": 1e-3, "eps_uncorrected": True},
        {"learning_rate": 0.02, "beta2": 0.9, "eps": 1e-3, "eps_uncorrected": True, "amsgrad": True},
    ],
    "adamax": [
        {},
        {"learning_rate": 0.02, "beta1": 0.8, "beta2": 0.9, "eps": 1e-3, "weight_decay": 0.1},
        {"learning_rate": 0.01, "eps": 1e-3, "eps_in_denominator": True},
    ],
    "adamw": [
        {},
        {"learning_rate": 0.02, "beta1": 0.8, "beta2": 0.9, "weight_decay": 0.2},
        {"learning_rate": 0.02, "beta2": 0.9, "amsgrad": True, "amsgrad_corrected": True, "eps_root": 1e-4},
        {"learning_rate": 0.02, "weight_decay": 0.004, "eps": 1e-7, "eps_uncorrected": True},
    ],
    "asgd": [
        {"learning_rate": 1e-3},
        {"learning_rate": 2e-3, "lambd": 0.1, "alpha": 0.5, "t0": 5.0, "weight_decay": 0.1},
    ],
    "lamb": [
        {},
        {"learning_rate": 0.01, "beta1": 0.8, "beta2": 0.9, "eps": 1e-3, "eps_root": 1e-4, "weight_decay": 0.1},
    ],
    "lars": [
        {"learning_rate": 0.5},
        {"learning_rate": 0.5, "momentum": 0.8, "weight_decay": 0.1, "trust_coefficient": 0.01, "nesterov": True},
    ],
    "lion": [{}, {"learning_rate": 0.003, "beta1": 0.8, "beta2": 0.9, "weight_decay": 0.1}],
    "nadam": [
        {},
        {"learning_rate": 0.02, "beta1": 0.8, "beta2": 0.9, "weight_decay": 0.1, "momentum_decay": 0.1},
        {"learning_rate": 0.02, "weight_decay": 0.1, "decoupled_weight_decay": True},
        {"learning_rate": 0.02, "constant_momentum": True},
        {"learning_rate": 0.02, "momentum_decay": 1.0, "eps": 1e-7},
    ],
    "radam": [
        {"learning_rate": 0.0005},
        {"learning_rate": 0.0005, "beta1": 0.8, "beta2": 0.9, "eps": 1e-3, "weight_decay": 0.1},
        {"learning_rate": 0.0005, "weight_decay": 0.1, "decoupled_weight_decay": True},
        {"learning_rate": 0.0005, "beta2": 0.95, "eps": 1e-3, "eps_uncorrected": False, "threshold_included": True},
        {"learning_rate": 0.0005, "beta2": 0.5},
    ],
    "rmsprop": [
        {},
        {"alpha": 0.9, "eps": 1e-3, "weight_decay": 0.1},
        {"alpha": 0.9, "momentum": 0.8},
        {"alpha": 0.9, "centered": True, "momentum": 0.8, "weight_decay": 0.1, "eps": 1e-3},
        {"alpha": 0.9, "momentum": 0.8, "eps": 1e-3, "eps_inside_root": True, "scaled_momentum": True},
        {"alpha": 0.9, "centered": True, "eps": 1e-3, "eps_inside_root": True},
    ],
    "rprop": [
        {"learning_rate": 1e-3},
        {"learning_rate": 0.02, "eta_minus": 0.4, "eta_plus": 1.5, "least_step": 1e-3, "greatest_step": 0.03},
    ],
    "sgd": [
        {"learning_rate": 1e-3},
        {"learning_rate": 1e-3, "weight_decay": 0.1},
        {"learning_rate": 1e-3, "momentum": 0.8},
        {"learning_rate": 1e-3, "momentum": 0.8, "dampening": 0.4, "weight_decay": 0.1},
        {"learning_rate": 1e-3, "momentum": 0.8, "nesterov": True, "weight_decay": 0.1},
        {"learning_rate": 1e-3, "momentum": 0.8, "scaled_momentum": True, "weight_decay": 0.1},
        {
            "learning_rate": 1e-3,
            "momentum": 0.8,
            "nesterov": True,
            "scaled_momentum": True,
            "weight_decay": 0.1,
            "decoupled_weight_decay": True,
        },
    ],
    "sign_sgd": [{}, {"learning_rate": 0.01, "weight_decay": 0.1}],
    "yogi": [
        {"learning_rate": 0.01},
        {"learning_rate": 0.02, "beta1": 0.8, "beta2": 0.9, "eps": 1e-4, "initial_accumulator_value": 0.1},
    ],
}

CASES = [(name, settings) for name, several in SETTINGS.items() for settings in several]


def case_name(case: object) -> str:
    """Return a name for a test's case, the same in every run."""
    if isinstance(case, dict):
        return ",".join(f"{name}={value}" for name, value in case.items()) or "defaults"
    return str(case)
