"""The instruction loop: what it answers is what NumPy answers, whatever the graph."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from gradwire_backends.numba import NumbaBackend
from gradwire_backends.numba import backend as backend_module
from gradwire_backends.numba.cache import Cache
from gradwire_backends.numba.instructions import program as program_module
from gradwire_backends.numba.instructions import vocabulary
from gradwire_backends.numba.instructions.executable import LoopExecutable
from gradwire_backends.numba.instructions.loop import InstructionLoop
from gradwire_backends.numba.instructions.program import HostStage, loop_program
from gradwire_backends.numba.kernels import Kernel, Kernels
from gradwire_backends.numba.lowering import FUNCTIONS
from gradwire_backends.numba.workers import Workers
from gradwire_backends.numba.workspace import Workspaces
from gradwire_backends.testing import SAMPLES, assert_close
from gradwire_service.backend import RunInfo, Tensors, Tier
from gradwire_service.errors import CancelledError, IndexRangeError
from gradwire_service.graph import FLOAT32, FLOAT64, INT64, Array, ElementType
from gradwire_service.interpreter import interpret
from gradwire_service.ops import Composite, FlatGraph, Op, Value, apply, constant, variable
from gradwire_service.ops.functions import cos, cumsum, exp, reshape, sin, stack, take, tanh
from gradwire_service.ops.functions import slice as slice_
from gradwire_service.ops.functions import sum as sum_
from gradwire_service.transform import gradient, simplify
from tests.backends.numba.graphs import SECONDS, chain
from tests.backends.numba.test_random_graphs import GROUPS, graphs
from tests.transform.random_graphs import RandomGraph, random_graphs

SLOPES = 4
"""Samples of an op whose gradients are tried too."""


@dataclass(frozen=True)
class Loop:
    """The kernel, and where it is kept."""

    folder: Path
    kernel: Kernel
    workspaces: Workspaces

    def prepare(self, graph: FlatGraph) -> LoopExecutable:
        """Have a graph run by the loop, whether that is wise or not."""
        return LoopExecutable(graph, loop_program(graph), self.kernel, self.workspaces)


@pytest.fixture(scope="module")
def loop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loop]:
    folder = tmp_path_factory.mktemp("loop")
    workers = Workers(1)
    kernels = Kernels(Cache(folder), workers)
    kernel = kernels.get(vocabulary.identity(), vocabulary.source())
    kernel.settled.wait(SECONDS)
    assert kernel.code is not None, kernel.failure
    workers.close()
    yield Loop(folder, kernel, Workspaces())
    kernels.close()


def run(executable: LoopExecutable, inputs: Tensors) -> Tensors:
    """Run, and see that it was the loop that answered."""
    info = RunInfo()
    results = executable(inputs, info=info)
    assert info.tier is Tier.COMPILED
    return results


def check(loop: Loop, graph: FlatGraph, inputs: Tensors, tolerance: float = 0.0) -> None:
    """Run a graph by the loop and by NumPy, within a tolerance for float64."""
    found, expected = run(loop.prepare(graph), inputs), interpret(graph)(inputs)
    for name, x in expected.items():
        assert found[name].dtype == x.dtype
        assert_close(name, found[name], x, {"float64": tolerance, "float32": 1e-5}.get(x.dtype.name, 0.0))


def bits(results: Tensors) -> dict[str, bytes]:
    return {name: x.tobytes() for name, x in results.items()}


def scalars(blocks: int, seed: int = 0) -> tuple[FlatGraph, dict[str, Array]]:
    """Return a random expression of scalars with its gradient, and a point."""
    draw = np.random.default_rng(seed)
    xs = [variable(f"x{i}") for i in range(8)]
    values: list[Value] = list(xs)
    operations: list[Callable[[Value, Value], Value]] = [
        lambda a, b: a + b,
        lambda a, b: a - b,
        lambda a, b: sin(a) * b,
        lambda a, b: tanh(a * b),
        lambda a, b: cos(a) / (2 + b * b),
    ]
    while len(values) < blocks:
        i, j = draw.integers(max(len(values) - 200, 0), len(values), 2)
        values.append(operations[draw.integers(len(operations))](values[i], values[j]))
    y = sum_(stack(*values[-200:]), axis=None)
    slopes = gradient(y, xs)
    outputs = {"y": y} | {f"slope {x.name}": slope for x, slope in zip(xs, slopes, strict=True)}
    return simplify(FlatGraph.of(outputs, xs)), {x.name: draw.normal(size=()) for x in xs}


# What it answers


def graph_of(op: str) -> tuple[FlatGraph, dict[str, Array]]:
    """Return the values of an op's samples, and the gradients of some, named by their numbers; and what is fed."""
    outputs: dict[str, Value] = {}
    inputs: dict[str, Array] = {}
    samples = [sample for sample in SAMPLES if sample.op == op]
    for number, sample in enumerate(samples[:1] if issubclass(Op.registry[op], Composite) else samples):
        fed = {f"{number} x{i}": np.array(x, order="C") for i, x in enumerate(sample.inputs)}
        xs = [variable(name, x.shape, ElementType.of(x.dtype)) for name, x in fed.items()]
        results = apply(sample.op, *xs, **sample.attributes)
        y = results[sample.result] if isinstance(results, tuple) else results
        inputs |= fed
        outputs[f"{number} y"] = y
        wrt = [x for x in xs if x.element_type is FLOAT64]
        if y.element_type is FLOAT64 and wrt and number < SLOPES:
            weights = constant(np.linspace(0.5, 1.5, y.type.size).reshape(y.shape), y.element_type)
            slopes = gradient(sum_(y * weights, axis=None), wrt)
            outputs |= {f"{x.name} slope": slope for x, slope in zip(wrt, slopes, strict=True)}
    return simplify(FlatGraph.of(outputs)), inputs


