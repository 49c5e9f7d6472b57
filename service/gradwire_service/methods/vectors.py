"""Parameters as one vector, and the box that it may not leave."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from gradwire_service.errors import (
    GradwireError,
    HyperparameterError,
    InputMissingError,
    NotDifferentiableError,
    raise_all,
)
from gradwire_service.graph import Array, TensorType

Vector = npt.NDArray[np.float64]
"""All parameters, one after the other."""

BoundsOf = Mapping[str, tuple[Array | None, Array | None]]
"""Least and greatest values of parameters, by name; None: no limit."""


@dataclass(frozen=True)
class Packing:
    """How named parameters lie in one vector of float64: one after the other, each in C order.

    A parameter of float32 is rounded at the door, whenever it is fed: a method moves in steps of float64, but sees a
    loss that has the precision of float32, and stops there.

    Attributes:
        types: types of the parameters, by name.
    """

    types: Mapping[str, TensorType]

    @classmethod
    def of(cls, parameters: Mapping[str, Array]) -> Self:
        """Lay out parameters.

        Raises: InputMissingError without any; NotDifferentiableError for one that is not floating.
        """
        if not parameters:
            message = "there is no parameter to move; give start values of one at least"
            raise InputMissingError(message, field="parameters")
        faults: list[GradwireError] = [
            NotDifferentiableError(
                f"parameter {name!r} has elements of {x.dtype}, which can't be moved; make it floating, or give it "
                "among the data",
                block=name,
            )
            for name, x in parameters.items()
            if x.dtype.kind != "f"
        ]
        raise_all(faults)
        return cls({name: TensorType.of(x) for name, x in parameters.items()})

    @cached_property
    def size(self) -> int:
        """Number of elements of the vector."""
        return sum(x.size for x in self.types.values())

    @cached_property
    def places(self) -> Mapping[str, slice]:
        """Where each parameter lies."""
        ends = np.cumsum([0, *(x.size for x in self.types.values())]).tolist()
        return {name: slice(*ends) for name, ends in zip(self.types, pairwise(ends), strict=True)}

    def pack(self, arrays: Mapping[str, Array]) -> Vector:
        """Return arrays of the parameters' shapes as one vector."""
        return np.concatenate([np.asarray(arrays[name], np.float64).ravel() for name in self.types])

    def unpack(self, x: Vector) -> dict[str, Array]:
        """Return the parameters in a vector, each of its own type: copies."""
        return {
            name: np.array(x[place].reshape(self.types[name].shape), self.types[name].element_type.dtype)
            for name, place in self.places.items()
        }

    def unpack_rows(self, rows: npt.NDArray[np.float64]) -> dict[str, Array]:
        """Return the parameters in many vectors, [count, size]; each parameter has an axis of them in front."""
        return {
            name: np.array(
                rows[:, place].reshape(len(rows), *self.types[name].shape), self.types[name].element_type.dtype
            )
            for name, place in self.places.items()
        }

    def matrix(self, blocks: Mapping[tuple[str, str], Any], rows: Mapping[str, int]) -> npt.NDArray[np.float64]:
        """Put derivatives with respect to the parameters together.

        Args:
            blocks: derivatives of one value with respect to one parameter, by their names.
            rows: number of elements of each value that was differentiated, in order.

        Returns: the matrix, [sum of rows, size].
        """
        found = [
            [np.reshape(blocks[row, name], (count, self.types[name].size)) for name in self.types]
            for row, count in rows.items()
        ]
        return np.block(found).astype(np.float64, copy=False)


@dataclass(frozen=True)
class Box:
    """Least and greatest values of every element of a vector; infinite where there is no limit.

    Attributes:
        lower: least values.
        upper: greatest values.
    """

    lower: Vector
    upper: Vector

    @classmethod
    def of(cls, packing: Packing, bounds: BoundsOf) -> Self:
        """Read the bounds of parameters; what is left out has none.

        Raises: HyperparameterError, or one error with all faults.
        """
        lower, upper = np.full(packing.size, -np.inf), np.full(packing.size, np.inf)
        faults: list[GradwireError] = []
        for name, sides in bounds.items():
            if name not in packing.types:
                known = ", ".join(packing.types)
                faults.append(_fault(f"there is no parameter {name!r} to bound; there are: {known}", name))
                continue
            place, shape = packing.places[name], packing.types[name].shape
            for vector, side in zip((lower, upper), sides, strict=True):
                if side is None:
                    continue
                if side.shape not in ((), shape):
                    text = f"a bound of {name!r} has shape {list(side.shape)}, but must have [] or {list(shape)}"
                    faults.append(_fault(text, name))
                elif np.isnan(side).any():
                    faults.append(_fault(f"a bound of {name!r} is NaN; leave it out where there is none", name))
                else:
                    vector[place] = np.broadcast_to(side, shape).ravel()
            if (lower[place] > upper[place]).any():
                text = f"a lower bound of {name!r} is above its upper bound; exchange them"
                faults.append(_fault(text, name))
        raise_all(faults)
        return cls(lower, upper)

    @property
    def is_everything(self) -> bool:
        """Whether there are no limits at all."""
        return bool(np.isinf(self.lower).all() and np.isinf(self.upper).all())

    def nearest(self, x: Vector) -> Vector:
        """Return the nearest point in the box."""
        return np.clip(x, self.lower, self.upper)

    def __contains__(self, x: Vector) -> bool:
        return bool((x >= self.lower).all() and (x <= self.upper).all())


def _fault(message: str, name: str) -> HyperparameterError:
    return HyperparameterError(message, field=f"optimizer.bounds[{name}]")
