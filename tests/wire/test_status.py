"""Errors as statuses: small, complete, and with nothing in them that a terminal would obey."""

from __future__ import annotations

from google.rpc import code_pb2
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo
from hypothesis import given
from hypothesis import strategies as st

from gradwire import v1 as pb
from gradwire_service import errors
from gradwire_service.errors import GradwireError, OverloadedError, SeveralFaultsError, UnknownValueError
from gradwire_service.wire import encode_status
from gradwire_service.wire.status import LARGEST_STATUS

TEXTS = st.text(max_size=3000)
FAULTS = st.builds(
    lambda message, block, field, fact: UnknownValueError(message, block=block, field=field, value=fact),
    TEXTS,
    TEXTS,
    TEXTS,
    TEXTS,
)


@given(st.lists(FAULTS, min_size=1, max_size=40))
def test_a_status_is_never_large(faults: list[GradwireError]) -> None:
    status = encode_status(SeveralFaultsError(faults))
    assert status.ByteSize() <= LARGEST_STATUS
    info, request = ErrorInfo(), BadRequest()
    assert status.details[0].Unpack(info)
    assert status.details[-1].Unpack(request)
    assert (info.reason, info.domain) == ("UNKNOWN_VALUE", "gradwire")
    assert 1 <= len(request.field_violations) <= 16
    assert status.message.isprintable()


def test_an_overloaded_server_tells_when_to_try_again() -> None:
    status = encode_status(OverloadedError("busy"))
    retry = RetryInfo()
    assert any(detail.Unpack(retry) for detail in status.details)
    assert retry.retry_delay.ToTimedelta().total_seconds() == OverloadedError.retry_after
    assert status.code == code_pb2.RESOURCE_EXHAUSTED


def test_every_error_has_a_code_and_a_reason_of_the_contract() -> None:
    found = [x for x in vars(errors).values() if isinstance(x, type) and issubclass(x, GradwireError)]
    for error in found:
        assert error.code in code_pb2.Code.keys()  # noqa: SIM118 - an enum's wrapper is no mapping
        assert f"ERROR_REASON_{error.reason}" in pb.ErrorReason.keys()  # noqa: SIM118
