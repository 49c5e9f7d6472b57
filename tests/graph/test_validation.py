"""Every fault of a graph is told at once, with its place and its reason."""

from __future__ import annotations

import pytest

import gradwire_service.blocks  # noqa: F401  # registers the composites
from gradwire_service.errors import GradwireError, LimitExceededError, UnknownValueError
from gradwire_service.graph import Block, Graph, Variable, parse, validate
from gradwire_service.limits import Limits
from gradwire_service.ops import catalog


def faults(text: str) -> list[GradwireError]:
    try:
        validate(parse(text), catalog)
    except GradwireError as error:
        return list(error.faults)
    return []


def test_a_sound_graph_has_no_faults() -> None:
    assert faults("variable x: float64[n]\ny = add(x, 1)\noutput y = y\n") == []


@pytest.mark.parametrize(
    ("text", "reason", "block", "field"),
    [
        ("a = foo(1)\noutput a = a", "UNKNOWN_OP", "a", "graph.blocks[0].op"),
        ("a = negative(b)\noutput a = a", "UNKNOWN_VALUE", "a", "graph.blocks[0].inputs[0]"),
        ("a = negative(1, 2)\noutput a = a", "WRONG_ARITY", "a", "graph.blocks[0].inputs"),
        ("a = negative(1)\na = negative(2)\noutput a = a", "DUPLICATE_ID", "a", "graph.blocks[1].id"),
        ("variable x: float64[]\nx = negative(1)\noutput a = x", "DUPLICATE_ID", "x", "graph.blocks[0].id"),
        ("a = full()\noutput a = a", "ATTRIBUTE_MISSING", "a", "graph.blocks[0].attributes"),
        ("a = negative(1, axis=1)\noutput a = a", "ATTRIBUTE_UNKNOWN", "a", "graph.blocks[0].attributes[axis]"),
        ("a = full(shape=2, value=1)\noutput a = a", "ATTRIBUTE_TYPE", "a", "graph.blocks[0].attributes[shape]"),
        ("a = negative(1)\noutput y = b", "OUTPUT_MISSING", "", "graph.outputs[0].value"),
        ("a = negative(1)", "OUTPUT_MISSING", "", "graph.outputs"),
        ("a = negative(b)\nb = negative(a)\noutput y = b", "GRAPH_CYCLE", "b", "graph.blocks"),
        ("a = negative(a)\noutput y = a", "GRAPH_CYCLE", "a", "graph.blocks"),
        ("a = negative(1)\nb = negative(a:1)\noutput y = b", "UNKNOWN_VALUE", "b", "graph.blocks[1].inputs[0]"),
    ],
)
def test_each_fault_has_its_reason_and_its_place(text: str, reason: str, block: str, field: str) -> None:
    found = [(fault.reason, fault.block, fault.field) for fault in faults(text)]
    assert (reason, block, field) in found


def test_all_faults_are_told_at_once() -> None:
    found = faults("a = foo(q)\nb = negative(1, 2)\nc = negative(d)\nd = negative(c)\noutput y = z")
    assert {fault.reason for fault in found} == {
        "UNKNOWN_OP",
        "UNKNOWN_VALUE",
        "WRONG_ARITY",
        "GRAPH_CYCLE",
        "OUTPUT_MISSING",
    }


def test_a_cycle_names_its_members_in_the_order_in_which_they_feed_each_other() -> None:
    (fault,) = faults("c = negative(b)\na = negative(c)\nb = negative(a)\nz = negative(c)\noutput y = z")
    members = fault.details["members"].split(",")
    start = members.index("a")
    assert members[start:] + members[:start] == ["a", "b", "c"]


def test_composites_that_contain_each_other_are_refused_with_the_circle() -> None:
    text = (
        "composite f {\nvariable x: float64[]\ny = g(x)\noutput y = y\n}\n"
        "composite g {\nvariable x: float64[]\ny = f(x)\noutput y = y\n}\n"
        "variable x: float64[]\nz = f(x)\noutput z = z\n"
    )
    (fault,) = faults(text)
    assert fault.reason == "COMPOSITE_RECURSION"
    assert set(fault.details["members"].split(",")) == {"f", "g"}


def test_faults_inside_composites_are_told_with_their_place() -> None:
    text = "composite f {\nvariable x: float64[]\ny = foo(x)\noutput y = y\n}\nz = f(1)\noutput z = z\n"
    (fault,) = faults(text)
    assert (fault.reason, fault.field) == ("UNKNOWN_OP", "graph.composites[f].graph.blocks[0].op")


@pytest.mark.parametrize("name", ["", "1a", "a b", "é", "a\nb", "x" * 129, "a'"])
def test_names_are_held_against_the_rule(name: str) -> None:
    graph = Graph((Block("a", "negative", ("1",)),), {"y": "a"}, (Variable(name),))
    with pytest.raises(GradwireError) as error:
        validate(graph, catalog)
    assert error.value.reason == "INVALID_NAME"
    assert name == "" or name not in error.value.message or name.isascii()


def test_a_graph_over_the_limit_is_refused_before_it_is_looked_at() -> None:
    graph = Graph(tuple(Block(f"b{i}", "nonsense", ()) for i in range(11)), {})
    with pytest.raises(LimitExceededError, match="11 blocks"):
        validate(graph, catalog, Limits(blocks=10))


def test_a_circle_of_50_000_blocks_is_found_in_linear_time() -> None:
    n = 50_000
    blocks = tuple(Block(f"b{i}", "negative", (f"b{(i + 1) % n}",)) for i in range(n))
    with pytest.raises(GradwireError) as error:
        validate(Graph(blocks, {"y": "b0"}), catalog)
    assert error.value.reason == "GRAPH_CYCLE"


def test_an_attribute_may_tell_how_many_values_a_block_makes() -> None:
    text = "graph g\nvariable x: float64[6]\ns = split(x, sections=3)\ny = sum(s:2)\noutput y = y\n"
    validate(parse(text), catalog)
    with pytest.raises(UnknownValueError, match="'s:3'"):
        validate(parse(text.replace("s:2", "s:3")), catalog)
