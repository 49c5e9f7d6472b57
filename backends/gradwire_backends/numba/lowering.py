"""What element-wise ops are in generated source: a fragment for each op and kind of elements.

An op without a fragment is evaluated by NumPy between kernels, so that a new op works before it has one here. Python's
operators and `select` work in float64 and float32 alike; of functions there are two.
"""

from __future__ import annotations

import platform
from functools import singledispatch

from gradwire_backends.numba import special
from gradwire_backends.numba.own_ops import Copy
from gradwire_service.graph import BOOL, FLOAT64, INT32, ElementType
from gradwire_service.ops.arithmetic import IntegerPow
from gradwire_service.ops.base import Elementwise, Op, Value
from gradwire_service.ops.bessel import BesselI
from gradwire_service.ops.conversion import AsType
from gradwire_service.ops.gamma import Polygamma
from gradwire_service.ops.piecewise import Where
from gradwire_service.ops.special import ScaledBessel

FUNCTIONS = frozenset(
    "exp expm1 log log1p tanh sigmoid softplus log_sigmoid exp_difference"
    " sin cos tan asin acos atan atan2 sinh cosh erf power"
    " log2 log10 asinh acosh atanh cbrt erfc hypot direction logaddexp exp_share"
    " xlogy xlog1py floor_divide remainder fmod".split()
)
"""Ops that are functions in `mathematics`, by the same name."""

BY_GAMMA = frozenset(("betaln", "betalnf", "gamma_density", "beta_density"))
"""Functions in `mathematics` that are written with the logarithm of the gamma function."""

SHORT_POWERS = {3: "{0} * {0} * {0}", 4: "({0} * {0}) * ({0} * {0})", 5: "({0} * {0}) * ({0} * {0}) * {0}"}
"""Powers that are within 4 ulp as products."""

HIGHEST_POLYGAMMA = 4
"""Derivatives of the digamma function that `mathematics` has."""

X86 = ("x86_64", "amd64")

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
    "fmax": "select(({0} >= {1}) | ({1} != {1}), {0}, {1})",
    "fmin": "select(({0} <= {1}) | ({1} != {1}), {0}, {1})",
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
    "floor_divide": "whole_floor_divide(int64({0}), int64({1}))",
    "remainder": "whole_remainder(int64({0}), int64({1}))",
    "fmod": "whole_fmod(int64({0}), int64({1}))",
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
        return called(name_of(op.name, kind), len(kinds))
    if op.name in special.FUNCTIONS or op.name in BY_GAMMA:
        return special_function(op.name, kind, len(kinds))
    table = FLOATING if kind.is_floating else BOOLEAN if kind is BOOL else INTEGER
    return table.get(op.name)


def called(name: str, inputs: int) -> str:
    """Return the fragment that calls a function."""
    return f"{name}({', '.join(f'{{{i}}}' for i in range(inputs))})"


def name_of(function: str, kind: ElementType) -> str:
    """Return what a function is called in source: of float32 as in C, with an f at the end."""
    return function if kind is FLOAT64 else f"{function}f"


def special_function(name: str, kind: ElementType, inputs: int) -> str | None:
    """Return the fragment of a function that SciPy has, of float64 where it has no other; None where it lacks it."""
    own = name_of(name, kind)
    if own not in special.FUNCTIONS and own not in BY_GAMMA:
        inner = special_function(name, FLOAT64, inputs)
        return None if inner is None else f"float32({inner.format(*(f'float64({{{i}}})' for i in range(inputs)))})"
    return None if special.address("lgamma" if own in BY_GAMMA else own) is None else called(own, inputs)


@lower.register
def _(op: Copy, result: ElementType, *kinds: ElementType) -> str:
    return "{0}"


@lower.register
def _(op: Where, result: ElementType, *kinds: ElementType) -> str:
    return "select({0}, {1}, {2})"


@lower.register
def _(op: IntegerPow, result: ElementType, *kinds: ElementType) -> str | None:
    if not result.is_floating:
        return f"whole_power(int64({{0}}), {op.n})"
    if op.n in SHORT_POWERS:
        return SHORT_POWERS[op.n]
    return f"{name_of('power', result)}({{0}}, {result}({op.n}))"


@lower.register
def _(op: BesselI, result: ElementType, *kinds: ElementType) -> str | None:
    if special.address("bessel_i") is None:
        return None
    return f"{result}(bessel_i(float64({op.n}), float64({{0}})))"


@lower.register
def _(op: ScaledBessel, result: ElementType, *kinds: ElementType) -> str | None:
    if special.address("ive") is None:
        return None
    return f"{result}(scaled_bessel(float64({{0}}), {op.n}, {op.order}))"


@lower.register
def _(op: Polygamma, result: ElementType, *kinds: ElementType) -> str | None:
    if not 1 <= op.n <= HIGHEST_POLYGAMMA:
        return None
    return f"{result}(polygamma{op.n}(float64({{0}})))"


@lower.register
def _(op: AsType, result: ElementType, *kinds: ElementType) -> str | None:
    (kind,) = kinds
    if result is BOOL:
        return "{0} != 0"
    if kind.is_floating and not result.is_floating:
        if platform.machine().lower() not in X86:
            return None  # what becomes of NaN and of large numbers depends on the processor: NumPy's choice counts
        return "short_whole({0})" if result is INT32 else "whole({0})"
    return f"{result}({{0}})"
