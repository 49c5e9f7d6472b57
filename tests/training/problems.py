"""Small losses with gradients known in closed form, and a way to run their steps."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

import numpy as np

from gradwire_service.backend import Executable, Interrupt, RunInfo, Tensors, never
from gradwire_service.graph import Array, TensorType
from gradwire_service.interpreter import interpret
from gradwire_service.ops.base import Value, variable
from gradwire_service.ops.flat import FlatGraph
from gradwire_service.ops.functions import mean, square
from gradwire_service.ops.functions import sum as sum_
from gradwire_service.optimizers import Optimizer, Update
from gradwire_service.training import Data, evaluation_graph, step_graph, stretch_graph
from gradwire_service.transform import simplify

Loss = Callable[[Mapping[str, Value]], Value]
"""Writes a loss with its variables."""


def squared_error(v: Mapping[str, Value]) -> Value:
    """Mean over rows of (x w + b - y)²."""
    return mean(square(v["x"] @ v["w"] + v["b"] - v["y"]))


def squared_error_gradients(v: Mapping[str, Array]) -> dict[str, Array]:
    residuals = v["x"] @ v["w"] + v["b"] - v["y"]
    return {"w": 2 * v["x"].T @ residuals / len(residuals), "b": 2 * residuals.mean()}


def rosenbrock(v: Mapping[str, Value]) -> Value:
    """(1 - a)² + 100 (b - a²)², of no data at all."""
    return square(1 - v["a"]) + 100 * square(v["b"] - square(v["a"]))


def quartic(v: Mapping[str, Value]) -> Value:
    """Sum of w⁴: steps that are too long overshoot further and further, to infinity."""
    return sum_(square(square(v["w"])))


@dataclass
class Stepper:
    """Runs the steps of a loss; one program for each type of batch, as the service does."""

    loss: Loss
    parameters: tuple[str, ...]
    optimizer: Optimizer | Update
    accumulating: bool = False
    metrics: Mapping[str, Loss] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.programs: dict[tuple[object, ...], Executable] = {}

    def step(self, inputs: Tensors, interrupt: Interrupt = never, info: RunInfo | None = None) -> Tensors:
        def graph(v: Mapping[str, Value]) -> FlatGraph:
            trained = {name: v[name] for name in self.parameters}
            return step_graph(self.loss(v), trained, self.optimizer, v.values(), self.accumulating)

        return self.run(graph, inputs, interrupt, info)

    def stretch(
        self, inputs: Tensors, rows: Collection[str], previous: bool, interrupt: Interrupt, info: RunInfo
    ) -> Tensors:
        length = len(inputs["learning rate"])

        def graph(v: Mapping[str, Value]) -> FlatGraph:
            step = step_graph(self.loss(v), {name: v[name] for name in self.parameters}, self.optimizer, v.values())
            return simplify(stretch_graph(step, rows, length, previous))

        return self.run(graph, inputs, interrupt, info, (*rows, length, previous))

    def evaluate(
        self, inputs: Tensors, rows: Collection[str], length: int, interrupt: Interrupt, info: RunInfo
    ) -> Tensors:
        def graph(v: Mapping[str, Value]) -> FlatGraph:
            looking = evaluation_graph(self.loss(v), {name: f(v) for name, f in self.metrics.items()}, v.values())
            return simplify(stretch_graph(looking, rows, length))

        return self.run(graph, inputs, interrupt, info, (*rows, length))

    def run(
        self,
        make: Callable[[Mapping[str, Value]], FlatGraph],
        inputs: Tensors,
        interrupt: Interrupt,
        info: RunInfo | None,
        stacked: tuple[object, ...] = (),
    ) -> Tensors:
        given = {name: x for name, x in inputs.items() if " " not in name}
        types = {name: TensorType.of(x[0] if name in stacked else x) for name, x in given.items()}
        key = (make.__qualname__, *stacked, *sorted(types.items()))
        if key not in self.programs:
            v = {name: variable(name, x.shape, x.element_type) for name, x in types.items()}
            self.programs[key] = interpret(make(v))
        return self.programs[key](inputs, interrupt, info)


def regression(rows: int = 23) -> tuple[dict[str, Array], Data]:
    """Start values, and data that a line through a cloud of points explains."""
    random = np.random.default_rng(5)
    x = random.normal(size=(rows, 3))
    y = x @ [1.0, -2.0, 0.5] + 0.7 + 0.1 * random.normal(size=rows)
    return {"w": np.zeros(3), "b": np.zeros(())}, Data({"x": x, "y": y})


def regression_run(optimizer: Optimizer | Update) -> Stepper:
    return Stepper(squared_error, ("w", "b"), optimizer)
