"""What goes into messages comes out of them: graphs, attributes, arrays, options, queries, answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from gradwire import v1 as pb
from gradwire_service.backend import Options, Tier
from gradwire_service.errors import InvalidRequestError, MalformedTensorError, SeveralFaultsError
from gradwire_service.graph import Array, Attribute, AttributeKind, ElementType, Graph, TensorType, write
from gradwire_service.library import Choice
from gradwire_service.program import Settings
from gradwire_service.query import (
    CoordinateMatrix,
    Evaluation,
    Execution,
    GradientResult,
    HessianResult,
    HessianVectorProductResult,
    JacobianResult,
    JvpResult,
    Result,
    ValueResult,
    VjpResult,
)
from gradwire_service.wire import decode_graph, decode_tensor, encode_graph, encode_tensor, encode_tensors
from gradwire_service.wire.attributes import ATTRIBUTE_KINDS, decode_attribute, encode_attribute
from gradwire_service.wire.evaluation import decode_choice, encode_choice, write_answer, write_call_id, write_evaluation
from gradwire_service.wire.tensors import decode_type, encode_type
from tests.graph.test_text import ATTRIBUTES, NAMES, NESTED, graphs

ARRAYS = st.sampled_from(list(ElementType)).flatmap(
    lambda element_type: arrays(element_type.dtype, array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4))
)


@given(graphs(st.dictionaries(NAMES, NESTED, max_size=2)))
def test_a_graph_keeps_its_identity(graph: Graph) -> None:
    again = decode_graph(pb.Graph.FromString(encode_graph(graph).SerializeToString()))
    assert again.id == graph.id
    assert write(again) == write(graph)


@given(ATTRIBUTES)
def test_an_attribute_is_what_it_was(value: Attribute) -> None:
    again = decode_attribute(pb.Attribute.FromString(encode_attribute(value).SerializeToString()), "place")
    assert (again, type(again)) == (value, type(value))


def test_every_kind_of_attribute_has_a_name_in_the_contract() -> None:
    assert set(ATTRIBUTE_KINDS) == set(AttributeKind)
    assert len(set(ATTRIBUTE_KINDS.values())) == len(AttributeKind)


@given(ARRAYS)
def test_an_array_keeps_its_type_and_its_bits(array: Array) -> None:
    again = decode_tensor(pb.Tensor.FromString(encode_tensor(array).SerializeToString()))
    assert (again.dtype, again.shape, again.tobytes()) == (array.dtype, array.shape, array.tobytes())
    assert not again.flags.writeable
    kind = TensorType.of(array)
    assert decode_type(encode_type(kind)) == kind


def test_a_tensor_of_no_elements_may_lack_its_bytes() -> None:
    assert decode_tensor(pb.Tensor(type=pb.TensorType(element_type=pb.ELEMENT_TYPE_INT32, shape=[2, 0]))).shape == (
        2,
        0,
    )
    with pytest.raises(MalformedTensorError):
        decode_tensor(pb.Tensor(type=pb.TensorType(element_type=pb.ELEMENT_TYPE_INT32, shape=[2])))


def test_all_that_can_not_be_read_of_a_graph_is_told_at_once() -> None:
    graph = pb.Graph(
        constants=[pb.Constant(name="c", value=pb.Tensor(data=b"1"))],
        blocks=[pb.Block(id="b", op="sum", inputs=["c"], attributes={"axis": pb.Attribute()})],
        outputs=[pb.Output(name="o", value="b"), pb.Output(name="o", value="b")],
    )
    with pytest.raises(SeveralFaultsError) as caught:
        decode_graph(graph)
    assert {fault.reason for fault in caught.value.faults} == {"DUPLICATE_ID", "MALFORMED_MESSAGE", "MALFORMED_TENSOR"}


CHOICES = st.builds(
    Choice,
    st.sampled_from(["numpy", "numba", "complex_step"]),
    st.builds(Settings, st.booleans(), st.booleans()),
    st.booleans(),
)


@given(CHOICES)
def test_options_are_what_they_were(choice: Choice) -> None:
    assert decode_choice(encode_choice(choice), Choice("another")) == choice


def test_options_that_are_left_out_are_the_servers() -> None:
    assert decode_choice(pb.ExecutionOptions(), Choice("numpy")) == Choice("numpy")
    finite = Choice("finite_difference", Settings(options=Options("richardson", 1e-4, "numba")))
    assert decode_choice(encode_choice(finite), Choice()) == finite
    with pytest.raises(InvalidRequestError):
        decode_choice(
            pb.ExecutionOptions(backend="finite_difference", finite_difference=pb.FiniteDifferenceOptions(step=-1.0)),
            Choice(),
        )


BY_NAME = st.dictionaries(NAMES, ARRAYS, max_size=3)
MATRICES = st.dictionaries(
    st.tuples(NAMES, NAMES),
    st.one_of(ARRAYS, st.builds(CoordinateMatrix, st.tuples(*2 * [st.integers(0, 2**40)]), ARRAYS, ARRAYS, ARRAYS)),
    max_size=3,
)
SWEEPS = st.integers(0, 2**40)
RESULTS: st.SearchStrategy[Result] = st.one_of(
    st.builds(ValueResult, BY_NAME),
    st.builds(GradientResult, ARRAYS, BY_NAME),
    st.builds(JvpResult, BY_NAME, BY_NAME),
    st.builds(VjpResult, BY_NAME, BY_NAME),
    st.builds(HessianVectorProductResult, ARRAYS, BY_NAME, BY_NAME),
    st.builds(JacobianResult, BY_NAME, MATRICES, SWEEPS),
    st.builds(HessianResult, ARRAYS, BY_NAME, MATRICES, SWEEPS),
)
EXECUTIONS = st.builds(
    Execution,
    st.sampled_from(["numpy", "numba"]),
    st.sampled_from(list(Tier)),
    st.integers(0, 2**40),
    st.floats(0, 100),
    st.booleans(),
    NAMES,
    st.dictionaries(NAMES, st.sampled_from(["SINGULAR", "NOT_POSITIVE_DEFINITE"]), max_size=2),
)
FIELDS = {
    ValueResult: "value",
    GradientResult: "gradient",
    JvpResult: "jvp",
    VjpResult: "vjp",
    HessianVectorProductResult: "hessian_vector_product",
    JacobianResult: "jacobian",
    HessianResult: "hessian",
}


def by_protobuf(evaluation: Evaluation, graph_id: str) -> pb.EvaluateResponse:
    """Write a response as protobuf does it."""

    def message(value: Any) -> Any:
        if isinstance(value, Mapping):
            return encode_tensors(value)
        return encode_tensor(value) if isinstance(value, np.ndarray) else value

    def matrix(row: str, column: str, entries: Array | CoordinateMatrix) -> pb.DerivativeMatrix:
        if isinstance(entries, np.ndarray):
            return pb.DerivativeMatrix(row=row, column=column, dense=encode_tensor(entries))
        rows, columns = entries.shape
        arrays = {name: encode_tensor(x) for name, x in entries._asdict().items() if name != "shape"}
        listed = pb.CoordinateMatrix(row_count=rows, column_count=columns, **arrays)
        return pb.DerivativeMatrix(row=row, column=column, coordinate=listed)

    def fields(result: Result) -> dict[str, Any]:
        found = result._asdict()
        matrices = found.pop("matrices", {})
        blocks = [matrix(row, column, entries) for (row, column), entries in matrices.items()]
        return {name: message(x) for name, x in found.items()} | ({"blocks": blocks} if blocks else {})

    ran = evaluation.execution
    return pb.EvaluateResponse(
        results=[
            pb.QueryResult(**{FIELDS[type(result)]: fields(result)})  # type: ignore[arg-type]
            for result in evaluation.results
        ],
        graph_id=graph_id,
        execution=pb.Execution(
            backend=ran.backend,
            tier=pb.ExecutionTier.Value(f"EXECUTION_TIER_{ran.tier.name}"),
            function_evaluations=ran.function_evaluations,
            seconds=ran.seconds,
            non_finite=ran.non_finite,
            non_finite_block=ran.non_finite_block if ran.non_finite else "",
            issues=[pb.BlockIssue(block=x, issue=issue) for x, issue in ran.issues.items() if ran.non_finite],
        ),
    )


@given(st.lists(RESULTS, max_size=3), EXECUTIONS, st.integers(-(2**63), 2**63 - 1))
def test_what_is_written_by_hand_is_what_protobuf_writes(
    results: list[Result], execution: Execution, call_id: int
) -> None:
    evaluation, graph_id = Evaluation(tuple(results), execution), "sha256:" + 64 * "f"
    expected = by_protobuf(evaluation, graph_id)
    pieces = write_evaluation(evaluation, graph_id)
    assert pb.EvaluateResponse.FromString(b"".join(pieces)) == expected
    answer = pb.EvaluateStreamResponse.FromString(write_answer(write_call_id(call_id), pieces))
    assert answer == pb.EvaluateStreamResponse(call_id=call_id, response=expected)


@pytest.mark.parametrize("size", [0, 1, 15, 16, 1000, 100_000])
def test_where_protobuf_has_but_one_way_to_write_the_bytes_are_the_same(size: int) -> None:
    result = GradientResult(np.array(1.5), {"x": np.arange(float(size))})
    evaluation = Evaluation((result,), Execution("numpy", Tier.INTERPRETED, 1, 0.25))
    expected = by_protobuf(evaluation, "id")
    *results, execution = write_evaluation(evaluation, "id")
    graph_id = pb.EvaluateResponse(graph_id="id").SerializeToString()
    body = b"".join(results).removesuffix(graph_id)
    assert body + execution + graph_id == expected.SerializeToString()
