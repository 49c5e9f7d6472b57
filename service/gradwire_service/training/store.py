"""Training jobs on disk: rows in SQLite, whose journal is synced before anybody is told, and files that they name.

Whatever stops the server, and whenever: what a row says is so. A file is whole before a row names it, and stays until
no row does. There is one writer at a time; readers see the last commit, and go on when the disk is full.
"""

from __future__ import annotations

import fcntl
import json
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gradwire_service.errors import InvalidRequestError, RequestIdConflictError, StorageFailedError
from gradwire_service.limits import LIMITS, Limits
from gradwire_service.training.files import Files, Passing, Stored, full, pass_on, told
from gradwire_service.training.job import Event, Failure, Job, JobState, Request
from gradwire_service.training.progress import Progress
from gradwire_service.training.rows import FORM, SCHEMA, read_event, read_job, read_report, write_event

KEPT = 24 * 3600.0
"""Seconds of service for which requests are remembered: a clock that jumps forgets none."""


class Store:
    """The jobs of one folder. It may be used from several threads, but by one server at a time."""

    def __init__(
        self,
        folder: Path,
        limits: Limits = LIMITS,
        passing: Passing = pass_on,
        now: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Open a folder, or make it.

        Args:
            folder: where everything is.
            limits: how much is kept.
            passing: called at each point of a write at which the machine may stop.
            now: tells the time of day, in seconds since 1970.
            clock: tells the time that passes, in seconds.

        Raises: InvalidRequestError when another server has it, or it is none of ours; StorageFullError,
            StorageFailedError.
        """
        self.limits, self.now, self._clock, self._passing = limits, now, clock, passing
        with told():
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder.chmod(0o700)
            self._lock_file = (folder / "lock").open("wb")
        try:
            fcntl.flock(self._lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._lock_file.close()
            text = f"a server keeps its training jobs in {folder} already; stop it, or name another folder"
            raise InvalidRequestError(text, field="data_dir") from None
        self.files = Files(folder / "files", passing)
        self._lock, self._reading = threading.RLock(), threading.Lock()
        path = folder / "jobs.db"
        try:
            self._writer = _connect(path)
            self._create()
            self._reader = _connect(path)
            self._reader.execute("PRAGMA query_only = 1")
            row = self._writer.execute("SELECT max(age) FROM requests").fetchone()
        except sqlite3.DatabaseError as error:
            self._lock_file.close()
            text = f"{path} can't be read as a store of training jobs: {error}; move it away, or name another folder"
            raise InvalidRequestError(text, field="data_dir") from None
        self._age, self._opened = row[0] or 0.0, clock()
        named = self._writer.execute("SELECT definition FROM jobs UNION ALL SELECT file FROM checkpoints")
        self.files.sweep([name for (name,) in named])

    def close(self) -> None:
        """Let go of the folder."""
        with self._lock, self._reading:
            self._writer.close()
            self._reader.close()
            self._lock_file.close()

    def _create(self) -> None:
        (form,) = self._writer.execute("PRAGMA user_version").fetchone()
        if form not in (0, FORM):
            raise sqlite3.DatabaseError(f"it has form {form}, and this server reads form {FORM}")
        self._writer.executescript(f"BEGIN IMMEDIATE; {SCHEMA}; PRAGMA user_version = {FORM}; COMMIT")

    # Reading

    def job(self, id: str) -> Job:
        """Return a job.

        Raises: TrainingJobUnknownError.
        """
        with self._reads() as connection:
            return read_job(connection, id)

    def jobs(self, states: Sequence[JobState] = (), before: int = 2**63 - 1, size: int = -1) -> list[Job]:
        """List jobs, the latest first.

        Args:
            states: those to list; none: all.
            before: of jobs whose number is less than this.
            size: how many at most; -1: all.
        """
        which = [state.value for state in states or JobState]
        marks = ", ".join("?" * len(which))
        query = f"SELECT id FROM jobs WHERE number < ? AND state IN ({marks}) ORDER BY number DESC LIMIT ?"
        with self._reads() as connection:
            found = connection.execute(query, (before, *which, size)).fetchall()
            return [read_job(connection, id) for (id,) in found]

    def events(self, id: str, after: int = 0, size: int = 100) -> list[Event]:
        """Return what happened to a job after an event.

        Raises: TrainingJobUnknownError.
        """
        query = "SELECT number, time, kind, body FROM events WHERE job = ? AND number > ? ORDER BY number LIMIT ?"
        with self._reads() as connection:
            read_job(connection, id)
            return [read_event(connection, id, *row) for row in connection.execute(query, (id, after, size))]

    def latest_report(self, id: str) -> Progress | None:
        """Return the latest report of a job, with parameters if it has them."""
        with self._reads() as connection:
            return read_report(connection, id)

    def checkpoints(self, id: str) -> list[tuple[int, Stored]]:
        """Return steps and files of the checkpoints of a job, the latest first."""
        query = "SELECT step, file, digest, size FROM checkpoints WHERE job = ? ORDER BY generation DESC"
        with self._reads() as connection:
            return [(step, Stored(*row)) for step, *row in connection.execute(query, (id,))]

    # Writing

    @contextmanager
    def writing(self) -> Iterator[Writing]:
        """Do several things at once; when it is left they are on disk, and when it is left by an error none is.

        Raises: StorageFullError, StorageFailedError.
        """
        with self._lock, _translated():
            try:
                self._writer.execute("BEGIN IMMEDIATE")
                writing = Writing(self, self._writer, self._age + self._clock() - self._opened)
                yield writing
                with told():
                    self._passing("before commit")
                self._writer.execute("COMMIT")
            except BaseException:
                if self._writer.in_transaction:
                    self._writer.execute("ROLLBACK")
                raise
            with told():
                self._passing("after commit")
        self.files.remove(writing.unnamed)

    @contextmanager
    def _reads(self) -> Iterator[sqlite3.Connection]:
        with self._reading, _translated():
            self._reader.execute("BEGIN")
            try:
                yield self._reader
            finally:
                self._reader.execute("COMMIT")


class Writing:
    """What can be done to the store in one transaction.

    Attributes:
        unnamed: names of files that no row names once it is done.
    """

    def __init__(self, store: Store, connection: sqlite3.Connection, age: float) -> None:
        self._store, self._connection, self._age, self._now = store, connection, age, store.now()
        self.unnamed: list[str] = []

    def job(self, id: str) -> Job:
        """Return a job as it is now.

        Raises: TrainingJobUnknownError.
        """
        return read_job(self._connection, id)

    def insert(self, id: str, definition: Stored, **columns: Any) -> None:
        """Add a job that waits for its turn."""
        values = {"id": id, "state": JobState.PENDING.value, **columns}
        values |= {"create_time": self._now, "update_time": self._now}
        values |= {"definition": definition.name, "digest": definition.digest, "size": definition.size}
        names, marks = ", ".join(values), ", ".join("?" * len(values))
        self._connection.execute(f"INSERT INTO jobs ({names}) VALUES ({marks})", tuple(values.values()))
        self.tell(id, JobState.PENDING)

    def update(self, id: str, **columns: Any) -> None:
        """Change columns of a job."""
        values = {**columns, "update_time": self._now}
        settings = ", ".join(f"{name} = ?" for name in values)
        self._connection.execute(f"UPDATE jobs SET {settings} WHERE id = ?", (*values.values(), id))

    def move(self, id: str, state: JobState, failure: Failure | None = None) -> Job:
        """Bring a job to a state, where what it was told before is done with; tell so, and return it."""
        text = json.dumps(vars(failure)) if failure else None
        end = self._now if state.has_ended else 0.0
        self.update(id, state=state.value, wish="", failure=text, end_time=end)
        self.tell(id, *[state, None] if state.has_ended else [state])
        return self.job(id)

    def tell(self, id: str, *happened: JobState | Progress | None) -> None:
        """Add events; None stands for the job as it is now, at its end."""
        number = self.job(id).event_number
        for what in happened:
            number += 1
            kind, body = write_event(self._connection, id, number, what)
            self._connection.execute("INSERT INTO events VALUES (?, ?, ?, ?, ?)", (id, number, self._now, kind, body))
            if kind == "progress":
                self._thin(id, number, len(body))
        self.update(id, event_number=number)

    def _thin(self, id: str, number: int, size: int) -> None:
        """Forget the oldest reports, where there are very many; they are about of one size."""
        limits = self._store.limits
        oldest = number - max(1, min(limits.job_events, limits.job_event_bytes // size))
        if oldest > 0:
            query = "DELETE FROM events WHERE job = ? AND number <= ? AND kind = 'progress'"
            self._connection.execute(query, (id, oldest))

    def add_checkpoint(self, id: str, step: int, stored: Stored) -> None:
        """Name a checkpoint that was written; the oldest go when there are too many."""
        run = self._connection.execute
        (last,) = run("SELECT max(generation) FROM checkpoints WHERE job = ?", (id,)).fetchone()
        generation = (last or 0) + 1
        row = (id, generation, step, stored.name, stored.digest, stored.size)
        run("INSERT INTO checkpoints VALUES (?, ?, ?, ?, ?, ?)", row)
        old = (id, generation - self._store.limits.checkpoints)
        self.unnamed += [name for (name,) in run("SELECT file FROM checkpoints WHERE job = ? AND generation <= ?", old)]
        run("DELETE FROM checkpoints WHERE job = ? AND generation <= ?", old)
        self.update(id, committed_step=step)

    def drop_checkpoints(self, id: str, step: int) -> int | None:
        """Forget the checkpoints from a step on; return the step of the last that is left, None when none is."""
        run = self._connection.execute
        self.unnamed += [
            name for (name,) in run("SELECT file FROM checkpoints WHERE job = ? AND step >= ?", (id, step))
        ]
        run("DELETE FROM checkpoints WHERE job = ? AND step >= ?", (id, step))
        (left,) = run("SELECT max(step) FROM checkpoints WHERE job = ?", (id,)).fetchone()
        self.update(id, committed_step=left or 0)
        return left

    def delete(self, id: str) -> None:
        """Forget a job and all that belongs to it."""
        run = self._connection.execute
        self.unnamed += [name for (name,) in run("SELECT file FROM checkpoints WHERE job = ?", (id,))]
        self.unnamed.append(self.job(id).definition.name)
        for table, column in (("checkpoints", "job"), ("events", "job"), ("jobs", "id")):
            run(f"DELETE FROM {table} WHERE {column} = ?", (id,))

    def count_open(self) -> int:
        """Return the number of jobs that have not ended."""
        which = [state.value for state in JobState if not state.has_ended]
        marks = ", ".join("?" * len(which))
        found: tuple[int] = self._connection.execute(
            f"SELECT count(*) FROM jobs WHERE state IN ({marks})", which
        ).fetchone()
        return found[0]

    def size(self) -> int:
        """Return the size of all files, in bytes."""
        query = "SELECT (SELECT total(size) FROM jobs) + (SELECT total(size) FROM checkpoints)"
        return int(self._connection.execute(query).fetchone()[0])

    # Requests

    def answer_before(self, request: Request) -> bytes | None:
        """Return how a request was answered before; None when it is new.

        Raises: RequestIdConflictError when another request bore its id.
        """
        row = None
        if request.id:
            query = "SELECT fingerprint, answer FROM requests WHERE id = ? AND age > ?"
            row = self._connection.execute(query, (request.id, self._age - KEPT)).fetchone()
        if row and row[0] != request.fingerprint:
            text = "this request id was used before, with another request; take a new one for each request"
            raise RequestIdConflictError(text, field="request_id")
        return row and row[1]

    def remember(self, request: Request, answer: bytes) -> bytes:
        """Keep how a request was answered, for as long as it may come again; return the answer."""
        if request.id:
            run = self._connection.execute
            run("DELETE FROM requests WHERE age <= ?", (self._age - KEPT,))
            row = (request.id, request.fingerprint, answer, self._age)
            run("INSERT OR REPLACE INTO requests VALUES (?, ?, ?, ?)", row)
        return answer


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10.0)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    return connection


@contextmanager
def _translated() -> Iterator[None]:
    """Turn what SQLite raises about its disk into our errors."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
            raise full() from error
        text = f"the store of training jobs can't be used: {error}; try again later"
        raise StorageFailedError(text) from error
