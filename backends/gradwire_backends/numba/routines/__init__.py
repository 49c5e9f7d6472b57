"""Blocks that a few lines of source compute as a whole, from operands in memory: products, factorizations, scans.

`routine` is the table: what serves a value, how its operands have to lie, and the lines. The words in them are those of
`blas` and its like.
"""

from gradwire_backends.numba.routines import products, sequences, systems
from gradwire_backends.numba.routines.base import Routine, Site, lies_in_order, routine, written, written_in_parts

__all__ = [
    "Routine",
    "Site",
    "lies_in_order",
    "products",
    "routine",
    "sequences",
    "systems",
    "written",
    "written_in_parts",
]
