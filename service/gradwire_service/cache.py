"""A cache that makes each thing once, however many threads ask for it, and forgets what was unused for longest."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Generic, TypeVar

T = TypeVar("T")


class Cache(Generic[T]):
    """Things by key. What fails to be made is not kept: the next one who asks tries again."""

    def __init__(self, capacity: int, weigh: Callable[[T], int] = lambda _: 0, most: int = 0) -> None:
        """Make an empty cache.

        Args:
            capacity: number of things that it keeps at most.
            weigh: tells what a thing weighs, such as its memory in bytes.
            most: what all things weigh together at most.
        """
        self._capacity, self._weigh, self._most = capacity, weigh, most
        self._weight = 0
        self._made: OrderedDict[Hashable, T] = OrderedDict()
        self._making: dict[Hashable, Future[T]] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._made)

    def peek(self, key: Hashable) -> T | None:
        """Return the thing if it is there and made, without waiting; None otherwise."""
        with self._lock:
            thing = self._made.get(key)
            if thing is not None:
                self._made.move_to_end(key)
            return thing

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return the thing, made now if need be; a second caller waits for the first one's.

        Raises: whatever `make` raises.
        """
        with self._lock:
            if key in self._made:
                self._made.move_to_end(key)
                return self._made[key]
            future = self._making.get(key)
            mine = future is None
            if future is None:
                future = self._making[key] = Future()
        if mine:
            try:
                thing = make()
            except BaseException as error:
                with self._lock:
                    del self._making[key]
                future.set_exception(error)
                raise
            with self._lock:
                del self._making[key]
                self._made[key] = thing
                self._weight += self._weigh(thing)
                while len(self._made) > self._capacity or self._weight > self._most:
                    _, oldest = self._made.popitem(last=False)
                    self._weight -= self._weigh(oldest)
            future.set_result(thing)
        return future.result()
