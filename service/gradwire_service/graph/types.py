"""Element types, tensor types, and the names of things."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]{0,127}", re.ASCII)
"""Names of graphs, values and dimensions: opaque keys that never reach generated source."""

LITERAL = re.compile(r"[+-]?(?:(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)|[+-](?:inf|nan)", re.ASCII)
"""A number among the inputs of a block: a scalar that takes the element type of the other inputs."""


class ElementType(Enum):
    """The type of every element of a tensor; the value is NumPy's name for it."""

    FLOAT64 = "float64"
    FLOAT32 = "float32"
    INT64 = "int64"
    INT32 = "int32"
    BOOL = "bool"

    # Plain attributes, set once below: types are compared for every block, and properties would cost.
    dtype: np.dtype[Any]
    itemsize: int
    is_floating: bool
    is_integer: bool

    __hash__ = object.__hash__  # members are singletons; hashing their names would cost at every look-up

    @classmethod
    def of(cls, dtype: npt.DTypeLike) -> ElementType:
        """Return the element type of a NumPy dtype.

        Raises: ValueError when Gradwire has no such element type.
        """
        found = _BY_DTYPE.get(np.dtype(dtype))
        if found is None:
            raise ValueError(f"there are no values of {dtype}; element types are {', '.join(map(str, cls))}")
        return found

    def __str__(self) -> str:
        return str(self.value)


for _member in ElementType:
    _member.dtype = np.dtype(_member.value)
    _member.itemsize = _member.dtype.itemsize
    _member.is_floating = _member.dtype.kind == "f"
    _member.is_integer = _member.dtype.kind == "i"

_BY_DTYPE = {member.dtype: member for member in ElementType}  # big-endian dtypes are others, and not among them

FLOAT64, FLOAT32, INT64, INT32, BOOL = ElementType


@dataclass(frozen=True)
class TensorType:
    """A shape and an element type, all sizes known.

    Attributes:
        shape: number of elements along each axis; () for a scalar.
        element_type: type of every element.
    """

    shape: tuple[int, ...]
    element_type: ElementType = FLOAT64

    @cached_property
    def size(self) -> int:
        """Number of elements, as an exact integer: it is looked at before anything is allocated."""
        return math.prod(self.shape)

    @property
    def rank(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def bytes(self) -> int:
        """Memory of the elements, in bytes."""
        return self.size * self.element_type.itemsize

    def __str__(self) -> str:
        return f"{self.element_type}[{', '.join(map(str, self.shape))}]"

    @classmethod
    def of(cls, array: Array) -> TensorType:
        """Return the type of an array."""
        return cls(array.shape, ElementType.of(array.dtype))


@dataclass(frozen=True)
class TupleType(TensorType):
    """The types of all that a block with several results yields, as one; it has no elements of its own.

    Attributes:
        members: the type of each result.
    """

    members: tuple[TensorType, ...] = ()

    @classmethod
    def of_members(cls, members: Iterable[TensorType]) -> TupleType:
        """Return the type of several results together; it counts as floating when one of them is."""
        members = tuple(members)
        floating = (member.element_type for member in members if member.element_type.is_floating)
        return cls((), next(floating, ElementType.INT64), members)

    @property
    def bytes(self) -> int:
        """Memory of the elements of all results, in bytes."""
        return sum(member.bytes for member in self.members)

    def __str__(self) -> str:
        return f"({', '.join(map(str, self.members))})"


Attribute = bool | int | float | str | ElementType | tuple[int | str, ...] | tuple[float, ...]
"""What an attribute of a block may be; tuples are of integers, numbers, or sizes and names of dimensions."""
