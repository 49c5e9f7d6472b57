"""Cameras, images, shapes."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.models.model import model

RNG = np.random.default_rng(8)
POINTS = RNG.normal(size=(5, 3))
SEEN = RNG.normal(size=(5, 2))


def rotated(turn: Any, x: Any) -> Any:
    """Turn points [n, 3] by a rotation vector [3], by Rodrigues' formula."""
    angle = np.sqrt(np.sum(turn**2))
    axis = turn / angle
    along = (x @ axis)[:, None] * axis
    return np.cos(angle) * x + np.sin(angle) * np.cross(axis, x) + (1 - np.cos(angle)) * along


def distorted(x: Any, k: Any) -> Any:
    """Bend rays [n, 2] as a lens does, more the farther they are from its axis."""
    square = np.sum(x**2, axis=1, keepdims=True)
    return x * (1 + k[0] * square + k[1] * square**2)


@model(
    turn=[0.1, -0.2, 0.3],
    shift=[0.2, 0.1, 4.0],
    focus=1.4,
    k=[0.1, -0.05],
    points=RNG.normal(size=(4, 3)),
    seen=RNG.normal(size=(4, 2)),
)
def bundle_adjustment(turn: Any, shift: Any, focus: Any, k: Any, points: Any, seen: Any) -> Any:
    x = rotated(turn, points) + shift
    return np.sum((focus * distorted(-x[:, :2] / x[:, 2:], k) - seen) ** 2)


@model(
    rays=RNG.normal(size=(5, 2)) / 3,
    k=[0.12, -0.03, 0.01],
    tangential=[0.01, -0.02],
    matrix=[[1.1, 0.02, 0.5], [0.0, 1.2, 0.4]],
    seen=RNG.normal(size=(5, 2)),
)
def lens_distortion(rays: Any, k: Any, tangential: Any, matrix: Any, seen: Any) -> Any:
    x, y = rays.T
    square = x * x + y * y
    radial = 1 + square * (k[0] + square * (k[1] + square * k[2]))
    p, q = tangential
    bent = np.stack(
        [
            x * radial + 2 * p * x * y + q * (square + 2 * x * x),
            y * radial + p * (square + 2 * y * y) + 2 * q * x * y,
            np.ones(5),
        ]
    )
    return np.mean(np.sqrt(1 + np.sum(((matrix @ bent).T - seen) ** 2, axis=1)) - 1)


@model(h=[1.0, 0.1, 0.2, -0.1, 0.9, 0.1, 0.05, -0.02], x=POINTS[:, :2], seen=SEEN)
def homography(h: Any, x: Any, seen: Any) -> Any:
    matrix = np.concatenate([h, np.ones(1)]).reshape(3, 3)
    y = np.hstack([x, np.ones((5, 1))]) @ matrix.T
    return np.sum((y[:, :2] / y[:, 2:] - seen) ** 2)


@model(x=POINTS, y=RNG.normal(size=(5, 3)))
def procrustes(x: Any, y: Any) -> Any:
    """What the best rotation between two clouds of points leaves, a mirror image allowed."""
    x, y = x - np.mean(x, axis=0), y - np.mean(y, axis=0)
    u, _, vt = np.linalg.svd(x.T @ y)
    return np.sum((x @ u @ vt - y) ** 2)


@model(image=RNG.normal(size=(5, 5)), places=RNG.uniform(0.3, 3.7, size=(4, 2)), seen=RNG.normal(size=4))
def bilinear_sampling(image: Any, places: Any, seen: Any) -> Any:
    corner = np.floor(places)
    i, j = corner.astype(np.int64).T
    a, b = (places - corner).T
    upper = (1 - b) * image[i, j] + b * image[i, j + 1]
    lower = (1 - b) * image[i + 1, j] + b * image[i + 1, j + 1]
    return np.sum(((1 - a) * upper + a * lower - seen) ** 2)


@model(image=RNG.normal(size=(4, 5)), noisy=RNG.normal(size=(4, 5)), log_weight=-0.5)
def total_variation(image: Any, noisy: Any, log_weight: Any) -> Any:
    down, right = np.diff(image, axis=0)[:, :-1], np.diff(image, axis=1)[:-1]
    variation = np.sum(np.sqrt(down**2 + right**2 + 1e-2))
    return 0.5 * np.sum((image - noisy) ** 2) + np.exp(log_weight) * variation


@model(centres=RNG.normal(size=(5, 2)), heights=RNG.normal(size=5), places=RNG.normal(size=(3, 2)), log_width=0.2)
def radial_interpolation(centres: Any, heights: Any, places: Any, log_width: Any) -> Any:
    def kernel(x: Any, y: Any) -> Any:
        return np.exp(-np.sum((x[:, None] - y) ** 2, axis=-1) / np.exp(2 * log_width))

    weights = np.linalg.solve(kernel(centres, centres) + 0.01 * np.eye(5), heights)
    return np.sum(np.tanh(kernel(places, centres) @ weights))
