"""Sums over groups of rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, final

from gradwire_service.errors import AttributeValueError, ElementTypeError, ShapeError
from gradwire_service.graph import INT64, TensorType
from gradwire_service.graph.types import ElementType
from gradwire_service.ops.base import Composite, Domain, Value, full
from gradwire_service.ops.functions import expand_dims, scatter_add


@final
@dataclass(frozen=True)
class SegmentSum(Composite, name="segment_sum"):
    """Sums of the rows of each segment, y[s] = Σ x[i] over all i with segments[i] = s; that of no rows is 0.

    Attributes:
        count: number of segments.

    Shapes: x is [n, ...], segments is [n] of integers, in any order, y is [count, ...].
    Units: those of x.
    Raises: ElementTypeError when segments are no integers; ShapeError when there is not one for each row;
        AttributeValueError when the count is negative; at the run, IndexRangeError for a segment that is not there.
    Source: JAX, `ops.segment_sum`.
    """

    domain: ClassVar[Domain] = "numeric"
    unpromoted: ClassVar[Mapping[int, ElementType]] = {1: INT64}

    count: int

    def __post_init__(self) -> None:
        if self.count < 0:
            raise AttributeValueError(f"segment_sum into {self.count} segments: their number is not negative")

    def expand(self, x: Value, segments: Value) -> Value:
        self.check_domain(x.element_type)
        if not segments.element_type.is_integer:
            raise ElementTypeError(f"segment_sum takes integers for segments, not {segments.element_type}; convert")
        if not x.shape or segments.shape != x.shape[:1]:
            raise ShapeError(
                f"segment_sum of shape {list(x.shape)} with segments {list(segments.shape)}: there is one for each row"
            )
        zeros = full(TensorType((self.count, *x.shape[1:]), x.element_type), 0)
        return scatter_add(zeros, expand_dims(segments, axis=(-1,)), x)
