"""Runs an update rule, step after step, on gradients that a test states."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gradwire_service.backend import RunInfo, never
from gradwire_service.graph import Array, TensorType
from gradwire_service.interpreter import interpret
from gradwire_service.ops.base import variable
from gradwire_service.ops.flat import FlatGraph
from gradwire_service.optimizers import Constant, Optimizer, Schedule, Update, initial_state
from gradwire_service.training import fed_limits, step_graph, take_step
from gradwire_service.transform import simplify
from tests.optimizers.surfaces import Arrays, Surface

Gradient = Callable[[Array, int], Array]


def rule_graph(optimizer: Optimizer, w_type: TensorType) -> FlatGraph:
    w, g = (variable(name, w_type.shape, w_type.element_type) for name in ("w", "g"))
    rate, step = variable("rate"), variable("step")
    slots = {s: variable(s, t.shape, t.element_type) for s, (t, _) in optimizer.initial_state(w_type).items()}
    updated, new = optimizer.update(w, g, slots, rate, step)
    return simplify(FlatGraph.of({"w": updated, **new}, [w, g, rate, step, *slots.values()]))


def trajectory(optimizer: Optimizer, start: Array, gradient: Gradient, steps: int) -> list[Array]:
    """Return the parameters after each step."""
    run = interpret(rule_graph(optimizer, TensorType.of(start)))
    slots = optimizer.initial_state(TensorType.of(start)).items()
    values = {"w": start} | {s: np.full(t.shape, fill, t.element_type.dtype) for s, (t, fill) in slots}
    after = []
    for step in range(1, steps + 1):
        g = np.asarray(gradient(values["w"], step), start.dtype)
        fed = {"g": g, "rate": np.array(optimizer.learning_rate), "step": np.array(float(step))}
        values = dict(run({**values, **fed}))
        after.append(values["w"])
    return after


def descent(
    surface: Surface, rule: Optimizer | Update, steps: int, schedule: Schedule | None = None
) -> list[dict[str, Array]]:
    """Return the parameters after each step down a surface, by whole training steps."""
    update, schedule = Update.of(rule), schedule or Constant()
    v = {n: variable(n, x.shape) for n, x in {**surface.data, **surface.start}.items()}
    program = interpret(step_graph(surface.loss(v), {n: v[n] for n in surface.start}, update, v.values()))
    parameters: Arrays = surface.start
    state, limits, after = initial_state(update, parameters), fed_limits(update, parameters), []
    for t in range(steps):
        rate = schedule.learning_rate(update.optimizer.learning_rate, t)
        step = take_step(
            lambda fed, *_: program(fed, never, RunInfo()), parameters, surface.data, state, rate, limits=limits
        )
        parameters, state = step.parameters, step.state
        after.append(dict(parameters))
    return after
