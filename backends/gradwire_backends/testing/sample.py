"""One use of an op that every backend is tried on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gradwire_service.graph import Array, ElementType
from gradwire_service.ops import FlatGraph, Value, variable
from gradwire_service.ops.base import apply


@dataclass(frozen=True, eq=False)
class Sample:
    """An op at a point.

    Attributes:
        op: name of the op or composite.
        inputs: arrays, one for each input.
        attributes: settings of the op.
        expected: the value by an independent source (NumPy, SciPy, mpmath, a closed form): a function of the inputs.
        label: what is special about the point, such as "empty", "broadcast", "at the kink".
        result: which result is meant, of an op with several.
        smooth: whether the op has a finite derivative here with respect to every floating input, in a neighbourhood,
            so that differences and complex steps must agree with it.
    """

    op: str
    inputs: tuple[Array, ...]
    expected: Callable[..., Any]
    attributes: Mapping[str, Any] = field(default_factory=dict)
    label: str = ""
    smooth: bool = True
    result: int = 0

    def __str__(self) -> str:
        types = ",".join(f"{x.dtype}{list(x.shape)}".replace(" ", "") for x in self.inputs)
        attributes = ",".join(f"{name}={value}" for name, value in self.attributes.items()).replace(" ", "")
        result = f"result{self.result}" if self.result else ""
        return "-".join(filter(None, (self.op, types, attributes, result, self.label)))

    @property
    def tensors(self) -> dict[str, Array]:
        """The inputs by the names of the graph's variables, ``x0``, ``x1``, …."""
        return {f"x{i}": x for i, x in enumerate(self.inputs)}

    def value(self) -> Value:
        """Return the op, or the one of its results that is meant, applied to variables ``x0``, ``x1``, …."""
        xs = (variable(name, x.shape, ElementType.of(x.dtype)) for name, x in self.tensors.items())
        found = apply(self.op, *xs, **self.attributes)
        return found[self.result] if isinstance(found, tuple) else found

    def graph(self) -> FlatGraph:
        """Return the flat graph whose output ``y`` is the value."""
        return FlatGraph.of({"y": self.value()})

    def expected_value(self) -> Array:
        """Return the value by the independent source."""
        with np.errstate(all="ignore"):
            return np.asarray(self.expected(*self.inputs))
