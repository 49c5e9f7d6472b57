"""Training jobs as users of the client have them: also when the server beneath is killed."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gradwire as gw
from tests.client.samples import INPUTS, logistic

START = {"w": np.zeros_like(INPUTS["w"])}
DATA = {name: x for name, x in INPUTS.items() if name != "w"}
GRAPH = logistic()
SGD = gw.optimizers.sgd(0.1)
HOW: dict[str, Any] = {"optimizer": SGD, "backend": "numpy", "batch_size": 8, "seed": 3}


@pytest.fixture(scope="module")
def service() -> Iterator[gw.Service]:
    with gw.connect() as service:
        yield service


def test_a_job_is_made_watched_and_its_result_is_what_minimize_gives(service: gw.Service) -> None:
    job = service.jobs.create(GRAPH, START, DATA, epochs=9, display_name="nine", labels={"a": "b"}, **HOW)
    assert isinstance(job, gw.TrainingJob)
    assert (job.state, job.display_name, job.labels, job.result) == ("pending", "nine", {"a": "b"}, None)
    reports: list[gw.Progress] = []
    result = service.jobs.wait(job, progress=reports.append)
    expected = service.minimize(GRAPH, START, DATA, epochs=9, quiet=True, **HOW)
    assert result.parameters["w"].tobytes() == expected.parameters["w"].tobytes()
    assert [p.loss for p in result.history] == [p.loss for p in expected.history] == [p.loss for p in reports]
    found = service.jobs.get(job.name)
    assert found.has_ended
    assert (found.state, found.committed_step) == ("succeeded", result.parameters_step)
    assert found.progress == result.progress
    assert found.create_time is not None
    assert found.end_time is not None
    assert found.create_time < found.end_time
    events = list(service.jobs.watch(job))
    assert [event.number for event in events] == list(range(1, found.event_number + 1))
    assert [event.state for event in events if event.state] == ["pending", "running", "succeeded"]
    assert events[-1].finished == service.jobs.get(job, full=False)
    assert list(service.jobs.watch(job, events[-3].number)) == events[-2:]


def test_a_job_pauses_goes_on_in_another_way_and_is_deleted(service: gw.Service) -> None:
    job = service.jobs.create(GRAPH, START, DATA, steps=10**9, **HOW)
    paused = service.jobs.pause(job)
    assert paused.state == "paused"
    with pytest.raises(ValueError, match="is paused and has no result"):
        service.jobs.get(job).outcome([])
    checkpoint = service.jobs.get(job).checkpoint
    assert [j.name for j in service.jobs.list("paused")] == [job.name]
    assert checkpoint is None or checkpoint.step == paused.committed_step
    with pytest.raises(TypeError, match="batch_size can't be changed"):
        service.jobs.resume(job, batch_size=3)
    steps = paused.committed_step + 20
    service.jobs.resume(job, optimizer=gw.optimizers.adam(1e-3), steps=steps, report_every=5)
    result = service.jobs.wait(job, quiet=True)
    assert (result.stop_reason, result.progress.step) == ("steps", steps)
    service.jobs.delete(job)
    with pytest.raises(gw.errors.TrainingJobUnknownError):
        service.jobs.get(job)
    service.jobs.delete(job, missing_ok=True)


def test_a_job_that_fails_raises_why(service: gw.Service) -> None:
    how = HOW | {"optimizer": gw.optimizers.sgd(1e308)}
    job = service.jobs.create(GRAPH, START, DATA, steps=10**9, **how)
    with pytest.raises(gw.errors.NotFiniteError, match="lower the learning rate"):
        service.jobs.wait(job, quiet=True)
    with pytest.raises(gw.errors.TrainingJobStateError):
        service.jobs.cancel(job)
    with pytest.raises(ValueError, match="there is no state 'broken'; there are"):
        service.jobs.list("broken")
    assert len(service.jobs.list(limit=1)) == 1


def test_a_job_goes_on_when_the_embedded_server_is_killed_and_its_watcher_misses_nothing(tmp_path: Path) -> None:
    other = gw.embedded.EmbeddedServer(tmp_path)  # one of its own, beside that of the other tests
    address = other.address()
    with gw.connect(address) as service:
        service._embedded, other._users = other, 1
        job = service.jobs.create(GRAPH, START, DATA, steps=10**9, report_every=1, checkpoint_steps=20, **HOW)
        numbers: list[int] = []
        told = 0
        for event in service.jobs.watch(job):
            numbers.append(event.number)
            told += event.progress is not None
            if told == 50:
                os.kill(other.pid, signal.SIGKILL)
                told += 1
            if told > 80:
                break
        assert numbers == list(range(1, len(numbers) + 1))
        paused = service.jobs.pause(job)
        steps = paused.committed_step + 5
        service.jobs.resume(job, steps=steps)
        result = service.jobs.wait(job, quiet=True)
        whole = service.minimize(GRAPH, START, DATA, steps=steps, quiet=True, **HOW)
        assert result.parameters["w"].tobytes() == whole.parameters["w"].tobytes()
    assert (tmp_path / "jobs.db").exists()


def test_an_embedded_server_keeps_jobs_in_one_place(service: gw.Service, tmp_path: Path) -> None:
    with pytest.raises(gw.errors.EmbeddedServerError, match="keeps training jobs in"):
        gw.connect(data_dir=tmp_path)


async def test_jobs_of_the_asyncio_client(service: gw.Service) -> None:
    async with gw.aio.connect() as connection:
        jobs = connection.jobs
        job = await jobs.create(GRAPH, START, DATA, epochs=3, **HOW)
        result = await jobs.wait(job, quiet=True)
        assert result.stop_reason == "epochs"
        events = [event async for event in jobs.watch(job)]
        assert events[-1].finished is not None
        assert (await jobs.list("succeeded"))[0].name == job.name
        endless = await jobs.create(GRAPH, START, DATA, steps=10**9, **HOW)
        assert (await jobs.pause(endless)).state == "paused"
        assert (await jobs.resume(endless)).state == "pending"
        assert (await jobs.cancel(endless)).state == "cancelled"
        await jobs.delete(endless)
