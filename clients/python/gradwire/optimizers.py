"""The optimizers, by name.

Written by `generate_functions.py`, from the registries of the service.
"""

from __future__ import annotations

from typing import Unpack

from gradwire.optimization import Optimizer, OptimizerSettings

__all__ = [
    "adabelief",
    "adadelta",
    "adafactor",
    "adagrad",
    "adam",
    "adamax",
    "adamw",
    "asgd",
    "lamb",
    "lars",
    "lion",
    "nadam",
    "radam",
    "rmsprop",
    "rprop",
    "sgd",
    "sign_sgd",
    "yogi",
]


def adabelief(
    learning_rate: float = 0.001,
    *,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-16,
    eps_root: float = 1e-16,
    weight_decay: float = 0.0,
    **settings: Unpack[OptimizerSettings],
) -> Optimizer:
    """Adam that divides by how far gradients are from their running mean: long steps where they are as was believed.

    In step t, with learning rate η, β₁, β₂, ε, ε₀ = `eps_root` and weight decay λ; m and v start at 0::

        g ← g + λ w
        m ← β₁ m + (1 - β₁) g
        v ← β₂ v + (1 - β₂) (g - m)² + ε₀
        w ← w - η / (1 - β₁ᵗ) · m / (√(v / (1 - β₂ᵗ)) + ε)

    Args:
        learning_rate: factor on the step, before any schedule; 0 or more.
        beta1: share of the past in a running mean, dimensionless; at least 0 and below 1.
        beta2: share of the past in a running mean, dimensionless; at least 0 and below 1.
        eps: added to the root in the denominator, in units of the gradient; 0 or more.
        eps_root: added to v in each step, in units of the squared gradient; 0 or more.
        weight_decay: share of the parameter that is added to the gradient; 0 or more.
        settings: schedule, clipping, averaging, groups, bounds; see `OptimizerSettings`.

    Defaults: η = 0.001, β₁ = 0.9, β₂ = 0.999, ε = ε₀ = 1e-16, λ = 0.
    Source: optax, `adabelief`; Zhuang et al. (2020), "AdaBelief optimizer: adapting stepsizes by the belief in observed
        gradients".
    """
    return Optimizer(
        "adabelief",
        {
            "learning_rate": learning_rate,
            "beta1": beta1,
            "beta2": beta2,
            "eps": eps,
            "eps_root": eps_root,
            "weight_decay": weight_decay,
        },
        **settings,
    )


def adadelta(
    learning_rate: float = 1.0,
    *,
    rho: float = 0.9,
    eps: float = 1e-06,
    weight_decay: float = 0.0,
    **settings: Unpack[OptimizerSettings],
) -> Optimizer:
    """Gradient descent whose step has the units of the parameter: that of past steps over that of past gradients.

    In each step, with learning rate η, ρ, ε and weight decay λ; v and a start at 0::

        g ← g + λ w
        v ← ρ v + (1 - ρ) g²
        d = √(a + ε) / √(v + ε) · g
        a ← ρ a + (1 - ρ) d²
        w ← w - η d

    Args:
        learning_rate: factor on the step, before any schedule; 0 or more.
        rho: share of the past in a running mean, dimensionless; at least 0 and below 1.
        eps: added below both roots; 0 or more.
        weight_decay: share of the parameter that is added to the gradient; 0 or more.
        settings: schedule, clipping, averaging, groups, bounds; see `OptimizerSettings`.

    Defaults: η = 1, ρ = 0.9, ε = 1e-6, λ = 0. Keras: η = 0.001, ρ = 0.95, ε = 1e-7.
    Source: PyTorch, `torch.optim.Adadelta`; Zeiler (2012), "ADADELTA: an adaptive learning rate method".
    """
    return Optimizer(
        "adadelta", {"learning_rate": learning_rate, "rho": rho, "eps": eps, "weight_decay": weight_decay}, **settings
    )


