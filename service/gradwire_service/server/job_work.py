"""What training jobs do: minimizations of every kind, as requests ask for them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from gradwire import v1 as pb
from gradwire_service.backend import Interrupt, never
from gradwire_service.library import types_of
from gradwire_service.methods import Generation, LocalMinimum, Solution
from gradwire_service.server import methods
from gradwire_service.server.minimizing import by_update_rule
from gradwire_service.server.reading import Reader
from gradwire_service.training import Progress, Result, Snapshot
from gradwire_service.training.checkpoint import packable
from gradwire_service.training.running import Ending, Keep
from gradwire_service.wire.evaluation import DecodeTensors
from gradwire_service.wire.methods import encode_solution
from gradwire_service.wire.optimization import encode_result
from gradwire_service.wire.tensors import Bulk

packable(Generation, Solution, LocalMinimum)


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
        engine, graph, decode = self.reader.engine, self.reader.graph(asked.graph, bulk), self._decoder(bulk)
        choice = replace(self.reader.choice(asked.options), wait_for_compiled=True)
        if methods.is_ours(asked):
            return _kept(methods.events(engine, asked, graph, decode, choice, interrupt), keep)
        return by_update_rule(engine, asked, graph, decode, choice, interrupt, resume, keep)

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

    def encode_ending(self, ending: object, asked: pb.Minimization, bulk: Bulk) -> pb.MinimizationResult:
        """Return how a minimization ended.

        Args:
            ending: how it ended, as `events` told.
            asked: what was to be minimized.
            bulk: what was cut out of that.
        """
        graph_id, backend = self.reader.graph(asked.graph, bulk).id, self.reader.choice(asked.options).backend
        if isinstance(ending, Solution):
            return encode_solution(ending, backend, graph_id)
        assert isinstance(ending, Result)
        return encode_result(ending, backend, graph_id)

    def _decoder(self, bulk: Bulk) -> DecodeTensors:
        return lambda messages, field: self.reader.arrays(messages, field, bulk)


def _kept(events: Iterator[Progress | Ending], keep: Keep | None) -> Iterator[Progress | Ending]:
    """Look after each report whether to go on; a method that owns its loop has nothing to go on from but its start."""
    for event in events:
        yield event
        if keep is not None and isinstance(event, Progress):
            keep(None)
