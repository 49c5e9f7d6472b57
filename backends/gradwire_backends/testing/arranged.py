"""Samples of the composites that make values of nothing, arrange elements, or combine neighbours.

Each is tried along each kind of axis, on empty arrays and axes of size 1, on integers where it takes them, and with
each of its settings.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from scipy import integrate

from gradwire_backends.testing.elementwise import LINE, PRECISIONS, TRUTH, WHOLE, in_double, points
from gradwire_backends.testing.sample import Sample
from gradwire_backends.testing.structural import Expected, Shape, apart, samples, settings
from gradwire_service.graph import BOOL, FLOAT32, INT32, Array

Settings = Sequence[tuple[Shape, Any]]
"""Shapes and the attributes to try with them."""

ROLLS: Settings = (
    ((5,), {"shift": (2,), "axis": (0,)}),
    ((3, 4), {"shift": (-1,)}),
    ((3, 4), {"shift": (1, -6), "axis": (0, 1)}),
    ((3, 4), {"shift": (1, 1), "axis": (-1, 1)}),
    ((2, 0), {"shift": (1,), "axis": (1,)}),
    ((), {"shift": (3,)}),
)
TILES: Settings = (
    ((3,), {"repetitions": (2,)}),
    ((2, 3), {"repetitions": (2,)}),
    ((2,), {"repetitions": (3, 2)}),
    ((2, 3), {"repetitions": (0, 1)}),
    ((), {"repetitions": (2, 2)}),
    ((2,), {"repetitions": ()}),
)
REPEATS: Settings = (
    ((3,), {"repeats": 2, "axis": 0}),
    ((2, 3), {"repeats": 2}),
    ((2, 3), {"repeats": 3, "axis": -1}),
    ((2, 3), {"repeats": 0, "axis": 0}),
    ((), {"repeats": 2}),
)
MOVES: Settings = (
    ((2, 3, 4), {"source": (0,), "destination": (-1,)}),
    ((2, 3, 4), {"source": (0, 2), "destination": (1, 0)}),
    ((2, 3), {"source": (), "destination": ()}),
    ((2, 0, 1), {"source": (-1, 0), "destination": (0, 1)}),
)
SWAPS: Settings = (
    ((2, 3, 4), {"axis1": 0, "axis2": 2}),
    ((2, 3), {"axis1": -1, "axis2": 0}),
    ((2, 3), {"axis1": 1, "axis2": 1}),
    ((0, 2), {"axis1": 0, "axis2": 1}),
)


def constructions() -> Iterator[Sample]:
    """Sample what is made of shapes and indices, and triangles."""
    likes: Mapping[str, Expected] = {"zeros_like": np.zeros_like, "ones_like": np.ones_like}
    for op, f in likes.items():
        for x in (points((2, 3), LINE), np.array([1.5], np.float32), WHOLE, TRUTH, np.array(0.5), WHOLE[:0]):
            yield Sample(op, (x,), f, smooth=False)
        yield Sample(op, (WHOLE,), partial(f, dtype=np.float32), {"element_type": FLOAT32})
    sizes: Sequence[tuple[Shape, int]] = (((3,), 0), ((2, 4), 1), ((4, 2), -1), ((3, 3), 5), ((0, 2), 0))
    for shape, k in sizes:
        yield Sample("eye", (), partial(np.eye, shape[0], shape[-1], k), {"shape": shape, "k": k})
    yield Sample("eye", (), partial(np.eye, 2, dtype=np.int32), {"shape": (2,), "element_type": INT32})
    for indices in (WHOLE, WHOLE.astype(np.int32), np.array(1), WHOLE[:0]):
        yield Sample("one_hot", (indices,), partial(one_hot, classes=3), {"classes": 3})
    bits = partial(one_hot, classes=2, dtype=np.bool_)
    yield Sample("one_hot", (np.array([0, 1]),), bits, {"classes": 2, "element_type": BOOL})
    triangles: Sequence[tuple[Shape, int]] = (((3, 4), 0), ((4, 3), 1), ((2, 3, 3), -1), ((2, 2), -4), ((0, 2), 0))
    for op, f in (("tril", np.tril), ("triu", np.triu)):
        for shape, k in triangles:
            yield from samples(op, f, shape, k=k)
        yield Sample(op, (np.full((2, 2), math.nan),), f, {}, "edges", smooth=False)
        yield Sample(op, (WHOLE,), f)


def one_hot(indices: Array, classes: int, dtype: Any = np.float64) -> Any:
    """Compare each index with each class."""
    return np.equal.outer(indices, np.arange(classes)).astype(dtype)


def arrangements() -> Iterator[Sample]:
    """Sample what puts elements in other places, or repeats them."""
    for op, f, table in (
        ("roll", np.roll, ROLLS),
        ("tile", tiled, TILES),
        ("repeat", np.repeat, REPEATS),
        ("moveaxis", np.moveaxis, MOVES),
        ("swapaxes", np.swapaxes, SWAPS),
    ):
        for shape, attributes in table:
            yield from samples(op, f, shape, **attributes)
    yield Sample("roll", (TRUTH,), partial(np.roll, shift=1), {"shift": (1,)})
    yield Sample("repeat", (TRUTH,), partial(np.repeat, repeats=2), {"repeats": 2})


def partings() -> Iterator[Sample]:
    """Sample what takes values apart, and grids: each of several results."""
    for shape, sections, axis in (((4,), 2, 0), ((2, 6), 3, -1), ((2, 0), 2, 1), ((3,), 1, 0)):
        for result in {0, sections - 1}:
            pick = partial(_nth, lambda x, sections, axis: np.split(x, sections, axis), result)
            for sample in samples("split", pick, shape, sections=sections, axis=axis):
                yield replace(sample, result=result)
    for shape, count, axis in (((3,), 3, 0), ((2, 4), 2, 0), ((2, 4), 4, -1), ((0, 2), 2, 1)):
        pick = partial(_nth, lambda x, count, axis: np.moveaxis(x, axis, 0), count - 1)
        for sample in samples("unstack", pick, shape, count=count, axis=axis):
            yield replace(sample, result=count - 1)
    for shapes, indexing in (
        (((3,), (2,)), "xy"),
        (((3,), (2,), (4,)), "ij"),
        (((3,), ()), "xy"),
        (((0,), (2,)), "ij"),
    ):
        for result in range(len(shapes)):
            pick = partial(_nth, np.meshgrid, result)
            for sample in samples("meshgrid", pick, *shapes, indexing=indexing):
                yield replace(sample, result=result)


def _nth(f: Expected, result: int, *x: Array, **attributes: Any) -> Any:
    return f(*x, **attributes)[result]


def tiled(x: Array, repetitions: Any) -> Any:
    """Lay copies side by side."""
    return np.tile(x, repetitions)


def neighbours() -> Iterator[Sample]:
    """Sample differences, integrals and interpolation."""
    shapes = [((5,), None), ((5,), 3), ((2,), 4), ((3,), 0), ((1, 2), None), ((0,), None)]
    yield from settings("diff", np.diff, "n", shapes)
    yield from samples("diff", np.diff, (4, 2, 3), n=2, axis=0)
    yield Sample("diff", (WHOLE,), np.diff)
    for op, f in (("trapezoid", integrate.trapezoid), ("cumulative_trapezoid", integrate.cumulative_trapezoid)):
        for shapes_, axis in (
            (((5,), (5,)), -1),
            (((3, 4), (4,)), -1),
            (((3, 4), (3,)), 0),
            (((3, 4), (3, 4)), 0),
            (((1,), (1,)), -1),
        ):
            yield from samples(op, f, *shapes_, axis=axis)
        yield from samples(op, partial(spaced, f), (2, 3, 2), (), axis=1)
    knots = np.array([-2.0, -0.5, 0.25, 3.0])
    heights = np.array([1.0, -1.5, 2.0, 0.5])
    for dtype in PRECISIONS:
        for x, label, smooth in (
            (points((2, 5), ((-3.0, -2.2), (-1.8, -0.7), (-0.3, 0.1), (0.4, 2.8), (3.2, 4.0))), "", True),
            (np.array(0.1), "scalar", True),
            (np.array([-2.0, -0.5, 0.25, 3.0, math.nan, math.inf, -math.inf]), "edges", False),
        ):
            yield Sample(
                "interp", tuple(a.astype(dtype) for a in (x, knots, heights)), in_double(np.interp), {}, label, smooth
            )
    yield Sample("interp", (apart((2, 3)), knots[:1], heights[:1]), np.interp, {}, "one knot")
    yield Sample("interp", (points((0,), LINE), knots, heights), np.interp, {}, "empty")
    for kind in (np.int64, np.int32):
        segments = np.array([2, 0, 2, 1, 0], kind)
        for shape in ((5,), (5, 2)):
            yield Sample("segment_sum", (apart(shape), segments), partial(summed, count=4), {"count": 4})
    yield Sample("segment_sum", (apart((5,)).astype(np.float32), segments), partial(summed, count=3), {"count": 3})
    yield Sample("segment_sum", (apart((0, 2)), segments[:0]), partial(summed, count=2), {"count": 2}, "empty")
    yield Sample("segment_sum", (WHOLE, np.array([1, 1])), partial(summed, count=2), {"count": 2})


def spaced(f: Expected, y: Array, dx: Array, axis: int) -> Any:
    """Integrate over points at one distance."""
    return f(y, dx=float(dx), axis=axis)


def summed(x: Array, segments: Array, count: int) -> Any:
    """Add up rows, segment by segment."""
    return np.stack([np.sum(x[segments == s], axis=0, dtype=x.dtype) for s in range(count)])


SAMPLES: tuple[Sample, ...] = (*constructions(), *arrangements(), *partings(), *neighbours())
"""Every such composite."""
