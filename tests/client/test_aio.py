"""The asyncio client and a real server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import numpy as np
import pytest
import pytest_asyncio

import gradwire as gw
from tests.client.samples import INPUTS, W, X, Y, logistic, logistic_gradient, rosenbrock

graph = logistic()
LOSS, BY_W, _ = logistic_gradient()


@pytest_asyncio.fixture
async def connection(service: gw.Service) -> AsyncIterator[gw.aio.Service]:
    async with gw.aio.connect() as connection:  # shares the embedded server of `service`, so it starts at once
        yield connection


async def test_every_method_of_the_synchronous_client_is_there() -> None:
    for synchronous, asynchronous in ((gw.Service, gw.aio.Service), (gw.Stream, gw.aio.Stream)):
        public = {name for name in dir(synchronous) if not name.startswith("_")}
        assert public == {name for name in dir(asynchronous) if not name.startswith("_")}


async def test_calls_are_awaited(connection: gw.aio.Service) -> None:
    found = await connection.gradient(graph, INPUTS, wrt=["w"])
    assert float(found.value) == pytest.approx(LOSS)
    np.testing.assert_allclose(found.gradients["w"], BY_W, rtol=1e-12)
    assert (await connection.evaluate(graph, INPUTS))["loss"] == pytest.approx(LOSS)
    value, gradient = await connection.value_and_gradient(rosenbrock)(np.ones(3))
    assert (value, gradient.tolist()) == (0.0, [0.0, 0.0, 0.0])


async def test_matrices_of_derivatives_are_awaited(connection: gw.aio.Service) -> None:
    found = await connection.jacobian(graph, INPUTS, of="u", wrt="w")
    np.testing.assert_allclose(np.asarray(found.matrices["u", "w"]), X, rtol=1e-12)
    async with connection.stream() as stream:
        second = await stream.hessian(rosenbrock, {"x": np.ones(50)}, sparse=True)
        assert second.sweeps == 3
        pushed = await stream.jvp(graph, INPUTS, {"w": np.eye(30)}, of="u", batched=True)
        np.testing.assert_allclose(pushed.tangents["u"], X.T, rtol=1e-12)


async def test_many_calls_at_once(connection: gw.aio.Service) -> None:
    found = await asyncio.gather(*(connection.evaluate(graph, {**INPUTS, "w": W * 0}) for _ in range(20)))
    assert [float(x["loss"]) for x in found] == [pytest.approx(np.log(2))] * 20


async def test_a_stream_is_shared_in_turn_and_survives_errors(connection: gw.aio.Service) -> None:
    async with connection.stream() as stream:
        calls: list[Any] = [stream.gradient(graph, {**INPUTS, "w": W * scale}, wrt="w") for scale in (0, 1, 0)]
        found = await asyncio.gather(*calls, stream.evaluate(graph, {}), return_exceptions=True)
    assert isinstance(found[3], gw.errors.InputMissingError)
    losses = [float(answer.value) for answer in found[:3] if isinstance(answer, gw.GradientResult)]
    assert losses == [pytest.approx(np.log(2)), pytest.approx(LOSS), pytest.approx(np.log(2))]


async def test_a_call_that_was_given_up_does_not_confuse_the_next_one(connection: gw.aio.Service) -> None:
    async with connection.stream() as stream:
        await stream.evaluate(graph, INPUTS)
        with pytest.raises(gw.errors.DeadlineExceededError):
            await stream.evaluate(graph, {**INPUTS, "w": W * 0}, timeout=1e-6)
        assert (await stream.evaluate(graph, INPUTS))["loss"] == pytest.approx(LOSS)


async def test_tensors_steps_and_minimizations(connection: gw.aio.Service) -> None:
    reference = await connection.put(X)
    np.testing.assert_array_equal(await connection.get(reference), X)
    params, state = await connection.step(graph, {"w": W}, {"x": reference, "y": Y}, optimizer=gw.optimizers.sgd(0.5))
    np.testing.assert_allclose(params["w"], W - 0.5 * BY_W, rtol=1e-12)
    assert state.step == 1
    optimizer = gw.optimizers.sgd(0.5)
    result = await connection.minimize(graph, {"w": W}, {"x": X, "y": Y}, optimizer=optimizer, epochs=3, quiet=True)
    assert result.progress.epoch == 3
    rows = await connection.compare(graph, INPUTS, wrt="w", backends=["numpy"])
    assert [row.backend for row in rows] == ["numpy"]
    await connection.delete(reference)


async def test_a_connection_can_be_awaited_and_closed(service: gw.Service) -> None:
    connection = await gw.aio.connect()
    assert (await connection.server_info()).version
    await connection.close()


async def test_cancelling_a_call_cancels_it(connection: gw.aio.Service) -> None:
    endless = connection.minimize(
        graph, {"w": W}, {"x": X, "y": Y}, optimizer=gw.optimizers.sgd(1e-3), epochs=10**9, quiet=True
    )
    task = asyncio.create_task(endless)
    await asyncio.sleep(0.2)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (await connection.evaluate(graph, INPUTS))["loss"] == pytest.approx(LOSS)
