"""Training jobs: minimizations that go on by themselves, a bounded number at a time, and across restarts."""

from __future__ import annotations

import json
import logging
import secrets
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field

from gradwire_service.errors import (
    OverloadedError,
    StorageError,
    StorageFailedError,
    TrainingJobStateError,
    TrainingJobUnknownError,
)
from gradwire_service.training.checkpoint import unpack
from gradwire_service.training.files import full
from gradwire_service.training.job import Job, JobState, Request, Wish
from gradwire_service.training.running import INTERVAL, Running, Work
from gradwire_service.training.store import Store, Writing

log = logging.getLogger(__name__)

Listener = Callable[[], None]


@dataclass(frozen=True)
class Order:
    """What a new job is to be.

    Attributes:
        definition: what to do, in pieces.
        display_name: what a person calls it.
        labels: notes of the client's.
        checkpoint_steps: steps between checkpoints; 0: those that time asks for.
    """

    definition: Sequence[bytes | memoryview]
    display_name: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    checkpoint_steps: int = 0


class Jobs:
    """The jobs of a store and the threads that they run in. Methods may be called from any thread.

    Attributes:
        store: where they are kept.
    """

    def __init__(self, store: Store, work: Work) -> None:
        """Begin with what is in the store.

        Args:
            store: where jobs are kept; it is closed at the end.
            work: turns what a job is to do into a minimization.
        """
        self.store = store
        self._work = work
        self._lock = threading.Lock()  # taken before the store's, never after
        self._running: dict[str, Running] = {}
        self._threads: set[Future[None]] = set()
        self._listeners: dict[str, list[Listener]] = {}
        self._stopping = threading.Event()
        self._pool = ThreadPoolExecutor(store.limits.running_jobs, "training job")

    def start(self) -> None:
        """Let the jobs go on that had not ended when the last server did."""
        for job in reversed(self.store.jobs([JobState.PENDING, JobState.RUNNING])):
            if self._is_left(job.id):
                self._submit(job.id)
            self._notify(job.id)

    def _is_left(self, id: str) -> bool:
        """Tell whether a job waits for its turn that nobody let wait since this server began."""
        with self._lock:
            if id in self._running:
                return False
            try:
                with self.store.writing() as writing:
                    return _await_turn(writing, writing.job(id))
            except TrainingJobUnknownError:
                return False
            except StorageError:  # it is looked at again when its turn has come
                return True

    def stop(self, seconds: float) -> None:
        """Let running jobs commit what they reached; they go on with the next server.

        Args:
            seconds: how long they may take; what is not on disk then is computed again.
        """
        with self._lock:
            self._stopping.set()
            running, threads = list(self._running.values()), set(self._threads)
        self._pool.shutdown(wait=False, cancel_futures=True)
        for job in running:
            job.leave()
        wait([thread for thread in threads if not thread.cancelled()], seconds)
        for job in running:
            job.abandon()
        for id in list(self._listeners):
            self._notify(id)

    def close(self) -> None:
        """Let go of the store, once nobody asks any more."""
        self.store.close()

    # What can be asked of jobs

    def create(self, order: Callable[[], Order], request: Request) -> bytes:
        """Make a job; when this returns, it is on disk.

        Args:
            order: tells what it is to be, unless the request was answered before.
            request: the request.

        Returns: the answer to the request.
        Raises: RequestIdConflictError, OverloadedError, StorageFullError, StorageFailedError.
        """
        with self.store.writing() as writing:
            if (answer := writing.answer_before(request)) is not None:
                return answer
        id, wanted = secrets.token_hex(16), order()
        definition = self.store.files.write(wanted.definition)
        try:
            with self.store.writing() as writing:
                if (answer := writing.answer_before(request)) is not None:  # it came twice at once
                    writing.unnamed.append(definition.name)
                    return answer
                self._check_room(writing.count_open(), writing.size() + definition.size)
                writing.insert(
                    id,
                    definition,
                    display_name=wanted.display_name,
                    labels=json.dumps(dict(wanted.labels)),
                    checkpoint_steps=wanted.checkpoint_steps,
                )
                answer = writing.remember(request, request.answer(writing.job(id)))
        except StorageFailedError:  # whether the row is there can't be told now; the next start looks
            raise
        except BaseException:
            self.store.files.remove([definition.name])
            raise
        self._submit(id)
        return answer

    def pause(self, id: str, request: Request) -> bytes | None:
        """Tell a job to pause after its step.

        Returns: the answer to the request; None when it makes a step until `settled` tells the answer.
        Raises: TrainingJobUnknownError, TrainingJobStateError, RequestIdConflictError, StorageFullError,
            StorageFailedError.
        """
        return self._ask(id, Wish.PAUSE, request)

    def cancel(self, id: str, request: Request) -> bytes | None:
        """Tell a job to end after its step. All else as in `pause`."""
        return self._ask(id, Wish.CANCEL, request)

    def _ask(self, id: str, wish: Wish, request: Request) -> bytes | None:
        with self._lock:
            with self.store.writing() as writing:
                if (answer := writing.answer_before(request)) is not None:
                    return answer or None
                job = writing.job(id)
                if job.state is JobState.RUNNING:
                    writing.update(id, wish=wish.value)
                    writing.remember(request, b"")
                else:
                    if not job.state.has_ended and job.state is not _AIMS[wish]:
                        job = writing.move(id, _AIMS[wish])
                    _check_state(job, wish)
                    answer = writing.remember(request, request.answer(job))
            if answer is None and id in self._running:
                self._running[id].wish = wish
        self._notify(id)
        return answer

    def settled(self, id: str, wish: Wish, request: Request) -> bytes | None:
        """Tell how a request is answered whose job had to make a step first; None while it does.

        Raises: TrainingJobStateError when the job ended in another way; StorageFullError, StorageFailedError when
            what it reached can't be written at the moment.
        """
        job = self.store.job(id)
        with self._lock:
            running = self._running.get(id)
        if job.state is JobState.RUNNING and job.wish is wish:
            if running is not None and running.trouble is not None:
                raise running.trouble
            return None
        if job.state.has_ended:
            _check_state(job, wish)
        with self.store.writing() as writing:
            return writing.answer_before(request) or writing.remember(request, request.answer(job))

    def resume(self, id: str, changes: bytes | None, request: Request) -> bytes:
        """Let a job that paused or failed go on.

        Args:
            id: the job.
            changes: what is different from now on, in place of all that was changed before; None: nothing.
            request: the request.

        Returns, Raises: as `pause` does.
        """
        with self._lock:
            with self.store.writing() as writing:
                if (answer := writing.answer_before(request)) is not None:
                    return answer
                job = writing.job(id)
                if job.state in (JobState.SUCCEEDED, JobState.CANCELLED):
                    raise _wrong_state(job, "it can't be resumed; make a new job of what it reached")
                waits = job.state in (JobState.PAUSED, JobState.FAILED)
                if not waits and changes is not None:
                    raise _wrong_state(job, "it can't go on in another way meanwhile; pause it first")
                if changes is not None:
                    writing.update(id, changes=changes)
                if job.wish is Wish.PAUSE:
                    writing.update(id, wish="")
                job = writing.move(id, JobState.PENDING) if waits else writing.job(id)
                answer = writing.remember(request, request.answer(job))
            if job.wish is None and id in self._running:
                self._running[id].wish = None
        if waits:
            self._submit(id)
        self._notify(id)
        return answer

    def delete(self, id: str, missing_ok: bool, request: Request) -> bytes:
        """Forget a job that has ended.

        Raises: as `pause` does.
        """
        with self.store.writing() as writing:
            if (answer := writing.answer_before(request)) is not None:
                return answer
            try:
                job = writing.job(id)
            except TrainingJobUnknownError:
                if not missing_ok:
                    raise
            else:
                if not job.state.has_ended:
                    raise _wrong_state(job, "it can't be deleted; cancel it first")
                writing.delete(id)
            answer = writing.remember(request, request.answer(None))
        self._notify(id)
        return answer

    def reached(self, id: str) -> object:
        """Return what a job has on disk: how it ended, or a snapshot to go on from; None before the first checkpoint.

        Raises: TrainingJobUnknownError, CheckpointDamagedError, StorageFailedError.
        """
        checkpoints = self.store.checkpoints(id)
        return unpack(self.store.files.read(checkpoints[0][1]), object) if checkpoints else None

    @contextmanager
    def listening(self, id: str, listener: Listener) -> Iterator[None]:
        """Have something called, from any thread, whenever there may be news of a job."""
        with self._lock:
            self._listeners.setdefault(id, []).append(listener)
        try:
            yield
        finally:
            with self._lock:
                self._listeners[id].remove(listener)
                if not self._listeners[id]:
                    del self._listeners[id]

    # Running

    def _submit(self, id: str) -> None:
        with self._lock:
            if self._stopping.is_set():
                return  # it waits for the next server
            thread = self._pool.submit(self._run, id)
            self._threads.add(thread)
        thread.add_done_callback(self._threads.discard)

    def _run(self, id: str) -> None:
        running = None
        try:
            running = self._begin_when_possible(id)
            if running is not None:
                self._notify(id)
                running.go(self._work)
        except Exception:
            log.exception("event=internal_error job=%s", id)
        finally:
            with self._lock:
                if self._running.get(id) is running:  # and not of a thread that has taken it up again
                    self._running.pop(id, None)
            self._notify(id)

    def _begin_when_possible(self, id: str) -> Running | None:
        while not self._stopping.is_set():
            try:
                return self._begin(id)
            except StorageError:
                self._stopping.wait(INTERVAL)
        return None

    def _begin(self, id: str) -> Running | None:
        """Take a job whose turn it is; None when it was paused, cancelled or deleted meanwhile."""
        with self._lock, self.store.writing() as writing:
            try:
                job = writing.job(id)
            except TrainingJobUnknownError:
                return None
            is_taken = job.state is JobState.RUNNING and id in self._running
            if is_taken or job.state not in (JobState.PENDING, JobState.RUNNING) or not _await_turn(writing, job):
                return None
            job = writing.move(id, JobState.RUNNING)
            running = self._running[id] = Running(self.store, job, lambda: self._notify(id))
            return running

    def _notify(self, id: str) -> None:
        with self._lock:
            listeners = list(self._listeners.get(id, ()))
        for listener in listeners:
            listener()

    def _check_room(self, open_jobs: int, size: int) -> None:
        limits = self.store.limits
        if open_jobs >= limits.open_jobs:
            text = f"{open_jobs} training jobs have not ended, and this server takes no more; wait, or cancel some"
            raise OverloadedError(text, limit=limits.open_jobs, value=open_jobs)
        if size > limits.job_bytes:
            raise full()


def _await_turn(writing: Writing, job: Job) -> bool:
    """Let a job wait that makes no steps; tell whether it waits, or was told something else meanwhile."""
    if job.wish is not None:
        writing.move(job.id, _AIMS[job.wish])
    elif job.state is JobState.RUNNING:  # the last server ended without notice
        writing.move(job.id, JobState.PENDING)
    return job.wish is None and not job.state.has_ended


_AIMS = {Wish.PAUSE: JobState.PAUSED, Wish.CANCEL: JobState.CANCELLED}


def _check_state(job: Job, wish: Wish) -> None:
    """See that a job came to where it was told to.

    Raises: TrainingJobStateError.
    """
    if job.state is not _AIMS[wish]:
        raise _wrong_state(job, f"it can't {wish.value} any more")


def _wrong_state(job: Job, why: str) -> TrainingJobStateError:
    return TrainingJobStateError(f"training job {job.id} is {job.state.value}: {why}", state=job.state.value)
