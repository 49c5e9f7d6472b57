"""Bodies with a derivative of their own, and bodies whose inner values are not kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, final

from gradwire_service.control.derivatives import (
    Traces,
    check_types,
    filled,
    like,
    pulled_body,
    pushed_body,
    spread,
    summed,
)
from gradwire_service.errors import NotDifferentiableError
from gradwire_service.graph import Array, TensorType
from gradwire_service.ops.base import Namespace, Op, Value, full
from gradwire_service.ops.body import Body, Control
from gradwire_service.transform import vjp


class Inlined(Control):
    """An op that stands for its body once all derivatives are taken."""

    body: Body

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        return self.body.types

    def evaluate(self, xp: Namespace, *inputs: Array) -> tuple[Array, ...]:
        return tuple(self.body.run(xp, inputs))

    def inlined(self, *inputs: Value) -> tuple[Value, ...]:
        return self.body(*inputs)

    def flops(self, y: TensorType, *x: TensorType) -> float:
        return self.body.flops


@final
@dataclass(frozen=True)
class CustomDerivative(Inlined, name="custom_derivative"):
    """A body with a derivative of its own, y = body(x), which is used as it is given.

    `pullback` takes x, then y, then a cotangent of each floating result, and returns a cotangent of each floating
    input. `pushforward` takes x, then y, then a tangent of each floating input, and returns a tangent of each floating
    result. One of them is enough: both are linear in their last inputs, and the other one is its transpose. They are
    graphs, and differentiated in turn for derivatives of higher order. `CheckGradient` tells whether they are right.

    Shapes: those of the bodies.
    Units: those that the bodies give.
    Raises: NotDifferentiableError when a derivative is asked for and none is given; ShapeError or ElementTypeError when
        a derivative returns something else than the types of what it belongs to.
    Source: JAX, `custom_vjp` and `custom_jvp`.
    """

    body: Body
    pullback: Body | None = None
    pushforward: Body | None = None

    @classmethod
    def build(cls, traces: Traces, inputs: Sequence[Value], **settings: Any) -> tuple[Value, ...]:
        types = [x.type for x in inputs]
        body: Body = traces["body"](types)
        known = [*types, *body.types]
        moving = [t for t in types if t.element_type.is_floating]
        results = [t for t in body.types if t.element_type.is_floating]
        pulled = traces["pullback"]([*known, *results]) if traces.get("pullback") else None
        pushed = traces["pushforward"]([*known, *moving]) if traces.get("pushforward") else None
        for what, given, wanted in (("cotangent", pulled, moving), ("tangent", pushed, results)):
            if given is not None:
                remedy = "the derivative of custom_derivative returns one for each floating value, of its type"
                check_types(what, wanted, given.types, remedy)
        return cls(body, pulled, pushed)(*inputs)

    def vjp(
        self, y_bar: tuple[Value | None, ...], y: tuple[Value, ...], *x: Value, below_choice: bool = False, **_: Any
    ) -> tuple[Value | None, ...]:
        bars = filled(y, y_bar)
        if self.pullback is not None:
            return spread(x, self.pullback(*x, *y, *bars))
        return spread(x, _transposed(self._given(self.pushforward), [*x, *y], bars))

    def jvp(
        self, y: tuple[Value, ...], x: tuple[Value, ...], x_dot: tuple[Value | None, ...]
    ) -> tuple[Value | None, ...]:
        dots = filled(x, x_dot)
        if self.pushforward is not None:
            return spread(y, self.pushforward(*x, *y, *dots))
        return spread(y, _transposed(self._given(self.pullback), [*x, *y], dots))

    def _given(self, other: Body | None) -> Body:
        if other is None:
            raise NotDifferentiableError(
                f"{self.name} was given no derivative; give it a pullback or a pushforward, or use the body itself",
                op=self.name,
            )
        return other


def _transposed(linear: Body, point: Sequence[Value], bars: Sequence[Value]) -> list[Value]:
    """Apply the transpose of a body that is linear in its last inputs."""
    inner = like(linear.variables, "inner")
    directions = inner[len(point) :]
    outputs = linear(*inner)
    cotangents = like(outputs, "bar")
    found = vjp(summed(zip(outputs, cotangents, strict=True)), directions)
    zeros = [full(x.type, 0) for x in directions]  # what is linear has the same transpose everywhere
    return list(Body((*inner, *cotangents), tuple(found))(*point, *zeros, *bars))


@final
@dataclass(frozen=True)
class Barrier(Op):
    """The first input as it is, computed after the second one."""

    name: ClassVar[str] = "barrier"
    internal: ClassVar[bool] = True

    def infer(self, x: TensorType, after: TensorType) -> TensorType:
        return x

    def evaluate(self, xp: Namespace, x: Array, after: Array) -> Array:
        return x

    def vjp(self, y_bar: Value, y: Value, x: Value, after: Value) -> tuple[Value, None]:
        return y_bar, None

    def jvp(self, y: Value, x: tuple[Value, ...], x_dot: tuple[Value | None, ...]) -> Value | None:
        return x_dot[0]

    def flops(self, y: TensorType, x: TensorType, after: TensorType) -> float:
        return 0.0


@final
@dataclass(frozen=True)
class Checkpoint(Inlined, name="checkpoint"):
    """A body whose inner values are evaluated again in the reverse pass, instead of being kept until then.

    Shapes: those of the body.
    Units: those that the bodies give.
    Source: Griewank & Walther (2008), "Evaluating derivatives", chapter 12; JAX, `checkpoint`.
    """

    body: Body

    @classmethod
    def build(cls, traces: Traces, inputs: Sequence[Value], **settings: Any) -> tuple[Value, ...]:
        return cls(traces["body"]([x.type for x in inputs]))(*inputs)

    def vjp(
        self, y_bar: tuple[Value | None, ...], y: tuple[Value, ...], *x: Value, below_choice: bool = False, **_: Any
    ) -> tuple[Value | None, ...]:
        bars = filled(y, y_bar)
        again = [Barrier()(value, bars[0]) for value in x] if bars else [*x]
        return spread(x, pulled_body(self.body, below_choice)(*again, *bars))

    def jvp(
        self, y: tuple[Value, ...], x: tuple[Value, ...], x_dot: tuple[Value | None, ...]
    ) -> tuple[Value | None, ...]:
        pushed = pushed_body(self.body)
        return spread(y, Checkpoint(pushed)(*x, *filled(x, x_dot)))
