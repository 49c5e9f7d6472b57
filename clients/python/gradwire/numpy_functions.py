"""NumPy's functions on values: what each of them is in ops. What is not here is refused by name.

A function that NumPy and Gradwire both have under one name, or under the names in `_ALIASES`, is that op. The others,
and those whose arguments have other names, are written below with ops.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from functools import cache, reduce
from itertools import pairwise
from typing import Any

import numpy as np

from gradwire import functions as F  # noqa: N812 - as one writes it
from gradwire.catalog import OPS
from gradwire.errors import TracingError
from gradwire.values import Value, as_input

_ALIASES = {
    "absolute": "abs", "amax": "max", "amin": "min", "arccos": "acos", "arccosh": "acosh", "arcsin": "asin",
    "arcsinh": "asinh", "arctan": "atan", "arctan2": "atan2", "arctanh": "atanh", "bitwise_and": "logical_and",
    "bitwise_or": "logical_or", "bitwise_xor": "logical_xor", "concat": "concatenate", "fabs": "abs",
    "float_power": "power", "invert": "logical_not", "permute_dims": "transpose", "pow": "power",
    "true_divide": "divide",
}  # fmt: skip
"""NumPy's names that are not the ops'."""

_REDUCTIONS = {"add": "sum", "multiply": "prod", "maximum": "max", "minimum": "min", "logaddexp": "logsumexp"}

_DEFAULTS: Mapping[str, object] = {
    "out": None, "dtype": None, "where": True, "casting": "same_kind", "order": "C", "subok": True, "initial": None,
    "optimize": False, "mode": "raise", "like": None, "mean": None, "copy": None, "signature": None, "axes": None,
}  # fmt: skip
"""Arguments of NumPy's functions that ops do not have: they may be given, if only to say what holds anyway."""


