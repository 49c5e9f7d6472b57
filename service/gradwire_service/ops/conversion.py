"""Conversions: of the element type, and of what a derivative sees."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, final

from gradwire_service.graph import Array, ElementType, TensorType
from gradwire_service.ops.base import Linear, Namespace, Op, Value
from gradwire_service.ops.functions import astype


@final
@dataclass(frozen=True)
class AsType(Linear, name="astype"):
    """The elements converted to another type: rounded to nearest, to integers towards zero; not 0 is true.

    Between floating types it has a derivative; what is not floating, on either side, has none.

    Shapes: x is [...], y is [...].
    Units: those of x.
    Kinks: NaN, infinities and what does not fit become some integer, which one depends on the machine.
    Source: Python array API standard, `astype`.
    """

    element_type: ElementType

    def infer(self, x: TensorType) -> TensorType:
        return TensorType(x.shape, self.element_type)

    def evaluate(self, xp: Namespace, x: Array) -> Array:
        return xp.astype(x, self.element_type.dtype)

    def vjp(self, y_bar: Value, y: Value, x: Value) -> tuple[Value]:
        return (astype(y_bar, element_type=x.element_type),)

    def simplify(self, x: Value) -> Value | None:
        return x if x.element_type is self.element_type else None


@final
@dataclass(frozen=True)
class StopGradient(Op, name="stop_gradient"):
    """The value itself, which derivatives take for a constant.

    Shapes: x is [...], y is [...].
    Units: those of x.
    Source: JAX, `jax.lax.stop_gradient`.
    """

    analytic: ClassVar[bool] = False
    work: ClassVar[float] = 0

    def infer(self, x: TensorType) -> TensorType:
        return x

    def evaluate(self, xp: Namespace, x: Array) -> Array:
        return xp.stop_gradient(x)


@final
@dataclass(frozen=True)
class Identity(Linear, name="identity"):
    """The value itself, y = x, under a name of its own.

    Shapes: x is [...], y is [...].
    Units: those of x.
    Source: TensorFlow, `tf.identity`.
    """

    latex: ClassVar[str] = "{0}"
    work: ClassVar[float] = 0

    def infer(self, x: TensorType) -> TensorType:
        return x

    def evaluate(self, xp: Namespace, x: Array) -> Array:
        return x

    def vjp(self, y_bar: Value, y: Value, x: Value) -> tuple[Value]:
        return (y_bar,)

    def simplify(self, x: Value) -> Value:
        return x
