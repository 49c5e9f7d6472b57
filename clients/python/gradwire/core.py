"""The client without input and output: plans of calls, which a synchronous or an asyncio driver carries out.

A plan is a generator. It yields commands (a call, a pause) and is sent what they bring; errors are thrown into it.
So retries, and sending a graph again to a server that forgot it, are written once for every kind of connection.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Generator, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple, TypeVar
from weakref import WeakKeyDictionary

from google.protobuf.message import Message

from gradwire import v1 as pb
from gradwire.errors import GraphUnknownError, UnavailableError
from gradwire.graph import Graph
from gradwire.tensors import Array, TensorRef, as_array, encode_tensor
from gradwire.tracing import Function, as_function
from gradwire.wireformat import Part, cut, field, joined, tensor_entry

T = TypeVar("T")
M = TypeVar("M", bound=Message)

Source = Graph | str | Function[..., Any] | Callable[..., Any]
"""A graph; its text form; or a function of arrays, which is traced."""

_DELAYS = (0.1, 0.4, 1.6)
"""Pauses before the second, third and fourth attempt, in seconds."""


@dataclass(slots=True)
class Unary:
    """A call with one request and one response.

    Attributes:
        path: full name of the method.
        parts: the request.
        timeout: seconds that it may take.
    """

    path: str
    parts: list[Part]
    timeout: float | None


@dataclass(slots=True)
class Streaming:
    """A call with a stream of responses, or of requests.

    Attributes:
        path: full name of the method.
        requests: makes the requests, for each attempt anew.
        receive: is given each response.
        timeout: seconds that it may take.
        several: whether it is the requests that are a stream.
    """

    path: str
    requests: Callable[[], Iterator[bytes]]
    receive: Callable[[bytes], object]
    timeout: float | None
    several: bool = False


@dataclass(slots=True)
class Pause:
    """Wait, then see that the server is there: an embedded one that died is started again.

    Attributes:
        seconds: how long.
    """

    seconds: float


Plan = Generator[Unary | Streaming | Pause, Any, T]
"""Commands that lead to a result."""


class Method:
    """A method of the contract.

    Attributes:
        path: its full name.
        response: class of its responses.
        tells_id: whether its responses have the id of the request's graph.
    """

    def __init__(self, service: str, name: str, response: type[Any], *, tells_id: bool = False) -> None:
        self.path = f"/gradwire.v1.{service}/{name}"
        self.response = response
        self.tells_id = tells_id

    def read(self, data: bytes | memoryview) -> tuple[Any, list[memoryview]]:
        """Return a response, and what was cut out of it."""
        message, bulk = cut(data, self.response.DESCRIPTOR)
        return self.response.FromString(message), bulk


REGISTER = Method("DifferentiationService", "RegisterGraph", pb.RegisterGraphResponse)


class Known(NamedTuple):
    """A graph that the server has.

    Attributes:
        graph_id: under which id.
        source: field 1 of a request, naming it.
    """

    graph_id: str
    source: bytes


class Core:
    """What a connection knows: which graphs the server has, and how long calls may take."""

    def __init__(self, timeout: float | None) -> None:
        """Begin with a server that knows nothing.

        Args:
            timeout: seconds that a call may take when it does not say otherwise; None: no limit.
        """
        self.timeout = timeout
        self._sent: WeakKeyDictionary[Graph, Known] = WeakKeyDictionary()
        self._sent_texts: dict[str, Known] = {}

    def bind(
        self, source: Source, inputs: Mapping[str, Any], rows: Collection[str] = ()
    ) -> tuple[Graph | str, Mapping[str, Any]]:
        """Return the graph of a source, and what to feed it.

        Args:
            source: a graph, its text form, or a function.
            inputs: what to feed.
            rows: names of arguments of a function whose first axis may have another length in a later run.
        """
        if isinstance(source, Graph | str):
            return source, inputs
        return as_function(source).trace(inputs, rows)

    def feed(self, number: int, graph: Graph | str, feeds: Mapping[str, Any]) -> list[Part]:
        """Write what is fed as a map<string, Tensor>; numbers and lists take the type of their variable.

        Args:
            number: number of the map's field.
            graph: what is fed.
            feeds: arrays and references by name.
        """
        parts: list[Part] = []
        for name, value in feeds.items():
            if isinstance(value, TensorRef):
                entry = field(1, name.encode()) + field(2, encode_tensor(value).SerializeToString())
                parts.append(field(number, entry))
            else:
                parts += tensor_entry(number, name, self.array(graph, name, value))
        return parts

    def array(self, graph: Graph | str, name: str, value: Any) -> Array:
        """Return what is fed to a variable as an array.

        Raises: TypeError when it is none.
        """
        try:
            known = graph.element_types.get(name, "") if isinstance(graph, Graph) else "float64"
            return as_array(value, known)
        except (TypeError, ValueError) as error:
            raise TypeError(f"{name!r} was fed something that is no array: {error}") from error

    # Calls

    def send(self, command: Unary | Streaming, *, repeatable: Callable[[], bool] = lambda: True) -> Plan[Any]:
        """Make a call; make it again, within its time, when the server can't be reached.

        Args:
            command: a call that may be repeated.
            repeatable: tells whether it may still be repeated.
        """
        start = time.monotonic()
        timeout = command.timeout
        for delay in _DELAYS:
            try:
                return (yield command)
            except UnavailableError:
                spent = time.monotonic() - start + delay
                if not repeatable() or (timeout is not None and spent >= timeout):
                    raise
            yield Pause(delay)
            if timeout is not None:
                command.timeout = max(timeout - (time.monotonic() - start), 0.001)
        return (yield command)

    def call(self, method: Method, request: Message, timeout: float | None = None) -> Plan[Any]:
        """Make a call that is about no graph; return the response."""
        reply = yield from self.send(Unary(method.path, [request.SerializeToString()], timeout or self.timeout))
        return method.read(reply)[0]

    def ask(
        self, method: Method, graph: Graph | str, parts: list[Part], timeout: float | None
    ) -> Plan[tuple[Any, list[memoryview]]]:
        """Make a call about a graph: by its id if the server has it, else with the graph itself.

        Args:
            method: a method whose requests have the graph in field 1.
            graph: the graph.
            parts: the rest of the request.
            timeout: seconds that it may take; None: what holds for the connection.

        Returns: the response, and what was cut out of it.
        """
        timeout = self.timeout if timeout is None else timeout
        known = self.known(graph)
        if known is not None:
            try:
                return method.read((yield from self.send(Unary(method.path, [known.source, *parts], timeout))))
            except GraphUnknownError:
                self.forget(graph)
        reply = yield from self.send(Unary(method.path, [_whole(graph), *parts], timeout))
        response, bulk = method.read(reply)
        if method.tells_id:
            self.remember(graph, response.graph_id)
        return response, bulk

    def follow(
        self,
        method: Method,
        graph: Graph | str,
        wrap: Callable[[bytes], list[Part]],
        receive: Callable[[Any, list[memoryview]], None],
        timeout: float | None,
    ) -> Plan[None]:
        """Make a call about a graph that has a stream of responses; it is repeated only while none has come.

        Args:
            method: the method.
            graph: the graph, which is made known to the server before.
            wrap: writes the request, given its graph field.
            receive: is given each response, and what was cut out of it.
            timeout: seconds that it may take; None: what holds for the connection.
        """
        received = 0

        def read(data: bytes) -> None:
            nonlocal received
            received += 1
            receive(*method.read(data))

        timeout = self.timeout if timeout is None else timeout
        for last in (False, True):
            known = yield from self.register(graph)
            request = joined(wrap(known.source))
            try:
                command = Streaming(method.path, partial(iter, [request]), read, timeout)
                yield from self.send(command, repeatable=lambda: not received)
            except GraphUnknownError:
                if last:
                    raise
                self.forget(graph)
            else:
                return

    # Graphs that the server has

    def register(self, graph: Graph | str) -> Plan[Known]:
        """Make a graph known to the server, unless it is."""
        known = self.known(graph)
        if known is None:
            reply = yield from self.send(Unary(REGISTER.path, [_whole(graph)], self.timeout))
            known = self.remember(graph, REGISTER.read(reply)[0].graph_id)
        return known

    def known(self, graph: Graph | str) -> Known | None:
        """Return how the server knows a graph; None when it is not known to have it."""
        return self._sent.get(graph) if isinstance(graph, Graph) else self._sent_texts.get(graph)

    def remember(self, graph: Graph | str, graph_id: str) -> Known:
        """Note under which id the server has a graph."""
        known = Known(graph_id, field(1, pb.GraphSource(graph_id=graph_id).SerializeToString()))
        if isinstance(graph, Graph):
            self._sent[graph] = known
        else:
            self._sent_texts[graph] = known
        return known

    def forget(self, graph: Graph | str) -> None:
        """Note that the server does not have a graph."""
        if isinstance(graph, Graph):
            self._sent.pop(graph, None)
        else:
            self._sent_texts.pop(graph, None)


def _whole(graph: Graph | str) -> bytes:
    source = pb.GraphSource(graph=graph.message) if isinstance(graph, Graph) else pb.GraphSource(text=graph)
    return field(1, source.SerializeToString())
