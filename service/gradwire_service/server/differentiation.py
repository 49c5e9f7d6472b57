"""DifferentiationService: values and derivatives of graphs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import cache
from typing import NamedTuple
from weakref import WeakSet

import numpy as np

from gradwire import v1 as pb
from gradwire_service.backend import DifferentiatingBackend, Interrupt, Tier, backend, never
from gradwire_service.engine import Choice, Engine
from gradwire_service.errors import GradwireError, GraphUnknownError, MalformedMessageError, raise_all
from gradwire_service.graph import Graph, TensorType, parse
from gradwire_service.program import Program
from gradwire_service.query import Arrays
from gradwire_service.server.calls import END, IDLE, Call, raw, status_error
from gradwire_service.server.calls import parse as parse_message
from gradwire_service.server.store import TensorStore
from gradwire_service.wire.bulk import LARGE_MESSAGE, Pieces, cut, head, holders
from gradwire_service.wire.evaluation import Questions, decode_choice, decode_queries, write_evaluation
from gradwire_service.wire.graphs import read_graph
from gradwire_service.wire.status import encode_status, shortened
from gradwire_service.wire.tensors import decode_tensors

AT_ONCE = 1e-3
"""Seconds of estimated work that are done right in the event loop."""

IN_FLIGHT = 64
"""Calls of one stream that may wait for threads; after that the stream is read no further."""

_EVALUATE = holders(pb.EvaluateRequest.DESCRIPTOR)
_EVALUATE_STREAM = holders(pb.EvaluateStreamRequest.DESCRIPTOR)


class Point(NamedTuple):
    """A decoded request: a graph, what it is fed, and what is asked.

    Attributes:
        graph: the graph.
        inputs: an array for each variable that is fed, in the order of the graph.
        questions: the queries, with their tangents, cotangents or vectors.
        choice: backend and settings.
    """

    graph: Graph
    inputs: Arrays
    questions: Questions
    choice: Choice

    @property
    def types(self) -> dict[str, TensorType]:
        """Types of the inputs."""
        return {name: TensorType.of(array) for name, array in self.inputs.items()}


class DifferentiationServicer:
    """Decodes, calls the engine, encodes."""

    def __init__(self, engine: Engine, store: TensorStore) -> None:
        self.engine = engine
        self.store = store
        self._compiled: WeakSet[Program] = WeakSet()

    async def RegisterGraph(self, request: pb.RegisterGraphRequest, call: Call) -> pb.RegisterGraphResponse:
        graph = await call.work(lambda _: self.graph(request.graph))
        return pb.RegisterGraphResponse(graph_id=graph.id)

    # Evaluate

    @raw
    async def Evaluate(self, data: bytes, call: Call) -> bytes:
        if len(data) >= LARGE_MESSAGE:
            return b"".join(await self._elsewhere(call, lambda: open_request(data)))
        request = parse_message(pb.EvaluateRequest, data)
        pieces = self._at_once(request)
        return b"".join(pieces if pieces is not None else await self._elsewhere(call, lambda: (request, ())))

    @raw
    async def EvaluateStream(self, call: Call) -> None:
        stream = _Stream(self, call)
        try:
            while (data := await call.read(IDLE)) is not END:
                await stream.take(data)
        except GradwireError:
            await stream.finish()
            raise
        finally:
            stream.cancel()
        await stream.finish()

    def _at_once(self, request: pb.EvaluateRequest) -> Pieces | None:
        """Answer right in the event loop when everything is at hand and little is to do; None otherwise."""
        if request.graph.WhichOneof("source") != "graph_id":
            return None
        point = self._point(request, ())
        program = self.engine.known_program(
            point.graph.id, tuple(point.types.items()), point.questions.queries, point.choice
        )
        if program is None or not _runs_once(program.backend):
            return None
        tier = Tier.COMPILED if program in self._compiled else Tier.INTERPRETED
        if program.seconds(tier) > AT_ONCE or (point.choice.wait_for_compiled and tier is not Tier.COMPILED):
            return None
        return self._run(program, point, never)

    async def _elsewhere(self, call: Call, opened: Callable[[], Opened], deadline: float | None = None) -> Pieces:
        """Decode, prepare and run in a thread; in one of those for long work if a compiler is to be waited for."""

        def begin(interrupt: Interrupt) -> Pieces | Point:
            point = self._point(*opened())
            return point if point.choice.wait_for_compiled else self._prepare_and_run(point, interrupt)

        begun = await call.work(begin, deadline)
        if isinstance(begun, Point):
            point = begun
            return await call.long_work(lambda interrupt: self._prepare_and_run(point, interrupt), deadline)
        return begun

    def _prepare_and_run(self, point: Point, interrupt: Interrupt) -> Pieces:
        program = self.engine.program(point.graph, point.types, point.questions.queries, point.choice)
        interrupt()
        if point.choice.wait_for_compiled:
            self.engine.wait(program)
        return self._run(program, point, interrupt)

    def _run(self, program: Program, point: Point, interrupt: Interrupt) -> Pieces:
        evaluation = program.run(program.feed(point.inputs, point.questions.directions), interrupt)
        if evaluation.execution.tier is Tier.COMPILED:
            self._compiled.add(program)
        return write_evaluation(evaluation, point.graph.id)

    def _point(self, request: pb.EvaluateRequest, bulk: Sequence[memoryview]) -> Point:
        stored = self.store.get
        return Point(
            self.graph(request.graph, bulk),
            decode_tensors(request.inputs, "inputs", stored, bulk),
            decode_queries(request.queries, lambda messages, field: decode_tensors(messages, field, stored, bulk)),
            decode_choice(request.options, self.engine.default),
        )

    def graph(self, source: pb.GraphSource, bulk: Sequence[memoryview] = ()) -> Graph:
        """Return the graph that a request is about, checked and registered.

        Raises: GraphUnknownError, TextSyntaxError, or one error with all faults of the graph.
        """
        match source.WhichOneof("source"):
            case "graph_id" if source.graph_id.startswith("sha256:"):
                return self.engine.graph(source.graph_id)
            case "graph_id":
                text = f"{shortened(source.graph_id, 80)!r} is no id of a graph; send the graph itself"
                raise GraphUnknownError(text, field="graph.graph_id")
            case "text":
                return self.engine.graph(parse(source.text))
            case "graph":
                graph, faults = read_graph(source.graph, self.store.get, bulk)
                try:
                    graph = self.engine.graph(graph)
                except GradwireError as error:
                    faults += error.faults
                raise_all(faults)
                return graph
        raise MalformedMessageError("the request has no graph; send one, or its id, or its text form", field="graph")


class _Stream:
    """The calls of one stream: small ones are answered on the spot, others when they are ready."""

    def __init__(self, servicer: DifferentiationServicer, call: Call) -> None:
        self.servicer, self.call = servicer, call
        self.running: set[asyncio.Task[None]] = set()
        self.writing = asyncio.Lock()

    async def take(self, data: bytes) -> None:
        """Answer one request, or begin to; a request that can't be parsed ends the stream."""
        request, bulk = None, ()
        if len(data) < LARGE_MESSAGE:
            request = parse_message(pb.EvaluateStreamRequest, data)
            try:
                pieces = self.servicer._at_once(request.request)
            except Exception as error:
                await self.write(self.refusal(request.call_id, error))
                return
            if pieces is not None:
                await self.write(answer(request.call_id, pieces))
                return
        else:
            request, bulk = await self.call.work(lambda _: open_stream_request(data))
        while len(self.running) >= IN_FLIGHT:
            await asyncio.wait(self.running, return_when=asyncio.FIRST_COMPLETED)
        task = asyncio.create_task(self.answer_later(request, bulk))
        self.running.add(task)
        task.add_done_callback(self.running.discard)

    async def answer_later(self, request: pb.EvaluateStreamRequest, bulk: Sequence[memoryview]) -> None:
        """Answer one request from a thread."""
        deadline = self.call.next_deadline()
        try:
            pieces = await self.servicer._elsewhere(self.call, lambda: (request.request, bulk), deadline)
            message = answer(request.call_id, pieces)
        except Exception as error:
            message = self.refusal(request.call_id, error)
        await self.write(message)

    def refusal(self, call_id: int, error: Exception) -> bytes:
        """Return the answer to a call that failed."""
        fault = status_error(error, self.call.method.full_name)
        return pb.EvaluateStreamResponse(call_id=call_id, error=encode_status(fault)).SerializeToString()

    async def write(self, message: bytes) -> None:
        """Send an answer; one at a time, as the library needs it."""
        async with self.writing:
            await self.call.context.write(message)

    async def finish(self) -> None:
        """Wait for all answers."""
        await asyncio.gather(*self.running)

    def cancel(self) -> None:
        """Stop what is not ready."""
        for task in self.running:
            task.cancel()


Opened = tuple[pb.EvaluateRequest, Sequence[memoryview]]


def open_request(data: bytes) -> Opened:
    """Parse a large request with its tensors cut out."""
    rest, bulk = cut(data, _EVALUATE)
    return parse_message(pb.EvaluateRequest, rest), bulk


def open_stream_request(data: bytes) -> tuple[pb.EvaluateStreamRequest, Sequence[memoryview]]:
    """Parse a large request of a stream with its tensors cut out."""
    rest, bulk = cut(data, _EVALUATE_STREAM)
    return parse_message(pb.EvaluateStreamRequest, rest), bulk


def answer(call_id: int, pieces: Pieces) -> bytes:
    """Write an `EvaluateStreamResponse` around an `EvaluateResponse`."""
    length = sum(piece.nbytes if isinstance(piece, np.ndarray) else len(piece) for piece in pieces)
    return b"".join((pb.EvaluateStreamResponse(call_id=call_id).SerializeToString(), head(2, length), *pieces))


@cache
def _runs_once(name: str) -> bool:
    """Tell whether a backend runs a graph once for an answer, so that its cost is the graph's."""
    return not isinstance(backend(name), DifferentiatingBackend)
