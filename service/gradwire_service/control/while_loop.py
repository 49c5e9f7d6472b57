"""Loops whose length is known only when the graph runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, final

from gradwire_service.control.branching import Switch
from gradwire_service.control.derivatives import (
    Traces,
    check_types,
    filled,
    floating,
    like,
    pulled_body,
    pushed_body,
    spread,
)
from gradwire_service.control.scan import scan
from gradwire_service.errors import (
    ArityError,
    AttributeValueError,
    ElementTypeError,
    LimitExceededError,
    NotDifferentiableError,
)
from gradwire_service.graph import BOOL, Array, TensorType
from gradwire_service.limits import LIMITS
from gradwire_service.ops.base import Namespace, Value
from gradwire_service.ops.body import Body, Control, poll


@final
@dataclass(frozen=True)
class WhileLoop(Control, name="while_loop"):
    """A loop as long as a condition holds: while condition(c, o): c = body(c, o).

    The first `carries` inputs are the carries c at the start, the others values o that all trips see. Both bodies take
    all of them; the condition returns one truth value, the body the carries.

    Derivatives along tangents go with the loop. Reverse derivatives need a bound, `max_trips`: the loop is then
    differentiated as that many steps, each of which is skipped once the condition fails.

    Shapes: carries are any; the condition is [].
    Units: those that the bodies give.
    Raises: ShapeError or ElementTypeError when a carry does not come out as it went in, or the condition is no truth
        value; NotDifferentiableError for a reverse derivative without `max_trips`; at the run, LimitExceededError after
        `max_trips`, or 1,000,000, trips.
    Source: JAX, `lax.while_loop`.
    """

    open_ended: ClassVar[bool] = True

    condition: Body
    body: Body
    carries: int = 1
    max_trips: int | None = None

    def __post_init__(self) -> None:
        if self.max_trips is not None and not 0 <= self.max_trips <= LIMITS.trips:
            raise AttributeValueError(f"{self.name}: max_trips is {self.max_trips}, not from 0 to {LIMITS.trips:,}")

    @classmethod
    def build(
        cls, traces: Traces, inputs: Sequence[Value], *, carries: int = 1, max_trips: int | None = None
    ) -> tuple[Value, ...]:
        if not 0 <= carries <= len(inputs):
            raise ArityError(f"while_loop over {carries} carries has {len(inputs)} inputs")
        types = [x.type for x in inputs]
        return cls(traces["condition"](types), traces["body"](types), carries, max_trips)(*inputs)

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        found = self.condition.types
        if found != (TensorType((), BOOL),):
            shown = ", ".join(map(str, found))
            raise ElementTypeError(f"the condition of {self.name} returns {shown}, not one truth value of shape []")
        remedy = "a carry keeps its shape and element type; reshape, broadcast or convert where it starts"
        check_types("carry", inputs[: self.carries], self.body.types, remedy)
        return self.body.types

    def evaluate(self, xp: Namespace, *inputs: Array) -> tuple[Array, ...]:
        own = getattr(xp, "while_loop", None)
        if own is not None:  # a namespace that traces can't ask the condition
            return tuple(own(self, inputs))
        limit = LIMITS.trips if self.max_trips is None else self.max_trips
        carried, outer = [*inputs[: self.carries]], inputs[self.carries :]
        trips = 0
        while self.condition.run(xp, [*carried, *outer])[0]:
            if trips == limit:
                message = f"{self.name} did not end after {limit:,} trips; see that its condition fails at some time"
                raise LimitExceededError(message, limit=limit, value=trips + 1)
            poll()
            carried = self.body.run(xp, [*carried, *outer])
            trips += 1
        return tuple(carried)

    def jvp(
        self, y: tuple[Value, ...], x: tuple[Value, ...], x_dot: tuple[Value | None, ...]
    ) -> tuple[Value | None, ...]:
        pushed, c = pushed_body(self.body), self.carries
        inner, dots = pushed.variables[: len(x)], pushed.variables[len(x) :]
        moving = floating(x)
        carried = [dot for i, dot in zip(moving, dots, strict=True) if i < c]
        shared = [dot for i, dot in zip(moving, dots, strict=True) if i >= c]
        order = (*inner[:c], *carried, *inner[c:], *shared)
        body = Body(order, (*self.body(*inner), *pushed.outputs))
        condition = Body(order, self.condition(*inner))
        given = iter(filled(x, x_dot))
        starts = [dot for _, dot in zip(carried, given, strict=False)]
        op = WhileLoop(condition, body, c + len(carried), self.max_trips)
        found = op(*x[:c], *starts, *x[c:], *given)
        return spread(y, found[c:])

    def vjp(
        self, y_bar: tuple[Value | None, ...], y: tuple[Value, ...], *x: Value, below_choice: bool = False, **_: Any
    ) -> tuple[Value | None, ...]:
        if self.max_trips is None:
            raise NotDifferentiableError(
                f"{self.name} has no reverse derivative without a bound; give it max_trips, or ask for a jvp",
                op=self.name,
            )
        pulled = pulled_body(self._bounded(x, self.max_trips), below_choice)
        return spread(x, pulled(*x, *filled(y, y_bar)))

    def _bounded(self, x: Sequence[Value], trips: int) -> Body:
        """Return the loop as steps that are skipped once the condition fails."""
        c = self.carries
        inner = like(x, "inner")
        step = like(x, "step")
        stays = Body(tuple(step), tuple(step[:c]))
        chosen = Switch((stays, self.body))(*self.condition(*step), *step)
        found = scan(Body(tuple(step), chosen), inner[:c], (), inner[c:], trips)
        return Body(tuple(inner), found)

    def flops(self, y: TensorType, *x: TensorType) -> float:
        return (self.max_trips or 1) * (self.body.flops + self.condition.flops)