@pytest.mark.parametrize("op", sorted({sample.op for sample in SAMPLES}))
def test_the_loop_gives_what_numpy_gives(op: str, loop: Loop) -> None:
    graph, inputs = graph_of(op)
    check(loop, graph, inputs, 1e-11)


def test_an_op_with_a_fragment_is_an_instruction() -> None:
    texts = {text for text, _, _ in vocabulary.instructions()}
    for name in FUNCTIONS:
        assert any(text.startswith(f"{name}(") for text in texts), name
    assert vocabulary.source().count("if c == ") == len(vocabulary.instructions())


@settings(max_examples=25, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(graph=graphs(), seed=st.integers(0, 2**32 - 1))
def test_random_graphs_of_small_tensors_give_what_numpy_gives(loop: Loop, graph: FlatGraph, seed: int) -> None:
    draw = np.random.default_rng(seed)
    inputs = {name: np.asarray(draw.uniform(-1, 1, value.shape)) for name, value in graph.variables.items()}
    expected = interpret(graph)(inputs)
    for name, x in run(loop.prepare(graph), inputs).items():
        np.testing.assert_allclose(x, expected[name], rtol=1e-9, atol=1e-9, err_msg=name)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@settings(max_examples=10, deadline=None, derandomize=True, database=None, phases=[Phase.generate])
@given(made=st.sampled_from([*GROUPS.values()]).flatmap(random_graphs))
def test_gradients_of_random_graphs_over_all_ops_are_what_numpy_gives(loop: Loop, made: RandomGraph) -> None:
    graph = simplify(FlatGraph.of(made.gradient, made.variables.values()))
    found, expected = run(loop.prepare(graph), made.point), interpret(graph)(made.point)
    size = max(np.max(np.abs(x), initial=0.0) for x in expected.values())
    for name, x in expected.items():
        np.testing.assert_allclose(found[name], x, rtol=0, atol=1e-12 * size, err_msg=name)


@pytest.mark.parametrize("seed", range(3))
def test_second_derivatives_of_random_expressions_are_what_numpy_gives(seed: int, loop: Loop) -> None:
    graph, point = scalars(60, seed)
    xs = list(graph.variables.values())
    slopes = [graph.outputs[f"slope {x.name}"] for x in xs]
    rows = [gradient(slope, xs) for slope in slopes]
    outputs = {f"{i} {j}": second for i, row in enumerate(rows) for j, second in enumerate(row)}
    check(loop, simplify(FlatGraph.of(outputs, xs)), point, 1e-11)


def test_arithmetic_of_float32_has_its_bits(loop: Loop) -> None:
    x, y = variable("x", (500,), FLOAT32), variable("y", (500,), FLOAT32)
    graph = FlatGraph.of({"z": (x * y + x) / y - y * y, "root": (x * x + y * y) ** 0.5})
    draw = np.random.default_rng(0)
    point = {name: (draw.normal(size=500) * 10.0 ** draw.integers(-25, 25, 500)).astype(np.float32) for name in "xy"}
    found = run(loop.prepare(graph), point)
    assert found["z"].tobytes() == interpret(graph)(point)["z"].tobytes()


def test_nan_infinities_and_signs_of_zero_pass_unchanged(loop: Loop) -> None:
    x = variable("x", (6,))
    graph = FlatGraph.of({"copy": slice_(stack(x, -x, axis=0), index="1, ::-1"), "product": x * 0.0, "sum": x - x})
    point = {"x": np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 5e-324])}
    assert bits(run(loop.prepare(graph), point)) == bits(interpret(graph)(point))


