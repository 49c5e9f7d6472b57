"""The text form can be read back to the same graph, and says where it can't be read."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from gradwire_service.errors import TextSyntaxError
from gradwire_service.graph import Block, Constant, ElementType, Graph, Variable, parse, write

NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_./-]{0,11}", fullmatch=True)
TYPES = st.sampled_from(list(ElementType))
INTEGERS = st.integers(-(2**63), 2**63 - 1)
REALS = st.floats(allow_nan=False)
ATTRIBUTES = st.one_of(
    st.booleans(),
    INTEGERS,
    REALS,
    st.text(max_size=8),
    TYPES,
    st.lists(INTEGERS, max_size=3).map(tuple),
    st.lists(REALS, max_size=3).map(tuple),
    st.lists(st.one_of(INTEGERS, NAMES), max_size=3).map(tuple),
)
LITERALS = st.one_of(st.integers(-5, 5).map(str), st.floats(allow_nan=False, allow_infinity=False).map(repr))
BLOCKS = st.builds(
    Block,
    NAMES,
    NAMES,
    st.lists(st.one_of(NAMES, LITERALS, NAMES.map("{}:1".format)), max_size=3).map(tuple),
    st.dictionaries(NAMES, ATTRIBUTES, max_size=3),
)
VARIABLES = st.builds(
    Variable,
    NAMES,
    st.lists(st.one_of(st.integers(0, 2**31), NAMES), max_size=3).map(tuple),
    TYPES,
    st.text(max_size=8),
)
CONSTANTS = st.builds(
    Constant,
    NAMES,
    TYPES.flatmap(lambda t: arrays(t.dtype, array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3))),
)


def graphs(composites: st.SearchStrategy[dict[str, Graph]]) -> st.SearchStrategy[Graph]:
    return st.builds(
        Graph,
        st.lists(BLOCKS, max_size=4).map(tuple),
        st.dictionaries(NAMES, NAMES, max_size=2),
        st.lists(VARIABLES, max_size=3).map(tuple),
        st.lists(CONSTANTS, max_size=2).map(tuple),
        composites,
        NAMES,
    )


INNER = graphs(st.just({}))
NESTED = graphs(st.dictionaries(NAMES, INNER, max_size=2))


def renamed(graph: Graph) -> Graph:
    """A composite's graph has the name under which the graph around it knows it."""
    children = {
        name: Graph(c.blocks, c.outputs, c.variables, c.constants, renamed(c).composites, name)
        for name, c in graph.composites.items()
    }
    return Graph(graph.blocks, graph.outputs, graph.variables, graph.constants, children, graph.name)


@given(graphs(st.dictionaries(NAMES, NESTED, max_size=2)))
def test_reading_what_was_written_gives_the_same_graph(graph: Graph) -> None:
    graph = renamed(graph)
    again = parse(write(graph))
    assert write(again) == write(graph)
    assert again == graph or any(np.isnan(c.value).any() for c in everything(graph))
    assert again.id == graph.id


def everything(graph: Graph) -> list[Constant]:
    own = [c for c in graph.constants if c.value.dtype.kind == "f"]
    return own + [c for child in graph.composites.values() for c in everything(child)]


def test_the_text_form_is_a_line_a_statement() -> None:
    text = (
        "graph logistic\n"
        'variable x: float64[batch, 30] "features"\n'
        "constant half: float32[] = 0.5\n"
        "u = matmul(x, w)\n"
        "s = sum(u, axis=[0], keepdims=false)\n"
        "output loss = s\n"
    )
    assert write(parse(text)) == text


def test_comments_and_blank_lines_are_passed_over() -> None:
    graph = parse("# a graph\n\n  a = negative(1)  # of one\n\noutput y = a\n")
    assert write(graph) == "graph graph\na = negative(1)\noutput y = a\n"


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("a = negative(", 1, 14),
        ("a = negative(1\noutput y = a", 1, 15),
        ("output y = a\n\n  a = add(1 2)", 3, 13),
        ("variable x: float16[3]", 1, 20),
        ("variable x: float64[3", 1, 22),
        ("constant c: float64[2] = [1.0]", 1, 31),
        ("constant c: int32[1] = [3000000000]", 1, 35),
        ("a = f(x, axis=1, y)", 1, 18),
        ("a = f(axis=1, axis=2)", 1, 15),
        ("}", 1, 2),
        ("composite f {\n", 2, 1),
        ("graph a b", 1, 9),
        ("nonsense here", 1, 14),
        ("a = f(é)", 1, 7),
        ("output y = a\noutput y = b", 2, 8),
        ("a = f(x=99999999999999999999)", 1, 29),
    ],
)
def test_what_can_not_be_read_is_told_with_line_and_column(text: str, line: int, column: int) -> None:
    with pytest.raises(TextSyntaxError) as error:
        parse(text)
    assert error.value.details == {"line": str(line), "column": str(column)}


@given(st.text(alphabet='ab =(),[]{}:"#01.+-e\n', max_size=60))
def test_no_text_breaks_the_parser(text: str) -> None:
    try:
        graph = parse(text)
    except TextSyntaxError:
        return
    assert write(parse(write(graph))) == write(graph)


def test_the_identity_tells_graphs_apart_by_all_that_they_compute() -> None:
    base = "constant c: float64[2] = [1.0, 2.0]\na = add(c, 1)\nb = negative(a)\noutput y = b\n"
    variants = [
        base,
        base.replace("2.0]", "2.5]"),
        base.replace("1)", "2)"),
        base.replace("output y", "output z"),
        base.replace("a = add(c, 1)\nb = negative(a)\n", "b = negative(a)\na = add(c, 1)\n"),
    ]
    assert len({parse(text).id for text in variants}) == len(variants)
    assert parse(base).id == parse(base + "\n# a comment\n").id


def test_a_constant_is_read_only() -> None:
    graph = parse("constant c: float64[2] = [1.0, 2.0]\noutput y = c\n")
    with pytest.raises(ValueError, match="read-only"):
        graph.constants[0].value[0] = 3
