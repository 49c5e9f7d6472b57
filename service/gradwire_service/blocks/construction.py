"""Values made of nothing but numbers, and masks of matrices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

from gradwire_service.errors import AttributeValueError, ElementTypeError, ShapeError
from gradwire_service.graph import FLOAT64, TensorType
from gradwire_service.graph.types import ElementType
from gradwire_service.ops.base import Composite, Value, full
from gradwire_service.ops.functions import astype, equal, expand_dims, iota, where


@final
@dataclass(frozen=True)
class ZerosLike(Composite, name="zeros_like"):
    """Zeros in the shape of x, y[i] = 0.

    Shapes: x is [...], y is [...].
    Units: those of x.
    Source: Python array API standard, `zeros_like`.
    """

    element_type: ElementType | None = None

    def expand(self, x: Value) -> Value:
        return full(TensorType(x.shape, self.element_type or x.element_type), 0)


@final
@dataclass(frozen=True)
class OnesLike(Composite, name="ones_like"):
    """Ones in the shape of x, y[i] = 1.

    Shapes: x is [...], y is [...].
    Units: those of x.
    Source: Python array API standard, `ones_like`.
    """

    element_type: ElementType | None = None

    def expand(self, x: Value) -> Value:
        return full(TensorType(x.shape, self.element_type or x.element_type), 1)


@final
@dataclass(frozen=True)
class Eye(Composite, name="eye"):
    """Ones on a diagonal, zeros elsewhere, y[i, j] = 1 where j = i + k.

    Attributes:
        shape: numbers of rows and columns, or one for both; a name of a dimension stands for its size.
        k: which diagonal: 0 for the main one, above it positive, below it negative.

    Shapes: y is [rows, columns].
    Units: y dimensionless.
    Raises: AttributeValueError when there are not one or two sizes, or one is negative.
    Source: Python array API standard, `eye`.
    """

    shape: tuple[int | str, ...]
    k: int = 0
    element_type: ElementType = FLOAT64

    def __post_init__(self) -> None:
        if len(self.shape) not in (1, 2) or any(isinstance(size, int) and size < 0 for size in self.shape):
            raise AttributeValueError(f"eye of shape {list(self.shape)}: one or two sizes, which are not negative")

    def expand(self) -> Value:
        i, j = positions(int(self.shape[0]), int(self.shape[-1]))
        return astype(equal(j, i + self.k), element_type=self.element_type)


@final
@dataclass(frozen=True)
class OneHot(Composite, name="one_hot"):
    """Indices as rows with a single one, y[..., j] = 1 where j = indices[...]; outside the classes, the row is zero.

    Attributes:
        classes: length of the rows.

    Shapes: indices is [...], y is [..., classes].
    Units: y dimensionless.
    Raises: ElementTypeError when the indices are no integers; AttributeValueError when the number of classes is
        negative.
    Source: JAX, `nn.one_hot`.
    """

    classes: int
    element_type: ElementType = FLOAT64

    def __post_init__(self) -> None:
        if self.classes < 0:
            raise AttributeValueError(f"one_hot of {self.classes} classes: their number is not negative")

    def expand(self, indices: Value) -> Value:
        if not indices.element_type.is_integer:
            raise ElementTypeError(f"one_hot takes integers for indices, not {indices.element_type}; convert")
        classes = iota(shape=(self.classes,), element_type=indices.element_type)
        return astype(equal(expand_dims(indices, axis=(-1,)), classes), element_type=self.element_type)


@dataclass(frozen=True)
class Triangle(Composite):
    """A matrix, on one side of a diagonal.

    Attributes:
        k: which diagonal: 0 for the main one, above it positive, below it negative.
    """

    k: int = 0

    def positions(self, x: Value) -> tuple[Value, Value]:
        """Return the numbers of rows, as a column, and of columns, as a row."""
        if len(x.shape) < 2:
            raise ShapeError(f"{self.name} of shape {list(x.shape)}: that is no matrix; add axes with expand_dims")
        return positions(*x.shape[-2:])


@final
@dataclass(frozen=True)
class Tril(Triangle, name="tril"):
    """Lower triangle, y[..., i, j] = x[..., i, j] where j ≤ i + k, else 0.

    Shapes: x is [..., m, n], y is [..., m, n].
    Units: those of x.
    Raises: ShapeError when x has fewer than two axes.
    Source: Python array API standard, `tril`.
    """

    def expand(self, x: Value) -> Value:
        i, j = self.positions(x)
        return where(j <= i + self.k, x, 0)


@final
@dataclass(frozen=True)
class Triu(Triangle, name="triu"):
    """Upper triangle, y[..., i, j] = x[..., i, j] where j ≥ i + k, else 0.

    Shapes: x is [..., m, n], y is [..., m, n].
    Units: those of x.
    Raises: ShapeError when x has fewer than two axes.
    Source: Python array API standard, `triu`.
    """

    def expand(self, x: Value) -> Value:
        i, j = self.positions(x)
        return where(j >= i + self.k, x, 0)


def positions(rows: int, columns: int) -> tuple[Value, Value]:
    """Return the numbers of rows, as a column, and of columns, as a row."""
    return iota(shape=(rows, 1)), iota(shape=(columns,))
