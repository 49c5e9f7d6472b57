"""Simplification: the same numbers, bit for bit, from fewer blocks.

Common subexpressions, constants, identities that are exact in floating point (each op states its own), dead blocks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import numpy as np

from gradwire_service.errors import GradwireError
from gradwire_service.graph import TensorType, TupleType
from gradwire_service.ops.arithmetic import Add, MaskedMultiply, Multiply, Subtract
from gradwire_service.ops.base import (
    Constant,
    Elementwise,
    Full,
    Op,
    Result,
    Value,
    Variable,
    broadcast_shapes,
    constant,
    full,
    scalar_of,
)
from gradwire_service.ops.body import Body, Control
from gradwire_service.ops.flat import FlatGraph, ancestors
from gradwire_service.ops.namespace import NUMPY
from gradwire_service.ops.shape import BroadcastTo

Values = Mapping[str, Value]

MULTIPLY = Multiply()
FIXED = frozenset((Constant, Full))
REPEATED = frozenset((Full, BroadcastTo))

FOLDED_ELEMENTS = 4096
"""Constants up to this size are folded; larger ones would only move work and memory to the preparation."""


def simplify(graph: FlatGraph, *, strict_nan: bool = False, fast_math: bool = False) -> FlatGraph:
    """Return a graph with the same variables and outputs, in which every value is computed once and is needed.

    Args:
        graph: any flat graph.
        strict_nan: let 0·∞ be NaN in derivatives, as their formulas have it.
        fast_math: allow identities that may change a NaN, an infinity or the sign of a zero: x + 0 = x, 0 x = 0.
    """
    outputs = simplified(graph.outputs, strict_nan=strict_nan, fast_math=fast_math)
    return FlatGraph.of(outputs, graph.variables.values())


def simplified(outputs: Mapping[str, Value], *, strict_nan: bool = False, fast_math: bool = False) -> dict[str, Value]:
    """Rebuild the outputs, inputs first: each value is replaced by the first that is the same."""
    new: dict[Value, Value] = {}
    known: dict[tuple[object, ...], Value] = {}
    outputs, order = inlined(outputs)
    loops = _Loops(order, lambda values: simplified(values, strict_nan=strict_nan, fast_math=fast_math))

    def unique(value: Value) -> Value:
        if type(value.op) is Variable:
            return value  # those of bodies may share a name
        key = (type(value.op), value.op, value.inputs)
        return known.setdefault(key, value)

    for value in order:
        if type(value.op) is Variable:
            new[value] = value
            continue
        inputs = tuple([new[x] for x in value.inputs])
        if isinstance(value.op, Control):
            new[value] = loops.closed(value, inputs)
            continue
        if isinstance(value.op, Result):
            new[value] = unique(Value(Result(loops.place(value)), inputs, value.type, value.name))
            continue
        made_by = {type(x.op) for x in inputs}
        if not REPEATED.isdisjoint(made_by) and isinstance(value.op, Elementwise):
            inputs = tuple([x if x in inputs else unique(x) for x in _thinned(inputs, value.shape)])
            made_by = {type(x.op) for x in inputs}
        op = MULTIPLY if strict_nan and isinstance(value.op, MaskedMultiply) else value.op
        same = op is value.op and inputs == value.inputs
        candidate = value if same else Value(op, inputs, value.type, value.name)
        simpler = op.simplify(*inputs)
        if simpler is not None and simpler.shape != value.shape and isinstance(op, Elementwise):
            simpler = BroadcastTo(value.shape)(simpler)  # 1 x, with a 1 that was larger than x
        if simpler is None and fast_math:
            simpler = _fast(op, inputs, value.type)
        if simpler is None and inputs and made_by <= FIXED and type(value.type) is TensorType:
            simpler = _folded(candidate)
        if simpler is not None and simpler.type == value.type:
            # What a rule makes may hold new values of its own, one below the other; they are few.
            new[value] = unique(simpler) if simpler.inputs else simpler
        else:
            new[value] = unique(candidate)
    return {name: new[value] for name, value in outputs.items()}


def inlined(outputs: Values) -> tuple[Values, list[Value]]:
    """Write out the ops that stand for their bodies once all derivatives are taken.

    Returns: the outputs, and all that they need in topological order.
    """
    while True:
        order = ancestors(outputs.values())
        if not any(isinstance(v.op, Control) and v.op.is_written_out() for v in order):
            return outputs, order
        new: dict[Value, Value] = {}
        results: dict[Value, tuple[Value, ...]] = {}
        for value in order:
            if value.inputs and value.inputs[0] in results:
                assert isinstance(value.op, Result)
                new[value] = results[value.inputs[0]][value.op.index]
                continue
            inputs = tuple(new[x] for x in value.inputs)
            found = value.op.inlined(*inputs) if isinstance(value.op, Control) else None
            if found is not None:
                results[value] = found
            else:
                new[value] = value if inputs == value.inputs else Value(value.op, inputs, value.type, value.name)
        outputs = {name: new[value] for name, value in outputs.items()}


class _Loops:
    """Ops over bodies: their bodies are simplified, and what nobody uses of them is left out."""

    def __init__(self, order: Iterable[Value], simplify: Callable[[Values], Values]) -> None:
        self._simplify = simplify
        self._used: dict[Value, set[int]] = {}
        self._places: dict[Value, dict[int, int]] = {}
        self._known: dict[tuple[object, ...], tuple[Value, dict[int, int]]] = {}
        for value in order:
            if isinstance(value.op, Result):
                self._used.setdefault(value.inputs[0], set()).add(value.op.index)

    def closed(self, value: Value, inputs: tuple[Value, ...]) -> Value:
        """Return an op over bodies, applied to what it needs of its new inputs."""
        op, used = value.op, self._used[value]
        assert isinstance(op, Control)
        key = (op, inputs, frozenset(used))
        if key not in self._known:
            places = {i: i for i in used}
            if (smaller := op.closed(used)) is not None:
                op, taken, kept = smaller
                inputs = tuple(inputs[i] for i in taken)
                places = {old: i for i, old in enumerate(kept)}
            op = op.with_bodies(self._tidy)
            found = op.infer(*(x.type for x in inputs))
            self._known[key] = Value(op, inputs, TupleType.of_members(found), value.name), places
        new, self._places[value] = self._known[key]
        return new

    def place(self, result: Value) -> int:
        """Return which of the results that are left one is."""
        assert isinstance(result.op, Result)
        places = self._places.get(result.inputs[0])
        return result.op.index if places is None else places[result.op.index]

    def _tidy(self, body: Body) -> Body:
        found = self._simplify({str(i): y for i, y in enumerate(body.outputs)})
        return Body(body.variables, tuple(found.values()))


def _fast(op: Op, inputs: tuple[Value, ...], result: TensorType) -> Value | None:
    """Apply the identities that hold for real numbers, though not for every floating-point one."""
    if isinstance(op, Add | Multiply | MaskedMultiply):
        for one, other in (inputs, inputs[::-1]):
            if scalar_of(one) == 0:
                return other if isinstance(op, Add) else full(result, 0)
    if isinstance(op, Subtract) and inputs[0] is inputs[1]:
        return full(result, 0)
    return None


def _thinned(inputs: tuple[Value, ...], shape: tuple[int, ...]) -> tuple[Value, ...]:
    """Leave out repetitions that broadcasting makes by itself."""
    for i, x in enumerate(inputs):
        if type(x.op) in REPEATED:
            thinner = constant(x.op.value, x.element_type) if isinstance(x.op, Full) else x.inputs[0]
            candidate = (*inputs[:i], thinner, *inputs[i + 1 :])
            if broadcast_shapes(*(x.shape for x in candidate)) == shape:
                inputs = candidate
    return inputs


def _folded(value: Value) -> Value | None:
    numbers = [scalar_of(x) for x in value.inputs]
    if value.shape and isinstance(value.op, Elementwise) and None not in numbers:
        scalars = (constant(number, x.element_type) for number, x in zip(numbers, value.inputs, strict=True))
        folded = _folded(value.op(*scalars))
        number = None if folded is None else scalar_of(folded)
        return None if number is None else full(value.type, number)
    if value.type.size > FOLDED_ELEMENTS or any(x.type.size > FOLDED_ELEMENTS for x in value.inputs):
        return None
    with np.errstate(all="ignore"):
        try:
            array = np.array(value.op.evaluate(NUMPY, *(x.op.evaluate(NUMPY) for x in value.inputs)))
        except GradwireError as error:
            raise error.in_block(value.name, value.op.name) from None
    if TensorType.of(array) != value.type:
        return None
    array.flags.writeable = False
    return Value(Constant(array), (), value.type)
