"""Threads of our own, which join a caller in the parts of its work.

A caller takes parts as long as there are any, and so do helpers that happen to be free: it needs none of them to come
to an end, and many callers at once have no more threads than one each, and the helpers that all share.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from queue import SimpleQueue

from gradwire_service.backend import Interrupt

MOST = 16
"""Threads by default, at most: a loop is soon as fast as memory is."""

Work = Callable[[int], int]
"""Does the part of a number, and returns its status; frees the GIL for most of the time."""


def wanted_threads() -> int:
    """Return how many threads share the parts of a call: `GRADWIRE_THREADS`, else one a core.

    Raises: ValueError when that is no number of threads.
    """
    text = os.environ.get("GRADWIRE_THREADS", "")
    if not text:
        return min(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1, MOST)
    if not text.isdecimal() or int(text) < 1:
        raise ValueError(f"GRADWIRE_THREADS is {text!r}: give the number of threads, 1 or more, or leave it out")
    return int(text)


class Threads:
    """A caller's thread, and helpers, which start when there is something to share for the first time.

    Args:
        count: threads that share the parts of a call, the caller's own among them; None: as the environment says.
    """

    def __init__(self, count: int | None = None) -> None:
        self.count = wanted_threads() if count is None else count
        self._queue: SimpleQueue[_Shared | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._helpers = 0

    def run(self, work: Work, parts: int, interrupt: Interrupt) -> int:
        """Do all parts of some work, in any order, at most one after another in each thread.

        Args:
            work: does one.
            parts: how many there are.
            interrupt: called before each part that the caller takes; when it raises, no other part is begun.

        Returns: 0, or the status of a part that has another one; not all parts are done then.
        """
        helpers = min(self.count, parts) - 1
        if helpers <= 0:
            return _alone(work, parts, interrupt)
        if helpers > self._helpers:
            self._start(helpers)
        shared = _Shared(work, parts)
        for _ in range(helpers):
            self._queue.put(shared)
        try:
            interrupt()
            while shared.take():
                interrupt()
        finally:
            shared.end()
        if shared.error is not None:
            raise shared.error
        return shared.status

    def close(self) -> None:
        """Let helpers end; callers go on alone."""
        with self._lock:
            self.count = 1
            for _ in range(self._helpers):
                self._queue.put(None)
            self._helpers = 0

    def _start(self, helpers: int) -> None:
        with self._lock:
            while self._helpers < min(helpers, self.count - 1):
                self._helpers += 1
                threading.Thread(target=_help, args=(self._queue,), name="gradwire part", daemon=True).start()


class _Shared:
    """Work whose parts several threads take.

    Attributes:
        status: 0, or that of a part that has another one.
        error: what a part has raised.
    """

    def __init__(self, work: Work, parts: int) -> None:
        self._work: Work | None = work
        self._parts = parts
        self._taken = self._running = 0
        self._changed = threading.Condition()
        self.status = 0
        self.error: BaseException | None = None

    def take(self) -> bool:
        """Do a part; tell whether there was one."""
        with self._changed:
            if self._work is None or self._taken == self._parts:
                return False
            work, number = self._work, self._taken
            self._taken += 1
            self._running += 1
        status, error = 0, None
        try:
            status = work(number)
        except BaseException as raised:
            error = raised
        with self._changed:
            self._running -= 1
            self.status, self.error = self.status or status, self.error or error
            if status or error:
                self._work = None
            if not self._running:
                self._changed.notify_all()
        return True

    def end(self) -> None:
        """Let no part begin any more, and wait for those that run: they write to the caller's memory."""
        with self._changed:
            self._work = None  # whoever finds this later holds nothing of the caller's
            while self._running:
                self._changed.wait()


def _alone(work: Work, parts: int, interrupt: Interrupt) -> int:
    """Do all parts in the caller's thread."""
    for number in range(parts):
        interrupt()
        if status := work(number):
            return status
    return 0


def _help(queue: SimpleQueue[_Shared | None]) -> None:
    """Take parts of whatever there is to share."""
    while (shared := queue.get()) is not None:
        while shared.take():
            pass
        del shared