def adafactor(
    learning_rate: float = 0.01,
    *,
    beta2_decay: float = -0.8,
    eps1: float = 0.0,
    eps2: float = 0.001,
    d: float = 1.0,
    weight_decay: float = 0.0,
    **settings: Unpack[OptimizerSettings],
) -> Optimizer:
    """Gradient descent, divided by an estimate of the root mean square that takes little memory.

    In step t, with learning rate η, γ = `beta2_decay`, ε₁, ε₂, threshold d and weight decay λ; r, c and v start at 0,
    n is the number of elements, RMS(x) = ‖x‖ / √n::

        α = max(ε₂, RMS(w)) min(η, 1 / √t)
        w ← (1 - η λ) w
        r ← r + t^γ (mean of g² along rows - r)             of what has two axes or more: the last two count
        c ← c + t^γ (mean of g² along columns - c)
        v = r c / max(mean of r, ε₁)
        v ← v + t^γ (g² - v)                                of all else, where v is remembered
        u = g / √max(v, ε₁²)
        w ← w - α u / max(1, RMS(u) / d)

    Args:
        learning_rate: factor on the step, before any schedule; 0 or more.
        beta2_decay: power of t in the weight of what is new; finite.
        eps1: least root mean square, in units of the gradient; 0 or more.
        eps2: least scale of a parameter, in its units; 0 or more.
        d: root mean square from which a step is cut down; 1 or more.
        weight_decay: what the parameter loses, per unit of learning rate; 0 or more.
        settings: schedule, clipping, averaging, groups, bounds; see `OptimizerSettings`.

    Defaults: η = 0.01, γ = -0.8, ε₁ = 0, which stands for the spacing of floating-point numbers at 1, ε₂ = 0.001,
        d = 1, λ = 0.
    Source: PyTorch, `torch.optim.Adafactor`; Shazeer, Stern (2018), "Adafactor: adaptive learning rates with sublinear
        memory cost".
    """
    return Optimizer(
        "adafactor",
        {
            "learning_rate": learning_rate,
            "beta2_decay": beta2_decay,
            "eps1": eps1,
            "eps2": eps2,
            "d": d,
            "weight_decay": weight_decay,
        },
        **settings,
    )


def adagrad(
    learning_rate: float = 0.01,
    *,
    lr_decay: float = 0.0,
    weight_decay: float = 0.0,
    initial_accumulator_value: float = 0.0,
    eps: float = 1e-10,
    eps_inside_root: bool = False,
    **settings: Unpack[OptimizerSettings],
) -> Optimizer:
    """Gradient descent, divided by the root of the sum of all squared gradients.

    In step t, with learning rate η, its decay κ, ε and weight decay λ; s starts at σ::

        g ← g + λ w
        s ← s + g²
        w ← w - η / (1 + (t - 1) κ) · g / (√s + ε)

    With `eps_inside_root` the denominator is √(s + ε), and what has s = 0 stays.

    Args:
        learning_rate: factor on the step, before any schedule; 0 or more.
        lr_decay: how fast the learning rate falls, per step; 0 or more.
        weight_decay: share of the parameter that is added to the gradient; 0 or more.
        initial_accumulator_value: where the sum starts, in units of the squared gradient; 0 or more.
        eps: added to the root in the denominator, in units of the gradient; 0 or more.
        eps_inside_root: add ε below the root, in units of the squared gradient.
        settings: schedule, clipping, averaging, groups, bounds; see `OptimizerSettings`.

    Defaults: η = 0.01, κ = 0, λ = 0, σ = 0, ε = 1e-10. optax and Keras: `eps_inside_root`, σ = 0.1, ε = 1e-7.
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
            "eps_inside_root": eps_inside_root,
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
    eps_root: float = 0.0,
    eps_uncorrected: bool = False,
    amsgrad_corrected: bool = False,
    **settings: Unpack[OptimizerSettings],
) -> Optimizer:
    """Adaptive moment estimation; its weight decay is part of the gradient.

    In step t, with learning rate η, β₁, β₂, ε and weight decay λ; m, v and v_max start at 0::

        g ← g + λ w
        m ← β₁ m + (1 - β₁) g
        v ← β₂ v + (1 - β₂) g²
        v_max ← max(v_max, v)                                   with amsgrad, in place of v below
        w ← w - η / (1 - β₁ᵗ) · m / (√v / √(1 - β₂ᵗ) + ε)

    With ε₀ = `eps_root` the root is √(v / (1 - β₂ᵗ) + ε₀). With `eps_uncorrected` the last line is
    w ← w - η √(1 - β₂ᵗ) / (1 - β₁ᵗ) · m / (√v + ε). With `amsgrad_corrected` v_max is that of v / (1 - β₂ᵗ).

    Args:
        learning_rate: factor on the step, before any schedule; 0 or more.
        beta1: share of the past in a running mean, dimensionless; at least 0 and below 1.
        beta2: share of the past in a running mean, dimensionless; at least 0 and below 1.
        eps: added to the root in the denominator, in units of the gradient; 0 or more.
        weight_decay: share of the parameter that is added to the gradient; 0 or more.
        amsgrad: divide by the greatest mean square so far.
        eps_root: added below the root, in units of the squared gradient; 0 or more.
        eps_uncorrected: add ε to the root before the bias of v is corrected.
        amsgrad_corrected: take the greatest mean square after the correction of its bias.
        settings: schedule, clipping, averaging, groups, bounds; see `OptimizerSettings`.

    Defaults: η = 0.001, β₁ = 0.9, β₂ = 0.999, ε = 1e-8, ε₀ = λ = 0, no amsgrad. optax: `amsgrad_corrected`. Keras:
        `eps_uncorrected`, ε = 1e-7.
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
            "eps_root": eps_root,
            "eps_uncorrected": eps_uncorrected,
            "amsgrad_corrected": amsgrad_corrected,
        },
        **settings,
    )


