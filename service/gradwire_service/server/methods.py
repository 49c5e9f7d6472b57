"""What OptimizationService does with methods that own their loop, searches, and many starts."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Iterator, Mapping
from dataclasses import replace
from functools import partial

from gradwire import v1 as pb
from gradwire_service.backend import Interrupt
from gradwire_service.engine import Engine
from gradwire_service.errors import CancelledError, InvalidRequestError, MalformedMessageError, OptimizerUnknownError
from gradwire_service.graph import Array, Graph
from gradwire_service.library import Choice
from gradwire_service.methods import Conditions, Solution
from gradwire_service.query import Arrays
from gradwire_service.searches import Candidates, Run, Search, begin, multi_start
from gradwire_service.server.calls import END, IDLE, Call, parse
from gradwire_service.server.minimizing import by_update_rule
from gradwire_service.server.reading import Reader
from gradwire_service.server.workers import deadline_exceeded
from gradwire_service.training import Progress, ReportingRule, Result, StopReason
from gradwire_service.wire.evaluation import DecodeTensors
from gradwire_service.wire.methods import (
    decode_bounds,
    decode_conditions,
    decode_method,
    decode_multi_start,
    decode_of,
    encode_generation,
    encode_report,
    encode_solution,
    is_update_rule,
)


def is_ours(asked: pb.Minimization) -> bool:
    """Tell whether a minimization is more than one run of an update rule."""
    return asked.HasField("multi_start") or not is_update_rule(asked.optimizer)


def before(deadline: float, interrupt: Interrupt) -> Interrupt:
    """Return what interrupts a little before the deadline, so that what was reached arrives in time.

    Args:
        deadline: time by the monotonic clock.
        interrupt: interrupts when the caller goes away.
    """
    margin = min(MARGIN, (deadline - time.monotonic()) / 10)

    def interrupt_in_time() -> None:
        interrupt()
        if time.monotonic() > deadline - margin:
            raise deadline_exceeded()

    return interrupt_in_time


MARGIN = 1.0
"""Seconds that the last result is given to arrive, or a tenth of the whole time if that is less."""


def minimize(
    engine: Engine, asked: pb.Minimization, graph: Graph, decode: DecodeTensors, choice: Choice, interrupt: Interrupt
) -> Iterator[pb.MinimizeResponse]:
    """Minimize; yield reports and, last, the result.

    Raises: what is wrong with the request; NotFiniteError; CancelledError, DeadlineExceededError.
    """
    for event in events(engine, asked, graph, decode, choice, interrupt):
        if isinstance(event, Progress):
            yield pb.MinimizeResponse(progress=encode_report(event))
        elif isinstance(event, Solution):
            if event.stop_reason is StopReason.CANCELLED:
                raise CancelledError("the caller went away; the work was stopped")
            yield pb.MinimizeResponse(result=encode_solution(event, choice.backend, graph.id))


def events(
    engine: Engine, asked: pb.Minimization, graph: Graph, decode: DecodeTensors, choice: Choice, interrupt: Interrupt
) -> Iterator[Progress | Solution | Result]:
    """Minimize; yield reports and, last, how it ended.

    Raises: what is wrong with the request, before anything runs.
    """
    bounds = decode_bounds(asked.optimizer, decode)
    parameters = decode(asked.parameters, "minimization.parameters")
    starts = decode_multi_start(asked)
    if starts is None:
        return _runner(engine, asked, graph, decode, choice, decode_conditions(asked, interrupt))(parameters)
    stopping, reporting = asked.stopping, asked.reporting
    conditions = Conditions(reporting=ReportingRule(parameters=reporting.parameters), interrupt=interrupt)
    conditions = replace(conditions, budget=replace(conditions.budget, seconds=stopping.seconds))
    run = _runner(engine, asked, graph, decode, choice, conditions)
    return multi_start(run, parameters, starts, bounds=bounds, conditions=conditions, seed=asked.seed)


def _runner(
    engine: Engine, asked: pb.Minimization, graph: Graph, decode: DecodeTensors, choice: Choice, whole: Conditions
) -> Run:
    """Return what minimizes from one start."""
    if is_update_rule(asked.optimizer):
        decode_of(asked, None)

        def follow(start: Mapping[str, Array]) -> Iterator[Progress | Result]:
            def from_start(messages: Mapping[str, pb.Tensor], field: str) -> Arrays:
                return start if field == "minimization.parameters" else decode(messages, field)

            return by_update_rule(engine, asked, graph, from_start, choice, whole.interrupt)

        return follow
    data = decode(asked.data, "minimization.data")
    method, bounds = decode_method(asked.optimizer), decode_bounds(asked.optimizer, decode)
    of, conditions = decode_of(asked, method), decode_conditions(asked, whole.interrupt)

    def solve(start: Mapping[str, Array]) -> Iterator[Progress | Solution]:
        return engine.solve(
            graph,
            start,
            data,
            method,
            of=of,
            bounds=bounds,
            conditions=conditions,
            seed=asked.seed,
            choice=choice,
        )

    return solve


async def search(reader: Reader, call: Call) -> AsyncGenerator[pb.SearchResponse]:
    """Search with losses that the caller tells.

    Raises: what is wrong with the requests.
    """
    first = await call.read()
    if first is END:
        raise MalformedMessageError("the call has no message; send one that says how to search")
    event = parse(pb.SearchRequest, first)
    if not event.HasField("start"):
        raise InvalidRequestError("the first message has to say how to search; send start", field="start")
    start = event.start
    if start.optimizer.name not in Search.registry:
        text = f"there is no search {start.optimizer.name!r}; there are: {', '.join(sorted(Search.registry))}"
        raise OptimizerUnknownError(text, field="start.optimizer.name")
    method = decode_method(start.optimizer, "start.optimizer")
    assert isinstance(method, Search)
    bounds = decode_bounds(start.optimizer, reader.arrays, "start.optimizer")
    parameters = reader.arrays(start.parameters, "start.parameters")
    packing, candidates = await call.work(lambda _: begin(parameters, method, bounds, start.seed), call.next_deadline())

    def generation(_: Interrupt) -> pb.SearchResponse:
        return encode_generation(number, candidates, packing)

    number = 1
    while True:
        yield await call.work(generation, call.next_deadline())
        message = await call.read(IDLE)
        if message is END or candidates.ended:
            return
        told = parse(pb.SearchRequest, message).losses
        if told.generation != number:
            text = f"losses of generation {told.generation} were told, but generation {number} was asked about"
            raise InvalidRequestError(f"{text}; answer each response once", field="losses.generation")
        losses = reader.arrays({"losses": told.losses}, "losses")["losses"]
        await call.work(partial(_tell, candidates, losses), call.next_deadline())
        number += 1


def _tell(candidates: Candidates, losses: Array, interrupt: Interrupt) -> None:
    candidates.tell(losses)
