"""Functions of float32, in as many lanes as there are: polynomials of their own, as short as the precision allows.

They are named as C names them, with an f at the end, and made as their namesakes of float64 in `exponential`.
"""

from __future__ import annotations

import math

import numpy as np
from numba import types

from gradwire_backends.numba.intrinsics import copysign, fabs, fma, maximum, rint, select, sqrt
from gradwire_backends.numba.mathematics.lanes import (
    Real,
    inlined,
    library,
    polynomial,
    single_bits,
    single_from_bits,
)

ZERO, QUARTER, HALF, ONE, TWO = map(np.float32, (0, 0.25, 0.5, 1, 2))
LN2 = np.float32(0.693359375)
LN2_REST = np.float32(-2.12194440e-4)  # ln 2 = LN2 + LN2_REST, and n LN2 is exact for all exponents n
INVERSE_LN2 = np.float32(1 / math.log(2))
INVERSE_LN10 = np.float32(1 / math.log(10))
LOG10_2 = np.float32(math.log10(2))
LOG10_2_REST = np.float32(math.log10(2) - float(LOG10_2))
SHIFTER = np.float32(12582912.0)  # 1.5 · 2^23: adding it leaves an integer in the low bits
SHIFTER_BITS = 0x4B400000
SMALLEST_NORMAL = np.float32(2.0**-126)
SQRT_HALF_BITS = 0x3F3504F3
INFINITY, NAN = np.float32(math.inf), np.float32(math.nan)
GREATEST, GREATEST_HALF = map(np.float32, (89, 90))  # beyond, e^x and e^x / 2 overflow
LEAST, EDGE = map(np.float32, (-104, -18))  # beyond, e^x is 0, and nothing beside 1
LARGE = np.float32(2.0**30)  # squares beside which 1 is nothing
WHOLE_LN2 = np.float32(math.log(2))
RAISED = np.float32(2.0**25)
RAISED_EXPONENT = np.float32(25)
RAISED_LOGARITHM = np.float32(-25 * math.log(2))

_exponential_rest = polynomial(
    0.00019914140284527093,
    0.0013940969947725534,
    0.008333273231983185,
    0.04166635498404503,
    0.1666666716337204,
    0.5,
)
_logarithm_rest = polynomial(
    0.06916090101003647,
    -0.1178894191980362,
    0.11872141808271408,
    -0.12384457886219025,
    0.14218801259994507,
    -0.16669248044490814,
    0.20002217590808868,
    -0.24999986588954926,
    0.3333331048488617,
)
_area_rest = polynomial(
    0.11627190730686933, 0.10849962278259083, 0.14296408858367685, 0.199998480876249, 0.33333333677756155
)
_sinh_rest = polynomial(2.806300620814144e-06, 0.0001983809891453282, 0.008333339687368648, 0.16666666646778547)


@inlined
def _power_of_two(n: Real) -> Real:
    """Return 2^n for an integer -126 ≤ n ≤ 127."""
    return single_from_bits((single_bits(n + SHIFTER) - SHIFTER_BITS + 127) << 23)


@inlined
def _reduced_exponential(n: Real, x: Real) -> Real:
    """Return e^r - 1 for r = x - n ln 2, |r| ≤ ln 2 / 2."""
    r = fma(-n, LN2_REST, fma(-n, LN2, x))
    return fma(_exponential_rest(r), r * r, r)


@inlined
def _scaled(p: Real, n: Real) -> Real:
    """Return 2^n (1 + p): 2^n alone overflows before the product does, and underflows before that is zero."""
    half = rint(n * HALF)
    scale = _power_of_two(half)
    return fma(p, scale, scale) * _power_of_two(n - half)


@inlined
def expf(x: Real) -> Real:
    """Return e^x."""
    x = select(x > GREATEST, GREATEST, select(x < LEAST, LEAST, x))
    n = rint(x * INVERSE_LN2)
    return _scaled(_reduced_exponential(n, x), n)


