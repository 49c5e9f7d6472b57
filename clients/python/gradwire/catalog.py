"""What the client knows of each op, by name.

Written by `generate_functions.py` from the registries of the service; not to be edited.
"""

from __future__ import annotations

from collections.abc import Mapping

from gradwire.signatures import REQUIRED, OpSignature

OPS: Mapping[str, OpSignature] = {
    "add": OpSignature(("a", "b"), elementwise=True),
    "divide": OpSignature(("a", "b"), elementwise=True),
    "full": OpSignature(
        (),
        attributes={
            "shape": ("list of sizes or names of dimensions", REQUIRED),
            "value": ("number", REQUIRED),
            "element_type": ("element type", "float64"),
        },
    ),
    "masked_multiply": OpSignature(("a", "b"), elementwise=True),
    "multiply": OpSignature(("a", "b"), elementwise=True),
    "negative": OpSignature(("x",), elementwise=True),
    "power": OpSignature(("a", "b"), elementwise=True),
    "reciprocal": OpSignature(("x",), elementwise=True),
    "square": OpSignature(("x",), elementwise=True),
    "subtract": OpSignature(("a", "b"), elementwise=True),
}
