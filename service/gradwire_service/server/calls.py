"""What surrounds every RPC: reading, parsing, deadlines, errors as statuses. Nothing that is raised gets past it.

Every method is registered as one with a stream of requests over raw bytes, and reads its messages itself: ordinary
clients see no difference, a request that never comes to its end is dropped, and bytes that are no message get our
answer instead of the library's.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import math
import secrets
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import aclosing
from typing import Any, TypeVar

import grpc
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.protobuf.message import DecodeError, Message
from google.protobuf.message_factory import GetMessageClass

from gradwire_service.backend import Interrupt
from gradwire_service.errors import (
    DeadlineExceededError,
    GradwireError,
    InternalError,
    MalformedMessageError,
    NotImplementedByServerError,
    OutOfMemoryError,
    ServerStoppingError,
)
from gradwire_service.server.workers import Workers
from gradwire_service.wire.bulk import LARGE_MESSAGE
from gradwire_service.wire.status import DETAILS_KEY, encode_status

log = logging.getLogger(__name__)

M = TypeVar("M", bound=Message)
T = TypeVar("T")

DEFAULT_DEADLINE = 60.0
LONGEST_DEADLINE = 600.0
"""Seconds that a call may take: when it does not say, and at most."""

READING = 30.0
"""Seconds in which the message of a call must arrive."""

IDLE = 300.0
"""Seconds that may pass between two messages on a stream."""

END: Any = grpc.aio.EOF  # type: ignore[attr-defined]  # the stubs lack it
"""What `Call.read` returns when the caller has sent everything."""


class Desk:
    """All calls of a server: who reads since when, how many are under way, whether it stops.

    Attributes:
        evaluations: threads for calls that are soon over.
        minimizations: threads for those that take long: minimizations, comparisons, waiting for a compiler.
        stopping: whether no new work is taken.
        active: number of calls under way, health checks left out.
    """

    def __init__(self) -> None:
        self.evaluations = Workers("evaluations")
        self.minimizations = Workers("minimizations")
        self.stopping = False
        self.active = 0
        self._reading: dict[Call, float] = {}

    def begin_reading(self, call: Call, limit: float) -> None:
        """Note that a call waits for a message, and until when it may."""
        self._reading[call] = time.monotonic() + limit

    def end_reading(self, call: Call) -> None:
        """Note that its message is there."""
        self._reading.pop(call, None)

    async def watch(self) -> None:
        """End calls whose message does not come; one look a second costs less than a timer for each message."""
        while True:
            await asyncio.sleep(1.0)
            now = time.monotonic()
            for call in [call for call, limit in self._reading.items() if now > limit]:
                text = "nothing arrived for too long; send the next message sooner, or call again"
                call.end(DeadlineExceededError(text))

    def stop(self) -> None:
        """Take no new work; calls that wait for their next message end now."""
        self.stopping = True
        for call in list(self._reading):
            call.end(stopping())

    def close(self) -> None:
        """Let go of the threads."""
        self.evaluations.close()
        self.minimizations.close()


def stopping() -> ServerStoppingError:
    """Return the error of a server that shuts down."""
    return ServerStoppingError("the server is shutting down; send the call again, to another server or to the next")


class Call:
    """One RPC under way."""

    __slots__ = ("_given", "_task", "_verdict", "context", "deadline", "desk", "method")

    def __init__(self, desk: Desk, context: Any, method: MethodDescriptor) -> None:
        self.desk = desk
        self.context = context
        self.method = method
        self._task: asyncio.Task[Any] | None = None
        self._verdict: GradwireError | None = None
        remaining = context.time_remaining()
        now = time.monotonic()
        self._given = math.inf if remaining is None else now + remaining
        self.deadline = min(now + (DEFAULT_DEADLINE if remaining is None else LONGEST_DEADLINE), self._given)

    async def read(self, limit: float = READING) -> Any:
        """Return the bytes of the next message, or END.

        Raises: DeadlineExceededError when it does not arrive; ServerStoppingError.
        """
        self._task = asyncio.current_task()
        self.desk.begin_reading(self, limit)
        try:
            return await self.context.read()
        except asyncio.CancelledError:
            if self._verdict is None or self._task is None:
                raise
            self._task.uncancel()
            raise self._verdict from None
        finally:
            self.desk.end_reading(self)

    def end(self, verdict: GradwireError) -> None:
        """Let a call that waits for a message end with an error."""
        if self._task is not None and self._verdict is None:
            self._verdict = verdict
            self._task.cancel()

    def next_deadline(self) -> float:
        """Return the deadline of a request that comes now, on a stream that may last longer than each of them."""
        return min(time.monotonic() + DEFAULT_DEADLINE, self._given)

    async def work(self, work: Callable[[Interrupt], T], deadline: float | None = None) -> T:
        """Do work in a thread, until the deadline of the call or another one."""
        return await self.desk.evaluations.run(deadline or self.deadline, work)

    async def long_work(self, work: Callable[[Interrupt], T], deadline: float | None = None) -> T:
        """Do work that takes long in a thread of those that are kept for it."""
        return await self.desk.minimizations.run(deadline or self.deadline, work)

    def stream(
        self,
        work: Callable[[Interrupt], Iterable[T]],
        weigh: Callable[[T], int] = lambda _: 0,
    ) -> AsyncGenerator[T]:
        """Do work in a thread that yields on the way."""
        return self.desk.minimizations.stream(self.deadline, work, weigh)


def raw(method: T) -> T:
    """Let a servicer's method have the bytes of its request, to parse and answer by itself."""
    method.raw = True  # type: ignore[attr-defined]
    return method


