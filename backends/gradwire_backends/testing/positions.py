"""Samples of sources, diagonals, and what reads or writes at positions that are data."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from gradwire_backends.testing.elementwise import LINE, PRECISIONS, TRUTH, WHOLE, points
from gradwire_backends.testing.sample import Sample
from gradwire_backends.testing.structural import PAIRS, Attributes, Shape, apart, padded, samples, settled
from gradwire_service.graph import FLOAT32, FLOAT64, INT32, INT64, Array

Places = npt.ArrayLike


COUNTED: Sequence[tuple[Shape, int]] = (
    ((3,), 0),
    ((2, 3), 0),
    ((2, 3), -1),
    ((2, 3, 2), 1),
    ((0, 2), 0),
    ((2, 0), 0),
    ((1,), 0),
)


def sources() -> Iterator[Sample]:
    """Sample what is made of nothing, and what makes nothing of a value."""
    for shape, axis in COUNTED:
        for kind in (INT64, INT32, FLOAT64, FLOAT32):
            attributes: Attributes = {"shape": shape, "axis": axis, "element_type": kind}
            yield Sample("iota", (), partial(counted, shape, axis, kind.dtype), attributes)
    yield Sample("iota", (), partial(counted, (4,), 0, np.int64), {"shape": (4,)})
    yield from samples("identity", np.copy, (2, 3))
    yield from samples("identity", np.copy, ())
    yield from samples("identity", np.copy, (0,))
    for x in (WHOLE, TRUTH):
        yield Sample("identity", (x,), np.copy)


def counted(shape: Shape, axis: int, dtype: npt.DTypeLike) -> Array:
    """Count along an axis."""
    return np.indices(shape)[axis].astype(dtype)


def margins() -> Iterator[Sample]:
    """Sample pads with other numbers than 0."""
    for shape, low, high, interior, value in (
        ((3,), (2,), (1,), (), 1.5),
        ((2, 3), (1, 0), (0, -2), (1, 0), -0.25),
        ((4,), (-2,), (3,), (2,), 3.0),
        ((0, 2), (2, 0), (1, 0), (3, 0), 7.0),
        ((), (), (), (), 7.0),
    ):
        yield from samples("pad", filled, shape, low=low, high=high, interior=interior, value=value)
    attributes: dict[str, Any] = {"low": (1, 0), "high": (0, 1), "interior": (), "value": -9.0}
    yield Sample("pad", (WHOLE,), lambda x: filled(x, **attributes).astype(x.dtype), attributes)
    endless = {**attributes, "value": -math.inf}
    yield Sample("pad", (apart((2, 3)),), partial(filled, **endless), endless, "endless", smooth=False)


def filled(x: Array, low: Shape, high: Shape, interior: Shape, value: float) -> Any:
    """Pad with a number: with zeros, and with it where zeros come between ones."""
    return np.where(padded(np.ones(x.shape), low, high, interior) == 1, padded(x, low, high, interior), value)


def diagonals() -> Iterator[Sample]:
    """Sample diagonals."""
    for shape, offset, axis1, axis2 in (
        ((3, 4), 0, 0, 1),
        ((4, 3), 1, 0, 1),
        ((3, 4), -1, 0, 1),
        ((3, 4), 1, 1, 0),
        ((2, 3, 4), 2, -2, -1),
        ((2, 3, 4), -2, 0, 2),
        ((3, 4), 4, 0, 1),
        ((3, 4), -7, 0, 1),
        ((1, 1), 0, 0, 1),
        ((0, 3), 0, 0, 1),
        ((3, 2, 0), 0, 0, 1),
    ):
        yield from samples("diagonal", np.diagonal, shape, offset=offset, axis1=axis1, axis2=axis2)
    laid: Sequence[tuple[Shape, int, int, int]] = (
        ((3,), 0, -2, -1),
        ((3,), 2, -2, -1),
        ((3,), -1, 0, 1),
        ((2, 3), 1, 0, -1),
        ((2, 3), 1, 2, 0),
        ((2, 0), -2, -2, -1),
        ((0, 2), 0, 1, 2),
        ((1,), 0, -2, -1),
    )
    for vector, offset, axis1, axis2 in laid:
        yield from samples("diag_embed", embedded, vector, offset=offset, axis1=axis1, axis2=axis2)
    edges = np.array([math.nan, math.inf, -0.0])
    yield Sample("diag_embed", (edges,), np.diag, label="edges", smooth=False)
    yield Sample("diagonal", (WHOLE,), np.diagonal)
    yield Sample("diag_embed", (TRUTH[0],), np.diag)


def embedded(x: Array, offset: int, axis1: int, axis2: int) -> Any:
    """Lay vectors along diagonals, one by one."""
    side = x.shape[-1] + abs(offset)
    y = np.zeros((*x.shape[:-1], side, side))
    for at in np.ndindex(x.shape[:-1]):
        y[at] = np.diag(x[at], offset)
    return np.moveaxis(y, (-2, -1), (axis1, axis2))


GATHERED: Sequence[tuple[Shape, Places, int]] = (
    ((4, 3), [[0, 1], [-1, 2], [0, 1]], 0),
    ((4, 3), [[2], [0], [-4]], 0),
    ((4, 3), [[[2], [0]], [[1], [2]]], 0),
    ((5,), [-2], 0),
    ((2, 3, 4), [[[2], [0]], [[1], [1]]], 1),
    ((2, 3, 4), [[[2, 3], [0, -1]], [[1, 0], [1, 0]]], 1),
    ((2, 2, 3), [[[1], [0]], [[-1], [1]]], 1),
    ((2, 3), np.zeros((3, 0)), 0),
    ((2, 3), [[0], [2]], 1),
    ((), np.zeros((2, 0)), 0),
    ((0, 3), np.zeros((0, 1)), 0),
    ((1, 1), [[0, 0], [-1, -1]], 0),
)
"""Shapes, positions in them, and how many axes they share."""


def gathers() -> Iterator[Sample]:
    """Sample what is read at positions."""
    for shape, places, batch in GATHERED:
        attributes = {"batch_dims": batch} if batch else {}
        for dtype, kind in PAIRS:
            inputs = (points(shape, LINE).astype(dtype), np.asarray(places, kind))
            yield Sample("gather_nd", inputs, partial(gathered, batch=batch), attributes)
    yield Sample("gather_nd", (TRUTH, np.array([[1, 2], [0, 1]])), gathered)
    for shape, places, axis in (
        ((2, 4), [[0, 3, 3], [-1, 1, 0]], -1),
        ((4, 2), [[0, 3], [-1, 1], [1, 1]], 0),
        ((2, 3, 2), [[[0, -1]], [[2, 1]]], 1),
        ((4, 3), [[2, 2, 0]], 0),
        ((1, 3), [[2], [0]], 1),
        ((2, 3), np.zeros((2, 0)), 1),
        ((0, 3), np.zeros((0, 2)), 1),
        ((3,), [1], 0),
    ):
        for dtype, kind in PAIRS:
            inputs = (points(shape, LINE).astype(dtype), np.asarray(places, kind))
            yield Sample("take_along_axis", inputs, partial(np.take_along_axis, axis=axis), {"axis": axis})
    yield Sample("take_along_axis", (WHOLE, WHOLE[:, :1] % 3), partial(np.take_along_axis, axis=-1))


def gathered(x: Array, places: Array, batch: int = 0) -> Any:
    """Read position by position."""
    lead = places.shape[:-1]
    rest = x.shape[batch + places.shape[-1] :]
    y = np.zeros((*lead, *rest), x.dtype)
    for at in np.ndindex(lead):
        y[at] = x[(*at[:batch], *places[at])]
    return y


def scattered(how: Callable[[Any, Any], Any], x: Array, places: Array, updates: Array, batch: int = 0) -> Any:
    """Write position by position."""
    lead = places.shape[:-1]
    y = np.array(x)
    updates = np.broadcast_to(updates, (*lead, *x.shape[batch + places.shape[-1] :]))
    for at in np.ndindex(lead):
        place = (*at[:batch], *places[at])
        y[place] = how(y[place], updates[at])
    return y


HOW: Mapping[str, Callable[[Any, Any], Any]] = {
    "scatter_set": lambda old, new: new,
    "scatter_add": lambda old, new: old + new,
    "scatter_max": np.maximum,
    "scatter_min": np.minimum,
}


def scatters() -> Iterator[Sample]:
    """Sample what is written at positions, some of them twice."""
    for op, how in HOW.items():
        for shape, places, batch in GATHERED:
            attributes = {"batch_dims": batch} if batch else {}
            at = np.asarray(places, np.int64)
            updates = (*at.shape[:-1], *shape[batch + at.shape[-1] :])
            for dtype, kind in PAIRS:
                x = apart((math.prod(shape) + math.prod(updates),)).astype(dtype)
                base, new = x[: math.prod(shape)].reshape(shape), x[math.prod(shape) :].reshape(updates)
                inputs = (base, at.astype(kind), new)
                yield Sample(op, inputs, settled(partial(scattered, how), {"batch": batch}), attributes)
        at = np.array([[3], [0], [3]])
        x, one, row = apart((4, 3)) / 7, np.array(0.3), apart((3,)) / 11
        yield Sample(op, (x, at, one), partial(scattered, how), label="broadcast", smooth="add" in op or "set" in op)
        yield Sample(
            op, (x, at[::2], row), partial(scattered, how), label="broadcast", smooth="add" in op or "set" in op
        )
        yield Sample(op, (WHOLE, np.array([[0, 1], [0, 1]]), np.array([3, -3])), partial(scattered, how))
    edges = np.array([math.nan, math.inf, 2.0, 2.0, -0.0])
    for op in ("scatter_max", "scatter_min"):
        for dtype in PRECISIONS:
            at = np.array([[0], [1], [2], [2], [3], [4]])
            inputs = (edges.astype(dtype), at, np.array([1.0, math.nan, 2.0, 2.0, 3.0, 0.0], dtype))
            yield Sample(op, inputs, partial(scattered, HOW[op]), label="edges", smooth=False)
    yield Sample("scatter_set", (TRUTH, np.array([[1]]), TRUTH[:1]), partial(scattered, HOW["scatter_set"]))


def dynamic() -> Iterator[Sample]:
    """Sample parts at places that are data."""
    for shape, start, sizes in (
        ((5,), [1], (3,)),
        ((5,), [-3], (3,)),
        ((4, 3), [2, 0], (2, 3)),
        ((4, 3), [-1, 1], (1, 1)),
        ((4, 3), [4, 0], (0, 2)),
        ((), [], ()),
        ((0, 2), [0, 1], (0, 1)),
        ((2, 3, 4), [1, 1, 1], (1, 2, 3)),
    ):
        for dtype, kind in PAIRS:
            x, at = points(shape, LINE).astype(dtype), np.asarray(start, kind)
            yield Sample("dynamic_slice", (x, at), partial(part, sizes=sizes), {"sizes": sizes})
            update = points(sizes, LINE, 0.7548776662466927).astype(dtype)
            yield Sample("dynamic_update_slice", (x, update, at), replaced)
    at = np.array([0, 1])
    yield Sample("dynamic_slice", (TRUTH, at), partial(part, sizes=(2, 1)), {"sizes": (2, 1)})
    yield Sample("dynamic_update_slice", (WHOLE, WHOLE[:1, :2], at), replaced)


def part(x: Array, start: Array, sizes: Shape) -> Any:
    """Read element by element."""
    return np.reshape([x[tuple(start % np.maximum(x.shape, 1) + i)] for i in np.ndindex(sizes)], sizes).astype(x.dtype)


def replaced(x: Array, update: Array, start: Array) -> Any:
    """Write element by element."""
    y = np.array(x)
    for i in np.ndindex(update.shape):
        y[tuple(start % x.shape + i if i else ())] = update[i]
    return y


SAMPLES: tuple[Sample, ...] = (
    *sources(),
    *margins(),
    *diagonals(),
    *gathers(),
    *scatters(),
    *dynamic(),
)
"""What `structural` does not have of shapes and indices."""
