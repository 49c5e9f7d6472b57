"""A scan of Runge-Kutta steps with its gradient: time, memory and preparation against the number of steps."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

import gradwire as gw
from benchmarks.table import Row
from benchmarks.timing import Call, interleaved, shown
from gradwire_service import Engine

STEPS = (1_000, 4_000)
MODES = ("keep", "recompute", "sqrt")


def rows() -> Iterator[Row]:
    """Measure."""
    short, long = STEPS
    prepared = {n: _preparation(n) for n in STEPS}
    what = f"scan of {long:,} RK4 steps, value and gradient, prepared"
    yield Row(
        what, shown(prepared[long]), f"{short:,} steps {shown(prepared[short])}", prepared[long] / prepared[short]
    )
    for mode in MODES:
        calls: dict[str, Call] = {}
        memory = {}
        for n in STEPS:
            program = Engine("numpy").prepare(lotka_volterra(n, mode), POINT, of="loss", wrt=["start", "rates"])
            calls[str(n)] = partial(program, POINT)
            memory[n] = _peak(partial(program, POINT))
        times = interleaved(calls, seconds=4.0, rounds=5)
        one, other = times[str(short)].median, times[str(long)].median
        what = f"scan of {long:,} RK4 steps, value and gradient, {mode}"
        yield Row(
            f"{what}, time",
            shown(other),
            f"{long // short} × {short:,} steps, {shown(one)} each",
            other / one / (long / short),
        )
        sizes = f"{memory[long] / 1e6:.2f} MB", f"{short:,} steps {memory[short] / 1e6:.2f} MB"
        yield Row(f"{what}, memory at the peak", *sizes, memory[long] / memory[short])


POINT = {"start": np.array([1.0, 0.5]), "rates": np.array([1.1, 0.4, 0.1, 0.4])}


def lotka_volterra(steps: int, checkpoint: str) -> str:
    """Return the squared end of a predator-prey model after steps of the classical Runge-Kutta method."""
    start, rates = gw.variable("start", (2,)), gw.variable("rates", (4,))
    h = 10.0 / 1_000

    def slope(y: Any) -> Any:
        prey, predators = y[0], y[1]
        met = prey * predators
        return gw.stack([rates[0] * prey - rates[1] * met, rates[2] * met - rates[3] * predators])

    def step(y: Any, _: None) -> tuple[Any, None]:
        k1 = slope(y)
        k2 = slope(y + h / 2 * k1)
        k3 = slope(y + h / 2 * k2)
        k4 = slope(y + h * k3)
        return y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4), None

    end, _ = gw.scan(step, start, length=steps, checkpoint=checkpoint)
    return str(gw.Graph({"loss": gw.sum(end * end)}, name="lotka_volterra"))


def _preparation(steps: int) -> float:
    """Time what happens before a first run."""
    text = lotka_volterra(steps, "keep")
    best = float("inf")
    for _ in range(5):
        start = time.perf_counter()
        Engine("numpy").prepare(text, POINT, of="loss", wrt=["start", "rates"])
        best = min(best, time.perf_counter() - start)
    return best


def _peak(call: Call) -> int:
    """Return how much memory a call holds at its peak, in bytes."""
    call()
    tracemalloc.start()
    call()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak
