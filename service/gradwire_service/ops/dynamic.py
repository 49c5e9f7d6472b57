"""Parts of a fixed size at a place that is data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, final

from gradwire_service.errors import AttributeValueError, IndexRangeError, ShapeError
from gradwire_service.graph import INT64, Array, ElementType, TensorType
from gradwire_service.ops.base import Namespace, Op, Value, full
from gradwire_service.ops.functions import dynamic_slice, dynamic_update_slice
from gradwire_service.ops.indexing import check_indices


@final
@dataclass(frozen=True)
class DynamicSlice(Op, name="dynamic_slice"):
    """A part of a fixed size, y[i] = x[start + i], where the start is data; a negative one counts from the end.

    Shapes: x is [n1, n2, ...], start is [number of axes of x], y has the sizes that are asked for; a name of a
        dimension stands for its size.
    Units: those of x.
    Raises: ElementTypeError when the start is no integers; ShapeError when there is not one for each axis, or a size is
        greater than its axis; AttributeValueError for a negative size; at the run, IndexRangeError when the part
        reaches outside.
    Source: JAX, `jax.lax.dynamic_slice`, which moves a part that reaches outside; here it is refused.
    """

    unpromoted: ClassVar[Mapping[int, ElementType]] = {1: INT64}

    sizes: tuple[int | str, ...]

    def __post_init__(self) -> None:
        if any(isinstance(size, int) and size < 0 for size in self.sizes):
            raise AttributeValueError(f"dynamic_slice of sizes {list(self.sizes)}: sizes are not negative")

    def infer(self, x: TensorType, start: TensorType) -> TensorType:
        sizes = tuple(int(size) for size in self.sizes)
        _check_start(self.name, x, start, sizes)
        return TensorType(sizes, x.element_type)

    def evaluate(self, xp: Namespace, x: Array, start: Array) -> Array:
        sizes = [int(size) for size in self.sizes]
        first = _place(self.name, start, x.shape, sizes)
        return x[tuple(slice(i, i + size) for i, size in zip(first, sizes, strict=True))]

    def vjp(self, y_bar: Value, y: Value, x: Value, start: Value) -> tuple[Value, None]:
        return dynamic_update_slice(full(x.type, 0), y_bar, start), None

    def jvp(self, y: Value, x: tuple[Value, ...], x_dot: tuple[Value, ...]) -> Value:
        return self(x_dot[0], x[1])


@final
@dataclass(frozen=True)
class DynamicUpdateSlice(Op, name="dynamic_update_slice"):
    """A part replaced, y = x but y[start + i] = update[i], where the start is data; a negative one counts from the end.

    Shapes: x is [n1, n2, ...], update is [k1, k2, ...] with k ≤ n, start is [number of axes of x], y is as x.
    Units: x, update and y share one.
    Raises: ElementTypeError when the start is no integers; ShapeError when there is not one for each axis, or the
        update is larger than x; at the run, IndexRangeError when the part reaches outside.
    Source: JAX, `jax.lax.dynamic_update_slice`, which moves a part that reaches outside; here it is refused.
    """

    unpromoted: ClassVar[Mapping[int, ElementType]] = {2: INT64}

    def infer(self, x: TensorType, update: TensorType, start: TensorType) -> TensorType:
        _check_start(self.name, x, start, update.shape)
        return x

    def evaluate(self, xp: Namespace, x: Array, update: Array, start: Array) -> Array:
        return xp.dynamic_update_slice(x, update, _place(self.name, start, x.shape, update.shape))

    def vjp(self, y_bar: Value, y: Value, x: Value, update: Value, start: Value) -> tuple[Value, Value, None]:
        x_bar = dynamic_update_slice(y_bar, full(update.type, 0), start)
        return x_bar, dynamic_slice(y_bar, start, sizes=update.shape), None

    def jvp(self, y: Value, x: tuple[Value, ...], x_dot: tuple[Value | None, ...]) -> Value:
        base_dot, update_dot, _ = x_dot
        return self(
            full(x[0].type, 0) if base_dot is None else base_dot,
            full(x[1].type, 0) if update_dot is None else update_dot,
            x[2],
        )


def _check_start(op: str, x: TensorType, start: TensorType, sizes: Sequence[int]) -> None:
    """Raise ElementTypeError or ShapeError when a part of these sizes can't start there."""
    check_indices(start, op)
    if start.shape != (x.rank,) or len(sizes) != x.rank or any(k > n for k, n in zip(sizes, x.shape, strict=True)):
        raise ShapeError(
            f"{op}: a part of shape {list(sizes)} at a start of shape {list(start.shape)} does not fit in shape "
            f"{list(x.shape)}; both have a number for each axis, and the part is no larger"
        )


def _place(op: str, start: Any, shape: Sequence[int], sizes: Sequence[int]) -> list[int]:
    """Return where a part starts, counted from the first elements.

    Raises: IndexRangeError when it reaches outside.
    """
    place = []
    for axis, (given, n, k) in enumerate(zip(map(int, start), shape, sizes, strict=True)):
        first = given + n if given < 0 else given
        if not 0 <= first <= n - k:
            raise IndexRangeError(
                f"{op}: {k} elements from {given} on reach outside axis {axis} of shape {list(shape)}; starts run from "
                f"{-n} to {n - k}",
                index=given,
                size=n,
            )
        place.append(first)
    return place