def adamax(
    learning_rate: float = 0.002,
    *,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-08,
    weight_decay: float = 0.0,
    eps_in_denominator: bool = False,
    **settings: Unpack[OptimizerSettings],
) -> Optimizer:
    """Adam with the greatest magnitude in place of the root mean square.

    In step t, with learning rate η, β₁, β₂, ε and weight decay λ; m and u start at 0::

        g ← g + λ w
        m ← β₁ m + (1 - β₁) g
        u ← max(β₂ u, |g| + ε)
        w ← w - η / (1 - β₁ᵗ) · m / u

    With `eps_in_denominator` u ← max(β₂ u, |g|), and m is divided by u + ε.

    Args:
        learning_rate: factor on the step, before any schedule; 0 or more.
        beta1: share of the past in a running mean, dimensionless; at least 0 and below 1.
        beta2: share of the past in a running mean, dimensionless; at least 0 and below 1.
        eps: added to the magnitude, in units of the gradient; 0 or more.
        weight_decay: share of the parameter that is added to the gradient; 0 or more.
        eps_in_denominator: add ε to u where it divides, not where it is remembered.
        settings: schedule, clipping, averaging, groups, bounds; see `OptimizerSettings`.

    Defaults: η = 0.002, β₁ = 0.9, β₂ = 0.999, ε = 1e-8, λ = 0. Keras: `eps_in_denominator`, ε = 1e-7, η = 0.001.
    Source: PyTorch, `torch.optim.Adamax`; Kingma, Ba (2015), "Adam: a method for stochastic optimization", section 7.1.
    """
    return Optimizer(
        "adamax",
        {
            "learning_rate": learning_rate,
            "beta1": beta1,
            "beta2": beta2,
            "eps": eps,
            "weight_decay": weight_decay,
            "eps_in_denominator": eps_in_denominator,
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
    eps_root: float = 0.0,
    eps_uncorrected: bool = False,
    amsgrad_corrected: bool = False,
    **settings: Unpack[OptimizerSettings],
) -> Optimizer:
    """Adam with a weight decay that is no part of the gradient: the parameter shrinks by η λ of itself, then moves.

    In step t, with learning rate η, β₁, β₂, ε and weight decay λ; m, v and v_max start at 0::

        w ← (1 - η λ) w
        m ← β₁ m + (1 - β₁) g
        v ← β₂ v + (1 - β₂) g²
        v_max ← max(v_max, v)                                   with amsgrad, in place of v below
        w ← w - η / (1 - β₁ᵗ) · m / (√v / √(1 - β₂ᵗ) + ε)

    With ε₀ = `eps_root` the root is √(v / (1 - β₂ᵗ) + ε₀). With `eps_uncorrected` the last line is
    w ← w - η √(1 - β₂ᵗ) / (1 - β₁ᵗ) · m / (√v + ε). With `amsgrad_corrected` v_max is that of v / (1 - β₂ᵗ).

    Args:
        learning_rate: factor on the step, before any schedule; 0 or more.
        beta1: share of the past in a running mean, dimensionless; at least 0 and below 1.
        beta2: share of the past in a running mean, dimensionless; at least 0 and below 1.
        eps: added to the root in the denominator, in units of the gradient; 0 or more.
        weight_decay: what the parameter loses, per unit of learning rate; 0 or more.
        amsgrad: divide by the greatest mean square so far.
        eps_root: added below the root, in units of the squared gradient; 0 or more.
        eps_uncorrected: add ε to the root before the bias of v is corrected.
        amsgrad_corrected: take the greatest mean square after the correction of its bias.
        settings: schedule, clipping, averaging, groups, bounds; see `OptimizerSettings`.

    Defaults: η = 0.001, β₁ = 0.9, β₂ = 0.999, ε = 1e-8, ε₀ = 0, λ = 0.01, no amsgrad. optax: λ = 1e-4,
        `amsgrad_corrected`. Keras: λ = 0.004, `eps_uncorrected`, ε = 1e-7.
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
            "eps_root": eps_root,
            "eps_uncorrected": eps_uncorrected,
            "amsgrad_corrected": amsgrad_corrected,
        },
        **settings,
    )


def asgd(
    learning_rate: float = 0.01,
    *,
    lambd: float = 0.0001,
    alpha: float = 0.75,
    t0: float = 1000000.0,
    weight_decay: float = 0.0,
    **settings: Unpack[OptimizerSettings],
) -> Optimizer:
    """Averaged gradient descent, at a learning rate that falls.

    In step t, with learning rate η, κ = `lambd`, α, t₀ and weight decay λ; e starts at η, a at 0::

        g ← g + λ w
        w ← (1 - κ e) w - e g
        a ← a + (w - a) / max(1, t - 1 - t₀)
        e ← η / (1 + κ η t)^α

    The average is remembered as the slot a; up to step t₀ it is the parameter itself. A schedule changes e from the
    step after on.

    Args:
        learning_rate: factor on the step, before any schedule; 0 or more.
        lambd: what the parameter loses, per unit of learning rate; 0 or more.
        alpha: power with which the learning rate falls; 0 or more.
        t0: steps before the average begins; 0 or more.
        weight_decay: share of the parameter that is added to the gradient; 0 or more.
        settings: schedule, clipping, averaging, groups, bounds; see `OptimizerSettings`.

    Defaults: η = 0.01, κ = 1e-4, α = 0.75, t₀ = 1e6, λ = 0.
    Source: PyTorch, `torch.optim.ASGD`; Polyak, Juditsky (1992), "Acceleration of stochastic approximation by
        averaging".
    """
    return Optimizer(
        "asgd",
        {"learning_rate": learning_rate, "lambd": lambd, "alpha": alpha, "t0": t0, "weight_decay": weight_decay},
        **settings,
    )


def lamb(
    learning_rate: float = 0.001,
    *,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-06,
    eps_root: float = 0.0,
    weight_decay: float = 0.0,
    **settings: Unpack[OptimizerSettings],
) -> Optimizer:
    """Adam, each parameter at a step in proportion to its norm.

    In step t, with learning rate η, β₁, β₂, ε, ε₀ = `eps_root` and weight decay λ; m and v start at 0::

        m ← β₁ m + (1 - β₁) g
        v ← β₂ v + (1 - β₂) g²
        u = m / (1 - β₁ᵗ) / (√(v / (1 - β₂ᵗ) + ε₀) + ε) + λ w
        w ← w - η ‖w‖ / ‖u‖ · u                     or η u, where one of the norms is 0

    Args:
        learning_rate: factor on the step, before any schedule; 0 or more.
        beta1: share of the past in a running mean, dimensionless; at least 0 and below 1.
        beta2: share of the past in a running mean, dimensionless; at least 0 and below 1.
        eps: added to the root in the denominator, in units of the gradient; 0 or more.
        eps_root: added below the root, in units of the squared gradient; 0 or more.
        weight_decay: share of the parameter that is added to the direction; 0 or more.
        settings: schedule, clipping, averaging, groups, bounds; see `OptimizerSettings`.

    Defaults: η = 0.001, β₁ = 0.9, β₂ = 0.999, ε = 1e-6, ε₀ = λ = 0. Keras: ε = 1e-7, and decay, if any, is decoupled.
    Source: optax, `lamb`; You et al. (2020), "Large batch optimization for deep learning: training BERT in 76 minutes".
    """
    return Optimizer(
        "lamb",
        {
            "learning_rate": learning_rate,
            "beta1": beta1,
            "beta2": beta2,
            "eps": eps,
            "eps_root": eps_root,
            "weight_decay": weight_decay,
        },
        **settings,
    )


def lars(
    learning_rate: float = 0.001,
    *,
    momentum: float = 0.9,
    weight_decay: float = 0.0,
    trust_coefficient: float = 0.001,
    eps: float = 0.0,
    nesterov: bool = False,
    **settings: Unpack[OptimizerSettings],
) -> Optimizer:
    """Gradient descent with momentum, each parameter at a step in proportion to its norm.

    In each step, with learning rate η, trust coefficient τ, ε, momentum μ and weight decay λ; b starts at 0::

        g ← g + λ w
        u = τ ‖w‖ / (‖g‖ + ε) · g                   or g, where one of the norms is 0
        b ← μ b + η u
        w ← w - b                                   or, with Nesterov's momentum, w - (η u + μ b)

    Args:
        learning_rate: factor on the step, before any schedule; 0 or more.
        momentum: share of the last step that goes on, dimensionless; 0 or more.
        weight_decay: share of the parameter that is added to the gradient; 0 or more.
        trust_coefficient: step in units of the parameter's norm; more than 0.
        eps: added to the norm of the gradient, in its units; 0 or more.
        nesterov: look ahead along the momentum.
        settings: schedule, clipping, averaging, groups, bounds; see `OptimizerSettings`.

    Defaults: η = 0.001, τ = 0.001, μ = 0.9, ε = λ = 0, not Nesterov's.
    Source: optax, `lars`; You, Gitman, Ginsburg (2017), "Large batch training of convolutional networks".
    """
    return Optimizer(
        "lars",
        {
            "learning_rate": learning_rate,
            "momentum": momentum,
            "weight_decay": weight_decay,
            "trust_coefficient": trust_coefficient,
            "eps": eps,
            "nesterov": nesterov,
        },
        **settings,
    )


def lion(
    learning_rate: float = 0.0001,
    *,
    beta1: float = 0.9,
    beta2: float = 0.99,
    weight_decay: float = 0.001,
    **settings: Unpack[OptimizerSettings],
) -> Optimizer:
    """Descent by the sign of a running mean of the gradient, which is more of the gradient than the one remembered.

    In each step, with learning rate η, β₁, β₂ and weight decay λ; m starts at 0::

        u = sign(β₁ m + (1 - β₁) g)
        m ← β₂ m + (1 - β₂) g
        w ← w - η (u + λ w)

    Args:
        learning_rate: factor on the step, before any schedule; 0 or more.
        beta1: share of the past in a running mean, dimensionless; at least 0 and below 1.
        beta2: share of the past in a running mean, dimensionless; at least 0 and below 1.
        weight_decay: what the parameter loses, per unit of learning rate; 0 or more.
        settings: schedule, clipping, averaging, groups, bounds; see `OptimizerSettings`.

    Defaults: η = 1e-4, β₁ = 0.9, β₂ = 0.99, λ = 0.001. Keras: λ = 0, η = 0.001.
    Source: optax, `lion`; Chen et al. (2023), "Symbolic discovery of optimization algorithms".
    """
    return Optimizer(
        "lion",
        {"learning_rate": learning_rate, "beta1": beta1, "beta2": beta2, "weight_decay": weight_decay},
        **settings,
    )


def nadam(
    learning_rate: float = 0.002,
    *,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-08,
    weight_decay: float = 0.0,
    momentum_decay: float = 0.004,
    decoupled_weight_decay: bool = False,
    constant_momentum: bool = False,
    **settings: Unpack[OptimizerSettings],
) -> Optimizer:
    """Adam with Nesterov's momentum, which is warmed up.

    In step t, with learning rate η, β₁, β₂, ε, ψ and weight decay λ; m and v start at 0, Π at 1::

        g ← g + λ w
        μₜ = β₁ (1 - 0.96^(t ψ) / 2)
        Π ← Π μₜ
        m ← β₁ m + (1 - β₁) g
        v ← β₂ v + (1 - β₂) g²
        w ← w - η ((1 - μₜ) / (1 - Π) · g + μₜ₊₁ / (1 - Π μₜ₊₁) · m) / (√(v / (1 - β₂ᵗ)) + ε)

    With `decoupled_weight_decay` the first line is w ← (1 - η λ) w. With `constant_momentum` μₜ = β₁.

    Args:
        learning_rate: factor on the step, before any schedule; 0 or more.
        beta1: share of the past in a running mean, dimensionless; at least 0 and below 1.
        beta2: share of the past in a running mean, dimensionless; at least 0 and below 1.
        eps: added to the root in the denominator, in units of the gradient; 0 or more.
        weight_decay: share of the parameter that is added to the gradient; 0 or more.
        momentum_decay: how fast the momentum is warmed up, per step; 0 or more.
        decoupled_weight_decay: let the weight decay shrink the parameter instead of adding to the gradient.
        constant_momentum: leave the warm-up of the momentum out.
        settings: schedule, clipping, averaging, groups, bounds; see `OptimizerSettings`.

    Defaults: η = 0.002, β₁ = 0.9, β₂ = 0.999, ε = 1e-8, λ = 0, ψ = 0.004. optax: `constant_momentum`. Keras: ψ = 1,
        ε = 1e-7, η = 0.001, and decay, if any, is decoupled.
    Source: PyTorch, `torch.optim.NAdam`; Dozat (2016), "Incorporating Nesterov momentum into Adam".
    """
    return Optimizer(
        "nadam",
        {
            "learning_rate": learning_rate,
            "beta1": beta1,
            "beta2": beta2,
            "eps": eps,
            "weight_decay": weight_decay,
            "momentum_decay": momentum_decay,
            "decoupled_weight_decay": decoupled_weight_decay,
            "constant_momentum": constant_momentum,
        },
        **settings,
    )


def radam(
    learning_rate: float = 0.001,
    *,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-08,
    weight_decay: float = 0.0,
    decoupled_weight_decay: bool = False,
    threshold: float = 5.0,
    threshold_included: bool = False,
    eps_uncorrected: bool = True,
    **settings: Unpack[OptimizerSettings],
) -> Optimizer:
    """Adam that divides by the root mean square only once its variance is tractable.

    In step t, with learning rate η, β₁, β₂, ε, threshold R and weight decay λ; m and v start at 0::

        g ← g + λ w
        m ← β₁ m + (1 - β₁) g
        v ← β₂ v + (1 - β₂) g²
        ρ∞ = 2 / (1 - β₂) - 1
        ρ = ρ∞ - 2 t β₂ᵗ / (1 - β₂ᵗ)
        r = √((ρ - 4) (ρ - 2) ρ∞ / ((ρ∞ - 4) (ρ∞ - 2) ρ))
        w ← w - η / (1 - β₁ᵗ) · m · r √(1 - β₂ᵗ) / (√v + ε)     when ρ > R
        w ← w - η / (1 - β₁ᵗ) · m                               otherwise

    With `decoupled_weight_decay` the first line is w ← (1 - η λ) w. Without `eps_uncorrected` the denominator is
    √(v / (1 - β₂ᵗ)) + ε. With `threshold_included` ρ = R is enough.

    Args:
        learning_rate: factor on the step, before any schedule; 0 or more.
        beta1: share of the past in a running mean, dimensionless; at least 0 and below 1.
        beta2: share of the past in a running mean, dimensionless; at least 0 and below 1.
        eps: added to the root in the denominator, in units of the gradient; 0 or more.
        weight_decay: share of the parameter that is added to the gradient; 0 or more.
        decoupled_weight_decay: let the weight decay shrink the parameter instead of adding to the gradient.
        threshold: what ρ must pass, 4 at least; more than 0.
        threshold_included: let ρ be the threshold, too.
        eps_uncorrected: add ε to the root before the bias of v is corrected.
        settings: schedule, clipping, averaging, groups, bounds; see `OptimizerSettings`.

    Defaults: η = 0.001, β₁ = 0.9, β₂ = 0.999, ε = 1e-8, λ = 0, R = 5, `eps_uncorrected`. optax: not that, but
        `threshold_included`.
    Source: PyTorch, `torch.optim.RAdam`; Liu et al. (2020), "On the variance of the adaptive learning rate and beyond".
    """
    return Optimizer(
        "radam",
        {
            "learning_rate": learning_rate,
            "beta1": beta1,
            "beta2": beta2,
            "eps": eps,
            "weight_decay": weight_decay,
            "decoupled_weight_decay": decoupled_weight_decay,
            "threshold": threshold,
            "threshold_included": threshold_included,
            "eps_uncorrected": eps_uncorrected,
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
    eps_inside_root: bool = False,
    scaled_momentum: bool = False,
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

    With `eps_inside_root` ε is added below the root. With `scaled_momentum` η is inside the momentum:
    b ← μ b + η g / d;  w ← w - b.

    Args:
        learning_rate: factor on the step, before any schedule; 0 or more.
        alpha: share of the past in a running mean, dimensionless; at least 0 and below 1.
        eps: added to the root in the denominator, in units of the gradient; 0 or more.
        weight_decay: share of the parameter that is added to the gradient; 0 or more.
        momentum: share of the last step that goes on, dimensionless; 0 or more.
        centered: divide by the standard deviation in place of the root mean square.
        eps_inside_root: add ε below the root, in units of the squared gradient.
        scaled_momentum: let the momentum remember steps, learning rates included.
        settings: schedule, clipping, averaging, groups, bounds; see `OptimizerSettings`.

    Defaults: η = 0.01, α = 0.99, ε = 1e-8, μ = λ = 0, not centered. optax: α = 0.9, `eps_inside_root`,
        `scaled_momentum`. Keras: the same, with ε = 1e-7 and η = 0.001.
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
            "eps_inside_root": eps_inside_root,
            "scaled_momentum": scaled_momentum,
        },
        **settings,
    )


def rprop(
    learning_rate: float = 0.01,
    *,
    eta_minus: float = 0.5,
    eta_plus: float = 1.2,
    least_step: float = 1e-06,
    greatest_step: float = 50.0,
    **settings: Unpack[OptimizerSettings],
) -> Optimizer:
    """Resilient propagation: each element has a step of its own, which grows while the sign of its gradient stays.

    In each step, with η₊, η₋ and limits on the steps; s starts at the learning rate η, h at 0::

        s ← min(η₊ s, s_max)                when g h > 0
        s ← max(η₋ s, s_min);  g ← 0        when g h < 0
        w ← w - s sign g
        h ← g

    The learning rate counts at the start alone: schedules change nothing. Take all rows at each step, since signs that
    change with the batch mean nothing here.

    Args:
        learning_rate: factor on the step, before any schedule; 0 or more.
        eta_minus: factor on a step after a change of sign; above 0 and below 1.
        eta_plus: factor on a step while the sign stays; more than 1.
        least_step: least step, in units of the parameter; more than 0.
        greatest_step: greatest step, in units of the parameter; more than 0.
        settings: schedule, clipping, averaging, groups, bounds; see `OptimizerSettings`.

    Defaults: η = 0.01, η₋ = 0.5, η₊ = 1.2, s_min = 1e-6, s_max = 50.
    Raises: HyperparameterError also for a least step above the greatest.
    Source: PyTorch, `torch.optim.Rprop`, which holds s between its limits when g h = 0, too; Riedmiller, Braun (1993),
        "A direct adaptive method for faster backpropagation learning: the RPROP algorithm".
    """
    return Optimizer(
        "rprop",
        {
            "learning_rate": learning_rate,
            "eta_minus": eta_minus,
            "eta_plus": eta_plus,
            "least_step": least_step,
            "greatest_step": greatest_step,
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
    decoupled_weight_decay: bool = False,
    scaled_momentum: bool = False,
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

    With `decoupled_weight_decay` the first line is w ← (1 - η λ) w. With `scaled_momentum` η is inside the momentum, so
    that a step remembers the learning rates of earlier ones: b ← η g, then b ← μ b + (1 - τ) η g; w ← w - b, or
    w ← w - (η g + μ b).

    Args:
        learning_rate: factor on the step, before any schedule; 0 or more.
        momentum: share of the last step that goes on, dimensionless; 0 or more.
        dampening: share of the gradient that is kept out of the momentum; from 0 up to 1.
        weight_decay: share of the parameter that is added to the gradient; 0 or more.
        nesterov: look ahead along the momentum.
        decoupled_weight_decay: let the weight decay shrink the parameter instead of adding to the gradient.
        scaled_momentum: let the momentum remember steps, learning rates included.
        settings: schedule, clipping, averaging, groups, bounds; see `OptimizerSettings`.

    Defaults: η = 0.001, μ = τ = λ = 0, not Nesterov's. Keras: `decoupled_weight_decay`, `scaled_momentum`, η = 0.01.
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
            "decoupled_weight_decay": decoupled_weight_decay,
            "scaled_momentum": scaled_momentum,
        },
        **settings,
    )


def sign_sgd(
    learning_rate: float = 0.001, *, weight_decay: float = 0.0, **settings: Unpack[OptimizerSettings]
) -> Optimizer:
    """Descent by the sign of the gradient: each element moves by the learning rate.

    In each step, with learning rate η and weight decay λ::

        w ← (1 - η λ) w - η sign g

    Args:
        learning_rate: factor on the step, before any schedule; 0 or more.
        weight_decay: what the parameter loses, per unit of learning rate; 0 or more.
        settings: schedule, clipping, averaging, groups, bounds; see `OptimizerSettings`.

    Defaults: η = 0.001, λ = 0.
    Source: optax, `sign_sgd`; Bernstein et al. (2018), "signSGD: compressed optimisation for non-convex problems".
    """
    return Optimizer("sign_sgd", {"learning_rate": learning_rate, "weight_decay": weight_decay}, **settings)


def yogi(
    learning_rate: float = 0.001,
    *,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 0.001,
    initial_accumulator_value: float = 1e-06,
    weight_decay: float = 0.0,
    **settings: Unpack[OptimizerSettings],
) -> Optimizer:
    """Adam whose mean square grows and falls by steps of the squared gradient, and so never forgets too fast.

    In step t, with learning rate η, β₁, β₂, ε and weight decay λ; m and v start at σ::

        g ← g + λ w
        m ← β₁ m + (1 - β₁) g
        v ← v - (1 - β₂) sign(v - g²) g²
        w ← w - η / (1 - β₁ᵗ) · m / (√(v / (1 - β₂ᵗ)) + ε)

    Args:
        learning_rate: factor on the step, before any schedule; 0 or more.
        beta1: share of the past in a running mean, dimensionless; at least 0 and below 1.
        beta2: share of the past in a running mean, dimensionless; at least 0 and below 1.
        eps: added to the root in the denominator, in units of the gradient; 0 or more.
        initial_accumulator_value: where both running means start; 0 or more.
        weight_decay: share of the parameter that is added to the gradient; 0 or more.
        settings: schedule, clipping, averaging, groups, bounds; see `OptimizerSettings`.

    Defaults: η = 0.001, β₁ = 0.9, β₂ = 0.999, ε = 0.001, σ = 1e-6, λ = 0.
    Source: optax, `yogi`; Zaheer et al. (2018), "Adaptive methods for nonconvex optimization".
    """
    return Optimizer(
        "yogi",
        {
            "learning_rate": learning_rate,
            "beta1": beta1,
            "beta2": beta2,
            "eps": eps,
            "initial_accumulator_value": initial_accumulator_value,
            "weight_decay": weight_decay,
        },
        **settings,
    )
