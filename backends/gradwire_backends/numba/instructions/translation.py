"""Blocks as instructions on elements, each element a number.

What only moves elements, such as a slice or a transpose, makes no instruction: its op is applied to the numbers. An op
without an instruction is left to NumPy. Nothing is kept of a block but a few integers.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from gradwire_backends.numba.instructions import vocabulary
from gradwire_backends.numba.instructions.vocabulary import DIVIDE, DOT, POWER, ROUND, WIDE, WRAP, Key
from gradwire_backends.numba.rewriting import written
from gradwire_service.errors import IndexRangeError
from gradwire_service.graph import BOOL, FLOAT32, FLOAT64, INT32, INT64, Array, ElementType, TupleType
from gradwire_service.ops.arithmetic import IntegerPow
from gradwire_service.ops.base import Constant, Elementwise, Full, Result, Value, normalized_axes
from gradwire_service.ops.conversion import AsType, Identity, StopGradient
from gradwire_service.ops.diagonals import Diagonals
from gradwire_service.ops.flat import FlatGraph, ancestors
from gradwire_service.ops.gathering import GatherNd, ScatterSet
from gradwire_service.ops.indexing import Slice, Take
from gradwire_service.ops.joining import Concatenate, Pad, Stack
from gradwire_service.ops.linear_algebra import MatMul
from gradwire_service.ops.namespace import NUMPY
from gradwire_service.ops.piecewise import Clip, Relu
from gradwire_service.ops.reductions import LogSumExp, Max, Mean, Min, Prod, Reduction, Sum
from gradwire_service.ops.shape import Rearrangement

Numbers = Any
"""The numbers of a value's elements: an integer for a scalar, else an array of the value's shape; a tuple of these for
the results of one block."""

SEGMENT = 32
"""Bits of a time below those that count the segments, between which NumPy evaluates blocks."""

PRODUCTS = 2**11
"""Terms of a matrix product at most: larger ones are faster by BLAS, the way there and back included."""

CONSTANT, OTHER = -2, -1
"""Stand in place of an instruction where words are constants, and where they come from elsewhere."""

COLUMNS = 5
"""Integers for each piece of memory: number of elements; time; instruction; number of operands; where these begin."""

MOVING = (Rearrangement, Slice, Concatenate, Stack, StopGradient, Identity, Diagonals)
POSITIONED = (Take, GatherNd, ScatterSet)


@dataclass(frozen=True)
class HostBlock:
    """A block that NumPy evaluates between two segments.

    Attributes:
        value: the block.
        segment: the segment after which it is evaluated.
        operands: numbers of the elements of its inputs.
        results: numbers of the elements of its result, or of its results.
    """

    value: Value
    segment: int
    operands: tuple[Numbers, ...]
    results: Numbers


class Translation:
    """The instructions of a graph.

    Attributes:
        pieces: `COLUMNS` integers for each piece of memory, whose elements have consecutive numbers.
        operands: numbers of the elements that instructions read: all first operands of a piece, all second ones, ….
        constants: bits of the words that are fixed.
        host: the blocks that NumPy evaluates, in order.
        numbers: numbers of the elements of values.
    """

    def __init__(self, graph: FlatGraph) -> None:
        self.pieces = array("q")
        self.operands = array("q")
        self.constants = array("q")
        self.host: list[HostBlock] = []
        self.numbers: dict[Value, Numbers] = {}
        self._times: dict[Value, int] = {}
        self._next = 0
        self._codes = vocabulary.instructions()
        self._plain: dict[tuple[Any, ...], tuple[int, int] | None] = {}
        self._known: dict[int, int] = {}
        self._constant(0)  # number 0 is zero, of whatever type: what pads are filled with
        for value in graph.variables.values():
            self._enter(value, self._piece(value.shape), 0)
        for value in graph.blocks:
            self._block(value)

    def _block(self, value: Value) -> None:
        """Translate a block whose inputs are translated."""
        inputs = value.inputs
        kinds = [x.type.element_type for x in inputs]
        key = (type(value.op), value.type.element_type, *kinds)
        codes = self._plain.get(key)
        if codes is None:
            if key not in self._plain:
                self._plain[key] = codes = self._plain_codes(value, kinds)
            if codes is None:
                self._other(value)
                return
        time = max([self._times[x] for x in inputs]) + 1
        code, finish = codes
        if value.type.shape == ():
            numbers: Numbers = self._scalar(code, [self.numbers[x] for x in inputs], time)
            if finish >= 0:
                time += 1
                numbers = self._scalar(finish, (numbers,), time)
            self.numbers[value], self._times[value] = numbers, time
        else:
            operands = [_over(self.numbers[x], value.shape) for x in inputs]
            self._enter(value, *self._each(code, finish, operands, value.shape, time))

    def _plain_codes(self, value: Value, kinds: list[ElementType]) -> tuple[int, int] | None:
        """Return the instruction of an op that is always the same for these kinds, and that which rounds; or None."""
        op, result = value.op, value.type.element_type
        if not isinstance(op, Elementwise) or fields(op):  # type: ignore[arg-type]  # every op is a dataclass
            return None
        key = vocabulary.pointwise(op, result, kinds)
        code = self._codes.get(key) if key is not None else None
        return None if code is None else (code, self._finish(result))

    def _finish(self, result: ElementType) -> int:
        """Return the instruction that brings a wide result into the range of its type; -1 where there is none."""
        return self._codes[ROUND] if result is FLOAT32 else self._codes[WRAP] if result is INT32 else -1

    # Pieces of memory

    def _scalar(self, code: int, operands: Iterable[int], time: int) -> int:
        self.pieces.extend((1, time, code, 0, len(self.operands)))
        self.operands.extend(operands)
        self.pieces[-2] = len(self.operands) - self.pieces[-1]
        self._next += 1
        return self._next - 1

    def _piece(self, shape: tuple[int, ...], code: int = OTHER) -> Numbers:
        """Return numbers for elements that no instruction makes."""
        size = math.prod(shape)
        self.pieces.extend((size, code, code, 0, 0))
        first, self._next = self._next, self._next + size
        return first if shape == () else np.arange(first, first + size).reshape(shape)

    def _each(
        self, code: int, finish: int, operands: Sequence[Array] | Array, shape: tuple[int, ...], time: int
    ) -> tuple[Numbers, int]:
        """Add an instruction for each element of a shape; return their numbers and the time when they are there."""
        size = math.prod(shape)
        self.pieces.extend((size, time, code, len(operands), len(self.operands)))
        self.operands.frombytes(np.asarray(operands, np.int64).tobytes())
        first, self._next = self._next, self._next + size
        numbers = first if shape == () else np.arange(first, first + size).reshape(shape)
        if finish < 0:
            return numbers, time
        return self._each(finish, -1, [np.asarray(numbers)], shape, time + 1)

    def _constant(self, bits: int) -> int:
        if bits not in self._known:
            self._known[bits] = self._piece((), CONSTANT)
            self.constants.append(bits)
        return self._known[bits]

    def _constants(self, x: Array) -> Numbers:
        """Return the numbers of constants; equal scalars are the same word."""
        words = np.asarray(x, np.float64).view(np.int64) if x.dtype.kind == "f" else x.astype(np.int64)
        if x.ndim == 0:
            return self._constant(int(words))
        self.constants.frombytes(words.tobytes())
        return self._piece(x.shape, CONSTANT)

    def _enter(self, value: Value, numbers: Numbers, time: int) -> None:
        self.numbers[value], self._times[value] = numbers, time

    # Ops that are no single element-wise instruction

    def _other(self, value: Value) -> None:
        op, inputs = value.op, value.inputs
        time = max((self._times[x] for x in inputs), default=0)
        numbers = tuple(self.numbers[x] for x in inputs)
        match op:
            case Constant():
                self._enter(value, self._constants(op.array), 0)
            case Full():
                number = np.asarray(op.value, value.element_type.dtype)
                self._enter(value, np.broadcast_to(self._constants(number), value.shape), 0)
            case Result():
                self._enter(value, numbers[0][op.index], time)
            case AsType():
                self._convert(value, numbers[0], time)
            case IntegerPow() if value.element_type.is_floating:
                self._raise(value, op, np.asarray(numbers[0]), time)
            case Sum() | Mean() | Prod() | Max() | Min() if self._reducible(value):
                self._reduce(value, op, np.asarray(numbers[0]), time)
            case MatMul() if value.element_type.is_floating and _terms(value) <= PRODUCTS:
                self._multiply(value, np.asarray(numbers[0]), np.asarray(numbers[1]), time)
            case _ if not inputs:
                found = np.asarray(op.evaluate(NUMPY), value.element_type.dtype)
                self._enter(value, self._constants(found), 0)
            case _:
                moved = self._moved(value, numbers)
                if moved is not None:
                    self._enter(value, moved if value.shape else int(moved), time)
                elif not self._written(value):
                    self._evaluated(value, numbers, time)

    def _moved(self, value: Value, numbers: tuple[Numbers, ...]) -> Array | None:
        """Return the numbers of what only moves elements; None for any other op."""
        op, inputs = value.op, value.inputs
        arrays = [np.asarray(x) for x in numbers]
        if isinstance(op, Pad):
            fill = self._constants(np.asarray(op.value, value.element_type.dtype))
            op = replace(op, value=float(fill))
        elif isinstance(op, POSITIONED) and isinstance(inputs[1].op, Constant | Full):
            arrays[1] = inputs[1].op.evaluate(NUMPY)
        elif isinstance(op, Elementwise) and not fields(op):  # type: ignore[arg-type]  # every op is a dataclass
            key = vocabulary.pointwise(op, value.element_type, [x.element_type for x in inputs])
            return arrays[0] if key is not None and key[0] == "{0}" else None  # an integer's floor
        elif not isinstance(op, MOVING):
            return None
        try:
            return np.asarray(op.evaluate(NUMPY, *arrays))
        except IndexRangeError:
            return None  # NumPy will say so when the graph is run

    def _convert(self, value: Value, numbers: Numbers, time: int) -> None:
        source, target = value.inputs[0].element_type, value.element_type
        steps: list[Key] = []
        if target is BOOL and source is not BOOL:
            steps.append(("{0} != 0", (WIDE[source],), BOOL))
        elif target.is_floating and not source.is_floating:
            steps.append(("float64({0})", (INT64,), FLOAT64))
        elif source.is_floating and not target.is_floating:
            self._evaluated(value, (numbers,), time)  # what becomes of NaN is NumPy's choice
            return
        if target is FLOAT32 and source is not FLOAT32:
            steps.append(ROUND)
        elif target is INT32 and source is INT64:
            steps.append(WRAP)
        for key in steps:
            numbers, time = self._each(self._codes[key], -1, [np.asarray(numbers)], value.shape, time + 1)
        self._enter(value, numbers, time)

    def _raise(self, value: Value, op: IntegerPow, numbers: Array, time: int) -> None:
        key = vocabulary.pointwise(op, FLOAT64, (FLOAT64,))
        operands = [numbers]
        if key not in self._codes:
            key = POWER
            operands.append(np.broadcast_to(self._constants(np.asarray(float(op.n))), value.shape))
        finish = self._finish(value.element_type)
        self._enter(value, *self._each(self._codes[key], finish, operands, value.shape, time + 1))

    def _reducible(self, value: Value) -> bool:
        (x,) = value.inputs
        assert isinstance(value.op, Reduction)
        extreme = isinstance(value.op, Max | Min)
        return value.op.extent(x.shape) > 0 and not (extreme and value.element_type is BOOL)

    def _reduce(self, value: Value, op: Reduction, numbers: Array, time: int) -> None:
        kind = FLOAT64 if value.inputs[0].element_type.is_floating else INT64
        name = "sum" if isinstance(op, Mean) else op.name
        reduced = normalized_axes(op.axis, numbers.ndim, op.name)
        kept = [axis for axis in range(numbers.ndim) if axis not in reduced]
        terms: Sequence[Array] | Array = numbers.transpose(*reduced, *kept).reshape(op.extent(numbers.shape), -1)
        code, finish = self._codes[vocabulary.fold(name, kind)], self._finish(value.element_type)
        if isinstance(op, Mean):
            total, time = self._each(code, -1, terms, value.shape, time + 1)
            if kind is INT64:
                widen = self._codes[("float64({0})", (INT64,), FLOAT64)]
                total, time = self._each(widen, -1, [np.asarray(total)], value.shape, time + 1)
            count = np.broadcast_to(self._constants(np.asarray(float(len(terms)))), value.shape)
            code, terms = self._codes[DIVIDE], [np.asarray(total), count]
        self._enter(value, *self._each(code, finish, terms, value.shape, time + 1))

    def _multiply(self, value: Value, a: Array, b: Array, time: int) -> None:
        a = a[None] if a.ndim == 1 else a
        b = b[:, None] if b.ndim == 1 else b
        rows, columns = a[..., :, :, None], b[..., None, :, :]  # [..., m, k, n]
        shape = np.broadcast_shapes(rows.shape, columns.shape)
        operands = np.concatenate([np.moveaxis(np.broadcast_to(x, shape), -2, 0) for x in (rows, columns)])
        if not len(operands):
            self._enter(value, np.zeros(value.shape, np.int64), 0)
            return
        finish = self._finish(value.element_type)
        self._enter(value, *self._each(self._codes[DOT], finish, operands, value.shape, time + 1))

    def _written(self, value: Value) -> bool:
        """Translate an op that is written with simpler ones; tell whether it is."""
        simpler = written(value.op, *value.inputs) if isinstance(value.op, Clip | Relu | LogSumExp) else None
        if simpler is None:
            return False
        for part in ancestors([simpler], set(value.inputs)):
            if part not in self.numbers:
                self._block(part)
        self._enter(value, self.numbers[simpler], self._times[simpler])
        return True

    def _evaluated(self, value: Value, numbers: tuple[Numbers, ...], time: int) -> None:
        """Leave a block to NumPy."""
        segment = time >> SEGMENT
        if isinstance(value.type, TupleType):
            results: Numbers = tuple(self._piece(member.shape) for member in value.type.members)
        else:
            results = self._piece(value.shape)
        self.host.append(HostBlock(value, segment, numbers, results))
        self._enter(value, results, (segment + 1) << SEGMENT)


def _over(numbers: Numbers, shape: tuple[int, ...]) -> Array:
    """Repeat numbers over a shape; most have it, and NumPy takes long to see that."""
    return numbers if getattr(numbers, "shape", None) == shape else np.broadcast_to(numbers, shape)


def _terms(value: Value) -> int:
    """Return the number of products of elements that a matrix product is the sum of."""
    return value.type.size * value.inputs[0].shape[-1]
