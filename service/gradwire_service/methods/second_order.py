"""Methods of SciPy that take second derivatives: Newton-CG and trust regions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, final

from gradwire_service.methods.base import GradientTolerance, Minimizer, Radius
from gradwire_service.optimizers.configured import NOT_NEGATIVE, POSITIVE, Meaning, Range


@final
@dataclass(frozen=True)
class NewtonCg(Minimizer, name="newton_cg"):
    """Newton's method: each step solves for its direction by conjugate gradients, with Hessian-vector products.

    Source: SciPy, `minimize(method="Newton-CG")`; Nocedal & Wright (2006), "Numerical Optimization", section 7.1.
    """

    scipy_name: ClassVar[str] = "Newton-CG"
    derivatives: ClassVar[str] = "hessp"

    xtol: Annotated[
        float, Meaning("converged when elements change by less on average, in their units", NOT_NEGATIVE)
    ] = 1e-5


_ACCEPTANCE = Range("at least 0 and below 0.25", lambda x: 0 <= x < 0.25)


@dataclass(frozen=True)
class _TrustRegion(Minimizer):
    initial_trust_radius: Radius = 1.0
    max_trust_radius: Radius = 1000.0
    eta: Annotated[float, Meaning("share of the promised decrease at which a step is taken", _ACCEPTANCE)] = 0.15
    gtol: Annotated[float, Meaning("converged when the 2-norm of the gradient is below, in its units", POSITIVE)] = 1e-4

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.initial_trust_radius >= self.max_trust_radius:
            text = f"the first radius, {self.initial_trust_radius}, is not below the greatest, {self.max_trust_radius}"
            raise self.fault(f"{text}; lower it", "initial_trust_radius")


@final
@dataclass(frozen=True)
class TrustNcg(_TrustRegion, name="trust_ncg"):
    """Newton's method in a trust region: conjugate gradients, with Hessian-vector products. For large problems.

    Raises: HyperparameterError also when the first radius is not below the greatest.
    Source: SciPy, `minimize(method="trust-ncg")`; Nocedal & Wright (2006), "Numerical Optimization", section 7.2.
    """

    scipy_name: ClassVar[str] = "trust-ncg"
    derivatives: ClassVar[str] = "hessp"


@final
@dataclass(frozen=True)
class TrustExact(_TrustRegion, name="trust_exact"):
    """Newton's method in a trust region, solved almost exactly with the dense Hessian. The fewest iterations.

    Raises: HyperparameterError also when the first radius is not below the greatest.
    Source: SciPy, `minimize(method="trust-exact")`; Conn, Gould, Toint (2000), "Trust region methods", chapter 7.
    """

    scipy_name: ClassVar[str] = "trust-exact"
    derivatives: ClassVar[str] = "hess"


@final
@dataclass(frozen=True)
class TrustConstr(Minimizer, name="trust_constr"):
    """Newton's method in a trust region, within bounds by an interior-point method, with Hessian-vector products.

    Source: SciPy, `minimize(method="trust-constr")`; Byrd, Hribar, Nocedal (1999), "An interior point algorithm for
        large-scale nonlinear programming".
    """

    scipy_name: ClassVar[str] = "trust-constr"
    derivatives: ClassVar[str] = "hessp"
    takes_bounds: ClassVar[bool] = True
    limit_status: ClassVar[int] = 0

    gtol: GradientTolerance = 1e-8
    xtol: Annotated[float, Meaning("stop when the trust region is smaller, in units of the vector", POSITIVE)] = 1e-8
    barrier_tol: Annotated[float, Meaning("greatest barrier that may be left at bounds", POSITIVE)] = 1e-8
    initial_tr_radius: Radius = 1.0
