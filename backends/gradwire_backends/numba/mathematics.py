"""Functions of float64 that generated source calls, each without a branch, so that LLVM runs them in vector lanes.

Imported by the compiler alone. The hot ones are ours: polynomials after a reduction of the argument, within 2 ulp, with
NaN, infinities and signed zeros as NumPy has them. The others are the C library's, in vectors where the platform has
a vector library. A float32 goes through float64 and is rounded once.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numba

from gradwire_backends.numba.intrinsics import (
    bits,
    copysign,
    fabs,
    fma,
    from_bits,
    library,
    maximum,
    minimum,
    rint,
    select,
)

LN2 = 6.93147180559945286227e-01
LN2_REST = 2.31904681384629955842e-17  # ln 2 = LN2 + LN2_REST to 107 bits
INVERSE_LN2 = 1.44269504088896338700
SHIFTER = 6755399441055744.0  # 1.5 · 2^52: adding it leaves an integer in the low bits
SHIFTER_BITS = 0x4338000000000000
SMALLEST_NORMAL = 2.2250738585072014e-308
SQRT_HALF_BITS = 0x3FE6A09E667F3BCD
INFINITY, NAN = math.inf, math.nan

Function = Callable[..., Any]
Real = Any  # a float64, or lanes of it


def _inlined(function: Function) -> Function:
    compiled: Function = numba.njit(error_model="numpy", forceinline=True)(function)
    return compiled


@_inlined
def _power_of_two(n: Real) -> Real:
    """Return 2^n for an integer -1022 ≤ n ≤ 1023."""
    return from_bits((bits(n + SHIFTER) - SHIFTER_BITS + 1023) << 52)


@_inlined
def _reduced_exponential(n: Real, x: Real) -> Real:
    """Return e^r - 1 for r = x - n ln 2, |r| ≤ ln 2 / 2; an interpolation at Chebyshev's points, error 2e-17."""
    r = fma(-n, LN2_REST, fma(-n, LN2, x))
    p = fma(2.510134692835034e-08, r, 2.7621338669142925e-07)
    p = fma(p, r, 2.75572664186123e-06)
    p = fma(p, r, 2.4801518641395993e-05)
    p = fma(p, r, 0.00019841269864380513)
    p = fma(p, r, 0.0013888888918939168)
    p = fma(p, r, 0.008333333333329793)
    p = fma(p, r, 0.04166666666662064)
    p = fma(p, r, 0.16666666666666669)
    p = fma(p, r, 0.5)
    return fma(p, r * r, r)


@_inlined
def exp(x: Real) -> Real:
    """Return e^x."""
    x = select(x > 710.0, 710.0, select(x < -746.0, -746.0, x))
    n = rint(x * INVERSE_LN2)
    p = _reduced_exponential(n, x)
    half = rint(n * 0.5)  # 2^n alone overflows before e^x does, and underflows before e^x is zero
    scale = _power_of_two(half)
    return fma(p, scale, scale) * _power_of_two(n - half)


@_inlined
def expm1(x: Real) -> Real:
    """Return e^x - 1."""
    y = select(x > 710.0, 710.0, select(x < -50.0, -50.0, x))
    n = rint(y * INVERSE_LN2)
    p = _reduced_exponential(n, y)
    scale = _power_of_two(n - 1.0)
    return select(x == 0.0, x, 2.0 * fma(p, scale, scale - 0.5))


@_inlined
def _logarithm(u: Real, c: Real) -> Real:
    """Return log(u + c) for a positive, normal u and a c below half an ulp of it.

    Source: Sun's fdlibm, e_log.c and s_log1p.c.
    """
    shifted = bits(u) - SQRT_HALF_BITS
    exponent = shifted >> 52
    e = from_bits(exponent + SHIFTER_BITS) - SHIFTER
    f = from_bits(bits(u) - (exponent << 52)) - 1.0
    s = f / (2.0 + f)
    z = s * s
    w = z * z
    even = w * fma(w, fma(w, 1.531383769920937332e-01, 2.222219843214978396e-01), 3.999999999940941908e-01)
    odd = fma(
        w,
        fma(w, fma(w, 1.479819860511658591e-01, 1.818357216161805012e-01), 2.857142874366239149e-01),
        6.666666666666735130e-01,
    )
    square = 0.5 * f * f
    rest = fma(s, square + fma(z, odd, even), fma(e, LN2_REST, c))
    return fma(e, LN2, -((square - rest) - f))


