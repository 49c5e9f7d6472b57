"""What is written and read by hand must be what the protobuf library writes and reads."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from google.rpc import status_pb2
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from gradwire import v1 as pb
from gradwire.tensors import TensorRef, as_array, decode_tensor, decode_tensors, digest, encode_tensor
from gradwire.wireformat import cut, field, joined, nested, stream_request, stream_response, tensor_entry, varint

DTYPES = ["float64", "float32", "int64", "int32", "bool"]
ANY_ARRAY = st.sampled_from(DTYPES).flatmap(
    lambda dtype: arrays.arrays(dtype, arrays.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=5))
)


def same(a: Any, b: Any) -> bool:
    return (a.shape, a.dtype, a.tobytes()) == (b.shape, b.dtype, b.tobytes())


@given(ANY_ARRAY)
def test_arrays_come_back_bit_for_bit_and_writable(array: Any) -> None:
    found = decode_tensor(pb.Tensor.FromString(encode_tensor(array).SerializeToString()))
    assert same(found, array)
    assert found.flags.writeable
    assert found.flags.c_contiguous


@given(ANY_ARRAY, st.text(max_size=200))
def test_an_entry_of_a_map_is_what_the_library_reads(array: Any, name: str) -> None:
    request = pb.EvaluateRequest.FromString(joined(tensor_entry(2, name, array)))
    assert same(decode_tensor(request.inputs[name]), array)


@given(st.integers(0, 2**63 - 1))
def test_numbers_are_written_as_the_library_writes_them(number: int) -> None:
    assert varint(number) == pb.EvaluateStreamRequest(call_id=number).SerializeToString()[1:] or number == 0


def test_parts_make_the_message_that_the_library_makes() -> None:
    x = np.arange(5.0)
    request = pb.EvaluateRequest(graph=pb.GraphSource(graph_id="g"), inputs={"x": encode_tensor(x)})
    parts = [field(1, pb.GraphSource(graph_id="g").SerializeToString()), *tensor_entry(2, "x", x)]
    assert pb.EvaluateRequest.FromString(joined(parts)) == request
    assert pb.EvaluateStreamRequest.FromString(joined(stream_request(300, parts))) == pb.EvaluateStreamRequest(
        call_id=300, request=request
    )
    wrapped = pb.MinimizeRequest.FromString(joined(nested(1, [field(1, b"")])))
    assert wrapped.minimization.HasField("graph")


def gradient_response(size: int) -> tuple[pb.EvaluateResponse, dict[str, Any]]:
    gradients = {"w": np.linspace(0, 1, size), "b": np.array([1.0]), "big": np.ones((2, size), np.float32)}
    answer = pb.GradientResult(
        value=encode_tensor(0.5), gradients={name: encode_tensor(x) for name, x in gradients.items()}
    )
    response = pb.EvaluateResponse(results=[pb.QueryResult(gradient=answer), pb.QueryResult()], graph_id="id")
    response.execution.backend = "numpy"
    return response, gradients


@pytest.mark.parametrize("size", [3, 8191, 8192, 100_000])
def test_large_arrays_are_cut_out_of_responses_and_found_again(size: int) -> None:
    response, gradients = gradient_response(size)
    small, bulk = cut(response.SerializeToString(), pb.EvaluateResponse.DESCRIPTOR)
    assert len(small) < 70_000 * 3
    assert (len(bulk) > 0) == (size >= 8192)
    read = pb.EvaluateResponse.FromString(small)
    assert (read.graph_id, read.execution.backend, len(read.results)) == ("id", "numpy", 2)
    found = decode_tensors(read.results[0].gradient.gradients, bulk)
    assert found.keys() == gradients.keys()
    assert all(same(found[name], gradients[name]) for name in gradients)


def test_what_this_version_does_not_know_is_passed_over() -> None:
    response, gradients = gradient_response(20_000)
    unknown = field(99, bytes(100_000)) + b"\xd9\x06" + bytes(8) + b"\xdd\x06" + bytes(4) + b"\xd8\x06\x05"
    small, bulk = cut(unknown + response.SerializeToString(), pb.EvaluateResponse.DESCRIPTOR)
    found = decode_tensors(pb.EvaluateResponse.FromString(small).results[0].gradient.gradients, bulk)
    assert same(found["w"], gradients["w"])


def test_answers_on_a_stream_are_told_from_errors() -> None:
    response, _ = gradient_response(3)
    answer = pb.EvaluateStreamResponse(call_id=7, response=response)
    found, error = stream_response(answer.SerializeToString())
    assert error is None
    assert pb.EvaluateResponse.FromString(bytes(found)) == response  # by content: a map is written in any order
    failed = pb.EvaluateStreamResponse(call_id=7, error=status_pb2.Status(code=3, message="no"))
    assert stream_response(failed.SerializeToString())[1] == status_pb2.Status(code=3, message="no")


def test_arrays_are_sent_row_by_row_and_little_endian() -> None:
    array = np.arange(6, dtype=">f8").reshape(2, 3).T
    sent = as_array(array)
    assert sent.flags.c_contiguous
    assert sent.dtype == np.dtype("<f8")
    assert np.array_equal(sent, array)
    assert as_array(np.ones(())).shape == ()
    assert as_array([1, 2], "float64").dtype == np.float64
    with pytest.raises(TypeError, match="an array of complex128 can't be sent"):
        as_array(np.ones(2, complex))


def test_the_digest_of_an_array_is_that_of_the_contract() -> None:
    import hashlib

    x = np.arange(6.0).reshape(2, 3)
    assert digest(x) == f"sha256:{hashlib.sha256(b'float64[2, 3]' + bytes([10]) + x.tobytes()).hexdigest()}"
    reference = TensorRef(digest(x), x.shape, x.dtype)
    assert encode_tensor(reference).digest == digest(x)
    assert repr(reference).startswith("<stored float64[2, 3] sha256:")
