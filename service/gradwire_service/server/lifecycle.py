"""A server from start to end: addresses, readiness, signals, a shutdown that lets running calls finish."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import stat
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

import grpc
import numpy as np
from google.protobuf.descriptor import ServiceDescriptor

from gradwire import v1 as pb
from gradwire_service.backend import CompilingBackend, backend, discover
from gradwire_service.engine import Engine
from gradwire_service.errors import InvalidRequestError
from gradwire_service.graph import parse
from gradwire_service.limits import LIMITS
from gradwire_service.server import health
from gradwire_service.server.calls import Desk, handlers
from gradwire_service.server.catalog import CatalogServicer
from gradwire_service.server.differentiation import DifferentiationServicer
from gradwire_service.server.optimization import OptimizationServicer
from gradwire_service.server.reading import Reader
from gradwire_service.server.store import TensorStore
from gradwire_service.server.tensors import TensorServicer
from gradwire_service.training.store import Store

log = logging.getLogger(__name__)

GRACE = 20.0
"""Seconds that running calls get when the server is told to stop."""

_KIB, _SECOND = 1024, 1000
_CHANNEL = {
    "grpc.max_receive_message_length": LIMITS.message_bytes,
    "grpc.max_send_message_length": LIMITS.message_bytes,
    "grpc.max_concurrent_streams": 64,
    "grpc.max_metadata_size": 8 * _KIB,
    "grpc.absolute_max_metadata_size": 8 * _KIB,
    "grpc.server_handshake_timeout_ms": 10 * _SECOND,
    "grpc.keepalive_time_ms": 60 * _SECOND,
    "grpc.keepalive_timeout_ms": 20 * _SECOND,
    "grpc.http2.min_ping_interval_without_data_ms": 30 * _SECOND,
    "grpc.so_reuseport": 0,  # two servers on one port would share its callers without knowing
}


@dataclass(frozen=True)
class Options:
    """How a server is run.

    Attributes:
        unix: path of a unix socket; empty: TCP.
        host: name or address to listen on.
        port: port to listen on; 0: any free one.
        allow_remote: listen on more than this machine, although nothing is encrypted.
        reflection: tell descriptors to who asks; None: on loopback and unix sockets.
        backend: name of the backend that runs what names none; empty: numba, or numpy where that does not load.
        watch_parent: stop when standard input ends.
        quiet: do not print the address.
        data_dir: folder in which training jobs are kept; empty: a temporary one, which goes with the server.
    """

    unix: str = ""
    host: str = "127.0.0.1"
    port: int = 50051
    allow_remote: bool = False
    reflection: bool | None = None
    backend: str = ""
    watch_parent: bool = False
    quiet: bool = False
    data_dir: str = ""

    def address(self) -> str:
        """Return where to listen, as gRPC writes it.

        Raises: InvalidRequestError for an address that others than this machine reach.
        """
        if self.unix:
            return f"unix:{Path(self.unix).absolute()}"
        if not self.allow_remote and not is_loopback(self.host):
            text = f"{self.host} is reached from other machines, and nothing would be encrypted or asked for a token"
            raise InvalidRequestError(f"{text}; listen on 127.0.0.1, or say --insecure-allow-remote", field="host")
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def is_local(self) -> bool:
        """Whether only this machine reaches the server."""
        return bool(self.unix) or is_loopback(self.host)


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine and nothing else."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


class Server:
    """A server in this process and event loop."""

    def __init__(self, options: Options) -> None:
        """Prepare.

        Raises: BackendUnknownError, BackendUnavailableError; InvalidRequestError, StorageFullError, StorageFailedError
            when the folder of its training jobs can't be used.
        """
        self.options = options
        self.desk = Desk()
        self.engine = Engine(backend(options.backend).name if options.backend else default_backend())
        store = TensorStore(LIMITS.stored_bytes)
        reader = Reader(self.engine, store)
        servicers: dict[ServiceDescriptor, object] = {}
        find = pb.EvaluateRequest.DESCRIPTOR.file.pool.FindServiceByName
        servicers[find("gradwire.v1.DifferentiationService")] = DifferentiationServicer(reader)
        optimization = OptimizationServicer(reader, self._job_store())
        self.jobs = optimization.jobs
        servicers[find("gradwire.v1.OptimizationService")] = optimization
        servicers[find("gradwire.v1.TensorService")] = TensorServicer(store)
        servicers[find("gradwire.v1.CatalogService")] = CatalogServicer(self.engine, servicers)
        names = [service.full_name for service in servicers]
        self.health = health.HealthServicer(names)
        self._server = grpc.aio.server(options=list(_CHANNEL.items()))
        self._server.add_generic_rpc_handlers(
            tuple(handlers(self.desk, service, servicer) for service, servicer in servicers.items())
        )
        apart = Desk()  # health is told until the very end, and is no work to wait for
        self._server.add_generic_rpc_handlers((handlers(apart, health.SERVICE, self.health),))
        if options.is_local if options.reflection is None else options.reflection:
            from grpc_reflection.v1alpha import reflection

            known = (*names, health.SERVICE.full_name, reflection.SERVICE_NAME)
            reflection.enable_server_reflection(known, self._server)
        self._watching: list[asyncio.Task[None]] = []
        self._apart = apart

    def _job_store(self) -> Store:
        self._temporary = None
        if not self.options.data_dir:
            prefix = f"gradwire-{os.getpid()}-jobs-"  # what a dead server left goes with those of embedded ones
            self._temporary = tempfile.TemporaryDirectory(prefix=prefix, ignore_cleanup_errors=True)
        return Store(Path(self._temporary.name if self._temporary else self.options.data_dir))

    async def start(self) -> str:
        """Listen; return the address. Health is told as SERVING once a real gradient was computed.

        Raises: InvalidRequestError when it can't listen there.
        """
        address = self.options.address()
        if self.options.unix:
            remove_stale_socket(Path(self.options.unix))
        before = os.umask(0o177)  # a unix socket is for its owner alone
        try:
            port = self._server.add_insecure_port(address)
        except RuntimeError:
            text = f"can't listen on {address}: it is taken, or not an address of this machine; name another"
            raise InvalidRequestError(text, field="address") from None
        finally:
            os.umask(before)
        await self._server.start()
        self._watching = [asyncio.create_task(desk.watch()) for desk in (self.desk, self._apart)]
        self._watching.append(asyncio.create_task(self._become_ready()))
        if self.options.unix:
            return address
        return f"{address.rpartition(':')[0]}:{port}"

    async def _become_ready(self) -> None:
        def gradient(_: object) -> None:
            graph = parse("graph ready\nvariable x: float64[2]\ny = square(x)\nz = sum(y)\noutput z = z\n")
            found = self.engine.gradient(graph, {"x": np.array([1.0, -2.0])}, backend="numpy").gradients["x"]
            if found.tolist() != [2.0, -4.0]:
                raise ArithmeticError(f"the gradient of x² at 1 and -2 came out as {found}")

        try:
            await self.desk.evaluations.run(time.monotonic() + 60.0, gradient)
            await self.desk.evaluations.run(time.monotonic() + 60.0, lambda _: self.jobs.start())
        except Exception:
            log.exception("event=not_ready")
        else:
            self.health.tell(health.SERVING)

    async def stop(self, grace: float = GRACE) -> None:
        """Take no new work, let running calls finish, and end.

        Args:
            grace: seconds that running calls get.
        """
        self.health.tell(health.NOT_SERVING)
        self.desk.stop()
        jobs = asyncio.create_task(asyncio.to_thread(self.jobs.stop, grace))
        end = time.monotonic() + grace
        while self.desk.active and time.monotonic() < end:
            await asyncio.sleep(0.01)
        await jobs
        for task in self._watching:
            task.cancel()
        await self._server.stop(0.1)
        self.desk.close()
        self.jobs.close()
        self._apart.close()
        for availability in discover().values():
            if isinstance(availability.backend, CompilingBackend):
                availability.backend.close()
        if self.options.unix:
            Path(self.options.unix).unlink(missing_ok=True)
        if self._temporary is not None:
            self._temporary.cleanup()


def default_backend() -> str:
    """Return numba where it loads, else numpy."""
    found = discover().get("numba")
    if found is not None and found.backend is not None:
        return "numba"
    log.warning("event=backend_unavailable backend=numba reason=%r using=numpy", found.reason if found else "absent")
    return "numpy"


def remove_stale_socket(path: Path) -> None:
    """Remove the socket that a dead server left.

    Raises: InvalidRequestError when a server is alive there, or something else is.
    """
    try:
        kind = path.stat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(kind):
        raise InvalidRequestError(f"{path} is there and is no socket; name another path", field="unix")
    with socket.socket(socket.AF_UNIX) as probe, suppress(ConnectionRefusedError, FileNotFoundError):
        probe.connect(str(path))
        raise InvalidRequestError(f"a server listens on {path} already; stop it, or name another path", field="unix")
    path.unlink(missing_ok=True)


async def run(options: Options, announce: Callable[[str], None] | None = None) -> None:
    """Run a server until SIGTERM, SIGINT, or the end of the parent.

    Args:
        options: how.
        announce: called with the address once it can be called.
    """
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    server = Server(options)
    address = await server.start()
    log.info("event=started address=%s backend=%s", address, server.engine.default.backend)
    if announce:
        announce(address)
    elif not options.quiet:
        print(f"listening on {address}", file=sys.stderr, flush=True)  # noqa: T201 - a line for who started it
    if not options.data_dir:
        log.info("event=jobs_are_temporary hint=--data-dir")
    if options.watch_parent:

        def look() -> None:
            if not os.read(sys.stdin.fileno(), 4096):
                loop.remove_reader(sys.stdin.fileno())
                stopping.set()

        loop.add_reader(sys.stdin.fileno(), look)
    await stopping.wait()
    log.info("event=stopping calls=%d", server.desk.active)
    await server.stop()
    log.info("event=stopped")


def serve(options: Options | None = None, announce: Callable[[str], None] | None = None) -> None:
    """Run a server until SIGTERM, SIGINT, or the end of the parent; the process is to end afterwards.

    Raises: BackendUnknownError, BackendUnavailableError; InvalidRequestError when it can't listen where it should.
    """
    asyncio.run(run(options or Options(), announce))
