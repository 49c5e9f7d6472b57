"""The graph at one point, as a function to be moved along lines; it counts what it costs."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from gradwire_backends.finite_difference.methods import Line
from gradwire_service.backend import Executable, Interrupt, RunInfo, Tensors
from gradwire_service.errors import NotFiniteError
from gradwire_service.graph import Array
from gradwire_service.ops.base import Value, variable
from gradwire_service.ops.flat import FlatGraph, ancestors


class Function:
    """Floating outputs of a graph, as a function of its variables.

    What `stop_gradient` yields is no function of them: it keeps the value that it has at the point.

    Attributes:
        labels: what messages call each output, by its name.
        roundings: for each variable that reaches the outputs by floating values, the coarsest rounding unit on the way.
    """

    def __init__(self, prepare: Callable[[FlatGraph], Executable], graph: FlatGraph, of: Sequence[str]) -> None:
        outputs = {name: graph.outputs[name] for name in of}
        order = ancestors(outputs.values())
        fixed = {value: f"fixed {i}" for i, value in enumerate(order) if value.op.name == "stop_gradient"}
        new: dict[Value, Value] = {}
        for value in order:
            inputs = tuple(new[x] for x in value.inputs)
            if value in fixed:
                new[value] = variable(fixed[value], value.shape, value.element_type)
            else:
                new[value] = value if inputs == value.inputs else Value(value.op, inputs, value.type, value.name)
        moving = {name: new[value] for name, value in outputs.items()}
        self.variables = tuple(graph.variables)
        self.fixed = tuple(fixed.values())
        self.evaluate = prepare(FlatGraph.of(moving, graph.variables.values()))
        self.start = self.evaluate
        if fixed:
            kept = {name: value for value, name in fixed.items()}
            self.start = prepare(FlatGraph.of({**outputs, **kept}, graph.variables.values()))
        self.labels = {name: value.name or name for name, value in outputs.items()}
        self.roundings = _roundings(moving.values())


class Point:
    """A function around one point.

    Attributes:
        outputs: the outputs at the point, by name.
        value: their elements in one row, float64.
        info: what is told about the cost.
    """

    def __init__(self, function: Function, inputs: Tensors, interrupt: Interrupt, info: RunInfo | None) -> None:
        self.function = function
        self.interrupt = interrupt
        self.info = info or RunInfo()
        self.inputs: Tensors = {name: inputs[name] for name in function.variables}
        start = self._run(function.start, self.inputs)
        self.inputs = {**self.inputs, **{name: start[name] for name in function.fixed}}
        self.outputs: Tensors = {name: start[name] for name in function.labels}
        self.value = self._row(self.outputs, "at this point")

    def along_element(self, name: str, i: int) -> Line:
        """Move one element.

        Args:
            name: of the variable.
            i: position of the element in row-major order.
        """
        x = self.inputs[name]
        origin = float(x.reshape(-1)[i])
        moved = np.array(x, order="C")
        elements = moved.reshape(-1)
        label = f"{name}[{', '.join(map(str, np.unravel_index(i, x.shape)))}]" if x.shape else name
        _check_finite(x.reshape(-1)[i], label)

        def move(t: float) -> tuple[float, Array]:
            with np.errstate(over="ignore"):
                elements[i] = origin + t
            offset = float(elements[i]) - origin
            return offset, self._moved({name: moved}, f"where {label} is moved from {origin} by {offset:.1e}")

        scales = [max(1.0, abs(origin)), *([abs(origin)] if 0 < abs(origin) < 1 else [])]
        return Line(move, self.value, scales, self.function.roundings[name], label, math.copysign(1.0, origin))

    def along(self, tangents: Tensors) -> Line:
        """Move variables together; steps are multiples of their tangents.

        Args:
            tangents: direction of each variable that moves, not all zero.
        """
        wide, narrow = math.inf, math.inf
        for name, tangent in tangents.items():
            _check_finite(self.inputs[name], name)
            _check_finite(tangent, f"the tangent of {name}")
            x, v = (np.abs(a[tangent != 0], dtype=np.float64) for a in (self.inputs[name], tangent))
            with np.errstate(over="ignore"):
                wide = float(np.min(np.maximum(x, 1) / v, initial=wide))
                narrow = float(np.min(x / v, initial=narrow, where=x > 0))

        def move(t: float) -> tuple[float, Array]:
            with np.errstate(over="ignore"):
                moved = {
                    name: np.asarray(self.inputs[name] + t * tangent.astype(np.float64), self.inputs[name].dtype)
                    for name, tangent in tangents.items()
                }
            stays = all(np.array_equal(moved[name], self.inputs[name]) for name in moved)
            row = self._moved(moved, f"at {t:.1e} times the tangent from this point")
            return 0.0 if stays else t, row

        rounding = max(self.function.roundings[name] for name in tangents)
        return Line(move, self.value, [wide, *([narrow] if narrow < wide else [])], rounding, "the tangent")

    def _moved(self, moved: Tensors, where: str) -> Array:
        return self._row(self._run(self.function.evaluate, {**self.inputs, **moved}), where)

    def _run(self, executable: Executable, inputs: Tensors) -> Tensors:
        self.interrupt()
        self.info.function_evaluations += 1
        return executable(inputs, self.interrupt)

    def _row(self, outputs: Tensors, where: str) -> Array:
        """Return the elements of all outputs, after seeing that they are finite."""
        for name, label in self.function.labels.items():
            finite = np.isfinite(outputs[name])
            if not finite.all():
                raise NotFiniteError(
                    f"{label!r} is {outputs[name][~finite][0]} {where}, so that differences of it say nothing; "
                    "give a smaller step, or use a backend that differentiates the graph",
                    block=label,
                )
        return np.concatenate([outputs[name].reshape(-1).astype(np.float64) for name in self.function.labels])


def _check_finite(values: Array, label: str) -> None:
    if not np.isfinite(values).all():
        raise NotFiniteError(f"{label} is not finite, and no finite step moves it", block=label)


def _roundings(outputs: Iterable[Value]) -> dict[str, float]:
    coarsest = {value: _rounding(value) for value in outputs}
    order = ancestors(coarsest)
    for value in reversed(order):
        if value in coarsest:
            for x in value.inputs:
                if x.element_type.is_floating:
                    coarsest[x] = max(coarsest[value], coarsest.get(x, _rounding(x)))
    return {value.name: coarsest[value] for value in order if value.name and value in coarsest and not value.inputs}


def _rounding(value: Value) -> float:
    return float(np.finfo(value.element_type.dtype).eps)
