"""Every op as a function of values, numbers and arrays, under its array-API name.

Written by `generate_functions.py`, from the registries of the service.
"""

from __future__ import annotations

from collections.abc import Sequence

from gradwire.signatures import ElementTypeLike
from gradwire.values import Operand, Value, apply, several

__all__ = [
    "abs",
    "acos",
    "acosh",
    "add",
    "all",
    "any",
    "argmax",
    "argmin",
    "argsort",
    "asin",
    "asinh",
    "astype",
    "atan",
    "atan2",
    "atanh",
    "attention",
    "avg_pool",
    "batch_norm",
    "batch_norm_inference",
    "bernoulli_logits_logpmf",
    "bernoulli_logpmf",
    "bessel_i",
    "beta",
    "beta_logpdf",
    "betainc",
    "betaln",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "binomial_logpmf",
    "block_diag",
    "broadcast_to",
    "categorical_logits_logpmf",
    "categorical_logpmf",
    "cauchy_logpdf",
    "cbrt",
    "ceil",
    "celu",
    "cho_solve",
    "cholesky",
    "clip",
    "concat",
    "concatenate",
    "condition_number",
    "conv",
    "conv_transpose",
    "copysign",
    "corrcoef",
    "cos",
    "cosh",
    "cov",
    "cross",
    "cross_entropy",
    "cumlogsumexp",
    "cummax",
    "cummin",
    "cumprod",
    "cumsum",
    "cumulative_trapezoid",
    "det",
    "diag_embed",
    "diagonal",
    "diff",
    "digamma",
    "dirichlet_logpdf",
    "divide",
    "dot",
    "dropout",
    "dynamic_slice",
    "dynamic_update_slice",
    "eigh",
    "eigvalsh",
    "einsum",
    "elu",
    "embedding",
    "entr",
    "equal",
    "erf",
    "erfc",
    "erfinv",
    "exp",
    "exp2",
    "expand_dims",
    "expm",
    "expm1",
    "exponential_logpdf",
    "eye",
    "flip",
    "floor",
    "floor_divide",
    "fmax",
    "fmin",
    "fmod",
    "full",
    "gamma_logpdf",
    "gammainc",
    "gammaincc",
    "gather_nd",
    "gelu",
    "geometric_logpmf",
    "greater",
    "greater_equal",
    "group_norm",
    "half_normal_logpdf",
    "heaviside",
    "hinge",
    "huber",
    "hypot",
    "i0",
    "i0e",
    "i1",
    "i1e",
    "identity",
    "inner",
    "integer_pow",
    "interp",
    "inv",
    "inverse_gamma_logpdf",
    "iota",
    "isfinite",
    "isinf",
    "isnan",
    "kalman_step",
    "kl_divergence",
    "kron",
    "laplace_logpdf",
    "layer_norm",
    "lbfgs_direction",
    "leaky_relu",
    "less",
    "less_equal",
    "lgamma",
    "log",
    "log1p",
    "log2",
    "log10",
    "log_binom",
    "log_ndtr",
    "log_sigmoid",
    "log_softmax",
    "logaddexp",
    "logdet",
    "logical_and",
    "logical_not",
    "logical_or",
    "logical_xor",
    "logistic_logpdf",
    "lognormal_logpdf",
    "logsumexp",
    "lstsq",
    "matmul",
    "matrix_norm",
    "matrix_power",
    "matrix_rank",
    "matrix_transpose",
    "max",
    "max_pool",
    "maximum",
    "mean",
    "mean_squared_error",
    "meshgrid",
    "min",
    "minimum",
    "moveaxis",
    "multi_dot",
    "multiply",
    "multivariate_normal_logpdf",
    "mvlgamma",
    "nan_to_num",
    "ndtr",
    "ndtri",
    "negative",
    "negative_binomial_logpmf",
    "negative_log_likelihood",
    "norm",
    "normal_logpdf",
    "not_equal",
    "one_hot",
    "ones_like",
    "outer",
    "pad",
    "pareto_logpdf",
    "pinv",
    "poisson_logpmf",
    "poisson_negative_log_likelihood",
    "polygamma",
    "power",
    "prod",
    "qr",
    "reciprocal",
    "reduce_window_max",
    "reduce_window_sum",
    "relu",
    "remainder",
    "repeat",
    "reshape",
    "rms_norm",
    "roll",
    "round",
    "rsqrt",
    "scatter_add",
    "scatter_max",
    "scatter_min",
    "scatter_set",
    "searchsorted",
    "segment_sum",
    "select_and_scatter_add",
    "selu",
    "sigmoid",
    "sign",
    "silu",
    "sin",
    "sinh",
    "slice",
    "slogdet",
    "softmax",
    "softmax_cross_entropy",
    "softplus",
    "softsign",
    "solve",
    "solve_triangular",
    "sort",
    "split",
    "sqrt",
    "square",
    "squeeze",
    "stack",
    "standard_deviation",
    "std",
    "stop_gradient",
    "student_t_logpdf",
    "subtract",
    "sum",
    "svd",
    "svdvals",
    "swapaxes",
    "take",
    "take_along_axis",
    "tan",
    "tanh",
    "tensordot",
    "tensorinv",
    "tensorsolve",
    "tile",
    "top_k",
    "trace",
    "transpose",
    "trapezoid",
    "tril",
    "triu",
    "trunc",
    "uniform_logpdf",
    "unstack",
    "var",
    "variance",
    "vdot",
    "vecdot",
    "weibull_logpdf",
    "where",
    "xlog1py",
    "xlogy",
    "zeros_like",
]


def abs(x: Operand) -> Value:
    """Absolute value, y = |x|.

    Shapes: x is [...], y is [...].
    Units: those of x.
    Kinks: at x = 0 the derivative is 0.
    Source: Python array API standard, `abs`.
    """
    return apply("abs", x)


def acos(x: Operand) -> Value:
    """Inverse cosine, y = arccos x.

    Shapes: x is [...], y is [...].
    Units: x dimensionless in [-1, 1], y in radians in [0, π].
    Kinks: at x = ±1 the derivative is -inf, the one-sided limit; where |x| > 1, y is NaN.
    Source: Python array API standard, `acos`.
    """
    return apply("acos", x)


def acosh(x: Operand) -> Value:
    """Inverse hyperbolic cosine, y = arcosh x.

    Shapes: x is [...], y is [...].
    Units: x dimensionless, not less than 1; y dimensionless, not negative.
    Kinks: at x = 1 the derivative is inf, the one-sided limit; where x < 1, y is NaN.
    Source: Python array API standard, `acosh`.
    """
    return apply("acosh", x)


def add(a: Operand, b: Operand) -> Value:
    """Sum, y = a + b.

    Shapes: a and b broadcast, y has their shape.
    Units: a, b and y share one.
    Source: Python array API standard, `add`.
    """
    return apply("add", a, b)


def all(x: Operand, axis: int | Sequence[int] | None = None, keepdims: bool = False) -> Value:
    """Whether every element is true, y = x[0] ∧ x[1] ∧ …; true of no elements. What is not 0 is true, NaN too.

    Shapes: x is [...], y lacks the reduced axes, or has them with size 1.
    Units: none.
    Raises: ShapeError when an axis is not there, or named twice.
    Source: Python array API standard, `all`.
    """
    return apply("all", x, axis=axis, keepdims=keepdims)


def any(x: Operand, axis: int | Sequence[int] | None = None, keepdims: bool = False) -> Value:
    """Whether one element is true, y = x[0] ∨ x[1] ∨ …; false of no elements. What is not 0 is true, NaN too.

    Shapes: x is [...], y lacks the reduced axes, or has them with size 1.
    Units: none.
    Raises: ShapeError when an axis is not there, or named twice.
    Source: Python array API standard, `any`.
    """
    return apply("any", x, axis=axis, keepdims=keepdims)


def argmax(x: Operand, axis: int | None = None, keepdims: bool = False) -> Value:
    """Position of the greatest element, the first of those that tie, or of the first NaN; int64, without derivative.

    Shapes: x is [...], y lacks the axis, or has it with size 1; without an axis, the position is that in x laid flat.
    Units: a count.
    Raises: ShapeError when there are no elements, or no such axis.
    Source: Python array API standard, `argmax`.
    """
    return apply("argmax", x, axis=axis, keepdims=keepdims)


def argmin(x: Operand, axis: int | None = None, keepdims: bool = False) -> Value:
    """Position of the least element, the first of those that tie, or of the first NaN; int64, without derivative.

    Shapes: x is [...], y lacks the axis, or has it with size 1; without an axis, the position is that in x laid flat.
    Units: a count.
    Raises: ShapeError when there are no elements, or no such axis.
    Source: Python array API standard, `argmin`.
    """
    return apply("argmin", x, axis=axis, keepdims=keepdims)


def argsort(x: Operand, axis: int = -1, descending: bool = False) -> Value:
    """Positions of the elements in order along an axis, x[y[0]] ≤ x[y[1]] ≤ …, or ≥; int64, without derivative.

    Elements that tie stay in their order; NaN comes last, in either direction.

    Shapes: x is [...], y is [...].
    Units: a count.
    Raises: ShapeError when there is no such axis.
    Source: Python array API standard, `argsort`.
    """
    return apply("argsort", x, axis=axis, descending=descending)


def asin(x: Operand) -> Value:
    """Inverse sine, y = arcsin x.

    Shapes: x is [...], y is [...].
    Units: x dimensionless in [-1, 1], y in radians in [-π/2, π/2].
    Kinks: at x = ±1 the derivative is inf, the one-sided limit; where |x| > 1, y is NaN.
    Source: Python array API standard, `asin`.
    """
    return apply("asin", x)


def asinh(x: Operand) -> Value:
    """Inverse hyperbolic sine, y = arsinh x.

    Shapes: x is [...], y is [...].
    Units: x and y dimensionless.
    Source: Python array API standard, `asinh`.
    """
    return apply("asinh", x)


def astype(x: Operand, dtype: ElementTypeLike) -> Value:
    """The elements converted to another type: rounded to nearest, to integers towards zero; not 0 is true.

    Between floating types it has a derivative; what is not floating, on either side, has none.

    Shapes: x is [...], y is [...].
    Units: those of x.
    Kinks: NaN, infinities and what does not fit become some integer, which one depends on the machine.
    Source: Python array API standard, `astype`.
    """
    return apply("astype", x, element_type=dtype)


def atan(x: Operand) -> Value:
    """Inverse tangent, y = arctan x.

    Shapes: x is [...], y is [...].
    Units: x dimensionless, y in radians in [-π/2, π/2].
    Source: Python array API standard, `atan`.
    """
    return apply("atan", x)


def atan2(b: Operand, a: Operand) -> Value:
    """Angle of the vector whose components are cosine a and sine b: the arguments are (b, a), y = arg(a + ib).

    Shapes: a and b broadcast, y has their shape.
    Units: a and b share one, y in radians in [-π, π].
    Kinks: at a = b = 0 both partials are 0. On the cut b = 0, a < 0 they are those of the smooth angle.
    Source: Python array API standard, `atan2`; the derivative at 0 as in PyTorch.
    """
    return apply("atan2", b, a)


def atanh(x: Operand) -> Value:
    """Inverse hyperbolic tangent, y = artanh x.

    Shapes: x is [...], y is [...].
    Units: x dimensionless in [-1, 1], y dimensionless.
    Kinks: at x = ±1 the derivative is inf, the one-sided limit; where |x| > 1, y is NaN.
    Source: Python array API standard, `atanh`.
    """
    return apply("atanh", x)


def attention(
    query: Operand, key: Operand, value: Operand, mask: Operand, scale: float | None = None, causal: bool = False
) -> Value:
    """Scaled dot-product attention, Y = softmax(scale Q Kᵀ) V, row by row, where the mask allows it.

    Axes before the last two, those of batches and heads, broadcast.

    Attributes:
        scale: the factor; left out, it is 1/√d.
        causal: whether a query sees no key behind its own place: query i sees the keys j ≤ i.

    Shapes: query is [..., n, d], key is [..., m, d], value is [..., m, e], mask broadcasts to [..., n, m]; y is
        [..., n, e]. A mask of True allows everything.
    Units: those of value.
    Kinks: the row of a query that may see no key is 0, and so are its derivatives.
    Raises: ShapeError when the shapes do not fit; ElementTypeError when the mask is not bool.
    Source: Vaswani et al. (2017), "Attention is all you need"; PyTorch, `scaled_dot_product_attention`.
    """
    return apply("attention", query, key, value, mask, scale=scale, causal=causal)


def avg_pool(
    x: Operand,
    window: int | Sequence[int],
    stride: int | Sequence[int] = (),
    low: int | Sequence[int] = (),
    high: int | Sequence[int] = (),
    count_margins: bool = False,
) -> Value:
    """Mean of each window, y[n, c, t] = mean x[n, c, t stride + j - low] over the j of a window that are in x.

    Attributes:
        window: sizes of a window, along the spatial axes.
        stride: elements from one window to the next; left out, windows lie side by side.
        low: margin in front; left out, 0.
        high: margin behind.
        count_margins: whether margins count as elements, which are 0.

    Shapes: x is [n, c, spatial...], y is [n, c, places...], with (spatial + low + high - window) // stride + 1 places.
    Units: those of x.
    Kinks: a window in the margins alone has the mean NaN, unless margins count.
    Raises: ShapeError when the axes do not fit; AttributeValueError for the wrong number of strides or margins, or a
        stride that is not positive.
    Source: PyTorch, `avg_pool2d`, where margins count.
    """
    return apply("avg_pool", x, window=window, stride=stride, low=low, high=high, count_margins=count_margins)


def batch_norm(x: Operand, scale: Operand, offset: Operand, epsilon: float = 1e-05, axis: int = 1) -> Value:
    """Batch normalization with the statistics of the batch: each channel over all other axes.

    The mean and the variance, without correction, are `mean` and `variance` over those axes; a graph that asks for
    them too computes them once.

    Attributes:
        axis: the axis of the channels.
        epsilon: what is added to the variance.

    Shapes: x is [batch, channels, ...], scale and offset are [channels] or scalars, y is as x; 1 and 0 stand for none.
    Units: those of scale and offset, which share one.
    Kinks: none for epsilon > 0.
    Raises: ShapeError when there is no such axis, or scale or offset is no vector of its length; AttributeValueError
        when epsilon is negative.
    Source: Ioffe & Szegedy (2015), "Batch normalization: accelerating deep network training by reducing internal
        covariate shift".
    """
    return apply("batch_norm", x, scale, offset, epsilon=epsilon, axis=axis)


def batch_norm_inference(
    x: Operand, mean: Operand, variance: Operand, scale: Operand, offset: Operand, epsilon: float = 1e-05, axis: int = 1
) -> Value:
    """Batch normalization with statistics that are given, y = (x - mean) / √(variance + epsilon) · scale + offset.

    Attributes:
        axis: the axis of the channels.
        epsilon: what is added to the variance.

    Shapes: x is [batch, channels, ...], mean, variance, scale and offset are [channels] or scalars, y is as x.
    Units: x and mean share one, variance has its square; y, scale and offset share one.
    Kinks: where variance + epsilon = 0 the derivatives are infinite or NaN.
    Raises: ShapeError when there is no such axis, or what is given of a channel is no vector of its length;
        AttributeValueError when epsilon is negative.
    Source: Ioffe & Szegedy (2015), "Batch normalization: accelerating deep network training by reducing internal
        covariate shift".
    """
    return apply("batch_norm_inference", x, mean, variance, scale, offset, epsilon=epsilon, axis=axis)


def bernoulli_logits_logpmf(k: Operand, logits: Operand) -> Value:
    """Log probability of k = 1 or k = 0, y = log σ(x) or y = log σ(-x), where x are logits; it does not underflow.

    Shapes: k and logits broadcast, y has their shape.
    Units: all dimensionless.
    Kinks: y is -inf for other k.
    Source: Bishop (2006), "Pattern recognition and machine learning", section 2.1.
    """
    return apply("bernoulli_logits_logpmf", k, logits)


def bernoulli_logpmf(k: Operand, p: Operand) -> Value:
    """Log probability of k = 1 or k = 0, y = log p or y = log(1 - p).

    Shapes: k and p broadcast, y has their shape.
    Units: all dimensionless; p in [0, 1].
    Kinks: y is -inf for other k; where y is -inf at p = 0 or p = 1 the derivative is infinite, the one-sided limit;
        where p is no probability, y is NaN or -inf.
    Source: Bishop (2006), "Pattern recognition and machine learning", section 2.1; SciPy, `stats.bernoulli`.
    """
    return apply("bernoulli_logpmf", k, p)


def bessel_i(x: Operand, n: int) -> Value:
    """Modified Bessel function of the first kind, y = Iₙ(x).

    Its derivative is that of its neighbours, (Iₙ₋₁(x) + Iₙ₊₁(x))/2. That of eˣ times a scaled function would be as
    good, were it not for the bend of |x| at 0, which shows in the second.

    Attributes:
        n: the order, 0 or more.

    Shapes: x is [...], y is [...].
    Units: x and y dimensionless.
    Kinks: none; beyond |x| = 713 (float32: 91) y overflows.
    Raises: AttributeValueError when the order is negative.
    Source: NIST Digital Library of Mathematical Functions, sections 10.25 and 10.29; SciPy, `iv`.
    """
    return apply("bessel_i", x, n=n)


def beta(a: Operand, b: Operand) -> Value:
    """Beta function of positive numbers, y = Γ(a) Γ(b) / Γ(a + b).

    Shapes: a and b broadcast, y has their shape.
    Units: all dimensionless; a and b > 0.
    Kinks: at a = 0 and b = 0, y is inf; of negative numbers y has no sign.
    Source: NIST Digital Library of Mathematical Functions, section 5.12; SciPy, `beta`.
    """
    return apply("beta", a, b)


def beta_logpdf(x: Operand, a: Operand, b: Operand) -> Value:
    """Log density of the beta distribution, y = (a - 1) log x + (b - 1) log(1 - x) - log B(a, b) where 0 ≤ x ≤ 1.

    Shapes: x, a and b broadcast, y has their shape.
    Units: all dimensionless; a and b > 0.
    Kinks: where x < 0 or x > 1, y is -inf; at x = 0 and x = 1 it is inf, finite or -inf as a, or b, is less than 1, 1
        or more, and the derivatives are the limits from inside; where a or b ≤ 0, y is NaN or -inf.
    Source: Johnson, Kotz & Balakrishnan (1995), "Continuous univariate distributions", volume 2, chapter 25; SciPy,
        `stats.beta`.
    """
    return apply("beta_logpdf", x, a, b)


