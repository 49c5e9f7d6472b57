"""Gradient descent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, final

from gradwire_service.ops.base import Value
from gradwire_service.ops.functions import equal, where
from gradwire_service.optimizers.base import (
    Decoupled,
    Momentum,
    Optimizer,
    ScaledMomentum,
    Slots,
    WeightDecay,
    decay,
    like,
)
from gradwire_service.optimizers.configured import SHARE, Meaning


@final
@dataclass(frozen=True)
class Sgd(Optimizer, name="sgd"):
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

    Defaults: η = 0.001, μ = τ = λ = 0, not Nesterov's. Keras: `decoupled_weight_decay`, `scaled_momentum`, η = 0.01.
    Raises: HyperparameterError also for Nesterov's momentum with μ = 0 or τ ≠ 0.
    Source: PyTorch, `torch.optim.SGD`; Sutskever et al. (2013), "On the importance of initialization and momentum in
        deep learning", for Nesterov's form.
    """

    slots: ClassVar[tuple[str, ...]] = ("b",)

    momentum: Momentum = 0.0
    dampening: Annotated[float, Meaning("share of the gradient that is kept out of the momentum", SHARE)] = 0.0
    weight_decay: WeightDecay = 0.0
    nesterov: Annotated[bool, Meaning("look ahead along the momentum")] = False
    decoupled_weight_decay: Decoupled = False
    scaled_momentum: ScaledMomentum = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.nesterov and not self.momentum:
            raise self.fault("nesterov needs a momentum above 0; 0.9 is usual", "momentum")
        if self.nesterov and self.dampening:
            raise self.fault(f"nesterov goes with dampening 0, not {self.dampening}; leave one out", "dampening")

    @property
    def state_slots(self) -> tuple[str, ...]:
        return self.slots if self.momentum else ()

    def update(self, w: Value, g: Value, state: Slots, learning_rate: Value, step: Value) -> tuple[Value, Slots]:
        w, g = decay(w, g, learning_rate, self.weight_decay, self.decoupled_weight_decay)
        rate = like(learning_rate, w)
        if not self.momentum:
            return w - rate * g, {}
        if self.scaled_momentum:
            g = rate * g
        b = self.momentum * state["b"] + (1 - self.dampening) * g
        if self.dampening:  # without it the buffer, which starts at 0, becomes g in step 1 by itself
            b = where(equal(step, 1), g, b)
        direction = g + self.momentum * b if self.nesterov else b
        return w - (direction if self.scaled_momentum else rate * direction), {"b": b}
