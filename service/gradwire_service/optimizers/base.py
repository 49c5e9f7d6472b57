"""What an optimizer is: an update rule, written with ops."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar, Self

from gradwire_service.graph import FLOAT64, TensorType
from gradwire_service.ops.base import Value
from gradwire_service.ops.functions import astype, sqrt, square
from gradwire_service.ops.functions import sum as sum_
from gradwire_service.optimizers.configured import DECAY, NOT_NEGATIVE, Configured, Meaning

Slots = Mapping[str, Value]
"""What an optimizer remembers of one parameter, by the name of the slot."""

LearningRate = Annotated[float, Meaning("factor on the step, before any schedule", NOT_NEGATIVE)]
WeightDecay = Annotated[float, Meaning("share of the parameter that is added to the gradient", NOT_NEGATIVE)]
Epsilon = Annotated[float, Meaning("added to the root in the denominator, in units of the gradient", NOT_NEGATIVE)]
Momentum = Annotated[float, Meaning("share of the last step that goes on, dimensionless", NOT_NEGATIVE)]
Beta = Annotated[float, Meaning("share of the past in a running mean, dimensionless", DECAY)]
Shrinkage = Annotated[float, Meaning("what the parameter loses, per unit of learning rate", NOT_NEGATIVE)]
Decoupled = Annotated[bool, Meaning("let the weight decay shrink the parameter instead of adding to the gradient")]
EpsilonUncorrected = Annotated[bool, Meaning("add ε to the root before the bias of v is corrected")]
EpsilonInsideRoot = Annotated[bool, Meaning("add ε below the root, in units of the squared gradient")]
ScaledMomentum = Annotated[bool, Meaning("let the momentum remember steps, learning rates included")]


@dataclass(frozen=True)
class Optimizer(Configured, ABC):
    """An update rule; its fields are its hyperparameters.

    A rule is written once, as ops on values: a whole training step is then an ordinary graph. Learning rate and step
    number are inputs of that graph, so that a schedule needs no new program.

    Class attributes:
        slots: names of all that a rule may keep for each parameter.
    """

    family: ClassVar[str] = "optimizer"
    path: ClassVar[str] = "optimizer.hyperparameters"
    registry: ClassVar[dict[str, type[Self]]] = {}

    learning_rate: LearningRate = 1e-3

    @abstractmethod
    def update(self, w: Value, g: Value, state: Slots, learning_rate: Value, step: Value) -> tuple[Value, Slots]:
        """Return the parameter after the step, and what to remember.

        Args:
            w: the parameter.
            g: gradient of the loss, of the type of w.
            state: a value for each of `state_slots`, of the types of `initial_state`.
            learning_rate: a scalar float64; stands in for the field, which a schedule may have changed.
            step: number of this step, counted from 1; a scalar float64.
        """

    @property
    def state_slots(self) -> tuple[str, ...]:
        """Names of what this rule keeps for each parameter, with these hyperparameters."""
        return self.slots

    def initial_state(self, w: TensorType) -> dict[str, tuple[TensorType, float]]:
        """Return for each slot its type, and the number that all its elements start with.

        Args:
            w: type of the parameter.
        """
        return dict.fromkeys(self.state_slots, (w, 0.0))


def like(scalar: Value, w: Value) -> Value:
    """Give a scalar the element type of w, once it is computed: until then it is float64, whatever w is."""
    return scalar if scalar.element_type is w.element_type else astype(scalar, element_type=w.element_type)


def wide(x: Value) -> Value:
    """Return the value in float64."""
    return x if x.element_type is FLOAT64 else astype(x, element_type=FLOAT64)


def norm(*values: Value) -> Value:
    """Return the 2-norm of all elements of all values together, in float64."""
    total, *others = (sum_(square(wide(x))) for x in values)
    for term in others:
        total = total + term
    return sqrt(total)


def decayed(g: Value, w: Value, weight_decay: float) -> Value:
    """Add to the gradient that of weight_decay/2 · ‖w‖²."""
    return g + weight_decay * w if weight_decay else g


def shrunk(w: Value, learning_rate: Value, weight_decay: float) -> Value:
    """Take learning_rate · weight_decay of the parameter away."""
    return like(1 - learning_rate * weight_decay, w) * w if weight_decay else w


def decay(
    w: Value, g: Value, learning_rate: Value, weight_decay: float, decoupled: bool = False
) -> tuple[Value, Value]:
    """Return parameter and gradient after weight decay of either kind."""
    if decoupled:
        return shrunk(w, learning_rate, weight_decay), g
    return w, decayed(g, w, weight_decay)


def running_mean(old: Value, new: Value, beta: float) -> Value:
    """Return β old + (1 - β) new."""
    return beta * old + (1 - beta) * new
