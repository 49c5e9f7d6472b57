"""Methods that own their loop, searches and many starts over a real channel."""

from __future__ import annotations

import time
from queue import SimpleQueue
from typing import Any

import grpc
import numpy as np
import pytest

from gradwire import v1 as pb
from gradwire_service.methods import Method
from gradwire_service.searches import Search
from gradwire_service.wire import decode_tensor, decode_tensors, encode_tensor, encode_tensors
from tests.server.calling import Caller, Failure, failure

MINIMIZE, SEARCH = "OptimizationService/Minimize", "/gradwire.v1.OptimizationService/Search"

VALLEY = """graph valley
variable a: float64[]
variable b: float64[]
c = square(a)
d = subtract(b, c)
r = multiply(10.0, d)
s = subtract(1.0, a)
q = square(r)
t = square(s)
loss = add(q, t)
output loss = loss
output r = r
output s = s
"""
START = encode_tensors({"a": np.array(-1.2), "b": np.array(1.0)})
BOX = {name: pb.Bounds(lower=encode_tensor(np.array(-2.0)), upper=encode_tensor(np.array(2.0))) for name in "ab"}
NUMPY = pb.ExecutionOptions(backend="numpy")


def request(name: str, settings: dict[str, float] | None = None, /, **parts: Any) -> pb.MinimizeRequest:
    reals = {key: pb.Attribute(real=value) for key, value in (settings or {}).items()}
    plain = {
        "graph": pb.GraphSource(text=VALLEY),
        "loss": "loss",
        "parameters": START,
        "optimizer": pb.Optimizer(name=name, hyperparameters=reals),
        "options": NUMPY,
    }
    return pb.MinimizeRequest(minimization=pb.Minimization(**(plain | parts)))  # type: ignore[arg-type]


def fails(caller: Caller, asked: pb.MinimizeRequest) -> Failure:
    with pytest.raises(grpc.RpcError) as caught:
        caller.ask(MINIMIZE, asked)
    return failure(caught.value)


@pytest.mark.parametrize("name", ["cg", "tnc", "trust_exact", "lm"])
def test_a_method_reports_each_iteration_and_ends_by_itself(caller: Caller, name: str) -> None:
    asked = request(name, loss="", residuals=["r", "s"]) if name == "lm" else request(name)
    *reports, last = caller.ask(MINIMIZE, asked)
    assert [report.progress.number for report in reports] == list(range(1, len(reports) + 1))
    result = last.result
    assert result.stop_reason == pb.STOP_REASON_CONVERGED
    found = decode_tensors(result.parameters)
    np.testing.assert_allclose([found["a"], found["b"]], [1, 1], atol=0.05)
    assert result.message
    assert not result.HasField("state")
    assert result.progress.number == len(reports)
    assert result.execution.function_evaluations == result.progress.function_evaluations > len(reports)
    assert result.graph_id.startswith("sha256:")


def test_bounds_limits_and_reports_of_a_method_are_as_asked_for(caller: Caller) -> None:
    bounded = pb.Optimizer(name="slsqp", bounds={"a": pb.Bounds(upper=encode_tensor(np.array(0.5)))})
    asked = request(
        "slsqp",
        optimizer=bounded,
        stopping=pb.StoppingRule(steps=3),
        reporting=pb.ReportingRule(parameters=True, every_steps=2),
    )
    *reports, last = caller.ask(MINIMIZE, asked)
    assert last.result.stop_reason == pb.STOP_REASON_STEPS
    assert [report.progress.step for report in reports] == [2, 3]
    assert all(decode_tensor(report.progress.parameters["a"]) <= 0.5 for report in reports)


def test_a_search_sends_its_generations(caller: Caller) -> None:
    asked = request(
        "genetic",
        optimizer=pb.Optimizer(name="genetic", bounds=BOX),
        stopping=pb.StoppingRule(function_evaluations=500),
        reporting=pb.ReportingRule(parameters=True),
        seed=3,
    )
    *reports, last = caller.ask(MINIMIZE, asked)
    for report in reports:
        candidates = decode_tensors(report.progress.candidates)
        losses = decode_tensor(report.progress.candidate_losses)
        a, b = candidates["a"], candidates["b"]
        np.testing.assert_allclose(losses, 100 * (b - a**2) ** 2 + (1 - a) ** 2, rtol=1e-9, atol=1e-12)
    assert last.result.loss == min(decode_tensor(x.progress.candidate_losses).min() for x in reports)
    assert last.result.stop_reason == pb.STOP_REASON_FUNCTION_EVALUATIONS
    assert not last.result.progress.candidates
    again = caller.ask(MINIMIZE, asked)[-1].result
    assert again.parameters["a"].data == last.result.parameters["a"].data


