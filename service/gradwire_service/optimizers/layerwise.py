"""Rules whose step is in proportion to the norm of the parameter, for very large batches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, final

from gradwire_service.ops.base import Value
from gradwire_service.ops.functions import equal, logical_or, sqrt, square, where
from gradwire_service.optimizers.base import (
    Beta,
    Epsilon,
    Momentum,
    Optimizer,
    Slots,
    WeightDecay,
    decayed,
    like,
    norm,
    running_mean,
)
from gradwire_service.optimizers.configured import NOT_NEGATIVE, POSITIVE, Meaning


def trust(w: Value, u: Value, coefficient: float = 1.0, eps: float = 0.0) -> Value:
    """Return u, scaled by coefficient · ‖w‖ / (‖u‖ + ε); by 1 where either norm is 0."""
    of_parameter, of_update = norm(w), norm(u)
    zero = logical_or(equal(of_parameter, 0), equal(of_update, 0))
    return like(where(zero, 1, coefficient * of_parameter / (of_update + eps)), u) * u


@final
@dataclass(frozen=True)
class Lamb(Optimizer, name="lamb"):
    """Adam, each parameter at a step in proportion to its norm.

    In step t, with learning rate η, β₁, β₂, ε, ε₀ = `eps_root` and weight decay λ; m and v start at 0::

        m ← β₁ m + (1 - β₁) g
        v ← β₂ v + (1 - β₂) g²
        u = m / (1 - β₁ᵗ) / (√(v / (1 - β₂ᵗ) + ε₀) + ε) + λ w
        w ← w - η ‖w‖ / ‖u‖ · u                     or η u, where one of the norms is 0

    Defaults: η = 0.001, β₁ = 0.9, β₂ = 0.999, ε = 1e-6, ε₀ = λ = 0. Keras: ε = 1e-7, and decay, if any, is decoupled.
    Source: optax, `lamb`; You et al. (2020), "Large batch optimization for deep learning: training BERT in 76 minutes".
    """

    slots: ClassVar[tuple[str, ...]] = ("m", "v")

    beta1: Beta = 0.9
    beta2: Beta = 0.999
    eps: Epsilon = 1e-6
    eps_root: Annotated[float, Meaning("added below the root, in units of the squared gradient", NOT_NEGATIVE)] = 0.0
    weight_decay: Annotated[float, Meaning("share of the parameter that is added to the direction", NOT_NEGATIVE)] = 0.0

    def update(self, w: Value, g: Value, state: Slots, learning_rate: Value, step: Value) -> tuple[Value, Slots]:
        m = running_mean(state["m"], g, self.beta1)
        v = running_mean(state["v"], square(g), self.beta2)
        root = sqrt(v / like(1 - self.beta2**step, w) + self.eps_root)
        u = decayed(m / like(1 - self.beta1**step, w) / (root + self.eps), w, self.weight_decay)
        return w - like(learning_rate, w) * trust(w, u), {"m": m, "v": v}


@final
@dataclass(frozen=True)
class Lars(Optimizer, name="lars"):
    """Gradient descent with momentum, each parameter at a step in proportion to its norm.

    In each step, with learning rate η, trust coefficient τ, ε, momentum μ and weight decay λ; b starts at 0::

        g ← g + λ w
        u = τ ‖w‖ / (‖g‖ + ε) · g                   or g, where one of the norms is 0
        b ← μ b + η u
        w ← w - b                                   or, with Nesterov's momentum, w - (η u + μ b)

    Defaults: η = 0.001, τ = 0.001, μ = 0.9, ε = λ = 0, not Nesterov's.
    Source: optax, `lars`; You, Gitman, Ginsburg (2017), "Large batch training of convolutional networks".
    """

    slots: ClassVar[tuple[str, ...]] = ("b",)

    momentum: Momentum = 0.9
    weight_decay: WeightDecay = 0.0
    trust_coefficient: Annotated[float, Meaning("step in units of the parameter's norm", POSITIVE)] = 1e-3
    eps: Annotated[float, Meaning("added to the norm of the gradient, in its units", NOT_NEGATIVE)] = 0.0
    nesterov: Annotated[bool, Meaning("look ahead along the momentum")] = False

    def update(self, w: Value, g: Value, state: Slots, learning_rate: Value, step: Value) -> tuple[Value, Slots]:
        g = decayed(g, w, self.weight_decay)
        u = like(learning_rate, w) * trust(w, g, self.trust_coefficient, self.eps)
        b = self.momentum * state["b"] + u
        return w - (u + self.momentum * b if self.nesterov else b), {"b": b}
