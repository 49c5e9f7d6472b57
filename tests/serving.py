"""Real servers in real processes, for tests of the server and of its clients."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc

CHANNEL = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]


@dataclass
class ServerProcess:
    """A server that listens.

    Attributes:
        address: what to call, as gRPC writes it.
        process: the process.
        log: file with what it wrote on stderr.
    """

    address: str
    process: subprocess.Popen[bytes]
    log: Path

    def channel(self) -> Any:  # the stubs want serializers where grpc does not
        """Return a new channel to it, to be closed."""
        return grpc.insecure_channel(self.address, options=CHANNEL)


@contextlib.contextmanager
def serving(*options: str, unix: str = "", modules: str = "") -> Iterator[ServerProcess]:
    """Run a server on a free loopback port, or on a unix socket, and end it afterwards.

    Args:
        options: further options of ``python -m gradwire_service.server``.
        unix: path of a socket.
        modules: folder with further modules that the server finds.
    """
    place = ["--unix", unix] if unix else ["--port", "0"]
    command = [sys.executable, "-m", "gradwire_service.server", *place, "--parent-watch", *options]
    environment = {**os.environ, "PYTHONPATH": modules} if modules else None
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        with log.open("wb") as errors:
            process = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=errors, env=environment)
        assert process.stdin is not None
        try:
            yield ServerProcess(_address(process, log), process, log)
        finally:
            process.stdin.close()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    while True:
        ended = process.poll() is not None
        for line in log.read_text().splitlines(keepends=True):
            if line.startswith("listening on ") and line.endswith("\n"):
                return line.removeprefix("listening on ").strip()
        if ended:
            raise RuntimeError(f"the server ended at its start:\n{log.read_text()}")
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.02)
