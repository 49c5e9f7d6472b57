"""Working memory, lent to one call at a time."""

from __future__ import annotations

import numpy as np

from gradwire_backends.numba.memory import ALIGNMENT
from gradwire_service.graph import Array

KEPT_BYTES = 256 * 2**20
"""Pieces larger than this are not kept: the call that wanted one is long, beside which getting it is short."""

LEAST_BYTES = 1024


class Pool:
    """Pieces of memory of one size, as many as calls ran at the same time.

    Lists push and pop without a lock of ours.

    Args:
        size: bytes of each.

    Attributes:
        free: pieces that nobody has; for calls that count every step, `borrow` and `give_back` do no more with it.
    """

    def __init__(self, size: int) -> None:
        self.free: list[Array] = [] if size <= KEPT_BYTES else _Forgetful()
        self._size = size

    def new(self) -> Array:
        """Return a piece more."""
        memory = np.empty(self._size + ALIGNMENT, np.uint8)
        return memory[-memory.ctypes.data % ALIGNMENT :][: self._size]

    def borrow(self) -> Array:
        """Return a piece, aligned; its content is arbitrary."""
        try:
            return self.free.pop()
        except IndexError:
            return self.new()

    def give_back(self, piece: Array) -> None:
        """Take a piece back."""
        self.free.append(piece)


class Workspaces:
    """Pools that all programs share, by powers of two: together they hold twice what the largest program needs."""

    def __init__(self) -> None:
        self._pools: dict[int, Pool] = {}

    def pool(self, size: int) -> Pool:
        """Return the pool whose pieces have at least so many bytes."""
        rounded = 1 << (max(size, LEAST_BYTES) - 1).bit_length()
        return self._pools.setdefault(rounded, Pool(rounded))


class _Forgetful(list[Array]):
    """Keeps nothing."""

    def append(self, piece: Array) -> None:
        """Let it go."""
