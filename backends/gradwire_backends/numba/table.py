"""The table that a kernel is called with: a tuple of arrays.

A kernel takes one pointer, to a Python tuple, and finds in it the data of every array. Reading where CPython and NumPy
keep things costs a call nothing; asking each array for its address costs a microsecond an array. `verify` holds the
offsets against the arrays' own words before the first kernel is loaded.
"""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np

ITEMS = tuple.__basicsize__
"""Where a tuple keeps its items: bytes from its start."""

TYPE = DATA = object.__basicsize__
TYPE -= ctypes.sizeof(ctypes.c_size_t)
"""Where an object keeps its type, and an array the address of its elements, the first field of its public struct."""

RANK, SIZES, DESCRIPTOR, FLAGS = (DATA + offset for offset in (8, 16, 40, 48))
"""Where an array keeps its rank, the address of its sizes, its element type, and its flags."""

ELEMENT_BYTES = DATA + 24
"""Where an element type keeps the size of an element."""

IN_ORDER = 0x0101
"""Flags of an array whose elements are aligned, and lie in row-major order."""

INTEGERS, REALS, WORKSPACE, ARRAYS = range(4)
"""Places in the table: run-time integers, constants, working memory, and the first of all other arrays."""


def verify() -> None:
    """Make sure that tuples and arrays are laid out as kernels read them.

    Raises: ImportError when they are not, so that the backend is listed as not available.
    """
    table: tuple[Any, ...] = (np.arange(3.0), np.empty((2, 0)), np.zeros((), bool), np.arange(6).reshape(2, 3)[1])
    table += (np.zeros((4, 5, 2), np.float32)[:, 1:], np.zeros((3, 2)).T)
    for place, array in enumerate(table):
        at = _word(id(table) + ITEMS + place * 8)
        sizes = [_word(_word(at + SIZES) + 8 * axis) for axis in range(array.ndim)]
        kind = _word(at + DESCRIPTOR)
        found = (at, _word(at + TYPE), _word(at + DATA), _half(at + RANK), sizes, kind, _word(kind + ELEMENT_BYTES))
        element = (id(array.dtype), array.itemsize)
        expected = (id(array), id(np.ndarray), array.ctypes.data, array.ndim, [*array.shape], *element)
        in_order = _half(at + FLAGS) & IN_ORDER == IN_ORDER
        if found != expected or in_order != (array.flags.c_contiguous and array.flags.aligned):
            raise ImportError("this interpreter lays out tuples or arrays in a way that kernels do not know")


def _word(address: int) -> int:
    return ctypes.c_size_t.from_address(address).value


def _half(address: int) -> int:
    return ctypes.c_int.from_address(address).value
