"""Rules of vectorization for ops of matrices, windows, diagonals, order, and places that are data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from gradwire_service.graph import INT64
from gradwire_service.ops.base import Op, Value, constant
from gradwire_service.ops.convolution import Conv
from gradwire_service.ops.diagonals import DiagEmbed, Diagonal
from gradwire_service.ops.dynamic import DynamicSlice, DynamicUpdateSlice
from gradwire_service.ops.factorizations import QR, SVD, Cholesky, Eigh
from gradwire_service.ops.functions import concatenate, reshape, transpose
from gradwire_service.ops.matrix_functions import Cofactors, CofactorsMoved, Det, Expm, Slogdet
from gradwire_service.ops.solving import LinearSystem, Pinv
from gradwire_service.ops.sorting import ArgSort, SearchSorted, Selection
from gradwire_service.ops.windows import ReduceWindowMax, ReduceWindowSum, WindowArgMax
from gradwire_service.transform.vectorize import BatchedInput, batch_size, batching_rule, behind, only

# Matrices: all these ops take stacks of them.


@batching_rule.register(Cholesky)
@batching_rule.register(Eigh)
@batching_rule.register(SVD)
@batching_rule.register(QR)
@batching_rule.register(Det)
@batching_rule.register(Cofactors)
@batching_rule.register(Slogdet)
@batching_rule.register(Expm)
@batching_rule.register(Pinv)
def _(op: Op, y: Value, x: Sequence[BatchedInput]) -> Any:
    return op(only(x))


@batching_rule.register
def _(op: CofactorsMoved, y: Value, x: Sequence[BatchedInput]) -> Any:
    return op(*(one.repeated(batch_size(x)) for one in x))


@batching_rule.register
def _(op: LinearSystem, y: Value, x: Sequence[BatchedInput]) -> Any:
    a, b = x
    size = batch_size(x)
    if b.batch is None and b.rank == 1:  # one vector for all matrices
        return op(a.aligned(0), b.value)
    n, columns = a.value.shape[-1], b.value.shape[1:]
    if a.batch is None and a.rank == 2 and b.rank <= 2:  # one matrix: the members are columns beside each other
        order = (1, 0, *range(2, b.rank + 1))
        beside = reshape(transpose(b.batch, axes=order), shape=(n, size * (columns or (1,))[0]))
        return transpose(reshape(op(a.value, beside), shape=(n, size, *columns)), axes=order)
    rank = max(a.rank, b.rank, 2)
    right = b.aligned(rank)
    if b.rank == 1:
        right = reshape(right, shape=(size, *[1] * (rank - 2), n, 1))
    return reshape(op(a.aligned(rank), right), shape=(size, *y.shape))


# Windows: those of one member hold nothing of another.


@batching_rule.register(ReduceWindowSum)
@batching_rule.register(ReduceWindowMax)
def _windowed(op: Any, y: Value, x: Sequence[BatchedInput]) -> Any:
    given = {name: numbers for name, numbers in vars(op).items() if numbers or name == "window"}
    first = {name: 0 if name in ("low", "high") else 1 for name in given}
    return replace(op, **{name: (first[name], *numbers) for name, numbers in given.items()})(only(x))


@batching_rule.register
def _(op: WindowArgMax, y: Value, x: Sequence[BatchedInput]) -> Any:
    shape = (batch_size(x), *[1] * len(y.shape))
    starts = np.arange(batch_size(x)).reshape(shape) * x[0].value.type.size
    return _windowed(op, y, x) - constant(starts, INT64)


@batching_rule.register
def _(op: Conv, y: Value, x: Sequence[BatchedInput]) -> Any:
    images, weights = x
    size, n = batch_size(x), y.shape[0]
    if weights.batch is None:  # more images
        many = reshape(only(x[:1]), shape=(size * n, *images.value.shape[1:]))
        return reshape(op(many, weights.value), shape=(size, *y.shape))
    if images.batch is not None or op.groups > 1:
        return None
    outputs, *rest = weights.value.shape  # more outputs
    found = op(images.value, reshape(weights.batch, shape=(size * outputs, *rest)))
    apart = reshape(found, shape=(n, size, *y.shape[1:]))
    return transpose(apart, axes=(1, 0, *range(2, len(apart.shape))))


# Diagonals, order, places.


@batching_rule.register
def _(op: Diagonal, y: Value, x: Sequence[BatchedInput]) -> Any:
    rows, columns = op.axes(x[0].rank)
    return replace(op, axis1=rows + 1, axis2=columns + 1)(only(x))


@batching_rule.register
def _(op: DiagEmbed, y: Value, x: Sequence[BatchedInput]) -> Any:
    rows, columns = op.axes(len(y.shape))
    return replace(op, axis1=rows + 1, axis2=columns + 1)(only(x))


@batching_rule.register(ArgSort)
@batching_rule.register(Selection)
def _(op: Any, y: Value, x: Sequence[BatchedInput]) -> Any:
    return replace(op, axis=behind(op.axis, x[0].rank))(only(x))


@batching_rule.register
def _(op: SearchSorted, y: Value, x: Sequence[BatchedInput]) -> Any:
    return None if x[0].batch is not None else op(x[0].value, only(x[1:]))


@batching_rule.register
def _(op: DynamicSlice, y: Value, x: Sequence[BatchedInput]) -> Any:
    _, start = x
    if start.batch is not None:
        return None
    return DynamicSlice((batch_size(x), *op.sizes))(only(x[:1]), _from_first(start.value))


@batching_rule.register
def _(op: DynamicUpdateSlice, y: Value, x: Sequence[BatchedInput]) -> Any:
    *parts, start = x
    if start.batch is not None:
        return None
    return op(*(one.repeated(batch_size(x)) for one in parts), _from_first(start.value))


def _from_first(start: Value) -> Any:
    """Start at the first member of the batch."""
    return concatenate(constant(np.zeros(1), start.element_type), start, axis=0)
