"""Evaluate over a real channel: all queries, in and out of the event loop, unary and streamed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from gradwire import v1 as pb
from gradwire_service.wire import decode_tensor, decode_tensors, encode_tensor, encode_tensors
from tests.server.calling import SQUARES, Caller, evaluation, failure_inside, gradient
from tests.serving import ServerProcess

EVALUATE = "DifferentiationService/Evaluate"
STREAM = "DifferentiationService/EvaluateStream"


@pytest.mark.parametrize("n", [0, 1, 2, 1000, 100_000], ids=str)
def test_the_gradient_of_squares_is_exact_at_all_sizes(caller: Caller, n: int) -> None:
    x = np.linspace(-1.0, 1.0, n)
    for graph in (SQUARES, caller.register(SQUARES), caller.register(SQUARES)):
        response = caller.ask(EVALUATE, evaluation(graph, [gradient("s", "x")], x=x))
        result = response.results[0].gradient
        np.testing.assert_allclose(decode_tensor(result.value), x @ x)
        assert decode_tensor(result.gradients["x"]).tobytes() == (2 * x).tobytes()
        assert response.graph_id == caller.register(SQUARES)
        assert response.execution.backend in ("numba", "numpy")
        assert response.execution.seconds > 0


def test_one_request_answers_queries_of_every_kind(caller: Caller) -> None:
    x, v = np.array([1.0, 2.0, 3.0]), np.array([1.0, 0.0, -1.0])
    queries = [
        pb.Query(value=pb.ValueQuery(of=["y", "s"])),
        gradient("s", "x", "y"),
        pb.Query(jvp=pb.JvpQuery(of=["y"], tangents=encode_tensors({"x": v}))),
        pb.Query(vjp=pb.VjpQuery(cotangents=encode_tensors({"y": v}), wrt=["x"])),
        pb.Query(hessian_vector_product=pb.HessianVectorProductQuery(of="s", vectors=encode_tensors({"x": v}))),
    ]
    value, slope, jvp, vjp, hvp = caller.ask(EVALUATE, evaluation(SQUARES, queries, x=x)).results
    assert decode_tensors(value.value.values)["y"].tolist() == [1.0, 4.0, 9.0]
    assert decode_tensor(slope.gradient.value) == 14.0
    assert decode_tensors(slope.gradient.gradients)["y"].tolist() == [1.0, 1.0, 1.0]
    assert decode_tensors(jvp.jvp.values)["y"].tolist() == [1.0, 4.0, 9.0]
    assert decode_tensors(jvp.jvp.tangents)["y"].tolist() == [2.0, 0.0, -6.0]
    assert decode_tensors(vjp.vjp.values)["y"].tolist() == [1.0, 4.0, 9.0]
    assert decode_tensors(vjp.vjp.cotangents)["x"].tolist() == [2.0, 0.0, -6.0]
    assert decode_tensor(hvp.hessian_vector_product.value) == 14.0
    assert decode_tensors(hvp.hessian_vector_product.gradients)["x"].tolist() == [2.0, 4.0, 6.0]
    assert decode_tensors(hvp.hessian_vector_product.products)["x"].tolist() == [2.0, 0.0, -2.0]


def test_jacobians_hessians_and_batched_directions_are_answered(caller: Caller) -> None:
    x = np.array([1.0, 2.0, 3.0])
    coordinate = pb.MATRIX_FORMAT_COORDINATE
    queries = [
        pb.Query(jacobian=pb.JacobianQuery(of=["y", "s"], wrt=["x"])),
        pb.Query(jacobian=pb.JacobianQuery(of=["y"], format=coordinate)),
        pb.Query(hessian=pb.HessianQuery()),
        pb.Query(hessian=pb.HessianQuery(of="s", format=coordinate)),
        pb.Query(jvp=pb.JvpQuery(of=["s"], tangents=encode_tensors({"x": np.eye(3)}), batched=True)),
        pb.Query(vjp=pb.VjpQuery(cotangents=encode_tensors({"y": np.ones((2, 3))}), batched=True)),
    ]
    graph = caller.register(SQUARES)
    for point in (x, -x, 2 * x):  # the second time the request is told by its bytes
        results = caller.ask(EVALUATE, evaluation(graph, queries, x=point)).results
        jacobian, sparse, hessian, listed = (getattr(r, str(r.WhichOneof("kind"))) for r in results[:4])
        assert [(m.row, m.column) for m in jacobian.blocks] == [("y", "x"), ("s", "x")]
        assert decode_tensor(jacobian.blocks[0].dense).tolist() == np.diag(2 * point).tolist()
        assert decode_tensor(jacobian.blocks[1].dense).tolist() == (2 * point).tolist()
        assert decode_tensor(jacobian.values["y"]).tolist() == (point**2).tolist()
        assert (sparse.sweeps, hessian.sweeps, listed.sweeps) == (1, 1, 1)
        entries = sparse.blocks[0].coordinate
        assert (entries.row_count, entries.column_count) == (3, 3)
        assert decode_tensor(entries.rows).tolist() == decode_tensor(entries.columns).tolist() == [0, 1, 2]
        assert decode_tensor(entries.values).tolist() == (2 * point).tolist()
        assert decode_tensor(hessian.value) == np.sum(point**2)
        assert decode_tensor(hessian.gradients["x"]).tolist() == (2 * point).tolist()
        assert decode_tensor(hessian.blocks[0].dense).tolist() == (2 * np.eye(3)).tolist()
        assert decode_tensor(listed.blocks[0].coordinate.values).tolist() == [2.0, 2.0, 2.0]
        assert decode_tensors(results[4].jvp.tangents)["s"].tolist() == (2 * point).tolist()
        assert decode_tensors(results[5].vjp.cotangents)["x"].tolist() == [(2 * point).tolist()] * 2


def test_without_queries_all_outputs_are_returned(caller: Caller) -> None:
    (result,) = caller.ask(EVALUATE, evaluation(SQUARES, x=[3.0])).results
    assert decode_tensors(result.value.values) == {"s": 9.0}


def test_what_is_not_finite_arrives_bit_for_bit(caller: Caller) -> None:
    x = np.array([0x7FF8DEADBEEF0001, 0xFFF0000000000000, 0x8000000000000000], np.uint64).view(np.float64)
    graph = "graph g\nvariable x: float64[3]\noutput x = x\n"
    response = caller.ask(EVALUATE, evaluation(graph, x=x))
    assert decode_tensors(response.results[0].value.values)["x"].tobytes() == x.tobytes()
    assert response.execution.non_finite
    assert response.execution.non_finite_block == "x"


def test_every_element_type_goes_there_and_back(caller: Caller) -> None:
    for name in ("float64", "float32", "int64", "int32", "bool"):
        x = np.array([[0, 1, 1]], name)
        graph = f"graph g\nvariable x: {name}[1, n]\noutput x = x\n"
        (result,) = caller.ask(EVALUATE, evaluation(graph, x=x)).results
        returned = decode_tensors(result.value.values)["x"]
        assert (returned.dtype, returned.shape, returned.tobytes()) == (x.dtype, x.shape, x.tobytes())


def test_the_calls_of_a_stream_are_told_apart_by_their_numbers(caller: Caller) -> None:
    graph = caller.register(SQUARES)
    points = {7: np.arange(3.0), -1: np.arange(100_000.0), 2**62: np.arange(5.0), 0: np.arange(0.0)}
    requests = [
        pb.EvaluateStreamRequest(call_id=i, request=evaluation(graph, [gradient()], x=x)) for i, x in points.items()
    ]
    answers = {answer.call_id: answer.response for answer in caller.pour(STREAM, requests)}
    assert set(answers) == set(points)
    for i, x in points.items():
        assert decode_tensor(answers[i].results[0].gradient.gradients["x"]).tobytes() == (2 * x).tobytes()


def test_an_error_of_one_call_does_not_end_the_stream(caller: Caller) -> None:
    graph = caller.register(SQUARES)
    requests = [
        pb.EvaluateStreamRequest(call_id=1, request=evaluation("sha256:" + 64 * "0", x=[1.0])),
        pb.EvaluateStreamRequest(call_id=2, request=evaluation("graph g\noutput a = b\n")),
        pb.EvaluateStreamRequest(call_id=3, request=evaluation(graph, [gradient("y")], x=np.ones(20_000))),
        pb.EvaluateStreamRequest(call_id=4, request=evaluation(graph, x=[2.0])),
    ]
    answers = {answer.call_id: answer for answer in caller.pour(STREAM, requests)}
    assert failure_inside(answers[1].error).reason == "GRAPH_UNKNOWN"
    assert failure_inside(answers[1].error).code == "NOT_FOUND"
    missing = failure_inside(answers[2].error)
    assert (missing.reason, missing.metadata["field"]) == ("OUTPUT_MISSING", "graph.outputs[0].value")
    assert failure_inside(answers[3].error).reason == "NOT_SCALAR"
    assert decode_tensors(answers[4].response.results[0].value.values) == {"s": 4.0}


def test_clients_at_once_get_the_same_bits(server: ServerProcess) -> None:
    rng = np.random.default_rng(5)
    points = [rng.normal(size=n) for n in (3, 1000, 20_000) for _ in range(4)]
    text = SQUARES.replace("y = square(x)", "e = exp(x)\nt = tanh(e)\ny = multiply(t, x)")

    def run(_: int) -> list[bytes]:
        with server.channel() as channel:
            caller = Caller(channel)
            graph = caller.register(text)
            requests = [evaluation(graph, [gradient()], x=x) for x in points]
            for request in requests:
                request.options.backend = "numpy"
            results = [caller.ask(EVALUATE, request).results[0].gradient for request in requests]
            return [result.value.data + result.gradients["x"].data for result in results]

    with ThreadPoolExecutor(6) as threads:
        first, *others = threads.map(run, range(6))
    assert all(other == first for other in others)


def test_a_stored_tensor_stands_for_its_elements_anywhere(caller: Caller) -> None:
    x = np.arange(4.0)
    parts = [
        pb.PutTensorRequest(header=pb.PutTensorHeader(type=encode_tensor(x).type)),
        pb.PutTensorRequest(data=x.tobytes()),
    ]
    digest = caller.pour("TensorService/PutTensor", parts).digest
    stored = pb.Tensor(digest=digest)
    request = evaluation(SQUARES, [pb.Query(vjp=pb.VjpQuery(cotangents={"y": stored}))])
    request.inputs["x"].CopyFrom(stored)
    (result,) = caller.ask(EVALUATE, request).results
    assert decode_tensors(result.vjp.cotangents)["x"].tolist() == [0.0, 2.0, 8.0, 18.0]


def test_prepare_tells_how_a_call_would_be_run(caller: Caller) -> None:
    request = pb.PrepareRequest(
        graph=pb.GraphSource(text=SQUARES),
        input_types={"x": encode_tensor(np.ones(17)).type},
        queries=[pb.Query(jvp=pb.JvpQuery(tangents={"x": pb.Tensor(type=encode_tensor(np.ones(17)).type)}))],
        options=pb.ExecutionOptions(backend="numpy", wait_for_compiled=True),
    )
    batch = pb.Tensor(type=encode_tensor(np.ones((4, 17))).type)
    request.queries.add(vjp=pb.VjpQuery(cotangents={"y": batch}, batched=True))
    response = caller.ask("DifferentiationService/Prepare", request)
    assert response.tier == pb.EXECUTION_TIER_INTERPRETED
    assert response.graph_id == caller.register(SQUARES)
