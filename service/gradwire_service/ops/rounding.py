"""Whole numbers near a number, and division that leaves a remainder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, final

from gradwire_service.graph import Array
from gradwire_service.ops.base import Domain, Elementwise, Namespace, Partial, Value
from gradwire_service.ops.functions import floor_divide
from gradwire_service.ops.functions import round as round_


class Rounding(Elementwise):
    """A whole number near x; integers stay what they are."""

    domain: ClassVar[Domain] = "numeric"
    analytic: ClassVar[bool] = False

    def simplify(self, x: Value) -> Value | None:
        return x if isinstance(x.op, Rounding) else None


@final
@dataclass(frozen=True)
class Floor(Rounding, name="floor"):
    """Greatest whole number that is not greater, y = ⌊x⌋.

    Shapes: x is [...], y is [...].
    Units: x and y dimensionless.
    Kinks: the derivative is 0 everywhere, at the steps too.
    Source: Python array API standard, `floor`.
    """

    latex: ClassVar[str] = r"\left\lfloor {0} \right\rfloor"

    def evaluate(self, xp: Namespace, x: Array) -> Array:
        return xp.floor(x)


@final
@dataclass(frozen=True)
class Ceil(Rounding, name="ceil"):
    """Least whole number that is not less, y = ⌈x⌉.

    Shapes: x is [...], y is [...].
    Units: x and y dimensionless.
    Kinks: the derivative is 0 everywhere, at the steps too.
    Source: Python array API standard, `ceil`.
    """

    latex: ClassVar[str] = r"\left\lceil {0} \right\rceil"

    def evaluate(self, xp: Namespace, x: Array) -> Array:
        return xp.ceil(x)


@final
@dataclass(frozen=True)
class Round(Rounding, name="round"):
    """Nearest whole number; half way between two, the even one.

    Shapes: x is [...], y is [...].
    Units: x and y dimensionless.
    Kinks: the derivative is 0 everywhere, at the steps too.
    Source: Python array API standard, `round`.
    """

    latex: ClassVar[str] = r"\operatorname{{round}}\left({0}\right)"

    def evaluate(self, xp: Namespace, x: Array) -> Array:
        return xp.round(x)


@final
@dataclass(frozen=True)
class Trunc(Rounding, name="trunc"):
    """Nearest whole number towards zero.

    Shapes: x is [...], y is [...].
    Units: x and y dimensionless.
    Kinks: the derivative is 0 everywhere, at the steps too.
    Source: Python array API standard, `trunc`.
    """

    latex: ClassVar[str] = r"\operatorname{{trunc}}\left({0}\right)"

    def evaluate(self, xp: Namespace, x: Array) -> Array:
        return xp.trunc(x)


@final
@dataclass(frozen=True)
class FloorDivide(Elementwise, name="floor_divide"):
    """Quotient rounded down, y = ⌊a / b⌋; of integers by 0 it is 0.

    Shapes: a and b broadcast, y has their shape.
    Units: a and b share one, y dimensionless.
    Kinks: both partials are 0 everywhere, at the steps too.
    Source: Python array API standard, `floor_divide`.
    """

    domain: ClassVar[Domain] = "numeric"
    analytic: ClassVar[bool] = False
    latex: ClassVar[str] = r"\left\lfloor \frac{{{0}}}{{{1}}} \right\rfloor"
    work: ClassVar[float] = 8

    def evaluate(self, xp: Namespace, a: Array, b: Array) -> Array:
        return xp.floor_divide(a, b)


@final
@dataclass(frozen=True)
class Remainder(Elementwise, name="remainder"):
    """What a division leaves, y = a - b ⌊a / b⌋, as Python's `%`: it has the sign of b. Of integers by 0 it is 0.

    Shapes: a and b broadcast, y has their shape.
    Units: a, b and y share one.
    Kinks: the partials are 1 and -⌊a / b⌋ everywhere, where y jumps too.
    Source: Python array API standard, `remainder`.
    """

    domain: ClassVar[Domain] = "numeric"
    analytic: ClassVar[bool] = False
    latex: ClassVar[str] = r"{0} \bmod {1}"
    work: ClassVar[float] = 8

    def evaluate(self, xp: Namespace, a: Array, b: Array) -> Array:
        return xp.remainder(a, b)

    def partials(self, y: Value, a: Value, b: Value) -> tuple[Partial, Partial]:
        return 1, -floor_divide(a, b)


@final
@dataclass(frozen=True)
class FMod(Elementwise, name="fmod"):
    """What a division leaves, y = a - b trunc(a / b), as in C: it has the sign of a. Of integers by 0 it is 0.

    Shapes: a and b broadcast, y has their shape.
    Units: a, b and y share one.
    Kinks: the partials are 1 and -trunc(a / b) everywhere, where y jumps too.
    Source: C, `fmod`; NumPy, `fmod`.
    """

    domain: ClassVar[Domain] = "numeric"
    analytic: ClassVar[bool] = False
    latex: ClassVar[str] = r"\operatorname{{fmod}}\left({0}, {1}\right)"
    work: ClassVar[float] = 8

    def evaluate(self, xp: Namespace, a: Array, b: Array) -> Array:
        return xp.fmod(a, b)

    def partials(self, y: Value, a: Value, b: Value) -> tuple[Partial, Partial]:
        return 1, -round_((a - y) / b)  # a / b itself may round up to the next whole number: 1 / 0.1 does
