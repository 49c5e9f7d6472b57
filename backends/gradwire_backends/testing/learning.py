"""Samples of the composites that models are made of: normalization, attention, losses, densities of vectors, filters.

Each is tried with each of its settings, in both precisions, and where there is nothing to attend to, to vary or to
choose. The independent source is the formula, written with NumPy, or `scipy.stats`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import special, stats

from gradwire_backends.testing.composite import loss
from gradwire_backends.testing.elementwise import LINE, PRECISIONS, WHOLE, in_double, points
from gradwire_backends.testing.sample import Sample
from gradwire_backends.testing.structural import Expected, Shape, apart, samples
from gradwire_service.graph import Array

INF = math.inf

LAYERS: Sequence[tuple[Shape, Shape, Any]] = (
    ((3, 4), (4,), (-1,)),
    ((2, 3, 4), (3, 4), (1, 2)),
    ((3, 4), (), (0,)),
    ((3, 1), (1,), (-1,)),
    ((0, 3), (3,), (-1,)),
)
BATCHES: Sequence[tuple[Shape, Shape, Any]] = (
    ((5, 3), (3,), 1),
    ((2, 3, 2, 2), (3,), 1),
    ((4, 2, 3), (3,), -1),
    ((4, 3), (), 1),
)
GROUPS: Sequence[tuple[Shape, int]] = (((2, 4, 3), 2), ((2, 4), 1), ((2, 3, 2, 2), 3))
"""Shapes of x and of what is given of each feature or channel, and where it stands."""


def normalizations() -> Iterator[Sample]:
    """Sample the normalizations, those of equal values too."""
    for shape, affine, axis in LAYERS:
        yield from samples("layer_norm", layer_norm, shape, affine, affine, axis=axis, epsilon=0.1)
        yield from samples("rms_norm", rms_norm, shape, affine, axis=axis, epsilon=0.1)
    yield from samples("layer_norm", layer_norm, (3, 4), (), ())
    yield from samples("rms_norm", rms_norm, (3, 4), ())
    for shape, affine, axis in BATCHES:
        yield from samples("batch_norm", batch_norm, shape, affine, affine, axis=axis, epsilon=0.01)
        for sample in samples("batch_norm_inference", batch_norm_inference, shape, *[affine] * 4, axis=axis):
            x, mean, variance, *rest = sample.inputs
            yield replace(sample, inputs=(x, mean, np.square(variance) + variance.dtype.type(0.5), *rest))
    for shape, groups in GROUPS:
        yield from samples("group_norm", group_norm, shape, shape[1:2], shape[1:2], groups=groups, epsilon=0.01)
    for dtype in PRECISIONS:
        same = (np.full((2, 3), 0.5, dtype), np.array(1.5, dtype), np.array(-1.0, dtype))
        yield Sample("layer_norm", same, in_double(layer_norm), {}, "constant", smooth=False)
        yield Sample("rms_norm", (0 * same[0], same[1]), in_double(rms_norm), {}, "zero", smooth=False)


def layer_norm(x: Array, scale: Any, offset: Any, axis: Any = -1, epsilon: float = 1e-5) -> Any:
    """Standardize and stretch."""
    deviation = np.sqrt(np.var(x, axis=axis, keepdims=True) + epsilon)
    return (x - np.mean(x, axis=axis, keepdims=True)) / deviation * scale + offset


def rms_norm(x: Array, scale: Array, axis: Any = -1, epsilon: float = 1e-5) -> Any:
    """Divide by the root of the mean square."""
    return x / np.sqrt(np.mean(x * x, axis=axis, keepdims=True) + epsilon) * scale


def batch_norm(x: Array, scale: Array, offset: Array, axis: int = 1, epsilon: float = 1e-5) -> Any:
    """Standardize each channel, which is moved to the end."""
    rows = np.moveaxis(x, axis, -1)
    y = layer_norm(rows, scale, offset, tuple(range(rows.ndim - 1)), epsilon)
    return np.moveaxis(y, -1, axis)


def batch_norm_inference(x: Array, mean: Array, variance: Array, scale: Array, offset: Array, axis: int = 1) -> Any:
    """Use what is given of each channel, which is moved to the end."""
    rows = np.moveaxis(x, axis, -1)
    return np.moveaxis((rows - mean) / np.sqrt(variance + 1e-5) * scale + offset, -1, axis)


def group_norm(x: Array, scale: Array, offset: Array, groups: int, epsilon: float) -> Any:
    """Standardize the channels of each group."""
    parts = [layer_norm(part, 1, 0, tuple(range(1, x.ndim)), epsilon) for part in np.split(x, groups, axis=1)]
    rest = (1,) * (x.ndim - 2)
    return np.concatenate(parts, axis=1) * np.reshape(scale, (-1, *rest)) + np.reshape(offset, (-1, *rest))


def transformers() -> Iterator[Sample]:
    """Sample attention, embeddings and dropout."""
    allowed = np.array([[True, False, True, True], [True, True, False, True], [True, True, True, True]])
    for shapes, mask, attributes in (
        (((3, 2), (4, 2), (4, 5)), np.array(True), {}),
        (((3, 2), (4, 2), (4, 5)), allowed, {"scale": 0.5}),
        (((2, 3, 2), (2, 4, 2), (2, 4, 2)), allowed[:1], {"causal": True}),
        (((2, 1, 3, 2), (4, 2), (4, 2)), allowed, {}),
        (((3, 0), (4, 0), (4, 2)), allowed, {}),
    ):
        inputs = [points(shape, LINE, 0.6180339887498949 + 0.1 * i) for i, shape in enumerate(shapes)]
        for dtype in PRECISIONS:
            arrays = (*(x.astype(dtype) for x in inputs), mask)
            yield Sample("attention", arrays, in_double(partial(attention, **attributes)), attributes)
    blind = np.array([[False, False], [True, False]])
    for dtype in PRECISIONS:
        arrays = (*(points(shape, LINE).astype(dtype) for shape in ((2, 2), (2, 2), (2, 3))), blind)
        yield Sample("attention", arrays, in_double(attention), {}, "nothing to see")
    yield Sample(
        "attention", (np.ones((2, 3)), np.ones((0, 3)), np.ones((0, 2)), np.array(True)), attention, {}, "no keys"
    )
    table = apart((4, 3))
    for dtype, kind in ((np.float64, np.int64), (np.float32, np.int32)):
        for indices in ([1, 1, -1], [[0, 3]], 2, []):
            yield Sample("embedding", (table.astype(dtype), np.asarray(indices, kind)), embedded)
    yield Sample("embedding", (WHOLE, np.array([1])), embedded)
    kept = np.array([True, False, True, True])
    for dtype in PRECISIONS:
        yield Sample(
            "dropout", (apart((3, 4)).astype(dtype), kept), in_double(partial(dropped, rate=0.25)), {"rate": 0.25}
        )
    yield Sample(
        "dropout", (np.array([math.nan, INF, 1.0, -INF]), kept), partial(dropped, rate=0.5), {}, "edges", smooth=False
    )


def attention(q: Array, k: Array, v: Array, mask: Array, scale: float | None = None, causal: bool = False) -> Any:
    """Take each row's mean of the values that it sees, weighted by exponentials."""
    factor = scale or 1 / math.sqrt(max(q.shape[-1], 1))
    scores = factor * np.einsum("...nd,...md->...nm", q, k)
    before = np.tri(*scores.shape[-2:]) > 0 if causal else np.array(True)
    seen = np.broadcast_to(mask & before, scores.shape)
    weights = np.where(seen, np.exp(scores), 0)
    total = np.sum(weights, axis=-1, keepdims=True)
    return np.einsum("...nm,...me->...ne", weights / np.where(total == 0, 1, total), v)


