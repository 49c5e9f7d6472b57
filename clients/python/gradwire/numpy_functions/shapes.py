"""Other orders, other shapes, several arrays put together or one taken apart, as NumPy names it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from gradwire import functions as F  # noqa: N812 - as one writes it
from gradwire.errors import TracingError
from gradwire.numpy_functions.operands import as_value, from_axis, size_of
from gradwire.values import Value


def rot90(m: Any, k: int = 1, axes: tuple[int, int] = (0, 1)) -> Value:
    x, (first, second) = as_value(m), axes
    match k % 4:
        case 1:
            return F.swapaxes(F.flip(x, second), first, second)
        case 2:
            return F.flip(x, (first % x.ndim, second % x.ndim))
        case 3:
            return F.flip(F.swapaxes(x, first, second), second)
        case _:
            return x


def at_least(rank: int) -> Callable[..., Value]:
    def at_least(a: Any) -> Value:
        missing = rank - as_value(a).ndim
        return F.expand_dims(a, range(missing)) if missing > 0 else a

    return at_least


def atleast_3d(a: Any) -> Value:
    x = at_least(2)(as_value(a))
    return F.expand_dims(x, -1) if x.ndim == 2 else x


def vstack(tup: Sequence[Any]) -> Value:
    return F.concatenate([at_least(2)(as_value(x)) for x in tup], 0)


def hstack(tup: Sequence[Any]) -> Value:
    parts = [at_least(1)(as_value(x)) for x in tup]
    return F.concatenate(parts, 0 if parts[0].ndim == 1 else 1)


def dstack(tup: Sequence[Any]) -> Value:
    return F.concatenate([atleast_3d(x) for x in tup], 2)


def column_stack(tup: Sequence[Any]) -> Value:
    parts = [as_value(x) for x in tup]
    return F.concatenate([x if x.ndim > 1 else F.reshape(x, (-1, 1)) for x in parts], 1)


def block(arrays: Any) -> Value:
    """Put blocks together, innermost lists along the last axis."""
    levels, found = 0, arrays
    while isinstance(found, list):
        levels, found = levels + 1, found[0]

    def joined(tree: Any, axis: int) -> Value:
        if not isinstance(tree, list):
            return at_least(max(levels, 1))(as_value(tree))
        return F.concatenate([joined(branch, axis + 1) for branch in tree], axis)

    return joined(arrays, -levels)


def append(arr: Any, values: Any, axis: int | None = None) -> Value:
    parts = [as_value(x) if axis is not None else F.reshape(x, -1) for x in (arr, values)]
    return F.concatenate(parts, axis or 0)


def split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Value]:
    x = as_value(ary)
    size = size_of(x, axis, "split")
    if isinstance(indices_or_sections, int) and size % indices_or_sections:
        raise ValueError("array split does not result in an equal division")
    return array_split(x, indices_or_sections, axis)


def array_split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Value]:
    x = as_value(ary)
    size = size_of(x, axis, "split")
    if isinstance(indices_or_sections, int):
        width, rest = divmod(size, indices_or_sections)
        widths = [width + (i < rest) for i in range(indices_or_sections)]
        indices_or_sections = np.cumsum(widths)[:-1].tolist()
    before = from_axis(axis, x.ndim)
    return [x[(*before, slice(a, b))] for a, b in pairwise([0, *indices_or_sections, size])]


def split_along(axis: int) -> Callable[..., list[Value]]:
    def split_there(ary: Any, indices_or_sections: Any) -> list[Value]:
        return split(ary, indices_or_sections, 0 if axis == 1 and as_value(ary).ndim == 1 else axis)

    return split_there


def unstack(x: Any, *, axis: int = 0) -> tuple[Value, ...]:
    x = as_value(x)
    return tuple(x[(*from_axis(axis, x.ndim), i)] for i in range(size_of(x, axis, "unstack")))


def repeat(a: Any, repeats: Any, axis: int | None = None) -> Value:
    if isinstance(repeats, int):
        return F.repeat(a, repeats, axis)
    x = as_value(a) if axis is not None else F.reshape(a, -1)
    size = size_of(x, axis or 0, "repeat") if x.ndim else 1
    return F.take(x, np.repeat(np.arange(size), repeats), axis or 0)


def pad(array: Any, pad_width: Any, mode: str = "constant", *, constant_values: Any = 0) -> Value:
    x = as_value(array)
    widths = np.broadcast_to(np.asarray(pad_width), (x.ndim, 2)).tolist()
    if mode != "constant":
        for axis, width in enumerate(widths):
            if any(width):
                places: Any = np.pad(np.arange(size_of(x, axis, "pad")), width, mode=mode)  # type: ignore[call-overload]
                x = F.take(x, places, axis)
        return x
    if not isinstance(constant_values, int | float):
        raise TracingError("np.pad can't be traced with several constant_values; pad axis by axis")
    for axis, width in enumerate(widths):
        low, high = ((*x.shape[:axis], n, *x.shape[axis + 1 :]) for n in width)
        ends = [F.full(shape, float(constant_values), x.dtype) if n else None for shape, n in zip((low, high), width)]  # noqa: B905
        parts = [part for part in (ends[0], x, ends[1]) if part is not None]
        x = F.concatenate(parts, axis) if len(parts) > 1 else x
    return x


def meshgrid(*xi: Any, copy: bool = True, sparse: bool = False, indexing: str = "xy") -> list[Value]:
    values = [F.reshape(x, -1) for x in xi]
    rank = len(values)
    places = [1, 0, *range(2, rank)] if indexing == "xy" and rank > 1 else list(range(rank))
    spread = [F.reshape(x, [-1 if i == place else 1 for i in range(rank)]) for x, place in zip(values, places)]  # noqa: B905
    return spread if sparse else broadcast_arrays(*spread)


def broadcast_arrays(*args: Any) -> list[Value]:
    values = [as_value(x) for x in args]
    shape = np.broadcast_shapes(*(tuple(size_of(x, i, "broadcast_arrays") for i in range(x.ndim)) for x in values))
    return [x if x.shape == shape else F.broadcast_to(x, shape) for x in values]


def full_like(fill: float | None) -> Callable[..., Value]:
    def full_like(a: Any, fill_value: Any = 0.0 if fill is None else fill, dtype: Any = None) -> Value:
        x = as_value(a)
        if not isinstance(fill_value, int | float | np.number):
            return F.astype(F.broadcast_to(fill_value, x.shape), dtype or x.dtype)
        return F.full(x.shape, float(fill_value), dtype or x.dtype)

    return full_like


def size(a: Any, axis: Any = None) -> int:
    x = as_value(a)
    axes = () if axis is None else (axis,) if isinstance(axis, int) else axis
    return x.size if axis is None else math.prod(size_of(x, i, "size") for i in axes)


def linspace(start: Any, stop: Any, num: int = 50, endpoint: bool = True) -> Value:
    steps = np.linspace(0.0, 1.0, num, endpoint=endpoint)
    first, last = (F.expand_dims(x, 0) if as_value(x).ndim else x for x in (start, stop))
    rank = max(as_value(x).ndim for x in (start, stop))
    weights = steps.reshape(-1, *[1] * rank)
    return F.add(F.multiply(first, 1 - weights), F.multiply(last, weights))


def result_type(*arrays_and_dtypes: Any) -> np.dtype[Any]:
    return np.result_type(*(x.dtype if isinstance(x, Value) else x for x in arrays_and_dtypes))


def can_cast(from_: Any, to: Any) -> bool:
    return np.can_cast(from_.dtype if isinstance(from_, Value) else from_, to)


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "append": append, "array_split": array_split, "atleast_1d": at_least(1), "atleast_2d": at_least(2),
    "atleast_3d": atleast_3d, "block": block, "broadcast_arrays": broadcast_arrays, "can_cast": can_cast,
    "column_stack": column_stack, "dsplit": split_along(2), "dstack": dstack, "empty_like": full_like(0.0),
    "fliplr": lambda m: F.flip(m, 1), "flipud": lambda m: F.flip(m, 0), "full_like": full_like(None),
    "hsplit": split_along(1), "hstack": hstack, "iscomplexobj": lambda x: False, "isrealobj": lambda x: True,
    "linspace": linspace, "meshgrid": meshgrid, "ndim": lambda a: as_value(a).ndim, "pad": pad,
    "ravel": lambda a: F.reshape(a, -1), "repeat": repeat, "result_type": result_type, "rot90": rot90,
    "shape": lambda a: as_value(a).shape, "size": size, "split": split, "tile": lambda A, reps: F.tile(A, reps),
    "unstack": unstack, "vsplit": split_along(0), "vstack": vstack,
}  # fmt: skip
