"""Graphs: what clients write, how it is checked, ordered, written down and drawn."""

from gradwire_service.graph.graph import Block, Constant, Graph, Variable, constant
from gradwire_service.graph.signature import AttributeKind, AttributeSignature, Catalog, Signature
from gradwire_service.graph.text import parse, write
from gradwire_service.graph.topology import find_cycle, topological_order
from gradwire_service.graph.types import (
    BOOL,
    FLOAT32,
    FLOAT64,
    INT32,
    INT64,
    LITERAL,
    NAME,
    Array,
    Attribute,
    ElementType,
    TensorType,
    TupleType,
)
from gradwire_service.graph.validation import signature_of, validate

__all__ = [
    "BOOL",
    "FLOAT32",
    "FLOAT64",
    "INT32",
    "INT64",
    "LITERAL",
    "NAME",
    "Array",
    "Attribute",
    "AttributeKind",
    "AttributeSignature",
    "Block",
    "Catalog",
    "Constant",
    "ElementType",
    "Graph",
    "Signature",
    "TensorType",
    "TupleType",
    "Variable",
    "constant",
    "find_cycle",
    "parse",
    "signature_of",
    "topological_order",
    "validate",
    "write",
]
