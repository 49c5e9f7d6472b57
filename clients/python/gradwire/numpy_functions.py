"""NumPy's functions on values: what each of them is in ops. What is not here is refused by name."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from gradwire.catalog import OPS
from gradwire.errors import TracingError
from gradwire.values import Value, apply, as_input

_ALIASES = {
    "absolute": "abs",
    "arccos": "acos",
    "arcsin": "asin",
    "arctan": "atan",
    "arctan2": "atan2",
    "arccosh": "acosh",
    "arcsinh": "asinh",
    "arctanh": "atanh",
    "float_power": "power",
    "fabs": "abs",
    "true_divide": "divide",
    "bitwise_and": "logical_and",
    "bitwise_or": "logical_or",
    "bitwise_xor": "logical_xor",
    "invert": "logical_not",
    "concat": "concatenate",
    "permute_dims": "transpose",
    "pow": "power",
}
"""NumPy's names that are not the array-API standard's."""

_REDUCTIONS = {"add": "sum", "multiply": "prod", "maximum": "max", "minimum": "min", "logaddexp": "logsumexp"}

_IGNORED: Mapping[str, object] = {
    "out": None, "dtype": None, "where": True, "casting": "same_kind", "order": "C", "subok": True, "initial": None,
    "optimize": False, "mode": "raise", "like": None, "correction": 0, "mean": None,
}  # fmt: skip
"""Arguments that NumPy's functions have and ops do not: they may be given, if only to say what holds anyway."""


def trace_ufunc(ufunc: np.ufunc, method: str, inputs: tuple[Any, ...], options: dict[str, Any]) -> Value:
    """Trace a call of a universal function, or of one of its methods.

    Raises: TracingError when there is no op for it.
    """
    name = ufunc.__name__ if method == "__call__" else f"{ufunc.__name__}.{method}"
    settings = _without_defaults(f"np.{name}", {**options, "out": (options.get("out") or (None,))[0]})
    if method == "reduce" and ufunc.__name__ in _REDUCTIONS:
        settings.setdefault("axis", 0)
        return _call(f"np.{name}", _op(_REDUCTIONS[ufunc.__name__]), inputs, settings)
    if method == "accumulate" and ufunc is np.add:
        return _call(f"np.{name}", _op("cumsum"), inputs, {"axis": 0, **settings})
    handler = _UFUNCS.get(name) or _op(_ALIASES.get(name, name))
    return _call(f"np.{name}", handler, inputs, settings)


def trace_function(function: Any, arguments: tuple[Any, ...], options: Mapping[str, Any]) -> Any:
    """Trace a call of a function of arrays.

    Raises: TracingError when there is no op for it.
    """
    module = function.__module__.removeprefix("numpy").lstrip(".").split(".")[0]
    name = f"np.{module}.{function.__name__}" if module and module[0] != "_" else f"np.{function.__name__}"
    handler = _FUNCTIONS.get(name.removeprefix("np."))
    if handler is None:
        handler = _op(_ALIASES.get(function.__name__, function.__name__)) if name.count(".") == 1 else None
    return _call(name, handler, arguments, _without_defaults(name, options))


def _op(name: str) -> Callable[..., Value] | None:
    """Return an op as a function, or None when there is none of that name."""
    from gradwire import functions

    return getattr(functions, name) if name in OPS else None


def _without_defaults(name: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out arguments that say what holds anyway.

    Raises: TracingError for one that says something else and that no op has.
    """
    kept: dict[str, Any] = {}
    for key, value in options.items():
        if key not in _IGNORED:
            kept[key] = value
        elif value is not np._NoValue and not (value is _IGNORED[key] or value == _IGNORED[key]):
            remedy = "values never change; use what it returns" if key == "out" else "leave it out"
            raise TracingError(f"{name} can't be traced with {key}={value!r}: {remedy}")
    return kept


def _call(name: str, handler: Callable[..., Any] | None, arguments: Sequence[Any], options: Mapping[str, Any]) -> Any:
    if handler is None:
        raise TracingError(
            f"{name} can't be traced: there is no op for it; write it with functions that have one (`gw.functions` lists "
            "them), or compute it from plain arrays before"
        )
    try:
        inspect.signature(handler).bind(*arguments, **options)
    except TypeError as error:
        raise TracingError(f"{name} can't be traced with these arguments: {error}") from None
    return handler(*arguments, **options)
