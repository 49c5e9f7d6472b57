"""Functions of several pieces: absolute value and sign, and ops that pass an input on or hold it back."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, final

import numpy as np

from gradwire_service.errors import AttributeValueError, ElementTypeError
from gradwire_service.graph import Array, TensorType
from gradwire_service.graph.types import BOOL, ElementType
from gradwire_service.ops.base import Domain, Elementwise, Namespace, Operand, Partial, Value, scalar_of
from gradwire_service.ops.functions import copysign, equal, isnan, logical_and, logical_not, logical_or, sign, where


@final
@dataclass(frozen=True)
class Abs(Elementwise, name="abs"):
    """Absolute value, y = |x|.

    Shapes: x is [...], y is [...].
    Units: those of x.
    Kinks: at x = 0 the derivative is 0.
    Source: Python array API standard, `abs`.
    """

    domain: ClassVar[Domain] = "numeric"
    analytic: ClassVar[bool] = False
    latex: ClassVar[str] = r"\left|{0}\right|"

    def evaluate(self, xp: Namespace, x: Array) -> Array:
        return xp.abs(x)

    def partials(self, y: Value, x: Value) -> tuple[Partial]:
        return (sign(x),)

    def simplify(self, x: Value) -> Value | None:
        return x if isinstance(x.op, Abs) else None


@final
@dataclass(frozen=True)
class Sign(Elementwise, name="sign"):
    """Sign, y = -1, 0 or 1; NaN where x is NaN.

    Shapes: x is [...], y is [...].
    Units: y dimensionless.
    Kinks: the derivative is 0 everywhere, at x = 0 too.
    Source: Python array API standard, `sign`.
    """

    domain: ClassVar[Domain] = "numeric"
    analytic: ClassVar[bool] = False
    latex: ClassVar[str] = r"\operatorname{{sgn}}\left({0}\right)"

    def evaluate(self, xp: Namespace, x: Array) -> Array:
        return xp.sign(x)

    def simplify(self, x: Value) -> Value | None:
        return x if isinstance(x.op, Sign) else None


@final
@dataclass(frozen=True)
class CopySign(Elementwise, name="copysign"):
    """Size of one with the sign of another, y = |a| where b is positive or 0, -|a| where it is negative or -0.

    Shapes: a and b broadcast, y has their shape.
    Units: those of a.
    Kinks: at a = 0 both partials are 0; that by b is 0 everywhere.
    Source: Python array API standard, `copysign`.
    """

    analytic: ClassVar[bool] = False
    latex: ClassVar[str] = r"\left|{0}\right| \operatorname{{sgn}}\left({1}\right)"

    def evaluate(self, xp: Namespace, a: Array, b: Array) -> Array:
        return xp.copysign(a, b)

    def partials(self, y: Value, a: Value, b: Value) -> tuple[Partial, Partial]:
        return sign(a) * copysign(1, b), 0


class Selective(Elementwise):
    """An op that passes on, of each element, an input or nothing of it.

    Its rules select instead of multiplying by 0 or 1: what is held back is zero, even if the sensitivity is infinite
    or NaN, so that √(max(x, 0)) has the gradient 0 where x < 0.
    """

    domain: ClassVar[Domain] = "numeric"
    analytic: ClassVar[bool] = False

    @abstractmethod
    def share(self, i: int, sensitivity: Value, *x: Any, **_: Any) -> Value:
        """Return what flows of a sensitivity, that of the result or of the i-th input, between the two."""

    def vjp(self, y_bar: Value, y: Value, *x: Any, **_: Any) -> tuple[Value | None, ...]:
        return tuple(self.share(i, y_bar, *x) for i in range(len(x)))

    def jvp(self, y: Value, x: tuple[Value, ...], x_dot: tuple[Value | None, ...]) -> Value | None:
        total: Value | None = None
        for i, tangent in enumerate(x_dot):
            if tangent is not None:
                term = self.share(i, tangent, *x)
                total = term if total is None else total + term
        return total


class Extreme(Selective):
    """The greater or the smaller of two; in a tie both halves have a part."""

    @abstractmethod
    def wins(self, one: Value, other: Value) -> Value:
        """Tell where one is what the result is, ties included."""

    def share(self, i: int, sensitivity: Value, a: Value, b: Value) -> Value:
        half = where(equal(a, b), 0.5 * sensitivity, sensitivity)
        return where(self.wins(b, a) if i else self.wins(a, b), half, 0)

    def simplify(self, a: Value, b: Value) -> Value | None:
        return a if a is b else None


@final
@dataclass(frozen=True)
class Maximum(Extreme, name="maximum"):
    """The greater of two, y = max(a, b); NaN where either is NaN.

    Shapes: a and b broadcast, y has their shape.
    Units: a, b and y share one.
    Kinks: where a = b, both partials are ½; of NaN they are 0.
    Source: Python array API standard, `maximum`.
    """

    latex: ClassVar[str] = r"\max\left({0}, {1}\right)"

    def evaluate(self, xp: Namespace, a: Array, b: Array) -> Array:
        return xp.maximum(a, b)

    def wins(self, one: Value, other: Value) -> Value:
        return one >= other


@final
@dataclass(frozen=True)
class Minimum(Extreme, name="minimum"):
    """The smaller of two, y = min(a, b); NaN where either is NaN.

    Shapes: a and b broadcast, y has their shape.
    Units: a, b and y share one.
    Kinks: where a = b, both partials are ½; of NaN they are 0.
    Source: Python array API standard, `minimum`.
    """

    latex: ClassVar[str] = r"\min\left({0}, {1}\right)"

    def evaluate(self, xp: Namespace, a: Array, b: Array) -> Array:
        return xp.minimum(a, b)

    def wins(self, one: Value, other: Value) -> Value:
        return one <= other


class NumericExtreme(Extreme):
    """The greater or the smaller of two, where a NaN does not count beside a number."""

    domain: ClassVar[Domain] = "floating"

    def wins(self, one: Value, other: Value) -> Value:
        return logical_or(self.leads(one, other), logical_and(isnan(other), logical_not(isnan(one))))

    @abstractmethod
    def leads(self, one: Value, other: Value) -> Value:
        """Tell where one is what the result is, of two numbers, ties included."""


@final
@dataclass(frozen=True)
class FMax(NumericExtreme, name="fmax"):
    """The greater of two, where a NaN does not count beside a number; NaN where both are NaN.

    Shapes: a and b broadcast, y has their shape.
    Units: a, b and y share one.
    Kinks: where a = b, both partials are ½; of NaN they are 0.
    Source: C, `fmax`; NumPy, `fmax`.
    """

    latex: ClassVar[str] = r"\max\left({0}, {1}\right)"

    def evaluate(self, xp: Namespace, a: Array, b: Array) -> Array:
        return xp.fmax(a, b)

    def leads(self, one: Value, other: Value) -> Value:
        return one >= other


@final
@dataclass(frozen=True)
class FMin(NumericExtreme, name="fmin"):
    """The smaller of two, where a NaN does not count beside a number; NaN where both are NaN.

    Shapes: a and b broadcast, y has their shape.
    Units: a, b and y share one.
    Kinks: where a = b, both partials are ½; of NaN they are 0.
    Source: C, `fmin`; NumPy, `fmin`.
    """

    latex: ClassVar[str] = r"\min\left({0}, {1}\right)"

    def evaluate(self, xp: Namespace, a: Array, b: Array) -> Array:
        return xp.fmin(a, b)

    def leads(self, one: Value, other: Value) -> Value:
        return one <= other


@final
@dataclass(frozen=True)
class Relu(Selective, name="relu"):
    """Rectified linear unit, y = max(0, x).

    Shapes: x is [...], y is [...].
    Units: those of x.
    Kinks: at x = 0 the derivative is 0, where that of maximum(x, 0) is ½.
    Source: Nair & Hinton (2010), "Rectified linear units improve restricted Boltzmann machines"; PyTorch, `relu`.
    """

    latex: ClassVar[str] = r"\max\left(0, {0}\right)"

    def evaluate(self, xp: Namespace, x: Array) -> Array:
        return xp.maximum(x, 0)

    def share(self, i: int, sensitivity: Value, x: Value) -> Value:
        return where(x > 0, sensitivity, 0)

    def simplify(self, x: Value) -> Value | None:
        return x if isinstance(x.op, Relu) else None


@final
@dataclass(frozen=True)
class Clip(Selective, name="clip"):
    """What of x lies in an interval, y = min(max(x, min), max); NaN stays NaN.

    The bounds are attributes: as values of a graph they are `minimum(maximum(x, low), high)`.

    Attributes:
        min: the lower bound; left out, there is none.
        max: the upper bound, not less than the lower; left out, there is none.

    Shapes: x is [...], y is [...].
    Units: those of x.
    Kinks: the derivative is 1 on the closed interval, bounds included, and 0 outside.
    Raises: AttributeValueError when the lower bound is above the upper, or no number of the element type of x.
    Source: Python array API standard, `clip`; the derivative as that of PyTorch's `clamp`.
    """

    min: float | None = None
    max: float | None = None

    def __post_init__(self) -> None:
        if self.min is not None and self.max is not None and not self.min <= self.max:
            raise AttributeValueError(f"clip from {self.min} to {self.max}: exchange min and max, neither may be NaN")

    def infer(self, x: TensorType) -> TensorType:
        y = super().infer(x)
        for bound in (self.min, self.max):
            if bound is not None and not _holds(x.element_type, bound):
                message = f"clip of {x.element_type} values can't have the bound {bound}; give one that this type holds"
                raise AttributeValueError(message, op=self.name)
        return y

    def evaluate(self, xp: Namespace, x: Array) -> Array:
        low, high = (bound if bound is None else xp.asarray(bound, dtype=x.dtype) for bound in (self.min, self.max))
        return xp.clip(x, low, high)

    def share(self, i: int, sensitivity: Value, x: Value) -> Value:
        above = None if self.min is None else x >= self.min
        below = None if self.max is None else x <= self.max
        inside = logical_and(above, below) if above and below else above or below
        return where(inside, sensitivity, 0) if inside else sensitivity

    def simplify(self, x: Value) -> Value | None:
        return x if self.min is self.max is None else None


def _holds(kind: ElementType, number: float) -> bool:
    """Tell whether a number is one of the element type; of a floating one all are, but NaN."""
    if kind.is_floating:
        return number == number
    limits = np.iinfo(kind.dtype)
    return limits.min <= number <= limits.max and number == int(number)


@final
@dataclass(frozen=True)
class Where(Selective, name="where"):
    """Choice, y = a where the condition holds, else b; nothing of the one that is not taken shows, not even a NaN.

    Shapes: condition, a and b broadcast, y has their shape.
    Units: a, b and y share one.
    Kinks: a change of the condition is no change: its derivative is that of the input that is taken.
    Raises: ElementTypeError when the condition is not bool.
    Source: Python array API standard, `where`.
    """

    domain: ClassVar[Domain] = "any"
    unpromoted: ClassVar[Mapping[int, ElementType]] = {0: BOOL}
    analytic: ClassVar[bool] = True  # in the inputs that it chooses from
    latex: ClassVar[str] = r"\begin{{cases}} {1} & \text{{if }} {0} \\ {2} & \text{{otherwise}} \end{{cases}}"

    def infer(self, condition: TensorType, a: TensorType, b: TensorType) -> TensorType:
        if condition.element_type is not BOOL:
            message = f"where takes a bool condition, not {condition.element_type}; say not_equal(condition, 0)"
            raise ElementTypeError(message, op=self.name)
        return TensorType(super().infer(condition, a, b).shape, a.element_type)

    def evaluate(self, xp: Namespace, condition: Array, a: Array, b: Array) -> Array:
        return xp.where(condition, a, b)

    def share(self, i: int, sensitivity: Value, condition: Value, a: Value, b: Value) -> Value:
        taken: tuple[Operand, Operand] = (sensitivity, 0) if i == 1 else (0, sensitivity)
        return where(condition, *taken)

    def vjp(self, y_bar: Value, y: Value, *x: Any, **_: Any) -> tuple[Value | None, ...]:
        return None, self.share(1, y_bar, *x), self.share(2, y_bar, *x)

    def jvp(self, y: Value, x: tuple[Value, ...], x_dot: tuple[Value | None, ...]) -> Value | None:
        _, a_dot, b_dot = x_dot
        return super().jvp(y, x, x_dot) if a_dot is None or b_dot is None else where(x[0], a_dot, b_dot)

    def simplify(self, condition: Value, a: Value, b: Value) -> Value | None:
        if a is b:
            return a
        known = scalar_of(condition)
        return None if known is None else a if known else b
