"""How long a new graph takes: the first answer for 100 blocks, and preparation up to 50,000."""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable, Iterator

import numpy as np

import gradwire as gw
from benchmarks.table import Row
from benchmarks.timing import shown
from gradwire_service import Engine
from gradwire_service.graph import TensorType
from gradwire_service.query import GradientQuery, HessianVectorProductQuery, Query
from gradwire_service.wire import decode_graph

OPS: tuple[Callable[[gw.Value, gw.Value], gw.Value], ...] = (
    gw.add,
    gw.multiply,
    lambda a, _: gw.tanh(a),
    lambda a, _: gw.sin(a),
)


def rows() -> Iterator[Row]:
    """Measure."""
    yield _first_answer()
    seconds = {n: _prepared(n) for n in (1_000, 10_000, 50_000)}
    what = "decode + validate + order + differentiate + prepare, {:,} blocks"
    yield Row(what.format(10_000), shown(seconds[10_000]), "", seconds[10_000], 1.5)
    ratio = seconds[50_000] / seconds[10_000] / 5
    yield Row(what.format(50_000), shown(seconds[50_000]), f"5 × that of 10,000, {shown(5 * seconds[10_000])}", ratio)
    seconds = {n: _prepared(n, HessianVectorProductQuery("y", ("x", "w"))) for n in (10_000, 49_000)}
    what = "the same to the second order (Hessian-vector product), {:,} blocks, µs a block"
    for n, taken in seconds.items():
        yield Row(what.format(n), shown(taken), "", taken / n * 1e6)


def random_graph(blocks: int, seed: int, size: int = 100) -> gw.Graph:
    """Make a graph of elementwise blocks, each on the one before it and another of the last few."""
    rng = random.Random(seed)
    x, w = gw.variable("x", ("n",)), gw.variable("w", ("n",))
    values: list[gw.Value] = [x, w, x * w]
    while len(values) < blocks + 1:
        a, b = values[-1], rng.choice(values[-6:-1])
        values.append(rng.choice(OPS)(a, b))
    return gw.Graph({"y": gw.sum(values[-1])}, name=f"random_{seed}")


def _first_answer() -> Row:
    """From send to result for graphs that the server has never seen, over a real socket."""
    inputs = {"x": np.linspace(-1, 1, 100), "w": np.linspace(0, 1, 100)}
    times = []
    with gw.connect() as service:
        service.gradient(random_graph(10, 0), inputs, wrt=["x"])
        for seed in range(1, 16):
            graph = random_graph(100, seed)
            start = time.perf_counter()
            service.gradient(graph, inputs, wrt=["x", "w"])
            times.append(time.perf_counter() - start)
    median = statistics.median(times)
    what = "first answer for a new graph of 100 blocks, milliseconds from send to result"
    return Row(what, shown(median), f"most {shown(max(times))}", median * 1e3, 50)


def _prepared(blocks: int, query: Query = GradientQuery("y", ("x", "w"))) -> float:  # noqa: B008  # frozen
    """Time all that happens to a graph from bytes to a program that can answer."""
    message = random_graph(blocks, blocks).message
    data = message.SerializeToString()
    types = {"x": TensorType((3,)), "w": TensorType((3,))}
    best = float("inf")
    for _ in range(3):
        engine = Engine("numpy")
        start = time.perf_counter()
        graph = decode_graph(type(message).FromString(data))
        engine.program(graph, types, [query])
        best = min(best, time.perf_counter() - start)
    return best
