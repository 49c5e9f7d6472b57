"""Processes that are killed at every point of a write, and at random: nothing told is lost, nothing is done twice."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from gradwire_service.training import Progress
from gradwire_service.training.job import JobState
from tests.training.jobbing import Run, bits, jobs_in, told, undisturbed

POINTS = [
    "before write",
    "before sync",
    "before rename",
    "before folder sync",
    "after folder sync",
    "before commit",
    "after commit",
]
KILLS = int(os.environ.get("GRADWIRE_KILLS", "12"))
"""Kills at random instants."""

Told = dict[int, Any]
Try = Callable[[Run], tuple[int, Told]]


@pytest.fixture(scope="module")
def attempt() -> Iterator[Try]:
    """Run a process; return its exit code, and what it told by number."""
    command = [sys.executable, "-m", "tests.training.jobbing"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as maker:
        assert maker.stdin is not None
        assert maker.stdout is not None

        def run(wanted: Run) -> tuple[int, Told]:
            assert maker.stdin is not None
            assert maker.stdout is not None
            output = Path(wanted.output)
            output.write_text("")
            maker.stdin.write(json.dumps(asdict(wanted)) + "\n")
            maker.stdin.flush()
            code = int(maker.stdout.readline())
            whole = [line for line in output.read_text().splitlines(keepends=True) if line.endswith("\n")]
            return code, dict(map(json.loads, whole))

        yield run
        maker.stdin.close()


def check(folder: Path, heard: list[Told]) -> None:
    """See that the one job ended as if nobody had killed it, and that all that was told is so."""
    reports, result = undisturbed()
    with jobs_in(folder) as jobs:
        (job,) = jobs.store.jobs()
        assert job.state is JobState.SUCCEEDED
        assert bits(jobs.reached(job.id)) == bits(result)
        events = {event.number: event.what for event in jobs.store.events(job.id, size=10**6)}
        kept = [told(what) for what in events.values() if isinstance(what, Progress)]
        assert kept == [told(report) for report in reports]  # no step is lost, and none is told twice
        known = {
            number: told(what) if isinstance(what, Progress) else type(what).__name__ for number, what in events.items()
        }
    for one in heard:
        assert one.items() <= known.items()


@pytest.mark.parametrize("count", [1, 3])
def test_a_job_survives_a_kill_at_every_point_of_a_write(tmp_path: Path, attempt: Try, count: int) -> None:
    folder, output, heard = tmp_path / "jobs", str(tmp_path / "output"), []
    for point in POINTS:
        code, one = attempt(Run(str(folder), output, point, count))
        assert code == -signal.SIGKILL, point
        heard.append(one)
    code, _ = attempt(Run(str(folder), output, "before reply", 1))
    assert code == -signal.SIGKILL
    code, one = attempt(Run(str(folder), output))
    assert code == 0
    check(folder, [*heard, one])


def test_jobs_survive_kills_at_random_instants(tmp_path: Path, attempt: Try) -> None:
    draw, output = random.Random(5), str(tmp_path / "output")
    killed = finished = interrupted = 0
    while killed < KILLS:
        folder, code = tmp_path / str(finished), -1
        heard: list[Told] = []
        while code:
            # the longer the job takes the longer a process lives: on a machine of any speed there is an end to it
            seconds = draw.uniform(0.0, 0.1 * (1 + len(heard)))
            code, one = attempt(Run(str(folder), output, seconds=seconds if killed < KILLS else None))
            assert code in (0, -signal.SIGKILL)
            killed += code == -signal.SIGKILL
            interrupted += code == -signal.SIGKILL and len(one) > 2
            heard.append(one)
        check(folder, heard)
        finished += 1
    assert interrupted, "no process lived long enough to make a step"
