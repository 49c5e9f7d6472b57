"""Shapes and element types of values, as far as they can be told before the graph meets its server.

The server infers all types at each run; here they serve `x.shape`, `len(x)` and loops in code that is traced, and let a
mismatch be told on the line that makes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gradwire.broadcasting import Shape, broadcast, shape_text
from gradwire.shape_rules import MULTIPLE, RULES, Attributes, reduced
from gradwire.signatures import OpSignature

__all__ = ["Shape", "broadcast", "element_types_of", "shape_text", "shapes_of"]


def shapes_of(
    op: str, signature: OpSignature, shapes: Sequence[Shape | None], attributes: Attributes
) -> Sequence[Shape | None]:
    """Return the shape of each value of a block; None when it is not known.

    Raises: ShapeError when inputs can't fit together, whatever the named dimensions are.
    """
    count = signature.value_count(attributes, len(shapes))
    if any(shape is None for shape in shapes):
        return (None,) * count
    known: Any = shapes
    if op in MULTIPLE:
        return MULTIPLE[op](known, attributes)
    if count > 1:
        return (None,) * count
    return (_shape(op, signature, known, attributes),)


def _shape(op: str, signature: OpSignature, shapes: Sequence[Shape], attributes: Attributes) -> Shape | None:
    if signature.elementwise:
        return broadcast(op, shapes)
    if op in RULES:
        return RULES[op](shapes, attributes)
    if attributes.get("reduction", "none") != "none":
        return ()
    return reduced(shapes, attributes) if "keepdims" in signature.attributes else None


def element_types_of(
    signature: OpSignature, kinds: Sequence[str | None], attributes: Attributes, count: int = 1
) -> Sequence[str | None]:
    """Return the element type of each value of a block; None when it is not known.

    Args:
        signature: signature of the op.
        kinds: element types of the inputs that are promoted together, without numbers.
        attributes: all settings of the op.
        count: number of its values.
    """
    if "element_type" in attributes:
        return (str(attributes["element_type"]),) * count
    common = _promoted(signature, set(kinds))
    return tuple(kind or common for kind in signature.results) or (common,) * count


def _promoted(signature: OpSignature, kinds: set[str | None]) -> str | None:
    if kinds == {"float64", "float32"} or (signature.floats and kinds and kinds <= {"int64", "int32", "bool"}):
        return "float64"
    if kinds == {"int64", "int32"} or (signature.counts and kinds == {"bool"}):
        return "int64"
    return kinds.pop() if len(kinds) == 1 else None
