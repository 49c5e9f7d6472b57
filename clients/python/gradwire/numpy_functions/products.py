"""Products of vectors and matrices, where NumPy's arguments are not those of the ops."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from gradwire import functions as F  # noqa: N812 - as one writes it
from gradwire.numpy_functions.operands import as_value, size_of
from gradwire.values import Value


def tensordot(a: Any, b: Any, axes: Any = 2) -> Value:
    if isinstance(axes, int):
        return F.tensordot(a, b, axes)
    left, right = axes
    return F.tensordot(a, b, axes_a=left, axes_b=right)


def cross(a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None) -> Value:
    if axis is not None:
        axisa = axisb = axisc = axis
    return F.moveaxis(F.cross(_behind(a, axisa), _behind(b, axisb)), -1, axisc)


def _behind(x: Any, axis: int) -> Value:
    value = as_value(x)
    return value if axis in (-1, value.ndim - 1) else F.moveaxis(value, axis, -1)


def trace(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Value:
    return F.sum(F.diagonal(a, offset, axis1, axis2), -1)


def diag(v: Any, k: int = 0) -> Value:
    x = as_value(v)
    return F.diagonal(x, k) if x.ndim == 2 else F.diag_embed(x, k)


def convolve(a: Any, v: Any, mode: str = "full") -> Value:
    a, v = as_value(a), as_value(v)
    n, m = size_of(a, 0, "convolve"), size_of(v, 0, "convolve")
    if n < m:
        a, v, n, m = v, a, m, n
    found = F.conv(F.reshape(a, (1, 1, n)), F.reshape(F.flip(v), (1, 1, m)), low=m - 1, high=m - 1)
    start, stop = {"full": (0, n + m - 1), "same": ((m - 1) // 2, (m - 1) // 2 + n), "valid": (m - 1, n)}[mode]
    return F.reshape(found, -1)[start:stop]


def linalg_cross(x1: Any, x2: Any, *, axis: int = -1) -> Value:
    return cross(x1, x2, axis=axis)


def linalg_diagonal(x: Any, *, offset: int = 0) -> Value:
    return F.diagonal(x, offset, -2, -1)


def multi_dot(arrays: Sequence[Any]) -> Value:
    return F.multi_dot([as_value(x) if isinstance(x, np.ndarray) else x for x in arrays])


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "convolve": convolve, "cross": cross, "diag": diag, "linalg.cross": linalg_cross,
    "linalg.diagonal": linalg_diagonal, "linalg.multi_dot": multi_dot, "linalg.tensordot": tensordot,
    "linalg.trace": F.trace, "tensordot": tensordot, "trace": trace,
}  # fmt: skip
