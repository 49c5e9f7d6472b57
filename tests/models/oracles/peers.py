"""What both oracles are tried with: models, and what is to be expected of the derivatives that they give."""

from __future__ import annotations

import numpy as np
import pytest

from gradwire_service.errors import UnsupportedByBackendError
from tests.models import densities, finance, learning, matter, motion, series
from tests.models.model import Model
from tests.models.test_models import direction, engine, slopes
from tests.ops.derivatives import Inputs

SOLVED = [
    finance.bond_duration,
    finance.implied_volatility,
    learning.ridge_penalty_by_validation,
    matter.ising_mean_field,
    motion.kepler_orbit,
]
"""Models that solve equations, which the oracles do not."""

WITHOUT_SECOND = [*SOLVED, densities.von_mises]
"""Nor have they Bessel functions of any order, of which the second derivative of i0e is made."""

NAN = [series.hidden_markov_forward]
"""Where a state can't be reached, they have NaN."""


def check_gradient(model: Model, backend: str) -> None:
    """See that an oracle's gradient of a model is ours."""
    if model in SOLVED:
        with pytest.raises(UnsupportedByBackendError, match=f"{backend}|root"):
            engine().gradient(model.graph, model.feeds, backend=backend)
        return
    check_alike(model, engine().gradient(model.graph, model.feeds, backend=backend).gradients, slopes(model), 1e-12)


def check_product(model: Model, backend: str, tolerance: float) -> None:
    """See that an oracle's derivative of our gradient along a direction is ours."""
    moved = direction(model)
    if model in WITHOUT_SECOND:
        with pytest.raises(UnsupportedByBackendError, match=f"{backend}|root"):
            engine().hvp(model.graph, model.feeds, moved, backend=backend)
        return
    found = engine().hvp(model.graph, model.feeds, moved, backend=backend).products
    check_alike(model, found, engine().hvp(model.graph, model.feeds, moved).products, tolerance)


def check_alike(model: Model, found: Inputs, expected: Inputs, tolerance: float) -> None:
    for name, x in expected.items():
        if model in NAN:
            assert np.all(np.isfinite(x))
            assert not np.all(np.isfinite(found[name]))
        else:
            np.testing.assert_allclose(found[name], x, rtol=0, atol=tolerance * np.max(np.abs(x)), err_msg=name)
