"""Work stops when its caller goes away or its time is up, and never holds up others."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from gradwire import v1 as pb
from tests.server.calling import SQUARES, Caller, evaluation, failure
from tests.serving import CHANNEL, ServerProcess

EVALUATE = "DifferentiationService/Evaluate"
PATH = "/gradwire.v1.DifferentiationService/Evaluate"


def taking(behaviour: str, seconds: float) -> pb.EvaluateRequest:
    """Return a request that takes so long; a "stubborn" one can't be stopped."""
    point: dict[str, Any] = {behaviour: seconds}
    request = evaluation(f"variable {behaviour}: float64[]\noutput o = {behaviour}\n", **point)
    request.options.backend = "trouble"
    return request


def running(caller: Caller) -> int:
    """Return how many runs of the troublesome backend have not ended."""
    (trouble,) = (
        backend
        for backend in caller.ask("CatalogService/ListBackends", pb.ListBackendsRequest()).backends
        if backend.name == "trouble"
    )
    return int(trouble.compilation.pending)


def until(condition: Callable[[], bool], seconds: float = 5.0) -> None:
    """Wait for something to become true."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come true"
        time.sleep(0.01)


def is_served_promptly(caller: Caller) -> bool:
    """Tell whether health and a small call are answered at once."""
    start = time.monotonic()
    health = health_pb2_grpc.HealthStub(caller.channel).Check(health_pb2.HealthCheckRequest(), timeout=5)
    caller.ask(EVALUATE, evaluation(SQUARES, x=[1.0]))
    return health.status == health_pb2.HealthCheckResponse.SERVING and time.monotonic() - start < 1.0


def is_working(server: ServerProcess) -> bool:
    """Tell whether the process uses a processor over a fifth of a second."""

    def ticks() -> int:
        fields = Path(f"/proc/{server.process.pid}/stat").read_text().rpartition(")")[2].split()
        return int(fields[11]) + int(fields[12])

    before = ticks()
    time.sleep(0.2)
    return ticks() - before > 0.05 * os.sysconf("SC_CLK_TCK")


def test_the_deadline_stops_running_work(troubled: Caller) -> None:
    start = time.monotonic()
    with pytest.raises(grpc.RpcError) as caught:
        troubled.ask(EVALUATE, taking("patient", 60.0), timeout=0.3)
    assert failure(caught.value).code == "DEADLINE_EXCEEDED"
    assert time.monotonic() - start < 2.0
    until(lambda: running(troubled) == 0)
    assert is_served_promptly(troubled)


def test_cancelling_stops_running_work(troubled: Caller) -> None:
    call = troubled.channel.unary_unary(PATH).future(taking("patient", 60.0).SerializeToString())
    until(lambda: running(troubled) == 1)
    call.cancel()
    until(lambda: running(troubled) == 0)
    assert is_served_promptly(troubled)


def test_ending_a_stream_stops_the_work_of_its_calls(troubled: Caller) -> None:
    request = pb.EvaluateStreamRequest(call_id=1, request=taking("patient", 60.0))
    stream = troubled.channel.stream_stream("/gradwire.v1.DifferentiationService/EvaluateStream")
    answers = stream(iter([request.SerializeToString()]))
    until(lambda: running(troubled) == 1)
    answers.cancel()
    until(lambda: running(troubled) == 0)


def test_cancelling_a_minimization_stops_it(troubled: Caller, troubled_server: ServerProcess) -> None:
    graph = "graph g\nvariable w: float64[]\nl = square(w)\noutput l = l\n"
    request = pb.MinimizeRequest(
        minimization=pb.Minimization(
            graph=pb.GraphSource(text=graph),
            parameters=evaluation(graph, w=1.0).inputs,
            optimizer=pb.Optimizer(name="sgd", hyperparameters={"learning_rate": pb.Attribute(real=1e-9)}),
            stopping=pb.StoppingRule(steps=10**9),
            reporting=pb.ReportingRule(every_steps=1),
            options=pb.ExecutionOptions(backend="numpy"),
        )
    )
    events = troubled.channel.unary_stream(
        "/gradwire.v1.OptimizationService/Minimize", response_deserializer=pb.MinimizeResponse.FromString
    )(request.SerializeToString())
    numbers = [next(events).progress.number for _ in range(5)]
    assert numbers == sorted(set(numbers))
    assert is_working(troubled_server)
    events.cancel()
    until(lambda: not is_working(troubled_server))
    assert is_served_promptly(troubled)


def test_work_that_can_not_be_stopped_does_not_keep_its_caller(troubled: Caller) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        troubled.ask(EVALUATE, taking("stubborn", 1.0), timeout=0.2)
    assert failure(caught.value).code == "DEADLINE_EXCEEDED"
    assert is_served_promptly(troubled)
    until(lambda: running(troubled) == 0)


def test_health_and_small_calls_are_answered_while_large_ones_run(troubled: Caller) -> None:
    calls = [
        troubled.channel.unary_unary(PATH).future(taking("stubborn", 0.5).SerializeToString(), timeout=20)
        for _ in range(2)
    ]
    until(lambda: running(troubled) > 0)
    assert is_served_promptly(troubled)
    for call in calls:
        call.result()


def test_a_stream_goes_on_while_one_of_its_calls_runs(troubled: Caller) -> None:
    requests = [
        pb.EvaluateStreamRequest(call_id=1, request=taking("stubborn", 0.5)),
        pb.EvaluateStreamRequest(call_id=2, request=evaluation(SQUARES, x=[1.0])),
    ]
    answers = troubled.pour("DifferentiationService/EvaluateStream", requests)
    assert [answer.call_id for answer in answers] == [2, 1]


def test_more_work_than_can_wait_is_refused_with_a_delay(troubled_server: ServerProcess) -> None:
    apart = [*CHANNEL, ("grpc.use_local_subchannel_pool", 1)]  # a connection takes 64 calls at once
    channels: list[Any] = [grpc.insecure_channel(troubled_server.address, options=apart) for _ in range(6)]
    data = taking("patient", 60.0).SerializeToString()
    calls = [channel.unary_unary(PATH).future(data) for channel in channels for _ in range(60)]
    try:
        until(lambda: any(call.done() for call in calls), 20.0)
        (refused, *_) = (call for call in calls if call.done())
        found = failure(refused.exception())
        assert (found.code, found.reason) == ("RESOURCE_EXHAUSTED", "OVERLOADED")
        assert 0 < found.retry_after < 10
        health = health_pb2_grpc.HealthStub(channels[0]).Check(health_pb2.HealthCheckRequest(), timeout=5)
        assert health.status == health_pb2.HealthCheckResponse.SERVING
    finally:
        for call in calls:
            call.cancel()
        for channel in channels:
            channel.close()
    with troubled_server.channel() as channel:
        until(lambda: running(Caller(channel)) == 0)
        assert is_served_promptly(Caller(channel))


def test_the_deadline_of_a_stream_stops_the_work_of_its_calls(troubled: Caller) -> None:
    request = pb.EvaluateStreamRequest(call_id=1, request=taking("patient", 60.0))

    def requests() -> Iterator[bytes]:
        yield request.SerializeToString()
        time.sleep(1.0)

    stream = troubled.channel.stream_stream("/gradwire.v1.DifferentiationService/EvaluateStream")
    with pytest.raises(grpc.RpcError) as caught:
        list(stream(requests(), timeout=0.3))
    assert failure(caught.value).code == "DEADLINE_EXCEEDED"
    until(lambda: running(troubled) == 0)
