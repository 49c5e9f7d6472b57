"""What the client knows of each op, by name.

Written by `generate_functions.py`, from the registries of the service.
"""

from __future__ import annotations

from collections.abc import Mapping

from gradwire.signatures import REQUIRED, OpSignature

OPS: Mapping[str, OpSignature] = {
    "abs": OpSignature(("x",), elementwise=True),
    "acos": OpSignature(("x",), elementwise=True),
    "add": OpSignature(("a", "b"), elementwise=True),
    "argmax": OpSignature(
        ("x",),
        attributes={
            "axis": ("integer", None),
            "keepdims": ("boolean", False),
        },
        result="int64",
    ),
    "asin": OpSignature(("x",), elementwise=True),
    "astype": OpSignature(
        ("x",),
        attributes={
            "element_type": ("element type", REQUIRED),
        },
    ),
    "atan": OpSignature(("x",), elementwise=True),
    "atan2": OpSignature(("b", "a"), elementwise=True),
    "binary_cross_entropy": OpSignature(
        ("probability", "target"),
        attributes={
            "reduction": ("text", "mean"),
        },
    ),
    "binary_cross_entropy_with_logits": OpSignature(
        ("logits", "target"),
        attributes={
            "reduction": ("text", "mean"),
        },
    ),
    "broadcast_to": OpSignature(
        ("x",),
        attributes={
            "shape": ("list of sizes or names of dimensions", REQUIRED),
        },
    ),
    "clip": OpSignature(
        ("x",),
        attributes={
            "min": ("number", None),
            "max": ("number", None),
        },
        elementwise=True,
    ),
    "concatenate": OpSignature(
        ("x",),
        variadic=True,
        attributes={
            "axis": ("integer", 0),
        },
    ),
    "cos": OpSignature(("x",), elementwise=True),
    "cosh": OpSignature(("x",), elementwise=True),
    "cumsum": OpSignature(
        ("x",),
        attributes={
            "axis": ("integer", None),
            "reverse": ("boolean", False),
        },
    ),
    "divide": OpSignature(("a", "b"), elementwise=True, floats=True),
    "einsum": OpSignature(
        ("x",),
        variadic=True,
        attributes={
            "subscripts": ("text", REQUIRED),
        },
    ),
    "equal": OpSignature(("a", "b"), elementwise=True, result="bool"),
    "erf": OpSignature(("x",), elementwise=True),
    "exp": OpSignature(("x",), elementwise=True),
    "expand_dims": OpSignature(
        ("x",),
        attributes={
            "axis": ("list of integers", REQUIRED),
        },
    ),
    "expm1": OpSignature(("x",), elementwise=True),
    "flip": OpSignature(
        ("x",),
        attributes={
            "axis": ("list of integers", None),
        },
    ),
    "full": OpSignature(
        (),
        attributes={
            "shape": ("list of sizes or names of dimensions", REQUIRED),
            "value": ("number", REQUIRED),
            "element_type": ("element type", "float64"),
        },
    ),
    "gelu": OpSignature(
        ("x",),
        attributes={
            "approximate": ("text", "none"),
        },
        elementwise=True,
    ),
    "greater": OpSignature(("a", "b"), elementwise=True, result="bool"),
    "greater_equal": OpSignature(("a", "b"), elementwise=True, result="bool"),
    "less": OpSignature(("a", "b"), elementwise=True, result="bool"),
    "less_equal": OpSignature(("a", "b"), elementwise=True, result="bool"),
    "log": OpSignature(("x",), elementwise=True),
    "log1p": OpSignature(("x",), elementwise=True),
    "log_sigmoid": OpSignature(("x",), elementwise=True),
    "log_softmax": OpSignature(
        ("x",),
        attributes={
            "axis": ("integer", -1),
        },
    ),
    "logical_and": OpSignature(("a", "b"), elementwise=True),
    "logical_not": OpSignature(("x",), elementwise=True),
    "logical_or": OpSignature(("a", "b"), elementwise=True),
    "logical_xor": OpSignature(("a", "b"), elementwise=True),
    "logsumexp": OpSignature(
        ("x",),
        attributes={
            "axis": ("list of integers", None),
            "keepdims": ("boolean", False),
        },
    ),
    "matmul": OpSignature(("a", "b")),
    "matrix_transpose": OpSignature(("x",)),
    "max": OpSignature(
        ("x",),
        attributes={
            "axis": ("list of integers", None),
            "keepdims": ("boolean", False),
        },
    ),
    "maximum": OpSignature(("a", "b"), elementwise=True),
    "mean": OpSignature(
        ("x",),
        attributes={
            "axis": ("list of integers", None),
            "keepdims": ("boolean", False),
        },
        floats=True,
    ),
    "mean_squared_error": OpSignature(
        ("prediction", "target"),
        attributes={
            "reduction": ("text", "mean"),
        },
    ),
    "min": OpSignature(
        ("x",),
        attributes={
            "axis": ("list of integers", None),
            "keepdims": ("boolean", False),
        },
    ),
    "minimum": OpSignature(("a", "b"), elementwise=True),
    "multiply": OpSignature(("a", "b"), elementwise=True),
    "negative": OpSignature(("x",), elementwise=True),
    "norm": OpSignature(
        ("x",),
        attributes={
            "ord": ("number", 2.0),
            "axis": ("list of integers", None),
            "keepdims": ("boolean", False),
        },
    ),
    "not_equal": OpSignature(("a", "b"), elementwise=True, result="bool"),
    "power": OpSignature(("a", "b"), elementwise=True),
    "prod": OpSignature(
        ("x",),
        attributes={
            "axis": ("list of integers", None),
            "keepdims": ("boolean", False),
        },
    ),
    "reciprocal": OpSignature(("x",), elementwise=True),
    "relu": OpSignature(("x",), elementwise=True),
    "reshape": OpSignature(
        ("x",),
        attributes={
            "shape": ("list of sizes or names of dimensions", REQUIRED),
        },
    ),
    "sigmoid": OpSignature(("x",), elementwise=True),
    "sign": OpSignature(("x",), elementwise=True),
    "sin": OpSignature(("x",), elementwise=True),
    "sinh": OpSignature(("x",), elementwise=True),
    "slice": OpSignature(
        ("x",),
        attributes={
            "index": ("text", REQUIRED),
        },
    ),
    "softmax": OpSignature(
        ("x",),
        attributes={
            "axis": ("integer", -1),
        },
    ),
    "softmax_cross_entropy": OpSignature(
        ("logits", "target"),
        attributes={
            "reduction": ("text", "mean"),
            "axis": ("integer", -1),
        },
    ),
    "softplus": OpSignature(("x",), elementwise=True),
    "sqrt": OpSignature(("x",), elementwise=True),
    "square": OpSignature(("x",), elementwise=True),
    "squeeze": OpSignature(
        ("x",),
        attributes={
            "axis": ("list of integers", None),
        },
    ),
    "stack": OpSignature(
        ("x",),
        variadic=True,
        attributes={
            "axis": ("integer", 0),
        },
    ),
    "standard_deviation": OpSignature(
        ("x",),
        attributes={
            "axis": ("list of integers", None),
            "correction": ("number", 0.0),
            "keepdims": ("boolean", False),
        },
    ),
    "stop_gradient": OpSignature(("x",)),
    "subtract": OpSignature(("a", "b"), elementwise=True),
    "sum": OpSignature(
        ("x",),
        attributes={
            "axis": ("list of integers", None),
            "keepdims": ("boolean", False),
        },
    ),
    "take": OpSignature(
        ("x", "indices"),
        attributes={
            "axis": ("integer", None),
        },
        unpromoted=(1,),
    ),
    "tan": OpSignature(("x",), elementwise=True),
    "tanh": OpSignature(("x",), elementwise=True),
    "transpose": OpSignature(
        ("x",),
        attributes={
            "axes": ("list of integers", None),
        },
    ),
    "variance": OpSignature(
        ("x",),
        attributes={
            "axis": ("list of integers", None),
            "correction": ("number", 0.0),
            "keepdims": ("boolean", False),
        },
    ),
    "where": OpSignature(("condition", "a", "b"), elementwise=True, unpromoted=(0,)),
}
