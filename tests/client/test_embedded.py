"""The embedded server: shared, started again, gone with its parent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gradwire as gw
from gradwire import embedded
from gradwire.embedded import EmbeddedServer
from tests.client.samples import INPUTS, logistic, rosenbrock

graph = logistic()


def run(script: str, **environment: str) -> subprocess.Popen[str]:
    """Run Python code in a process of its own, so that its embedded server is its own too."""
    command = [sys.executable, "-c", textwrap.dedent(script)]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, **environment}
    )


def is_alive(pid: int) -> bool:
    status = Path(f"/proc/{pid}/stat")
    return status.exists() and status.read_text().rpartition(")")[2].split()[0] != "Z"


def wait_until_gone(pid: int, seconds: float = 20.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if not is_alive(pid):
            return True
        time.sleep(0.05)
    return False


def server_of(service: gw.Service) -> EmbeddedServer:
    assert service._embedded is not None
    return service._embedded


def test_connections_share_one_server_and_the_last_one_ends_it() -> None:
    script = """
        import gradwire as gw
        with gw.connect() as first:
            with gw.connect() as second:
                assert first._embedded is second._embedded
                print(first._embedded.pid, first._embedded.address().removeprefix("unix:"))
            first.server_info()
        print("closed", flush=True)
        input()
    """
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    pid, socket = process.stdout.readline().split()
    assert process.stdout.readline() == "closed\n"
    assert wait_until_gone(int(pid))
    assert not Path(socket).parent.exists()
    process.communicate("\n")
    assert process.returncode == 0


@pytest.mark.parametrize("way", ["SIGKILL", "exit"])
def test_the_server_is_gone_when_its_parent_is(way: str) -> None:
    process = run("""
        import time, gradwire as gw
        service = gw.connect()
        print(service._embedded.pid, flush=True)
        time.sleep(60 if "SIGKILL" in __import__("os").environ["WAY"] else 0)
    """, WAY=way)  # fmt: skip
    assert process.stdout is not None
    pid = int(process.stdout.readline())
    if way == "SIGKILL":
        assert is_alive(pid)
        process.kill()
    process.wait()
    assert wait_until_gone(pid)


def test_the_server_is_gone_with_its_parent_even_when_forked_children_live_on() -> None:
    process = run("""
        import os, time, gradwire as gw
        service = gw.connect()
        child = os.fork()
        if not child:
            time.sleep(30)
            os._exit(0)
        print(service._embedded.pid, child, flush=True)
        time.sleep(60)
    """)
    assert process.stdout is not None
    pid, child = map(int, process.stdout.readline().split())
    process.kill()
    process.wait()
    try:
        assert wait_until_gone(pid)
    finally:
        os.kill(child, signal.SIGKILL)


def test_a_server_killed_between_calls_is_started_again_and_told_the_graph_again(service: gw.Service) -> None:
    before = service.gradient(graph, INPUTS, wrt="w")
    stored = service.put(INPUTS["x"])
    old = server_of(service).pid
    os.kill(old, signal.SIGKILL)
    after = service.gradient(graph, INPUTS, wrt="w")
    np.testing.assert_allclose(after.gradients["w"], before.gradients["w"], rtol=1e-12)
    assert server_of(service).pid != old
    with pytest.raises(gw.errors.TensorUnknownError, match="put it again"):
        service.evaluate(graph, {**INPUTS, "x": stored})


def test_a_server_killed_in_mid_call_is_started_again_and_the_call_made_again(service: gw.Service) -> None:
    x = gw.variable("x", (600, 600))
    y: gw.Value = x
    for _ in range(40):
        y = gw.tanh(y @ x)
    slow = gw.Graph({"y": gw.sum(y)})
    point = {"x": np.eye(600) / 2}
    service.evaluate(slow, point, backend="numpy")
    old = server_of(service).pid
    answers: list[Any] = []
    call = threading.Thread(target=lambda: answers.append(service.gradient(slow, point, backend="numpy")))
    call.start()
    time.sleep(0.15)
    assert not answers
    os.kill(old, signal.SIGKILL)
    call.join(60)
    assert len(answers) == 1
    assert server_of(service).pid != old


def test_a_stream_is_opened_again_when_its_server_was_killed(service: gw.Service) -> None:
    f_of = rosenbrock
    with service.stream() as stream:
        f = stream.value_and_gradient(f_of)
        before = f(np.zeros(3))
        os.kill(server_of(service).pid, signal.SIGKILL)
        after = f(np.zeros(3))
    assert before[0] == after[0] == 2.0


async def test_the_asyncio_client_recovers_alike(service: gw.Service) -> None:
    async with gw.aio.connect() as connection:
        await connection.gradient(graph, INPUTS, wrt="w")
        async with connection.stream() as stream:
            await stream.evaluate(graph, INPUTS)
            os.kill(server_of(service).pid, signal.SIGKILL)
            found = await stream.evaluate(graph, INPUTS)
            assert found["loss"] > 0
        assert (await connection.evaluate(graph, INPUTS))["loss"] == found["loss"]
    assert service.evaluate(graph, INPUTS)["loss"] == found["loss"]


def test_a_server_that_is_not_installed_is_told_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "_MODULE", "gradwire_service_that_is_not_there")
    with pytest.raises(gw.errors.EmbeddedServerError, match=r"not installed .*pip install 'gradwire\[service,numba\]'"):
        EmbeddedServer().address()


def test_a_server_that_does_not_start_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "_MODULE", "gzip")  # any module that ends at once
    with pytest.raises(gw.errors.EmbeddedServerError, match="the embedded server did not start: "):
        EmbeddedServer().address()


def test_folders_of_dead_processes_are_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    base = tempfile.TemporaryDirectory()
    tmp_path = Path(base.name)  # short enough for a socket, as pytest's own is not
    monkeypatch.setattr(tempfile, "gettempdir", lambda: base.name)
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    dead, alive = tmp_path / f"gradwire-{ended.pid}-a", tmp_path / f"gradwire-{os.getpid()}-b"
    dead.mkdir()
    alive.mkdir()
    made = embedded._private_folder()
    assert made.stat().st_mode & 0o777 == 0o700
    assert not dead.exists()
    assert alive.exists()
    base.cleanup()
