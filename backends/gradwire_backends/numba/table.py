"""The table that a kernel is called with: a tuple of arrays.

A kernel takes one pointer, to a Python tuple, and finds in it the data of every array. Reading where CPython and NumPy
keep things costs a call nothing; asking each array for its address costs a microsecond an array. `verify` holds the
offsets against the arrays' own words before the first kernel is loaded.
"""

from __future__ import annotations

import ctypes

import numpy as np

ITEMS = tuple.__basicsize__
"""Where a tuple keeps its items: bytes from its start."""

DATA = object.__basicsize__
"""Where an array keeps the address of its elements: bytes from its start; the first field of NumPy's public struct."""

INTEGERS, REALS, WORKSPACE, ARRAYS = range(4)
"""Places in the table: run-time integers, constants, working memory, and the first of all other arrays."""


def verify() -> None:
    """Make sure that tuples and arrays are laid out as kernels read them.

    Raises: ImportError when they are not, so that the backend is listed as not available.
    """
    table = (np.arange(3.0), np.empty((2, 0)), np.zeros((), bool), np.arange(6).reshape(2, 3)[1])
    for place, array in enumerate(table):
        item = ctypes.c_size_t.from_address(id(table) + ITEMS + place * ctypes.sizeof(ctypes.c_size_t)).value
        if item != id(array) or ctypes.c_size_t.from_address(item + DATA).value != array.ctypes.data:
            raise ImportError("this interpreter lays out tuples or arrays in a way that kernels do not know")
