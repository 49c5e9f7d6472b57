"""Functions of float64 with an exponential or a logarithm in them: polynomials after a reduction of the argument."""

from __future__ import annotations

import math

from gradwire_backends.numba.intrinsics import bits, copysign, fabs, fma, from_bits, maximum, rint, select
from gradwire_backends.numba.mathematics.lanes import Real, inlined, polynomial

LN2 = 6.93147180559945286227e-01
LN2_REST = 2.31904681384629955842e-17  # ln 2 = LN2 + LN2_REST to 107 bits
INVERSE_LN2 = 1.44269504088896338700
INVERSE_LN10 = 0.4342944819032518
LOG10_2, LOG10_2_REST = 0.3010299956639812, -2.8037281277851704e-18
SHIFTER = 6755399441055744.0  # 1.5 · 2^52: adding it leaves an integer in the low bits
SHIFTER_BITS = 0x4338000000000000
SMALLEST_NORMAL = 2.2250738585072014e-308
SQRT_HALF_BITS = 0x3FE6A09E667F3BCD
RAISED = 2.0**54  # makes a normal number of a subnormal one
INFINITY, NAN = math.inf, math.nan

_exponential_rest = polynomial(
    2.510134692835034e-08,
    2.7621338669142925e-07,
    2.75572664186123e-06,
    2.4801518641395993e-05,
    0.00019841269864380513,
    0.0013888888918939168,
    0.008333333333329793,
    0.04166666666662064,
    0.16666666666666669,
    0.5,
)
_even_rest = polynomial(1.531383769920937332e-01, 2.222219843214978396e-01, 3.999999999940941908e-01)
_odd_rest = polynomial(
    1.479819860511658591e-01, 1.818357216161805012e-01, 2.857142874366239149e-01, 6.666666666666735130e-01
)
_area_rest = polynomial(
    0.07827309720774937,
    0.03739411090227593,
    0.05424157654044477,
    0.05866935075587584,
    0.06667605419334265,
    0.07692271197539312,
    0.09090909972266142,
    0.11111111098721717,
    0.1428571428580348,
    0.19999999999999749,
    0.3333333333333333,
)
_sinh_rest = polynomial(
    7.746188974007488e-13,
    1.6057679312380033e-10,
    2.5052117699411217e-08,
    2.755731919136365e-06,
    0.0001984126984132424,
    0.008333333333333299,
    0.16666666666666666,
)


@inlined
def _power_of_two(n: Real) -> Real:
    """Return 2^n for an integer -1022 ≤ n ≤ 1023."""
    return from_bits((bits(n + SHIFTER) - SHIFTER_BITS + 1023) << 52)


@inlined
def reduced(x: Real, n: Real) -> Real:
    """Return x - n ln 2."""
    return fma(-n, LN2_REST, fma(-n, LN2, x))


@inlined
def short_expm1(r: Real) -> Real:
    """Return e^r - 1 for |r| ≤ ln 2 / 2; an interpolation at Chebyshev's points, error 2e-17."""
    return fma(_exponential_rest(r), r * r, r)


@inlined
def scaled(p: Real, n: Real) -> Real:
    """Return 2^n (1 + p): 2^n alone overflows before the product does, and underflows before that is zero."""
    half = rint(n * 0.5)
    scale = _power_of_two(half)
    return fma(p, scale, scale) * _power_of_two(n - half)


@inlined
def exp(x: Real) -> Real:
    """Return e^x."""
    x = select(x > 710.0, 710.0, select(x < -746.0, -746.0, x))
    n = rint(x * INVERSE_LN2)
    return scaled(short_expm1(reduced(x, n)), n)


@inlined
def expm1(x: Real) -> Real:
    """Return e^x - 1."""
    y = select(x > 710.0, 710.0, select(x < -50.0, -50.0, x))
    n = rint(y * INVERSE_LN2)
    p = short_expm1(reduced(y, n))
    scale = _power_of_two(n - 1.0)
    return select(x == 0.0, x, 2.0 * fma(p, scale, scale - 0.5))


@inlined
def taken_apart(u: Real) -> Real:
    """Return e and f of u = 2^e (1 + f), √½ ≤ 1 + f < √2, for a positive, normal u."""
    exponent = (bits(u) - SQRT_HALF_BITS) >> 52
    return from_bits(exponent + SHIFTER_BITS) - SHIFTER, from_bits(bits(u) - (exponent << 52)) - 1.0


@inlined
def _short_logarithm(f: Real) -> Real:
    """Return two terms of log(1 + f) beside f: f²/2, which counts negatively, and the rest.

    Source: Sun's fdlibm, e_log.c.
    """
    s = f / (2.0 + f)
    z = s * s
    w = z * z
    square = 0.5 * f * f
    return square, s * (square + fma(z, _odd_rest(w), w * _even_rest(w)))


