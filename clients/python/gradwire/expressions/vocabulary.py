"""The functions that a formula may call: those of `gw`, of `gw.linalg` and `gw.special`, and NumPy's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from gradwire import array_api, functions, linalg, special
from gradwire.numpy_functions import find as find_numpy

_CREATION: Mapping[str, Callable[..., Any]] = {
    "arange": array_api.arange, "full": array_api.full, "linspace": array_api.linspace, "ones": array_api.ones,
    "zeros": array_api.zeros,
}  # fmt: skip


def find(word: str) -> Callable[..., Any] | None:
    """Return a function by its name, such as "exp", "linalg.det" or "np.diff"; None when there is none."""
    name = word.removeprefix("gw.").removeprefix("np.")
    if name in _CREATION:
        return _CREATION[name]
    for prefix, module in (("", functions), ("linalg.", linalg), ("special.", special)):
        if name.removeprefix(prefix) in module.__all__:
            return getattr(module, name.removeprefix(prefix))
    return find_numpy(name)


def names() -> list[str]:
    """Return the names of all functions, for who looks for one that is like a word."""
    return sorted({*functions.__all__, *linalg.__all__, *special.__all__, *_CREATION})
