"""Samples of the elementwise ops: one line of a table for each, which helpers spread over shapes and element types.

Every op is tried in float64 and float32, on scalars, on arrays with and without elements, broadcast where it has
several inputs, at its kinks, and on NaN, infinities and zeros of both signs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import special

from gradwire_backends.testing.sample import Sample
from gradwire_service.graph import Array

Expected = Callable[..., Any]
Interval = tuple[float, float]

LINE: tuple[Interval, ...] = ((-2.0, 2.0),)
POSITIVE: tuple[Interval, ...] = ((0.3, 3.0),)
AWAY_FROM_ZERO: tuple[Interval, ...] = ((-2.0, -0.4), (0.4, 2.0))
OUTSIDE: tuple[Interval, ...] = ((-4.0, -2.5), (2.5, 4.0))
IN_AND_OUT: tuple[Interval, ...] = ((-4.0, -1.5), (-0.5, 1.5), (2.5, 4.0))
"""Where there are no kinks: differences with a step of a tenth stay on one piece."""

BETWEEN: tuple[Interval, ...] = ((-1.9, -1.6), (0.2, 0.4), (2.1, 2.4))
"""Where nothing is rounded to another number."""

STEPS = (-2.5, -1.5, -1.0, -0.5, 0.5, 1.0, 1.5, 2.5, 1e30)
DIVISIONS = ((-7.5, 2), (7.5, -2), (-7.5, -2), (6, 3), (1, 0.1), (-1e-20, 1))

EDGES = (math.nan, math.inf, -math.inf, 0.0, -0.0)
FAR = (-800.0, -40.0, 40.0, 800.0)
NEAR_AND_FAR = (0.0, *FAR)
PRECISIONS = (np.float64, np.float32)

WHOLE = np.array([[-3, 0, 2], [7, 1, -1]])
OTHER_WHOLE = np.array([[2, -4, 2], [1, 0, -1]])
TRUTH = np.array([[True, False, True], [False, False, True]])
OTHER_TRUTH = np.array([[True, True, False], [True, False, False]])


def points(shape: tuple[int, ...], within: Sequence[Interval], turn: float = 0.6180339887498949) -> Array:
    """Return numbers that lie all over some intervals, in turns; the same ones at each call."""
    k = np.arange(math.prod(shape))
    low, high = np.array(within)[k % len(within)].T
    return np.reshape(low + (high - low) * ((0.3 + k * turn) % 1.0), shape)


def in_double(f: Expected) -> Expected:
    """Compute what is expected in float64, and round at the end."""

    def expected(*inputs: Array) -> Any:
        single = any(x.dtype == np.float32 for x in inputs)
        y = np.asarray(f(*(x.astype(np.float64) if x.dtype == np.float32 else x for x in inputs)))
        return y.astype(np.float32) if single and y.dtype == np.float64 else y

    return expected


def unary(
    op: str,
    f: Expected,
    within: Sequence[Interval] = LINE,
    *,
    kinks: Sequence[float] = (),
    far: Sequence[float] = (),
    whole: bool = False,
    **attributes: Any,
) -> Iterator[Sample]:
    """Sample an op of one floating input.

    Args:
        op: its name.
        f: its value.
        within: where it is smooth.
        kinks: where it is not, beside 0 and infinity.
        far: points far away where it is smooth too.
        whole: whether it takes integers.
        attributes: settings of the op.
    """

    def sample(x: npt.ArrayLike, dtype: npt.DTypeLike, label: str = "", smooth: bool = True) -> Sample:
        with np.errstate(over="ignore"):  # what is far for float64 is infinite for float32
            point = np.asarray(x, dtype)
        return Sample(op, (point,), in_double(f), attributes, label, smooth)

    for dtype in PRECISIONS:
        yield sample(points((3, 4), within), dtype)
        yield sample([*kinks, *EDGES], dtype, "edges", smooth=False)
        if far:
            yield sample(far, dtype, "far")
    yield sample(points((), within), np.float64, "scalar")
    yield sample(points((2, 0), within), np.float64, "empty")
    if whole:
        yield sample(WHOLE, np.int64)


def binary(
    op: str,
    f: Expected,
    within: Sequence[Interval] = LINE,
    other: Sequence[Interval] = LINE,
    *,
    kinks: Sequence[tuple[float, float]] = (),
    whole: bool = False,
    truth: bool = False,
) -> Iterator[Sample]:
    """Sample an op of two floating inputs.

    Args:
        op: its name.
        f: its value.
        within: where it is smooth, first input.
        other: the same for the second.
        kinks: where it is not, beside pairs of 0, ±1 and infinity.
        whole: whether it takes integers.
        truth: whether it takes bool.
    """

    def sample(
        a: npt.ArrayLike, b: npt.ArrayLike, dtype: npt.DTypeLike, label: str = "", smooth: bool = True
    ) -> Sample:
        return Sample(op, (np.asarray(a, dtype), np.asarray(b, dtype)), in_double(f), {}, label, smooth)

    def spread(a: tuple[int, ...], b: tuple[int, ...], dtype: npt.DTypeLike, label: str) -> Sample:
        return sample(points(a, within), points(b, other, 0.7548776662466927), dtype, label)

    pairs = [*kinks, *((a, b) for a in (*EDGES, 1.0, -1.0) for b in (*EDGES, 1.0, -1.0))]
    for dtype in PRECISIONS:
        yield spread((3, 4), (3, 4), dtype, "")
        yield sample([a for a, _ in pairs], [b for _, b in pairs], dtype, "edges", smooth=False)
    yield spread((3, 1), (1, 4), np.float64, "broadcast")
    yield spread((2, 3, 1), (4,), np.float32, "broadcast")
    yield spread((), (2, 3), np.float64, "broadcast")
    yield spread((1,), (3,), np.float64, "broadcast")
    yield spread((), (), np.float64, "scalar")
    yield spread((0, 3), (1, 1), np.float64, "empty")
    if whole:
        yield sample(WHOLE, OTHER_WHOLE, np.int64)
        yield sample(WHOLE[:, :1], OTHER_WHOLE, np.int32, "broadcast")
    if truth:
        yield sample(TRUTH, OTHER_TRUTH, np.bool_)


def logical(op: str, f: Expected) -> Iterator[Sample]:
    """Sample an op of two truths."""
    yield Sample(op, (TRUTH, OTHER_TRUTH), f)
    yield Sample(op, (TRUTH[:, :1], OTHER_TRUTH[0]), f, label="broadcast")
    yield Sample(op, (np.array(True), np.array(False)), f, label="scalar")
    yield Sample(op, (TRUTH[:, :0], TRUTH[:, :0]), f, label="empty")


def choices() -> Iterator[Sample]:
    """Sample `where`."""

    def sample(condition: Array, a: npt.ArrayLike, b: npt.ArrayLike, label: str = "", smooth: bool = True) -> Sample:
        return Sample("where", (condition, np.asarray(a), np.asarray(b)), np.where, {}, label, smooth)

    a, b = points((2, 3), LINE), points((2, 3), LINE, 0.7548776662466927)
    yield sample(TRUTH, a, b)
    yield sample(TRUTH, a.astype(np.float32), b.astype(np.float32))
    yield sample(TRUTH, WHOLE, OTHER_WHOLE)
    yield sample(TRUTH, TRUTH, OTHER_TRUTH)
    yield sample(TRUTH, a[0], b[:, :1], "broadcast")
    yield sample(TRUTH[0], a[0, 0], b, "broadcast")
    yield sample(np.array(False), a, b[0, 0], "broadcast")
    yield sample(np.array(True), 1.5, -0.5, "scalar")
    yield sample(TRUTH[:, :0], a[:, :0], 1.5, "empty")
    yield sample(np.resize(TRUTH[0], 10), [*EDGES, *EDGES], [*EDGES[::-1], *EDGES], "edges", smooth=False)


def share(a: Array, b: Array) -> Any:
    """Compute exp(a - b), 0 where a is -inf, and 1 where both are inf."""
    return np.where(np.isneginf(a), 0, np.where(a == b, 1, np.exp(a - b)))


def cosine(a: Array, b: Array) -> Any:
    """Compute the cosine of the angle of (a, b), 0 where both are 0."""
    return np.where((a == 0) & (b == 0), 0, np.cos(np.arctan2(b, a)))


def share_of_two(a: Array, b: Array) -> Any:
    """Compute exp(a) / (exp(a) + exp(b)) without overflow, 0 where a is -inf."""
    return np.where(np.isneginf(a), 0, 1 / (1 + np.exp(np.where(a == b, 0, b - a))))


def log_sum(a: Array, b: Array) -> Any:
    """Compute log(exp a + exp b) without overflow."""
    greater = np.maximum(a, b)
    return np.where(np.isinf(greater), greater, greater + np.log1p(np.exp(-np.abs(a - b))))


def sigmoid(x: Array) -> Any:
    """Compute σ(x) without overflow."""
    return np.where(x < 0, np.exp(x) / (1 + np.exp(x)), 1 / (1 + np.exp(-x)))


def gelu_tanh(x: Array) -> Any:
    """Compute the approximation of x Φ(x) as it was published."""
    return x / 2 * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


SAMPLES: tuple[Sample, ...] = (
    # Arithmetic.
    *binary("add", np.add, whole=True),
    *binary("subtract", np.subtract, whole=True),
    *binary("multiply", np.multiply, whole=True),
    *binary("divide", np.true_divide, other=AWAY_FROM_ZERO, whole=True),
    *binary("power", np.power, POSITIVE, kinks=[(-2, 3), (-2, 0.5), (0, 0.5), (0, 2), (-3, -3), (4, -0.5)]),
    *unary("negative", lambda x: 0 - x, whole=True),
    *unary("reciprocal", lambda x: 1 / x, AWAY_FROM_ZERO),
    *unary("square", lambda x: x * x, whole=True),
    *unary("integer_pow", lambda x: x * x * x, kinks=FAR, whole=True, n=3),
    *unary("integer_pow", lambda x: 1 / (x * x), AWAY_FROM_ZERO, kinks=FAR, n=-2),
    *unary("integer_pow", np.ones_like, kinks=FAR, whole=True, n=0),
    # What rules make.
    *binary("masked_multiply", lambda a, b: np.where(a == 0, 0, a * b), AWAY_FROM_ZERO),
    *binary("exp_difference", share),
    *binary("exp_share", share_of_two, kinks=[(-800, 800), (5e7, 5e7)]),
    *binary("direction", cosine, AWAY_FROM_ZERO, AWAY_FROM_ZERO),
    # Exponentials and logarithms.
    *unary("exp", np.exp, kinks=FAR),
    *unary("expm1", np.expm1, kinks=[*FAR, 1e-12]),
    *unary("log", np.log, POSITIVE, kinks=[-1, 1e-300]),
    *unary("log1p", np.log1p, ((-0.6, 3.0),), kinks=[-1, -2, 1e-12]),
    *unary("sqrt", np.sqrt, POSITIVE, kinks=[-1, 1e-300]),
    *unary("rsqrt", lambda x: 1 / np.sqrt(x), POSITIVE, kinks=[-1, 1e-300]),
    *unary("cbrt", lambda x: np.sign(x) * np.abs(x) ** (1 / 3), AWAY_FROM_ZERO, kinks=[-8, 1e-300]),
    *binary("logaddexp", log_sum, kinks=[(-800, 800), (800, 799), (5e7, 5e7)]),
    *binary("xlogy", special.xlogy, other=POSITIVE, kinks=[(2, 3), (0, -3), (-2, 1e-300)]),
    *binary("xlog1py", special.xlog1py, other=((-0.6, 3.0),), kinks=[(2, 3), (0, -3), (-2, 1e-12)]),
    # Angles.
    *unary("sin", np.sin, kinks=[1e5]),
    *unary("cos", np.cos, kinks=[1e5]),
    *unary("tan", lambda x: np.sin(x) / np.cos(x), ((-1.1, 1.1),)),
    *unary("asin", np.arcsin, ((-0.8, 0.8),), kinks=[1, -1, 1.5]),
    *unary("acos", np.arccos, ((-0.8, 0.8),), kinks=[1, -1, 1.5]),
    *unary("atan", np.arctan, far=NEAR_AND_FAR),
    *binary("atan2", np.arctan2, AWAY_FROM_ZERO, AWAY_FROM_ZERO),
    *binary(
        "hypot",
        np.vectorize(math.hypot, otypes=[np.float64]),
        AWAY_FROM_ZERO,
        AWAY_FROM_ZERO,
        kinks=[(3e30, 4e30), (3, -4)],
    ),
    # Hyperbolic functions.
    *unary("sinh", np.sinh, kinks=FAR),
    *unary("cosh", np.cosh, kinks=FAR),
    *unary("tanh", np.tanh, far=NEAR_AND_FAR),
    *unary("asinh", np.arcsinh, far=[*FAR, 1e30]),
    *unary("acosh", np.arccosh, ((1.3, 4.0),), kinks=[1, -2, 0.5, 1e30]),
    *unary("atanh", np.arctanh, ((-0.8, 0.8),), kinks=[1, -1, 1.5]),
    # Steps and bends.
    *unary("sigmoid", sigmoid, far=NEAR_AND_FAR),
    *unary("log_sigmoid", special.log_expit, far=NEAR_AND_FAR),
    *unary("softplus", lambda x: -special.log_expit(-x), far=NEAR_AND_FAR),
    *unary("erf", np.vectorize(math.erf, otypes=[np.float64]), far=NEAR_AND_FAR),
    *unary("gelu", lambda x: x * special.ndtr(x), far=[0, -20, 20]),
    *unary("gelu", gelu_tanh, far=[0, -20, 20], approximate="tanh"),
    # Pieces.
    *unary("abs", lambda x: np.where(x < 0, 0 - x, x), AWAY_FROM_ZERO, far=FAR, whole=True),
    *unary("sign", np.sign, AWAY_FROM_ZERO, far=FAR, whole=True),
    *unary("relu", lambda x: np.clip(x, 0, None), AWAY_FROM_ZERO, far=FAR, whole=True),
    *unary("clip", lambda x: np.minimum(np.maximum(x, -1), 2), IN_AND_OUT, kinks=[-1, 2, 1], whole=True, min=-1, max=2),
    *unary("clip", lambda x: np.maximum(x, 0.25), AWAY_FROM_ZERO, kinks=[0.25], min=0.25),
    *unary("clip", lambda x: np.minimum(x, 0.25), AWAY_FROM_ZERO, kinks=[0.25], max=0.25),
    *binary("maximum", np.maximum, other=OUTSIDE, whole=True),
    *binary("minimum", np.minimum, other=OUTSIDE, whole=True),
    *binary("fmax", np.fmax, other=OUTSIDE),
    *binary("fmin", np.fmin, other=OUTSIDE),
    *binary("copysign", lambda a, b: np.where(np.signbit(a) == np.signbit(b), a, -a), AWAY_FROM_ZERO, AWAY_FROM_ZERO),
    *choices(),
    # Whole numbers.
    *unary("floor", np.floor, BETWEEN, kinks=STEPS, whole=True),
    *unary("ceil", lambda x: 0 - np.floor(0 - x), BETWEEN, kinks=STEPS, whole=True),
    *unary("round", lambda x: np.rint(x).astype(x.dtype), BETWEEN, kinks=STEPS, whole=True),
    *unary("trunc", np.fix, BETWEEN, kinks=STEPS, whole=True),
    *binary("floor_divide", lambda a, b: a // b, BETWEEN, OUTSIDE, kinks=DIVISIONS, whole=True),
    *binary("remainder", lambda a, b: a % b, BETWEEN, OUTSIDE, kinks=DIVISIONS, whole=True),
    *binary("fmod", np.fmod, BETWEEN, OUTSIDE, kinks=DIVISIONS, whole=True),
    # Comparisons and logic.
    *binary("equal", np.equal, whole=True, truth=True),
    *binary("not_equal", np.not_equal, whole=True, truth=True),
    *binary("less", np.less, whole=True),
    *binary("less_equal", np.less_equal, whole=True),
    *binary("greater", np.greater, whole=True),
    *binary("greater_equal", np.greater_equal, whole=True),
    *unary("isnan", lambda x: x != x, whole=True),
    *unary("isinf", lambda x: (x == x) & ~(np.abs(x) <= np.finfo(np.float64).max), whole=True),
    *unary("isfinite", lambda x: np.abs(x) <= np.finfo(np.float64).max, whole=True),
    *logical("logical_and", np.logical_and),
    *logical("logical_or", np.logical_or),
    *logical("logical_xor", np.logical_xor),
    Sample("logical_not", (TRUTH,), np.logical_not),
    Sample("logical_not", (np.array(True),), np.logical_not, label="scalar"),
    Sample("logical_not", (TRUTH[:0],), np.logical_not, label="empty"),
)
"""Every elementwise op of the catalog."""
