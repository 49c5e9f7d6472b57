"""What SciPy's methods are given to call: loss, residuals and derivatives at a vector, with an account of it all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from gradwire_service.backend import Interrupt, Tier
from gradwire_service.errors import CancelledError, DeadlineExceededError, NotFiniteError
from gradwire_service.methods.record import Point, Record, Stop
from gradwire_service.methods.vectors import Vector
from gradwire_service.query import (
    Arrays,
    Evaluation,
    Execution,
    GradientQuery,
    GradientResult,
    HessianQuery,
    HessianResult,
    HessianVectorProductQuery,
    HessianVectorProductResult,
    JacobianQuery,
    JacobianResult,
    Query,
    Result,
    ValueQuery,
    ValueResult,
)
from gradwire_service.training import NonFinitePolicy, Progress, StopReason

Matrix = npt.NDArray[np.float64]

Ask = Callable[[Query, Arrays, Arrays, Interrupt], Evaluation]
"""Answers a query at parameters, along vectors if it has some: one program for each query, prepared once."""


class Objective:
    """A loss as SciPy calls it.

    Where a loss or its gradient is not finite SciPy is told of a parabola instead: one that starts at the best point so
    far with the slope that is there, and comes back to a quarter of the way. A line search then turns back as it does
    from any step that was too long. (Told of infinity, L-BFGS-B takes the place for a minimum, and TNC gives up.)

    Attributes:
        record: the account.
        last: the last point that was evaluated.
        tier: what ran the last evaluation.
        fault: an error of an evaluation that could be taken for one of SciPy's.
    """

    def __init__(self, ask: Ask, record: Record, loss: str, tell: Callable[[Progress], object]) -> None:
        """Begin.

        Args:
            ask: answers queries.
            record: the account to keep.
            loss: name of a scalar; "": the only output.
            tell: takes each report.
        """
        self.ask, self.record, self.tell = ask, record, tell
        self.last: Point | None = None
        self.fault: ValueError | None = None
        self.tier = Tier.INTERPRETED
        self._names = tuple(record.packing.types)
        self._gradient = GradientQuery(loss, self._names)
        self._product = HessianVectorProductQuery(loss, self._names)
        self._hessian = HessianQuery(loss, self._names)
        self._trouble = ""  # what was not finite since the last step

    def value_and_gradient(self, x: Vector) -> tuple[float, Vector]:
        """Return the loss and its gradient, from one program."""
        point = self.at(x)
        assert point.gradient is not None
        if np.isfinite(point.loss) and np.isfinite(point.gradient).all():
            return point.loss, point.gradient.copy()  # SciPy may write into what it is given
        return self._parabola(x)

    def at(self, x: Vector) -> Point:
        """Evaluate at a point, unless it is the one that was evaluated last, or the best.

        Raises: Stop; NotFiniteError when the first point of all has a loss or gradient that is not finite.
        """
        for known in (self.last, self.record.best):
            if known is not None and np.array_equal(known.x, x):
                return known
        result, execution = self._asked(self._gradient, x)
        assert isinstance(result, GradientResult)
        gradient = self.record.packing.pack(result.gradients)
        return self.evaluated(x, float(result.value), gradient, execution)

    def evaluated(self, x: Vector, loss: float, gradient: Vector | None, execution: Execution) -> Point:
        """Note an evaluation; return the point.

        Raises: as `at` does.
        """
        self.record.evaluations += 1
        self.last = Point(x.copy(), loss, gradient, self.record.steps + (self.record.best is not None))
        if np.isfinite(loss) and (gradient is None or np.isfinite(gradient).all()):
            self.record.note(self.last)
        else:
            self.record.not_finite += 1
            self.not_finite(loss, execution)
        return self.last

    def not_finite(self, loss: float, execution: Execution) -> None:
        """Note trouble; at the first point of all, where there is nothing to turn back to, end.

        Raises: Stop, NotFiniteError.
        """
        what = f"the loss is {loss}" if not np.isfinite(loss) else "the gradient is not finite"
        where = f", first in {execution.non_finite_block!r}" if execution.non_finite_block else ""
        self._trouble = what + where
        if self.record.best is None:
            if self.record.conditions.policy is NonFinitePolicy.STOP:
                raise Stop(StopReason.NOT_FINITE)
            text = f"{self._trouble} at the start; start elsewhere, or look for such values in the data"
            raise NotFiniteError(text, block=execution.non_finite_block)

    def _parabola(self, x: Vector) -> tuple[float, Vector]:
        best = self.record.best
        assert best is not None
        assert best.gradient is not None
        way = x - best.x
        slope = abs(float(best.gradient @ way)) or 1.0
        return best.loss + slope, 3 * slope * way / (way @ way)

    def product(self, x: Vector, vector: Vector) -> Vector:
        """Multiply the Hessian at a point by a vector."""
        result, _ = self._asked(self._product, x, self.record.packing.unpack(np.asarray(vector, np.float64)))
        assert isinstance(result, HessianVectorProductResult)
        return self._finite(self.record.packing.pack(result.products), "the product of the Hessian and a vector")

    def hessian(self, x: Vector) -> Matrix:
        """Return the Hessian at a point, dense."""
        result, _ = self._asked(self._hessian, x)
        assert isinstance(result, HessianResult)
        sizes = {name: kind.size for name, kind in self.record.packing.types.items()}
        return self._finite(self.record.packing.matrix(result.matrices, sizes), "the Hessian")

    def step(self, x: Vector) -> None:
        """Take note that a step ended here: SciPy's callback.

        Raises: Stop.
        """
        point = self.at(x)
        self._trouble = ""
        report = self.record.step(replace(point, step=self.record.steps + 1))
        if report is not None:
            self.tell(report)
        reason = self.record.reason_to_stop(point)
        if reason is not None:
            raise Stop(reason)

    def give_up(self, message: str) -> StopReason:
        """Return why a method ended that did not converge.

        Raises: NotFiniteError when it is because it met what is not finite, and the policy is to fail.
        """
        policy = self.record.conditions.policy
        if not self._trouble or policy is NonFinitePolicy.SKIP:
            return StopReason.STALLED
        if policy is NonFinitePolicy.STOP:
            return StopReason.NOT_FINITE
        text = f"{self._trouble} in step {self.record.steps + 1}, and the method got no further ({message})"
        raise NotFiniteError(f"{text}; start elsewhere, or set bounds; the policy to stop keeps what was reached")

    def _asked(self, query: Query, x: Vector, along: Arrays | None = None) -> tuple[Result, Execution]:
        self.record.check(1 if isinstance(query, GradientQuery | ValueQuery) else 0)
        interrupt = self.record.conditions.interrupt
        try:
            (result,), execution = self.ask(query, self.record.packing.unpack(x), along or {}, interrupt)
        except CancelledError:
            raise Stop(StopReason.CANCELLED) from None
        except DeadlineExceededError:
            raise Stop(StopReason.DEADLINE) from None
        except ValueError as fault:
            self.fault = fault
            raise
        self.tier = execution.tier
        return result, execution

    def _finite(self, derivative: npt.NDArray[np.float64], what: str) -> npt.NDArray[np.float64]:
        """Return a second derivative, or a Jacobian, for which there is nothing to put in its place.

        Raises: Stop, NotFiniteError.
        """
        if np.isfinite(derivative).all():
            return derivative
        if self.record.conditions.policy is NonFinitePolicy.STOP:
            raise Stop(StopReason.NOT_FINITE)
        text = f"{what} is not finite where the loss is, in step {self.record.steps + 1}"
        raise NotFiniteError(f"{text}; take a method that does without, start elsewhere, or set bounds")


class Residuals(Objective):
    """Residuals as SciPy's least-squares methods call them; the loss is half the sum of their squares.

    Where residuals are not finite the methods are told so: each shortens its step by itself.
    """

    def __init__(self, ask: Ask, record: Record, residuals: Sequence[str], tell: Callable[[Progress], object]) -> None:
        """Begin.

        Args:
            ask: answers queries.
            record: the account to keep.
            residuals: names of values; (): all floating outputs.
            tell: takes each report.
        """
        super().__init__(ask, record, "", tell)
        self._values = ValueQuery(tuple(residuals))
        self._jacobian = JacobianQuery(tuple(residuals), self._names)
        self._known: tuple[Vector, Matrix] | None = None
        self._begun = False

    def residuals(self, x: Vector) -> Vector:
        """Return all residuals as one vector, [count]."""
        result, execution = self._asked(self._values, x)
        assert isinstance(result, ValueResult)
        residuals = np.concatenate([np.asarray(y, np.float64).ravel() for y in result.values.values()])
        with np.errstate(over="ignore"):
            self.evaluated(x, float(residuals @ residuals) / 2, None, execution)
        return residuals

    def jacobian(self, x: Vector) -> Matrix:
        """Return the derivatives of all residuals, [count, parameters]: asked for at the start and after every step."""
        result, _ = self._asked(self._jacobian, x)
        assert isinstance(result, JacobianResult)
        sizes = {name: y.size for name, y in result.values.items()}
        matrix = self._finite(self.record.packing.matrix(result.matrices, sizes), "the Jacobian")
        residuals = np.concatenate([np.asarray(y, np.float64).ravel() for y in result.values.values()])
        self._known = x.copy(), matrix.T @ residuals
        if self._begun:
            self.step(x)
        self._begun = True
        return matrix

    def at(self, x: Vector) -> Point:
        """Return a point that was evaluated, with the gradient Jᵀr where the Jacobian is known."""
        for known in (self.last, self.record.best):
            if known is not None and np.array_equal(known.x, x):
                break
        else:
            self.residuals(x)
            known = self.last
        assert known is not None
        if self._known is not None and np.array_equal(self._known[0], x):
            return replace(known, gradient=self._known[1])
        return known