@inlined
def _logarithm(u: Real, c: Real) -> Real:
    """Return log(u + c) for a positive, normal u and a c below half an ulp of it."""
    e, f = taken_apart(u)
    square, rest = _short_logarithm(f)
    return fma(e, LN2, -((square - (rest + fma(e, LN2_REST, c))) - f))


@inlined
def _to_base(x: Real, base: Real, base_rest: Real, factor: Real) -> Real:
    """Return the logarithm to another base, by that of 2, a number and what it was rounded by, and that of e."""
    small = x < SMALLEST_NORMAL
    e, f = taken_apart(select(small, x * RAISED, x))
    e = e - select(small, 54.0, 0.0)
    square, rest = _short_logarithm(f)
    y = (f - (square - rest)) * factor
    return _with_edges(x, fma(e, base, fma(e, base_rest, y)))


@inlined
def _with_edges(x: Real, y: Real) -> Real:
    """Return y, the logarithm of x, put right where x is not positive and finite."""
    y = select(x == INFINITY, x, y)
    y = select(x == 0.0, -INFINITY, y)
    return select(x < 0.0, NAN, select(x != x, x, y))


@inlined
def log(x: Real) -> Real:
    """Return the natural logarithm."""
    small = x < SMALLEST_NORMAL
    y = _logarithm(select(small, x * RAISED, x), 0.0)
    return _with_edges(x, select(small, fma(-54.0, LN2, y), y))


@inlined
def log2(x: Real) -> Real:
    """Return the logarithm to the base 2, exact at its powers."""
    return _to_base(x, 1.0, 0.0, INVERSE_LN2)


@inlined
def log10(x: Real) -> Real:
    """Return the logarithm to the base 10, exact at its powers."""
    return _to_base(x, LOG10_2, LOG10_2_REST, INVERSE_LN10)


@inlined
def log1p(x: Real) -> Real:
    """Return log(1 + x)."""
    u = 1.0 + x
    c = select(x < 1.0, x - (u - 1.0), 1.0 - (u - x)) / u
    return select(x == 0.0, x, _with_edges(u, _logarithm(u, c)))


@inlined
def log1p_of_share(e: Real) -> Real:
    """Return log(1 + e) for 0 ≤ e ≤ 1, by the area function artanh: no exponent is taken apart."""
    s = e / (2.0 + e)
    z = s * s
    return 2.0 * fma(s * z, _area_rest(z), s)


@inlined
def tanh(x: Real) -> Real:
    """Return the hyperbolic tangent."""
    t = expm1(-2.0 * fabs(x))
    return copysign(t / (t + 2.0), x)


@inlined
def _half_exp(x: Real) -> Real:
    """Return e^x / 2, which overflows later."""
    x = select(x > 712.0, 712.0, x)
    n = rint(x * INVERSE_LN2)
    return scaled(short_expm1(reduced(x, n)), n - 1.0)


@inlined
def sinh(x: Real) -> Real:
    """Return the hyperbolic sine."""
    half = _half_exp(fabs(x))
    z = x * x
    return select(fabs(x) < 1.0, fma(x * z, _sinh_rest(z), x), copysign(half - 0.25 / half, x))


@inlined
def cosh(x: Real) -> Real:
    """Return the hyperbolic cosine."""
    half = _half_exp(fabs(x))
    return half + 0.25 / half


@inlined
def sigmoid(x: Real) -> Real:
    """Return 1 / (1 + e^-x)."""
    e = exp(-fabs(x))
    return select(x >= 0.0, 1.0, e) / (1.0 + e)


@inlined
def softplus(x: Real) -> Real:
    """Return log(1 + e^x)."""
    return maximum(x, 0.0) + log1p_of_share(exp(-fabs(x)))


@inlined
def log_sigmoid(x: Real) -> Real:
    """Return log(1 / (1 + e^-x))."""
    return -softplus(-x)


@inlined
def exp_difference(a: Real, b: Real) -> Real:
    """Return e^(a - b), 1 where a = b, and 0 where a = -inf."""
    return select(a == -INFINITY, 0.0, select(a == b, 1.0, exp(a - b)))


@inlined
def exp_share(a: Real, b: Real) -> Real:
    """Return e^a / (e^a + e^b), ½ where a = b, and 0 where a = -inf."""
    return select(a == -INFINITY, 0.0, sigmoid(select(a == b, 0.0, a - b)))


@inlined
def logaddexp(a: Real, b: Real) -> Real:
    """Return log(e^a + e^b)."""
    greater = maximum(a, b)
    return select(fabs(greater) == INFINITY, greater, greater + log1p_of_share(exp(-fabs(a - b))))


@inlined
def xlogy(a: Real, b: Real) -> Real:
    """Return a log b, 0 where a is, unless b is NaN."""
    return select((a == 0.0) & (b == b), 0.0, a * log(b))


@inlined
def xlog1py(a: Real, b: Real) -> Real:
    """Return a log(1 + b), 0 where a is, unless b is NaN."""
    return select((a == 0.0) & (b == b), 0.0, a * log1p(b))