def trace_ufunc(ufunc: np.ufunc, method: str, inputs: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """Trace a call of a universal function, or of one of its methods.

    Raises: TracingError when there is no op for it.
    """
    name = ufunc.__name__
    if "out" in options:
        options["out"] = options["out"][0]
    if method == "reduce" and name in _REDUCTIONS:
        handler, options = _op(_REDUCTIONS[name]), {"axis": 0, **options}
    elif method == "accumulate" and name == "add":
        handler, options = _op("cumsum"), {"axis": 0, **options}
    else:
        handler = (_UFUNCS.get(name) or _op(_ALIASES.get(name, name))) if method == "__call__" else None
    return _call(f"np.{name}" if method == "__call__" else f"np.{name}.{method}", handler, inputs, options)


def trace_function(function: Any, arguments: tuple[Any, ...], options: Mapping[str, Any]) -> Any:
    """Trace a call of a function of arrays.

    Raises: TracingError when there is no op for it.
    """
    module = function.__module__.removeprefix("numpy").lstrip(".")
    name = f"{module}.{function.__name__}" if module and module[0] != "_" else function.__name__
    handler = _FUNCTIONS.get(name) or _op(_ALIASES.get(name.removeprefix("linalg."), name.removeprefix("linalg.")))
    return _call(f"np.{name}", handler, arguments, options)


def _op(name: str) -> Callable[..., Any] | None:
    """Return an op as a function, or None when there is none of that name."""
    found: Callable[..., Any] | None = getattr(F, name) if name in OPS else None
    return found


_signature = cache(inspect.signature)


def _call(name: str, handler: Callable[..., Any] | None, arguments: Sequence[Any], options: Mapping[str, Any]) -> Any:
    """Call what stands for one of NumPy's functions.

    Raises: TracingError when nothing does, or when it can't take an argument.
    """
    if handler is None:
        raise TracingError(
            f"{name} can't be traced: no op stands for it; write it with functions that have one, or compute it from "
            "plain arrays before"
        )
    known = _signature(handler).parameters
    kept: dict[str, Any] = {}
    for key, value in options.items():
        if key in known:
            kept[key] = value
        elif key == "out" and value is not None:
            raise TracingError(f"{name} can't be traced with `out`: values never change; use what it returns")
        elif value is not None and value is not np._NoValue and not _says_what_holds(key, value):
            raise TracingError(f"{name} can't be traced with {key}={value!r}; it takes: {', '.join(known)}")
    try:
        _signature(handler).bind(*arguments, **kept)
    except TypeError as error:
        raise TracingError(f"{name} can't be traced with these arguments: {error}") from None
    return handler(*arguments, **kept)


def _says_what_holds(key: str, value: object) -> bool:
    return key in _DEFAULTS and isinstance(value, bool | str) and value == _DEFAULTS[key]


def _value(x: Any) -> Value:
    """Return an operand as a value with a rank of its own."""
    found = as_input(x)
    return found if isinstance(found, Value) else as_input(np.asarray(x))  # type: ignore[return-value]  # of an array


# Arguments that NumPy calls otherwise


def _clip(a: Any, a_min: Any = None, a_max: Any = None, *, min: Any = None, max: Any = None) -> Value:
    low, high = (a_min if min is None else min), (a_max if max is None else max)
    if all(bound is None or isinstance(bound, int | float) for bound in (low, high)):
        return F.clip(a, low, high)
    a = a if low is None else F.maximum(a, low)
    return a if high is None else F.minimum(a, high)


def _where(condition: Any, x: Any, y: Any) -> Value:
    return F.where(condition, x, y)


def _squeeze(a: Any, axis: Any = None) -> Value:
    return F.squeeze(a, axis)


def _transpose(a: Any, axes: Any = None) -> Value:
    return F.transpose(a, axes)


def _reshape(a: Any, shape: Any = None, *, newshape: Any = None) -> Value:
    return F.reshape(a, newshape if shape is None else shape)


def _take(a: Any, indices: Any, axis: Any = None) -> Value:
    return F.take(a, indices, axis)


def _argmax(a: Any, axis: Any = None, *, keepdims: bool = False) -> Value:
    return F.argmax(a, axis, keepdims)


def _astype(x: Any, dtype: Any) -> Value:
    return F.astype(x, dtype)


def _var(a: Any, axis: Any = None, *, ddof: float = 0, correction: float = 0, keepdims: bool = False) -> Value:
    return F.variance(a, axis, ddof or correction, keepdims)


def _std(a: Any, axis: Any = None, *, ddof: float = 0, correction: float = 0, keepdims: bool = False) -> Value:
    return F.standard_deviation(a, axis, ddof or correction, keepdims)


def _cumulative_sum(x: Any, *, axis: Any = None) -> Value:
    return F.cumsum(x, axis)


def _norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Value:
    is_matrix = not isinstance(axis, int) and (len(axis) if axis is not None else _value(x).ndim) == 2
    if ord == "fro" or ord is None:
        ord = 2
    elif is_matrix:
        raise TracingError(f"np.linalg.norm can't be traced with ord={ord!r} for a matrix; it takes 'fro'")
    return F.norm(x, ord, axis, keepdims)


def _vector_norm(x: Any, *, axis: Any = None, keepdims: bool = False, ord: float = 2) -> Value:
    return F.norm(x, ord, axis, keepdims)


def _matrix_norm(x: Any, *, keepdims: bool = False, ord: Any = "fro") -> Value:
    if ord != "fro":
        raise TracingError(f"np.linalg.matrix_norm can't be traced with ord={ord!r}; it takes 'fro'")
    return F.norm(x, 2, (-2, -1), keepdims)


# Products


def _dot(a: Any, b: Any) -> Value:
    a, b = _value(a), _value(b)
    if not a.ndim or not b.ndim:
        return F.multiply(a, b)
    return F.matmul(a, b) if b.ndim <= 2 else _tensordot(a, b, ([-1], [-2]))


def _vdot(a: Any, b: Any) -> Value:
    return F.sum(F.multiply(F.reshape(a, -1), F.reshape(b, -1)))


def _inner(a: Any, b: Any) -> Value:
    a, b = _value(a), _value(b)
    return _tensordot(a, b, ([-1], [-1])) if a.ndim and b.ndim else F.multiply(a, b)


def _outer(a: Any, b: Any) -> Value:
    return F.multiply(F.reshape(a, (-1, 1)), F.reshape(b, (1, -1)))


def _vecdot(a: Any, b: Any, *, axis: int = -1) -> Value:
    return F.sum(F.multiply(a, b), axis)


def _tensordot(a: Any, b: Any, axes: Any = 2) -> Value:
    a, b = _value(a), _value(b)
    if isinstance(axes, int):
        axes = range(a.ndim - axes, a.ndim), range(axes)
    left, right = ([axis] if isinstance(axis, int) else list(axis) for axis in axes)
    letters = iter("abcdefghijklmnopqrstuvwxyz")
    first = [next(letters) for _ in range(a.ndim)]
    second = [next(letters) for _ in range(b.ndim)]
    for i, j in zip(left, right, strict=True):
        second[j] = first[i]
    rest = [x for x in first + second if not (x in first and x in second)]
    return F.einsum(f"{''.join(first)},{''.join(second)}->{''.join(rest)}", a, b)


def _trace(a: Any) -> Value:
    rest = "abcdefgh"[: _value(a).ndim - 2]
    return F.einsum(f"ii{rest}->{rest}", a)


def _linalg_trace(x: Any) -> Value:
    rest = "abcdefgh"[: _value(x).ndim - 2]
    return F.einsum(f"{rest}ii->{rest}", x)


def _multi_dot(arrays: Sequence[Any]) -> Value:
    return reduce(F.matmul, map(_value, arrays))


# Shapes


def _swapaxes(a: Any, axis1: int, axis2: int) -> Value:
    order = list(range(_value(a).ndim))
    order[axis1], order[axis2] = order[axis2], order[axis1]
    return F.transpose(a, order)


def _moveaxis(a: Any, source: Any, destination: Any) -> Value:
    rank = _value(a).ndim
    sources, destinations = (
        [axis % rank for axis in ([axes] if isinstance(axes, int) else axes)] for axes in (source, destination)
    )
    order = [axis for axis in range(rank) if axis not in sources]
    for place, axis in sorted(zip(destinations, sources, strict=True)):
        order.insert(place, axis)
    return F.transpose(a, order)


def _at_least(rank: int) -> Callable[..., Value]:
    def at_least(a: Any) -> Value:
        missing = rank - _value(a).ndim
        return F.expand_dims(a, range(missing)) if missing > 0 else a

    return at_least


def _vstack(tup: Sequence[Any]) -> Value:
    return F.concatenate([_at_least(2)(_value(x)) for x in tup], 0)


def _hstack(tup: Sequence[Any]) -> Value:
    parts = [_at_least(1)(_value(x)) for x in tup]
    return F.concatenate(parts, 0 if parts[0].ndim == 1 else 1)


def _column_stack(tup: Sequence[Any]) -> Value:
    parts = [_value(x) for x in tup]
    return F.concatenate([x if x.ndim > 1 else F.reshape(x, (-1, 1)) for x in parts], 1)


def _append(arr: Any, values: Any, axis: int | None = None) -> Value:
    parts = [_value(x) if axis is not None else F.reshape(x, -1) for x in (arr, values)]
    return F.concatenate(parts, axis or 0)


def _split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Value]:
    x = _value(ary)
    axis = axis % x.ndim
    size = x.shape[axis]
    if not isinstance(size, int):
        raise TracingError(f"np.split can't be traced along dimension {size!r}, whose size is known at each run only")
    if isinstance(indices_or_sections, int):
        width, rest = divmod(size, indices_or_sections)
        if rest:
            raise ValueError("array split does not result in an equal division")
        indices_or_sections = range(width, size, width)
    ends = [0, *indices_or_sections, size]
    return [x[(slice(None),) * axis + (slice(a, b),)] for a, b in pairwise(ends)]


