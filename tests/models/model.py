"""A whole model, as a user writes it: a function of arrays, and a point where it is tried."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from types import ModuleType
from typing import Any

import numpy as np

import gradwire as gw
from gradwire_service.graph import Array


@dataclass(frozen=True, eq=False)
class Model:
    """A function of arrays that returns a number.

    Attributes:
        function: code for NumPy, which runs on arrays, and is traced.
        point: its arguments.
    """

    function: Callable[..., Any]
    point: dict[str, Any]

    def __str__(self) -> str:
        return self.function.__name__

    def __call__(self, moved: dict[str, Array] | None = None) -> float:
        """Run the plain function, by NumPy alone."""
        return float(self.function(**(self.point | (moved or {}))))

    @cached_property
    def graph(self) -> str:
        """What tracing makes of the function, as text."""
        return str(gw.function(self.function).trace(self.point)[0])

    @cached_property
    def feeds(self) -> dict[str, Array]:
        """The arguments that the graph takes."""
        return {name: x for name, x in self.point.items() if isinstance(x, np.ndarray)}

    @property
    def floating(self) -> dict[str, Array]:
        """The arguments that it is differentiated with respect to."""
        return {name: x for name, x in self.feeds.items() if x.dtype.kind == "f"}


def model(**point: Any) -> Callable[[Callable[..., Any]], Model]:
    """Make a function a model that is tried at a point; a decorator. Numbers with a fraction, too, are arrays."""
    arrays = {name: np.asarray(x) if isinstance(x, float | list) else x for name, x in point.items()}
    return lambda function: Model(function, arrays)


def models_of(modules: Iterable[ModuleType]) -> list[Model]:
    """Return the models that modules define."""
    return [x for module in modules for x in vars(module).values() if isinstance(x, Model)]
