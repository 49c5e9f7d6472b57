"""What an optimizer remembers between two steps."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from gradwire_service.errors import GradwireError, StateMismatchError, raise_all
from gradwire_service.graph import Array, TensorType
from gradwire_service.optimizers.base import Optimizer
from gradwire_service.optimizers.update import AVERAGE, Update


@dataclass(frozen=True)
class OptimizerState:
    """What an optimizer remembers of all parameters, and a run of what it has seen; the next step goes on from it.

    Attributes:
        optimizer: name of the optimizer that it belongs to.
        step: number of updates so far.
        slots: what is remembered, by name: ``m/w`` is the slot ``m`` of the parameter ``w``.
        position: number of steps so far, those left out included: where the batches go on. 0: that of the updates.
        numbers: what is remembered of the loss, by name: of the epoch so far, by a schedule, by the stopping rule.
    """

    optimizer: str
    step: int
    slots: Mapping[str, Array]
    position: int = 0
    numbers: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Take the number of updates where no position is known."""
        object.__setattr__(self, "position", self.position or self.step)


def slot_name(slot: str, parameter: str) -> str:
    """Return the name under which a slot of a parameter is remembered; slots have no ``/`` in their names."""
    return f"{slot}/{parameter}"


def initial_state(rule: Optimizer | Update, parameters: Mapping[str, Array]) -> OptimizerState:
    """Return the state before the first step.

    Args:
        rule: how parameters are updated.
        parameters: what it will train, by name.
    """
    update = Update.of(rule)
    slots = _slots(update, parameters).items()
    arrays = {name: np.full(x.shape, fill, x.element_type.dtype) for name, (x, fill) in slots}
    return OptimizerState(update.optimizer.name, 0, arrays)


def averaged(
    rule: Optimizer | Update, parameters: Mapping[str, Array], state: OptimizerState
) -> Mapping[str, Array] | None:
    """Return the running means of the parameters, those of frozen ones being themselves; None without averaging."""
    if Update.of(rule).averaging is None or not state.step:
        return None
    return {name: state.slots.get(slot_name(AVERAGE, name), w) for name, w in parameters.items()}


def check_state(state: OptimizerState, rule: Optimizer | Update, parameters: Mapping[str, Array]) -> None:
    """Hold a state against the update and the parameters that it is used with.

    Raises: StateMismatchError, or one error with all faults.
    """
    update = Update.of(rule)
    optimizer = update.optimizer
    if state.optimizer != optimizer.name:
        message = f"the state is one of {state.optimizer!r}, but the optimizer is {optimizer.name!r}"
        raise StateMismatchError(f"{message}; name that one, or start without a state", field="state.optimizer")
    if state.step < 0:
        raise StateMismatchError(f"the state counts {state.step} steps; send it as it was returned", field="state.step")
    if state.position < state.step:
        message = f"the state has made {state.step} updates in {state.position} steps; send it as it was returned"
        raise StateMismatchError(message, field="state.position")
    expected = _slots(update, parameters)
    faults: list[GradwireError] = [
        _fault(f"the state lacks {name!r}", name) for name in expected if name not in state.slots
    ]
    for name, array in state.slots.items():
        if name not in expected:
            faults.append(_fault(f"the state has {name!r}, which {optimizer.name} does not keep as it is set", name))
        elif array.dtype != expected[name][0].element_type.dtype or array.shape != expected[name][0].shape:
            actual = f"{array.dtype}[{', '.join(map(str, array.shape))}]"
            faults.append(_fault(f"{name!r} of the state is {actual}, but must be {expected[name][0]} here", name))
    for name, number in state.numbers.items():
        if not math.isfinite(number):
            message = f"the number {name!r} of the state is {number}; send it as it was returned"
            faults.append(StateMismatchError(message, field=f"state.numbers[{name}]"))
    raise_all(faults)


def _slots(update: Update, parameters: Mapping[str, Array]) -> dict[str, tuple[TensorType, float]]:
    return {
        slot_name(slot, parameter): start
        for parameter, array in parameters.items()
        for slot, start in update.slots(parameter, TensorType.of(array)).items()
    }


def _fault(message: str, name: str) -> StateMismatchError:
    remedy = "send the state as the last step returned it, with its optimizer and parameters, or start without one"
    return StateMismatchError(f"{message}; {remedy}", field=f"state.slots[{name}]")
