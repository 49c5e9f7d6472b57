"""SymPy is no part of the development environment: where it is installed its tests are collected, else they are not."""

from __future__ import annotations

from importlib.util import find_spec

PRESENT = find_spec("sympy") is not None

collect_ignore = [] if PRESENT else ["test_sympy.py"]