def parse(message_class: type[M], data: bytes) -> M:
    """Return the message.

    Raises: MalformedMessageError.
    """
    try:
        return message_class.FromString(data)
    except DecodeError:
        name = message_class.DESCRIPTOR.full_name
        text = f"the bytes are no {name}; send what its serialization gives"
        raise MalformedMessageError(text) from None


def status_error(error: BaseException, method: str) -> GradwireError:
    """Return what the caller is told of anything that was raised; a bug is logged, and told by its id alone."""
    if isinstance(error, GradwireError) and not isinstance(error, InternalError):
        return error
    if isinstance(error, MemoryError):
        return OutOfMemoryError("there is not enough memory for this at the moment; send smaller batches, or try later")
    request_id = secrets.token_hex(8)
    log.error("event=internal_error request_id=%s method=%s", request_id, method, exc_info=error)
    return InternalError(
        f"this is a bug in Gradwire; the server's log has it under request id {request_id}: please report it",
        request_id=request_id,
    )


def handlers(desk: Desk, service: ServiceDescriptor, servicer: object) -> Any:
    """Register every method of a service; those that the servicer lacks answer NOT_IMPLEMENTED.

    Args:
        desk: keeps the calls; another one than the server's for calls that are no work.
        service: the service as the contract has it.
        servicer: has methods of the contract's names, ``async def Name(self, request, call)``; one that takes a stream
            of requests has no `request` but reads from the call; one that answers a stream is a generator, or writes
            to the call's context by itself.
    """
    found = {}
    for method in service.methods:
        function = getattr(servicer, method.name, None) or _missing(method)
        if method.server_streaming:
            found[method.name] = grpc.stream_stream_rpc_method_handler(_streaming(desk, method, function))
        else:
            found[method.name] = grpc.stream_unary_rpc_method_handler(_single(desk, method, function))
    return grpc.method_handlers_generic_handler(service.full_name, found)


def _missing(method: MethodDescriptor) -> Callable[..., Any]:
    text = f"{method.containing_service.full_name}/{method.name} is in the contract, but this server does not serve it"

    def refuse() -> Any:
        raise NotImplementedByServerError(f"{text}; GetServerInfo lists what it serves")

    async def single(request: object, call: Call) -> bytes:
        return refuse()

    async def streaming(request: object, call: Call) -> AsyncIterator[bytes]:
        yield refuse()

    return raw(streaming if method.server_streaming else single)


def _single(desk: Desk, method: MethodDescriptor, function: Callable[..., Awaitable[Any]]) -> Callable[..., Any]:
    """Surround a method with one response."""
    take = _taker(method, function)
    name = method.full_name

    async def handle(_: object, context: Any) -> bytes:
        desk.active += 1
        try:
            call = Call(desk, context, method)
            answer = await function(*await take(call), call)
            return answer if type(answer) is bytes else answer.SerializeToString()
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # the library would tell the caller the text of anything that got by
            fault = status_error(error, name)
        finally:
            desk.active -= 1
        return await _abort(context, fault)

    return handle


def _streaming(desk: Desk, method: MethodDescriptor, function: Callable[..., Any]) -> Callable[..., Any]:
    """Surround a method with a stream of responses."""
    take = _taker(method, function)
    writes_itself = not inspect.isasyncgenfunction(function)
    name = method.full_name

    async def handle(_: object, context: Any) -> None:
        desk.active += 1
        try:
            call = Call(desk, context, method)
            request = await take(call)
            if writes_itself:
                await function(*request, call)
                return
            async with aclosing(function(*request, call)) as answers:
                async for answer in answers:
                    await context.write(answer if type(answer) is bytes else answer.SerializeToString())
            return
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # as above
            fault = status_error(error, name)
        finally:
            desk.active -= 1
        await _abort(context, fault)

    return handle


def _taker(method: MethodDescriptor, function: object) -> Callable[[Call], Awaitable[tuple[Any, ...]]]:
    """Return what reads the request of a call, as its method wants it."""
    message_class = GetMessageClass(method.input_type)

    async def nothing(call: Call) -> tuple[Any, ...]:
        if call.desk.stopping:
            raise stopping()
        return ()

    async def data(call: Call) -> tuple[bytes]:
        if call.desk.stopping:
            raise stopping()
        message = await call.read()
        if message is END:
            raise MalformedMessageError("the call has no message; send one")
        return (message,)

    async def parsed(call: Call) -> tuple[Message]:
        (message,) = await data(call)
        if len(message) < LARGE_MESSAGE:
            return (parse(message_class, message),)
        return (await call.work(lambda _: parse(message_class, message)),)

    if method.client_streaming:
        return nothing
    return data if getattr(function, "raw", False) else parsed


async def _abort(context: Any, error: GradwireError) -> bytes:
    status = encode_status(error)
    code = grpc.StatusCode[error.code]
    metadata: Mapping[str, bytes] = {DETAILS_KEY: status.SerializeToString()}
    await context.abort(code, status.message, tuple(metadata.items()))
    raise AssertionError("abort raises")  # pragma: no cover
