"""The backend as a whole: answers at once, faster ones later, and right ones whatever becomes of the compiler."""

from __future__ import annotations

import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from gradwire_backends.numba import NumbaBackend
from gradwire_backends.numba import backend as module
from gradwire_backends.numba.program import kernel_program
from gradwire_service.backend import CompilingBackend, RunInfo, Tier
from gradwire_service.errors import CancelledError
from gradwire_service.interpreter import interpret
from gradwire_service.ops import FlatGraph, variable
from gradwire_service.ops.functions import argsort, exp, sin
from gradwire_service.ops.functions import sum as sum_
from tests.backends.numba.graphs import (
    SECONDS,
    chain,
    compiled,
    logistic_point,
    logistic_regression,
    run_compiled,
)


def test_it_is_a_backend_that_compiles(backend: NumbaBackend) -> None:
    assert isinstance(backend, CompilingBackend)


def test_numpy_answers_until_code_is_there(folder: Path) -> None:
    own = NumbaBackend(folder)
    graph, point = logistic_regression(20, 3), logistic_point(20, 3)
    start = time.perf_counter()
    executable = own.prepare(graph)
    info = RunInfo()
    first = executable(point, info=info)
    assert time.perf_counter() - start < 0.5
    assert info.tier is Tier.INTERPRETED
    assert {name: y.tobytes() for name, y in first.items()} == {
        name: y.tobytes() for name, y in interpret(graph)(point).items()
    }
    assert own.wait(executable, SECONDS)
    for name, y in run_compiled(executable, point).items():
        np.testing.assert_allclose(y, first[name], rtol=1e-12, atol=1e-15)
    own.close()


def test_graphs_of_one_structure_are_compiled_once(folder: Path) -> None:
    own = NumbaBackend(folder, children=1)
    executables = [own.prepare(chain(4, (rows,))) for rows in range(2, 12)]
    assert all(own.wait(executable, SECONDS) for executable in executables)
    assert own.report()["compiled"] == 1
    own.close()


def test_a_compiler_that_is_killed_at_work_is_replaced(folder: Path) -> None:
    own = NumbaBackend(folder, children=1)
    executable = own.prepare(chain(150))
    end = time.monotonic() + SECONDS
    while not own._workers.processes and time.monotonic() < end:
        time.sleep(0.01)
    time.sleep(1)
    for child in own._workers.processes:
        os.kill(child, signal.SIGKILL)
    point = {"x": np.arange(3.0)}
    assert np.isfinite(executable(point)["y"]).all()
    assert own.wait(executable, SECONDS)
    run_compiled(executable, point)
    own.close()


def test_a_compiler_that_always_dies_leaves_numpy_and_a_reason(folder: Path) -> None:
    own = NumbaBackend(folder)
    own._workers._command = ("/bin/false",)
    executable = own.prepare(chain(3))
    assert not own.wait(executable, SECONDS)
    info = RunInfo()
    executable({"x": np.arange(3.0)}, info=info)
    assert info.tier is Tier.INTERPRETED
    (reason,) = own.report()["failed"].values()
    assert "died" in reason
    assert not own.wait(own.prepare(chain(3)), 0)  # not tried again at once
    own.close()


