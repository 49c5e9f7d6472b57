"""What generated source may be made of, and nothing else."""

from __future__ import annotations

import ast

import pytest

from gradwire_backends.numba import grammar
from gradwire_backends.numba.program import kernel_program
from gradwire_service.ops import FlatGraph, variable
from gradwire_service.ops.functions import tanh
from tests.backends.numba.graphs import chain, logistic_regression

FOREIGN = [
    "import os",
    "def kernel0(t):\n    t.pop()",
    "def kernel0(t):\n    a0 = __import__(1)",
    "def kernel0(t):\n    a0 = eval(1)",
    "def kernel0(t):\n    a0 = getattr(t, 1)",
    "def kernel0(t):\n    a0 = 'text'",
    "def kernel0(t):\n    a0 = 1.5",
    "def kernel0(t):\n    a0 = (lambda: 1)()",
    "def kernel0(t):\n    a0 = [1 for i in t]",
    "def kernel0(t):\n    global a0",
    "def kernel0(t):\n    while 1 < 2: a0 = 1",
    "def kernel0(t):\n    t = load",
    "def kernel0(t):\n    a0 = item(t, place=1)",
    "def kernel0(t=1):\n    secret_name = 1",
    "def other(t):\n    a0 = 1",
    "@item\ndef kernel0(t):\n    a0 = 1",
    "def kernel0(t):\n    ａ0 = 1",  # a letter that Python takes for another
    "class kernel0:\n    a0 = 1",
]


@pytest.mark.parametrize("source", FOREIGN)
def test_what_is_not_of_the_language_is_refused(source: str) -> None:
    with pytest.raises(ValueError, match="of a kernel holds"):
        grammar.check(source)


def test_functions_alone_stand_in_a_source() -> None:
    with pytest.raises(ValueError, match="made of functions"):
        grammar.entries(grammar.check("a0 = 1"))
    with pytest.raises(ValueError, match="made of functions"):
        grammar.entries(grammar.check("def kernel0(t):\n    a0 = 1\n\ndef kernel0(t):\n    a0 = 1"))


def test_generated_source_is_of_the_language() -> None:
    for graph in (logistic_regression(10, 3), chain(300)):
        source = kernel_program(graph).source
        assert grammar.entries(grammar.check(source))


def test_no_name_of_a_client_gets_into_source() -> None:
    hostile = variable("x\rimport os", (3,))
    source = kernel_program(FlatGraph.of({"y\n(": tanh(hostile)})).source
    assert "import" not in source
    assert "y\n(" not in source
    words = {node.id for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name)}
    assert all(word in grammar.WORDS or grammar.NAME.fullmatch(word) for word in words)