def test_what_only_moves_elements_is_no_instruction(loop: Loop) -> None:
    x = variable("x", (3, 4))
    picked = take(slice_(x, index="::-1, 1:"), constant([2, 0, 2], INT64), axis=0)
    graph = FlatGraph.of({"y": reshape(picked, shape=(9,))})
    rows = loop_program(graph).rows[:, 0]
    moves = {number for key, number in vocabulary.instructions().items() if key[0] in ("fetch", "deliver")}
    assert moves.issuperset(rows.tolist())
    check(loop, graph, {"x": np.arange(12.0).reshape(3, 4)})


def test_blocks_without_an_instruction_are_numpys_in_between(loop: Loop) -> None:
    x = variable("x", (5,))
    y = tanh(cumsum(sin(x), axis=0)) * x
    z = cumsum(cumsum(y, axis=0), axis=0) + y
    graph = FlatGraph.of({"z": z, "y": y})
    stages = loop_program(graph).stages
    assert sum(isinstance(stage, HostStage) for stage in stages) == 3
    check(loop, graph, {"x": np.linspace(-1, 2, 5)}, 1e-13)


def test_an_index_outside_names_its_block(loop: Loop) -> None:
    x = variable("x", (3,))
    for index in (variable("i", (2,), INT64), constant([0, 7], INT64)):
        y = take(sin(x), index, axis=0)
        y.name = "picked"
        with pytest.raises(IndexRangeError) as fault:
            loop.prepare(FlatGraph.of({"y": y}))({"x": np.zeros(3), "i": np.array([0, 7])})
        assert fault.value.block == "picked"


# Which graphs it runs


def test_the_backend_runs_large_graphs_by_the_loop(loop: Loop) -> None:
    backend = NumbaBackend(loop.folder)
    graph, point = scalars(3_000)
    assert len(graph.blocks) > 5_000
    executable = backend.prepare(graph)
    assert backend.wait(executable, SECONDS)
    assert backend.report()["loop"] == "ready"
    info = RunInfo()
    found = executable(point, info=info)
    assert info.tier is Tier.COMPILED
    for name, x in interpret(graph)(point).items():
        assert_close(name, found[name], x, 1e-11)
    backend.close()