def embedded(table: Array, indices: Array) -> Any:
    """Take rows."""
    return table[indices]


def dropped(x: Array, kept: Array, rate: float) -> Any:
    """Drop elements, and enlarge the others."""
    return np.where(kept, x / (1 - rate), 0)


def losses() -> Iterator[Sample]:
    """Sample losses with other penalties, of counts, of distributions and of labels."""
    x, t = points((3, 4), ((-3.0, -1.5), (-0.8, 0.8), (1.5, 3.0))), np.zeros((3, 4))
    yield from loss("huber", partial(huber, delta=1.0), x, t)
    yield from loss("huber", huber, x, 0.1, delta=1.25)
    yield from loss("huber", huber, [1, -1, 0, INF, -INF], np.zeros(5), label="edges", smooth=False, delta=1.0)
    signs = np.sign(apart((3, 4)))
    yield from loss("hinge", hinge, x, signs)
    yield from loss("hinge", hinge, [1.0, -1.0, 0.0], [1, 1, -1], label="edges", smooth=False)
    t = points((3, 4), ((0.1, 0.9),))
    yield from loss("poisson_negative_log_likelihood", rates, x / 2, 3 * t)
    yield from loss("poisson_negative_log_likelihood", rates, [-INF, -INF, 1], [0, 2, 0], label="edges", smooth=False)
    t = t / np.sum(t, axis=-1, keepdims=True)
    yield from loss("kl_divergence", divergence, special.log_softmax(x, axis=-1), t)
    yield from loss("kl_divergence", divergence, special.log_softmax(x, axis=0), t, axis=0)
    certain = [[-INF, 0.0], [math.log(0.5), math.log(0.5)], [-INF, 0.0]]
    yield from loss("kl_divergence", divergence, certain, [[0, 1], [1, 0], [1, 0]], label="edges", smooth=False)
    far = [[800.0, -800.0, 0.0], [-INF, 1.0, 2.0], [1.0, 1.0, 1.0]]
    for op, f in (("cross_entropy", entropy_of_label), ("negative_log_likelihood", likelihood)):
        yield from labelled(op, f, x, [2, 0, -1])
        yield from labelled(op, f, points((2, 3, 2), LINE), [[1, 0], [2, 2]], axis=1)
        yield from labelled(op, f, far, [1, 2, 0], label="far", smooth=False)


