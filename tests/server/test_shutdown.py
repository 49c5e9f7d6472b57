"""A server that is told to stop: no new work, running calls finish, exit code 0, nothing left behind."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from gradwire import v1 as pb
from tests.server.calling import SQUARES, Caller, evaluation, failure
from tests.server.test_stopping import PATH, running, taking, until
from tests.serving import ServerProcess, serving

PLUGIN = str(Path(__file__).parent / "plugin")
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_running_calls_finish_and_new_ones_are_refused(number: signal.Signals) -> None:
    with serving("--backend", "numpy", modules=PLUGIN) as server, server.channel() as channel:
        caller = Caller(channel)
        slow = channel.unary_unary(PATH, response_deserializer=pb.EvaluateResponse.FromString).future(
            taking("stubborn", 1.0).SerializeToString(), timeout=20
        )
        stream = channel.stream_stream("/gradwire.v1.DifferentiationService/EvaluateStream")(never_ending())
        until(lambda: running(caller) == 1)
        server.process.send_signal(number)
        health = health_pb2_grpc.HealthStub(channel)
        until(lambda: health.Check(health_pb2.HealthCheckRequest(), timeout=5).status == NOT_SERVING)
        with pytest.raises(grpc.RpcError) as caught:
            caller.ask("DifferentiationService/Evaluate", evaluation(SQUARES, x=[1.0]))
        assert (failure(caught.value).code, failure(caught.value).reason) == ("UNAVAILABLE", "SERVER_STOPPING")
        with pytest.raises(grpc.RpcError) as caught:
            next(stream)
        assert failure(caught.value).reason == "SERVER_STOPPING"
        assert slow.result().results
        assert server.process.wait(10) == 0
        assert "Traceback" not in server.log.read_text()


def never_ending() -> Iterator[bytes]:
    """Send nothing, and do not end."""
    time.sleep(30)
    yield b""


def test_a_server_stops_with_its_parent(tmp_path: Path) -> None:
    with serving(unix=str(tmp_path / "socket")) as server:
        assert server.process.stdin is not None
        server.process.stdin.close()
        assert server.process.wait(10) == 0


def test_a_unix_socket_is_private_and_goes_with_its_server(tmp_path: Path) -> None:
    path = tmp_path / "socket"
    with serving(unix=str(path)) as server, server.channel() as channel:
        assert server.address == f"unix:{path}"
        assert path.stat().st_mode & 0o077 == 0
        assert Caller(channel).register(SQUARES).startswith("sha256:")
    assert not path.exists()


def test_the_socket_of_a_dead_server_is_replaced_that_of_a_living_one_is_not(tmp_path: Path) -> None:
    path = tmp_path / "socket"
    with serving(unix=str(path)) as killed:
        killed.process.kill()
        killed.process.wait()
        assert path.exists()
        with serving(unix=str(path)) as server, server.channel() as channel:
            refused = start("--unix", str(path))
            assert refused.returncode != 0
            assert "already" in refused.stderr
            assert Caller(channel).register(SQUARES)


def test_other_machines_are_refused_unless_that_was_wanted() -> None:
    refused = start("--host", "0.0.0.0", "--port", "0")
    assert refused.returncode != 0
    assert "--insecure-allow-remote" in refused.stderr
    with serving("--host", "0.0.0.0", "--insecure-allow-remote") as server:
        assert is_listening(server)


def is_listening(server: ServerProcess) -> bool:
    """Tell whether a server answers on loopback."""
    with grpc.insecure_channel(f"127.0.0.1:{server.address.rpartition(':')[2]}") as channel:
        return bool(Caller(channel).register(SQUARES))


def test_a_port_that_is_taken_is_told(server: ServerProcess) -> None:
    refused = start("--port", server.address.rpartition(":")[2])
    assert refused.returncode != 0
    assert "taken" in refused.stderr
    assert "Traceback" not in refused.stderr


def start(*options: str) -> subprocess.CompletedProcess[str]:
    """Run a server that does not start."""
    command = [sys.executable, "-m", "gradwire_service.server", *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
