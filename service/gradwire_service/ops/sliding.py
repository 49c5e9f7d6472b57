"""What slides over axes, in NumPy: margins, and products of all that a window comes past."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from gradwire_service.graph import Array


def dilated_pad(x: Array, low: tuple[int, ...], high: tuple[int, ...], interior: tuple[int, ...]) -> Array:
    """Put zeros around the elements and between them; negative margins cut off."""
    steps = [gap + 1 for gap in interior]
    sizes = [max(n - 1, 0) * step + min(n, 1) for n, step in zip(x.shape, steps, strict=True)]
    y = np.zeros([a + n + b for a, n, b in zip(low, sizes, high, strict=True)], x.dtype)
    kept, places = [], []
    for start, step, n, size in zip(low, steps, x.shape, y.shape, strict=True):
        first = -(min(start, 0) // step)  # the first that is not cut off
        last = min(n, (size - 1 - start) // step + 1)  # the one behind the last
        count = max(last - first, 0)
        kept.append(slice(first, first + count))
        places.append(slice(start + first * step, start + first * step + count * step, step) if count else slice(0))
    y[tuple(places)] = x[tuple(kept)]
    return y


def conv(
    x: Array,
    w: Array,
    stride: Sequence[int],
    low: Sequence[int],
    high: Sequence[int],
    lhs_dilation: Sequence[int],
    rhs_dilation: Sequence[int],
    groups: int,
) -> Array:
    """Convolve [n, c, spatial...] with [o, c / groups, window...], by products of matrices.

    There is one for each element of a window, or one for each window, whichever are fewer: they need no more memory
    than the result and a part of x, where all windows side by side take as much as there are products.
    """
    n, o, part, window = len(x), len(w), w.shape[1], w.shape[2:]
    x = dilated_pad(x, (0, 0, *low), (0, 0, *high), (0, 0, *(step - 1 for step in lhs_dilation)))
    reach = ((k - 1) * step + 1 for k, step in zip(window, rhs_dilation, strict=True))
    extents = zip(x.shape[2:], reach, stride, strict=True)
    sizes = tuple(max((extent - k) // step + 1, 0) for extent, k, step in extents)
    x = np.moveaxis(x.reshape(n, groups, part, *x.shape[2:]), 0, 2)  # groups, channels of one, batch, spatial
    weights = w.reshape(groups, o // groups, part, *window)
    y = np.zeros((groups, o // groups, n, *sizes), np.result_type(x, w))
    if math.prod(window) <= math.prod(sizes):
        for at in np.ndindex(window):
            seen = x[_every(at, rhs_dilation, sizes, stride)].reshape(groups, part, n * math.prod(sizes))
            y += np.matmul(weights[(..., *at)], seen).reshape(y.shape)
    else:
        rows = weights.reshape(groups, o // groups, part * math.prod(window))
        for at in np.ndindex(sizes):
            seen = np.moveaxis(x[_every(at, stride, window, rhs_dilation)], 2, -1)
            y[(..., *at)] = np.matmul(rows, seen.reshape(groups, part * math.prod(window), n))
    return np.moveaxis(y, 2, 0).reshape(n, o, *sizes)


def _every(at: Sequence[int], places: Sequence[int], counts: Sequence[int], steps: Sequence[int]) -> Any:
    """Return the index of so many elements, a step apart, from a place on along each of the last axes."""
    starts = [i * place for i, place in zip(at, places, strict=True)]
    ends = [start + (count - 1) * step + 1 for start, count, step in zip(starts, counts, steps, strict=True)]
    return (..., *map(slice, starts, ends, steps))
