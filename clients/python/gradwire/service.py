"""The synchronous client: it carries out plans over a channel of grpc."""

from __future__ import annotations

import math
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from queue import SimpleQueue
from types import TracebackType
from typing import Any, Self, TypeVar, Unpack

import grpc
import numpy.typing as npt

from gradwire import errors, wireformat
from gradwire.carrying import carried_out
from gradwire.channel import TLS, Target
from gradwire.core import Core, Pause, Plan, Source, Streaming, Unary
from gradwire.embedded import EmbeddedServer
from gradwire.execution import Options
from gradwire.job_calls import Jobs
from gradwire.objective import Objective
from gradwire.optimization import Optimizer
from gradwire.plans import catalog, inspection, queries, series, storage, training
from gradwire.query import Name, Names
from gradwire.searching import Search
from gradwire.tensors import Array

T = TypeVar("T")
Command = Unary | Streaming | Pause

DEFAULT_TIMEOUT = 60.0
"""Seconds that a call may take when nothing else is said."""


class Asking(ABC):
    """What can be asked of a graph, over calls or over a stream."""

    def __init__(self, core: Core) -> None:
        self._core = core

    @abstractmethod
    def _do(self, command: Command) -> Any:
        """Do what a plan asks for; return what it brings.

        Raises: GradwireError.
        """

    def _carry_out(self, plan: Plan[T]) -> T:
        try:
            command = next(plan)
            while True:
                try:
                    reply = self._do(command)
                except (errors.GradwireError, KeyboardInterrupt) as error:
                    command = plan.throw(error)
                else:
                    command = plan.send(reply)
        except StopIteration as end:
            return end.value  # what the plan returns
        finally:
            plan.close()

    evaluate = carried_out(queries.evaluate)
    gradient = carried_out(queries.gradient)
    jvp = carried_out(queries.jvp)
    vjp = carried_out(queries.vjp)
    hvp = carried_out(queries.hvp)
    jacobian = carried_out(queries.jacobian)
    hessian = carried_out(queries.hessian)

    def value_and_gradient(
        self,
        graph: Source,
        *,
        of: Name = "",
        wrt: Names = (),
        inputs: Mapping[str, Any] | None = None,
        **options: Unpack[Options],
    ) -> Callable[..., tuple[float, Array]]:
        """Return a function from a vector to value and gradient: ``scipy.optimize.minimize(f, x0, jac=True)``.

        Args:
            graph: a graph, its text form, or a function of arrays.
            of: name of a scalar. Default: the only output.
            wrt: names of the variables that move; several are packed in one vector, in this order. Default: the first
                variable, or parameter, that is not among the inputs.
            inputs: what stays the same, by name; store large arrays with `put` first, else they travel with each call.
            options: see `Options`.

        Returns: ``f(x, *arguments) -> (float, array)``; the arguments feed the other variables, in their order.
        """
        objective = Objective(graph, of, wrt, inputs, options)

        def value_and_gradient(x: npt.ArrayLike, *arguments: Any) -> tuple[float, Array]:
            return self._carry_out(objective.at(self._core, x, *arguments))

        return value_and_gradient


class _Link:
    """A channel, and the methods that were called over it.

    Attributes:
        target: the server at its end.
        channel: the channel.
    """

    def __init__(self, target: Target) -> None:
        self.target = target
        self.channel: Any  # requests and responses are bytes, which gRPC's types do not foresee
        if target.tls is None:
            self.channel = grpc.insecure_channel(target.address, options=target.options)
        else:
            self.channel = grpc.secure_channel(target.address, target.tls.credentials(), options=target.options)
        self._unary: dict[str, Callable[..., bytes]] = {}

    def unary(self, command: Unary) -> bytes:
        """Make a call."""
        method = self._unary.get(command.path)
        if method is None:
            method = self._unary[command.path] = self.channel.unary_unary(command.path)
        return method(wireformat.joined(command.parts), command.timeout, self.target.metadata)

    def streaming(self, command: Streaming) -> None:
        """Make a call with a stream on one side."""
        timeout, metadata = command.timeout, self.target.metadata
        if command.several:
            method = self.channel.stream_unary(command.path)
            command.receive(method(command.requests(), timeout=timeout, metadata=metadata))
            return
        call = self.channel.unary_stream(command.path)(next(command.requests()), timeout=timeout, metadata=metadata)
        try:
            for message in call:
                command.receive(message)
        finally:
            call.cancel()  # stops the work when the caller was interrupted; of no effect on a stream that has ended


