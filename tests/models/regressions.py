"""Regressions: negative log likelihoods of what is observed, given what explains it."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import expit, gammaln, log_expit, log_ndtr

from tests.models.either import logsumexp
from tests.models.model import model

RNG = np.random.default_rng(1)
X = RNG.normal(size=(6, 2))
W = np.array([0.4, -0.7])
Y = X @ W + RNG.normal(size=6)
COUNTS = np.array([0.0, 2.0, 1.0, 5.0, 0.0, 3.0])
TRUTHS = np.array([0.0, 1.0, 1.0, 0.0, 1.0, 0.0])
TIMES = RNG.gamma(2.0, size=6)
SHARES = RNG.uniform(0.1, 0.9, size=6)


@model(x=X, y=TRUTHS, w=W, bias=0.2)
def logistic_regression(x: Any, y: Any, w: Any, bias: Any) -> Any:
    p = 1 / (1 + np.exp(-(x @ w + bias)))
    return -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p)) + 0.1 * np.sum(w**2)


@model(x=X, y=np.array([0, 2, 1, 1, 0, 2]), w=RNG.normal(size=(2, 3)))
def multinomial_regression(x: Any, y: Any, w: Any) -> Any:
    scores = x @ w
    return np.mean(logsumexp(scores, 1) - np.take_along_axis(scores, y[:, None], axis=1)[:, 0])


@model(x=X, y=TRUTHS, w=W)
def probit_regression(x: Any, y: Any, w: Any) -> Any:
    return -np.sum(log_ndtr((2 * y - 1) * (x @ w)))


@model(x=X, y=np.array([0, 1, 2, 2, 1, 0]), w=W, first=-0.5, gaps=[0.3])
def ordinal_regression(x: Any, y: Any, w: Any, first: Any, gaps: Any) -> Any:
    cuts = first + np.concatenate([np.zeros(1), np.cumsum(np.exp(gaps))])
    below = expit(cuts - (x @ w)[:, None])
    shares = np.diff(np.pad(below, ((0, 0), (1, 1)), constant_values=0.0), axis=1)
    shares = shares + np.array([0.0, 0.0, 1.0])  # the last one reaches up to 1, not to 0
    return -np.sum(np.log(np.take_along_axis(shares, y[:, None], axis=1)))


@model(x=X, counts=COUNTS, w=W, bias=0.3)
def poisson_regression(x: Any, counts: Any, w: Any, bias: Any) -> Any:
    log_rate = x @ w + bias
    return np.sum(np.exp(log_rate) - counts * log_rate + gammaln(counts + 1))


@model(x=X, counts=COUNTS, w=W, log_size=0.5)
def negative_binomial_regression(x: Any, counts: Any, w: Any, log_size: Any) -> Any:
    mean, size = np.exp(x @ w), np.exp(log_size)
    binomials = gammaln(counts + size) - gammaln(size) - gammaln(counts + 1)
    return -np.sum(binomials + size * np.log(size / (size + mean)) + counts * np.log(mean / (size + mean)))


@model(x=X, y=Y, w=W, log_width=-0.3)
def huber_regression(x: Any, y: Any, w: Any, log_width: Any) -> Any:
    width = np.exp(log_width)
    size = np.abs(y - x @ w)
    return np.sum(np.where(size < width, 0.5 * size**2, width * (size - 0.5 * width)))


@model(x=X, y=Y, w=W, log_scale=-0.2, log_freedom=1.1)
def student_t_regression(x: Any, y: Any, w: Any, log_scale: Any, log_freedom: Any) -> Any:
    freedom = np.exp(log_freedom)
    z = (y - x @ w) / np.exp(log_scale)
    density = gammaln((freedom + 1) / 2) - gammaln(freedom / 2) - 0.5 * np.log(np.pi * freedom) - log_scale
    return -np.sum(density - (freedom + 1) / 2 * np.log1p(z**2 / freedom))


@model(x=X, times=TIMES, w=W, log_shape=0.7)
def gamma_regression(x: Any, times: Any, w: Any, log_shape: Any) -> Any:
    shape = np.exp(log_shape)
    rate = shape * np.exp(-(x @ w))
    return -np.sum(shape * np.log(rate) + (shape - 1) * np.log(times) - rate * times - gammaln(shape))


@model(x=X, shares=SHARES, w=W, log_precision=1.5)
def beta_regression(x: Any, shares: Any, w: Any, log_precision: Any) -> Any:
    precision = np.exp(log_precision)
    a = expit(x @ w) * precision
    b = precision - a
    log_beta = gammaln(a) + gammaln(b) - gammaln(precision)
    return np.sum(log_beta - (a - 1) * np.log(shares) - (b - 1) * np.log1p(-shares))


@model(x=X, times=TIMES, died=TRUTHS, w=W, log_shape=0.3)
def weibull_survival(x: Any, times: Any, died: Any, w: Any, log_shape: Any) -> Any:
    shape = np.exp(log_shape)
    log_hazard = log_shape + (shape - 1) * np.log(times) + x @ w
    return -np.sum(died * log_hazard - times**shape * np.exp(x @ w))


@model(x=X, died=TRUTHS, w=W)
def cox_proportional_hazards(x: Any, died: Any, w: Any) -> Any:
    """Rows are in the order of their times, so that those at risk are the ones behind."""
    risk = x @ w
    at_risk = np.logaddexp.accumulate(risk[::-1])[::-1]
    return -np.sum(died * (risk - at_risk))


@model(
    right=(RNG.random((4, 3)) > 0.5).astype(float),
    ability=RNG.normal(size=4),
    hard=RNG.normal(size=3),
    log_slope=W[[0, 1, 0]],
)
def item_response(right: Any, ability: Any, hard: Any, log_slope: Any) -> Any:
    z = np.exp(log_slope) * (ability[:, None] - hard)
    return -np.sum(right * log_expit(z) + (1 - right) * log_expit(-z)) + 0.5 * ability @ ability
