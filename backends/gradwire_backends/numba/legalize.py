"""The graph in terms that kernels know: ops that are made of others are written out, and copies made explicit.

After this, every output is a value of its own that some block computes, every operand of a product and of NumPy lies in
memory as they read it, and reductions reduce.
"""

from __future__ import annotations

from collections.abc import Callable

from gradwire_backends.numba.factoring import factored
from gradwire_backends.numba.gathers import GATHERS
from gradwire_backends.numba.own_ops import COPY, LU, Packed
from gradwire_backends.numba.rewriting import written
from gradwire_backends.numba.routines import lies_in_order, routine
from gradwire_backends.numba.scattering import scattered
from gradwire_backends.numba.views import relabels, view
from gradwire_service.ops.base import Op, Value
from gradwire_service.ops.conversion import AsType
from gradwire_service.ops.flat import FlatGraph, ancestors


def legalize(graph: FlatGraph, runs_in_kernels: Callable[[Value], bool]) -> FlatGraph:
    """Rewrite a graph.

    Args:
        graph: any flat graph.
        runs_in_kernels: tells whether kernels compute a value, or NumPy does.
    """
    legalizer = _Legalizer(runs_in_kernels)
    new = {value: value for value in graph.variables.values()}
    for value in graph.blocks:
        new[value] = legalizer.legal(_with_inputs(value, tuple(new[x] for x in value.inputs)))
    outputs: dict[str, Value] = {}
    given: set[Value] = set()
    for name, value in graph.outputs.items():
        result = new[value]
        if result in given or view(result) is not None or relabels(result) or not result.inputs:
            result = COPY(result)
        given.add(result)
        outputs[name] = result
    return FlatGraph.of(outputs, graph.variables.values())


class _Legalizer:
    """Rewrites one value after the other; what several need is copied once, and factorized once."""

    def __init__(self, runs_in_kernels: Callable[[Value], bool]) -> None:
        self._runs_in_kernels = runs_in_kernels
        self._copies: dict[Value, Value] = {}
        self._factors: dict[tuple[Op, Value], Value] = {}

    def legal(self, value: Value) -> Value:
        """Rewrite a value whose inputs are legal. Rules write ops with simpler ones, a few levels deep."""
        if isinstance(value.op, LU | Packed):
            (a,) = value.inputs
            key = value.op, a.inputs[0] if isinstance(a.op, AsType) else a
            if key not in self._factors:
                self._factors[key] = self._with_operands(value)
            return self._factors[key]
        simpler = written(value.op, *value.inputs) or factored(value.op, *value.inputs)
        simpler = simpler or scattered(value.op, *value.inputs)
        if simpler is None:
            return self._with_operands(value)
        newest = max((x.serial for x in value.inputs), default=-1)
        new: dict[Value, Value] = {}
        for part in ancestors([simpler]):
            if part.serial > newest:
                new[part] = self.legal(_with_inputs(part, tuple(new.get(x, x) for x in part.inputs)))
        return new.get(simpler, simpler)

    def _with_operands(self, value: Value) -> Value:
        """Copy the inputs that do not lie as the value reads them."""
        fits: Callable[[Value], bool]
        if isinstance(value.op, GATHERS):
            x, *positions = value.inputs
            return _with_inputs(value, (x if lies_in_order(x) else self._copy(x), *positions))
        if relabels(value):
            fits = lies_in_order
        elif view(value) is not None:
            return value
        elif not self._runs_in_kernels(value):
            fits = lies_in_order
        elif (served := routine(value.op, value)) is not None:
            fits = served.fits
        else:
            return value
        return _with_inputs(value, tuple(x if fits(x) else self._copy(x) for x in value.inputs))

    def _copy(self, value: Value) -> Value:
        if value not in self._copies:
            self._copies[value] = COPY(value)
        return self._copies[value]


def _with_inputs(value: Value, inputs: tuple[Value, ...]) -> Value:
    return value if inputs == value.inputs else Value(value.op, inputs, value.type, value.name)
