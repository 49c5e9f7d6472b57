"""Evaluate and EvaluateStream: the path that is measured in microseconds."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import NamedTuple
from weakref import WeakKeyDictionary

import numpy as np

from gradwire import v1 as pb
from gradwire_service.backend import Interrupt, Tier, never
from gradwire_service.engine import COMPILATION_SECONDS, Choice
from gradwire_service.errors import GradwireError
from gradwire_service.graph import Graph, TensorType
from gradwire_service.program import Program
from gradwire_service.query import Arrays
from gradwire_service.server.calls import END, IDLE, Call, parse, status_error
from gradwire_service.server.reading import Bulk, Reader
from gradwire_service.wire.bulk import LARGE_MESSAGE, Pieces, head
from gradwire_service.wire.evaluation import Questions, decode_queries, write_evaluation
from gradwire_service.wire.status import encode_status

AT_ONCE = 1e-3
"""Seconds: a program whose last run took no longer runs right in the event loop."""

IN_FLIGHT = 64
"""Calls of one stream that may wait for threads; after that the stream is read no further."""

_LOOK = 0.05
"""Seconds between two looks at whether who waits for a compiler is still there."""

Opened = tuple[pb.EvaluateRequest, Bulk]


class Point(NamedTuple):
    """A decoded request.

    Attributes:
        graph: the graph.
        inputs: an array for each variable that is fed, sorted by name.
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


class Run(NamedTuple):
    """The last run of a program.

    Attributes:
        seconds: what it took.
        tier: how it ran.
    """

    seconds: float
    tier: Tier


class Evaluator:
    """Answers evaluations: at once in the event loop, or in a thread."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.engine = reader.engine
        self._runs: WeakKeyDictionary[Program, Run] = WeakKeyDictionary()

    async def evaluate(self, data: bytes, call: Call) -> bytes:
        """Answer one request."""
        if len(data) >= LARGE_MESSAGE:
            return b"".join(await self.later(call, lambda: self.reader.message(pb.EvaluateRequest, data)))
        request = parse(pb.EvaluateRequest, data)
        pieces = self.at_once(request)
        return b"".join(pieces if pieces is not None else await self.later(call, lambda: (request, ())))

    def at_once(self, request: pb.EvaluateRequest) -> Pieces | None:
        """Answer right here when everything is at hand and little is to do; None otherwise.

        How long a program takes is what it took the last time: an estimate could be wrong, and hold up everybody.
        """
        if request.graph.WhichOneof("source") != "graph_id":
            return None
        point = self._point(request, ())
        program = self.engine.known_program(
            point.graph.id, tuple(point.types.items()), point.questions.queries, point.choice
        )
        last = self._runs.get(program) if program is not None else None
        if program is None or last is None or last.seconds > AT_ONCE:
            return None
        if point.choice.wait_for_compiled and last.tier is not Tier.COMPILED:
            return None
        return self._run(program, point, never)

    async def later(self, call: Call, opened: Callable[[], Opened], deadline: float | None = None) -> Pieces:
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
            self.wait(program, interrupt)
        return self._run(program, point, interrupt)

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

    def _run(self, program: Program, point: Point, interrupt: Interrupt) -> Pieces:
        start = time.perf_counter()
        evaluation = program.run(program.feed(point.inputs, point.questions.directions), interrupt)
        self._runs[program] = Run(time.perf_counter() - start, evaluation.execution.tier)
        return write_evaluation(evaluation, point.graph.id)

    def _point(self, request: pb.EvaluateRequest, bulk: Bulk) -> Point:
        reader = self.reader
        return Point(
            reader.graph(request.graph, bulk),
            reader.arrays(request.inputs, "inputs", bulk),
            decode_queries(request.queries, lambda messages, field: reader.arrays(messages, field, bulk)),
            reader.choice(request.options),
        )


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

        Raises: MalformedMessageError and LimitExceededError, which end the stream.
        """
        bulk: Bulk = ()
        if len(data) < LARGE_MESSAGE:
            request = parse(pb.EvaluateStreamRequest, data)
            try:
                pieces = self.evaluator.at_once(request.request)
            except Exception as error:
                await self.write(self.refusal(request.call_id, error))
                return
            if pieces is not None:
                await self.write(answer(request.call_id, pieces))
                return
        else:
            read = self.evaluator.reader.message
            request, bulk = await self.call.work(lambda _: read(pb.EvaluateStreamRequest, data))
        while len(self.running) >= IN_FLIGHT:
            await asyncio.wait(self.running, return_when=asyncio.FIRST_COMPLETED)
        task = asyncio.create_task(self.answer_later(request, bulk))
        self.running.add(task)
        task.add_done_callback(self.running.discard)

    async def answer_later(self, request: pb.EvaluateStreamRequest, bulk: Bulk) -> None:
        """Answer one request from a thread."""
        deadline = self.call.next_deadline()
        try:
            pieces = await self.evaluator.later(self.call, lambda: (request.request, bulk), deadline)
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


def answer(call_id: int, pieces: Pieces) -> bytes:
    """Write an `EvaluateStreamResponse` around an `EvaluateResponse`."""
    length = sum(piece.nbytes if isinstance(piece, np.ndarray) else len(piece) for piece in pieces)
    return b"".join((pb.EvaluateStreamResponse(call_id=call_id).SerializeToString(), head(2, length), *pieces))
