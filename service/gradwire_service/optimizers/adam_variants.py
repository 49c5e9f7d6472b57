"""Variants of Adam: another momentum, another denominator, another start."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, final

from gradwire_service.graph import TensorType
from gradwire_service.ops.base import Value
from gradwire_service.ops.functions import abs as abs_
from gradwire_service.ops.functions import greater, greater_equal, maximum, sqrt, square, where
from gradwire_service.optimizers.base import (
    Beta,
    Decoupled,
    Epsilon,
    EpsilonUncorrected,
    LearningRate,
    Optimizer,
    Slots,
    WeightDecay,
    decay,
    decayed,
    like,
    running_mean,
)
from gradwire_service.optimizers.configured import NOT_NEGATIVE, POSITIVE, Meaning


@final
@dataclass(frozen=True)
class NAdam(Optimizer, name="nadam"):
    """Adam with Nesterov's momentum, which is warmed up.

    In step t, with learning rate η, β₁, β₂, ε, ψ and weight decay λ; m and v start at 0, Π at 1::

        g ← g + λ w
        μₜ = β₁ (1 - 0.96^(t ψ) / 2)
        Π ← Π μₜ
        m ← β₁ m + (1 - β₁) g
        v ← β₂ v + (1 - β₂) g²
        w ← w - η ((1 - μₜ) / (1 - Π) · g + μₜ₊₁ / (1 - Π μₜ₊₁) · m) / (√(v / (1 - β₂ᵗ)) + ε)

    With `decoupled_weight_decay` the first line is w ← (1 - η λ) w. With `constant_momentum` μₜ = β₁.

    Defaults: η = 0.002, β₁ = 0.9, β₂ = 0.999, ε = 1e-8, λ = 0, ψ = 0.004. optax: `constant_momentum`. Keras: ψ = 1,
        ε = 1e-7, η = 0.001, and decay, if any, is decoupled.
    Source: PyTorch, `torch.optim.NAdam`; Dozat (2016), "Incorporating Nesterov momentum into Adam".
    """

    slots: ClassVar[tuple[str, ...]] = ("m", "v", "product")

    learning_rate: LearningRate = 2e-3
    beta1: Beta = 0.9
    beta2: Beta = 0.999
    eps: Epsilon = 1e-8
    weight_decay: WeightDecay = 0.0
    momentum_decay: Annotated[float, Meaning("how fast the momentum is warmed up, per step", NOT_NEGATIVE)] = 4e-3
    decoupled_weight_decay: Decoupled = False
    constant_momentum: Annotated[bool, Meaning("leave the warm-up of the momentum out")] = False

    def initial_state(self, w: TensorType) -> dict[str, tuple[TensorType, float]]:
        return {"m": (w, 0.0), "v": (w, 0.0), "product": (TensorType(()), 1.0)}

    def update(self, w: Value, g: Value, state: Slots, learning_rate: Value, step: Value) -> tuple[Value, Slots]:
        w, g = decay(w, g, learning_rate, self.weight_decay, self.decoupled_weight_decay)
        m = running_mean(state["m"], g, self.beta1)
        v = running_mean(state["v"], square(g), self.beta2)
        now, then = self._momentum(step), self._momentum(step + 1)
        product = state["product"] * now
        of_gradient = learning_rate * (1 - now) / (1 - product)
        of_momentum = learning_rate * then / (1 - product * then)
        root = sqrt(v / like(1 - self.beta2**step, w)) + self.eps
        moved = w - (like(of_gradient, w) * g + like(of_momentum, w) * m) / root
        return moved, {"m": m, "v": v, "product": product}

    def _momentum(self, step: Value) -> Value | float:
        if self.constant_momentum:
            return self.beta1
        return self.beta1 * (1 - 0.5 * 0.96 ** (step * self.momentum_decay))


@final
@dataclass(frozen=True)
class RAdam(Optimizer, name="radam"):
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

    Defaults: η = 0.001, β₁ = 0.9, β₂ = 0.999, ε = 1e-8, λ = 0, R = 5, `eps_uncorrected`. optax: not that, but
        `threshold_included`.
    Source: PyTorch, `torch.optim.RAdam`; Liu et al. (2020), "On the variance of the adaptive learning rate and beyond".
    """

    slots: ClassVar[tuple[str, ...]] = ("m", "v")

    beta1: Beta = 0.9
    beta2: Beta = 0.999
    eps: Epsilon = 1e-8
    weight_decay: WeightDecay = 0.0
    decoupled_weight_decay: Decoupled = False
    threshold: Annotated[float, Meaning("what ρ must pass, 4 at least", POSITIVE)] = 5.0
    threshold_included: Annotated[bool, Meaning("let ρ be the threshold, too")] = False
    eps_uncorrected: EpsilonUncorrected = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.threshold < 4:
            raise self.fault(
                f"threshold is {self.threshold}, but r has no real value below 4; leave it out", "threshold"
            )

    def update(self, w: Value, g: Value, state: Slots, learning_rate: Value, step: Value) -> tuple[Value, Slots]:
        w, g = decay(w, g, learning_rate, self.weight_decay, self.decoupled_weight_decay)
        m = running_mean(state["m"], g, self.beta1)
        v = running_mean(state["v"], square(g), self.beta2)
        move = like(learning_rate / (1 - self.beta1**step), w) * m
        limit = 2 / (1 - self.beta2) - 1
        if limit > self.threshold:  # otherwise ρ, which is less, never passes it
            correction = 1 - self.beta2**step
            rho = limit - 2 * step * self.beta2**step / correction
            passed = (greater_equal if self.threshold_included else greater)(rho, self.threshold)
            ratio = (rho - 4) * (rho - 2) * limit / ((limit - 4) * (limit - 2) * rho)
            r = sqrt(where(passed, ratio, 1))
            if self.eps_uncorrected:
                scaled = like(r * sqrt(correction), w) * move / (sqrt(v) + self.eps)
            else:
                scaled = like(r, w) * move / (sqrt(v / like(correction, w)) + self.eps)
            move = where(passed, scaled, move)
        return w - move, {"m": m, "v": v}