def labelled(op: str, f: Expected, x: npt.ArrayLike, labels: Any, **settings: Any) -> Iterator[Sample]:
    """Sample a loss whose targets are numbers of classes."""
    for sample in loss(op, f, x, labels, **settings):
        kind = np.int64 if sample.inputs[0].dtype == np.float64 else np.int32
        yield replace(sample, inputs=(sample.inputs[0], np.asarray(labels, kind)))


def huber(x: Array, t: Array, delta: float) -> Any:
    """Compute by SciPy."""
    return special.huber(delta, x - t)


def hinge(x: Array, t: Array) -> Any:
    """Compute what is missing of the margin 1."""
    return np.maximum(0, 1 - t * x)


def rates(x: Array, t: Array) -> Any:
    """Compute exp x - t x, with 0 · inf = 0."""
    return np.exp(x) - np.where(t == 0, 0, t * x)


def divergence(x: Array, t: Array, axis: int = -1) -> Any:
    """Compute Σ t (log t - x) by SciPy."""
    return np.sum(special.rel_entr(t, np.exp(x)), axis=axis)


def likelihood(x: Array, labels: Array, axis: int = -1) -> Any:
    """Take the element of each row."""
    return -np.squeeze(np.take_along_axis(x, np.expand_dims(labels, axis), axis), axis)


def entropy_of_label(x: Array, labels: Array, axis: int = -1) -> Any:
    """Compute -log softmax(x) of each row's label by SciPy."""
    return likelihood(special.log_softmax(x, axis=axis), labels, axis)


def vectors() -> Iterator[Sample]:
    """Sample densities of vectors, probabilities of classes, and the Kalman filter."""
    root = apart((3, 3)) / 4
    cov = root @ root.T + np.eye(3)
    for x, mean, matrix in (
        ((3,), (3,), cov),
        ((2, 4, 3), (3,), cov),
        ((2, 3), (), np.stack([cov, 2 * cov])),
        ((0, 3), (3,), cov),
        ((1,), (1,), cov[:1, :1]),
    ):
        for dtype in PRECISIONS:
            arrays = tuple(a.astype(dtype) for a in (points(x, LINE), points(mean, LINE), matrix))
            yield Sample("multivariate_normal_logpdf", arrays, in_double(normal))
    for x, alpha in (((3,), (3,)), ((2, 4), (4,)), ((4,), (2, 4)), ((2, 1), (2, 1))):
        inside, shape = points(x, ((0.2, 0.9),)), points(alpha, ((0.5, 3.0),), 0.7548776662466927)
        for dtype in PRECISIONS:
            yield Sample("dirichlet_logpdf", (inside.astype(dtype), shape.astype(dtype)), in_double(dirichlet))
    ends = (np.array([[0.0, 1.0], [0.5, 0.5], [0.0, 1.0]]), np.array([[1.0, 2.0], [1.0, 1.0], [2.0, 2.0]]))
    yield Sample("dirichlet_logpdf", ends, dirichlet, {}, "edges", smooth=False)
    p = points((2, 3), ((0.2, 0.9),))
    for k, table in (([0, 2], p), ([[1, 0], [2, -1]], p[0]), (2, p), ([0, 1], p[:1]), (1, p[0]), ([], p[0])):
        for dtype, kind in ((np.float64, np.int64), (np.float32, np.int32)):
            inputs = (np.asarray(k, kind), table.astype(dtype))
            yield Sample("categorical_logpmf", inputs, in_double(partial(chosen, np.log)))
            yield Sample("categorical_logits_logpmf", inputs, in_double(partial(chosen, log_softmax)))
    yield Sample(
        "categorical_logpmf",
        (np.array([0, 1]), np.array([0.0, 1.0])),
        partial(chosen, np.log),
        {},
        "edges",
        smooth=False,
    )
    for dtype in PRECISIONS:
        yield from kalman_steps((), (), dtype)
    yield from kalman_steps((2,), (), np.float64)
    for m in (3, 1, 0):
        gradient, steps = points((4,), LINE), points((m, 4), LINE)
        changes = 2 * steps + 0.3 * points((m, 4), LINE, 0.7548776662466927)
        for dtype in PRECISIONS:
            arrays = tuple(x.astype(dtype) for x in (gradient, steps, changes))
            yield Sample("lbfgs_direction", arrays, in_double(quasi_newton))
    nothing = (np.array([1.0, 2.0]), np.array([[0.0, 0.0], [1.0, 1.0]]), np.array([[0.0, 0.0], [-1.0, 1.0]]))
    yield Sample("lbfgs_direction", nothing, quasi_newton, {}, "no curvature", smooth=False)


