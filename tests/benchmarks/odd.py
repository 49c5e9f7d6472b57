"""A kind of work whose contenders go wrong, each in its way."""

from __future__ import annotations

import os
import signal
from typing import Any

import numpy as np

from benchmarks.contender import AbsentError, Kind, Point, Prepared, Size


def ours(n: int) -> Any:
    from benchmarks.ours import Question

    at: Point = {"x": np.arange(float(n))}
    return Question("graph odd\nvariable x: float64[n]\ny = multiply(x, x)\nz = sum(y)\noutput z = z", at)


def right(n: int) -> Prepared:
    x = np.arange(float(n))
    return Prepared(lambda: [x @ x, 2 * x])


def wrong(n: int) -> Prepared:
    x = np.arange(float(n))
    return Prepared(lambda: [x @ x, 2 * x * (1 + 1e-7)])


def fails(n: int) -> Prepared:
    raise ValueError(f"n = {n} is too odd")


def is_absent(n: int) -> Prepared:
    raise AbsentError("it stayed at home")


def dies_at_once(n: int) -> Prepared:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("it lives")


def dies_later(n: int) -> Prepared:
    x, calls = np.arange(float(n)), iter([False, False, False])
    return Prepared(lambda: os._exit(7) if next(calls, True) else [x @ x, 2 * x])


KIND = Kind(
    "odd",
    "odd work",
    [Size({"n": 4}, 0.5)],
    ours,
    {
        "right": right,
        "wrong": wrong,
        "fails": fails,
        "is absent": is_absent,
        "dies at once": dies_at_once,
        "dies later": dies_later,
    },
    package="tests.benchmarks",
)
