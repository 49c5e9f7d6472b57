"""Threads for work that would hold up the event loop: bounded, stopped by deadlines and by callers who go away."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

from gradwire_service.backend import Interrupt
from gradwire_service.errors import CancelledError, DeadlineExceededError, OverloadedError

T = TypeVar("T")

QUEUE = 256
"""Pieces of work that may wait for a thread."""

LONGEST_WAIT = 10.0
"""Seconds that work may wait for a thread; after that the server counts as overloaded."""

ROOM = 2**20
"""Bytes that may wait for the slow reader of a stream before some are dropped."""


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


class Waiting(Generic[T]):
    """What a reader has not taken; it never weighs much, since the oldest of what has a weight goes."""

    def __init__(self) -> None:
        self._items: deque[T] = deque()
        self._weights: deque[tuple[T, int]] = deque()
        self._weight = 0

    def __bool__(self) -> bool:
        return bool(self._items)

    def add(self, item: T, weight: int) -> None:
        """Add an item; one of weight 0 stays until it is taken."""
        self._items.append(item)
        if weight:
            self._weights.append((item, weight))
            self._weight += weight
            while self._weight > ROOM and len(self._weights) > 1:
                dropped, its_weight = self._weights.popleft()
                self._items.remove(dropped)
                self._weight -= its_weight

    def take(self) -> T:
        """Return the next item."""
        item = self._items.popleft()
        if self._weights and self._weights[0][0] is item:
            self._weight -= self._weights.popleft()[1]
        return item


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
        weigh: Callable[[T], int] = lambda _: 0,
    ) -> AsyncGenerator[T]:
        """Do work in a thread that yields on the way.

        Args:
            deadline: time by the monotonic clock.
            work: what to do.
            weigh: tells how many bytes an item takes while a slow reader keeps it waiting. Where that is too much, the
                oldest of those with a weight are dropped, but for the latest; those of weight 0 never are.

        Raises: as `run` does.
        """
        loop = asyncio.get_running_loop()
        interruption = Interruption(deadline)
        waiting = Waiting[T]()
        news = asyncio.Event()

        def arrive(item: T, weight: int) -> None:
            waiting.add(item, weight)
            news.set()

        def produce(interrupt: Interrupt) -> None:
            for item in work(interrupt):
                loop.call_soon_threadsafe(arrive, item, weigh(item))

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
                while waiting:
                    yield waiting.take()
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
            try:
                return work(interruption)
            except Exception:
                raise
            except BaseException as error:  # such as SystemExit, which would end the event loop and so the server
                raise RuntimeError(f"work tried to end its thread by {type(error).__name__}") from error

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
