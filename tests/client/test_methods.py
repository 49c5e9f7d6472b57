"""Methods, searches and many starts as users call them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradwire as gw
from tests.client.samples import INPUTS, logistic, rosenbrock

START = {"x": np.array([-1.2, 1.0, 0.5])}


@gw.function
def residuals(x: Any) -> Any:
    return np.concatenate([10 * (x[1:] - x[:-1] ** 2), 1 - x[:-1]])


@gw.function
def wells(x: Any) -> Any:
    return np.sum((x**2 - 1) ** 2 + 0.1 * x)


@pytest.mark.parametrize("method", [gw.methods.bfgs(), gw.methods.trust_ncg(gtol=1e-8)], ids=lambda x: x.name)
def test_a_function_is_minimized_by_a_method(service: gw.Service, method: gw.Optimizer) -> None:
    result = service.minimize(rosenbrock, START, optimizer=method, quiet=True)
    np.testing.assert_allclose(result.parameters["x"], 1.0, atol=1e-4)
    assert result.stop_reason == "converged"
    assert result.state is None
    assert [report.step for report in result.history] == list(range(1, len(result.history) + 1))
    assert result.history[-1].loss == result.loss
    assert result.minima == ()


def test_a_model_is_fitted_to_data_that_are_given_once(service: gw.Service) -> None:
    w = {"w": INPUTS["w"]}
    data = {name: service.put(INPUTS[name]) for name in ("x", "y")}
    method = gw.methods.slsqp(bounds={"w": (-1.0, 1.0)})
    result = service.minimize(logistic(), w, data, optimizer=method, quiet=True)
    assert result.stop_reason == "converged"
    assert np.abs(result.parameters["w"]).max() == 1.0


@pytest.mark.parametrize("method", [gw.methods.lm(), gw.methods.trf(bounds={"x": (None, 5.0)})], ids=lambda x: x.name)
def test_residuals_are_minimized_by_least_squares(service: gw.Service, method: gw.Optimizer) -> None:
    result = service.minimize(residuals, START, optimizer=method, quiet=True)
    np.testing.assert_allclose(result.parameters["x"], 1.0, atol=1e-6)


def test_residuals_may_be_named(service: gw.Service) -> None:
    x = gw.variable("x", (2,))
    graph = gw.Graph({"r": x - 3.0, "other": gw.sum(x)})
    result = service.minimize(graph, {"x": np.zeros(2)}, optimizer=gw.methods.trf(), residuals="r", quiet=True)
    np.testing.assert_allclose(result.parameters["x"], 3.0)


def test_a_search_brings_its_generations_in_the_history(service: gw.Service) -> None:
    search = gw.searches.genetic(population=20, bounds={"x": (-2.0, 2.0)})
    result = service.minimize(rosenbrock, START, optimizer=search, steps=15, report_parameters=True, quiet=True)
    assert result.stop_reason == "steps"
    assert len(result.history) == 15
    for generation in result.history:
        assert generation.candidates["x"].shape == (len(generation.candidate_losses), 3)
        assert np.abs(generation.candidates["x"]).max() <= 2
    lowest = min(generation.candidate_losses.min() for generation in result.history)
    assert result.loss == lowest == result.history[-1].loss
    plain = service.minimize(rosenbrock, START, optimizer=search, steps=2, quiet=True)
    assert plain.history[0].candidates == {}
    assert plain.history[0].candidate_losses.size == 0


def test_many_starts_bring_minima(service: gw.Service) -> None:
    result = service.minimize(
        wells, {"x": np.array([0.9])}, optimizer=gw.methods.bfgs(), starts=10, start_spread=1.5, seed=2, quiet=True
    )
    assert [round(float(minimum.parameters["x"][0])) for minimum in result.minima] == [-1, 1]
    assert sum(len(minimum.starts) for minimum in result.minima) == 10
    assert result.loss == result.minima[0].loss


def test_the_caller_may_evaluate_the_candidates(service: gw.Service) -> None:
    a, b = 0.5, np.array([1.0, -1.0])
    with service.search({"a": 0.0, "b": np.zeros(2)}, optimizer=gw.searches.cma_es(), seed=3) as search:
        for candidates in search:
            search.tell((candidates["a"] - a) ** 2 + np.sum((candidates["b"] - b) ** 2, axis=1))
    assert search.ended
    assert search.best_loss < 1e-12
    np.testing.assert_allclose(search.best_parameters["a"], a, atol=1e-5)
    np.testing.assert_allclose(search.best_parameters["b"], b, atol=1e-5)


def test_a_search_may_be_left_at_any_time(service: gw.Service) -> None:
    with service.search(START, optimizer=gw.searches.random_search(population=5)) as search:
        for candidates in search:
            search.tell(np.sum(candidates["x"] ** 2, axis=1))
            if search.generation == 4:
                break
    assert search.best_loss < np.sum(START["x"] ** 2) + 1e-12
    assert service.evaluate(rosenbrock, START)


def test_losses_that_were_not_told_are_asked_for(service: gw.Service) -> None:
    with (
        service.search(START, optimizer=gw.searches.genetic()) as search,
        pytest.raises(RuntimeError, match="nobody told the losses of generation 1"),
    ):
        for _ in search:
            pass


def test_what_does_not_fit_is_an_error_with_its_reason(service: gw.Service) -> None:
    with pytest.raises(gw.errors.OptimizerUnknownError, match="there is no search 'adam'"):
        service.search(START, optimizer=gw.optimizers.adam())
    with pytest.raises(gw.errors.HyperparameterError, match="bfgs keeps no bounds; take one that does"):
        service.minimize(rosenbrock, START, optimizer=gw.methods.bfgs(bounds={"x": (0.0, None)}), quiet=True)


async def test_the_caller_may_evaluate_the_candidates_with_asyncio(service: gw.Service) -> None:
    start, optimizer = {"a": np.zeros(()), "b": np.zeros(2)}, gw.searches.cma_es(population=8)
    with service.search(start, optimizer=optimizer, seed=3) as other:
        for candidates in other:
            other.tell(candidates["a"] ** 2 + np.sum((candidates["b"] - 1) ** 2, axis=1))
    async with gw.aio.connect() as connection, connection.search(start, optimizer=optimizer, seed=3) as search:
        async for candidates in search:
            await search.tell(candidates["a"] ** 2 + np.sum((candidates["b"] - 1) ** 2, axis=1))
        with pytest.raises(gw.errors.UnavailableError, match="the server ended the search; begin it anew"):
            await search.tell(np.zeros(8))
    assert (search.ended, search.generation, search.best_loss) == (other.ended, other.generation, other.best_loss)
    np.testing.assert_array_equal(search.best_parameters["b"], other.best_parameters["b"])


async def test_a_search_with_asyncio_may_be_awaited_and_left_at_any_time() -> None:
    async with gw.aio.connect() as connection:
        search = await connection.search(START, optimizer=gw.searches.random_search(population=5))
        assert search.generation == 1
        async with search:
            async for candidates in search:
                await search.tell(np.sum(candidates["x"] ** 2, axis=1))
                if search.generation == 4:
                    break
        assert search.best_loss < np.sum(START["x"] ** 2) + 1e-12
        with pytest.raises(gw.errors.CallCancelledError, match="the search was closed; begin it anew"):
            await search.tell(np.zeros(5))


async def test_what_goes_wrong_in_a_search_with_asyncio_is_an_error() -> None:
    async with gw.aio.connect() as connection:
        with pytest.raises(gw.errors.OptimizerUnknownError, match="there is no search 'adam'"):
            await connection.search(START, optimizer=gw.optimizers.adam())
        async with connection.search(START, optimizer=gw.searches.genetic()) as search:
            with pytest.raises(RuntimeError, match="nobody told the losses of generation 1"):
                async for _ in search:
                    pass


async def test_methods_are_there_for_asyncio_too() -> None:
    async with gw.aio.connect() as service:
        result = await service.minimize(rosenbrock, START, optimizer=gw.methods.cg(), quiet=True)
    assert result.stop_reason == "converged"