@inlined
def expm1f(x: Real) -> Real:
    """Return e^x - 1."""
    y = select(x > GREATEST, GREATEST, select(x < EDGE, EDGE, x))
    n = rint(y * INVERSE_LN2)
    p = _reduced_exponential(n, y)
    scale = _power_of_two(n - ONE)
    return select(x == ZERO, x, TWO * fma(p, scale, scale - HALF))


@inlined
def _taken_apart(u: Real) -> Real:
    """Return e and f of u = 2^e (1 + f), √½ ≤ 1 + f < √2, for a positive, normal u."""
    exponent = (single_bits(u) - SQRT_HALF_BITS) >> 23
    return single_from_bits(exponent + SHIFTER_BITS) - SHIFTER, single_from_bits(
        single_bits(u) - (exponent << 23)
    ) - ONE


@inlined
def _short_logarithm(f: Real) -> Real:
    """Return log(1 + f) - f."""
    square = f * f
    return fma(_logarithm_rest(f) * f, square, -HALF * square)


@inlined
def _logarithm(u: Real, c: Real) -> Real:
    """Return log(u + c) for a positive, normal u and a c below half an ulp of it."""
    e, f = _taken_apart(u)
    return fma(e, LN2, f + (fma(e, LN2_REST, c) + _short_logarithm(f)))


@inlined
def _to_base(x: Real, base: Real, base_rest: Real, factor: Real) -> Real:
    """Return the logarithm to another base, by that of 2, a number and what it was rounded by, and that of e."""
    small = x < SMALLEST_NORMAL
    e, f = _taken_apart(select(small, x * RAISED, x))
    e = e - select(small, RAISED_EXPONENT, ZERO)
    return _with_edges(x, fma(e, base, fma(e, base_rest, (f + _short_logarithm(f)) * factor)))


@inlined
def _with_edges(x: Real, y: Real) -> Real:
    """Return y, the logarithm of x, put right where x is not positive and finite."""
    y = select(x == INFINITY, x, y)
    y = select(x == ZERO, -INFINITY, y)
    return select(x < ZERO, NAN, select(x != x, x, y))


@inlined
def logf(x: Real) -> Real:
    """Return the natural logarithm."""
    small = x < SMALLEST_NORMAL
    y = _logarithm(select(small, x * RAISED, x), ZERO)
    return _with_edges(x, select(small, y + RAISED_LOGARITHM, y))


@inlined
def log2f(x: Real) -> Real:
    """Return the logarithm to the base 2, exact at its powers."""
    return _to_base(x, ONE, ZERO, INVERSE_LN2)


@inlined
def log10f(x: Real) -> Real:
    """Return the logarithm to the base 10, exact at its powers."""
    return _to_base(x, LOG10_2, LOG10_2_REST, INVERSE_LN10)


@inlined
def log1pf(x: Real) -> Real:
    """Return log(1 + x)."""
    u = ONE + x
    c = select(x < ONE, x - (u - ONE), ONE - (u - x)) / u
    return select(x == ZERO, x, _with_edges(u, _logarithm(u, c)))


@inlined
def log1p_of_sharef(e: Real) -> Real:
    """Return log(1 + e) for 0 ≤ e ≤ 1."""
    s = e / (TWO + e)
    z = s * s
    return TWO * fma(s * z, _area_rest(z), s)


@inlined
def tanhf(x: Real) -> Real:
    """Return the hyperbolic tangent."""
    t = expm1f(-TWO * fabs(x))
    return copysign(t / (t + TWO), x)


@inlined
def _half_expf(x: Real) -> Real:
    """Return e^x / 2, which overflows later."""
    x = select(x > GREATEST_HALF, GREATEST_HALF, x)
    n = rint(x * INVERSE_LN2)
    return _scaled(_reduced_exponential(n, x), n - ONE)


@inlined
def sinhf(x: Real) -> Real:
    """Return the hyperbolic sine."""
    half = _half_expf(fabs(x))
    z = x * x
    return select(fabs(x) < ONE, fma(x * z, _sinh_rest(z), x), copysign(half - QUARTER / half, x))


