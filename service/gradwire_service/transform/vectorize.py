"""Vectorization, graph → graph: many points or directions at once, along one more axis in front.

What depends on a batched value is rebuilt by the rule of its op; what does not is shared, and computed once. An op
without a rule is applied to each member of the batch by itself, so that every op works.
"""

from __future__ import annotations

import math
import string
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import singledispatch
from typing import Any

import numpy as np

from gradwire_service.graph import TensorType, TupleType
from gradwire_service.ops.base import Constant, Elementwise, MultiOp, Op, Result, Value, full
from gradwire_service.ops.comparison import Equal
from gradwire_service.ops.conversion import AsType, Identity, StopGradient
from gradwire_service.ops.cumulative import Cumulative, LinearRecurrence
from gradwire_service.ops.flat import ancestors
from gradwire_service.ops.functions import broadcast_to, matmul, reshape, stack, transpose
from gradwire_service.ops.functions import slice as slice_
from gradwire_service.ops.gathering import GatherNd, Scatter
from gradwire_service.ops.indexing import Slice, Take, TakeTranspose, write_index
from gradwire_service.ops.joining import Concatenate, Pad, Stack
from gradwire_service.ops.linear_algebra import Einsum, MatMul
from gradwire_service.ops.reductions import Reduction
from gradwire_service.ops.shape import BroadcastTo, ExpandDims, Flip, Reshape, Squeeze, Transpose


def vectorize(values: Sequence[Value], batched: Mapping[Value, Value]) -> list[Value]:
    """Evaluate values for many of what they depend on.

    Args:
        values: what is wanted.
        batched: for each value that differs, what takes its place: its shape behind an axis in front, whose size is
            the same for all. At least one.

    Returns: the values behind that axis; those that depend on nothing of this are repeated along it.
    """
    size = next(iter(batched.values())).shape[0]
    new: dict[Value, Any] = dict(batched)  # of a block with several results: a tuple of all
    for value in ancestors(values):
        if value in new or not any(x in new for x in value.inputs):
            continue
        if isinstance(value.op, Result):
            new[value] = new[value.inputs[0]][value.op.index]
            continue
        inputs = [BatchedInput(x, new.get(x)) for x in value.inputs]
        found = batching_rule(value.op, value, inputs)
        if found is None:
            found = batching_rule.dispatch(Op)(value.op, value, inputs)
        new[value] = _unrolled(value, new, size) if found is None else found
    return [new[value] if value in new else _repeated(value, size) for value in values]


class BatchedInput:
    """An input of a block that is rebuilt.

    Attributes:
        value: what it was.
        batch: what has taken its place; None when it is what it was.
    """

    def __init__(self, value: Value, batch: Value | None) -> None:
        self.value, self.batch = value, batch

    @property
    def rank(self) -> int:
        """Number of axes, that of the batch not counted."""
        return len(self.value.shape)

    def aligned(self, rank: int) -> Value:
        """Return what broadcasts against values of that rank: an axis in front, then at least as many."""
        if self.batch is None or self.rank >= rank:
            return self.value if self.batch is None else self.batch
        size, *shape = self.batch.shape
        return Reshape((size, *(1,) * (rank - self.rank), *shape))(self.batch)

    def repeated(self, size: int) -> Value:
        """Return the batch; of what is the same for all, copies."""
        return _repeated(self.value, size) if self.batch is None else self.batch


def _repeated(x: Value, size: int) -> Value:
    return BroadcastTo((size, *x.shape))(x)


def _unrolled(value: Value, new: Mapping[Value, Any], size: int) -> Any:
    """Apply an op to each member by itself."""
    several = isinstance(value.op, MultiOp)
    members: list[Any] = []
    for i in range(size):
        found = value.op(*(slice_(new[x], index=str(i)) if x in new else x for x in value.inputs))
        members.append(found if several else (found,))
    if members:
        stacked = tuple(stack(*results, axis=0) for results in zip(*members, strict=True))
    else:
        kinds = value.type.members if isinstance(value.type, TupleType) else (value.type,)
        stacked = tuple(full(TensorType((0, *kind.shape), kind.element_type), 0) for kind in kinds)
    return stacked if several else stacked[0]


