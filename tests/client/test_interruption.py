"""What is left of a minimization whose caller was interrupted."""

from __future__ import annotations

import asyncio
import signal
from typing import Any

import numpy as np
import pytest

import gradwire as gw

BOWL = "graph bowl\nvariable x: float64[2]\ny = square(x)\nz = sum(y)\noutput z = z\n"
START = {"x": np.array([1.0, -2.0])}
ENDLESS: Any = {"optimizer": gw.optimizers.sgd(0.01), "steps": 10**9, "report_every": 1}


def interrupted(service: gw.Service, **settings: Any) -> gw.MinimizeResult:
    """Minimize without an end, and press Control-C at the third report."""
    seen: list[gw.Progress] = []

    def progress(report: gw.Progress) -> None:
        seen.append(report)
        if len(seen) == 3:
            signal.raise_signal(signal.SIGINT)

    return service.minimize(BOWL, START, **ENDLESS, progress=progress, **settings)


def test_control_c_returns_the_parameters_of_the_last_report(service: gw.Service) -> None:
    result = interrupted(service, report_parameters=True)
    last = result.history[-1]
    assert (result.stop_reason, len(result.history)) == ("interrupted", 3)
    assert (result.parameters_step, result.loss) == (last.step, last.loss)
    assert result.parameters["x"].tolist() == last.parameters["x"].tolist()
    assert result.state is None
    assert f"after step {last.step}" in result.message


def test_control_c_is_raised_where_reports_have_no_parameters_and_the_connection_stays(service: gw.Service) -> None:
    with pytest.raises(KeyboardInterrupt):
        interrupted(service)
    assert service.evaluate(BOWL, START)["z"] == 5


async def test_a_task_that_is_cancelled_is_cancelled_and_the_connection_stays() -> None:
    async with gw.aio.connect() as service:
        reported = asyncio.Event()
        minimizing = service.minimize(BOWL, START, **ENDLESS, report_parameters=True, progress=lambda _: reported.set())
        task = asyncio.ensure_future(minimizing)
        await reported.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (await service.evaluate(BOWL, START))["z"] == 5
