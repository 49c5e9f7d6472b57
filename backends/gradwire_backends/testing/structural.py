"""Samples of the ops that are not elementwise.

Every op is tried in float64 and float32, along each kind of axis, on scalars, on arrays without elements and with axes
of size 1, on integers where it takes them, at ties, and on NaN and infinities.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from operator import itemgetter, methodcaller
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import special

from gradwire_backends.testing.elementwise import EDGES, LINE, PRECISIONS, TRUTH, WHOLE, in_double, points
from gradwire_backends.testing.sample import Sample
from gradwire_service.graph import BOOL, FLOAT32, FLOAT64, INT32, INT64, Array

Expected = Callable[..., Any]
Attributes = Mapping[str, Any]
Shape = tuple[int, ...]

AXES: Sequence[tuple[Shape, Attributes]] = (
    ((3, 4), {}),
    ((3, 4), {"axis": (0,)}),
    ((3, 4), {"axis": (-1,), "keepdims": True}),
    ((2, 3, 4), {"axis": (0, 2)}),
    ((2, 3, 4), {"axis": (-1, 1), "keepdims": True}),
    ((2, 3, 4), {"axis": (1,)}),
    ((1, 3, 1), {"axis": (0, -1)}),
    ((2, 3), {"axis": ()}),
    ((), {}),
    ((0, 3), {"axis": (1,)}),
)
"""Shapes and ways to reduce them; along each axis there is an element."""

PAIRS = ((np.float64, np.int64), (np.float32, np.int32))

NOTHING: Sequence[tuple[Shape, Attributes]] = (((0, 3), {"axis": (0,)}), ((2, 0), {"keepdims": True}))
"""Reductions of no elements."""


def apart(shape: Shape) -> Array:
    """Return numbers half a unit apart from each other, in no order."""
    k = np.arange(math.prod(shape))
    return np.reshape((k * 7 % 24 - 11.25) / 2, shape)


def settled(f: Expected, attributes: Attributes) -> Expected:
    """Give a function the attributes of an op, and compute in float64."""
    return in_double(partial(f, **attributes))


def samples(op: str, f: Expected, *shapes: Shape, label: str = "", **attributes: Any) -> Iterator[Sample]:
    """Sample an op at points that all differ, in both precisions.

    Args:
        op: its name.
        f: its value: a function of the inputs, and of the attributes by their names.
        shapes: shape of each input.
        label: what is special.
        attributes: settings of the op.
    """
    inputs = [points(shape, LINE, 0.6180339887498949 + 0.1 * i) for i, shape in enumerate(shapes)]
    for dtype in PRECISIONS:
        yield Sample(op, tuple(x.astype(dtype) for x in inputs), settled(f, attributes), attributes, label)


def reduction(op: str, f: Expected, *, empty: bool = True, edges: Sequence[npt.ArrayLike] = ()) -> Iterator[Sample]:
    """Sample a reduction.

    Args:
        op: its name.
        f: its value: a function with the attributes of the op.
        empty: whether nothing can be reduced.
        edges: rows at which it is not smooth, beside those with NaN and infinities.
    """
    for shape, attributes in AXES:
        for dtype in PRECISIONS if len(shape) == 2 else PRECISIONS[:1]:
            yield Sample(op, (apart(shape).astype(dtype),), settled(f, attributes), attributes)
    for shape, attributes in NOTHING if empty else ():
        yield Sample(op, (apart(shape),), settled(f, attributes), attributes, "empty", smooth=False)
    rows = [*edges, *([a, b, 1.0] for a in EDGES for b in EDGES)]
    attributes = {"axis": (1,)}
    for dtype in PRECISIONS:
        yield Sample(op, (np.array(rows, dtype),), settled(f, attributes), attributes, "edges", smooth=False)


def whole(op: str, f: Expected) -> Iterator[Sample]:
    """Sample a reduction of integers, which keep their type, and of truth values."""
    for attributes in ({}, {"axis": (0,)}):
        yield Sample(op, (WHOLE,), partial(f, **attributes), attributes)
        yield Sample(op, (WHOLE.astype(np.int32),), as_int32(partial(f, **attributes)), attributes)
        yield Sample(op, (TRUTH,), partial(f, **attributes), attributes)


def as_int32(f: Expected) -> Expected:
    """Undo what NumPy does to int32."""
    return lambda *x: np.asarray(f(*x), np.int32)


def row_zeros() -> Array:
    """Return rows with no zero, one, two, and nothing else."""
    return np.array([[1.5, -2.0, 0.5], [1.5, 0.0, 0.5], [0.0, 2.0, 0.0], [0.0, 0.0, 0.0]])


def reductions() -> Iterator[Sample]:
    """Sample what makes one element of many."""
    yield from reduction("sum", np.sum)
    yield from whole("sum", np.sum)
    yield from reduction("mean", mean)
    yield Sample("mean", (WHOLE,), np.mean)
    yield Sample("mean", (TRUTH,), partial(np.mean, axis=0), {"axis": (0,)})
    yield from reduction("prod", np.prod)
    yield from whole("prod", np.prod)
    zeros = row_zeros()
    for dtype in PRECISIONS:
        yield Sample("prod", (zeros.astype(dtype),), settled(np.prod, {"axis": 1}), {"axis": (1,)}, "zeros")
        yield Sample("prod", (zeros.T.astype(dtype),), settled(np.prod, {"axis": 0}), {"axis": (-2,)}, "zeros")
        yield Sample("prod", (zeros[:2].astype(dtype),), np.prod, {}, "zeros", smooth=False)  # a complex step sees h²
    ties: list[list[float]] = [[1, 1, 0], [2, 2, 2], [-1, 3, 3], [0.0, -0.0, 0.0]]
    for op, f in (("max", np.max), ("min", np.min)):
        yield from reduction(op, f, empty=False, edges=ties)
        yield from whole(op, f)
    yield from reduction("logsumexp", logsumexp)
    far = np.array([[800, 801.5, -3], [-800, -801.5, -900], [5, 5, 5]])
    for dtype in PRECISIONS:
        f, smooth = (
            settled(logsumexp, {"axis": 1}),
            dtype is np.float64,
        )  # float32 holds 800 too coarsely for differences
        yield Sample("logsumexp", (far.astype(dtype),), f, {"axis": (1,)}, "far", smooth)
    for settings in ({}, {"axis": 0}, {"axis": -1, "keepdims": True}):
        for x in (apart((3, 4)), apart((3, 4)).astype(np.float32), WHOLE, TRUTH):
            yield Sample("argmax", (x,), partial(np.argmax, **settings), settings)
    nans = np.array([[1, 2, 2], [math.nan, math.inf, math.nan]])
    yield Sample("argmax", (nans,), partial(np.argmax, axis=1), {"axis": 1}, "edges")
    yield Sample("argmax", (np.array(1.5),), np.argmax, label="scalar")


def mean(x: Array, axis: tuple[int, ...] | None = None, keepdims: bool = False) -> Any:
    """Compute Σ x / n; np.mean warns when n is 0."""
    total = np.sum(x, axis=axis, keepdims=keepdims)
    return total / np.sum(np.ones_like(x), axis=axis, keepdims=keepdims)


def logsumexp(x: Array, axis: Any = None, keepdims: bool = False) -> Any:
    """Compute log Σ exp x."""
    if x.size == 0 or axis == ():
        return np.log(np.sum(np.exp(x), axis=axis, keepdims=keepdims))
    return special.logsumexp(x, axis=axis, keepdims=keepdims)


def cumulative() -> Iterator[Sample]:
    """Sample what is made of all elements before."""
    for reverse in (False, True):
        for shape, axis in (((3, 4), 0), ((3, 4), -1), ((2, 3, 2), 1), ((1,), 0), ((0, 3), 0)):
            yield from samples("cumsum", partial(cumulated, np.cumsum), shape, axis=axis, reverse=reverse)
        for exclusive in (False, True):
            settings: dict[str, Any] = {"axis": 1, "reverse": reverse, "exclusive": exclusive}
            for x in (row_zeros(), row_zeros().astype(np.float32), row_zeros()[:, :1], row_zeros()[:, :0]):
                yield Sample("cumprod", (x,), partial(cumulated, np.cumprod, **settings), settings)
        for shape in ((3, 4), (1, 4), (0, 4)):
            yield from samples("linear_recurrence", recurrence, shape, shape, axis=0, reverse=reverse)
    yield from samples("cumsum", np.cumsum, (2, 3))
    yield from samples("cumsum", np.cumsum, ())
    yield Sample("cumsum", (WHOLE,), partial(np.cumsum, axis=1), {"axis": 1})
    yield Sample("cumsum", (WHOLE.astype(np.int32),), as_int32(partial(np.cumsum, axis=1)), {"axis": 1})
    yield Sample("cumsum", (TRUTH,), partial(np.cumsum, axis=1), {"axis": 1})


def cumulated(f: Expected, x: Array, axis: int, reverse: bool, exclusive: bool = False) -> Any:
    """Accumulate from either end; exclusive: without the element itself."""
    rows = np.moveaxis(x, axis, -1)
    rows = rows[..., ::-1] if reverse else rows
    y = f(rows, axis=-1)
    if exclusive:
        y = np.concatenate([np.ones_like(rows[..., :1]), y[..., :-1]], axis=-1)
    return np.moveaxis(y[..., ::-1] if reverse else y, -1, axis)


def recurrence(a: Array, b: Array, axis: int, reverse: bool) -> Any:
    """Compute y[i] = a[i] y[i-1] + b[i] along the first axis."""
    y, last = np.zeros_like(b), np.zeros(b.shape[1:], b.dtype)
    for i in range(b.shape[axis])[:: -1 if reverse else 1]:
        last = y[i] = a[i] * last + b[i]
    return y


def settings(op: str, f: Expected, name: str, table: Sequence[tuple[Shape, Any]]) -> Iterator[Sample]:
    """Sample an op of one input with the settings of one attribute, each at a shape; None leaves it out."""
    for shape, setting in table:
        yield from samples(op, f, shape, **({} if setting is None else {name: setting}))


def shapes() -> Iterator[Sample]:
    """Sample what puts the same elements under other axes."""
    orders = [((3, 4), None), ((2, 3, 4), None), ((), None), ((0, 2), None), ((2, 3, 4), (1, -1, 0)), ((5,), (0,))]
    yield from settings("transpose", np.transpose, "axes", orders)
    reshapes = [((3, 4), (2, 6)), ((3, 4), (-1,)), ((2, 3), (3, 1, -1)), ((), (1, 1)), ((1,), ()), ((0, 3), (2, 0))]
    yield from settings("reshape", np.reshape, "shape", reshapes)
    spread = [((3,), (2, 3)), ((3, 1), (3, 4)), ((), (2, 2)), ((2, 1, 3), (4, 2, 5, 3)), ((1,), (0,)), ((2,), (2,))]
    yield from settings("broadcast_to", np.broadcast_to, "shape", spread)
    expanded = [((3, 4), (0,)), ((3, 4), (-1,)), ((3,), (0, 2)), ((), (0,)), ((2, 0), (1,))]
    yield from settings("expand_dims", np.expand_dims, "axis", expanded)
    squeezed = [((1, 3, 1), None), ((1,), None), ((1, 3, 1), (0,)), ((1, 3, 1), (-1, 0)), ((2, 3), ()), ((0, 1), (1,))]
    yield from settings("squeeze", np.squeeze, "axis", squeezed)
    flipped = [((3, 4), None), ((), None), ((3, 4), (0,)), ((2, 3, 4), (-1, 0)), ((0, 2), (0,)), ((1, 2), (0,))]
    yield from settings("flip", np.flip, "axis", flipped)
    for x in (WHOLE, TRUTH):
        yield Sample("transpose", (x,), np.transpose)
        yield Sample("flip", (x,), np.flip)
        yield Sample("squeeze", (x[:, :1],), np.squeeze)


def joining() -> Iterator[Sample]:
    """Sample what makes one value of several, or puts margins round one."""
    yield from samples("concatenate", concatenated, (2, 3), (4, 3))
    yield from samples("concatenate", concatenated, (2, 3), (2, 1), (2, 0), axis=-1)
    yield from samples("concatenate", concatenated, (1, 2, 2), (1, 1, 2), axis=1)
    yield from samples("concatenate", concatenated, (3,), axis=0)
    yield from samples("concatenate", concatenated, (0,), (0,))
    yield from samples("stack", stacked, (2, 3), (2, 3), (2, 3))
    yield from samples("stack", stacked, (2, 3), (2, 3), axis=-1)
    yield from samples("stack", stacked, (2, 3), (2, 3), axis=1)
    yield from samples("stack", stacked, (), (), ())
    yield from samples("stack", stacked, (0,), (0,), axis=1)
    yield from samples("stack", stacked, (2,))
    yield Sample("concatenate", (WHOLE, WHOLE[:1]), concatenated)
    yield Sample("stack", (TRUTH, TRUTH), stacked)
    for shape, low, high, interior in (
        ((3,), (2,), (1,), ()),
        ((3,), (0,), (0,), (2,)),
        ((4,), (-1,), (2,), ()),
        ((4,), (-2,), (-1,), (1,)),
        ((5,), (-3,), (-3,), (2,)),
        ((2, 3), (1, 0), (0, -2), (1, 0)),
        ((2, 3), (0, -3), (0, 1), ()),
        ((1,), (-1,), (3,), ()),
        ((0, 2), (2, 0), (1, 0), (3, 0)),
        ((), (), (), ()),
    ):
        yield from samples("pad", padded, shape, low=low, high=high, interior=interior)


def concatenated(*x: Array, axis: int = 0) -> Any:
    """Put one behind the other."""
    return np.concatenate(x, axis)


def stacked(*x: Array, axis: int = 0) -> Any:
    """Put side by side."""
    return np.stack(x, axis)


def padded(x: Array, low: tuple[int, ...], high: tuple[int, ...], interior: tuple[int, ...]) -> Any:
    """Put zeros between the elements along each axis, then around them, or cut off."""
    for axis, (before, behind) in enumerate(zip(low, high, strict=True)):
        rows = np.moveaxis(x, axis, 0)
        step = interior[axis] + 1 if interior else 1
        wide = np.zeros((max(len(rows) * step - step + 1, 0), *rows.shape[1:]))
        wide[::step] = rows
        wide = np.pad(wide, [(max(before, 0), max(behind, 0)), *[(0, 0)] * (x.ndim - 1)])
        x = np.moveaxis(wide[max(-before, 0) : len(wide) - max(-behind, 0)], 0, axis)
    return x


def indexing() -> Iterator[Sample]:
    """Sample what takes some of the elements."""
    for shape, index, items in (
        ((5,), "1:-1", np.s_[1:-1]),
        ((5,), "::2", np.s_[::2]),
        ((5,), "::-1", np.s_[::-1]),
        ((5,), "-1:0:-2", np.s_[-1:0:-2]),
        ((5,), "7:", np.s_[7:]),
        ((5,), "-2", np.s_[-2]),
        ((5,), "", ()),
        ((4, 3), "1:, ::-2", np.s_[1:, ::-2]),
        ((4, 3), "..., -1", np.s_[..., -1]),
        ((4, 3), "2", np.s_[2]),
        ((4, 3), ":, None, 1", np.s_[:, None, 1]),
        ((4, 3, 2), "-1, ..., None, 0:1", np.s_[-1, ..., None, 0:1]),
        ((4, 3, 2), "::-3, None, 2:0:-1, 1", np.s_[::-3, None, 2:0:-1, 1]),
        ((1, 3), "0, :", np.s_[0, :]),
        ((), "None, ...", np.s_[None, ...]),
        ((0, 2), "::2, 1", np.s_[::2, 1]),
        ((3, 4), "5:, :", np.s_[5:, :]),
    ):
        for sample in samples("slice", np.copy, shape, label=""):
            yield replace(sample, expected=itemgetter(items), attributes={"index": index})
    yield Sample("slice", (WHOLE,), itemgetter(np.s_[:, 1]), {"index": ":, 1"})
    for shape, indices, axis in (
        ((5,), [0, 3, 3, -1], 0),
        ((4, 3), [2, 0], 0),
        ((4, 3), [[2, 0], [-3, 2]], -1),
        ((4, 3), [11, 0, -1, 0], None),
        ((4, 3), 2, 0),
        ((4, 3), [], 1),
        ((2, 1, 3), [0, 0], 1),
        ((), [0, 0], None),
        ((0, 3), [1, 1], 1),
    ):
        attributes: Attributes = {} if axis is None else {"axis": axis}
        for dtype, kind in PAIRS:
            inputs = (points(shape, LINE).astype(dtype), np.asarray(indices, kind))
            yield Sample("take", inputs, partial(np.take, **attributes), attributes)
    yield Sample("take", (WHOLE, np.array([1, 0])), partial(np.take, axis=0), {"axis": 0})
    for shape, indices, axis, size in (
        ((4,), [0, 3, 3, -1], 0, 5),
        ((2, 3), [1, 1], 0, 2),
        ((3, 2, 2), [[2, 0], [-3, 2]], 1, 4),
        ((3,), 1, 0, 2),
        ((0, 3), [], 0, 2),
    ):
        attributes = {"axis": axis, "size": size}
        for dtype, kind in PAIRS:
            inputs = (points(shape, LINE).astype(dtype), np.asarray(indices, kind))
            yield Sample("take_transpose", inputs, settled(scattered, attributes), attributes)


def scattered(x: Array, indices: Array, axis: int, size: int) -> Any:
    """Multiply by the matrix of ones and zeros that the indices stand for."""
    ones = np.eye(size)[indices]
    y = np.tensordot(x, ones, (tuple(range(axis, axis + indices.ndim)), tuple(range(indices.ndim))))
    return np.moveaxis(y, -1, axis)


def conversions() -> Iterator[Sample]:
    """Sample what converts the element type, or stops derivatives."""
    x = points((2, 3), LINE)
    arrays = (x, x.astype(np.float32), WHOLE, WHOLE.astype(np.int32), TRUTH, points((), LINE), x[:0])
    for array in arrays:
        for kind in (FLOAT64, FLOAT32, INT64, INT32, BOOL):
            same = array.dtype == kind.dtype  # else rounding makes steps, which differences see
            yield Sample("astype", (array,), methodcaller("astype", kind.dtype), {"element_type": kind}, smooth=same)
        yield Sample("stop_gradient", (array,), np.copy, smooth=False)
    edges = np.array([1e300, 1e-300, 0.1, -0.0, math.nan, math.inf])
    yield Sample(
        "astype", (edges,), methodcaller("astype", np.float32), {"element_type": FLOAT32}, "edges", smooth=False
    )
    yield Sample("full", (), lambda: np.full((2, 3), 0.5), {"shape": (2, 3), "value": 0.5})
    yield Sample("full", (), lambda: np.full((), 7, np.int32), {"shape": (), "value": 7, "element_type": INT32})


def products() -> Iterator[Sample]:
    """Sample the products of linear algebra."""
    for a, b in (
        ((3,), (3,)),
        ((2, 3), (3,)),
        ((3,), (3, 4)),
        ((2, 3), (3, 4)),
        ((5, 2, 3), (3,)),
        ((3,), (5, 3, 4)),
        ((5, 2, 3), (3, 4)),
        ((2, 3), (5, 3, 4)),
        ((5, 1, 2, 3), (4, 3, 2)),
        ((1, 2, 3), (5, 3, 1)),
        ((1, 1), (1, 1)),
        ((2, 0), (0, 3)),
        ((0, 3), (3, 2)),
        ((0,), (0,)),
    ):
        yield from samples("matmul", np.matmul, a, b)
    yield Sample("matmul", (WHOLE, WHOLE.T), np.matmul)
    yield Sample("matmul", (WHOLE.astype(np.int32), WHOLE[0].astype(np.int32)), np.matmul)
    for subscripts, *many in (
        ("ij,jk->ik", (2, 3), (3, 4)),
        ("ij,jk", (2, 3), (3, 4)),
        ("i,i", (3,), (3,)),
        ("i,j->ji", (2,), (3,)),
        ("bij,bkj->bik", (2, 3, 4), (2, 2, 4)),
        ("ij,kj,i->k", (2, 3), (4, 3), (2,)),
        ("ijk->ki", (2, 3, 4)),
        ("ij,k->j", (2, 3), (4,)),
        (",i->i", (), (3,)),
        ("ii->i", (3, 3)),
        ("iji,ij->", (2, 3, 2), (2, 3)),
        ("ij,jk->ik", (2, 0), (0, 3)),
        ("ab , bA -> aA", (1, 2), (2, 1)),
    ):
        yield from samples("einsum", contracted, *many, subscripts=subscripts)


def contracted(*x: Array, subscripts: str) -> Any:
    """Add up products of elements."""
    return np.einsum(subscripts, *x)


SAMPLES: tuple[Sample, ...] = (
    *reductions(),
    *cumulative(),
    *shapes(),
    *joining(),
    *indexing(),
    *conversions(),
    *products(),
)
"""Every op that is not elementwise, those that rules alone make included."""
