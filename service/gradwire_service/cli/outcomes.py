"""Servers that commands are clients of, and what minimizations on them came to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from gradwire_service.cli import output
from gradwire_service.cli.app import ExitCode, not_now

if TYPE_CHECKING:
    from gradwire import MinimizeResult, Service

_NOT_HERE = ("BACKEND_UNAVAILABLE", "OPTIMIZER_UNAVAILABLE")


@contextmanager
def asking(address: str | None) -> Iterator[Service]:
    """Connect to a server; what it refuses becomes words and an exit code.

    Args:
        address: host:port, or unix:PATH; empty: a server of its own, which ends with the command.
    """
    from gradwire import GradwireError, connect

    try:
        with connect(address or None) as service:
            yield service
    except GradwireError as error:
        for fault in error.faults or [error]:
            output.notice(getattr(fault, "reason", "") or type(error).__name__, style="bold red")
            output.notice(f"  {fault.message}")
        unavailable = not_now(error.code) or error.reason in _NOT_HERE or not error.code
        raise typer.Exit(ExitCode.UNAVAILABLE if unavailable else ExitCode.INVALID) from None


def columns(result: MinimizeResult) -> dict[str, Any]:
    """Return the history of a minimization as arrays by name, those alone that say something."""
    import numpy as np

    names = ("step", "epoch", "seconds", "loss", "validation_loss", "learning_rate", "gradient_norm")
    found = {name: getattr(result.history, name) for name in names}
    if np.isnan(found["validation_loss"]).all():
        del found["validation_loss"]
    return found | {f"metrics/{name}": x for name, x in result.history.metrics.items()}


def write(path: Path, result: MinimizeResult) -> None:
    """Write an .npz file: ``loss``, ``parameters/NAME``, ``averaged/NAME`` where there are means, ``history/NAME``."""
    import numpy as np

    arrays: dict[str, Any] = {"loss": result.loss}
    arrays |= {f"parameters/{name}": x for name, x in result.parameters.items()}
    arrays |= {f"averaged/{name}": x for name, x in result.averaged.items()}
    arrays |= {f"history/{name}": x for name, x in columns(result).items()}
    with path.open("wb") as stream:  # savez would add an ending of its own
        np.savez(stream, **arrays)


def tell(result: MinimizeResult, json: bool) -> None:
    """Print how a minimization ended."""
    progress = result.progress
    if json:
        output.show_json(
            {
                "loss": result.loss,
                "parameters": result.parameters,
                "stop_reason": result.stop_reason,
                "message": result.message,
                "steps": progress.step,
                "epochs": progress.epoch,
                "function_evaluations": progress.function_evaluations,
                "seconds": progress.seconds,
                "validation_loss": progress.validation_loss,
                "metrics": progress.metrics,
                "history": columns(result),
            }
        )
        return
    headings = {"parameter": "left", "type": "left", "elements": "left"}
    rows = [(name, output.shape(x), output.summary(x)) for name, x in result.parameters.items()]
    notes = [] if progress.validation_loss is None else [f"loss of held-out rows = {progress.validation_loss!r}"]
    notes += [f"{name} = {x!r}" for name, x in progress.metrics.items()]
    output.show(f"loss = {result.loss!r}", *notes, output.table(headings, rows))
    output.notice(f"{progress.step} steps, {output.seconds(progress.seconds)}: {result.message}", style="dim")
