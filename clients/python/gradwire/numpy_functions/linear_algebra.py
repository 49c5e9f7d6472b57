"""`numpy.linalg` on values: its arguments and results, where they are not those of the ops."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

FUNCTIONS: Mapping[str, Callable[..., Any]] = {}
