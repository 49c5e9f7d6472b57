"""One gradient by every backend, JAX and PyTorch among them, side by side."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gradwire_service.engine import Engine

LOGISTIC = (Path(__file__).parents[3] / "examples/logistic.gw").read_text()


def test_oracles_agree_with_ours_to_rounding_on_logistic_regression() -> None:
    draw = np.random.default_rng(1)
    point = {"x": draw.normal(size=(20, 3)), "y": (draw.random(20) < 0.5).astype(float), "w": draw.normal(size=3)}
    rows = {row.backend: row for row in Engine().compare(LOGISTIC, point, wrt=["x", "w"], repetitions=1)}
    assert set(rows) >= {"numpy", "complex_step", "finite_difference", "jax", "torch"}
    for name in ("jax", "torch"):
        assert rows[name].error is None
        assert rows[name].greatest_relative_error < 1e-14


@pytest.mark.parametrize("name", ["jax", "torch"])
def test_an_oracle_differentiates_with_respect_to_values_inside(name: str) -> None:
    point = {"x": np.ones((2, 3)), "y": np.array([0.0, 1.0]), "w": np.array([0.5, -1.0, 2.0])}
    engine = Engine()
    ours, theirs = (
        engine.gradient(LOGISTIC, point, wrt=["u"], backend=backend).gradients["u"] for backend in ("numpy", name)
    )
    np.testing.assert_allclose(theirs, ours, rtol=1e-14)


@pytest.mark.parametrize("name", ["jax", "torch"])
def test_an_oracle_has_the_same_second_derivatives(name: str) -> None:
    point = {"x": np.linspace(-1, 1, 6).reshape(2, 3), "y": np.array([0.0, 1.0]), "w": np.array([0.5, -1.0, 2.0])}
    engine = Engine()
    results = (engine.hessian(LOGISTIC, point, wrt=["w"], backend=backend) for backend in ("numpy", name))
    ours, theirs = (result.matrices["w", "w"] for result in results)
    assert isinstance(ours, np.ndarray)
    assert isinstance(theirs, np.ndarray)
    np.testing.assert_allclose(theirs, ours, rtol=1e-13)
