"""Products of vectors and matrices, where NumPy's arguments are not those of the ops."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from string import ascii_letters
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


def einsum(*operands: Any) -> Value:
    """Sum products by letters; ``...`` gets letters too, and lists of numbers in place of a text become one."""
    if isinstance(operands[0], str):
        subscripts, values = operands[0].replace(" ", ""), operands[1:]
    else:
        values = operands[: len(operands) // 2 * 2 : 2]
        terms = [_written(term) for term in operands[1 : 2 * len(values) : 2]]
        subscripts = ",".join(terms) + (f"->{_written(operands[-1])}" if len(operands) % 2 else "")
    if "..." in subscripts:
        subscripts = _without_ellipsis(subscripts, [as_value(x).ndim for x in values])
    return F.einsum(subscripts, *values)


def _written(term: Any) -> str:
    return "".join("..." if axis is Ellipsis else ascii_letters[axis] for axis in term)


def _without_ellipsis(subscripts: str, ranks: Sequence[int]) -> str:
    inputs, arrow, result = subscripts.partition("->")
    terms = inputs.split(",")
    counts = [rank + 3 - len(term) if "..." in term else 0 for term, rank in zip(terms, ranks, strict=True)]
    free = "".join(letter for letter in ascii_letters if letter not in subscripts)[: max(counts)]
    if not arrow:
        once = sorted(x for x in set(inputs) if x.isalpha() and inputs.count(x) == 1)
        result = f"...{''.join(once)}"
    full = [term.replace("...", free[len(free) - n :]) for term, n in zip(terms, counts, strict=True)]
    return f"{','.join(full)}->{result.replace('...', free)}"


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
    "convolve": convolve, "cross": cross, "diag": diag, "einsum": einsum, "linalg.cross": linalg_cross,
    "linalg.diagonal": linalg_diagonal, "linalg.multi_dot": multi_dot, "linalg.tensordot": tensordot,
    "linalg.trace": F.trace, "tensordot": tensordot, "trace": trace,
}  # fmt: skip
