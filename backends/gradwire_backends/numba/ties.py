"""Which axes of the inputs and the result of a block that is computed as a whole have one size."""

from __future__ import annotations

from functools import singledispatch

from gradwire_backends.numba.own_ops import LU, LUSign, LUSolve, Packed, ScatterRows
from gradwire_service.ops.base import Op
from gradwire_service.ops.cumulative import Cumulative, LinearRecurrence
from gradwire_service.ops.factorizations import Cholesky
from gradwire_service.ops.linear_algebra import MatMul
from gradwire_service.ops.reductions import Position
from gradwire_service.ops.solving import SolveTriangular

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


@tied.register
def _(op: Cholesky, *ranks: int) -> tuple[Labels, ...]:
    matrices = (*stack(ranks[0] - 2), "n", "n")
    return matrices, matrices


@tied.register
def _(op: LU, *ranks: int) -> tuple[Labels, ...]:
    batch = stack(ranks[0] - 2)
    return (*batch, "n", "n"), (*batch, "n + 1", "n")


@tied.register
def _(op: Packed, *ranks: int) -> tuple[Labels, ...]:
    batch = stack(ranks[0] - 2)
    return (*batch, "m", "n"), (*batch, "room")


@tied.register
def _(op: LUSign, *ranks: int) -> tuple[Labels, ...]:
    batch = stack(ranks[0] - 2)
    return (*batch, "n + 1", "n"), batch


@tied.register(SolveTriangular)
@tied.register(LUSolve)
def _(op: Op, *ranks: int) -> tuple[Labels, ...]:
    a, b = ranks
    batch = stack(max(a, b) - 2)
    columns = ("n", "k")[: min(b, 2)]
    rows = "n" if isinstance(op, SolveTriangular) else "n + 1"
    return (*stack(a - 2), rows, "n"), (*stack(b - 2), *columns), (*batch, *columns)


@tied.register(Cumulative)
@tied.register(LinearRecurrence)
def _(op: Op, *ranks: int) -> tuple[Labels, ...]:
    return (stack(ranks[0]),) * (len(ranks) + 1)


@tied.register
def _(op: Position, *ranks: int) -> tuple[Labels, ...] | None:
    if op.axis is None:
        return None
    (rank,) = ranks
    axes = stack(rank)
    place = op.axis % rank
    kept = (None,) if op.keepdims else ()
    return axes, (*axes[:place], *kept, *axes[place + 1 :])


@tied.register
def _(op: ScatterRows, *ranks: int) -> tuple[Labels, ...]:
    rows = ("rows", "w")
    return (("p",), ("p", "w"), *(rows,) * (len(ranks) - 2), rows)


def stack(rank: int) -> Labels:
    """Return labels for axes that count matrices; counted from the last, since they broadcast."""
    return tuple(reversed(range(rank)))
