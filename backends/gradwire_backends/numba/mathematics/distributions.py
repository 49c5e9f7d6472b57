"""Functions that SciPy's compiled code evaluates, and densities that are written with them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from llvmlite import ir
from numba import float32, float64, types

from gradwire_backends.numba import special, symbols
from gradwire_backends.numba.intrinsics import fabs, maximum, minimum, select
from gradwire_backends.numba.mathematics.exponential import INFINITY, NAN, exp, log, log1p, xlogy
from gradwire_backends.numba.mathematics.lanes import Real, function_of, inlined, polynomial, pure

HALF_LOG_TAU = math.log(2 * math.pi) / 2
TAU = 2 * math.pi

_stirling = polynomial(1 / 156, -691 / 360360, 1 / 1188, -1 / 1680, 1 / 1260, -1 / 360, 1 / 12)


def _called(word: str) -> Any:
    """Return a word for one of SciPy's functions."""
    _, inputs, name = special.FUNCTIONS[word]
    kind, element = (types.float64, ir.DoubleType()) if name == "double" else (types.float32, ir.FloatType())
    form = ir.FunctionType(element, [*[element] * inputs, ir.IntType(32)])

    def generate(context: Any, builder: Any, signature: Any, arguments: Sequence[Any]) -> Any:
        symbol = symbols.PREFIX + word
        function = builder.module.globals.get(symbol) or ir.Function(builder.module, form, symbol)
        call = builder.call(function, [*arguments, ir.Constant(ir.IntType(32), 0)])
        pure(call)
        return call

    return function_of(kind, inputs, generate)


lgamma = _called("lgamma")
digamma = _called("digamma")
erfinv = _called("erfinv")
erfinvf = _called("erfinvf")
ndtri = _called("ndtri")
i0e = _called("i0e")
i1e = _called("i1e")
bessel_i = _called("bessel_i")
ive = _called("ive")
gammainc = _called("gammainc")
gammaincc = _called("gammaincc")
betainc = _called("betainc")
betaincf = _called("betaincf")


@inlined
def stirling_rest(z: Real) -> Real:
    """Return log Γ(z) - ((z - ½) log z - z + ½ log 2π), without cancellation where z is large."""
    far = maximum(z, 10.0)
    near = minimum(z, 10.0)
    inverse = 1.0 / far
    direct = lgamma(near) - ((near - 0.5) * log(near) - near + HALF_LOG_TAU)
    return select(z < 10.0, direct, _stirling(inverse * inverse) * inverse)


@inlined
def _log_ratio(difference: Real, ratio: Real) -> Real:
    """Return the logarithm of a ratio, by its difference from 1 where that is small."""
    return select(fabs(difference) < 0.5, log1p(maximum(difference, -0.5)), log(ratio))


@inlined
def gamma_density(a: Real, x: Real) -> Real:
    """Return the density of the gamma distribution."""
    difference = (x - a) / a
    exponent = a * (_log_ratio(difference, x / a) - difference)
    y = exp(exponent + log(a / TAU) * 0.5 - stirling_rest(a)) / x
    y = select((x == INFINITY) & (a < INFINITY), 0.0, y)
    y = select(x == 0.0, exp(xlogy(a - 1.0, x)), y)
    return select(a > 0.0, y, NAN)


@inlined
def beta_density(a: Real, b: Real, x: Real) -> Real:
    """Return the density of the beta distribution."""
    total = a + b
    rest = 1.0 - x
    difference = b * x - a * rest
    exponent = a * _log_ratio(difference / a, x * total / a) + b * _log_ratio(-difference / b, rest * total / b)
    exponent = exponent + log(a / total * b / TAU) * 0.5
    y = exp(exponent + stirling_rest(total) - stirling_rest(a) - stirling_rest(b)) / (x * rest)
    y = select(x == 0.0, b * exp(xlogy(a - 1.0, x)), y)
    y = select(x == 1.0, a * exp(xlogy(b - 1.0, rest)), y)
    return select((a > 0.0) & (b > 0.0), y, NAN)


@inlined
def betaln(a: Real, b: Real) -> Real:
    """Return the logarithm of the absolute value of the beta function."""
    return _betaln(a, b, a + b)


@inlined
def betalnf(a: Real, b: Real) -> Real:
    """Return the logarithm of the absolute value of the beta function of float32, whose sum decides about poles."""
    return float32(_betaln(float64(a), float64(b), float64(a + b)))


@inlined
def _betaln(a: Real, b: Real, total: Real) -> Real:
    p, q = select(a < b, a, b), select(a < b, b, a)
    bend = log1p(p / q)
    rest = stirling_rest(p) + stirling_rest(q) - stirling_rest(p + q)
    y = rest - (p - 0.5) * (log(q) - log(p) + bend) - q * bend - log(q / TAU) * 0.5
    y = select(p == 0.0, INFINITY, select(fabs(q) == INFINITY, -INFINITY, y))
    return select(p < 0.0, lgamma(p) + lgamma(q) - lgamma(total), y)
