"""Samples of the composites of the library.

Each is tried in float64 and float32, with each of its settings, and where formulas written down naively overflow.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import special

from gradwire_backends.testing.elementwise import LINE, PRECISIONS, in_double, points
from gradwire_backends.testing.sample import Sample
from gradwire_backends.testing.structural import Expected, apart, samples, settled
from gradwire_service.graph import Array

UNIT = ((0.1, 0.9),)


def distributions() -> Iterator[Sample]:
    """Sample softmax and its logarithm."""
    far = np.array([[1000.0, 999.0, -1000.0], [-1000.0, -1000.5, -999.0]])
    ruled_out = np.array([[0.5, -math.inf, 1.0], [-math.inf, 2.0, -math.inf]])
    functions: Mapping[str, Expected] = {"softmax": special.softmax, "log_softmax": special.log_softmax}
    for op, f in functions.items():
        by_row = partial(f, axis=-1)
        for shape, axis in (((3, 4), -1), ((3, 4), 0), ((2, 3, 2), 1), ((2, 1), -1), ((0, 3), -1)):
            yield from samples(op, f, shape, axis=axis)
        for dtype in PRECISIONS:
            yield Sample(op, (far.astype(dtype),), in_double(by_row), {}, "far", smooth=False)
        yield Sample(op, (ruled_out,), by_row, {}, "edges", smooth=False)


def measures() -> Iterator[Sample]:
    """Sample what tells how large vectors are, or how far their elements lie apart."""
    spreads: Mapping[str, Expected] = {"variance": variance, "standard_deviation": deviation}
    for op, f in spreads.items():
        yield from samples(op, f, (3, 4))
        yield from samples(op, f, (3, 4), axis=(0,))
        yield from samples(op, f, (2, 3, 4), axis=(-1, 0), keepdims=True, correction=1.0)
        for x in (np.full((2, 3), 0.5), np.full(3, 0.5, np.float32), np.array(0.5)):
            yield Sample(op, (x,), settled(f, {}), {}, "constant", smooth=False)
    for ord in (2.0, 1.0, 3.0, 1.5, -1.0, 0.0, math.inf, -math.inf):
        for along in ({}, {"axis": (1,)}, {"axis": (0,), "keepdims": True}):
            attributes = {"ord": ord, **along}
            for dtype in PRECISIONS:
                x = apart((3, 4)).astype(dtype)
                yield Sample("norm", (x,), settled(np.linalg.vector_norm, attributes), attributes)
        norm = partial(np.linalg.vector_norm, ord=ord)
        yield Sample("norm", (np.zeros(3),), norm, {"ord": ord}, "zero", smooth=False)
    yield Sample("norm", (np.zeros((2, 0)),), partial(np.linalg.vector_norm, axis=1), {"axis": (1,)}, "empty")
    for shape in ((2, 3), (4, 2, 3), (0, 2)):
        yield from samples("matrix_transpose", np.matrix_transpose, shape)


def variance(x: Array, axis: Any = None, keepdims: bool = False, correction: float = 0.0) -> Any:
    """Compute the mean squared distance from the mean."""
    return np.var(x, axis=axis, keepdims=keepdims, correction=correction)


def deviation(x: Array, **settings: Any) -> Any:
    """Compute the root of the variance."""
    return np.sqrt(variance(x, **settings))


def losses() -> Iterator[Sample]:
    """Sample the losses."""
    x, t, p = points((3, 4), LINE), points((3, 4), UNIT, 0.7548776662466927), points((3, 4), UNIT)
    yield from loss("mean_squared_error", squared_error, x, t)
    yield from loss("mean_squared_error", squared_error, x, 0.5, label="scalar-target")
    yield from loss("binary_cross_entropy", entropy, p, t)
    yield from loss("binary_cross_entropy", entropy, [0, 1, 0, 1, 0.5], [0, 1, 1, 0, 1], label="edges", smooth=False)
    yield from loss("binary_cross_entropy_with_logits", entropy_of_logits, x, t)
    far = [-800, -40, 0, 40, 800]
    truths = [0] * 5 + [1] * 5
    yield from loss(
        "binary_cross_entropy_with_logits", entropy_of_logits, [*far, *far], truths, label="far", smooth=False
    )
    yield from loss("softmax_cross_entropy", entropy_of_softmax, x, t / np.sum(t, axis=-1, keepdims=True))
    yield from loss("softmax_cross_entropy", entropy_of_softmax, x, t, axis=0)
    ruled_out, chosen = [[0.5, -math.inf, 1.0], [-800.0, 800.0, -math.inf]], [[1, 0, 0], [1, 0, 0]]
    yield from loss("softmax_cross_entropy", entropy_of_softmax, ruled_out, chosen, label="edges", smooth=False)


def loss(
    op: str, f: Expected, x: npt.ArrayLike, t: npt.ArrayLike, label: str = "", smooth: bool = True, **attributes: Any
) -> Iterator[Sample]:
    """Sample a loss with each of its reductions.

    Args:
        op: its name.
        f: the losses before they are reduced.
        x: the prediction.
        t: the target.
        label: what is special.
        smooth: whether it has a derivative here.
        attributes: settings of the op.
    """
    for reduction, reduce in (("mean", np.mean), ("sum", np.sum), ("none", np.copy)):
        settings = {**attributes, "reduction": reduction}
        for dtype in PRECISIONS:
            inputs = (np.asarray(x, dtype), np.asarray(t, dtype))
            yield Sample(op, inputs, in_double(reduced(partial(f, **attributes), reduce)), settings, label, smooth)


def reduced(f: Expected, reduce: Expected) -> Expected:
    """Apply one function to the result of the other."""
    return lambda x, t: reduce(f(x, t))


def squared_error(x: Array, t: Array) -> Any:
    """Compute (x - t)²."""
    return (x - t) ** 2


def entropy(p: Array, t: Array) -> Any:
    """Compute -t log p - (1 - t) log(1 - p), with 0 log 0 = 0."""
    return -special.xlogy(t, p) - special.xlog1py(1 - t, -p)


def entropy_of_logits(x: Array, t: Array) -> Any:
    """Compute -t log σ(x) - (1 - t) log σ(-x)."""
    return -t * special.log_expit(x) - (1 - t) * special.log_expit(-x)


def entropy_of_softmax(x: Array, t: Array, axis: int = -1) -> Any:
    """Compute -Σ t log softmax(x), with 0 · inf = 0."""
    return -np.sum(np.where(t == 0, 0, t * special.log_softmax(x, axis=axis)), axis=axis)


SAMPLES: tuple[Sample, ...] = (*distributions(), *measures(), *losses())
"""Every composite of the library."""
