"""What is made of the logarithm of the gamma function: beta functions, binomial coefficients."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, final

from gradwire_service.errors import AttributeValueError
from gradwire_service.ops.base import Composite, Elementwise, Value
from gradwire_service.ops.functions import betaln, exp, lgamma, log1p


@final
@dataclass(frozen=True)
class Beta(Composite, Elementwise, name="beta"):
    """Beta function of positive numbers, y = Γ(a) Γ(b) / Γ(a + b).

    Shapes: a and b broadcast, y has their shape.
    Units: all dimensionless; a and b > 0.
    Kinks: at a = 0 and b = 0, y is inf; of negative numbers y has no sign.
    Source: NIST Digital Library of Mathematical Functions, section 5.12; SciPy, `beta`.
    """

    def expand(self, a: Value, b: Value) -> Value:
        self.check_domain(a.element_type)
        return exp(betaln(a, b))


@final
@dataclass(frozen=True)
class LogBinom(Composite, Elementwise, name="log_binom"):
    """Logarithm of a binomial coefficient, y = log (n over k) = -log((n + 1) B(n - k + 1, k + 1)).

    Shapes: n and k broadcast, y has their shape.
    Units: all dimensionless; 0 ≤ k ≤ n.
    Source: NIST Digital Library of Mathematical Functions, section 1.2; SciPy, `binom`.
    """

    def expand(self, n: Value, k: Value) -> Value:
        self.check_domain(n.element_type)
        return -log1p(n) - betaln(n - k + 1, k + 1)


@final
@dataclass(frozen=True)
class MvLGamma(Composite, Elementwise, name="mvlgamma"):
    """Logarithm of the multivariate gamma function, y = p (p - 1)/4 log π + Σ lgamma(x - j/2) over j = 0, …, p - 1.

    Attributes:
        p: the dimension, 1 or more.

    Shapes: x is [...], y is [...].
    Units: x and y dimensionless; x > (p - 1)/2.
    Raises: AttributeValueError when the dimension is less than 1.
    Source: NIST Digital Library of Mathematical Functions, section 35.3; SciPy, `multigammaln`.
    """

    limit: ClassVar[int] = 1000

    p: int

    def __post_init__(self) -> None:
        if not 1 <= self.p <= self.limit:
            raise AttributeValueError(f"mvlgamma of dimension {self.p}; it is from 1 to {self.limit:,}")

    def expand(self, x: Value) -> Value:
        self.check_domain(x.element_type)
        y = lgamma(x)
        for j in range(1, self.p):
            y = y + lgamma(x - j / 2)
        return y + self.p * (self.p - 1) / 4 * math.log(math.pi)
