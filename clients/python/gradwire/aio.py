"""The asyncio client: the same methods, awaited.

>>> async with gw.aio.connect() as service:
...     r = await service.gradient(graph, inputs, wrt=["w"])
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Generator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar, Unpack

import grpc
import grpc.aio
import numpy.typing as npt

from gradwire import errors, wireformat
from gradwire.carrying import awaited
from gradwire.channel import TLS, Target
from gradwire.core import Core, Pause, Plan, Source, Streaming, Unary
from gradwire.embedded import EmbeddedServer
from gradwire.execution import Options
from gradwire.job_calls import AsyncJobs
from gradwire.objective import Objective
from gradwire.optimization import Optimizer
from gradwire.plans import catalog, inspection, queries, series, storage, training
from gradwire.query import Name, Names
from gradwire.searching import AsyncSearch
from gradwire.service import DEFAULT_TIMEOUT
from gradwire.tensors import Array

T = TypeVar("T")
Command = Unary | Streaming | Pause


class Asking(ABC):
    """What can be asked of a graph, over calls or over a stream."""

    def __init__(self, core: Core) -> None:
        self._core = core

    @abstractmethod
    async def _do(self, command: Command) -> Any:
        """Do what a plan asks for; return what it brings.

        Raises: GradwireError.
        """

    async def _carry_out(self, plan: Plan[T]) -> T:
        try:
            command = next(plan)
            while True:
                try:
                    reply = await self._do(command)
                except errors.GradwireError as error:
                    command = plan.throw(error)
                else:
                    command = plan.send(reply)
        except StopIteration as end:
            return end.value  # what the plan returns
        finally:
            plan.close()

    evaluate = awaited(queries.evaluate)
    gradient = awaited(queries.gradient)
    jvp = awaited(queries.jvp)
    vjp = awaited(queries.vjp)
    hvp = awaited(queries.hvp)
    jacobian = awaited(queries.jacobian)
    hessian = awaited(queries.hessian)

    def value_and_gradient(
        self,
        graph: Source,
        *,
        of: Name = "",
        wrt: Names = (),
        inputs: Mapping[str, Any] | None = None,
        **options: Unpack[Options],
    ) -> Callable[..., Awaitable[tuple[float, Array]]]:
        """Return a function from a vector to value and gradient, to be awaited.

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

        def value_and_gradient(x: npt.ArrayLike, *arguments: Any) -> Awaitable[tuple[float, Array]]:
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
            self.channel = grpc.aio.insecure_channel(target.address, options=target.options)
        else:
            self.channel = grpc.aio.secure_channel(target.address, target.tls.credentials(), options=target.options)
        self._unary: dict[str, Callable[..., Awaitable[bytes]]] = {}

    def unary(self, command: Unary) -> Awaitable[bytes]:
        """Make a call."""
        method = self._unary.get(command.path)
        if method is None:
            method = self._unary[command.path] = self.channel.unary_unary(command.path)
        return method(wireformat.joined(command.parts), timeout=command.timeout, metadata=self.target.metadata)

    async def streaming(self, command: Streaming) -> None:
        """Make a call with a stream on one side."""
        timeout, metadata = command.timeout, self.target.metadata
        if command.several:
            method = self.channel.stream_unary(command.path)
            command.receive(await method(command.requests(), timeout=timeout, metadata=metadata))
            return
        call = self.channel.unary_stream(command.path)(next(command.requests()), timeout=timeout, metadata=metadata)
        try:
            async for message in call:
                command.receive(message)
        finally:
            call.cancel()  # stops the work when the caller was cancelled; of no effect on a stream that has ended


