"""A rule that remembers squared gradients of a matrix by its rows and columns alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, final

import numpy as np

from gradwire_service.graph import TensorType
from gradwire_service.ops.base import Value
from gradwire_service.ops.functions import maximum, mean, minimum, sqrt, square
from gradwire_service.optimizers.base import LearningRate, Optimizer, Shrinkage, Slots, like, norm, shrunk
from gradwire_service.optimizers.configured import ANY_NUMBER, AT_LEAST_ONE, NOT_NEGATIVE, Meaning


@final
@dataclass(frozen=True)
class Adafactor(Optimizer, name="adafactor"):
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

    Defaults: η = 0.01, γ = -0.8, ε₁ = 0, which stands for the spacing of floating-point numbers at 1, ε₂ = 0.001,
        d = 1, λ = 0.
    Source: PyTorch, `torch.optim.Adafactor`; Shazeer, Stern (2018), "Adafactor: adaptive learning rates with sublinear
        memory cost".
    """

    slots: ClassVar[tuple[str, ...]] = ("r", "c", "v")

    learning_rate: LearningRate = 1e-2
    beta2_decay: Annotated[float, Meaning("power of t in the weight of what is new", ANY_NUMBER)] = -0.8
    eps1: Annotated[float, Meaning("least root mean square, in units of the gradient", NOT_NEGATIVE)] = 0.0
    eps2: Annotated[float, Meaning("least scale of a parameter, in its units", NOT_NEGATIVE)] = 1e-3
    d: Annotated[float, Meaning("root mean square from which a step is cut down", AT_LEAST_ONE)] = 1.0
    weight_decay: Shrinkage = 0.0

    def initial_state(self, w: TensorType) -> dict[str, tuple[TensorType, float]]:
        if len(w.shape) < 2:
            return {"v": (w, 0.0)}
        *leading, rows, columns = w.shape
        return {
            "r": (TensorType((*leading, rows, 1), w.element_type), 0.0),
            "c": (TensorType((*leading, 1, columns), w.element_type), 0.0),
        }

    def update(self, w: Value, g: Value, state: Slots, learning_rate: Value, step: Value) -> tuple[Value, Slots]:
        if not w.type.size:  # rows and columns of nothing have no mean
            return w, state
        eps = self.eps1 or float(np.finfo(w.element_type.dtype).eps)
        root_of_count = w.type.size**0.5
        scale = maximum(norm(w) / root_of_count, self.eps2)
        rate = scale * minimum(learning_rate, 1 / sqrt(step))
        share = like(step**self.beta2_decay, w)
        squared = square(g)
        new: dict[str, Value] = {}
        if "v" in state:
            v = new["v"] = state["v"] + share * (squared - state["v"])
        else:
            for slot, axis in (("r", (-1,)), ("c", (-2,))):
                new[slot] = state[slot] + share * (mean(squared, axis=axis, keepdims=True) - state[slot])
            v = new["r"] * new["c"] / maximum(mean(new["r"], axis=(-2,), keepdims=True), eps)
        u = g / sqrt(maximum(v, eps * eps))
        cut = maximum(norm(u) / (root_of_count * self.d), 1)
        return shrunk(w, learning_rate, self.weight_decay) - like(rate / cut, w) * u, new
