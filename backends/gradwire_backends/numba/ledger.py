"""What a kernel is fed at run time beside arrays: sizes, offsets and constants, each by its name in source.

A name is given when something is first asked for, in the order in which source is written, so that graphs of one
structure get the same names, whatever their sizes and numbers.
"""

from __future__ import annotations

import copy
import itertools
import math
from collections.abc import Mapping

import numpy as np

from gradwire_backends.numba.dimensions import Dimension, Dimensions
from gradwire_service.graph import BOOL, FLOAT32, Array
from gradwire_service.ops.base import Value, scalar_of

Product = tuple[str, ...]
"""Names of integers that are multiplied; none stands for 1."""


def written_product(names: Product) -> str:
    """Write a product of integers as source."""
    return " * ".join(names) or "1"


class Ledger:
    """Run-time integers and constants of one program.

    Attributes:
        dimensions: of the program's values.
    """

    def __init__(self, dimensions: Dimensions) -> None:
        self.dimensions = dimensions
        self._integers: dict[str, int] = {}
        self._reals: dict[str, float] = {}
        self._sizes: dict[Dimension, str] = {}
        self._numbers: dict[Value, str] = {}
        self._definitions: dict[str, str] = {}
        self._fresh = itertools.count()

    def inside(self, dimensions: Dimensions) -> Ledger:
        """Return the same ledger for what a body is made of."""
        other = copy.copy(self)
        other.dimensions, other._sizes = dimensions, {}
        return other

    def fresh(self, letter: str) -> str:
        """Return a name that nothing has yet; a letter that other names do not begin with."""
        return f"{letter}{next(self._fresh)}"

    def nest(self) -> int:
        """Return a number that no nest has yet."""
        return next(self._fresh)

    def size(self, dimension: Dimension | None) -> str:
        """Return the name of the size of a dimension, or the size itself where it is part of the source."""
        if dimension is None:
            return "1"
        if self.dimensions.is_fixed(dimension):
            return str(self.dimensions.size(dimension))
        if dimension not in self._sizes:
            self._sizes[dimension] = self.integer(self.dimensions.size(dimension), "n")
        return self._sizes[dimension]

    def strides(self, value: Value) -> list[Product]:
        """Return for each axis of a value how many elements lie between neighbours along it."""
        result: list[Product] = []
        stride: Product = ()
        for dimension in reversed(self.dimensions.of(value)):
            result.append(stride)
            if dimension is not None:
                stride = (self.size(dimension), *stride)
        return result[::-1]

    def integer(self, value: int, letter: str = "q") -> str:
        """Return a name for an integer."""
        name = f"{letter}{len(self._integers)}"
        self._definitions[name] = f"s[{len(self._integers)}]"
        self._integers[name] = value
        return name

    def amount(self, product: Product) -> int:
        """Return the number that a product of integers is in this graph."""
        return math.prod(int(name) if name.isdigit() else self._integers[name] for name in product)

    def place(self, name: str) -> int:
        """Return the place of an integer in the table."""
        return list(self._integers).index(name)

    def number(self, value: Value) -> str:
        """Return the name of a constant of the graph, in its element type."""
        if value not in self._numbers:
            number = scalar_of(value)
            assert number is not None
            kind = value.element_type
            if kind.is_floating:
                name = self.real(float(number))
                if kind is FLOAT32:
                    self._definitions[name] = f"float32({self._definitions[name]})"
            else:
                name = self.integer(int(number), "c")
                if kind is BOOL:
                    self._definitions[name] += " != 0"
            self._numbers[value] = name
        return self._numbers[value]

    def real(self, value: float) -> str:
        """Return a name for a constant."""
        name = f"r{len(self._reals)}"
        self._definitions[name] = f"f[{len(self._reals)}]"
        self._reals[name] = value
        return name

    def definitions(self) -> Mapping[str, str]:
        """Return the source that fetches what each name stands for."""
        return self._definitions

    def integers(self) -> Array:
        """Return the integers, in the order of their places."""
        return np.array([*self._integers.values(), 0], np.int64)

    def reals(self) -> Array:
        """Return the constants, in the order of their places."""
        return np.array([*self._reals.values(), 0.0], np.float64)
