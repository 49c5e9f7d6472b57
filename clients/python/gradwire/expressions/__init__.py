"""Formulas written as text: ``gw.expression("mean((x @ w - y)**2)", x=("batch", 3), w=3, y="batch")``.

They are read here, by a parser of our own that never evaluates Python; what it makes are ordinary values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from gradwire.building import variable
from gradwire.errors import GradwireError
from gradwire.expressions.parser import parse
from gradwire.graph import Graph
from gradwire.values import Constant, Value

__all__ = ["GradwireError", "as_graph", "expression"]

Meaning = Value | npt.NDArray[Any] | int | str | Sequence[int | str]
"""What a name in a formula stands for: a value, an array that is fixed, or a new variable, told by its shape."""


def expression(text: str, /, **names: Meaning) -> Value:
    """Read a formula that is written as text; return its value.

    Numbers, names, ``+ - * / // % ** @``, comparisons, ``& | ~``, parentheses, ``x[1:, 0]``, ``x.T``, and every
    function of `gw` as Python has them: ``sum(x, axis=0)``. Statements are parted by ``;`` or lines; ``u = x @ w``
    gives a value its name, by which gradients know it; the last statement is what is returned. `pi`, `e`, `inf`,
    `nan`, `true`, `false` and `none` are known, unless the names mean otherwise.

    >>> loss = gw.expression("p = sigmoid(x @ w); -mean(log(where(y > 0, p, 1 - p)))", x=("n", 30), w=30, y="n")

    Args:
        text: the formula.
        names: for each name a value; an array, which is fixed; or the shape of a new float64 variable, as
            `gw.variable` takes it.

    Raises: TextSyntaxError with line, column and remedy; ShapeError when shapes can't fit.
    """
    return parse(text, {name: _value(name, meaning) for name, meaning in names.items()})


def _value(name: str, meaning: Meaning) -> Value:
    if isinstance(meaning, Value):
        return meaning
    return Constant(meaning) if isinstance(meaning, np.ndarray) else variable(name, meaning)


def as_graph(text: str, variables: Mapping[str, tuple[Sequence[int | str], str]]) -> Graph:
    """Read a formula; return it as a graph whose output bears the name that the formula gives it, or "result".

    Args:
        text: the formula, as `expression` takes it.
        variables: shape and element type, by name.

    Raises: TextSyntaxError with line, column and remedy; ShapeError when shapes can't fit.
    """
    declared = {name: variable(name, shape, element_type) for name, (shape, element_type) in variables.items()}
    return Graph(parse(text, declared), variables=declared.values())
