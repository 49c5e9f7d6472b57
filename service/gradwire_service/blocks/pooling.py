"""Windows that move over images: pooling, and the transpose of a convolution."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, final

from gradwire_service.errors import AttributeValueError, ShapeError
from gradwire_service.graph import TensorType
from gradwire_service.ops.base import Composite, Domain, Value, full
from gradwire_service.ops.functions import conv, flip, reduce_window_max, reduce_window_sum, reshape, transpose

Sizes = tuple[int, ...]


@dataclass(frozen=True)
class Pooling(Composite):
    """A reduction of windows, of each channel of each example.

    Attributes:
        window: sizes of a window, along the spatial axes.
        stride: elements from one window to the next; left out, windows lie side by side.
        low: margin in front, of which nothing counts; left out, 0.
        high: margin behind.
    """

    domain: ClassVar[Domain] = "floating"

    window: Sizes
    stride: Sizes = ()
    low: Sizes = ()
    high: Sizes = ()

    def windows(self, x: Value) -> dict[str, Sizes]:
        """Return the windows with a number for each axis.

        Raises: ShapeError when x has not two axes more than a window.
        """
        self.check_domain(x.element_type)
        rank = len(self.window)
        if len(x.shape) != rank + 2:
            raise ShapeError(
                f"{self.name} of shape {list(x.shape)} with windows {list(self.window)}: axes are those of examples, "
                "of channels, and one for each size of a window"
            )
        sizes = {"window": (1, 1, *self.window), "stride": (1, 1, *(self.stride or self.window))}
        return sizes | {"low": (0, 0, *(self.low or (0,) * rank)), "high": (0, 0, *(self.high or (0,) * rank))}


@final
@dataclass(frozen=True)
class MaxPool(Pooling, name="max_pool"):
    """Greatest element of each window, y[n, c, t] = max x[n, c, t stride + j - low] over the j of a window.

    Shapes: x is [n, c, spatial...], y is [n, c, places...], with (spatial + low + high - window) // stride + 1 places.
    Units: those of x.
    Kinks: of elements of a window that tie, the first in row-major order has the derivative.
    Raises: ShapeError when the axes do not fit, or a window lies in the margins alone; AttributeValueError for the
        wrong number of strides or margins, or a stride that is not positive.
    Source: PyTorch, `max_pool2d`.
    """

    def expand(self, x: Value) -> Value:
        return reduce_window_max(x, **self.windows(x))


@final
@dataclass(frozen=True)
class AvgPool(Pooling, name="avg_pool"):
    """Mean of each window, y[n, c, t] = mean x[n, c, t stride + j - low] over the j of a window that are in x.

    Attributes:
        window: sizes of a window, along the spatial axes.
        stride: elements from one window to the next; left out, windows lie side by side.
        low: margin in front; left out, 0.
        high: margin behind.
        count_margins: whether margins count as elements, which are 0.

    Shapes: x is [n, c, spatial...], y is [n, c, places...], with (spatial + low + high - window) // stride + 1 places.
    Units: those of x.
    Kinks: a window in the margins alone has the mean NaN, unless margins count.
    Raises: ShapeError when the axes do not fit; AttributeValueError for the wrong number of strides or margins, or a
        stride that is not positive.
    Source: PyTorch, `avg_pool2d`, where margins count.
    """

    count_margins: bool = False

    def expand(self, x: Value) -> Value:
        windows = self.windows(x)
        total = reduce_window_sum(x, **windows)
        if self.count_margins or not (any(self.low) or any(self.high)):
            return total / math.prod(self.window)
        ones = full(TensorType((1, 1, *x.shape[2:]), x.element_type), 1)
        return total / reduce_window_sum(ones, **windows)


@final
@dataclass(frozen=True)
class ConvTranspose(Composite, name="conv_transpose"):
    """Transpose of a convolution, which carries what has the shape of its result back to the shape of its input.

    Each element of x lays a copy of the weights, times itself, over y: y[n, o, t stride + k dilation - low] +=
    x[n, c, t] w[c, o, k]. Margins cut off; one more behind, a negative `high`, is what frameworks call output padding.

    Attributes:
        stride: elements of y from one copy to the next; left out, 1.
        low: elements that are cut off in front; left out, 0.
        high: elements that are cut off behind.
        dilation: elements of y from one weight to the next; left out, 1.
        groups: parts of the channels that see each other alone.

    Shapes: x is [n, c, spatial...], w is [c, o / groups, window...], y is [n, o, places...], with
        (spatial - 1) stride + (window - 1) dilation + 1 - low - high places.
    Units: those of x times those of w.
    Raises: ShapeError when the axes or the channels do not fit; AttributeValueError for the wrong number of strides,
        margins or dilations, or a step that is not positive.
    Source: Dumoulin & Visin (2016), "A guide to convolution arithmetic for deep learning", chapter 4; PyTorch,
        `conv_transpose2d`.
    """

    domain: ClassVar[Domain] = "floating"

    stride: Sizes = ()
    low: Sizes = ()
    high: Sizes = ()
    dilation: Sizes = ()
    groups: int = 1

    def __post_init__(self) -> None:
        if self.groups < 1:
            raise AttributeValueError(f"conv_transpose in {self.groups} groups: there is at least 1")

    def expand(self, x: Value, w: Value) -> Value:
        self.check_domain(x.element_type)
        rank = len(x.shape) - 2
        if rank < 1 or len(w.shape) != rank + 2 or x.shape[1] != w.shape[0]:
            raise ShapeError(
                f"{self.name} of shape {list(x.shape)} with weights {list(w.shape)}: x is [n, c, spatial...], "
                "w is [c, o, window...]"
            )
        if w.shape[0] % self.groups:
            raise ShapeError(f"{self.name} of {w.shape[0]} channels in {self.groups} groups, which do not divide them")
        given = (self.stride, self.low, self.high, self.dilation)
        if any(len(sizes) not in (0, rank) for sizes in given):
            raise AttributeValueError(f"{self.name} along {rank} spatial axes takes as many strides and margins")
        low, high, dilation = self.low or (0,) * rank, self.high or (0,) * rank, self.dilation or (1,) * rank
        reach = [step * (size - 1) for step, size in zip(dilation, w.shape[2:], strict=True)]
        return conv(
            x,
            self.turned(w),
            low=tuple(far - cut for far, cut in zip(reach, low, strict=True)),
            high=tuple(far - cut for far, cut in zip(reach, high, strict=True)),
            lhs_dilation=self.stride,
            rhs_dilation=self.dilation,
            groups=self.groups,
        )

    def turned(self, w: Value) -> Value:
        """Return the weights with the channels of x and y exchanged in each group, and the windows turned round."""
        channels, outputs, *window = w.shape
        inside = channels // self.groups
        grouped = reshape(w, shape=(self.groups, inside, outputs, *window))
        exchanged = transpose(grouped, axes=(0, 2, 1, *range(3, len(window) + 3)))
        rows = reshape(exchanged, shape=(self.groups * outputs, inside, *window))
        return flip(rows, axis=tuple(range(2, len(window) + 2)))
