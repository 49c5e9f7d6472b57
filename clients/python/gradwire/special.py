"""The ops that `scipy.special` has, under its names.

Written by `generate_functions.py`, from the registries of the service.
"""

from gradwire.functions import (
    erf,
    log_softmax,
    logsumexp,
    softmax,
    softplus,
)

__all__ = [
    "erf",
    "log_softmax",
    "logsumexp",
    "softmax",
    "softplus",
]
