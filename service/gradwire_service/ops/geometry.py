"""How windows lie along the axes of a value: their places, and the margins that carry sensitivities back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gradwire_service.errors import AttributeValueError, ShapeError


@dataclass(frozen=True)
class Along:
    """Windows along one axis: window number t holds places t stride + j dilation, j < size, of the spread-out axis.

    Attributes:
        length: number of elements along the axis.
        size: elements of a window.
        stride: places from one window to the next.
        low: margin in front; negative cuts off.
        high: margin behind; negative cuts off.
        spread: places from one element to the next.
        dilation: places from one element of a window to the next.
    """

    length: int
    size: int
    stride: int
    low: int
    high: int
    spread: int
    dilation: int

    @property
    def extent(self) -> int:
        """Number of places, margins included."""
        return self.low + dilated(self.length, self.spread) + self.high

    @property
    def count(self) -> int:
        """Number of windows."""
        return max((self.extent - dilated(self.size, self.dilation)) // self.stride + 1, 0)

    @property
    def back(self) -> tuple[int, int]:
        """Return the margins of the windows, spread by the stride, by which they find the elements again."""
        reach = dilated(self.size, self.dilation)
        low = reach - 1 - self.low
        return low, reach + (self.length - 1) * self.spread - low - dilated(self.count, self.stride)

    @property
    def across(self) -> tuple[int, int]:
        """Return the margins of the elements with which windows of the size of the result find the weights again."""
        reach = dilated(self.count, self.stride) + (self.size - 1) * self.dilation
        return self.low, reach - self.low - dilated(self.length, self.spread)

    @property
    def covered(self) -> bool:
        """Whether each window holds an element; the elements are not spread."""
        if self.count == 0:
            return True
        before = (t * self.stride - self.low for t in range(min(self.count, -(-self.low // self.stride))))
        last = (self.count - 1) * self.stride - self.low
        first = ((start, -(start // self.dilation)) for start in before)  # and the first in it that is no margin
        return last < self.length and all(
            j < self.size and start + j * self.dilation < self.length for start, j in first
        )


def dilated(size: int, step: int) -> int:
    """Return how many places elements take that lie a step apart."""
    return max(size - 1, 0) * step + min(size, 1)


def along_axes(
    op: str,
    lengths: Sequence[int],
    sizes: Sequence[int],
    stride: Sequence[int],
    low: Sequence[int],
    high: Sequence[int],
    spread: Sequence[int],
    dilation: Sequence[int],
) -> list[Along]:
    """Lay windows along axes; what is left out is 1, a margin 0.

    Raises: AttributeValueError when there is not one number for each axis, or a step is not positive; ShapeError when
        a window is empty, or more is cut off than there is.
    """
    rank = len(lengths)
    ones, zeros = (1,) * rank, (0,) * rank
    steps = (stride or ones, spread or ones, dilation or ones)
    margins = (low or zeros, high or zeros)
    if any(len(numbers) != rank for numbers in (sizes, *steps, *margins)):
        raise AttributeValueError(
            f"{op} along {rank} axes takes as many numbers for windows, steps and margins, or none"
        )
    if any(step < 1 for numbers in steps for step in numbers):
        raise AttributeValueError(f"{op}: strides and dilations are at least 1")
    if any(size < 1 for size in sizes):
        raise ShapeError(f"{op}: a window of shape {list(sizes)} holds nothing; its sizes are at least 1")
    result = [Along(*numbers) for numbers in zip(lengths, sizes, steps[0], *margins, *steps[1:], strict=True)]
    for axis, line in enumerate(result):
        if line.extent < 0:
            raise ShapeError(
                f"{op}: margins {line.low} and {line.high} cut off more than there is along axis {axis}, which has "
                f"{line.length} elements"
            )
    return result
