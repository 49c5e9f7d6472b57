"""Machine learning: networks, and what they are trained by."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import expit

import gradwire as gw
from tests.models.either import conv, fori_loop, logsumexp, scan, softmax, traced
from tests.models.model import model

RNG = np.random.default_rng(7)


def draw(*shape: int) -> Any:
    return RNG.normal(size=shape) / 2


@model(x=draw(5, 2, 3), w=draw(3, 12), u=draw(3, 12), b=draw(12))
def lstm(x: Any, w: Any, u: Any, b: Any) -> Any:
    def step(state: Any, x: Any) -> Any:
        h, c = state
        i, f, o, g = np.split(x @ w + h @ u + b, 4, axis=1)
        c = expit(f) * c + expit(i) * np.tanh(g)
        return (expit(o) * np.tanh(c), c), None

    (h, _), _ = scan(step, (np.zeros((2, 3)), np.zeros((2, 3))), x)
    return np.mean(h**2)


@model(x=draw(5, 2, 3), w=draw(3, 12), u=draw(4, 8), v=draw(4, 4))
def gru(x: Any, w: Any, u: Any, v: Any) -> Any:
    def step(h: Any, x: Any) -> Any:
        parts = x @ w
        reset, update = np.split(expit(parts[:, :8] + h @ u), 2, axis=1)
        new = np.tanh(parts[:, 8:] + (reset * h) @ v)
        h = (1 - update) * new + update * h
        return h, np.sum(h, axis=1)

    return np.mean(scan(step, np.zeros((2, 4)), x)[1] ** 2)


@model(x=draw(2, 4, 6), wq=draw(6, 6), wk=draw(6, 6), wv=draw(6, 6), wo=draw(6, 6))
def causal_attention(x: Any, wq: Any, wk: Any, wv: Any, wo: Any) -> Any:
    def heads(w: Any) -> Any:
        return np.transpose((x @ w).reshape(2, 4, 2, 3), (0, 2, 1, 3))

    q, k, v = heads(wq), heads(wk), heads(wv)
    scores = q @ np.swapaxes(k, -1, -2) / np.sqrt(3)
    mixed = softmax(np.where(np.tri(4, dtype=bool), scores, -np.inf)) @ v
    y = x + np.transpose(mixed, (0, 2, 1, 3)).reshape(2, 4, 6) @ wo
    return np.mean(np.tanh(y) ** 2)


@model(x=draw(4, 3), w1=draw(3, 5), gain=draw(5), shift=draw(5), w2=draw(5, 2), y=draw(4, 2))
def normalized_perceptron(x: Any, w1: Any, gain: Any, shift: Any, w2: Any, y: Any) -> Any:
    u = x @ w1
    u = (u - np.mean(u, axis=1, keepdims=True)) / np.sqrt(np.var(u, axis=1, keepdims=True) + 1e-5)
    u = gain * u + shift
    gelu = 0.5 * u * (1 + np.tanh(np.sqrt(2 / np.pi) * (u + 0.044715 * u**3)))
    return np.mean((gelu @ w2 - y) ** 2)


@model(images=draw(2, 1, 6, 6), w=draw(2, 1, 3, 3), b=draw(2), v=draw(8, 3), labels=np.array([0, 2]))
def convolutional_network(images: Any, w: Any, b: Any, v: Any, labels: Any) -> Any:
    u = np.maximum(conv(images, w) + b[:, None, None], 0)
    pooled = np.max(u.reshape(2, 2, 2, 2, 2, 2), axis=(3, 5))
    scores = pooled.reshape(2, -1) @ v
    return np.mean(logsumexp(scores, 1) - scores[np.arange(2), labels])


@model(x=draw(3, 4), encode=draw(4, 4), decode=draw(2, 4), noise=draw(3, 2))
def variational_bound(x: Any, encode: Any, decode: Any, noise: Any) -> Any:
    mean, log_scale = np.split(x @ encode, 2, axis=1)
    found = np.tanh((mean + np.exp(log_scale) * noise) @ decode)
    divergence = np.sum(0.5 * (mean**2 + np.exp(2 * log_scale) - 1) - log_scale)
    return 0.5 * np.sum((x - found) ** 2) + divergence


@model(x=draw(3, 2), y=draw(4, 2), log_blur=-0.7)
def sinkhorn_distance(x: Any, y: Any, log_blur: Any) -> Any:
    cost, blur = np.sum((x[:, None] - y) ** 2, axis=-1), np.exp(log_blur)

    def balance(i: Any, potentials: Any) -> Any:
        f = -blur * logsumexp((potentials[1] - cost) / blur - np.log(4), 1)
        return f, -blur * logsumexp((f[:, None] - cost) / blur - np.log(3), 0)

    f, g = fori_loop(0, 10, balance, (0 * x[:, 0], 0 * y[:, 0]))
    return np.mean(f) + np.mean(g)


@model(x=draw(6, 4))
def principal_components(x: Any) -> Any:
    """What two components leave unexplained; it is smooth though the components are found by their order."""
    centred = x - np.mean(x, axis=0)
    u, s, vt = np.linalg.svd(centred, full_matrices=False)
    return np.sum((centred - u[:, :2] * s[:2] @ vt[:2]) ** 2)


@model(x=draw(6, 3))
def whitening(x: Any) -> Any:
    w, v = np.linalg.eigh(np.cov(x, rowvar=False) + 0.1 * np.eye(3))
    return np.sum(np.tanh(x @ (v / np.sqrt(w)) @ v.T))


@model(ratings=draw(4, 3), known=(RNG.random((4, 3)) > 0.3), users=draw(4, 2), films=draw(3, 2))
def matrix_factorization(ratings: Any, known: Any, users: Any, films: Any) -> Any:
    errors = np.where(known, ratings - users @ films.T, 0.0)
    return np.sum(errors**2) + 0.1 * (np.sum(users**2) + np.sum(films**2))


@model(words=draw(5, 3), contexts=draw(5, 3))
def word_vectors(words: Any, contexts: Any) -> Any:
    """Negative sampling; one word comes twice."""
    centre, seen, drawn = np.array([0, 2, 0]), np.array([1, 3, 4]), np.array([[2, 2], [0, 4], [3, 1]])
    near = np.sum(words[centre] * contexts[seen], axis=1)
    far = np.einsum("id,ikd->ik", words[centre], contexts[drawn])
    return np.sum(np.log1p(np.exp(-near))) + np.sum(np.log1p(np.exp(far)))


@model(a=draw(4, 3), b=draw(4, 3), log_sharpness=0.5)
def contrastive_pairs(a: Any, b: Any, log_sharpness: Any) -> Any:
    a, b = (x / np.linalg.norm(x, axis=1, keepdims=True) for x in (a, b))
    scores = np.exp(log_sharpness) * a @ b.T
    return np.mean(logsumexp(scores, 1) + logsumexp(scores, 0) - 2 * np.diagonal(scores))


@model(x=draw(4, 2), scale=draw(2, 3), shift=draw(2, 3))
def normalizing_flow(x: Any, scale: Any, shift: Any) -> Any:
    logdet = 0.0
    for i in range(2):
        kept, moved = x[:, i], x[:, 1 - i]
        features = np.stack([np.ones(4), kept, np.sin(kept)], axis=1)
        log_scale = np.tanh(features @ scale[i])
        x = np.stack([kept, moved * np.exp(log_scale) + features @ shift[i]][:: 1 - 2 * i], axis=1)
        logdet = logdet + np.sum(log_scale)
    return 0.5 * np.sum(x**2) - logdet


@model(links=(RNG.random((5, 5)) > 0.5).astype(float), x=draw(5, 3), w=draw(3, 4), v=draw(4, 2))
def graph_convolution(links: Any, x: Any, w: Any, v: Any) -> Any:
    links = (links + links.T) / 2 + np.eye(5)
    degree = np.sum(links, axis=1)
    spread = links / np.sqrt(degree[:, None] * degree)
    scores = spread @ np.tanh(spread @ x @ w) @ v
    return -np.mean(scores[:, 0] - logsumexp(scores, 1))


@model(x=draw(6, 2), y=draw(6), held=draw(4, 2), answers=draw(4), log_penalty=-0.5)
def ridge_penalty_by_validation(x: Any, y: Any, held: Any, answers: Any, log_penalty: Any) -> Any:
    """The error on data held back, of weights that are the best for a penalty."""
    penalty = np.exp(log_penalty)
    if traced(x):
        w: Any = gw.minimizer(lambda w: np.sum((x @ w - y) ** 2) + penalty * np.sum(w**2), np.zeros(2))
    else:
        w = np.linalg.solve(x.T @ x + penalty * np.eye(2), x.T @ y)
    return np.sum((held @ w - answers) ** 2)
