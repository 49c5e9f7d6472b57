"""What every backend promises about its executables, whatever the graph."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from gradwire_backends.testing.expect import expect
from gradwire_service.backend import Backend
from gradwire_service.errors import CancelledError
from gradwire_service.graph import FLOAT64
from gradwire_service.ops import FlatGraph, Value, constant, variable
from gradwire_service.ops.functions import reshape, tanh

Promise = Callable[[Backend], None]
"""Raises AssertionError when a backend breaks it; its docstring says what it is."""


def check_name(backend: Backend) -> None:
    """It has a name and one line of summary."""
    expect(backend.name, "the name is empty")
    expect(backend.summary, "the summary is empty")
    expect("\n" not in backend.summary, "the summary has several lines")


def check_results_are_fresh(backend: Backend) -> None:
    """Results belong to the caller: no later run changes them, and writing into one changes nothing else."""
    x = variable("x", (2, 3))
    fixed = constant(np.arange(6.0), FLOAT64)
    doubled = x + x
    outputs = {"x": x, "view": reshape(x, shape=(6,)), "fixed": fixed, "one": doubled, "two": doubled}
    run = backend.prepare(FlatGraph.of(outputs))
    point = np.arange(6.0).reshape(2, 3)
    first = run({"x": point})
    kept = {name: array.copy() for name, array in first.items()}
    run({"x": point + 1})
    for name, array in first.items():
        expect(np.array_equal(array, kept[name]), f"a later run changed {name!r} of an earlier one")
        array += 1
        for other in outputs:
            shown = kept[other] + (list(outputs).index(other) <= list(outputs).index(name))
            expect(np.array_equal(first[other], shown), f"writing into {name!r} changed {other!r}")
    expect(np.array_equal(point, np.arange(6.0).reshape(2, 3)), "writing into a result changed an input")
    for name, array in run({"x": point}).items():
        expect(np.array_equal(array, kept[name]), f"writing into results changed {name!r} of the next run")


def check_unused_variable(backend: Backend) -> None:
    """A variable that no output needs may be listed, and is fed."""
    x, unused = variable("x", (3,)), variable("unused", (2,))
    run = backend.prepare(FlatGraph.of({"y": x + 1}, [unused, x]))
    found = run({"x": np.zeros(3), "unused": np.zeros(2)})
    expect(set(found) == {"y"}, f"results are {sorted(found)}, not ['y']")
    expect(np.array_equal(found["y"], np.ones(3)), f"y is {found['y']}, not ones")


def check_repeats_bit_for_bit(backend: Backend) -> None:
    """The same executable gives the same bits at each call, also from several threads at once."""
    run = backend.prepare(_chain(variable("x", (1000,)), 20))
    points = [{"x": np.linspace(-i, i, 1000)} for i in range(1, 5)]
    alone = [run(point)["y"].tobytes() for point in points]
    with ThreadPoolExecutor(4) as threads:
        together = list(threads.map(lambda i: run(points[i % 4])["y"], range(40)))
    for i, y in enumerate(together):
        expect(y.tobytes() == alone[i % 4], "calls from several threads disturb each other")


def check_interrupt(backend: Backend) -> None:
    """A long run calls its interrupt, and what that raises comes through."""
    run = backend.prepare(_chain(variable("x", (1_000_000,)), 30))

    def interrupt() -> None:
        raise CancelledError("the caller has gone")

    try:
        run({"x": np.zeros(1_000_000)}, interrupt)
    except CancelledError:
        return
    raise AssertionError("a run of more than 0.1 s never looked whether it was interrupted")


PROMISES: tuple[Promise, ...] = (
    check_name,
    check_results_are_fresh,
    check_unused_variable,
    check_repeats_bit_for_bit,
    check_interrupt,
)
"""What every backend goes through once."""


def _chain(x: Value, length: int) -> FlatGraph:
    y = x
    for _ in range(length):
        y = tanh(y) + x
    return FlatGraph.of({"y": y})
