"""Commands that run for a while, as processes."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from gradwire_service.cli import app
from gradwire_service.server import Options
from tests.cli.samples import Run

GRADWIRE = [sys.executable, "-c", "from gradwire_service.cli import main; main()"]


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """A server on a free port; yields its address."""
    process = subprocess.Popen([*GRADWIRE, "serve", "--port", "0"], stderr=subprocess.PIPE, text=True)
    assert process.stderr
    for line in process.stderr:
        if line.startswith("listening on "):
            break
    yield line.removeprefix("listening on ").strip()
    process.send_signal(signal.SIGINT)
    process.stderr.close()
    assert process.wait(30) == 0


def test_serve_has_every_option_of_the_server_with_its_default() -> None:
    commands: dict[str, Any] = get_command(app).commands  # type: ignore[attr-defined]  # it is a group
    defaults = {parameter.name: parameter.default for parameter in commands["serve"].params}
    for field in fields(Options):
        assert defaults[field.name] == field.default, field.name


def test_a_server_tells_its_backends(run: Run, server: str) -> None:
    there = json.loads(run("backends", "--server", server, "--json").stdout)["backends"]
    here = json.loads(run("backends", "--json").stdout)["backends"]
    assert [row["name"] for row in there] == [row["name"] for row in here]


def test_a_server_that_is_not_there_is_not_available(run: Run, tmp_path: Path) -> None:
    answer = run("backends", "--server", f"unix:{tmp_path}/nobody")
    assert answer.code == 4
    assert "nobody" in answer.stderr


@pytest.mark.parametrize(
    ("options", "reason"),
    [(["--host", "0.0.0.0"], "QUERY_INVALID"), (["--port", "0", "--backend", "abacus"], "BACKEND_UNKNOWN")],
)
def test_serve_refuses_what_it_can_not_do(options: list[str], reason: str) -> None:
    answer = subprocess.run([*GRADWIRE, "serve", *options], capture_output=True, text=True, timeout=30, check=False)
    assert answer.returncode == 3
    assert answer.stderr.startswith(reason)


def test_serve_stops_with_its_parent(tmp_path: Path) -> None:
    socket = tmp_path / "socket"
    command = [*GRADWIRE, "serve", "--unix", str(socket), "--parent-watch"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stderr
    assert process.stdin
    assert process.stderr.readline().strip() == f"listening on unix:{socket}"
    assert socket.stat().st_mode & 0o777 == 0o600
    process.stdin.close()
    assert process.wait(30) == 0
    process.stderr.close()
    assert not socket.exists()


def test_the_demo_says_what_to_install_where_it_lacks_a_library(tmp_path: Path) -> None:
    without = "import sys; sys.modules['matplotlib'] = None; from gradwire_service.cli import main; main()"
    command = [sys.executable, "-c", without, "demo", "-o", str(tmp_path)]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert answer.returncode == 4
    assert "gradwire[demo]" in answer.stderr
    assert "Traceback" not in answer.stderr