def _roll(a: Any, shift: int, axis: int | None = None) -> Value:
    x = _value(a)
    if axis is None:
        return F.reshape(_roll(F.reshape(x, -1), shift, 0), x.shape)
    size = x.shape[axis]
    shift = shift % size if isinstance(size, int) and size else shift
    before = (slice(None),) * (axis % x.ndim)
    return F.concatenate([x[(*before, slice(-shift, None))], x[(*before, slice(None, -shift))]], axis) if shift else x


def _like(fill: float | None) -> Callable[..., Value]:
    def full_like(a: Any, fill_value: float = 0.0 if fill is None else fill, dtype: Any = None) -> Value:
        x = _value(a)
        return F.full(x.shape, float(fill_value), dtype or x.dtype)

    return full_like


# Sums, differences, choices


def _average(a: Any, axis: Any = None, weights: Any = None) -> Value:
    if weights is None:
        return F.mean(a, axis)
    return F.divide(F.sum(F.multiply(a, weights), axis), F.sum(F.multiply(weights, F.full(_value(a).shape, 1)), axis))


def _diff(a: Any, n: int = 1, axis: int = -1) -> Value:
    x = _value(a)
    before = (slice(None),) * (axis % x.ndim)
    for _ in range(n):
        x = x[(*before, slice(1, None))] - x[(*before, slice(None, -1))]
    return x


