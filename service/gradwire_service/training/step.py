"""One training step: loss, gradients and update in one graph, and how that graph is fed and read.

What belongs to the step has a space in its name, and names in a client's graph have none: the two never meet.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from gradwire_service.backend import Interrupt, RunInfo, Tensors, Tier, never
from gradwire_service.errors import InputMissingError, NotScalarError
from gradwire_service.graph import BOOL, Array, TensorType
from gradwire_service.ops.base import Value, variable
from gradwire_service.ops.flat import FlatGraph
from gradwire_service.ops.functions import where
from gradwire_service.optimizers import Optimizer, OptimizerState, Update, slot_name
from gradwire_service.optimizers.base import like, norm, wide
from gradwire_service.transform import gradient, simplify

Run = Callable[[Tensors, Interrupt, RunInfo], Tensors]
"""Runs the graph of a step, as an `Executable` does; it takes batches of any number of rows."""

LOSS = "loss"
GRADIENT_NORM = "gradient norm"
PARAMETER_NORM = "parameter norm"
LEARNING_RATE = "learning rate"
STEP_NUMBER = "step number"
ROWS = "batch rows"
LAST = "last batch"
ACCUMULATED_ROWS = "accumulated rows"
ACCUMULATED_LOSS = "accumulated loss"
METRIC = "metric "
PARAMETER = "parameter "
STATE = "state "
_ACCUMULATED = "accumulated gradient "


def step_graph(
    loss: Value,
    parameters: Mapping[str, Value],
    rule: Optimizer | Update,
    variables: Iterable[Value] = (),
    accumulating: bool = False,
) -> FlatGraph:
    """Make the graph of one step: the loss, its gradients and the update.

    Args:
        loss: a floating scalar.
        parameters: the variables that are trained, by name.
        rule: how they are updated; the graph does not depend on the learning rate, nor on the numbers of bounds.
        variables: all variables of the loss's graph; those that it does not need are then fed all the same.
        accumulating: make a step of several batches, for each of which the graph is run.

    Returns: a simplified graph. It is fed the variables by their own names, ``learning rate`` and ``step number`` as
        float64, ``state m/w`` for the slot m of the parameter w, and ``lower w`` and ``upper w`` for those of its
        bounds that there are; it yields ``loss``, ``gradient norm`` (2-norm of all gradients, before clipping) and
        ``parameter norm`` (2-norm of all parameters after the update), both in float64, ``parameter w`` and
        ``state m/w``. An accumulating one is also fed ``batch rows``, their number, ``last batch``,
        whether it is the last one of the step, ``accumulated rows``, ``accumulated loss``, and ``accumulated gradient
        w``, all 0 at first, and yields the latter three anew. Until the last batch, parameters and state stay as they
        were fed.
    Raises: InputMissingError without parameters; NotScalarError; NotDifferentiableError.
    """
    if not parameters:
        raise InputMissingError("there is no parameter to train; give start values of one at least", field="parameters")
    update = Update.of(rule)
    learning_rate, step = variable(LEARNING_RATE), variable(STEP_NUMBER)
    fed = [*variables, *parameters.values(), learning_rate, step]
    trained = {name: w for name, w in parameters.items() if not update.is_frozen(name)}
    gradients = dict(zip(trained, gradient(loss, list(trained.values())), strict=True))
    carried: dict[str, Value] = {}
    last = variable(LAST, (), BOOL)
    if accumulating:
        rows = variable(ROWS)
        sums = _Accumulation(rows, fed)
        loss = sums.mean(ACCUMULATED_LOSS, wide(loss))
        gradients = {name: sums.mean(_ACCUMULATED + name, g) for name, g in gradients.items()}
        carried = {name: where(last, 0, value) for name, value in sums.values.items()}
        fed += [rows, last]
    state: dict[str, dict[str, Value]] = {}
    limits: dict[str, dict[str, Value]] = {}
    for name, w in trained.items():
        types = update.slots(name, w.type).items()
        state[name] = {slot: variable(STATE + slot_name(slot, name), t.shape, t.element_type) for slot, (t, _) in types}
        fed += state[name].values()
    for name, side, has_shape in update.sides:
        if name in trained:
            w = trained[name]
            limit = variable(f"{side} {name}", w.shape if has_shape else (), w.element_type)
            limits.setdefault(name, {})[side] = limit
            fed.append(limit)
    updated = {PARAMETER + name: w for name, w in parameters.items()}
    remembered: dict[str, Value] = {}
    for name, (moved, new) in update.apply(trained, gradients, state, limits, learning_rate, step).items():
        old = {PARAMETER + name: trained[name], **{STATE + slot_name(s, name): x for s, x in state[name].items()}}
        found = {PARAMETER + name: moved, **{STATE + slot_name(s, name): x for s, x in new.items()}}
        if accumulating:
            found = {key: where(last, x, old[key]) for key, x in found.items()}
        updated[PARAMETER + name] = found.pop(PARAMETER + name)
        remembered |= found
    norms = {GRADIENT_NORM: norm(*gradients.values()), PARAMETER_NORM: norm(*updated.values())}
    return simplify(FlatGraph.of({LOSS: loss, **norms, **updated, **remembered, **carried}, fed))


class _Accumulation:
    """Running means over the batches of a step, each of which counts as many times as it has rows."""

    def __init__(self, rows: Value, fed: list[Value]) -> None:
        self._fed = fed
        before = self._fed_variable(ACCUMULATED_ROWS, TensorType(()))
        total = before + rows
        self._share = rows / total  # 1 in the first batch, whose mean is thus exactly what it was
        self.values = {ACCUMULATED_ROWS: total}

    def mean(self, name: str, value: Value) -> Value:
        """Return the mean of a value over the batches so far, which is carried on under a name."""
        before = self._fed_variable(name, value.type)
        self.values[name] = before + like(self._share, value) * (value - before)
        return self.values[name]

    def _fed_variable(self, name: str, type_: TensorType) -> Value:
        made = variable(name, type_.shape, type_.element_type)
        self._fed.append(made)
        return made


def evaluation_graph(loss: Value, metrics: Mapping[str, Value], variables: Iterable[Value] = ()) -> FlatGraph:
    """Make the graph that only looks: the loss and metrics.

    Args:
        loss: a floating scalar.
        metrics: further scalars, by name.
        variables: all variables of the graph; those that are not needed are then fed all the same.

    Returns: a simplified graph, which yields ``loss`` and ``metric name`` in float64.
    Raises: NotScalarError.
    """
    for name, value in {"the loss": loss, **metrics}.items():
        if value.shape:
            message = f"{name} is {value.type}, but what is averaged over rows must be a scalar; take its mean"
            raise NotScalarError(message, block=value.name, field="metrics" if name in metrics else "loss")
    outputs = {LOSS: wide(loss), **{METRIC + name: wide(value) for name, value in metrics.items()}}
    return simplify(FlatGraph.of(outputs, variables))


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
        averaged: the running means of the parameters after the update; None when they are not kept, or not told.
    """

    parameters: Mapping[str, Array]
    state: OptimizerState
    loss: float
    learning_rate: float
    gradient_norm: float
    parameter_norm: float
    tier: Tier = Tier.INTERPRETED
    averaged: Mapping[str, Array] | None = None

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
    limits: Mapping[str, Array] | None = None,
) -> Step:
    """Take one step; arrays that are passed in stay as they are.

    Args:
        run: runs the graph that `step_graph` made.
        parameters: the parameters before the update, by name.
        data: all other variables, by name: one batch.
        state: what the optimizer remembers.
        learning_rate: the learning rate of this update.
        interrupt: called between blocks; raises to stop.
        limits: what `fed_limits` returned; None: there are none.
    """
    info = RunInfo()
    fed = _fed(parameters, state, learning_rate, limits)
    return _read(run({**data, **fed}, interrupt, info), parameters, state, learning_rate, info)


