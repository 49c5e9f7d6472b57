"""Activations: functions of one number that bend at zero, or saturate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

from gradwire_service.errors import AttributeValueError
from gradwire_service.ops.base import Composite, Elementwise, Value
from gradwire_service.ops.functions import abs as abs_
from gradwire_service.ops.functions import expm1, sigmoid, where

SELU_ALPHA = 1.6732632423543772
SELU_SCALE = 1.0507009873554805
"""The fixed point at which activations keep mean 0 and variance 1."""


@final
@dataclass(frozen=True)
class LeakyRelu(Composite, Elementwise, name="leaky_relu"):
    """Rectified linear unit that leaks, y = x where x > 0, else slope · x.

    Attributes:
        slope: the slope below zero.

    Shapes: x is [...], y is [...].
    Units: those of x.
    Kinks: at x = 0 the derivative is the slope.
    Source: Maas, Hannun & Ng (2013), "Rectifier nonlinearities improve neural network acoustic models"; PyTorch,
        `leaky_relu`.
    """

    slope: float = 0.01

    def expand(self, x: Value) -> Value:
        self.check_domain(x.element_type)
        return where(x > 0, x, self.slope * x)


@final
@dataclass(frozen=True)
class Elu(Composite, Elementwise, name="elu"):
    """Exponential linear unit, y = x where x > 0, else alpha (eˣ - 1).

    Attributes:
        alpha: minus the limit at -inf.

    Shapes: x is [...], y is [...].
    Units: x and y dimensionless.
    Kinks: at x = 0 the derivative is alpha, the limit from below; the second is alpha too.
    Source: Clevert, Unterthiner & Hochreiter (2016), "Fast and accurate deep network learning by exponential linear
        units".
    """

    alpha: float = 1.0

    def expand(self, x: Value) -> Value:
        self.check_domain(x.element_type)
        return where(x > 0, x, self.alpha * expm1(x))


@final
@dataclass(frozen=True)
class Celu(Composite, Elementwise, name="celu"):
    """Exponential linear unit without a bend, y = x where x > 0, else alpha (exp(x / alpha) - 1).

    Attributes:
        alpha: minus the limit at -inf; positive.

    Shapes: x is [...], y is [...].
    Units: x and y dimensionless.
    Kinks: at x = 0 the derivative is 1, and the second is 1/alpha, the limit from below.
    Raises: AttributeValueError when alpha is 0 or less.
    Source: Barron (2017), "Continuously differentiable exponential linear units".
    """

    alpha: float = 1.0

    def __post_init__(self) -> None:
        if not self.alpha > 0:
            raise AttributeValueError(f"celu has an alpha of {self.alpha}; it is positive")

    def expand(self, x: Value) -> Value:
        self.check_domain(x.element_type)
        return where(x > 0, x, self.alpha * expm1(x / self.alpha))


@final
@dataclass(frozen=True)
class Selu(Composite, Elementwise, name="selu"):
    """Self-normalizing exponential linear unit, y = λ x where x > 0, else λ α (eˣ - 1); λ ≈ 1.0507, α ≈ 1.6733.

    Shapes: x is [...], y is [...].
    Units: x and y dimensionless.
    Kinks: at x = 0 first and second derivative are λ α, the limit from below.
    Source: Klambauer et al. (2017), "Self-normalizing neural networks".
    """

    def expand(self, x: Value) -> Value:
        self.check_domain(x.element_type)
        return SELU_SCALE * where(x > 0, x, SELU_ALPHA * expm1(x))


@final
@dataclass(frozen=True)
class Silu(Composite, Elementwise, name="silu"):
    """Sigmoid linear unit, also swish, y = x σ(x).

    Shapes: x is [...], y is [...].
    Units: x and y dimensionless.
    Kinks: at x = -inf value and derivative are NaN, at x = inf the derivative is: they are computed as 0·∞.
    Source: Elfwing, Uchibe & Doya (2018), "Sigmoid-weighted linear units for neural network function approximation in
        reinforcement learning".
    """

    def expand(self, x: Value) -> Value:
        self.check_domain(x.element_type)
        return x * sigmoid(x)


@final
@dataclass(frozen=True)
class Softsign(Composite, Elementwise, name="softsign"):
    """Step with slow tails, y = x / (1 + |x|).

    Shapes: x is [...], y is [...].
    Units: x and y dimensionless, y in (-1, 1).
    Kinks: at x = 0 the derivative is 1, and the second is 0, which lies between its limits; at x = ±inf y is NaN.
    Source: Bergstra et al. (2009), "Quadratic polynomials learn better image features"; PyTorch, `softsign`.
    """

    def expand(self, x: Value) -> Value:
        self.check_domain(x.element_type)
        return x / (1 + abs_(x))
