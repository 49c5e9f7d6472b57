"""Gathering and scattering: elements, or parts of rows, that are read, written or combined at positions that are data.

A position is a vector of integers, one for each axis that it indexes; they lie along the last axis of `indices`. What
NumPy writes as ``x[i, :, j]`` is, with axes 0 and 2 of x in front, ``gather_nd(x, stack((i, j), axis=-1))``.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, final

from gradwire_service.errors import ShapeError
from gradwire_service.graph import INT64, Array, ElementType, TensorType
from gradwire_service.ops.base import (
    Composite,
    Domain,
    Namespace,
    Op,
    Value,
    broadcast_shapes,
    full,
    normalized_axes,
)
from gradwire_service.ops.functions import (
    astype,
    broadcast_to,
    equal,
    expand_dims,
    gather_nd,
    iota,
    masked_multiply,
    reciprocal,
    reshape,
    scatter_add,
    scatter_set,
    transpose,
    where,
)
from gradwire_service.ops.indexing import check_indices, outside

Shape = tuple[int, ...]


@dataclass(frozen=True)
class AtPositions(Op):
    """An op at positions that are data.

    Attributes:
        batch_dims: number of leading axes that x and the indices share: each position is in its own part of x.
    """

    unpromoted: ClassVar[Mapping[int, ElementType]] = {1: INT64}

    batch_dims: int = 0

    def parts(self, x: Shape, indices: Shape) -> tuple[Shape, Shape, Shape]:
        """Return the sizes of the axes of x that positions are in, of the other ones, and those of the positions.

        Raises: ShapeError when x and the indices do not fit.
        """
        batch = self.batch_dims
        if not 0 <= batch < len(indices) or len(x) < batch + indices[-1] or x[:batch] != indices[:batch]:
            raise ShapeError(
                f"{self.name}: indices of shape {list(indices)} do not fit shape {list(x)} with {batch} batch axes; "
                "these are the same and in front, and the last axis of indices has a size for each axis that is indexed"
            )
        depth = batch + indices[-1]
        return x[:depth], x[depth:], indices[:-1]

    def rows(self, xp: Namespace, indices: Array, shape: Shape) -> Array:
        """Return the positions in what comes of x when all axes that are indexed, and the batch, are laid flat.

        Raises: IndexRangeError.
        """
        batch, indexed = shape[: self.batch_dims], shape[self.batch_dims : self.batch_dims + indices.shape[-1]]
        at = xp.reshape(xp.arange(math.prod(batch)), (*batch, *[1] * (indices.ndim - 1 - self.batch_dims)))
        for axis, size in enumerate(indexed):
            i = indices[..., axis]
            if xp.any((i < -size) | (i >= size)):
                raise outside(i, size)
            at = at * size + xp.where(i < 0, i + size, i)
        return xp.broadcast_to(at, indices.shape[:-1])


@final
@dataclass(frozen=True)
class GatherNd(AtPositions, name="gather_nd"):
    """Parts of x at positions that are data, y[i] = x[indices[i]]; negative ones count from the end.

    Shapes: x is [batch..., n1, ..., nd, rest...], indices is [batch..., i..., d], y is [batch..., i..., rest...].
    Units: those of x.
    Raises: ElementTypeError when the indices are no integers; ShapeError when the shapes do not fit; at the run,
        IndexRangeError when an index is outside its axis.
    Source: TensorFlow, `tf.gather_nd`; negative indices as NumPy.
    """

    def infer(self, x: TensorType, indices: TensorType) -> TensorType:
        check_indices(indices, self.name)
        _, rest, positions = self.parts(x.shape, indices.shape)
        return TensorType((*positions, *rest), x.element_type)

    def evaluate(self, xp: Namespace, x: Array, indices: Array) -> Array:
        indexed, rest, _ = self.parts(x.shape, indices.shape)
        rows = xp.reshape(x, (math.prod(indexed), *rest))
        return xp.take(rows, self.rows(xp, indices, x.shape), axis=0)

    def vjp(self, y_bar: Value, y: Value, x: Value, indices: Value) -> tuple[Value, None]:
        return scatter_add(full(x.type, 0), indices, y_bar, batch_dims=self.batch_dims), None

    def jvp(self, y: Value, x: tuple[Value, ...], x_dot: tuple[Value, ...]) -> Value:
        return self(x_dot[0], x[1])


class Scatter(AtPositions):
    """An op that yields x with other elements at positions that are data; x itself stays as it is."""

    how: ClassVar[str]

    def infer(self, x: TensorType, indices: TensorType, updates: TensorType) -> TensorType:
        self.check_domain(x.element_type)
        check_indices(indices, self.name)
        _, rest, positions = self.parts(x.shape, indices.shape)
        picked = (*positions, *rest)
        pairs = zip(reversed(updates.shape), reversed(picked), strict=False)
        if updates.rank > len(picked) or any(size not in (1, other) for size, other in pairs):
            raise ShapeError(
                f"{self.name}: updates of shape {list(updates.shape)} do not broadcast to {list(picked)}, which is "
                "that of what the indices pick"
            )
        return x

    def evaluate(self, xp: Namespace, x: Array, indices: Array, updates: Array) -> Array:
        indexed, rest, positions = self.parts(x.shape, indices.shape)
        rows = xp.reshape(x, (math.prod(indexed), *rest))
        updates = xp.broadcast_to(updates, (*positions, *rest))
        return xp.reshape(xp.scatter(rows, self.rows(xp, indices, x.shape), updates, self.how), x.shape)

    @abstractmethod
    def vjp(self, y_bar: Value, y: Value, x: Value, indices: Value, updates: Value) -> tuple[Value | None, ...]: ...

    def jvp(self, y: Value, x: tuple[Value, ...], x_dot: tuple[Value | None, ...]) -> Value:
        base_dot, _, updates_dot = x_dot
        return self(
            full(x[0].type, 0) if base_dot is None else base_dot,
            x[1],
            full(x[2].type, 0) if updates_dot is None else updates_dot,
        )

    def flops(self, y: TensorType, x: TensorType, indices: TensorType, updates: TensorType) -> float:
        return x.size + updates.size


@final
@dataclass(frozen=True)
class ScatterSet(Scatter, name="scatter_set"):
    """Elements replaced at positions that are data, y = x but y[indices[i]] = updates[i]; the last update wins.

    Of updates to one position, the last in row-major order counts, and it alone has a derivative.

    Shapes: x is [batch..., n1, ..., nd, rest...], indices is [batch..., i..., d], updates broadcasts to
        [batch..., i..., rest...], y is as x.
    Units: x, updates and y share one.
    Raises: ElementTypeError when the indices are no integers; ShapeError when the shapes do not fit; at the run,
        IndexRangeError when an index is outside its axis.
    Source: JAX, `x.at[indices].set(updates)`; order as NumPy.
    """

    how: ClassVar[str] = "set"

    def vjp(self, y_bar: Value, y: Value, x: Value, indices: Value, updates: Value) -> tuple[Value | None, ...]:
        x_bar = scatter_set(y_bar, indices, 0.0, batch_dims=self.batch_dims)
        return x_bar, None, where(self.last(x, indices), gather_nd(y_bar, indices, batch_dims=self.batch_dims), 0.0)

    def last(self, x: Value, indices: Value) -> Value:
        """Tell for each update whether none to its position comes later: each writes its number; who finds it, won."""
        indexed, rest, positions = self.parts(x.shape, indices.shape)
        numbers = reshape(iota(shape=(math.prod(positions),)), shape=positions)
        written = scatter_set(full(TensorType(indexed, INT64), 0), indices, numbers, batch_dims=self.batch_dims)
        found = equal(gather_nd(written, indices, batch_dims=self.batch_dims), numbers)
        return reshape(found, shape=(*positions, *[1] * len(rest)))


@final
@dataclass(frozen=True)
class ScatterAdd(Scatter, name="scatter_add"):
    """Updates added at positions that are data, y = x, then y[indices[i]] += updates[i] for every i.

    Shapes: x is [batch..., n1, ..., nd, rest...], indices is [batch..., i..., d], updates broadcasts to
        [batch..., i..., rest...], y is as x.
    Units: x, updates and y share one.
    Raises: ElementTypeError when the indices are no integers; ShapeError when the shapes do not fit; at the run,
        IndexRangeError when an index is outside its axis.
    Source: JAX, `x.at[indices].add(updates)`.
    """

    domain: ClassVar[Domain] = "numeric"
    how: ClassVar[str] = "add"

    def vjp(self, y_bar: Value, y: Value, x: Value, indices: Value, updates: Value) -> tuple[Value | None, ...]:
        return y_bar, None, gather_nd(y_bar, indices, batch_dims=self.batch_dims)


class ScatterExtremum(Scatter):
    """A scatter that picks an element; k elements that tie, that of x among them, share the derivative, 1/k each."""

    analytic: ClassVar[bool] = False
    domain: ClassVar[Domain] = "numeric"

    def vjp(self, y_bar: Value, y: Value, x: Value, indices: Value, updates: Value) -> tuple[Value | None, ...]:
        kept, picked = self.picked(y, x, indices, updates)
        share = y_bar / scatter_add(kept, indices, picked, batch_dims=self.batch_dims)
        updates_bar = masked_multiply(picked, gather_nd(share, indices, batch_dims=self.batch_dims))
        return masked_multiply(kept, share), None, updates_bar

    def jvp(self, y: Value, x: tuple[Value, ...], x_dot: tuple[Value | None, ...]) -> Value:
        kept, picked = self.picked(y, *x)
        base_dot, _, updates_dot = x_dot
        total = scatter_add(
            full(y.type, 0) if base_dot is None else masked_multiply(kept, base_dot),
            x[1],
            full(picked.type, 0) if updates_dot is None else masked_multiply(picked, updates_dot),
            batch_dims=self.batch_dims,
        )
        ties = scatter_add(kept, x[1], picked, batch_dims=self.batch_dims)
        return masked_multiply(total, reciprocal(ties))  # where y is NaN, none is picked

    def picked(self, y: Value, x: Value, indices: Value, updates: Value) -> tuple[Value, Value]:
        """Return 1 for every element of x, and for every update, that equals the result, 0 for the others."""
        kept, picked = equal(x, y), equal(updates, gather_nd(y, indices, batch_dims=self.batch_dims))
        return astype(kept, element_type=y.element_type), astype(picked, element_type=y.element_type)


@final
@dataclass(frozen=True)
class ScatterMax(ScatterExtremum, name="scatter_max"):
    """Greatest of what is there and the updates, y = x, then y[j] = max(y[j], updates[i]) with j = indices[i].

    Shapes: x is [batch..., n1, ..., nd, rest...], indices is [batch..., i..., d], updates broadcasts to
        [batch..., i..., rest...], y is as x.
    Units: x, updates and y share one.
    Kinks: k elements that tie have derivative 1/k each; where y is NaN, all have 0.
    Raises: ElementTypeError when the indices are no integers; ShapeError when the shapes do not fit; at the run,
        IndexRangeError when an index is outside its axis.
    Source: JAX, `x.at[indices].max(updates)`.
    """

    how: ClassVar[str] = "max"


@final
@dataclass(frozen=True)
class ScatterMin(ScatterExtremum, name="scatter_min"):
    """Least of what is there and the updates, y = x, then y[j] = min(y[j], updates[i]) with j = indices[i].

    Shapes: x is [batch..., n1, ..., nd, rest...], indices is [batch..., i..., d], updates broadcasts to
        [batch..., i..., rest...], y is as x.
    Units: x, updates and y share one.
    Kinks: k elements that tie have derivative 1/k each; where y is NaN, all have 0.
    Raises: ElementTypeError when the indices are no integers; ShapeError when the shapes do not fit; at the run,
        IndexRangeError when an index is outside its axis.
    Source: JAX, `x.at[indices].min(updates)`.
    """

    how: ClassVar[str] = "min"


# Along one axis.


@final
@dataclass(frozen=True)
class TakeAlongAxis(Composite, name="take_along_axis"):
    """Elements at positions that differ from row to row, y[i, j] = x[i, indices[i, j]]; negative: from the end.

    Shapes: x is [..., n, ...], indices is [..., k, ...], y is [..., k, ...]; the other axes broadcast.
    Units: those of x.
    Raises: ElementTypeError when the indices are no integers; ShapeError when there is no such axis, or x and the
        indices differ in the number of axes or do not broadcast; at the run, IndexRangeError when an index is outside.
    Source: Python array API standard, `take_along_axis`.
    """

    unpromoted: ClassVar[Mapping[int, ElementType]] = {1: INT64}

    axis: int = -1

    def expand(self, x: Value, indices: Value) -> Value:
        check_indices(indices.type, self.name)
        (axis,) = normalized_axes((self.axis,), len(x.shape), self.name)
        if len(x.shape) != len(indices.shape):
            raise ShapeError(
                f"{self.name} takes as many axes of indices as of x, not {list(indices.shape)} beside {list(x.shape)}"
            )
        rest = broadcast_shapes(_without(x.shape, axis), _without(indices.shape, axis))
        x, indices = (_spread(value, (*rest[:axis], value.shape[axis], *rest[axis:])) for value in (x, indices))
        at = expand_dims(to_last(indices, axis), axis=(-1,))
        return from_last(gather_nd(to_last(x, axis), at, batch_dims=len(rest)), axis)


def add_along_axis(x: Value, indices: Value, axis: int, size: int) -> Value:
    """Add elements up at positions along an axis of zeros, y[i, indices[i, j]] += x[i, j]: undoes `take_along_axis`.

    Args:
        x: elements, shape of the indices.
        indices: a position for each.
        axis: the axis, counted from the first.
        size: its size in the result.
    """
    rows = to_last(x, axis)
    at = expand_dims(to_last(indices, axis), axis=(-1,))
    zeros = full(TensorType((*rows.shape[:-1], size), x.element_type), 0)
    return from_last(scatter_add(zeros, at, rows, batch_dims=len(rows.shape) - 1), axis)


def to_last(x: Value, axis: int) -> Value:
    """Move an axis behind the others."""
    order = [*(i for i in range(len(x.shape)) if i != axis), axis]
    return x if axis == len(order) - 1 else transpose(x, axes=tuple(order))


def from_last(x: Value, axis: int) -> Value:
    """Move the last axis to another place."""
    last = len(x.shape) - 1
    order = [*range(axis), last, *range(axis, last)]
    return x if axis == last else transpose(x, axes=tuple(order))


def _spread(x: Value, shape: Shape) -> Value:
    return x if x.shape == shape else broadcast_to(x, shape=shape)


def _without(shape: Shape, axis: int) -> Shape:
    return shape[:axis] + shape[axis + 1 :]
