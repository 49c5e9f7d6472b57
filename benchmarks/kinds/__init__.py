"""The kinds of work, a module each: what is asked of us, and what the others do for the same numbers."""

from benchmarks.contender import Kind
from benchmarks.kinds import (
    bundle_adjustment,
    expression,
    gmm,
    hessian,
    logistic,
    logsumexp,
    lotka_volterra,
    lstm,
    network,
    neural_ode,
    rosenbrock,
    sgd,
    training,
)

MODULES = (
    gmm,
    logistic,
    network,
    lstm,
    bundle_adjustment,
    expression,
    rosenbrock,
    logsumexp,
    lotka_volterra,
    neural_ode,
    hessian,
    sgd,
    training,
)
KINDS: dict[str, Kind] = {module.KIND.name: module.KIND for module in MODULES}
