"""DifferentiationService: decode, call the engine, encode."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from dataclasses import replace

from gradwire import v1 as pb
from gradwire_service.backend import Interrupt, Tier, discover
from gradwire_service.comparison import check
from gradwire_service.description import input_types, require_sizes
from gradwire_service.errors import InvalidRequestError
from gradwire_service.library import Choice
from gradwire_service.query import GradientQuery, GradientResult
from gradwire_service.server.calls import Call, raw
from gradwire_service.server.evaluation import EvaluationStream, Evaluator
from gradwire_service.server.reading import Reader
from gradwire_service.wire.description import (
    decode_mode,
    decode_types,
    encode_check,
    encode_comparison,
    encode_derivative,
    encode_description,
    render,
)
from gradwire_service.wire.evaluation import TIERS, decode_choice, decode_queries, encode_execution, names_alone


class DifferentiationServicer:
    """Values and derivatives of graphs."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.engine = reader.engine
        self.evaluator = Evaluator(reader)

    @raw
    async def Evaluate(self, data: bytes, call: Call) -> bytes:
        pieces = self.evaluator.at_once(data)
        return await self.evaluator.later(call, data, 0, b"".join) if pieces is None else b"".join(pieces)

    async def EvaluateStream(self, call: Call) -> None:
        await EvaluationStream(self.evaluator, call).go()

    async def RegisterGraph(self, request: pb.RegisterGraphRequest, call: Call) -> pb.RegisterGraphResponse:
        graph = await call.work(lambda _: self.reader.graph(request.graph))
        return pb.RegisterGraphResponse(graph_id=graph.id)

    async def DescribeGraph(self, request: pb.DescribeGraphRequest, call: Call) -> bytes:
        def describe(_: Interrupt) -> bytes:
            graph = self.reader.graph(request.graph)
            rows = self.engine.describe(graph, request.dimensions, decode_types(request.input_types))
            response = encode_description(rows, graph.id)
            formats = request.formats or [pb.GRAPH_FORMAT_TEXT]
            response.rendering.CopyFrom(render(graph, formats, request.annotations))
            return response.SerializeToString()

        return await call.work(describe)

    async def DifferentiateGraph(self, request: pb.DifferentiateGraphRequest, call: Call) -> bytes:
        def differentiate(_: Interrupt) -> bytes:
            types, mode = decode_types(request.input_types), decode_mode(request.mode)
            graph = self.reader.graph(request.graph)
            found = self.engine.differentiate(graph, request.of, request.wrt, mode, request.dimensions, types)
            formats = request.formats or [pb.GRAPH_FORMAT_TEXT, pb.GRAPH_FORMAT_LATEX]
            return encode_derivative(found, formats).SerializeToString()

        return await call.work(differentiate)

    async def Prepare(self, request: pb.PrepareRequest, call: Call) -> pb.PrepareResponse:
        def prepare(interrupt: Interrupt) -> pb.PrepareResponse:
            start = time.perf_counter()
            graph = self.reader.graph(request.graph)
            types, missing = input_types(graph, {}, decode_types(request.input_types))
            require_sizes(graph, missing)
            queries = decode_queries(request.queries, names_alone).queries
            choice = self.reader.choice(request.options)
            program = self.engine.program(graph, dict(sorted(types.items())), queries, choice)
            if choice.wait_for_compiled:
                compiled = self.evaluator.wait(program, interrupt)
            else:
                compiled = self.engine.wait(program, 0.0)
            tier = Tier.COMPILED if compiled else Tier.INTERPRETED
            return pb.PrepareResponse(graph_id=graph.id, tier=TIERS[tier], seconds=time.perf_counter() - start)

        return await (call.long_work if request.options.wait_for_compiled else call.work)(prepare)

    @raw
    async def CheckGradient(self, data: bytes, call: Call) -> pb.CheckGradientResponse:
        def hold_against_differences(interrupt: Interrupt) -> pb.CheckGradientResponse:
            request, bulk = self.reader.message(pb.CheckGradientRequest, data)
            graph = self.reader.graph(request.graph, bulk)
            inputs = self.reader.arrays(request.inputs, "inputs", bulk)
            choice = decode_choice(request.options, self.engine.default, with_differences=True)
            query = [GradientQuery(request.of, tuple(request.wrt))]
            differences = replace(choice, backend="finite_difference")
            (exact,), ran = self.engine.evaluate_queries(graph, inputs, query, (), choice, interrupt)
            (numerical,), checked = self.engine.evaluate_queries(graph, inputs, query, (), differences, interrupt)
            assert isinstance(exact, GradientResult)
            assert isinstance(numerical, GradientResult)
            rows = check(exact.gradients, numerical.gradients, request.relative_tolerance)
            return pb.CheckGradientResponse(
                passed=all(row.passed for row in rows),
                checks=map(encode_check, rows),
                execution=encode_execution(ran),
                function_evaluations=checked.function_evaluations,
            )

        return await call.long_work(hold_against_differences)

    @raw
    async def CompareBackends(self, data: bytes, call: Call) -> AsyncIterator[pb.CompareBackendsResponse]:
        def compare(interrupt: Interrupt) -> Iterator[pb.CompareBackendsResponse]:
            request, bulk = self.reader.message(pb.CompareBackendsRequest, data)
            reference = Choice("numpy")
            choices = [
                decode_choice(candidate, self.engine.default, f"candidates[{i}]")
                for i, candidate in enumerate(request.candidates)
            ] or [Choice(name) for name, found in discover().items() if found.backend is not None]
            if request.HasField("reference"):
                reference = decode_choice(request.reference, reference, "reference")
            if request.repetitions < 0:
                text = f"{request.repetitions} runs can't be timed; give a number, or 0 to have it chosen"
                raise InvalidRequestError(text, field="repetitions")
            for row in self.engine.compare(
                self.reader.graph(request.graph, bulk),
                self.reader.arrays(request.inputs, "inputs", bulk),
                of=request.of,
                wrt=request.wrt,
                candidates=choices,
                reference=reference,
                repetitions=request.repetitions,
                interrupt=interrupt,
            ):
                yield encode_comparison(row, choices[row.candidate])

        async with aclosing(call.stream(compare)) as rows:
            async for row in rows:
                yield row
