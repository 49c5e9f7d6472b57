"""Evaluate and EvaluateStream: the path that is measured in microseconds."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from gradwire import v1 as pb
from gradwire_service.backend import Interrupt, never
from gradwire_service.errors import GradwireError
from gradwire_service.graph import Graph, TensorType
from gradwire_service.library import COMPILATION_SECONDS, Choice
from gradwire_service.program import Program
from gradwire_service.query import Arrays, Evaluation
from gradwire_service.server.calls import END, IDLE, Call, parse, status_error
from gradwire_service.server.reading import Reader
from gradwire_service.server.repetition import Repetition, Repetitions, outlined, repetition
from gradwire_service.wire.bulk import Pieces, cut, holders, open_stream_request
from gradwire_service.wire.evaluation import Questions, decode_queries, write_answer, write_call_id, write_evaluation
from gradwire_service.wire.status import encode_status
from gradwire_service.wire.tensors import Bulk

AT_ONCE = 1e-3
"""Seconds of processor time: a request like one that took less is answered right in the event loop."""

IN_FLIGHT = 64
"""Calls of one stream that may wait for threads; after that the stream is read no further."""

_LOOK = 0.05
"""Seconds between two looks at whether who waits for a compiler is still there."""

_HOLDERS = holders(pb.EvaluateRequest.DESCRIPTOR)


class Point(NamedTuple):
    """A decoded request.

    Attributes:
        graph: the graph.
        inputs: an array for each variable that is fed, sorted by name.
        questions: the queries, with their tangents, cotangents or vectors.
        choice: backend and settings.
        bulk: the tensors of the request; None when its graph is not named by id.
    """

    graph: Graph
    inputs: Arrays
    questions: Questions
    choice: Choice
    bulk: Bulk | None

    @property
    def types(self) -> dict[str, TensorType]:
        """Types of the inputs."""
        return {name: TensorType.of(array) for name, array in self.inputs.items()}


Finish = Callable[[Pieces], bytes]
"""Puts the pieces of a response together."""


class Evaluator:
    """Answers evaluations: in the event loop when that is known to be quick, else in a thread.

    How long an answer takes is what it took the last time: an estimate could be wrong, and hold up everybody.
    """

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.engine = reader.engine
        self._known = Repetitions()

    def at_once(self, message: bytes, start: int = 0) -> Pieces | None:
        """Answer right here if a request like this one was answered quickly before; None otherwise."""
        known = self._known.find(message, start)
        return known.answer(message, start, never) if known is not None and known.expected < AT_ONCE else None

    async def later(
        self, call: Call, message: bytes, start: int, finish: Finish, deadline: float | None = None
    ) -> bytes:
        """Answer from a thread; from one of those for long work if a compiler is to be waited for."""
        known = self._known.find(message, start)
        if known is not None:
            return await call.work(lambda interrupt: finish(known.answer(message, start, interrupt)), deadline)

        def begin(interrupt: Interrupt) -> tuple[bytes, Repetition | None] | Point:
            point = self._read(message, start)
            return point if point.choice.wait_for_compiled else go_on(point, interrupt)

        def go_on(point: Point, interrupt: Interrupt) -> tuple[bytes, Repetition | None]:
            pieces, again = self._answer(point, message, start, interrupt)
            return finish(pieces), again

        begun = await call.work(begin, deadline)
        if isinstance(begun, Point):
            point = begun
            begun = await call.long_work(lambda interrupt: go_on(point, interrupt), deadline)
        response, again = begun
        if again is not None:
            self._known.remember(again)
        return response

    def _read(self, message: bytes, start: int) -> Point:
        rest, bulk = cut(message, _HOLDERS, start, least=0)
        request = parse(pb.EvaluateRequest, rest)
        reader = self.reader
        return Point(
            reader.graph(request.graph, bulk),
            reader.arrays(request.inputs, "inputs", bulk),
            decode_queries(request.queries, lambda messages, field: reader.arrays(messages, field, bulk)),
            reader.choice(request.options),
            bulk if request.graph.WhichOneof("source") == "graph_id" else None,
        )

    def _answer(
        self, point: Point, message: bytes, start: int, interrupt: Interrupt
    ) -> tuple[Pieces, Repetition | None]:
        """Answer a request; tell how to answer others like it, unless each has to be read."""
        program = self.engine.program(point.graph, point.types, point.questions.queries, point.choice)
        interrupt()
        settled = not point.choice.wait_for_compiled or self.wait(program, interrupt)
        began = time.thread_time()
        fed = program.feed(point.inputs, point.questions.directions)
        outputs, execution = program.execute(fed, interrupt)
        pieces = write_evaluation(Evaluation(program.results(outputs), execution), point.graph.id)
        seconds = time.thread_time() - began
        if point.bulk is None or not settled:
            return pieces, None
        outline = outlined(pieces, outputs)
        return pieces, repetition(message, start, point.bulk, fed, program, outline, seconds)

    def wait(self, program: Program, interrupt: Interrupt) -> bool:
        """Wait until a program is compiled, or can't be; tell whether it is compiled."""
        end = time.monotonic() + COMPILATION_SECONDS
        while True:
            interrupt()
            start = time.monotonic()
            compiled = self.engine.wait(program, _LOOK)
            waited = time.monotonic() - start
            if compiled or waited < _LOOK or start + waited > end:
                return compiled


