"""Minimizations as requests ask for them, whether a call waits for them or a training job makes them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from gradwire import v1 as pb
from gradwire_service.backend import Interrupt, never
from gradwire_service.engine import Engine
from gradwire_service.graph import Graph
from gradwire_service.library import Choice, types_of
from gradwire_service.server.reading import Reader
from gradwire_service.training import Progress, Result, Snapshot
from gradwire_service.training.running import Ending, Keep
from gradwire_service.wire.evaluation import DecodeTensors
from gradwire_service.wire.optimization import (
    decode_recipe,
    decode_state,
    encode_progress,
    encode_result,
)
from gradwire_service.wire.tensors import Bulk


def by_update_rule(
    engine: Engine,
    asked: pb.Minimization,
    graph: Graph,
    decode: DecodeTensors,
    choice: Choice,
    interrupt: Interrupt,
    resume: Snapshot | None = None,
    keep: Keep | None = None,
) -> Iterator[Progress | Result]:
    """Minimize by an update rule.

    Raises: what is wrong with the request, before the first step.
    """
    recipe = decode_recipe(asked, decode)
    return engine.minimize(
        graph,
        decode(asked.parameters, "minimization.parameters"),
        decode(asked.data, "minimization.data"),
        recipe,
        rows=tuple(asked.batching.row_variables) or None,
        state=decode_state(asked.state, decode, "minimization.state") if asked.HasField("state") else None,
        validation=decode(asked.validation_data, "minimization.validation_data") if asked.validation_data else None,
        loss=asked.loss,
        choice=choice,
        interrupt=interrupt,
        resume=resume and resume.fitted(recipe.optimizer),
        keep=keep,
    )


class Minimizing:
    """What training jobs do, and what is told of it."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader

    def events(
        self, asked: pb.Minimization, bulk: Bulk, interrupt: Interrupt, resume: Snapshot | None, keep: Keep | None
    ) -> Iterator[Progress | Ending]:
        """Minimize; yield reports and, last, how it ended.

        The compiler is waited for: a change from one tier to another in mid-way would change the last bits, and when it
        comes depends on when the job began.
        """
        graph = self.reader.graph(asked.graph, bulk)
        choice = replace(self.reader.choice(asked.options), wait_for_compiled=True)
        return by_update_rule(self.reader.engine, asked, graph, self._decoder(bulk), choice, interrupt, resume, keep)

    def check(self, asked: pb.Minimization, bulk: Bulk) -> None:
        """See that a minimization can begin.

        Raises: what is wrong with it, as far as that shows before the first step.
        """
        graph, decode = self.reader.graph(asked.graph, bulk), self._decoder(bulk)
        self.events(asked, bulk, never, None, None)
        fed = {**decode(asked.data, "minimization.data"), **decode(asked.parameters, "minimization.parameters")}
        rows = asked.batching.row_variables or [v.name for v in graph.variables if v.dimensions[:1] == ("batch",)]
        size = asked.batching.batch_size or None
        batch = {name: array[:size] if name in rows and array.ndim else array for name, array in fed.items()}
        self.reader.engine.typed(graph, types_of(batch))

    def encode_report(self, report: Progress) -> pb.MinimizationProgress:
        """Return how far a minimization is."""
        return encode_progress(report)

    def encode_ending(self, ending: object, asked: pb.Minimization, bulk: Bulk) -> pb.MinimizationResult:
        """Return how a minimization ended.

        Args:
            ending: how it ended, as `events` told.
            asked: what was to be minimized.
            bulk: what was cut out of that.
        """
        assert isinstance(ending, Result)
        graph = self.reader.graph(asked.graph, bulk)
        return encode_result(ending, self.reader.choice(asked.options).backend, graph.id)

    def _decoder(self, bulk: Bulk) -> DecodeTensors:
        return lambda messages, field: self.reader.arrays(messages, field, bulk)
