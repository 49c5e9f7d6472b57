"""Rules that look at the signs of gradients alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, final

from gradwire_service.graph import TensorType
from gradwire_service.ops.base import Value
from gradwire_service.ops.functions import clip, greater, less, sign, where
from gradwire_service.optimizers.base import (
    Beta,
    LearningRate,
    Optimizer,
    Shrinkage,
    Slots,
    like,
    running_mean,
    shrunk,
)
from gradwire_service.optimizers.configured import ABOVE_ONE, INNER_SHARE, POSITIVE, Meaning


@final
@dataclass(frozen=True)
class SignSgd(Optimizer, name="sign_sgd"):
    """Descent by the sign of the gradient: each element moves by the learning rate.

    In each step, with learning rate η and weight decay λ::

        w ← (1 - η λ) w - η sign g

    Defaults: η = 0.001, λ = 0.
    Source: optax, `sign_sgd`; Bernstein et al. (2018), "signSGD: compressed optimisation for non-convex problems".
    """

    weight_decay: Shrinkage = 0.0

    def update(self, w: Value, g: Value, state: Slots, learning_rate: Value, step: Value) -> tuple[Value, Slots]:
        return shrunk(w, learning_rate, self.weight_decay) - like(learning_rate, w) * sign(g), {}


@final
@dataclass(frozen=True)
class Lion(Optimizer, name="lion"):
    """Descent by the sign of a running mean of the gradient, which is more of the gradient than the one remembered.

    In each step, with learning rate η, β₁, β₂ and weight decay λ; m starts at 0::

        u = sign(β₁ m + (1 - β₁) g)
        m ← β₂ m + (1 - β₂) g
        w ← w - η (u + λ w)

    Defaults: η = 1e-4, β₁ = 0.9, β₂ = 0.99, λ = 0.001. Keras: λ = 0, η = 0.001.
    Source: optax, `lion`; Chen et al. (2023), "Symbolic discovery of optimization algorithms".
    """

    slots: ClassVar[tuple[str, ...]] = ("m",)

    learning_rate: LearningRate = 1e-4
    beta1: Beta = 0.9
    beta2: Beta = 0.99
    weight_decay: Shrinkage = 1e-3

    def update(self, w: Value, g: Value, state: Slots, learning_rate: Value, step: Value) -> tuple[Value, Slots]:
        u = sign(running_mean(state["m"], g, self.beta1))
        m = running_mean(state["m"], g, self.beta2)
        return shrunk(w, learning_rate, self.weight_decay) - like(learning_rate, w) * u, {"m": m}


@final
@dataclass(frozen=True)
class Rprop(Optimizer, name="rprop"):
    """Resilient propagation: each element has a step of its own, which grows while the sign of its gradient stays.

    In each step, with η₊, η₋ and limits on the steps; s starts at the learning rate η, h at 0::

        s ← min(η₊ s, s_max)                when g h > 0
        s ← max(η₋ s, s_min);  g ← 0        when g h < 0
        w ← w - s sign g
        h ← g

    The learning rate counts at the start alone: schedules change nothing. Take all rows at each step, since signs that
    change with the batch mean nothing here.

    Defaults: η = 0.01, η₋ = 0.5, η₊ = 1.2, s_min = 1e-6, s_max = 50.
    Raises: HyperparameterError also for a least step above the greatest.
    Source: PyTorch, `torch.optim.Rprop`, which holds s between its limits when g h = 0, too; Riedmiller, Braun (1993),
        "A direct adaptive method for faster backpropagation learning: the RPROP algorithm".
    """

    slots: ClassVar[tuple[str, ...]] = ("s", "h")

    learning_rate: LearningRate = 1e-2
    eta_minus: Annotated[float, Meaning("factor on a step after a change of sign", INNER_SHARE)] = 0.5
    eta_plus: Annotated[float, Meaning("factor on a step while the sign stays", ABOVE_ONE)] = 1.2
    least_step: Annotated[float, Meaning("least step, in units of the parameter", POSITIVE)] = 1e-6
    greatest_step: Annotated[float, Meaning("greatest step, in units of the parameter", POSITIVE)] = 50.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.least_step > self.greatest_step:
            raise self.fault(f"least_step {self.least_step} is above greatest_step {self.greatest_step}", "least_step")

    def initial_state(self, w: TensorType) -> dict[str, tuple[TensorType, float]]:
        return {"s": (w, self.learning_rate), "h": (w, 0.0)}

    def update(self, w: Value, g: Value, state: Slots, learning_rate: Value, step: Value) -> tuple[Value, Slots]:
        agreement = sign(g) * sign(state["h"])  # their product itself could underflow
        same, turned = greater(agreement, 0), less(agreement, 0)
        grown = where(same, self.eta_plus * state["s"], where(turned, self.eta_minus * state["s"], state["s"]))
        s = clip(grown, min=self.least_step, max=self.greatest_step)
        h = where(turned, 0, g)
        return w - s * sign(h), {"s": s, "h": h}
