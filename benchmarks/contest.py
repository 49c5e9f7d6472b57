"""Contenders in processes of their own: answers held against ours, then times in turns.

A contender that is absent, fails, dies, or answers something else never ends the run: it is listed with the reason.
"""

from __future__ import annotations

import json
import os
import select
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.contender import BY_HAND, IN_C, OURS, Array, Kind, Size

TOLERANCE = 1e-8
"""Greatest difference from our answer, relative to the largest element of an array."""

READY_SECONDS = 240.0
"""Longest time to import, compile and answer once."""

COMMAND_SECONDS = 120.0
"""Longest time for a batch of calls."""

FEWEST_ROUNDS = 3
"""Turns that also those get whose calls take longer than the time that there is for them."""

ROOT = Path(__file__).parents[1]
PINNED = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
"""What may keep BLAS from its best; the contenders do without."""


def peers_python() -> str:
    """Return the interpreter of the peers: `GRADWIRE_PEERS`, else that of `.venv-peers`, else our own."""
    made = ROOT / ".venv-peers" / "bin" / "python"
    return os.environ.get("GRADWIRE_PEERS") or (str(made) if made.exists() else sys.executable)


@dataclass
class Measured:
    """What became of one size of a kind.

    Attributes:
        kind: the kind of work.
        size: its size.
        threads: threads that each contender had.
        seconds: median time of a call, of those that answered as we did.
        others: why the others have none.
        peaks: largest resident size during a warm call, in bytes.
        allocated: what a warm call of ours allocates, and the size of its results, in bytes.
    """

    kind: Kind
    size: Size
    threads: int = 1
    seconds: dict[str, float] = field(default_factory=dict)
    others: dict[str, str] = field(default_factory=dict)
    peaks: dict[str, int] = field(default_factory=dict)
    allocated: dict[str, int] = field(default_factory=dict)

    @property
    def best_peer(self) -> str | None:
        """Name of the fastest contender that is neither ours nor C."""
        peers = {name: t for name, t in self.seconds.items() if name not in (OURS, IN_C)}
        return min(peers, key=peers.__getitem__, default=None)

    @property
    def ratio(self) -> float | None:
        """Ours ÷ the best peer."""
        return self._ratio(self.best_peer)

    @property
    def to_c(self) -> float | None:
        """Ours ÷ C."""
        return self._ratio(IN_C)

    def _ratio(self, other: str | None) -> float | None:
        if other is None or not {OURS, other} <= self.seconds.keys():
            return None
        return self.seconds[OURS] / self.seconds[other]


class ContenderError(Exception):
    """A contender can't go on; the message says why."""


class Contestant:
    """A contender's process."""

    def __init__(self, kind: Kind, size: Size, name: str, threads: int, folder: Path) -> None:
        self.name = name
        self._answer = folder / f"{name}.npz"
        self._words = (folder / f"{name}.log").open("w+")
        python = sys.executable if name in (OURS, BY_HAND, IN_C) else peers_python()
        arguments = [kind.module, str(list(kind.sizes).index(size)), name, str(self._answer)]
        self._process = subprocess.Popen(
            [python, "-m", "benchmarks.worker", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._words,
            cwd=ROOT,
            env=environment(threads),
            text=True,
        )

    @property
    def pid(self) -> int:
        """The process."""
        return self._process.pid

    def reply(self, end: float, limit: float) -> dict[str, Any]:
        """Return its next line.

        Args:
            end: when to give up, on the monotonic clock.
            limit: how long that is from when it was asked, in seconds.

        Raises: ContenderError when there is none.
        """
        assert self._process.stdout is not None
        ready, _, _ = select.select([self._process.stdout], [], [], max(end - time.monotonic(), 0))
        line = self._process.stdout.readline() if ready else ""
        if not line:
            raise ContenderError(self._ending() if ready else f"no answer in {limit:.0f} s")
        words: dict[str, Any] = json.loads(line)
        for fault in ("absent", "failed"):
            if fault in words:
                raise ContenderError(f"{fault}: {words[fault]}")
        return words

    def _ending(self) -> str:
        code = self._process.wait()
        self._words.seek(0)
        last = [line.strip() for line in self._words if line.strip()][-1:]
        return " ".join([f"ended by signal {-code}" if code < 0 else f"ended with status {code}", *last])

    def ask(self, *words: object) -> dict[str, Any]:
        """Send a command and return the answer."""
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):  # what is read next tells why
            print(*words, file=self._process.stdin, flush=True)
        return self.reply(time.monotonic() + COMMAND_SECONDS, COMMAND_SECONDS)

    @property
    def answer(self) -> list[Array]:
        """What its first call returned."""
        with np.load(self._answer) as found:
            return [found[name] for name in found.files]

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.communicate()
        self._words.close()


