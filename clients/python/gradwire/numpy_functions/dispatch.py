"""Which op or function stands for one of NumPy's, and what NumPy's arguments may say."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np

from gradwire import functions as F  # noqa: N812 - as one writes it
from gradwire.errors import TracingError
from gradwire.numpy_functions import arguments, linear_algebra, products, shapes, sums
from gradwire.numpy_functions.operands import as_value

_ALIASES = {
    "absolute": "abs", "amax": "max", "amin": "min", "arccos": "acos", "arccosh": "acosh", "arcsin": "asin",
    "arcsinh": "asinh", "arctan": "atan", "arctan2": "atan2", "arctanh": "atanh", "around": "round",
    "bitwise_and": "logical_and", "bitwise_invert": "logical_not", "bitwise_or": "logical_or",
    "bitwise_xor": "logical_xor", "concat": "concatenate", "expit": "sigmoid", "fabs": "abs", "float_power": "power",
    "gammaln": "lgamma", "invert": "logical_not", "log_expit": "log_sigmoid", "mod": "remainder",
    "permute_dims": "transpose", "pow": "power", "psi": "digamma", "rint": "round", "true_divide": "divide",
}  # fmt: skip
"""Names of NumPy and SciPy that are not the ops'."""

_REDUCTIONS = {
    "add": "sum", "multiply": "prod", "maximum": "max", "minimum": "min", "logaddexp": "logsumexp",
    "logical_and": "all", "logical_or": "any",
}  # fmt: skip
_ACCUMULATIONS = {
    "add": "cumsum", "multiply": "cumprod", "maximum": "cummax", "minimum": "cummin", "logaddexp": "cumlogsumexp",
}  # fmt: skip

_DEFAULTS: Mapping[str, Sequence[object]] = {
    "out": (None,), "dtype": (None,), "where": (True,), "casting": ("same_kind",), "order": ("C", "K"),
    "subok": (True, False), "initial": (None,), "optimize": (False, True, "greedy", "optimal"), "mode": ("raise",),
    "like": (None,), "mean": (None,), "copy": (None, True, False), "signature": (None,), "axes": (None,),
    "device": (None, "cpu"), "stable": (True,), "kind": (None, "stable"),
}  # fmt: skip
"""Arguments of NumPy's functions that ops do not have: they may be given, if only to say what holds anyway."""

_BY_ELEMENTS = "the shape would depend on the elements; mark them with a mask, and choose with gw.where(mask, a, b)"
_IN_PLACE = "values never change; take what x.at[index].set(value), or gw.where(mask, value, x), returns"
_REMEDIES: Mapping[str, str] = (
    dict.fromkeys(
        "argwhere bincount compress extract flatnonzero histogram intersect1d nonzero setdiff1d trim_zeros union1d "
        "unique unique_all unique_counts unique_inverse unique_values".split(),
        _BY_ELEMENTS,
    )
    | dict.fromkeys("copyto fill_diagonal place put put_along_axis putmask".split(), _IN_PLACE)
    | dict.fromkeys("allclose array_equal array_equiv".split(), "it asks for a number; compare what the graph returns")
    | {"vectorize": "call the function on the whole value", "apply_along_axis": "call the function on the whole value"}
)
"""What to write in place of functions that no graph can hold."""

_ADAPTED: Mapping[str, Callable[..., Any]] = {
    **arguments.FUNCTIONS, **arguments.UFUNCS, **linear_algebra.FUNCTIONS, **products.FUNCTIONS, **shapes.FUNCTIONS,
    **sums.FUNCTIONS,
}  # fmt: skip


def trace_ufunc(ufunc: np.ufunc, method: str, inputs: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """Trace a call of a universal function of NumPy or SciPy, or of one of its methods.

    Raises: TracingError when there is no op for it.
    """
    name = ufunc.__name__
    shown = f"np.{name}" if getattr(np, name, None) is ufunc else f"scipy.special.{name}"
    if "out" in options:
        options["out"] = options["out"][0]
    if method == "__call__":
        return call(shown, find(name), inputs, options)
    if method == "at":
        raise TracingError(f"{shown}.at can't be traced: {_IN_PLACE}")
    handler = None
    if method == "reduce" and name in _REDUCTIONS:
        handler, options = find(_REDUCTIONS[name]), {"axis": 0, **options}
    elif method == "accumulate" and name in _ACCUMULATIONS:
        handler, options = find(_ACCUMULATIONS[name]), {"axis": 0, **options}
    elif method == "outer" and (pairwise := find(name)):
        handler = _outer(pairwise)
    return call(f"{shown}.{method}", handler, inputs, options)


def _outer(pairwise: Callable[..., Any]) -> Callable[..., Any]:
    def outer(a: Any, b: Any) -> Any:
        return pairwise(F.expand_dims(a, range(-as_value(b).ndim, 0)) if as_value(b).ndim else a, b)

    return outer


def trace_function(function: Any, given: tuple[Any, ...], options: Mapping[str, Any]) -> Any:
    """Trace a call of a function of arrays.

    Raises: TracingError when there is no op for it.
    """
    module = function.__module__.removeprefix("numpy").lstrip(".")
    name = f"{module}.{function.__name__}" if module and module[0] != "_" else function.__name__
    return call(f"np.{name}", find(name), given, options)


@cache
def find(name: str) -> Callable[..., Any] | None:
    """Return what stands for a function of NumPy or SciPy, such as "sum" or "linalg.det"; None when nothing does."""
    if name in _ADAPTED:
        return _ADAPTED[name]
    op = name.removeprefix("linalg.").removeprefix("special.")
    op = _ALIASES.get(op, op)
    return getattr(F, op) if op in F.__all__ else None


_signature = cache(inspect.signature)


def call(name: str, handler: Callable[..., Any] | None, given: Sequence[Any], options: Mapping[str, Any]) -> Any:
    """Call what stands for one of NumPy's functions.

    Raises: TracingError when nothing does, or when it can't take an argument.
    """
    if handler is None:
        usual = "no op stands for it; write it with functions that have one, or compute it from plain arrays before"
        raise TracingError(f"{name} can't be traced: {_REMEDIES.get(name.rpartition('.')[2], usual)}")
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
        _signature(handler).bind(*given, **kept)
    except TypeError as error:
        raise TracingError(f"{name} can't be traced with these arguments: {error}") from None
    return handler(*given, **kept)


def _says_what_holds(key: str, value: object) -> bool:
    return isinstance(value, bool | str) and value in _DEFAULTS.get(key, ())
