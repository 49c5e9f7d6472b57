"""What a method is: settings, and how SciPy is called with them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Annotated, Any, ClassVar, NamedTuple, Self

import numpy as np
import scipy.optimize

from gradwire_service.methods.objective import Ask, Objective
from gradwire_service.methods.record import Record
from gradwire_service.methods.vectors import Vector
from gradwire_service.optimizers.configured import NOT_NEGATIVE, POSITIVE, Configured, Meaning
from gradwire_service.training import Progress, StopReason

GradientTolerance = Annotated[
    float, Meaning("converged when no element of the gradient is greater, in its units", NOT_NEGATIVE)
]
Radius = Annotated[float, Meaning("how far a step may go, as a 2-norm in units of the parameters", POSITIVE)]


class Ending(NamedTuple):
    """How SciPy says that a method ended by itself.

    Attributes:
        x: where.
        reason: why.
        message: the same in its words.
    """

    x: Vector
    reason: StopReason
    message: str


@dataclass(frozen=True)
class Method(Configured, ABC):
    """A method that owns its loop; its fields are its hyperparameters, called as SciPy calls them.

    How many iterations and evaluations it may take is said by the budget; where that says nothing, SciPy's own limits
    hold.

    Class attributes:
        takes_bounds: whether it keeps parameters within bounds.
        takes_residuals: whether it minimizes a sum of squares, of which it is given the terms.
    """

    family: ClassVar[str] = "optimizer"
    path: ClassVar[str] = "optimizer.hyperparameters"
    registry: ClassVar[dict[str, type[Self]]] = {}
    takes_bounds: ClassVar[bool] = False
    takes_residuals: ClassVar[bool] = False

    @abstractmethod
    def objective(self, ask: Ask, record: Record, of: Sequence[str], tell: Callable[[Progress], object]) -> Objective:
        """Return what SciPy will call.

        Args:
            ask: answers queries.
            record: the account to keep.
            of: name of the loss, or names of residuals; (): the outputs.
            tell: takes each report.
        """

    @abstractmethod
    def run(self, objective: Any, start: Vector) -> Ending:
        """Let SciPy minimize.

        Args:
            objective: what `objective` made.
            start: where to begin; in the box.

        Raises: what the objective raises; ValueError for settings that SciPy does not take.
        """

    def settings(self) -> dict[str, Any]:
        """Return the hyperparameters as SciPy takes them."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


@dataclass(frozen=True)
class Minimizer(Method):
    """A method of `scipy.optimize.minimize`.

    Class attributes:
        scipy_name: what SciPy calls it.
        derivatives: what it takes beside value and gradient: "", "hessp" or "hess".
        limits: its options that limit iterations or evaluations.
        limit_status: how it says that it came to one of them.
    """

    scipy_name: ClassVar[Any]  # one of the literals that SciPy's types list
    derivatives: ClassVar[str] = ""
    limits: ClassVar[tuple[str, ...]] = ("maxiter",)
    limit_status: ClassVar[int] = 1

    def objective(self, ask: Ask, record: Record, of: Sequence[str], tell: Callable[[Progress], object]) -> Objective:
        return Objective(ask, record, of[0] if of else "", tell)

    def run(self, objective: Objective, start: Vector) -> Ending:
        record = objective.record
        options = self.settings()
        if not record.conditions.budget.is_endless:  # then it alone counts
            options |= dict.fromkeys(self.limits, _NO_LIMIT)
        derivatives = {"hessp": objective.product, "hess": objective.hessian}
        extra: dict[str, Any] = {name: f for name, f in derivatives.items() if name == self.derivatives}
        if self.takes_bounds and not record.box.is_everything:
            extra["bounds"] = scipy.optimize.Bounds(record.box.lower, record.box.upper, keep_feasible=True)

        def callback(xk: Vector, state: object = None) -> None:  # the second one comes from trust-constr alone
            objective.step(np.asarray(xk))

        extra["callback"] = callback
        minimize: Any = scipy.optimize.minimize  # its types do not foresee arguments that are gathered
        found = minimize(
            objective.value_and_gradient,
            start,
            jac=True,
            method=self.scipy_name,
            options=options,
            **extra,
        )
        return Ending(np.asarray(found.x, np.float64), self._reason(found, objective), str(found.message))

    def _reason(self, found: Any, objective: Objective) -> StopReason:
        """Read why SciPy stopped; a limit on iterations is then one of its own."""
        if found.success:
            return StopReason.CONVERGED
        if found.status == self.limit_status:
            return StopReason.STEPS if "maxiter" in self.limits else StopReason.FUNCTION_EVALUATIONS
        return objective.give_up(str(found.message))


_NO_LIMIT = 2**31 - 1
"""More iterations than anybody waits for, and the most that compiled code counts."""
