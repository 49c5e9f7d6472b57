"""How the server's process keeps memory: messages of megabytes come and go, and page faults cost more than copying."""

from __future__ import annotations

import contextlib
import ctypes

_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_THRESHOLD = -1, -2, -3  # malloc.h of the GNU C library

KEPT_BYTES = 256 * 2**20
"""Free memory that is kept for the next message instead of being given back to the system."""

STEP_BYTES = 16 * 2**20
"""Memory that is taken from the system at a time, at the least."""

LARGEST_IN_HEAP = 32 * 2**20
"""Arrays up to this size come from the heap; the C library takes no greater number."""


def keep_memory() -> None:
    """Let freed memory be used again: round trips of a megabyte take half the time. Off Linux, do nothing."""
    with contextlib.suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL(None).mallopt
        for parameter, value in (
            (_M_MMAP_THRESHOLD, LARGEST_IN_HEAP),
            (_M_TRIM_THRESHOLD, KEPT_BYTES),
            (_M_TOP_PAD, STEP_BYTES),
        ):
            mallopt(parameter, value)