def betainc(a: Operand, b: Operand, x: Operand) -> Value:
    """Incomplete beta function, regularized, y = Iₓ(a, b) = ∫₀ˣ tᵃ⁻¹ (1 - t)ᵇ⁻¹ dt / B(a, b): the beta distribution.

    Shapes: a, b and x broadcast, y has their shape.
    Units: a > 0, b > 0 and x in [0, 1] dimensionless, y dimensionless in [0, 1].
    Kinks: at x = 0 and x = 1 the partial by x is the density there, which may be inf; by a and b it is 0. There, third
        derivatives by a shape and twice by x are 0 even where their limit is infinite.
    Source: NIST Digital Library of Mathematical Functions, section 8.17; SciPy, `betainc`.
    """
    return apply("betainc", a, b, x)


def betaln(a: Operand, b: Operand) -> Value:
    """Logarithm of the beta function, y = log |Γ(a) Γ(b) / Γ(a + b)|.

    Three logarithms of gamma functions would cancel where an argument is large; what Stirling's formula leaves of them
    does not: y = s(a) + s(b) - s(a + b) - (a - ½) log(1 + b/a) - b log(1 + a/b) - log(b / 2π)/2, where a < b.

    Shapes: a and b broadcast, y has their shape.
    Units: all dimensionless.
    Kinks: at the poles of Γ(a) and Γ(b), which are 0 and the negative integers, y is inf; of negative numbers, three
        logarithms are added after all; where one is inf, y is -inf.
    Source: NIST Digital Library of Mathematical Functions, sections 5.11 and 5.12; SciPy, `betaln`.
    """
    return apply("betaln", a, b)


def binary_cross_entropy(probability: Operand, target: Operand, reduction: str = "mean") -> Value:
    """Cross-entropy of a probability p, L = -mean (t log p + (1 - t) log(1 - p)), with 0 log 0 = 0.

    Shapes: probability and target are [...], or target is a scalar; L is [], without a reduction [...].
    Units: all dimensionless; p and t in [0, 1].
    Kinks: L = inf where p = 0 and t > 0, or p = 1 and t < 1; from logits, `binary_cross_entropy_with_logits` stays
        finite.
    Raises: ShapeError when shapes differ; AttributeValueError for an unknown reduction.
    Source: Bishop (2006), "Pattern recognition and machine learning", section 4.3.2.
    """
    return apply("binary_cross_entropy", probability, target, reduction=reduction)


def binary_cross_entropy_with_logits(logits: Operand, target: Operand, reduction: str = "mean") -> Value:
    """Cross-entropy of the probability σ(x), L = mean (log(1 + exp x) - t x), which is -t log σ(x) - (1 - t) log σ(-x).

    Its derivative is σ(x) - t. Nothing overflows; the rounding error is that of x.

    Shapes: logits and target are [...], or target is a scalar; L is [], without a reduction [...].
    Units: all dimensionless; t in [0, 1].
    Raises: ShapeError when shapes differ; AttributeValueError for an unknown reduction.
    Source: TensorFlow, `sigmoid_cross_entropy_with_logits`.
    """
    return apply("binary_cross_entropy_with_logits", logits, target, reduction=reduction)


def binomial_logpmf(k: Operand, n: Operand, p: Operand) -> Value:
    """Log probability of k successes in n trials, y = log (n over k) + k log p + (n - k) log(1 - p), with 0 log 0 = 0.

    Shapes: k, n and p broadcast, y has their shape.
    Units: all dimensionless; n = 0, 1, …; k = 0, …, n; p in [0, 1].
    Kinks: y is -inf for other k; where y is -inf at p = 0 or p = 1 the derivative by p is infinite, the one-sided
        limit; where n < 0 or p is no probability, y is NaN or -inf.
    Source: Johnson, Kemp & Kotz (2005), "Univariate discrete distributions", chapter 3; SciPy, `stats.binom`.
    """
    return apply("binomial_logpmf", k, n, p)


def block_diag(x: Sequence[Operand]) -> Value:
    """Matrices along the diagonal of a larger one, zeros elsewhere.

    Shapes: the matrices are [m, n], [p, q], ...; y is [m + p + ..., n + q + ...]; axes in front are the same for all.
    Units: they share one.
    Raises: ShapeError when one has fewer than two axes, or other axes in front.
    Source: SciPy, `linalg.block_diag`.
    """
    return apply("block_diag", *x)


def broadcast_to(x: Operand, shape: int | str | Sequence[int | str]) -> Value:
    """The elements repeated along new axes in front, and along axes of size 1.

    Shapes: x broadcasts to the shape that is asked for, which is that of y; a name of a dimension stands for its size.
    Units: those of x.
    Raises: ShapeError when x does not broadcast to the shape; AttributeValueError for a negative size.
    Source: Python array API standard, `broadcast_to`.
    """
    return apply("broadcast_to", x, shape=shape)


def categorical_logits_logpmf(k: Operand, logits: Operand) -> Value:
    """Log probability of class k, y = log softmax(x)[k], where x are logits; it does not underflow.

    Shapes: k is [...] of integers, logits is [..., classes]; the leading axes broadcast, y has their shape.
    Units: all dimensionless.
    Kinks: a class with the logit -inf is ruled out: its y is -inf.
    Raises: ElementTypeError when k is of no integer type; ShapeError when the shapes do not broadcast; at the run,
        IndexRangeError when k is no class.
    Source: Bishop (2006), "Pattern recognition and machine learning", section 2.2.
    """
    return apply("categorical_logits_logpmf", k, logits)


def categorical_logpmf(k: Operand, p: Operand) -> Value:
    """Log probability of class k, y = log p[k].

    Shapes: k is [...] of integers, p is [..., classes]; the leading axes broadcast, y has their shape.
    Units: all dimensionless; p in [0, 1] with sum 1 along the last axis, which is not looked at.
    Kinks: where p[k] = 0, y is -inf and the derivative inf, the one-sided limit.
    Raises: ElementTypeError when k is of no integer type; ShapeError when the shapes do not broadcast; at the run,
        IndexRangeError when k is no class.
    Source: Bishop (2006), "Pattern recognition and machine learning", section 2.2.
    """
    return apply("categorical_logpmf", k, p)


def cauchy_logpdf(x: Operand, loc: Operand, scale: Operand) -> Value:
    """Log density of the Cauchy distribution, y = -log(1 + z²) - log(π scale), where z = (x - loc) / scale.

    Shapes: x, loc and scale broadcast, y has their shape.
    Units: x, loc and scale share one, of which the density has the reciprocal; scale > 0.
    Kinks: where scale ≤ 0, y is NaN.
    Source: Johnson, Kotz & Balakrishnan (1994), "Continuous univariate distributions", volume 1, chapter 16; SciPy,
        `stats.cauchy`.
    """
    return apply("cauchy_logpdf", x, loc, scale)


def cbrt(x: Operand) -> Value:
    """Cube root, y = ∛x; that of a negative number is negative.

    Shapes: x is [...], y is [...].
    Units: the cube root of those of x.
    Kinks: at x = 0 the derivative is inf, the limit from both sides.
    Source: C, `cbrt`.
    """
    return apply("cbrt", x)


def ceil(x: Operand) -> Value:
    """Least whole number that is not less, y = ⌈x⌉.

    Shapes: x is [...], y is [...].
    Units: x and y dimensionless.
    Kinks: the derivative is 0 everywhere, at the steps too.
    Source: Python array API standard, `ceil`.
    """
    return apply("ceil", x)


def celu(x: Operand, alpha: float = 1.0) -> Value:
    """Exponential linear unit without a bend, y = x where x > 0, else alpha (exp(x / alpha) - 1).

    Attributes:
        alpha: minus the limit at -inf; positive.

    Shapes: x is [...], y is [...].
    Units: x and y dimensionless.
    Kinks: at x = 0 the derivative is 1, and the second is 1/alpha, the limit from below.
    Raises: AttributeValueError when alpha is 0 or less.
    Source: Barron (2017), "Continuously differentiable exponential linear units".
    """
    return apply("celu", x, alpha=alpha)


def cho_solve(factor: Operand, b: Operand, upper: bool = False) -> Value:
    """Solution of A x = b by the Cholesky factor of A, A = L Lᵀ, or A = Uᵀ U by `upper`.

    Shapes: the factor is [..., n, n]; b is [..., n, k], or one vector [n] for all; x is [..., n, k], or [..., n].
    Units: the quotient of those of b and A.
    Kinks: a factor with a zero on its diagonal has NaN, and is told of as SINGULAR; others keep their solutions.
    Raises: ShapeError when the factor is not square, or b has another number of rows.
    Source: SciPy, `linalg.cho_solve`.
    """
    return apply("cho_solve", factor, b, upper=upper)


def cholesky(a: Operand, upper: bool = False) -> Value:
    """Factor of a symmetric positive definite matrix, A = L Lᵀ with L lower triangular; `upper`: A = Uᵀ U, U = Lᵀ.

    The lower triangle of A is read and stands for both: the derivative is that along symmetric changes, the gradient
    is symmetric.

    Shapes: A is [..., n, n], L is [..., n, n].
    Units: the square root of those of A.
    Kinks: a matrix that is not positive definite has NaN, and is told of as NOT_POSITIVE_DEFINITE; others keep theirs.
    Raises: ShapeError when A is not square.
    Source: Murray (2016), "Differentiation of the Cholesky decomposition", equations 8 and 10.
    """
    return apply("cholesky", a, upper=upper)


def clip(x: Operand, min: float | None = None, max: float | None = None) -> Value:
    """What of x lies in an interval, y = min(max(x, min), max); NaN stays NaN.

    The bounds are attributes: as values of a graph they are `minimum(maximum(x, low), high)`.

    Attributes:
        min: the lower bound; left out, there is none.
        max: the upper bound, not less than the lower; left out, there is none.

    Shapes: x is [...], y is [...].
    Units: those of x.
    Kinks: the derivative is 1 on the closed interval, bounds included, and 0 outside.
    Raises: AttributeValueError when the lower bound is above the upper, or no number of the element type of x.
    Source: Python array API standard, `clip`; the derivative as that of PyTorch's `clamp`.
    """
    return apply("clip", x, min=min, max=max)


def concatenate(x: Sequence[Operand], axis: int = 0) -> Value:
    """The values one behind the other along an axis.

    Shapes: they differ in the size of that axis alone, y has the sum of their sizes there.
    Units: x and y share one.
    Raises: ShapeError when other sizes differ, or when there is no such axis.
    Source: Python array API standard, `concat`.
    """
    return apply("concatenate", *x, axis=axis)


def condition_number(x: Operand) -> Value:
    """Condition number in the spectral norm, the quotient of the greatest and the least singular value.

    Shapes: x is [..., m, n], y is [...].
    Units: y dimensionless, from 1 up.
    Kinks: y is infinite or very large where x has not full rank, and NaN where x is zero.
    Raises: ShapeError when x has fewer than two axes, or no elements.
    Source: NumPy, `linalg.cond`.
    """
    return apply("condition_number", x)


def conv(
    x: Operand,
    w: Operand,
    stride: int | Sequence[int] = (),
    low: int | Sequence[int] = (),
    high: int | Sequence[int] = (),
    lhs_dilation: int | Sequence[int] = (),
    rhs_dilation: int | Sequence[int] = (),
    groups: int = 1,
) -> Value:
    """Convolution as networks have it, y[n, o, t] = Σ x[n, c, t stride + k rhs_dilation - low] w[o, c, k] over c and k.

    Between the elements of x lie lhs_dilation - 1 zeros, and low and high around them; a negative margin cuts off. With
    groups, the channels of x and of y fall into as many parts, each of which sees its own part alone. Its derivatives
    are convolutions: the strides of y become the dilation of what is carried back.

    Shapes: x is [n, c, spatial...], w is [o, c / groups, window...], y is [n, o, spatial...]; one axis or more are
        spatial. Strides, margins and dilations have a number for each of these; left out, they are 1, and 0.
    Units: those of x times those of w.
    Raises: ShapeError when the axes or the channels do not fit, when a window is empty, or when more is cut off than
        there is; AttributeValueError for the wrong number of strides, margins or dilations, or a step that is not
        positive.
    Source: XLA, operation semantics, `ConvWithGeneralPadding`; Dumoulin & Visin (2016), "A guide to convolution
        arithmetic for deep learning".
    """
    return apply(
        "conv",
        x,
        w,
        stride=stride,
        low=low,
        high=high,
        lhs_dilation=lhs_dilation,
        rhs_dilation=rhs_dilation,
        groups=groups,
    )


def conv_transpose(
    x: Operand,
    w: Operand,
    stride: int | Sequence[int] = (),
    low: int | Sequence[int] = (),
    high: int | Sequence[int] = (),
    dilation: int | Sequence[int] = (),
    groups: int = 1,
) -> Value:
    """Transpose of a convolution, which carries what has the shape of its result back to the shape of its input.

    Each element of x lays a copy of the weights, times itself, over y: y[n, o, t stride + k dilation - low] +=
    x[n, c, t] w[c, o, k]. Margins cut off; one more behind, a negative `high`, is what frameworks call output padding.

    Attributes:
        stride: elements of y from one copy to the next; left out, 1.
        low: elements that are cut off in front; left out, 0.
        high: elements that are cut off behind.
        dilation: elements of y from one weight to the next; left out, 1.
        groups: parts of the channels that see each other alone.

    Shapes: x is [n, c, spatial...], w is [c, o / groups, window...], y is [n, o, places...], with
        (spatial - 1) stride + (window - 1) dilation + 1 - low - high places.
    Units: those of x times those of w.
    Raises: ShapeError when the axes or the channels do not fit; AttributeValueError for the wrong number of strides,
        margins or dilations, or a step that is not positive.
    Source: Dumoulin & Visin (2016), "A guide to convolution arithmetic for deep learning", chapter 4; PyTorch,
        `conv_transpose2d`.
    """
    return apply("conv_transpose", x, w, stride=stride, low=low, high=high, dilation=dilation, groups=groups)


def copysign(a: Operand, b: Operand) -> Value:
    """Size of one with the sign of another, y = |a| where b is positive or 0, -|a| where it is negative or -0.

    Shapes: a and b broadcast, y has their shape.
    Units: those of a.
    Kinks: at a = 0 both partials are 0; that by b is 0 everywhere.
    Source: Python array API standard, `copysign`.
    """
    return apply("copysign", a, b)


def corrcoef(x: Operand, rowvar: bool = True) -> Value:
    """Coefficients of correlation of variables, which are rows: y[i, j] = c[i, j] / √(c[i, i] c[j, j]), c = cov x.

    Attributes:
        rowvar: whether a row is a variable and a column an observation, or the other way round.

    Shapes: x is [..., m, n], y is [..., m, m]; of one variable, x is [n] and y is [].
    Units: y dimensionless, in [-1, 1] up to rounding.
    Kinks: y is NaN where a variable is constant.
    Raises: ShapeError when x is a scalar.
    Source: NumPy, `corrcoef`.
    """
    return apply("corrcoef", x, rowvar=rowvar)


def cos(x: Operand) -> Value:
    """Cosine, y = cos x.

    Shapes: x is [...], y is [...].
    Units: x in radians, y dimensionless in [-1, 1].
    Source: Python array API standard, `cos`.
    """
    return apply("cos", x)


def cosh(x: Operand) -> Value:
    """Hyperbolic cosine, y = cosh x.

    Shapes: x is [...], y is [...].
    Units: x and y dimensionless.
    Kinks: none; where y overflows, the derivative is ±inf, and a sensitivity of zero still gives zero.
    Source: Python array API standard, `cosh`.
    """
    return apply("cosh", x)


def cov(x: Operand, rowvar: bool = True, correction: float = 1.0) -> Value:
    """Covariances of variables, which are rows: y[i, j] = Σ (x[i] - mean x[i])(x[j] - mean x[j]) / (n - correction).

    Attributes:
        rowvar: whether a row is a variable and a column an observation, or the other way round.
        correction: degrees of freedom that are taken off the number of observations n.

    Shapes: x is [..., m, n], y is [..., m, m]; of one variable, x is [n] and y is [].
    Units: the square of those of x.
    Kinks: y is NaN or infinite where there are no more observations than `correction`.
    Raises: ShapeError when x is a scalar.
    Source: NumPy, `cov`.
    """
    return apply("cov", x, rowvar=rowvar, correction=correction)


def cross(a: Operand, b: Operand, axis: int = -1) -> Value:
    """Cross product of vectors in space, y = (a₁b₂ - a₂b₁, a₂b₀ - a₀b₂, a₀b₁ - a₁b₀).

    Attributes:
        axis: the axis of the vectors, counted from the end.

    Shapes: a and b have 3 elements along that axis and broadcast along the others, y has their shape.
    Units: the product of those of a and b.
    Raises: ShapeError when there are not 3 elements along the axis; AttributeValueError when it is not negative.
    Source: Python array API standard, `linalg.cross`.
    """
    return apply("cross", a, b, axis=axis)


def cross_entropy(logits: Operand, labels: Operand, reduction: str = "mean", axis: int = -1) -> Value:
    """Cross-entropy of labels and the distribution softmax(x), L = -mean log softmax(x)[label].

    Its derivative is softmax(x) minus the row with a 1 at the label. A logit of -inf is a class that is ruled out. For
    targets that are distributions themselves there is `softmax_cross_entropy`.

    Shapes: logits is [..., classes, ...], labels is [..., ...]; L is [], without a reduction as labels.
    Units: all dimensionless.
    Kinks: a class that is ruled out has the loss inf.
    Raises: ShapeError when there is not one label for each row, or no such axis; ElementTypeError when labels are no
        integers; AttributeValueError for an unknown reduction; at the run, IndexRangeError for a label of no class.
    Source: Bishop (2006), "Pattern recognition and machine learning", section 4.3.4; PyTorch, `cross_entropy`.
    """
    return apply("cross_entropy", logits, labels, reduction=reduction, axis=axis)


def cumlogsumexp(x: Operand, axis: int | None = None, reverse: bool = False) -> Value:
    """Cumulative logarithm of a sum of exponentials, y[i] = log Σ exp x[j] over j ≤ i, without overflow.

    Its derivative goes from element to element by factors exp(y[i-1] - y[i]), none of which is greater than 1.

    Shapes: x is [...], y is [...]; without an axis, x is laid flat, and y has one axis.
    Units: x and y dimensionless.
    Kinks: where all elements so far are -inf, y is -inf and the derivative 0; where one is +inf, so is y, and the
        derivative is 1 for it and 0 for finite ones.
    Raises: ShapeError when there is no such axis.
    Source: Hillis & Steele (1986), "Data parallel algorithms", for the order in which is added; the derivative is that
        of `logsumexp`.
    """
    return apply("cumlogsumexp", x, axis=axis, reverse=reverse)


