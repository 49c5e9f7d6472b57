"""Jobs in one process: what they come to, what they can be told, what is kept, and what happens when the disk fails."""

from __future__ import annotations

import errno
import json
import threading
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from gradwire_service.errors import (
    CheckpointDamagedError,
    InvalidRequestError,
    OverloadedError,
    RequestIdConflictError,
    StorageFullError,
    TrainingJobStateError,
    TrainingJobUnknownError,
)
from gradwire_service.limits import LIMITS
from gradwire_service.training import Progress, Result, Snapshot, StopReason
from gradwire_service.training.job import Job, JobState, Wish
from gradwire_service.training.running import Halt
from gradwire_service.training.store import KEPT, Store
from tests.training.jobbing import (
    bits,
    ended,
    id_in,
    jobs_in,
    order,
    request,
    settle,
    told,
    undisturbed,
    wait_for,
)

ENDLESS = 10**9


def test_a_job_comes_to_what_a_minimization_comes_to_and_its_events_tell_all(tmp_path: Path) -> None:
    reports, result = undisturbed()
    with jobs_in(tmp_path) as jobs:
        id = id_in(jobs.create(order(), request()))
        job = ended(jobs, id)
        assert (job.state, job.committed_step, job.display_name) == (JobState.SUCCEEDED, 200, "line")
        assert bits(jobs.reached(id)) == bits(result)
        events = jobs.store.events(id, size=1000)
        assert [event.number for event in events] == list(range(1, job.event_number + 1))
        happened = [event.what for event in events]
        assert happened[:2] == [JobState.PENDING, JobState.RUNNING]
        assert happened[-2:] == [JobState.SUCCEEDED, replace(job, changes=happened[-1].changes)]  # type: ignore[union-attr]
        assert [told(x) for x in happened if isinstance(x, Progress)] == [told(x) for x in reports]
        assert job.progress is not None
        assert told(job.progress) == told(reports[-1])


def test_a_job_whose_server_ends_after_every_single_step_ends_with_the_same_bits(tmp_path: Path) -> None:
    commits = 0

    def passing(point: str) -> None:
        nonlocal commits
        if threading.current_thread().name.startswith("training job") and point == "after commit":
            commits += 1
            if commits == 2:  # the first one says that the job runs
                raise Halt

    def stopped(job: Job) -> bool:
        return commits == 2 or job.state.has_ended

    id, steps = "", [0]
    while steps[-1] < 200:
        commits = 0
        with jobs_in(tmp_path, passing=passing) as jobs:
            id = id or id_in(jobs.create(order(checkpoint_steps=1), request()))
            wait_for(jobs, id, stopped)
            steps.append(jobs.store.job(id).committed_step)
    assert steps == list(range(201))
    reports, result = undisturbed()
    with jobs_in(tmp_path) as jobs:
        assert bits(jobs.reached(id)) == bits(result)
        happened = [event.what for event in jobs.store.events(id, size=1000)]
        assert [told(x) for x in happened if isinstance(x, Progress)] == [told(x) for x in reports]


def test_a_request_that_comes_again_gets_the_same_answer_also_from_the_next_server(tmp_path: Path) -> None:
    with jobs_in(tmp_path) as jobs:
        first = jobs.create(order(), request("r", b"a"))
        assert jobs.create(order(), request("r", b"a")) == first
        with pytest.raises(RequestIdConflictError):
            jobs.create(order(steps=3), request("r", b"b"))
        ended(jobs, id_in(first))
    with jobs_in(tmp_path) as jobs:
        assert jobs.create(order(), request("r", b"a")) == first
        assert len(jobs.store.jobs()) == 1
        jobs.create(order(), request())
        jobs.create(order(), request())
        assert len(jobs.store.jobs()) == 3


