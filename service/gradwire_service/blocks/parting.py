"""Values taken apart, and grids made of axes: composites with as many results as are asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, final

from gradwire_service.errors import AttributeValueError, ShapeError
from gradwire_service.ops.base import Composite, Value, normalized_axes
from gradwire_service.ops.functions import broadcast_to, reshape, squeeze
from gradwire_service.ops.functions import slice as slice_

MOST = 10_000
"""Results of one block; more are no parts but rows, which a loop may run over."""


@final
@dataclass(frozen=True)
class Split(Composite, name="split"):
    """Parts of equal size along an axis, one behind the other.

    Attributes:
        sections: number of the parts, and of the results.
        axis: along which axis.

    Shapes: x is [..., n, ...], each result is [..., n / sections, ...].
    Units: those of x.
    Raises: AttributeValueError when sections is not from 1 to 10,000; ShapeError when there is no such axis, or its
        size is no multiple of sections.
    Source: NumPy, `split`.
    """

    results_like: ClassVar[str] = "sections"

    sections: int
    axis: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.sections <= MOST:
            raise AttributeValueError(f"split in {self.sections} sections: there are 1 to {MOST:,}")

    def expand(self, x: Value) -> tuple[Value, ...]:
        (axis,) = normalized_axes((self.axis,), len(x.shape), self.name)
        size, rest = divmod(x.shape[axis], self.sections)
        if rest:
            message = f"split in {self.sections} sections along axis {axis} of shape {list(x.shape)}: its size is no "
            raise ShapeError(message + "multiple of that; take slices of different sizes")
        before = ":, " * axis
        return tuple(slice_(x, index=f"{before}{i * size}:{(i + 1) * size}") for i in range(self.sections))


@final
@dataclass(frozen=True)
class Unstack(Composite, name="unstack"):
    """The elements along an axis, each by itself; what `stack` undoes.

    Attributes:
        count: their number, and that of the results: the size of the axis.
        axis: along which axis.

    Shapes: x is [..., count, ...], each result lacks that axis.
    Units: those of x.
    Raises: AttributeValueError when count is not from 1 to 10,000; ShapeError when there is no such axis, or it has
        another size.
    Source: Python array API standard, `unstack`.
    """

    results_like: ClassVar[str] = "count"

    count: int
    axis: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.count <= MOST:
            raise AttributeValueError(f"unstack of {self.count} elements: there are 1 to {MOST:,}")

    def expand(self, x: Value) -> tuple[Value, ...]:
        (axis,) = normalized_axes((self.axis,), len(x.shape), self.name)
        if x.shape[axis] != self.count:
            raise ShapeError(f"unstack of {self.count} elements along axis {axis} of shape {list(x.shape)}")
        return tuple(squeeze(part, axis=(axis,)) for part in Split(self.count, axis)(x))


@final
@dataclass(frozen=True)
class MeshGrid(Composite, name="meshgrid"):
    """Coordinates of all points of a grid, one result for each axis.

    Attributes:
        indexing: "xy", the first two axes exchanged as in pictures, or "ij", axes in order.

    Shapes: x are [n], [m], [k], …; each result is [n, m, k, …], for "xy" [m, n, k, …].
    Units: those of each x.
    Raises: ShapeError when an input has more than one axis; AttributeValueError for another indexing.
    Source: Python array API standard, `meshgrid`.
    """

    results_like: ClassVar[str] = "inputs"

    indexing: str = "xy"

    def __post_init__(self) -> None:
        if self.indexing not in ("xy", "ij"):
            raise AttributeValueError(f'meshgrid has no indexing {self.indexing[:64]!r}; there are "xy" and "ij"')

    def expand(self, *x: Value) -> tuple[Value, ...]:
        for one in x:
            if len(one.shape) > 1:
                raise ShapeError(f"meshgrid of shape {list(one.shape)}: each axis is told by a vector")
        order = list(range(len(x)))
        if self.indexing == "xy" and len(x) > 1:
            order[:2] = [1, 0]
        shape = tuple(x[i].type.size for i in order)
        rows = (tuple(-1 if i == k else 1 for i in order) for k in range(len(x)))
        return tuple(
            broadcast_to(reshape(one, shape=tuple(one.type.size if n == -1 else 1 for n in row)), shape=shape)
            for one, row in zip(x, rows, strict=True)
        )
