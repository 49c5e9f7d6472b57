"""Adam and its kin: running means of the gradient and of its square, both corrected for their start at 0."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, final

from gradwire_service.ops.base import Value
from gradwire_service.ops.functions import maximum, sqrt, square
from gradwire_service.optimizers.base import Beta, Epsilon, Optimizer, Slots, WeightDecay, decayed, like
from gradwire_service.optimizers.configured import NOT_NEGATIVE, Meaning


@dataclass(frozen=True)
class _Moments(Optimizer):
    """What adam and adamw share: all but the decay."""

    slots: ClassVar[tuple[str, ...]] = ("m", "v", "v_max")

    beta1: Beta = 0.9
    beta2: Beta = 0.999
    eps: Epsilon = 1e-8
    weight_decay: WeightDecay = 0.0
    amsgrad: Annotated[bool, Meaning("divide by the greatest mean square so far")] = False

    @property
    def state_slots(self) -> tuple[str, ...]:
        return self.slots if self.amsgrad else ("m", "v")

    def move(self, w: Value, g: Value, state: Slots, learning_rate: Value, step: Value) -> tuple[Value, Slots]:
        """Take the step, w - η/c₁ · m / (√v/√c₂ + ε), without decay."""
        m = self.beta1 * state["m"] + (1 - self.beta1) * g
        v = self.beta2 * state["v"] + (1 - self.beta2) * square(g)
        new, greatest = {"m": m, "v": v}, v
        if self.amsgrad:
            new["v_max"] = greatest = maximum(state["v_max"], v)
        rate = learning_rate / (1 - self.beta1**step)
        scale = sqrt(1 - self.beta2**step)
        return w - like(rate, w) * m / (sqrt(greatest) / like(scale, w) + self.eps), new


@final
@dataclass(frozen=True)
class Adam(_Moments, name="adam"):
    """Adaptive moment estimation; its weight decay is part of the gradient.

    In step t, with learning rate η, β₁, β₂, ε and weight decay λ; m, v and v_max start at 0::

        g ← g + λ w
        m ← β₁ m + (1 - β₁) g
        v ← β₂ v + (1 - β₂) g²
        v_max ← max(v_max, v)                                   with amsgrad, in place of v below
        w ← w - η / (1 - β₁ᵗ) · m / (√v / √(1 - β₂ᵗ) + ε)

    Defaults: η = 0.001, β₁ = 0.9, β₂ = 0.999, ε = 1e-8, λ = 0, no amsgrad.
    Source: PyTorch, `torch.optim.Adam`; Kingma, Ba (2015), "Adam: a method for stochastic optimization"; Reddi, Kale,
        Kumar (2018), "On the convergence of Adam and beyond", for amsgrad, whose maximum is over uncorrected v here.
    """

    def update(self, w: Value, g: Value, state: Slots, learning_rate: Value, step: Value) -> tuple[Value, Slots]:
        return self.move(w, decayed(g, w, self.weight_decay), state, learning_rate, step)


@final
@dataclass(frozen=True)
class AdamW(_Moments, name="adamw"):
    """Adam with a weight decay that is no part of the gradient: the parameter shrinks by η λ of itself, then moves.

    In step t, with learning rate η, β₁, β₂, ε and weight decay λ; m, v and v_max start at 0::

        w ← (1 - η λ) w
        m ← β₁ m + (1 - β₁) g
        v ← β₂ v + (1 - β₂) g²
        v_max ← max(v_max, v)                                   with amsgrad, in place of v below
        w ← w - η / (1 - β₁ᵗ) · m / (√v / √(1 - β₂ᵗ) + ε)

    Defaults: η = 0.001, β₁ = 0.9, β₂ = 0.999, ε = 1e-8, λ = 0.01, no amsgrad.
    Source: PyTorch, `torch.optim.AdamW`; Loshchilov, Hutter (2019), "Decoupled weight decay regularization".
    """

    weight_decay: Annotated[float, Meaning("what the parameter loses, per unit of learning rate", NOT_NEGATIVE)] = 1e-2

    def update(self, w: Value, g: Value, state: Slots, learning_rate: Value, step: Value) -> tuple[Value, Slots]:
        kept = like(1 - learning_rate * self.weight_decay, w)
        return self.move(kept * w if self.weight_decay else w, g, state, learning_rate, step)
