"""`numpy.linalg` on values, where its arguments and results are not those of the ops."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from gradwire import functions as F  # noqa: N812 - as one writes it
from gradwire.errors import TracingError
from gradwire.numpy_functions.operands import as_value, size_of
from gradwire.values import Value


class Eigh(NamedTuple):
    """Eigenvalues and eigenvectors, as NumPy returns them."""

    eigenvalues: Value
    eigenvectors: Value


class QR(NamedTuple):
    """Factors, as NumPy returns them."""

    Q: Value
    R: Value


class SVD(NamedTuple):
    """Factors, as NumPy returns them."""

    U: Value
    S: Value
    Vh: Value


class Slogdet(NamedTuple):
    """Sign and logarithm, as NumPy returns them."""

    sign: Value
    logabsdet: Value


def eigh(a: Any, UPLO: str = "L") -> Eigh:
    return Eigh(*F.eigh(a if UPLO == "L" else F.matrix_transpose(a)))


def eigvalsh(a: Any, UPLO: str = "L") -> Value:
    return F.eigvalsh(a if UPLO == "L" else F.matrix_transpose(a))


def qr(a: Any, mode: str = "reduced") -> QR:
    if mode != "reduced":
        raise TracingError(f"np.linalg.qr can't be traced with mode={mode!r}; it takes 'reduced'")
    return QR(*F.qr(a))


def svd(a: Any, full_matrices: bool = True, compute_uv: bool = True) -> Any:
    if not compute_uv:
        return F.svdvals(a)
    rows, columns = as_value(a).shape[-2:]
    if full_matrices and rows != columns:
        raise TracingError("np.linalg.svd can't be traced with full_matrices=True; say full_matrices=False")
    return SVD(*F.svd(a))


def slogdet(a: Any) -> Slogdet:
    return Slogdet(*F.slogdet(a))


def pinv(a: Any, rcond: Any = None, *, rtol: Any = None) -> Value:
    return F.pinv(a, rcond if rtol is None else rtol)


def lstsq(a: Any, b: Any, rcond: Any = None) -> tuple[Value, Value, int, Value]:
    a, b = as_value(a), as_value(b)
    x = F.lstsq(a, b)
    rank = min(size_of(a, -2, "linalg.lstsq"), size_of(a, -1, "linalg.lstsq"))
    return x, F.sum(F.square(F.matmul(a, x) - b), 0), rank, F.svdvals(a)


def condition_number(x: Any, p: Any = None) -> Value:
    if p in (None, 2):
        return F.condition_number(x)
    return F.multiply(norm(x, p, (-2, -1)), norm(F.inv(x), p, (-2, -1)))


def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Value:
    rank = len(axis) if isinstance(axis, tuple | list) else 1 if axis is not None else as_value(x).ndim
    if rank != 2 or ord is None or ord == "fro":
        return F.norm(x, 2 if ord in (None, "fro") else ord, axis, keepdims)
    axes = tuple(a % as_value(x).ndim for a in ((0, 1) if axis is None else axis))
    y = matrix_norm(F.moveaxis(x, axes, (-2, -1)), ord=ord)
    return F.expand_dims(y, axes) if keepdims else y


def vector_norm(x: Any, *, axis: Any = None, keepdims: bool = False, ord: float = 2) -> Value:
    return F.norm(x, ord, axis, keepdims)


def matrix_norm(x: Any, *, keepdims: bool = False, ord: Any = "fro") -> Value:
    name = ord if isinstance(ord, str) else f"{ord}" if math.isinf(ord) else f"{ord:g}"
    known = ("fro", "nuc", "1", "-1", "2", "-2", "inf", "-inf")
    if name not in known:
        raise TracingError(f"the norm of a matrix has no ord={ord!r}; it takes: {', '.join(known)}")
    return F.matrix_norm(x, name, keepdims)


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "linalg.cond": condition_number, "linalg.eigh": eigh, "linalg.eigvalsh": eigvalsh, "linalg.lstsq": lstsq,
    "linalg.matrix_norm": matrix_norm, "linalg.norm": norm, "linalg.pinv": pinv, "linalg.qr": qr,
    "linalg.slogdet": slogdet, "linalg.svd": svd, "linalg.vector_norm": vector_norm,
}  # fmt: skip