class Service(Asking):
    """A connection to a server; it may be used from several threads at once.

    >>> with gw.connect() as service:
    ...     service.gradient(graph, inputs, wrt=["w"])

    Attributes:
        jobs: training jobs.
    """

    def __init__(self, target: Target | None, timeout: float | None, data_dir: str | Path | None = None) -> None:
        """Connect; `gw.connect` reads what a user states.

        Args:
            target: the server; None: the embedded one.
            timeout: seconds that a call may take.
            data_dir: where the embedded server keeps training jobs.

        Raises: EmbeddedServerError.
        """
        super().__init__(Core(timeout))
        self._embedded = None if target else EmbeddedServer.acquire(data_dir)
        self._link = _Link(target or Target(self._embedded.address() if self._embedded else ""))
        self._lock = threading.Lock()
        self.jobs = Jobs(self)

    def close(self) -> None:
        """Disconnect; the embedded server ends with the last connection to it."""
        self._link.channel.close()
        embedded, self._embedded = self._embedded, None
        if embedded is not None:
            embedded.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<service at {self._link.target.address}>"

    def _do(self, command: Command) -> Any:
        link = self._link
        try:
            if isinstance(command, Unary):
                return link.unary(command)
            if isinstance(command, Streaming):
                return link.streaming(command)
        except grpc.RpcError as error:
            raise errors.from_rpc(error, link.target.address) from None
        time.sleep(command.seconds)
        self._revive()
        return None

    def _revive(self) -> None:
        """Start an embedded server that died again, and connect to it."""
        with self._lock:
            if self._embedded is not None and self._embedded.address() != self._link.target.address:
                self._link = _Link(Target(self._embedded.address()))  # calls of other threads end on the old one

    def stream(self) -> Stream:
        """Open a stream for a loop of small calls: they take about half the time."""
        return Stream(self)

    def search(self, parameters: Mapping[str, npt.ArrayLike], *, optimizer: Optimizer, seed: int = 0) -> Search:
        """Search with losses that the caller computes: candidates are asked about, losses are told.

        Args:
            parameters: where to start, by name.
            optimizer: a search, such as ``gw.searches.cma_es(bounds={"x": (0.0, 1.0)})``.
            seed: source of all that is random; the same seed gives the same candidates for the same losses.

        Raises: GradwireError, by its reason.
        """
        return Search(self, parameters, optimizer, seed)

    register = carried_out(inspection.register)
    describe = carried_out(inspection.describe)
    differentiate = carried_out(inspection.differentiate)
    taylor = carried_out(series.taylor)
    prepare = carried_out(inspection.prepare)
    check = carried_out(inspection.check)
    compare = carried_out(inspection.compare)
    step = carried_out(training.step)
    minimize = carried_out(training.minimize)
    put = carried_out(storage.put)
    get = carried_out(storage.get)
    delete = carried_out(storage.delete)
    ops = carried_out(catalog.ops)
    backends = carried_out(catalog.backends)
    optimizers = carried_out(catalog.optimizers)
    server_info = carried_out(catalog.server_info)


class Stream(Asking):
    """One stream for many calls, one after the other; for one thread.

    >>> with service.stream() as stream:
    ...     scipy.optimize.minimize(stream.value_and_gradient(rosenbrock), x0, jac=True)

    A stream that is lost is opened again. The time that a call may take is kept to within half a second.
    """

    def __init__(self, service: Service) -> None:
        super().__init__(service._core)
        self._service = service
        self._call: Any = None
        self._requests: SimpleQueue[bytes | None] = SimpleQueue()
        self._number = 0
        self._due = math.inf

    def close(self) -> None:
        """End the stream; the connection stays."""
        if self._call is not None:
            self._call = None
            self._requests.put(None)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _do(self, command: Command) -> Any:
        if not isinstance(command, Unary) or command.path != queries.EVALUATE.path:
            return self._service._do(command)
        link = self._service._link
        try:
            if self._call is None:
                self._open(link)
            self._number += 1
            self._due = math.inf if command.timeout is None else time.monotonic() + command.timeout
            self._requests.put(wireformat.joined(wireformat.stream_request(self._number, command.parts)))
            response, status = wireformat.stream_response(next(self._call))
        except (grpc.RpcError, StopIteration) as lost:
            late = time.monotonic() >= self._due
            self.close()
            if late:
                raise errors.DeadlineExceededError(f"no answer within {command.timeout} seconds; allow more") from None
            if isinstance(lost, StopIteration):
                raise errors.UnavailableError("the server ended the stream") from None
            raise errors.from_rpc(lost, link.target.address) from None
        finally:
            self._due = math.inf
        if status is not None:
            raise errors.from_status(status)
        return response

    def _open(self, link: _Link) -> None:
        self._requests = SimpleQueue()
        method = link.channel.stream_stream("/gradwire.v1.DifferentiationService/EvaluateStream")
        self._call = method(iter(self._requests.get, None), metadata=link.target.metadata)
        threading.Thread(target=self._watch, args=(self._call,), daemon=True, name="gradwire-stream").start()

    def _watch(self, call: Any) -> None:
        """Cancel the stream when a call takes too long: gRPC knows deadlines of streams, not of what is on them."""
        while call.is_active() and self._call is call:
            if time.monotonic() > self._due:
                call.cancel()
            time.sleep(0.5)


def connect(
    address: str | None = None,
    *,
    token: str | None = None,
    tls: TLS | bool | str | Path | None = None,
    timeout: float | None = DEFAULT_TIMEOUT,
    data_dir: str | Path | None = None,
) -> Service:
    """Connect to a server.

    Args:
        address: ``host:port``, or ``unix:path``. Default: an embedded server, a child process that ends with this one.
        token: what calls bear to tell who they are.
        tls: True to encrypt; the path of the certificates to trust; or `gw.TLS` with more.
        timeout: seconds that a call may take when it does not say otherwise; None: no limit of ours.
        data_dir: folder in which the embedded server keeps training jobs, so that they go on when it is started anew.
            Default: a temporary one, which goes with this process.

    Raises: EmbeddedServerError; ValueError for a token that would travel unencrypted.
    """
    return Service(Target.of(address, token, tls) if address else None, timeout, data_dir)
