"""Methods that own their loop, by name.

Written by `generate_functions.py`, from the registries of the service.
"""

from __future__ import annotations

from typing import Unpack

from gradwire.optimization import MethodSettings, Optimizer

__all__ = [
    "bfgs",
    "cg",
    "dogbox",
    "lbfgs",
    "lm",
    "newton_cg",
    "slsqp",
    "tnc",
    "trf",
    "trust_constr",
    "trust_exact",
    "trust_ncg",
]


def bfgs(*, gtol: float = 1e-05, xrtol: float = 0.0, **settings: Unpack[MethodSettings]) -> Optimizer:
    """Quasi-Newton method of Broyden, Fletcher, Goldfarb and Shanno, with a dense approximation of the inverse Hessian.

    For some hundreds of elements; `lbfgs` is for more, and for bounds.

    Args:
        gtol: converged when no element of the gradient is greater, in its units; 0 or more.
        xrtol: converged when a step is shorter than this share of the vector; 0 does not count; 0 or more.
        settings: bounds; see `MethodSettings`.

    Source: SciPy, `minimize(method="BFGS")`; Nocedal & Wright (2006), "Numerical Optimization", section 6.1.
    """
    return Optimizer("bfgs", {"gtol": gtol, "xrtol": xrtol}, **settings)


def cg(*, gtol: float = 1e-05, **settings: Unpack[MethodSettings]) -> Optimizer:
    """Conjugate gradients after Polak and Ribière: three vectors of memory.

    Args:
        gtol: converged when no element of the gradient is greater, in its units; 0 or more.
        settings: bounds; see `MethodSettings`.

    Source: SciPy, `minimize(method="CG")`; Nocedal & Wright (2006), "Numerical Optimization", section 5.2.
    """
    return Optimizer("cg", {"gtol": gtol}, **settings)


def dogbox(
    *,
    ftol: float = 1e-08,
    xtol: float = 1e-08,
    gtol: float = 1e-08,
    scale_by_jacobian: bool = True,
    **settings: Unpack[MethodSettings],
) -> Optimizer:
    """Powell's dogleg in a rectangular trust region, within bounds; for small problems whose Jacobian has full rank.

    Args:
        ftol: converged when the loss falls by less, as a share of itself; 0 does not count; 0 or more.
        xtol: converged when a step is shorter than this share of the vector; 0 does not count; 0 or more.
        gtol: converged when the scaled gradient is smaller; 0 does not count; 0 or more.
        scale_by_jacobian: measure each element of a step by the column of the Jacobian that belongs to it.
        settings: bounds; see `MethodSettings`.

    Source: SciPy, `least_squares(method="dogbox")`; Voglis, Lagaris (2004), "A rectangular trust region dogleg approach
        for unconstrained and bound constrained nonlinear optimization".
    """
    return Optimizer(
        "dogbox", {"ftol": ftol, "xtol": xtol, "gtol": gtol, "scale_by_jacobian": scale_by_jacobian}, **settings
    )


def lbfgs(
    *,
    maxcor: int = 10,
    ftol: float = 2.220446049250313e-09,
    gtol: float = 1e-05,
    maxls: int = 20,
    **settings: Unpack[MethodSettings],
) -> Optimizer:
    """L-BFGS-B: quasi-Newton method that remembers the last steps alone, within bounds.

    The usual choice: it works from one element to millions.

    Args:
        maxcor: number of steps that are remembered; 1 or more.
        ftol: converged when the loss falls by less, as a share of its magnitude; 0 or more.
        gtol: converged when no element of the gradient is greater, in its units; 0 or more.
        maxls: evaluations of one line search at most; 1 or more.
        settings: bounds; see `MethodSettings`.

    Source: SciPy, `minimize(method="L-BFGS-B")`; Byrd, Lu, Nocedal, Zhu (1995), "A limited memory algorithm for bound
        constrained optimization".
    """
    return Optimizer("lbfgs", {"maxcor": maxcor, "ftol": ftol, "gtol": gtol, "maxls": maxls}, **settings)


