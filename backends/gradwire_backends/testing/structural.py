"""Samples of the ops that are not elementwise, and of the composites.

Every op is tried in float64 and float32, along each kind of axis, on scalars, on arrays without elements and with axes
of size 1, on integers where it takes them, at ties, and on NaN and infinities.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import special

from gradwire_backends.testing.elementwise import EDGES, LINE, POSITIVE, PRECISIONS, TRUTH, WHOLE, in_double, points
from gradwire_backends.testing.sample import Sample
from gradwire_service.graph import BOOL, FLOAT32, FLOAT64, INT32, INT64, Array

Expected = Callable[..., Any]
Attributes = Mapping[str, Any]

AXES: Sequence[tuple[tuple[int, ...], Attributes]] = (
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

NOTHING: Sequence[tuple[tuple[int, ...], Attributes]] = (((0, 3), {"axis": (0,)}), ((2, 0), {"keepdims": True}))
"""Reductions of no elements."""


def apart(shape: tuple[int, ...]) -> Array:
    """Return numbers half a unit apart from each other, in no order."""
    k = np.arange(math.prod(shape))
    return np.reshape((k * 7 % 24 - 11.25) / 2, shape)


def settled(f: Expected, attributes: Attributes) -> Expected:
    """Call a function of NumPy with the attributes of an op, in float64."""
    return in_double(lambda *x: f(*x, **attributes))


def samples(
    op: str, *shapes: tuple[int, ...], f: Expected, attributes: Attributes, label: str = "", both: bool = True
) -> Iterator[Sample]:
    """Sample an op at points that all differ, in both precisions."""
    inputs = [points(shape, LINE, 0.6180339887498949 + 0.1 * i) for i, shape in enumerate(shapes)]
    for dtype in PRECISIONS if both else PRECISIONS[:1]:
        yield Sample(op, tuple(x.astype(dtype) for x in inputs), in_double(f), attributes, label)


def reduction(op: str, f: Expected, *, empty: bool = True, edges: Sequence[npt.ArrayLike] = ()) -> Iterator[Sample]:
    """Sample a reduction.

    Args:
        op: its name.
        f: its value: a function with the attributes of the op.
        empty: whether nothing can be reduced.
        edges: rows at which it is not smooth, beside those with NaN and infinities.
    """
    for shape, attributes in (*AXES, *(NOTHING if empty else ())):
        for dtype in PRECISIONS if len(shape) == 2 else PRECISIONS[:1]:
            label = "" if math.prod(shape) else "empty"
            yield Sample(op, (apart(shape).astype(dtype),), settled(f, attributes), attributes, label)
    rows = [*edges, *([a, b, 1.0] for a in EDGES for b in EDGES)]
    for dtype in PRECISIONS:
        attributes = {"axis": (1,)}
        yield Sample(op, (np.array(rows, dtype),), settled(f, attributes), attributes, "edges", smooth=False)


def whole(op: str, f: Expected, *, truth: bool = True) -> Iterator[Sample]:
    """Sample a reduction of integers, which keep their type, and of truth values."""
    for attributes in ({}, {"axis": (0,)}):
        for dtype in (np.int64, np.int32):
            x = WHOLE.astype(dtype)
            yield Sample(op, (x,), lambda x, a=attributes: np.asarray(f(x, **a), x.dtype), attributes)
    if truth:
        yield Sample(op, (TRUTH,), lambda x: f(x, axis=0), {"axis": (0,)})


def row_zeros() -> Array:
    """Return rows with no zero, one, two, and nothing else."""
    return np.array([[1.5, -2.0, 0.5], [1.5, 0.0, 0.5], [0.0, 2.0, 0.0], [0.0, 0.0, 0.0]])


def reductions() -> Iterator[Sample]:
    """Sample what makes one element of many."""
    yield from reduction("sum", np.sum)
    yield from whole("sum", np.sum)
    yield from reduction("mean", lambda x, **a: np.sum(x, **a) / (x.size / max(np.sum(x, **a).size, 1) or math.nan))
    yield Sample("mean", (WHOLE,), np.mean)
    yield Sample("mean", (TRUTH,), lambda x: np.mean(x, axis=0), {"axis": (0,)})
    yield from reduction("prod", np.prod)
    yield from whole("prod", np.prod)
    for attributes in ({"axis": (1,)}, {"axis": (-2,), "keepdims": True}, {}):
        for dtype in PRECISIONS:
            yield Sample("prod", (row_zeros().astype(dtype),), settled(np.prod, attributes), attributes, "zeros")
    ties = [[1, 1, 0], [2, 2, 2], [-1, 3, 3], [0.0, -0.0, 0.0]]
    for op, f in (("max", np.max), ("min", np.min)):
        yield from reduction(op, f, empty=False, edges=ties)
        yield from whole(op, f, truth=False)
        yield Sample(op, (TRUTH,), lambda x, f=f: f(x, axis=0), {"axis": (0,)})
    yield from reduction("logsumexp", logsumexp)
    for dtype in PRECISIONS:
        far = np.array([[800, 801.5, -3], [-800, -801.5, -900], [5, 5, 5]], dtype)
        yield Sample("logsumexp", (far,), settled(logsumexp, {"axis": 1}), {"axis": (1,)}, "far")
    for attributes in ({}, {"axis": 0}, {"axis": -1, "keepdims": True}):
        for x in (apart((3, 4)), apart((3, 4)).astype(np.float32), WHOLE, TRUTH):
            yield Sample("argmax", (x,), lambda x, a=attributes: np.argmax(x, **a), attributes)
    yield Sample("argmax", (np.array([[1, 2, 2], [math.nan, math.inf, math.nan]]),), lambda x: [1, 0], {"axis": 1})
    yield Sample("argmax", (np.array(1.5),), lambda x: 0)


def logsumexp(x: Array, axis: Any = None, keepdims: bool = False) -> Any:
    """Compute log Σ exp x."""
    if x.size == 0 or axis == ():
        return np.log(np.sum(np.exp(x), axis=axis, keepdims=keepdims))
    return special.logsumexp(x, axis=axis, keepdims=keepdims)


def cumulative() -> Iterator[Sample]:
    """Sample what is made of all elements before."""
    for shape, axis in (((3, 4), 0), ((3, 4), -1), ((2, 3, 2), 1), ((1,), 0), ((0, 3), 0)):
        for reverse in (False, True):
            attributes = {"axis": axis, "reverse": reverse}
            yield from samples("cumsum", shape, f=lambda x, a=attributes: cumulated(np.cumsum, x, **a), attributes=attributes)
    for shape in ((2, 3), ()):
        yield from samples("cumsum", shape, f=lambda x: np.cumsum(x), attributes={})
    for dtype in (np.int64, np.int32):
        yield Sample("cumsum", (WHOLE.astype(dtype),), lambda x: np.cumsum(x, 1, x.dtype), {"axis": 1})
    yield Sample("cumsum", (TRUTH,), lambda x: np.cumsum(x, 1), {"axis": 1})
    for reverse in (False, True):
        for exclusive in (False, True):
            attributes = {"axis": 1, "reverse": reverse, "exclusive": exclusive}
            for x in (row_zeros(), row_zeros().astype(np.float32), row_zeros()[:, :1], row_zeros()[:, :0]):
                yield Sample("cumprod", (x,), lambda x, a=attributes: cumulated(np.cumprod, x, **a), attributes)
        for shape in ((3, 4), (1, 4), (0, 4)):
            attributes = {"axis": 0, "reverse": reverse}
            f = lambda a, b, reverse=reverse: recurrence(a, b, reverse)  # noqa: E731
            yield from samples("linear_recurrence", shape, shape, f=f, attributes=attributes)


def cumulated(f: Expected, x: Array, axis: int, reverse: bool, exclusive: bool = False) -> Any:
    """Accumulate from either end; exclusive: without the element itself."""
    rows = np.moveaxis(x, axis, -1)
    rows = rows[..., ::-1] if reverse else rows
    y = f(rows, axis=-1)
    if exclusive:
        y = np.concatenate([np.ones_like(rows[..., :1]), y[..., :-1]], axis=-1)[..., : rows.shape[-1]]
    return np.moveaxis(y[..., ::-1] if reverse else y, -1, axis)


def recurrence(a: Array, b: Array, reverse: bool) -> Any:
    """Compute y[i] = a[i] y[i-1] + b[i] along the first axis."""
    y, last = np.zeros_like(b), np.zeros(b.shape[1:], b.dtype)
    for i in range(len(b))[:: -1 if reverse else 1]:
        last = y[i] = a[i] * last + b[i]
    return y


def shapes() -> Iterator[Sample]:
    """Sample what puts the same elements under other axes."""
    for shape, axes in (((3, 4), None), ((2, 3, 4), None), ((2, 3, 4), (1, -1, 0)), ((5,), (0,)), ((), None), ((0, 2), None)):
        attributes: Attributes = {} if axes is None else {"axes": axes}
        yield from samples("transpose", shape, f=lambda x, axes=axes: np.transpose(x, axes), attributes=attributes)
    for before, after in (((3, 4), (2, 6)), ((3, 4), (-1,)), ((2, 3), (3, 1, -1)), ((), (1, 1)), ((1,), ()), ((0, 3), (2, 0))):
        f = lambda x, after=after: np.reshape(x, after)  # noqa: E731
        yield from samples("reshape", before, f=f, attributes={"shape": after})
    for before, after in (((3,), (2, 3)), ((3, 1), (3, 4)), ((), (2, 2)), ((2, 1, 3), (4, 2, 5, 3)), ((1,), (0,)), ((2,), (2,))):
        f = lambda x, after=after: np.broadcast_to(x, after)  # noqa: E731
        yield from samples("broadcast_to", before, f=f, attributes={"shape": after})
    for shape, axis in (((3, 4), (0,)), ((3, 4), (-1,)), ((3,), (0, 2)), ((), (0,)), ((2, 0), (1,))):
        f = lambda x, axis=axis: np.expand_dims(x, axis)  # noqa: E731
        yield from samples("expand_dims", shape, f=f, attributes={"axis": axis})
    for shape, axis in (((1, 3, 1), None), ((1, 3, 1), (0,)), ((1, 3, 1), (-1, 0)), ((1,), None), ((2, 3), ()), ((0, 1), (1,))):
        attributes = {} if axis is None else {"axis": axis}
        yield from samples("squeeze", shape, f=lambda x, axis=axis: np.squeeze(x, axis), attributes=attributes)
    for shape, axis in (((3, 4), None), ((3, 4), (0,)), ((2, 3, 4), (-1, 0)), ((), None), ((0, 2), (0,)), ((1, 2), (0,))):
        attributes = {} if axis is None else {"axis": axis}
        yield from samples("flip", shape, f=lambda x, axis=axis: np.flip(x, axis), attributes=attributes)
    for op, f in (("transpose", np.transpose), ("flip", np.flip), ("squeeze", np.squeeze)):
        yield Sample(op, (WHOLE,), f)
        yield Sample(op, (TRUTH,), f)


def joining() -> Iterator[Sample]:
    """Sample what makes one value of several, or puts margins round one."""
    for many, axis in (
        (((2, 3), (4, 3)), 0),
        (((2, 3), (2, 1), (2, 0)), -1),
        (((3,),), 0),
        (((1, 2, 2), (1, 1, 2)), 1),
        (((0,), (0,)), 0),
    ):
        f = lambda *x, axis=axis: np.concatenate(x, axis)  # noqa: E731
        yield from samples("concatenate", *many, f=f, attributes={"axis": axis})
    for many, axis in ((((2, 3),) * 3, 0), (((2, 3),) * 2, -1), (((2, 3),) * 2, 1), (((),) * 3, 0), (((0,),) * 2, 1), (((2,),), 0)):
        f = lambda *x, axis=axis: np.stack(x, axis)  # noqa: E731
        yield from samples("stack", *many, f=f, attributes={"axis": axis})
    yield Sample("concatenate", (WHOLE, WHOLE[:1]), lambda *x: np.concatenate(x))
    yield Sample("stack", (TRUTH, TRUTH), lambda *x: np.stack(x))
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
        attributes = {"low": low, "high": high, "interior": interior}
        yield from samples("pad", shape, f=lambda x, a=attributes: padded(x, **a), attributes=attributes)


def padded(x: Array, low: tuple[int, ...], high: tuple[int, ...], interior: tuple[int, ...]) -> Any:
    """Put zeros between the elements along each axis, then around them, or cut off."""
    for axis, (before, behind) in enumerate(zip(low, high, strict=True)):
        rows = np.moveaxis(x, axis, 0)
        step = (interior[axis] if interior else 0) + 1
        wide = np.zeros((max(len(rows) * step - step + 1, 0), *rows.shape[1:]))
        wide[::step] = rows
        wide = np.concatenate([np.zeros((max(before, 0), *rows.shape[1:])), wide, np.zeros((max(behind, 0), *rows.shape[1:]))])
        x = np.moveaxis(wide[max(-before, 0) : len(wide) - max(-behind, 0)], 0, axis)
    return x


def indexing() -> Iterator[Sample]:
    """Sample what takes some of the elements."""
    for shape, index in (
        ((5,), "1:-1"),
        ((5,), "::2"),
        ((5,), "::-1"),
        ((5,), "-1:0:-2"),
        ((5,), "7:"),
        ((5,), "-2"),
        ((5,), ""),
        ((4, 3), "1:, ::-2"),
        ((4, 3), "..., -1"),
        ((4, 3), "2"),
        ((4, 3), ":, None, 1"),
        ((4, 3, 2), "-1, ..., None, 0:1"),
        ((4, 3, 2), "::-3, None, 2:0:-1, 1"),
        ((1, 3), "0, :"),
        ((), "None, ..."),
        ((0, 2), "::2, 1"),
        ((3, 4), "5:, :"),
    ):
        f = lambda x, index=index: eval(f"x[{index or '()'}]", {"x": x})  # noqa: E731, S307  # the table's own text
        yield from samples("slice", shape, f=f, attributes={"index": index})
    yield Sample("slice", (WHOLE,), lambda x: x[:, 1], {"index": ":, 1"})
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
        f = lambda x, i, axis=axis: np.take(x, i, axis)  # noqa: E731
        for dtype, kind in ((np.float64, np.int64), (np.float32, np.int32)):
            inputs = (points(shape, LINE).astype(dtype), np.asarray(indices, kind))
            yield Sample("take", inputs, f, attributes)
    yield Sample("take", (WHOLE, np.array([1, 0])), lambda x, i: x[i], {"axis": 0})
    for shape, indices, axis, size in (
        ((4,), [0, 3, 3, -1], 0, 5),
        ((2, 3), [1, 1], 0, 2),
        ((3, 2, 2), [[2, 0], [-3, 2]], 1, 4),
        ((3,), 1, 0, 2),
        ((0, 3), [], 0, 2),
    ):
        attributes = {"axis": axis, "size": size}
        f = lambda x, i, a=attributes: scattered(x, i, **a)  # noqa: E731
        for dtype, kind in ((np.float64, np.int64), (np.float32, np.int32)):
            yield Sample("scatter_add", (points(shape, LINE).astype(dtype), np.asarray(indices, kind)), f, attributes)


def scattered(x: Array, indices: Array, axis: int, size: int) -> Any:
    """Multiply by the matrix of ones and zeros that the indices are."""
    ones = np.eye(size)[np.ravel(indices).tolist() or np.zeros(0, int)].reshape(*indices.shape, size)
    places = tuple(range(axis, axis + indices.ndim))
    y = np.tensordot(x.astype(np.float64), ones, (places, tuple(range(indices.ndim))))
    return np.moveaxis(y, -1, axis).astype(x.dtype)


def conversions() -> Iterator[Sample]:
    """Sample what converts the element type, or stops derivatives."""
    inputs = (points((2, 3), LINE), points((2, 3), LINE).astype(np.float32), WHOLE, WHOLE.astype(np.int32), TRUTH)
    for x in (*inputs, points((), LINE), points((0, 2), LINE)):
        for kind in (FLOAT64, FLOAT32, INT64, INT32, BOOL):
            yield Sample("astype", (x,), lambda x, kind=kind: x.astype(kind.dtype), {"element_type": kind})
    for dtype in PRECISIONS:
        x = np.array([1e300, 1e-300, 0.1, -0.0, math.nan, math.inf], np.float64).astype(dtype)
        yield Sample("astype", (x,), lambda x: x.astype(np.float32), {"element_type": FLOAT32}, "edges", smooth=False)
    for x in (*inputs, points((), LINE)):
        yield Sample("stop_gradient", (x,), lambda x: x, smooth=False)
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
        yield from samples("matmul", a, b, f=np.matmul, attributes={})
    yield Sample("matmul", (WHOLE, WHOLE.T), lambda a, b: a @ b)
    yield Sample("matmul", (WHOLE.astype(np.int32), WHOLE[0].astype(np.int32)), lambda a, b: a @ b)
    for text, *many in (
        ("ij,jk->ik", (2, 3), (3, 4)),
        ("ij,jk", (2, 3), (3, 4)),
        ("i,i", (3,), (3,)),
        ("i,j->ji", (2,), (3,)),
        ("bij,bkj->bik", (2, 3, 4), (2, 2, 4)),
        ("ij,kj,i->k", (2, 3), (4, 3), (2,)),
        ("ijk->ki", (2, 3, 4)),
        ("ij,k->j", (2, 3), (4,)),
        (",i->i", (), (3,)),
        ("ij,jk->ik", (2, 0), (0, 3)),
        ("ab , bA -> aA", (1, 2), (2, 1)),
    ):
        f = lambda *x, text=text: np.einsum(text, *x)  # noqa: E731
        yield from samples("einsum", *many, f=f, attributes={"subscripts": text})


def composites() -> Iterator[Sample]:
    """Sample the composites of the library."""
    for op, f in (("softmax", special.softmax), ("log_softmax", special.log_softmax)):
        for shape, attributes in (((3, 4), {}), ((3, 4), {"axis": 0}), ((2, 3, 2), {"axis": 1}), ((2, 1), {}), ((0, 3), {})):
            axis = attributes.get("axis", -1)
            yield from samples(op, shape, f=lambda x, f=f, axis=axis: f(x, axis=axis), attributes=attributes)
        far = np.array([[1000.0, 999.0, -1000.0], [-1000.0, -1000.5, -999.0]])
        for dtype in PRECISIONS:
            yield Sample(op, (far.astype(dtype),), in_double(lambda x, f=f: f(x, axis=-1)), {}, "far")
        ruled_out = np.array([[0.5, -math.inf, 1.0], [-math.inf, 2.0, -math.inf]])
        yield Sample(op, (ruled_out,), lambda x, f=f: f(x, axis=-1), {}, "edges", smooth=False)
    yield from losses()
    for attributes in ({}, {"axis": (0,)}, {"axis": (-1,), "keepdims": True, "correction": 1}, {"axis": (0, 1), "correction": 0.5}):
        settings = {"ddof" if name == "correction" else name: value for name, value in attributes.items()}
        for op, f in (("variance", np.var), ("standard_deviation", np.std)):
            yield from samples(op, (3, 4), f=lambda x, f=f, s=settings: f(x, **s), attributes=attributes)
    yield Sample("variance", (np.full((2, 3), 0.5),), np.var, {}, "constant")
    yield Sample("variance", (np.array(0.5),), np.var, {}, "scalar")
    for x in (np.full((2, 3), 0.5), np.full(3, 0.5, np.float32), np.array(0.5)):
        yield Sample("standard_deviation", (x,), np.std, {}, "constant", smooth=False)
    for ord in (2, 1, 3, 1.5, math.inf, -math.inf, -1, 0):
        for attributes in ({}, {"axis": (1,)}, {"axis": (0,), "keepdims": True}):
            f = lambda x, ord=ord, a=attributes: np.linalg.vector_norm(x, ord=ord, **a)  # noqa: E731
            for dtype in PRECISIONS:
                yield Sample("norm", (apart((3, 4)).astype(dtype),), in_double(f), {"ord": float(ord), **attributes})
        yield Sample("norm", (np.zeros(3),), lambda x, ord=ord: np.linalg.vector_norm(x, ord=ord), {"ord": ord}, "zero", smooth=False)
    yield Sample("norm", (np.zeros((2, 0)),), lambda x: np.zeros(2), {"axis": (1,)}, "empty")
    for shape in ((2, 3), (4, 2, 3), (0, 2)):
        yield from samples("matrix_transpose", shape, f=np.matrix_transpose, attributes={})


def losses() -> Iterator[Sample]:
    """Sample the losses."""
    reductions: Mapping[str, Expected] = {"mean": np.mean, "sum": np.sum, "none": lambda x: x}

    def loss(
        op: str, x: npt.ArrayLike, t: npt.ArrayLike, f: Expected, *, label: str = "", smooth: bool = True, **attributes: Any
    ) -> Iterator[Sample]:
        for reduction, reduce in reductions.items():
            settings = {**attributes, "reduction": reduction} if reduction != "mean" else attributes
            for dtype in PRECISIONS:
                inputs = (np.asarray(x, dtype), np.asarray(t, dtype))
                expected = in_double(lambda x, t, reduce=reduce: reduce(f(x, t)))
                yield Sample(op, inputs, expected, settings, label, smooth)

    x, t = points((3, 4), LINE), points((3, 4), ((0.1, 0.9),), 0.7548776662466927)
    yield from loss("mean_squared_error", x, t, lambda x, t: (x - t) ** 2)
    yield from loss("mean_squared_error", x, 0.5, lambda x, t: (x - t) ** 2, label="scalar target")
    p = points((3, 4), ((0.1, 0.9),))
    entropy = lambda p, t: -special.xlogy(t, p) - special.xlog1py(1 - t, -p)  # noqa: E731
    yield from loss("binary_cross_entropy", p, t, entropy)
    yield from loss("binary_cross_entropy", [0, 1, 0, 1, 0.5], [0, 1, 1, 0, 1], entropy, label="edges", smooth=False)
    from_logits = lambda x, t: -t * special.log_expit(x) - (1 - t) * special.log_expit(-x)  # noqa: E731
    yield from loss("binary_cross_entropy_with_logits", x, t, from_logits)
    far = [-800, -40, 0, 40, 800]
    yield from loss("binary_cross_entropy_with_logits", [*far, *far], [0] * 5 + [1] * 5, from_logits, label="far")
    rows = t / np.sum(t, axis=-1, keepdims=True)
    f = lambda x, t: -np.sum(t * special.log_softmax(x, axis=-1), axis=-1)  # noqa: E731
    yield from loss("softmax_cross_entropy", x, rows, f)
    columns = lambda x, t: -np.sum(t * special.log_softmax(x, axis=0), axis=0)  # noqa: E731
    yield from loss("softmax_cross_entropy", x, t, columns, axis=0)
    ruled_out, chosen = [[0.5, -math.inf, 1.0], [-800.0, 800.0, -math.inf]], [[1, 0, 0], [1, 0, 0]]
    masked = lambda x, t: -np.sum(np.where(t == 0, 0, t * special.log_softmax(x, axis=-1)), axis=-1)  # noqa: E731
    yield from loss("softmax_cross_entropy", ruled_out, chosen, masked, label="edges", smooth=False)


SAMPLES: tuple[Sample, ...] = (
    *reductions(),
    *cumulative(),
    *shapes(),
    *joining(),
    *indexing(),
    *conversions(),
    *products(),
    *composites(),
)
"""Every op that is not elementwise, those that rules alone make included, and every composite."""
