"""The embedded server: a child process on a private unix socket, for who names no address.

All connections of a process share one: starting it takes a second, and what it has compiled serves all of them. The
last connection that is closed ends it. It also ends with this process, however that ends: its standard input is a pipe
from here, and when the pipe closes it stops.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import weakref
from pathlib import Path
from typing import Any, ClassVar

import grpc

from gradwire.channel import HEALTH, OPTIONS, SERVING
from gradwire.errors import EmbeddedServerError

START_SECONDS = 60.0
"""Longest time that a start may take, in seconds."""

_MODULE = "gradwire_service.server"
_PREFIX = "gradwire-"
_LONGEST_SOCKET = 100
"""Longest path of a unix socket, in bytes, with some room: systems allow 104 or 108."""


class EmbeddedServer:
    """The server of this process; connections acquire and release it."""

    _shared: ClassVar[EmbeddedServer | None] = None
    _lock: ClassVar[threading.RLock] = threading.RLock()

    def __init__(self, data_dir: str | Path | None = None) -> None:
        """Prepare.

        Args:
            data_dir: where it keeps training jobs; None: in a folder that goes with this process.
        """
        self._users = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._starts = 0
        self._folder = _private_folder()
        self._data_dir = Path(data_dir).absolute() if data_dir is not None else self._folder / "jobs"
        self._removal = weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)

    @classmethod
    def acquire(cls, data_dir: str | Path | None = None) -> EmbeddedServer:
        """Return the server of this process, started and ready.

        Args:
            data_dir: where it is to keep training jobs; None: where it does, or where they go with this process.

        Raises: EmbeddedServerError, also when it keeps them somewhere else.
        """
        with cls._lock:
            server = cls._shared or cls(data_dir)
            if data_dir is not None and server._data_dir != Path(data_dir).absolute():
                text = f"the embedded server keeps training jobs in {server._data_dir} already"
                raise EmbeddedServerError(f"{text}; close all other connections first, or name that folder")
            server.address()
            cls._shared = server
            server._users += 1
            return server

    def release(self) -> None:
        """Give it back; the last one ends it."""
        with self._lock:
            self._users -= 1
            if self._users == 0:
                self._stop()
                self._removal()
                if EmbeddedServer._shared is self:
                    EmbeddedServer._shared = None

    @property
    def pid(self) -> int:
        """Number of the process; 0 when there is none."""
        return self._process.pid if self._process else 0

    def address(self) -> str:
        """Return where it listens; start it if it is not there, or not there any more.

        Raises: EmbeddedServerError.
        """
        with self._lock:
            if self._process is None or self._process.poll() is not None:
                self._start()
            return f"unix:{self._socket}"

    @property
    def _socket(self) -> Path:
        return self._folder / f"{self._starts}.sock"

    def _start(self) -> None:
        self._stop()
        self._starts += 1
        log = self._folder / f"{self._starts}.log"
        command = [sys.executable, "-P", "-m", _MODULE]  # -P: nothing from the working directory
        with log.open("wb") as errors:
            self._process = subprocess.Popen(
                [*command, "--unix", str(self._socket), "--data-dir", str(self._data_dir), "--parent-watch", "--quiet"],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                start_new_session=True,  # Ctrl-C interrupts the caller, not the server beneath it
            )
        try:
            self._wait_until_ready(self._process, log)
        except BaseException:
            self._stop()
            raise

    def _wait_until_ready(self, process: subprocess.Popen[bytes], log: Path) -> None:
        end = time.monotonic() + START_SECONDS
        while not self._socket.exists():
            if process.poll() is not None:
                raise EmbeddedServerError(_explained(log.read_text(errors="replace"), process.returncode))
            if time.monotonic() > end:
                raise EmbeddedServerError(f"the embedded server was not ready within {START_SECONDS:.0f} seconds")
            time.sleep(0.005)
        channel: Any
        with grpc.insecure_channel(f"unix:{self._socket}", options=OPTIONS) as channel:
            check = channel.unary_unary(HEALTH)
            while time.monotonic() < end:
                try:
                    if check(b"", timeout=5.0, wait_for_ready=True) == SERVING:
                        return
                except grpc.RpcError:
                    if process.poll() is not None:
                        break
                time.sleep(0.005)
        raise EmbeddedServerError(_explained(log.read_text(errors="replace"), process.poll()))

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if process.stdin is not None:
            process.stdin.close()
        try:
            process.wait(5.0)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _leave_to_parent(self) -> None:
        """In a forked child: let go of what is the parent's."""
        self._removal.detach()
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()  # else the server would outlive the parent
            self._process.returncode = 0  # it is no child of this process


def _private_folder() -> Path:
    """Make a folder that nobody else may enter, and remove those of processes that are gone."""
    base = Path(tempfile.gettempdir())
    if len(os.fsencode(base)) > _LONGEST_SOCKET - 40:
        base = Path("/tmp")
    for folder in base.glob(f"{_PREFIX}[0-9]*-*"):
        try:
            pid = int(folder.name.removeprefix(_PREFIX).partition("-")[0])
            if folder.stat().st_uid == os.getuid() and not _is_alive(pid):
                shutil.rmtree(folder, ignore_errors=True)
        except (OSError, ValueError):
            continue
    return Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=base))


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _explained(log: str, status: int | None) -> str:
    """Say why a server did not start, and what helps."""
    last = log.strip().splitlines()[-1] if log.strip() else f"it ended with status {status} and said nothing"
    if "ModuleNotFoundError" in last or "ImportError" in last or "No module named" in last:
        remedy = "install it with `pip install 'gradwire[service,numba]'`, or connect to a server by its address"
        return f"the embedded server is not installed ({last}); {remedy}"
    return f"the embedded server did not start: {last}"


def _after_fork() -> None:
    server, EmbeddedServer._shared = EmbeddedServer._shared, None
    EmbeddedServer._lock = threading.RLock()
    if server is not None:
        server._leave_to_parent()


os.register_at_fork(after_in_child=_after_fork)
