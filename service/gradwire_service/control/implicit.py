"""Solutions of equations: values that a body defines without telling how to compute them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, final

import numpy as np

from gradwire_service.control.derivatives import Traces, check_types, filled, like, pulled_body, pushed_body, spread
from gradwire_service.control.scan import scan
from gradwire_service.errors import AttributeValueError, ElementTypeError, NotScalarError, UnsupportedByBackendError
from gradwire_service.graph import Array, TensorType
from gradwire_service.ops.base import Namespace, Value, constant
from gradwire_service.ops.body import Body, Control, Rewritten, poll
from gradwire_service.ops.functions import concatenate, reshape, solve, transpose
from gradwire_service.ops.functions import slice as slice_
from gradwire_service.ops.namespace import NUMPY
from gradwire_service.transform import gradient

_HALVINGS = 30


@final
@dataclass(frozen=True)
class Root(Control, name="root"):
    """A solution of equations, body(x, o) = 0, found by Newton's method from a start.

    The first `unknowns` inputs are where to start, the others values o of the equations. Derivatives are those of the
    implicit function, ∂x/∂o = -(∂f/∂x)⁻¹ ∂f/∂o; they do not depend on how x was found, and the start has none.

    Shapes: unknowns are any; the body returns one residual for each, of its type.
    Units: those of the unknowns.
    Kinks: where Newton's method does not converge, all results are NaN; where ∂f/∂x is singular, derivatives are
        infinite or NaN.
    Raises: ShapeError or ElementTypeError when residuals are not of the types of the unknowns; AttributeValueError for
        a tolerance or a number of iterations that is not positive.
    Source: Krantz & Parks (2013), "The implicit function theorem"; Nocedal & Wright (2006), chapter 11.
    """

    open_ended: ClassVar[bool] = True

    body: Body
    unknowns: int = 1
    tolerance: float = 1e-12
    max_iterations: int = 100

    def __post_init__(self) -> None:
        if not self.tolerance > 0 or self.max_iterations < 1 or self.unknowns < 1:
            raise AttributeValueError(f"{self.name}: unknowns, tolerance and max_iterations are positive")

    @classmethod
    def build(
        cls,
        traces: Traces,
        inputs: Sequence[Value],
        *,
        unknowns: int = 1,
        tolerance: float = 1e-12,
        max_iterations: int = 100,
    ) -> tuple[Value, ...]:
        body = traces["body"]([x.type for x in inputs])
        return cls(body, unknowns, tolerance, max_iterations)(*inputs)

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        types = inputs[: self.unknowns]
        for x in types:
            if not x.element_type.is_floating:
                raise ElementTypeError(f"{self.name} looks for floating values, not {x.element_type}; use astype")
        check_types("residual", types, self.body.types, "there is one residual for each unknown, of its type")
        return types

    @cached_property
    def _linear(self) -> Body:
        """From all inputs to the residuals, and the Jacobian with respect to the unknowns."""
        inner = like(self.body.variables, "inner")
        residuals = self.body(*inner)
        return Body(tuple(inner), (_flat(residuals), _jacobian(self.body, inner, self.unknowns)))

    def evaluate(self, xp: Namespace, *inputs: Array) -> tuple[Array, ...]:
        if xp is not NUMPY:
            raise UnsupportedByBackendError(
                f"{self.name} is solved by the backends that run graphs (numba, numpy); compare with finite_difference",
                op=self.name,
            )
        x, types = [*inputs[: self.unknowns]], self.body.types
        flat, f = np.concatenate([part.reshape(-1) for part in x]), self._residual(inputs, types)
        residual, slope = f(flat)
        for _ in range(self.max_iterations):
            poll()
            try:
                step = -np.linalg.solve(slope, residual)
            except np.linalg.LinAlgError:
                step = -np.linalg.lstsq(slope, residual)[0]
            size = np.linalg.norm(residual)
            for halving in range(_HALVINGS):
                moved = flat + step / 2**halving
                residual, slope = f(moved)
                if np.linalg.norm(residual) < size or size == 0:
                    break
            change, flat = np.abs(moved - flat).max(initial=0.0), moved
            precision = max(self.tolerance, 4 * float(np.finfo(flat.dtype).eps))
            if not np.isfinite(residual).all():
                break
            if change <= precision * max(np.abs(flat).max(initial=0.0), 1.0):
                return tuple(_parts(flat, types))
        return tuple(np.full(t.shape, np.nan, t.element_type.dtype) for t in types)

    def _residual(self, inputs: Sequence[Array], types: Sequence[TensorType]) -> Callable[[Array], tuple[Array, Array]]:
        outer = inputs[self.unknowns :]

        def f(flat: Array) -> tuple[Array, Array]:
            residual, slope = self._linear.run(NUMPY, [*_parts(flat, types), *outer])
            return residual, slope

        return f

    def vjp(
        self, y_bar: tuple[Value | None, ...], y: tuple[Value, ...], *x: Value, below_choice: bool = False, **_: Any
    ) -> tuple[Value | None, ...]:
        point = [*y, *x[self.unknowns :]]
        slope = _jacobian(self.body, point, self.unknowns)
        multipliers = _unflat(-solve(transpose(slope), _flat(filled(y, y_bar))), y)
        found = spread(x, pulled_body(self.body, below_choice)(*point, *multipliers))
        return (*(None,) * self.unknowns, *found[self.unknowns :])

    def jvp(
        self, y: tuple[Value, ...], x: tuple[Value, ...], x_dot: tuple[Value | None, ...]
    ) -> tuple[Value | None, ...]:
        point = [*y, *x[self.unknowns :]]
        still = [*(None,) * self.unknowns, *x_dot[self.unknowns :]]
        moved = pushed_body(self.body)(*point, *filled(point, still))
        return tuple(_unflat(-solve(_jacobian(self.body, point, self.unknowns), _flat(moved)), y))

    def flops(self, y: TensorType, *x: TensorType) -> float:
        return 10 * self._linear.flops


def _jacobian(body: Body, point: Sequence[Value], unknowns: int) -> Value:
    """Return the Jacobian of the residuals with respect to the unknowns, all laid flat."""
    pushed = pushed_body(body)
    sought = point[:unknowns]
    size = sum(x.type.size for x in sought)
    inner = like(point, "point")
    (row,) = like([constant(np.zeros(size), sought[0].element_type)], "row")
    dots: list[Value | None] = [*_unflat(row, sought), *(None,) * (len(point) - unknowns)]
    column = _flat(pushed(*inner, *filled(inner, dots)))
    rows = constant(np.eye(size), sought[0].element_type)
    (columns,) = scan(Body((row, *inner), (column,)), (), [rows], point, size)
    return transpose(columns)


def _flat(values: Sequence[Value]) -> Value:
    parts = [reshape(x, shape=(-1,)) for x in values]
    return parts[0] if len(parts) == 1 else concatenate(*parts, axis=0)


def _unflat(flat: Value, values: Sequence[Value]) -> list[Value]:
    found, start = [], 0
    for x in values:
        part = slice_(flat, index=f"{start}:{start + x.type.size}")
        found.append(reshape(part, shape=x.shape))
        start += x.type.size
    return found


def _parts(flat: Array, types: Sequence[TensorType]) -> list[Array]:
    found, start = [], 0
    for t in types:
        found.append(flat[start : start + t.size].reshape(t.shape).astype(t.element_type.dtype, copy=False))
        start += t.size
    return found


@final
@dataclass(frozen=True)
class FixedPoint(Rewritten, name="fixed_point"):
    """A value that a body maps to itself, x = body(x, o): the root of x - body(x, o). See `root`.

    Shapes: as for `root`; the body returns the unknowns' next values.
    Units: those of the unknowns.
    Kinks: as for `root`.
    Raises: as `root` does.
    Source: Griewank & Walther (2008), "Evaluating derivatives", chapter 15.
    """

    body: Body
    unknowns: int = 1
    tolerance: float = 1e-12
    max_iterations: int = 100

    @classmethod
    def build(cls, traces: Traces, inputs: Sequence[Value], **settings: Any) -> tuple[Value, ...]:
        def residual(types: Sequence[TensorType]) -> Body:
            body: Body = traces["body"](types)
            count = settings.get("unknowns", 1)
            check_types("next value", types[:count], body.types, "a fixed point is mapped to a value of its type")
            pairs = zip(body.variables, body.outputs, strict=False)
            return Body(body.variables, tuple(x - y for x, y in pairs))

        return Root.build({"body": residual}, inputs, **settings)


@final
@dataclass(frozen=True)
class Minimizer(Rewritten, name="minimizer"):
    """A stationary point of a scalar body, ∂body/∂x (x, o) = 0, from a start that is near a minimum. See `root`.

    Newton's method finds any stationary point: start in the basin of the minimum.

    Shapes: one unknown of any shape; the body returns a scalar.
    Units: those of the unknown.
    Kinks: as for `root`.
    Raises: NotScalarError when the body does not return one scalar; else as `root` does.
    Source: Gould et al. (2016), "On differentiating parameterized argmin and argmax problems".
    """

    results_like: ClassVar[str] = ""

    body: Body
    tolerance: float = 1e-12
    max_iterations: int = 100

    @classmethod
    def build(cls, traces: Traces, inputs: Sequence[Value], **settings: Any) -> tuple[Value, ...]:
        def slope(types: Sequence[TensorType]) -> Body:
            body: Body = traces["body"](types)
            if len(body.outputs) != 1 or body.outputs[0].shape != ():
                shown = ", ".join(map(str, body.types))
                raise NotScalarError(
                    f"the body of minimizer returns {shown}, not one scalar; reduce it with sum or mean"
                )
            return Body(body.variables, tuple(gradient(body.outputs[0], body.variables[:1])))

        return Root.build({"body": slope}, inputs, **settings)
