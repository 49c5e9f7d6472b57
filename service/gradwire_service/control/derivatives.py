"""What the derivative rules of ops over bodies share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from gradwire_service.errors import ElementTypeError, ShapeError
from gradwire_service.graph import TensorType
from gradwire_service.ops.base import Value, full, variable
from gradwire_service.ops.body import Body
from gradwire_service.transform import jvp, vjp


def like(values: Iterable[Value], name: str) -> list[Value]:
    """Make variables of the types of values."""
    return [variable(name, x.shape, x.element_type) for x in values]


def floating(values: Sequence[Value]) -> list[int]:
    """Return the places of the values that have derivatives."""
    return [i for i, x in enumerate(values) if x.element_type.is_floating]


def summed(pairs: Iterable[tuple[Value, Value | None]]) -> dict[Value, Value]:
    """Gather cotangents by value; those of one value add up, None is zero."""
    total: dict[Value, Value] = {}
    for value, bar in pairs:
        if bar is not None and value.element_type.is_floating:
            total[value] = total[value] + bar if value in total else bar
    return total


def pulled_body(body: Body, below_choice: bool = False) -> Body:
    """Return the body's pullback: from its inputs and the cotangents of its floating results to those of the inputs.

    Cotangents go in and come out for what is floating alone, in order.
    """
    bars = dict(zip(floating(body.outputs), like(_chosen(body.outputs), "bar"), strict=True))
    cotangents = summed((body.outputs[i], bar) for i, bar in bars.items())
    found = vjp(cotangents, _chosen(body.variables), below_choice=below_choice)
    return Body((*body.variables, *bars.values()), tuple(found))


def pushed_body(body: Body) -> Body:
    """Return the body's pushforward: from its inputs and their tangents to the tangents of its results.

    Tangents go in and come out for what is floating alone, in order.
    """
    dots = dict(zip(_chosen(body.variables), like(_chosen(body.variables), "dot"), strict=True))
    return Body((*body.variables, *dots.values()), tuple(jvp(_chosen(body.outputs), dots)))


def filled(values: Sequence[Value], given: Sequence[Value | None]) -> list[Value]:
    """Return the sensitivities of the floating values, in order; zeros where there are none."""
    return [full(x.type, 0) if dot is None else dot for x, dot in zip(values, given, strict=True) if _is_floating(x)]


def spread(values: Sequence[Any], found: Iterable[Value]) -> tuple[Value | None, ...]:
    """Give each floating value what was found for it, in order; the others None."""
    rest = iter(found)
    return tuple(next(rest) if _is_floating(x) else None for x in values)


def check_types(what: str, expected: Sequence[TensorType], found: Sequence[TensorType], remedy: str) -> None:
    """See that bodies return what they must.

    Raises: ShapeError, ElementTypeError.
    """
    if len(expected) != len(found):
        raise ShapeError(f"{what} has {len(found)} results, not {len(expected)}; {remedy}")
    for i, (one, other) in enumerate(zip(expected, found, strict=True)):
        if one != other:
            error = ElementTypeError if one.element_type is not other.element_type else ShapeError
            raise error(f"{what} {i} is {other}, not {one}; {remedy}")


def _is_floating(value: Value) -> bool:
    return value.element_type.is_floating


def _chosen(values: Iterable[Value]) -> list[Value]:
    return [x for x in values if _is_floating(x)]


Traces = Mapping[str, Any]
"""For each attribute that names composites a `Trace`, or a tuple of them."""