def test_the_loop_answers_until_kernels_are_there(loop: Loop) -> None:
    backend = NumbaBackend(loop.folder)
    backend._workers._command = ("/bin/false",)
    executable = backend.prepare(chain(1_000))
    assert not backend.wait(executable, SECONDS)  # there is no compiler, and the loop is in the cache
    info = RunInfo()
    executable({"x": np.arange(3.0)}, info=info)
    assert info.tier is Tier.COMPILED
    backend.close()


def test_many_small_blocks_that_are_alike_are_the_loops_for_good(loop: Loop) -> None:
    backend = NumbaBackend(loop.folder)
    backend._workers._command = ("/bin/false",)
    graph, point = scalars(500)
    assert 1_000 < len(graph.blocks) < 5_000
    executable = backend.prepare(graph)
    assert isinstance(executable, LoopExecutable)
    assert backend.wait(executable, SECONDS)
    run(executable, point)
    assert backend.report()["failed"] == {}
    backend.close()


def test_graphs_of_large_tensors_are_not_the_loops(loop: Loop) -> None:
    machine = InstructionLoop(Kernels(Cache(loop.folder), Workers(1)), Workspaces())
    assert machine.prepare(FlatGraph.of({"y": exp(variable("x", (10_000,)))})) is None
    x = variable("x", (5,))
    assert machine.prepare(FlatGraph.of({"y": cumsum(cumsum(cumsum(x, axis=0), axis=0), axis=0)})) is None
    assert machine.state == "not needed yet"


# Damage, threads, an end


def cut_off(data: bytes) -> bytes:
    return data[:-100]


def one_bit_turned(data: bytes) -> bytes:
    return data[:500] + bytes([data[500] ^ 1]) + data[501:]


@pytest.mark.parametrize("damage", [cut_off, one_bit_turned])
def test_numpy_answers_where_the_kept_kernel_is_damaged(
    damage: Callable[[bytes], bytes], loop: Loop, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backend_module, "BLOCKS", 1_000)
    folder.mkdir(mode=0o700)
    (kept,) = loop.folder.iterdir()
    (folder / kept.name).write_bytes(damage(kept.read_bytes()))
    backend = NumbaBackend(folder)
    backend._workers._command = ("/bin/false",)
    graph, point = scalars(500)
    executable = backend.prepare(graph)
    assert not backend.wait(executable, SECONDS)
    info = RunInfo()
    assert bits(executable(point, info=info)) == bits(interpret(graph)(point))
    assert info.tier is Tier.INTERPRETED
    assert "died" in backend.report()["loop"]
    backend.close()


def test_threads_do_not_disturb_each_other(loop: Loop) -> None:
    graph, point = scalars(400)
    executable = loop.prepare(graph)
    points = [{name: np.asarray(x + number) for name, x in point.items()} for number in range(4)]
    alone = [bits(executable(point)) for point in points]
    with ThreadPoolExecutor(8) as threads:
        together = list(threads.map(lambda i: bits(executable(points[i % 4])), range(400)))
    assert all(found == alone[i % 4] for i, found in enumerate(together))


def test_a_long_run_stops_between_its_slices(loop: Loop, monkeypatch: pytest.MonkeyPatch) -> None:
    graph, point = scalars(400)
    whole = loop.prepare(graph)
    monkeypatch.setattr(program_module, "SLICE_COST", 2_000)
    executable = loop.prepare(graph)
    calls = 0

    def interrupt() -> None:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise CancelledError("enough")

    with pytest.raises(CancelledError):
        executable(point, interrupt)
    assert calls == 3
    assert bits(executable(point)) == bits(whole(point))


def test_rows_that_take_long_are_cut(loop: Loop, monkeypatch: pytest.MonkeyPatch) -> None:
    x = variable("x", (1_000,))
    graph = FlatGraph.of({"y": sum_(sin(x) * x, axis=None), "z": x @ x})
    monkeypatch.setattr(program_module, "SLICE_COST", 500)
    assert len(loop_program(graph).stages) > 10
    check(loop, graph, {"x": np.linspace(0, 1, 1_000)}, 1e-12)