@singledispatch
def batching_rule(op: Op, y: Value, x: Sequence[BatchedInput]) -> Any:
    """Return what an op makes of inputs one or more of which are batched; None when it has to be applied to each.

    The rule for ops of any kind does that by a loop, where there are many; else it is written out.

    Args:
        op: the op.
        y: its result for one member; of an op with several results, all together.
        x: its inputs.

    Returns: the result behind the axis of the batch, or a tuple of the results.
    """
    return None


@batching_rule.register
def _(op: Elementwise, y: Value, x: Sequence[BatchedInput]) -> Any:
    return op(*(one.aligned(len(y.shape)) for one in x))


@batching_rule.register(AsType)
@batching_rule.register(Identity)
@batching_rule.register(StopGradient)
def _(op: Op, y: Value, x: Sequence[BatchedInput]) -> Any:
    return op(only(x))


@batching_rule.register
def _(op: Reduction, y: Value, x: Sequence[BatchedInput]) -> Any:
    axes = range(x[0].rank) if op.axis is None else op.axis
    return replace(op, axis=tuple(behind(axis, x[0].rank) for axis in axes))(only(x))


@batching_rule.register(Cumulative)
@batching_rule.register(LinearRecurrence)
def _(op: Cumulative | LinearRecurrence, y: Value, x: Sequence[BatchedInput]) -> Any:
    size = batch_size(x)
    inputs = [one.repeated(size) for one in x]
    if op.axis is None:  # x is laid flat
        return replace(op, axis=1)(reshape(inputs[0], shape=(size, *y.shape)))
    return replace(op, axis=behind(op.axis, x[0].rank))(*inputs)


@batching_rule.register(Reshape)
@batching_rule.register(ExpandDims)
@batching_rule.register(Squeeze)
def _(op: Op, y: Value, x: Sequence[BatchedInput]) -> Any:
    return reshape(only(x), shape=(batch_size(x), *y.shape))


@batching_rule.register
def _(op: BroadcastTo, y: Value, x: Sequence[BatchedInput]) -> Any:
    return broadcast_to(x[0].aligned(len(y.shape)), shape=(batch_size(x), *y.shape))


@batching_rule.register
def _(op: Transpose, y: Value, x: Sequence[BatchedInput]) -> Any:
    return transpose(only(x), axes=(0, *(axis + 1 for axis in op.order(x[0].rank))))


@batching_rule.register
def _(op: Flip, y: Value, x: Sequence[BatchedInput]) -> Any:
    axes = range(x[0].rank) if op.axis is None else op.axis
    return replace(op, axis=tuple(behind(axis, x[0].rank) for axis in axes))(only(x))


@batching_rule.register
def _(op: Slice, y: Value, x: Sequence[BatchedInput]) -> Any:
    return slice_(only(x), index=write_index((slice(None), *op.items)))


@batching_rule.register
def _(op: Pad, y: Value, x: Sequence[BatchedInput]) -> Any:
    interior = (0, *op.interior) if op.interior else ()
    return replace(op, low=(0, *op.low), high=(0, *op.high), interior=interior)(only(x))


@batching_rule.register
def _(op: Concatenate, y: Value, x: Sequence[BatchedInput]) -> Any:
    return Concatenate(behind(op.axis, len(y.shape)))(*(one.repeated(batch_size(x)) for one in x))


@batching_rule.register
def _(op: Stack, y: Value, x: Sequence[BatchedInput]) -> Any:
    return Stack(behind(op.axis, len(y.shape)))(*(one.repeated(batch_size(x)) for one in x))


@batching_rule.register
def _(op: Take, y: Value, x: Sequence[BatchedInput]) -> Any:
    source, indices = x
    if source.batch is not None and indices.batch is not None:
        return None
    if source.batch is None:
        assert indices.batch is not None
        taken = op(source.value, indices.batch)
        return taken if op.axis is None else _moved_to_front(taken, op.axis % source.rank)
    if op.axis is None:
        flat = reshape(source.batch, shape=(batch_size(x), source.value.type.size))
        return Take(axis=1)(flat, indices.value)
    return Take(axis=behind(op.axis, source.rank))(source.batch, indices.value)


