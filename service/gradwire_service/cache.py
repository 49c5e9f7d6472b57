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

    def __init__(self, capacity: int, discard: Callable[[T], None] | None = None) -> None:
        """Make an empty cache.

        Args:
            capacity: number of things that are kept.
            discard: called with each thing that is dropped.
        """
        self._capacity = capacity
        self._discard = discard
        self._entries: OrderedDict[Hashable, Future[T]] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._entries)

    def peek(self, key: Hashable) -> T | None:
        """Return the thing if it is there and made, without waiting; None otherwise."""
        with self._lock:
            future = self._entries.get(key)
            if future is None or not future.done():
                return None
            self._entries.move_to_end(key)
        return future.result()

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return the thing, made now if need be; a second caller waits for the first one's.

        Raises: whatever `make` raises.
        """
        dropped: list[Future[T]] = []
        with self._lock:
            future = self._entries.get(key)
            mine = future is None
            if future is None:
                future = self._entries[key] = Future()
                while len(self._entries) > self._capacity:
                    dropped.append(self._entries.popitem(last=False)[1])
            self._entries.move_to_end(key)
        for old in dropped:
            if self._discard and old.done() and not old.exception():
                self._discard(old.result())
        if mine:
            try:
                future.set_result(make())
            except BaseException as error:
                with self._lock:
                    self._entries.pop(key, None)
                future.set_exception(error)
        return future.result()

    def put(self, key: Hashable, thing: T) -> None:
        """Keep a thing that is made already."""
        self.get(key, lambda: thing)
