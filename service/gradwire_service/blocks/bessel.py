"""Modified Bessel functions, from those that are scaled so as not to overflow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

from gradwire_service.ops.base import Composite, Elementwise, Value
from gradwire_service.ops.functions import abs as abs_
from gradwire_service.ops.functions import exp, i0e, i1e


@final
@dataclass(frozen=True)
class I0(Composite, Elementwise, name="i0"):
    """Modified Bessel function of the first kind of order 0, y = exp |x| · i0e(x).

    Shapes: x is [...], y is [...].
    Units: x and y dimensionless.
    Kinks: none; beyond |x| = 713 (float32: 91) y overflows, and the derivative is NaN.
    Source: NIST Digital Library of Mathematical Functions, section 10.25; SciPy, `i0`.
    """

    def expand(self, x: Value) -> Value:
        self.check_domain(x.element_type)
        return exp(abs_(x)) * i0e(x)


@final
@dataclass(frozen=True)
class I1(Composite, Elementwise, name="i1"):
    """Modified Bessel function of the first kind of order 1, y = exp |x| · i1e(x).

    Shapes: x is [...], y is [...].
    Units: x and y dimensionless.
    Kinks: none; beyond |x| = 713 (float32: 91) y overflows, and the derivative is NaN.
    Source: NIST Digital Library of Mathematical Functions, section 10.25; SciPy, `i1`.
    """

    def expand(self, x: Value) -> Value:
        self.check_domain(x.element_type)
        return exp(abs_(x)) * i1e(x)
