"""From work that tells by calling, as SciPy's methods do, to an iterator of what it tells."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from queue import Empty, Queue
from typing import TypeVar

from gradwire_service.errors import CancelledError

T = TypeVar("T")

_LOOK = 0.05
"""Seconds between two looks whether work that nobody waits for has ended."""

Tell = Callable[[T], None]
Leave = Callable[[], None]
"""Raises CancelledError once nobody takes what is told."""


def told(work: Callable[[Tell[T], Leave], None]) -> Iterator[T]:
    """Yield what work tells while it goes on in a thread of its own, at most one item ahead of whoever takes them.

    Args:
        work: is given a function that takes an item, and one to call between its parts.

    Raises: what the work raises.
    """
    items: Queue[T | None] = Queue(maxsize=1)
    closed = threading.Event()
    faults: list[BaseException] = []

    def leave() -> None:
        if closed.is_set():
            raise CancelledError("nobody waits for the result; the work was stopped")

    def tell(item: T) -> None:
        leave()
        items.put(item)

    def go() -> None:
        try:
            work(tell, leave)
        except BaseException as fault:  # raised where the items are taken
            faults.append(fault)
        finally:
            items.put(None)

    thread = threading.Thread(target=go, name="gradwire-method", daemon=True)
    thread.start()
    try:
        while (item := items.get()) is not None:
            yield item
    finally:
        closed.set()
        while thread.is_alive():
            with suppress(Empty):
                items.get_nowait()  # it may wait to be rid of one
            thread.join(_LOOK)
    if faults:
        raise faults[0]
