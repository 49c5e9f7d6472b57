"""Samples of convolutions and of reductions of windows, each against loops over all places and elements."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from gradwire_backends.testing.elementwise import PRECISIONS, WHOLE
from gradwire_backends.testing.sample import Sample
from gradwire_backends.testing.structural import Attributes, Shape, apart, padded, samples, settled
from gradwire_service.graph import Array

Sizes = Sequence[int]

CONVOLUTIONS: Sequence[tuple[Shape, Shape, Attributes]] = (
    ((2, 3, 5), (4, 3, 2), {}),
    ((1, 1, 6), (1, 1, 3), {"stride": (2,)}),
    ((1, 2, 5), (2, 2, 3), {"low": (2,), "high": (1,)}),
    ((2, 1, 7), (1, 1, 2), {"stride": (3,), "rhs_dilation": (2,), "low": (1,)}),
    ((1, 2, 4), (3, 2, 3), {"lhs_dilation": (3,), "low": (2,), "high": (2,)}),
    ((1, 1, 8), (1, 1, 3), {"low": (-2,), "high": (-1,), "stride": (2,)}),
    ((2, 4, 5), (6, 2, 2), {"groups": 2}),
    ((2, 3, 4), (3, 1, 2), {"groups": 3, "stride": (2,), "high": (3,)}),
    ((2, 2, 4, 5), (3, 2, 2, 3), {"stride": (1, 2), "low": (1, 0), "high": (0, 2)}),
    ((1, 4, 3, 4), (2, 2, 2, 2), {"groups": 2, "rhs_dilation": (1, 2), "lhs_dilation": (2, 1)}),
    ((1, 2, 3, 3, 2), (2, 2, 2, 2, 1), {"stride": (1, 1, 2), "low": (0, 1, 0)}),
    ((1, 1, 2), (1, 1, 2), {"low": (5,), "high": (4,), "stride": (2,)}),
    ((1, 1, 9), (1, 1, 8), {}),
    ((1, 1, 1), (1, 1, 1), {}),
    ((1, 1, 2), (1, 1, 4), {}),
    ((0, 2, 4), (3, 2, 2), {}),
    ((2, 0, 4), (3, 0, 2), {}),
    ((2, 2, 4), (0, 2, 2), {}),
    ((1, 1, 0), (1, 1, 2), {"low": (1,), "high": (2,)}),
    ((1, 1, 0), (1, 1, 1), {"lhs_dilation": (3,)}),
)
"""Shapes of elements and weights, and how they are laid over each other."""


def convolutions() -> Iterator[Sample]:
    """Sample `conv`."""
    for x, w, attributes in CONVOLUTIONS:
        yield from samples("conv", convolved, x, w, **attributes)
    whole = (WHOLE.reshape(1, 1, 6), WHOLE[:1].reshape(1, 1, 3))
    yield Sample("conv", whole, convolved)


def convolved(
    x: Array,
    w: Array,
    stride: Sizes = (),
    low: Sizes = (),
    high: Sizes = (),
    lhs_dilation: Sizes = (),
    rhs_dilation: Sizes = (),
    groups: int = 1,
) -> Array:
    """Add up products place by place."""
    rank = x.ndim - 2
    wide = laid_out(
        x, (1, 1, *(lhs_dilation or (1,) * rank)), (0, 0, *(low or (0,) * rank)), (0, 0, *(high or (0,) * rank))
    )
    windows = places(wide.shape[2:], w.shape[2:], stride or (1,) * rank, rhs_dilation or (1,) * rank)
    y = np.zeros((len(x), len(w), *windows.shape[:rank]), np.result_type(x, w))
    part = w.shape[1]
    for n, o, *t in np.ndindex(y.shape):
        group = o // (len(w) // groups)
        for at in np.ndindex(w.shape[2:]):
            for c in range(part):
                y[n, o, *t] += wide[(n, group * part + c, *windows[(*t, *at)])] * w[(o, c, *at)]
    return y


def laid_out(x: Array, spread: Sizes, low: Sizes, high: Sizes) -> Array:
    """Put zeros between elements and round them."""
    return np.asarray(padded(x, tuple(low), tuple(high), tuple(step - 1 for step in spread))).astype(x.dtype)


def places(extents: Sizes, window: Sizes, stride: Sizes, dilation: Sizes) -> Array:
    """Return for each window and each element of it the place where that is."""
    reach = [(k - 1) * step + 1 for k, step in zip(window, dilation, strict=True)]
    counts = [max((extent - k) // step + 1, 0) for extent, k, step in zip(extents, reach, stride, strict=True)]
    at = np.zeros((*counts, *window, len(window)), np.int64)
    for axis, (step, gap) in enumerate(zip(stride, dilation, strict=True)):
        at[..., axis] = np.indices((*counts, *window))[axis] * step
        at[..., axis] += np.indices((*counts, *window))[len(counts) + axis] * gap
    return at


WINDOWS: Sequence[tuple[Shape, Attributes]] = (
    ((5,), {"window": (2,)}),
    ((6,), {"window": (3,), "stride": (2,)}),
    ((5,), {"window": (3,), "low": (2,), "high": (1,)}),
    ((8,), {"window": (2,), "window_dilation": (3,), "low": (1,), "stride": (2,)}),
    ((7,), {"window": (2,), "low": (-2,), "high": (-1,)}),
    ((3, 4), {"window": (2, 2), "stride": (1, 2), "high": (1, 0)}),
    ((3, 4), {"window": (1, 4)}),
    ((2, 3, 3), {"window": (1, 2, 3), "low": (0, 1, 1), "high": (0, 0, 1)}),
    ((), {"window": ()}),
    ((1,), {"window": (1,)}),
    ((2,), {"window": (3,)}),
    ((0, 3), {"window": (1, 2)}),
)
"""Shapes, and how windows lie over them."""


def sums() -> Iterator[Sample]:
    """Sample `reduce_window_sum`."""
    for shape, attributes in (
        *WINDOWS,
        ((3,), {"window": (2,), "base_dilation": (3,), "low": (1,), "high": (4,)}),
        ((3, 2), {"window": (2, 2), "base_dilation": (2, 3), "stride": (2, 1), "window_dilation": (1, 2)}),
        ((2,), {"window": (2,), "low": (5,), "high": (3,), "stride": (2,)}),
        ((0,), {"window": (2,), "low": (1,), "high": (2,)}),
        ((0,), {"window": (1,), "base_dilation": (3,)}),
    ):
        yield from samples("reduce_window_sum", partial(reduced, np.sum, empty=0.0), shape, **attributes)
    yield Sample("reduce_window_sum", (WHOLE,), partial(reduced, np.sum, window=(1, 2), empty=0), {"window": (1, 2)})


def reduced(
    f: Callable[[Any], Any],
    x: Array,
    window: Sizes,
    stride: Sizes = (),
    low: Sizes = (),
    high: Sizes = (),
    base_dilation: Sizes = (),
    window_dilation: Sizes = (),
    empty: float = 0.0,
) -> Array:
    """Reduce what each window holds of the elements."""
    ones = (1,) * x.ndim
    margins = (base_dilation or ones, low or (0,) * x.ndim, high or (0,) * x.ndim)
    wide, there = laid_out(x, *margins), laid_out(np.ones(x.shape), *margins) == 1
    at = places(wide.shape, window, stride or ones, window_dilation or ones)
    y = np.full(at.shape[: x.ndim], empty, x.dtype)
    for t in np.ndindex(y.shape):
        held = [tuple(place) for place in at[t].reshape(math.prod(window), x.ndim) if there[tuple(place)]]
        y[t] = f([wide[place] for place in held]) if held else empty
    return y


TIES = np.array([[1.0, 3.0, 3.0, 0.0], [3.0, 3.0, -0.0, 0.0], [2.0, 2.0, 3.0, 2.0]])
EDGES = np.array(
    [[math.nan, 1.0, -math.inf, -math.inf], [1.0, math.nan, -math.inf, -math.inf], [5.0, math.inf, 2.0, 1.0]]
)
SQUARE: Mapping[str, Any] = {"window": (2, 2), "low": (1, 0), "high": (0, 1)}


def greatest() -> Iterator[Sample]:
    """Sample what goes by the greatest element of a window."""
    for shape, attributes in WINDOWS:
        for dtype in PRECISIONS:
            yield from picked(apart(shape).astype(dtype), attributes)
    for x in (TIES, EDGES, TIES.astype(np.float32)):
        yield from picked(x, SQUARE, "edges")
    yield from picked(np.full((3, 3), -math.inf), {"window": (2, 2), "low": (1, 1), "stride": (2, 2)}, "edges")
    least = np.iinfo(np.int64).min
    yield from picked(np.array([[least, least, 3], [least, 3, -1]]), {"window": (2, 2), "high": (1, 1)})
    yield from picked(WHOLE.astype(np.int32), {"window": (1, 2), "low": (0, 1)})


def picked(x: Array, attributes: Attributes, label: str = "") -> Iterator[Sample]:
    """Sample the greatest elements, their positions, and what goes back there."""
    smooth = not label
    yield Sample("reduce_window_max", (x,), settled(partial(reduced, np.max), attributes), attributes, label, smooth)

    def first(x: Array) -> Array:
        return positions(x, **attributes)

    yield Sample("window_argmax", (x,), first, attributes, label)
    if x.dtype.kind != "f":
        return
    source = np.asarray((apart(first(x).shape) / 3).astype(x.dtype))

    def added(x: Array, source: Array) -> Array:
        y = np.zeros(x.size)
        for place, number in zip(np.ravel(first(x)), np.ravel(source), strict=True):
            y[place] += number
        return y.reshape(x.shape)

    yield Sample("select_and_scatter_add", (x, source), settled(added, {}), attributes, label, smooth)


def positions(x: Array, /, **attributes: Any) -> Array:
    """Find the first of the greatest elements in each window, in the value laid flat."""
    flat = np.ravel(x)

    def first(held: Sequence[int]) -> int:
        best = max((flat[i] for i in held), key=lambda a: (a != a, a))
        return min(i for i in held if flat[i] == best or (best != best and flat[i] != flat[i]))

    numbers = np.arange(x.size).reshape(x.shape)
    return reduced(first, numbers, **attributes)


SAMPLES: tuple[Sample, ...] = (*convolutions(), *sums(), *greatest())
"""Every op with windows."""
