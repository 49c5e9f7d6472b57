"""Calls with bytes and messages, and what comes back when they fail."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import grpc
import numpy as np
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from google.rpc import error_details_pb2, status_pb2

from gradwire import v1 as pb
from gradwire_service.wire import encode_tensors

POOL = pb.EvaluateRequest.DESCRIPTOR.file.pool

SQUARES = """graph squares
variable x: float64[n]
y = square(x)
s = sum(y)
output s = s
"""


@dataclass(frozen=True)
class Failure:
    """A status that is not OK, with its details."""

    code: str
    message: str
    reason: str
    metadata: dict[str, str]
    faults: list[tuple[str, str, str]] = field(default_factory=list)
    retry_after: float = 0.0

    @property
    def words(self) -> str:
        """All that a person may read."""
        return "\n".join([self.message, *self.metadata.values(), *(text for fault in self.faults for text in fault)])


def method(name: str) -> Any:
    """Return the descriptor of a method, such as ``DifferentiationService/Evaluate``."""
    service, _, rpc = name.partition("/")
    return POOL.FindServiceByName(f"gradwire.v1.{service}").methods_by_name[rpc]


class Caller:
    """Calls the methods of the contract by name."""

    def __init__(self, channel: Any) -> None:
        self.channel = channel

    def send(self, name: str, data: bytes, timeout: float | None = 20.0) -> Any:
        """Send bytes to a method with one request; return its answer, or a list of its answers."""
        found = method(name)
        path, answer = f"/gradwire.v1.{name}", GetMessageClass(found.output_type).FromString
        if found.server_streaming:
            return list(self.channel.unary_stream(path, response_deserializer=answer)(data, timeout=timeout))
        return self.channel.unary_unary(path, response_deserializer=answer)(data, timeout=timeout)

    def ask(self, name: str, request: Message, timeout: float | None = 20.0) -> Any:
        """Send a message to a method with one request."""
        return self.send(name, request.SerializeToString(), timeout)

    def pour(self, name: str, requests: Iterable[Message], timeout: float | None = 20.0) -> Any:
        """Send messages to a method with a stream of requests."""
        found = method(name)
        path, answer = f"/gradwire.v1.{name}", GetMessageClass(found.output_type).FromString
        data: Iterator[bytes] = (request.SerializeToString() for request in requests)
        if found.server_streaming:
            return list(self.channel.stream_stream(path, response_deserializer=answer)(data, timeout=timeout))
        return self.channel.stream_unary(path, response_deserializer=answer)(data, timeout=timeout)

    def register(self, text: str) -> str:
        """Register a graph in its text form; return its id."""
        request = pb.RegisterGraphRequest(graph=pb.GraphSource(text=text))
        graph_id: str = self.ask("DifferentiationService/RegisterGraph", request).graph_id
        return graph_id


def failure(error: grpc.RpcError) -> Failure:
    """Read a failed call."""
    call: Any = error  # what is raised is the call as well
    found = dict(call.trailing_metadata() or ()).get("grpc-status-details-bin")
    status = status_pb2.Status.FromString(found) if found else status_pb2.Status()
    return _read(call.code().name, call.details() or "", status)


def failure_inside(status: status_pb2.Status) -> Failure:
    """Read a status that came inside a message."""
    return _read(grpc_code(status.code), status.message, status)


def grpc_code(number: int) -> str:
    """Return the name of a canonical code."""
    return next(code.name for code in grpc.StatusCode if code.value[0] == number)


def _read(code: str, message: str, status: status_pb2.Status) -> Failure:
    info, request, retry = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest(), error_details_pb2.RetryInfo()
    for detail in status.details:
        for known in (info, request, retry):
            detail.Unpack(known)
    faults = [(violation.field, violation.reason, violation.description) for violation in request.field_violations]
    return Failure(
        code, message, info.reason, dict(info.metadata), faults, retry.retry_delay.ToTimedelta().total_seconds()
    )


def evaluation(graph: str, queries: Iterable[pb.Query] = (), **inputs: Any) -> pb.EvaluateRequest:
    """Return a request about a graph, told by id or text."""
    source = pb.GraphSource(graph_id=graph) if graph.startswith("sha256:") else pb.GraphSource(text=graph)
    arrays = {name: np.asarray(value) for name, value in inputs.items()}
    return pb.EvaluateRequest(graph=source, inputs=encode_tensors(arrays), queries=queries)


def gradient(of: str = "", *wrt: str) -> pb.Query:
    """Return a query for a gradient."""
    return pb.Query(gradient=pb.GradientQuery(of=of, wrt=wrt))
