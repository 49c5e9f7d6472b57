"""A random expression of scalars, as formulas of a simulation or of a generated model are, and its gradient.

Every block takes the value that has waited longest, and most take a recent one besides, so that none is in vain and the
depth stays at some dozens; values stay within bounds.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from benchmarks import libraries, native
from benchmarks.contender import BY_HAND, IN_C, AbsentError, Array, Kind, Point, Prepared, Size

INPUTS = 32
BOUND = 4.0
OPS = ("add", "subtract", "multiply", "sin", "cos", "tanh")
COMPILED = 300
"""Blocks up to which JAX and PyTensor compile a graph of scalars within a minute."""

IN_MACHINE_CODE = 3_000
"""Blocks up to which gcc takes CasADi's C code within a minute."""

EAGER = 3_000
"""Blocks up to which libraries that call a function for each block are tried."""


class Block(NamedTuple):
    """One block: the number of its op in `OPS`, and the numbers of its operands; inputs are the first numbers."""

    op: int
    a: int
    b: int


def point(blocks: int) -> Point:  # all sizes have the same inputs
    """Draw the inputs."""
    return {"x": np.random.default_rng(1).uniform(-1, 1, INPUTS)}


@cache
def drawn(blocks: int) -> list[Block]:
    """Draw the blocks; the last one is the result."""
    rng = np.random.default_rng(0)
    width = max(INPUTS, blocks // 30)
    body = blocks - width + 1  # what is left adds up the values that nobody has taken
    ops, places = rng.integers(len(OPS), size=body).tolist(), rng.random(body).tolist()
    found: list[Block] = []
    bounds = [1.0] * INPUTS
    for k, (op, place) in enumerate(zip(ops, places, strict=True)):
        count = INPUTS + k
        a = count - width if count >= width else k % INPUTS
        b = count - 1 - int(place * min(count, 2 * width))
        bound = (bounds[a] + bounds[b], bounds[a] + bounds[b], bounds[a] * bounds[b], 1.0, 1.0, 1.0)[op]
        if bound > BOUND:
            op, bound = OPS.index("tanh"), 1.0
        found.append(Block(op, a, b))
        bounds.append(bound)
    waiting = list(range(INPUTS + body - width, INPUTS + body))
    while len(waiting) > 1:
        waiting = _halved(found, waiting)
    return found


def _halved(found: list[Block], waiting: list[int]) -> list[int]:
    """Add up pairs; return the sums, and the value that has no partner."""
    sums = []
    for a, b in zip(waiting[::2], waiting[1::2], strict=False):
        found.append(Block(0, a, b))
        sums.append(INPUTS + len(found) - 1)
    return sums + waiting[2 * len(sums) :]


def expression(xp: Any, x: Any, blocks: int) -> Any:
    """Apply a library's functions, block by block."""
    unary = {"sin": xp.sin, "cos": xp.cos, "tanh": xp.tanh}
    values = [x[i] for i in range(INPUTS)]
    for op, a, b in drawn(blocks):
        name = OPS[op]
        if name in unary:
            values.append(unary[name](values[a]))
        elif name == "multiply":
            values.append(values[a] * values[b])
        else:
            values.append(values[a] + values[b] if name == "add" else values[a] - values[b])
    return values[-1]


def ours(blocks: int) -> Any:
    """Ask for value and gradient of a graph in text form, which a program that generates models writes."""
    from benchmarks.ours import Question

    return Question("\n".join(_lines(blocks)), point(blocks))


def _lines(blocks: int) -> Iterator[str]:
    yield "graph expression"
    yield f"variable x: float64[{INPUTS}]"
    for i in range(INPUTS):
        yield f'v{i} = slice(x, index="{i}")'
    for k, (op, a, b) in enumerate(drawn(blocks), INPUTS):
        yield f"v{k} = {OPS[op]}(v{a})" if op > 2 else f"v{k} = {OPS[op]}(v{a}, v{b})"
    yield f"output y = v{INPUTS + blocks - 1}"


def by_hand(blocks: int) -> Prepared:
    """Write Python for numbers, forwards and backwards, a line for each block."""
    if blocks > EAGER:
        raise AbsentError(f"Python code is tried up to {EAGER:,} blocks")
    code = ["def call(x):"]
    code += [f"    v{i} = x[{i}]" for i in range(INPUTS)]
    steps = list(enumerate(drawn(blocks), INPUTS))
    forms = ("v{a} + v{b}", "v{a} - v{b}", "v{a} * v{b}", "sin(v{a})", "cos(v{a})", "tanh(v{a})")
    code += [f"    v{k} = {forms[op].format(a=a, b=b)}" for k, (op, a, b) in steps]
    code += [f"    b{k} = 0.0" for k in range(INPUTS + blocks - 1)] + [f"    b{steps[-1][0]} = 1.0"]
    pulled = (
        ("b{a} += b{k}", "b{b} += b{k}"),
        ("b{a} += b{k}", "b{b} -= b{k}"),
        ("b{a} += b{k} * v{b}", "b{b} += b{k} * v{a}"),
        ("b{a} += b{k} * cos(v{a})",),
        ("b{a} -= b{k} * sin(v{a})",),
        ("b{a} += b{k} * (1 - v{k} * v{k})",),
    )
    code += [f"    {line.format(a=a, b=b, k=k)}" for k, (op, a, b) in reversed(steps) for line in pulled[op]]
    code.append(f"    return v{steps[-1][0]}, [{', '.join(f'b{i}' for i in range(INPUTS))}]")
    scope = dict(vars(math))
    exec("\n".join(code), scope)
    call, (x,) = scope["call"], point(blocks).values()

    def run() -> tuple[Any, Array]:
        value, slope = call(x.tolist())
        return value, np.array(slope)

    return Prepared(run)


def in_c(blocks: int) -> Prepared:
    """Call `expression.c`, which runs any list of blocks forwards and backwards."""
    found = np.array(drawn(blocks), np.int64)
    given = [np.ascontiguousarray(found.T), *point(blocks).values(), *np.zeros((2, INPUTS + blocks))]
    return native.prepared("expression", [INPUTS, blocks], given, [np.empty(()), np.empty(INPUTS)])


def casadi(form: str, blocks: int) -> Prepared:
    """Take scalars, on CasADi's machine or as C code."""
    if form == "C" and blocks > IN_MACHINE_CODE:
        raise AbsentError(f"gcc takes more than a minute above {IN_MACHINE_CODE:,} blocks")
    ca = libraries.casadi()
    x = ca.SX.sym("x", INPUTS)
    value = expression(ca, x, blocks)
    f = ca.Function("expression", [x], [value, ca.densify(ca.gradient(value, x))])
    f = libraries.casadi_in_c(f) if form == "C" else f
    return libraries.casadi_call(f, point(blocks).values(), [(), (INPUTS,)])


def _framework(name: str) -> Any:
    def prepare(blocks: int) -> Prepared:
        most = EAGER if name in ("PyTorch", "autograd") else COMPILED
        if blocks > most:
            raise AbsentError(f"tried up to {most:,} blocks")
        return libraries.gradients(lambda xp, x: expression(xp, x, blocks), point, ["x"])[name](blocks=blocks)

    return prepare


KIND = Kind(
    "expression",
    "random expression of scalars, gradient",
    [
        Size({"blocks": n}, 0.4, is_small=n <= 300, is_on_demand=n > 100_000)
        for n in (300, 3_000, 10_000, 100_000, 1_000_000)
    ],
    ours,
    {
        BY_HAND: by_hand,
        IN_C: in_c,
        **libraries.casadi_forms(casadi, "SX", "C"),
        **{name: _framework(name) for name in ("JAX", "PyTorch", "PyTensor C", "PyTensor numba", "autograd")},
    },
)
