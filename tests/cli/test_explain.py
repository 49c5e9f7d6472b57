"""What a backend makes of a graph, shown."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.cli.samples import Run

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/kernels.md").read_text()

PRODUCTS = """
graph products
variable x: float64[batch, 30]
variable w: float64[30]
u = matmul(x, w)
v = exp(u)
c = sort(v, axis=0)
loss = sum(c)
output loss = loss
"""


@pytest.fixture(autouse=True)
def _root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


@pytest.fixture
def products(tmp_path: Path) -> Path:
    path = tmp_path / "products.gw"
    path.write_text(PRODUCTS)
    return path


def explained(run: Run, *arguments: object) -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads(run("explain", *arguments, "--json").stdout)
    return found


def test_steps_tell_what_runs_over_what(run: Run, products: Path) -> None:
    found = explained(run, products, "--dim", "batch=50")
    kinds = [step["kind"] for step in found["steps"]]
    assert kinds == ["routine: matmul", "loop nest", "NumPy", "NumPy", "loop nest"]  # sort has two results
    product, loop, left, _, _ = found["steps"]
    assert product["reads"] == ["x", "w"]
    assert product["writes"] == loop["reads"] == ["u"]
    assert loop["loops"] == [50]
    assert loop["blocks"] == ["v"]
    assert "sort" in left["reason"]


def test_memory_tells_sizes_places_and_lifetimes(run: Run, products: Path) -> None:
    found = explained(run, products, "--dim", "batch=50")
    buffers = {buffer["name"]: buffer for buffer in found["buffers"]}
    assert {name: buffers[name]["bytes"] for name in ("u", "v", "c", "loss")} == {
        "u": 400,
        "v": 400,
        "c": 400,
        "loss": 8,
    }
    assert [name for name, buffer in buffers.items() if buffer["in_workspace"]] == ["u"]  # NumPy touches v and c
    assert (buffers["u"]["first"], buffers["u"]["last"]) == (0, 1)
    assert found["workspace"] == 448  # 400 bytes, aligned to 64


def test_gradients_are_explained_when_they_are_asked_for(run: Run, weighted: Path) -> None:
    assert [s["writes"] for s in explained(run, weighted, "--dim", "batch=8")["steps"]] == [["s"]]
    found = explained(run, weighted, "--dim", "batch=8", "--of", "loss", "--wrt", "w")
    assert [step["writes"] for step in found["steps"]] == [["s", "0 gradient w"]]
    assert found["steps"][0]["loops"] == [8, 3]


def test_source_is_printed_on_demand(run: Run, weighted: Path) -> None:
    arguments = ("explain", weighted, "--dim", "batch=8")
    assert "def kernel0(t):" not in run(*arguments).stdout
    assert "def kernel0(t):" in run(*arguments, "--source").stdout
    assert explained(run, *arguments[1:])["functions"] == 1
    (text,) = explained(run, *arguments[1:], "--source")["functions"]
    assert text.startswith("def kernel0(t):")


def test_a_size_that_is_missing_is_named(run: Run, weighted: Path) -> None:
    answer = run("explain", weighted)
    assert answer.code == 3
    assert "'batch'" in answer.stderr


def test_a_backend_without_stages_says_so(run: Run, weighted: Path) -> None:
    answer = run("explain", weighted, "--dim", "batch=8", "--backend", "numpy")
    assert answer.code == 3
    assert answer.stderr.startswith("UNSUPPORTED_BY_BACKEND")


def test_very_large_graphs_of_small_blocks_are_the_instruction_loops(run: Run, tmp_path: Path) -> None:
    lines = [f"b{i} = sin({f'b{i - 1}' if i else 'x'})" for i in range(6000)]
    path = tmp_path / "large.gw"
    path.write_text("\n".join(["graph large", "variable x: float64[]", *lines, "output y = b5999", ""]))
    found = explained(run, path)
    assert "instruction loop" in found["route"]
    assert found["blocks"] == 6000


def test_what_the_page_shows_is_what_is_printed(run: Run) -> None:
    (shown,) = re.findall(r"^```console\n\$ gradwire (.*)\n((?:.*\n)*?)^```$", PAGE, flags=re.MULTILINE)
    command, expected = shown
    printed = run(*shlex.split(command)).stdout.splitlines()
    printed[0] = printed[0].partition("; object code")[0]
    lines = [line.rstrip() for line in printed if line.strip()]
    assert lines == [line.rstrip() for line in expected.splitlines() if line.strip()]
