"""Arithmetic of the numbers that a formula states, such as ``1/3``: that of float64, for integers while they fit."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

_EXACT: Mapping[str, Callable[..., Any]] = {
    "add": operator.add, "subtract": operator.sub, "multiply": operator.mul, "negative": operator.neg,
    "less": operator.lt, "less_equal": operator.le, "greater": operator.gt, "greater_equal": operator.ge,
    "equal": operator.eq, "not_equal": operator.ne, "logical_and": operator.and_, "logical_or": operator.or_,
    "logical_not": operator.not_,
}  # fmt: skip
_LARGEST = 2**63


def calculate(op: str, *numbers: Any) -> Any:
    """Apply an op to Python numbers.

    Raises: TypeError when it takes no numbers.
    """
    if op.startswith("logical") and not all(isinstance(x, bool) for x in numbers):
        raise TypeError("conditions combine true and false, not numbers")
    if op in _EXACT:
        result = _EXACT[op](*numbers)
    elif op == "matmul":
        raise TypeError("@ takes no scalars; multiply them")
    elif op == "power" and _is_small_power(*numbers):
        result = numbers[0] ** numbers[1]
    elif op in ("floor_divide", "remainder") and all(isinstance(x, int) for x in numbers) and numbers[1]:
        result = operator.floordiv(*numbers) if op == "floor_divide" else operator.mod(*numbers)
    else:
        with np.errstate(all="ignore"):
            result = float(getattr(np, op)(*map(float, numbers)))
    return float(result) if type(result) is int and abs(result) >= _LARGEST else result


def _is_small_power(base: Any, exponent: Any) -> bool:
    """Tell whether a power of integers fits in 64 bits: others are not worked out digit by digit."""
    integers = isinstance(base, int) and isinstance(exponent, int)
    return integers and exponent >= 0 and exponent * max(1, abs(base).bit_length()) < 63
