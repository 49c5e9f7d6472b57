"""Servers that commands are clients of, and what minimizations on them came to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gradwire_service.cli import output
from gradwire_service.errors import GradwireError

if TYPE_CHECKING:
    import gradwire as gw
    from gradwire import MinimizeResult, Service


class RefusedError(GradwireError):
    """What a server refused, or that there is none: an error of the client, told as all others are."""

    def __init__(self, error: gw.GradwireError) -> None:
        super().__init__(error.message)
        self.reason = error.reason or type(error).__name__  # type: ignore[misc]  # of this instance: the server's
        self.code = error.code or "UNAVAILABLE"  # type: ignore[misc]  # what has no code never came from a server
        self._faults = error.faults

    @property
    def faults(self) -> Sequence[GradwireError]:
        """The single faults."""
        if len(self._faults) < 2:
            return (self,)
        found = [GradwireError(fault.message, field=fault.field) for fault in self._faults]
        for fault, told in zip(found, self._faults, strict=True):
            fault.reason = told.reason or self.reason  # type: ignore[misc]
        return found


@contextmanager
def asking(address: str | None) -> Iterator[Service]:
    """Connect to a server.

    Args:
        address: host:port, or unix:PATH; empty: a server of its own, which ends with the command.

    Raises: RefusedError.
    """
    import gradwire as gw

    try:
        with gw.connect(address or None) as service:
            yield service
    except gw.GradwireError as error:
        raise RefusedError(error) from None


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
