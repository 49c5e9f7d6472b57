"""Jobs that fit a line, and what they must come to; and, run as a program, processes of them that are killed."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from gradwire_service.backend import Interrupt, never
from gradwire_service.limits import LIMITS, Limits
from gradwire_service.optimizers import optimizer
from gradwire_service.training import (
    Batching,
    BatchingMode,
    Progress,
    Recipe,
    ReportingRule,
    Result,
    Snapshot,
    StoppingRule,
    minimize,
)
from gradwire_service.training.files import Passing, pass_on
from gradwire_service.training.job import Event, Job, JobState, Request
from gradwire_service.training.jobs import Jobs, Order
from gradwire_service.training.running import Ending, Keep
from gradwire_service.training.store import Store
from tests.training.problems import Stepper, regression, regression_run

LINE: dict[str, Any] = {"name": "adam", "rate": 0.05, "steps": 200, "every": 10}


@lru_cache(64)
def stepper(name: str, rate: float) -> Stepper:
    return regression_run(optimizer(name, {"learning_rate": rate}))


def work(
    definition: memoryview, changes: bytes, resume: Snapshot | None, keep: Keep | None, interrupt: Interrupt
) -> Generator[Progress | Ending]:
    """Fit the line of `regression` as JSON says."""
    told = {**json.loads(bytes(definition)), **json.loads(changes or b"{}")}
    run = stepper(told["name"], told["rate"])
    recipe = Recipe(
        run.optimizer,
        StoppingRule(steps=told["steps"]),
        batching=Batching(BatchingMode.RANDOM, 4, seed=7),
        reporting=ReportingRule(told["every"], parameters=told.get("parameters", False)),
    )
    parameters, data = regression()
    resume = resume and resume.fitted(run.optimizer)
    yield from minimize(run, parameters, data, recipe, interrupt=interrupt, resume=resume, keep=keep)


def undisturbed(**changes: Any) -> tuple[list[Progress], Result]:
    """Return what a job comes to that nobody interrupts."""
    events = list(work(memoryview(json.dumps({**LINE, **changes}).encode()), b"", None, None, never))
    result = events.pop()
    assert isinstance(result, Result)
    return [event for event in events if isinstance(event, Progress)], result


def order(checkpoint_steps: int = 0, **changes: Any) -> Callable[[], Order]:
    return lambda: Order(
        [json.dumps({**LINE, **changes}).encode()], "line", {"kind": "test"}, checkpoint_steps=checkpoint_steps
    )


def request(id: str = "", fingerprint: bytes = b"") -> Request:
    """Return a request whose answer is id and state of the job."""
    return Request(id, fingerprint, lambda job: f"{job.id} {job.state.value}".encode() if job else b"gone")


def id_in(answer: bytes) -> str:
    return answer.decode().split()[0]


@contextlib.contextmanager
def jobs_in(folder: Path, limits: Limits = LIMITS, passing: Passing = pass_on, start: bool = True) -> Iterator[Jobs]:
    """Serve the jobs of a folder."""
    jobs = Jobs(Store(folder, limits, passing), work)
    try:
        if start:
            jobs.start()
        yield jobs
    finally:
        jobs.stop(10.0)
        jobs.close()


def wait_for(jobs: Jobs, id: str, condition: Callable[[Job], bool], seconds: float = 20.0) -> Job:
    """Wait until something is so of a job."""
    news = threading.Event()
    end = time.monotonic() + seconds
    with jobs.listening(id, news.set):
        while not condition(job := jobs.store.job(id)):
            assert time.monotonic() < end, job
            news.wait(0.5)
            news.clear()
    return job


def ended(jobs: Jobs, id: str) -> Job:
    return wait_for(jobs, id, lambda job: job.state.has_ended)


def settle(jobs: Jobs, id: str, tell: Callable[[str, Request], bytes | None]) -> Job:
    """Tell a job to pause or to end, and wait until it has."""
    tell(id, request())
    return wait_for(jobs, id, lambda job: job.state is not JobState.RUNNING)


def bits(result: object) -> list[Any]:
    """All of a result that must not depend on what happened on the way."""
    assert isinstance(result, Result)
    arrays = {**result.parameters, **result.state.slots}
    found = {name: (x.dtype.str, x.shape, x.tobytes()) for name, x in sorted(arrays.items())}
    return [found, result.loss, result.parameters_step, result.state.step, result.progress.number, result.stop_reason]


def told(report: Progress) -> list[Any]:
    return [report.number, report.step, report.loss, report.gradient_norm]


def _watch(jobs: Jobs, id: str, say: Callable[[Event], None]) -> None:
    after, news = 0, threading.Event()
    with jobs.listening(id, news.set):
        while True:
            news.wait(0.02)
            news.clear()
            for event in jobs.store.events(id, after):
                after = event.number
                say(event)
                if isinstance(event.what, Job):
                    return


@dataclass(frozen=True)
class Run:
    """A process that makes one job and goes on until that ends, or until it is killed.

    Attributes:
        folder: where the job is kept.
        output: file into which every event is written as soon as it may be told.
        point: point of a write at which it is killed.
        count: when it comes there for that many times.
        seconds: time after which it is killed; None: never.
    """

    folder: str
    output: str
    point: str = ""
    count: int = 0
    seconds: float | None = None

    def go(self) -> None:
        lock, passed = threading.Lock(), 0

        def passing(reached: str) -> None:
            nonlocal passed
            with lock:
                passed += reached == self.point
                if reached == self.point and passed == self.count:
                    os.kill(os.getpid(), signal.SIGKILL)

        with Path(self.output).open("w") as output, jobs_in(Path(self.folder), passing=passing) as jobs:

            def say(event: Event) -> None:
                what = told(event.what) if isinstance(event.what, Progress) else type(event.what).__name__
                output.write(json.dumps([event.number, what]) + "\n")
                output.flush()

            answer = jobs.create(order(checkpoint_steps=7), request("the only one", b"line"))
            passing("before reply")
            _watch(jobs, id_in(answer), say)


def main() -> None:
    """Make a process of each run that is read, by a fork, which takes no time; print its exit code."""
    for line in sys.stdin:
        run = Run(**json.loads(line))
        child = os.fork()
        if not child:
            code = 1
            try:
                run.go()
                code = 0
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(code)
        if run.seconds is not None:
            time.sleep(run.seconds)
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
