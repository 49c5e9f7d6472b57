"""Every op and composite as a function of values: ``from gradwire_service.ops.functions import exp, where``.

Rules of one family use ops of another; looking them up by name when a rule runs keeps the families free of import
cycles, and a new op free of a second table.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import Any

from gradwire_service.ops.base import apply


@cache
def _function(name: str) -> Callable[..., Any]:
    return partial(apply, name)


def __getattr__(name: str) -> Callable[..., Any]:
    if name.startswith("__"):
        raise AttributeError(name)
    return _function(name)
