"""What calls bear, and where they go."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent import futures
from typing import Any

import grpc
import pytest

import gradwire as gw
from gradwire import v1 as pb
from gradwire.channel import TLS, Target, is_local


class Recorder(grpc.GenericRpcHandler):  # type: ignore[type-arg]  # generic in its stubs alone
    """Answers every call with a server's info, and notes what it bore and how long it might take."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, dict[str, Any], float]] = []

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[bytes, bytes]:
        def answer(request: bytes, context: grpc.ServicerContext) -> bytes:
            metadata = dict(context.invocation_metadata())
            self.seen.append((details.method, metadata, context.time_remaining() or 0.0))
            return pb.GetServerInfoResponse(version="9").SerializeToString()

        return grpc.unary_unary_rpc_method_handler(answer)


@pytest.fixture
def recorder() -> Iterator[tuple[str, Recorder]]:
    recorder = Recorder()
    server = grpc.server(futures.ThreadPoolExecutor(1), handlers=[recorder])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield f"127.0.0.1:{port}", recorder
    server.stop(None)


async def test_calls_bear_the_token_and_the_time_they_may_take(recorder: tuple[str, Recorder]) -> None:
    address, record = recorder
    with gw.connect(address, token="secret", timeout=30.0) as service:
        assert service.server_info().version == "9"
        service.server_info(timeout=5.0)
    async with gw.aio.connect(address, token="secret", timeout=30.0) as connection:
        assert (await connection.server_info()).version == "9"
    assert [metadata["authorization"] for _, metadata, _ in record.seen] == ["Bearer secret"] * 3
    assert record.seen[0][0] == "/gradwire.v1.CatalogService/GetServerInfo"
    assert [round(remaining, -1) if remaining > 9 else 5 for *_, remaining in record.seen] == [30, 5, 30]


def test_without_a_token_nothing_is_borne(recorder: tuple[str, Recorder]) -> None:
    address, record = recorder
    with gw.connect(address, timeout=None) as service:
        service.server_info()
    ((_, metadata, _),) = record.seen
    assert "authorization" not in metadata


@pytest.mark.parametrize(
    ("address", "local"),
    [("unix:/x", True), ("localhost:1", True), ("127.0.0.9:1", True), ("[::1]:1", True), ("10.0.0.1:1", False)],
)
def test_addresses_of_this_machine_are_known(address: str, local: bool) -> None:
    assert is_local(address) is local


def test_encryption_is_stated_in_several_ways(tmp_path: Any) -> None:
    certificates = tmp_path / "ca.pem"
    assert Target.of("a:1", None, True).tls == TLS()
    assert Target.of("a:1", None, certificates).tls == TLS(certificates)
    assert Target.of("a:1", "t", TLS(server_name="b")).options[-1] == ("grpc.ssl_target_name_override", "b")
    assert Target.of("a:1", "t", False).tls is None
    with pytest.raises(FileNotFoundError):
        gw.connect("a:1", tls=certificates)