def test_a_request_that_comes_many_times_at_once_makes_one_job(tmp_path: Path) -> None:
    with jobs_in(tmp_path) as jobs:
        answers: list[bytes] = []
        threads = [
            threading.Thread(target=lambda: answers.append(jobs.create(order(), request("r", b"a")))) for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        (job,) = jobs.store.jobs()
        assert set(answers) == {f"{job.id} pending".encode()}
        ended(jobs, job.id)
        named = {job.definition.name} | {file.name for _, file in jobs.store.checkpoints(job.id)}
        assert {path.name for path in (tmp_path / "files").iterdir()} == named


def test_requests_are_forgotten_after_a_day_of_service_whatever_clocks_say(tmp_path: Path) -> None:
    seconds = 0.0

    def store() -> Store:
        return Store(tmp_path, clock=lambda: seconds, now=lambda: 0.0)

    def remembered(store: Store) -> bytes | None:
        with store.writing() as writing:
            return writing.answer_before(request("r", b"a"))

    first = store()
    seconds = 1000.0
    with first.writing() as writing:
        writing.remember(request("r", b"a"), b"answer")
    seconds += KEPT - 1
    assert remembered(first) == b"answer"
    first.close()
    second = store()  # only the time until the last request is known to have passed
    assert remembered(second) == b"answer"
    seconds += KEPT
    assert remembered(second) is None
    second.close()


def test_a_job_that_pauses_goes_on_to_the_same_bits(tmp_path: Path) -> None:
    with jobs_in(tmp_path) as jobs:
        id = id_in(jobs.create(order(steps=ENDLESS), request()))
        wait_for(jobs, id, lambda job: job.state is JobState.RUNNING)
        paused = settle(jobs, id, jobs.pause)
        assert paused.state is JobState.PAUSED
        assert jobs.pause(id, request()) == f"{id} paused".encode()  # again
        reached = jobs.reached(id)
        assert isinstance(reached, Snapshot)
        assert reached.step == paused.committed_step > 0
        changes = json.dumps({"steps": reached.step + 30}).encode()
        assert jobs.resume(id, changes, request()) == f"{id} pending".encode()
        assert ended(jobs, id).state is JobState.SUCCEEDED
        assert bits(jobs.reached(id)) == bits(undisturbed(steps=reached.step + 30)[1])


def test_a_job_that_waits_for_its_turn_is_told_at_once(tmp_path: Path) -> None:
    with jobs_in(tmp_path, replace(LIMITS, running_jobs=1)) as jobs:
        running, *waiting = (id_in(jobs.create(order(steps=ENDLESS), request())) for _ in range(3))
        wait_for(jobs, running, lambda job: job.state is JobState.RUNNING)
        assert jobs.pause(waiting[0], request()) == f"{waiting[0]} paused".encode()
        assert jobs.cancel(waiting[1], request()) == f"{waiting[1]} cancelled".encode()
        assert jobs.reached(waiting[1]) is None
        jobs.resume(waiting[0], json.dumps({"steps": 5}).encode(), request())
        assert jobs.store.job(waiting[0]).state is JobState.PENDING
        settle(jobs, running, jobs.cancel)
        assert ended(jobs, waiting[0]).committed_step == 5


def test_a_job_that_is_told_to_end_keeps_what_it_reached(tmp_path: Path) -> None:
    with jobs_in(tmp_path) as jobs:
        id = id_in(jobs.create(order(steps=ENDLESS), request()))
        wait_for(jobs, id, lambda job: job.state is JobState.RUNNING)
        job = settle(jobs, id, jobs.cancel)
        result = jobs.reached(id)
        assert isinstance(result, Result)
        assert (job.state, result.stop_reason) == (JobState.CANCELLED, StopReason.CANCELLED)
        assert bits(result)[:4] == bits(undisturbed(steps=result.parameters_step)[1])[:4]
        assert jobs.cancel(id, request()) == f"{id} cancelled".encode()


def test_what_a_state_does_not_allow_is_refused(tmp_path: Path) -> None:
    with jobs_in(tmp_path) as jobs:
        id = id_in(jobs.create(order(), request()))
        ended(jobs, id)
        for tell in (jobs.pause, jobs.cancel, partial(jobs.resume, changes=None)):
            with pytest.raises(TrainingJobStateError, match=f"training job {id} is succeeded"):
                tell(id, request=request())
        other = id_in(jobs.create(order(steps=ENDLESS), request()))
        with pytest.raises(TrainingJobStateError, match="cancel it first"):
            jobs.delete(other, False, request())
        with pytest.raises(TrainingJobStateError, match="pause it first"):
            jobs.resume(other, b"{}", request())
        assert id_in(jobs.resume(other, None, request())) == other
        with pytest.raises(TrainingJobUnknownError):
            jobs.pause("nobody", request())


def test_a_request_to_pause_that_comes_again_later_pauses_nothing(tmp_path: Path) -> None:
    with jobs_in(tmp_path) as jobs:
        id = id_in(jobs.create(order(steps=ENDLESS), request()))
        wait_for(jobs, id, lambda job: job.state is JobState.RUNNING)
        jobs.pause(id, request("p", b"p"))
        wait_for(jobs, id, lambda job: job.state is JobState.PAUSED)
        answer = jobs.settled(id, Wish.PAUSE, request("p", b"p"))
        assert answer == f"{id} paused".encode()
        jobs.resume(id, None, request())
        assert jobs.pause(id, request("p", b"p")) == answer
        assert jobs.store.job(id).wish is None
        settle(jobs, id, jobs.cancel)


def test_a_deleted_job_leaves_nothing(tmp_path: Path) -> None:
    with jobs_in(tmp_path) as jobs:
        id = id_in(jobs.create(order(), request()))
        ended(jobs, id)
        assert jobs.delete(id, False, request("d", b"d")) == b"gone"
        assert jobs.delete(id, False, request("d", b"d")) == b"gone"
        assert jobs.delete(id, True, request()) == b"gone"
        with pytest.raises(TrainingJobUnknownError):
            jobs.delete(id, False, request())
        assert jobs.store.jobs() == []
        assert list((tmp_path / "files").iterdir()) == []


def test_a_job_that_fails_says_why_keeps_what_was_good_and_goes_on_in_another_way(tmp_path: Path) -> None:
    with jobs_in(tmp_path) as jobs:
        id = id_in(jobs.create(order(name="sgd", rate=1e30, steps=ENDLESS, every=1), request()))
        job = ended(jobs, id)
        assert job.state is JobState.FAILED
        assert job.failure is not None
        assert (job.failure.reason, job.failure.code) == ("NOT_FINITE", "FAILED_PRECONDITION")
        assert "lower the learning rate" in job.failure.message
        good = jobs.reached(id)
        assert isinstance(good, Snapshot)
        lost = {"start": 2, "update": 1}[job.failure.details["at"]]  # the loss after the last step may be infinite
        assert good.step == job.committed_step == int(job.failure.details["step"]) - lost
        assert all(np.isfinite(x).all() for x in good.current.parameters.values())
        changes = json.dumps({"rate": 0.01, "steps": good.step + 20}).encode()
        jobs.resume(id, changes, request())
        job = wait_for(jobs, id, lambda job: job.state.has_ended)
        assert (job.state, job.failure, job.committed_step) == (JobState.SUCCEEDED, None, good.step + 20)
        kinds = [type(event.what).__name__ for event in jobs.store.events(id, size=10**6)]
        assert kinds.count("Job") == 2


def damaged(folder: Path, jobs_files: list[str]) -> None:
    for name in jobs_files:
        path = folder / "files" / name
        data = bytearray(path.read_bytes())
        data[-40] ^= 1
        path.write_bytes(data)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_damaged_checkpoint_is_told_and_the_one_before_it_is_gone_on_from(tmp_path: Path, count: int) -> None:
    with jobs_in(tmp_path) as jobs:
        id = id_in(jobs.create(order(checkpoint_steps=10, steps=ENDLESS), request()))
        wait_for(jobs, id, lambda job: job.committed_step > 30)
        settle(jobs, id, jobs.pause)
        checkpoints = jobs.store.checkpoints(id)
        jobs.resume(id, json.dumps({"steps": checkpoints[0][0] + 50}).encode(), request())
        settle(jobs, id, jobs.pause)
        checkpoints = jobs.store.checkpoints(id)
        steps = [step for step, _ in checkpoints]
        assert len(steps) == LIMITS.checkpoints
    damaged(tmp_path, [file.name for _, file in checkpoints[:count]])
    with jobs_in(tmp_path) as jobs:
        assert jobs.store.job(id).state is JobState.PAUSED
        with pytest.raises(CheckpointDamagedError):
            jobs.reached(id)
        for left in range(count, 0, -1):
            jobs.resume(id, None, request())
            job = ended(jobs, id)
            assert job.failure is not None
            assert (job.failure.reason, job.failure.code) == ("CHECKPOINT_DAMAGED", "DATA_LOSS")
            offered = steps[count - left + 1 :]
            assert f"at step {steps[count - left]}" in job.failure.message
            assert (f"from the checkpoint at step {offered[0]}" if offered else "from its start") in job.failure.message
        last = json.loads(jobs.store.job(id).changes)["steps"]
        jobs.resume(id, None, request())
        assert ended(jobs, id).state is JobState.SUCCEEDED
        assert bits(jobs.reached(id)) == bits(undisturbed(steps=last)[1])


def test_a_damaged_definition_is_told(tmp_path: Path) -> None:
    with jobs_in(tmp_path) as jobs:
        id = id_in(jobs.create(order(steps=ENDLESS), request()))
        wait_for(jobs, id, lambda job: job.state is JobState.RUNNING)
        name = jobs.store.job(id).definition.name
    damaged(tmp_path, [name])
    with jobs_in(tmp_path) as jobs:
        failure = ended(jobs, id).failure
        assert failure is not None
        assert failure.reason == "CHECKPOINT_DAMAGED"
        assert "create it again" in failure.message


class Disk:
    """A disk that may be full."""

    def __init__(self) -> None:
        self.full_at = ""

    def __call__(self, point: str) -> None:
        if point == self.full_at:
            raise OSError(errno.ENOSPC, "no room")


@pytest.mark.parametrize("point", ["before sync", "before commit"])
def test_a_job_waits_for_room_on_a_full_disk_and_loses_nothing(tmp_path: Path, point: str) -> None:
    disk = Disk()
    with jobs_in(tmp_path, passing=disk) as jobs:
        id = id_in(jobs.create(order(checkpoint_steps=20, steps=600), request()))
        wait_for(jobs, id, lambda job: job.committed_step > 0)
        disk.full_at = point
        before = jobs.store.job(id)
        with pytest.raises(StorageFullError):
            jobs.create(order(), request("r", b"a"))
        assert (jobs.store.job(id).state, len(jobs.store.jobs())) == (JobState.RUNNING, 1)
        after = jobs.store.job(id)
        assert after.event_number >= before.event_number
        disk.full_at = ""
        assert ended(jobs, id).state is JobState.SUCCEEDED
        assert bits(jobs.reached(id)) == bits(undisturbed(steps=600)[1])
        reports = [event.what for event in jobs.store.events(id, size=10**4) if isinstance(event.what, Progress)]
        assert [report.number for report in reports] == list(range(1, 61))
        jobs.create(order(), request("r", b"a"))


def test_a_store_that_has_no_room_left_for_rows_says_so_and_is_read_on(tmp_path: Path) -> None:
    store = Store(tmp_path)
    (pages,) = store._writer.execute("PRAGMA page_count").fetchone()
    store._writer.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StorageFullError), store.writing() as writing:
        writing.remember(request("r", b"f"), bytes(100_000))
    assert store.jobs() == []
    store._writer.execute("PRAGMA max_page_count = 100000")
    with store.writing() as writing:
        assert writing.remember(request("r", b"f"), b"answer") == b"answer"
    store.close()


