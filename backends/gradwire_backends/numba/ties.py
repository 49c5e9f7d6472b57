"""Which axes of the inputs and the result of a block that is computed as a whole have one size."""

from __future__ import annotations

from functools import singledispatch

from gradwire_service.ops.base import Op
from gradwire_service.ops.linear_algebra import MatMul

Labels = tuple[object, ...]
"""A label for each axis of a value."""


@singledispatch
def tied(op: Op, *ranks: int) -> tuple[Labels, ...] | None:
    """Return labels for the inputs, then for the result; axes of one label have one size, or size 1.

    Args:
        op: the op of a block; None is returned where nothing is known of it.
        ranks: number of axes of each input.
    """
    return None


@tied.register
def _(op: MatMul, *ranks: int) -> tuple[Labels, ...]:
    a, b = ranks
    rows, columns = ("m",) * (a > 1), ("n",) * (b > 1)
    return (*stack(a - 2), *rows, "k"), (*stack(b - 2), "k", *columns), (*stack(max(a, b) - 2), *rows, *columns)


def stack(rank: int) -> Labels:
    """Return labels for axes that count matrices; counted from the last, since they broadcast."""
    return tuple(reversed(range(rank)))
