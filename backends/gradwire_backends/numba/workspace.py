"""Working memory, lent to one call at a time."""

from __future__ import annotations

import numpy as np

from gradwire_backends.numba.memory import ALIGNMENT
from gradwire_service.graph import Array

KEPT_BYTES = 256 * 2**20
"""Pieces larger than this are not kept: the call that wanted one is long, beside which getting it is short."""

_NONE = np.empty(0, np.uint8)


class Workspaces:
    """A stack of pieces of memory that all programs share; there are as many as calls ran at the same time.

    Lists push and pop without a lock of ours. Who finds too small a piece replaces it by a larger one, so that all
    come to serve the program that needs most.
    """

    def __init__(self) -> None:
        self._free: list[Array] = []

    def borrow(self, size: int) -> Array:
        """Return a piece of at least so many bytes, aligned; its content is arbitrary."""
        if not size:
            return _NONE
        try:
            piece = self._free.pop()
        except IndexError:
            return _aligned(size)
        return piece if piece.nbytes >= size else _aligned(size)

    def give_back(self, piece: Array) -> None:
        """Take a piece back."""
        if 0 < piece.nbytes <= KEPT_BYTES:
            self._free.append(piece)


def _aligned(size: int) -> Array:
    memory = np.empty(size + ALIGNMENT, np.uint8)
    return memory[-memory.ctypes.data % ALIGNMENT :][:size]
