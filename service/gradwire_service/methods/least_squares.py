"""SciPy's methods of least squares: they take residuals and their Jacobian."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, final

import numpy as np
import scipy.optimize

from gradwire_service.methods.base import Ending, Method
from gradwire_service.methods.objective import Ask, Residuals
from gradwire_service.methods.record import Record
from gradwire_service.methods.vectors import Vector
from gradwire_service.optimizers.configured import NOT_NEGATIVE, Meaning
from gradwire_service.training import Progress, StopReason

_NO_LIMIT = 2**31 - 1


@dataclass(frozen=True)
class LeastSquares(Method):
    """A method of `scipy.optimize.least_squares`: the loss is half the sum of the squares of all residuals.

    Class attributes:
        scipy_name: what SciPy calls it.
    """

    scipy_name: ClassVar[Any]  # one of the literals that SciPy's types list
    takes_residuals: ClassVar[bool] = True

    ftol: Annotated[
        float, Meaning("converged when the loss falls by less, as a share of itself; 0 does not count", NOT_NEGATIVE)
    ] = 1e-8
    xtol: Annotated[
        float, Meaning("converged when a step is shorter than this share of the vector; 0 does not count", NOT_NEGATIVE)
    ] = 1e-8
    gtol: Annotated[float, Meaning("converged when the scaled gradient is smaller; 0 does not count", NOT_NEGATIVE)] = (
        1e-8
    )
    scale_by_jacobian: Annotated[
        bool, Meaning("measure each element of a step by the column of the Jacobian that belongs to it")
    ] = True

    def objective(self, ask: Ask, record: Record, of: Sequence[str], tell: Callable[[Progress], object]) -> Residuals:
        return Residuals(ask, record, of, tell)

    def run(self, objective: Residuals, start: Vector) -> Ending:
        record = objective.record
        found = scipy.optimize.least_squares(
            objective.residuals,
            start,
            jac=objective.jacobian,
            method=self.scipy_name,
            bounds=(record.box.lower, record.box.upper) if self.takes_bounds else (-np.inf, np.inf),
            ftol=self.ftol or None,
            xtol=self.xtol or None,
            gtol=self.gtol or None,
            x_scale="jac" if self.scale_by_jacobian else 1.0,
            max_nfev=None if record.conditions.budget.is_endless else _NO_LIMIT,
        )
        message = str(found.message)
        if found.status > 0:
            return Ending(np.asarray(found.x), StopReason.CONVERGED, message)
        reason = StopReason.FUNCTION_EVALUATIONS if found.status == 0 else objective.give_up(message)
        return Ending(np.asarray(found.x), reason, message)


@final
@dataclass(frozen=True)
class Lm(LeastSquares, name="lm"):
    """Levenberg's and Marquardt's method, as MINPACK has it; at least as many residuals as parameters, no bounds.

    Source: SciPy, `least_squares(method="lm")`; Moré (1978), "The Levenberg-Marquardt algorithm: implementation and
        theory".
    """

    scipy_name: ClassVar[str] = "lm"


@final
@dataclass(frozen=True)
class Trf(LeastSquares, name="trf"):
    """Trust region, reflected at bounds. Robust; the usual choice.

    Source: SciPy, `least_squares(method="trf")`; Branch, Coleman, Li (1999), "A subspace, interior, and conjugate
        gradient method for large-scale bound-constrained minimization problems".
    """

    scipy_name: ClassVar[str] = "trf"
    takes_bounds: ClassVar[bool] = True


@final
@dataclass(frozen=True)
class Dogbox(LeastSquares, name="dogbox"):
    """Powell's dogleg in a rectangular trust region, within bounds; for small problems whose Jacobian has full rank.

    Source: SciPy, `least_squares(method="dogbox")`; Voglis, Lagaris (2004), "A rectangular trust region dogleg approach
        for unconstrained and bound constrained nonlinear optimization".
    """

    scipy_name: ClassVar[str] = "dogbox"
    takes_bounds: ClassVar[bool] = True