def test_a_fault_of_ours_in_lowering_is_not_the_callers(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(graph: FlatGraph) -> None:
        raise KeyError("a slip")

    monkeypatch.setattr(module, "kernel_program", fail)
    own = NumbaBackend(folder)
    executable = own.prepare(chain(3))
    assert not own.wait(executable, 1)
    assert np.isfinite(executable({"x": np.arange(3.0)})["y"]).all()
    assert "KeyError" in str(own.report()["failed"])
    own.close()


def test_graphs_too_large_for_a_compiler_get_no_kernels(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BLOCKS", 10)
    own = NumbaBackend(folder)
    assert not own.wait(own.prepare(chain(20)), 1)
    assert own.wait(own.prepare(chain(2)), SECONDS)
    own.close()


def test_large_graphs_become_source_beside_the_calls(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    may = threading.Event()
    lower = kernel_program
    monkeypatch.setattr(module, "BLOCKS_AT_ONCE", 10)
    monkeypatch.setattr(module, "kernel_program", lambda graph: (may.wait(10), lower(graph))[1])
    own = NumbaBackend(folder)
    executable = own.prepare(chain(20))
    executable({"x": np.arange(3.0)})
    assert not own.wait(executable, 0.1)
    may.set()
    assert own.wait(executable, SECONDS)
    own.close()


def test_a_graph_that_has_nothing_for_a_kernel_is_numpys(folder: Path) -> None:
    own = NumbaBackend(folder)
    graph = FlatGraph.of({"y": argsort(variable("x", (3,)), axis=0)})
    executable = own.prepare(graph)
    assert not own.wait(executable, 1)
    assert executable({"x": np.array([2.0, 0.0, 1.0])})["y"].tolist() == [1, 2, 0]
    assert own.report()["failed"] == {}
    own.close()


def test_a_closed_backend_goes_on_by_numpy(folder: Path) -> None:
    own = NumbaBackend(folder)
    graph, point = chain(3), {"x": np.arange(3.0)}
    executable = compiled(own, graph)
    own.close()
    info = RunInfo()
    assert executable(point, info=info)["y"].tobytes() == interpret(graph)(point)["y"].tobytes()
    assert info.tier is Tier.INTERPRETED
    assert own._workers.processes == []


def test_threads_get_the_bits_that_one_alone_gets(backend: NumbaBackend) -> None:
    executable = compiled(backend, logistic_regression(3000, 7))
    points = [logistic_point(3000, 7) for _ in range(4)]
    for number, point in enumerate(points):
        point["w"] = point["w"] + number
    alone = [{name: y.tobytes() for name, y in executable(point).items()} for point in points]
    with ThreadPoolExecutor(8) as threads:
        together = list(threads.map(lambda i: executable(points[i % 4]), range(400)))
    for number, found in enumerate(together):
        assert {name: y.tobytes() for name, y in found.items()} == alone[number % 4]


def test_kernels_run_without_the_gil(backend: NumbaBackend) -> None:
    x = variable("x", (3_000_000,))
    executable = compiled(backend, FlatGraph.of({"y": sum_(exp(sin(x)), axis=None)}))
    point = {"x": np.linspace(0, 1, 3_000_000)}
    executable(point)
    ticks, stop = 0, threading.Event()

    def tick() -> None:
        nonlocal ticks
        while not stop.is_set():
            ticks += 1
            time.sleep(0.0005)

    other = threading.Thread(target=tick)
    other.start()
    try:
        before, start = ticks, time.perf_counter()
        executable(point)
        seconds, ticked = time.perf_counter() - start, ticks - before
    finally:
        stop.set()
        other.join()
    assert ticked > seconds / 0.0005 / 20


def test_a_long_run_stops_between_its_parts(backend: NumbaBackend) -> None:
    executable = compiled(backend, chain(300, (2000,)))
    calls = 0

    def interrupt() -> None:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise CancelledError("enough")

    point = {"x": np.linspace(0, 1, 2000)}
    with pytest.raises(CancelledError):
        executable(point, interrupt)
    assert calls == 2
    executable(point)


def test_a_call_keeps_nothing_but_its_results(backend: NumbaBackend) -> None:
    import tracemalloc

    executable, point = compiled(backend, logistic_regression(500, 4)), logistic_point(500, 4)
    for _ in range(100):
        executable(point)
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for _ in range(100):
        executable(point)
    assert tracemalloc.get_traced_memory()[0] - before < 4096
    tracemalloc.reset_peak()
    executable(point)
    assert tracemalloc.get_traced_memory()[1] - before < 500 * 8 + 8192  # the gradient by the scores, and small change
    tracemalloc.stop()


def test_the_report_tells_what_is_there(backend: NumbaBackend) -> None:
    compiled(backend, chain(1))
    report = backend.report()
    assert report["loaded"] >= 1
    assert report["failed"] == {}
    assert Path(report["folder"]).is_dir()
