"""Training jobs ↔ messages."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from typing import Any

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from gradwire import v1 as pb
from gradwire_service.errors import InvalidRequestError, LimitExceededError, TrainingJobUnknownError
from gradwire_service.graph import Array, Graph
from gradwire_service.training.job import Event, Job, JobState
from gradwire_service.training.progress import Progress
from gradwire_service.training.snapshot import Snapshot
from gradwire_service.wire.graphs import encode_graph
from gradwire_service.wire.methods import encode_report
from gradwire_service.wire.optimization import encode_progress, encode_state
from gradwire_service.wire.status import encode_status
from gradwire_service.wire.tensors import Bulk, Stored, decode_tensor, encode_tensor, encode_tensors

COLLECTION = "trainingJobs/"

MOST = 1000
"""Jobs on one page."""

LABELS, LETTERS = 64, 128
"""Labels of a job, and letters of a label, a name or a request id."""

_STATES = {state: pb.TrainingJobState.Value(f"TRAINING_JOB_STATE_{state.name}") for state in JobState}
_STATE_NUMBERS = {number: state for state, number in _STATES.items()}

_CHANGEABLE = ("optimizer", "stopping", "reporting", "options")
"""Parts of a minimization that may be different from a resumption on."""


def decode_name(name: str) -> str:
    """Return the id in a resource name.

    Raises: TrainingJobUnknownError.
    """
    if not name.startswith(COLLECTION):
        text = f"{name[:80]!r} is no name of a training job; give it as it came, such as {COLLECTION}…"
        raise TrainingJobUnknownError(text, field="name")
    return name.removeprefix(COLLECTION)


def decode_page(request: pb.ListTrainingJobsRequest) -> tuple[list[JobState], int, int]:
    """Return which jobs a page has: states, the number before which it begins, how many.

    Raises: InvalidRequestError.
    """
    token, size = request.page_token, request.page_size
    if token and not (token.isascii() and token.isdecimal() and 0 < int(token) < 2**63):
        text = "no response had this page token; take `next_page_token` as it came, or begin without one"
        raise InvalidRequestError(text, field="page_token")
    if size < 0:
        raise InvalidRequestError(f"a page of {size} jobs can't be made; 0 is 100", field="page_size")
    unknown = [state for state in request.states if state not in _STATE_NUMBERS]
    if unknown:
        text = f"state {unknown[0]} is not known; take one that the contract names"
        raise InvalidRequestError(text, field="states")
    states = [_STATE_NUMBERS[state] for state in request.states]
    return states, int(token or 2**63 - 1), min(size or 100, MOST)


def check_texts(job: pb.TrainingJob) -> None:
    """See that the texts of a job are within limits.

    Raises: LimitExceededError.
    """
    if len(job.labels) > LABELS:
        text = f"a job has {len(job.labels)} labels, this server takes {LABELS}; leave some out"
        raise LimitExceededError(text, field="training_job.labels", limit=LABELS, value=len(job.labels))
    check_text(job.display_name, "training_job.display_name")
    for key, value in job.labels.items():
        check_text(max(key, value, key=len), "training_job.labels")


def check_text(text: str, field: str) -> None:
    """See that a text is not too long.

    Raises: LimitExceededError.
    """
    if len(text) > LETTERS:
        told = f"{field} has {len(text)} letters, this server takes {LETTERS}; shorten it"
        raise LimitExceededError(told, field=field, limit=LETTERS, value=len(text))


# What a job is to do


def whole(asked: pb.Minimization, graph: Graph, stored: Stored, bulk: Bulk) -> pb.Minimization:
    """Return a minimization that names nothing that has to be looked up: graph and tensors are in it.

    Raises: TensorUnknownError.
    """
    found = _without_graph(asked)
    for tensor in _tensors(found):
        tensor.CopyFrom(encode_tensor(decode_tensor(tensor, "minimization", stored, bulk)))
    found.graph.graph.CopyFrom(encode_graph(graph))
    return found


def fingerprint(method: str, request: Message) -> bytes:
    """Return what is the same for the same request, and for no other."""
    return hashlib.sha256(f"{method}\n".encode() + request.SerializeToString(deterministic=True)).digest()


def creation(
    request: pb.CreateTrainingJobRequest, graph_id: str, digest: Callable[[Array], str], bulk: Bulk
) -> pb.CreateTrainingJobRequest:
    """Return a request with ids in place of its graph and its tensors, however they came.

    Args:
        request: the request.
        graph_id: id of its graph.
        digest: name under which an array is stored.
        bulk: what was cut out of the request.
    """
    found = pb.CreateTrainingJobRequest()
    found.CopyFrom(request)
    asked = found.training_job.minimization
    asked.CopyFrom(_without_graph(asked))
    for tensor in _tensors(asked):
        name = tensor.digest
        if not name or bulk.place(name) is not None:
            name = digest(decode_tensor(tensor, "minimization", bulk=bulk))
        tensor.CopyFrom(pb.Tensor(digest=name))
    asked.graph.graph_id = graph_id
    return found


def changes_of(request: pb.ResumeTrainingJobRequest) -> pb.Minimization | None:
    """Return what is to be different from a resumption on; None: nothing."""
    given = {name: getattr(request, name) for name in _CHANGEABLE if request.HasField(name)}  # type: ignore[arg-type]
    return pb.Minimization(**given) if given else None


def changed(asked: pb.Minimization, changes: bytes) -> pb.Minimization:
    """Put changes into a minimization, in place; return it."""
    for field, value in pb.Minimization.FromString(changes).ListFields():
        getattr(asked, field.name).CopyFrom(value)
    return asked


def _without_graph(asked: pb.Minimization) -> pb.Minimization:
    found = pb.Minimization()
    found.CopyFrom(asked)
    found.ClearField("graph")
    return found


def _tensors(message: Message) -> Iterator[pb.Tensor]:
    """Yield every tensor in a message, no deeper than the parser goes."""
    if isinstance(message, pb.Tensor):
        yield message
        return
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        inside: Any = (value,)
        if field.message_type.GetOptions().map_entry:
            inside = value.values() if field.message_type.fields_by_name["value"].message_type else ()
        elif field.is_repeated:
            inside = value
        for inner in inside:
            yield from _tensors(inner)


# Jobs and what happens to them


def encode_job(job: Job) -> pb.TrainingJob:
    """Return a job in the view `BASIC`."""
    message = pb.TrainingJob(
        name=f"{COLLECTION}{job.id}",
        display_name=job.display_name,
        labels=job.labels,
        checkpoint_steps=job.checkpoint_steps,
        state=_STATES[job.state],
        committed_step=job.committed_step,
        event_number=job.event_number,
        create_time=_time(job.create_time),
        update_time=_time(job.update_time),
        end_time=_time(job.end_time) if job.end_time else None,
    )
    if job.progress is not None:
        message.progress.CopyFrom(encode_progress(job.progress))
        message.progress.ClearField("parameters")
    if job.failure is not None:
        status = encode_status(job.failure.error())
        message.error.code, message.error.message = status.code, status.message
        message.error.details.extend(status.details)
    return message


def encode_checkpoint(snapshot: Snapshot) -> pb.TrainingCheckpoint:
    """Return where a job would go on."""
    point = snapshot.current
    return pb.TrainingCheckpoint(
        step=snapshot.step, parameters=encode_tensors(point.parameters), state=encode_state(point.state)
    )


def encode_event(event: Event) -> pb.TrainingJobEvent:
    """Return something that happened to a job."""
    message = pb.TrainingJobEvent(number=event.number, create_time=_time(event.time))
    if isinstance(event.what, Progress):
        message.progress.CopyFrom(encode_report(event.what))
    elif isinstance(event.what, Job):
        message.finished.CopyFrom(encode_job(event.what))
    else:
        message.state = _STATES[event.what]
    return message


def _time(seconds: float) -> Timestamp:
    time = Timestamp()
    time.FromNanoseconds(int(seconds * 1e9))
    return time
