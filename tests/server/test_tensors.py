"""Tensors that are stored in parts and read back, whole or not at all."""

from __future__ import annotations

import hashlib
from functools import partial

import numpy as np
import pytest

from gradwire import v1 as pb
from gradwire_service.errors import LimitExceededError, TensorUnknownError
from gradwire_service.graph import Array
from gradwire_service.server.store import TensorStore, digest_of
from gradwire_service.wire import encode_tensor
from tests.server.calling import Caller
from tests.server.test_errors import fails

PUT, GET, DELETE = "TensorService/PutTensor", "TensorService/GetTensor", "TensorService/DeleteTensor"
MEBIBYTE = 2**20


def parts(array: Array, digest: str = "", chunk: int = MEBIBYTE) -> list[pb.PutTensorRequest]:
    """Return the messages that store an array."""
    data = array.tobytes()
    header = pb.PutTensorHeader(type=encode_tensor(array).type, digest=digest)
    chunks = [data[i : i + chunk] for i in range(0, len(data), chunk)]
    return [pb.PutTensorRequest(header=header), *(pb.PutTensorRequest(data=chunk) for chunk in chunks)]


@pytest.mark.parametrize(
    "array",
    [
        np.arange(400_000.0).reshape(4, -1),
        np.array(3, "int32"),
        np.zeros((0, 2), "float32"),
        np.array([True, False]),
        np.array([np.nan, -np.inf]),
    ],
    ids=lambda array: f"{array.dtype}{list(array.shape)}",
)
def test_a_tensor_comes_back_as_it_was_put(caller: Caller, array: Array) -> None:
    text = f"{array.dtype}[{', '.join(map(str, array.shape))}]\n".encode()
    expected = f"sha256:{hashlib.sha256(text + array.tobytes()).hexdigest()}"
    for _ in range(2):
        response = caller.pour(PUT, parts(array, expected))
        assert (response.digest, response.size_bytes) == (expected, array.nbytes)
    first, *others = caller.ask(GET, pb.GetTensorRequest(digest=expected))
    assert first.type == encode_tensor(array).type
    assert b"".join(other.data for other in others) == array.tobytes()
    assert all(len(other.data) <= MEBIBYTE for other in others)
    caller.ask(DELETE, pb.DeleteTensorRequest(digest=expected))
    found = fails(lambda: caller.ask(GET, pb.GetTensorRequest(digest=expected)))
    assert (found.code, found.reason) == ("NOT_FOUND", "TENSOR_UNKNOWN")
    caller.ask(DELETE, pb.DeleteTensorRequest(digest=expected, allow_missing=True))


def test_damaged_bytes_are_found_by_the_digest_and_not_kept(caller: Caller) -> None:
    array = np.arange(1000.0)
    messages = parts(array, digest_of(array), chunk=1000)
    messages[3].data = messages[3].data[:-1] + b"\xff"
    found = fails(lambda: caller.pour(PUT, messages))
    assert (found.code, found.reason) == ("DATA_LOSS", "TENSOR_DAMAGED")
    for digest in (digest_of(array), found.metadata["digest"]):
        request = pb.DeleteTensorRequest(digest=digest)
        assert fails(partial(caller.ask, DELETE, request)).reason == "TENSOR_UNKNOWN"


@pytest.mark.parametrize(
    ("messages", "reason"),
    [
        ([], "MALFORMED_MESSAGE"),
        (parts(np.arange(3.0))[1:], "MALFORMED_MESSAGE"),
        (2 * parts(np.arange(3.0))[:1], "MALFORMED_MESSAGE"),
        ([pb.PutTensorRequest(header=pb.PutTensorHeader())], "MALFORMED_TENSOR"),
        (parts(np.arange(3.0))[:1], "MALFORMED_TENSOR"),
        (parts(np.arange(3.0)) + parts(np.arange(3.0))[1:], "MALFORMED_TENSOR"),
        (parts(np.arange(300_000.0), chunk=MEBIBYTE + 1), "LIMIT_EXCEEDED"),
    ],
    ids=["nothing", "no header", "two headers", "no type", "too few bytes", "too many bytes", "a large chunk"],
)
def test_what_is_no_tensor_is_refused(caller: Caller, messages: list[pb.PutTensorRequest], reason: str) -> None:
    assert fails(lambda: caller.pour(PUT, messages)).reason == reason


def test_what_was_unused_for_longest_makes_room() -> None:
    store = TensorStore(100)
    arrays = {name: np.zeros(5) for name in "abc"}  # 40 bytes each
    store.put("a", arrays["a"])
    store.put("b", arrays["b"])
    store.get("a")
    store.put("c", arrays["c"])
    assert store.get("a") is arrays["a"]
    with pytest.raises(TensorUnknownError):
        store.get("b")
    assert store.bytes == 80
    with pytest.raises(LimitExceededError):
        store.put("d", np.zeros(13))
    assert store.delete("a")
    assert not store.delete("a")
    assert store.bytes == 40
