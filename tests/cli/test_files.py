"""Every form of a graph file is read alike, and what is wrong with one is told with its place."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from google.protobuf.json_format import MessageToJson

from gradwire import v1 as pb
from gradwire_service.graph import parse
from gradwire_service.wire import encode_graph
from tests.cli.samples import ROSENBROCK, Run


def message() -> pb.Graph:
    return encode_graph(parse(ROSENBROCK))


FORMS = {
    "graph.gw": ROSENBROCK.encode(),
    "graph": ROSENBROCK.encode(),
    "graph.json": MessageToJson(message()).encode(),
    "graph.pb": message().SerializeToString(),
    "graph.binpb": message().SerializeToString(),
}


@pytest.mark.parametrize("name", FORMS)
def test_every_form_of_a_file_is_the_same_graph(run: Run, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(FORMS[name])
    answer = run("describe", tmp_path / name, "--json")
    assert json.loads(answer.stdout)["id"] == parse(ROSENBROCK).id


@pytest.mark.parametrize("name", FORMS)
def test_every_form_comes_by_stdin_as_well(run: Run, name: str) -> None:
    answer = run("describe", "-", "--json", stdin=FORMS[name])
    assert json.loads(answer.stdout)["id"] == parse(ROSENBROCK).id


def test_a_graph_comes_back_from_the_forms_that_commands_print(run: Run) -> None:
    for form in ("text", "message"):
        printed = run("describe", "-", "--format", form, stdin=ROSENBROCK).stdout
        assert json.loads(run("describe", "-", "--json", stdin=printed).stdout)["id"] == parse(ROSENBROCK).id


def test_a_graph_of_one_constant_is_told_from_a_text_by_its_bytes(run: Run) -> None:
    graph = parse("constant c: float64[] = 1.0\noutput c = c\n")
    answer = run("describe", "-", "--json", stdin=encode_graph(graph).SerializeToString())
    assert json.loads(answer.stdout)["id"] == graph.id


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("graph.gw", b"graph g\nx = \n", "TEXT_SYNTAX"),
        ("graph.gw", b"graph \xff\n", "TEXT_SYNTAX"),
        ("graph.json", b'{"blocks": 3}', "MALFORMED_MESSAGE"),
        ("graph.json", b"{", "MALFORMED_MESSAGE"),
        ("graph.json", b"\xff", "MALFORMED_MESSAGE"),
        ("graph.pb", b"\x0a\xff\xff", "MALFORMED_MESSAGE"),
    ],
)
def test_a_file_that_can_not_be_read_is_an_invalid_graph(
    run: Run, tmp_path: Path, name: str, content: bytes, reason: str
) -> None:
    (tmp_path / name).write_bytes(content)
    answer = run("describe", tmp_path / name)
    assert answer.code == 3
    assert answer.stderr.startswith(reason)
    assert answer.stdout == ""


def test_a_syntax_error_tells_line_and_column(run: Run) -> None:
    assert "line 2, column 5" in run("describe", "-", stdin="graph g\nx = \n").stderr


FAULTY = "variable x: float64[]\ny = frobnicate(x)\nz = square(nothing)\noutput z = z\n"


def test_every_fault_of_a_graph_is_told_with_its_place(run: Run) -> None:
    answer = run("describe", "-", stdin=FAULTY)
    assert answer.code == 3
    assert "2 faults" in answer.stderr
    assert "UNKNOWN_OP at graph.blocks[0].op" in answer.stderr
    assert "UNKNOWN_VALUE at graph.blocks[1].inputs[0]" in answer.stderr


def test_errors_are_json_when_results_would_be(run: Run) -> None:
    answer = run("describe", "-", "--json", stdin=FAULTY)
    assert answer.stdout == ""
    faults = json.loads(answer.stderr)["error"]["faults"]
    assert [fault["reason"] for fault in faults] == ["UNKNOWN_OP", "UNKNOWN_VALUE"]


def test_a_file_that_is_not_there_is_a_mistake_in_usage(run: Run, tmp_path: Path) -> None:
    assert run("describe", tmp_path / "nowhere.gw").code == 2


@pytest.mark.parametrize("size", ["batch", "batch=", "=3", "batch=-1", "batch=3.5", "batch=²"])
def test_a_size_that_is_none_is_a_mistake_in_usage(run: Run, weighted: Path, size: str) -> None:
    answer = run("describe", weighted, "--dim", size)
    assert answer.code == 2
    assert "NAME=SIZE" in answer.stderr
