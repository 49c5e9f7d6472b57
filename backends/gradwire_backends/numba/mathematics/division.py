"""Division with a remainder, and whole powers and numbers, bit for bit as NumPy has them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from numba import float32, float64, int32, int64, types

from gradwire_backends.numba.intrinsics import copysign, fabs, floor, fma, like, select, trunc
from gradwire_backends.numba.mathematics.lanes import Real, Whole, function_of, inlined, library

LARGEST_QUOTIENT = 2.0**53  # up to here a quotient rounds to its whole part, or to the next whole number
LOWEST, SHORT_LOWEST = -(2**63), -(2**31)

_library_fmod = library("fmod", inputs=2)


@inlined
def fmod(a: Real, b: Real) -> Real:
    """Return what a division leaves, exactly, with the sign of a."""
    size, unit = fabs(a), fabs(b)
    if size < unit:
        return a
    if size < unit * LARGEST_QUOTIENT:
        rest = fma(-trunc(size / unit), unit, size)
        return copysign(select(rest < 0.0, rest + unit, rest), a)
    return _library_fmod(a, b)


@inlined
def remainder(a: Real, b: Real) -> Real:
    """Return what a division leaves, with the sign of b."""
    return _turned(fmod(a, b), b)


@inlined
def floor_divide(a: Real, b: Real) -> Real:
    """Return a quotient rounded down."""
    return _quotient(a, b, fmod(a, b))


@inlined
def fmodf(a: Real, b: Real) -> Real:
    """Return what a division of float32 leaves, exactly, with the sign of a."""
    return float32(fmod(float64(a), float64(b)))


@inlined
def remainderf(a: Real, b: Real) -> Real:
    """Return what a division of float32 leaves, with the sign of b."""
    return _turned(fmodf(a, b), b)


@inlined
def floor_dividef(a: Real, b: Real) -> Real:
    """Return a quotient of float32 rounded down."""
    return _quotient(a, b, fmodf(a, b))


@inlined
def _is_opposite(rest: Real, b: Real) -> Real:
    zero = like(b, 0)
    return (rest != zero) & ((b < zero) != (rest < zero))


@inlined
def _turned(rest: Real, b: Real) -> Real:
    """Return what is left with the sign of b, of what is left with the sign of the dividend."""
    turned = select(_is_opposite(rest, b), rest + b, rest)
    return select(rest == like(b, 0), copysign(rest, b), turned)


@inlined
def _quotient(a: Real, b: Real, rest: Real) -> Real:
    """Return a quotient rounded down, by the steps and roundings that NumPy takes."""
    zero, one = like(b, 0), like(b, 1)
    exact = (a - rest) / b - select(_is_opposite(rest, b), one, zero)
    down = floor(exact)
    down = down + select(exact - down > one / like(b, 2), one, zero)
    return select(b == zero, a / b, select(exact == zero, copysign(zero, a / b), down))


def _divided(context: Any, builder: Any, signature: Any, arguments: Sequence[Any]) -> Any:
    return builder.sdiv(*arguments)


_divided_towards_zero = function_of(types.int64, 2, _divided)
"""The processor's division, which stops the process where b = 0, and where the quotient does not fit."""


@inlined
def _whole_quotient(a: Whole, b: Whole) -> Whole:
    """Return a quotient rounded towards zero; the greatest negative number by -1 is itself."""
    harmless = select((b == 0) | (b == -1), like(b, 1), b)
    return select(b == -1, -a, _divided_towards_zero(a, harmless))


@inlined
def whole_fmod(a: Whole, b: Whole) -> Whole:
    """Return what a division leaves, with the sign of a; 0 where b = 0."""
    return select(b == 0, like(b, 0), a - _whole_quotient(a, b) * b)


@inlined
def whole_remainder(a: Whole, b: Whole) -> Whole:
    """Return what a division leaves, with the sign of b; 0 where b = 0."""
    rest = whole_fmod(a, b)
    return rest + select((rest != 0) & ((rest < 0) != (b < 0)), b, like(b, 0))


@inlined
def whole_floor_divide(a: Whole, b: Whole) -> Whole:
    """Return a quotient rounded down; 0 where b = 0."""
    rest = whole_fmod(a, b)
    lower = select((rest != 0) & ((rest < 0) != (b < 0)), like(b, 1), like(b, 0))
    return select(b == 0, like(b, 0), _whole_quotient(a, b) - lower)


@inlined
def whole_power(x: Whole, n: Whole) -> Whole:
    """Return x^n for n ≥ 0, as far as it fits, by squaring."""
    y = like(x, 1)
    while n > 0:
        y = select((n & 1) != 0, y * x, y)
        x = x * x
        n = n >> 1
    return y


@inlined
def whole(x: Real) -> Whole:
    """Return a number rounded towards zero; what does not fit into 64 bits, and NaN, as x86 has it."""
    fits = fabs(x) < 9223372036854775808.0
    return select(fits, int64(select(fits, x, like(x, 0))), LOWEST)


@inlined
def short_whole(x: Real) -> Whole:
    """Return a number rounded towards zero; what does not fit into 32 bits, and NaN, as x86 has it."""
    fits = (x > -2147483649.0) & (x < 2147483648.0)
    return select(fits, int32(select(fits, x, like(x, 0))), SHORT_LOWEST)