@pytest.mark.parametrize("name", ["bfgs", "sgd"])
def test_many_starts_tell_minima_apart(caller: Caller, name: str) -> None:
    wells = "variable x: float64[]\na = square(x)\nb = subtract(a, 1.0)\nc = square(b)\nd = multiply(0.1, x)\n"
    asked = request(
        name,
        {"learning_rate": 0.02} if name == "sgd" else None,
        graph=pb.GraphSource(text=f"{wells}y = add(c, d)\noutput y = y\n"),
        loss="",
        parameters=encode_tensors({"x": np.array(0.9)}),
        stopping=pb.StoppingRule(steps=200),
        multi_start=pb.MultiStart(starts=12, spread=1.5),
        reporting=pb.ReportingRule(parameters=True),
    )
    *reports, last = caller.ask(MINIMIZE, asked)
    assert [report.progress.step for report in reports] == list(range(1, 13))
    lower, upper = last.result.minima
    assert decode_tensor(lower.parameters["x"]) == pytest.approx(-1.0121, abs=1e-3)
    assert decode_tensor(upper.parameters["x"]) == pytest.approx(0.9870, abs=1e-3)
    assert sorted([*lower.starts, *upper.starts]) == list(range(12))
    assert last.result.loss == lower.loss
    assert last.result.parameters["x"].data == lower.parameters["x"].data


def test_what_was_reached_arrives_before_the_deadline(caller: Caller) -> None:
    asked = request("random_search", stopping=pb.StoppingRule(steps=10**9), reporting=pb.ReportingRule(every_steps=100))
    *_, last = caller.ask(MINIMIZE, asked, timeout=1.0)
    assert last.result.stop_reason == pb.STOP_REASON_DEADLINE
    assert last.result.loss < 1.0


def test_a_search_that_nobody_waits_for_stops(caller: Caller) -> None:
    asked = request("random_search", stopping=pb.StoppingRule(steps=10**9))
    stream = caller.channel.unary_stream(f"/gradwire.v1.{MINIMIZE}")(asked.SerializeToString(), timeout=60)
    next(stream)
    stream.cancel()
    for _ in range(20):  # others are served all the while
        caller.ask(MINIMIZE, request("bfgs"))
        time.sleep(0.001)


NOWHERE = encode_tensors({"a": np.array(np.nan), "b": np.array(1.0)})
HALF = encode_tensors({"a": np.array(1.0)})
SCHEDULED = pb.Optimizer(name="lbfgs", schedule=pb.Schedule(name="cosine"))
BOUNDED = pb.Optimizer(name="bfgs", bounds=BOX)
REFUSED = [
    ("HYPERPARAMETER_INVALID", "optimizer.hyperparameters[gtol]", request("lbfgs", {"gtol": -1.0})),
    ("HYPERPARAMETER_INVALID", "optimizer.hyperparameters[lr]", request("lbfgs", {"lr": 1.0})),
    ("HYPERPARAMETER_INVALID", "optimizer.bounds", request("bfgs", optimizer=BOUNDED)),
    ("HYPERPARAMETER_INVALID", "stopping", request("genetic")),
    ("HYPERPARAMETER_INVALID", "multi_start.starts", request("lbfgs", multi_start=pb.MultiStart(starts=-1))),
    ("HYPERPARAMETER_INVALID", "multi_start.starts", request("lbfgs", multi_start=pb.MultiStart(starts=10**6))),
    ("QUERY_INVALID", "minimization.batching.batch_size", request("lbfgs", batching=pb.Batching(batch_size=2))),
    ("QUERY_INVALID", "minimization.state", request("lbfgs", state=pb.OptimizerState(step=1))),
    ("QUERY_INVALID", "minimization.stopping.patience", request("lbfgs", stopping=pb.StoppingRule(patience=2))),
    ("QUERY_INVALID", "minimization.residuals", request("lbfgs", residuals=["r"])),
    ("QUERY_INVALID", "minimization.loss", request("lm", residuals=["r"])),
    ("QUERY_INVALID", "optimizer.schedule", request("lbfgs", optimizer=SCHEDULED)),
    ("UNKNOWN_VALUE", "", request("lbfgs", loss="elsewhere")),
    ("UNKNOWN_VALUE", "", request("genetic", loss="elsewhere", stopping=pb.StoppingRule(steps=1))),
    ("NOT_FINITE", "", request("lbfgs", parameters=NOWHERE)),
    ("INPUT_MISSING", "", request("lbfgs", parameters=HALF)),
    ("INPUT_MISSING", "", request("genetic", parameters=HALF, stopping=pb.StoppingRule(steps=1))),
]


