"""Gradient descent at a rate of its own for each element, by the magnitudes of past gradients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, final

from gradwire_service.graph import TensorType
from gradwire_service.ops.base import Value
from gradwire_service.ops.functions import greater, maximum, sqrt, square, where
from gradwire_service.optimizers.base import (
    Beta,
    Epsilon,
    EpsilonInsideRoot,
    LearningRate,
    Momentum,
    Optimizer,
    ScaledMomentum,
    Slots,
    WeightDecay,
    decayed,
    like,
    running_mean,
)
from gradwire_service.optimizers.configured import NOT_NEGATIVE, Meaning


@final
@dataclass(frozen=True)
class RmsProp(Optimizer, name="rmsprop"):
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

    Defaults: η = 0.01, α = 0.99, ε = 1e-8, μ = λ = 0, not centered. optax: α = 0.9, `eps_inside_root`,
        `scaled_momentum`. Keras: the same, with ε = 1e-7 and η = 0.001.
    Source: PyTorch, `torch.optim.RMSprop`, which yields NaN where rounding makes v - a² negative; Hinton, Srivastava,
        Swersky (2012), "Neural networks for machine learning", lecture 6; Graves (2013), "Generating sequences with
        recurrent neural networks", section 4.2, for the centered form.
    """

    slots: ClassVar[tuple[str, ...]] = ("v", "a", "b")

    learning_rate: LearningRate = 1e-2
    alpha: Beta = 0.99
    eps: Epsilon = 1e-8
    weight_decay: WeightDecay = 0.0
    momentum: Momentum = 0.0
    centered: Annotated[bool, Meaning("divide by the standard deviation in place of the root mean square")] = False
    eps_inside_root: EpsilonInsideRoot = False
    scaled_momentum: ScaledMomentum = False

    @property
    def state_slots(self) -> tuple[str, ...]:
        kept = {"v": True, "a": self.centered, "b": self.momentum > 0}
        return tuple(slot for slot in self.slots if kept[slot])

    def update(self, w: Value, g: Value, state: Slots, learning_rate: Value, step: Value) -> tuple[Value, Slots]:
        g = decayed(g, w, self.weight_decay)
        rate = like(learning_rate, w)
        v = running_mean(state["v"], square(g), self.alpha)
        new, variance = {"v": v}, v
        if self.centered:
            new["a"] = running_mean(state["a"], g, self.alpha)
            variance = maximum(v - square(new["a"]), 0)
        direction = g / (sqrt(variance + self.eps) if self.eps_inside_root else sqrt(variance) + self.eps)
        if not self.momentum:
            return w - rate * direction, new
        if self.scaled_momentum:
            new["b"] = self.momentum * state["b"] + rate * direction
            return w - new["b"], new
        new["b"] = self.momentum * state["b"] + direction
        return w - rate * new["b"], new


@final
@dataclass(frozen=True)
class Adagrad(Optimizer, name="adagrad"):
    """Gradient descent, divided by the root of the sum of all squared gradients.

    In step t, with learning rate η, its decay κ, ε and weight decay λ; s starts at σ::

        g ← g + λ w
        s ← s + g²
        w ← w - η / (1 + (t - 1) κ) · g / (√s + ε)

    With `eps_inside_root` the denominator is √(s + ε), and what has s = 0 stays.

    Defaults: η = 0.01, κ = 0, λ = 0, σ = 0, ε = 1e-10. optax and Keras: `eps_inside_root`, σ = 0.1, ε = 1e-7.
    Source: PyTorch, `torch.optim.Adagrad`; Duchi, Hazan, Singer (2011), "Adaptive subgradient methods for online
        learning and stochastic optimization".
    """

    slots: ClassVar[tuple[str, ...]] = ("s",)

    learning_rate: LearningRate = 1e-2
    lr_decay: Annotated[float, Meaning("how fast the learning rate falls, per step", NOT_NEGATIVE)] = 0.0
    weight_decay: WeightDecay = 0.0
    initial_accumulator_value: Annotated[
        float, Meaning("where the sum starts, in units of the squared gradient", NOT_NEGATIVE)
    ] = 0.0
    eps: Epsilon = 1e-10
    eps_inside_root: EpsilonInsideRoot = False

    def initial_state(self, w: TensorType) -> dict[str, tuple[TensorType, float]]:
        return {"s": (w, self.initial_accumulator_value)}

    def update(self, w: Value, g: Value, state: Slots, learning_rate: Value, step: Value) -> tuple[Value, Slots]:
        g = decayed(g, w, self.weight_decay)
        rate = learning_rate / (1 + (step - 1) * self.lr_decay) if self.lr_decay else learning_rate
        s = state["s"] + square(g)
        if self.eps_inside_root:
            return w - like(rate, w) * where(greater(s, 0), g / sqrt(s + self.eps), 0), {"s": s}
        return w - like(rate, w) * g / (sqrt(s) + self.eps), {"s": s}


@final
@dataclass(frozen=True)
class Adadelta(Optimizer, name="adadelta"):
    """Gradient descent whose step has the units of the parameter: that of past steps over that of past gradients.

    In each step, with learning rate η, ρ, ε and weight decay λ; v and a start at 0::

        g ← g + λ w
        v ← ρ v + (1 - ρ) g²
        d = √(a + ε) / √(v + ε) · g
        a ← ρ a + (1 - ρ) d²
        w ← w - η d

    Defaults: η = 1, ρ = 0.9, ε = 1e-6, λ = 0. Keras: η = 0.001, ρ = 0.95, ε = 1e-7.
    Source: PyTorch, `torch.optim.Adadelta`; Zeiler (2012), "ADADELTA: an adaptive learning rate method".
    """

    slots: ClassVar[tuple[str, ...]] = ("v", "a")

    learning_rate: LearningRate = 1.0
    rho: Beta = 0.9
    eps: Annotated[float, Meaning("added below both roots", NOT_NEGATIVE)] = 1e-6
    weight_decay: WeightDecay = 0.0

    def update(self, w: Value, g: Value, state: Slots, learning_rate: Value, step: Value) -> tuple[Value, Slots]:
        g = decayed(g, w, self.weight_decay)
        v = running_mean(state["v"], square(g), self.rho)
        d = sqrt(state["a"] + self.eps) / sqrt(v + self.eps) * g
        return w - like(learning_rate, w) * d, {"v": v, "a": running_mean(state["a"], square(d), self.rho)}
