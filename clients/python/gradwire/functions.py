"""Every op as a function of values, numbers and arrays, under its array-API name.

Written by `generate_functions.py`, from the registries of the service.
"""

from __future__ import annotations

from collections.abc import Sequence

from gradwire.signatures import ElementTypeLike
from gradwire.values import Operand, Value, apply

__all__ = [
    "abs",
    "acos",
    "add",
    "argmax",
    "asin",
    "astype",
    "atan",
    "atan2",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "broadcast_to",
    "clip",
    "concat",
    "concatenate",
    "cos",
    "cosh",
    "cumsum",
    "divide",
    "einsum",
    "equal",
    "erf",
    "exp",
    "expand_dims",
    "expm1",
    "flip",
    "full",
    "gelu",
    "greater",
    "greater_equal",
    "less",
    "less_equal",
    "log",
    "log1p",
    "log_sigmoid",
    "log_softmax",
    "logical_and",
    "logical_not",
    "logical_or",
    "logical_xor",
    "logsumexp",
    "matmul",
    "matrix_transpose",
    "max",
    "maximum",
    "mean",
    "mean_squared_error",
    "min",
    "minimum",
    "multiply",
    "negative",
    "norm",
    "not_equal",
    "power",
    "prod",
    "reciprocal",
    "relu",
    "reshape",
    "sigmoid",
    "sign",
    "sin",
    "sinh",
    "slice",
    "softmax",
    "softmax_cross_entropy",
    "softplus",
    "sqrt",
    "square",
    "squeeze",
    "stack",
    "standard_deviation",
    "std",
    "stop_gradient",
    "subtract",
    "sum",
    "take",
    "tan",
    "tanh",
    "transpose",
    "var",
    "variance",
    "where",
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


def add(a: Operand, b: Operand) -> Value:
    """Sum, y = a + b.

    Shapes: a and b broadcast, y has their shape.
    Units: a, b and y share one.
    Source: Python array API standard, `add`.
    """
    return apply("add", a, b)


def argmax(x: Operand, axis: int | None = None, keepdims: bool = False) -> Value:
    """Position of the greatest element, the first of those that tie, or of the first NaN; int64, without derivative.

    Shapes: x is [...], y lacks the axis, or has it with size 1; without an axis, the position is that in x laid flat.
    Units: a count.
    Raises: ShapeError when there are no elements, or no such axis.
    Source: Python array API standard, `argmax`.
    """
    return apply("argmax", x, axis=axis, keepdims=keepdims)


def asin(x: Operand) -> Value:
    """Inverse sine, y = arcsin x.

    Shapes: x is [...], y is [...].
    Units: x dimensionless in [-1, 1], y in radians in [-π/2, π/2].
    Kinks: at x = ±1 the derivative is inf, the one-sided limit; where |x| > 1, y is NaN.
    Source: Python array API standard, `asin`.
    """
    return apply("asin", x)


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
    Kinks: at a = b = 0 both partials are 0; where a² + b² is rounded to 0 too. On the cut b = 0, a < 0 they are those
        of the smooth angle.
    Source: Python array API standard, `atan2`; the derivative at 0 as in PyTorch.
    """
    return apply("atan2", b, a)


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


def broadcast_to(x: Operand, shape: int | str | Sequence[int | str]) -> Value:
    """The elements repeated along new axes in front, and along axes of size 1.

    Shapes: x broadcasts to the shape that is asked for, which is that of y; a name of a dimension stands for its size.
    Units: those of x.
    Raises: ShapeError when x does not broadcast to the shape; AttributeValueError for a negative size.
    Source: Python array API standard, `broadcast_to`.
    """
    return apply("broadcast_to", x, shape=shape)


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


def cumsum(x: Operand, axis: int | None = None, reverse: bool = False) -> Value:
    """Cumulative sum, y[i] = Σ x[j] over j ≤ i; over j ≥ i in reverse. Truth values are counted in int64.

    Shapes: x is [...], y is [...]; without an axis, x is laid flat, and y has one axis.
    Units: those of x.
    Raises: ShapeError when there is no such axis.
    Source: Python array API standard, `cumulative_sum`.
    """
    return apply("cumsum", x, axis=axis, reverse=reverse)


def divide(a: Operand, b: Operand) -> Value:
    """Quotient, y = a / b; that of integers is float64.

    Shapes: a and b broadcast, y has their shape.
    Units: y has the quotient of those of a and b.
    Kinks: at b = 0 the partials are the one-sided limits, ±inf or NaN.
    Source: Python array API standard, `divide`.
    """
    return apply("divide", a, b)


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


def exp(x: Operand) -> Value:
    """Exponential, y = eˣ.

    Shapes: x is [...], y is [...].
    Units: x and y dimensionless.
    Kinks: none; where y overflows, the derivative is inf too, and a sensitivity of zero still gives zero.
    Source: Python array API standard, `exp`.
    """
    return apply("exp", x)


def expand_dims(x: Operand, axis: int | Sequence[int]) -> Value:
    """New axes of size 1, at the places that `axis` names in the result.

    Shapes: x is [...], y has an axis of size 1 more for each that is named.
    Units: those of x.
    Raises: ShapeError when an axis is outside the result, or named twice.
    Source: Python array API standard, `expand_dims`.
    """
    return apply("expand_dims", x, axis=axis)


def expm1(x: Operand) -> Value:
    """Exponential minus one, y = eˣ - 1, exact also for small x.

    Shapes: x is [...], y is [...].
    Units: x and y dimensionless.
    Kinks: none; where y overflows, the derivative is inf too, and a sensitivity of zero still gives zero.
    Source: Python array API standard, `expm1`.
    """
    return apply("expm1", x)


def flip(x: Operand, axis: int | Sequence[int] | None = None) -> Value:
    """The elements in reverse order along some axes, or along all.

    Shapes: x is [...], y is [...].
    Units: those of x.
    Raises: ShapeError when an axis is not there, or named twice.
    Source: Python array API standard, `flip`.
    """
    return apply("flip", x, axis=axis)


def full(shape: int | str | Sequence[int | str], value: float, dtype: ElementTypeLike = "float64") -> Value:
    """One number, repeated: y[i] = value; equal to another of the same type and bits.

    Shapes: y has the shape that is asked for.
    Units: those of the value.
    Source: Python array API standard, `full`.
    """
    return apply("full", shape=shape, value=value, element_type=dtype)


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


def log(x: Operand) -> Value:
    """Natural logarithm, y = log x.

    Shapes: x is [...], y is [...].
    Units: x and y dimensionless.
    Kinks: at x = 0 the derivative is inf, the one-sided limit; where x < 0, y is NaN.
    Source: Python array API standard, `log`.
    """
    return apply("log", x)


def log1p(x: Operand) -> Value:
    """Natural logarithm of one more, y = log(1 + x), exact also for small x.

    Shapes: x is [...], y is [...].
    Units: x and y dimensionless.
    Kinks: at x = -1 the derivative is inf, the one-sided limit; where x < -1, y is NaN.
    Source: Python array API standard, `log1p`.
    """
    return apply("log1p", x)


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


def multiply(a: Operand, b: Operand) -> Value:
    """Product, y = a b.

    Shapes: a and b broadcast, y has their shape.
    Units: y has the product of those of a and b.
    Source: Python array API standard, `multiply`.
    """
    return apply("multiply", a, b)


def negative(x: Operand) -> Value:
    """Negation, y = -x.

    Shapes: x is [...], y is [...].
    Units: those of x.
    Source: Python array API standard, `negative`.
    """
    return apply("negative", x)


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


def not_equal(a: Operand, b: Operand) -> Value:
    """Whether two elements differ, y = (a ≠ b); NaN differs from itself.

    Shapes: a and b broadcast, y has their shape.
    Units: a and b share one, y is bool.
    Source: Python array API standard, `not_equal`.
    """
    return apply("not_equal", a, b)


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


def reciprocal(x: Operand) -> Value:
    """Reciprocal, y = 1 / x.

    Shapes: x is [...], y is [...].
    Units: the reciprocal of those of x.
    Kinks: at x = 0 the derivative is -inf, the limit from both sides.
    Source: Python array API standard, `reciprocal`.
    """
    return apply("reciprocal", x)


def relu(x: Operand) -> Value:
    """Rectified linear unit, y = max(0, x).

    Shapes: x is [...], y is [...].
    Units: those of x.
    Kinks: at x = 0 the derivative is 0, where that of maximum(x, 0) is ½.
    Source: Nair & Hinton (2010), "Rectified linear units improve restricted Boltzmann machines"; PyTorch, `relu`.
    """
    return apply("relu", x)


def reshape(x: Operand, shape: int | str | Sequence[int | str]) -> Value:
    """The same elements in the same row-major order, in another shape; one size may be -1, for what is left.

    Shapes: x is [...], y has the shape that is asked for; a name of a dimension stands for its size.
    Units: those of x.
    Raises: ShapeError when x has another number of elements; AttributeValueError for a negative size, or for two -1.
    Source: Python array API standard, `reshape`.
    """
    return apply("reshape", x, shape=shape)


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


def take(x: Operand, indices: Operand, axis: int | None = None) -> Value:
    """Elements at positions that are data, y[i] = x[indices[i]]; negative ones count from the end.

    Shapes: x is [..., n, ...], indices is [k, ...], y is [..., k, ..., ...]; without an axis, x is laid flat.
    Units: those of x.
    Raises: ElementTypeError when the indices are no integers; ShapeError when there is no such axis; at the run,
        IndexRangeError when an index is outside the axis.
    Source: Python array API standard, `take`; indices of any shape, and negative ones, as NumPy.
    """
    return apply("take", x, indices, axis=axis)


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


def transpose(x: Operand, axes: int | Sequence[int] | None = None) -> Value:
    """Permutation of axes, y[i, j, k] = x[k, j, i]; with `axes`, axis n of y is axis axes[n] of x.

    Shapes: x is [a, b, ...], y has the sizes of x in the new order.
    Units: those of x.
    Raises: ShapeError when `axes` does not name every axis once.
    Source: Python array API standard, `permute_dims`.
    """
    return apply("transpose", x, axes=axes)


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


def where(condition: Operand, a: Operand, b: Operand) -> Value:
    """Choice, y = a where the condition holds, else b; nothing of the one that is not taken shows, not even a NaN.

    Shapes: condition, a and b broadcast, y has their shape.
    Units: a, b and y share one.
    Kinks: a change of the condition is no change: its derivative is that of the input that is taken.
    Raises: ElementTypeError when the condition is not bool.
    Source: Python array API standard, `where`.
    """
    return apply("where", condition, a, b)


var = variance
std = standard_deviation
concat = concatenate
