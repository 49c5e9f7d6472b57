"""OptimizationService: steps, minimizations, training jobs."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing

from gradwire import v1 as pb
from gradwire_service.backend import Interrupt
from gradwire_service.errors import CancelledError
from gradwire_service.server import methods
from gradwire_service.server.calls import Call, raw
from gradwire_service.server.jobs import JobServicer
from gradwire_service.server.minimizing import by_update_rule
from gradwire_service.server.reading import Reader
from gradwire_service.server.workers import deadline_exceeded
from gradwire_service.training import Progress, StopReason
from gradwire_service.training.store import Store
from gradwire_service.wire.evaluation import TIERS, DecodeTensors
from gradwire_service.wire.optimization import (
    decode_policy,
    decode_schedule,
    decode_state,
    decode_update,
    encode_progress,
    encode_result,
    encode_step,
)
from gradwire_service.wire.tensors import Bulk


class OptimizationServicer(JobServicer):
    """Steps, minimizations, and training jobs."""

    def __init__(self, reader: Reader, store: Store) -> None:
        super().__init__(reader, store)
        self.reader = reader
        self.engine = reader.engine

    @raw
    async def Step(self, data: bytes, call: Call) -> bytes:
        def step(interrupt: Interrupt) -> bytes:
            request, bulk = self.reader.message(pb.StepRequest, data)
            graph = self.reader.graph(request.graph, bulk)
            decode = self._decoder(bulk)
            choice = self.reader.choice(request.options)
            parameters, given = decode(request.parameters, "parameters"), decode(request.data, "data")
            state = decode_state(request.state, decode) if request.HasField("state") else None
            start = time.perf_counter()
            taken = self.engine.step(
                graph,
                parameters,
                given,
                decode_update(request.optimizer, decode),
                state=state,
                schedule=decode_schedule(request.optimizer),
                loss=request.loss,
                policy=decode_policy(request.optimizer),
                choice=choice,
                interrupt=interrupt,
            )
            seconds = time.perf_counter() - start
            ran = pb.Execution(backend=choice.backend, tier=TIERS[taken.tier], function_evaluations=1, seconds=seconds)
            return encode_step(taken, ran, graph.id).SerializeToString()

        return await call.work(step)

    @raw
    async def Minimize(self, data: bytes, call: Call) -> AsyncIterator[pb.MinimizeResponse]:
        def minimize(interrupt: Interrupt) -> Iterator[pb.MinimizeResponse]:
            request, bulk = self.reader.message(pb.MinimizeRequest, data)
            asked = request.minimization
            graph = self.reader.graph(asked.graph, bulk)
            decode = self._decoder(bulk)
            choice = self.reader.choice(asked.options)
            if methods.is_ours(asked):
                in_time = methods.before(call.deadline, interrupt)
                yield from methods.minimize(self.engine, asked, graph, decode, choice, in_time)
                return
            for event in by_update_rule(self.engine, asked, graph, decode, choice, interrupt):
                if isinstance(event, Progress):
                    yield pb.MinimizeResponse(progress=encode_progress(event))
                elif event.stop_reason is StopReason.DEADLINE:
                    raise deadline_exceeded()
                elif event.stop_reason is StopReason.CANCELLED:
                    raise CancelledError("the caller went away; the work was stopped")
                else:
                    yield pb.MinimizeResponse(result=encode_result(event, choice.backend, graph.id))

        async with aclosing(call.stream(minimize, _weight)) as events:
            async for event in events:
                yield event

    async def Search(self, call: Call) -> AsyncIterator[pb.SearchResponse]:
        async with aclosing(methods.search(self.reader, call)) as responses:
            async for response in responses:
                yield response

    def _decoder(self, bulk: Bulk) -> DecodeTensors:
        return lambda messages, field: self.reader.arrays(messages, field, bulk)


def _weight(event: pb.MinimizeResponse) -> int:
    """Return what a report takes while a slow reader keeps it waiting; the result is never dropped."""
    return 1000 + event.ByteSize() if event.HasField("progress") else 0
