"""Shapes and element types of values, as far as they can be told before the graph meets its server.

The server infers all types at each run; here they serve `x.shape`, `len(x)` and loops in code that is traced, and let a
mismatch be told on the line that makes it. A rule that does not know says None; it never guesses.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from gradwire.errors import ShapeError
from gradwire.indexing import Dimension
from gradwire.signatures import Attribute, OpSignature

Shape = tuple[Dimension, ...]
Attributes = Mapping[str, Attribute]
Rule = Callable[[Sequence[Shape], Attributes], Shape | None]


def shape_of(op: str, signature: OpSignature, shapes: Sequence[Shape | None], attributes: Attributes) -> Shape | None:
    """Return the shape of a block's value; None when it is not known.

    Raises: ShapeError when inputs can't fit together, whatever the named dimensions are.
    """
    if any(shape is None for shape in shapes):
        return None
    known: Any = shapes
    if signature.elementwise:
        return broadcast(op, known)
    if attributes.get("reduction", "none") != "none":
        return ()
    if "keepdims" in signature.attributes:
        return _reduced(known[0], attributes)
    rule = _RULES.get(op)
    return None if rule is None else rule(known, attributes)


def element_type_of(signature: OpSignature, kinds: Sequence[str | None], attributes: Attributes) -> str | None:
    """Return the element type of a block's value; None when it is not known.

    Args:
        signature: signature of the op.
        kinds: element types of the inputs that are promoted together, without numbers.
        attributes: all settings of the op.
    """
    if "element_type" in attributes:
        return str(attributes["element_type"])
    if signature.result:
        return signature.result
    found = set(kinds)
    if found == {"float64", "float32"} or (signature.floats and found and found <= {"int64", "int32"}):
        return "float64"
    if found == {"int64", "int32"}:
        return "int64"
    return found.pop() if len(found) == 1 else None


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


def _axes(axis: Any, rank: int) -> tuple[int, ...]:
    axes = range(rank) if axis is None else (axis,) if isinstance(axis, int) else axis
    return tuple(a % rank if rank and -rank <= a < rank else rank for a in axes)


def _reduced(shape: Shape, attributes: Attributes) -> Shape | None:
    axes = _axes(attributes.get("axis"), len(shape))
    if len(shape) in axes:
        raise ShapeError(f"a value of shape {shape_text(shape)} has no such axis: {attributes['axis']}")
    if attributes.get("keepdims"):
        return tuple(1 if axis in axes else size for axis, size in enumerate(shape))
    return tuple(size for axis, size in enumerate(shape) if axis not in axes)


def _matmul(shapes: Sequence[Shape], attributes: Attributes) -> Shape | None:
    a, b = shapes
    if not a or not b:
        raise ShapeError("matmul takes no scalars; multiply them")
    rows, columns = a[-1], b[-2] if len(b) > 1 else b[-1]
    if isinstance(rows, int) and isinstance(columns, int) and rows != columns:
        raise ShapeError(
            f"matmul: shapes {shape_text(a)} and {shape_text(b)} do not fit: {rows} columns, {columns} rows"
        )
    ends = (*a[-2:-1], *(b[-1:] if len(b) > 1 else ()))
    return (*broadcast("matmul", [a[:-2], b[:-2]]), *ends)


def _transposed(shapes: Sequence[Shape], attributes: Attributes) -> Shape | None:
    (shape,) = shapes
    axes: Any = attributes.get("axes", attributes.get("axis"))
    return shape[::-1] if axes is None else tuple(shape[axis] for axis in axes)


def _reshaped(shapes: Sequence[Shape], attributes: Attributes) -> Shape | None:
    wanted: Any = attributes["shape"]
    if -1 not in wanted:
        return tuple(wanted)
    sizes: list[Any] = [*shapes[0], *wanted]
    inferred = None
    if all(isinstance(size, int) for size in sizes):
        rest = math.prod(size for size in wanted if size != -1)
        inferred = math.prod(sizes[: len(shapes[0])]) // rest if rest else None
    return tuple(inferred if size == -1 else size for size in wanted)


def _expanded(shapes: Sequence[Shape], attributes: Attributes) -> Shape | None:
    (shape,) = shapes
    axis: Any = attributes.get("axis", 0)
    axes = _axes(axis, len(shape) + (1 if isinstance(axis, int) else len(axis)))
    sizes = iter(shape)
    return tuple(1 if i in axes else next(sizes) for i in range(len(shape) + len(axes)))


def _squeezed(shapes: Sequence[Shape], attributes: Attributes) -> Shape | None:
    (shape,) = shapes
    axis = attributes.get("axis")
    if axis is None and not all(isinstance(size, int) for size in shape):
        return None
    axes = _axes(axis, len(shape)) if axis is not None else [i for i, size in enumerate(shape) if size == 1]
    return tuple(size for i, size in enumerate(shape) if i not in axes)


def _concatenated(shapes: Sequence[Shape], attributes: Attributes) -> Shape | None:
    first = shapes[0]
    (axis,) = _axes(attributes.get("axis", 0), len(first))
    if axis == len(first) or any(len(shape) != len(first) for shape in shapes):
        return None
    sizes: list[Any] = [shape[axis] for shape in shapes]
    total = sum(sizes) if all(isinstance(size, int) for size in sizes) else None
    return (*first[:axis], total, *first[axis + 1 :])


def _stacked(shapes: Sequence[Shape], attributes: Attributes) -> Shape | None:
    first = shapes[0]
    (axis,) = _axes(attributes.get("axis", 0), len(first) + 1)
    return (*first[:axis], len(shapes), *first[axis:])


def _taken(shapes: Sequence[Shape], attributes: Attributes) -> Shape | None:
    shape, indices = shapes
    if "axis" not in attributes:  # of x laid flat
        return indices
    (axis,) = _axes(attributes["axis"], len(shape))
    return (*shape[:axis], *indices, *shape[axis + 1 :])


def _accumulated(shapes: Sequence[Shape], attributes: Attributes) -> Shape | None:
    (shape,) = shapes
    return shape if "axis" in attributes or len(shape) == 1 else None


def _declared(shapes: Sequence[Shape], attributes: Attributes) -> Shape | None:
    shape: Any = attributes["shape"]
    return tuple(shape)


def _same(shapes: Sequence[Shape], attributes: Attributes) -> Shape | None:
    return shapes[0]


_RULES: Mapping[str, Rule] = {
    "matmul": _matmul,
    "transpose": _transposed,
    "matrix_transpose": lambda shapes, attributes: (*shapes[0][:-2], *shapes[0][:-3:-1]),
    "reshape": _reshaped,
    "expand_dims": _expanded,
    "squeeze": _squeezed,
    "concatenate": _concatenated,
    "stack": _stacked,
    "take": _taken,
    "cumsum": _accumulated,
    "broadcast_to": _declared,
    "full": _declared,
    "flip": _same,
    "astype": _same,
    "stop_gradient": _same,
    "softmax": _same,
    "log_softmax": _same,
}
