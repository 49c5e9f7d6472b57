"""One contender in a process of its own: ``python -m benchmarks.worker MODULE SIZE CONTENDER ANSWER``.

It prepares, writes its answer to a file, and then does what it is told, a line each way:

- ``time N``: the mean time of N calls, in seconds;
- ``peak``: the resident size at its peak during a warm call, in bytes;
- ``allocated``: what Python allocates at the peak of a warm call, and the size of the results, in bytes.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import time
import tracemalloc
from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np

from benchmarks.contender import AbsentError, Kind, Prepared
from benchmarks.memory import peak_resident, reset_peak


def main() -> None:
    """Serve until stdin ends."""
    module, size, contender, answer = sys.argv[1:]
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # libraries and compilers print what they like

    def reply(**words: Any) -> None:
        print(json.dumps(words), file=replies, flush=True)

    try:
        kind: Kind = import_module(module).KIND
        prepared = kind.prepare(contender, kind.sizes[int(size)])
        np.savez(answer, *prepared.answer(prepared.call()))
    except AbsentError as error:
        reply(absent=str(error))
        return
    except Exception as error:  # of any library; the run goes on without it
        reply(failed=f"{type(error).__name__}: {error}".partition("\n")[0])
        return
    prepared.call()  # a second one, since some compile at the first, and again when they see that types do not change
    reply(ready=True)
    for line in sys.stdin:
        command, *arguments = line.split()
        reply(**COMMANDS[command](prepared, *map(int, arguments)))


def timed(prepared: Prepared, count: int) -> dict[str, float]:
    """Return the mean time of some calls."""
    call, numbers = prepared.call, range(count)
    gc.disable()
    start = time.perf_counter()
    for _ in numbers:
        call()
    seconds = time.perf_counter() - start
    gc.enable()
    return {"seconds": seconds / count}


def peak(prepared: Prepared) -> dict[str, int]:
    """Return the largest resident size during a warm call."""
    reset_peak()
    prepared.call()
    return {"bytes": peak_resident()}


def allocated(prepared: Prepared) -> dict[str, int]:
    """Return what a warm call allocates at its peak, and what of it are results."""
    tracemalloc.start()
    prepared.call()
    before = tracemalloc.get_traced_memory()[0]
    tracemalloc.reset_peak()
    result = prepared.call()
    after, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return {"peak": most - before, "results": sum(x.nbytes for x in prepared.answer(result)), "kept": after - before}


COMMANDS: dict[str, Callable[..., dict[str, Any]]] = {"time": timed, "peak": peak, "allocated": allocated}


if __name__ == "__main__":
    main()
