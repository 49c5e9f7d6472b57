"""How each value of a graph comes about: in loops, by a routine, by NumPy, or by no work at all."""

from __future__ import annotations

from enum import Enum
from weakref import WeakKeyDictionary

from gradwire_backends.numba.gathers import GATHERS
from gradwire_backends.numba.legalize import legalize
from gradwire_backends.numba.lowering import fragment
from gradwire_backends.numba.own_ops import Overlay
from gradwire_backends.numba.routines import routine
from gradwire_backends.numba.views import relabels, view
from gradwire_service.control.branching import Switch
from gradwire_service.control.scan import Scan
from gradwire_service.graph import BOOL
from gradwire_service.ops.base import Constant, Result, Value, Variable, scalar_of, variable
from gradwire_service.ops.body import Body, Control
from gradwire_service.ops.flat import FlatGraph
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
    CONTROL = "by a loop over a body, or by one of several bodies"
    PART = "a result of a block that has several"
    HOST = "by NumPy, between kernels"


LOOPS = frozenset((Kind.POINTWISE, Kind.REDUCTION))
KERNEL = LOOPS | {Kind.ROUTINE}

_bodies: WeakKeyDictionary[Body, FlatGraph | None] = WeakKeyDictionary()


def kind_of(value: Value) -> Kind:
    """Tell how a value comes about."""
    if scalar_of(value) is not None:
        return Kind.NUMBER
    match value.op:
        case Variable() | Constant():
            return Kind.ARRAY
        case Overlay():
            return Kind.POINTWISE
        case Scan() | Switch():
            return Kind.CONTROL if _runs_in_a_kernel(value) else Kind.HOST
        case Result():
            return Kind.PART if kind_of(value.inputs[0]) is Kind.CONTROL else Kind.HOST
        case Sum() | Mean() | Prod():
            return Kind.REDUCTION
        case Max() | Min():
            return Kind.HOST if value.element_type is BOOL else Kind.REDUCTION
    if relabels(value):
        return Kind.RELABELLED
    if view(value) is not None:
        return Kind.VIEW
    if isinstance(value.op, GATHERS):
        return Kind.POINTWISE if value.inputs[0].type.size else Kind.HOST
    if routine(value.op, value) is not None:
        return Kind.ROUTINE
    return Kind.HOST if fragment(value) is None else Kind.POINTWISE


def runs_in_kernels(value: Value) -> bool:
    """Tell whether loop nests or routines compute a value."""
    return kind_of(value) in KERNEL


def body_graph(body: Body) -> FlatGraph | None:
    """Return the graph of a body in terms that kernels know; None when it needs NumPy.

    Its variables and outputs are called by their places.
    """
    if body not in _bodies:
        variables = [variable(str(i), x.shape, x.element_type) for i, x in enumerate(body.variables)]
        outputs = {str(i): y for i, y in enumerate(body(*variables))}
        graph = legalize(FlatGraph.of(outputs, variables), runs_in_kernels)
        on_host = any(kind_of(value) is Kind.HOST for value in graph.blocks)
        _bodies[body] = None if on_host else graph
    return _bodies[body]


def _runs_in_a_kernel(value: Value) -> bool:
    """Tell whether all bodies of a block do."""
    op = value.op
    if isinstance(op, Switch) and value.inputs[0].element_type is not BOOL:
        return False  # NumPy says which index is outside
    assert isinstance(op, Control)
    return not (isinstance(op, Scan) and op.opened) and all(body_graph(body) is not None for body in op.bodies_inside)
