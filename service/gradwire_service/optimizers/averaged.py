"""Gradient descent that averages its path."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, final

from gradwire_service.graph import TensorType
from gradwire_service.ops.base import Value
from gradwire_service.ops.functions import equal, maximum, where
from gradwire_service.optimizers.base import LearningRate, Optimizer, Slots, WeightDecay, decayed, like
from gradwire_service.optimizers.configured import NOT_NEGATIVE, Meaning


@final
@dataclass(frozen=True)
class Asgd(Optimizer, name="asgd"):
    """Averaged gradient descent, at a learning rate that falls.

    In step t, with learning rate η, κ = `lambd`, α, t₀ and weight decay λ; e starts at η, a at 0::

        g ← g + λ w
        w ← (1 - κ e) w - e g
        a ← a + (w - a) / max(1, t - 1 - t₀)
        e ← η / (1 + κ η t)^α

    The average is remembered as the slot a; up to step t₀ it is the parameter itself. A schedule changes e from the
    step after on.

    Defaults: η = 0.01, κ = 1e-4, α = 0.75, t₀ = 1e6, λ = 0.
    Source: PyTorch, `torch.optim.ASGD`; Polyak, Juditsky (1992), "Acceleration of stochastic approximation by
        averaging".
    """

    slots: ClassVar[tuple[str, ...]] = ("a", "e")

    learning_rate: LearningRate = 1e-2
    lambd: Annotated[float, Meaning("what the parameter loses, per unit of learning rate", NOT_NEGATIVE)] = 1e-4
    alpha: Annotated[float, Meaning("power with which the learning rate falls", NOT_NEGATIVE)] = 0.75
    t0: Annotated[float, Meaning("steps before the average begins", NOT_NEGATIVE)] = 1e6
    weight_decay: WeightDecay = 0.0

    def initial_state(self, w: TensorType) -> dict[str, tuple[TensorType, float]]:
        return {"a": (w, 0.0), "e": (TensorType(()), self.learning_rate)}

    def update(self, w: Value, g: Value, state: Slots, learning_rate: Value, step: Value) -> tuple[Value, Slots]:
        g = decayed(g, w, self.weight_decay)
        rate = where(equal(step, 1), learning_rate, state["e"])  # a schedule may have changed that of the start
        w = like(1 - self.lambd * rate, w) * w - like(rate, w) * g
        share = 1 / maximum(step - 1 - self.t0, 1)
        average = like(1 - share, w) * state["a"] + like(share, w) * w
        return w, {"a": average, "e": learning_rate / (1 + self.lambd * learning_rate * step) ** self.alpha}
