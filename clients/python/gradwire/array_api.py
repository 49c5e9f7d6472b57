"""The array API standard on values, by the standard's names: ``xp = x.__array_namespace__(); xp.sum(xp.exp(x))``.

What the standard has and no op covers is refused by name. Dtypes and constants are NumPy's.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cache, wraps
from typing import Any

import numpy as np

from gradwire import functions
from gradwire.errors import TracingError
from gradwire.numpy_functions import call, find
from gradwire.signatures import ELEMENT_TYPES
from gradwire.values import Constant, Value

__array_api_version__ = "2024.12"

e, pi, inf, nan, newaxis = math.e, math.pi, math.inf, math.nan, None
float64, float32, int64, int32 = np.float64, np.float32, np.int64, np.int32
bool = np.bool_
finfo, iinfo, isdtype = np.finfo, np.iinfo, np.isdtype


class MissingFunctionError(TracingError, AttributeError):
    """A function or a dtype of the standard that Gradwire does not have; `hasattr` says so too."""


class __array_namespace_info__:  # noqa: N801 - the standard's name
    """What there is: the standard's inspection API."""

    def capabilities(self) -> dict[str, Any]:
        """Return what is optional in the standard."""
        return {"boolean indexing": False, "data-dependent shapes": False, "max dimensions": 64}

    def default_device(self) -> str:
        """Return the only device."""
        return "cpu"

    def devices(self) -> list[str]:
        """Return the only device."""
        return ["cpu"]

    def default_dtypes(self, *, device: Any = None) -> dict[str, Any]:
        """Return the element types that functions take when none is given."""
        kinds = {"real floating": "float64", "integral": "int64", "indexing": "int64"}
        return {kind: np.dtype(name) for kind, name in kinds.items()}

    def dtypes(self, *, device: Any = None, kind: Any = None) -> dict[str, Any]:
        """Return the element types, all or those of a kind."""
        types = {name: np.dtype(name) for name in ELEMENT_TYPES}
        return {name: dtype for name, dtype in types.items() if kind is None or np.isdtype(dtype, kind)}


# Arrays out of nothing: they are fixed in the graph.


def asarray(obj: Any, /, *, dtype: Any = None, device: Any = None, copy: Any = None) -> Value:
    """Return a value as it is, anything else as a value that is fixed; a list of values is stacked."""
    if isinstance(obj, list | tuple) and _holds_values(obj):
        obj = functions.stack([asarray(x) for x in obj])
    if not isinstance(obj, Value):
        return Constant(obj, dtype)
    return obj if dtype is None else functions.astype(obj, dtype)


def _holds_values(tree: Sequence[Any]) -> Any:
    return any(isinstance(x, Value) or (isinstance(x, list | tuple) and _holds_values(x)) for x in tree)


def full(shape: Any, fill_value: float, *, dtype: Any = None, device: Any = None) -> Value:
    """Repeat one number."""
    kind = dtype or ("int64" if type(fill_value) is int else "float64")
    return functions.full(shape, float(fill_value), kind)


def zeros(shape: Any, *, dtype: Any = None, device: Any = None) -> Value:
    """Repeat 0."""
    return functions.full(shape, 0.0, dtype or "float64")


def ones(shape: Any, *, dtype: Any = None, device: Any = None) -> Value:
    """Repeat 1."""
    return functions.full(shape, 1.0, dtype or "float64")


empty = zeros


def arange(start: float, /, stop: Any = None, step: float = 1, *, dtype: Any = None, device: Any = None) -> Value:
    """Count, as NumPy does."""
    first, last = (0, start) if stop is None else (start, stop)
    return Constant(np.arange(first, last, step), dtype)


def linspace(
    start: float, stop: float, /, num: int, *, dtype: Any = None, device: Any = None, endpoint: Any = True
) -> Value:
    """Go from one number to another in even steps."""
    return Constant(np.linspace(start, stop, num, endpoint=endpoint), dtype)


def eye(n_rows: int, n_cols: int | None = None, /, *, k: int = 0, dtype: Any = None, device: Any = None) -> Value:
    """Make a matrix with ones on a diagonal."""
    return Constant(np.eye(n_rows, n_cols, k), dtype)


# All others, by name.

_STANDARD = frozenset("""
    abs acos acosh add all any argmax argmin argsort asin asinh astype atan atan2 atanh bitwise_and bitwise_invert
    bitwise_left_shift bitwise_or bitwise_right_shift bitwise_xor broadcast_arrays broadcast_to can_cast ceil clip
    concat conj copysign cos cosh count_nonzero cumulative_prod cumulative_sum diff divide empty_like equal exp
    expand_dims expm1 flip floor floor_divide from_dlpack full_like greater greater_equal hypot imag isfinite isinf
    isnan less less_equal log log10 log1p log2 logaddexp logical_and logical_not logical_or logical_xor matmul
    matrix_transpose max maximum mean meshgrid min minimum moveaxis multiply negative nextafter nonzero not_equal
    ones_like permute_dims positive pow prod real reciprocal remainder repeat reshape result_type roll round
    searchsorted sign signbit sin sinh sort sqrt square squeeze stack std subtract sum take take_along_axis tan tanh
    tensordot tile tril triu trunc unique_all unique_counts unique_inverse unique_values unstack var vecdot where
    zeros_like
""".split())  # fmt: skip
_STANDARD_LINALG = frozenset("""
    cholesky cross det diagonal eigh eigvalsh inv matmul matrix_norm matrix_power matrix_rank matrix_transpose outer
    pinv qr slogdet solve svd svdvals tensordot trace vecdot vector_norm
""".split())  # fmt: skip


_OTHER_TYPES = frozenset("int8 int16 uint8 uint16 uint32 uint64 complex64 complex128".split())


@cache
def _named(name: str) -> Callable[..., Any]:
    handler = find(name)
    short = name.rpartition(".")[2]
    if handler is None:
        if short not in _STANDARD | _STANDARD_LINALG:
            raise AttributeError(f"the array API has no function {name!r}")
        call(f"xp.{name}", None, (), {})  # refuses, with the remedy

    @wraps(handler)  # type: ignore[arg-type]  # there is one
    def function(*arguments: Any, **options: Any) -> Any:
        return call(f"xp.{name}", handler, arguments, options)

    return function


def __getattr__(name: str) -> Any:
    if name.startswith("_"):
        raise AttributeError(name)
    if name in _OTHER_TYPES:
        raise MissingFunctionError(f"there are no values of {name}; element types are {', '.join(ELEMENT_TYPES)}")
    try:
        return _named(name)
    except TracingError as error:
        raise MissingFunctionError(error.message) from None


class _LinearAlgebra:
    """The standard's extension `linalg`."""

    def __getattr__(self, name: str) -> Any:
        return __getattr__(f"linalg.{name}")


linalg = _LinearAlgebra()
