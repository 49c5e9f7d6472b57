"""The losses of `surfaces`, for any library that differentiates by itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import numpy as np

from gradwire_service.graph import Array
from tests.optimizers.surfaces import SURFACES, Surface


def _rosenbrock(xp: Any, v: Mapping[str, Any]) -> Any:
    return xp.sum(100 * xp.square(v["b"] - xp.square(v["a"])) + xp.square(1 - v["a"]))


def _logistic(xp: Any, v: Mapping[str, Any]) -> Any:
    return xp.mean(xp.log1p(xp.exp(-v["sign"] * (v["x"] @ v["w"] + v["b"]))))


def _network(xp: Any, v: Mapping[str, Any]) -> Any:
    return xp.mean(xp.square(xp.tanh(v["x"] @ v["inner"] + v["shift"]) @ v["outer"] - v["y"]))


LOSSES: Mapping[str, Callable[[Any, Mapping[str, Any]], Any]] = {
    "rosenbrock": _rosenbrock,
    "logistic": _logistic,
    "network": _network,
}


def gradient_of(surface: Surface) -> Callable[[Any], Any]:
    """Return the gradient by JAX, compiled once for all who ask."""
    return _gradient(surface.name)


@cache
def _gradient(name: str) -> Callable[[Any], Any]:
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    (surface,) = (surface for surface in SURFACES if surface.name == name)
    data = {key: jnp.asarray(x) for key, x in surface.data.items()}
    compiled: Callable[[Any], Any] = jax.jit(jax.grad(lambda w: LOSSES[name](jnp, {**data, **w})))
    return compiled


Path = list[dict[str, Array]]


def assert_same_path(found: Path, expected: Path) -> None:
    """Compare two paths: each parameter to ten digits of its greatest element."""
    for step, (one, other) in enumerate(zip(found, expected, strict=True), 1):
        for name, array in one.items():
            size = float(np.max(np.abs(other[name])))
            assert size < 1e3
            np.testing.assert_allclose(array, other[name], 1e-10, 1e-10 * size, err_msg=f"{name} in step {step}")
