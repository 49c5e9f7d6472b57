"""Kernels that look where they read and write: what is out of bounds ends them, and nothing else does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from gradwire_backends.numba import NumbaBackend
from gradwire_backends.numba.artifact import Artifact
from gradwire_backends.numba.checks import OUT_OF_BOUNDS
from gradwire_backends.numba.executable import TieredExecutable
from gradwire_backends.numba.loader import Code
from gradwire_service.control.scan import scan
from gradwire_service.graph import INT64, Array
from gradwire_service.ops import FlatGraph, variable
from gradwire_service.ops.body import Body
from gradwire_service.ops.functions import add, multiply, take, tanh
from gradwire_service.ops.functions import sum as sum_
from gradwire_service.transform import gradient, simplify
from tests.backends.numba.graphs import assert_same_as_numpy, chain, compiled
from tests.backends.numba.test_compiler import compiled as compiled_source

KERNELS = {
    "read": "v0 = load(p0, i0, 0, 0)\n        store(p1, 0, v0, 0, 1)",
    "write": "store(p1, i0, float64(1), 0, 1)",
    "read of an element": "p1[0] = p0[i0]",
    "write of an element": "p1[i0] = p0[0]",
    "read of a part": "v0 = load(part(p0, 2), i0 - 2, 0, 0)\n        store(p1, 0, v0, 0, 1)",
    "read of a choice": "v0 = load(select(i0 > 2, p0, p1), i0, 0, 0)\n        store(p1, 0, v0, 0, 1)",
    "read where something holds": "v0 = load_if(i0 > 2, p0, 8 - i0, float64(0), 0, 0)\n        store(p1, 0, v0, 0, 1)",
}
"""What each kernel does with the first elements of two arrays."""

SOURCE = "\n".join(
    f"def kernel{number}(t):\n"
    "    p0 = float64s(item(t, 3), 0)\n"
    "    p1 = float64s(item(t, 4), 0)\n"
    "    for i0 in range(6):\n"
    f"        {lines}\n"
    for number, lines in enumerate(KERNELS.values())
)


def statuses(artifact: Artifact, size: int) -> dict[str, int]:
    """Return what kernels return that are given arrays of a size, which are pieces of longer ones."""
    assert not artifact.failure
    entries, none = Code(artifact).entries, np.zeros(0)
    table = (none, none, none, np.zeros(100)[:size], np.zeros(100)[:size])
    return {name: entry(id(table)) for name, entry in zip(KERNELS, entries, strict=True)}


@pytest.fixture(scope="module")
def looking() -> Artifact:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADWIRE_CHECK_INDICES", "1")
        return compiled_source(SOURCE)[0]


def test_touching_one_element_too_many_ends_a_kernel_with_a_status_of_its_own(looking: Artifact) -> None:
    assert statuses(looking, size=5) == dict.fromkeys(KERNELS, OUT_OF_BOUNDS)


def test_touching_all_elements_does_not(looking: Artifact) -> None:
    assert statuses(looking, size=6) == dict.fromkeys(KERNELS, 0)


def test_no_kernel_looks_unless_it_is_asked_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GRADWIRE_CHECK_INDICES", raising=False)
    assert statuses(compiled_source(SOURCE)[0], size=5) == dict.fromkeys(KERNELS, 0)


@pytest.fixture
def checking(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[NumbaBackend]:
    """A backend of these tests alone: that of all others has no kernels that look."""
    monkeypatch.setenv("GRADWIRE_CHECK_INDICES", "1")
    backend = NumbaBackend(folder)
    yield backend
    backend.close()


def test_a_loop_with_gathers_and_its_gradient_run_as_they_do_without(checking: NumbaBackend) -> None:
    h, row, table, at = variable("h", (4,)), variable("row", (4,)), variable("table", (7, 4)), variable("at", (), INT64)
    after = tanh(add(multiply(h, row), take(table, at, axis=0)))
    end, stack = scan(
        Body((h, row, at, table), (after, multiply(after, after))),
        [variable("start", (4,))],
        [variable("rows", (6, 4)), take(variable("positions", (9,), INT64), variable("order", (6,), INT64), axis=0)],
        [table],
        6,
    )
    loss = add(sum_(end), sum_(stack))
    graph = FlatGraph.of({"loss": loss})
    variables = graph.variables
    bars = gradient(loss, [variables["start"], variables["rows"], variables["table"]])
    draw = np.random.default_rng(0)
    point: dict[str, Array] = {
        name: draw.normal(size=x.shape) for name, x in variables.items() if x.element_type is not INT64
    }
    point |= {"positions": draw.integers(-7, 7, 9), "order": draw.permutation(9)[:6]}
    outputs = {"loss": loss, "stack": stack} | {f"bar{i}": bar for i, bar in enumerate(bars)}
    assert_same_as_numpy(checking, simplify(FlatGraph.of(outputs)), point)


def test_an_executable_says_that_its_kernel_is_at_fault(checking: NumbaBackend, looking: Artifact) -> None:
    executable = compiled(checking, chain(1, (5,)))
    assert isinstance(executable, TieredExecutable)
    assert executable({"x": np.ones(5)})["y"].shape == (5,)
    executable.kernel.code = Code(looking)
    assert executable.direct({"x": np.ones(5)}) is None
    with pytest.raises(RuntimeError, match="a fault of the numba backend"):
        executable({"x": np.ones(5)})
