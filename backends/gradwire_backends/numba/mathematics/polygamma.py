"""Derivatives of the digamma function of low order: sums of powers, and reflection left of zero."""

from __future__ import annotations

import math
from fractions import Fraction

from gradwire_backends.numba.intrinsics import copysign, fabs, rint, select
from gradwire_backends.numba.mathematics.lanes import Function, Real, inlined, polynomial
from gradwire_backends.numba.mathematics.powers import tan

BERNOULLI = tuple(map(Fraction, ("1/6", "-1/30", "1/42", "-1/30", "5/66", "-691/2730", "7/6", "-3617/510")))
TERMS = 10
"""Terms that are summed up before the rest is an integral with Euler's and Maclaurin's corrections."""

PI = math.pi


def _polygamma(n: int) -> Function:
    """Return the n-th derivative of the digamma function, as the op of that name evaluates it.

    Source: NIST Digital Library of Mathematical Functions, sections 5.15 and 2.10.
    """
    # The corrections are a polynomial in 1/w², each term (n + 2j - 1)! / (2j)! times a Bernoulli number.
    corrections = polynomial(
        *(
            float(b * math.factorial(n + 2 * j - 1) / math.factorial(2 * j))
            for j, b in reversed([*enumerate(BERNOULLI, 1)])
        )
    )
    sign = float((-1) ** (n + 1))
    integral, half, whole = float(math.factorial(n - 1)), math.factorial(n) / 2, float(math.factorial(n))
    mirrored = float((-1) ** n)
    scale = PI ** (n + 1)
    cotangent_derivative = polynomial(*_cotangent_polynomial(n))

    @inlined
    def powered(x: Real) -> Real:
        """Return x^n."""
        y = x
        for _ in range(n - 1):
            y = y * x
        return y

    @inlined
    def positive(x: Real) -> Real:
        total = 0.0
        for k in range(TERMS):
            term = 1.0 / (x + k)
            total = total + powered(term) * term
        inverse = 1.0 / (x + TERMS)
        rest = integral + inverse * (half + inverse * corrections(inverse * inverse))
        return sign * (whole * total + powered(inverse) * rest)

    @inlined
    def polygamma(x: Real) -> Real:
        right = x > 0.0
        y = positive(select(right, x, 1.0 - x))
        left = select(right, 0.25, x)
        r = left - rint(left)
        flat = copysign(tan(PI * (0.5 - fabs(r))), r)
        c = select(fabs(r) < 0.25, 1.0 / tan(PI * r), flat)
        return select(right, y, mirrored * y - scale * cotangent_derivative(c))

    return polygamma


def _cotangent_polynomial(n: int) -> list[float]:
    """Return the coefficients of dⁿ/duⁿ cot u in cot u, the highest first: each derivative is -(1 + c²) times P'."""
    p = [0, 1]
    for _ in range(n):
        slope = [i * a for i, a in enumerate(p)][1:]
        p = [-a - b for a, b in zip([*slope, 0, 0], [0, 0, *slope], strict=True)]
    return [float(a) for a in reversed(p)]


polygamma1, polygamma2, polygamma3, polygamma4 = (_polygamma(n) for n in (1, 2, 3, 4))
