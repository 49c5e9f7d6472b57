"""Reductions of what windows hold: a window is a box that moves over all axes of a value."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import ClassVar, final

from gradwire_service.errors import ShapeError
from gradwire_service.graph import INT64, Array, TensorType
from gradwire_service.ops.base import Composite, Domain, Linear, Namespace, Op, Value, full
from gradwire_service.ops.functions import (
    reduce_window_sum,
    reshape,
    select_and_scatter_add,
    take,
    take_transpose,
    window_argmax,
)
from gradwire_service.ops.geometry import Along, along_axes


@final
@dataclass(frozen=True)
class ReduceWindowSum(Linear, name="reduce_window_sum"):
    """Sums of what windows hold, y[t] = Σ x[t stride + j window_dilation - low] over the j of a window.

    Between the elements lie base_dilation - 1 zeros, and low and high around them; a negative margin cuts off. It
    carries its own sensitivity back: the stride becomes the dilation of the base.

    Shapes: x is [...], window and what is given of the others have a number for each axis, y is [...].
    Units: those of x.
    Raises: AttributeValueError when there is not one number for each axis, or a step is not positive; ShapeError when a
        window is empty, or when more is cut off than there is.
    Source: XLA, operation semantics, `ReduceWindow`.
    """

    domain: ClassVar[Domain] = "numeric"

    window: tuple[int, ...]
    stride: tuple[int, ...] = ()
    low: tuple[int, ...] = ()
    high: tuple[int, ...] = ()
    base_dilation: tuple[int, ...] = ()
    window_dilation: tuple[int, ...] = ()

    def infer(self, x: TensorType) -> TensorType:
        self.check_domain(x.element_type)
        return TensorType(tuple(line.count for line in self.lines(x.shape)), x.element_type)

    def evaluate(self, xp: Namespace, x: Array) -> Array:
        lines = self.lines(x.shape)
        return _swept(lines, (_spread(xp, lines, x),), lambda a, b: (a[0] + b[0],))[0]

    def vjp(self, y_bar: Value, y: Value, x: Value) -> tuple[Value]:
        if not (x.type.size and y.type.size):
            return (full(x.type, 0),)
        lines = self.lines(x.shape)
        return (
            reduce_window_sum(
                y_bar,
                window=self.window,
                stride=tuple(line.spread for line in lines),
                low=tuple(line.back[0] for line in lines),
                high=tuple(line.back[1] for line in lines),
                base_dilation=tuple(line.stride for line in lines),
                window_dilation=self.window_dilation,
            ),
        )

    def lines(self, shape: Sequence[int]) -> list[Along]:
        """Return how windows lie along the axes.

        Raises: AttributeValueError, ShapeError.
        """
        steps = self.base_dilation, self.window_dilation
        return along_axes(self.name, shape, self.window, self.stride, self.low, self.high, *steps)

    def flops(self, y: TensorType, x: TensorType) -> float:
        return sum(self.window) * max(x.size, y.size)


@dataclass(frozen=True)
class WindowExtremum(Op):
    """An op on the greatest element of each window; where elements tie, the first in row-major order is meant.

    Attributes:
        window: sizes of a window.
        stride: elements from one window to the next; left out, 1.
        low: margin in front of the elements, which is never picked; negative cuts off; left out, 0.
        high: margin behind.
        window_dilation: elements from one of a window to the next; left out, 1.
    """

    analytic: ClassVar[bool] = False
    domain: ClassVar[Domain] = "numeric"

    window: tuple[int, ...]
    stride: tuple[int, ...] = ()
    low: tuple[int, ...] = ()
    high: tuple[int, ...] = ()
    window_dilation: tuple[int, ...] = ()

    def infer(self, x: TensorType) -> TensorType:
        self.check_domain(x.element_type)
        lines = self.lines(x.shape)
        shape = tuple(line.count for line in lines)
        if 0 not in shape and not all(line.covered for line in lines):
            raise ShapeError(
                f"{self.name} of shape {list(x.shape)}: a window lies in the margins alone, where there is nothing "
                "to pick; make them smaller than windows"
            )
        return TensorType(shape, x.element_type)

    @abstractmethod
    def evaluate(self, xp: Namespace, x: Array) -> Array: ...

    def filled(self, xp: Namespace, x: Array) -> Array:
        """Lay margins round the elements that are less than any of them."""
        lines = self.lines(x.shape)
        if not any(line.low or line.high for line in lines):
            return x
        least = -xp.inf if xp.isdtype(x.dtype, "real floating") else xp.iinfo(x.dtype).min
        return xp.where(_spread(xp, lines, xp.ones(x.shape, dtype=bool)), _spread(xp, lines, x), least)

    def lines(self, shape: Sequence[int]) -> list[Along]:
        """Return how windows lie along the axes.

        Raises: AttributeValueError, ShapeError.
        """
        return along_axes(self.name, shape, self.window, self.stride, self.low, self.high, (), self.window_dilation)

    def flops(self, y: TensorType, x: TensorType) -> float:
        return self.work * sum(self.window) * max(x.size, y.size)


@final
@dataclass(frozen=True)
class ReduceWindowMax(WindowExtremum, name="reduce_window_max"):
    """Greatest of what windows hold, y[t] = max x[t stride + j window_dilation - low] over the j of a window.

    Around the elements lie margins low and high, of which nothing is picked; a negative one cuts off.

    Shapes: x is [...], window and what is given of the others have a number for each axis, y is [...].
    Units: those of x.
    Kinks: of elements of a window that tie, the first in row-major order has derivative 1; of NaN, the first.
    Raises: AttributeValueError when there is not one number for each axis, or a step is not positive; ShapeError when a
        window is empty or lies in the margins alone, or when more is cut off than there is.
    Source: XLA, operation semantics, `ReduceWindow`.
    """

    def evaluate(self, xp: Namespace, x: Array) -> Array:
        return _swept(self.lines(x.shape), (self.filled(xp, x),), lambda a, b: (xp.maximum(a[0], b[0]),))[0]

    def vjp(self, y_bar: Value, y: Value, x: Value) -> tuple[Value]:
        return (select_and_scatter_add(x, y_bar, **vars(self)),)

    def jvp(self, y: Value, x: tuple[Value, ...], x_dot: tuple[Value, ...]) -> Value:
        return take(x_dot[0], window_argmax(x[0], **vars(self)))


@final
@dataclass(frozen=True)
class WindowArgMax(WindowExtremum, name="window_argmax"):
    """Position in x laid flat of the greatest element of each window; int64, without derivative.

    Shapes: x is [...], window and what is given of the others have a number for each axis, y is [...].
    Units: a count.
    Raises: as for `reduce_window_max`.
    Source: XLA, operation semantics, `SelectAndScatter`, which goes by the same positions.
    """

    internal: ClassVar[bool] = True
    work: ClassVar[float] = 8

    def infer(self, x: TensorType) -> TensorType:
        return TensorType(super().infer(x).shape, INT64)

    def evaluate(self, xp: Namespace, x: Array) -> Array:
        lines = self.lines(x.shape)
        size = math.prod(x.shape)
        at = size - _spread(xp, lines, xp.reshape(xp.arange(size, 0, -1), x.shape))  # behind all others in the margins

        def better(a: Sequence[Array], b: Sequence[Array]) -> tuple[Array, Array]:
            (x, i), (y, j) = a, b
            greater = (y > x) | ((y != y) & (x == x))
            tie = (y == x) | ((y != y) & (x != x))
            taken = greater | (tie & (j < i))
            return xp.where(taken, y, x), xp.where(taken, j, i)

        return _swept(lines, (self.filled(xp, x), at), better)[1]


@final
@dataclass(frozen=True)
class SelectAndScatterAdd(Composite, name="select_and_scatter_add"):
    """What each window is given goes to its greatest element of x: undoes the reading of `reduce_window_max`.

    It is linear in the source, and x has no derivative.

    Shapes: x is [...], window and what is given of the others have a number for each axis, source has the shape of
        `reduce_window_max` of x, y is as x.
    Units: those of the source.
    Kinks: of elements of a window that tie, the first in row-major order is given it all; of NaN, the first.
    Raises: as for `reduce_window_max`; ShapeError, too, when the source has another shape.
    Source: XLA, operation semantics, `SelectAndScatter`.
    """

    window: tuple[int, ...]
    stride: tuple[int, ...] = ()
    low: tuple[int, ...] = ()
    high: tuple[int, ...] = ()
    window_dilation: tuple[int, ...] = ()

    def expand(self, x: Value, source: Value) -> Value:
        at = window_argmax(x, **vars(self))
        if source.shape != at.shape:
            raise ShapeError(f"{self.name}: windows have shape {list(at.shape)}, the source {list(source.shape)}")
        return reshape(take_transpose(source, at, axis=0, size=x.type.size), shape=x.shape)


def _spread(xp: Namespace, lines: Sequence[Along], x: Array) -> Array:
    """Lay zeros between the elements and round them."""
    margins = ((line.low, line.high, line.spread - 1) for line in lines)
    return xp.dilated_pad(x, *zip(*margins, strict=True)) if lines else x


def _swept(
    lines: Sequence[Along],
    arrays: tuple[Array, ...],
    combine: Callable[[tuple[Array, ...], tuple[Array, ...]], tuple[Array, ...]],
) -> tuple[Array, ...]:
    """Combine what windows hold, axis by axis: of a box, so many passes as it is long, not as it has elements."""
    for axis, line in enumerate(lines):
        reach = (line.count - 1) * line.stride + 1 if line.count else 0
        starts = (j * line.dilation for j in range(line.size))
        places = ((*[slice(None)] * axis, slice(start, start + reach, line.stride)) for start in starts)
        arrays = reduce(combine, (tuple(x[place] for x in arrays) for place in places))
    return arrays