@pytest.mark.parametrize(
    ("reason", "field", "asked"),
    REFUSED,
    ids=[f"{asked.minimization.optimizer.name}-{reason}-{field}" for reason, field, asked in REFUSED],
)
def test_what_a_method_can_not_do_is_refused(
    caller: Caller, reason: str, field: str, asked: pb.MinimizeRequest
) -> None:
    found = fails(caller, asked)
    assert found.reason == reason
    assert not field or found.faults[0][0] == field


def test_the_catalog_tells_rules_methods_and_searches_apart(caller: Caller) -> None:
    listed = caller.ask("CatalogService/ListOptimizers", pb.ListOptimizersRequest()).optimizers
    kinds = {x.name: x.kind for x in listed}
    assert {name for name, kind in kinds.items() if kind == pb.OPTIMIZER_KIND_METHOD} == set(Method.registry)
    assert {name for name, kind in kinds.items() if kind == pb.OPTIMIZER_KIND_SEARCH} == set(Search.registry)
    assert kinds["adam"] == pb.OPTIMIZER_KIND_UPDATE_RULE
    assert len(kinds) == len(listed), "one name for two optimizers"


# Ask and tell


def start(name: str = "genetic", seed: int = 1) -> pb.SearchRequest:
    optimizer = pb.Optimizer(name=name, bounds=BOX)
    return pb.SearchRequest(start=pb.SearchStart(parameters=START, optimizer=optimizer, seed=seed))


def told(generation: int, losses: Any) -> pb.SearchRequest:
    return pb.SearchRequest(losses=pb.SearchLosses(generation=generation, losses=encode_tensor(np.asarray(losses))))


def test_the_caller_may_compute_the_losses(caller: Caller) -> None:
    waiting: SimpleQueue[bytes | None] = SimpleQueue()
    stream = caller.channel.stream_stream(SEARCH, response_deserializer=pb.SearchResponse.FromString)
    answers = stream(iter(waiting.get, None), timeout=20)
    waiting.put(start("cma_es").SerializeToString())
    best = np.inf
    for number in range(1, 1000):
        answer = next(answers)
        assert answer.generation == number
        assert answer.best_loss == best
        if answer.ended:
            break
        point = decode_tensors(answer.candidates)
        losses = 100 * (point["b"] - point["a"] ** 2) ** 2 + (1 - point["a"]) ** 2
        best = min(best, losses.min())
        waiting.put(told(number, losses).SerializeToString())
    assert "tol" in answer.ended
    assert not answer.candidates
    np.testing.assert_allclose(decode_tensor(answer.best_parameters["a"]), 1.0, atol=1e-3)
    waiting.put(None)
    assert list(answers) == []


@pytest.mark.parametrize(
    ("requests", "reason", "field"),
    [
        ([told(1, [1.0])], "QUERY_INVALID", "start"),
        ([start("adam")], "OPTIMIZER_UNKNOWN", "start.optimizer.name"),
        ([start(), told(1, [1.0])], "QUERY_INVALID", "losses"),
        ([start(), told(2, np.zeros(50))], "QUERY_INVALID", "losses.generation"),
    ],
    ids=["no start", "no search", "too few", "another generation"],
)
def test_a_search_refuses_what_does_not_fit(
    caller: Caller, requests: list[pb.SearchRequest], reason: str, field: str
) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        caller.pour("OptimizationService/Search", requests)
    found = failure(caught.value)
    assert (found.reason, found.faults[0][0]) == (reason, field)
