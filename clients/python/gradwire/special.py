"""The ops that `scipy.special` has, under its names.

Written by `generate_functions.py`, from the registries of the service.
"""

from gradwire.functions import (
    beta,
    betainc,
    betaln,
    digamma,
    entr,
    erf,
    erfc,
    erfinv,
    gammainc,
    gammaincc,
    i0e,
    i1,
    i1e,
    lgamma,
    log_ndtr,
    log_sigmoid,
    logsumexp,
    mvlgamma,
    ndtr,
    ndtri,
    sigmoid,
    softplus,
    xlog1py,
    xlogy,
)

__all__ = [
    "beta",
    "betainc",
    "betaln",
    "digamma",
    "entr",
    "erf",
    "erfc",
    "erfinv",
    "expit",
    "gammainc",
    "gammaincc",
    "gammaln",
    "i0e",
    "i1",
    "i1e",
    "lgamma",
    "log_expit",
    "log_ndtr",
    "log_sigmoid",
    "logsumexp",
    "multigammaln",
    "mvlgamma",
    "ndtr",
    "ndtri",
    "psi",
    "sigmoid",
    "softplus",
    "xlog1py",
    "xlogy",
]

expit = sigmoid
gammaln = lgamma
log_expit = log_sigmoid
multigammaln = mvlgamma
psi = digamma
