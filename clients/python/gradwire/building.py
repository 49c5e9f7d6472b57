"""Where formulas begin: variables, constants, and names for what is made of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy.typing as npt

from gradwire.signatures import element_type_name
from gradwire.values import Constant, Output, Value, Variable

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]{0,127}", re.ASCII)


def variable(
    name: str, shape: int | str | Sequence[int | str] = (), element_type: object = "float64", documentation: str = ""
) -> Variable:
    """Make a value that is fed at each run.

    Args:
        name: what it is fed by.
        shape: for each axis a number, or the name of a dimension that gets its size at each run, such as ``"batch"``.
        element_type: "float64", "float32", "int64", "int32" or "bool"; NumPy's dtypes serve as well.
        documentation: what it stands for, and its unit.

    Raises: ValueError when a name is not one, or a size is negative.
    """
    dimensions = [shape] if isinstance(shape, str | int) else list(shape)
    sizes = tuple(check_name(size, "a dimension") if isinstance(size, str) else int(size) for size in dimensions)
    if any(isinstance(size, int) and size < 0 for size in sizes):
        raise ValueError(f"variable {name!r} has a negative size: {list(sizes)}; give a free dimension a name")
    return Variable(check_name(name, "a variable"), sizes, element_type_name(element_type), documentation)


def constant(value: npt.ArrayLike, element_type: object = None) -> Constant:
    """Make a value that is fixed in the graph, of anything that NumPy takes for an array; the elements are copied.

    Raises: TypeError when it has elements of a type that Gradwire does not have.
    """
    return Constant(value, element_type)


def name(label: str, value: Any) -> Value:
    """Give a value the name by which gradients, drawings and messages know it; return it.

    Raises: ValueError when the value has another name already, or the name is not one.
    """
    found = value if isinstance(value, Value) else Constant(value)
    if isinstance(found, Output):
        raise ValueError(f"the values of a block are named after the block; name its first one, not {found.index}")
    if found.label not in ("", label):
        raise ValueError(f"{found!r} is already called {found.label!r}; a value has one name")
    found.label = check_name(label, "a value")
    return found


def check_name(name: str, what: str) -> str:
    """Return a name if it is one.

    Raises: ValueError.
    """
    if not _NAME.fullmatch(name):
        rule = "a name is a letter or _, then at most 127 letters, digits or _ . / -"
        raise ValueError(f"{what} can't be called {name!r}: {rule}")
    return name