def test_what_is_told_may_be_read_from_any_event_on_and_the_oldest_reports_go(tmp_path: Path) -> None:
    limits = replace(LIMITS, job_events=20)
    with jobs_in(tmp_path, limits) as jobs:
        id = id_in(jobs.create(order(every=1), request()))
        last = ended(jobs, id).event_number
        events = jobs.store.events(id, size=1000)
        assert [e.number for e in events if not isinstance(e.what, Progress)] == [1, 2, last - 1, last]
        assert len(events) <= 24
        for after in (0, 1, 150, last - 5, last):
            assert jobs.store.events(id, after, 1000) == [event for event in events if event.number > after]
        assert [event.number for event in jobs.store.events(id, 2, 3)] == [e.number for e in events[2:5]]


def test_reports_with_parameters_come_back_with_them(tmp_path: Path) -> None:
    with jobs_in(tmp_path) as jobs:
        id = id_in(jobs.create(order(parameters=True), request()))
        ended(jobs, id)
        expected, _ = undisturbed(parameters=True)
        report = jobs.store.latest_report(id)
        assert report is not None
        assert report.parameters is not None
        assert expected[-1].parameters is not None
        assert report.parameters["w"].tobytes() == expected[-1].parameters["w"].tobytes()


def test_limits_hold(tmp_path: Path) -> None:
    with jobs_in(tmp_path, replace(LIMITS, open_jobs=2)) as jobs:
        ids = [id_in(jobs.create(order(steps=ENDLESS), request())) for _ in range(2)]
        with pytest.raises(OverloadedError, match="2 training jobs have not ended"):
            jobs.create(order(), request())
        for id in ids:
            settle(jobs, id, jobs.cancel)
        ended(jobs, id_in(jobs.create(order(), request())))
    with jobs_in(tmp_path, replace(LIMITS, job_bytes=1000)) as jobs, pytest.raises(StorageFullError):
        jobs.create(order(), request())


