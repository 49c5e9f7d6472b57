"""A graph, or a function, as an objective: from a vector to a number and its gradient, as SciPy takes it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from gradwire.core import Core, Plan, Source
from gradwire.execution import Options
from gradwire.graph import Graph
from gradwire.plans.queries import ask
from gradwire.query import Name, Names, gradient, names
from gradwire.results import GradientResult
from gradwire.tensors import Array
from gradwire.tracing import as_function


class Objective:
    """What is to be minimized, over which values, with what else fixed.

    >>> objective.at(core, x, *arguments)  # a plan for (value, gradient)
    """

    def __init__(
        self, source: Source, of: Name, wrt: Names, inputs: Mapping[str, Any] | None, options: Options
    ) -> None:
        """Settle what is fed.

        Args:
            source: a graph, its text form, or a function of arrays.
            of: name of a scalar; empty: the only output.
            wrt: names of the variables that move; empty: the first that is not among the inputs.
            inputs: what stays the same, by name.
            options: how to run.

        Raises: ValueError when it can't be told which variables move.
        """
        self.source = source
        self.of = of
        self.inputs = dict(inputs or {})
        self.options = options
        declared: dict[str, tuple[Any, ...] | None]
        if isinstance(source, Graph):
            declared = {name: x.shape for name, x in source.variables.items()}
        elif isinstance(source, str):
            declared = {}
        else:
            declared = dict.fromkeys(as_function(source).parameters)
        free = [name for name in declared if name not in self.inputs]
        self.wrt = names(source if isinstance(source, Graph | str) else "", wrt) or tuple(free[:1])
        self.arguments = [name for name in free if name not in self.wrt]
        if not self.wrt:
            raise ValueError("say which variable moves: wrt=[…]")
        shapes = [declared.get(name) for name in self.wrt]
        known = all(shape is not None and all(isinstance(size, int) for size in shape) for shape in shapes)
        self.shapes = shapes if known else None
        if len(self.wrt) > 1 and not known:
            raise ValueError(f"{', '.join(self.wrt)} can't be packed in one vector: not all of their sizes are numbers")
        self._query = [gradient(of, self.wrt)]

    def feeds(self, x: npt.ArrayLike, arguments: tuple[Any, ...]) -> dict[str, Any]:
        """Return what to feed: the parts of the vector, the arguments in the order of the variables, and the inputs."""
        if len(arguments) > len(self.arguments):
            known = ", ".join(self.arguments) or "none"
            raise TypeError(f"{len(arguments)} arguments were given besides the vector; there are: {known}")
        point = np.asarray(x, np.float64)
        feeds = {**self.inputs, **dict(zip(self.arguments, arguments, strict=False))}
        if self.shapes is None:
            feeds[self.wrt[0]] = point
            return feeds
        ends = np.cumsum([math.prod(shape) for shape in self.shapes if shape is not None])
        if point.size != ends[-1]:
            raise ValueError(f"the vector has {point.size} elements; {', '.join(self.wrt)} have {ends[-1]}")
        for name, shape, part in zip(self.wrt, self.shapes, np.split(point.ravel(), ends[:-1]), strict=True):
            feeds[name] = part.reshape(shape or ())
        return feeds

    def at(self, core: Core, x: npt.ArrayLike, *arguments: Any) -> Plan[tuple[float, Array]]:
        """Return value and gradient, the gradient in the shape of the vector."""
        found = yield from ask(core, self.source, self.feeds(x, arguments), self._query, self.options)
        answer = found.answers[0]
        assert isinstance(answer, GradientResult)
        parts = [answer.gradients[name] for name in self.wrt]
        whole = parts[0] if len(parts) == 1 else np.concatenate([part.ravel() for part in parts])
        return float(answer.value), whole.reshape(np.shape(x))
