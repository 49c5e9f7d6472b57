"""Every reason that can be provoked, through a real channel: code, reason, place; no path and no trace in any word."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple

import grpc
import numpy as np
import pytest
from google.protobuf.message import Message

from gradwire import v1 as pb
from gradwire_service.wire import encode_tensor, encode_tensors
from tests.server.calling import SQUARES, Caller, Failure, evaluation, failure, failure_inside, gradient

EVALUATE = "DifferentiationService/Evaluate"
REGISTER = "DifferentiationService/RegisterGraph"
UNKNOWN_ID = "sha256:" + 64 * "0"
TRACES = re.compile(r"Traceback|\.py\b|File \"|<class|object at 0x|(?<![\w.])/(?:[\w.-]+/)+[\w.-]+")


class Case(NamedTuple):
    """A request that fails, and how."""

    reason: str
    name: str
    request: Message
    code: str = "INVALID_ARGUMENT"
    block: str = ""
    field: str = ""

    def __str__(self) -> str:
        return f"{self.reason}-{self.field or self.block or self.name.partition('/')[2]}"


def graph(*lines: str, name: str = "g") -> pb.RegisterGraphRequest:
    return pb.RegisterGraphRequest(graph=pb.GraphSource(text="\n".join([f"graph {name}", *lines, ""])))


def message(**parts: object) -> pb.RegisterGraphRequest:
    return pb.RegisterGraphRequest(graph=pb.GraphSource(graph=pb.Graph(**parts)))  # type: ignore[arg-type]


def asked(*queries: pb.Query, text: str = SQUARES, options: pb.ExecutionOptions | None = None) -> pb.EvaluateRequest:
    request = evaluation(text, queries, x=[1.0, 2.0])
    request.options.CopyFrom(options or pb.ExecutionOptions())
    return request


def fed(tensor: pb.Tensor) -> pb.EvaluateRequest:
    return pb.EvaluateRequest(graph=pb.GraphSource(text=SQUARES), inputs={"x": tensor})


def tensor(data: bytes, *shape: int, element_type: int = pb.ELEMENT_TYPE_FLOAT64) -> pb.Tensor:
    return pb.Tensor(type=pb.TensorType(element_type=element_type, shape=shape), data=data)  # type: ignore[arg-type]


def minimization(**parts: object) -> pb.MinimizeRequest:
    plain = {
        "graph": pb.GraphSource(text=SQUARES),
        "parameters": encode_tensors({"x": np.ones(2)}),
        "optimizer": pb.Optimizer(name="sgd"),
        "stopping": pb.StoppingRule(steps=1),
    }
    return pb.MinimizeRequest(minimization=pb.Minimization(**(plain | parts)))  # type: ignore[arg-type]


def step(**parts: object) -> pb.StepRequest:
    plain = {
        "graph": pb.GraphSource(text=SQUARES),
        "parameters": encode_tensors({"x": np.ones(2)}),
        "optimizer": pb.Optimizer(name="adam"),
    }
    return pb.StepRequest(**(plain | parts))  # type: ignore[arg-type]


MINIMIZE, STEP = "OptimizationService/Minimize", "OptimizationService/Step"
X = pb.Variable(name="x", dimensions=[pb.Dimension(name="n")])
DEEP = pb.Graph(variables=[X], outputs=[pb.Output(name="x", value="x")])
for _ in range(20):
    DEEP = pb.Graph(outputs=[pb.Output(name="x", value="x")], composites=[pb.Composite(name="c", graph=DEEP)])

CASES = [
    # Graphs
    Case(
        "GRAPH_CYCLE",
        REGISTER,
        graph("a = exp(b)", "b = log(a)", "output a = a"),
        field="graph.blocks",
    ),
    Case("UNKNOWN_OP", REGISTER, graph("a = frobnicate(1.0)", "output a = a"), block="a", field="graph.blocks[0].op"),
    Case("UNKNOWN_VALUE", REGISTER, graph("a = exp(b)", "output a = a"), block="a", field="graph.blocks[0].inputs[0]"),
    Case("WRONG_ARITY", REGISTER, graph("variable x: float64[]", "a = exp(x, x)", "output a = a"), block="a"),
    Case("DUPLICATE_ID", REGISTER, graph("variable x: float64[]", "x = exp(x)", "output a = x"), block="x"),
    Case(
        "DUPLICATE_ID",
        REGISTER,
        message(variables=[X], outputs=2 * [pb.Output(name="o", value="x")]),
        block="o",
        field="graph.outputs[1].name",
    ),
    Case(
        "ATTRIBUTE_MISSING",
        REGISTER,
        graph("variable x: float64[]", "a = astype(x)", "output a = a"),
        block="a",
        field="graph.blocks[0].attributes",
    ),
    Case("ATTRIBUTE_UNKNOWN", REGISTER, graph("variable x: float64[]", "a = exp(x, q=1)", "output a = a"), block="a"),
    Case(
        "ATTRIBUTE_TYPE",
        REGISTER,
        graph("variable x: float64[2]", "a = sum(x, keepdims=3)", "output a = a"),
        block="a",
    ),
    Case(
        "MALFORMED_MESSAGE",
        REGISTER,
        message(
            variables=[X],
            blocks=[pb.Block(id="a", op="sum", inputs=["x"], attributes={"axis": pb.Attribute()})],
            outputs=[pb.Output(name="a", value="a")],
        ),
        block="a",
        field="graph.blocks[0].attributes[axis]",
    ),
    Case("MALFORMED_MESSAGE", REGISTER, message(variables=[pb.Variable(name="x", dimensions=[pb.Dimension()])])),
    Case("OUTPUT_MISSING", REGISTER, graph("variable x: float64[]"), field="graph.outputs"),
    Case(
        "COMPOSITE_RECURSION",
        REGISTER,
        graph("composite c {", "  a = c()", "  output a = a", "}", "b = c()", "output b = b"),
    ),
    Case("INVALID_NAME", REGISTER, message(variables=[pb.Variable(name="no\nname")], outputs=[pb.Output(name="o")])),
    Case("TEXT_SYNTAX", REGISTER, pb.RegisterGraphRequest(graph=pb.GraphSource(text="y = = x")), field="text"),
    Case("LIMIT_EXCEEDED", REGISTER, pb.RegisterGraphRequest(graph=pb.GraphSource(graph=DEEP)), field="graph"),
    Case(
        "MALFORMED_TENSOR",
        REGISTER,
        message(constants=[pb.Constant(name="c", value=tensor(b"123", 1))], outputs=[pb.Output(name="c", value="c")]),
        block="c",
        field="graph.constants[0].value",
    ),
    Case("MALFORMED_MESSAGE", REGISTER, pb.RegisterGraphRequest(), field="graph"),
    Case("GRAPH_UNKNOWN", EVALUATE, evaluation(UNKNOWN_ID, x=[1.0]), "NOT_FOUND"),
    Case(
        "GRAPH_UNKNOWN",
        REGISTER,
        pb.RegisterGraphRequest(graph=pb.GraphSource(graph_id="y = exp(1.0)")),
        "NOT_FOUND",
        field="graph.graph_id",
    ),
    # Points
    Case("INPUT_MISSING", EVALUATE, evaluation(SQUARES), block="x", field="inputs[x]"),
    Case("INPUT_UNKNOWN", EVALUATE, evaluation(SQUARES, x=[1.0], z=[1.0]), block="z", field="inputs[z]"),
    Case("SHAPE_MISMATCH", EVALUATE, evaluation(SQUARES, x=[[1.0]]), block="x"),
    Case("ELEMENT_TYPE_MISMATCH", EVALUATE, evaluation(SQUARES, x=np.ones(2, "int32")), block="x"),
    Case(
        "DIMENSION_CONFLICT",
        EVALUATE,
        evaluation(
            "graph g\nvariable x: float64[n]\nvariable y: float64[n]\nz = add(x, y)\noutput z = z\n",
            x=np.ones(2),
            y=np.ones(3),
        ),
        block="y",
    ),
    Case(
        "SHAPE_MISMATCH",
        EVALUATE,
        evaluation(
            "graph g\nvariable x: float64[n]\nvariable y: float64[m]\nz = add(x, y)\noutput z = z\n",
            x=np.ones(2),
            y=np.ones(3),
        ),
        block="z",
    ),
    Case(
        "ATTRIBUTE_VALUE", EVALUATE, asked(text="variable x: float64[n]\na = clip(x, min=2.0, max=1.0)\noutput a = a\n")
    ),
    Case("MALFORMED_TENSOR", EVALUATE, fed(tensor(b"1234567", 1)), field="inputs[x]"),
    Case("MALFORMED_TENSOR", EVALUATE, fed(tensor(16 * b"\0", -2)), field="inputs[x]"),
    Case("MALFORMED_TENSOR", EVALUATE, fed(tensor(8 * b"\0", 1, element_type=0)), field="inputs[x]"),
    Case("MALFORMED_TENSOR", EVALUATE, fed(tensor(b"\0\2", 2, element_type=pb.ELEMENT_TYPE_BOOL)), field="inputs[x]"),
    Case("LIMIT_EXCEEDED", EVALUATE, fed(tensor(b"", 2**32, 2**32)), field="inputs[x]"),
    Case("LIMIT_EXCEEDED", EVALUATE, fed(tensor(b"", *9 * [1])), field="inputs[x]"),
    Case("TENSOR_UNKNOWN", EVALUATE, fed(pb.Tensor(digest=UNKNOWN_ID)), "NOT_FOUND"),
    Case("TENSOR_UNKNOWN", EVALUATE, fed(pb.Tensor(digest="cut:0")), "NOT_FOUND"),
    Case(
        "INDEX_OUT_OF_RANGE",
        EVALUATE,
        evaluation(
            "variable x: float64[n]\nvariable i: int64[m]\na = take(x, i)\noutput a = a\n",
            x=np.ones(3),
            i=np.array([0, 3]),
        ),
    ),
    # Queries
    Case("NOT_SCALAR", EVALUATE, asked(gradient("y", "x")), block="y"),
    Case(
        "NOT_DIFFERENTIABLE",
        EVALUATE,
        asked(gradient("k", "x"), text="variable x: float64[n]\nk = argmax(x)\noutput k = k\n"),
        block="k",
    ),
    Case("UNKNOWN_VALUE", EVALUATE, asked(gradient("s", "nobody"))),
    Case("QUERY_INVALID", EVALUATE, asked(pb.Query()), field="queries[0]"),
    Case("QUERY_INVALID", EVALUATE, asked(pb.Query(jvp=pb.JvpQuery()))),
    Case("NOT_SCALAR", EVALUATE, asked(pb.Query(hessian=pb.HessianQuery(of="y"))), block="y"),
    Case("UNKNOWN_VALUE", EVALUATE, asked(pb.Query(jacobian=pb.JacobianQuery(wrt=["nobody"])))),
    Case(
        "QUERY_INVALID",
        EVALUATE,
        asked(pb.Query(jacobian=pb.JacobianQuery(format=7))),  # type: ignore[arg-type]  # of a later version
        field="queries[0].jacobian.format",
    ),
    Case(
        "LIMIT_EXCEEDED",
        EVALUATE,
        evaluation(SQUARES, [pb.Query(jacobian=pb.JacobianQuery(of=["y"]))], x=np.ones(5000)),
    ),
    Case(
        "SHAPE_MISMATCH",
        EVALUATE,
        asked(pb.Query(jvp=pb.JvpQuery(tangents={"x": encode_tensor(np.ones((4, 5)))}, batched=True))),
        block="x",
    ),
    Case(
        "QUERY_INVALID",
        EVALUATE,
        asked(pb.Query(jvp=pb.JvpQuery(tangents={"x": encode_tensor(np.ones(()))}, batched=True))),
        block="x",
    ),
    Case("LIMIT_EXCEEDED", EVALUATE, asked(*65 * [gradient()])),
    Case(
        "LIMIT_EXCEEDED",
        EVALUATE,
        evaluation(
            "variable x: float64[n]\na = expand_dims(x, axis=[0])\nb = expand_dims(x, axis=[1])\n"
            "c = multiply(a, b)\nd = sum(c)\noutput d = d\n",
            x=np.ones(100_000),
        ),
    ),
    # Backends
    Case("BACKEND_UNKNOWN", EVALUATE, asked(options=pb.ExecutionOptions(backend="abacus"))),
    Case("BACKEND_UNAVAILABLE", EVALUATE, asked(options=pb.ExecutionOptions(backend="absent")), "FAILED_PRECONDITION"),
    Case(
        "UNSUPPORTED_BY_BACKEND",
        EVALUATE,
        asked(
            gradient(),
            text="variable x: float64[n]\na = abs(x)\ns = sum(a)\noutput s = s\n",
            options=pb.ExecutionOptions(backend="complex_step"),
        ),
        block="a",
    ),
    Case(
        "QUERY_INVALID",
        EVALUATE,
        asked(options=pb.ExecutionOptions(backend="numpy", finite_difference=pb.FiniteDifferenceOptions(step=0.1))),
        field="options.finite_difference",
    ),
    Case(
        "NOT_FINITE",
        EVALUATE,
        asked(
            gradient(),
            text="variable x: float64[n]\na = log(x)\nb = subtract(x, 2.0)\nc = log(b)\ns = sum(c)\noutput s = s\n",
            options=pb.ExecutionOptions(backend="finite_difference"),
        ),
        "FAILED_PRECONDITION",
    ),
    # Before any run
    Case(
        "INPUT_MISSING",
        "DifferentiationService/DifferentiateGraph",
        pb.DifferentiateGraphRequest(graph=pb.GraphSource(text=SQUARES)),
        field="dimensions",
    ),
    Case(
        "QUERY_INVALID",
        "DifferentiationService/DifferentiateGraph",
        pb.DifferentiateGraphRequest(graph=pb.GraphSource(text=SQUARES), mode=77),  # type: ignore[arg-type]
        field="mode",
    ),
    Case(
        "QUERY_INVALID",
        "DifferentiationService/DescribeGraph",
        pb.DescribeGraphRequest(graph=pb.GraphSource(text=SQUARES), formats=[0]),  # type: ignore[list-item]
        field="formats[0]",
    ),
    Case(
        "INPUT_UNKNOWN",
        "DifferentiationService/Prepare",
        pb.PrepareRequest(graph=pb.GraphSource(text=SQUARES), input_types={"q": encode_tensor(np.ones(1)).type}),
        block="q",
    ),
    Case(
        "QUERY_INVALID",
        "DifferentiationService/CompareBackends",
        pb.CompareBackendsRequest(graph=pb.GraphSource(text=SQUARES), repetitions=-1),
        field="repetitions",
    ),
    # Optimization
    Case("OPTIMIZER_UNKNOWN", STEP, step(optimizer=pb.Optimizer(name="magic"))),
    Case(
        "OPTIMIZER_UNKNOWN",
        STEP,
        step(optimizer=pb.Optimizer(name="sgd", schedule=pb.Schedule(name="magic"))),
    ),
    Case(
        "HYPERPARAMETER_INVALID",
        STEP,
        step(optimizer=pb.Optimizer(name="adam", hyperparameters={"beta1": pb.Attribute(real=1.5)})),
        field="optimizer.hyperparameters[beta1]",
    ),
    Case("STATE_MISMATCH", STEP, step(state=pb.OptimizerState(optimizer="sgd", step=3)), field="state.optimizer"),
    Case("NOT_FINITE", STEP, step(parameters=encode_tensors({"x": np.array([np.inf])})), "FAILED_PRECONDITION"),
    Case("HYPERPARAMETER_INVALID", MINIMIZE, minimization(stopping=pb.StoppingRule()), field="stopping"),
    Case(
        "OPTIMIZER_UNAVAILABLE",
        MINIMIZE,
        minimization(optimizer=pb.Optimizer(name="cma_es")),
        "FAILED_PRECONDITION",
        field="optimizer.name",
    ),
    Case("DATA_MISMATCH", MINIMIZE, minimization(batching=pb.Batching(batch_size=2))),
    # The rest
    Case("QUERY_INVALID", "CatalogService/ListOps", pb.ListOpsRequest(page_token="nowhere"), field="page_token"),
    Case("QUERY_INVALID", "CatalogService/ListBackends", pb.ListBackendsRequest(page_size=-1), field="page_size"),
    Case("TENSOR_UNKNOWN", "TensorService/GetTensor", pb.GetTensorRequest(digest=UNKNOWN_ID), "NOT_FOUND"),
    Case("TENSOR_UNKNOWN", "TensorService/DeleteTensor", pb.DeleteTensorRequest(digest="x" * 999), "NOT_FOUND"),
    Case(
        "TRAINING_JOB_UNKNOWN",
        "OptimizationService/GetTrainingJob",
        pb.GetTrainingJobRequest(name="trainingJobs/nobody"),
        "NOT_FOUND",
        field="name",
    ),
    Case("TRAINING_JOB_UNKNOWN", "OptimizationService/WatchTrainingJob", pb.WatchTrainingJobRequest(), "NOT_FOUND"),
    Case(
        "QUERY_INVALID",
        "OptimizationService/ListTrainingJobs",
        pb.ListTrainingJobsRequest(page_token="nowhere"),
        field="page_token",
    ),
]

PROVOKED_ELSEWHERE = {
    "TENSOR_DAMAGED": "test_tensors",
    "CANCELLED": "test_stopping",
    "DEADLINE_EXCEEDED": "test_stopping",
    "OVERLOADED": "test_stopping",
    "SERVER_STOPPING": "test_shutdown",
    "TRAINING_JOB_WRONG_STATE": "test_jobs",
    "REQUEST_ID_CONFLICT": "test_jobs",
    "CHECKPOINT_DAMAGED": "test_jobs",
    "STORAGE_FULL": "test_jobs",
    "STORAGE_FAILED": "tests/training/test_files",
    "OUT_OF_MEMORY": "below",
    "INTERNAL": "below",
}
NOT_SERVED = {
    "UNAUTHENTICATED",
    "PERMISSION_DENIED",
    "NOT_IMPLEMENTED",  # everything is
}


def fails(call: Callable[[], object]) -> Failure:
    """Return how a call fails, having looked for what no message may tell."""
    with pytest.raises(grpc.RpcError) as caught:
        call()
    found = failure(caught.value)
    assert not TRACES.search(found.words), found.words
    return found


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_fault_has_its_code_its_reason_and_its_place(troubled: Caller, case: Case) -> None:
    found = fails(lambda: troubled.ask(case.name, case.request))
    assert (found.reason, found.code) == (case.reason, case.code), found.message
    if case.block:
        assert found.metadata["block"] == case.block
    if case.field:
        assert found.metadata["field"] == case.field
    if case.code == "INVALID_ARGUMENT":
        assert found.faults
        assert found.faults[0][1] == case.reason


def test_every_reason_of_the_contract_is_provoked_or_not_served() -> None:
    reasons = {name.removeprefix("ERROR_REASON_") for name in pb.ErrorReason.keys()} - {"UNSPECIFIED"}  # noqa: SIM118
    assert {case.reason for case in CASES} | set(PROVOKED_ELSEWHERE) == reasons - NOT_SERVED


def test_all_faults_of_a_graph_are_told_at_once_each_with_its_place(caller: Caller) -> None:
    request = message(
        variables=[X],
        blocks=[
            pb.Block(id="a", op="exp", inputs=["nobody"]),
            pb.Block(id="b", op="magic", inputs=["x"]),
            pb.Block(id="c", op="exp", inputs=["c"]),
        ],
        outputs=[pb.Output(name="o", value="a"), pb.Output(name="o", value="nothing")],
    )
    found = fails(lambda: caller.ask(REGISTER, request))
    assert [(reason, field) for field, reason, _ in found.faults] == [
        ("DUPLICATE_ID", "graph.outputs[1].name"),
        ("UNKNOWN_VALUE", "graph.blocks[0].inputs[0]"),
        ("UNKNOWN_OP", "graph.blocks[1].op"),
        ("OUTPUT_MISSING", "graph.outputs[0].value"),
        ("GRAPH_CYCLE", "graph.blocks"),
    ]


def test_the_faults_of_a_bad_graph_fit_into_the_metadata(caller: Caller) -> None:
    blocks = [pb.Block(id=f"block{i}" + 120 * "x", op=300 * "é", inputs=20 * ["☃" * 300]) for i in range(500)]
    found = fails(lambda: caller.ask(REGISTER, message(blocks=blocks, outputs=[pb.Output(name="o", value="o")])))
    assert found.reason in ("UNKNOWN_VALUE", "INVALID_NAME")
    assert 1 <= len(found.faults) <= 16
    assert len(found.words.encode()) < 8000


@pytest.mark.parametrize("name", ["bug", "exit"])
def test_a_bug_is_told_by_an_id_that_the_log_has(troubled: Caller, troubled_server: object, name: str) -> None:
    request = trouble(name)
    found = fails(lambda: troubled.ask(EVALUATE, request))
    assert (found.code, found.reason) == ("INTERNAL", "INTERNAL")
    assert "secret" not in found.words
    log = troubled_server.log.read_text()  # type: ignore[attr-defined]
    assert found.metadata["request_id"] in found.message
    assert found.metadata["request_id"] in log
    assert "/srv/secret/token.txt" in log


@pytest.mark.parametrize("name", ["bug", "exit"])
def test_a_bug_in_a_call_on_a_stream_does_not_end_the_stream(troubled: Caller, name: str) -> None:
    requests = [
        pb.EvaluateStreamRequest(call_id=1, request=trouble(name)),
        pb.EvaluateStreamRequest(call_id=2, request=evaluation(SQUARES, x=[1.0])),
    ]
    answers = {answer.call_id: answer for answer in troubled.pour("DifferentiationService/EvaluateStream", requests)}
    assert failure_inside(answers[1].error).reason == "INTERNAL"
    assert "secret" not in failure_inside(answers[1].error).words
    assert answers[2].response.results


def test_a_lack_of_memory_is_no_bug(troubled: Caller) -> None:
    found = fails(lambda: troubled.ask(EVALUATE, trouble("memory")))
    assert (found.code, found.reason) == ("RESOURCE_EXHAUSTED", "OUT_OF_MEMORY")


def trouble(name: str) -> pb.EvaluateRequest:
    """Return a request for something to go wrong."""
    point: dict[str, Any] = {name: 0.0}
    request = evaluation(f"variable {name}: float64[]\noutput o = {name}\n", **point)
    request.options.backend = "trouble"
    return request


MALFORMED = {
    "noise": b"\xff\xff\xff\xff\xff\xff",
    "cut off": evaluation(SQUARES, x=np.ones(3)).SerializeToString()[:-3],
    "too deep": 60 * b"\x0a\x7f" + 127 * b"\x0a",
    "a group": b"\x0b\x0c\x08",
    "bad text": pb.EvaluateRequest(graph=pb.GraphSource(graph_id="q")).SerializeToString().replace(b"q", b"\xff"),
    "large noise": b"\xff" * 200_000,
    "large and cut off": evaluation(SQUARES, x=np.ones(20_000)).SerializeToString()[:-3],
    "large groups": b"\x0b\x0c" * 100_000 + b"\x0c",
}


@pytest.mark.parametrize("data", MALFORMED.values(), ids=MALFORMED.keys())
@pytest.mark.parametrize("name", [EVALUATE, REGISTER, MINIMIZE])
def test_bytes_that_are_no_message_are_told_from_bugs(caller: Caller, name: str, data: bytes) -> None:
    found = fails(lambda: caller.send(name, data))
    assert (found.code, found.reason) == ("INVALID_ARGUMENT", "MALFORMED_MESSAGE")


def test_a_message_of_very_many_small_parts_is_refused_before_it_is_parsed(caller: Caller) -> None:
    bomb = b"\x1a\x00" * 2**20  # a million empty queries
    found = fails(lambda: caller.send(EVALUATE, bomb))
    assert found.reason == "LIMIT_EXCEEDED"
    assert found.metadata["limit"] == str(4 * 2**20)


def test_a_stream_ends_with_bytes_that_are_no_message(caller: Caller) -> None:
    stream = caller.channel.stream_stream("/gradwire.v1.DifferentiationService/EvaluateStream")
    found = fails(lambda: list(stream(iter([b"\xff\xff\xff"]), timeout=20)))
    assert (found.code, found.reason) == ("INVALID_ARGUMENT", "MALFORMED_MESSAGE")


def test_a_call_without_a_message_is_malformed(caller: Caller) -> None:
    call = caller.channel.stream_unary("/gradwire.v1.DifferentiationService/Evaluate")
    found = fails(lambda: call(iter([]), timeout=20))
    assert found.reason == "MALFORMED_MESSAGE"


def test_a_method_that_the_contract_lacks_is_unimplemented(caller: Caller) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        caller.channel.unary_unary("/gradwire.v1.DifferentiationService/Integrate")(b"", timeout=20)
    assert failure(caught.value).code == "UNIMPLEMENTED"
