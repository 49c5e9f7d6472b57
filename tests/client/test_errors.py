"""Errors, from the wire to a class."""

from __future__ import annotations

import pickle
from typing import Any

import pytest
from google.rpc import error_details_pb2, status_pb2

import gradwire as gw
from gradwire import errors
from gradwire import v1 as pb

REASONS = [name.removeprefix("ERROR_REASON_") for name, _ in pb.ErrorReason.items() if not name.endswith("UNSPECIFIED")]


class Rpc:
    """What grpc raises, as far as the client looks at it."""

    def __init__(self, code: str, message: str, details: bytes | None = None) -> None:
        self._code, self._message, self._details = code, message, details

    def code(self) -> Any:
        return type("Code", (), {"name": self._code})

    def details(self) -> str:
        return self._message

    def trailing_metadata(self) -> list[tuple[str, Any]]:
        return [("grpc-status-details-bin", self._details)] if self._details else []


def status(reason: str, domain: str = "gradwire") -> bytes:
    message = status_pb2.Status(code=3, message="the fault; the remedy")
    metadata = {"block": "u", "field": "graph.blocks[3]"}
    message.details.add().Pack(error_details_pb2.ErrorInfo(reason=reason, domain=domain, metadata=metadata))
    violation = error_details_pb2.BadRequest.FieldViolation(
        field="graph.blocks[3]", reason=reason, description="the fault"
    )
    message.details.add().Pack(error_details_pb2.BadRequest(field_violations=[violation]))
    data: bytes = message.SerializeToString()
    return data


@pytest.mark.parametrize("reason", REASONS)
def test_every_reason_of_the_contract_has_a_class_of_its_own(reason: str) -> None:
    error = errors.from_rpc(Rpc("INVALID_ARGUMENT", "", status(reason)), "here")
    assert (error.reason, type(error).reason) == (reason, reason)
    assert error.__doc__


def test_an_error_tells_message_block_faults_and_facts() -> None:
    error = errors.from_rpc(Rpc("INVALID_ARGUMENT", "", status("WRONG_ARITY")), "here")
    assert isinstance(error, errors.InvalidGraphError)
    assert isinstance(error, errors.InvalidArgumentError)
    assert str(error) == error.message == "the fault; the remedy"
    assert error.block == "u"
    assert error.faults == (("graph.blocks[3]", "WRONG_ARITY", "the fault"),)
    assert error.metadata["field"] == "graph.blocks[3]"
    assert pickle.loads(pickle.dumps(error)).faults == error.faults


@pytest.mark.parametrize(
    ("code", "cls"),
    [
        ("NOT_FOUND", errors.NotFoundError),
        ("RESOURCE_EXHAUSTED", errors.ResourceExhaustedError),
        ("DEADLINE_EXCEEDED", errors.DeadlineExceededError),
        ("UNKNOWN", errors.GradwireError),
    ],
)
def test_a_reason_that_is_not_known_arrives_as_the_class_of_its_code(code: str, cls: type) -> None:
    newer = errors.from_rpc(Rpc(code, "", status("OF_TOMORROW")), "here")
    assert (type(newer), newer.reason) == (cls, "OF_TOMORROW")
    bare = errors.from_rpc(Rpc(code, "plain words"), "here")
    assert (type(bare), bare.message, bare.reason) == (cls, "plain words", code)
    foreign = errors.from_rpc(Rpc(code, "", status("GRAPH_CYCLE", domain="proxy.example")), "here")
    assert type(foreign) is cls


def test_a_server_that_does_not_answer_is_named() -> None:
    with (
        gw.connect("unix:/nowhere/at/all", timeout=0.2) as service,
        pytest.raises(
            gw.errors.UnavailableError, match=r"no server answers at unix:/nowhere/at/all .*see that it runs"
        ),
    ):
        service.server_info()


def test_a_token_never_travels_unencrypted_by_accident() -> None:
    with pytest.raises(ValueError, match=r"the token would travel unencrypted to gradients.example:443; say tls=True"):
        gw.connect("gradients.example:443", token="secret")
    for address in ("localhost:1", "127.0.0.1:1", "[::1]:1", "unix:/x"):
        gw.connect(address, token="secret").close()
    gw.connect("gradients.example:443", token="secret", tls=False).close()
    gw.connect("gradients.example:443", token="secret", tls=True).close()