def test_three_checkpoints_are_kept_and_no_other_file(tmp_path: Path) -> None:
    with jobs_in(tmp_path) as jobs:
        id = id_in(jobs.create(order(checkpoint_steps=25), request()))
        job = ended(jobs, id)
        checkpoints = jobs.store.checkpoints(id)
        assert [step for step, _ in checkpoints] == [200, 175, 150]
        named = {job.definition.name} | {file.name for _, file in checkpoints}
        assert {path.name for path in (tmp_path / "files").iterdir()} == named
    (tmp_path / "files" / "0123.part").write_bytes(b"half")
    with jobs_in(tmp_path):
        assert len(list((tmp_path / "files").iterdir())) == 4


def test_jobs_go_on_with_the_next_server_in_their_order(tmp_path: Path) -> None:
    limits = replace(LIMITS, running_jobs=1)
    with jobs_in(tmp_path, limits) as jobs:
        first = id_in(jobs.create(order(steps=ENDLESS), request()))
        second = id_in(jobs.create(order(), request()))
        wait_for(jobs, first, lambda job: job.state is JobState.RUNNING)
    with jobs_in(tmp_path, limits, start=False) as jobs:
        assert [job.state for job in jobs.store.jobs()] == [JobState.PENDING, JobState.PENDING]
        assert jobs.store.job(first).committed_step > 0
        assert [job.id for job in jobs.store.jobs()] == [second, first]
        assert [job.id for job in jobs.store.jobs(before=2)] == [first]
        assert jobs.store.jobs([JobState.RUNNING]) == []
        jobs.start()
        wait_for(jobs, first, lambda job: job.state is JobState.RUNNING)
        settle(jobs, first, jobs.cancel)
        assert ended(jobs, second).state is JobState.SUCCEEDED


