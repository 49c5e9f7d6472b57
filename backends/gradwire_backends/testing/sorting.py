"""Samples of what puts elements in order, at ties and with NaN among them too."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import cmp_to_key, partial
from typing import Any

import numpy as np

from gradwire_backends.testing.elementwise import EDGES, PRECISIONS, TRUTH, WHOLE
from gradwire_backends.testing.sample import Sample
from gradwire_backends.testing.structural import Shape, apart
from gradwire_service.graph import Array

TIES = np.array([[2.0, 1.0, 2.0, 1.0, 0.0], [-0.0, 0.0, -0.0, 1.0, 0.0]])
AMONG = np.array([[*EDGES, 1.0, math.nan, 1.0], [math.nan, -1.0, math.nan, *EDGES]])
LEAST = np.array([3, np.iinfo(np.int64).min, np.iinfo(np.int64).max, -1, 3])

ALONG: Sequence[tuple[Shape, int]] = (((3, 4), -1), ((3, 4), 0), ((2, 3, 2), 1), ((1,), 0), ((0, 3), 0), ((2, 0), -1))


def orders() -> Iterator[Sample]:
    """Sample `argsort`, and both results of `sort`."""
    for descending in (False, True):
        for shape, axis in ALONG:
            for dtype in PRECISIONS if axis == -1 else PRECISIONS[:1]:
                yield from ordered(apart(shape).astype(dtype), axis, descending)
        for x in (TIES, AMONG, TIES.astype(np.float32)):
            yield from ordered(x, -1, descending, "edges")
        for whole in (WHOLE, TRUTH, LEAST, LEAST.astype(np.int32)):
            yield from ordered(whole, -1, descending)


def ordered(x: Array, axis: int, descending: bool, label: str = "") -> Iterator[Sample]:
    """Sample an array in order."""
    attributes: dict[str, Any] = {"axis": axis, "descending": descending}
    order = partial(positions, axis=axis, descending=descending)
    smooth = not label
    yield Sample("argsort", (x,), order, attributes, label)
    yield Sample("sort", (x,), lambda x: np.take_along_axis(x, order(x), axis), attributes, label, smooth)
    yield Sample("sort", (x,), order, attributes, label, smooth, result=1)


def positions(x: Array, axis: int, descending: bool) -> Array:
    """Put positions in order by comparing pairs of elements."""

    def compare(a: Any, b: Any) -> int:
        if a != a or b != b:
            return int(a != a) - int(b != b)
        return (int(a > b) - int(a < b)) * (-1 if descending else 1)

    def row(elements: Any) -> list[int]:
        return sorted(range(len(elements)), key=cmp_to_key(lambda i, j: compare(elements[i], elements[j])))

    rows = np.moveaxis(x, axis, -1)
    result = np.array([row(rows[at]) for at in np.ndindex(rows.shape[:-1])], np.int64)
    return np.moveaxis(result.reshape(rows.shape), -1, axis)


def greatest() -> Iterator[Sample]:
    """Sample both results of `top_k`."""
    for shape, axis in ALONG:
        size = shape[axis]
        for k in sorted({0, size // 2, size}):
            for x in (apart(shape), apart(shape).astype(np.float32)):
                yield from top(x, k, axis)
    for x in (TIES, AMONG):
        yield from top(x, 3, -1, "edges")
    yield from top(WHOLE, 2, 1)


def top(x: Array, k: int, axis: int, label: str = "") -> Iterator[Sample]:
    """Sample the greatest elements of an array."""
    attributes = {"k": k, "axis": axis}

    def first(x: Array) -> Array:
        return np.moveaxis(np.moveaxis(positions(x, axis, descending=True), axis, 0)[:k], 0, axis)

    smooth = not label
    yield Sample("top_k", (x,), lambda x: np.take_along_axis(x, first(x), axis), attributes, label, smooth)
    yield Sample("top_k", (x,), first, attributes, label, smooth, result=1)


def places() -> Iterator[Sample]:
    """Sample `searchsorted`."""
    steps = np.array([-1.0, 0.0, 0.0, 0.5, 2.0])
    for side in ("left", "right"):
        for values in (
            np.array([[-2.0, -1.0, 0.0], [0.25, 2.0, 3.0]]),
            np.array(0.0),
            np.zeros((0, 2)),
            np.array([*EDGES]),
        ):
            for dtype in PRECISIONS:
                x = (steps.astype(dtype), values.astype(dtype))
                yield Sample("searchsorted", x, partial(found, side=side), {"side": side})
        for x in ((steps[:0], steps), (steps[:1], steps), (np.array([0.0, math.nan]), np.array([1.0, math.nan]))):
            yield Sample("searchsorted", x, partial(found, side=side), {"side": side}, "few")
        yield Sample("searchsorted", (np.array([-1, 2, 2, 7]), WHOLE), partial(found, side=side), {"side": side})


def found(x: Array, values: Array, side: str) -> Array:
    """Count the elements that stand before; NaN stands behind all others."""
    a, v = x, values[..., None]
    before = (a < v) | ((v != v) & (a == a))
    equal = (a == v) | ((v != v) & (a != a))
    return np.asarray(np.sum(before | equal if side == "right" else before, axis=-1, dtype=np.int64))


SAMPLES: tuple[Sample, ...] = (*orders(), *greatest(), *places())
"""Every op that compares elements to put them in order."""
