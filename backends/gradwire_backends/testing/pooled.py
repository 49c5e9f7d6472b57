"""Samples of pooling and of transposed convolutions, each against loops over all places."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import product
from typing import Any

import numpy as np

from gradwire_backends.testing.elementwise import PRECISIONS, in_double
from gradwire_backends.testing.sample import Sample
from gradwire_backends.testing.structural import Shape, apart, samples
from gradwire_service.graph import Array

Sizes = Sequence[int]

POOLS: Sequence[tuple[Shape, Any]] = (
    ((2, 3, 6), {"window": (2,)}),
    ((1, 2, 5), {"window": (3,), "stride": (1,), "low": (1,), "high": (1,)}),
    ((2, 1, 5, 4), {"window": (2, 3), "stride": (2, 1), "low": (0, 1)}),
    ((1, 1, 3), {"window": (3,)}),
    ((0, 2, 4), {"window": (2,)}),
)
TRANSPOSED: Sequence[tuple[Shape, Shape, Any]] = (
    ((2, 3, 4), (3, 2, 3), {}),
    ((1, 2, 3), (2, 3, 2), {"stride": (2,), "low": (1,), "high": (-1,)}),
    ((1, 4, 3), (4, 1, 3), {"groups": 2, "dilation": (2,), "stride": (3,), "high": (2,)}),
    ((2, 2, 3, 2), (2, 2, 2, 3), {"stride": (2, 1), "low": (0, 1)}),
    ((0, 1, 2), (1, 1, 2), {}),
)
"""Shapes, and how windows lie."""


def pools() -> Iterator[Sample]:
    """Sample the reductions of windows."""
    for op, reduce in (("max_pool", np.nanmax), ("avg_pool", np.nanmean)):
        for shape, attributes in POOLS:
            for dtype in PRECISIONS:
                f = in_double(partial(pooled, reduce, **attributes))
                yield Sample(op, (apart(shape).astype(dtype),), f, attributes)
    shape, attributes = POOLS[1]
    counting = {**attributes, "count_margins": True}
    yield Sample("avg_pool", (apart(shape),), partial(pooled, with_zeros, **attributes), counting)


def pooled(
    reduce: Callable[..., Any], x: Array, window: Sizes, stride: Sizes = (), low: Sizes = (), high: Sizes = ()
) -> Any:
    """Reduce window by window; margins are NaN."""
    rank = len(window)
    margins = zip(low or [0] * rank, high or [0] * rank, strict=True)
    wide = np.pad(x, [(0, 0), (0, 0), *margins], constant_values=np.nan)
    steps = stride or window
    counts = [(n - size) // step + 1 for n, size, step in zip(wide.shape[2:], window, steps, strict=True)]
    y = np.zeros((*x.shape[:2], *counts))
    for place in np.ndindex(*counts) if x.size else ():
        held: Any = (
            ...,
            *(slice(t * step, t * step + size) for t, step, size in zip(place, steps, window, strict=True)),
        )
        y[(..., *place)] = reduce(wide[held], axis=tuple(range(2, rank + 2)))
    return y


def with_zeros(x: Array, axis: Any) -> Any:
    """Take the mean, margins counted as zeros."""
    return np.mean(np.nan_to_num(x), axis=axis)


def transposed() -> Iterator[Sample]:
    """Sample `conv_transpose`."""
    for x, w, attributes in TRANSPOSED:
        yield from samples("conv_transpose", laid, x, w, **attributes)


def laid(
    x: Array,
    w: Array,
    stride: Sizes = (),
    low: Sizes = (),
    high: Sizes = (),
    dilation: Sizes = (),
    groups: int = 1,
) -> Any:
    """Lay a copy of the weights over the result for each element."""
    n, channels, *spatial = x.shape
    _, outputs, *window = w.shape
    rank = len(spatial)
    stride, dilation = stride or [1] * rank, dilation or [1] * rank
    sizes = [
        (size - 1) * step + (k - 1) * gap + 1
        for size, step, k, gap in zip(spatial, stride, window, dilation, strict=True)
    ]
    extra = [max(-cut, 0) for cut in high] or [0] * rank
    y = np.zeros((n, outputs * groups, *(size + more for size, more in zip(sizes, extra, strict=True))))
    for c, *place in product(range(channels), *map(range, spatial)):
        first = c // (channels // groups) * outputs
        for k in product(*map(range, window)):
            at = [t * step + j * gap for t, step, j, gap in zip(place, stride, k, dilation, strict=True)]
            target: Any = (slice(None), slice(first, first + outputs), *at)
            elements: Any = (..., c, *place)
            weights: Any = (c, ..., *k)
            y[target] += np.multiply.outer(x[elements], w[weights])
    cuts = zip(low or [0] * rank, high or [0] * rank, y.shape[2:], strict=True)
    kept: Any = (..., *(slice(before, size - max(behind, 0)) for before, behind, size in cuts))
    return y[kept]


SAMPLES: tuple[Sample, ...] = (*pools(), *transposed())
"""Every such composite."""
