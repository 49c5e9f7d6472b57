"""The graph at one point, as a function to be moved along lines; it counts what it costs."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from gradwire_backends.finite_difference.methods import Line
from gradwire_service.backend import Executable, Interrupt, RunInfo, Tensors
from gradwire_service.errors import NotFiniteError
from gradwire_service.graph import Array
from gradwire_service.ops.flat import FlatGraph


class Point:
    """Floating outputs of a graph around one point.

    Attributes:
        outputs: the outputs at the point, by name.
        value: their elements in one row, float64.
    """

    def __init__(
        self,
        evaluate: Executable,
        graph: FlatGraph,
        inputs: Tensors,
        of: Sequence[str],
        interrupt: Interrupt,
        info: RunInfo,
    ) -> None:
        self.evaluate = evaluate
        self.inputs = {name: inputs[name] for name in graph.variables}
        self.labels = {name: graph.outputs[name].name or name for name in of}
        self.interrupt = interrupt
        self.info = info
        self.outputs = self._outputs({})
        self.value = self._row(self.outputs, "at this point")

    def along_element(self, name: str, i: int, rounding: float) -> Line:
        """Move one element.

        Args:
            name: of the variable.
            i: position of the element in row-major order.
            rounding: relative rounding error of the outputs.
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
            return offset, self._row(
                self._outputs({name: moved}), f"where {label} is moved from {origin} by {offset:.1e}"
            )

        scales = [max(1.0, abs(origin)), *([abs(origin)] if 0 < abs(origin) < 1 else [])]
        return Line(move, self.value, scales, rounding, label, math.copysign(1.0, origin))

    def along(self, tangents: Tensors, rounding: float) -> Line:
        """Move variables together; steps are multiples of their tangents.

        Args:
            tangents: direction of each variable that moves, not all zero.
            rounding: relative rounding error of the outputs.
        """
        scales = [math.inf, math.inf]
        for name, tangent in tangents.items():
            _check_finite(self.inputs[name], name)
            _check_finite(tangent, f"the tangent of {name}")
            moves = tangent != 0
            x, v = (np.abs(a[moves], dtype=np.float64) for a in (self.inputs[name], tangent))
            with np.errstate(over="ignore"):
                scales[0] = min(scales[0], *np.maximum(x, 1) / v)
                scales[1] = min(scales[1], *(x / v)[x > 0], math.inf)

        def move(t: float) -> tuple[float, Array]:
            with np.errstate(over="ignore"):
                moved = {
                    name: np.asarray(self.inputs[name] + t * tangent.astype(np.float64), self.inputs[name].dtype)
                    for name, tangent in tangents.items()
                }
            stays = all(np.array_equal(moved[name], self.inputs[name]) for name in moved)
            row = self._row(self._outputs(moved), f"at {t:.1e} times the tangent from this point")
            return 0.0 if stays else t, row

        return Line(move, self.value, sorted(set(scales) - {math.inf}, reverse=True), rounding, "the tangent")

    def _outputs(self, moved: Tensors) -> Tensors:
        self.interrupt()
        self.info.function_evaluations += 1
        outputs = self.evaluate({**self.inputs, **moved}, self.interrupt)
        return {name: outputs[name] for name in self.labels}

    def _row(self, outputs: Tensors, where: str) -> Array:
        """Return the elements of all outputs, after seeing that they are finite."""
        for name, value in outputs.items():
            finite = np.isfinite(value)
            if not finite.all():
                raise NotFiniteError(
                    f"{self.labels[name]!r} is {value[~finite][0]} {where}, so that differences of it say nothing; "
                    "give a smaller step, or use a backend that differentiates the graph",
                    block=self.labels[name],
                )
        return np.concatenate([value.reshape(-1).astype(np.float64) for value in outputs.values()])


def _check_finite(values: Array, label: str) -> None:
    if not np.isfinite(values).all():
        raise NotFiniteError(f"{label} is not finite, and no finite step moves it", block=label)
