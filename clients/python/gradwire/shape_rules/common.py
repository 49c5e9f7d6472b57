"""What the rules share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from gradwire.broadcasting import Shape, normalized, shape_text
from gradwire.errors import ShapeError
from gradwire.signatures import Attribute

Attributes = Mapping[str, Attribute]
Rule = Callable[[Sequence[Shape], Attributes], Shape | None]
MultipleRule = Callable[[Sequence[Shape], Attributes], Sequence[Shape | None]]


def reduced(shapes: Sequence[Shape], attributes: Attributes) -> Shape | None:
    """Return the shape without the axes that are reduced."""
    shape = shapes[0]
    axes = normalized(attributes.get("axis"), len(shape))
    if len(shape) in axes:
        raise ShapeError(f"a value of shape {shape_text(shape)} has no such axis: {attributes['axis']}")
    if attributes.get("keepdims"):
        return tuple(1 if axis in axes else size for axis, size in enumerate(shape))
    return tuple(size for axis, size in enumerate(shape) if axis not in axes)


def same(shapes: Sequence[Shape], attributes: Attributes) -> Shape | None:
    """Return the shape of the first input."""
    return shapes[0]


def scalar(shapes: Sequence[Shape], attributes: Attributes) -> Shape | None:
    """Return the shape of a scalar."""
    return ()


def numbers(*sizes: Any) -> bool:
    """Tell whether all sizes are known."""
    return all(isinstance(size, int) for size in sizes)


def product(sizes: Sequence[Any]) -> int | None:
    """Return the number of elements, if it is known."""
    total = 1
    for size in sizes:
        if not isinstance(size, int):
            return None
        total *= size
    return total


def least(m: Any, n: Any) -> Any:
    """Return the lesser size, if it is known."""
    return min(m, n) if numbers(m, n) else m if m == n else None