@batching_rule.register
def _(op: TakeTranspose, y: Value, x: Sequence[BatchedInput]) -> Any:
    source, indices = x
    if indices.batch is not None:
        return None
    return replace(op, axis=op.axis + 1)(source.repeated(0), indices.value)


@batching_rule.register
def _(op: GatherNd, y: Value, x: Sequence[BatchedInput]) -> Any:
    source, indices = x
    if source.batch is None and indices.batch is not None and not op.batch_dims:
        return op(source.value, indices.batch)
    return GatherNd(op.batch_dims + 1)(*(one.repeated(batch_size(x)) for one in x))


@batching_rule.register
def _(op: Scatter, y: Value, x: Sequence[BatchedInput]) -> Any:
    source, indices, updates = x
    size = batch_size(x)
    _, rest, positions = op.parts(source.value.shape, indices.value.shape)
    updated = updates.aligned(len(positions) + len(rest))
    return replace(op, batch_dims=op.batch_dims + 1)(source.repeated(size), indices.repeated(size), updated)


@batching_rule.register
def _(op: MatMul, y: Value, x: Sequence[BatchedInput]) -> Any:
    a, b = x
    size, (left, right) = batch_size(x), (min(a.rank, 2), min(b.rank, 2))
    if b.batch is None and b.rank == 2:  # one product of a tall matrix, not one for each member
        tall = reshape(a.batch, shape=(math.prod(a.batch.shape[:-1]), a.value.shape[-1]))  # type: ignore[union-attr]
        return reshape(matmul(tall, b.value), shape=(size, *y.shape))
    if a.batch is None and a.rank <= 2 and b.rank == 1:
        along = transpose(a.value) if a.rank == 2 else a.value
        return along if _moves_each_element(b.batch) else matmul(b.batch, along)
    rank = max(a.rank, b.rank, 2)
    rows, columns = _matrix(a, rank, is_row=True), _matrix(b, rank, is_row=False)
    product = matmul(rows, columns)
    return product if left == right == 2 else reshape(product, shape=(size, *y.shape))


def _moves_each_element(x: Value | None) -> bool:
    """Tell whether the members are the directions along one element after the other: products with them are known."""
    if x is None or not isinstance(x.op, AsType) or not isinstance(x.inputs[0].op, Equal):
        return False
    every, own = (number.op for number in x.inputs[0].inputs)
    if not isinstance(every, Constant) or not isinstance(own, Constant) or len(x.shape) != 2:
        return False
    found = np.equal(every.array, own.array)
    return x.shape[0] == x.shape[1] and bool((found == np.eye(len(found), dtype=bool)).all())


def _matrix(x: BatchedInput, rank: int, *, is_row: bool) -> Value:
    """Return a factor as matrices, behind as many axes as broadcasting needs."""
    value = x.value if x.batch is None else x.batch
    before = value.shape[: len(value.shape) - x.rank]
    shape = x.value.shape
    if x.rank == 1:
        shape = (1, *shape) if is_row else (*shape, 1)
    if before:
        shape = (*before, *(1,) * (rank - len(shape)), *shape)
    return value if shape == value.shape else Reshape(shape)(value)


@batching_rule.register
def _(op: Einsum, y: Value, x: Sequence[BatchedInput]) -> Any:
    operands, result = op.letters
    free = sorted(set(string.ascii_letters) - set(op.subscripts))
    if not free:
        return None
    batch = free[0]
    named = [letters if one.batch is None else batch + letters for letters, one in zip(operands, x, strict=True)]
    inputs = (one.value if one.batch is None else one.batch for one in x)
    return Einsum(f"{','.join(named)}->{batch}{result}")(*inputs)


def only(x: Sequence[BatchedInput]) -> Value:
    """Return the input of an op that has one."""
    (only,) = x
    assert only.batch is not None
    return only.batch


def batch_size(x: Sequence[BatchedInput]) -> int:
    """Return the size of the batch."""
    return next(one.batch.shape[0] for one in x if one.batch is not None)


def behind(axis: int, rank: int) -> int:
    """Return where an axis is when there is one more in front."""
    return axis % rank + 1


def _moved_to_front(x: Value, axis: int) -> Value:
    if axis == 0:
        return x
    rest = (i for i in range(len(x.shape)) if i != axis)
    return Transpose((axis, *rest))(x)
