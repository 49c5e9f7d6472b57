"""The catalog of ops; importing this package registers every family."""

from gradwire_service.ops import arithmetic
from gradwire_service.ops.base import (
    Composite,
    Elementwise,
    Linear,
    Multilinear,
    Op,
    Value,
    apply,
    catalog,
    constant,
    full,
    variable,
)
from gradwire_service.ops.flat import FlatGraph

__all__ = [
    "Composite",
    "Elementwise",
    "FlatGraph",
    "Linear",
    "Multilinear",
    "Op",
    "Value",
    "apply",
    "arithmetic",
    "catalog",
    "constant",
    "full",
    "variable",
]