def cummax(x: Operand, axis: int | None = None, reverse: bool = False) -> Value:
    """Cumulative maximum, y[i] = max x[j] over j ≤ i; over j ≥ i in reverse. From a NaN on, y is NaN.

    Shapes: x is [...], y is [...]; without an axis, x is laid flat, and y has one axis.
    Units: those of x.
    Kinks: of elements that tie, the last that was passed has derivative 1, the others 0; where y is NaN, the last NaN.
    Raises: ShapeError when there is no such axis.
    Source: PyTorch, `torch.cummax`.
    """
    return apply("cummax", x, axis=axis, reverse=reverse)


def cummin(x: Operand, axis: int | None = None, reverse: bool = False) -> Value:
    """Cumulative minimum, y[i] = min x[j] over j ≤ i; over j ≥ i in reverse. From a NaN on, y is NaN.

    Shapes: x is [...], y is [...]; without an axis, x is laid flat, and y has one axis.
    Units: those of x.
    Kinks: of elements that tie, the last that was passed has derivative 1, the others 0; where y is NaN, the last NaN.
    Raises: ShapeError when there is no such axis.
    Source: PyTorch, `torch.cummin`.
    """
    return apply("cummin", x, axis=axis, reverse=reverse)


def cumprod(x: Operand, axis: int | None = None, reverse: bool = False, exclusive: bool = False) -> Value:
    """Cumulative product, y[i] = Π x[j] over j ≤ i, or j < i where it is exclusive; over j ≥ i or j > i in reverse.

    Its derivative divides by nothing, so that it is exact beside any number of zeros: the product of all between two
    elements obeys a linear recurrence. Truth values multiply in int64.

    Shapes: x is [...], y is [...]; without an axis, x is laid flat, and y has one axis.
    Units: x dimensionless.
    Raises: ShapeError when there is no such axis.
    Source: Python array API standard, `cumulative_prod`.
    """
    return apply("cumprod", x, axis=axis, reverse=reverse, exclusive=exclusive)


def cumsum(x: Operand, axis: int | None = None, reverse: bool = False) -> Value:
    """Cumulative sum, y[i] = Σ x[j] over j ≤ i; over j ≥ i in reverse. Truth values are counted in int64.

    Shapes: x is [...], y is [...]; without an axis, x is laid flat, and y has one axis.
    Units: those of x.
    Raises: ShapeError when there is no such axis.
    Source: Python array API standard, `cumulative_sum`.
    """
    return apply("cumsum", x, axis=axis, reverse=reverse)


def cumulative_trapezoid(y: Operand, x: Operand, axis: int = -1) -> Value:
    """Integrals up to each point by the trapezoidal rule, s[k] = Σ (y[i] + y[i + 1]) (x[i + 1] - x[i]) / 2 over i ≤ k.

    Shapes: y is [..., n, ...]; x is [n], or as y, or a scalar: the distance of all neighbours; s is [..., n - 1, ...].
    Units: s has the product of those of y and x.
    Raises: ShapeError when there is no such axis, or the points do not fit the heights.
    Source: Press et al. (2007), "Numerical recipes", section 4.1; SciPy, `integrate.cumulative_trapezoid`.
    """
    return apply("cumulative_trapezoid", y, x, axis=axis)


def det(a: Operand) -> Value:
    """Determinant, y = det A.

    Its gradient is the matrix of cofactors, which is as right for singular matrices as for others, and so is the
    second derivative; the third is NaN where A is singular, unless it has no more than two rows.

    Shapes: A is [..., n, n], y is [...].
    Units: the n-th power of those of A.
    Raises: ShapeError when A is not square.
    Source: Magnus & Neudecker (2019), "Matrix differential calculus", section 8.3; Python array API standard,
        `linalg.det`.
    """
    return apply("det", a)


def diag_embed(x: Operand, offset: int = 0, axis1: int = -2, axis2: int = -1) -> Value:
    """Matrices with nothing but a diagonal, y[..., i, i + offset] = x[..., i], the others 0.

    Shapes: x is [..., n], y has n + |offset| rows and columns, along two axes of their own.
    Units: those of x.
    Raises: ShapeError when x has no axis, when an axis is not there in y, or both are the same.
    Source: PyTorch, `torch.diag_embed`.
    """
    return apply("diag_embed", x, offset=offset, axis1=axis1, axis2=axis2)


