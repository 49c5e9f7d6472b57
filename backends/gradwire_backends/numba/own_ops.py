"""Ops of this backend's own, in which `legalize` writes what others share: a copy, and one value laid over another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, final

from gradwire_backends.numba.views import Index, Pick
from gradwire_service.graph import Array, TensorType
from gradwire_service.ops.base import Domain, Elementwise, Namespace, Op, broadcast_shapes


@final
@dataclass(frozen=True)
class Copy(Elementwise):
    """The value itself, laid out in memory."""

    internal: ClassVar[bool] = True
    domain: ClassVar[Domain] = "any"
    work: ClassVar[float] = 0

    def evaluate(self, xp: Namespace, x: Array) -> Array:
        return x


@final
@dataclass(frozen=True)
class Overlay(Op):
    """One value laid over another: y[i] = x[i - low] where x has such an element, else base[i].

    Pads, and joins of several values, are overlays; the kernel reads x only where it is.

    Shapes: x has as many axes as base, y has the shape of base.
    """

    internal: ClassVar[bool] = True

    low: tuple[int, ...]

    def infer(self, x: TensorType, base: TensorType) -> TensorType:
        return base

    def evaluate(self, xp: Namespace, x: Array, base: Array) -> Array:
        y: Array = xp.array(base)
        covered, seen = [], []
        for low, n, size in zip(self.low, x.shape, base.shape, strict=True):
            first, last = max(low, 0), max(min(low + n, size), max(low, 0))
            covered.append(slice(first, last))
            seen.append(slice(first - low, last - low))
        y[tuple(covered)] = x[tuple(seen)]
        return y

    @property
    def picks(self) -> Index:
        """Which element of x each element of y is; there may be none."""
        return tuple(Pick(axis, -low) for axis, low in enumerate(self.low))

    def bounded(self, x: Sequence[int], y: Sequence[int]) -> list[int]:
        """Return the axes along which x, of the first shape, does not cover y, of the second."""
        return [axis for axis, low in enumerate(self.low) if low or x[axis] != y[axis]]


class OfKernels(Op):
    """An op that kernels alone compute."""

    internal: ClassVar[bool] = True

    def evaluate(self, xp: Namespace, *inputs: Array, **_: Any) -> Array:
        raise TypeError("kernels compute it")  # pragma: no cover


@final
@dataclass(frozen=True)
class LU(OfKernels):
    """Factors of matrices, P A = L U, as LAPACK has them, with one row more for the exchanges that P stands for.

    Shapes: A is [..., n, n], y is [..., n + 1, n].
    """

    def infer(self, a: TensorType) -> TensorType:
        n = a.shape[-1]
        return TensorType((*a.shape[:-2], n + 1, n), a.element_type)


@final
@dataclass(frozen=True)
class Packed(OfKernels):
    """All results of a factorization, each matrix's one behind the other, then what LAPACK needs of room.

    Attributes:
        op: the factorization.
        room: elements for each matrix.

    Shapes: A is [..., m, n], y is [..., room].
    """

    op: Op
    room: int

    def infer(self, a: TensorType) -> TensorType:
        return TensorType((*a.shape[:-2], self.room), a.element_type)


@final
@dataclass(frozen=True)
class LUSolve(OfKernels):
    """Solution of linear equations by factors of their matrix, A x = b, or Aᵀ x = b.

    Shapes: the factors are [..., n + 1, n]; b and x as `solve` has them.
    """

    transposed: bool

    def infer(self, lu: TensorType, b: TensorType) -> TensorType:
        batch = broadcast_shapes(lu.shape[:-2], b.shape[:-2])
        return TensorType((*batch, *b.shape[-2:]), b.element_type)


@final
@dataclass(frozen=True)
class LUSign(OfKernels):
    """Sign of a determinant by factors.

    Shapes: the factors are [..., n + 1, n], the sign is [...].
    """

    def infer(self, lu: TensorType) -> TensorType:
        return TensorType(lu.shape[:-2], lu.element_type)


@final
@dataclass(frozen=True)
class ScatterRows(OfKernels):
    """Rows combined with those of a matrix, y = x, then y[at[i]] = how(y[at[i]], updates[i]) for every i.

    Attributes:
        how: "set", "add", "max" or "min".
        rows: number of rows of y.

    Shapes: at is [p], updates are [p, w], x is [rows, w], zeros where it is left out, y is [rows, w].
    """

    how: str
    rows: int

    def infer(self, at: TensorType, updates: TensorType, *x: TensorType) -> TensorType:
        return TensorType((self.rows, updates.shape[1]), updates.element_type)


COPY = Copy()
