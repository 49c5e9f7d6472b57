"""Every op as a function of values, numbers and arrays, under its array-API name.

Written by `generate_functions.py` from the registries of the service; not to be edited.
"""

from __future__ import annotations

from collections.abc import Sequence

from gradwire.signatures import ElementTypeLike
from gradwire.values import Operand, Value, apply

__all__ = (
    "add",
    "divide",
    "full",
    "masked_multiply",
    "multiply",
    "negative",
    "power",
    "reciprocal",
    "square",
    "subtract",
)


def add(a: Operand, b: Operand) -> Value:
    """Sum, y = a + b.

    Shapes: a and b broadcast, y has their shape.
    Units: a, b and y share one.
    Source: Python array API standard, `add`.
    """
    return apply("add", a, b)


def divide(a: Operand, b: Operand) -> Value:
    """Quotient, y = a / b; that of integers is float64.

    Shapes: a and b broadcast, y has their shape.
    Units: y has the quotient of those of a and b.
    Kinks: at b = 0 the partials are the one-sided limits, ±inf or NaN.
    Source: Python array API standard, `divide`.
    """
    return apply("divide", a, b)


def full(shape: int | str | Sequence[int | str], value: float, dtype: ElementTypeLike = "float64") -> Value:
    """One number, repeated: y[i] = value.

    Shapes: y has the shape that is asked for.
    Units: those of the value.
    Source: Python array API standard, `full`.
    """
    return apply("full", shape=shape, value=value, element_type=dtype)


def masked_multiply(a: Operand, b: Operand) -> Value:
    """Product in which zero wins, y = a b, and y = 0 where a = 0, even if b is infinite or NaN.

    The rules of singular ops use it: where the sensitivity a that flows in is zero, nothing flows on. This is what
    keeps the NaN of a branch that `where` did not take out of the gradient.

    Shapes: a and b broadcast, y has their shape.
    Units: y has the product of those of a and b.
    Source: TensorFlow, `multiply_no_nan`, with the roles of a and b changed.
    """
    return apply("masked_multiply", a, b)


def multiply(a: Operand, b: Operand) -> Value:
    """Product, y = a b.

    Shapes: a and b broadcast, y has their shape.
    Units: y has the product of those of a and b.
    Source: Python array API standard, `multiply`.
    """
    return apply("multiply", a, b)


def negative(x: Operand) -> Value:
    """Negation, y = -x.

    Shapes: x is [...], y is [...].
    Units: those of x.
    Source: Python array API standard, `negative`.
    """
    return apply("negative", x)


def power(a: Operand, b: Operand) -> Value:
    """Power, y = a^b; a power by the constant 2 is computed as a square, by -1 as a reciprocal.

    Shapes: a and b broadcast, y has their shape.
    Units: a and b dimensionless, unless b is constant.
    Kinks: ∂y/∂a = 0 where b = 0, also at a = 0; ∂y/∂b = 0 where a = 0 and b ≥ 0; ∂y/∂b = NaN where a < 0.
    Source: Python array API standard, `pow`; the derivatives at 0 as in autograd.
    """
    return apply("power", a, b)


def reciprocal(x: Operand) -> Value:
    """Reciprocal, y = 1 / x.

    Shapes: x is [...], y is [...].
    Units: the reciprocal of those of x.
    Kinks: at x = 0 the derivative is -inf, the limit from both sides.
    Source: Python array API standard, `reciprocal`.
    """
    return apply("reciprocal", x)


def square(x: Operand) -> Value:
    """Square, y = x².

    Shapes: x is [...], y is [...].
    Units: the square of those of x.
    Source: Python array API standard, `square`.
    """
    return apply("square", x)


def subtract(a: Operand, b: Operand) -> Value:
    """Difference, y = a - b.

    Shapes: a and b broadcast, y has their shape.
    Units: a, b and y share one.
    Source: Python array API standard, `subtract`.
    """
    return apply("subtract", a, b)
