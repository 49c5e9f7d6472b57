"""What a call costs beside its arithmetic: ten blocks on ten elements, compiled, in process."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

import gradwire as gw
from benchmarks.ours import Question, compiled
from benchmarks.table import Row
from benchmarks.timing import interleaved, shown
from gradwire_service.query import ValueQuery

MICROSECONDS = 3.0


def rows() -> Iterator[Row]:
    """Measure; a hundred additions and products take less than a tenth of a microsecond, and are not deducted."""
    x = gw.variable("x", (10,))
    value: gw.Value = x
    for _ in range(5):
        value = value * x + x
    question = Question(gw.Graph({"y": value}, name="ten"), {"x": np.linspace(0, 1, 10)}, ValueQuery())
    seconds = interleaved({"": compiled(question).call}, seconds=1.0)[""].median
    yield Row("call of 10 blocks on 10 elements, µs", shown(seconds), "", seconds * 1e6, MICROSECONDS)
