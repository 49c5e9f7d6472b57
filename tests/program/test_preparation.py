"""Preparation takes time in proportion to the blocks: calls of functions are counted, which no clock disturbs."""

from __future__ import annotations

import sys
from types import FrameType
from typing import Any

import numpy as np
import pytest

from gradwire_backends.numba.instructions.program import loop_program
from gradwire_service import Engine
from gradwire_service.backend import Executable
from gradwire_service.graph import Block, Graph, TensorType, Variable
from gradwire_service.interpreter import interpret
from gradwire_service.ops import FlatGraph
from gradwire_service.program import Program
from gradwire_service.query import GradientQuery


class Looped:
    """A backend that makes a program of the instruction loop, and runs it by NumPy."""

    name, summary = "looped", "Counts what a program of the loop takes."

    def prepare(self, graph: FlatGraph) -> Executable:
        """Prepare."""
        loop_program(graph)
        return interpret(graph)


def expression(blocks: int, step: int) -> Graph:
    """Return a scalar expression of two variables, in which values are used much later too; blocks in either order."""
    names, made = ["x", "y"], []
    for i in range(blocks):
        op = ("add", "multiply", "sin", "subtract")[i % 4]
        inputs = (names[-1],) if op == "sin" else (names[-1], names[(i * 7) % len(names)])
        made.append(Block(f"b{i}", op, inputs))
        names.append(f"b{i}")
    return Graph(tuple(made[::step]), {"z": names[-1]}, (Variable("x"), Variable("y")))


def calls(blocks: int, step: int) -> int:
    """Count the calls, of Python's functions and of C's, from a graph to its prepared gradient."""
    graph, types, count = expression(blocks, step), {"x": TensorType(()), "y": TensorType(())}, 0

    def seen(frame: FrameType, event: str, argument: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    engine = Engine("numpy")
    before = sys.getprofile()
    sys.setprofile(seen)
    try:
        typed = engine.typed(graph, types)
        program = Program(typed, [GradientQuery("z", ("x", "y"))], Looped())
    finally:
        sys.setprofile(before)
    (result,) = program.run(program.feed({"x": np.array(0.3), "y": np.array(0.2)})).results
    assert np.isfinite(result.value)  # type: ignore[union-attr]
    return count


@pytest.mark.parametrize("step", [1, -1], ids=["in order", "users first"])
def test_four_times_the_blocks_take_four_times_the_work(step: int) -> None:
    calls(200, step)  # what is looked up once
    few, many = calls(500, step), calls(2_000, step)
    assert many < 4.2 * few
    assert many < 500 * 2_000