@_inlined
def _with_edges(x: Real, y: Real) -> Real:
    """Return y, the logarithm of x, put right where x is not positive and finite."""
    y = select(x == INFINITY, x, y)
    y = select(x == 0.0, -INFINITY, y)
    return select(x < 0.0, NAN, select(x != x, x, y))


@_inlined
def log(x: Real) -> Real:
    """Return the natural logarithm."""
    small = x < SMALLEST_NORMAL
    y = _logarithm(select(small, x * 18014398509481984.0, x), 0.0)
    return _with_edges(x, select(small, fma(-54.0, LN2, y), y))


@_inlined
def log1p(x: Real) -> Real:
    """Return log(1 + x)."""
    u = 1.0 + x
    c = select(x < 1.0, x - (u - 1.0), 1.0 - (u - x)) / u
    return select(x == 0.0, x, _with_edges(u, _logarithm(u, c)))


@_inlined
def tanh(x: Real) -> Real:
    """Return the hyperbolic tangent."""
    t = expm1(-2.0 * fabs(x))
    return copysign(t / (t + 2.0), x)


@_inlined
def sigmoid(x: Real) -> Real:
    """Return 1 / (1 + e^-x)."""
    e = exp(-fabs(x))
    return select(x >= 0.0, 1.0, e) / (1.0 + e)


@_inlined
def softplus(x: Real) -> Real:
    """Return log(1 + e^x)."""
    return maximum(x, 0.0) + log1p(exp(-fabs(x)))


@_inlined
def log_sigmoid(x: Real) -> Real:
    """Return log(1 / (1 + e^-x))."""
    return minimum(x, 0.0) - log1p(exp(-fabs(x)))


@_inlined
def exp_difference(a: Real, b: Real) -> Real:
    """Return e^(a - b), 1 where a = b, and 0 where a = -inf."""
    return select(a == -INFINITY, 0.0, select(a == b, 1.0, exp(a - b)))


@_inlined
def exp_share(a: Real, b: Real) -> Real:
    """Return e^a / (e^a + e^b), ½ where a = b, and 0 where a = -inf."""
    return select(a == -INFINITY, 0.0, sigmoid(select(a == b, 0.0, a - b)))


@_inlined
def logaddexp(a: Real, b: Real) -> Real:
    """Return log(e^a + e^b)."""
    greater = maximum(a, b)
    return select(fabs(greater) == INFINITY, greater, greater + log1p(exp(-fabs(a - b))))


sin = library("sin")
cos = library("cos")
tan = library("tan")
asin = library("asin")
acos = library("acos")
atan = library("atan")
sinh = library("sinh")
cosh = library("cosh")
erf = library("erf")
atan2 = library("atan2", inputs=2)
power = library("pow", inputs=2)
asinh = library("asinh")
acosh = library("acosh")
atanh = library("atanh")
cbrt = library("cbrt")
log2 = library("log2")
log10 = library("log10")
erfc = library("erfc")
hypot = library("hypot", inputs=2)


@_inlined
def direction(a: Real, b: Real) -> Real:
    """Return a / √(a² + b²), 0 where both are 0; of infinite numbers, the limit."""
    infinite = (fabs(a) == INFINITY) | (fabs(b) == INFINITY)
    a = select(infinite, select(fabs(a) == INFINITY, copysign(1.0, a), 0.0 * a), a)
    b = select(infinite, select(fabs(b) == INFINITY, 1.0, 0.0 * b), b)
    length = hypot(a, b)
    return a / select(length == 0.0, 1.0, length)
