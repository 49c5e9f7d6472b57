"""Composites of the user: a graph inside the graph, used like an op.

>>> @gw.composite
... def dense(x, w, b):
...     return gw.name("y", gw.tanh(x @ w + b))
>>> h = gw.name("layer1", dense(x, w1, b1))  # the value inside is `layer1/y`
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import update_wrapper
from types import MappingProxyType
from typing import Any, ParamSpec, TypeVar, overload

import numpy as np

from gradwire.building import check_name
from gradwire.errors import TracingError
from gradwire.structures import leaves, replaced
from gradwire.values import NO_ATTRIBUTES, Constant, Output, Value, Variable, ancestors

P = ParamSpec("P")
R = TypeVar("R")


class Composite:
    """A graph that blocks use like an op.

    Attributes:
        name: what it is called; a graph may number it.
        variables: what stands for its inputs, in order.
        outputs: its values, by name.
        stand_ins: variables that stand for values of the graph around it, by the serials of these.
    """

    def __init__(
        self,
        name: str,
        variables: Sequence[Variable],
        outputs: Mapping[str, Value],
        stand_ins: Mapping[int, Variable] = MappingProxyType({}),
    ) -> None:
        self.name = name
        self.variables = tuple(variables)
        self.outputs = dict(outputs)
        self.stand_ins = stand_ins
        if not outputs:
            raise TracingError(f"composite {name!r} returns nothing; return a value, or several in a tuple or dict")
        known = {x.serial for x in variables}
        for value in ancestors(outputs.values(), stand_ins):
            if isinstance(value, Variable) and value.serial not in known:
                raise TracingError(
                    f"composite {name!r} uses {value!r} of the graph around it, but sees its inputs alone; "
                    "make it an argument"
                )

    def use(self, inputs: Sequence[Value]) -> dict[str, Value]:
        """Return the values of a new block, by the names of the outputs."""
        (first, like), *others = self.outputs.items()
        block = CompositeBlock(self, tuple(inputs), like)
        more = {name: Output(block, i, x.known_shape, x.known_element_type) for i, (name, x) in enumerate(others, 1)}
        return {first: block, **more}


class CompositeBlock(Value):
    """One use of a composite; as a value it is the first that the composite yields.

    Attributes:
        composite: what it uses.
    """

    __slots__ = ("composite",)

    def __init__(self, composite: Composite, inputs: tuple[Value, ...], like: Value) -> None:
        super().__init__(composite.name, inputs, NO_ATTRIBUTES, like.known_shape, like.known_element_type)
        self.composite = composite


@overload
def composite(function: Callable[P, R], /, *, name: str = "") -> Callable[P, R]: ...
@overload
def composite(*, name: str) -> Callable[[Callable[P, R]], Callable[P, R]]: ...


def composite(function: Any = None, /, *, name: str = "") -> Any:
    """Make a composite of a function of values, as a decorator or as a function.

    Each use is one block. Its inputs are the values and arrays among the arguments, also those in dicts, lists and
    tuples. All other arguments, such as numbers and texts, are built in: other ones make another composite, as do
    inputs of another type.

    Args:
        function: makes values of values; it returns a value, or several in a tuple, list or dict.
        name: what the composite is called. Default: the function's name.

    Raises: TracingError where it is used, when the type of an input is not known, or the function takes a value of the
        graph around it.
    """
    if function is None:
        return lambda function: composite(function, name=name)
    title = check_name(name or function.__name__, "a composite")
    signature = inspect.signature(function)
    made: dict[object, tuple[Composite, Any]] = {}

    def use(*arguments: Any, **options: Any) -> Any:
        bound = signature.bind(*arguments, **options)
        inputs: dict[str, Value] = {}
        built_in: list[tuple[str, object]] = []
        for key, leaf in leaves(bound.arguments):
            if isinstance(leaf, Value | np.ndarray):
                inputs[key] = leaf if isinstance(leaf, Value) else Constant(leaf)
            else:
                built_in.append((key, tuple(leaf) if isinstance(leaf, list) else leaf))
        types = tuple((key, x.shape, x.dtype.name) for key, x in inputs.items())
        kind = (types, tuple(built_in))
        if kind not in made:
            variables = {key: Variable(key, shape, element_type) for key, shape, element_type in types}
            bound.arguments.update(replaced(bound.arguments, variables))
            result = function(*bound.args, **bound.kwargs)
            outputs = {key: as_value(x, title) for key, x in leaves(result, "y")}
            made[kind] = Composite(title, list(variables.values()), outputs), result
        definition, result = made[kind]
        return replaced(result, definition.use(list(inputs.values())), "y")

    return update_wrapper(use, function)


def as_value(result: object, name: str) -> Value:
    """Return what a function of values returned, as a value.

    Raises: TracingError when it can't be one.
    """
    if isinstance(result, Value):
        return result
    if isinstance(result, int | float | list | tuple | np.ndarray | np.generic):
        return Constant(result)
    raise TracingError(f"{name!r} returned {result!r}; return a value, or several in a tuple or dict")
