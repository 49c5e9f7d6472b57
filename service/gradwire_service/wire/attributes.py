"""Attributes of blocks, hyperparameters of optimizers, parameters of schedules ↔ messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gradwire import v1 as pb
from gradwire_service.errors import MalformedMessageError
from gradwire_service.graph import Attribute, AttributeKind, ElementType
from gradwire_service.wire.tensors import ELEMENT_TYPE_NUMBERS, ELEMENT_TYPES

ATTRIBUTE_KINDS: Mapping[AttributeKind, pb.AttributeKind.ValueType] = {
    kind: pb.AttributeKind.Value(f"ATTRIBUTE_KIND_{kind.name}") for kind in AttributeKind
}


def decode_attribute(message: pb.Attribute, field: str) -> Attribute:
    """Return an attribute.

    Args:
        message: the attribute.
        field: its place in the request.

    Raises: MalformedMessageError when it has no value.
    """
    kind = message.WhichOneof("value")
    value: Any = getattr(message, kind) if kind else None
    match kind:
        case "boolean" | "integer" | "real" | "text":
            return value
        case "integers" | "reals" | "texts":
            return tuple(value.values)
        case "dimensions":
            return decode_dimensions(value.dimensions, field)
        case "element_type" if value in ELEMENT_TYPES:
            return ELEMENT_TYPES[value]
    raise MalformedMessageError(f"{field} has no value; give it one", field=field)


def decode_dimensions(messages: Sequence[pb.Dimension], field: str) -> tuple[int | str, ...]:
    """Return dimensions, each a size or a name.

    Raises: MalformedMessageError when one is neither.
    """
    found: list[int | str] = []
    for i, message in enumerate(messages):
        match message.WhichOneof("kind"):
            case "size":
                found.append(message.size)
            case "name":
                found.append(message.name)
            case _:
                text = f"axis {i} of {field} has neither size nor name; give it one of them"
                raise MalformedMessageError(text, field=f"{field}.dimensions[{i}]")
    return tuple(found)


def encode_attribute(value: Attribute) -> pb.Attribute:
    """Return an attribute as a message."""
    if isinstance(value, bool):
        return pb.Attribute(boolean=value)
    if isinstance(value, int):
        return pb.Attribute(integer=value)
    if isinstance(value, float):
        return pb.Attribute(real=value)
    if isinstance(value, str):
        return pb.Attribute(text=value)
    if isinstance(value, ElementType):
        return pb.Attribute(element_type=ELEMENT_TYPE_NUMBERS[value])
    if any(isinstance(item, str) for item in value):
        return pb.Attribute(dimensions=pb.DimensionList(dimensions=encode_dimensions(value)))
    if any(isinstance(item, float) for item in value):
        return pb.Attribute(reals=pb.RealList(values=value))  # type: ignore[arg-type]  # no texts among them
    return pb.Attribute(integers=pb.IntegerList(values=value))  # type: ignore[arg-type]  # nor reals


def encode_dimensions(dimensions: Sequence[int | str | float]) -> list[pb.Dimension]:
    """Return dimensions as messages."""
    return [pb.Dimension(name=d) if isinstance(d, str) else pb.Dimension(size=int(d)) for d in dimensions]
