"""What log densities share: -inf outside the support, NaN for parameters that belong to no distribution."""

from __future__ import annotations

import math

from gradwire_service.ops.base import Composite, Elementwise, Value
from gradwire_service.ops.functions import where

LOG_TWO = math.log(2)
LOG_PI = math.log(math.pi)
HALF_LOG_TAU = math.log(2 * math.pi) / 2


class LogDensity(Composite, Elementwise):
    """The logarithm of a density or of a probability, of each element.

    Parameters are those of `scipy.stats`, and so are their names. A parameter out of its range gives NaN, a point
    outside the support -inf; the derivatives are zero there, and NaN stays NaN.
    """

    def __call__(self, *inputs: Value) -> Value:
        self.check_domain(inputs[-1].element_type)  # a parameter; points may be counts
        return super().__call__(*inputs)


def supported(y: Value, *, outside: Value) -> Value:
    """Return -inf for points outside the support, y elsewhere."""
    return where(outside, -math.inf, y)


def valid(y: Value, condition: Value) -> Value:
    """Return NaN where the parameters belong to no distribution, y elsewhere."""
    return where(condition, y, math.nan)
