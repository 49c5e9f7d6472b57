"""Branches: one of several bodies, chosen when the graph runs. The others are not evaluated, and pass nothing on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, final

import numpy as np

from gradwire_service.control.derivatives import Traces, check_types, filled, pulled_body, pushed_body, spread
from gradwire_service.errors import ArityError, ElementTypeError, IndexRangeError, ShapeError
from gradwire_service.graph import BOOL, Array, TensorType
from gradwire_service.ops.base import Namespace, Value
from gradwire_service.ops.body import Body, Control, Rewritten


@final
@dataclass(frozen=True)
class Switch(Control, name="switch"):
    """One of several bodies, y = bodies[index](operands); it alone is evaluated.

    A truth value is an index, too: the first body is for false, the second for true.

    Shapes: index is []; all bodies take the operands and return the same types.
    Units: those that the bodies give.
    Kinks: the index has no derivative; those of the operands are the chosen body's, and zero where it does not use one.
    Raises: ShapeError or ElementTypeError when the index is no integer scalar, or when bodies return different types;
        at the run, IndexRangeError when there is no body of that index.
    Source: JAX, `lax.switch`.
    """

    results_like: ClassVar[str] = "bodies"

    bodies: tuple[Body, ...]

    @classmethod
    def build(cls, traces: Traces, inputs: Sequence[Value], **settings: Any) -> tuple[Value, ...]:
        types = [x.type for x in inputs[1:]]
        return cls(tuple(trace(types) for trace in traces["bodies"]))(*inputs)

    def infer(self, index: TensorType, *operands: TensorType) -> tuple[TensorType, ...]:
        if index.shape != () or index.element_type.is_floating:
            raise ElementTypeError(f"{self.name} is told by an integer scalar, not {index}; convert it with astype")
        if not self.bodies:
            raise ArityError(f"{self.name} has no bodies; name at least one composite", op=self.name)
        if index.element_type is BOOL and len(self.bodies) != 2:
            raise ShapeError(f"{self.name} by a truth value is between two bodies, not {len(self.bodies)}")
        types = self.bodies[0].types
        for i, body in enumerate(self.bodies[1:], 1):
            check_types(f"result of body {i}", types, body.types, "all bodies return what the first one does")
        return types

    def evaluate(self, xp: Namespace, index: Array, *operands: Array) -> tuple[Array, ...]:
        own = getattr(xp, "switch", None)
        if own is not None:  # a namespace that traces can't look at the index
            return tuple(own(self, index, operands))
        chosen = int(np.real(index))
        if not 0 <= chosen < len(self.bodies):
            raise IndexRangeError(
                f"{self.name} has no body {chosen}; they run from 0 to {len(self.bodies) - 1}",
                index=chosen,
                size=len(self.bodies),
            )
        return tuple(self.bodies[chosen].run(xp, operands))

    def vjp(
        self, y_bar: tuple[Value | None, ...], y: tuple[Value, ...], *x: Value, below_choice: bool = False, **_: Any
    ) -> tuple[Value | None, ...]:
        bodies = (pulled_body(body, below_choice) for body in self.bodies)
        found = Switch(tuple(bodies))(*x, *filled(y, y_bar))
        return None, *spread(x[1:], found)

    def jvp(
        self, y: tuple[Value, ...], x: tuple[Value, ...], x_dot: tuple[Value | None, ...]
    ) -> tuple[Value | None, ...]:
        found = Switch(tuple(map(pushed_body, self.bodies)))(*x, *filled(x[1:], x_dot[1:]))
        return spread(y, found)

    def closed(self, used: set[int]) -> tuple[Switch, Sequence[int], Sequence[int]]:
        """Leave out results."""
        kept = sorted(used)
        bodies = (Body(body.variables, tuple(body.outputs[i] for i in kept)) for body in self.bodies)
        return Switch(tuple(bodies)), range(len(self.bodies[0].variables) + 1), kept

    def flops(self, y: TensorType, *x: TensorType) -> float:
        return max(body.flops for body in self.bodies)


@final
@dataclass(frozen=True)
class Cond(Rewritten, name="cond"):
    """One of two bodies, y = on_true(operands) where the condition holds, else on_false(operands).

    Only the body that is chosen is evaluated; for a choice element by element there is `where`.

    Shapes: condition is [], of truth values; both bodies take the operands and return the same types.
    Units: those that the bodies give.
    Kinks: the derivative is that of the chosen body.
    Raises: ShapeError or ElementTypeError as `switch` does.
    Source: JAX, `lax.cond`.
    """

    results_like: ClassVar[str] = "on_true"

    on_true: Body
    on_false: Body

    @classmethod
    def build(cls, traces: Traces, inputs: Sequence[Value], **settings: Any) -> tuple[Value, ...]:
        if inputs[0].element_type is not BOOL:
            kind = inputs[0].element_type
            raise ElementTypeError(f"the condition of cond is a truth value, not {kind}; compare it with something")
        return Switch.build({"bodies": (traces["on_false"], traces["on_true"])}, inputs)

    def evaluate(self, xp: Namespace, condition: Array, *operands: Array) -> tuple[Array, ...]:
        return super().evaluate(xp, condition, *operands)  # the catalog has the inputs' names from here
