"""The elements of tensors are cut out of messages so that protobuf and we see the same; templates tell repetitions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradwire import v1 as pb
from gradwire_service.errors import GradwireError, LimitExceededError, TensorUnknownError
from gradwire_service.limits import LIMITS
from gradwire_service.wire import decode_tensors, encode_tensors
from gradwire_service.wire.bulk import cut, holders, open_stream_request
from gradwire_service.wire.template import Template
from tests.wire.test_messages import BY_NAME

EVALUATE = holders(pb.EvaluateRequest.DESCRIPTOR)
REQUESTS = st.builds(
    lambda inputs, cotangents, graph: pb.EvaluateRequest(
        graph=graph,
        inputs=encode_tensors(inputs),
        queries=[pb.Query(vjp=pb.VjpQuery(cotangents=encode_tensors(cotangents), wrt=["x"]))],
    ),
    BY_NAME,
    BY_NAME,
    st.sampled_from([pb.GraphSource(graph_id="sha256:" + 64 * "0"), pb.GraphSource(text="y = exp(x)")]),
)


@given(REQUESTS, st.binary(max_size=20), st.sampled_from([0, 1, 30]))
def test_a_request_reads_the_same_with_its_tensors_cut_out(
    request: pb.EvaluateRequest, before: bytes, least: int
) -> None:
    data = before + request.SerializeToString()
    rest, bulk = cut(data, EVALUATE, len(before), least)
    read = pb.EvaluateRequest.FromString(rest)
    for ours, whole in (
        (read.inputs, request.inputs),
        (read.queries[0].vjp.cotangents, request.queries[0].vjp.cotangents),
    ):
        expected = decode_tensors(whole)
        for name, array in decode_tensors(ours, bulk=bulk).items():
            assert (array.dtype, array.shape, array.tobytes()) == (
                expected[name].dtype,
                expected[name].shape,
                expected[name].tobytes(),
            )
    assert read.graph == request.graph
    assert all(end - begin >= least for begin, end in bulk.spans)


@given(REQUESTS, st.data())
def test_damaged_bytes_never_do_more_than_raise(request: pb.EvaluateRequest, data: st.DataObject) -> None:
    good = bytearray(request.SerializeToString())
    for _ in range(data.draw(st.integers(1, 3))):
        good[data.draw(st.integers(0, len(good) - 1))] = data.draw(st.integers(0, 255))
    try:
        rest, bulk = cut(bytes(good), EVALUATE, least=0)
    except GradwireError:
        return
    assert all(0 <= begin <= end <= len(good) for begin, end in bulk.spans)
    assert len(rest) <= len(good) + 32 * len(bulk.spans)


def test_a_digest_that_only_looks_like_a_cut_is_a_digest() -> None:
    request = pb.EvaluateRequest(inputs={"x": pb.Tensor(digest="cut:1"), "y": encode_tensors({"y": np.ones(2)})["y"]})
    rest, bulk = cut(request.SerializeToString(), EVALUATE, least=0)
    with pytest.raises(TensorUnknownError):
        decode_tensors(pb.EvaluateRequest.FromString(rest).inputs, bulk=bulk)


def test_what_is_no_tensor_counts_against_a_limit() -> None:
    text = pb.EvaluateRequest(graph=pb.GraphSource(text="x" * LIMITS.structure_bytes)).SerializeToString()
    with pytest.raises(LimitExceededError):
        cut(text, EVALUATE)
    large = pb.EvaluateRequest(inputs=encode_tensors({"x": np.zeros(2 * LIMITS.structure_bytes, "bool")}))
    rest, _ = cut(large.SerializeToString(), EVALUATE)
    assert len(rest) < 100


@given(st.integers(-(2**63), 2**63 - 1), st.integers(0, 300))
def test_a_call_on_a_stream_is_opened_without_parsing(call_id: int, size: int) -> None:
    inner = pb.EvaluateRequest(graph=pb.GraphSource(text="x" * size))
    message = pb.EvaluateStreamRequest(call_id=call_id, request=inner).SerializeToString()
    opened = open_stream_request(message)
    assert opened is not None
    number, start = opened
    assert pb.EvaluateStreamRequest.FromString(number).call_id == call_id
    assert message[start:] == inner.SerializeToString()


@given(st.binary(max_size=12))
def test_what_is_no_call_is_left_to_protobuf(noise: bytes) -> None:
    opened = open_stream_request(noise)
    if opened is not None:  # then it is one
        number, start = opened
        request = pb.EvaluateStreamRequest.FromString(number)
        request.request.ParseFromString(b"")
        assert noise == number + b"\x12" + bytes([len(noise) - start]) + noise[start:]


@given(st.binary(min_size=1, max_size=60), st.data())
def test_a_template_fits_what_differs_only_in_its_spans(message: bytes, data: st.DataObject) -> None:
    places = sorted(data.draw(st.lists(st.integers(0, len(message)), max_size=6)))
    spans = list(zip(places[::2], places[1::2], strict=False))
    template = Template(message, spans)
    changed = bytearray(message)
    free = {i for begin, end in spans for i in range(begin, end)}
    place = data.draw(st.integers(0, len(message) - 1))
    changed[place] ^= 1
    assert template.fits(message)
    assert template.fits(b"before" + message, 6)
    assert template.fits(bytes(changed)) == (place in free)
    assert template.length == len(message)
    assert template.size == len(message) - len(free)