def lm(
    *,
    ftol: float = 1e-08,
    xtol: float = 1e-08,
    gtol: float = 1e-08,
    scale_by_jacobian: bool = True,
    **settings: Unpack[MethodSettings],
) -> Optimizer:
    """Levenberg's and Marquardt's method, as MINPACK has it; at least as many residuals as parameters, no bounds.

    Args:
        ftol: converged when the loss falls by less, as a share of itself; 0 does not count; 0 or more.
        xtol: converged when a step is shorter than this share of the vector; 0 does not count; 0 or more.
        gtol: converged when the scaled gradient is smaller; 0 does not count; 0 or more.
        scale_by_jacobian: measure each element of a step by the column of the Jacobian that belongs to it.
        settings: bounds; see `MethodSettings`.

    Source: SciPy, `least_squares(method="lm")`; Moré (1978), "The Levenberg-Marquardt algorithm: implementation and
        theory".
    """
    return Optimizer(
        "lm", {"ftol": ftol, "xtol": xtol, "gtol": gtol, "scale_by_jacobian": scale_by_jacobian}, **settings
    )


def newton_cg(*, xtol: float = 1e-05, **settings: Unpack[MethodSettings]) -> Optimizer:
    """Newton's method: each step solves for its direction by conjugate gradients, with Hessian-vector products.

    Args:
        xtol: converged when elements change by less on average, in their units; 0 or more.
        settings: bounds; see `MethodSettings`.

    Source: SciPy, `minimize(method="Newton-CG")`; Nocedal & Wright (2006), "Numerical Optimization", section 7.1.
    """
    return Optimizer("newton_cg", {"xtol": xtol}, **settings)


def slsqp(*, ftol: float = 1e-06, **settings: Unpack[MethodSettings]) -> Optimizer:
    """Sequential least-squares programming, within bounds.

    Without a budget it stops after 100 iterations.

    Args:
        ftol: converged when the loss falls by less, in its units; 0 or more.
        settings: bounds; see `MethodSettings`.

    Source: SciPy, `minimize(method="SLSQP")`; Kraft (1988), "A software package for sequential quadratic programming".
    """
    return Optimizer("slsqp", {"ftol": ftol}, **settings)


def tnc(*, ftol: float = 0.0, xtol: float = 0.0, gtol: float = 1e-08, **settings: Unpack[MethodSettings]) -> Optimizer:
    """Truncated Newton method, within bounds; Hessian-vector products are taken from differences of gradients.

    Without a budget it stops after 10 evaluations an element, or 100 in all if that is more.

    Args:
        ftol: converged when the loss falls by less, in its units; 0 or more.
        xtol: converged when all elements change by less, in scaled units; 0 does not count; 0 or more.
        gtol: converged when no element of the projected, scaled gradient is greater; 0 or more.
        settings: bounds; see `MethodSettings`.

    Source: SciPy, `minimize(method="TNC")`; Nash (1984), "Newton-type minimization via the Lanczos method".
    """
    return Optimizer("tnc", {"ftol": ftol, "xtol": xtol, "gtol": gtol}, **settings)


def trf(
    *,
    ftol: float = 1e-08,
    xtol: float = 1e-08,
    gtol: float = 1e-08,
    scale_by_jacobian: bool = True,
    **settings: Unpack[MethodSettings],
) -> Optimizer:
    """Trust region, reflected at bounds. Robust; the usual choice.

    Args:
        ftol: converged when the loss falls by less, as a share of itself; 0 does not count; 0 or more.
        xtol: converged when a step is shorter than this share of the vector; 0 does not count; 0 or more.
        gtol: converged when the scaled gradient is smaller; 0 does not count; 0 or more.
        scale_by_jacobian: measure each element of a step by the column of the Jacobian that belongs to it.
        settings: bounds; see `MethodSettings`.

    Source: SciPy, `least_squares(method="trf")`; Branch, Coleman, Li (1999), "A subspace, interior, and conjugate
        gradient method for large-scale bound-constrained minimization problems".
    """
    return Optimizer(
        "trf", {"ftol": ftol, "xtol": xtol, "gtol": gtol, "scale_by_jacobian": scale_by_jacobian}, **settings
    )


