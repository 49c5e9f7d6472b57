"""The optimizers, by name.

Written by `generate_functions.py`, from the registries of the service.
"""

from __future__ import annotations

from typing import Unpack

from gradwire.optimization import Optimizer, OptimizerSettings

__all__ = [
    "adagrad",
    "adam",
    "adamw",
    "rmsprop",
    "sgd",
]


def adagrad(
    learning_rate: float = 0.01,
    *,
    lr_decay: float = 0.0,
    weight_decay: float = 0.0,
    initial_accumulator_value: float = 0.0,
    eps: float = 1e-10,
    **settings: Unpack[OptimizerSettings],
) -> Optimizer:
    """Gradient descent, divided by the root of the sum of all squared gradients.

    In step t, with learning rate η, its decay κ, ε and weight decay λ; s starts at σ::

        g ← g + λ w
        s ← s + g²
        w ← w - η / (1 + (t - 1) κ) · g / (√s + ε)

    Args:
        learning_rate: factor on the step, before any schedule; 0 or more.
        lr_decay: how fast the learning rate falls, per step; 0 or more.
        weight_decay: share of the parameter that is added to the gradient; 0 or more.
        initial_accumulator_value: where the sum starts, in units of the squared gradient; 0 or more.
        eps: added to the root in the denominator, in units of the gradient; 0 or more.
        settings: schedule, clipping, groups, bounds; see `OptimizerSettings`.

    Defaults: η = 0.01, κ = 0, λ = 0, σ = 0, ε = 1e-10.
    Source: PyTorch, `torch.optim.Adagrad`; Duchi, Hazan, Singer (2011), "Adaptive subgradient methods for online
        learning and stochastic optimization".
    """
    return Optimizer(
        "adagrad",
        {
            "learning_rate": learning_rate,
            "lr_decay": lr_decay,
            "weight_decay": weight_decay,
            "initial_accumulator_value": initial_accumulator_value,
            "eps": eps,
        },
        **settings,
    )


def adam(
    learning_rate: float = 0.001,
    *,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-08,
    weight_decay: float = 0.0,
    amsgrad: bool = False,
    **settings: Unpack[OptimizerSettings],
) -> Optimizer:
    """Adaptive moment estimation; its weight decay is part of the gradient.

    In step t, with learning rate η, β₁, β₂, ε and weight decay λ; m, v and v_max start at 0::

        g ← g + λ w
        m ← β₁ m + (1 - β₁) g
        v ← β₂ v + (1 - β₂) g²
        v_max ← max(v_max, v)                                   with amsgrad, in place of v below
        w ← w - η / (1 - β₁ᵗ) · m / (√v / √(1 - β₂ᵗ) + ε)

    Args:
        learning_rate: factor on the step, before any schedule; 0 or more.
        beta1: share of the past in a running mean, dimensionless; at least 0 and below 1.
        beta2: share of the past in a running mean, dimensionless; at least 0 and below 1.
        eps: added to the root in the denominator, in units of the gradient; 0 or more.
        weight_decay: share of the parameter that is added to the gradient; 0 or more.
        amsgrad: divide by the greatest mean square so far.
        settings: schedule, clipping, groups, bounds; see `OptimizerSettings`.

    Defaults: η = 0.001, β₁ = 0.9, β₂ = 0.999, ε = 1e-8, λ = 0, no amsgrad.
    Source: PyTorch, `torch.optim.Adam`; Kingma, Ba (2015), "Adam: a method for stochastic optimization"; Reddi, Kale,
        Kumar (2018), "On the convergence of Adam and beyond", for amsgrad, whose maximum is over uncorrected v here.
    """
    return Optimizer(
        "adam",
        {
            "learning_rate": learning_rate,
            "beta1": beta1,
            "beta2": beta2,
            "eps": eps,
            "weight_decay": weight_decay,
            "amsgrad": amsgrad,
        },
        **settings,
    )


