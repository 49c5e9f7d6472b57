"""The ops that `numpy.linalg` has, under its names.

Written by `generate_functions.py`, from the registries of the service.
"""

from gradwire.functions import (
    matmul,
    matrix_transpose,
    norm,
)

__all__ = [
    "matmul",
    "matrix_transpose",
    "norm",
]
