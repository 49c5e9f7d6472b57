"""Derivatives of the scaled Bessel functions e^-|x| Iₙ(x), by those of SciPy and by their asymptotic series."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from functools import cache
from typing import Any

from numba import types

from gradwire_backends.numba.intrinsics import (
    Generator,
    copysign,
    fabs,
    maximum,
    minimum,
    primitive_of_literals,
    select,
    sqrt,
)
from gradwire_backends.numba.mathematics.distributions import ive
from gradwire_backends.numba.mathematics.lanes import Function, Real, inlined, polynomial

FAR = 20.0
"""From here on it is the series; before, a sum of few Bessel functions, which cancels the more the greater x is."""

TERMS = 30


@primitive_of_literals
def scaled_bessel(typing: Any, x: Any, n: Any, order: Any) -> tuple[Any, Generator]:
    """Return the derivative of an order of e^-|x| Iₙ(x); where the two sides differ in their sign, 0 at 0."""
    function = typing.resolve_value_type(_derivative(n.literal_value, order.literal_value))
    signature = function.get_call_type(typing, (types.float64,), {})

    def generate(context: Any, builder: Any, _: Any, arguments: Sequence[Any]) -> Any:
        return context.get_function(function, signature)(builder, arguments[:1])

    return types.float64(types.float64, n, order), generate


@cache
def _derivative(n: int, order: int) -> Function:
    weights: Counter[int] = Counter()
    for j in range(order + 1):
        for i in range(j + 1):
            weights[abs(n - j + 2 * i)] += (
                math.comb(order, j) * math.comb(j, i) * (-1) ** (order - j) * 2 ** (order - j)
            )
    orders = tuple(map(float, weights))
    shares = tuple(weight / 2**order for weight in weights.values())
    factors = [1 / math.sqrt(2 * math.pi)]
    for m in range(1, TERMS):
        factors.append(factors[-1] * ((2 * m - 1) ** 2 - 4 * n**2) / (8 * m))
    terms = [factor * math.prod(-(m + 0.5 + i) for i in range(order)) for m, factor in enumerate(factors)]
    series = polynomial(*reversed(terms))
    odd = (n + order) % 2 == 1

    @inlined
    def derivative(x: Real) -> Real:
        size = fabs(x)
        near, far = minimum(size, FAR), maximum(size, FAR)
        sum_of_few = 0.0
        for k in range(len(orders)):
            sum_of_few = sum_of_few + shares[k] * ive(orders[k], near)
        y = series(1.0 / far) / sqrt(far)
        for _ in range(order):
            y = y / far
        y = select(size < FAR, sum_of_few, y)
        if odd:
            y = select(x == 0.0, 0.0 * y, copysign(1.0, x) * y)
        return y

    return derivative