class EvaluationStream:
    """The calls of one stream: small ones are answered on the spot, others when they are ready."""

    def __init__(self, evaluator: Evaluator, call: Call) -> None:
        self.evaluator, self.call = evaluator, call
        self.running: set[asyncio.Task[None]] = set()
        self.writing = asyncio.Lock()

    async def go(self) -> None:
        """Answer until the caller has sent everything; what is under way is answered even if the stream fails."""
        try:
            while (data := await self.call.read(IDLE)) is not END:
                await self.take(data)
            await asyncio.gather(*self.running)
        except GradwireError:
            await asyncio.gather(*self.running)
            raise
        finally:
            for task in self.running:
                task.cancel()

    async def take(self, data: bytes) -> None:
        """Answer one request, or begin to.

        Raises: MalformedMessageError, which ends the stream.
        """
        opened = open_stream_request(data)
        if opened is None:  # written in another way than protobuf does; it says the same
            request = parse(pb.EvaluateStreamRequest, data)
            number, data, start = write_call_id(request.call_id), request.request.SerializeToString(), 0
        else:
            number, start = opened
        try:
            pieces = self.evaluator.at_once(data, start)
        except Exception as error:
            await self.write(self.refusal(number, error))
            return
        if pieces is not None:
            await self.write(write_answer(number, pieces))
            return
        while len(self.running) >= IN_FLIGHT:
            await asyncio.wait(self.running, return_when=asyncio.FIRST_COMPLETED)
        task = asyncio.create_task(self.answer_later(number, data, start))
        self.running.add(task)
        task.add_done_callback(self.running.discard)

    async def answer_later(self, number: bytes, data: bytes, start: int) -> None:
        """Answer one request from a thread."""
        try:
            message = await self.evaluator.later(
                self.call, data, start, partial(write_answer, number), self.call.next_deadline()
            )
        except Exception as error:
            message = self.refusal(number, error)
        await self.write(message)

    def refusal(self, number: bytes, error: Exception) -> bytes:
        """Return the answer to a call that failed."""
        fault = status_error(error, self.call.method.full_name)
        return number + pb.EvaluateStreamResponse(error=encode_status(fault)).SerializeToString()

    async def write(self, message: bytes) -> None:
        """Send an answer; one at a time, as the library needs it."""
        if not self.running:
            await self.call.context.write(message)
            return
        async with self.writing:
            await self.call.context.write(message)
