"""Errors → `google.rpc.Status`, small enough to travel in the metadata of a response."""

from __future__ import annotations

from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc import code_pb2, status_pb2
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo

from gradwire_service.errors import GradwireError, OverloadedError

DOMAIN = "gradwire"
DETAILS_KEY = "grpc-status-details-bin"

LARGEST_STATUS = 4096
"""Bytes of a status: past 8 KiB of metadata clients get another error at random."""

_FAULTS = 16
_NAME = 64
_FACT = 256
_FACTS = 1024
_MESSAGE = 1024
_DESCRIPTION = 320


def encode_status(error: GradwireError) -> status_pb2.Status:
    """Return an error as a status: its message, its reason with block, field and facts, and a violation for each fault.

    What is too long is cut; when all together is, the last faults are left out.
    """
    length = _MESSAGE if error.message.isascii() else _MESSAGE // 3  # a letter beyond ASCII travels as up to 9
    status = status_pb2.Status(code=code_pb2.Code.Value(error.code), message=shortened(error.message, length))
    info = ErrorInfo(reason=error.reason, domain=DOMAIN)
    for name, fact in {"block": error.block, "field": error.field}.items():
        if fact:
            info.metadata[name] = shortened(fact, _NAME if name == "block" else _FACT)
    for name, fact in error.details.items():
        if info.ByteSize() < _FACTS:
            info.metadata[shortened(name, _NAME)] = shortened(fact, _FACT)
    _attach(status, info)
    if isinstance(error, OverloadedError):
        delay = Duration()
        delay.FromNanoseconds(int(error.retry_after * 1e9))
        _attach(status, RetryInfo(retry_delay=delay))
    if error.code == "INVALID_ARGUMENT":
        request = BadRequest()
        size = status.ByteSize()
        for fault in error.faults[:_FAULTS]:
            violation = BadRequest.FieldViolation(
                field=shortened(fault.field, _FACT),
                description=shortened(fault.message, _DESCRIPTION),
                reason=fault.reason,
            )
            size += violation.ByteSize() + 8
            if size > LARGEST_STATUS - 128:
                break
            request.field_violations.append(violation)
        _attach(status, request)
    return status


def shortened(text: str, length: int) -> str:
    """Return a text cut to a length, with what is no printable ASCII or letter escaped; it may hold client's names."""
    if not text.isprintable():
        text = "".join(c if c.isprintable() else c.encode("unicode_escape", "replace").decode() for c in text)
    return text if len(text) <= length else text[: length - 1] + "…"


def _attach(status: status_pb2.Status, detail: Message) -> None:
    status.details.add().Pack(detail)
