"""Steps of methods for ordinary differential equations; a `scan` of them solves one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from gradwire_service.control.derivatives import Traces, check_types
from gradwire_service.errors import ArityError, ShapeError
from gradwire_service.ops.base import Value
from gradwire_service.ops.body import Body, Rewritten
from gradwire_service.ops.functions import astype


@final
@dataclass(frozen=True)
class RK4Step(Rewritten, name="rk4_step"):
    """One step of the classical method of Runge and Kutta for dy/dt = body(t, y, o), from y(t) to y(t + h).

    y(t + h) = y + h (k₁ + 2 k₂ + 2 k₃ + k₄) / 6, with k₁ = f(t, y), k₂ = f(t + h/2, y + h k₁/2),
    k₃ = f(t + h/2, y + h k₂/2), k₄ = f(t + h, y + h k₃); the error of a step is of order h⁵.

    The first inputs are t and h, the next `states` ones the parts of y, the others values o of the equation. The body
    takes t, y and o, and returns a slope for each part of y.

    Shapes: t and h are []; the parts of y are any, and the results have their shapes.
    Units: those of y; h has that of t.
    Raises: ArityError for fewer inputs than `states` says; ShapeError or ElementTypeError when t or h is no floating
        scalar, or slopes are not of the types of y.
    Source: Hairer, Nørsett & Wanner (1993), "Solving ordinary differential equations I", section II.1.
    """

    body: Body
    states: int = 1

    @classmethod
    def build(cls, traces: Traces, inputs: Sequence[Value], *, states: int = 1) -> tuple[Value, ...]:
        if states < 1 or len(inputs) < 2 + states:
            raise ArityError(f"rk4_step of {states} states has {len(inputs)} inputs; it takes t, h and the states")
        t, h, y, outer = inputs[0], inputs[1], inputs[2 : 2 + states], inputs[2 + states :]
        for name, value in (("t", t), ("h", h)):
            if value.shape != () or not value.element_type.is_floating:
                raise ShapeError(f"{name} of rk4_step is {value.type}, not a floating scalar; reshape or convert it")
        body: Body = traces["body"]([x.type for x in (t, *y, *outer)])
        check_types("slope", [x.type for x in y], body.types, "there is a slope for each state, of its type")

        def moved(by: Value, slopes: Sequence[Value]) -> list[Value]:
            return [x + astype(by, element_type=x.element_type) * k for x, k in zip(y, slopes, strict=True)]

        middle = t + astype(h / 2, element_type=t.element_type)
        k1 = body(t, *y, *outer)
        k2 = body(middle, *moved(h / 2, k1), *outer)
        k3 = body(middle, *moved(h / 2, k2), *outer)
        k4 = body(t + astype(h, element_type=t.element_type), *moved(h, k3), *outer)
        return tuple(moved(h / 6, [a + 2 * b + 2 * c + d for a, b, c, d in zip(k1, k2, k3, k4, strict=True)]))