def test_a_folder_is_for_one_server_and_its_owner(tmp_path: Path) -> None:
    folder = tmp_path / "jobs"
    with jobs_in(folder), pytest.raises(InvalidRequestError, match="a server keeps its training jobs in"):
        Store(folder)
    assert folder.stat().st_mode & 0o777 == 0o700
    (folder / "jobs.db").write_bytes(b"something else" * 1000)
    for name in ("jobs.db-wal", "jobs.db-shm"):
        (folder / name).unlink(missing_ok=True)
    with pytest.raises(InvalidRequestError, match="can't be read as a store of training jobs"):
        Store(folder)


def test_a_bug_is_told_as_one_and_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with jobs_in(tmp_path) as jobs:
        failure = ended(jobs, id_in(jobs.create(order(steps="many"), request()))).failure
        assert failure is not None
        assert (failure.reason, failure.code) == ("INTERNAL", "INTERNAL")
        assert "many" not in failure.message
    assert "TypeError" in caplog.text


def test_a_job_that_was_made_before_the_others_go_on_runs_once(tmp_path: Path) -> None:
    with jobs_in(tmp_path, start=False) as jobs:
        id = id_in(jobs.create(order(steps=ENDLESS), request()))
        wait_for(jobs, id, lambda job: job.state is JobState.RUNNING)
        jobs.start()
        assert jobs.store.job(id).state is JobState.RUNNING
        settle(jobs, id, jobs.cancel)
        happened = [event.what for event in jobs.store.events(id, size=10**4)]
        assert happened.count(JobState.RUNNING) == happened.count(JobState.PENDING) == 1
