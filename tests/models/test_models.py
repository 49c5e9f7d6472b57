"""Whole models, written as plain NumPy, traced, and run by the service: values and derivatives against NumPy alone."""

from __future__ import annotations

import zlib
from functools import cache

import numpy as np
import pytest

import gradwire as gw
from gradwire_service import Engine
from gradwire_service.backend import Tier
from gradwire_service.graph import Array
from gradwire_service.library import Choice
from gradwire_service.query import (
    GradientQuery,
    GradientResult,
    HessianVectorProductQuery,
    HessianVectorProductResult,
    Query,
)
from tests.models import densities, finance, learning, matter, motion, regressions, series, vision
from tests.models.model import Model, models_of
from tests.ops.derivatives import Inputs, difference

MODELS = models_of([regressions, densities, series, motion, matter, finance, learning, vision])
SMALL = [model for model in MODELS if sum(x.size for x in model.floating.values()) <= 16]
COMPILED = [regressions.logistic_regression, densities.mixture_of_gaussians, finance.black_scholes, learning.lstm]
SERVED = [series.hidden_markov_forward, matter.ising_mean_field, learning.causal_attention, vision.bundle_adjustment]


@cache
def engine() -> Engine:
    return Engine("numpy")


def direction(model: Model) -> dict[str, Array]:
    """Return a direction of random signs along which every argument moves in proportion to its size."""
    draw = np.random.default_rng(zlib.crc32(str(model).encode()))
    found = {}
    for name, x in model.floating.items():
        sizes = draw.uniform(0.2, 0.6, x.shape) * draw.choice([-1.0, 1.0], x.shape)
        found[name] = np.where(x == 0, sizes, sizes * np.abs(x))
    return found


def along(slopes: Inputs, moved: Inputs) -> tuple[float, float]:
    """Return the slope along a direction, and the sum of its parts' sizes, to which errors are compared."""
    parts = np.concatenate([np.ravel(slopes[name] * x) for name, x in moved.items()])
    return float(np.sum(parts)), float(np.sum(np.abs(parts)))


def slope(model: Model, moved: Inputs) -> float:
    """Estimate the slope of the plain function along a direction."""
    return float(difference(lambda x: np.asarray(model(dict(x))), model.floating, moved))


def slopes(model: Model) -> Inputs:
    return engine().gradient(model.graph, model.feeds).gradients


@pytest.mark.parametrize("model", MODELS, ids=str)
def test_a_traced_model_has_the_value_that_numpy_gives_it(model: Model) -> None:
    (value,) = engine().evaluate(model.graph, model.feeds).values()
    assert float(value) == pytest.approx(model(), rel=1e-13)


@pytest.mark.parametrize("model", MODELS, ids=str)
def test_the_gradient_of_a_model_is_the_limit_of_differences_of_the_plain_function(model: Model) -> None:
    moved = direction(model)
    found, size = along(slopes(model), moved)
    assert found == pytest.approx(slope(model, moved), abs=1e-9 * size + 1e-12 * abs(model()))


@pytest.mark.parametrize("model", SMALL, ids=str)
def test_so_is_each_element_of_the_gradient_of_a_small_model(model: Model) -> None:
    found, moved = slopes(model), direction(model)
    _, size = along(found, moved)
    for name, x in model.floating.items():
        for place in np.ndindex(x.shape):
            alone = np.zeros_like(x)
            alone[place] = moved[name][place]
            expected = slope(model, {name: alone})
            assert np.sum(found[name] * alone) == pytest.approx(expected, abs=1e-9 * size), f"{name}{[*place]}"


@pytest.mark.parametrize("model", MODELS, ids=str)
def test_the_hessian_of_a_model_times_a_vector_is_the_limit_of_differences_of_the_gradient(model: Model) -> None:
    moved = direction(model)
    other = {name: x[..., ::-1] if x.ndim else x for name, x in moved.items()}
    prepared = engine().prepare(model.graph, model.feeds)

    def pushed(x: Inputs) -> Array:
        return np.asarray(along(prepared(model.feeds | dict(x)).gradients, other)[0])

    products = engine().hvp(model.graph, model.feeds, moved).products
    found, size = along(products, other)
    assert found == pytest.approx(difference(pushed, model.floating, moved), abs=1e-8 * size)


@pytest.mark.parametrize("model", COMPILED, ids=str)
def test_compiled_code_gives_the_derivatives_that_numpy_gives(model: Model) -> None:
    moved = direction(model)
    queries: list[Query] = [GradientQuery(), HessianVectorProductQuery("", tuple(moved))]
    choice = Choice("numba", wait_for_compiled=True)
    found = Engine("numba").evaluate_queries(model.graph, model.feeds, queries, [{}, moved], choice)
    assert found.execution.tier is Tier.COMPILED
    gradient, product = found.results
    assert isinstance(gradient, GradientResult)
    assert isinstance(product, HessianVectorProductResult)
    assert_alike(gradient.gradients, slopes(model))
    assert_alike(product.products, engine().hvp(model.graph, model.feeds, moved).products)


def assert_alike(found: Inputs, expected: Inputs) -> None:
    for name, x in expected.items():
        np.testing.assert_allclose(found[name], x, rtol=1e-10, atol=1e-11 * np.max(np.abs(x)), err_msg=name)


def test_functions_are_traced_and_differentiated_by_a_server() -> None:
    with gw.connect() as service:
        for model in SERVED:
            found = service.gradient(model.function, model.point, wrt=list(model.floating))
            assert found.value == pytest.approx(model(), rel=1e-13)
            assert_alike(found.gradients, slopes(model))
            products = service.hvp(model.function, model.point, vectors=direction(model)).products
            assert_alike(products, engine().hvp(model.graph, model.feeds, direction(model)).products)
