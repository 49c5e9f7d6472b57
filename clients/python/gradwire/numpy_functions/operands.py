"""What the functions share: operands as values, and sizes that must be numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwire.errors import TracingError
from gradwire.values import Value, as_input


def as_value(x: Any) -> Value:
    """Return an operand as a value with a rank of its own."""
    found = as_input(x)
    return found if isinstance(found, Value) else as_input(np.asarray(x))  # type: ignore[return-value]  # of an array


def size_of(x: Value, axis: int, function: str) -> int:
    """Return the length of an axis that must be known now.

    Raises: TracingError when it is known at each run only.
    """
    size = x.shape[axis]
    if not isinstance(size, int):
        raise TracingError(
            f"np.{function} can't be traced along dimension {size!r}, whose size is known at each run only"
        )
    return size


def from_axis(axis: int, rank: int) -> tuple[slice, ...]:
    """Return the part of an index that passes over the axes before this one."""
    return (slice(None),) * (axis % rank)
