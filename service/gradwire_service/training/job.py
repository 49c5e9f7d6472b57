"""What is known of a training job."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum

from gradwire_service.errors import GradwireError
from gradwire_service.training.files import Stored
from gradwire_service.training.progress import Progress


class JobState(Enum):
    """What a training job is doing."""

    PENDING = "pending"
    RUNNING = "running"
    PAUSED = "paused"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def has_ended(self) -> bool:
        """Whether it makes no more steps, unless it failed and is resumed."""
        return self in (JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED)


class Wish(Enum):
    """What a job that makes steps was told to do next."""

    PAUSE = "pause"
    CANCEL = "cancel"


@dataclass(frozen=True)
class Failure:
    """Why a job failed, as `GradwireError` has it."""

    reason: str
    code: str
    message: str
    block: str = ""
    path: str = ""
    details: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, error: GradwireError) -> Failure:
        """Read an error."""
        return cls(error.reason, error.code, error.message, error.block, error.field, dict(error.details))

    def error(self) -> GradwireError:
        """Return an error that says the same."""
        error = GradwireError(self.message, block=self.block, field=self.path, **self.details)
        error.reason, error.code = self.reason, self.code  # type: ignore[misc]  # of this instance
        return error


@dataclass(frozen=True)
class Job:
    """A training job, as it is on disk.

    Attributes:
        id: 128 random bits, in hexadecimal digits.
        number: grows from job to job.
        state: what it is doing.
        wish: what it was told to do next, when it does not do so yet.
        display_name: what a person calls it.
        labels: notes of the client's.
        checkpoint_steps: steps between checkpoints; 0: those that time asks for.
        definition: the file that says what to do.
        changes: what was changed of that since.
        committed_step: the last step that is on disk.
        event_number: number of the latest event.
        create_time, update_time: when, in seconds since 1970.
        end_time: when it ended; 0 before.
        failure: why it failed.
        progress: the latest report, without parameters.
    """

    id: str
    number: int
    state: JobState
    wish: Wish | None
    display_name: str
    labels: Mapping[str, str]
    checkpoint_steps: int
    definition: Stored
    changes: bytes
    committed_step: int
    event_number: int
    create_time: float
    update_time: float
    end_time: float
    failure: Failure | None
    progress: Progress | None = None


@dataclass(frozen=True)
class Event:
    """Something that happened to a job.

    Attributes:
        number: from 1, growing.
        time: when, in seconds since 1970.
        what: the state that it came to; a report; or the job as it was when it ended.
    """

    number: int
    time: float
    what: JobState | Progress | Job


@dataclass(frozen=True)
class Request:
    """A request that may come again: it is then answered as before, and nothing is done twice.

    Attributes:
        id: text that the client uses for this request alone; empty: it won't come again.
        fingerprint: the same for the same request.
        answer: writes the answer, given the job, or None when it is gone.
    """

    id: str
    fingerprint: bytes
    answer: Callable[[Job | None], bytes]
