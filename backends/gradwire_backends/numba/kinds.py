"""How each value of a graph comes about: in loops, by a routine, by NumPy, or by no work at all."""

from __future__ import annotations

from enum import Enum

from gradwire_backends.numba.lowering import fragment
from gradwire_backends.numba.own_ops import Overlay
from gradwire_backends.numba.routines import routine
from gradwire_backends.numba.views import relabels, view
from gradwire_service.graph import BOOL
from gradwire_service.ops.base import Constant, Value, Variable, scalar_of
from gradwire_service.ops.reductions import Max, Mean, Min, Prod, Sum


class Kind(Enum):
    """How a value comes about."""

    NUMBER = "one number, passed at run time"
    ARRAY = "an array that is fed, or fixed in the graph"
    VIEW = "another index into what is there"
    RELABELLED = "the same memory under other axes"
    POINTWISE = "in a loop, element by element"
    REDUCTION = "in a loop, many elements to one"
    ROUTINE = "by a routine, as a whole"
    HOST = "by NumPy, between kernels"


LOOPS = frozenset((Kind.POINTWISE, Kind.REDUCTION))
KERNEL = LOOPS | {Kind.ROUTINE}


def kind_of(value: Value) -> Kind:
    """Tell how a value comes about."""
    if scalar_of(value) is not None:
        return Kind.NUMBER
    match value.op:
        case Variable() | Constant():
            return Kind.ARRAY
        case Overlay():
            return Kind.POINTWISE
        case Sum() | Mean() | Prod():
            return Kind.REDUCTION
        case Max() | Min():
            return Kind.HOST if value.element_type is BOOL else Kind.REDUCTION
    if relabels(value):
        return Kind.RELABELLED
    if view(value) is not None:
        return Kind.VIEW
    if routine(value.op, value) is not None:
        return Kind.ROUTINE
    return Kind.HOST if fragment(value) is None else Kind.POINTWISE
