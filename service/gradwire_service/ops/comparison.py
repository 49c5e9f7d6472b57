"""Comparisons, classification and logic: ops whose result is bool, which has no derivative."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, final

from gradwire_service.graph import Array
from gradwire_service.graph.types import BOOL, ElementType
from gradwire_service.ops.base import Domain, Elementwise, Namespace, Value, scalar_of


class Comparison(Elementwise):
    """A question about two numbers; nothing is equal to NaN, less or greater."""

    domain: ClassVar[Domain] = "numeric"
    result: ClassVar[ElementType | None] = BOOL


@final
@dataclass(frozen=True)
class Equal(Comparison, name="equal"):
    """Whether two elements are the same, y = (a = b); of bool too, 0 and -0 are.

    Shapes: a and b broadcast, y has their shape.
    Units: a and b share one, y is bool.
    Source: Python array API standard, `equal`.
    """

    domain: ClassVar[Domain] = "any"
    latex: ClassVar[str] = "{0} = {1}"

    def evaluate(self, xp: Namespace, a: Array, b: Array) -> Array:
        return xp.equal(a, b)


@final
@dataclass(frozen=True)
class NotEqual(Comparison, name="not_equal"):
    """Whether two elements differ, y = (a ≠ b); NaN differs from itself.

    Shapes: a and b broadcast, y has their shape.
    Units: a and b share one, y is bool.
    Source: Python array API standard, `not_equal`.
    """

    domain: ClassVar[Domain] = "any"
    latex: ClassVar[str] = r"{0} \neq {1}"

    def evaluate(self, xp: Namespace, a: Array, b: Array) -> Array:
        return xp.not_equal(a, b)


@final
@dataclass(frozen=True)
class Less(Comparison, name="less"):
    """Whether one is less, y = (a < b).

    Shapes: a and b broadcast, y has their shape.
    Units: a and b share one, y is bool.
    Source: Python array API standard, `less`.
    """

    latex: ClassVar[str] = "{0} < {1}"

    def evaluate(self, xp: Namespace, a: Array, b: Array) -> Array:
        return xp.less(a, b)


@final
@dataclass(frozen=True)
class LessEqual(Comparison, name="less_equal"):
    """Whether one is not more, y = (a ≤ b).

    Shapes: a and b broadcast, y has their shape.
    Units: a and b share one, y is bool.
    Source: Python array API standard, `less_equal`.
    """

    latex: ClassVar[str] = r"{0} \leq {1}"

    def evaluate(self, xp: Namespace, a: Array, b: Array) -> Array:
        return xp.less_equal(a, b)


@final
@dataclass(frozen=True)
class Greater(Comparison, name="greater"):
    """Whether one is more, y = (a > b).

    Shapes: a and b broadcast, y has their shape.
    Units: a and b share one, y is bool.
    Source: Python array API standard, `greater`.
    """

    latex: ClassVar[str] = "{0} > {1}"

    def evaluate(self, xp: Namespace, a: Array, b: Array) -> Array:
        return xp.greater(a, b)


@final
@dataclass(frozen=True)
class GreaterEqual(Comparison, name="greater_equal"):
    """Whether one is not less, y = (a ≥ b).

    Shapes: a and b broadcast, y has their shape.
    Units: a and b share one, y is bool.
    Source: Python array API standard, `greater_equal`.
    """

    latex: ClassVar[str] = r"{0} \geq {1}"

    def evaluate(self, xp: Namespace, a: Array, b: Array) -> Array:
        return xp.greater_equal(a, b)


class Classification(Elementwise):
    """A question about one number; of integers the answer is always the same."""

    domain: ClassVar[Domain] = "numeric"
    result: ClassVar[ElementType | None] = BOOL


@final
@dataclass(frozen=True)
class IsNaN(Classification, name="isnan"):
    """Whether an element is not a number.

    Shapes: x is [...], y is [...].
    Units: y is bool.
    Source: Python array API standard, `isnan`.
    """

    latex: ClassVar[str] = r"{0} = \mathrm{{NaN}}"

    def evaluate(self, xp: Namespace, x: Array) -> Array:
        return xp.isnan(x)


@final
@dataclass(frozen=True)
class IsInf(Classification, name="isinf"):
    """Whether an element is infinite, of either sign.

    Shapes: x is [...], y is [...].
    Units: y is bool.
    Source: Python array API standard, `isinf`.
    """

    latex: ClassVar[str] = r"\left|{0}\right| = \infty"

    def evaluate(self, xp: Namespace, x: Array) -> Array:
        return xp.isinf(x)


@final
@dataclass(frozen=True)
class IsFinite(Classification, name="isfinite"):
    """Whether an element is a number, and not infinite.

    Shapes: x is [...], y is [...].
    Units: y is bool.
    Source: Python array API standard, `isfinite`.
    """

    latex: ClassVar[str] = r"\left|{0}\right| < \infty"

    def evaluate(self, xp: Namespace, x: Array) -> Array:
        return xp.isfinite(x)


class Logical(Elementwise):
    """A truth of truths."""

    domain: ClassVar[Domain] = "bool"


@final
@dataclass(frozen=True)
class LogicalAnd(Logical, name="logical_and"):
    """Whether both hold, y = a ∧ b.

    Shapes: a and b broadcast, y has their shape.
    Units: a, b and y are bool.
    Source: Python array API standard, `logical_and`.
    """

    latex: ClassVar[str] = r"{0} \land {1}"

    def evaluate(self, xp: Namespace, a: Array, b: Array) -> Array:
        return xp.logical_and(a, b)

    def simplify(self, a: Value, b: Value) -> Value | None:
        return b if scalar_of(a) is True else a if scalar_of(b) is True else None


@final
@dataclass(frozen=True)
class LogicalOr(Logical, name="logical_or"):
    """Whether one or both hold, y = a ∨ b.

    Shapes: a and b broadcast, y has their shape.
    Units: a, b and y are bool.
    Source: Python array API standard, `logical_or`.
    """

    latex: ClassVar[str] = r"{0} \lor {1}"

    def evaluate(self, xp: Namespace, a: Array, b: Array) -> Array:
        return xp.logical_or(a, b)

    def simplify(self, a: Value, b: Value) -> Value | None:
        return b if scalar_of(a) is False else a if scalar_of(b) is False else None


@final
@dataclass(frozen=True)
class LogicalXor(Logical, name="logical_xor"):
    """Whether just one holds, y = a ⊻ b.

    Shapes: a and b broadcast, y has their shape.
    Units: a, b and y are bool.
    Source: Python array API standard, `logical_xor`.
    """

    latex: ClassVar[str] = r"{0} \veebar {1}"

    def evaluate(self, xp: Namespace, a: Array, b: Array) -> Array:
        return xp.logical_xor(a, b)

    def simplify(self, a: Value, b: Value) -> Value | None:
        return b if scalar_of(a) is False else a if scalar_of(b) is False else None


@final
@dataclass(frozen=True)
class LogicalNot(Logical, name="logical_not"):
    """Whether it does not hold, y = ¬x.

    Shapes: x is [...], y is [...].
    Units: x and y are bool.
    Source: Python array API standard, `logical_not`.
    """

    latex: ClassVar[str] = r"\lnot {0}"

    def evaluate(self, xp: Namespace, x: Array) -> Array:
        return xp.logical_not(x)

    def simplify(self, x: Value) -> Value | None:
        return x.inputs[0] if isinstance(x.op, LogicalNot) else None
