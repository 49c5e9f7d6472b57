"""What a server tells of graphs before and beside runs: description, derivatives, checks, comparisons."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gradwire import v1 as pb
from gradwire_service.graph import parse
from gradwire_service.wire import (
    decode_graph,
    decode_tensor,
    decode_tensors,
    encode_graph,
    encode_tensor,
    encode_tensors,
)
from tests.server.calling import SQUARES, Caller, evaluation, failure_inside, gradient

LOGISTIC = """graph logistic
variable x: float64[batch, 3] "one row a sample"
variable w: float64[3]
constant half: float64[2] = [0.5, 0.5]
composite layer {
  variable a: float64[n, k]
  variable b: float64[k]
  u = matmul(a, b)
  p = sigmoid(u)
  output p = p
}
p = layer(x, w)
l = log_sigmoid(layer/u)
q = negative(p)
s = mean(q)
output loss = s
""".replace("l = log_sigmoid(layer/u)\n", "")


def test_a_graph_is_registered_under_one_id_however_it_is_sent(caller: Caller) -> None:
    graph = parse(LOGISTIC)
    sources = [pb.GraphSource(text=LOGISTIC), pb.GraphSource(graph=encode_graph(graph))]
    ids = {
        caller.ask("DifferentiationService/RegisterGraph", pb.RegisterGraphRequest(graph=source)).graph_id
        for source in sources
    }
    assert ids == {graph.id}
    known = pb.RegisterGraphRequest(graph=pb.GraphSource(graph_id=graph.id))
    assert caller.ask("DifferentiationService/RegisterGraph", known).graph_id == graph.id


def test_a_description_tells_order_types_cost_and_pictures(caller: Caller) -> None:
    request = pb.DescribeGraphRequest(
        graph=pb.GraphSource(text=LOGISTIC),
        dimensions={"batch": 5},
        formats=[pb.GRAPH_FORMAT_TEXT, pb.GRAPH_FORMAT_LATEX, pb.GRAPH_FORMAT_DOT, pb.GRAPH_FORMAT_SVG],
        annotations={"p": "value 0.5\ngradient -0.2"},
    )
    response = caller.ask("DifferentiationService/DescribeGraph", request)
    rows = {row.name: row for row in response.values}
    assert list(rows) == ["x", "w", "half", "p/u", "p/p", "p", "q", "s"]
    assert rows["p/u"].type.shape == [5]
    assert rows["p/u"].kind == pb.VALUE_KIND_BLOCK
    assert rows["x"].kind == pb.VALUE_KIND_VARIABLE
    assert rows["q"].inputs == ["p"]
    assert response.cost.flops >= rows["p/u"].cost.flops > 0
    assert response.rendering.text == str(parse(LOGISTIC))
    assert "gradient -0.2" in response.rendering.svg
    assert "gradient -0.2" in response.rendering.dot
    assert response.rendering.latex


def test_without_sizes_a_description_tells_what_it_can(caller: Caller) -> None:
    request = pb.DescribeGraphRequest(graph=pb.GraphSource(text=LOGISTIC))
    response = caller.ask("DifferentiationService/DescribeGraph", request)
    assert len(response.values) == 8
    assert not response.HasField("cost")
    assert not any(row.HasField("type") for row in response.values)
    assert response.rendering.text
    assert not response.rendering.svg


def test_a_derivative_is_a_graph_that_can_be_run(caller: Caller) -> None:
    request = pb.DifferentiateGraphRequest(
        graph=pb.GraphSource(text=LOGISTIC), of=["loss"], wrt=["w"], dimensions={"batch": 4}
    )
    response = caller.ask("DifferentiationService/DifferentiateGraph", request)
    assert decode_graph(response.graph).id == response.graph_id
    assert parse(response.rendering.text).id == response.graph_id
    assert response.rendering.latex
    assert not response.seeds
    rng = np.random.default_rng(1)
    point = {"x": rng.normal(size=(4, 3)), "w": rng.normal(size=3)}
    (ran,) = caller.ask("DifferentiationService/Evaluate", evaluation(response.graph_id, **point)).results
    (exact,) = caller.ask("DifferentiationService/Evaluate", evaluation(LOGISTIC, [gradient("", "w")], **point)).results
    np.testing.assert_allclose(
        decode_tensor(ran.value.values[response.derivatives["w"]]),
        decode_tensor(exact.gradient.gradients["w"]),
        rtol=1e-12,
    )


def test_a_vjp_as_a_graph_takes_its_cotangent_as_a_variable(caller: Caller) -> None:
    request = pb.DifferentiateGraphRequest(
        graph=pb.GraphSource(text=SQUARES),
        of=["y"],
        mode=pb.DERIVATIVE_MODE_VJP,
        input_types={"x": encode_tensor(np.ones(3)).type},
        formats=[pb.GRAPH_FORMAT_SVG],
    )
    response = caller.ask("DifferentiationService/DifferentiateGraph", request)
    assert response.rendering.svg
    assert not response.rendering.text
    point = {"x": np.array([1.0, 2.0, 3.0]), response.seeds["y"]: np.array([1.0, 0.0, -1.0])}
    (ran,) = caller.ask("DifferentiationService/Evaluate", evaluation(response.graph_id, **point)).results
    assert decode_tensors(ran.value.values)[response.derivatives["x"]].tolist() == [2.0, 0.0, -6.0]


def test_a_right_gradient_passes_its_check(caller: Caller) -> None:
    request = pb.CheckGradientRequest(
        graph=pb.GraphSource(text=SQUARES),
        inputs=encode_tensors({"x": np.array([1.0, -2.0])}),
        options=pb.ExecutionOptions(backend="numpy", finite_difference=pb.FiniteDifferenceOptions(step=1e-3)),
    )
    response = caller.ask("DifferentiationService/CheckGradient", request)
    assert response.passed
    (row,) = response.checks
    assert row.wrt == "x"
    assert row.exact == pytest.approx(row.numerical)
    assert response.function_evaluations >= 4
    assert response.execution.backend == "numpy"
    request.relative_tolerance = 1e-300
    request.graph.text = SQUARES.replace("square(x)", "exp(x)")
    assert not caller.ask("DifferentiationService/CheckGradient", request).passed


def test_backends_are_compared_a_row_each_and_failures_are_rows(caller: Caller) -> None:
    request = pb.CompareBackendsRequest(
        graph=pb.GraphSource(text="variable x: float64[n]\na = abs(x)\ns = sum(a)\noutput s = s\n"),
        inputs=encode_tensors({"x": np.array([1.0, -2.0])}),
        candidates=[
            pb.ExecutionOptions(backend="numpy"),
            pb.ExecutionOptions(backend="complex_step"),
            pb.ExecutionOptions(
                backend="finite_difference",
                finite_difference=pb.FiniteDifferenceOptions(method=pb.FINITE_DIFFERENCE_METHOD_FORWARD, step=1e-4),
            ),
        ],
        repetitions=1,
    )
    exact, refused, differences = caller.ask("DifferentiationService/CompareBackends", request)
    assert decode_tensors(exact.result.gradients)["x"].tolist() == [1.0, -1.0]
    assert exact.greatest_relative_error == exact.relative_errors["x"] == 0.0
    assert refused.candidate == 1
    assert failure_inside(refused.error).reason == "UNSUPPORTED_BY_BACKEND"
    assert not refused.HasField("result")
    assert math.isnan(refused.greatest_relative_error)
    assert differences.options.finite_difference.method == pb.FINITE_DIFFERENCE_METHOD_FORWARD
    assert differences.options.finite_difference.step == 1e-4
    assert 0 < differences.first_seconds < 10
    assert differences.execution.function_evaluations == 3


def test_without_candidates_every_available_backend_is_compared(caller: Caller) -> None:
    request = pb.CompareBackendsRequest(
        graph=pb.GraphSource(text=SQUARES), inputs=encode_tensors({"x": np.ones(2)}), repetitions=1
    )
    rows = caller.ask("DifferentiationService/CompareBackends", request, timeout=60)
    assert {row.options.backend for row in rows} >= {"numpy", "finite_difference", "complex_step"}
    assert [row.candidate for row in rows] == list(range(len(rows)))