def trust_constr(
    *,
    gtol: float = 1e-08,
    xtol: float = 1e-08,
    barrier_tol: float = 1e-08,
    initial_tr_radius: float = 1.0,
    **settings: Unpack[MethodSettings],
) -> Optimizer:
    """Newton's method in a trust region, within bounds by an interior-point method, with Hessian-vector products.

    Args:
        gtol: converged when no element of the gradient is greater, in its units; 0 or more.
        xtol: stop when the trust region is smaller, in units of the vector; more than 0.
        barrier_tol: greatest barrier that may be left at bounds; more than 0.
        initial_tr_radius: how far a step may go, as a 2-norm in units of the parameters; more than 0.
        settings: bounds; see `MethodSettings`.

    Source: SciPy, `minimize(method="trust-constr")`; Byrd, Hribar, Nocedal (1999), "An interior point algorithm for
        large-scale nonlinear programming".
    """
    return Optimizer(
        "trust_constr",
        {"gtol": gtol, "xtol": xtol, "barrier_tol": barrier_tol, "initial_tr_radius": initial_tr_radius},
        **settings,
    )


def trust_exact(
    *,
    initial_trust_radius: float = 1.0,
    max_trust_radius: float = 1000.0,
    eta: float = 0.15,
    gtol: float = 0.0001,
    **settings: Unpack[MethodSettings],
) -> Optimizer:
    """Newton's method in a trust region, solved almost exactly with the dense Hessian. The fewest iterations.

    Args:
        initial_trust_radius: how far a step may go, as a 2-norm in units of the parameters; more than 0.
        max_trust_radius: how far a step may go, as a 2-norm in units of the parameters; more than 0.
        eta: share of the promised decrease at which a step is taken; at least 0 and below 0.25.
        gtol: converged when the 2-norm of the gradient is below, in its units; more than 0.
        settings: bounds; see `MethodSettings`.

    Raises: HyperparameterError also when the first radius is not below the greatest.
    Source: SciPy, `minimize(method="trust-exact")`; Conn, Gould, Toint (2000), "Trust region methods", chapter 7.
    """
    return Optimizer(
        "trust_exact",
        {"initial_trust_radius": initial_trust_radius, "max_trust_radius": max_trust_radius, "eta": eta, "gtol": gtol},
        **settings,
    )


def trust_ncg(
    *,
    initial_trust_radius: float = 1.0,
    max_trust_radius: float = 1000.0,
    eta: float = 0.15,
    gtol: float = 0.0001,
    **settings: Unpack[MethodSettings],
) -> Optimizer:
    """Newton's method in a trust region: conjugate gradients, with Hessian-vector products. For large problems.

    Args:
        initial_trust_radius: how far a step may go, as a 2-norm in units of the parameters; more than 0.
        max_trust_radius: how far a step may go, as a 2-norm in units of the parameters; more than 0.
        eta: share of the promised decrease at which a step is taken; at least 0 and below 0.25.
        gtol: converged when the 2-norm of the gradient is below, in its units; more than 0.
        settings: bounds; see `MethodSettings`.

    Raises: HyperparameterError also when the first radius is not below the greatest.
    Source: SciPy, `minimize(method="trust-ncg")`; Nocedal & Wright (2006), "Numerical Optimization", section 7.2.
    """
    return Optimizer(
        "trust_ncg",
        {"initial_trust_radius": initial_trust_radius, "max_trust_radius": max_trust_radius, "eta": eta, "gtol": gtol},
        **settings,
    )
