"""Commands about training jobs of a running server: they are clients of it, and nothing else of the service."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gradwire_service.cli import output
from gradwire_service.cli.app import ExitCode, Json, app
from gradwire_service.cli.outcomes import asking, tell, write
from gradwire_service.cli.pictures import Plot, draw, require_pictures

if TYPE_CHECKING:
    from gradwire import JobEvent, Progress, TrainingJob

jobs = typer.Typer(no_args_is_help=True)
app.add_typer(jobs, name="jobs", help="List, watch and steer training jobs of a running server, and get their results.")

Server = Annotated[str, typer.Option("--server", "-s", metavar="ADDRESS", help="The server: host:port, or unix:PATH.")]
Name = Annotated[str, typer.Argument(metavar="JOB", help="Name of the job, or what stands behind its slash.")]
DEFAULT = "localhost:50051"


class State(Enum):
    """What a job may be doing."""

    PENDING = "pending"
    RUNNING = "running"
    PAUSED = "paused"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


@jobs.command("list")
def list_jobs(
    server: Server = DEFAULT,
    state: Annotated[list[State], typer.Option(help="List only these, any number of times.")] = [],  # noqa: B006
    limit: Annotated[int, typer.Option(min=0, help="How many at most, the latest first; 0: all.")] = 0,
    json: Json = False,
) -> None:
    """List training jobs, the latest first."""
    with asking(server) as service:
        found = service.jobs.list(*(x.value for x in state), limit=limit)
    if json:
        output.show_json([_data(job) for job in found])
        return
    columns = {"job": "left", "state": "left", "name": "left", "step": "right", "loss": "right", "created": "left"}
    output.show(output.table(columns, [_cells(job) for job in found]))


@jobs.command()
def watch(
    job: Name,
    server: Server = DEFAULT,
    after: Annotated[int, typer.Option(min=0, help="Number of the last event that is known already.")] = 0,
    json: Json = False,
) -> None:
    """Follow a training job to its end; leaving does not disturb it. The exit code is 1 where it failed."""
    failed = False
    with asking(server) as service:
        for event in service.jobs.watch(_name(job), after):
            failed = event.finished is not None and event.finished.error is not None
            if json:
                output.write(output.to_json(_event_data(event)).replace("\n", "") + "\n")
            elif event.progress is not None:
                output.show(_line(event.progress))
            elif event.finished is None:
                output.show(event.state)
            elif event.finished.error is not None:
                output.notice(f"{event.finished.error.reason}: {event.finished.error.message}", style="bold red")
    if failed:
        raise typer.Exit(ExitCode.CHECK_FAILED)


@jobs.command()
def result(
    job: Name,
    server: Server = DEFAULT,
    out: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="OUT.npz", help="Write the arrays to this file.")
    ] = None,
    plot: Plot = None,
    json: Json = False,
) -> None:
    """Tell how a training job ended; one that goes on is waited for. OUT.npz holds what it does of `gradwire train`."""
    require_pictures(plot)
    with asking(server) as service:
        found = service.jobs.wait(_name(job), quiet=json)
    if out:
        write(out, found)
    draw(plot, found.history)
    tell(found, json)


@jobs.command()
def pause(job: Name, server: Server = DEFAULT, json: Json = False) -> None:
    """Pause a training job after its step; what it reached is then on disk."""
    with asking(server) as service:
        _tell(service.jobs.pause(_name(job)), json)


@jobs.command()
def resume(job: Name, server: Server = DEFAULT, json: Json = False) -> None:
    """Let a training job go on that paused or failed."""
    with asking(server) as service:
        _tell(service.jobs.resume(_name(job)), json)


@jobs.command()
def cancel(job: Name, server: Server = DEFAULT, json: Json = False) -> None:
    """End a training job after its step, and keep what it reached."""
    with asking(server) as service:
        _tell(service.jobs.cancel(_name(job)), json)


@jobs.command()
def delete(job: Name, server: Server = DEFAULT) -> None:
    """Forget a training job that has ended, its checkpoints included."""
    with asking(server) as service:
        service.jobs.delete(_name(job))


def _name(job: str) -> str:
    return job if "/" in job else f"trainingJobs/{job}"


def _tell(job: TrainingJob, as_json: bool) -> None:
    if as_json:
        output.show_json(_data(job))
    else:
        output.show(f"{job.name} is {job.state}, and step {job.committed_step} is on disk")


def _cells(job: TrainingJob) -> tuple[str, ...]:
    progress, created = job.progress, job.create_time
    return (
        job.name.partition("/")[2],
        job.state,
        job.display_name,
        str(job.committed_step),
        f"{progress.loss:.6g}" if progress else "",
        f"{created:%Y-%m-%d %H:%M:%S}" if created else "",
    )


def _line(progress: Progress) -> str:
    held_out = "" if progress.validation_loss is None else f"  held out {progress.validation_loss:.6g}"
    return f"step {progress.step}  epoch {progress.epoch}  loss {progress.loss:.6g}{held_out}"


def _data(job: TrainingJob) -> dict[str, Any]:
    times = {name: getattr(job, name) for name in ("create_time", "update_time", "end_time")}
    return {
        "name": job.name,
        "state": job.state,
        "display_name": job.display_name,
        "labels": dict(job.labels),
        "committed_step": job.committed_step,
        "event_number": job.event_number,
        "progress": _progress_data(job.progress),
        "error": {"reason": job.error.reason, "message": job.error.message} if job.error else None,
        **{name: f"{time.isoformat()}Z" if time else None for name, time in times.items()},
    }


def _event_data(event: JobEvent) -> dict[str, Any]:
    return {
        "number": event.number,
        "state": event.state or None,
        "progress": _progress_data(event.progress),
        "finished": _data(event.finished) if event.finished else None,
    }


def _progress_data(progress: Progress | None) -> dict[str, Any] | None:
    """Return a report without its arrays."""
    if progress is None:
        return None
    plain = (int, float, type(None))
    return {name: value for name, value in vars(progress).items() if isinstance(value, plain)}
