"""Stretches: several steps in one run, as a loop over the graph of one.

Every step of a minimization that has one batch is taken in a stretch, if only in one of a single step: however they are
cut, the steps go through the same loop, and yield the same bits.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from gradwire_service.backend import Interrupt, RunInfo, Tensors, never
from gradwire_service.control.scan import scan
from gradwire_service.graph import Array
from gradwire_service.ops.base import Value, variable
from gradwire_service.ops.body import Body
from gradwire_service.ops.flat import FlatGraph
from gradwire_service.optimizers import OptimizerState
from gradwire_service.training.batches import Data, Selection
from gradwire_service.training.step import (
    GRADIENT_NORM,
    LEARNING_RATE,
    LOSS,
    PARAMETER,
    PARAMETER_NORM,
    STATE,
    STEP_NUMBER,
    Step,
    fed_point,
)

STRETCHES = (1, 4, 16, 64, 256, 1024)
"""Numbers of steps that are taken at once: few, for each is a program of its own."""

BEFORE = "before "
"""Stands before the names of what the last step began with."""


class RunStretch(Protocol):
    """Runs the graph that `stretch_graph` made."""

    def __call__(
        self, inputs: Tensors, rows: Collection[str], previous: bool, interrupt: Interrupt, info: RunInfo
    ) -> Tensors:
        """Run.

        Args:
            inputs: all that the graph is fed.
            rows: names of what is fed batch by batch.
            previous: as for `stretch_graph`.
            interrupt, info: as for an `Executable`.
        """
        ...


def stretch_graph(step: FlatGraph, rows: Collection[str], length: int, previous: bool = False) -> FlatGraph:
    """Make the graph of several steps.

    Args:
        step: what `step_graph` made, not accumulating, or `evaluation_graph`.
        rows: names of the variables that have another batch in each step.
        length: number of steps.
        previous: tell what the last step began with, too.

    Returns: a graph that is fed as one step is, but ``learning rate``, ``step number`` and `rows` with an axis for the
        steps in front. It yields parameters and state after the last step, all else stacked along such an axis, and,
        if that is asked for, ``before parameter w`` and ``before state m/w``.
    """
    ends = {key if key.startswith(STATE) else key.removeprefix(PARAMETER): key for key in step.outputs if _is_end(key)}
    told = [name for name in step.outputs if name not in ends.values()]
    stacked = [*rows, *(name for name in (LEARNING_RATE, STEP_NUMBER) if name in step.variables)]
    others = [name for name in step.variables if name not in ends and name not in stacked]
    inside = [step.variables[name] for name in (*ends, *stacked, *others)]
    outputs = [step.outputs[name] for name in ends.values()]
    starts = [_like(name, step.variables[name]) for name in ends]
    earlier: list[Value] = []
    if previous:
        inside[len(ends) : len(ends)] = [_like(BEFORE + name, step.variables[name]) for name in ends]
        outputs += [step.variables[name] for name in ends]
        earlier = starts
    body = Body(tuple(inside), (*outputs, *(step.outputs[name] for name in told)))
    sequences = [_like(name, step.variables[name], length) for name in stacked]
    outer = [_like(name, step.variables[name]) for name in others]
    found = scan(body, [*starts, *earlier], sequences, outer, length)
    keys = [*ends.values(), *(BEFORE + key for key in ends.values() if previous), *told]
    return FlatGraph.of(dict(zip(keys, found, strict=True)), [*starts, *sequences, *outer])


@dataclass(frozen=True)
class Stretch:
    """What several steps yield.

    Attributes:
        losses: the loss before each update.
        gradient_norms, parameter_norms: as of a `Step`, for each.
        rows: number of rows of each.
        last: the last step, with parameters and state after it.
        before: parameters and state that the last step began with; None when they were not asked for.
    """

    losses: Sequence[float]
    gradient_norms: Sequence[float]
    parameter_norms: Sequence[float]
    rows: int
    last: Step
    before: tuple[Mapping[str, Array], OptimizerState] | None = None

    @property
    def is_finite(self) -> bool:
        """Whether all of it is finite."""
        return bool(np.isfinite([self.losses, self.gradient_norms, self.parameter_norms]).all())


def take_stretch(
    run: RunStretch,
    parameters: Mapping[str, Array],
    data: Data,
    selection: Selection,
    size: int,
    state: OptimizerState,
    rates: Sequence[float],
    interrupt: Interrupt = never,
    limits: Mapping[str, Array] | None = None,
    previous: bool = False,
) -> Stretch:
    """Take a step for each of the learning rates; arrays that are passed in stay as they are.

    Args:
        run: runs the stretch.
        parameters: the parameters before the first step, by name.
        data: all other variables.
        selection: the rows of all steps, one behind the other.
        size: number of rows of a step.
        state: what the optimizer remembers.
        rates: the learning rate of each step.
        interrupt: called on the way; raises to stop.
        limits: what `fed_limits` returned; None: there are none.
        previous: tell what the last step began with.
    """
    count, info = len(rates), RunInfo()
    batches = data.batches(selection, size)
    fed = {**data.whole, **(data.rows if batches is None else batches), **fed_point(parameters, state, limits)}
    fed[LEARNING_RATE] = np.array(rates)
    fed[STEP_NUMBER] = np.arange(state.step + 1.0, state.step + count + 1.0)
    results = run(fed, tuple(batches or ()), previous, interrupt, info)
    losses, slopes, norms = (results[name].tolist() for name in (LOSS, GRADIENT_NORM, PARAMETER_NORM))

    def after(steps: int, prefix: str = "") -> tuple[Mapping[str, Array], OptimizerState]:
        slots = {name: results[prefix + STATE + name] for name in state.slots}
        place = replace(state, step=state.step + steps, slots=slots, position=state.position + steps)
        return {name: results[prefix + PARAMETER + name] for name in parameters}, place

    last = Step(*after(count), losses[-1], rates[-1], slopes[-1], norms[-1], info.tier)
    return Stretch(losses, slopes, norms, size, last, after(count - 1, BEFORE) if previous else None)


def _is_end(key: str) -> bool:
    return key.startswith((PARAMETER, STATE)) and key != PARAMETER_NORM


def _like(name: str, x: Value, length: int | None = None) -> Value:
    return variable(name, x.shape if length is None else (length, *x.shape), x.element_type)