def normal(x: Array, mean: Array, cov: Array) -> Any:
    """Compute by SciPy, vector by vector."""
    shape = np.broadcast_shapes(x.shape[:-1], np.shape(mean)[:-1], cov.shape[:-2])
    d = cov.shape[-1]
    xs, means = (np.broadcast_to(a, (*shape, d)).reshape(-1, d) for a in (x, mean))
    covs = np.broadcast_to(cov, (*shape, d, d)).reshape(-1, d, d)
    rows = [stats.multivariate_normal.logpdf(x, mean, cov) for x, mean, cov in zip(xs, means, covs, strict=True)]
    return np.reshape(np.array(rows, np.float64), shape)


def dirichlet(x: Array, alpha: Array) -> Any:
    """Compute from the logarithms of gamma functions; SciPy wants a sum of exactly 1."""
    constant = special.gammaln(np.sum(alpha, axis=-1)) - np.sum(special.gammaln(alpha), axis=-1)
    return constant + np.sum(special.xlogy(alpha - 1, x), axis=-1)


def log_softmax(x: Array) -> Any:
    """Compute by SciPy, along the last axis."""
    return special.log_softmax(x, axis=-1)


def chosen(f: Expected, k: Array, x: Array) -> Any:
    """Take of each row the element of its class."""
    rows = np.broadcast_shapes(k.shape, x.shape[:-1])
    table, places = np.broadcast_to(f(x), (*rows, x.shape[-1])), np.broadcast_to(k, rows)
    return np.take_along_axis(table, places[..., None], axis=-1)[..., 0]


def kalman_steps(state: Shape, model: Shape, dtype: npt.DTypeLike) -> Iterator[Sample]:
    """Sample a step of the Kalman filter with two states and a measurement: each of its results."""

    def noise(size: int, front: Shape) -> Array:
        root = points((*front, size, size), LINE)
        return root @ np.swapaxes(root, -1, -2) + np.eye(size)

    inputs = (
        points((*state, 2), LINE),
        noise(2, state),
        np.eye(2) + 0.2 * points((*model, 2, 2), LINE),
        noise(2, model),
        points((*model, 1, 2), LINE, 0.7548776662466927),
        noise(1, model),
        points((*state, 1), LINE, 0.2548776662466927),
    )
    for result in range(1 if state else 3):
        arrays = tuple(x.astype(dtype) for x in inputs)
        yield Sample("kalman_step", arrays, in_double(partial(kalman_step, result)), result=result)


def kalman_step(result: int, m: Array, p: Array, f: Array, q: Array, h: Array, r: Array, z: Array) -> Any:
    """Predict, and correct with the gain, in Joseph's form."""
    m = np.einsum("...ij,...j->...i", f, m)
    p = f @ p @ np.swapaxes(f, -1, -2) + q
    innovation = z - np.einsum("...ij,...j->...i", h, m)
    s = h @ p @ np.swapaxes(h, -1, -2) + r
    gain = p @ np.swapaxes(h, -1, -2) @ np.linalg.inv(s)
    rest = np.eye(m.shape[-1]) - gain @ h
    mean = m + np.einsum("...ij,...j->...i", gain, innovation)
    covariance = rest @ p @ np.swapaxes(rest, -1, -2) + gain @ r @ np.swapaxes(gain, -1, -2)
    return (mean, covariance, normal(innovation, np.zeros(1), s))[result]


def quasi_newton(gradient: Array, steps: Array, changes: Array) -> Any:
    """Update the inverse Hessian itself, pair by pair."""
    pairs = [(s, y) for s, y in zip(steps, changes, strict=True) if s @ y > 0]
    s, y = pairs[-1] if pairs else (gradient, gradient)
    inverse = np.eye(gradient.size) * (s @ y) / (y @ y)
    for s, y in pairs:
        turn = np.eye(gradient.size) - np.outer(s, y) / (s @ y)
        inverse = turn @ inverse @ turn.T + np.outer(s, s) / (s @ y)
    return -inverse @ gradient


SAMPLES: tuple[Sample, ...] = (*normalizations(), *transformers(), *losses(), *vectors())
"""Every such composite."""