@final
@dataclass(frozen=True)
class Adamax(Optimizer, name="adamax"):
    """Adam with the greatest magnitude in place of the root mean square.

    In step t, with learning rate η, β₁, β₂, ε and weight decay λ; m and u start at 0::

        g ← g + λ w
        m ← β₁ m + (1 - β₁) g
        u ← max(β₂ u, |g| + ε)
        w ← w - η / (1 - β₁ᵗ) · m / u

    With `eps_in_denominator` u ← max(β₂ u, |g|), and m is divided by u + ε.

    Defaults: η = 0.002, β₁ = 0.9, β₂ = 0.999, ε = 1e-8, λ = 0. Keras: `eps_in_denominator`, ε = 1e-7, η = 0.001.
    Source: PyTorch, `torch.optim.Adamax`; Kingma, Ba (2015), "Adam: a method for stochastic optimization", section 7.1.
    """

    slots: ClassVar[tuple[str, ...]] = ("m", "u")

    learning_rate: LearningRate = 2e-3
    beta1: Beta = 0.9
    beta2: Beta = 0.999
    eps: Annotated[float, Meaning("added to the magnitude, in units of the gradient", NOT_NEGATIVE)] = 1e-8
    weight_decay: WeightDecay = 0.0
    eps_in_denominator: Annotated[bool, Meaning("add ε to u where it divides, not where it is remembered")] = False

    def update(self, w: Value, g: Value, state: Slots, learning_rate: Value, step: Value) -> tuple[Value, Slots]:
        g = decayed(g, w, self.weight_decay)
        m = running_mean(state["m"], g, self.beta1)
        rate = like(learning_rate / (1 - self.beta1**step), w)
        if self.eps_in_denominator:
            u = maximum(self.beta2 * state["u"], abs_(g))
            return w - rate * m / (u + self.eps), {"m": m, "u": u}
        u = maximum(self.beta2 * state["u"], abs_(g) + self.eps)
        return w - rate * m / u, {"m": m, "u": u}
