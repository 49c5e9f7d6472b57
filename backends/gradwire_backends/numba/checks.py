"""Whether kernels look where they read and write, which a test run asks for and a server never does."""

from __future__ import annotations

import os

OUT_OF_BOUNDS = 3
"""Status of a kernel that was about to touch what is not its own: never a caller's fault."""


def indices_are_checked() -> bool:
    """Tell whether `GRADWIRE_CHECK_INDICES` asks for kernels that look: all that this process has compiled are such."""
    return os.environ.get("GRADWIRE_CHECK_INDICES") == "1"
