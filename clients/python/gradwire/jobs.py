"""Training jobs, as a user sees them: minimizations that go on by themselves, and across restarts of the server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Self

from gradwire import v1 as pb
from gradwire.errors import GradwireError, UnavailableError, from_status
from gradwire.history import History
from gradwire.outcomes import MinimizeResult, OptimizerState, Progress
from gradwire.results import Arrays, enum_names
from gradwire.tensors import decode_tensors

STATES = enum_names(pb.TrainingJobState, "TRAINING_JOB_STATE_")
"""What a job may be doing, by number."""

ENDED = frozenset({"succeeded", "failed", "cancelled"})
"""States in which a job makes no more steps; one that failed may be resumed."""

_PAUSES = (0.1, 0.4, 1.6, 3.0, 5.0, 10.0)
"""Seconds to wait before a lost stream is taken up again, longer each time that nothing came."""


@dataclass(frozen=True)
class Checkpoint:
    """What a job goes on from.

    Attributes:
        step: steps so far.
        parameters: by name.
        state: what the optimizer remembers.
    """

    step: int
    parameters: Arrays
    state: OptimizerState


@dataclass(frozen=True)
class TrainingJob:
    """A training job, as it was when the server told.

    Attributes:
        name: by which it is asked for.
        state: "pending", "running", "paused", "succeeded", "failed" or "cancelled".
        display_name: what a person calls it.
        labels: notes, by key.
        committed_step: last step that is safe on disk: a restart goes on from here, to the same bits.
        event_number: number of the latest event.
        progress: the latest; None before the first.
        error: why it failed; None if it did not.
        result: how it ended; None before, and where only the basic view was asked for.
        checkpoint: what is safe of a job without a result; None where only the basic view was asked for.
        create_time, update_time, end_time: when; None: not yet.
    """

    name: str
    state: str
    display_name: str
    labels: Mapping[str, str]
    committed_step: int
    event_number: int
    progress: Progress | None
    error: GradwireError | None
    result: MinimizeResult | None = field(repr=False)
    checkpoint: Checkpoint | None = field(repr=False)
    create_time: datetime | None
    update_time: datetime | None
    end_time: datetime | None

    @classmethod
    def of(cls, message: pb.TrainingJob, bulk: Sequence[memoryview] = ()) -> Self:
        """Read the message."""
        kept = message.checkpoint
        return cls(
            message.name,
            STATES.get(message.state, "unknown"),
            message.display_name,
            dict(message.labels),
            message.committed_step,
            message.event_number,
            Progress.of(message.progress, bulk) if message.HasField("progress") else None,
            from_status(message.error) if message.HasField("error") else None,
            MinimizeResult.of(message.result, (), bulk) if message.HasField("result") else None,
            Checkpoint(kept.step, decode_tensors(kept.parameters, bulk), OptimizerState.of(kept.state, bulk))
            if message.HasField("checkpoint")
            else None,
            *(_time(message, name) for name in ("create_time", "update_time", "end_time")),
        )

    def outcome(self, history: Sequence[Progress]) -> MinimizeResult:
        """Return how it ended, with the reports on the way.

        Raises: why it failed; ValueError when it has not ended.
        """
        if self.error is not None:
            raise self.error
        if self.result is None:
            raise ValueError(f"{self.name} is {self.state} and has no result; wait for it, or resume it")
        return replace(self.result, history=History(history))

    @property
    def has_ended(self) -> bool:
        """Whether it makes no more steps, unless it failed and is resumed."""
        return self.state in ENDED


@dataclass(frozen=True)
class JobEvent:
    """Something that happened to a job; one of the last three is set.

    Attributes:
        number: from 1, growing.
        time: when it happened.
        state: the state that it came to; empty for other events.
        progress: a report.
        finished: the job as it was when it ended; the last event, unless it failed and is resumed.
    """

    number: int
    time: datetime | None
    state: str = ""
    progress: Progress | None = None
    finished: TrainingJob | None = None

    @classmethod
    def of(cls, message: pb.TrainingJobEvent, bulk: Sequence[memoryview]) -> Self:
        """Read the message."""
        number, time = message.number, _time(message, "create_time")
        match message.WhichOneof("event"):
            case "progress":
                return cls(number, time, progress=Progress.of(message.progress, bulk))
            case "finished":
                return cls(number, time, finished=TrainingJob.of(message.finished, bulk))
        return cls(number, time, STATES.get(message.state, "unknown"))


Named = TrainingJob | str
"""A job, or its name."""


def name_of(job: Named) -> str:
    """Return the name of a job."""
    return job if isinstance(job, str) else job.name


class Watching:
    """A watcher of a job: where a stream is lost it goes on after the last event, and misses none.

    Attributes:
        after: number of the last event that arrived.
    """

    def __init__(self, job: Named, after: int) -> None:
        self.after = after
        self._name = name_of(job)
        self._lost = 0

    def request(self) -> bytes:
        """Return the request that asks for what comes next."""
        return pb.WatchTrainingJobRequest(name=self._name, after_event=self.after).SerializeToString()

    def receive(self, message: pb.WatchTrainingJobResponse, bulk: Sequence[memoryview]) -> JobEvent:
        """Take a response."""
        event = JobEvent.of(message.event, bulk)
        self.after, self._lost = event.number, 0
        return event

    def pause_after(self, error: GradwireError) -> float:
        """Return how long to wait before a lost stream is taken up again, in seconds.

        Raises: the error, where that is not what happened, or for too long.
        """
        if not isinstance(error, UnavailableError) or self._lost == len(_PAUSES):
            raise error
        self._lost += 1
        return _PAUSES[self._lost - 1]


def _time(message: Any, name: str) -> datetime | None:
    return getattr(message, name).ToDatetime() if message.HasField(name) else None
