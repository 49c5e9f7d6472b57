"""What slides over axes, in NumPy: margins, and products of all that a window comes past."""

from __future__ import annotations

import itertools
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

    Of few large windows, as they come in derivatives, there is a product for each. Of many small ones, what they hold
    is laid out in columns, a block at a time: side by side, all would take as much memory as there are products.
    """
    n, o, part, window = len(x), len(w), w.shape[1], w.shape[2:]
    x = dilated_pad(x, (0, 0, *low), (0, 0, *high), (0, 0, *(step - 1 for step in lhs_dilation)))
    reach = tuple((k - 1) * step + 1 for k, step in zip(window, rhs_dilation, strict=True))
    extents = zip(x.shape[2:], reach, stride, strict=True)
    sizes = tuple(max((extent - k) // step + 1, 0) for extent, k, step in extents)
    y = np.zeros((n, groups, o // groups, *sizes), np.result_type(x, w))
    if not (y.size and w.size):
        return y.reshape(n, o, *sizes)
    spatial = tuple(range(3, 3 + len(sizes)))
    held = np.lib.stride_tricks.sliding_window_view(x.reshape(n, groups, part, *x.shape[2:]), reach, spatial)
    every: Any = (..., *(slice(None, None, step) for step in (*stride, *rhs_dilation)))
    held = held[every]
    held = np.moveaxis(held, spatial, range(-len(sizes), 0))  # batch, groups, channels, elements of a window, windows
    rows = w.reshape(groups, o // groups, -1)
    if math.prod(sizes) < math.prod(window):
        columns = np.swapaxes(rows, 1, 2)
        for at in np.ndindex(sizes):
            lines = np.swapaxes(held[(..., *at)], 0, 1).reshape(groups, n, -1)
            y[(..., *at)] = np.swapaxes(np.matmul(lines, columns), 0, 1)
    else:
        work = groups * rows.shape[-1] * math.prod(sizes)  # elements that all windows of one member hold
        members, length = max(BLOCK // work, 1), max(min(BLOCK * sizes[0] // work, sizes[0]), 1)
        for i, j in itertools.product(range(0, n, members), range(0, sizes[0], length)):
            block: Any = (slice(i, i + members), ..., slice(j, j + length), *[slice(None)] * (len(sizes) - 1))
            into = y[block]
            laid = held[block].reshape(len(into), groups, rows.shape[-1], -1)
            into[...] = np.matmul(rows, laid).reshape(into.shape)
    return y.reshape(n, o, *sizes)


BLOCK = 2**18
"""Elements that a block has at most, if it is not a single line: in double precision, what a cache holds."""
