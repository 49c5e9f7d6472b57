"""Graphs that commands are tried on, and what a command answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

ROSENBROCK = """
graph rosenbrock
variable x: float64[]
variable y: float64[]
a = subtract(1.0, x)
b = square(a)
c = square(x)
d = subtract(y, c)
e = square(d)
f = multiply(100.0, e)
loss = add(b, f)
output loss = loss
"""

WEIGHTED = """
graph weighted
variable x: float64[batch, 3] "rows"
variable w: float64[3]
u = multiply(x, w)
v = square(u)
s = sum(v)
output loss = s
"""


class Answer(NamedTuple):
    """What a command printed, and how it ended."""

    code: int
    stdout: str
    stderr: str


Run = Callable[..., Answer]
