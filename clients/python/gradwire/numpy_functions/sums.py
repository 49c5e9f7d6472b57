"""Averages, differences, integrals, choices and polynomials, as NumPy names them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import Any

import numpy as np

from gradwire import functions as F  # noqa: N812 - as one writes it
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
    before = from_axis(axis, x.ndim)
    parts = [part for part in (prepend, x, append) if part is not None]
    if len(parts) > 1:
        one = (*x.shape[: axis % x.ndim], 1, *x.shape[axis % x.ndim + 1 :])
        x = F.concatenate([p if as_value(p).ndim else F.broadcast_to(p, one) for p in parts], axis)
    for _ in range(n):
        x = x[(*before, slice(1, None))] - x[(*before, slice(None, -1))]
    return x


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


def trapezoid(y: Any, x: Any = None, dx: float = 1.0, axis: int = -1) -> Value:
    y = as_value(y)
    before = from_axis(axis, y.ndim)
    heights = (y[(*before, slice(1, None))] + y[(*before, slice(None, -1))]) / 2
    if x is None:
        return F.sum(heights * dx, axis)
    widths = diff(x, axis=axis if as_value(x).ndim > 1 else -1)
    if widths.ndim < y.ndim:
        widths = F.reshape(widths, [-1 if i == axis % y.ndim else 1 for i in range(y.ndim)])
    return F.sum(heights * widths, axis)


def interp(x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None) -> Value:
    """Interpolate between points whose abscissae increase."""
    x, xp, fp = as_value(x), as_value(xp), as_value(fp)
    if xp.shape[0] == 1:
        return F.broadcast_to(fp[0], x.shape)
    place = F.sum(F.astype(F.greater_equal(F.expand_dims(x, -1), xp[1:-1]), "int64"), -1)
    start, end = F.take(xp, place, 0), F.take(xp[1:], place, 0)
    low, high = F.take(fp, place, 0), F.take(fp[1:], place, 0)
    found = low + (x - start) * ((high - low) / (end - start))
    found = F.where(F.less(x, xp[0]), fp[0] if left is None else left, found)
    return F.where(F.greater(x, xp[-1]), fp[-1] if right is None else right, found)


def covariance(m: Any, y: Any = None, rowvar: bool = True, bias: bool = False, ddof: int | None = None) -> Value:
    x = rows(m, rowvar)
    if y is not None:
        x = F.concatenate([x, rows(y, rowvar)], 0)
    count = size_of(x, 1, "cov") - ((0 if bias else 1) if ddof is None else ddof)
    centred = x - F.mean(x, 1, True)
    return F.squeeze(F.matmul(centred, F.matrix_transpose(centred)) / count)


def rows(m: Any, rowvar: bool) -> Value:
    x = as_value(m)
    if x.ndim == 1:
        return F.expand_dims(x, 0)
    return x if rowvar else F.transpose(x)


def correlation(x: Any, y: Any = None, rowvar: bool = True) -> Value:
    c = covariance(x, y, rowvar)
    if not c.ndim:
        return F.divide(c, c)
    deviations = F.sqrt(F.einsum("ii->i", c))
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


def polyval(p: Any, x: Any) -> Any:
    return reduce(lambda total, coefficient: total * x + coefficient, p, 0)


def vander(x: Any, N: int | None = None, increasing: bool = False) -> Value:
    x = as_value(x)
    powers = np.arange(size_of(x, 0, "vander") if N is None else N, dtype=float)
    return F.power(F.expand_dims(x, 1), powers if increasing else powers[::-1].copy())


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "average": average, "corrcoef": correlation, "cov": covariance, "diff": diff, "ediff1d": ediff1d,
    "gradient": gradient, "interp": interp, "isclose": isclose, "nanmax": without_nan(-math.inf, F.max),
    "nanmean": nanmean, "nanmin": without_nan(math.inf, F.min), "nanprod": without_nan(1, F.prod),
    "nansum": without_nan(0, F.sum), "piecewise": piecewise, "polyval": polyval, "ptp": spread, "select": select,
    "trapezoid": trapezoid, "vander": vander,
}  # fmt: skip
