"""Convolution: sums of products of what windows hold and weights."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, final

from gradwire_service.errors import AttributeValueError, ShapeError
from gradwire_service.graph import Array, TensorType
from gradwire_service.ops.base import Domain, Multilinear, Namespace, Value, full
from gradwire_service.ops.functions import conv, flip, reshape, transpose
from gradwire_service.ops.geometry import Along, along_axes

Sizes = tuple[int, ...]


@final
@dataclass(frozen=True)
class Conv(Multilinear, name="conv"):
    """Convolution as networks have it, y[n, o, t] = Σ x[n, c, t stride + k rhs_dilation - low] w[o, c, k] over c and k.

    Between the elements of x lie lhs_dilation - 1 zeros, and low and high around them; a negative margin cuts off. With
    groups, the channels of x and of y fall into as many parts, each of which sees its own part alone. Its derivatives
    are convolutions: the strides of y become the dilation of what is carried back.

    Shapes: x is [n, c, spatial...], w is [o, c / groups, window...], y is [n, o, spatial...]; one axis or more are
        spatial. Strides, margins and dilations have a number for each of these; left out, they are 1, and 0.
    Units: those of x times those of w.
    Raises: ShapeError when the axes or the channels do not fit, when a window is empty, or when more is cut off than
        there is; AttributeValueError for the wrong number of strides, margins or dilations, or a step that is not
        positive.
    Source: XLA, operation semantics, `ConvWithGeneralPadding`; Dumoulin & Visin (2016), "A guide to convolution
        arithmetic for deep learning".
    """

    domain: ClassVar[Domain] = "numeric"
    latex: ClassVar[str] = r"{0} \star {1}"

    stride: tuple[int, ...] = ()
    low: tuple[int, ...] = ()
    high: tuple[int, ...] = ()
    lhs_dilation: tuple[int, ...] = ()
    rhs_dilation: tuple[int, ...] = ()
    groups: int = 1

    def __post_init__(self) -> None:
        if self.groups < 1:
            raise AttributeValueError(f"conv in {self.groups} groups: there is at least 1")

    def infer(self, x: TensorType, w: TensorType) -> TensorType:
        self.check_domain(x.element_type)
        if x.rank != w.rank or x.rank < 3:
            raise ShapeError(
                f"conv of shapes {list(x.shape)} and {list(w.shape)}: both have as many axes, two and the spatial ones"
            )
        if x.shape[1] != w.shape[1] * self.groups or w.shape[0] % self.groups:
            raise ShapeError(
                f"conv of shapes {list(x.shape)} and {list(w.shape)} in {self.groups} groups: axis 1 of x is groups "
                "times that of w, and axis 0 of w a multiple of groups"
            )
        sizes = (line.count for line in self.lines(x.shape, w.shape))
        return TensorType((x.shape[0], w.shape[0], *sizes), x.element_type)

    def evaluate(self, xp: Namespace, x: Array, w: Array) -> Array:
        lines = self.lines(x.shape, w.shape)
        stride, low, high, lhs_dilation, rhs_dilation = zip(
            *((line.stride, line.low, line.high, line.spread, line.dilation) for line in lines), strict=True
        )
        return xp.conv(x, w, stride, low, high, lhs_dilation, rhs_dilation, self.groups)

    def vjp(self, y_bar: Value, y: Value, x: Value, w: Value) -> tuple[Value, Value]:
        if not (x.type.size and w.type.size and y.type.size):
            return full(x.type, 0), full(w.type, 0)
        lines = self.lines(x.shape, w.shape)
        stride = tuple(line.stride for line in lines)
        lhs_dilation = tuple(line.spread for line in lines)
        rhs_dilation = tuple(line.dilation for line in lines)
        low, high = zip(*(line.back for line in lines), strict=True)
        x_bar = conv(
            y_bar,
            self.turned(w),
            stride=lhs_dilation,
            low=low,
            high=high,
            lhs_dilation=stride,
            rhs_dilation=rhs_dilation,
            groups=self.groups,
        )
        low, high = zip(*(line.across for line in lines), strict=True)
        w_bar = conv(
            self.by_channel(x),
            _exchanged(y_bar),
            stride=rhs_dilation,
            low=low,
            high=high,
            lhs_dilation=lhs_dilation,
            rhs_dilation=stride,
            groups=self.groups,
        )
        return x_bar, _exchanged(w_bar)

    def turned(self, w: Value) -> Value:
        """Return the weights that carry back: windows reversed, in each group outputs and inputs exchanged."""
        o, c, *window = w.shape
        spatial = tuple(range(2, len(w.shape)))
        if self.groups > 1:
            parts = reshape(w, shape=(self.groups, o // self.groups, c, *window))
            parts = transpose(parts, axes=(0, 2, 1, *(axis + 1 for axis in spatial)))
            return flip(reshape(parts, shape=(self.groups * c, o // self.groups, *window)), axis=spatial)
        return flip(_exchanged(w), axis=spatial)

    def by_channel(self, x: Value) -> Value:
        """Return the input with the members of the batch for channels, those of each group together."""
        n, c, *sizes = x.shape
        if self.groups == 1:
            return _exchanged(x)
        parts = reshape(x, shape=(n, self.groups, c // self.groups, *sizes))
        parts = transpose(parts, axes=(2, 1, 0, *range(3, len(parts.shape))))
        return reshape(parts, shape=(c // self.groups, self.groups * n, *sizes))

    def lines(self, x: Sizes, w: Sizes) -> list[Along]:
        """Return how windows lie along the spatial axes.

        Raises: AttributeValueError, ShapeError.
        """
        return along_axes(
            self.name, x[2:], w[2:], self.stride, self.low, self.high, self.lhs_dilation, self.rhs_dilation
        )

    def flops(self, y: TensorType, x: TensorType, w: TensorType) -> float:
        return 2.0 * y.size * math.prod(w.shape[1:])


def _exchanged(x: Value) -> Value:
    """Exchange the first two axes."""
    return transpose(x, axes=(1, 0, *range(2, len(x.shape))))
