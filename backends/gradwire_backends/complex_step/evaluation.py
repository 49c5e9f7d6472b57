"""A graph that is evaluated on numbers x + ih."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradwire_backends.complex_step.namespace import COMPLEX
from gradwire_service.backend import Interrupt, RunInfo, Tensors, check_ends
from gradwire_service.errors import UnsupportedByBackendError
from gradwire_service.graph import Array, TensorType
from gradwire_service.interpreter import interpret
from gradwire_service.ops.base import Elementwise, MultiOp, Namespace, Op, Result, Value, variable
from gradwire_service.ops.flat import FlatGraph, ancestors

EXPONENT = -332
STEP = 2.0**EXPONENT
"""h, the imaginary part that is added."""


class Evaluation:
    """Outputs of a graph and their derivatives along what the imaginary parts of the inputs say.

    Attributes:
        moving: those of `wrt` that reach the outputs.
    """

    def __init__(self, graph: FlatGraph, of: Sequence[str], wrt: Sequence[str]) -> None:
        """Prepare.

        Raises: NotDifferentiableError when an end is not floating; UnsupportedByBackendError, naming the block, when
            a derivative has to pass through an op that is not analytic.
        """
        check_ends(graph, of, wrt)
        self.outputs = {name: graph.outputs[name] for name in of}
        order = ancestors(self.outputs.values())
        movers = _movers(order, self.outputs.values(), {graph.variables[name] for name in wrt})
        self.moving = [name for name in wrt if graph.variables[name] in movers]
        extended = _extended(order, movers)
        self.names = tuple(graph.variables)
        self.run = interpret(
            FlatGraph.of({name: extended[value] for name, value in self.outputs.items()}, graph.variables.values()),
            COMPLEX,
        )

    def __call__(self, inputs: Tensors, length: int, interrupt: Interrupt, info: RunInfo | None) -> Tensors:
        """Evaluate once.

        Args:
            inputs: the variables; those that move have imaginary parts.
            length: binary exponent of the direction whose multiple by h the imaginary parts are.
            interrupt: called between blocks.
            info: to count the evaluation in.

        Returns: each output by its name, and its derivative as ``tangent NAME``.
        """
        interrupt()
        if info is not None:
            info.function_evaluations += 1
        found = self.run({name: inputs[name] for name in self.names}, interrupt)
        results = {}
        with np.errstate(over="ignore"):
            for name, value in self.outputs.items():
                dtype = value.element_type.dtype
                results[name] = np.array(found[name].real, dtype, order="C")
                results[f"tangent {name}"] = np.asarray(np.ldexp(np.imag(found[name]), length - EXPONENT), dtype)
        return results


@dataclass(frozen=True)
class _OnRealPart(Op):
    """An op that passes no derivative on, applied to the real parts of its inputs."""

    op: Op

    def infer(self, *inputs: TensorType) -> TensorType:
        return self.op.infer(*inputs)

    def evaluate(self, xp: Namespace, *inputs: Any) -> Array:
        return self.op.evaluate(xp, *map(np.real, inputs))


def _movers(order: Sequence[Value], outputs: Iterable[Value], wrt: set[Value]) -> set[Value]:
    """Return the values by which a derivative passes from `wrt` to the outputs, both ends included.

    Raises: UnsupportedByBackendError when one of them is not analytic.
    """
    passing = set(outputs)
    for value in reversed(order):
        if value in passing and value not in wrt and not _stops(value):
            passing.update(x for x in value.inputs if x.element_type.is_floating)
    movers = passing & wrt
    for value in order:
        if value in passing and value not in wrt and not _stops(value) and not movers.isdisjoint(value.inputs):
            if not value.op.analytic:
                name = value.op.name
                where = f"block {value.name!r} ({name})" if value.name not in ("", name) else f"a block made by {name}"
                raise UnsupportedByBackendError(
                    f"complex_step can't differentiate through {where}, since {name} is not analytic; use a backend "
                    "that differentiates the graph (numba, numpy), or finite_difference",
                    block=value.name,
                    op=name,
                )
            movers.add(value)
    return movers


def _extended(order: Sequence[Value], movers: set[Value]) -> Mapping[Value, Value]:
    """Rebuild the values so that what does not move keeps to the real parts of what does."""
    new: dict[Value, Value] = {}
    for value in order:
        inputs = tuple(new[x] for x in value.inputs)
        steps = value not in movers and not movers.isdisjoint(value.inputs)
        same = not steps and inputs == value.inputs
        new[value] = value if same else Value(_OnRealPart(value.op) if steps else value.op, inputs, value.type)
    return new


def _stops(value: Value) -> bool:
    """Tell whether an op passes no derivative on, by its own rule."""
    if isinstance(value.op, Result):
        return not value.element_type.is_floating
    if not value.element_type.is_floating or type(value.op).vjp in (Op.vjp, MultiOp.vjp):
        return True
    if isinstance(value.op, Elementwise) and type(value.op).partials is Elementwise.partials:
        return type(value.op).vjp is Elementwise.vjp
    if value.op.analytic or isinstance(value.op, MultiOp):
        return False
    cotangent = variable("cotangent", value.shape, value.element_type)
    return all(x_bar is None for x_bar in value.op.vjp(cotangent, value, *value.inputs))
