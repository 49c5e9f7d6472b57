"""The tables of the store, and how their rows are read."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from gradwire_service.errors import TrainingJobUnknownError
from gradwire_service.training.checkpoint import pack, unpack
from gradwire_service.training.files import Stored
from gradwire_service.training.job import Event, Failure, Job, JobState, Wish
from gradwire_service.training.progress import Progress

FORM = 1
"""Number of this form of the tables; a store with another one is refused."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS jobs (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL,
    wish TEXT NOT NULL DEFAULT '',
    display_name TEXT NOT NULL,
    labels TEXT NOT NULL,
    checkpoint_steps INTEGER NOT NULL,
    definition TEXT NOT NULL,
    digest TEXT NOT NULL,
    size INTEGER NOT NULL,
    changes BLOB NOT NULL DEFAULT x'',
    committed_step INTEGER NOT NULL DEFAULT 0,
    event_number INTEGER NOT NULL DEFAULT 0,
    create_time REAL NOT NULL,
    update_time REAL NOT NULL,
    end_time REAL NOT NULL DEFAULT 0,
    failure TEXT
);
CREATE INDEX IF NOT EXISTS jobs_by_state ON jobs (state);
CREATE TABLE IF NOT EXISTS checkpoints (
    job TEXT NOT NULL,
    generation INTEGER NOT NULL,
    step INTEGER NOT NULL,
    file TEXT NOT NULL,
    digest TEXT NOT NULL,
    size INTEGER NOT NULL,
    PRIMARY KEY (job, generation)
);
CREATE TABLE IF NOT EXISTS events (
    job TEXT NOT NULL,
    number INTEGER NOT NULL,
    time REAL NOT NULL,
    kind TEXT NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (job, number)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS reports ON events (job, number) WHERE kind = 'progress';
CREATE TABLE IF NOT EXISTS requests (
    id TEXT PRIMARY KEY,
    fingerprint BLOB NOT NULL,
    answer BLOB NOT NULL,
    age REAL NOT NULL
);
"""
COLUMNS = (
    "number id state wish display_name labels checkpoint_steps definition digest size changes committed_step "
    "event_number create_time update_time end_time failure"
).split()


def read_job(connection: sqlite3.Connection, id: str) -> Job:
    """Return a job.

    Raises: TrainingJobUnknownError.
    """
    row = _row(connection, id)
    return _job(row, read_report(connection, id))


def read_report(connection: sqlite3.Connection, id: str, until: int = 2**62) -> Progress | None:
    """Return the latest report of a job, up to an event."""
    query = "SELECT body FROM events WHERE job = ? AND number <= ? AND kind = 'progress' ORDER BY number DESC LIMIT 1"
    row = connection.execute(query, (id, until)).fetchone()
    return unpack(row[0], Progress) if row else None


def read_event(connection: sqlite3.Connection, id: str, number: int, time: float, kind: str, body: bytes) -> Event:
    """Return an event of its row."""
    match kind:
        case "progress":
            return Event(number, time, unpack(body, Progress))
        case "state":
            return Event(number, time, JobState(body.decode()))
    return Event(number, time, _job({**json.loads(body), "changes": b""}, read_report(connection, id, number)))


def write_event(
    connection: sqlite3.Connection, id: str, number: int, what: JobState | Progress | None
) -> tuple[str, bytes]:
    """Return kind and body of an event; None stands for the job as it is now."""
    if isinstance(what, Progress):
        return "progress", b"".join(pack(what))
    if what is None:
        row = {**_row(connection, id), "changes": None, "event_number": number}
        return "finished", json.dumps(row).encode()
    return "state", what.value.encode()


def _row(connection: sqlite3.Connection, id: str) -> dict[str, Any]:
    row = connection.execute(f"SELECT {', '.join(COLUMNS)} FROM jobs WHERE id = ?", (id,)).fetchone()
    if row is None:
        raise TrainingJobUnknownError(f"there is no training job {id[:64]!r} (any more)", field="name")
    return dict(zip(COLUMNS, row, strict=True))


def _job(row: dict[str, Any], progress: Progress | None) -> Job:
    stored = Stored(row.pop("definition"), row.pop("digest"), row.pop("size"))
    read = {
        "state": JobState(row["state"]),
        "wish": Wish(row["wish"]) if row["wish"] else None,
        "labels": json.loads(row["labels"]),
        "failure": Failure(**json.loads(row["failure"])) if row["failure"] else None,
    }
    return Job(**{**row, **read, "definition": stored, "progress": progress})
