"""Relatives of Adam that measure the spread of gradients in another way than by their mean square."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, final

from gradwire_service.graph import TensorType
from gradwire_service.ops.base import Value
from gradwire_service.ops.functions import sign, sqrt, square
from gradwire_service.optimizers.base import (
    Beta,
    Epsilon,
    Optimizer,
    Slots,
    WeightDecay,
    decayed,
    like,
    running_mean,
)
from gradwire_service.optimizers.configured import NOT_NEGATIVE, Meaning


@final
@dataclass(frozen=True)
class AdaBelief(Optimizer, name="adabelief"):
    """Adam that divides by how far gradients are from their running mean: long steps where they are as was believed.

    In step t, with learning rate η, β₁, β₂, ε, ε₀ = `eps_root` and weight decay λ; m and v start at 0::

        g ← g + λ w
        m ← β₁ m + (1 - β₁) g
        v ← β₂ v + (1 - β₂) (g - m)² + ε₀
        w ← w - η / (1 - β₁ᵗ) · m / (√(v / (1 - β₂ᵗ)) + ε)

    Defaults: η = 0.001, β₁ = 0.9, β₂ = 0.999, ε = ε₀ = 1e-16, λ = 0.
    Source: optax, `adabelief`; Zhuang et al. (2020), "AdaBelief optimizer: adapting stepsizes by the belief in observed
        gradients".
    """

    slots: ClassVar[tuple[str, ...]] = ("m", "v")

    beta1: Beta = 0.9
    beta2: Beta = 0.999
    eps: Epsilon = 1e-16
    eps_root: Annotated[float, Meaning("added to v in each step, in units of the squared gradient", NOT_NEGATIVE)] = (
        1e-16
    )
    weight_decay: WeightDecay = 0.0

    def update(self, w: Value, g: Value, state: Slots, learning_rate: Value, step: Value) -> tuple[Value, Slots]:
        g = decayed(g, w, self.weight_decay)
        m = running_mean(state["m"], g, self.beta1)
        v = running_mean(state["v"], square(g - m), self.beta2) + self.eps_root
        rate = like(learning_rate / (1 - self.beta1**step), w)
        root = sqrt(v / like(1 - self.beta2**step, w))
        return w - rate * m / (root + self.eps), {"m": m, "v": v}


@final
@dataclass(frozen=True)
class Yogi(Optimizer, name="yogi"):
    """Adam whose mean square grows and falls by steps of the squared gradient, and so never forgets too fast.

    In step t, with learning rate η, β₁, β₂, ε and weight decay λ; m and v start at σ::

        g ← g + λ w
        m ← β₁ m + (1 - β₁) g
        v ← v - (1 - β₂) sign(v - g²) g²
        w ← w - η / (1 - β₁ᵗ) · m / (√(v / (1 - β₂ᵗ)) + ε)

    Defaults: η = 0.001, β₁ = 0.9, β₂ = 0.999, ε = 0.001, σ = 1e-6, λ = 0.
    Source: optax, `yogi`; Zaheer et al. (2018), "Adaptive methods for nonconvex optimization".
    """

    slots: ClassVar[tuple[str, ...]] = ("m", "v")

    beta1: Beta = 0.9
    beta2: Beta = 0.999
    eps: Epsilon = 1e-3
    initial_accumulator_value: Annotated[float, Meaning("where both running means start", NOT_NEGATIVE)] = 1e-6
    weight_decay: WeightDecay = 0.0

    def initial_state(self, w: TensorType) -> dict[str, tuple[TensorType, float]]:
        return dict.fromkeys(self.slots, (w, self.initial_accumulator_value))

    def update(self, w: Value, g: Value, state: Slots, learning_rate: Value, step: Value) -> tuple[Value, Slots]:
        g = decayed(g, w, self.weight_decay)
        m = running_mean(state["m"], g, self.beta1)
        squared = square(g)
        v = state["v"] - (1 - self.beta2) * sign(state["v"] - squared) * squared
        rate = like(learning_rate / (1 - self.beta1**step), w)
        root = sqrt(v / like(1 - self.beta2**step, w))
        return w - rate * m / (root + self.eps), {"m": m, "v": v}
