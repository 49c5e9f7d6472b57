"""Products of vectors and matrices, as NumPy names them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import Any

import numpy as np

from gradwire import functions as F  # noqa: N812 - as one writes it
from gradwire.errors import TracingError
from gradwire.numpy_functions.operands import as_value, size_of
from gradwire.numpy_functions.shapes import moveaxis
from gradwire.values import Value


def dot(a: Any, b: Any) -> Value:
    a, b = as_value(a), as_value(b)
    if not a.ndim or not b.ndim:
        return F.multiply(a, b)
    return F.matmul(a, b) if b.ndim <= 2 else tensordot(a, b, ([-1], [-2]))


def vdot(a: Any, b: Any) -> Value:
    return F.sum(F.multiply(F.reshape(a, -1), F.reshape(b, -1)))


def inner(a: Any, b: Any) -> Value:
    a, b = as_value(a), as_value(b)
    return tensordot(a, b, ([-1], [-1])) if a.ndim and b.ndim else F.multiply(a, b)


def outer(a: Any, b: Any) -> Value:
    column, row = (
        np.reshape(x, shape) if isinstance(x, int | float) else F.reshape(x, shape)
        for x, shape in ((a, (-1, 1)), (b, (1, -1)))
    )
    return F.multiply(column, row)


def vecdot(a: Any, b: Any, *, axis: int = -1) -> Value:
    return F.sum(F.multiply(a, b), axis)


def tensordot(a: Any, b: Any, axes: Any = 2) -> Value:
    a, b = as_value(a), as_value(b)
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


def kron(a: Any, b: Any) -> Value:
    a, b = as_value(a), as_value(b)
    rank = max(a.ndim, b.ndim)
    left = (*(1,) * (rank - a.ndim), *(size_of(a, i, "kron") for i in range(a.ndim)))
    right = (*(1,) * (rank - b.ndim), *(size_of(b, i, "kron") for i in range(b.ndim)))
    spread = F.reshape(a, [size for m in left for size in (m, 1)])
    tiled = F.reshape(b, [size for n in right for size in (1, n)])
    return F.reshape(F.multiply(spread, tiled), [m * n for m, n in zip(left, right, strict=True)])


def cross(a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None) -> Value:
    if axis is not None:
        axisa = axisb = axisc = axis
    a, b = moveaxis(a, axisa, -1), moveaxis(b, axisb, -1)
    if any(x.shape[-1] != 3 for x in (a, b)):
        raise TracingError("np.cross can't be traced but for vectors of 3 elements")
    ahead, behind = np.array([1, 2, 0]), np.array([2, 0, 1])
    result = a[..., ahead] * b[..., behind] - a[..., behind] * b[..., ahead]
    return moveaxis(result, -1, axisc)


def trace(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Value:
    return F.sum(diagonal(a, offset, axis1, axis2), -1)


def linalg_trace(x: Any, *, offset: int = 0) -> Value:
    return F.sum(diagonal(x, offset, -2, -1), -1)


def diagonal(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Value:
    x = moveaxis(a, (axis1, axis2), (-2, -1))
    rows, columns = x.shape[-2:]
    if offset or rows != columns:
        low, right = max(-offset, 0), max(offset, 0)
        count = max(0, min(size_of(x, -2, "diagonal") - low, size_of(x, -1, "diagonal") - right))
        x = x[..., low : low + count, right : right + count]
    rest = "abcdefgh"[: x.ndim - 2]
    return F.einsum(f"{rest}ii->{rest}i", x)


def linalg_diagonal(x: Any, *, offset: int = 0) -> Value:
    return diagonal(x, offset, -2, -1)


def diag(v: Any, k: int = 0) -> Value:
    x = as_value(v)
    if x.ndim == 2:
        return diagonal(x, k)
    size = size_of(x, 0, "diag") + abs(k)
    low, right = max(-k, 0), max(k, 0)
    zeros = [np.zeros(low), np.zeros(right)] if k else []
    row: Any = F.concatenate([zeros[1], x, zeros[0]]) if k else x
    return F.where(np.eye(size, k=k, dtype=bool), row, 0.0)


def multi_dot(arrays: Sequence[Any]) -> Value:
    return reduce(F.matmul, map(as_value, arrays))


def convolve(a: Any, v: Any, mode: str = "full") -> Value:
    a, v = as_value(a), as_value(v)
    n, m = size_of(a, 0, "convolve"), size_of(v, 0, "convolve")
    if n < m:
        a, v, n, m = v, a, m, n
    padded = F.concatenate([np.zeros(m - 1), a, np.zeros(m - 1)])
    windows = F.take(padded, np.arange(n + m - 1)[:, None] + np.arange(m), axis=0)
    start, stop = {"full": (0, n + m - 1), "same": ((m - 1) // 2, (m - 1) // 2 + n), "valid": (m - 1, n)}[mode]
    return F.matmul(windows, F.flip(v))[start:stop]


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "convolve": convolve, "cross": cross, "diag": diag, "diagonal": diagonal, "dot": dot, "inner": inner,
    "kron": kron, "linalg.cross": lambda x1, x2, *, axis=-1: cross(x1, x2, axis=axis),
    "linalg.diagonal": linalg_diagonal, "linalg.multi_dot": multi_dot, "linalg.outer": outer,
    "linalg.tensordot": tensordot, "linalg.trace": linalg_trace, "linalg.vecdot": vecdot, "outer": outer,
    "tensordot": tensordot, "trace": trace, "vdot": vdot, "vecdot": vecdot,
}  # fmt: skip
