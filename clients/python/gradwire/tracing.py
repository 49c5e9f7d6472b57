"""Ordinary NumPy code as a graph: it is run once, on values instead of arrays.

>>> @gw.function
... def rosenbrock(x):
...     return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)
>>> service.gradient(rosenbrock, {"x": x})
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping
from functools import update_wrapper
from typing import Any, Generic, ParamSpec, TypeVar
from weakref import WeakKeyDictionary

import numpy as np

from gradwire.building import check_name
from gradwire.composites import as_value
from gradwire.errors import TracingError
from gradwire.graph import Graph
from gradwire.structures import leaves, replaced
from gradwire.tensors import TensorRef, as_array
from gradwire.values import Variable

P = ParamSpec("P")
R = TypeVar("R")

Feeds = Mapping[str, Any]
"""What is fed, by name; functions may be fed dicts, lists and tuples of arrays."""


class Function(Generic[P, R]):
    """A function of arrays that can be sent to a server.

    Called with arrays it is the plain function; called with values, inside another one, it becomes a part of that.
    """

    def __init__(self, function: Callable[P, R]) -> None:
        self._function = function
        self._signature = inspect.signature(function)
        self._graphs: dict[object, Graph] = {}
        update_wrapper(self, function)

    def __call__(self, *arguments: P.args, **options: P.kwargs) -> R:
        return self._function(*arguments, **options)

    def __repr__(self) -> str:
        return f"<function {self.title}{self._signature}, to be traced>"

    @property
    def title(self) -> str:
        """The name of the function, or "function" for one without."""
        name = getattr(self._function, "__name__", "")
        return name if name.isidentifier() else "function"

    @property
    def parameters(self) -> list[str]:
        """Names of the parameters, in order."""
        return list(self._signature.parameters)

    def trace(self, inputs: Feeds, rows: Collection[str] = ()) -> tuple[Graph, dict[str, Any]]:
        """Return the graph for arguments of these types, and what to feed it. It is traced once for each of them.

        Arrays, floating numbers and lists of numbers become variables, float64 but for arrays, which keep their element
        type. All else, such as integers, texts and None, is built in.

        Args:
            inputs: arguments by the names of the parameters.
            rows: names of arguments whose first axis is the dimension "batch", of any length at each run.

        Raises: TypeError when arguments are missing or unknown; TracingError for what a graph can't hold.
        """
        self._check(inputs)
        bound = inspect.BoundArguments(
            self._signature, {name: inputs[name] for name in self._signature.parameters if name in inputs}
        )
        feeds: dict[str, Any] = {}
        built_in: list[tuple[str, object]] = []
        for name, leaf in leaves(bound.arguments):
            if isinstance(leaf, np.ndarray | np.generic | float | list | tuple | TensorRef):
                feeds[name] = leaf if isinstance(leaf, TensorRef) else as_array(leaf, "float64")
            else:
                built_in.append((name, leaf))
        types = tuple(
            (name, ("batch", *x.shape[1:]) if name in rows else x.shape, x.dtype.name) for name, x in feeds.items()
        )
        key = (types, tuple(built_in))
        graph = self._graphs.get(key)
        if graph is None:
            variables = {name: Variable(name, shape, element_type) for name, shape, element_type in types}
            bound.arguments.update(replaced(bound.arguments, variables))
            try:
                result = self._function(*bound.args, **bound.kwargs)
            except ValueError as error:  # `array[0] = value`: NumPy hides why the value is no number
                raise error.__cause__ if isinstance(error.__cause__, TracingError) else error from None
            outputs = {
                check_name(name or "result", "an output"): as_value(x, self.title)
                for name, x in leaves(result, "" if isinstance(result, Mapping) else "result")
            }
            if not outputs:
                raise TracingError(f"{self.title} returned nothing; return a value, or several in a tuple or dict")
            graph = self._graphs[key] = Graph(outputs, name=self.title, variables=variables.values())
        return graph, feeds

    def _check(self, inputs: Feeds) -> None:
        parameters = self._signature.parameters
        unknown = [name for name in inputs if name not in parameters]
        if unknown:
            raise TypeError(f"{self.title} has no parameter {unknown[0]!r}; it has: {', '.join(parameters)}")
        for name, parameter in parameters.items():
            optional = parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
            if name not in inputs and parameter.default is parameter.empty and not optional:
                raise TypeError(f"{self.title} needs {name!r}; feed it among the inputs")


def function(function: Callable[P, R]) -> Function[P, R]:
    """Make a plain function of arrays one that can be sent; a decorator.

    The function is traced for arguments of each new type (shapes and element types), so an `if` on a shape is fine, one
    on a value is not: use `np.where`.
    """
    return Function(function)


_functions: WeakKeyDictionary[Callable[..., Any], Function[..., Any]] = WeakKeyDictionary()


def as_function(function: Callable[..., Any]) -> Function[..., Any]:
    """Return the traceable form of a plain function, the same one each time."""
    if isinstance(function, Function):
        return function
    found = _functions.get(function)
    if found is None:
        found = _functions[function] = Function(function)
    return found