def adamw(
    learning_rate: float = 0.001,
    *,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-08,
    weight_decay: float = 0.01,
    amsgrad: bool = False,
    **settings: Unpack[OptimizerSettings],
) -> Optimizer:
    """Adam with a weight decay that is no part of the gradient: the parameter shrinks by η λ of itself, then moves.

    In step t, with learning rate η, β₁, β₂, ε and weight decay λ; m, v and v_max start at 0::

        w ← (1 - η λ) w
        m ← β₁ m + (1 - β₁) g
        v ← β₂ v + (1 - β₂) g²
        v_max ← max(v_max, v)                                   with amsgrad, in place of v below
        w ← w - η / (1 - β₁ᵗ) · m / (√v / √(1 - β₂ᵗ) + ε)

    Args:
        learning_rate: factor on the step, before any schedule; 0 or more.
        beta1: share of the past in a running mean, dimensionless; at least 0 and below 1.
        beta2: share of the past in a running mean, dimensionless; at least 0 and below 1.
        eps: added to the root in the denominator, in units of the gradient; 0 or more.
        weight_decay: what the parameter loses, per unit of learning rate; 0 or more.
        amsgrad: divide by the greatest mean square so far.
        settings: schedule, clipping, groups, bounds; see `OptimizerSettings`.

    Defaults: η = 0.001, β₁ = 0.9, β₂ = 0.999, ε = 1e-8, λ = 0.01, no amsgrad.
    Source: PyTorch, `torch.optim.AdamW`; Loshchilov, Hutter (2019), "Decoupled weight decay regularization".
    """
    return Optimizer(
        "adamw",
        {
            "learning_rate": learning_rate,
            "beta1": beta1,
            "beta2": beta2,
            "eps": eps,
            "weight_decay": weight_decay,
            "amsgrad": amsgrad,
        },
        **settings,
    )


def rmsprop(
    learning_rate: float = 0.01,
    *,
    alpha: float = 0.99,
    eps: float = 1e-08,
    weight_decay: float = 0.0,
    momentum: float = 0.0,
    centered: bool = False,
    **settings: Unpack[OptimizerSettings],
) -> Optimizer:
    """Gradient descent, divided by the root of a running mean of squared gradients.

    In each step, with learning rate η, α, ε, momentum μ and weight decay λ; v, a and b start at 0::

        g ← g + λ w
        v ← α v + (1 - α) g²
        a ← α a + (1 - α) g                         centered
        d = √v + ε                                  or, centered, √max(v - a², 0) + ε
        w ← w - η g / d                             without momentum
        b ← μ b + g / d;  w ← w - η b               with momentum

    Args:
        learning_rate: factor on the step, before any schedule; 0 or more.
        alpha: share of the past in a running mean, dimensionless; at least 0 and below 1.
        eps: added to the root in the denominator, in units of the gradient; 0 or more.
        weight_decay: share of the parameter that is added to the gradient; 0 or more.
        momentum: share of the last step that goes on, dimensionless; 0 or more.
        centered: divide by the standard deviation in place of the root mean square.
        settings: schedule, clipping, groups, bounds; see `OptimizerSettings`.

    Defaults: η = 0.01, α = 0.99, ε = 1e-8, μ = λ = 0, not centered.
    Source: PyTorch, `torch.optim.RMSprop`, which yields NaN where rounding makes v - a² negative; Hinton, Srivastava,
        Swersky (2012), "Neural networks for machine learning", lecture 6; Graves (2013), "Generating sequences with
        recurrent neural networks", section 4.2, for the centered form.
    """
    return Optimizer(
        "rmsprop",
        {
            "learning_rate": learning_rate,
            "alpha": alpha,
            "eps": eps,
            "weight_decay": weight_decay,
            "momentum": momentum,
            "centered": centered,
        },
        **settings,
    )


def sgd(
    learning_rate: float = 0.001,
    *,
    momentum: float = 0.0,
    dampening: float = 0.0,
    weight_decay: float = 0.0,
    nesterov: bool = False,
    **settings: Unpack[OptimizerSettings],
) -> Optimizer:
    """Gradient descent, with momentum if asked for.

    In step t, with learning rate η, momentum μ, dampening τ and weight decay λ::

        g ← g + λ w
        b ← g                     in step 1
        b ← μ b + (1 - τ) g       from step 2 on
        w ← w - η g               without momentum
        w ← w - η b               with momentum
        w ← w - η (g + μ b)       with Nesterov's

    Args:
        learning_rate: factor on the step, before any schedule; 0 or more.
        momentum: share of the last step that goes on, dimensionless; 0 or more.
        dampening: share of the gradient that is kept out of the momentum; from 0 up to 1.
        weight_decay: share of the parameter that is added to the gradient; 0 or more.
        nesterov: look ahead along the momentum.
        settings: schedule, clipping, groups, bounds; see `OptimizerSettings`.

    Defaults: η = 0.001, μ = τ = λ = 0, not Nesterov's.
    Raises: HyperparameterError also for Nesterov's momentum with μ = 0 or τ ≠ 0.
    Source: PyTorch, `torch.optim.SGD`; Sutskever et al. (2013), "On the importance of initialization and momentum in
        deep learning", for Nesterov's form.
    """
    return Optimizer(
        "sgd",
        {
            "learning_rate": learning_rate,
            "momentum": momentum,
            "dampening": dampening,
            "weight_decay": weight_decay,
            "nesterov": nesterov,
        },
        **settings,
    )
