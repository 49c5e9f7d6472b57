"""One training job that makes steps: what it reaches goes to disk before anybody is told."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Generator
from contextlib import closing
from typing import Protocol

from gradwire_service.backend import Interrupt
from gradwire_service.errors import (
    CancelledError,
    CheckpointDamagedError,
    GradwireError,
    InternalError,
    NotFiniteError,
    StorageError,
    StorageFullError,
)
from gradwire_service.training.checkpoint import pack, unpack
from gradwire_service.training.job import Failure, Job, JobState, Wish
from gradwire_service.training.progress import Progress, StopReason
from gradwire_service.training.snapshot import Snapshot
from gradwire_service.training.store import Store

log = logging.getLogger(__name__)

INTERVAL = 1.0
"""Seconds between two commits, at most, unless writing them takes long."""

SHARE = 5.0
"""Commits take at most one part in so many of a job's time."""


class Ending(Protocol):
    """How a minimization ended; such as `Result`."""

    @property
    def stop_reason(self) -> StopReason:
        """Why it stopped."""
        ...

    @property
    def progress(self) -> Progress:
        """The last report."""
        ...


Keep = Callable[[Snapshot | None], int | None]
"""Called between slices of steps; None where there is nothing to go on from, and the job would start over."""


class Work(Protocol):
    """Turns what a job is to do into a minimization."""

    def __call__(
        self, definition: memoryview, changes: bytes, resume: Snapshot | None, keep: Keep, interrupt: Interrupt
    ) -> Generator[Progress | Ending]:
        """Minimize.

        Args:
            definition: what to do, as the job was given it.
            changes: what was changed of that since, as it was given.
            resume: where to go on; None: at the start.
            keep: to be given snapshots.
            interrupt: to be called between blocks.

        Raises: GradwireError for all that goes wrong.
        """
        ...


class Halt(BaseException):
    """Ends a minimization whose state is on disk, or is to be forgotten."""


