"""What requests of several services share: graphs, tensors, options."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from google.protobuf.message import Message

from gradwire import v1 as pb
from gradwire_service.engine import Engine
from gradwire_service.errors import GradwireError, GraphUnknownError, MalformedMessageError, raise_all
from gradwire_service.graph import Graph, parse
from gradwire_service.library import Choice
from gradwire_service.query import Arrays
from gradwire_service.server import calls
from gradwire_service.server.store import TensorStore
from gradwire_service.wire.bulk import LARGE_MESSAGE, cut, holders
from gradwire_service.wire.evaluation import decode_choice
from gradwire_service.wire.graphs import read_graph
from gradwire_service.wire.status import shortened
from gradwire_service.wire.tensors import NO_BULK, Bulk, decode_tensors

M = TypeVar("M", bound=Message)


class Reader:
    """Reads requests with the graphs and tensors at hand that they may name.

    Attributes:
        engine: has the graphs.
        store: has the tensors.
    """

    def __init__(self, engine: Engine, store: TensorStore) -> None:
        self.engine = engine
        self.store = store

    def message(self, message_class: type[M], data: bytes) -> tuple[M, Bulk]:
        """Parse a request; of a large one, the elements of tensors are cut out first.

        Raises: MalformedMessageError, LimitExceededError.
        """
        if len(data) < LARGE_MESSAGE:
            return calls.parse(message_class, data), NO_BULK
        rest, bulk = cut(data, holders(message_class.DESCRIPTOR))
        return calls.parse(message_class, rest), bulk

    def graph(self, source: pb.GraphSource, bulk: Bulk = NO_BULK) -> Graph:
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

    def arrays(self, messages: Mapping[str, pb.Tensor], field: str, bulk: Bulk = NO_BULK) -> Arrays:
        """Return the arrays of a map, sorted by name.

        Raises: MalformedTensorError, LimitExceededError, TensorUnknownError.
        """
        return decode_tensors(messages, field, self.store.get, bulk)

    def choice(self, message: pb.ExecutionOptions) -> Choice:
        """Return which backend is to run, and how.

        Raises: InvalidRequestError.
        """
        return decode_choice(message, self.engine.default)
