"""Progress, shown on stderr: a bar in a terminal, lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from gradwire.outcomes import Progress

_LEAST_SECONDS = 1.0
"""Time between two lines, in seconds."""


class Reporter:
    """Shows reports of a minimization, or hands them on."""

    def __init__(
        self, callback: Callable[[Progress], object] | None, *, quiet: bool = False, epochs: int = 0, steps: int = 0
    ) -> None:
        """Choose how to report.

        Args:
            callback: is given each report, instead of showing it.
            quiet: show nothing.
            epochs, steps: where it will end at last; 0: not known.
        """
        self._callback = callback
        self._by_epoch = bool(epochs)
        self._unit = "epoch" if epochs else "step"
        self._total = epochs or steps or None
        self._bar: Any = None
        self._last: Progress | None = None
        self._shown_at = -_LEAST_SECONDS
        self._quiet = quiet or callback is not None

    def __enter__(self) -> Self:
        if not self._quiet and sys.stderr.isatty():
            self._bar = _bar()
        if self._bar is not None:
            self._bar.start()
            self._task = self._bar.add_task(self._unit, total=self._total, loss="", rate="")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()
        elif self._last is not None:
            self._print(self._last)

    def report(self, progress: Progress) -> None:
        """Show a report, or hand it on."""
        if self._callback is not None:
            self._callback(progress)
        elif self._bar is not None:
            rate = f"rate {progress.learning_rate:.3g}" if progress.learning_rate else ""  # some methods have none
            loss = f"loss {progress.loss:.6g}"
            self._bar.update(self._task, completed=self._place(progress), loss=loss, rate=rate)
        elif not self._quiet:
            self._last = progress
            if time.monotonic() - self._shown_at >= _LEAST_SECONDS:
                self._print(progress)

    def _place(self, progress: Progress) -> int:
        return progress.epoch if self._by_epoch else progress.step

    def _print(self, progress: Progress) -> None:
        self._shown_at, self._last = time.monotonic(), None
        total = f"/{self._total}" if self._total else ""
        held_out = "" if progress.validation_loss is None else f"  held out {progress.validation_loss:.6g}"
        rate = f"  learning rate {progress.learning_rate:.3g}" if progress.learning_rate else ""
        sys.stderr.write(f"{self._unit} {self._place(progress)}{total}  loss {progress.loss:.6g}{held_out}{rate}\n")


def _bar() -> Any:
    """Return a progress bar, or None when there is no library for it."""
    try:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
    except ImportError:
        return None
    unit, loss, rate = (TextColumn(f"{{task.{name}}}") for name in ("description", "fields[loss]", "fields[rate]"))
    columns = (unit, BarColumn(), MofNCompleteColumn(), loss, rate, TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True))