class Service(Asking):
    """A connection to a server, for one event loop.

    Attributes:
        jobs: training jobs.
    """

    def __init__(self, target: Target, embedded: EmbeddedServer | None, timeout: float | None) -> None:
        super().__init__(Core(timeout))
        self._embedded = embedded
        self._link = _Link(target)
        self._lock = asyncio.Lock()
        self.jobs = AsyncJobs(self)

    async def close(self) -> None:
        """Disconnect; the embedded server ends with the last connection to it."""
        await self._link.channel.close()
        embedded, self._embedded = self._embedded, None
        if embedded is not None:
            await asyncio.to_thread(embedded.release)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def __repr__(self) -> str:
        return f"<asyncio service at {self._link.target.address}>"

    async def _do(self, command: Command) -> Any:
        link = self._link
        try:
            if isinstance(command, Unary):
                return await link.unary(command)
            if isinstance(command, Streaming):
                return await link.streaming(command)
        except grpc.RpcError as error:
            raise errors.from_rpc(error, link.target.address) from None
        await asyncio.sleep(command.seconds)
        return await self._revive()

    async def _revive(self) -> None:
        """Start an embedded server that died again, and connect to it."""
        async with self._lock:
            if self._embedded is not None:
                address = await asyncio.to_thread(self._embedded.address)
                if address != self._link.target.address:
                    self._link = _Link(Target(address))  # calls of other tasks end on the old one

    def stream(self) -> Stream:
        """Open a stream for a loop of small calls: they take about half the time."""
        return Stream(self)

    def search(self, parameters: Mapping[str, npt.ArrayLike], *, optimizer: Optimizer, seed: int = 0) -> AsyncSearch:
        """Search with losses that the caller computes: candidates are asked about, losses are told.

        Args:
            parameters: where to start, by name.
            optimizer: a search, such as ``gw.searches.cma_es(bounds={"x": (0.0, 1.0)})``.
            seed: source of all that is random; the same seed gives the same candidates for the same losses.

        Returns: the search, to be entered or awaited; only then it begins.
        """
        return AsyncSearch(self, parameters, optimizer, seed)

    register = awaited(inspection.register)
    describe = awaited(inspection.describe)
    differentiate = awaited(inspection.differentiate)
    taylor = awaited(series.taylor)
    prepare = awaited(inspection.prepare)
    check = awaited(inspection.check)
    compare = awaited(inspection.compare)
    step = awaited(training.step)
    minimize = awaited(training.minimize)
    put = awaited(storage.put)
    get = awaited(storage.get)
    delete = awaited(storage.delete)
    ops = awaited(catalog.ops)
    backends = awaited(catalog.backends)
    optimizers = awaited(catalog.optimizers)
    server_info = awaited(catalog.server_info)


class Stream(Asking):
    """One stream for many calls, one after the other; tasks that share it wait for each other.

    A stream that is lost is opened again by the next call.
    """

    def __init__(self, service: Service) -> None:
        super().__init__(service._core)
        self._service = service
        self._call: Any = None
        self._number = 0
        self._lock = asyncio.Lock()

    async def close(self) -> None:
        """End the stream; the connection stays."""
        call, self._call = self._call, None
        if call is not None:
            call.cancel()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _do(self, command: Command) -> Any:
        if not isinstance(command, Unary) or command.path != queries.EVALUATE.path:
            return await self._service._do(command)
        async with self._lock:
            answered = False
            try:
                async with asyncio.timeout(command.timeout):
                    message = await self._exchange(command)
                answered = True
            except TimeoutError:
                raise errors.DeadlineExceededError(f"no answer within {command.timeout} seconds; allow more") from None
            except grpc.RpcError as error:
                raise errors.from_rpc(error, self._service._link.target.address) from None
            finally:
                if not answered:  # an answer that comes later would be taken for that of the next call
                    await self.close()
        response, status = wireformat.stream_response(message)
        if status is not None:
            raise errors.from_status(status)
        return response

    async def _exchange(self, command: Unary) -> bytes:
        if self._call is None:
            link = self._service._link
            method = link.channel.stream_stream("/gradwire.v1.DifferentiationService/EvaluateStream")
            self._call = method(metadata=link.target.metadata)
        self._number += 1
        await self._call.write(wireformat.joined(wireformat.stream_request(self._number, command.parts)))
        message = await self._call.read()
        if not isinstance(message, bytes):  # the end of the stream
            raise errors.UnavailableError("the server ended the stream")
        return message


class Connecting:
    """A connection in the making: await it, or enter it."""

    def __init__(self, target: Target | None, timeout: float | None, data_dir: str | Path | None) -> None:
        self._target = target
        self._timeout = timeout
        self._data_dir = data_dir
        self._service: Service | None = None

    def __await__(self) -> Generator[Any, None, Service]:
        return self._connected().__await__()

    async def _connected(self) -> Service:
        if self._target is not None:
            return Service(self._target, None, self._timeout)
        embedded = await asyncio.to_thread(EmbeddedServer.acquire, self._data_dir)
        return Service(Target(embedded.address()), embedded, self._timeout)

    async def __aenter__(self) -> Service:
        self._service = await self._connected()
        return self._service

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._service is not None:
            await self._service.close()


def connect(
    address: str | None = None,
    *,
    token: str | None = None,
    tls: TLS | bool | str | Path | None = None,
    timeout: float | None = DEFAULT_TIMEOUT,
    data_dir: str | Path | None = None,
) -> Connecting:
    """Connect to a server: ``async with gw.aio.connect() as service``, or ``service = await gw.aio.connect()``.

    Args:
        address: ``host:port``, or ``unix:path``. Default: an embedded server, a child process that ends with this one.
        token: what calls bear to tell who they are.
        tls: True to encrypt; the path of the certificates to trust; or `gw.TLS` with more.
        timeout: seconds that a call may take when it does not say otherwise; None: no limit of ours.
        data_dir: folder in which the embedded server keeps training jobs, so that they go on when it is started anew.
            Default: a temporary one, which goes with this process.

    Raises: EmbeddedServerError; ValueError for a token that would travel unencrypted.
    """
    return Connecting(Target.of(address, token, tls) if address else None, timeout, data_dir)
