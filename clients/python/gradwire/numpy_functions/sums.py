"""Averages, differences, integrals, choices and polynomials, as NumPy names them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import Any

import numpy as np

from gradwire import functions as F  # noqa: N812 - as one writes it
from gradwire.errors import TracingError
from gradwire.numpy_functions.operands import as_value, from_axis, size_of
from gradwire.values import Value


def average(a: Any, axis: Any = None, weights: Any = None) -> Value:
    if weights is None:
        return F.mean(a, axis)
    x, w = as_value(a), as_value(weights)
    if w.ndim == 1 and x.ndim > 1 and isinstance(axis, int):
        w = F.reshape(w, [-1 if i == axis % x.ndim else 1 for i in range(x.ndim)])
    return F.divide(F.sum(F.multiply(x, w), axis), F.sum(F.multiply(w, F.full(x.shape, 1)), axis))


def spread(a: Any, axis: Any = None, *, keepdims: bool = False) -> Value:
    return F.subtract(F.max(a, axis, keepdims), F.min(a, axis, keepdims))


def diff(a: Any, n: int = 1, axis: int = -1, prepend: Any = None, append: Any = None) -> Value:
    x = as_value(a)
    parts = [part for part in (prepend, x, append) if part is not None]
    if len(parts) > 1:
        one = (*x.shape[: axis % x.ndim], 1, *x.shape[axis % x.ndim + 1 :])
        x = F.concatenate([p if as_value(p).ndim else F.broadcast_to(p, one) for p in parts], axis)
    return F.diff(x, n, axis)


def ediff1d(ary: Any) -> Value:
    return diff(F.reshape(ary, -1))


def gradient(f: Any, *varargs: Any, axis: Any = None) -> Any:
    """Central differences on an even grid, one-sided at the ends."""
    x = as_value(f)
    axes = list(range(x.ndim)) if axis is None else [axis] if isinstance(axis, int) else list(axis)
    steps = list(varargs) * (len(axes) if len(varargs) == 1 else 1) or [1.0] * len(axes)
    found = []
    for along, step in zip(axes, steps, strict=True):
        before = from_axis(along, x.ndim)
        inner = (x[(*before, slice(2, None))] - x[(*before, slice(None, -2))]) / 2
        first, second = (x[(*before, slice(i, i + 1))] for i in (0, 1))
        last, previous = x[(*before, slice(-1, None))], x[(*before, slice(-2, -1))]
        found.append(F.divide(F.concatenate([second - first, inner, last - previous], along), step))
    return found[0] if len(found) == 1 else tuple(found)


def trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Value:
    return F.trapezoid(y, dx if x is None else x, axis)


def interp(x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None) -> Value:
    x, xp = as_value(x), as_value(xp)
    y = F.interp(x, xp, fp)
    y = y if left is None else F.where(x < xp[0], left, y)
    return y if right is None else F.where(x > xp[-1], right, y)


def covariance(m: Any, y: Any = None, rowvar: bool = True, bias: bool = False, ddof: int | None = None) -> Value:
    x = m if y is None else F.concatenate([rows(m, rowvar), rows(y, rowvar)], 0)
    return F.cov(x, rowvar or y is not None, (0 if bias else 1) if ddof is None else ddof)


def rows(m: Any, rowvar: bool) -> Value:
    x = as_value(m)
    if x.ndim == 1:
        return F.expand_dims(x, 0)
    return x if rowvar else F.transpose(x)


def correlation(x: Any, y: Any = None, rowvar: bool = True) -> Value:
    c = covariance(x, y, rowvar)
    if not c.ndim:
        return F.divide(c, c)
    deviations = F.sqrt(F.diagonal(c))
    return F.divide(F.divide(c, F.expand_dims(deviations, 1)), deviations)


def select(condlist: Sequence[Any], choicelist: Sequence[Any], default: Any = 0) -> Value:
    chosen = default
    for condition, choice in reversed(list(zip(condlist, choicelist, strict=True))):
        chosen = F.where(condition, choice, chosen)
    return as_value(chosen)


def piecewise(x: Any, condlist: Any, funclist: Sequence[Any]) -> Value:
    """Choose among functions of x; each is evaluated everywhere, and only what is chosen counts."""
    x = as_value(x)
    conditions = condlist if isinstance(condlist, list | tuple) else [condlist]
    pieces = [piece(x) if callable(piece) else piece for piece in funclist]
    default = pieces[len(conditions)] if len(pieces) > len(conditions) else 0
    chosen: Any = F.full(x.shape, 0, x.dtype) + default
    for condition, piece in zip(conditions, pieces[: len(conditions)], strict=True):  # the last that holds counts
        chosen = F.where(condition, piece, chosen)
    return as_value(chosen)


def isclose(a: Any, b: Any, rtol: float = 1e-05, atol: float = 1e-08) -> Value:
    near = F.less_equal(F.abs(F.subtract(a, b)), F.add(F.multiply(F.abs(b), rtol), atol))
    return F.logical_or(near, F.equal(a, b))  # infinities


def without_nan(fill: float, then: Callable[..., Value]) -> Callable[..., Value]:
    def function(a: Any, axis: Any = None, *, keepdims: bool = False) -> Value:
        x = as_value(a)
        return then(F.where(F.not_equal(x, x), fill, x), axis, keepdims)

    return function


def nanmean(a: Any, axis: Any = None, *, keepdims: bool = False) -> Value:
    x = as_value(a)
    there = F.equal(x, x)
    return F.divide(F.sum(F.where(there, x, 0), axis, keepdims), F.sum(F.astype(there, x.dtype), axis, keepdims))


def quantile(a: Any, q: Any, axis: int | None = None, *, method: str = "linear", keepdims: bool = False) -> Value:
    """Interpolate between the two sorted elements that are nearest to each place."""
    x = as_value(a)
    rank = x.ndim
    x = F.reshape(x, -1) if axis is None else F.moveaxis(x, axis, 0)
    if method != "linear":
        raise TracingError(f"np.quantile can't be traced with method={method!r}; it takes 'linear'")
    if isinstance(q, Value):
        raise TracingError("np.quantile can't be traced for quantiles that are values; give numbers")
    place = np.asarray(q, float) * (size_of(x, 0, "quantile") - 1)
    low = np.floor(place).astype(int)
    ordered, _ = F.sort(x, 0)
    below, above = F.take(ordered, low, 0), F.take(ordered, np.ceil(place).astype(int), 0)
    weight = np.reshape(place - low, (*place.shape, *[1] * (x.ndim - 1)))
    y = below + (above - below) * weight if weight.any() else below
    if keepdims:
        y = F.expand_dims(y, [i + place.ndim for i in (range(rank) if axis is None else [axis % rank])])
    return y


def percentile(a: Any, q: Any, axis: int | None = None, *, method: str = "linear", keepdims: bool = False) -> Value:
    return quantile(a, np.asarray(q) / 100, axis, method=method, keepdims=keepdims)


def median(a: Any, axis: int | None = None, *, keepdims: bool = False) -> Value:
    return quantile(a, 0.5, axis, keepdims=keepdims)


def sort(a: Any, axis: int | None = -1, *, descending: bool = False) -> Value:
    return F.sort(F.reshape(a, -1) if axis is None else a, -1 if axis is None else axis, descending)[0]


def argsort(a: Any, axis: int | None = -1, *, descending: bool = False) -> Value:
    return F.argsort(F.reshape(a, -1) if axis is None else a, -1 if axis is None else axis, descending)


def searchsorted(a: Any, v: Any, side: str = "left") -> Value:
    return F.searchsorted(a, v, side)


def count_nonzero(a: Any, axis: Any = None, *, keepdims: bool = False) -> Value:
    return F.sum(F.astype(F.not_equal(a, 0), "int64"), axis, keepdims)


def polyval(p: Any, x: Any) -> Any:
    return reduce(lambda total, coefficient: total * x + coefficient, p, 0)


def vander(x: Any, N: int | None = None, increasing: bool = False) -> Value:
    x = as_value(x)
    powers = np.arange(size_of(x, 0, "vander") if N is None else N, dtype=float)
    return F.power(F.expand_dims(x, 1), powers if increasing else powers[::-1].copy())


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "argsort": argsort, "average": average, "corrcoef": correlation, "count_nonzero": count_nonzero, "cov": covariance,
    "diff": diff, "ediff1d": ediff1d, "gradient": gradient, "interp": interp, "isclose": isclose, "median": median,
    "nanmax": without_nan(-math.inf, F.max), "nanmean": nanmean, "nanmin": without_nan(math.inf, F.min),
    "nanprod": without_nan(1, F.prod), "nansum": without_nan(0, F.sum), "percentile": percentile,
    "piecewise": piecewise, "polyval": polyval, "ptp": spread, "quantile": quantile, "searchsorted": searchsorted,
    "select": select, "sort": sort, "trapezoid": trapezoid, "vander": vander,
}  # fmt: skip
