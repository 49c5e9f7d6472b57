"""JAX and PyTorch are no part of the development environment: `make oracles` installs them, and runs these tests.

Where one of them is installed its tests are collected, here or with all others; where it is not, they are not.
"""

from __future__ import annotations

from importlib.util import find_spec

ORACLES = {"jax": "test_jax.py", "torch": "test_torch.py"}

PRESENT = [name for name in ORACLES if find_spec(name)]

collect_ignore = [file for name, file in ORACLES.items() if name not in PRESENT]

if not PRESENT:
    collect_ignore.append("test_control.py")
if len(PRESENT) < len(ORACLES):
    collect_ignore.append("test_comparison.py")  # of all backends
