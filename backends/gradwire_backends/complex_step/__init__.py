"""Derivatives from imaginary parts: f(x + ih) = f(x) + ih f'(x) + O(h²), with h too small for h² to show.

No difference is taken, so that nothing cancels, and the derivative is exact to rounding, for the price of one complex
evaluation an element. It takes a function that continues to complex numbers: blocks whose op is not analytic are
refused when a derivative has to pass through them. Where an op has no derivative to pass on (comparisons, sign,
argmax, stop_gradient), it acts on the real part.

h = 2^-332, about 1e-100, for every element: its square is nothing beside 1, a derivative times h can be stored from
1e-208 up, and only functions that vary over less than 1e-92 see that it isn't 0. Dividing by a power of 2 is exact.

What depends on a moved variable is held in double precision, also in graphs of float32; results are rounded at the end.

Source: Squire & Trapp (1998), "Using complex variables to estimate derivatives of real functions"; Martins, Sturdza &
Alonso (2003), "The complex-step derivative approximation"; Al-Mohy & Higham (2010), "The complex step approximation to
the Fréchet derivative of a matrix function".
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from gradwire_backends.complex_step.evaluation import STEP, Evaluation
from gradwire_service.backend import Executable, Interrupt, Options, RunInfo, Tensors, check_scalar, never
from gradwire_service.interpreter import interpret
from gradwire_service.ops.flat import FlatGraph


class ComplexStepBackend:
    """Gives one element of one variable an imaginary part at a time, or all along a direction."""

    name = "complex_step"
    summary = "Imaginary parts: exact to rounding, one evaluation an element; only through analytic ops."

    def prepare(self, graph: FlatGraph) -> Executable:
        """Evaluate, without differentiating."""
        return interpret(graph)

    def prepare_gradients(self, graph: FlatGraph, of: str, wrt: Sequence[str], options: Options) -> Executable:
        """Differentiate a scalar, element by element.

        Raises: NotScalarError, NotDifferentiableError; UnsupportedByBackendError, naming the block that is not
            analytic.
        """
        check_scalar(graph, of)
        evaluate = Evaluation(graph, [of], wrt)

        def run(inputs: Tensors, interrupt: Interrupt = never, info: RunInfo | None = None) -> Tensors:
            results: Tensors = {}
            gradients = {name: np.zeros_like(inputs[name], order="C") for name in wrt}
            for name in evaluate.moving:
                moved = np.array(inputs[name], np.complex128, order="C")
                elements, gradient = moved.reshape(-1), gradients[name].reshape(-1)
                for i in range(elements.size):
                    elements.imag[i] = STEP
                    results = evaluate({**inputs, name: moved}, 0, interrupt, info)
                    gradient[i] = results[f"tangent {of}"]
                    elements.imag[i] = 0
            results = results or evaluate(inputs, 0, interrupt, info)
            return {of: results[of], **gradients}

        return run

    def prepare_jvp(self, graph: FlatGraph, of: Sequence[str], wrt: Sequence[str], options: Options) -> Executable:
        """Differentiate along one direction, in one evaluation.

        Raises: NotDifferentiableError; UnsupportedByBackendError, naming the block that is not analytic.
        """
        evaluate = Evaluation(graph, of, wrt)

        def run(inputs: Tensors, interrupt: Interrupt = never, info: RunInfo | None = None) -> Tensors:
            tangents = {name: inputs[f"tangent {name}"].astype(np.float64) for name in evaluate.moving}
            greatest = max((float(np.max(np.abs(v), initial=0)) for v in tangents.values()), default=0.0)
            length = math.frexp(greatest)[1] if math.isfinite(greatest) else 0
            moved = {}
            for name, v in tangents.items():
                moved[name] = np.array(inputs[name], np.complex128)
                moved[name].imag = np.ldexp(v, -length) * STEP  # the greatest element is between h/2 and h
            return evaluate({**inputs, **moved}, length, interrupt, info)

        return run