def _trapezoid(y: Any, x: Any = None, dx: float = 1.0) -> Value:
    y = _value(y)
    heights = (y[..., 1:] + y[..., :-1]) / 2
    return F.sum(heights * (dx if x is None else _value(x)[..., 1:] - _value(x)[..., :-1]), -1)


def _select(condlist: Sequence[Any], choicelist: Sequence[Any], default: Any = 0) -> Value:
    chosen = default
    for condition, choice in reversed(list(zip(condlist, choicelist, strict=True))):
        chosen = F.where(condition, choice, chosen)
    return _value(chosen)


def _polyval(p: Any, x: Any) -> Any:
    return reduce(lambda total, coefficient: total * x + coefficient, p, 0)


def _scaled(factor: float) -> Callable[..., Value]:
    def scaled(x: Any) -> Value:
        return F.multiply(x, factor)

    return scaled


def _log_base(base: float) -> Callable[..., Value]:
    def log_base(x: Any) -> Value:
        return F.divide(F.log(x), math.log(base))

    return log_base


def _exp2(x: Any) -> Value:
    return F.power(2.0, x)


def _itself(x: Any) -> Value:
    return _value(x)


_UFUNCS: Mapping[str, Callable[..., Any]] = {
    "conjugate": _itself, "positive": _itself, "deg2rad": _scaled(math.pi / 180), "radians": _scaled(math.pi / 180),
    "rad2deg": _scaled(180 / math.pi), "degrees": _scaled(180 / math.pi), "exp2": _exp2, "log2": _log_base(2),
    "log10": _log_base(10), "vecdot": _vecdot,
}  # fmt: skip

_FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "append": _append, "argmax": _argmax, "astype": _astype, "atleast_1d": _at_least(1), "atleast_2d": _at_least(2),
    "average": _average, "clip": _clip, "column_stack": _column_stack, "copy": _itself,
    "cumulative_sum": _cumulative_sum, "diff": _diff, "dot": _dot, "full_like": _like(None), "hstack": _hstack,
    "inner": _inner, "linalg.matrix_norm": _matrix_norm, "linalg.multi_dot": _multi_dot, "linalg.norm": _norm,
    "linalg.outer": _outer, "linalg.tensordot": _tensordot, "linalg.trace": _linalg_trace, "linalg.vecdot": _vecdot,
    "linalg.vector_norm": _vector_norm, "moveaxis": _moveaxis, "ndim": lambda a: _value(a).ndim,
    "ones_like": _like(1.0), "outer": _outer, "polyval": _polyval, "ravel": lambda a: F.reshape(a, -1),
    "real": _itself, "reshape": _reshape, "roll": _roll, "select": _select, "shape": lambda a: _value(a).shape,
    "size": lambda a: _value(a).size, "split": _split, "squeeze": _squeeze, "std": _std, "swapaxes": _swapaxes,
    "take": _take, "tensordot": _tensordot, "trace": _trace, "transpose": _transpose, "trapezoid": _trapezoid,
    "var": _var, "vdot": _vdot, "vstack": _vstack, "where": _where, "zeros_like": _like(0.0),
}  # fmt: skip
