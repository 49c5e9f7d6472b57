"""Functions that NumPy and Gradwire both have, with arguments that NumPy calls otherwise."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from gradwire import functions as F  # noqa: N812 - as one writes it
from gradwire.errors import TracingError
from gradwire.numpy_functions.operands import as_value
from gradwire.values import Value


def clip(a: Any, a_min: Any = None, a_max: Any = None, *, min: Any = None, max: Any = None) -> Value:
    low, high = (a_min if min is None else min), (a_max if max is None else max)
    if all(bound is None or isinstance(bound, int | float) for bound in (low, high)):
        return F.clip(a, low, high)
    a = a if low is None else F.maximum(a, low)
    return a if high is None else F.minimum(a, high)


def where(condition: Any, x: Any, y: Any) -> Value:
    return F.where(condition, x, y)


def squeeze(a: Any, axis: Any = None) -> Value:
    return F.squeeze(a, axis)


def transpose(a: Any, axes: Any = None) -> Value:
    return F.transpose(a, axes)


def reshape(a: Any, shape: Any = None, *, newshape: Any = None) -> Value:
    return F.reshape(a, newshape if shape is None else shape)


def take(a: Any, indices: Any, axis: Any = None) -> Value:
    return F.take(a, indices, axis)


def astype(x: Any, dtype: Any) -> Value:
    return F.astype(x, dtype)


def variance(a: Any, axis: Any = None, *, ddof: float = 0, correction: float = 0, keepdims: bool = False) -> Value:
    return F.variance(a, axis, ddof or correction, keepdims)


def standard_deviation(
    a: Any, axis: Any = None, *, ddof: float = 0, correction: float = 0, keepdims: bool = False
) -> Value:
    return F.standard_deviation(a, axis, ddof or correction, keepdims)


def cumulative(name: str) -> Callable[..., Value]:
    def function(x: Any, *, axis: Any = None, include_initial: bool = False) -> Value:
        function: Callable[..., Value] = getattr(F, name)
        x = as_value(x)
        if axis is None and x.ndim != 1:
            raise TracingError(f"np.{name} of {x.ndim} axes needs an axis")
        axis = 0 if axis is None else axis % x.ndim
        found = function(x, axis)
        if not include_initial:
            return found
        first = F.full((*x.shape[:axis], 1, *x.shape[axis + 1 :]), float(name == "cumprod"), x.dtype)
        return F.concatenate([first, found], axis)

    return function


def rounded(a: Any, decimals: int = 0) -> Value:
    return F.divide(F.round(F.multiply(a, 10.0**decimals)), 10.0**decimals) if decimals else F.round(a)


def nan_to_num(x: Any, copy: bool = True, nan: float = 0.0, posinf: Any = None, neginf: Any = None) -> Value:
    return F.nan_to_num(x, nan, posinf, neginf)


def bessel_i(v: Any, z: Any) -> Value:
    if not isinstance(v, int):
        raise TracingError(f"scipy.special.iv can't be traced with the order {v!r}; it takes whole numbers from 0 on")
    return F.bessel_i(z, v)


def scaled(factor: float) -> Callable[..., Value]:
    def scaled(x: Any) -> Value:
        return F.multiply(x, factor)

    return scaled


def itself(x: Any) -> Value:
    return as_value(x)


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "around": rounded, "astype": astype, "clip": clip, "copy": itself,
    "cumulative_prod": cumulative("cumprod"), "cumulative_sum": cumulative("cumsum"), "nan_to_num": nan_to_num,
    "real": itself, "reshape": reshape, "round": rounded, "squeeze": squeeze, "std": standard_deviation, "take": take,
    "transpose": transpose, "var": variance, "where": where,
}  # fmt: skip

UFUNCS: Mapping[str, Callable[..., Any]] = {
    "conj": itself, "iv": bessel_i, "conjugate": itself, "positive": itself, "deg2rad": scaled(math.pi / 180),
    "radians": scaled(math.pi / 180), "rad2deg": scaled(180 / math.pi), "degrees": scaled(180 / math.pi),
    "logit": lambda x: F.subtract(F.log(x), F.log1p(F.negative(x))),
    "rel_entr": lambda x, y: F.xlogy(x, F.divide(x, y)),
}  # fmt: skip
