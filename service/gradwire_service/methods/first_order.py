"""Methods of SciPy that take values and gradients: BFGS, L-BFGS-B, CG, TNC, SLSQP."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, final

from gradwire_service.methods.base import GradientTolerance, Minimizer
from gradwire_service.optimizers.configured import AT_LEAST_ONE, NOT_NEGATIVE, Meaning

Tolerance = Annotated[float, Meaning("converged when the loss falls by less, in its units", NOT_NEGATIVE)]


@final
@dataclass(frozen=True)
class Bfgs(Minimizer, name="bfgs"):
    """Quasi-Newton method of Broyden, Fletcher, Goldfarb and Shanno, with a dense approximation of the inverse Hessian.

    For some hundreds of elements; `lbfgs` is for more, and for bounds.

    Source: SciPy, `minimize(method="BFGS")`; Nocedal & Wright (2006), "Numerical Optimization", section 6.1.
    """

    scipy_name: ClassVar[str] = "BFGS"

    gtol: GradientTolerance = 1e-5
    xrtol: Annotated[
        float, Meaning("converged when a step is shorter than this share of the vector; 0 does not count", NOT_NEGATIVE)
    ] = 0.0


@final
@dataclass(frozen=True)
class Lbfgs(Minimizer, name="lbfgs"):
    """L-BFGS-B: quasi-Newton method that remembers the last steps alone, within bounds.

    The usual choice: it works from one element to millions.

    Source: SciPy, `minimize(method="L-BFGS-B")`; Byrd, Lu, Nocedal, Zhu (1995), "A limited memory algorithm for bound
        constrained optimization".
    """

    scipy_name: ClassVar[str] = "L-BFGS-B"
    takes_bounds: ClassVar[bool] = True
    limits: ClassVar[tuple[str, ...]] = ("maxiter", "maxfun")

    maxcor: Annotated[int, Meaning("number of steps that are remembered", AT_LEAST_ONE)] = 10
    ftol: Annotated[
        float, Meaning("converged when the loss falls by less, as a share of its magnitude", NOT_NEGATIVE)
    ] = 2.220446049250313e-09
    gtol: GradientTolerance = 1e-5
    maxls: Annotated[int, Meaning("evaluations of one line search at most", AT_LEAST_ONE)] = 20


@final
@dataclass(frozen=True)
class Cg(Minimizer, name="cg"):
    """Conjugate gradients after Polak and Ribière: three vectors of memory.

    Source: SciPy, `minimize(method="CG")`; Nocedal & Wright (2006), "Numerical Optimization", section 5.2.
    """

    scipy_name: ClassVar[str] = "CG"

    gtol: GradientTolerance = 1e-5


@final
@dataclass(frozen=True)
class Tnc(Minimizer, name="tnc"):
    """Truncated Newton method, within bounds; Hessian-vector products are taken from differences of gradients.

    Without a budget it stops after 10 evaluations an element, or 100 in all if that is more.

    Source: SciPy, `minimize(method="TNC")`; Nash (1984), "Newton-type minimization via the Lanczos method".
    """

    scipy_name: ClassVar[str] = "TNC"
    takes_bounds: ClassVar[bool] = True
    limits: ClassVar[tuple[str, ...]] = ("maxfun",)
    limit_status: ClassVar[int] = 3

    ftol: Tolerance = 0.0
    xtol: Annotated[
        float, Meaning("converged when all elements change by less, in scaled units; 0 does not count", NOT_NEGATIVE)
    ] = 0.0
    gtol: Annotated[
        float, Meaning("converged when no element of the projected, scaled gradient is greater", NOT_NEGATIVE)
    ] = 1e-8


@final
@dataclass(frozen=True)
class Slsqp(Minimizer, name="slsqp"):
    """Sequential least-squares programming, within bounds.

    Without a budget it stops after 100 iterations.

    Source: SciPy, `minimize(method="SLSQP")`; Kraft (1988), "A software package for sequential quadratic programming".
    """

    scipy_name: ClassVar[str] = "SLSQP"
    takes_bounds: ClassVar[bool] = True
    limit_status: ClassVar[int] = 9

    ftol: Tolerance = 1e-6
