"""What the client knows of each op, by name.

Written by `generate_functions.py`, from the registries of the service.
"""

from __future__ import annotations

from collections.abc import Mapping

from gradwire.signatures import REQUIRED, OpSignature

OPS: Mapping[str, OpSignature] = {
    "abs": OpSignature(("x",), elementwise=True),
    "acos": OpSignature(("x",), elementwise=True),
    "acosh": OpSignature(("x",), elementwise=True),
    "add": OpSignature(("a", "b"), elementwise=True),
    "all": OpSignature(
        ("x",),
        attributes={
            "axis": ("list of integers", None),
            "keepdims": ("boolean", False),
        },
        results=("bool",),
    ),
    "any": OpSignature(
        ("x",),
        attributes={
            "axis": ("list of integers", None),
            "keepdims": ("boolean", False),
        },
        results=("bool",),
    ),
    "argmax": OpSignature(
        ("x",),
        attributes={
            "axis": ("integer", None),
            "keepdims": ("boolean", False),
        },
        results=("int64",),
    ),
    "argmin": OpSignature(
        ("x",),
        attributes={
            "axis": ("integer", None),
            "keepdims": ("boolean", False),
        },
        results=("int64",),
    ),
    "argsort": OpSignature(
        ("x",),
        attributes={
            "axis": ("integer", -1),
            "descending": ("boolean", False),
        },
        results=("int64",),
    ),
    "asin": OpSignature(("x",), elementwise=True),
    "asinh": OpSignature(("x",), elementwise=True),
    "astype": OpSignature(
        ("x",),
        attributes={
            "element_type": ("element type", REQUIRED),
        },
    ),
    "atan": OpSignature(("x",), elementwise=True),
    "atan2": OpSignature(("b", "a"), elementwise=True),
    "atanh": OpSignature(("x",), elementwise=True),
    "attention": OpSignature(
        ("query", "key", "value", "mask"),
        attributes={
            "scale": ("number", None),
            "causal": ("boolean", False),
        },
        unpromoted=(3,),
    ),
    "avg_pool": OpSignature(
        ("x",),
        attributes={
            "window": ("list of integers", REQUIRED),
            "stride": ("list of integers", ()),
            "low": ("list of integers", ()),
            "high": ("list of integers", ()),
            "count_margins": ("boolean", False),
        },
    ),
    "batch_norm": OpSignature(
        ("x", "scale", "offset"),
        attributes={
            "epsilon": ("number", 1e-05),
            "axis": ("integer", 1),
        },
    ),
    "batch_norm_inference": OpSignature(
        ("x", "mean", "variance", "scale", "offset"),
        attributes={
            "epsilon": ("number", 1e-05),
            "axis": ("integer", 1),
        },
    ),
    "bernoulli_logits_logpmf": OpSignature(("k", "logits"), elementwise=True, unpromoted=(0,)),
    "bernoulli_logpmf": OpSignature(("k", "p"), elementwise=True, unpromoted=(0,)),
    "bessel_i": OpSignature(
        ("x",),
        attributes={
            "n": ("integer", REQUIRED),
        },
        elementwise=True,
    ),
    "beta": OpSignature(("a", "b"), elementwise=True),
    "beta_logpdf": OpSignature(("x", "a", "b"), elementwise=True),
    "betainc": OpSignature(("a", "b", "x"), elementwise=True),
    "betaln": OpSignature(("a", "b"), elementwise=True),
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
    "binomial_logpmf": OpSignature(("k", "n", "p"), elementwise=True, unpromoted=(0, 1)),
    "block_diag": OpSignature(("x",), variadic=True),
    "broadcast_to": OpSignature(
        ("x",),
        attributes={
            "shape": ("list of sizes or names of dimensions", REQUIRED),
        },
    ),
    "categorical_logits_logpmf": OpSignature(("k", "logits"), unpromoted=(0,)),
    "categorical_logpmf": OpSignature(("k", "p"), unpromoted=(0,)),
    "cauchy_logpdf": OpSignature(("x", "loc", "scale"), elementwise=True),
    "cbrt": OpSignature(("x",), elementwise=True),
    "ceil": OpSignature(("x",), elementwise=True),
    "celu": OpSignature(
        ("x",),
        attributes={
            "alpha": ("number", 1.0),
        },
        elementwise=True,
    ),
    "checkpoint": OpSignature(
        ("inputs",),
        variadic=True,
        attributes={
            "body": ("name of a composite", REQUIRED),
        },
        outputs_like="body",
    ),
    "cho_solve": OpSignature(
        ("factor", "b"),
        attributes={
            "upper": ("boolean", False),
        },
    ),
    "cholesky": OpSignature(
        ("a",),
        attributes={
            "upper": ("boolean", False),
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
    "cond": OpSignature(
        ("condition", "operands"),
        variadic=True,
        attributes={
            "on_true": ("name of a composite", REQUIRED),
            "on_false": ("name of a composite", REQUIRED),
        },
        outputs_like="on_true",
    ),
    "condition_number": OpSignature(("x",)),
    "conv": OpSignature(
        ("x", "w"),
        attributes={
            "stride": ("list of integers", ()),
            "low": ("list of integers", ()),
            "high": ("list of integers", ()),
            "lhs_dilation": ("list of integers", ()),
            "rhs_dilation": ("list of integers", ()),
            "groups": ("integer", 1),
        },
    ),
    "conv_transpose": OpSignature(
        ("x", "w"),
        attributes={
            "stride": ("list of integers", ()),
            "low": ("list of integers", ()),
            "high": ("list of integers", ()),
            "dilation": ("list of integers", ()),
            "groups": ("integer", 1),
        },
    ),
    "copysign": OpSignature(("a", "b"), elementwise=True),
    "corrcoef": OpSignature(
        ("x",),
        attributes={
            "rowvar": ("boolean", True),
        },
    ),
    "cos": OpSignature(("x",), elementwise=True),
    "cosh": OpSignature(("x",), elementwise=True),
    "cov": OpSignature(
        ("x",),
        attributes={
            "rowvar": ("boolean", True),
            "correction": ("number", 1.0),
        },
    ),
    "cross": OpSignature(
        ("a", "b"),
        attributes={
            "axis": ("integer", -1),
        },
    ),
    "cross_entropy": OpSignature(
        ("logits", "labels"),
        attributes={
            "reduction": ("text", "mean"),
            "axis": ("integer", -1),
        },
        unpromoted=(1,),
    ),
    "cumlogsumexp": OpSignature(
        ("x",),
        attributes={
            "axis": ("integer", None),
            "reverse": ("boolean", False),
        },
    ),
    "cummax": OpSignature(
        ("x",),
        attributes={
            "axis": ("integer", None),
            "reverse": ("boolean", False),
        },
    ),
    "cummin": OpSignature(
        ("x",),
        attributes={
            "axis": ("integer", None),
            "reverse": ("boolean", False),
        },
    ),
    "cumprod": OpSignature(
        ("x",),
        attributes={
            "axis": ("integer", None),
            "reverse": ("boolean", False),
            "exclusive": ("boolean", False),
        },
        counts=True,
    ),
    "cumsum": OpSignature(
        ("x",),
        attributes={
            "axis": ("integer", None),
            "reverse": ("boolean", False),
        },
        counts=True,
    ),
    "cumulative_trapezoid": OpSignature(
        ("y", "x"),
        attributes={
            "axis": ("integer", -1),
        },
    ),
    "custom_derivative": OpSignature(
        ("inputs",),
        variadic=True,
        attributes={
            "body": ("name of a composite", REQUIRED),
            "pullback": ("name of a composite", None),
            "pushforward": ("name of a composite", None),
        },
        outputs_like="body",
    ),
    "det": OpSignature(("a",)),
    "diag_embed": OpSignature(
        ("x",),
        attributes={
            "offset": ("integer", 0),
            "axis1": ("integer", -2),
            "axis2": ("integer", -1),
        },
    ),
    "diagonal": OpSignature(
        ("x",),
        attributes={
            "offset": ("integer", 0),
            "axis1": ("integer", 0),
            "axis2": ("integer", 1),
        },
    ),
    "diff": OpSignature(
        ("x",),
        attributes={
            "n": ("integer", 1),
            "axis": ("integer", -1),
        },
    ),
    "digamma": OpSignature(("x",), elementwise=True),
    "dirichlet_logpdf": OpSignature(("x", "alpha")),
    "divide": OpSignature(("a", "b"), elementwise=True, floats=True),
    "dot": OpSignature(("a", "b")),
    "dropout": OpSignature(
        ("x", "kept"),
        attributes={
            "rate": ("number", 0.5),
        },
        elementwise=True,
        unpromoted=(1,),
    ),
    "dynamic_slice": OpSignature(
        ("x", "start"),
        attributes={
            "sizes": ("list of sizes or names of dimensions", REQUIRED),
        },
        unpromoted=(1,),
    ),
    "dynamic_update_slice": OpSignature(("x", "update", "start"), unpromoted=(2,)),
    "eigh": OpSignature(("a",), outputs=2),
    "eigvalsh": OpSignature(("a",)),
    "einsum": OpSignature(
        ("x",),
        variadic=True,
        attributes={
            "subscripts": ("text", REQUIRED),
        },
    ),
    "elu": OpSignature(
        ("x",),
        attributes={
            "alpha": ("number", 1.0),
        },
        elementwise=True,
    ),
    "embedding": OpSignature(("table", "indices"), unpromoted=(1,)),
    "entr": OpSignature(("x",), elementwise=True),
    "equal": OpSignature(("a", "b"), elementwise=True, results=("bool",)),
    "erf": OpSignature(("x",), elementwise=True),
    "erfc": OpSignature(("x",), elementwise=True),
    "erfinv": OpSignature(("x",), elementwise=True),
    "exp": OpSignature(("x",), elementwise=True),
    "exp2": OpSignature(("x",), elementwise=True),
    "expand_dims": OpSignature(
        ("x",),
        attributes={
            "axis": ("list of integers", REQUIRED),
        },
    ),
    "expm": OpSignature(("a",)),
    "expm1": OpSignature(("x",), elementwise=True),
    "exponential_logpdf": OpSignature(("x", "scale"), elementwise=True),
    "eye": OpSignature(
        (),
        attributes={
            "shape": ("list of sizes or names of dimensions", REQUIRED),
            "k": ("integer", 0),
            "element_type": ("element type", "float64"),
        },
    ),
    "fixed_point": OpSignature(
        ("inputs",),
        variadic=True,
        attributes={
            "body": ("name of a composite", REQUIRED),
            "unknowns": ("integer", 1),
            "tolerance": ("number", 1e-12),
            "max_iterations": ("integer", 100),
        },
        outputs_like="body",
    ),
    "flip": OpSignature(
        ("x",),
        attributes={
            "axis": ("list of integers", None),
        },
    ),
    "floor": OpSignature(("x",), elementwise=True),
    "floor_divide": OpSignature(("a", "b"), elementwise=True),
    "fmax": OpSignature(("a", "b"), elementwise=True),
    "fmin": OpSignature(("a", "b"), elementwise=True),
    "fmod": OpSignature(("a", "b"), elementwise=True),
    "fori_loop": OpSignature(
        ("inputs",),
        variadic=True,
        attributes={
            "lower": ("integer", REQUIRED),
            "upper": ("integer", REQUIRED),
            "body": ("name of a composite", REQUIRED),
            "carries": ("integer", 1),
            "checkpoint": ("text", "keep"),
        },
        outputs_like="body",
    ),
    "full": OpSignature(
        (),
        attributes={
            "shape": ("list of sizes or names of dimensions", REQUIRED),
            "value": ("number", REQUIRED),
            "element_type": ("element type", "float64"),
        },
    ),
    "gamma_logpdf": OpSignature(("x", "a", "scale"), elementwise=True),
    "gammainc": OpSignature(("a", "x"), elementwise=True),
    "gammaincc": OpSignature(("a", "x"), elementwise=True),
    "gather_nd": OpSignature(
        ("x", "indices"),
        attributes={
            "batch_dims": ("integer", 0),
        },
        unpromoted=(1,),
    ),
    "gelu": OpSignature(
        ("x",),
        attributes={
            "approximate": ("text", "none"),
        },
        elementwise=True,
    ),
    "geometric_logpmf": OpSignature(("k", "p"), elementwise=True, unpromoted=(0,)),
    "greater": OpSignature(("a", "b"), elementwise=True, results=("bool",)),
    "greater_equal": OpSignature(("a", "b"), elementwise=True, results=("bool",)),
    "group_norm": OpSignature(
        ("x", "scale", "offset"),
        attributes={
            "epsilon": ("number", 1e-05),
            "groups": ("integer", 1),
        },
    ),
    "half_normal_logpdf": OpSignature(("x", "scale"), elementwise=True),
    "heaviside": OpSignature(("x", "h"), elementwise=True),
    "hinge": OpSignature(
        ("prediction", "target"),
        attributes={
            "reduction": ("text", "mean"),
        },
    ),
    "huber": OpSignature(
        ("prediction", "target"),
        attributes={
            "reduction": ("text", "mean"),
            "delta": ("number", 1.0),
        },
    ),
    "hypot": OpSignature(("a", "b"), elementwise=True),
    "i0": OpSignature(("x",), elementwise=True),
    "i0e": OpSignature(("x",), elementwise=True),
    "i1": OpSignature(("x",), elementwise=True),
    "i1e": OpSignature(("x",), elementwise=True),
    "identity": OpSignature(("x",)),
    "inner": OpSignature(("a", "b")),
    "integer_pow": OpSignature(
        ("x",),
        attributes={
            "n": ("integer", REQUIRED),
        },
        elementwise=True,
    ),
    "interp": OpSignature(("x", "xp", "fp")),
    "inv": OpSignature(("a",)),
    "inverse_gamma_logpdf": OpSignature(("x", "a", "scale"), elementwise=True),
    "iota": OpSignature(
        (),
        attributes={
            "shape": ("list of sizes or names of dimensions", REQUIRED),
            "axis": ("integer", 0),
            "element_type": ("element type", "int64"),
        },
    ),
    "isfinite": OpSignature(("x",), elementwise=True, results=("bool",)),
    "isinf": OpSignature(("x",), elementwise=True, results=("bool",)),
    "isnan": OpSignature(("x",), elementwise=True, results=("bool",)),
    "kalman_step": OpSignature(
        ("mean", "covariance", "transition", "transition_noise", "observation", "observation_noise", "measurement"),
        outputs=3,
    ),
    "kl_divergence": OpSignature(
        ("log_probabilities", "target"),
        attributes={
            "reduction": ("text", "mean"),
            "axis": ("integer", -1),
        },
    ),
    "kron": OpSignature(("a", "b")),
    "laplace_logpdf": OpSignature(("x", "loc", "scale"), elementwise=True),
    "layer_norm": OpSignature(
        ("x", "scale", "offset"),
        attributes={
            "epsilon": ("number", 1e-05),
            "axis": ("list of integers", (-1,)),
        },
    ),
    "lbfgs_direction": OpSignature(("gradient", "steps", "changes")),
    "leaky_relu": OpSignature(
        ("x",),
        attributes={
            "slope": ("number", 0.01),
        },
        elementwise=True,
    ),
    "less": OpSignature(("a", "b"), elementwise=True, results=("bool",)),
    "less_equal": OpSignature(("a", "b"), elementwise=True, results=("bool",)),
    "lgamma": OpSignature(("x",), elementwise=True),
    "log": OpSignature(("x",), elementwise=True),
    "log10": OpSignature(("x",), elementwise=True),
    "log1p": OpSignature(("x",), elementwise=True),
    "log2": OpSignature(("x",), elementwise=True),
    "log_binom": OpSignature(("n", "k"), elementwise=True),
    "log_ndtr": OpSignature(("x",), elementwise=True),
    "log_sigmoid": OpSignature(("x",), elementwise=True),
    "log_softmax": OpSignature(
        ("x",),
        attributes={
            "axis": ("integer", -1),
        },
    ),
    "logaddexp": OpSignature(("a", "b"), elementwise=True),
    "logdet": OpSignature(("a",)),
    "logical_and": OpSignature(("a", "b"), elementwise=True),
    "logical_not": OpSignature(("x",), elementwise=True),
    "logical_or": OpSignature(("a", "b"), elementwise=True),
    "logical_xor": OpSignature(("a", "b"), elementwise=True),
    "logistic_logpdf": OpSignature(("x", "loc", "scale"), elementwise=True),
    "lognormal_logpdf": OpSignature(("x", "s", "scale"), elementwise=True),
    "logsumexp": OpSignature(
        ("x",),
        attributes={
            "axis": ("list of integers", None),
            "keepdims": ("boolean", False),
        },
    ),
    "lstsq": OpSignature(("a", "b")),
    "map": OpSignature(
        ("inputs",),
        variadic=True,
        attributes={
            "body": ("name of a composite", REQUIRED),
            "sequences": ("integer", 1),
            "checkpoint": ("text", "keep"),
        },
        outputs_like="body",
    ),
    "matmul": OpSignature(("a", "b")),
    "matrix_norm": OpSignature(
        ("x",),
        attributes={
            "ord": ("text", "fro"),
            "keepdims": ("boolean", False),
        },
    ),
    "matrix_power": OpSignature(
        ("a",),
        attributes={
            "n": ("integer", REQUIRED),
        },
    ),
    "matrix_rank": OpSignature(
        ("x",),
        attributes={
            "rtol": ("number", None),
        },
        results=("int64",),
    ),
    "matrix_transpose": OpSignature(("x",)),
    "max": OpSignature(
        ("x",),
        attributes={
            "axis": ("list of integers", None),
            "keepdims": ("boolean", False),
        },
    ),
    "max_pool": OpSignature(
        ("x",),
        attributes={
            "window": ("list of integers", REQUIRED),
            "stride": ("list of integers", ()),
            "low": ("list of integers", ()),
            "high": ("list of integers", ()),
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
    "meshgrid": OpSignature(
        ("x",),
        variadic=True,
        attributes={
            "indexing": ("text", "xy"),
        },
        outputs_like="inputs",
    ),
    "min": OpSignature(
        ("x",),
        attributes={
            "axis": ("list of integers", None),
            "keepdims": ("boolean", False),
        },
    ),
    "minimizer": OpSignature(
        ("inputs",),
        variadic=True,
        attributes={
            "body": ("name of a composite", REQUIRED),
            "tolerance": ("number", 1e-12),
            "max_iterations": ("integer", 100),
        },
    ),
    "minimum": OpSignature(("a", "b"), elementwise=True),
    "moveaxis": OpSignature(
        ("x",),
        attributes={
            "source": ("list of integers", REQUIRED),
            "destination": ("list of integers", REQUIRED),
        },
    ),
    "multi_dot": OpSignature(("x",), variadic=True),
    "multiply": OpSignature(("a", "b"), elementwise=True),
    "multivariate_normal_logpdf": OpSignature(("x", "mean", "cov")),
    "mvlgamma": OpSignature(
        ("x",),
        attributes={
            "p": ("integer", REQUIRED),
        },
        elementwise=True,
    ),
    "nan_to_num": OpSignature(
        ("x",),
        attributes={
            "nan": ("number", 0.0),
            "posinf": ("number", None),
            "neginf": ("number", None),
        },
        elementwise=True,
    ),
    "ndtr": OpSignature(("x",), elementwise=True),
    "ndtri": OpSignature(("p",), elementwise=True),
    "negative": OpSignature(("x",), elementwise=True),
    "negative_binomial_logpmf": OpSignature(("k", "n", "p"), elementwise=True, unpromoted=(0,)),
    "negative_log_likelihood": OpSignature(
        ("log_probabilities", "labels"),
        attributes={
            "reduction": ("text", "mean"),
            "axis": ("integer", -1),
        },
        unpromoted=(1,),
    ),
    "norm": OpSignature(
        ("x",),
        attributes={
            "ord": ("number", 2.0),
            "axis": ("list of integers", None),
            "keepdims": ("boolean", False),
        },
    ),
    "normal_logpdf": OpSignature(("x", "loc", "scale"), elementwise=True),
    "not_equal": OpSignature(("a", "b"), elementwise=True, results=("bool",)),
    "one_hot": OpSignature(
        ("indices",),
        attributes={
            "classes": ("integer", REQUIRED),
            "element_type": ("element type", "float64"),
        },
        floats=True,
    ),
    "ones_like": OpSignature(
        ("x",),
        attributes={
            "element_type": ("element type", None),
        },
        elementwise=True,
    ),
    "outer": OpSignature(("a", "b")),
    "pad": OpSignature(
        ("x",),
        attributes={
            "low": ("list of integers", REQUIRED),
            "high": ("list of integers", REQUIRED),
            "interior": ("list of integers", ()),
            "value": ("number", 0.0),
        },
    ),
    "pareto_logpdf": OpSignature(("x", "b", "scale"), elementwise=True),
    "pinv": OpSignature(
        ("a",),
        attributes={
            "rtol": ("number", None),
        },
    ),
    "poisson_logpmf": OpSignature(("k", "mu"), elementwise=True, unpromoted=(0,)),
    "poisson_negative_log_likelihood": OpSignature(
        ("log_rate", "target"),
        attributes={
            "reduction": ("text", "mean"),
        },
    ),
    "polygamma": OpSignature(
        ("x",),
        attributes={
            "n": ("integer", REQUIRED),
        },
        elementwise=True,
    ),
    "power": OpSignature(("a", "b"), elementwise=True),
    "prod": OpSignature(
        ("x",),
        attributes={
            "axis": ("list of integers", None),
            "keepdims": ("boolean", False),
        },
        counts=True,
    ),
    "qr": OpSignature(("a",), outputs=2),
    "reciprocal": OpSignature(("x",), elementwise=True),
    "reduce_window_max": OpSignature(
        ("x",),
        attributes={
            "window": ("list of integers", REQUIRED),
            "stride": ("list of integers", ()),
            "low": ("list of integers", ()),
            "high": ("list of integers", ()),
            "window_dilation": ("list of integers", ()),
        },
    ),
    "reduce_window_sum": OpSignature(
        ("x",),
        attributes={
            "window": ("list of integers", REQUIRED),
            "stride": ("list of integers", ()),
            "low": ("list of integers", ()),
            "high": ("list of integers", ()),
            "base_dilation": ("list of integers", ()),
            "window_dilation": ("list of integers", ()),
        },
    ),
    "relu": OpSignature(("x",), elementwise=True),
    "remainder": OpSignature(("a", "b"), elementwise=True),
    "repeat": OpSignature(
        ("x",),
        attributes={
            "repeats": ("integer", REQUIRED),
            "axis": ("integer", None),
        },
    ),
    "reshape": OpSignature(
        ("x",),
        attributes={
            "shape": ("list of sizes or names of dimensions", REQUIRED),
        },
    ),
    "rk4_step": OpSignature(
        ("inputs",),
        variadic=True,
        attributes={
            "body": ("name of a composite", REQUIRED),
            "states": ("integer", 1),
        },
        outputs_like="body",
    ),
    "rms_norm": OpSignature(
        ("x", "scale"),
        attributes={
            "epsilon": ("number", 1e-05),
            "axis": ("list of integers", (-1,)),
        },
    ),
    "roll": OpSignature(
        ("x",),
        attributes={
            "shift": ("list of integers", REQUIRED),
            "axis": ("list of integers", None),
        },
        elementwise=True,
    ),
    "root": OpSignature(
        ("inputs",),
        variadic=True,
        attributes={
            "body": ("name of a composite", REQUIRED),
            "unknowns": ("integer", 1),
            "tolerance": ("number", 1e-12),
            "max_iterations": ("integer", 100),
        },
        outputs_like="body",
    ),
    "round": OpSignature(("x",), elementwise=True),
    "rsqrt": OpSignature(("x",), elementwise=True),
    "scan": OpSignature(
        ("inputs",),
        variadic=True,
        attributes={
            "body": ("name of a composite", REQUIRED),
            "carries": ("integer", 0),
            "sequences": ("integer", 0),
            "length": ("integer", None),
            "reverse": ("boolean", False),
            "checkpoint": ("text", "keep"),
        },
        outputs_like="body",
    ),
    "scatter_add": OpSignature(
        ("x", "indices", "updates"),
        attributes={
            "batch_dims": ("integer", 0),
        },
        unpromoted=(1,),
    ),
    "scatter_max": OpSignature(
        ("x", "indices", "updates"),
        attributes={
            "batch_dims": ("integer", 0),
        },
        unpromoted=(1,),
    ),
    "scatter_min": OpSignature(
        ("x", "indices", "updates"),
        attributes={
            "batch_dims": ("integer", 0),
        },
        unpromoted=(1,),
    ),
    "scatter_set": OpSignature(
        ("x", "indices", "updates"),
        attributes={
            "batch_dims": ("integer", 0),
        },
        unpromoted=(1,),
    ),
    "searchsorted": OpSignature(
        ("x", "values"),
        attributes={
            "side": ("text", "left"),
        },
        results=("int64",),
    ),
    "segment_sum": OpSignature(
        ("x", "segments"),
        attributes={
            "count": ("integer", REQUIRED),
        },
        unpromoted=(1,),
    ),
    "select_and_scatter_add": OpSignature(
        ("x", "source"),
        attributes={
            "window": ("list of integers", REQUIRED),
            "stride": ("list of integers", ()),
            "low": ("list of integers", ()),
            "high": ("list of integers", ()),
            "window_dilation": ("list of integers", ()),
        },
    ),
    "selu": OpSignature(("x",), elementwise=True),
    "sigmoid": OpSignature(("x",), elementwise=True),
    "sign": OpSignature(("x",), elementwise=True),
    "silu": OpSignature(("x",), elementwise=True),
    "sin": OpSignature(("x",), elementwise=True),
    "sinh": OpSignature(("x",), elementwise=True),
    "slice": OpSignature(
        ("x",),
        attributes={
            "index": ("text", REQUIRED),
        },
    ),
    "slogdet": OpSignature(("a",), outputs=2),
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
    "softsign": OpSignature(("x",), elementwise=True),
    "solve": OpSignature(("a", "b")),
    "solve_triangular": OpSignature(
        ("a", "b"),
        attributes={
            "lower": ("boolean", False),
            "transpose": ("boolean", False),
            "unit_diagonal": ("boolean", False),
        },
    ),
    "sort": OpSignature(
        ("x",),
        attributes={
            "axis": ("integer", -1),
            "descending": ("boolean", False),
        },
        results=("", "int64"),
        outputs=2,
    ),
    "split": OpSignature(
        ("x",),
        attributes={
            "sections": ("integer", REQUIRED),
            "axis": ("integer", 0),
        },
        outputs_like="sections",
    ),
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
    "student_t_logpdf": OpSignature(("x", "df", "loc", "scale"), elementwise=True),
    "subtract": OpSignature(("a", "b"), elementwise=True),
    "sum": OpSignature(
        ("x",),
        attributes={
            "axis": ("list of integers", None),
            "keepdims": ("boolean", False),
        },
        counts=True,
    ),
    "svd": OpSignature(("a",), outputs=3),
    "svdvals": OpSignature(("a",)),
    "swapaxes": OpSignature(
        ("x",),
        attributes={
            "axis1": ("integer", REQUIRED),
            "axis2": ("integer", REQUIRED),
        },
    ),
    "switch": OpSignature(
        ("index", "operands"),
        variadic=True,
        attributes={
            "bodies": ("list of names of composites", REQUIRED),
        },
        outputs_like="bodies",
    ),
    "take": OpSignature(
        ("x", "indices"),
        attributes={
            "axis": ("integer", None),
        },
        unpromoted=(1,),
    ),
    "take_along_axis": OpSignature(
        ("x", "indices"),
        attributes={
            "axis": ("integer", -1),
        },
        unpromoted=(1,),
    ),
    "tan": OpSignature(("x",), elementwise=True),
    "tanh": OpSignature(("x",), elementwise=True),
    "tensordot": OpSignature(
        ("a", "b"),
        attributes={
            "axes": ("integer", 2),
            "axes_a": ("list of integers", None),
            "axes_b": ("list of integers", None),
        },
    ),
    "tensorinv": OpSignature(
        ("a",),
        attributes={
            "ind": ("integer", 2),
        },
    ),
    "tensorsolve": OpSignature(("a", "b")),
    "tile": OpSignature(
        ("x",),
        attributes={
            "repetitions": ("list of integers", REQUIRED),
        },
    ),
    "top_k": OpSignature(
        ("x",),
        attributes={
            "k": ("integer", REQUIRED),
            "axis": ("integer", -1),
        },
        results=("", "int64"),
        outputs=2,
    ),
    "trace": OpSignature(
        ("x",),
        attributes={
            "offset": ("integer", 0),
        },
    ),
    "transpose": OpSignature(
        ("x",),
        attributes={
            "axes": ("list of integers", None),
        },
    ),
    "trapezoid": OpSignature(
        ("y", "x"),
        attributes={
            "axis": ("integer", -1),
        },
    ),
    "tril": OpSignature(
        ("x",),
        attributes={
            "k": ("integer", 0),
        },
    ),
    "triu": OpSignature(
        ("x",),
        attributes={
            "k": ("integer", 0),
        },
    ),
    "trunc": OpSignature(("x",), elementwise=True),
    "uniform_logpdf": OpSignature(("x", "loc", "scale"), elementwise=True),
    "unstack": OpSignature(
        ("x",),
        attributes={
            "count": ("integer", REQUIRED),
            "axis": ("integer", 0),
        },
        outputs_like="count",
    ),
    "variance": OpSignature(
        ("x",),
        attributes={
            "axis": ("list of integers", None),
            "correction": ("number", 0.0),
            "keepdims": ("boolean", False),
        },
    ),
    "vdot": OpSignature(("a", "b")),
    "vecdot": OpSignature(
        ("a", "b"),
        attributes={
            "axis": ("integer", -1),
        },
    ),
    "weibull_logpdf": OpSignature(("x", "c", "scale"), elementwise=True),
    "where": OpSignature(("condition", "a", "b"), elementwise=True, unpromoted=(0,)),
    "while_loop": OpSignature(
        ("inputs",),
        variadic=True,
        attributes={
            "condition": ("name of a composite", REQUIRED),
            "body": ("name of a composite", REQUIRED),
            "carries": ("integer", 1),
            "max_trips": ("integer", None),
        },
        outputs_like="body",
    ),
    "xlog1py": OpSignature(("a", "b"), elementwise=True),
    "xlogy": OpSignature(("a", "b"), elementwise=True),
    "zeros_like": OpSignature(
        ("x",),
        attributes={
            "element_type": ("element type", None),
        },
        elementwise=True,
    ),
}
