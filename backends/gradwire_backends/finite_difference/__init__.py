"""Derivatives by differences of values: the numerical method, over any executor.

Accuracy and cost for a scalar function f of n elements, ε being the rounding unit and s = max(1, |x|):

| method | step h | error | evaluations |
| --- | --- | --- | --- |
| forward | ε^(1/2) s, away from zero | h f″/2 + 2ε|f|/h | 1 + n |
| central | ε^(1/3) s | h² f‴/6 + ε|f|/h | 1 + 2n |
| richardson | 0.087 s, halved while it helps | near 10 ε|f|/s | 1 + 12n or so where f is smooth, at most 1 + 150n |

ε is that of the coarsest element type on the way from the variable to the result: 2.2e-16 for float64, 1.2e-7 for
float32. Graphs run in the types that they have, so the steps for float32 are wide, and forward differences of it are
good for three digits. The step is made exactly representable: what divides is (x + h) - x as it was rounded.

Where the function is not finite at a distance of s (a logarithm at 1e-8), the step is chosen once more with s = |x|.
Central differences see from the curvature that a function varies over much less than s, and then spend two more
evaluations on a step that fits; Richardson's method sees it from its error estimate, and says so when it failed;
forward differences can't see it. A step that the request gives is kept as it is.

`stop_gradient` is kept at its value, so that the derivative is the one that the graph asks for.

Source: Nocedal & Wright (2006), "Numerical Optimization", section 8.1; Ridders (1982), "Accurate computation of F'(x)
and F'(x)F''(x)"; Press et al. (2007), "Numerical Recipes", section 5.7.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from gradwire_backends.finite_difference.methods import estimator
from gradwire_backends.finite_difference.point import Function, Point
from gradwire_service.backend import (
    Executable,
    Interrupt,
    Options,
    RunInfo,
    Tensors,
    backend,
    check_ends,
    check_scalar,
    never,
)
from gradwire_service.graph import FLOAT32, FLOAT64, ElementType
from gradwire_service.interpreter import interpret
from gradwire_service.ops.flat import FlatGraph

SHOWN_DOUBTS = 3
"""How many elements of a variable are named in warnings."""


class FiniteDifferenceBackend:
    """Moves one element of one variable at a time, or all along a direction, and divides differences of values.

    Attributes:
        gradient_tolerance: what gradients may be off by, as a fraction of the greatest; the conformance suite reads it.
    """

    name = "finite_difference"
    summary = "Forward, central or Richardson differences of values: approximate, two evaluations an element."
    gradient_tolerance: Mapping[ElementType, float] = {FLOAT64: 1e-6, FLOAT32: 2e-2}

    def __init__(self, prepare: Callable[[FlatGraph], Executable] = interpret) -> None:
        """Take what evaluates graphs; by default the interpreter does, on NumPy."""
        self._prepare = prepare

    def prepare(self, graph: FlatGraph) -> Executable:
        """Evaluate, without differentiating."""
        return self._prepare(graph)

    def _executor(self, options: Options) -> Callable[[FlatGraph], Executable]:
        """Return what evaluates the function: this backend's own way, or the backend that the request names."""
        return self._prepare if options.executor == Options.executor else backend(options.executor).prepare

    def prepare_gradients(self, graph: FlatGraph, of: str, wrt: Sequence[str], options: Options) -> Executable:
        """Differentiate a scalar, element by element.

        Raises: NotScalarError, NotDifferentiableError, InvalidRequestError for a method that there is not or a step
            that is no length; the executable: NotFiniteError when the scalar is not finite at a stencil point.
        """
        check_scalar(graph, of)
        check_ends(graph, [of], wrt)
        estimate = estimator(options)
        function = Function(self._executor(options), graph, [of])

        def run(inputs: Tensors, interrupt: Interrupt = never, info: RunInfo | None = None) -> Tensors:
            point = Point(function, inputs, interrupt, info)
            gradients = {name: np.zeros_like(inputs[name], order="C") for name in wrt}
            for name, gradient in gradients.items():
                if name not in function.roundings:
                    continue  # nothing of it reaches the scalar
                doubts = []
                elements = gradient.reshape(-1)
                for i in range(elements.size):
                    found = estimate(point.along_element(name, i))
                    elements[i] = found.derivative[0]
                    if found.poor.any():
                        doubts.append(str(found))
                if len(doubts) > SHOWN_DOUBTS:
                    doubts[SHOWN_DOUBTS:] = [f"… and so on for {len(doubts) - SHOWN_DOUBTS} more elements of {name}"]
                point.info.warnings.extend(doubts)
            return {**point.outputs, **gradients}

        return run

    def prepare_jvp(self, graph: FlatGraph, of: Sequence[str], wrt: Sequence[str], options: Options) -> Executable:
        """Differentiate along one direction: as many evaluations as for one element.

        Raises: NotDifferentiableError, InvalidRequestError, NotFiniteError, as `prepare_gradients` does.
        """
        check_ends(graph, of, wrt)
        estimate = estimator(options)
        function = Function(self._executor(options), graph, of)
        reaching = [name for name in wrt if name in function.roundings]

        def run(inputs: Tensors, interrupt: Interrupt = never, info: RunInfo | None = None) -> Tensors:
            point = Point(function, inputs, interrupt, info)
            moving = {name: inputs[f"tangent {name}"] for name in reaching if np.any(inputs[f"tangent {name}"])}
            tangent = np.zeros_like(point.value)
            if moving:
                found = estimate(point.along(moving))
                tangent = found.derivative
                if found.poor.any():
                    point.info.warnings.append(str(found))
            parts = np.split(tangent, np.cumsum([value.size for value in point.outputs.values()])[:-1])
            results = dict(point.outputs)
            for (name, value), part in zip(point.outputs.items(), parts, strict=True):
                results[f"tangent {name}"] = part.reshape(value.shape).astype(value.dtype)
            return results

        return run
