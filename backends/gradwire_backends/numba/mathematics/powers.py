"""Powers and inverse hyperbolic functions of float64, by logarithms; what else is the C library's."""

from __future__ import annotations

from numba import float32, float64

from gradwire_backends.numba.intrinsics import copysign, fabs, fma, rint, select, sqrt
from gradwire_backends.numba.mathematics.exponential import (
    INFINITY,
    INVERSE_LN2,
    LN2,
    NAN,
    RAISED,
    SMALLEST_NORMAL,
    log1p,
    reduced,
    scaled,
    short_expm1,
    taken_apart,
)
from gradwire_backends.numba.mathematics.lanes import Real, inlined, library, polynomial

THIRD = 0.3333333333333333
THIRD_REST = 1.850371707708594e-17
LN2_SHORT = 6.93147180369123816490e-01  # of 33 bits: its product with an exponent is exact
LN2_SHORT_REST = 1.90821492927058770002e-10
LARGE = 2.0**60  # squares beside which 1 is nothing
HUGE = 2.0**66  # an exponent of that size overflows or underflows, whatever the base, unless that is 1

_area_rest = polynomial(
    0.06457391939759745,
    0.06642927232700722,
    0.07692789102805428,
    0.0909090409776331,
    0.11111111135730527,
    0.14285714285668802,
    0.20000000000000015,
)
_short_area_rest = polynomial(
    0.096821802522547, 0.11095650642823573, 0.1428587817487431, 0.19999999393382736, 0.33333333333692355
)
_short_exponential_rest = polynomial(
    0.00019907587262501074,
    0.0013933652216196121,
    0.008333286002991911,
    0.041666464898630635,
    0.1666666675647232,
    0.5000000013469799,
)


@inlined
def power(a: Real, b: Real) -> Real:
    """Return a^b: e^(b log a), where the logarithm has 64 bits, a number and the rest that it is rounded by."""
    size = fabs(a)
    small = size < SMALLEST_NORMAL
    e, f = taken_apart(select(small, size * RAISED, size))
    e = e - select(small, 54.0, 0.0)
    # log(1 + f) = 2 artanh s, s = f / (2 + f)
    above = 2.0 + f
    above_rest = f - (above - 2.0)
    inverse = 1.0 / above
    s = f * inverse
    s_rest = fma(-s, above_rest, fma(-s, above, f)) * inverse
    # artanh s = s + s z w, z = s², w = 1/3 + z/5 + …
    z = s * s
    z_rest = fma(2.0 * s, s_rest, fma(s, s, -z))
    t = z * _area_rest(z)
    w = THIRD + t
    w_rest = (THIRD - w + t) + THIRD_REST
    p = z * w
    p_rest = fma(z, w_rest, fma(z_rest, w, fma(z, w, -p)))
    q = s * p
    q_rest = fma(s, p_rest, fma(s_rest, p, fma(s, p, -q)))
    half = s + q
    half_rest = (s - half + q) + (s_rest + q_rest)
    shifted = e * LN2_SHORT
    logarithm = shifted + 2.0 * half
    logarithm_rest = fma(e, LN2_SHORT_REST, (shifted - logarithm + 2.0 * half) + 2.0 * half_rest)
    # e^(b log a)
    c = select(fabs(b) > HUGE, copysign(HUGE, b), b)
    y = c * logarithm
    y_rest = fma(c, logarithm_rest, fma(c, logarithm, -y))
    y_rest = select(fabs(y) > 800.0, 0.0, y_rest)
    y = select(y > 800.0, 800.0, select(y < -800.0, -800.0, y))
    n = rint(y * INVERSE_LN2)
    y = scaled(short_expm1(reduced(y, n) + y_rest), n)
    return _with_edges(a, b, y)


@inlined
def powerf(a: Real, b: Real) -> Real:
    """Return a^b of float32, by a short logarithm and a short exponential of float64, rounded once."""
    a, b = float64(a), float64(b)
    e, f = taken_apart(fabs(a))
    s = f / (2.0 + f)
    z = s * s
    logarithm = fma(e, LN2, 2.0 * fma(s * z, _short_area_rest(z), s))
    y = select(fabs(b) > HUGE, copysign(HUGE, b), b) * logarithm
    y = select(y > 200.0, 200.0, select(y < -200.0, -200.0, y))
    n = rint(y * INVERSE_LN2)
    r = fma(-n, LN2, y)
    y = scaled(fma(_short_exponential_rest(r), r * r, r), n)
    return float32(_with_edges(a, b, y))


@inlined
def _with_edges(a: Real, b: Real, y: Real) -> Real:
    """Return y, which is |a|^b, put right where a has no logarithm, and where its sign counts."""
    size = fabs(a)
    vanishes = (size == 0.0) == (b > 0.0)
    y = select((size == 0.0) | (size == INFINITY), select(vanishes, 0.0, INFINITY), y)
    odd = (rint(b) == b) & (rint(0.5 * b) != 0.5 * b)
    y = select(odd, copysign(y, a), y)
    y = select((a < 0.0) & (size != INFINITY) & (rint(b) != b), NAN, y)
    y = select((a != a) | (b != b), a + b, y)
    return select((b == 0.0) | (a == 1.0), 1.0, y)


@inlined
def asinh(x: Real) -> Real:
    """Return the inverse hyperbolic sine."""
    size = fabs(x)
    large = size > LARGE
    y = log1p(select(large, size, size + size * (size / (1.0 + sqrt(fma(size, size, 1.0))))))
    return copysign(select(large, y + LN2, y), x)


@inlined
def acosh(x: Real) -> Real:
    """Return the inverse hyperbolic cosine."""
    above = x - 1.0
    large = x > LARGE
    y = log1p(select(large, x, above + sqrt(fma(above, above, 2.0 * above))))
    return select(x < 1.0, NAN, select(large, y + LN2, y))


@inlined
def atanh(x: Real) -> Real:
    """Return the inverse hyperbolic tangent."""
    size = fabs(x)
    return copysign(0.5 * log1p(2.0 * size / (1.0 - size)), x)


sin = library("sin")
cos = library("cos")
tan = library("tan")
asin = library("asin")
acos = library("acos")
atan = library("atan")
erf = library("erf")
erfc = library("erfc")
cbrt = library("cbrt")
atan2 = library("atan2", inputs=2)
hypot = library("hypot", inputs=2)


@inlined
def direction(a: Real, b: Real) -> Real:
    """Return a / √(a² + b²), 0 where both are 0; of infinite numbers, the limit."""
    infinite = (fabs(a) == INFINITY) | (fabs(b) == INFINITY)
    a = select(infinite, select(fabs(a) == INFINITY, copysign(1.0, a), 0.0 * a), a)
    b = select(infinite, select(fabs(b) == INFINITY, 1.0, 0.0 * b), b)
    length = hypot(a, b)
    return a / select(length == 0.0, 1.0, length)
