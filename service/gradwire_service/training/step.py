"""One training step: loss, gradients and update in one graph, and how that graph is fed and read.

What belongs to the step has a space in its name, and names in a client's graph have none: the two never meet.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gradwire_service.backend import Interrupt, RunInfo, Tensors, Tier, never
from gradwire_service.errors import InputMissingError
from gradwire_service.graph import FLOAT64, Array
from gradwire_service.ops.base import Value, variable
from gradwire_service.ops.flat import FlatGraph
from gradwire_service.ops.functions import astype, sqrt, square
from gradwire_service.ops.functions import sum as sum_
from gradwire_service.optimizers import Optimizer, OptimizerState, slot_name
from gradwire_service.transform import gradient, simplify

Run = Callable[[Tensors, Interrupt, RunInfo], Tensors]
"""Runs the graph of a step, as an `Executable` does; it takes batches of any number of rows."""

LOSS = "loss"
GRADIENT_NORM = "gradient norm"
PARAMETER_NORM = "parameter norm"
LEARNING_RATE = "learning rate"
STEP_NUMBER = "step number"
_PARAMETER = "parameter "
_STATE = "state "


def step_graph(
    loss: Value, parameters: Mapping[str, Value], optimizer: Optimizer, variables: Iterable[Value] = ()
) -> FlatGraph:
    """Make the graph of one step: the loss, its gradients and the update.

    Args:
        loss: a floating scalar.
        parameters: the variables that are trained, by name.
        optimizer: the rule; the graph does not depend on its learning rate.
        variables: all variables of the loss's graph; those that it does not need are then fed all the same.

    Returns: a simplified graph. It is fed the variables by their own names, ``learning rate`` and ``step number`` as
        float64, and ``state m/w`` for the slot m of the parameter w; it yields ``loss``, ``gradient norm`` and
        ``parameter norm`` (2-norms of all parameters together, in float64, the latter after the update),
        ``parameter w`` and ``state m/w``.
    Raises: InputMissingError without parameters; NotScalarError; NotDifferentiableError.
    """
    if not parameters:
        raise InputMissingError("there is no parameter to train; give start values of one at least", field="parameters")
    learning_rate, step = variable(LEARNING_RATE), variable(STEP_NUMBER)
    gradients = gradient(loss, list(parameters.values()))
    fed = [*variables, *parameters.values(), learning_rate, step]
    updated: dict[str, Value] = {}
    remembered: dict[str, Value] = {}
    for (name, w), g in zip(parameters.items(), gradients, strict=True):
        state = {
            slot: variable(_STATE + slot_name(slot, name), slot_type.shape, slot_type.element_type)
            for slot, (slot_type, _) in optimizer.initial_state(w.type).items()
        }
        fed += state.values()
        updated[_PARAMETER + name], new = optimizer.update(w, g, state, learning_rate, step)
        remembered |= {_STATE + slot_name(slot, name): value for slot, value in new.items()}
    norms = {GRADIENT_NORM: _norm(gradients), PARAMETER_NORM: _norm(list(updated.values()))}
    return simplify(FlatGraph.of({LOSS: loss, **norms, **updated, **remembered}, fed))


@dataclass(frozen=True)
class Step:
    """What a step yields.

    Attributes:
        parameters: the parameters after the update, by name.
        state: what the optimizer remembers.
        loss: the loss before the update.
        learning_rate: the learning rate of the update.
        gradient_norm: 2-norm of the gradient of all parameters, before the update; infinite if its square overflows.
        parameter_norm: 2-norm of all parameters after the update; infinite if its square overflows.
        tier: what ran the step.
    """

    parameters: Mapping[str, Array]
    state: OptimizerState
    loss: float
    learning_rate: float
    gradient_norm: float
    parameter_norm: float
    tier: Tier = Tier.INTERPRETED

    @property
    def starts_finite(self) -> bool:
        """Whether loss and gradient are finite where the step started."""
        return math.isfinite(self.loss) and math.isfinite(self.gradient_norm)

    @property
    def is_finite(self) -> bool:
        """Whether all of it is finite, the new parameters included."""
        return self.starts_finite and math.isfinite(self.parameter_norm)


def take_step(
    run: Run,
    parameters: Mapping[str, Array],
    data: Mapping[str, Array],
    state: OptimizerState,
    learning_rate: float,
    interrupt: Interrupt = never,
) -> Step:
    """Take one step; arrays that are passed in stay as they are.

    Args:
        run: runs the graph that `step_graph` made.
        parameters: the parameters before the update, by name.
        data: all other variables, by name: one batch.
        state: what the optimizer remembers.
        learning_rate: the learning rate of this update.
        interrupt: called between blocks; raises to stop.
    """
    fed: dict[str, Array] = {**data, **parameters}
    fed |= {_STATE + name: array for name, array in state.slots.items()}
    fed[LEARNING_RATE] = np.array(learning_rate)
    fed[STEP_NUMBER] = np.array(float(state.step + 1))
    info = RunInfo()
    results = run(fed, interrupt, info)
    slots = {name: results[_STATE + name] for name in state.slots}
    return Step(
        {name: results[_PARAMETER + name] for name in parameters},
        OptimizerState(state.optimizer, state.step + 1, slots),
        float(results[LOSS]),
        learning_rate,
        float(results[GRADIENT_NORM]),
        float(results[PARAMETER_NORM]),
        info.tier,
    )


def _norm(values: Sequence[Value]) -> Value:
    squares = [sum_(square(x if x.element_type is FLOAT64 else astype(x, element_type=FLOAT64))) for x in values]
    total = squares[0]
    for term in squares[1:]:
        total = total + term
    return sqrt(total)
