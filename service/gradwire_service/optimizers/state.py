"""What an optimizer remembers between two steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from gradwire_service.errors import GradwireError, StateMismatchError, raise_all
from gradwire_service.graph import Array, TensorType
from gradwire_service.optimizers.base import Optimizer


@dataclass(frozen=True)
class OptimizerState:
    """What an optimizer remembers of all parameters; the next step goes on from it.

    Attributes:
        optimizer: name of the optimizer that it belongs to.
        step: number of updates so far.
        slots: what is remembered, by name: ``m/w`` is the slot ``m`` of the parameter ``w``.
    """

    optimizer: str
    step: int
    slots: Mapping[str, Array]


def slot_name(slot: str, parameter: str) -> str:
    """Return the name under which a slot of a parameter is remembered; slots have no ``/`` in their names."""
    return f"{slot}/{parameter}"


def initial_state(optimizer: Optimizer, parameters: Mapping[str, Array]) -> OptimizerState:
    """Return the state before the first step.

    Args:
        optimizer: the rule.
        parameters: what it will train, by name.
    """
    slots = _slots(optimizer, parameters).items()
    arrays = {name: np.full(x.shape, fill, x.element_type.dtype) for name, (x, fill) in slots}
    return OptimizerState(optimizer.name, 0, arrays)


def check_state(state: OptimizerState, optimizer: Optimizer, parameters: Mapping[str, Array]) -> None:
    """Hold a state against the optimizer and the parameters that it is used with.

    Raises: StateMismatchError, or one error with all faults.
    """
    if state.optimizer != optimizer.name:
        message = f"the state is one of {state.optimizer!r}, but the optimizer is {optimizer.name!r}"
        raise StateMismatchError(f"{message}; name that one, or start without a state", field="state.optimizer")
    if state.step < 0:
        raise StateMismatchError(f"the state counts {state.step} steps; send it as it was returned", field="state.step")
    expected = _slots(optimizer, parameters)
    faults: list[GradwireError] = [
        _fault(f"the state lacks {name!r}", name) for name in expected if name not in state.slots
    ]
    for name, array in state.slots.items():
        if name not in expected:
            faults.append(_fault(f"the state has {name!r}, which {optimizer.name} does not keep as it is set", name))
        elif array.dtype != expected[name][0].element_type.dtype or array.shape != expected[name][0].shape:
            actual = f"{array.dtype}[{', '.join(map(str, array.shape))}]"
            faults.append(_fault(f"{name!r} of the state is {actual}, but its parameter is {expected[name][0]}", name))
    raise_all(faults)


def _slots(optimizer: Optimizer, parameters: Mapping[str, Array]) -> dict[str, tuple[TensorType, float]]:
    return {
        slot_name(slot, parameter): start
        for parameter, array in parameters.items()
        for slot, start in optimizer.initial_state(TensorType.of(array)).items()
    }


def _fault(message: str, name: str) -> StateMismatchError:
    remedy = "send the state as the last step returned it, with its optimizer and parameters, or start without one"
    return StateMismatchError(f"{message}; {remedy}", field=f"state.slots[{name}]")