def take_accumulated_step(
    run: Run,
    parameters: Mapping[str, Array],
    batches: Sequence[tuple[Mapping[str, Array], int]],
    sums: Mapping[str, Array],
    state: OptimizerState,
    learning_rate: float,
    interrupt: Interrupt = never,
    limits: Mapping[str, Array] | None = None,
) -> Step:
    """Take one step with the mean gradient of several batches; arrays that are passed in stay as they are.

    Args:
        run: runs the accumulating graph that `step_graph` made.
        parameters: the parameters before the update, by name.
        batches: for each batch all other variables, by name, and how many rows it has.
        sums: what `empty_sums` returned.
        state: what the optimizer remembers.
        learning_rate: the learning rate of this update.
        interrupt: called between blocks; raises to stop.
        limits: what `fed_limits` returned; None: there are none.
    """
    info = RunInfo()
    fed = _fed(parameters, state, learning_rate, limits)
    carried = dict(sums)
    results: Tensors = {}
    for i, (data, rows) in enumerate(batches, 1):
        batch = {ROWS: np.array(float(rows)), LAST: np.array(i == len(batches))}
        results = run({**data, **fed, **carried, **batch}, interrupt, info)
        carried = {name: results[name] for name in sums}
    return _read(results, parameters, state, learning_rate, info)


def empty_sums(rule: Optimizer | Update, parameters: Mapping[str, Array]) -> dict[str, Array]:
    """Return what an accumulating step begins with."""
    update = Update.of(rule)
    zeros = {_ACCUMULATED + name: np.zeros_like(w) for name, w in parameters.items() if not update.is_frozen(name)}
    return {ACCUMULATED_ROWS: np.array(0.0), ACCUMULATED_LOSS: np.array(0.0), **zeros}


def fed_limits(rule: Optimizer | Update, parameters: Mapping[str, Array]) -> dict[str, Array]:
    """Return bounds as a step is fed them."""
    types = {name: TensorType.of(array) for name, array in parameters.items()}
    return {f"{side} {name}": limit for name, side, limit in Update.of(rule).limits(types)}


def fed_point(
    parameters: Mapping[str, Array], state: OptimizerState, limits: Mapping[str, Array] | None
) -> dict[str, Array]:
    """Return parameters, state and bounds as a step is fed them."""
    return {**parameters, **(limits or {}), **{STATE + name: array for name, array in state.slots.items()}}


def _fed(
    parameters: Mapping[str, Array], state: OptimizerState, learning_rate: float, limits: Mapping[str, Array] | None
) -> dict[str, Array]:
    fed = fed_point(parameters, state, limits)
    return {**fed, LEARNING_RATE: np.array(learning_rate), STEP_NUMBER: np.array(float(state.step + 1))}


def _read(
    results: Tensors, parameters: Mapping[str, Array], state: OptimizerState, learning_rate: float, info: RunInfo
) -> Step:
    slots = {name: results[STATE + name] for name in state.slots}
    return Step(
        {name: results[PARAMETER + name] for name in parameters},
        replace(state, step=state.step + 1, slots=slots, position=state.position + 1),
        float(results[LOSS]),
        learning_rate,
        float(results[GRADIENT_NORM]),
        float(results[PARAMETER_NORM]),
        info.tier,
    )