def environment(threads: int) -> dict[str, str]:
    """Return what tells every library how many threads to take."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS", "NPROC")
    several = "true" if threads > 1 else "false"
    kept = {name: value for name, value in os.environ.items() if name not in PINNED}
    flags = f"--xla_cpu_multi_thread_eigen={several} intra_op_parallelism_threads={threads}"
    return kept | dict.fromkeys(names, str(threads)) | {"XLA_FLAGS": flags, "JAX_PLATFORMS": "cpu"}


def measure(
    kind: Kind,
    size: Size,
    *,
    threads: int = 1,
    names: Sequence[str] = (),
    seconds: float = 1.0,
    rounds: int = 11,
) -> Measured:
    """Hold the answers of all contenders against ours, then time them in turns.

    Args:
        kind: the kind of work.
        size: one of its sizes.
        threads: threads of each contender.
        names: contenders; (): all.
        seconds: time to spend on each, about.
        rounds: number of turns; each turn of a contender is a batch, whose mean is one time.
    """
    found = Measured(kind, size, threads)
    with _contestants(kind, size, threads, names or (OURS, *kind.contenders)) as running:
        _start(running, found)
        _check(running, found)
        _time(running, found, seconds, rounds)
        for name, contestant in list(running.items()):
            with _listed(found, running, name):
                found.peaks[name] = contestant.ask("peak")["bytes"]
                if name == OURS:
                    found.allocated = contestant.ask("allocated")
    return found


@contextmanager
def _contestants(kind: Kind, size: Size, threads: int, names: Sequence[str]) -> Iterator[dict[str, Contestant]]:
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        running = {}
        for name in names:
            running[name] = Contestant(kind, size, name, threads, Path(folder))
            stack.callback(running[name].close)
        yield running


@contextmanager
def _listed(found: Measured, running: dict[str, Contestant], name: str) -> Iterator[None]:
    """Let a contender that fails here drop out, with its reason."""
    try:
        yield
    except ContenderError as error:
        found.others[name] = str(error)
        found.seconds.pop(name, None)
        running.pop(name).close()


def _start(running: dict[str, Contestant], found: Measured) -> None:
    """Wait until all are ready."""
    end = time.monotonic() + READY_SECONDS
    for name, contestant in list(running.items()):
        with _listed(found, running, name):
            contestant.reply(end, READY_SECONDS)


def _check(running: dict[str, Contestant], found: Measured) -> None:
    """Compare the answers with ours; without ours with each other's first."""
    if not running:
        return
    reference = next(iter(running.values())).answer
    for name, contestant in list(running.items()):
        with _listed(found, running, name):
            if fault := difference(contestant.answer, reference):
                raise ContenderError(f"another answer: {fault}")


def difference(answer: Sequence[Array], reference: Sequence[Array]) -> str:
    """Tell how an answer differs from another one; "" when it does not."""
    if len(answer) != len(reference):
        return f"{len(answer)} arrays instead of {len(reference)}"
    for i, (x, y) in enumerate(zip(answer, reference, strict=True)):
        if x.size != y.size:
            return f"array {i} has {x.size} elements instead of {y.size}"
        error = np.abs(x.ravel() - y.ravel()).max(initial=0)
        if not error <= TOLERANCE * np.abs(y).max(initial=0):
            return f"array {i} is off by {error:.3g}, its largest element is {np.abs(y).max():.3g}"
    return ""


def _time(running: dict[str, Contestant], found: Measured, seconds: float, rounds: int) -> None:
    """Take times in turns."""
    counts: dict[str, int] = {}
    times: Mapping[str, list[float]] = {name: [] for name in running}
    for name, contestant in list(running.items()):
        with _listed(found, running, name):
            once = contestant.ask("time", 1)["seconds"]
            once = contestant.ask("time", max(1, int(0.01 / once)))["seconds"]
            counts[name] = max(1, int(seconds / rounds / once))
    for turn in range(rounds):
        for name, contestant in list(running.items()):
            if turn >= FEWEST_ROUNDS and sum(times[name]) * counts[name] > 2 * seconds:
                continue
            with _listed(found, running, name):
                times[name].append(contestant.ask("time", counts[name])["seconds"])
    found.seconds |= {name: statistics.median(times[name]) for name in running}
