"""Round trips of value and gradient over a unix socket, divided by a plain echo of the same bytes.

Both servers are `grpc.aio` in processes of their own, both clients are asyncio clients in this one; with several
threads both are synchronous.
"""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import grpc
import numpy as np

import gradwire as gw
from benchmarks import echo
from benchmarks.table import Row
from benchmarks.timing import shown

THREADS = 8
SIZES = (2, 1_000, 100_000, 1_000_000)


def graph() -> gw.Graph:
    """Return Rosenbrock's function for any number of variables."""
    x = gw.variable("x", ("n",))
    return gw.Graph({"y": gw.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)}, name="rosenbrock")


def rows() -> Iterator[Row]:
    """Measure."""
    with _echo_server() as address:
        yield from asyncio.run(_latencies(address))
        yield _throughput(address)


@contextmanager
def _echo_server() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        address = f"unix:{Path(folder) / 'echo'}"
        process = subprocess.Popen([sys.executable, "-m", "benchmarks.echo", address], stdin=subprocess.PIPE)
        try:
            with grpc.insecure_channel(address) as channel:
                grpc.channel_ready_future(channel).result(timeout=20)
            yield address
        finally:
            assert process.stdin is not None
            process.stdin.close()
            process.wait(10)


Trip = Callable[[], Awaitable[object]]


async def _in_turns(trips: dict[str, Trip], size: int) -> dict[str, float]:
    """Return the median time of each trip, taken in turns."""
    count, rounds = max(2, min(100, 200_000 // size)), 21
    for trip in trips.values():
        for _ in range(count):
            await trip()
    times: dict[str, list[float]] = {name: [] for name in trips}
    for _ in range(rounds):
        for name, trip in trips.items():
            start = time.perf_counter()
            for _ in range(count):
                await trip()
            times[name].append((time.perf_counter() - start) / count)
    return {name: statistics.median(values) for name, values in times.items()}


async def _latencies(address: str) -> list[Row]:
    found = []
    model = graph()
    async with gw.aio.connect() as service, service.stream() as ours, _channel(address) as channel:
        unary = channel.unary_unary(echo.UNARY)
        for size in SIZES:
            inputs = {"x": np.linspace(-1, 1, size)}
            payload = inputs["x"].tobytes() + bytes(100)
            await service.prepare(model, inputs, [gw.query.gradient(wrt=["x"])], wait_for_compiled=True)
            stream = channel.stream_stream(echo.STREAM)()
            trips: dict[str, Trip] = {
                "unary": partial(service.gradient, model, inputs, wrt=["x"]),
                "unary echo": partial(unary, payload),
                "streamed": partial(ours.gradient, model, inputs, wrt=["x"]),
                "streamed echo": partial(_there_and_back, stream, payload),
            }
            times = await _in_turns(trips, size)
            await stream.done_writing()
            for kind in ("unary", "streamed"):
                ours_time, echo_time = times[kind], times[f"{kind} echo"]
                what = f"round trip, Rosenbrock, n = {size:,}, {kind}"
                found.append(Row(what, shown(ours_time), f"echo {shown(echo_time)}", ours_time / echo_time, 1.3))
    return found


def _channel(address: str) -> Any:
    """Return an asyncio channel; its stubs want serializers, which bytes do not need."""
    return grpc.aio.insecure_channel(address, options=echo.OPTIONS)


async def _there_and_back(stream: Any, payload: bytes) -> object:
    await stream.write(payload)
    return await stream.read()


def _throughput(address: str) -> Row:
    """Count calls of several threads at n = 1000, each side in turns."""
    inputs = {"x": np.linspace(-1, 1, 1000)}
    payload = inputs["x"].tobytes() + bytes(100)
    model = graph()

    def counted(call: Callable[[], object], seconds: float = 1.0) -> float:
        counts = [0] * THREADS
        end = time.perf_counter() + seconds

        def work(i: int) -> None:
            while time.perf_counter() < end:
                call()
                counts[i] += 1

        threads = [threading.Thread(target=work, args=(i,)) for i in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return sum(counts) / seconds

    channel: Any = grpc.insecure_channel(address, options=echo.OPTIONS)
    with gw.connect() as service, channel:
        unary = channel.unary_unary(echo.UNARY)
        service.prepare(model, inputs, [gw.query.gradient(wrt=["x"])], wait_for_compiled=True)
        ours, echoed = [], []
        for _ in range(5):
            ours.append(counted(lambda: service.gradient(model, inputs, wrt=["x"])))
            echoed.append(counted(lambda: unary(payload)))
    per_second, floor = statistics.median(ours), statistics.median(echoed)
    what = f"calls per second, Rosenbrock, n = 1,000, {THREADS} client threads"
    return Row(what, f"{per_second:,.0f}", f"echo {floor:,.0f}", per_second / floor, 0.7, at_least=True)
