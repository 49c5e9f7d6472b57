"""The modified Bessel functions that have names of their own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

from gradwire_service.ops.base import Composite, Elementwise, Value
from gradwire_service.ops.functions import bessel_i


@final
@dataclass(frozen=True)
class I0(Composite, Elementwise, name="i0"):
    """Modified Bessel function of the first kind of order 0, y = I₀(x).

    Shapes: x is [...], y is [...].
    Units: x and y dimensionless.
    Kinks: none; beyond |x| = 713 (float32: 91) y overflows, where `i0e` does not.
    Source: NIST Digital Library of Mathematical Functions, section 10.25; SciPy, `i0`.
    """

    def expand(self, x: Value) -> Value:
        self.check_domain(x.element_type)
        return bessel_i(x, n=0)


@final
@dataclass(frozen=True)
class I1(Composite, Elementwise, name="i1"):
    """Modified Bessel function of the first kind of order 1, y = I₁(x), the derivative of I₀.

    Shapes: x is [...], y is [...].
    Units: x and y dimensionless.
    Kinks: none; beyond |x| = 713 (float32: 91) y overflows, where `i1e` does not.
    Source: NIST Digital Library of Mathematical Functions, section 10.25; SciPy, `i1`.
    """

    def expand(self, x: Value) -> Value:
        self.check_domain(x.element_type)
        return bessel_i(x, n=1)
