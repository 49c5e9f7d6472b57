"""Models by JAX, which shares no rule of first derivatives with us."""

from __future__ import annotations

import pytest

from tests.models.model import Model
from tests.models.oracles.peers import check_gradient, check_product
from tests.models.test_models import MODELS, SMALL


@pytest.mark.parametrize("model", MODELS, ids=str)
def test_the_gradient_of_a_model_is_that_of_jax(model: Model) -> None:
    check_gradient(model, "jax")


@pytest.mark.parametrize("model", SMALL[::4], ids=str)
def test_the_hessian_of_a_model_times_a_vector_is_that_of_jax(model: Model) -> None:
    check_product(model, "jax", 1e-12)
