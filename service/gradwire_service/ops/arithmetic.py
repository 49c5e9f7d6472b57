"""Arithmetic: sums, products, powers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, final

from gradwire_service.errors import AttributeValueError
from gradwire_service.graph import FLOAT64, Array, TensorType
from gradwire_service.ops.base import Domain, Elementwise, Namespace, Partial, Value, full, scalar_of
from gradwire_service.ops.functions import (
    equal,
    integer_pow,
    log,
    logical_and,
    masked_multiply,
    reciprocal,
    square,
    where,
)


@final
@dataclass(frozen=True)
class Add(Elementwise, name="add"):
    """Sum, y = a + b.

    Shapes: a and b broadcast, y has their shape.
    Units: a, b and y share one.
    Source: Python array API standard, `add`.
    """

    domain: ClassVar[Domain] = "numeric"
    latex: ClassVar[str] = "{0} + {1}"

    def evaluate(self, xp: Namespace, a: Array, b: Array) -> Array:
        return xp.add(a, b)

    def partials(self, y: Value, a: Value, b: Value) -> tuple[Partial, Partial]:
        return 1, 1


@final
@dataclass(frozen=True)
class Subtract(Elementwise, name="subtract"):
    """Difference, y = a - b.

    Shapes: a and b broadcast, y has their shape.
    Units: a, b and y share one.
    Source: Python array API standard, `subtract`.
    """

    domain: ClassVar[Domain] = "numeric"
    latex: ClassVar[str] = "{0} - {1}"

    def evaluate(self, xp: Namespace, a: Array, b: Array) -> Array:
        return xp.subtract(a, b)

    def partials(self, y: Value, a: Value, b: Value) -> tuple[Partial, Partial]:
        return 1, -1

    def simplify(self, a: Value, b: Value) -> Value | None:
        return a if scalar_of(b) == 0 and str(scalar_of(b))[0] != "-" else None  # x - (-0) turns -0 into 0


@final
@dataclass(frozen=True)
class Multiply(Elementwise, name="multiply"):
    """Product, y = a b.

    Shapes: a and b broadcast, y has their shape.
    Units: y has the product of those of a and b.
    Source: Python array API standard, `multiply`.
    """

    domain: ClassVar[Domain] = "numeric"
    latex: ClassVar[str] = "{0} {1}"

    def evaluate(self, xp: Namespace, a: Array, b: Array) -> Array:
        return xp.multiply(a, b)

    def partials(self, y: Value, a: Value, b: Value) -> tuple[Partial, Partial]:
        return b, a

    def simplify(self, a: Value, b: Value) -> Value | None:
        return b if scalar_of(a) == 1 else a if scalar_of(b) == 1 else None


@final
@dataclass(frozen=True)
class MaskedMultiply(Elementwise, name="masked_multiply"):
    """Product in which zero wins, y = a b, and y = 0 where a = 0, even if b is infinite or NaN.

    The rules of singular ops use it: where the sensitivity a that flows in is zero, nothing flows on. This is what
    keeps the NaN of a branch that `where` did not take out of the gradient.

    Shapes: a and b broadcast, y has their shape.
    Units: y has the product of those of a and b.
    Source: TensorFlow, `multiply_no_nan`, with the roles of a and b changed.
    """

    internal: ClassVar[bool] = True
    latex: ClassVar[str] = "{0} {1}"

    def evaluate(self, xp: Namespace, a: Array, b: Array) -> Array:
        return xp.where(a == 0, xp.zeros_like(a), a * b)

    def vjp(self, y_bar: Value, y: Value, a: Value, b: Value) -> tuple[Value, Value]:
        return masked_multiply(y_bar, b), masked_multiply(a, y_bar)

    def jvp(self, y: Value, x: tuple[Value, ...], x_dot: tuple[Value | None, ...]) -> Value | None:
        (a, b), (a_dot, b_dot) = x, x_dot
        left = None if a_dot is None else masked_multiply(a_dot, b)
        right = None if b_dot is None else masked_multiply(a, b_dot)
        return left if right is None else right if left is None else left + right

    def simplify(self, a: Value, b: Value) -> Value | None:
        factor, nonzero = scalar_of(b), scalar_of(a)
        if factor == 1:
            return a
        if nonzero == 1:
            return b
        return a * b if nonzero or (factor is not None and factor - factor == 0) else None


@final
@dataclass(frozen=True)
class Divide(Elementwise, name="divide"):
    """Quotient, y = a / b; that of integers is float64.

    Shapes: a and b broadcast, y has their shape.
    Units: y has the quotient of those of a and b.
    Kinks: at b = 0 the partials are the one-sided limits, ±inf or NaN.
    Source: Python array API standard, `divide`.
    """

    domain: ClassVar[Domain] = "numeric"
    singular: ClassVar[bool] = True
    latex: ClassVar[str] = r"\frac{{{0}}}{{{1}}}"
    work: ClassVar[float] = 4

    def infer(self, a: TensorType, b: TensorType) -> TensorType:
        y = super().infer(a, b)
        return y if y.element_type.is_floating else TensorType(y.shape, FLOAT64)

    def evaluate(self, xp: Namespace, a: Array, b: Array) -> Array:
        return xp.divide(a, b)

    def partials(self, y: Value, a: Value, b: Value) -> tuple[Partial, Partial]:
        return reciprocal(b), -(y / b)

    def simplify(self, a: Value, b: Value) -> Value | None:
        return a if scalar_of(b) == 1 else None


@final
@dataclass(frozen=True)
class Negative(Elementwise, name="negative"):
    """Negation, y = -x.

    Shapes: x is [...], y is [...].
    Units: those of x.
    Source: Python array API standard, `negative`.
    """

    domain: ClassVar[Domain] = "numeric"
    latex: ClassVar[str] = "-{0}"

    def evaluate(self, xp: Namespace, x: Array) -> Array:
        return xp.negative(x)

    def partials(self, y: Value, x: Value) -> tuple[Partial]:
        return (-1,)

    def simplify(self, x: Value) -> Value | None:
        return x.inputs[0] if isinstance(x.op, Negative) else None


@final
@dataclass(frozen=True)
class Reciprocal(Elementwise, name="reciprocal"):
    """Reciprocal, y = 1 / x.

    Shapes: x is [...], y is [...].
    Units: the reciprocal of those of x.
    Kinks: at x = 0 the derivative is -inf, the limit from both sides.
    Source: Python array API standard, `reciprocal`.
    """

    singular: ClassVar[bool] = True
    latex: ClassVar[str] = r"\frac{{1}}{{{0}}}"
    work: ClassVar[float] = 4

    def evaluate(self, xp: Namespace, x: Array) -> Array:
        return xp.reciprocal(x)

    def partials(self, y: Value, x: Value) -> tuple[Partial]:
        return (-square(y),)


@final
@dataclass(frozen=True)
class Square(Elementwise, name="square"):
    """Square, y = x².

    Shapes: x is [...], y is [...].
    Units: the square of those of x.
    Source: Python array API standard, `square`.
    """

    domain: ClassVar[Domain] = "numeric"
    latex: ClassVar[str] = "{0}^{{2}}"

    def evaluate(self, xp: Namespace, x: Array) -> Array:
        return xp.square(x)

    def partials(self, y: Value, x: Value) -> tuple[Partial]:
        return (2 * x,)


@final
@dataclass(frozen=True)
class Power(Elementwise, name="power"):
    """Power, y = a^b; a power by the constant 2 is computed as a square, by -1 as a reciprocal.

    Shapes: a and b broadcast, y has their shape.
    Units: a and b dimensionless, unless b is constant.
    Kinks: ∂y/∂a = 0 where b = 0, also at a = 0; ∂y/∂b = 0 where a = 0 and b ≥ 0; ∂y/∂b = NaN where a < 0.
    Source: Python array API standard, `pow`; the derivatives at 0 as in autograd.
    """

    singular: ClassVar[bool] = True
    latex: ClassVar[str] = "{0}^{{{1}}}"
    work: ClassVar[float] = 20

    def evaluate(self, xp: Namespace, a: Array, b: Array) -> Array:
        return xp.power(a, b)

    def partials(self, y: Value, a: Value, b: Value) -> tuple[Partial, Partial]:
        by_base = where(equal(b, 0), 0, b * a ** (b - 1))
        by_exponent = where(logical_and(equal(a, 0), b >= 0), 0, y * log(a))
        return by_base, by_exponent

    def simplify(self, a: Value, b: Value) -> Value | None:
        match scalar_of(b):
            case 1:
                return a
            case 2:
                return square(a)
            case -1 if a.element_type.is_floating:
                return reciprocal(a)
        return None


@final
@dataclass(frozen=True)
class IntegerPow(Elementwise, name="integer_pow"):
    """Power by a constant whole number, y = xⁿ, of numbers of either sign and at 0; x⁰ = 1 everywhere.

    Attributes:
        n: the exponent; not negative where x is an integer.

    Shapes: x is [...], y is [...].
    Units: those of x to the power of n.
    Kinks: where n < 0, value and derivative at x = 0 are infinite.
    Raises: AttributeValueError when the exponent of integers is negative.
    Source: JAX, `lax.integer_pow`.
    """

    domain: ClassVar[Domain] = "numeric"
    singular: ClassVar[bool] = True
    work: ClassVar[float] = 20

    n: int

    def infer(self, x: TensorType) -> TensorType:
        y = super().infer(x)
        if self.n < 0 and x.element_type.is_integer:
            message = f"integer_pow of {x.element_type} values by {self.n} is not whole; convert with astype(float64)"
            raise AttributeValueError(message, op=self.name)
        return y

    def evaluate(self, xp: Namespace, x: Array) -> Array:
        return xp.power(x, xp.asarray(self.n, dtype=x.dtype))

    def partials(self, y: Value, x: Value) -> tuple[Partial]:
        return (self.n * integer_pow(x, n=self.n - 1) if self.n else 0.0,)

    def simplify(self, x: Value) -> Value | None:
        match self.n:
            case 0:
                return full(x.type, 1)
            case 1:
                return x
            case 2:
                return square(x)
            case -1:
                return reciprocal(x)
        return None
