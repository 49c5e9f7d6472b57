"""Commands about training jobs, against a real server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gradwire as gw
from tests.cli.samples import Run
from tests.serving import serving


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server with training jobs of its own."""
    with serving("--backend", "numpy", "--data-dir", str(tmp_path_factory.mktemp("jobs"))) as process:
        yield process.address


def create(address: str, **settings: Any) -> gw.TrainingJob:
    graph = "graph bowl\nvariable x: float64[2]\ny = square(x)\nz = sum(y)\noutput z = z\n"
    with gw.connect(address) as service:
        return service.jobs.create(graph, {"x": np.array([1.0, -2.0])}, **settings)


def test_jobs_are_listed_watched_and_told_what_to_do(run: Run, address: str) -> None:
    how = {"optimizer": gw.optimizers.sgd(0.1), "report_every": 4}
    short = create(address, steps=10, display_name="short", **how)
    endless = create(address, steps=10**9, display_name="endless", **how)
    watched = run("jobs", "watch", short.name, "--server", address)
    assert watched.code == 0
    lines = watched.stdout.splitlines()
    assert [line.strip() for line in lines if "step" not in line] == ["pending", "running", "succeeded"]
    assert [line.split()[1] for line in lines if "step" in line] == ["4", "8", "10"]
    events = run("jobs", "watch", short.name, "--server", address, "--json", "--after", 2).stdout.splitlines()
    assert [json.loads(line)["number"] for line in events] == list(range(3, 8))
    paused = run("jobs", "pause", endless.name.partition("/")[2], "--server", address)
    assert (paused.code, "is paused, and step" in paused.stdout) == (0, True)
    listed = run("jobs", "list", "--server", address)
    assert [line.split()[1:3] for line in listed.stdout.splitlines() if "short" in line or "endless" in line] == [
        ["paused", "endless"],
        ["succeeded", "short"],
    ]
    assert f"{endless.name} is pending" in run("jobs", "resume", endless.name, "-s", address).stdout
    cancelled = json.loads(run("jobs", "cancel", endless.name, "-s", address, "--json").stdout)
    assert (cancelled["state"], cancelled["error"]) == ("cancelled", None)
    assert run("jobs", "delete", endless.name, "-s", address).code == 0
    rest = json.loads(run("jobs", "list", "-s", address, "--json", "--state", "succeeded", "--limit", 5).stdout)
    assert [job["display_name"] for job in rest] == ["short"]


def test_a_job_that_failed_says_why_and_exits_with_1(run: Run, address: str) -> None:
    wild = create(address, steps=10**6, optimizer=gw.optimizers.sgd(1e200))
    watched = run("jobs", "watch", wild.name, "--server", address)
    assert watched.code == 1
    assert watched.stderr.startswith("NOT_FINITE: ")


def test_what_is_refused_and_who_is_not_there_have_exit_codes(run: Run, address: str, tmp_path: Path) -> None:
    unknown = run("jobs", "pause", "nobody", "--server", address)
    assert (unknown.code, unknown.stderr.splitlines()[0]) == (3, "TRAINING_JOB_UNKNOWN")
    assert run("jobs", "list", "--server", f"unix:{tmp_path}/nobody").code == 4
    assert run("jobs").code == 2
