"""Smooth functions with one step or one bend: the logistic function and its integral, the error function."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, final

from gradwire_service.errors import AttributeValueError
from gradwire_service.graph import Array
from gradwire_service.ops.base import Composite, Elementwise, Namespace, Partial, Value
from gradwire_service.ops.functions import erf, exp, sigmoid, square, tanh


@final
@dataclass(frozen=True)
class Sigmoid(Elementwise, name="sigmoid"):
    """Logistic function, y = σ(x) = 1 / (1 + e⁻ˣ).

    Far from zero y is rounded to 0 or 1, and its logarithm is lost: `log_sigmoid` keeps it.

    Shapes: x is [...], y is [...].
    Units: x dimensionless, y dimensionless in [0, 1].
    Source: SciPy, `expit`.
    """

    latex: ClassVar[str] = r"\sigma\left({0}\right)"
    work: ClassVar[float] = 12

    def evaluate(self, xp: Namespace, x: Array) -> Array:
        return xp.sigmoid(x)

    def partials(self, y: Value, x: Value) -> tuple[Partial]:
        return (y * (1 - y),)


@final
@dataclass(frozen=True)
class LogSigmoid(Elementwise, name="log_sigmoid"):
    """Logarithm of the logistic function, y = log σ(x) = -log(1 + e⁻ˣ), without overflow.

    Shapes: x is [...], y is [...].
    Units: x and y dimensionless.
    Source: SciPy, `log_expit`.
    """

    latex: ClassVar[str] = r"\log \sigma\left({0}\right)"
    work: ClassVar[float] = 25

    def evaluate(self, xp: Namespace, x: Array) -> Array:
        return -xp.logaddexp(-x, 0)

    def partials(self, y: Value, x: Value) -> tuple[Partial]:
        return (sigmoid(-x),)


@final
@dataclass(frozen=True)
class Softplus(Elementwise, name="softplus"):
    """Smooth ramp, y = log(1 + eˣ), without overflow.

    Shapes: x is [...], y is [...].
    Units: x and y dimensionless.
    Source: Dugas et al. (2001), "Incorporating second-order functional knowledge for better option pricing".
    """

    latex: ClassVar[str] = r"\log\left(1 + e^{{{0}}}\right)"
    work: ClassVar[float] = 25

    def evaluate(self, xp: Namespace, x: Array) -> Array:
        return xp.logaddexp(x, 0)

    def partials(self, y: Value, x: Value) -> tuple[Partial]:
        return (sigmoid(x),)


@final
@dataclass(frozen=True)
class Erf(Elementwise, name="erf"):
    """Error function, y = 2/√π ∫₀ˣ exp(-t²) dt.

    Shapes: x is [...], y is [...].
    Units: x dimensionless, y dimensionless in [-1, 1].
    Source: NIST Digital Library of Mathematical Functions, section 7.2.
    """

    latex: ClassVar[str] = r"\operatorname{{erf}}\left({0}\right)"
    work: ClassVar[float] = 15

    def evaluate(self, xp: Namespace, x: Array) -> Array:
        return xp.erf(x)

    def partials(self, y: Value, x: Value) -> tuple[Partial]:
        return (2 / math.sqrt(math.pi) * exp(-square(x)),)


@final
@dataclass(frozen=True)
class Gelu(Composite, Elementwise, name="gelu"):
    """Gaussian error linear unit, y = x Φ(x), where Φ is the normal distribution function.

    Its blocks are erf, or tanh, and products, so that value and derivative share Φ.

    Attributes:
        approximate: "none" for Φ(x) = (1 + erf(x/√2)) / 2; "tanh" for (1 + tanh(√(2/π) (x + 0.044715 x³))) / 2.

    Shapes: x is [...], y is [...].
    Units: x and y dimensionless.
    Kinks: at x = -inf value and derivative are NaN, at x = inf the derivative is: they are computed as 0·∞.
    Source: Hendrycks & Gimpel (2016), "Gaussian error linear units".
    """

    approximate: str = "none"

    def __post_init__(self) -> None:
        if self.approximate not in ("none", "tanh"):
            raise AttributeValueError(f'gelu is approximate="none" or "tanh", not {self.approximate!r}')

    def expand(self, x: Value) -> Value:
        self.check_domain(x.element_type)
        if self.approximate == "none":
            return 0.5 * x * (1 + erf(math.sqrt(1 / 2) * x))
        return 0.5 * x * (1 + tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x * square(x))))
