"""What goes along an axis from element to element, in generated source: cumulative ops, recurrences, positions."""

from __future__ import annotations

from gradwire_backends.numba.gathers import NOT_THERE
from gradwire_backends.numba.ledger import Product
from gradwire_backends.numba.own_ops import ScatterRows
from gradwire_backends.numba.routines.base import Operand, Routine, Site, lies_in_order, routine, times
from gradwire_service.graph import FLOAT32
from gradwire_service.ops.base import Value
from gradwire_service.ops.cumulative import CumLogSumExp, CumMax, CumMin, CumProd, CumSum, Cumulative, LinearRecurrence
from gradwire_service.ops.reductions import ArgMax, ArgMin, Position

WORDS = {
    CumSum: "cumulative_sum",
    CumProd: "cumulative_product",
    CumMax: "cumulative_maximum",
    CumMin: "cumulative_minimum",
    CumLogSumExp: "cumulative_logaddexp",
    ArgMax: "position_of_greatest",
    ArgMin: "position_of_least",
}


@routine.register(Cumulative)
@routine.register(LinearRecurrence)
def _(op: Cumulative | LinearRecurrence, value: Value) -> Routine:
    return Routine(_cumulative, lies_in_order)


@routine.register
def _(op: Position, value: Value) -> Routine:
    return Routine(_position, lies_in_order)


@routine.register
def _(op: ScatterRows, value: Value) -> Routine:
    return Routine(_scatter, lies_in_order)


def _cumulative(value: Value, site: Site) -> list[str]:
    op = value.op
    assert isinstance(op, Cumulative | LinearRecurrence)
    assert op.axis is not None
    y, *x = (site.operand(each) for each in (value, *value.inputs))
    word = "recurrence" if isinstance(op, LinearRecurrence) else WORDS[type(op)]
    if isinstance(op, CumLogSumExp) and value.element_type is FLOAT32:
        word += "f"
    pointers = ", ".join(each.pointer for each in (y, *x))
    return [f"{word}({pointers}, {_around(y, op.axis)}, {int(op.reverse)})"]


def _position(value: Value, site: Site) -> list[str]:
    op = value.op
    assert isinstance(op, Position)
    assert op.axis is not None
    y, x = site.operand(value), site.operand(value.inputs[0])
    return [f"{WORDS[type(op)]}({y.pointer}, {x.pointer}, {_around(x, op.axis)})"]


def _scatter(value: Value, site: Site) -> list[str]:
    op = value.op
    assert isinstance(op, ScatterRows)
    y, at, updates, *x = (site.operand(each) for each in (value, *value.inputs))
    size = times((*y.sizes[0], *y.sizes[1]))
    before = f"copied({y.pointer}, {x[0].pointer}, {size})" if x else f"cleared({y.pointer}, {size})"
    counts = f"{times(updates.sizes[0])}, {times(updates.sizes[1])}"
    return [before, f"note_if({op.how}_rows({y.pointer}, {at.pointer}, {updates.pointer}, {counts}), {NOT_THERE})"]


def _around(x: Operand, axis: int) -> str:
    """Write the number of elements before an axis, along it, and behind it."""
    axis %= len(x.sizes)

    def all_of(sizes: list[Product]) -> Product:
        return tuple(name for size in sizes for name in size)

    return ", ".join(map(times, (all_of(x.sizes[:axis]), x.sizes[axis], all_of(x.sizes[axis + 1 :]))))