class Running:
    """A job and the thread that it runs in.

    Attributes:
        wish: what it is to do at its next look.
        trouble: why its state can't be written at the moment.
    """

    def __init__(
        self, store: Store, job: Job, notify: Callable[[], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Take over a job in the state `RUNNING`.

        Args:
            store: where it is kept.
            job: the job.
            notify: called when there is something new of it on disk, or trouble.
            clock: tells the time, in seconds.
        """
        self.wish: Wish | None = job.wish
        self.trouble: GradwireError | None = None
        self._store, self._job, self._notify, self._clock = store, job, notify, clock
        self._leaving, self._abandoned, self._cancelling = threading.Event(), False, False
        self._latest: Snapshot | None = None
        self._before: Snapshot | None = None  # the one before: from there a step was made, so all was finite
        self._forget_since: int | None = None
        self._told: list[Progress] = []
        self._told_bytes = 0
        self._committed_step = job.committed_step
        self._due = clock() + INTERVAL

    def leave(self) -> None:
        """Commit at the next look and end; the job goes on with the next server."""
        self._leaving.set()

    def abandon(self) -> None:
        """End at the next block; the job goes on from its last commit with the next server."""
        self._abandoned = True
        self._leaving.set()

    def go(self, work: Work) -> None:
        """Make steps until the job ends, or is told to stop; whatever happens is then on disk."""
        try:
            definition = self._definition()
            resume = self._load()
            if self.wish is Wish.CANCEL:
                self._cancelling = True
            with closing(work(definition, self._job.changes, resume, self._keep, self._interrupt)) as events:
                for event in events:
                    if isinstance(event, Progress):
                        self._hear(event)
                    else:
                        cancelled = event.stop_reason is StopReason.CANCELLED
                        self._end(event, JobState.CANCELLED if cancelled else JobState.SUCCEEDED)
        except GradwireError as error:
            self._fail(error)
        except Exception:
            log.exception("event=internal_error job=%s", self._job.id)
            self._fail(InternalError("this is a bug in Gradwire, and in the server's log: please report it"))
        except Halt:
            pass

    def _definition(self) -> memoryview:
        try:
            return self._store.files.read(self._job.definition)
        except CheckpointDamagedError as error:
            text = f"{error.message}, that with what it is to do; create it again"
            raise CheckpointDamagedError(text) from None

    def _load(self) -> Snapshot | None:
        """Return where the job goes on.

        Raises: CheckpointDamagedError, having forgotten the checkpoint, so that the one before it is next.
        """
        checkpoints = self._store.checkpoints(self._job.id)
        if not checkpoints:
            return None
        step, latest = checkpoints[0]
        try:
            return unpack(self._store.files.read(latest), Snapshot)
        except CheckpointDamagedError as error:
            with self._store.writing() as writing:
                before = writing.drop_checkpoints(self._job.id, step)
            there = "from its start" if before is None else f"from the checkpoint at step {before}"
            text = f"{error.message}: the checkpoint at step {step}; resume the job, and it goes on {there}"
            raise CheckpointDamagedError(text, step=step) from None

    def _interrupt(self) -> None:
        if self._abandoned:
            raise Halt
        if self._cancelling:
            self._cancelling = False  # the loss of what was reached is still to be computed
            raise CancelledError("the job was told to end")

    def _hear(self, report: Progress) -> None:
        """Take a report, which is told when it is on disk; where that takes too long, the oldest go."""
        self._told.append(report)
        self._told_bytes += _weight(report)
        while self._told_bytes > self._store.limits.job_event_bytes and len(self._told) > 1:
            self._told_bytes -= _weight(self._told.pop(0))

    def _keep(self, snapshot: Snapshot | None) -> int:
        """Take a snapshot, and commit it where that is due; return the steps until the next one, 0 for any number.

        Raises: Halt when the job is to make no more steps.
        """
        self._before, self._latest = self._latest, snapshot
        if self.wish is Wish.CANCEL:
            self._cancelling = True
        elif self.wish is Wish.PAUSE and (self.trouble is None or self._clock() >= self._due):
            self._commit_if_possible(JobState.PAUSED)
        elif self._leaving.is_set():
            self._commit_if_possible(JobState.PENDING)
            raise Halt
        elif self._is_due(self._committed_step if snapshot is None else snapshot.step):
            self._commit_if_possible(None)
        done = 0 if snapshot is None else snapshot.step - self._committed_step
        return max(self._job.checkpoint_steps - done, 0)

    def _is_due(self, step: int) -> bool:
        steps = self._job.checkpoint_steps
        if self._clock() >= self._due or self._told_bytes > self._store.limits.job_event_bytes // 2:
            return True
        return 0 < steps <= step - self._committed_step and self.trouble is None

    def _commit_if_possible(self, state: JobState | None) -> None:
        """Commit; where the disk does not take it, go on and try again later: until then nothing is told."""
        try:
            moved = self._commit(self._latest, state)
        except StorageError as error:
            self._complain(error)
            self._due = self._clock() + INTERVAL
        else:
            if moved:
                raise Halt

    def _fail(self, error: GradwireError) -> None:
        """End the job, and keep the last of its states that was good."""
        good = self._latest
        if isinstance(error, NotFiniteError) and error.details.get("at") == "start":
            good = self._before
            self._forget_since = self._committed_step if self._latest is None else self._latest.step
        self._end(good, JobState.FAILED, Failure.of(error))

    def _end(self, reached: Snapshot | Ending | None, state: JobState, failure: Failure | None = None) -> None:
        """Commit the last of the job, however long the disk takes to have room for it."""
        while True:
            try:
                self._commit(reached, state, failure)
            except StorageError as error:
                self._complain(error)
            else:
                return
            if self._leaving.wait(INTERVAL):
                return  # the next server makes the last steps again, to the same bits

    def _commit(
        self, reached: Snapshot | Ending | None, state: JobState | None, failure: Failure | None = None
    ) -> bool:
        """Write a checkpoint, then name it and tell what led to it, all at once.

        Returns: whether the job came to the state: it does not pause when it was told to go on meanwhile.
        Raises: StorageFullError, StorageFailedError; nothing is then changed.
        """
        began = self._clock()
        if isinstance(reached, Snapshot) and reached.step == self._committed_step:
            reached = None
        stored = None if reached is None else self._store.files.write(pack(reached))
        try:
            with self._store.writing() as writing:
                writing.tell(self._job.id, *self._told)
                if self._forget_since is not None:
                    writing.drop_checkpoints(self._job.id, self._forget_since)
                if reached is not None and stored is not None:
                    step = reached.step if isinstance(reached, Snapshot) else reached.progress.step
                    writing.add_checkpoint(self._job.id, step, stored)
                if state is JobState.PAUSED and writing.job(self._job.id).wish is not Wish.PAUSE:
                    state = None
                if state is not None:
                    writing.move(self._job.id, state, failure)
        except StorageFullError:
            if stored is not None:
                self._store.files.remove([stored.name])
            raise
        self._told, self._told_bytes, self.trouble = [], 0, None
        if isinstance(reached, Snapshot):
            self._committed_step = reached.step
        now = self._clock()
        self._due = now + max(INTERVAL, (SHARE - 1) * (now - began))
        self._notify()
        return state is not None

    def _complain(self, error: StorageError) -> None:
        if self.trouble is None:
            log.warning("event=commit_failed job=%s reason=%s", self._job.id, error.reason)
        self.trouble = error
        self._notify()


def _weight(report: Progress) -> int:
    return 1000 + sum(array.nbytes for array in (report.parameters or {}).values())
