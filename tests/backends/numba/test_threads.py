"""Loops and products in parts: the same bits for any number of threads, and for any number of callers."""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from scipy.linalg import cython_blas

from gradwire_backends.numba import NumbaBackend, parts
from gradwire_backends.numba.program import PartedStage, kernel_program
from gradwire_backends.numba.routines import products
from gradwire_backends.numba.threads import Threads, wanted_threads
from gradwire_backends.testing import assert_close
from gradwire_service.backend import Tensors, never
from gradwire_service.errors import CancelledError, IndexRangeError
from gradwire_service.graph import FLOAT32, INT64, Array
from gradwire_service.interpreter import interpret
from gradwire_service.ops import FlatGraph, Value, variable
from gradwire_service.ops.functions import concatenate, exp, logsumexp, mean, prod, sin, take, transpose
from gradwire_service.ops.functions import max as max_
from gradwire_service.ops.functions import slice as slice_
from gradwire_service.ops.functions import sum as sum_
from gradwire_service.transform import gradient, simplify
from tests.backends.numba.graphs import compiled, logistic_point, logistic_regression, run_compiled

COUNTS = (1, 2, 3)
"""Numbers of threads that results must not depend on."""

SIZE = 600_007
X, Y = variable("x", (SIZE,)), variable("y", (SIZE,))
M, T = variable("m", (5001, 97)), variable("t", (90, 50, 101))
F, H = variable("f", (5001, 97), FLOAT32), variable("h", (901, 97), FLOAT32)


def draw(graph: FlatGraph) -> dict[str, Array]:
    """Return something to feed a graph."""
    numbers = np.random.default_rng(0)
    return {name: numbers.normal(size=x.shape).astype(x.element_type.dtype) for name, x in graph.variables.items()}


def parted(graph: FlatGraph) -> list[PartedStage]:
    """Return the loops of a graph that run in parts."""
    return [stage for stage in kernel_program(graph).stages if isinstance(stage, PartedStage)]


@pytest.fixture(scope="module")
def backends(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[NumbaBackend]]:
    """Backends with so many threads each, which find the same object code."""
    folder = tmp_path_factory.mktemp("parts")
    backends = [NumbaBackend(folder, threads=count) for count in COUNTS]
    yield backends
    for each in backends:
        each.close()


def check(backends: list[NumbaBackend], graph: FlatGraph, inputs: Tensors, tolerance: float = 1e-11) -> None:
    """Run a graph with each number of threads: the same bits, near those of NumPy."""
    found = [run_compiled(compiled(each, graph), inputs) for each in backends]
    expected = interpret(graph)(inputs)
    for name, y in expected.items():
        assert_close(name, found[0][name], y, tolerance)
        assert len({results[name].tobytes() for results in found}) == 1


@pytest.mark.parametrize(
    "outputs",
    [
        pytest.param({"z": sin(X) * exp(Y), "s": sum_(X * Y, axis=None)}, id="elements and a sum"),
        pytest.param({"least": max_(sin(X) + Y, axis=None), "p": prod(1 + X / SIZE, axis=None)}, id="no sum"),
        pytest.param({"s": sum_(exp(M), axis=(0,)), "mean": mean(sin(M), axis=(0,))}, id="leading axis"),
        pytest.param({"s": sum_(exp(M), axis=(1,)), "max": max_(exp(M), axis=(1,))}, id="trailing axis"),
        pytest.param({"s": sum_(exp(T), axis=(1,)), "mean": mean(exp(T), axis=(0, 2))}, id="middle and outer axes"),
        pytest.param({"s": mean(exp(M), axis=None), "a": sum_(exp(M), axis=(0,))}, id="all axes"),
        pytest.param({"y": logsumexp(M, axis=(1,)), "all": logsumexp(M, axis=None)}, id="logsumexp"),
    ],
)
def test_the_number_of_threads_does_not_show(outputs: dict[str, Value], backends: list[NumbaBackend]) -> None:
    graph = simplify(FlatGraph.of(outputs))
    assert parted(graph)
    check(backends, graph, draw(graph))


def test_nor_does_it_in_float32(backends: list[NumbaBackend]) -> None:
    outputs = {"z": sin(F), "s": sum_(exp(F), axis=(0,)), "t": sum_(exp(F), axis=(1,)), "m": mean(exp(F), axis=None)}
    graph = simplify(FlatGraph.of(outputs))
    assert parted(graph)
    check(backends, graph, draw(graph), 1e-5)


def test_nor_in_the_gradient_of_a_model(backends: list[NumbaBackend]) -> None:
    graph = logistic_regression(1_000_000, 2)
    assert parted(graph)
    check(backends, graph, logistic_point(1_000_000, 2))


