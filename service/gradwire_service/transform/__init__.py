"""Graphs made of graphs: expansion, derivatives, simplification."""

import gradwire_service.transform.batching
import gradwire_service.transform.structure  # noqa: F401  # both register rules
from gradwire_service.transform.differentiate import gradient, hessian_vector_product, jvp, vjp
from gradwire_service.transform.expand import TypedGraph, expand
from gradwire_service.transform.simplify import simplified, simplify

__all__ = [
    "TypedGraph",
    "expand",
    "gradient",
    "hessian_vector_product",
    "jvp",
    "simplified",
    "simplify",
    "vjp",
]
