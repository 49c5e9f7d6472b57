"""Adam and its kin: running means of the gradient and of its square, both corrected for their start at 0."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, final

from gradwire_service.ops.base import Value
from gradwire_service.ops.functions import maximum, sqrt, square
from gradwire_service.optimizers.base import (
    Beta,
    Epsilon,
    EpsilonUncorrected,
    Optimizer,
    Shrinkage,
    Slots,
    WeightDecay,
    decayed,
    like,
    running_mean,
    shrunk,
)
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
    eps_root: Annotated[float, Meaning("added below the root, in units of the squared gradient", NOT_NEGATIVE)] = 0.0
    eps_uncorrected: EpsilonUncorrected = False
    amsgrad_corrected: Annotated[bool, Meaning("take the greatest mean square after the correction of its bias")] = (
        False
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.eps_uncorrected and self.eps_root:
            raise self.fault("eps_root goes with a corrected v; leave it out, or eps_uncorrected", "eps_root")
        if self.eps_uncorrected and self.amsgrad_corrected:
            raise self.fault("amsgrad_corrected goes with a corrected v; leave one out", "amsgrad_corrected")

    @property
    def state_slots(self) -> tuple[str, ...]:
        return self.slots if self.amsgrad else ("m", "v")

    def move(self, w: Value, g: Value, state: Slots, learning_rate: Value, step: Value) -> tuple[Value, Slots]:
        """Take the step, w - η/c₁ · m / (√v/√c₂ + ε), without decay."""
        m = running_mean(state["m"], g, self.beta1)
        v = running_mean(state["v"], square(g), self.beta2)
        new = {"m": m, "v": v}
        rate = learning_rate / (1 - self.beta1**step)
        correction = 1 - self.beta2**step
        if self.amsgrad and self.amsgrad_corrected:
            new["v_max"] = maximum(state["v_max"], v / like(correction, w))
            return w - like(rate, w) * m / (sqrt(new["v_max"] + self.eps_root) + self.eps), new
        if self.amsgrad:
            new["v_max"] = v = maximum(state["v_max"], v)
        if self.eps_uncorrected:
            return w - like(rate * sqrt(correction), w) * m / (sqrt(v) + self.eps), new
        if self.eps_root:
            root = sqrt(v / like(correction, w) + self.eps_root)
        else:
            root = sqrt(v) / like(sqrt(correction), w)
        return w - like(rate, w) * m / (root + self.eps), new


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

    With ε₀ = `eps_root` the root is √(v / (1 - β₂ᵗ) + ε₀). With `eps_uncorrected` the last line is
    w ← w - η √(1 - β₂ᵗ) / (1 - β₁ᵗ) · m / (√v + ε). With `amsgrad_corrected` v_max is that of v / (1 - β₂ᵗ).

    Defaults: η = 0.001, β₁ = 0.9, β₂ = 0.999, ε = 1e-8, ε₀ = λ = 0, no amsgrad. optax: `amsgrad_corrected`. Keras:
        `eps_uncorrected`, ε = 1e-7.
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

    With ε₀ = `eps_root` the root is √(v / (1 - β₂ᵗ) + ε₀). With `eps_uncorrected` the last line is
    w ← w - η √(1 - β₂ᵗ) / (1 - β₁ᵗ) · m / (√v + ε). With `amsgrad_corrected` v_max is that of v / (1 - β₂ᵗ).

    Defaults: η = 0.001, β₁ = 0.9, β₂ = 0.999, ε = 1e-8, ε₀ = 0, λ = 0.01, no amsgrad. optax: λ = 1e-4,
        `amsgrad_corrected`. Keras: λ = 0.004, `eps_uncorrected`, ε = 1e-7.
    Source: PyTorch, `torch.optim.AdamW`; Loshchilov, Hutter (2019), "Decoupled weight decay regularization".
    """

    weight_decay: Shrinkage = 1e-2

    def update(self, w: Value, g: Value, state: Slots, learning_rate: Value, step: Value) -> tuple[Value, Slots]:
        return self.move(shrunk(w, learning_rate, self.weight_decay), g, state, learning_rate, step)