def test_small_steps_could_be_parted_as_well(backends: list[NumbaBackend], monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is in a nest, every turn may be a part: reductions of each kind, integers, picks, joins, few columns."""
    for module in (parts, products):
        monkeypatch.setattr(module, "LARGE", 0.0)
    for name in ("GRAIN", "TURNS", "TOGETHER"):
        monkeypatch.setattr(parts, name, 1)
    for name in ("ROWS", "TERMS"):
        monkeypatch.setattr(products, name, 1)
    x, w, at = variable("x", (4, 5, 6)), variable("w", (6, 3)), variable("at", (4,), INT64)
    y = logsumexp(x @ w, axis=(-1,), keepdims=True) * take(x, slice_(at, index=":3"), axis=2)
    loss = mean(y * y, axis=None)
    outputs = dict(zip(("x_bar", "w_bar"), gradient(loss, [x, w]), strict=True))
    outputs |= {
        "n": sum_(at * at, axis=None),
        "most": max_(at, axis=None),
        "p": prod(x, axis=(0, 2)),
        "greatest": max_(x, axis=(0,)),
    }
    outputs |= {"joined": sum_(concatenate(x, 2 * x, axis=1), axis=(0, 1)), "pair": sum_(exp(w), axis=(0,))}
    graph = simplify(FlatGraph.of(outputs))
    assert len(parted(graph)) > 6
    check(backends, graph, draw(graph) | {"at": np.array([5, 0, -1, 2])})


A, B = variable("a", (100_003, 25)), variable("b", (300, 310))
U, V, W = variable("u", (100_003,)), variable("v", (25,)), variable("w", (1_000_003,))
C, D, G = variable("c", (310, 320)), variable("d", (201, 40, 40)), variable("g", (1_000_003, 3))


@pytest.mark.parametrize(
    "y",
    [
        pytest.param(A @ V, id="rows times a vector"),
        pytest.param(V @ transpose(A), id="a vector times columns"),
        pytest.param(transpose(A) @ U, id="columns times a vector"),
        pytest.param(U @ A, id="a vector times rows"),
        pytest.param(B @ C, id="two matrices"),
        pytest.param(transpose(C) @ transpose(B), id="their transposes"),
        pytest.param(transpose(A) @ (2 * A), id="a small product of large matrices"),
        pytest.param(transpose(A) @ A, id="a matrix and its transpose"),
        pytest.param(slice_(G, index=":, 2") @ slice_(G, index=":, 0"), id="two columns"),
        pytest.param(slice_(A, index="3:") @ V, id="some rows times a vector"),
        pytest.param(W @ W, id="two vectors"),
        pytest.param(variable("rows", (200_003, 30)) @ variable("none", (30, 0)), id="nothing"),
        pytest.param(D @ transpose(D, axes=(0, 2, 1)), id="a stack"),
        pytest.param(H @ transpose(2 * H), id="rows in float32"),
        pytest.param(transpose(F) @ (2 * F), id="columns in float32"),
    ],
)
def test_products_are_done_in_parts(y: Value, backends: list[NumbaBackend]) -> None:
    graph = simplify(FlatGraph.of({"y": y}))
    assert parted(graph)
    check(backends, graph, draw(graph), 1e-4 if y.element_type is FLOAT32 else 1e-9)


def test_parts_of_a_product_take_no_more_memory_than_its_factors() -> None:
    wide = variable("wide", (5_000, 700))
    program = kernel_program(FlatGraph.of({"y": transpose(wide) @ exp(wide)}))
    assert program.layout.workspace < 3.5 * wide.type.bytes


def test_blas_has_no_threads_of_its_own(backends: list[NumbaBackend]) -> None:
    compiled(backends[0], FlatGraph.of({"y": sin(variable("x", (3,)))}))
    count = getattr(ctypes.CDLL(cython_blas.__file__), "scipy_openblas_get_num_threads", lambda: 1)
    assert count() == 1


def test_sizes_share_a_kernel_whatever_their_parts() -> None:
    programs = [kernel_program(FlatGraph.of({"s": sum_(exp(variable("x", (n,))), axis=None)})) for n in (SIZE, 10**7)]
    assert len({program.key for program in programs}) == 1
    assert len({program.stages for program in programs}) == 2


def test_what_is_small_stays_in_one_piece() -> None:
    graph = FlatGraph.of({"s": sum_(exp(variable("x", (10_000,))), axis=None)})
    assert kernel_program(graph).stages == (0,)


def test_parts_are_many_and_short() -> None:
    for n in (SIZE, 10**7):
        (stage,) = parted(FlatGraph.of({"s": sum_(exp(variable("x", (n,))), axis=None)}))
        assert 6 <= stage.parts <= 256


def test_totals_of_parts_take_little_memory() -> None:
    for shape in ((40, 100_000), (100_000, 40), (1000, 5000)):
        x = variable("x", shape)
        program = kernel_program(FlatGraph.of({"s": sum_(exp(x), axis=(0,))}))
        assert program.layout.workspace < x.type.bytes / 8


def test_eight_callers_share_the_helpers(backends: list[NumbaBackend]) -> None:
    graph = simplify(FlatGraph.of({"z": sin(X) * exp(Y), "s": sum_(X * Y, axis=None)}))
    point = draw(graph)
    run = compiled(backends[-1], graph)
    expected = {name: y.tobytes() for name, y in run(point).items()}
    with ThreadPoolExecutor(8) as callers:
        for results in callers.map(lambda _: run(point), range(40)):
            assert {name: y.tobytes() for name, y in results.items()} == expected
    assert backends[-1]._threads._helpers == COUNTS[-1] - 1


@pytest.mark.parametrize("place", range(len(COUNTS)), ids=map(str, COUNTS))
def test_a_run_ends_between_two_parts(place: int, backends: list[NumbaBackend]) -> None:
    graph = simplify(FlatGraph.of({"z": sin(X) * exp(Y), "s": sum_(X * Y, axis=None)}))
    run, point = compiled(backends[place], graph), draw(graph)
    calls = 0

    def interrupt() -> None:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise CancelledError("enough")

    with pytest.raises(CancelledError, match="enough"):
        run(point, interrupt)
    assert calls == 3
    check(backends, graph, point)


def test_what_one_part_finds_amiss_is_told(backends: list[NumbaBackend]) -> None:
    table, at = variable("table", (50,)), variable("at", (SIZE,), INT64)
    graph = FlatGraph.of({"y": exp(take(table, at, axis=0))})
    assert parted(graph)
    positions = np.random.default_rng(0).integers(-50, 50, SIZE)
    for each in backends:
        run = compiled(each, graph)
        inputs = {"table": np.linspace(0, 1, 50), "at": positions.copy()}
        run_compiled(run, inputs)
        inputs["at"][SIZE // 2] = 50
        with pytest.raises(IndexRangeError):
            run(inputs)


# The threads by themselves


@pytest.fixture(params=COUNTS, ids=str)
def threads(request: pytest.FixtureRequest) -> Iterator[Threads]:
    threads = Threads(request.param)
    yield threads
    threads.close()


def noted(numbers: list[int], status: Callable[[int], int] = lambda number: 0) -> Callable[[int], int]:
    """Return work that notes its numbers."""

    def work(number: int) -> int:
        numbers.append(number)
        return status(number)

    return work


def test_every_part_is_done_once(threads: Threads) -> None:
    for count in (0, 1, 2, 100):
        numbers: list[int] = []
        assert threads.run(noted(numbers), count, never) == 0
        assert sorted(numbers) == [*range(count)]


def test_a_status_ends_the_work(threads: Threads) -> None:
    numbers: list[int] = []
    assert threads.run(noted(numbers, lambda number: 7 * (number == 3)), 10_000, never) == 7
    assert len(numbers) < 10_000


def test_what_a_part_raises_comes_to_the_caller(threads: Threads) -> None:
    def work(number: int) -> int:
        if number == 3:
            raise MemoryError("no more")
        return 0

    with pytest.raises(MemoryError, match="no more"):
        threads.run(work, 10, never)


def test_a_helper_joins() -> None:
    threads = Threads(2)
    both = threading.Barrier(2)

    def work(number: int) -> int:
        both.wait(60)  # passes when two threads are at it
        return 0

    assert threads.run(work, 2, never) == 0
    threads.close()


def test_a_caller_waits_for_its_helpers() -> None:
    threads, both, ended = Threads(2), threading.Barrier(2), threading.Event()
    caller, numbers = threading.current_thread(), list[int]()

    def work(number: int) -> int:
        both.wait(60)
        if threading.current_thread() is caller:
            threading.Timer(0.1, ended.set).start()
        else:
            ended.wait(60)
        numbers.append(number)
        return 0

    assert threads.run(work, 2, never) == 0
    assert sorted(numbers) == [0, 1]
    threads.close()


def test_a_caller_needs_no_helper() -> None:
    threads, busy, done = Threads(2), threading.Barrier(3), threading.Event()

    def waiting(number: int) -> int:
        busy.wait(60)
        return 0 if done.wait(60) else 1

    with ThreadPoolExecutor(1) as other:
        first = other.submit(threads.run, waiting, 2, never)
        busy.wait(60)  # a caller and the only helper are held up
        numbers: list[int] = []
        assert threads.run(noted(numbers), 5, never) == 0
        assert numbers == [*range(5)]
        done.set()
        assert first.result() == 0
    threads.close()
    assert threads.run(noted(numbers), 5, never) == 0


def test_the_number_of_threads_is_what_the_environment_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GRADWIRE_THREADS", "3")
    assert Threads().count == wanted_threads() == 3
    monkeypatch.delenv("GRADWIRE_THREADS")
    assert wanted_threads() >= 1
    for wrong in ("0", "-1", "many", "1.5"):
        monkeypatch.setenv("GRADWIRE_THREADS", wrong)
        with pytest.raises(ValueError, match=f"GRADWIRE_THREADS is '{wrong}'.*1 or more"):
            NumbaBackend(tmp_path)