@inlined
def coshf(x: Real) -> Real:
    """Return the hyperbolic cosine."""
    half = _half_expf(fabs(x))
    return half + QUARTER / half


@inlined
def sigmoidf(x: Real) -> Real:
    """Return 1 / (1 + e^-x)."""
    e = expf(-fabs(x))
    return select(x >= ZERO, ONE, e) / (ONE + e)


@inlined
def softplusf(x: Real) -> Real:
    """Return log(1 + e^x)."""
    return maximum(x, ZERO) + log1p_of_sharef(expf(-fabs(x)))


@inlined
def log_sigmoidf(x: Real) -> Real:
    """Return log(1 / (1 + e^-x))."""
    return -softplusf(-x)


@inlined
def exp_differencef(a: Real, b: Real) -> Real:
    """Return e^(a - b), 1 where a = b, and 0 where a = -inf."""
    return select(a == -INFINITY, ZERO, select(a == b, ONE, expf(a - b)))


@inlined
def exp_sharef(a: Real, b: Real) -> Real:
    """Return e^a / (e^a + e^b), ½ where a = b, and 0 where a = -inf."""
    return select(a == -INFINITY, ZERO, sigmoidf(select(a == b, ZERO, a - b)))


@inlined
def logaddexpf(a: Real, b: Real) -> Real:
    """Return log(e^a + e^b)."""
    greater = maximum(a, b)
    return select(fabs(greater) == INFINITY, greater, greater + log1p_of_sharef(expf(-fabs(a - b))))


@inlined
def xlogyf(a: Real, b: Real) -> Real:
    """Return a log b, 0 where a is, unless b is NaN."""
    return select((a == ZERO) & (b == b), ZERO, a * logf(b))


@inlined
def xlog1pyf(a: Real, b: Real) -> Real:
    """Return a log(1 + b), 0 where a is, unless b is NaN."""
    return select((a == ZERO) & (b == b), ZERO, a * log1pf(b))


@inlined
def asinhf(x: Real) -> Real:
    """Return the inverse hyperbolic sine."""
    size = fabs(x)
    large = size > LARGE
    y = log1pf(select(large, size, size + size * (size / (ONE + sqrt(fma(size, size, ONE))))))
    return copysign(select(large, y + WHOLE_LN2, y), x)


@inlined
def acoshf(x: Real) -> Real:
    """Return the inverse hyperbolic cosine."""
    above = x - ONE
    large = x > LARGE
    y = log1pf(select(large, x, above + sqrt(fma(above, above, TWO * above))))
    return select(x < ONE, NAN, select(large, y + WHOLE_LN2, y))


@inlined
def atanhf(x: Real) -> Real:
    """Return the inverse hyperbolic tangent."""
    size = fabs(x)
    return copysign(HALF * log1pf(TWO * size / (ONE - size)), x)


sinf = library("sinf", kind=types.float32)
cosf = library("cosf", kind=types.float32)
tanf = library("tanf", kind=types.float32)
asinf = library("asinf", kind=types.float32)
acosf = library("acosf", kind=types.float32)
atanf = library("atanf", kind=types.float32)
erff = library("erff", kind=types.float32)
erfcf = library("erfcf", kind=types.float32)
cbrtf = library("cbrtf", kind=types.float32)
atan2f = library("atan2f", inputs=2, kind=types.float32)
hypotf = library("hypotf", inputs=2, kind=types.float32)


@inlined
def directionf(a: Real, b: Real) -> Real:
    """Return a / √(a² + b²), 0 where both are 0; of infinite numbers, the limit."""
    infinite = (fabs(a) == INFINITY) | (fabs(b) == INFINITY)
    a = select(infinite, select(fabs(a) == INFINITY, copysign(ONE, a), ZERO * a), a)
    b = select(infinite, select(fabs(b) == INFINITY, ONE, ZERO * b), b)
    length = hypotf(a, b)
    return a / select(length == ZERO, ONE, length)
