"""What the client knows of an op: its inputs, its attributes, and how to read an attribute as people write it."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import numpy as np

ELEMENT_TYPES: Final = ("float64", "float32", "int64", "int32", "bool")
"""Element types by NumPy's names for them, the differentiable ones first."""

ElementTypeLike = str | type | np.dtype[Any]
"""An element type: by name, as a Python type, or as NumPy's dtype."""

REQUIRED: Final = object()
"""Stands for the default of an attribute that has none."""

Attribute = bool | int | float | str | tuple[int, ...] | tuple[float, ...] | tuple[int | str, ...]
"""What an attribute of a block may be, once it is read."""


class OpSignature(NamedTuple):
    """The inputs and attributes of an op.

    Attributes:
        inputs: names of the inputs, in order; of a variadic op the last one repeats.
        variadic: whether the last input may come once or any number of times.
        attributes: kind and default, by name.
        elementwise: whether the result has the shape that the inputs broadcast to.
        results: element type of each result; an empty one, or none at all: that of the inputs.
        floats: whether integers and booleans make float64.
        counts: whether booleans make int64.
        unpromoted: positions of inputs that have an element type of their own, such as the condition of `where`.
        outputs: number of results.
        outputs_like: the attribute that tells their number, or "inputs" if there are as many of these; "": `outputs`.
    """

    inputs: tuple[str, ...]
    variadic: bool = False
    attributes: Mapping[str, tuple[str, object]] = MappingProxyType({})
    elementwise: bool = False
    results: tuple[str, ...] = ()
    floats: bool = False
    counts: bool = False
    unpromoted: tuple[int, ...] = ()
    outputs: int = 1
    outputs_like: str = ""

    def value_count(self, attributes: Mapping[str, Attribute], inputs: int) -> int:
        """Return how many results a block has.

        Args:
            attributes: all settings of the block.
            inputs: number of its inputs.
        """
        told = inputs if self.outputs_like == "inputs" else attributes.get(self.outputs_like)
        return told if isinstance(told, int) else self.outputs


def element_type_name(value: object) -> str:
    """Return the name of an element type given by name, as a NumPy dtype, or as a Python type.

    Raises: TypeError when Gradwire has no such element type.
    """
    try:
        name: str = np.dtype(value).name  # type: ignore[call-overload]  # whatever NumPy takes for a dtype
    except TypeError:
        name = str(value)
    if name not in ELEMENT_TYPES:
        raise TypeError(f"{name} is no element type of Gradwire; there are {', '.join(ELEMENT_TYPES)}")
    return name


def _boolean(value: object) -> bool:
    if not isinstance(value, bool | np.bool_):
        raise TypeError("True or False")
    return bool(value)


def _integer(value: Any) -> int:
    if isinstance(value, bool):
        raise TypeError
    return operator.index(value)


def _real(value: Any) -> float:
    if isinstance(value, bool | str):
        raise TypeError
    return float(value)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _size(value: Any) -> int | str:
    return value if isinstance(value, str) else _integer(value)


def _several(read: Callable[[Any], Any]) -> Callable[[Any], tuple[Any, ...]]:
    def reader(value: Any) -> tuple[Any, ...]:
        is_list = isinstance(value, Iterable) and not isinstance(value, str)
        return tuple(map(read, value)) if is_list else (read(value),)

    return reader


# By kind, as `ops` of the catalog tells it: how to read it, and what to ask for. One item stands for a list of one.
_READERS: Mapping[str, tuple[Callable[[Any], Attribute], str]] = {
    "boolean": (_boolean, "True or False"),
    "integer": (_integer, "an integer"),
    "number": (_real, "a number"),
    "text": (_text, "a text"),
    "list of integers": (_several(_integer), "an integer or several"),
    "list of numbers": (_several(_real), "a number or several"),
    "list of sizes or names of dimensions": (_several(_size), "sizes, or names of dimensions"),
    "element type": (element_type_name, f"one of {', '.join(ELEMENT_TYPES)}"),
}


def read_attributes(
    op: str, signature: OpSignature, given: Mapping[str, object]
) -> tuple[dict[str, Attribute], dict[str, Attribute]]:
    """Read the attributes of a block.

    Returns: those that differ from their defaults; and all that are set, by default or not.
    Raises: TypeError when one is missing, unknown, or of the wrong type.
    """
    for name in given:
        if name not in signature.attributes:
            known = ", ".join(signature.attributes) or "none"
            raise TypeError(f"{op} has no attribute {name!r}; it has: {known}")
    stated: dict[str, Attribute] = {}
    settled: dict[str, Attribute] = {}
    for name, (kind, default) in signature.attributes.items():
        value = given.get(name, default)
        if value is REQUIRED:
            raise TypeError(f"{op} needs {name} ({kind})")
        if value is None and default is None:
            continue
        read, wanted = _READERS[kind]
        try:
            attribute = settled[name] = read(value)
        except (TypeError, ValueError):
            raise TypeError(f"{name} of {op} must be {wanted}, not {value!r}") from None
        if attribute != default or type(attribute) is not type(default):
            stated[name] = attribute
    return stated, settled
