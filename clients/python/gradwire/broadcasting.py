"""Shapes that are known in part: what they broadcast to, and how they are written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gradwire.errors import ShapeError
from gradwire.indexing import Dimension

Shape = tuple[Dimension, ...]


def broadcast(op: str, shapes: Sequence[Shape]) -> Shape:
    """Return the shape that NumPy broadcasts these to.

    Raises: ShapeError when two numbers differ and neither is 1.
    """
    rank = max(map(len, shapes), default=0)
    result: list[Dimension] = [1] * rank
    for shape in shapes:
        for axis, size in enumerate(shape, rank - len(shape)):
            other = result[axis]
            if other == 1 or size == other:
                result[axis] = size
            elif size == 1:
                continue
            elif isinstance(size, int) and isinstance(other, int):
                shown = " and ".join(shape_text(shape) for shape in shapes)
                raise ShapeError(f"{op}: shapes {shown} do not broadcast: sizes {other} and {size} differ")
            else:  # a number, if there is one: named dimensions will have to be it
                result[axis] = size if isinstance(size, int) else other if isinstance(other, int) else None
    return tuple(result)


def shape_text(shape: Shape) -> str:
    """Write a shape as messages do: ``[batch, 30]``."""
    return f"[{', '.join('?' if size is None else str(size) for size in shape)}]"


def normalized(axis: Any, rank: int) -> tuple[int, ...]:
    """Return an axis, or several, counted from the first; None stands for all, and `rank` for one that is not there."""
    axes = range(rank) if axis is None else (axis,) if isinstance(axis, int) else axis
    return tuple(a % rank if rank and -rank <= a < rank else rank for a in axes)
