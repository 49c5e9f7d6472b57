"""Training jobs: made, asked for, told what to do."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any, Unpack

from google.protobuf.message import Message

from gradwire import v1 as pb
from gradwire.core import Core, Method, Plan, Source, Unary
from gradwire.errors import GraphUnknownError
from gradwire.execution import options_message
from gradwire.jobs import STATES, Named, TrainingJob, name_of
from gradwire.optimization import Optimizer
from gradwire.plans.queries import Inputs
from gradwire.plans.training import Settings, minimization, reporting_rule, run_options, stopping_rule
from gradwire.wireformat import nested

_SERVICE = "OptimizationService"
CREATE = Method(_SERVICE, "CreateTrainingJob", pb.CreateTrainingJobResponse)
GET = Method(_SERVICE, "GetTrainingJob", pb.GetTrainingJobResponse)
LIST = Method(_SERVICE, "ListTrainingJobs", pb.ListTrainingJobsResponse)
WATCH = Method(_SERVICE, "WatchTrainingJob", pb.WatchTrainingJobResponse)
PAUSE = Method(_SERVICE, "PauseTrainingJob", pb.PauseTrainingJobResponse)
RESUME = Method(_SERVICE, "ResumeTrainingJob", pb.ResumeTrainingJobResponse)
CANCEL = Method(_SERVICE, "CancelTrainingJob", pb.CancelTrainingJobResponse)
DELETE = Method(_SERVICE, "DeleteTrainingJob", pb.DeleteTrainingJobResponse)

_STOPPING = set("epochs steps function_evaluations seconds loss_below gradient_norm patience least_improvement".split())
_REPORTING = {"report_every", "report_seconds", "report_parameters"}


def create(
    core: Core,
    graph: Source,
    parameters: Inputs,
    data: Inputs | None = None,
    *,
    optimizer: Optimizer,
    display_name: str = "",
    labels: Mapping[str, str] | None = None,
    checkpoint_steps: int = 0,
    request_id: str = "",
    **settings: Unpack[Settings],
) -> Plan[TrainingJob]:
    """Start a minimization that goes on by itself; when this returns, it is on the server's disk.

    Args:
        graph: a graph, its text form, or a function of arrays.
        parameters: where to start: the values of the variables that are trained, by name.
        data: the values of all other variables, by name.
        optimizer: the method.
        display_name: what a person calls it.
        labels: notes, by key.
        checkpoint_steps: steps between checkpoints; there is one a second in any case.
        request_id: any text that is used for this job alone: to ask again, after this process ended, makes no second
            job. Default: a random one.
        settings: as in `minimize`; see `Settings`, and `Options`.

    Raises: GradwireError, by its reason.
    """
    bound, parts = minimization(core, graph, parameters, data, optimizer, settings)
    job = pb.TrainingJob(display_name=display_name, labels=labels, checkpoint_steps=checkpoint_steps)
    request = pb.CreateTrainingJobRequest(request_id=request_id or str(uuid.uuid4()))
    timeout = settings.get("timeout") or core.timeout
    for last in (False, True):
        known = yield from core.register(bound)
        whole = nested(1, [job.SerializeToString(), *nested(3, [known.source, *parts])])
        try:
            reply = yield from core.send(Unary(CREATE.path, [request.SerializeToString(), *whole], timeout))
        except GraphUnknownError:
            if last:
                raise
            core.forget(bound)
        else:
            break
    response, bulk = CREATE.read(reply)
    return TrainingJob.of(response.training_job, bulk)


def get(core: Core, job: Named, *, full: bool = True, timeout: float | None = None) -> Plan[TrainingJob]:
    """Return a job as it is now.

    Args:
        job: the job, or its name.
        full: with its result, or what is safe on disk.
        timeout: seconds that the call may take.

    Raises: TrainingJobUnknownError; CheckpointDamagedError for what is stored no more as it was written.
    """
    view = pb.TRAINING_JOB_VIEW_REACHED if full else pb.TRAINING_JOB_VIEW_BASIC
    request = pb.GetTrainingJobRequest(name=name_of(job), view=view)
    reply = yield from core.send(Unary(GET.path, [request.SerializeToString()], timeout or core.timeout))
    response, bulk = GET.read(reply)
    return TrainingJob.of(response.training_job, bulk)


def list_jobs(core: Core, *states: str, limit: int = 0, timeout: float | None = None) -> Plan[list[TrainingJob]]:
    """List jobs, the latest first, in the basic view.

    Args:
        states: those to list, such as "running". Default: all.
        limit: how many at most; 0: all.
        timeout: seconds that each call may take.
    """
    numbers = {name: number for number, name in STATES.items()}
    unknown = [state for state in states if state not in numbers]
    if unknown:
        raise ValueError(f"there is no state {unknown[0]!r}; there are {', '.join(numbers)}")
    found: list[TrainingJob] = []
    token = ""
    while True:
        size = min(limit - len(found), 1000) if limit else 1000
        request = pb.ListTrainingJobsRequest(
            page_size=size, page_token=token, states=[pb.TrainingJobState.ValueType(numbers[x]) for x in states]
        )
        response = yield from core.call(LIST, request, timeout)
        found += [TrainingJob.of(job) for job in response.training_jobs]
        token = response.next_page_token
        if not token or (limit and len(found) >= limit):
            return found


def pause(core: Core, job: Named, *, timeout: float | None = None) -> Plan[TrainingJob]:
    """Pause a job after its step, and wait until what it reached is on disk.

    Args:
        job: the job, or its name.
        timeout: seconds that the call may take; the job pauses also if that is not enough.

    Raises: TrainingJobUnknownError, TrainingJobStateError.
    """
    return (yield from _tell(core, PAUSE, pb.PauseTrainingJobRequest(name=name_of(job)), timeout))


def cancel(core: Core, job: Named, *, timeout: float | None = None) -> Plan[TrainingJob]:
    """End a job after its step, and keep what it reached. All else as in `pause`."""
    return (yield from _tell(core, CANCEL, pb.CancelTrainingJobRequest(name=name_of(job)), timeout))


def resume(
    core: Core, job: Named, *, optimizer: Optimizer | None = None, **settings: Unpack[Settings]
) -> Plan[TrainingJob]:
    """Let a job go on that paused, to the same bits as if it had not; or one that failed, from its last good state.

    Args:
        job: the job, or its name.
        optimizer: the method from now on. Default: as before.
        settings: when to stop (counted from the start of the job) and to report, and how to run, from now on; limits
            that are not stated then do not hold any more. Default: as before.

    Raises: TrainingJobUnknownError, TrainingJobStateError; TypeError for what can't be changed.
    """
    request = pb.ResumeTrainingJobRequest(name=name_of(job))
    given = dict(settings)
    timeout: Any = given.pop("timeout", None)
    if optimizer is not None:
        request.optimizer.CopyFrom(optimizer.message())
    if _STOPPING & given.keys():
        request.stopping.CopyFrom(stopping_rule(settings))
    if _REPORTING & given.keys():
        request.reporting.CopyFrom(reporting_rule(settings))
    if run_options(settings).keys() - {"timeout"}:
        request.options.CopyFrom(options_message(run_options(settings)))
    fixed = given.keys() - _STOPPING - _REPORTING - run_options(settings).keys()
    if fixed:
        raise TypeError(f"{min(fixed)} can't be changed; make a new job of what this one reached")
    return (yield from _tell(core, RESUME, request, timeout))


def delete(core: Core, job: Named, *, missing_ok: bool = False, timeout: float | None = None) -> Plan[None]:
    """Forget a job that has ended, its checkpoints included.

    Args:
        job: the job, or its name.
        missing_ok: whether it is fine that there is none.
        timeout: seconds that the call may take.

    Raises: TrainingJobUnknownError, TrainingJobStateError.
    """
    request = pb.DeleteTrainingJobRequest(name=name_of(job), allow_missing=missing_ok, request_id=str(uuid.uuid4()))
    yield from core.call(DELETE, request, timeout)


def _tell(core: Core, method: Method, request: Message, timeout: float | None) -> Plan[TrainingJob]:
    request.request_id = str(uuid.uuid4())  # type: ignore[attr-defined]  # all of these have one
    response = yield from core.call(method, request, timeout)
    return TrainingJob.of(response.training_job)
