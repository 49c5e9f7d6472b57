"""Diagonals: of matrices that lie in two axes, and matrices that have nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

from gradwire_service.errors import ShapeError
from gradwire_service.graph import Array, TensorType
from gradwire_service.ops.base import Linear, Namespace, Value
from gradwire_service.ops.functions import diag_embed, diagonal, pad


@dataclass(frozen=True)
class Diagonals(Linear):
    """An op on the diagonals of matrices.

    Attributes:
        offset: which diagonal: 0 the main one, above it positive, below it negative.
        axis1: the axis of the rows, negative ones counted from the end.
        axis2: the axis of the columns.
    """

    offset: int = 0
    axis1: int = 0
    axis2: int = 1

    def axes(self, rank: int) -> tuple[int, int]:
        """Return the axes of the rows and of the columns.

        Raises: ShapeError when one is not there, or both are the same.
        """
        if any(not -rank <= axis < rank for axis in (self.axis1, self.axis2)):
            raise ShapeError(f"{self.name} along axes {self.axis1} and {self.axis2}: {rank} axes have no such pair")
        if (self.axis1 - self.axis2) % rank == 0:
            raise ShapeError(f"{self.name} along axis {self.axis1} twice; rows and columns have an axis each")
        return self.axis1 % rank, self.axis2 % rank


@final
@dataclass(frozen=True)
class Diagonal(Diagonals, name="diagonal"):
    """A diagonal of matrices, y[..., i] = x[..., i, i + offset].

    Shapes: x is [..., m, ..., n, ...], y lacks both axes and has one of the diagonal's length behind the others.
    Units: those of x.
    Raises: ShapeError when an axis is not there, or both are the same.
    Source: NumPy, `diagonal`; Python array API standard, `linalg.diagonal`, for the last two axes.
    """

    def infer(self, x: TensorType) -> TensorType:
        rows, columns = self.axes(x.rank)
        length = min(x.shape[rows] + min(self.offset, 0), x.shape[columns] - max(self.offset, 0))
        rest = (size for axis, size in enumerate(x.shape) if axis not in (rows, columns))
        return TensorType((*rest, max(length, 0)), x.element_type)

    def evaluate(self, xp: Namespace, x: Array) -> Array:
        return xp.diagonal(x, self.offset, self.axis1, self.axis2)

    def vjp(self, y_bar: Value, y: Value, x: Value) -> tuple[Value]:
        axes = self.axes(len(x.shape))
        square = diag_embed(y_bar, offset=self.offset, axis1=axes[0], axis2=axes[1])
        high = tuple(size - square.shape[axis] if axis in axes else 0 for axis, size in enumerate(x.shape))
        return (pad(square, low=(0,) * len(high), high=high) if any(high) else square,)


@final
@dataclass(frozen=True)
class DiagEmbed(Diagonals, name="diag_embed"):
    """Matrices with nothing but a diagonal, y[..., i, i + offset] = x[..., i], the others 0.

    Shapes: x is [..., n], y has n + |offset| rows and columns, along two axes of their own.
    Units: those of x.
    Raises: ShapeError when x has no axis, when an axis is not there in y, or both are the same.
    Source: PyTorch, `torch.diag_embed`.
    """

    axis1: int = -2
    axis2: int = -1

    def infer(self, x: TensorType) -> TensorType:
        if not x.rank:
            raise ShapeError(f"{self.name} of a scalar: there is no axis to lay along a diagonal; give it one")
        axes = self.axes(x.rank + 1)
        rest = iter(x.shape[:-1])
        side = x.shape[-1] + abs(self.offset)
        return TensorType(tuple(side if i in axes else next(rest) for i in range(x.rank + 1)), x.element_type)

    def evaluate(self, xp: Namespace, x: Array) -> Array:
        before, behind = max(-self.offset, 0), max(self.offset, 0)
        none = (0,) * (x.ndim - 1)
        rows = xp.dilated_pad(x, (*none, before), (*none, behind), (0,) * x.ndim)
        on = xp.astype(xp.eye(rows.shape[-1], k=self.offset), bool)
        y = xp.where(on, xp.expand_dims(rows, -1), xp.zeros((), dtype=x.dtype))
        return xp.moveaxis(y, (-2, -1), self.axes(x.ndim + 1))

    def vjp(self, y_bar: Value, y: Value, x: Value) -> tuple[Value]:
        axis1, axis2 = self.axes(len(y.shape))
        return (diagonal(y_bar, offset=self.offset, axis1=axis1, axis2=axis2),)
