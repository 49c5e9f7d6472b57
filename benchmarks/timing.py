"""Times of calls, taken in turns, so that a machine that drifts drifts for all."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

Call = Callable[[], object]


@dataclass(frozen=True)
class Timing:
    """Times of one call, in seconds: the median over rounds, and the least."""

    median: float
    least: float


def interleaved(calls: Mapping[str, Call], seconds: float = 2.0, rounds: int = 31) -> dict[str, Timing]:
    """Time several calls in turns.

    Args:
        calls: what to time, by name; each is called a few times first.
        seconds: time to spend on each, about.
        rounds: number of turns; each turn of a call is a batch, whose mean is one time.
    """
    batches: dict[str, int] = {}
    for name, call in calls.items():
        for _ in range(3):
            call()
        start = time.perf_counter()
        call()
        once = time.perf_counter() - start
        batches[name] = max(1, int(seconds / rounds / max(once, 1e-7)))
    times: dict[str, list[float]] = {name: [] for name in calls}
    gc.collect()
    gc.disable()
    try:
        for _ in range(rounds):
            for name, call in calls.items():
                count = batches[name]
                start = time.perf_counter()
                for _ in range(count):
                    call()
                times[name].append((time.perf_counter() - start) / count)
    finally:
        gc.enable()
    return {name: Timing(statistics.median(values), min(values)) for name, values in times.items()}


def shown(seconds: float) -> str:
    """Write a time with a fitting unit."""
    for factor, unit in ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs")):
        if seconds >= factor:
            return f"{seconds / factor:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"
