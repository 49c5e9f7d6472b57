"""Samples of truths and positions that many elements make, and of what goes on from element to element."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np

from gradwire_backends.testing.elementwise import EDGES, PRECISIONS, TRUTH, WHOLE
from gradwire_backends.testing.sample import Sample
from gradwire_backends.testing.structural import AXES, Expected, apart, as_int32, samples, settled
from gradwire_service.graph import Array

TIES = np.array([[1.0, 3.0, 3.0, 2.0, 3.0], [0.0, -0.0, -1.0, -1.0, 0.0]])
NANS = np.array([[1.0, math.nan, 3.0, math.nan], [math.inf, 2.0, -math.inf, math.inf]])


def quantifiers() -> Iterator[Sample]:
    """Sample `any` and `all`."""
    functions: Mapping[str, Expected] = {"any": np.any, "all": np.all}
    for op, f in functions.items():
        for shape, attributes in (*AXES, ((0, 3), {"axis": (0,)}), ((2, 0), {"keepdims": True})):
            truths = np.floor(apart(shape)) % 3 > 0
            yield Sample(op, (truths,), partial(f, **attributes), attributes)
        for x in (np.array([[*EDGES], [0.0] * 5, [1.0] * 5]), WHOLE, WHOLE.astype(np.int32), apart((2, 2)) > 0):
            yield Sample(op, (x,), partial(f, axis=1), {"axis": (1,)})
        yield Sample(op, (TRUTH.astype(np.float32),), partial(f, axis=()), {"axis": ()})


def positions() -> Iterator[Sample]:
    """Sample `argmin`."""
    for settings in ({}, {"axis": 0}, {"axis": -1, "keepdims": True}):
        for x in (apart((3, 4)), apart((3, 4)).astype(np.float32), WHOLE, TRUTH):
            yield Sample("argmin", (x,), partial(np.argmin, **settings), settings)
    nans = np.array([[2, 1, 1], [math.nan, -math.inf, math.nan]])
    yield Sample("argmin", (nans,), partial(np.argmin, axis=1), {"axis": 1}, "edges")
    yield Sample("argmin", (np.array(1.5),), np.argmin, label="scalar")


def products() -> Iterator[Sample]:
    """Sample cumulative products of what is laid flat, and of what is not floating."""
    for shape in ((2, 3), (), (2, 0)):
        for exclusive in (False, True):
            f = partial(accumulated, np.multiply, initial=1.0 if exclusive else None)
            yield Sample("cumprod", (apart(shape),), f, {"exclusive": exclusive})
    along: dict[str, Any] = {"axis": 1, "reverse": True}
    for x in (WHOLE, TRUTH):
        yield Sample("cumprod", (x,), partial(np.cumprod, axis=1), {"axis": 1})
    small = WHOLE.astype(np.int32)
    yield Sample("cumprod", (small,), as_int32(partial(accumulated, np.multiply, **along)), along)


def records() -> Iterator[Sample]:
    """Sample the greatest and the least so far."""
    functions: Mapping[str, Any] = {"cummax": np.maximum, "cummin": np.minimum}
    for op, ufunc in functions.items():
        for shape, axis in (
            ((3, 4), 0),
            ((3, 4), -1),
            ((2, 3, 2), 1),
            ((1,), 0),
            ((0, 3), 0),
            ((2, 3), None),
            ((), None),
        ):
            for reverse in (False, True):
                attributes: dict[str, Any] = {"axis": axis, "reverse": reverse}
                for dtype in PRECISIONS if axis == 0 else PRECISIONS[:1]:
                    x = apart(shape).astype(dtype)
                    yield Sample(op, (x,), settled(partial(accumulated, ufunc), attributes), attributes)
        for x in (TIES, NANS, TIES.astype(np.float32)):
            for reverse in (False, True):
                attributes = {"axis": 1, "reverse": reverse}
                yield Sample(op, (x,), partial(accumulated, ufunc, **attributes), attributes, "edges", smooth=False)
        for whole in (WHOLE, WHOLE.astype(np.int32), TRUTH):
            yield Sample(op, (whole,), partial(accumulated, ufunc, axis=1), {"axis": 1})


def logarithms() -> Iterator[Sample]:
    """Sample logarithms of sums of exponentials, far out and with what was ruled out."""
    f = partial(accumulated, np.logaddexp)
    for shape, axis in (((3, 4), 0), ((3, 4), -1), ((2, 7, 2), 1), ((1,), 0), ((0, 3), 0), ((3, 0), 0), ((2, 3), None)):
        for reverse in (False, True):
            yield from samples("cumlogsumexp", f, shape, axis=axis, reverse=reverse)
    yield Sample("cumlogsumexp", (np.array(0.5),), f, label="scalar")
    far = np.array([[-1000.0, 1000.0, 999.0, -1000.0, 1000.5], [5.0, 5.0, 5.0, 5.0, 5.0]])
    yield Sample("cumlogsumexp", (far,), partial(f, axis=1), {"axis": 1}, "far")
    rows = np.array([[a, b, c] for a in (*EDGES[:3], 0.5) for b in (*EDGES[:3], 1.0) for c in (-math.inf, 1.0)])
    for reverse in (False, True):
        for dtype in PRECISIONS:
            attributes = {"axis": 1, "reverse": reverse}
            edges = rows.astype(dtype)
            yield Sample("cumlogsumexp", (edges,), settled(f, attributes), attributes, "edges", smooth=False)


def accumulated(
    ufunc: Any, x: Array, axis: int | None = None, reverse: bool = False, initial: float | None = None
) -> Array:
    """Accumulate element by element from either end; with an initial value, which stands first, without the last."""
    rows = np.moveaxis(x, axis, -1) if axis is not None else np.reshape(x, -1)
    rows = rows[..., ::-1] if reverse else rows
    y = np.array(rows)
    for i in range(1, y.shape[-1]):
        y[..., i] = ufunc(y[..., i - 1], rows[..., i])
    if initial is not None:
        y = np.concatenate([np.full_like(y[..., :1], initial), y[..., :-1]], axis=-1) if y.size else y
    y = y[..., ::-1] if reverse else y
    return np.moveaxis(y, -1, axis) if axis is not None else y


SAMPLES: tuple[Sample, ...] = (*quantifiers(), *positions(), *products(), *records(), *logarithms())
"""What `structural` does not have of reductions and cumulative ops."""
