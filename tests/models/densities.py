"""Likelihoods of distributions, of mixtures, of processes, and evidence."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import gammaln, i0e, ndtri

from tests.models.either import logsumexp, solve_triangular
from tests.models.model import model

RNG = np.random.default_rng(2)
Z = RNG.normal(size=(3, 3))
SCHOOLS = np.array([[28.0, 8, -3, 7, -1, 1, 18, 12], [15, 10, 16, 11, 9, 11, 10, 18]])


@model(
    x=RNG.normal(size=(5, 2)),
    logits=RNG.normal(size=3),
    means=RNG.normal(size=(3, 2)),
    log_scales=RNG.normal(size=(3, 2)) / 3,
)
def mixture_of_gaussians(x: Any, logits: Any, means: Any, log_scales: Any) -> Any:
    z = (x[:, None, :] - means) / np.exp(log_scales)
    parts = -0.5 * np.sum(z**2 + 2 * log_scales + np.log(2 * np.pi), axis=-1)
    return -np.sum(logsumexp(parts + logits, 1) - logsumexp(logits, 0))


@model(x=RNG.normal(size=(5, 2)), y=RNG.normal(size=5), log_lengths=[0.1, -0.2], log_size=0.3, log_noise=-1.0)
def gaussian_process(x: Any, y: Any, log_lengths: Any, log_size: Any, log_noise: Any) -> Any:
    scaled = x / np.exp(log_lengths)
    distances = np.sum((scaled[:, None] - scaled) ** 2, axis=-1)
    covariance = np.exp(log_size - 0.5 * distances) + np.exp(log_noise) * np.eye(len(x))
    factor = np.linalg.cholesky(covariance)
    z = solve_triangular(factor, y)
    return 0.5 * z @ z + np.sum(np.log(np.diagonal(factor))) + 0.5 * len(x) * np.log(2 * np.pi)


@model(x=RNG.normal(size=(6, 3)), y=RNG.normal(size=6), log_prior=0.2, log_noise=-0.5)
def bayesian_regression_evidence(x: Any, y: Any, log_prior: Any, log_noise: Any) -> Any:
    covariance = np.exp(log_noise) * np.eye(len(y)) + np.exp(log_prior) * x @ x.T
    sign, logdet = np.linalg.slogdet(covariance)
    return -0.5 * sign * (logdet + y @ np.linalg.solve(covariance, y) + len(y) * np.log(2 * np.pi))


@model(x=RNG.normal(size=(5, 3)), loadings=RNG.normal(size=(3, 2)), log_noise=RNG.normal(size=3) / 3)
def factor_analysis(x: Any, loadings: Any, log_noise: Any) -> Any:
    covariance = loadings @ loadings.T + np.eye(3) * np.exp(log_noise)
    return 0.5 * len(x) * np.log(np.linalg.det(covariance)) + 0.5 * np.sum(x @ np.linalg.inv(covariance) * x)


@model(angles=RNG.uniform(-3, 3, size=5), mean=0.3, log_concentration=0.8)
def von_mises(angles: Any, mean: Any, log_concentration: Any) -> Any:
    k = np.exp(log_concentration)
    return np.sum(np.log(2 * np.pi * i0e(k)) + k - k * np.cos(angles - mean))


@model(counts=np.array([[3.0, 0.0, 1.0], [2.0, 2.0, 4.0]]), log_weights=RNG.normal(size=3))
def dirichlet_multinomial(counts: Any, log_weights: Any) -> Any:
    weights = np.exp(log_weights)
    total, sizes = np.sum(weights), np.sum(counts, axis=1)
    parts = np.sum(gammaln(counts + weights) - gammaln(weights), axis=1)
    return -np.sum(gammaln(total) - gammaln(sizes + total) + parts)


@model(shares=RNG.uniform(0.05, 0.95, size=(5, 2)), slope=0.6)
def gaussian_copula(shares: Any, slope: Any) -> Any:
    z, r = ndtri(shares), np.tanh(slope)
    square = 1 - r**2
    return np.sum(0.5 * np.log(square) + (r**2 * np.sum(z**2, axis=1) - 2 * r * np.prod(z, axis=1)) / (2 * square))


@model(
    effects=[28.0, 8, -3, 7, -1, 1, 18, 12],
    errors=[15.0, 10, 16, 11, 9, 11, 10, 18],
    mean=4.0,
    log_spread=1.0,
    z=RNG.normal(size=8),
)
def eight_schools(effects: Any, errors: Any, mean: Any, log_spread: Any, z: Any) -> Any:
    theta = mean + np.exp(log_spread) * z
    residuals = (effects - theta) / errors
    prior = 0.5 * np.sum(z**2) + 0.5 * (mean / 5) ** 2 + np.log1p((np.exp(log_spread) / 5) ** 2) - log_spread
    return 0.5 * np.sum(residuals**2) + prior


@model(x=RNG.normal(size=5), places=np.linspace(-1, 1, 3), log_width=-0.4)
def kernel_density(x: Any, places: Any, log_width: Any) -> Any:
    z = (places[:, None] - x) / np.exp(log_width)
    return -np.sum(logsumexp(-0.5 * z**2, 1) - log_width - np.log(len(x) * np.sqrt(2 * np.pi)))
