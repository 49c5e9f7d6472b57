"""Threads for work that would hold up the event loop: bounded, stopped by deadlines and by callers who go away."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import AsyncGenerator, Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from gradwire_service.backend import Interrupt
from gradwire_service.errors import CancelledError, DeadlineExceededError, OverloadedError

T = TypeVar("T")

QUEUE = 256
"""Pieces of work that may wait for a thread."""

LONGEST_WAIT = 10.0
"""Seconds that work may wait for a thread; after that the server counts as overloaded."""


class Interruption:
    """Called by work between its blocks; raises once the caller went away or the deadline passed."""

    def __init__(self, deadline: float) -> None:
        """Begin.

        Args:
            deadline: time by the monotonic clock.
        """
        self.deadline = deadline
        self._cancelled = threading.Event()

    def cancel(self) -> None:
        """Let the work stop at its next look."""
        self._cancelled.set()

    def __call__(self) -> None:
        if self._cancelled.is_set():
            raise CancelledError("the caller went away; the work was stopped")
        if time.monotonic() > self.deadline:
            raise deadline_exceeded()


def deadline_exceeded() -> DeadlineExceededError:
    """Return the error of a call whose time is up."""
    return DeadlineExceededError("the deadline passed and the work was stopped; allow more time, or ask for less")


def overloaded() -> OverloadedError:
    """Return the error of a server that has too much to do."""
    return OverloadedError("more work is waiting than this server takes; send it again in a moment")


class Workers:
    """A bounded pool of threads, with a bounded queue before it."""

    def __init__(self, name: str, threads: int = 0, queue: int = QUEUE) -> None:
        """Make the pool; threads start when they are needed.

        Args:
            name: what the threads are called.
            threads: number of threads; 0: two for each processor.
            queue: pieces of work that may wait.
        """
        self.threads = threads or 2 * (os.cpu_count() or 1)
        self.capacity = self.threads + queue
        self.busy = 0
        self._pool = ThreadPoolExecutor(self.threads, name)

    async def run(self, deadline: float, work: Callable[[Interrupt], T]) -> T:
        """Do work in a thread.

        Args:
            deadline: time by the monotonic clock.
            work: what to do; it calls what it is given between blocks.

        Raises: what the work raises; OverloadedError; DeadlineExceededError. When the caller goes away the work stops
            at its next look, and is not begun if it waits.
        """
        interruption = Interruption(deadline)
        future = self._submit(interruption, work)
        try:
            async with asyncio.timeout_at(asyncio.get_running_loop().time() + deadline - time.monotonic()):
                return await asyncio.wrap_future(future)
        except TimeoutError:
            raise deadline_exceeded() from None
        finally:
            interruption.cancel()

    async def stream(
        self,
        deadline: float,
        work: Callable[[Interrupt], Iterable[T]],
        droppable: Callable[[T, int], bool] = lambda item, waiting: False,
    ) -> AsyncGenerator[T]:
        """Do work in a thread that yields on the way.

        Args:
            deadline: time by the monotonic clock.
            work: what to do.
            droppable: tells, of one thing and the number that wait, whether the next like it may take its place.

        Raises: as `run` does.
        """
        loop = asyncio.get_running_loop()
        interruption = Interruption(deadline)
        pending: list[T] = []
        news = asyncio.Event()

        def arrive(item: T) -> None:
            waiting = len(pending)
            if pending and droppable(pending[-1], waiting) and droppable(item, waiting):
                pending.pop()
            pending.append(item)
            news.set()

        def produce(interrupt: Interrupt) -> None:
            for item in work(interrupt):
                loop.call_soon_threadsafe(arrive, item)

        done = asyncio.wrap_future(self._submit(interruption, produce))
        done.add_done_callback(lambda future: future.cancelled() or future.exception())  # it counts as looked at
        done.add_done_callback(lambda _: loop.call_soon(news.set))  # behind the last arrival
        # A timer of its own: `asyncio.timeout` would cancel whoever reads, since a generator has no task.
        timer = loop.call_later(deadline - time.monotonic(), news.set)
        try:
            while True:
                await news.wait()
                news.clear()
                finished = done.done()
                while pending:
                    yield pending.pop(0)
                if finished:
                    done.result()
                    return
                if time.monotonic() > deadline:
                    raise deadline_exceeded()
        finally:
            timer.cancel()
            interruption.cancel()

    def _submit(self, interruption: Interruption, work: Callable[[Interrupt], T]) -> Future[T]:
        if self.busy >= self.capacity:
            raise overloaded()
        asked = time.monotonic()

        def begin() -> T:
            interruption()
            if time.monotonic() - asked > LONGEST_WAIT:
                raise overloaded()
            return work(interruption)

        self.busy += 1
        future = self._pool.submit(begin)
        loop = asyncio.get_running_loop()
        future.add_done_callback(lambda _: loop.call_soon_threadsafe(self._finish))
        return future

    def _finish(self) -> None:
        self.busy -= 1

    def close(self) -> None:
        """Take no more work and forget what waits; running work is not waited for."""
        self._pool.shutdown(wait=False, cancel_futures=True)
