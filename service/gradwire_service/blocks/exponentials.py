"""Powers and logarithms to the bases 2 and 10."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import final

from gradwire_service.ops.base import Composite, Elementwise, Value
from gradwire_service.ops.functions import log, power


@final
@dataclass(frozen=True)
class Exp2(Composite, Elementwise, name="exp2"):
    """Power of two, y = 2ˣ; exact where x is a whole number.

    Shapes: x is [...], y is [...].
    Units: x and y dimensionless.
    Source: NumPy, `exp2`.
    """

    def expand(self, x: Value) -> Value:
        self.check_domain(x.element_type)
        return power(2.0, x)


@final
@dataclass(frozen=True)
class Log2(Composite, Elementwise, name="log2"):
    """Logarithm to the base 2, y = log x / log 2; of a power of two it may be off by the last digit.

    Shapes: x is [...], y is [...].
    Units: x and y dimensionless.
    Kinks: at x = 0 the derivative is inf, the one-sided limit; where x < 0, y is NaN.
    Source: Python array API standard, `log2`.
    """

    def expand(self, x: Value) -> Value:
        self.check_domain(x.element_type)
        return log(x) / math.log(2)


@final
@dataclass(frozen=True)
class Log10(Composite, Elementwise, name="log10"):
    """Logarithm to the base 10, y = log x / log 10; of a power of ten it may be off by the last digit.

    Shapes: x is [...], y is [...].
    Units: x and y dimensionless.
    Kinks: at x = 0 the derivative is inf, the one-sided limit; where x < 0, y is NaN.
    Source: Python array API standard, `log10`.
    """

    def expand(self, x: Value) -> Value:
        self.check_domain(x.element_type)
        return log(x) / math.log(10)
