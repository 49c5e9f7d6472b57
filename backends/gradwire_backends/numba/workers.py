"""Compilers at work: child processes that are started when there is something to compile, and ended when there is not.

A thread attends to each child: it hands it one source at a time, and ends it when it takes too long. Whatever becomes
of a child, the answer is an artifact, if only one that says why there is no code.
"""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable

from gradwire_backends.numba.artifact import Artifact
from gradwire_backends.numba.compiler import LENGTH

SECONDS = 120.0
"""Wall time that one source may take, its child's start included; the child yields to others, and may wait for them."""

IDLE_SECONDS = 20.0
"""How long a child without work is kept."""

SOURCES = 200
"""Sources that one child compiles before another takes its place: numba never frees what it made."""

TRIES = 2
"""How often a source is tried whose compiler dies: somebody may have ended it, and the source may be innocent."""

Done = Callable[[Artifact, bool], None]
"""Takes what became of a source, and whether it would become of it again."""


class Workers:
    """Compilers of one process.

    Args:
        children: child processes at most; by default one a core.
        command: what starts a child.
    """

    def __init__(self, children: int | None = None, command: tuple[str, ...] | None = None) -> None:
        self._children = children or os.cpu_count() or 1
        self._command = command or (sys.executable, "-P", "-m", "gradwire_backends.numba.compiler")
        self._jobs: deque[tuple[str, Done]] = deque()
        self._changed = threading.Condition()
        self._running: set[_Worker] = set()
        self._idle = 0
        self._closed = False

    def submit(self, source: str, done: Done) -> None:
        """Have a source compiled; `done` is called with the result, in another thread, unless `close` comes before."""
        with self._changed:
            if self._closed:
                return
            self._jobs.append((source, done))
            self._changed.notify()
            if len(self._jobs) > self._idle and len(self._running) < self._children:
                worker = _Worker(self._command)
                self._running.add(worker)
                threading.Thread(target=self._attend, args=(worker,), name="gradwire compiler", daemon=True).start()

    @property
    def processes(self) -> list[int]:
        """Process ids of the children."""
        with self._changed:
            return [worker.process.pid for worker in self._running if worker.process is not None]

    def close(self) -> None:
        """End all children."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            running = list(self._running)
        for worker in running:
            worker.close()

    def _attend(self, worker: _Worker) -> None:
        """Compile what comes, until nothing has come for a while."""
        while (job := self._next(worker)) is not None:
            source, done = job
            done(*self._compiled(worker, source))
        worker.end()

    def _next(self, worker: _Worker) -> tuple[str, Done] | None:
        with self._changed:
            self._idle += 1
            self._changed.wait_for(lambda: self._jobs or self._closed, IDLE_SECONDS)
            self._idle -= 1
            if self._jobs and not self._closed:
                return self._jobs.popleft()
            self._running.discard(worker)
            return None

    def _compiled(self, worker: _Worker, source: str) -> tuple[Artifact, bool]:
        """Compile a source, with a new child when one dies."""
        for _ in range(TRIES):
            try:
                return worker.compile(source), True
            except TimeoutError:
                return Artifact(failure=f"the compiler took more than {SECONDS:.0f} s"), True
            except (OSError, ValueError) as error:
                failure = str(error)
            finally:
                worker.rest()
        return Artifact(failure=f"the compiler died: {failure}"), False


class _Worker:
    """A child, started anew whenever there is none."""

    def __init__(self, command: tuple[str, ...]) -> None:
        self._command = command
        self._lock = threading.Lock()
        self._closed = False
        self._compiled = 0
        self.process: subprocess.Popen[bytes] | None = None

    def compile(self, source: str) -> Artifact:
        """Have a source compiled.

        Raises: TimeoutError, OSError when the child dies, ValueError when it answers nonsense. There is no child then.
        """
        deadline = time.monotonic() + SECONDS
        try:
            process = self._child()
            assert process.stdin is not None
            text = source.encode()
            process.stdin.write(LENGTH.pack(len(text)) + text)
            process.stdin.flush()
            size = LENGTH.unpack(self._read(process, LENGTH.size, deadline))[0]
            artifact = Artifact.from_bytes(self._read(process, size, deadline))
        except BaseException:
            self.end()
            raise
        self._compiled += 1
        return artifact

    def rest(self) -> None:
        """Let the child go when it has done enough."""
        if self._compiled >= SOURCES:
            self.end()

    def close(self) -> None:
        """End the child for good."""
        self._closed = True
        self.end()

    def end(self) -> None:
        """End the child, whatever it does."""
        with self._lock:
            process, self.process = self.process, None
        if process is not None:
            process.kill()
            process.wait()
            for stream in (process.stdin, process.stdout):
                if stream is not None:
                    with contextlib.suppress(OSError):
                        stream.close()

    def _child(self) -> subprocess.Popen[bytes]:
        """Return the child; a new one when there is none."""
        with self._lock:
            if self._closed:
                raise OSError("closed")
            if self.process is None:
                self._compiled = 0
                self.process = subprocess.Popen(
                    self._command,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
                    start_new_session=True,  # a Ctrl-C at the terminal is the server's business
                )
            return self.process

    @staticmethod
    def _read(process: subprocess.Popen[bytes], size: int, deadline: float) -> bytes:
        assert process.stdout is not None
        descriptor = process.stdout.fileno()
        parts: list[bytes] = []
        while size:
            ready, _, _ = select.select([descriptor], [], [], max(deadline - time.monotonic(), 0))
            if not ready:
                raise TimeoutError
            part = os.read(descriptor, min(size, 2**20))
            if not part:
                raise OSError(f"exit status {process.wait()}")
            parts.append(part)
            size -= len(part)
        return b"".join(parts)