def diagonal(x: Operand, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Value:
    """A diagonal of matrices, y[..., i] = x[..., i, i + offset].

    Shapes: x is [..., m, ..., n, ...], y lacks both axes and has one of the diagonal's length behind the others.
    Units: those of x.
    Raises: ShapeError when an axis is not there, or both are the same.
    Source: NumPy, `diagonal`; Python array API standard, `linalg.diagonal`, for the last two axes.
    """
    return apply("diagonal", x, offset=offset, axis1=axis1, axis2=axis2)


def diff(x: Operand, n: int = 1, axis: int = -1) -> Value:
    """Differences of neighbours, y[i] = x[i + 1] - x[i], n times over.

    Attributes:
        n: how often.
        axis: along which axis.

    Shapes: x is [..., k, ...], y is [..., k - n, ...], or has no elements when k < n.
    Units: those of x.
    Raises: AttributeValueError when n is negative; ShapeError when there is no such axis.
    Source: Python array API standard, `diff`.
    """
    return apply("diff", x, n=n, axis=axis)


def digamma(x: Operand) -> Value:
    """Logarithmic derivative of the gamma function, y = ψ(x) = Γ'(x) / Γ(x).

    Shapes: x is [...], y is [...].
    Units: x and y dimensionless.
    Kinks: at the pole 0, y is -inf, at -0 inf; at the poles -1, -2, … y is NaN. The derivative at all of them is inf.
    Source: NIST Digital Library of Mathematical Functions, section 5.2; SciPy, `digamma`.
    """
    return apply("digamma", x)


def dirichlet_logpdf(x: Operand, alpha: Operand) -> Value:
    """Log density of the Dirichlet distribution, y = Σ (alpha[i] - 1) log x[i] - Σ log Γ(alpha[i]) + log Γ(Σ alpha[i]).

    Shapes: x and alpha are [..., k] and broadcast, y is [...].
    Units: all dimensionless; x in [0, 1] with sum 1, which is not looked at; alpha > 0.
    Kinks: where x[i] = 0, y is inf for alpha[i] < 1 and -inf for alpha[i] > 1; where x[i] < 0 or alpha[i] ≤ 0, y is
        NaN.
    Raises: ShapeError when x and alpha are no vectors of one length.
    Source: Johnson, Kotz & Balakrishnan (2000), "Continuous multivariate distributions", chapter 49; SciPy,
        `stats.dirichlet`.
    """
    return apply("dirichlet_logpdf", x, alpha)


def divide(a: Operand, b: Operand) -> Value:
    """Quotient, y = a / b; that of integers is float64.

    Shapes: a and b broadcast, y has their shape.
    Units: y has the quotient of those of a and b.
    Kinks: at b = 0 the partials are the one-sided limits, ±inf or NaN.
    Source: Python array API standard, `divide`.
    """
    return apply("divide", a, b)


def dot(a: Operand, b: Operand) -> Value:
    """Product over the last axis of a and the last but one of b, or its only one; a scalar multiplies.

    For vectors it is the inner product, for matrices the matrix product; other than in `matmul`, nothing broadcasts.

    Shapes: a is [m, ..., k], b is [n, ..., k, l] or [k], y is [m, ..., n, ..., l].
    Units: the product of those of a and b.
    Raises: ShapeError when the two axes differ in size.
    Source: NumPy, `dot`.
    """
    return apply("dot", a, b)


def dropout(x: Operand, kept: Operand, rate: float = 0.5) -> Value:
    """Elements dropped, the others enlarged to keep the mean: y = x / (1 - rate) where kept, else 0.

    The mask is an input, drawn by who asks: a graph has no randomness of its own.

    Attributes:
        rate: the share of elements that are dropped, from 0 to less than 1.

    Shapes: kept broadcasts with x, y has their shape.
    Units: those of x.
    Raises: ElementTypeError when the mask is not bool; AttributeValueError when the rate is not in [0, 1).
    Source: Srivastava et al. (2014), "Dropout: a simple way to prevent neural networks from overfitting".
    """
    return apply("dropout", x, kept, rate=rate)


def dynamic_slice(x: Operand, start: Operand, sizes: int | str | Sequence[int | str]) -> Value:
    """A part of a fixed size, y[i] = x[start + i], where the start is data; a negative one counts from the end.

    Shapes: x is [n1, n2, ...], start is [number of axes of x], y has the sizes that are asked for; a name of a
        dimension stands for its size.
    Units: those of x.
    Raises: ElementTypeError when the start is no integers; ShapeError when there is not one for each axis, or a size is
        greater than its axis; AttributeValueError for a negative size; at the run, IndexRangeError when the part
        reaches outside.
    Source: JAX, `jax.lax.dynamic_slice`, which moves a part that reaches outside; here it is refused.
    """
    return apply("dynamic_slice", x, start, sizes=sizes)


def dynamic_update_slice(x: Operand, update: Operand, start: Operand) -> Value:
    """A part replaced, y = x but y[start + i] = update[i], where the start is data; a negative one counts from the end.

    Shapes: x is [n1, n2, ...], update is [k1, k2, ...] with k ≤ n, start is [number of axes of x], y is as x.
    Units: x, update and y share one.
    Raises: ElementTypeError when the start is no integers; ShapeError when there is not one for each axis, or the
        update is larger than x; at the run, IndexRangeError when the part reaches outside.
    Source: JAX, `jax.lax.dynamic_update_slice`, which moves a part that reaches outside; here it is refused.
    """
    return apply("dynamic_update_slice", x, update, start)


def eigh(a: Operand) -> tuple[Value, Value]:
    """Eigenvalues w, ascending, and orthonormal eigenvectors, the columns of V, of a symmetric matrix: A V = V diag w.

    The lower triangle of A is read and stands for both: the derivative is that along symmetric changes, the gradient
    is symmetric. The sign of an eigenvector is LAPACK's choice.

    Shapes: A is [..., n, n], w is [..., n], V is [..., n, n].
    Units: w has those of A, V is dimensionless.
    Kinks: at repeated eigenvalues the derivative of V is NaN, and so is the second of w; the first derivative of w is
        that of the eigenvectors at hand, right for what is symmetric in w, such as its sum.
    Raises: ShapeError when A is not square.
    Source: Giles (2008), "An extended collection of matrix derivative results", section 3.1.
    """
    values: tuple[Value, Value] = several("eigh", a)
    return values


def eigvalsh(a: Operand) -> Value:
    """Eigenvalues of a symmetric matrix, ascending. The lower triangle of A is read, as by `eigh`.

    Shapes: A is [..., n, n], w is [..., n].
    Units: those of A.
    Kinks: as those of w in `eigh`.
    Raises: ShapeError when A is not square.
    Source: Python array API standard, `linalg.eigvalsh`.
    """
    return apply("eigvalsh", a)


def einsum(subscripts: str, *x: Operand) -> Value:
    """Sum of products by Einstein's convention: ``ij,jk->ik`` is C[i, k] = Σ_j A[i, j] B[j, k].

    Letters that the result lacks are summed over. Without ``->`` the result has the letters that stand once, in
    alphabetical order. A letter that stands twice for one operand reads its diagonal. Each axis has a letter; ``...``
    is not taken.

    Shapes: one letter an axis; axes of one letter have one size.
    Units: the product of those of the operands.
    Raises: AttributeValueError when the subscripts are none; ArityError when they are for another number of operands;
        ShapeError when an operand has another number of axes, or sizes of one letter differ.
    Source: NumPy, `einsum`.
    """
    return apply("einsum", *x, subscripts=subscripts)


def elu(x: Operand, alpha: float = 1.0) -> Value:
    """Exponential linear unit, y = x where x > 0, else alpha (eˣ - 1).

    Attributes:
        alpha: minus the limit at -inf.

    Shapes: x is [...], y is [...].
    Units: x and y dimensionless.
    Kinks: at x = 0 the derivative is alpha, the limit from below; the second is alpha too.
    Source: Clevert, Unterthiner & Hochreiter (2016), "Fast and accurate deep network learning by exponential linear
        units".
    """
    return apply("elu", x, alpha=alpha)


def embedding(table: Operand, indices: Operand) -> Value:
    """Rows of a table, y[..., :] = table[indices[...], :]; negative indices count from the end.

    Shapes: table is [n, ...], indices is [...], y is [..., ...].
    Units: those of the table.
    Raises: ElementTypeError when the indices are no integers; ShapeError when the table is a scalar; at the run,
        IndexRangeError when an index is outside the table.
    Source: PyTorch, `embedding`.
    """
    return apply("embedding", table, indices)


def entr(x: Operand) -> Value:
    """Elementwise entropy, y = -x log x, 0 at x = 0, and -inf where x < 0.

    Shapes: x is [...], y is [...].
    Units: x dimensionless, y in nats.
    Kinks: at x = 0 the derivative is 0, as that of `xlogy`, though its limit is inf: a class without probability does
        not spoil the gradient of an entropy; where x < 0 it is 0.
    Source: SciPy, `entr`.
    """
    return apply("entr", x)


def equal(a: Operand, b: Operand) -> Value:
    """Whether two elements are the same, y = (a = b); of bool too, 0 and -0 are.

    Shapes: a and b broadcast, y has their shape.
    Units: a and b share one, y is bool.
    Source: Python array API standard, `equal`.
    """
    return apply("equal", a, b)


def erf(x: Operand) -> Value:
    """Error function, y = 2/√π ∫₀ˣ exp(-t²) dt.

    Shapes: x is [...], y is [...].
    Units: x dimensionless, y dimensionless in [-1, 1].
    Source: NIST Digital Library of Mathematical Functions, section 7.2.
    """
    return apply("erf", x)


def erfc(x: Operand) -> Value:
    """Complementary error function, y = 1 - erf x = 2/√π ∫ₓ^∞ exp(-t²) dt, exact also where y is small.

    Shapes: x is [...], y is [...].
    Units: x dimensionless, y dimensionless in [0, 2].
    Source: NIST Digital Library of Mathematical Functions, section 7.2.
    """
    return apply("erfc", x)


def erfinv(x: Operand) -> Value:
    """Inverse error function: erf y = x.

    Shapes: x is [...], y is [...].
    Units: x dimensionless in [-1, 1], y dimensionless.
    Kinks: at x = ±1 the derivative is inf, the one-sided limit; where |x| > 1, y is NaN.
    Source: SciPy, `erfinv`.
    """
    return apply("erfinv", x)


def exp(x: Operand) -> Value:
    """Exponential, y = eˣ.

    Shapes: x is [...], y is [...].
    Units: x and y dimensionless.
    Kinks: none; where y overflows, the derivative is inf too, and a sensitivity of zero still gives zero.
    Source: Python array API standard, `exp`.
    """
    return apply("exp", x)


def exp2(x: Operand) -> Value:
    """Power of two, y = 2ˣ; exact where x is a whole number.

    Shapes: x is [...], y is [...].
    Units: x and y dimensionless.
    Source: NumPy, `exp2`.
    """
    return apply("exp2", x)


def expand_dims(x: Operand, axis: int | Sequence[int]) -> Value:
    """New axes of size 1, at the places that `axis` names in the result.

    Shapes: x is [...], y has an axis of size 1 more for each that is named.
    Units: those of x.
    Raises: ShapeError when an axis is outside the result, or named twice.
    Source: Python array API standard, `expand_dims`.
    """
    return apply("expand_dims", x, axis=axis)


def expm(a: Operand) -> Value:
    """Exponential of a matrix, Y = Σ A^k / k!, by Padé approximants, scaling and squaring.

    Its derivative along E is a block of the exponential of the matrix [[A, E], [0, A]].

    Shapes: A is [..., n, n], Y is [..., n, n].
    Units: A and Y dimensionless.
    Raises: ShapeError when A is not square.
    Source: Al-Mohy & Higham (2010), "A new scaling and squaring algorithm for the matrix exponential"; Higham (2008),
        "Functions of matrices", section 3.2, for the derivative.
    """
    return apply("expm", a)


def expm1(x: Operand) -> Value:
    """Exponential minus one, y = eˣ - 1, exact also for small x.

    Shapes: x is [...], y is [...].
    Units: x and y dimensionless.
    Kinks: none; where y overflows, the derivative is inf too, and a sensitivity of zero still gives zero.
    Source: Python array API standard, `expm1`.
    """
    return apply("expm1", x)


def exponential_logpdf(x: Operand, scale: Operand) -> Value:
    """Log density of the exponential distribution, y = -x / scale - log scale where x ≥ 0, else -inf.

    Shapes: x and scale broadcast, y has their shape.
    Units: x and scale share one, of which the density has the reciprocal; scale, the reciprocal of the rate, > 0.
    Kinks: at x = 0 the derivative is the limit from above; where scale ≤ 0, y is NaN or -inf.
    Source: Johnson, Kotz & Balakrishnan (1994), "Continuous univariate distributions", volume 1, chapter 19; SciPy,
        `stats.expon`.
    """
    return apply("exponential_logpdf", x, scale)


def eye(shape: int | str | Sequence[int | str], k: int = 0, dtype: ElementTypeLike = "float64") -> Value:
    """Ones on a diagonal, zeros elsewhere, y[i, j] = 1 where j = i + k.

    Attributes:
        shape: numbers of rows and columns, or one for both; a name of a dimension stands for its size.
        k: which diagonal: 0 for the main one, above it positive, below it negative.

    Shapes: y is [rows, columns].
    Units: y dimensionless.
    Raises: AttributeValueError when there are not one or two sizes, or one is negative.
    Source: Python array API standard, `eye`.
    """
    return apply("eye", shape=shape, k=k, element_type=dtype)


def flip(x: Operand, axis: int | Sequence[int] | None = None) -> Value:
    """The elements in reverse order along some axes, or along all.

    Shapes: x is [...], y is [...].
    Units: those of x.
    Raises: ShapeError when an axis is not there, or named twice.
    Source: Python array API standard, `flip`.
    """
    return apply("flip", x, axis=axis)


def floor(x: Operand) -> Value:
    """Greatest whole number that is not greater, y = ⌊x⌋.

    Shapes: x is [...], y is [...].
    Units: x and y dimensionless.
    Kinks: the derivative is 0 everywhere, at the steps too.
    Source: Python array API standard, `floor`.
    """
    return apply("floor", x)


def floor_divide(a: Operand, b: Operand) -> Value:
    """Quotient rounded down, y = ⌊a / b⌋; of integers by 0 it is 0.

    Shapes: a and b broadcast, y has their shape.
    Units: a and b share one, y dimensionless.
    Kinks: both partials are 0 everywhere, at the steps too.
    Source: Python array API standard, `floor_divide`.
    """
    return apply("floor_divide", a, b)


def fmax(a: Operand, b: Operand) -> Value:
    """The greater of two, where a NaN does not count beside a number; NaN where both are NaN.

    Shapes: a and b broadcast, y has their shape.
    Units: a, b and y share one.
    Kinks: where a = b, both partials are ½; of NaN they are 0.
    Source: C, `fmax`; NumPy, `fmax`.
    """
    return apply("fmax", a, b)


def fmin(a: Operand, b: Operand) -> Value:
    """The smaller of two, where a NaN does not count beside a number; NaN where both are NaN.

    Shapes: a and b broadcast, y has their shape.
    Units: a, b and y share one.
    Kinks: where a = b, both partials are ½; of NaN they are 0.
    Source: C, `fmin`; NumPy, `fmin`.
    """
    return apply("fmin", a, b)


def fmod(a: Operand, b: Operand) -> Value:
    """What a division leaves, y = a - b trunc(a / b), as in C: it has the sign of a. Of integers by 0 it is 0.

    Shapes: a and b broadcast, y has their shape.
    Units: a, b and y share one.
    Kinks: the partials are 1 and -trunc(a / b) everywhere, where y jumps too.
    Source: C, `fmod`; NumPy, `fmod`.
    """
    return apply("fmod", a, b)


def full(shape: int | str | Sequence[int | str], value: float, dtype: ElementTypeLike = "float64") -> Value:
    """One number, repeated: y[i] = value; equal to another of the same type and bits.

    Shapes: y has the shape that is asked for.
    Units: those of the value.
    Source: Python array API standard, `full`.
    """
    return apply("full", shape=shape, value=value, element_type=dtype)


def gamma_logpdf(x: Operand, a: Operand, scale: Operand) -> Value:
    """Log density of the gamma distribution, y = (a - 1) log z - z - log(scale Γ(a)), z = x / scale, where x ≥ 0.

    Shapes: x, a and scale broadcast, y has their shape.
    Units: x and scale share one, of which the density has the reciprocal; a dimensionless; a and scale > 0.
    Kinks: where x < 0, y is -inf; at x = 0 it is inf for a < 1, -log scale for a = 1, -inf for a > 1, and the
        derivatives are the limits from above, but for that by a, 0 log 0 = 0; where a or scale ≤ 0, y is NaN or -inf.
    Source: Johnson, Kotz & Balakrishnan (1994), "Continuous univariate distributions", volume 1, chapter 17; SciPy,
        `stats.gamma`.
    """
    return apply("gamma_logpdf", x, a, scale)


def gammainc(a: Operand, x: Operand) -> Value:
    """Lower incomplete gamma function, regularized, y = P(a, x) = ∫₀ˣ tᵃ⁻¹ e⁻ᵗ dt / Γ(a): the gamma distribution.

    Shapes: a and x broadcast, y has their shape.
    Units: a > 0 and x ≥ 0 dimensionless, y dimensionless in [0, 1].
    Kinks: at x = 0 the partial by x is the density there, which for a < 1 is inf; by a it is 0. Third derivatives
        there, by a and twice by x, are 0 even where 1 < a ≤ 2 and their limit is infinite.
    Source: NIST Digital Library of Mathematical Functions, section 8.2; SciPy, `gammainc`.
    """
    return apply("gammainc", a, x)


def gammaincc(a: Operand, x: Operand) -> Value:
    """Upper incomplete gamma function, regularized, y = Q(a, x) = 1 - P(a, x), exact also where it is small.

    Shapes: a and x broadcast, y has their shape.
    Units: a > 0 and x ≥ 0 dimensionless, y dimensionless in [0, 1].
    Kinks: at x = 0 the partial by x is minus the density there, which for a < 1 is inf; by a it is 0; third derivatives
        as for `gammainc`.
    Source: NIST Digital Library of Mathematical Functions, section 8.2; SciPy, `gammaincc`.
    """
    return apply("gammaincc", a, x)


def gather_nd(x: Operand, indices: Operand, batch_dims: int = 0) -> Value:
    """Parts of x at positions that are data, y[i] = x[indices[i]]; negative ones count from the end.

    Shapes: x is [batch..., n1, ..., nd, rest...], indices is [batch..., i..., d], y is [batch..., i..., rest...].
    Units: those of x.
    Raises: ElementTypeError when the indices are no integers; ShapeError when the shapes do not fit; at the run,
        IndexRangeError when an index is outside its axis.
    Source: TensorFlow, `tf.gather_nd`; negative indices as NumPy.
    """
    return apply("gather_nd", x, indices, batch_dims=batch_dims)


def gelu(x: Operand, approximate: str = "none") -> Value:
    """Gaussian error linear unit, y = x Φ(x), where Φ is the normal distribution function.

    Its blocks are erf, or tanh, and products, so that value and derivative share Φ.

    Attributes:
        approximate: "none" for Φ(x) = (1 + erf(x/√2)) / 2; "tanh" for (1 + tanh(√(2/π) (x + 0.044715 x³))) / 2.

    Shapes: x is [...], y is [...].
    Units: x and y dimensionless.
    Kinks: at x = -inf value and derivative are NaN, at x = inf the derivative is: they are computed as 0·∞.
    Source: Hendrycks & Gimpel (2016), "Gaussian error linear units".
    """
    return apply("gelu", x, approximate=approximate)


def geometric_logpmf(k: Operand, p: Operand) -> Value:
    """Log probability that the first success is at trial k, y = (k - 1) log(1 - p) + log p, with 0 log 0 = 0.

    Shapes: k and p broadcast, y has their shape.
    Units: all dimensionless; k = 1, 2, …; p in (0, 1].
    Kinks: y is -inf for other k; at p = 1 the derivative by p is -inf, or 1 where k = 1; where p is not in [0, 1], y
        is NaN or -inf.
    Source: Johnson, Kemp & Kotz (2005), "Univariate discrete distributions", section 5.2; SciPy, `stats.geom`.
    """
    return apply("geometric_logpmf", k, p)


def greater(a: Operand, b: Operand) -> Value:
    """Whether one is more, y = (a > b).

    Shapes: a and b broadcast, y has their shape.
    Units: a and b share one, y is bool.
    Source: Python array API standard, `greater`.
    """
    return apply("greater", a, b)


def greater_equal(a: Operand, b: Operand) -> Value:
    """Whether one is not less, y = (a ≥ b).

    Shapes: a and b broadcast, y has their shape.
    Units: a and b share one, y is bool.
    Source: Python array API standard, `greater_equal`.
    """
    return apply("greater_equal", a, b)


def group_norm(x: Operand, scale: Operand, offset: Operand, epsilon: float = 1e-05, groups: int = 1) -> Value:
    """Group normalization: over the channels of a group, and all that lies behind them, of each example.

    One group for each channel is instance normalization.

    Attributes:
        groups: number of groups, which divides that of the channels.
        epsilon: what is added to the variance.

    Shapes: x is [batch, channels, ...], scale and offset are [channels] or scalars, y is as x; 1 and 0 stand for none.
    Units: those of scale and offset, which share one.
    Kinks: none for epsilon > 0.
    Raises: ShapeError when x has fewer than two axes, the groups do not divide the channels, or scale or offset is no
        vector of their length; AttributeValueError when there are no groups, or epsilon is negative.
    Source: Wu & He (2018), "Group normalization".
    """
    return apply("group_norm", x, scale, offset, epsilon=epsilon, groups=groups)


def half_normal_logpdf(x: Operand, scale: Operand) -> Value:
    """Log density of the half-normal distribution, y = -(x / scale)²/2 + log(2 / (scale √(2π))) where x ≥ 0, else -inf.

    Shapes: x and scale broadcast, y has their shape.
    Units: x and scale share one, of which the density has the reciprocal; scale > 0.
    Kinks: at x = 0 the derivative is the limit from above; where scale ≤ 0, y is NaN or -inf.
    Source: Gelman (2006), "Prior distributions for variance parameters in hierarchical models"; SciPy,
        `stats.halfnorm`.
    """
    return apply("half_normal_logpdf", x, scale)


def heaviside(x: Operand, h: Operand) -> Value:
    """Unit step, y = 0 where x < 0, 1 where x > 0, h at x = 0; NaN where x is NaN.

    Shapes: x and h broadcast, y has their shape.
    Units: those of h; x dimensionless.
    Kinks: the derivative by x is 0 everywhere, at x = 0 too; that by h is 1 at x = 0.
    Source: NumPy, `heaviside`.
    """
    return apply("heaviside", x, h)


def hinge(prediction: Operand, target: Operand, reduction: str = "mean") -> Value:
    """Hinge loss of a margin, L = mean max(0, 1 - t x), where the target t is 1 or -1.

    Shapes: prediction and target are [...], or target is a scalar; L is [], without a reduction [...].
    Units: all dimensionless.
    Kinks: at t x = 1 the derivative is 0.
    Raises: ShapeError when shapes differ; AttributeValueError for an unknown reduction.
    Source: Cortes & Vapnik (1995), "Support-vector networks".
    """
    return apply("hinge", prediction, target, reduction=reduction)


def huber(prediction: Operand, target: Operand, reduction: str = "mean", delta: float = 1.0) -> Value:
    """Huber loss, L = mean d²/2 where |d| ≤ delta, else mean delta (|d| - delta/2), where d = prediction - target.

    Attributes:
        delta: where the parabola passes into straight lines.

    Shapes: prediction and target are [...], or target is a scalar; L is [], without a reduction [...].
    Units: the square of those of prediction, target and delta, which share one.
    Kinks: at |d| = delta the second derivative is 1, that of the parabola.
    Raises: ShapeError when shapes differ; AttributeValueError for an unknown reduction, or unless delta > 0.
    Source: Huber (1964), "Robust estimation of a location parameter".
    """
    return apply("huber", prediction, target, reduction=reduction, delta=delta)


def hypot(a: Operand, b: Operand) -> Value:
    """Length of the vector (a, b), y = √(a² + b²), without overflow; inf where a or b is infinite.

    Shapes: a and b broadcast, y has their shape.
    Units: a, b and y share one.
    Kinks: at a = b = 0 both partials are 0.
    Source: Python array API standard, `hypot`; the derivative at 0 is that of the least norm.
    """
    return apply("hypot", a, b)


def i0(x: Operand) -> Value:
    """Modified Bessel function of the first kind of order 0, y = I₀(x).

    Shapes: x is [...], y is [...].
    Units: x and y dimensionless.
    Kinks: none; beyond |x| = 713 (float32: 91) y overflows, where `i0e` does not.
    Source: NIST Digital Library of Mathematical Functions, section 10.25; SciPy, `i0`.
    """
    return apply("i0", x)


def i0e(x: Operand) -> Value:
    """Modified Bessel function of order 0, exponentially scaled, y = e^-|x| I₀(x).

    Shapes: x is [...], y is [...].
    Units: x dimensionless, y dimensionless in [0, 1].
    Kinks: at x = 0, where the scaling has one, the derivative is 0.
    Source: NIST Digital Library of Mathematical Functions, section 10.25; SciPy, `i0e`.
    """
    return apply("i0e", x)


def i1(x: Operand) -> Value:
    """Modified Bessel function of the first kind of order 1, y = I₁(x), the derivative of I₀.

    Shapes: x is [...], y is [...].
    Units: x and y dimensionless.
    Kinks: none; beyond |x| = 713 (float32: 91) y overflows, where `i1e` does not.
    Source: NIST Digital Library of Mathematical Functions, section 10.25; SciPy, `i1`.
    """
    return apply("i1", x)


def i1e(x: Operand) -> Value:
    """Modified Bessel function of order 1, exponentially scaled, y = e^-|x| I₁(x).

    Shapes: x is [...], y is [...].
    Units: x dimensionless, y dimensionless in (-1, 1).
    Kinks: at x = 0, where the scaling has one, the second derivative is 0.
    Source: NIST Digital Library of Mathematical Functions, section 10.25; SciPy, `i1e`.
    """
    return apply("i1e", x)


def identity(x: Operand) -> Value:
    """The value itself, y = x, under a name of its own.

    Shapes: x is [...], y is [...].
    Units: those of x.
    Source: TensorFlow, `tf.identity`.
    """
    return apply("identity", x)


def inner(a: Operand, b: Operand) -> Value:
    """Inner product over the last axes, y[..., ...] = Σ a[..., k] b[..., k]; a scalar multiplies.

    Shapes: a is [m, ..., k], b is [n, ..., k], y is [m, ..., n, ...].
    Units: the product of those of a and b.
    Raises: ShapeError when the last axes differ in size.
    Source: NumPy, `inner`.
    """
    return apply("inner", a, b)


def integer_pow(x: Operand, n: int) -> Value:
    """Power by a constant whole number, y = xⁿ, of numbers of either sign and at 0; x⁰ = 1 everywhere.

    Attributes:
        n: the exponent; not negative where x is an integer.

    Shapes: x is [...], y is [...].
    Units: those of x to the power of n.
    Kinks: where n < 0, value and derivative at x = 0 are infinite.
    Raises: AttributeValueError when the exponent of integers is negative.
    Source: JAX, `lax.integer_pow`.
    """
    return apply("integer_pow", x, n=n)


def interp(x: Operand, xp: Operand, fp: Operand) -> Value:
    """Piecewise linear interpolation: the polygon through the knots (xp[i], fp[i]), at x; beyond the ends it is flat.

    Shapes: x is [...], xp and fp are [n], y is [...].
    Units: x and xp share one, fp and y share one; xp ascends.
    Kinks: at an inner knot the derivative by x is the slope on the right, at the first and the last that of the
        polygon inside; beyond the ends it is 0. Where two inner knots coincide, y is fp of the second.
    Raises: ShapeError when xp and fp are no vectors of one length, or have no elements.
    Source: NumPy, `interp`.
    """
    return apply("interp", x, xp, fp)


def inv(a: Operand) -> Value:
    """Inverse, A⁻¹. To solve A x = b, `solve` is faster and more exact.

    Shapes: A is [..., n, n], A⁻¹ is [..., n, n].
    Units: the reciprocal of those of A.
    Kinks: a singular matrix has NaN or infinities, and is told of as SINGULAR; others keep their inverses.
    Raises: ShapeError when A is not square.
    Source: Python array API standard, `linalg.inv`.
    """
    return apply("inv", a)


def inverse_gamma_logpdf(x: Operand, a: Operand, scale: Operand) -> Value:
    """Log density of the inverse gamma distribution, y = -(a + 1) log z - 1/z - log(scale Γ(a)), z = x / scale > 0.

    Shapes: x, a and scale broadcast, y has their shape.
    Units: x and scale share one, of which the density has the reciprocal; a dimensionless; a and scale > 0.
    Kinks: where x ≤ 0, y is -inf and the derivatives are 0; where a or scale ≤ 0, y is NaN or -inf.
    Source: Gelman et al. (2013), "Bayesian data analysis", appendix A; SciPy, `stats.invgamma`.
    """
    return apply("inverse_gamma_logpdf", x, a, scale)


def iota(shape: int | str | Sequence[int | str], axis: int = 0, dtype: ElementTypeLike = "int64") -> Value:
    """Whole numbers from 0 along an axis, y[..., i, ...] = i, the same along the others.

    Shapes: y has the shape that is asked for; a name of a dimension stands for its size.
    Units: a count.
    Raises: AttributeValueError for a negative size; ShapeError when there is no such axis; ElementTypeError for bool.
    Source: XLA, operation semantics, `Iota`.
    """
    return apply("iota", shape=shape, axis=axis, element_type=dtype)


def isfinite(x: Operand) -> Value:
    """Whether an element is a number, and not infinite.

    Shapes: x is [...], y is [...].
    Units: y is bool.
    Source: Python array API standard, `isfinite`.
    """
    return apply("isfinite", x)


def isinf(x: Operand) -> Value:
    """Whether an element is infinite, of either sign.

    Shapes: x is [...], y is [...].
    Units: y is bool.
    Source: Python array API standard, `isinf`.
    """
    return apply("isinf", x)


def isnan(x: Operand) -> Value:
    """Whether an element is not a number.

    Shapes: x is [...], y is [...].
    Units: y is bool.
    Source: Python array API standard, `isnan`.
    """
    return apply("isnan", x)


def kalman_step(
    mean: Operand,
    covariance: Operand,
    transition: Operand,
    transition_noise: Operand,
    observation: Operand,
    observation_noise: Operand,
    measurement: Operand,
) -> tuple[Value, Value, Value]:
    """A step of the Kalman filter: prediction by F and Q, then correction by a measurement z = H x + noise of R.

    With the prediction m' = F m, P' = F P Fᵀ + Q, the innovation v = z - H m', S = H P' Hᵀ + R and the gain
    K = P' Hᵀ S⁻¹, the results are the mean m' + K v, the covariance P' - K S Kᵀ, and the log-likelihood of z,
    log N(v; 0, S), whose sum over the steps is that of the model. S is factored by Cholesky, and never inverted.

    Shapes: mean is [..., n]; covariance, transition F and its noise Q are [..., n, n]; observation H is [..., k, n],
        its noise R is [..., k, k], measurement is [..., k]; the axes in front broadcast. The results are [..., n],
        [..., n, n] and [...].
    Units: mean has those of the state, measurement its own, the matrices those that follow.
    Kinks: where S is not positive definite all results are NaN, and the block is told of as NOT_POSITIVE_DEFINITE.
    Raises: ShapeError when the shapes do not fit.
    Source: Särkkä (2013), "Bayesian filtering and smoothing", section 4.3.
    """
    values: tuple[Value, Value, Value] = several(
        "kalman_step", mean, covariance, transition, transition_noise, observation, observation_noise, measurement
    )
    return values


def kl_divergence(log_probabilities: Operand, target: Operand, reduction: str = "mean", axis: int = -1) -> Value:
    """Kullback-Leibler divergence of distributions along an axis, L = mean Σ t[i] (log t[i] - x[i]), with 0 log 0 = 0.

    The prediction x is the logarithm of a distribution, such as `log_softmax` makes; the target t is a distribution.

    Attributes:
        axis: the axis along which the distributions stand.

    Shapes: log_probabilities and target are [..., classes, ...]; L is [], without a reduction [..., ...].
    Units: all dimensionless; t in [0, 1], with sum 1 along the axis.
    Kinks: where t > 0 and x = -inf, L is inf; at t = 0 the derivative by t is -inf.
    Raises: ShapeError when shapes differ, or when there is no such axis; AttributeValueError for an unknown reduction.
    Source: Kullback & Leibler (1951), "On information and sufficiency"; PyTorch, `kl_div` with "batchmean".
    """
    return apply("kl_divergence", log_probabilities, target, reduction=reduction, axis=axis)


def kron(a: Operand, b: Operand) -> Value:
    """Kronecker product: a block of b for each element of a, y[i p + k, j q + l] = a[i, j] b[k, l].

    Shapes: a is [m, n], b is [p, q], y is [m p, n q]; likewise with any number of axes, where axes of size 1 are put
        before those of the operand that has fewer.
    Units: the product of those of a and b.
    Source: NumPy, `kron`.
    """
    return apply("kron", a, b)


def laplace_logpdf(x: Operand, loc: Operand, scale: Operand) -> Value:
    """Log density of the Laplace distribution, y = -|x - loc| / scale - log(2 scale).

    Shapes: x, loc and scale broadcast, y has their shape.
    Units: x, loc and scale share one, of which the density has the reciprocal; scale > 0.
    Kinks: at x = loc the derivatives by x and loc are 0; where scale ≤ 0, y is NaN.
    Source: Johnson, Kotz & Balakrishnan (1995), "Continuous univariate distributions", volume 2, chapter 24; SciPy,
        `stats.laplace`.
    """
    return apply("laplace_logpdf", x, loc, scale)


def layer_norm(
    x: Operand, scale: Operand, offset: Operand, epsilon: float = 1e-05, axis: int | Sequence[int] = (-1,)
) -> Value:
    """Layer normalization, y = (x - mean) / √(variance + epsilon) · scale + offset, over some axes of each example.

    Attributes:
        axis: the axes of an example.
        epsilon: what is added to the variance.

    Shapes: x is [...], scale and offset broadcast with x, y is [...]; 1 and 0 stand for none.
    Units: those of scale and offset, which share one.
    Kinks: none for epsilon > 0; equal values along the axes have the derivative that the formula gives, 1/√epsilon.
    Raises: ShapeError when there is no such axis, or scale or offset do not broadcast; AttributeValueError when epsilon
        is negative.
    Source: Ba, Kiros & Hinton (2016), "Layer normalization".
    """
    return apply("layer_norm", x, scale, offset, epsilon=epsilon, axis=axis)


def lbfgs_direction(gradient: Operand, steps: Operand, changes: Operand) -> Value:
    """Direction of L-BFGS, d = -H g, where H is the inverse Hessian that the last m steps tell of, by two loops.

    The rows of `steps` and `changes` are what parameters and gradients changed by, the oldest first. A pair whose
    product is not positive tells of no curvature and is left out, such as rows of zeros, which stand for steps that
    there have not been; without any pair, d = -g.

    Shapes: gradient is [n], steps and changes are [m, n], d is [n].
    Units: d and steps have those of the parameters, gradient and changes those of the gradient.
    Kinks: where the product of a pair is 0, its derivatives are those of a pair that is left out.
    Raises: ShapeError when the shapes do not fit.
    Source: Nocedal & Wright (2006), "Numerical Optimization", algorithm 7.4.
    """
    return apply("lbfgs_direction", gradient, steps, changes)


def leaky_relu(x: Operand, slope: float = 0.01) -> Value:
    """Rectified linear unit that leaks, y = x where x > 0, else slope · x.

    Attributes:
        slope: the slope below zero.

    Shapes: x is [...], y is [...].
    Units: those of x.
    Kinks: at x = 0 the derivative is the slope.
    Source: Maas, Hannun & Ng (2013), "Rectifier nonlinearities improve neural network acoustic models"; PyTorch,
        `leaky_relu`.
    """
    return apply("leaky_relu", x, slope=slope)


def less(a: Operand, b: Operand) -> Value:
    """Whether one is less, y = (a < b).

    Shapes: a and b broadcast, y has their shape.
    Units: a and b share one, y is bool.
    Source: Python array API standard, `less`.
    """
    return apply("less", a, b)


def less_equal(a: Operand, b: Operand) -> Value:
    """Whether one is not more, y = (a ≤ b).

    Shapes: a and b broadcast, y has their shape.
    Units: a and b share one, y is bool.
    Source: Python array API standard, `less_equal`.
    """
    return apply("less_equal", a, b)


def lgamma(x: Operand) -> Value:
    """Logarithm of the absolute value of the gamma function, y = log |Γ(x)|.

    Shapes: x is [...], y is [...].
    Units: x and y dimensionless.
    Kinks: at the poles 0, -1, -2, … y is inf; the derivative at 0 is that of `digamma`, at the others NaN.
    Source: NIST Digital Library of Mathematical Functions, section 5.2; SciPy, `gammaln`.
    """
    return apply("lgamma", x)


def log(x: Operand) -> Value:
    """Natural logarithm, y = log x.

    Shapes: x is [...], y is [...].
    Units: x and y dimensionless.
    Kinks: at x = 0 the derivative is inf, the one-sided limit; where x < 0, y is NaN.
    Source: Python array API standard, `log`.
    """
    return apply("log", x)


def log10(x: Operand) -> Value:
    """Logarithm to the base 10, y = log x / log 10, exact where x is a power of 10, which the quotient is not.

    Shapes: x is [...], y is [...].
    Units: x and y dimensionless.
    Kinks: at x = 0 the derivative is inf, the one-sided limit; where x < 0, y is NaN.
    Source: Python array API standard, `log10`.
    """
    return apply("log10", x)


def log1p(x: Operand) -> Value:
    """Natural logarithm of one more, y = log(1 + x), exact also for small x.

    Shapes: x is [...], y is [...].
    Units: x and y dimensionless.
    Kinks: at x = -1 the derivative is inf, the one-sided limit; where x < -1, y is NaN.
    Source: Python array API standard, `log1p`.
    """
    return apply("log1p", x)


def log2(x: Operand) -> Value:
    """Logarithm to the base 2, y = log x / log 2, exact where x is a power of 2, which the quotient is not.

    Shapes: x is [...], y is [...].
    Units: x and y dimensionless.
    Kinks: at x = 0 the derivative is inf, the one-sided limit; where x < 0, y is NaN.
    Source: Python array API standard, `log2`.
    """
    return apply("log2", x)


def log_binom(n: Operand, k: Operand) -> Value:
    """Logarithm of a binomial coefficient, y = log (n over k) = -log((n + 1) B(n - k + 1, k + 1)).

    Shapes: n and k broadcast, y has their shape.
    Units: all dimensionless; 0 ≤ k ≤ n.
    Source: NIST Digital Library of Mathematical Functions, section 1.2; SciPy, `binom`.
    """
    return apply("log_binom", n, k)


def log_ndtr(x: Operand) -> Value:
    """Logarithm of the normal distribution function, y = log Φ(x), where Φ underflows too.

    Far below zero it is an asymptotic series, so that the derivative, the inverse Mills ratio φ(x)/Φ(x) ≈ -x, and the
    second are as exact there as y. Above zero it is log(1 - Φ(-x)).

    Shapes: x is [...], y is [...].
    Units: x and y dimensionless.
    Kinks: none.
    Source: NIST Digital Library of Mathematical Functions, section 7.12; SciPy, `log_ndtr`.
    """
    return apply("log_ndtr", x)


def log_sigmoid(x: Operand) -> Value:
    """Logarithm of the logistic function, y = log σ(x) = -log(1 + e⁻ˣ), without overflow.

    Shapes: x is [...], y is [...].
    Units: x and y dimensionless.
    Source: SciPy, `log_expit`.
    """
    return apply("log_sigmoid", x)


def log_softmax(x: Operand, axis: int = -1) -> Value:
    """Logarithm of softmax, y[i] = x[i] - log Σ exp x[j] along an axis, without overflow.

    Shapes: x is [...], y is [...].
    Units: x and y dimensionless.
    Kinks: where all elements are -inf, or one is +inf, y is NaN.
    Raises: ShapeError when there is no such axis.
    Source: Blanchard, Higham & Higham (2021), "Accurately computing the log-sum-exp and softmax functions".
    """
    return apply("log_softmax", x, axis=axis)


def logaddexp(a: Operand, b: Operand) -> Value:
    """Logarithm of a sum of two exponentials, y = log(eᵃ + eᵇ), without overflow.

    Shapes: a and b broadcast, y has their shape.
    Units: a, b and y dimensionless.
    Kinks: where a = b = -inf, y is -inf and both partials are 0; where one is +inf, its partial is 1 and the other 0;
        where both are, ½ each.
    Source: Python array API standard, `logaddexp`.
    """
    return apply("logaddexp", a, b)


def logdet(a: Operand) -> Value:
    """Logarithm of the determinant, y = log det A, without overflow.

    Shapes: A is [..., n, n], y is [...].
    Units: A and y dimensionless.
    Kinks: y is NaN where det A < 0, and -inf where A is singular.
    Raises: ShapeError when A is not square.
    Source: PyTorch, `torch.logdet`.
    """
    return apply("logdet", a)


def logical_and(a: Operand, b: Operand) -> Value:
    """Whether both hold, y = a ∧ b.

    Shapes: a and b broadcast, y has their shape.
    Units: a, b and y are bool.
    Source: Python array API standard, `logical_and`.
    """
    return apply("logical_and", a, b)


def logical_not(x: Operand) -> Value:
    """Whether it does not hold, y = ¬x.

    Shapes: x is [...], y is [...].
    Units: x and y are bool.
    Source: Python array API standard, `logical_not`.
    """
    return apply("logical_not", x)


def logical_or(a: Operand, b: Operand) -> Value:
    """Whether one or both hold, y = a ∨ b.

    Shapes: a and b broadcast, y has their shape.
    Units: a, b and y are bool.
    Source: Python array API standard, `logical_or`.
    """
    return apply("logical_or", a, b)


def logical_xor(a: Operand, b: Operand) -> Value:
    """Whether just one holds, y = a ⊻ b.

    Shapes: a and b broadcast, y has their shape.
    Units: a, b and y are bool.
    Source: Python array API standard, `logical_xor`.
    """
    return apply("logical_xor", a, b)


def logistic_logpdf(x: Operand, loc: Operand, scale: Operand) -> Value:
    """Log density of the logistic distribution, y = log σ(z) + log σ(-z) - log scale, where z = (x - loc) / scale.

    Shapes: x, loc and scale broadcast, y has their shape.
    Units: x, loc and scale share one, of which the density has the reciprocal; scale > 0.
    Kinks: where scale ≤ 0, y is NaN.
    Source: Johnson, Kotz & Balakrishnan (1995), "Continuous univariate distributions", volume 2, chapter 23; SciPy,
        `stats.logistic`.
    """
    return apply("logistic_logpdf", x, loc, scale)


def lognormal_logpdf(x: Operand, s: Operand, scale: Operand) -> Value:
    """Log density of the lognormal distribution, y = -(log(x / scale) / s)²/2 - log(s x √(2π)) where x > 0.

    The logarithm of x has mean log scale and standard deviation s.

    Shapes: x, s and scale broadcast, y has their shape.
    Units: x and scale share one, of which the density has the reciprocal; s dimensionless; s and scale > 0.
    Kinks: where x ≤ 0, y is -inf and the derivatives are 0; where s or scale ≤ 0, y is NaN or -inf.
    Source: Johnson, Kotz & Balakrishnan (1994), "Continuous univariate distributions", volume 1, chapter 14; SciPy,
        `stats.lognorm`.
    """
    return apply("lognormal_logpdf", x, s, scale)


def logsumexp(x: Operand, axis: int | Sequence[int] | None = None, keepdims: bool = False) -> Value:
    """Logarithm of a sum of exponentials, y = log Σ exp x[i], without overflow; that of no elements is -inf.

    Shapes: x is [...], y lacks the reduced axes, or has them with size 1.
    Units: x and y dimensionless.
    Kinks: where all elements are -inf, y is -inf and the derivative 0; where one is +inf, so is y, and the derivative
        is 1 for it and 0 for finite ones.
    Raises: ShapeError when an axis is not there, or named twice.
    Source: Blanchard, Higham & Higham (2021), "Accurately computing the log-sum-exp and softmax functions".
    """
    return apply("logsumexp", x, axis=axis, keepdims=keepdims)


def lstsq(a: Operand, b: Operand) -> Value:
    """Least squares: the x that makes ‖A x - b‖ least, and of several such the shortest; A has full rank.

    Shapes: A is [..., m, n]; b is [..., m, k], or one vector [m] for all; x is [..., n, k], or [..., n].
    Units: the quotient of those of b and A.
    Kinks: where A has not full rank, x is infinite or NaN, and the matrix is told of as SINGULAR, unless rounding hides
        it; pinv(A) b is finite there.
    Raises: ShapeError when A has fewer than two axes, or b has another number of rows.
    Source: Golub & Van Loan (2013), "Matrix computations", sections 5.3 and 5.6.
    """
    return apply("lstsq", a, b)


def matmul(a: Operand, b: Operand) -> Value:
    """Matrix product, C = A B; a vector is a row on the left, a column on the right.

    Axes before the last two broadcast: there the product is one of many.

    Shapes: A is [..., m, k] or [k], B is [..., k, n] or [k], C is [..., m, n], without m or n where a vector stands.
    Units: C has the product of those of A and B.
    Raises: ShapeError when A's columns and B's rows differ in number, or when one is a scalar.
    Source: Giles (2008), "An extended collection of matrix derivative results", section 2.2; shapes as the Python array
        API standard, `matmul`.
    """
    return apply("matmul", a, b)


def matrix_norm(x: Operand, ord: str = "fro", keepdims: bool = False) -> Value:
    """Norm of a matrix: "fro" √Σ x[i, j]², "nuc" Σ s, "2" the greatest singular value s, "-2" the least.

    "1" is the greatest sum of |x[i, j]| over a column, "-1" the least; "inf" the greatest over a row, "-inf" the least.

    Shapes: x is [..., m, n], y is [...], or with `keepdims` [..., 1, 1].
    Units: those of x.
    Kinks: at a singular value 0 its derivative is 0; values or sums that tie for the greatest or least share it.
    Raises: AttributeValueError for an unknown norm; ShapeError when x has fewer than two axes, or nothing has a
        greatest element.
    Source: Python array API standard, `linalg.matrix_norm`.
    """
    return apply("matrix_norm", x, ord=ord, keepdims=keepdims)


def matrix_power(a: Operand, n: int) -> Value:
    """Power of a square matrix, A^n = A A ⋯ A, by repeated squaring; of its inverse where n < 0, the identity for 0.

    Shapes: A is [..., k, k], A^n is [..., k, k].
    Units: the n-th power of those of A.
    Kinks: where n < 0, a singular matrix has NaN or infinities.
    Raises: ShapeError when A is not square.
    Source: NumPy, `linalg.matrix_power`.
    """
    return apply("matrix_power", a, n=n)


def matrix_rank(x: Operand, rtol: float | None = None) -> Value:
    """Rank of a matrix: the number of singular values above `rtol` times the greatest; it has no derivative.

    Attributes:
        rtol: by default max(m, n) times the precision of the element type.

    Shapes: x is [..., m, n], y is [...], whole numbers.
    Units: a count.
    Raises: ShapeError when x has fewer than two axes; AttributeValueError when rtol is negative.
    Source: Python array API standard, `linalg.matrix_rank`.
    """
    return apply("matrix_rank", x, rtol=rtol)


def matrix_transpose(x: Operand) -> Value:
    """Exchange of the last two axes, y[..., i, j] = x[..., j, i].

    Shapes: x is [..., m, n], y is [..., n, m].
    Units: those of x.
    Raises: ShapeError when x has fewer than two axes.
    Source: Python array API standard, `matrix_transpose`.
    """
    return apply("matrix_transpose", x)


def max(x: Operand, axis: int | Sequence[int] | None = None, keepdims: bool = False) -> Value:
    """Greatest element, y = max x[i]; NaN when one is NaN.

    Shapes: x is [...], y lacks the reduced axes, or has them with size 1.
    Units: those of x.
    Kinks: k elements that tie have derivative 1/k each; where y is NaN, all have 0.
    Raises: ShapeError when there are no elements, or when an axis is not there, or named twice.
    Source: Python array API standard, `max`.
    """
    return apply("max", x, axis=axis, keepdims=keepdims)


def max_pool(
    x: Operand,
    window: int | Sequence[int],
    stride: int | Sequence[int] = (),
    low: int | Sequence[int] = (),
    high: int | Sequence[int] = (),
) -> Value:
    """Greatest element of each window, y[n, c, t] = max x[n, c, t stride + j - low] over the j of a window.

    Shapes: x is [n, c, spatial...], y is [n, c, places...], with (spatial + low + high - window) // stride + 1 places.
    Units: those of x.
    Kinks: of elements of a window that tie, the first in row-major order has the derivative.
    Raises: ShapeError when the axes do not fit, or a window lies in the margins alone; AttributeValueError for the
        wrong number of strides or margins, or a stride that is not positive.
    Source: PyTorch, `max_pool2d`.
    """
    return apply("max_pool", x, window=window, stride=stride, low=low, high=high)


def maximum(a: Operand, b: Operand) -> Value:
    """The greater of two, y = max(a, b); NaN where either is NaN.

    Shapes: a and b broadcast, y has their shape.
    Units: a, b and y share one.
    Kinks: where a = b, both partials are ½; of NaN they are 0.
    Source: Python array API standard, `maximum`.
    """
    return apply("maximum", a, b)


def mean(x: Operand, axis: int | Sequence[int] | None = None, keepdims: bool = False) -> Value:
    """Mean, y = Σ x[i] / n; that of no elements is NaN. That of integers and truth values is float64.

    Shapes: x is [...], y lacks the reduced axes, or has them with size 1.
    Units: those of x.
    Raises: ShapeError when an axis is not there, or named twice.
    Source: Python array API standard, `mean`.
    """
    return apply("mean", x, axis=axis, keepdims=keepdims)


def mean_squared_error(prediction: Operand, target: Operand, reduction: str = "mean") -> Value:
    """Squared error, L = mean (prediction - target)².

    Shapes: prediction and target are [...], or target is a scalar; L is [], without a reduction [...].
    Units: the square of those of prediction and target, which share one.
    Raises: ShapeError when shapes differ; AttributeValueError for an unknown reduction.
    Source: Bishop (2006), "Pattern recognition and machine learning", section 1.1.
    """
    return apply("mean_squared_error", prediction, target, reduction=reduction)


def meshgrid(x: Sequence[Operand], indexing: str = "xy") -> tuple[Value, ...]:
    """Coordinates of all points of a grid, one result for each axis.

    Attributes:
        indexing: "xy", the first two axes exchanged as in pictures, or "ij", axes in order.

    Shapes: x are [n], [m], [k], …; each result is [n, m, k, …], for "xy" [m, n, k, …].
    Units: those of each x.
    Raises: ShapeError when an input has more than one axis; AttributeValueError for another indexing.
    Source: Python array API standard, `meshgrid`.
    """
    values: tuple[Value, ...] = several("meshgrid", *x, indexing=indexing)
    return values


def min(x: Operand, axis: int | Sequence[int] | None = None, keepdims: bool = False) -> Value:
    """Least element, y = min x[i]; NaN when one is NaN.

    Shapes: x is [...], y lacks the reduced axes, or has them with size 1.
    Units: those of x.
    Kinks: k elements that tie have derivative 1/k each; where y is NaN, all have 0.
    Raises: ShapeError when there are no elements, or when an axis is not there, or named twice.
    Source: Python array API standard, `min`.
    """
    return apply("min", x, axis=axis, keepdims=keepdims)


def minimum(a: Operand, b: Operand) -> Value:
    """The smaller of two, y = min(a, b); NaN where either is NaN.

    Shapes: a and b broadcast, y has their shape.
    Units: a, b and y share one.
    Kinks: where a = b, both partials are ½; of NaN they are 0.
    Source: Python array API standard, `minimum`.
    """
    return apply("minimum", a, b)


def moveaxis(x: Operand, source: int | Sequence[int], destination: int | Sequence[int]) -> Value:
    """Axes in other places, the rest in their order: axis source[n] of x is axis destination[n] of y.

    Shapes: x is [...], y has the sizes of x in the new order.
    Units: those of x.
    Raises: AttributeValueError when sources and destinations differ in number; ShapeError when an axis is not there,
        or named twice.
    Source: Python array API standard, `moveaxis`.
    """
    return apply("moveaxis", x, source=source, destination=destination)


def multi_dot(x: Sequence[Operand]) -> Value:
    """Product of several matrices, A B C ..., in the order of multiplications that takes the least work.

    Shapes: A is [m, k] or [k], the next are [k, l], the last is [l, n] or [l], y is [m, n], without m or n where a
        vector stands.
    Units: the product of those of the matrices.
    Raises: ShapeError when columns and rows that meet differ in number; ArityError for fewer than 2, or more than 64.
    Source: Cormen et al. (2009), "Introduction to algorithms", section 15.2; NumPy, `linalg.multi_dot`.
    """
    return apply("multi_dot", *x)


def multiply(a: Operand, b: Operand) -> Value:
    """Product, y = a b.

    Shapes: a and b broadcast, y has their shape.
    Units: y has the product of those of a and b.
    Source: Python array API standard, `multiply`.
    """
    return apply("multiply", a, b)


def multivariate_normal_logpdf(x: Operand, mean: Operand, cov: Operand) -> Value:
    """Log density of the multivariate normal distribution, y = -|L⁻¹(x - mean)|²/2 - Σ log L[i, i] - d/2 log 2π.

    L is the Cholesky factor of the covariance: of its symmetric part, so that the gradient is symmetric.

    Shapes: x and mean are [..., d] and broadcast, cov is [d, d] or [..., d, d], y is [...].
    Units: x and mean share one, cov has its square; the density has the reciprocal of its d-th power.
    Kinks: where cov is not positive definite, y is NaN, and the block is told of as NOT_POSITIVE_DEFINITE.
    Raises: ShapeError when the shapes do not fit.
    Source: Anderson (2003), "An introduction to multivariate statistical analysis", chapter 2; SciPy,
        `stats.multivariate_normal`.
    """
    return apply("multivariate_normal_logpdf", x, mean, cov)


def mvlgamma(x: Operand, p: int) -> Value:
    """Logarithm of the multivariate gamma function, y = p (p - 1)/4 log π + Σ lgamma(x - j/2) over j = 0, …, p - 1.

    Attributes:
        p: the dimension, 1 or more.

    Shapes: x is [...], y is [...].
    Units: x and y dimensionless; x > (p - 1)/2.
    Raises: AttributeValueError when the dimension is less than 1.
    Source: NIST Digital Library of Mathematical Functions, section 35.3; SciPy, `multigammaln`.
    """
    return apply("mvlgamma", x, p=p)


def nan_to_num(x: Operand, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None) -> Value:
    """Finite numbers instead of NaN and infinities, which count as constants.

    Attributes:
        nan: what stands for NaN.
        posinf: what stands for inf; left out, the greatest finite number of the element type.
        neginf: what stands for -inf; left out, the least.

    Shapes: x is [...], y is [...].
    Units: those of x.
    Kinks: the derivative is 1 where x is finite, 0 elsewhere.
    Source: NumPy, `nan_to_num`.
    """
    return apply("nan_to_num", x, nan=nan, posinf=posinf, neginf=neginf)


def ndtr(x: Operand) -> Value:
    """Normal distribution function, y = Φ(x) = erfc(-x/√2)/2, exact in the tail below zero too.

    Shapes: x is [...], y is [...].
    Units: x dimensionless, y dimensionless in [0, 1].
    Source: NIST Digital Library of Mathematical Functions, section 7.18; SciPy, `ndtr`.
    """
    return apply("ndtr", x)


def ndtri(p: Operand) -> Value:
    """Quantile of the normal distribution, y = Φ⁻¹(p), exact for small p too.

    It is no composite of `erfinv`, whose argument 2p - 1 has lost a small p.

    Shapes: p is [...], y is [...].
    Units: p dimensionless in [0, 1], y dimensionless.
    Kinks: at p = 0, y is -inf, at p = 1 it is inf, and the derivative is inf, the one-sided limit; elsewhere outside,
        y is NaN.
    Source: NIST Digital Library of Mathematical Functions, section 7.17; SciPy, `ndtri`.
    """
    return apply("ndtri", p)


def negative(x: Operand) -> Value:
    """Negation, y = -x.

    Shapes: x is [...], y is [...].
    Units: those of x.
    Source: Python array API standard, `negative`.
    """
    return apply("negative", x)


def negative_binomial_logpmf(k: Operand, n: Operand, p: Operand) -> Value:
    """Log probability of k failures before n successes, y = log Γ(n + k)/(k! Γ(n)) + n log p + k log(1 - p).

    Shapes: k, n and p broadcast, y has their shape.
    Units: all dimensionless; k = 0, 1, …; n > 0, not only whole; p in (0, 1].
    Kinks: y is -inf for other k; at p = 1 the derivative by p is -inf, or n where k = 0; where n ≤ 0 or p is not in
        [0, 1], y is NaN or -inf.
    Source: Johnson, Kemp & Kotz (2005), "Univariate discrete distributions", chapter 5; SciPy, `stats.nbinom`.
    """
    return apply("negative_binomial_logpmf", k, n, p)


def negative_log_likelihood(
    log_probabilities: Operand, labels: Operand, reduction: str = "mean", axis: int = -1
) -> Value:
    """Negative log-likelihood of labels, L = -mean log_p[label], where log_p are logarithms of probabilities.

    Shapes: log_probabilities is [..., classes, ...], labels is [..., ...]; L is [], without a reduction as labels.
    Units: all dimensionless.
    Kinks: a class of probability 0 has the loss inf.
    Raises: ShapeError when there is not one label for each row, or no such axis; ElementTypeError when labels are no
        integers; AttributeValueError for an unknown reduction; at the run, IndexRangeError for a label of no class.
    Source: PyTorch, `nll_loss`.
    """
    return apply("negative_log_likelihood", log_probabilities, labels, reduction=reduction, axis=axis)


def norm(x: Operand, ord: float = 2.0, axis: int | Sequence[int] | None = None, keepdims: bool = False) -> Value:
    """Norm of a vector, y = (Σ |x[i]|^ord)^(1/ord); ord may be inf for the greatest |x[i]|, -inf for the least.

    An ord of 0 counts what is not 0. What lies along the axes, of a matrix too, is one vector; the default is the
    Euclidean or Frobenius norm. Squares are formed: elements beyond 1e±154 (float32: 1e±19) overflow, or vanish.

    Shapes: x is [...], y lacks the reduced axes, or has them with size 1.
    Units: those of x, unless ord is 0.
    Kinks: the derivative is 0 where y = 0, and so is the second; elsewhere at x[i] = 0 it is as that of abs, 0, and for
        ord = ±inf elements that tie share it.
    Raises: AttributeValueError when ord is NaN; ShapeError when an axis is not there, or named twice, or nothing lies
        along it and ord is infinite.
    Source: Python array API standard, `linalg.vector_norm`.
    """
    return apply("norm", x, ord=ord, axis=axis, keepdims=keepdims)


def normal_logpdf(x: Operand, loc: Operand, scale: Operand) -> Value:
    """Log density of the normal distribution, y = -z²/2 - log(scale √(2π)), where z = (x - loc) / scale.

    Shapes: x, loc and scale broadcast, y has their shape.
    Units: x, loc and scale share one, of which the density has the reciprocal; scale > 0.
    Kinks: where scale ≤ 0, y is NaN.
    Source: Johnson, Kotz & Balakrishnan (1994), "Continuous univariate distributions", volume 1, chapter 13; SciPy,
        `stats.norm`.
    """
    return apply("normal_logpdf", x, loc, scale)


def not_equal(a: Operand, b: Operand) -> Value:
    """Whether two elements differ, y = (a ≠ b); NaN differs from itself.

    Shapes: a and b broadcast, y has their shape.
    Units: a and b share one, y is bool.
    Source: Python array API standard, `not_equal`.
    """
    return apply("not_equal", a, b)


def one_hot(indices: Operand, classes: int, dtype: ElementTypeLike = "float64") -> Value:
    """Indices as rows with a single one, y[..., j] = 1 where j = indices[...]; outside the classes, the row is zero.

    Attributes:
        classes: length of the rows.

    Shapes: indices is [...], y is [..., classes].
    Units: y dimensionless.
    Raises: ElementTypeError when the indices are no integers; AttributeValueError when the number of classes is
        negative.
    Source: JAX, `nn.one_hot`.
    """
    return apply("one_hot", indices, classes=classes, element_type=dtype)


def ones_like(x: Operand, dtype: ElementTypeLike | None = None) -> Value:
    """Ones in the shape of x, y[i] = 1.

    Shapes: x is [...], y is [...].
    Units: those of x.
    Source: Python array API standard, `ones_like`.
    """
    return apply("ones_like", x, element_type=dtype)


def outer(a: Operand, b: Operand) -> Value:
    """Outer product, y[i, j] = a[i] b[j]; what is no vector is laid flat.

    Shapes: a is [...] with m elements, b is [...] with n, y is [m, n].
    Units: the product of those of a and b.
    Source: NumPy, `outer`.
    """
    return apply("outer", a, b)


def pad(
    x: Operand,
    low: int | Sequence[int],
    high: int | Sequence[int],
    interior: int | Sequence[int] = (),
    value: float = 0.0,
) -> Value:
    """Zeros, or another number, around the elements and between them, along each axis; a negative margin cuts off.

    It is what carries the sensitivity of a slice back, and a slice carries its own.

    Shapes: along each axis, size n becomes low + n + (n - 1) interior + high, or low + high if n = 0.
    Units: those of x.
    Raises: AttributeValueError when there is not one number for each axis, when a size or an interior is negative, or
        when the elements can't hold the value.
    Source: XLA, operation semantics, `Pad`.
    """
    return apply("pad", x, low=low, high=high, interior=interior, value=value)


def pareto_logpdf(x: Operand, b: Operand, scale: Operand) -> Value:
    """Log density of the Pareto distribution, y = log(b / scale) - (b + 1) log(x / scale) where x ≥ scale, else -inf.

    Shapes: x, b and scale broadcast, y has their shape.
    Units: x and scale share one, of which the density has the reciprocal; b dimensionless; b and scale > 0.
    Kinks: at x = scale the derivatives are the limits from inside; where b or scale ≤ 0, y is NaN or -inf.
    Source: Johnson, Kotz & Balakrishnan (1994), "Continuous univariate distributions", volume 1, chapter 20; SciPy,
        `stats.pareto`.
    """
    return apply("pareto_logpdf", x, b, scale)


def pinv(a: Operand, rtol: float | None = None) -> Value:
    """Pseudoinverse of Moore and Penrose, P = A⁺: A P A = A, P A P = P, A P and P A symmetric.

    Singular values below `rtol` times the greatest count as 0; by default max(m, n) times the precision.

    Shapes: A is [..., m, n], P is [..., n, m].
    Units: the reciprocal of those of A.
    Kinks: P jumps where the rank of A changes; its derivative is that along changes that keep the rank.
    Raises: ShapeError when A has fewer than two axes; AttributeValueError when rtol is negative.
    Source: Golub & Pereyra (1973), "The differentiation of pseudo-inverses and nonlinear least squares problems whose
        variables separate", equation 4.12.
    """
    return apply("pinv", a, rtol=rtol)


def poisson_logpmf(k: Operand, mu: Operand) -> Value:
    """Log probability of k events, y = k log mu - mu - log k!, with 0 log 0 = 0.

    Shapes: k and mu broadcast, y has their shape.
    Units: all dimensionless; k = 0, 1, …; mu ≥ 0.
    Kinks: y is -inf for other k; at mu = 0 the derivative by mu is inf, or -1 where k = 0; where mu < 0, y is NaN
        or -inf.
    Source: Johnson, Kemp & Kotz (2005), "Univariate discrete distributions", chapter 4; SciPy, `stats.poisson`.
    """
    return apply("poisson_logpmf", k, mu)


def poisson_negative_log_likelihood(log_rate: Operand, target: Operand, reduction: str = "mean") -> Value:
    """Negative log-likelihood of counts, L = mean (exp x - t x), of which exp x is the rate; log t! is left out.

    Shapes: log_rate and target are [...], or target is a scalar; L is [], without a reduction [...].
    Units: all dimensionless; t ≥ 0.
    Kinks: at x = -inf, where the rate is 0, L is 0 for t = 0, else inf.
    Raises: ShapeError when shapes differ; AttributeValueError for an unknown reduction.
    Source: McCullagh & Nelder (1989), "Generalized linear models", chapter 6; PyTorch, `poisson_nll_loss`.
    """
    return apply("poisson_negative_log_likelihood", log_rate, target, reduction=reduction)


def polygamma(x: Operand, n: int) -> Value:
    """Derivative of the digamma function, y = ψ⁽ⁿ⁾(x).

    Left of 0 it is reflected: ψ⁽ⁿ⁾(x) = (-1)ⁿ ψ⁽ⁿ⁾(1 - x) - π dⁿ/dxⁿ cot πx.

    Attributes:
        n: how often the digamma function is differentiated, from 0 to 100.

    Shapes: x is [...], y is [...].
    Units: x and y dimensionless.
    Kinks: at the poles 0, -1, -2, … y is infinite; where the sides differ in sign, which is for even n, it is the limit
        from the right, and for n = 0 what `digamma` has there.
    Raises: AttributeValueError when n is negative or above 100.
    Source: NIST Digital Library of Mathematical Functions, section 5.15; SciPy, `polygamma`.
    """
    return apply("polygamma", x, n=n)


def power(a: Operand, b: Operand) -> Value:
    """Power, y = a^b; a power by the constant 2 is computed as a square, by -1 as a reciprocal.

    Shapes: a and b broadcast, y has their shape.
    Units: a and b dimensionless, unless b is constant.
    Kinks: ∂y/∂a = 0 where b = 0, also at a = 0; ∂y/∂b = 0 where a = 0 and b ≥ 0; ∂y/∂b = NaN where a < 0.
    Source: Python array API standard, `pow`; the derivatives at 0 as in autograd.
    """
    return apply("power", a, b)


def prod(x: Operand, axis: int | Sequence[int] | None = None, keepdims: bool = False) -> Value:
    """Product, y = Π x[i]; that of no elements is 1. Integers keep their type, truth values multiply in int64.

    The derivative is the product of the other elements, from products of those before and of those behind; nothing is
    divided, so that it is exact beside any number of zeros, to every order.

    Shapes: x is [...], y lacks the reduced axes, or has them with size 1.
    Units: those of x to the power of the number of elements.
    Raises: ShapeError when an axis is not there, or named twice.
    Source: Python array API standard, `prod`.
    """
    return apply("prod", x, axis=axis, keepdims=keepdims)


def qr(a: Operand) -> tuple[Value, Value]:
    """Orthonormal columns Q and an upper triangular R with A = Q R, for a matrix with no more columns than rows.

    The signs of the diagonal of R are LAPACK's choice.

    Shapes: A is [..., m, n] with m ≥ n, Q is [..., m, n], R is [..., n, n].
    Units: Q is dimensionless, R has those of A.
    Kinks: where columns of A depend on each other, R is singular, and the derivatives are infinite or NaN.
    Raises: ShapeError when A has more columns than rows.
    Source: Walter & Lehmann (2010), "Algorithmic differentiation of linear algebra functions with application in
        optimum experimental design", section 3; Seeger et al. (2017), "Auto-differentiating linear algebra".
    """
    values: tuple[Value, Value] = several("qr", a)
    return values


def reciprocal(x: Operand) -> Value:
    """Reciprocal, y = 1 / x.

    Shapes: x is [...], y is [...].
    Units: the reciprocal of those of x.
    Kinks: at x = 0 the derivative is -inf, the limit from both sides.
    Source: Python array API standard, `reciprocal`.
    """
    return apply("reciprocal", x)


def reduce_window_max(
    x: Operand,
    window: int | Sequence[int],
    stride: int | Sequence[int] = (),
    low: int | Sequence[int] = (),
    high: int | Sequence[int] = (),
    window_dilation: int | Sequence[int] = (),
) -> Value:
    """Greatest of what windows hold, y[t] = max x[t stride + j window_dilation - low] over the j of a window.

    Around the elements lie margins low and high, of which nothing is picked; a negative one cuts off.

    Shapes: x is [...], window and what is given of the others have a number for each axis, y is [...].
    Units: those of x.
    Kinks: of elements of a window that tie, the first in row-major order has derivative 1; of NaN, the first.
    Raises: AttributeValueError when there is not one number for each axis, or a step is not positive; ShapeError when a
        window is empty or lies in the margins alone, or when more is cut off than there is.
    Source: XLA, operation semantics, `ReduceWindow`.
    """
    return apply(
        "reduce_window_max", x, window=window, stride=stride, low=low, high=high, window_dilation=window_dilation
    )


def reduce_window_sum(
    x: Operand,
    window: int | Sequence[int],
    stride: int | Sequence[int] = (),
    low: int | Sequence[int] = (),
    high: int | Sequence[int] = (),
    base_dilation: int | Sequence[int] = (),
    window_dilation: int | Sequence[int] = (),
) -> Value:
    """Sums of what windows hold, y[t] = Σ x[t stride + j window_dilation - low] over the j of a window.

    Between the elements lie base_dilation - 1 zeros, and low and high around them; a negative margin cuts off. It
    carries its own sensitivity back: the stride becomes the dilation of the base.

    Shapes: x is [...], window and what is given of the others have a number for each axis, y is [...].
    Units: those of x.
    Raises: AttributeValueError when there is not one number for each axis, or a step is not positive; ShapeError when a
        window is empty, or when more is cut off than there is.
    Source: XLA, operation semantics, `ReduceWindow`.
    """
    return apply(
        "reduce_window_sum",
        x,
        window=window,
        stride=stride,
        low=low,
        high=high,
        base_dilation=base_dilation,
        window_dilation=window_dilation,
    )


def relu(x: Operand) -> Value:
    """Rectified linear unit, y = max(0, x).

    Shapes: x is [...], y is [...].
    Units: those of x.
    Kinks: at x = 0 the derivative is 0, where that of maximum(x, 0) is ½.
    Source: Nair & Hinton (2010), "Rectified linear units improve restricted Boltzmann machines"; PyTorch, `relu`.
    """
    return apply("relu", x)


def remainder(a: Operand, b: Operand) -> Value:
    """What a division leaves, y = a - b ⌊a / b⌋, as Python's `%`: it has the sign of b. Of integers by 0 it is 0.

    Shapes: a and b broadcast, y has their shape.
    Units: a, b and y share one.
    Kinks: the partials are 1 and -⌊a / b⌋ everywhere, where y jumps too.
    Source: Python array API standard, `remainder`.
    """
    return apply("remainder", a, b)


def repeat(x: Operand, repeats: int, axis: int | None = None) -> Value:
    """Each element several times, one after the other: a, a, b, b, ….

    Attributes:
        repeats: how often.
        axis: along which axis; left out, x is laid flat.

    Shapes: x is [..., n, ...], y is [..., n · repeats, ...]; without an axis, [size · repeats].
    Units: those of x.
    Raises: AttributeValueError when the number is negative; ShapeError when there is no such axis.
    Source: Python array API standard, `repeat`.
    """
    return apply("repeat", x, repeats=repeats, axis=axis)


def reshape(x: Operand, shape: int | str | Sequence[int | str]) -> Value:
    """The same elements in the same row-major order, in another shape; one size may be -1, for what is left.

    Shapes: x is [...], y has the shape that is asked for; a name of a dimension stands for its size.
    Units: those of x.
    Raises: ShapeError when x has another number of elements; AttributeValueError for a negative size, or for two -1.
    Source: Python array API standard, `reshape`.
    """
    return apply("reshape", x, shape=shape)


def rms_norm(x: Operand, scale: Operand, epsilon: float = 1e-05, axis: int | Sequence[int] = (-1,)) -> Value:
    """Normalization by the root of the mean square, y = x / √(mean x² + epsilon) · scale, over some axes.

    Attributes:
        axis: the axes of an example.
        epsilon: what is added to the mean square.

    Shapes: x is [...], scale broadcasts with x, y is [...]; 1 stands for none.
    Units: those of scale.
    Kinks: none for epsilon > 0.
    Raises: ShapeError when there is no such axis, or scale does not broadcast; AttributeValueError when epsilon is
        negative.
    Source: Zhang & Sennrich (2019), "Root mean square layer normalization".
    """
    return apply("rms_norm", x, scale, epsilon=epsilon, axis=axis)


def roll(x: Operand, shift: int | Sequence[int], axis: int | Sequence[int] | None = None) -> Value:
    """The elements moved along axes, those that leave at one end coming in at the other, y[i] = x[i - shift].

    Attributes:
        shift: by how many places, one number for each axis.
        axis: along which axes; left out, x is laid flat, and takes one shift.

    Shapes: x is [...], y is [...].
    Units: those of x.
    Raises: AttributeValueError when shifts and axes differ in number; ShapeError when there is no such axis.
    Source: Python array API standard, `roll`.
    """
    return apply("roll", x, shift=shift, axis=axis)


def round(x: Operand) -> Value:
    """Nearest whole number; half way between two, the even one.

    Shapes: x is [...], y is [...].
    Units: x and y dimensionless.
    Kinks: the derivative is 0 everywhere, at the steps too.
    Source: Python array API standard, `round`.
    """
    return apply("round", x)


def rsqrt(x: Operand) -> Value:
    """Reciprocal of the square root, y = 1 / √x.

    Shapes: x is [...], y is [...].
    Units: the reciprocal of the square root of those of x.
    Kinks: at x = 0 the derivative is -inf, the one-sided limit; where x < 0, y is NaN.
    Source: JAX, `lax.rsqrt`.
    """
    return apply("rsqrt", x)


def scatter_add(x: Operand, indices: Operand, updates: Operand, batch_dims: int = 0) -> Value:
    """Updates added at positions that are data, y = x, then y[indices[i]] += updates[i] for every i.

    Shapes: x is [batch..., n1, ..., nd, rest...], indices is [batch..., i..., d], updates broadcasts to
        [batch..., i..., rest...], y is as x.
    Units: x, updates and y share one.
    Raises: ElementTypeError when the indices are no integers; ShapeError when the shapes do not fit; at the run,
        IndexRangeError when an index is outside its axis.
    Source: JAX, `x.at[indices].add(updates)`.
    """
    return apply("scatter_add", x, indices, updates, batch_dims=batch_dims)


def scatter_max(x: Operand, indices: Operand, updates: Operand, batch_dims: int = 0) -> Value:
    """Greatest of what is there and the updates, y = x, then y[j] = max(y[j], updates[i]) with j = indices[i].

    Shapes: x is [batch..., n1, ..., nd, rest...], indices is [batch..., i..., d], updates broadcasts to
        [batch..., i..., rest...], y is as x.
    Units: x, updates and y share one.
    Kinks: k elements that tie have derivative 1/k each; where y is NaN, all have 0.
    Raises: ElementTypeError when the indices are no integers; ShapeError when the shapes do not fit; at the run,
        IndexRangeError when an index is outside its axis.
    Source: JAX, `x.at[indices].max(updates)`.
    """
    return apply("scatter_max", x, indices, updates, batch_dims=batch_dims)


def scatter_min(x: Operand, indices: Operand, updates: Operand, batch_dims: int = 0) -> Value:
    """Least of what is there and the updates, y = x, then y[j] = min(y[j], updates[i]) with j = indices[i].

    Shapes: x is [batch..., n1, ..., nd, rest...], indices is [batch..., i..., d], updates broadcasts to
        [batch..., i..., rest...], y is as x.
    Units: x, updates and y share one.
    Kinks: k elements that tie have derivative 1/k each; where y is NaN, all have 0.
    Raises: ElementTypeError when the indices are no integers; ShapeError when the shapes do not fit; at the run,
        IndexRangeError when an index is outside its axis.
    Source: JAX, `x.at[indices].min(updates)`.
    """
    return apply("scatter_min", x, indices, updates, batch_dims=batch_dims)


def scatter_set(x: Operand, indices: Operand, updates: Operand, batch_dims: int = 0) -> Value:
    """Elements replaced at positions that are data, y = x but y[indices[i]] = updates[i]; the last update wins.

    Of updates to one position, the last in row-major order counts, and it alone has a derivative.

    Shapes: x is [batch..., n1, ..., nd, rest...], indices is [batch..., i..., d], updates broadcasts to
        [batch..., i..., rest...], y is as x.
    Units: x, updates and y share one.
    Raises: ElementTypeError when the indices are no integers; ShapeError when the shapes do not fit; at the run,
        IndexRangeError when an index is outside its axis.
    Source: JAX, `x.at[indices].set(updates)`; order as NumPy.
    """
    return apply("scatter_set", x, indices, updates, batch_dims=batch_dims)


def searchsorted(x: Operand, values: Operand, side: str = "left") -> Value:
    """Where values would have to be put so that x stays in order; int64, without derivative.

    Before elements that are equal for side left, x[y-1] < values ≤ x[y], and behind them for side right,
    x[y-1] ≤ values < x[y]. NaN is taken for the greatest. The elements of x are in order, or y says nothing.

    Shapes: x is [n], values is [...], y is [...].
    Units: a count; x and values share one.
    Raises: AttributeValueError when the side is another; ShapeError when x has not one axis.
    Source: Python array API standard, `searchsorted`.
    """
    return apply("searchsorted", x, values, side=side)


def segment_sum(x: Operand, segments: Operand, count: int) -> Value:
    """Sums of the rows of each segment, y[s] = Σ x[i] over all i with segments[i] = s; that of no rows is 0.

    Attributes:
        count: number of segments.

    Shapes: x is [n, ...], segments is [n] of integers, in any order, y is [count, ...].
    Units: those of x.
    Raises: ElementTypeError when segments are no integers; ShapeError when there is not one for each row;
        AttributeValueError when the count is negative; at the run, IndexRangeError for a segment that is not there.
    Source: JAX, `ops.segment_sum`.
    """
    return apply("segment_sum", x, segments, count=count)


def select_and_scatter_add(
    x: Operand,
    source: Operand,
    window: int | Sequence[int],
    stride: int | Sequence[int] = (),
    low: int | Sequence[int] = (),
    high: int | Sequence[int] = (),
    window_dilation: int | Sequence[int] = (),
) -> Value:
    """What each window is given goes to its greatest element of x: undoes the reading of `reduce_window_max`.

    It is linear in the source, and x has no derivative.

    Shapes: x is [...], window and what is given of the others have a number for each axis, source has the shape of
        `reduce_window_max` of x, y is as x.
    Units: those of the source.
    Kinks: of elements of a window that tie, the first in row-major order is given it all; of NaN, the first.
    Raises: as for `reduce_window_max`; ShapeError, too, when the source has another shape.
    Source: XLA, operation semantics, `SelectAndScatter`.
    """
    return apply(
        "select_and_scatter_add",
        x,
        source,
        window=window,
        stride=stride,
        low=low,
        high=high,
        window_dilation=window_dilation,
    )


def selu(x: Operand) -> Value:
    """Self-normalizing exponential linear unit, y = λ x where x > 0, else λ α (eˣ - 1); λ ≈ 1.0507, α ≈ 1.6733.

    Shapes: x is [...], y is [...].
    Units: x and y dimensionless.
    Kinks: at x = 0 first and second derivative are λ α, the limit from below.
    Source: Klambauer et al. (2017), "Self-normalizing neural networks".
    """
    return apply("selu", x)


def sigmoid(x: Operand) -> Value:
    """Logistic function, y = σ(x) = 1 / (1 + e⁻ˣ).

    Far from zero y is rounded to 0 or 1, and its logarithm is lost: `log_sigmoid` keeps it.

    Shapes: x is [...], y is [...].
    Units: x dimensionless, y dimensionless in [0, 1].
    Source: SciPy, `expit`.
    """
    return apply("sigmoid", x)


def sign(x: Operand) -> Value:
    """Sign, y = -1, 0 or 1; NaN where x is NaN.

    Shapes: x is [...], y is [...].
    Units: y dimensionless.
    Kinks: the derivative is 0 everywhere, at x = 0 too.
    Source: Python array API standard, `sign`.
    """
    return apply("sign", x)


def silu(x: Operand) -> Value:
    """Sigmoid linear unit, also swish, y = x σ(x).

    Shapes: x is [...], y is [...].
    Units: x and y dimensionless.
    Kinks: at x = -inf value and derivative are NaN, at x = inf the derivative is: they are computed as 0·∞.
    Source: Elfwing, Uchibe & Doya (2018), "Sigmoid-weighted linear units for neural network function approximation in
        reinforcement learning".
    """
    return apply("silu", x)


def sin(x: Operand) -> Value:
    """Sine, y = sin x.

    Shapes: x is [...], y is [...].
    Units: x in radians, y dimensionless in [-1, 1].
    Source: Python array API standard, `sin`.
    """
    return apply("sin", x)


def sinh(x: Operand) -> Value:
    """Hyperbolic sine, y = sinh x.

    Shapes: x is [...], y is [...].
    Units: x and y dimensionless.
    Kinks: none; where y overflows, the derivative is inf, and a sensitivity of zero still gives zero.
    Source: Python array API standard, `sinh`.
    """
    return apply("sinh", x)


def slice(x: Operand, index: str) -> Value:
    """Basic indexing, y = x[index], where the index is text as NumPy has it: ``1:, ::-2, None, ..., -1``.

    Shapes: an integer takes an axis away, a slice shortens it, ``None`` makes one of size 1, ``...`` passes over those
        that nothing is said of.
    Units: those of x.
    Raises: AttributeValueError when the text is no basic index; ShapeError when it names more axes than there are, or
        when an integer is outside its axis. Slices may reach outside.
    Source: NumPy, "Basic indexing".
    """
    return apply("slice", x, index=index)


def slogdet(a: Operand) -> tuple[Value, Value]:
    """Sign and logarithm of the absolute value of the determinant, det A = sign · exp logabsdet, without overflow.

    Shapes: A is [..., n, n], sign and logabsdet are [...].
    Units: A, sign and logabsdet dimensionless.
    Kinks: a singular matrix has sign 0 and logabsdet -inf, is told of as SINGULAR, and its gradient is NaN; the
        derivative of the sign is 0 everywhere.
    Raises: ShapeError when A is not square.
    Source: Giles (2008), "An extended collection of matrix derivative results", section 2.2.4; Python array API
        standard, `linalg.slogdet`.
    """
    values: tuple[Value, Value] = several("slogdet", a)
    return values


def softmax(x: Operand, axis: int = -1) -> Value:
    """Softmax, y[i] = exp x[i] / Σ exp x[j] along an axis, without overflow: the greatest element is taken off first.

    Shapes: x is [...], y is [...].
    Units: x dimensionless, y dimensionless in [0, 1].
    Kinks: where all elements are -inf, or one is +inf, y is NaN.
    Raises: ShapeError when there is no such axis, or nothing along it.
    Source: Blanchard, Higham & Higham (2021), "Accurately computing the log-sum-exp and softmax functions".
    """
    return apply("softmax", x, axis=axis)


def softmax_cross_entropy(logits: Operand, target: Operand, reduction: str = "mean", axis: int = -1) -> Value:
    """Cross-entropy of the distribution softmax(x) along an axis, L = -mean Σ t[i] log softmax(x)[i], with 0 · inf = 0.

    The target is a distribution, such as rows of 0 with one 1. A logit of -inf is a class that is ruled out.

    Shapes: logits and target are [..., classes, ...]; L is [], without a reduction [..., ...].
    Units: all dimensionless; t in [0, 1], with sum 1 along the axis.
    Raises: ShapeError when shapes differ, or when there is no such axis; AttributeValueError for an unknown reduction.
    Source: Bishop (2006), "Pattern recognition and machine learning", section 4.3.4.
    """
    return apply("softmax_cross_entropy", logits, target, reduction=reduction, axis=axis)


def softplus(x: Operand) -> Value:
    """Smooth ramp, y = log(1 + eˣ), without overflow.

    Shapes: x is [...], y is [...].
    Units: x and y dimensionless.
    Source: Dugas et al. (2001), "Incorporating second-order functional knowledge for better option pricing".
    """
    return apply("softplus", x)


def softsign(x: Operand) -> Value:
    """Step with slow tails, y = x / (1 + |x|).

    Shapes: x is [...], y is [...].
    Units: x and y dimensionless, y in (-1, 1).
    Kinks: at x = 0 the derivative is 1, and the second is 0, which lies between its limits; at x = ±inf y is NaN.
    Source: Bergstra et al. (2009), "Quadratic polynomials learn better image features"; PyTorch, `softsign`.
    """
    return apply("softsign", x)


def solve(a: Operand, b: Operand) -> Value:
    """Solution of linear equations, A x = b.

    Axes before the last two broadcast: there the system is one of many.

    Shapes: A is [..., n, n]; b is [..., n, k], or one vector [n] for all; x is [..., n, k], or [..., n].
    Units: the quotient of those of b and A.
    Kinks: a singular matrix has NaN or infinities, and is told of as SINGULAR; others keep their solutions.
    Raises: ShapeError when A is not square, or b has another number of rows.
    Source: Giles (2008), "An extended collection of matrix derivative results", section 2.2.3; shapes as the Python
        array API standard, `linalg.solve`.
    """
    return apply("solve", a, b)


def solve_triangular(
    a: Operand, b: Operand, lower: bool = False, transpose: bool = False, unit_diagonal: bool = False
) -> Value:
    """Solution of linear equations with a triangular matrix, A x = b, or Aᵀ x = b by `transpose`.

    One triangle of A is read, the lower or the upper one; with `unit_diagonal` its diagonal counts as ones and is not
    read. What is not read has the gradient 0. Axes before the last two broadcast.

    Shapes: A is [..., n, n]; b is [..., n, k], or one vector [n] for all; x is [..., n, k], or [..., n].
    Units: the quotient of those of b and A.
    Kinks: a matrix with a zero on its diagonal has NaN, and is told of as SINGULAR; others keep their solutions.
    Raises: ShapeError when A is not square, or b has another number of rows.
    Source: Giles (2008), "An extended collection of matrix derivative results", section 2.2.3; SciPy,
        `linalg.solve_triangular`.
    """
    return apply("solve_triangular", a, b, lower=lower, transpose=transpose, unit_diagonal=unit_diagonal)


def sort(x: Operand, axis: int = -1, descending: bool = False) -> tuple[Value, Value]:
    """Elements in order along an axis, and where they stood: values[i] = x[indices[i]].

    Elements that tie stay in their order; NaN comes last, in either direction.

    Shapes: x is [...]; values and indices are [...], the indices int64.
    Units: values have those of x, indices count.
    Kinks: where elements tie, each has the derivative of the place that it takes.
    Raises: ShapeError when there is no such axis.
    Source: Python array API standard, `sort` and `argsort`.
    """
    values: tuple[Value, Value] = several("sort", x, axis=axis, descending=descending)
    return values


def split(x: Operand, sections: int, axis: int = 0) -> tuple[Value, ...]:
    """Parts of equal size along an axis, one behind the other.

    Attributes:
        sections: number of the parts, and of the results.
        axis: along which axis.

    Shapes: x is [..., n, ...], each result is [..., n / sections, ...].
    Units: those of x.
    Raises: AttributeValueError when sections is not from 1 to 10,000; ShapeError when there is no such axis, or its
        size is no multiple of sections.
    Source: NumPy, `split`.
    """
    values: tuple[Value, ...] = several("split", x, sections=sections, axis=axis)
    return values


def sqrt(x: Operand) -> Value:
    """Square root, y = √x.

    Shapes: x is [...], y is [...].
    Units: the square root of those of x.
    Kinks: at x = 0 the derivative is inf, the one-sided limit, so that the gradient of √(x²) at 0 is NaN: write it as
        abs x, and the length of a vector as its norm. Where x < 0, y is NaN.
    Source: Python array API standard, `sqrt`.
    """
    return apply("sqrt", x)


def square(x: Operand) -> Value:
    """Square, y = x².

    Shapes: x is [...], y is [...].
    Units: the square of those of x.
    Source: Python array API standard, `square`.
    """
    return apply("square", x)


def squeeze(x: Operand, axis: int | Sequence[int] | None = None) -> Value:
    """Axes of size 1 left out: those that `axis` names, or all.

    Shapes: x is [...], y lacks the axes.
    Units: those of x.
    Raises: ShapeError when an axis has another size than 1, is not there, or is named twice.
    Source: Python array API standard, `squeeze`; without an axis as NumPy.
    """
    return apply("squeeze", x, axis=axis)


def stack(x: Sequence[Operand], axis: int = 0) -> Value:
    """The values side by side along a new axis, y[..., i, ...] = x_i.

    Shapes: all have one shape, y has the axis more, of their number.
    Units: x and y share one.
    Raises: ShapeError when shapes differ, or when the axis is outside the result.
    Source: Python array API standard, `stack`.
    """
    return apply("stack", *x, axis=axis)


def standard_deviation(
    x: Operand, axis: int | Sequence[int] | None = None, correction: float = 0.0, keepdims: bool = False
) -> Value:
    """Standard deviation, y = sqrt(Σ (x[i] - mean x)² / (n - correction)).

    Shapes: x is [...], y lacks the reduced axes, or has them with size 1.
    Units: those of x.
    Kinks: the derivative is 0 where all elements are the same; y is NaN or infinite where no more than `correction`
        elements are reduced.
    Raises: ShapeError when an axis is not there, or named twice.
    Source: Python array API standard, `std`.
    """
    return apply("standard_deviation", x, axis=axis, correction=correction, keepdims=keepdims)


def stop_gradient(x: Operand) -> Value:
    """The value itself, which derivatives take for a constant.

    Shapes: x is [...], y is [...].
    Units: those of x.
    Source: JAX, `jax.lax.stop_gradient`.
    """
    return apply("stop_gradient", x)


def student_t_logpdf(x: Operand, df: Operand, loc: Operand, scale: Operand) -> Value:
    """Log density of Student's t, y = -(df + 1)/2 log(1 + z²/df) - log(scale √df B(½, df/2)), z = (x - loc) / scale.

    Shapes: x, df, loc and scale broadcast, y has their shape.
    Units: x, loc and scale share one, of which the density has the reciprocal; df dimensionless; df and scale > 0.
    Kinks: where df or scale ≤ 0, or df = inf, y is NaN.
    Source: Johnson, Kotz & Balakrishnan (1995), "Continuous univariate distributions", volume 2, chapter 28; SciPy,
        `stats.t`.
    """
    return apply("student_t_logpdf", x, df, loc, scale)


def subtract(a: Operand, b: Operand) -> Value:
    """Difference, y = a - b.

    Shapes: a and b broadcast, y has their shape.
    Units: a, b and y share one.
    Source: Python array API standard, `subtract`.
    """
    return apply("subtract", a, b)


def sum(x: Operand, axis: int | Sequence[int] | None = None, keepdims: bool = False) -> Value:
    """Sum, y = Σ x[i]; that of no elements is 0. Integers keep their type, truth values are counted in int64.

    Shapes: x is [...], y lacks the reduced axes, or has them with size 1.
    Units: those of x.
    Raises: ShapeError when an axis is not there, or named twice.
    Source: Python array API standard, `sum`.
    """
    return apply("sum", x, axis=axis, keepdims=keepdims)


def svd(a: Operand) -> tuple[Value, Value, Value]:
    """Singular values S, descending, and vectors: A = U diag(S) Vᵀ, where V is given transposed, as Vh.

    The factorization is thin: k = min(m, n). The signs of singular vectors are LAPACK's choice.

    Shapes: A is [..., m, n], U is [..., m, k], S is [..., k], Vh is [..., k, n].
    Units: S has those of A, U and Vh are dimensionless.
    Kinks: at repeated values the derivatives of U and Vh are NaN, and so is the second of S; at the value 0 they are
        infinite or NaN unless A is square. The first derivative of S is that of the vectors at hand, right for what is
        symmetric in S, such as its sum, and along growth at the value 0.
    Raises: ShapeError when A has fewer than two axes.
    Source: Seeger et al. (2017), "Auto-differentiating linear algebra"; Townsend (2016), "Differentiating the singular
        value decomposition".
    """
    values: tuple[Value, Value, Value] = several("svd", a)
    return values


def svdvals(a: Operand) -> Value:
    """Singular values, descending.

    Shapes: A is [..., m, n], S is [..., min(m, n)].
    Units: those of A.
    Kinks: as those of S in `svd`.
    Raises: ShapeError when A has fewer than two axes.
    Source: Python array API standard, `linalg.svdvals`.
    """
    return apply("svdvals", a)


def swapaxes(x: Operand, axis1: int, axis2: int) -> Value:
    """Two axes exchanged.

    Shapes: x is [...], y has the sizes of x in the new order.
    Units: those of x.
    Raises: ShapeError when an axis is not there.
    Source: NumPy, `swapaxes`.
    """
    return apply("swapaxes", x, axis1=axis1, axis2=axis2)


def take(x: Operand, indices: Operand, axis: int | None = None) -> Value:
    """Elements at positions that are data, y[i] = x[indices[i]]; negative ones count from the end.

    Shapes: x is [..., n, ...], indices is [k, ...], y is [..., k, ..., ...]; without an axis, x is laid flat.
    Units: those of x.
    Raises: ElementTypeError when the indices are no integers; ShapeError when there is no such axis; at the run,
        IndexRangeError when an index is outside the axis.
    Source: Python array API standard, `take`; indices of any shape, and negative ones, as NumPy.
    """
    return apply("take", x, indices, axis=axis)


def take_along_axis(x: Operand, indices: Operand, axis: int = -1) -> Value:
    """Elements at positions that differ from row to row, y[i, j] = x[i, indices[i, j]]; negative: from the end.

    Shapes: x is [..., n, ...], indices is [..., k, ...], y is [..., k, ...]; the other axes broadcast.
    Units: those of x.
    Raises: ElementTypeError when the indices are no integers; ShapeError when there is no such axis, or x and the
        indices differ in the number of axes or do not broadcast; at the run, IndexRangeError when an index is outside.
    Source: Python array API standard, `take_along_axis`.
    """
    return apply("take_along_axis", x, indices, axis=axis)


def tan(x: Operand) -> Value:
    """Tangent, y = tan x.

    Shapes: x is [...], y is [...].
    Units: x in radians, y dimensionless.
    Kinks: no floating-point number is a pole: beside ±π/2 the value and the derivative are large, but finite.
    Source: Python array API standard, `tan`.
    """
    return apply("tan", x)


def tanh(x: Operand) -> Value:
    """Hyperbolic tangent, y = tanh x.

    Shapes: x is [...], y is [...].
    Units: x dimensionless, y dimensionless in [-1, 1].
    Source: NIST Digital Library of Mathematical Functions, section 4.34.
    """
    return apply("tanh", x)


def tensordot(
    a: Operand,
    b: Operand,
    axes: int = 2,
    axes_a: int | Sequence[int] | None = None,
    axes_b: int | Sequence[int] | None = None,
) -> Value:
    """Sum of products over several axes of both, y[..., ...] = Σ a[..., k, l] b[k, l, ...].

    Attributes:
        axes: number of axes, the last ones of a and the first ones of b.
        axes_a: the axes of a, where they are others.
        axes_b: the axes of b, in the same order.

    Shapes: a is [m, ..., k, l], b is [k, l, n, ...], y is [m, ..., n, ...].
    Units: the product of those of a and b.
    Raises: ShapeError when there are no such axes, or their sizes differ; AttributeValueError when the axes of one
        operand alone are given, or of one more than of the other.
    Source: Python array API standard, `tensordot`.
    """
    return apply("tensordot", a, b, axes=axes, axes_a=axes_a, axes_b=axes_b)


def tensorinv(a: Operand, ind: int = 2) -> Value:
    """Inverse of a tensor that acts on tensors: tensordot(tensorinv(A, ind), b, ind) solves A x = b.

    Attributes:
        ind: number of axes of A that count rows; the others count columns.

    Shapes: A is [rows..., columns...], the inverse is [columns..., rows...].
    Units: the reciprocal of those of A.
    Kinks: where A is singular, it has NaN or infinities, and is told of as SINGULAR.
    Raises: ShapeError when rows and columns differ in number; AttributeValueError when `ind` is not positive.
    Source: NumPy, `linalg.tensorinv`.
    """
    return apply("tensorinv", a, ind=ind)


def tensorsolve(a: Operand, b: Operand) -> Value:
    """Solution of linear equations between tensors, Σ A[..., k, l] x[k, l] = b[...], summed over all axes of x.

    Shapes: b is [...], A has the axes of b in front of those of x, and as many elements along the ones as along the
        others.
    Units: the quotient of those of b and A.
    Kinks: where the equations are singular, x has NaN or infinities, and they are told of as SINGULAR.
    Raises: ShapeError when the shapes do not fit.
    Source: NumPy, `linalg.tensorsolve`.
    """
    return apply("tensorsolve", a, b)


def tile(x: Operand, repetitions: int | Sequence[int]) -> Value:
    """Copies of x side by side, so many along each axis.

    Attributes:
        repetitions: numbers of copies, for the last axes; more than there are make axes in front.

    Shapes: x is [..., n], y is [..., n · repetitions].
    Units: those of x.
    Raises: AttributeValueError when a number is negative.
    Source: Python array API standard, `tile`.
    """
    return apply("tile", x, repetitions=repetitions)


def top_k(x: Operand, k: int, axis: int = -1) -> tuple[Value, Value]:
    """The k greatest elements along an axis, from the greatest on, and where they stood: values[i] = x[indices[i]].

    Of elements that tie, the first come first; NaN comes last.

    Shapes: x is [..., n, ...]; values and indices are [..., k, ...], the indices int64.
    Units: values have those of x, indices count.
    Kinks: where elements tie, those that are taken have the derivative.
    Raises: AttributeValueError when k is negative; ShapeError when there are fewer elements, or no such axis.
    Source: JAX, `jax.lax.top_k`.
    """
    values: tuple[Value, Value] = several("top_k", x, k=k, axis=axis)
    return values


def trace(x: Operand, offset: int = 0) -> Value:
    """Sum of a diagonal, y = Σ x[..., i, i + offset].

    Shapes: x is [..., m, n], y is [...].
    Units: those of x.
    Raises: ShapeError when x has fewer than two axes.
    Source: Python array API standard, `linalg.trace`.
    """
    return apply("trace", x, offset=offset)


def transpose(x: Operand, axes: int | Sequence[int] | None = None) -> Value:
    """Permutation of axes, y[i, j, k] = x[k, j, i]; with `axes`, axis n of y is axis axes[n] of x.

    Shapes: x is [a, b, ...], y has the sizes of x in the new order.
    Units: those of x.
    Raises: ShapeError when `axes` does not name every axis once.
    Source: Python array API standard, `permute_dims`.
    """
    return apply("transpose", x, axes=axes)


def trapezoid(y: Operand, x: Operand, axis: int = -1) -> Value:
    """Integral by the trapezoidal rule, s = Σ (y[i] + y[i + 1]) (x[i + 1] - x[i]) / 2.

    Shapes: y is [..., n, ...]; x is [n], or as y, or a scalar: the distance of all neighbours; s lacks the axis.
    Units: s has the product of those of y and x.
    Raises: ShapeError when there is no such axis, or the points do not fit the heights.
    Source: Press et al. (2007), "Numerical recipes", section 4.1; NumPy, `trapezoid`.
    """
    return apply("trapezoid", y, x, axis=axis)


def tril(x: Operand, k: int = 0) -> Value:
    """Lower triangle, y[..., i, j] = x[..., i, j] where j ≤ i + k, else 0.

    Shapes: x is [..., m, n], y is [..., m, n].
    Units: those of x.
    Raises: ShapeError when x has fewer than two axes.
    Source: Python array API standard, `tril`.
    """
    return apply("tril", x, k=k)


def triu(x: Operand, k: int = 0) -> Value:
    """Upper triangle, y[..., i, j] = x[..., i, j] where j ≥ i + k, else 0.

    Shapes: x is [..., m, n], y is [..., m, n].
    Units: those of x.
    Raises: ShapeError when x has fewer than two axes.
    Source: Python array API standard, `triu`.
    """
    return apply("triu", x, k=k)


def trunc(x: Operand) -> Value:
    """Nearest whole number towards zero.

    Shapes: x is [...], y is [...].
    Units: x and y dimensionless.
    Kinks: the derivative is 0 everywhere, at the steps too.
    Source: Python array API standard, `trunc`.
    """
    return apply("trunc", x)


def uniform_logpdf(x: Operand, loc: Operand, scale: Operand) -> Value:
    """Log density of the uniform distribution, y = -log scale where loc ≤ x ≤ loc + scale, else -inf.

    Shapes: x, loc and scale broadcast, y has their shape.
    Units: x, loc and scale share one, of which the density has the reciprocal; scale > 0.
    Kinks: the derivatives by x and loc are 0; where scale ≤ 0, y is NaN or -inf.
    Source: Johnson, Kotz & Balakrishnan (1995), "Continuous univariate distributions", volume 2, chapter 26; SciPy,
        `stats.uniform`.
    """
    return apply("uniform_logpdf", x, loc, scale)


def unstack(x: Operand, count: int, axis: int = 0) -> tuple[Value, ...]:
    """The elements along an axis, each by itself; what `stack` undoes.

    Attributes:
        count: their number, and that of the results: the size of the axis.
        axis: along which axis.

    Shapes: x is [..., count, ...], each result lacks that axis.
    Units: those of x.
    Raises: AttributeValueError when count is not from 1 to 10,000; ShapeError when there is no such axis, or it has
        another size.
    Source: Python array API standard, `unstack`.
    """
    values: tuple[Value, ...] = several("unstack", x, count=count, axis=axis)
    return values


def variance(
    x: Operand, axis: int | Sequence[int] | None = None, correction: float = 0.0, keepdims: bool = False
) -> Value:
    """Variance, y = Σ (x[i] - mean x)² / (n - correction).

    Shapes: x is [...], y lacks the reduced axes, or has them with size 1.
    Units: the square of those of x.
    Kinks: y is NaN or infinite where no more than `correction` elements are reduced.
    Raises: ShapeError when an axis is not there, or named twice.
    Source: Python array API standard, `var`.
    """
    return apply("variance", x, axis=axis, correction=correction, keepdims=keepdims)


def vdot(a: Operand, b: Operand) -> Value:
    """Inner product of all elements, y = Σ a[i] b[i], of vectors that what has more axes is laid flat to.

    Shapes: a and b are [...] with as many elements, y is [].
    Units: the product of those of a and b.
    Raises: ShapeError when the numbers of elements differ.
    Source: NumPy, `vdot`.
    """
    return apply("vdot", a, b)


def vecdot(a: Operand, b: Operand, axis: int = -1) -> Value:
    """Inner product of vectors along one axis, y[...] = Σ a[..., k, ...] b[..., k, ...].

    Attributes:
        axis: the axis of the vectors, counted from the end.

    Shapes: a and b broadcast along the other axes, y lacks that one.
    Units: the product of those of a and b.
    Raises: ShapeError when the vectors differ in size, or an operand has no such axis; AttributeValueError when the
        axis is not negative.
    Source: Python array API standard, `vecdot`.
    """
    return apply("vecdot", a, b, axis=axis)


def weibull_logpdf(x: Operand, c: Operand, scale: Operand) -> Value:
    """Log density of the Weibull distribution, y = log(c / scale) + (c - 1) log z - z^c, z = x / scale, where x ≥ 0.

    Shapes: x, c and scale broadcast, y has their shape.
    Units: x and scale share one, of which the density has the reciprocal; c dimensionless; c and scale > 0.
    Kinks: where x < 0, y is -inf; at x = 0 it is inf for c < 1, -log scale for c = 1, -inf for c > 1, and the
        derivatives are the limits from above, but for that by scale, NaN for c < 1, and for that by c, of which it
        takes 0 log 0 = 0; where c or scale ≤ 0, y is NaN or -inf.
    Source: Johnson, Kotz & Balakrishnan (1994), "Continuous univariate distributions", volume 1, chapter 21; SciPy,
        `stats.weibull_min`.
    """
    return apply("weibull_logpdf", x, c, scale)


def where(condition: Operand, a: Operand, b: Operand) -> Value:
    """Choice, y = a where the condition holds, else b; nothing of the one that is not taken shows, not even a NaN.

    Shapes: condition, a and b broadcast, y has their shape.
    Units: a, b and y share one.
    Kinks: a change of the condition is no change: its derivative is that of the input that is taken.
    Raises: ElementTypeError when the condition is not bool.
    Source: Python array API standard, `where`.
    """
    return apply("where", condition, a, b)


def xlog1py(a: Operand, b: Operand) -> Value:
    """Product with a logarithm of one more, y = a log(1 + b), and 0 where a = 0, unless b is NaN.

    Shapes: a and b broadcast, y has their shape.
    Units: b dimensionless, y has that of a.
    Kinks: at a = 0, b = -1 both partials are 0; elsewhere at b = -1 they are the one-sided limits, infinite.
    Source: SciPy, `xlog1py`.
    """
    return apply("xlog1py", a, b)


def xlogy(a: Operand, b: Operand) -> Value:
    """Product with a logarithm, y = a log b, and 0 where a = 0, unless b is NaN.

    Shapes: a and b broadcast, y has their shape.
    Units: b dimensionless, y has that of a.
    Kinks: at a = b = 0 both partials are 0; elsewhere at b = 0 they are the one-sided limits, infinite.
    Source: SciPy, `xlogy`.
    """
    return apply("xlogy", a, b)


def zeros_like(x: Operand, dtype: ElementTypeLike | None = None) -> Value:
    """Zeros in the shape of x, y[i] = 0.

    Shapes: x is [...], y is [...].
    Units: those of x.
    Source: Python array API standard, `zeros_like`.
    """
    return apply("zeros_like", x, element_type=dtype)


var = variance
std = standard_deviation
concat = concatenate
