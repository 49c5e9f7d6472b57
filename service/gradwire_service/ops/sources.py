"""Sources: values that are made of no others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, final

from gradwire_service.errors import AttributeValueError
from gradwire_service.graph import INT64, Array, ElementType, TensorType
from gradwire_service.ops.base import Domain, Namespace, Op, normalized_axes


@final
@dataclass(frozen=True)
class Iota(Op, name="iota"):
    """Whole numbers from 0 along an axis, y[..., i, ...] = i, the same along the others.

    Shapes: y has the shape that is asked for; a name of a dimension stands for its size.
    Units: a count.
    Raises: AttributeValueError for a negative size; ShapeError when there is no such axis; ElementTypeError for bool.
    Source: XLA, operation semantics, `Iota`.
    """

    domain: ClassVar[Domain] = "numeric"
    latex: ClassVar[str] = r"\iota"

    shape: tuple[int | str, ...]
    axis: int = 0
    element_type: ElementType = INT64

    def __post_init__(self) -> None:
        if any(isinstance(size, int) and size < 0 for size in self.shape):
            raise AttributeValueError(f"iota of shape {list(self.shape)}: sizes are not negative")

    def infer(self) -> TensorType:
        self.check_domain(self.element_type)
        normalized_axes((self.axis,), len(self.shape), self.name)
        return TensorType(tuple(int(size) for size in self.shape), self.element_type)

    def evaluate(self, xp: Namespace) -> Array:
        shape = self.infer().shape
        axis = self.axis % len(shape)
        along = xp.arange(shape[axis], dtype=self.element_type.dtype)
        return xp.broadcast_to(xp.reshape(along, (-1, *[1] * (len(shape) - axis - 1))), shape)
