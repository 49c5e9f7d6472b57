"""Commands about a graph before any run."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from gradwire_service.graph import parse
from tests.cli.samples import ROSENBROCK, Run


def test_describe_tells_the_values_in_topological_order(run: Run, tmp_path: Path) -> None:
    shuffled = tmp_path / "shuffled.gw"
    shuffled.write_text("graph g\nvariable x: float64[]\nz = square(y)\ny = square(x)\noutput z = z\n")
    found = json.loads(run("describe", shuffled, "--json").stdout)
    assert [(row["name"], row["op"], row["inputs"]) for row in found["values"]] == [
        ("x", "", []),
        ("y", "square", ["x"]),
        ("z", "square", ["y"]),
    ]
    assert found["cost"] == {"flops": 2, "bytes": 32}
    assert found["id"] == parse(shuffled.read_text()).id


def test_describe_tells_types_and_cost_only_when_sizes_are_known(run: Run, weighted: Path) -> None:
    unbound = json.loads(run("describe", weighted, "--json").stdout)
    bound = json.loads(run("describe", weighted, "--dim", "batch=5", "--json").stdout)
    assert unbound["cost"] is None
    assert {row["type"] for row in unbound["values"]} == {None}
    types = {row["name"]: row["type"] for row in bound["values"]}
    assert types["u"] == {"element_type": "float64", "shape": [5, 3]}
    assert bound["cost"]["flops"] >= 30


def test_values_bind_sizes_as_well(run: Run, weighted: Path, rows: Path) -> None:
    by_values = run("describe", weighted, "--at", rows)
    assert by_values.stdout == run("describe", weighted, "--dim", "batch=2").stdout
    assert "float64[2, 3]" in by_values.stdout


def test_without_sizes_describe_says_on_stderr_how_to_give_them(run: Run, weighted: Path) -> None:
    answer = run("describe", weighted)
    assert answer.code == 0
    assert "--dim" in answer.stderr
    assert "--dim" not in answer.stdout


@pytest.mark.parametrize(
    ("format", "start"), [("text", "graph rosenbrock"), ("latex", "a &= 1 - x"), ("dot", "digraph"), ("svg", "<svg")]
)
def test_describe_prints_a_graph_in_every_form(run: Run, rosenbrock: Path, format: str, start: str) -> None:
    answer = run("describe", rosenbrock, "--format", format)
    assert answer.stdout.startswith(start)
    assert json.loads(run("describe", rosenbrock, "--format", format, "--json").stdout)[format] == answer.stdout


def test_draw_writes_a_picture_with_every_block(run: Run, rosenbrock: Path, tmp_path: Path) -> None:
    picture = tmp_path / "picture.svg"
    answer = run("draw", rosenbrock, "-o", picture)
    assert (answer.code, answer.stdout) == (0, "")
    shown = "".join(ElementTree.parse(picture).getroot().itertext())
    assert all(f"{block.id} = {block.op}" in shown for block in parse(ROSENBROCK).blocks)


def test_draw_writes_values_and_derivatives_beside_the_blocks(run: Run, rosenbrock: Path, point: Path) -> None:
    shown = run("draw", rosenbrock, "--at", point).stdout
    assert ">-2.14<" in shown  # d = y - x²
    assert ">∂ -428<" in shown  # ∂loss/∂d = 200 d
    assert ">∂ 1027.6<" in shown  # ∂loss/∂x = -400 x d - 2 (1 - x)


def test_draw_writes_graphviz_to_a_dot_file(run: Run, rosenbrock: Path, tmp_path: Path) -> None:
    run("draw", rosenbrock, "-o", tmp_path / "picture.dot")
    assert (tmp_path / "picture.dot").read_text().startswith("digraph {")


def test_draw_knows_no_other_kind_of_picture(run: Run, rosenbrock: Path, tmp_path: Path) -> None:
    answer = run("draw", rosenbrock, "-o", tmp_path / "picture.jpg")
    assert answer.code == 2
    assert not (tmp_path / "picture.jpg").exists()


def test_a_derivative_is_a_graph_that_can_be_fed_back(run: Run, rosenbrock: Path, point: Path) -> None:
    derivative = run("differentiate", rosenbrock, "--wrt", "x", "--wrt", "y").stdout
    second = run("differentiate", "-", "--of", "gradient/x", "--wrt", "y", stdin=derivative)
    at = run("gradient", "-", "--of", "gradient/x", "--wrt", "x", "--at", point, "--json", stdin=derivative)
    assert second.code == 0
    assert json.loads(at.stdout)["gradients"]["x"] == pytest.approx(2 - 400 * (-0.7 - 3 * 1.2**2))


def test_a_derivative_is_written_as_formulas(run: Run, rosenbrock: Path) -> None:
    answer = run("differentiate", rosenbrock, "--wrt", "y", "--format", "latex")
    assert r"d &= y - c \\" in answer.stdout
    found = json.loads(run("differentiate", rosenbrock, "--wrt", "y", "--json").stdout)
    assert found["latex"] == answer.stdout
    assert found["derivatives"] == {"y": "gradient/y"}


@pytest.mark.parametrize(("mode", "seeds"), [("vjp", {"v": "cotangent/v"}), ("jvp", {"x": "tangent/x"})])
def test_derivatives_along_a_direction_tell_what_to_feed(
    run: Run, weighted: Path, mode: str, seeds: dict[str, str]
) -> None:
    command = ("differentiate", weighted, "--mode", mode, "--of", "v", "--wrt", "x", "--dim", "batch=2", "--json")
    found = json.loads(run(*command).stdout)
    assert found["seeds"] == seeds
    assert {f"variable {name}: float64[2, 3]" for name in seeds.values()} <= set(found["text"].splitlines())


def test_differentiation_needs_sizes(run: Run, weighted: Path) -> None:
    answer = run("differentiate", weighted)
    assert answer.code == 3
    assert "INPUT_MISSING" in answer.stderr
    assert "'batch'" in answer.stderr
