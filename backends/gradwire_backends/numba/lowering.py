"""What element-wise ops are in generated source: a fragment for each op and kind of elements.

An op without a fragment is evaluated by NumPy between kernels, so that a new op works before it has one here. Python's
operators and `select` work in float64 and float32 alike; of functions there are two.
"""

from __future__ import annotations

from functools import singledispatch

from gradwire_backends.numba.own_ops import Copy
from gradwire_service.graph import BOOL, FLOAT64, INT32, ElementType
from gradwire_service.ops.arithmetic import IntegerPow
from gradwire_service.ops.base import Elementwise, Op, Value
from gradwire_service.ops.conversion import AsType
from gradwire_service.ops.piecewise import Where

FUNCTIONS = frozenset(
    "exp expm1 log log1p tanh sigmoid softplus log_sigmoid exp_difference"
    " sin cos tan asin acos atan atan2 sinh cosh erf power"
    " log2 log10 asinh acosh atanh cbrt erfc hypot direction logaddexp exp_share".split()
)
"""Ops that are functions in `mathematics`, by the same name."""

COMPARISONS = {
    "equal": "{0} == {1}",
    "not_equal": "{0} != {1}",
    "less": "{0} < {1}",
    "less_equal": "{0} <= {1}",
    "greater": "{0} > {1}",
    "greater_equal": "{0} >= {1}",
}

ARITHMETIC = {
    "add": "{0} + {1}",
    "subtract": "{0} - {1}",
    "multiply": "{0} * {1}",
    "negative": "-{0}",
    "square": "{0} * {0}",
    "masked_multiply": "select({0} == like({0}, 0), like({0}, 0), {0} * {1})",
}

FLOATING = {
    **ARITHMETIC,
    **COMPARISONS,
    "divide": "{0} / {1}",
    "reciprocal": "like({0}, 1) / {0}",
    "sqrt": "sqrt({0})",
    "rsqrt": "like({0}, 1) / sqrt({0})",
    "floor": "floor({0})",
    "ceil": "ceil({0})",
    "round": "rint({0})",
    "trunc": "trunc({0})",
    "copysign": "copysign({0}, {1})",
    "isnan": "{0} != {0}",
    "isinf": "({0} == {0}) & ({0} - {0} != {0} - {0})",
    "isfinite": "{0} - {0} == {0} - {0}",
    "abs": "fabs({0})",
    "sign": "select({0} == like({0}, 0), like({0}, 0), select({0} != {0}, {0}, copysign(like({0}, 1), {0})))",
    "maximum": "maximum({0}, {1})",
    "minimum": "minimum({0}, {1})",
}

INTEGER = {
    **ARITHMETIC,
    **COMPARISONS,
    "divide": "float64({0}) / float64({1})",
    "floor": "{0}",
    "ceil": "{0}",
    "round": "{0}",
    "trunc": "{0}",
    "isnan": "{0} != {0}",
    "isinf": "{0} != {0}",
    "isfinite": "{0} == {0}",
    "abs": "select({0} < 0, -{0}, {0})",
    "sign": "int64({0} > 0) - int64({0} < 0)",
    "maximum": "select({0} >= {1}, {0}, {1})",
    "minimum": "select({0} <= {1}, {0}, {1})",
}

BOOLEAN = {
    "equal": "{0} == {1}",
    "not_equal": "{0} != {1}",
    "logical_and": "{0} & {1}",
    "logical_or": "{0} | {1}",
    "logical_xor": "{0} ^ {1}",
    "logical_not": "{0} == 0",
}


def fragment(value: Value) -> str | None:
    """Return the source of an element, with ``{0}``, ``{1}`` for those of the inputs; None when there is none."""
    kinds = [x.element_type for x in value.inputs]
    text = lower(value.op, value.element_type, *kinds)
    # Integers are 64 bits wide in source.
    return f"int32({text})" if text is not None and value.element_type is INT32 else text


@singledispatch
def lower(op: Op, result: ElementType, *kinds: ElementType) -> str | None:
    """Return the fragment of an op for these kinds of elements."""
    kind = kinds[0] if kinds else result
    if not isinstance(op, Elementwise):
        return None
    if kind.is_floating and op.name in FUNCTIONS:
        return f"{function(op.name, kind)}({', '.join(f'{{{i}}}' for i in range(len(kinds)))})"
    table = FLOATING if kind.is_floating else BOOLEAN if kind is BOOL else INTEGER
    return table.get(op.name)


def function(name: str, kind: ElementType) -> str:
    """Return what a function is called in source: of float32 as in C, with an f at the end."""
    return name if kind is FLOAT64 else f"{name}f"


@lower.register
def _(op: Copy, result: ElementType, *kinds: ElementType) -> str:
    return "{0}"


@lower.register
def _(op: Where, result: ElementType, *kinds: ElementType) -> str:
    return "select({0}, {1}, {2})"


@lower.register
def _(op: IntegerPow, result: ElementType, *kinds: ElementType) -> str | None:
    if not result.is_floating:
        return None
    return f"{function('power', result)}({{0}}, {result}({op.n}))"


@lower.register
def _(op: AsType, result: ElementType, *kinds: ElementType) -> str | None:
    (kind,) = kinds
    if result is BOOL:
        return "{0} != 0"
    if kind.is_floating and not result.is_floating:
        return None  # what becomes of NaN and of large numbers depends on the instruction: NumPy's choice counts
    return f"{result}({{0}})"
