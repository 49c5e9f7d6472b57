"""Searches by ask and tell: the server proposes candidates, the caller computes their losses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from queue import SimpleQueue
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import grpc
import numpy as np
import numpy.typing as npt

from gradwire import errors
from gradwire import v1 as pb
from gradwire.optimization import Optimizer
from gradwire.results import Arrays
from gradwire.tensors import decode_tensors, encode_tensor

if TYPE_CHECKING:
    from gradwire.service import Service

_PATH = "/gradwire.v1.OptimizationService/Search"


class Search:
    """A search that the caller evaluates; for one thread.

    >>> with service.search({"x": np.zeros(3)}, optimizer=gw.searches.genetic(), seed=1) as search:
    ...     for candidates in search:
    ...         search.tell([simulate(x) for x in candidates["x"]])
    ...         if search.generation == 40:
    ...             break
    >>> search.best_parameters, search.best_loss

    Attributes:
        generation: number of the generation that was asked about last, from 1.
        candidates: its candidates, by name, each with an axis of them in front.
        best_parameters: the lowest candidate of those whose losses were told, by name; the start before.
        best_loss: its loss.
        ended: why the search ended by itself, in words; empty while it goes on.
    """

    def __init__(self, service: Service, parameters: Mapping[str, npt.ArrayLike], optimizer: Optimizer, seed: int):
        """Begin; `Service.search` does so.

        Raises: GradwireError, by its reason.
        """
        start = pb.SearchStart(optimizer=optimizer.message(), seed=seed)
        for name, value in parameters.items():
            start.parameters[name].CopyFrom(encode_tensor(np.asarray(value)))
        self._address = service._link.target.address
        self._requests: SimpleQueue[bytes | None] = SimpleQueue()
        method = service._link.channel.stream_stream(_PATH)
        self._call: Any = method(iter(self._requests.get, None), metadata=service._link.target.metadata)
        self.generation = 0
        self.candidates: Arrays = {}
        self.best_parameters: Arrays = {}
        self.best_loss = np.inf
        self.ended = ""
        self._answered = False
        self._exchange(pb.SearchRequest(start=start))

    def __iter__(self) -> Iterator[Arrays]:
        """Yield the candidates of one generation after the other; their losses are told in between."""
        while not self.ended:
            self._answered = False
            yield self.candidates
            if not self._answered:
                raise RuntimeError(f"nobody told the losses of generation {self.generation}; call search.tell(losses)")

    def tell(self, losses: npt.ArrayLike) -> None:
        """Tell the losses of the candidates; one that is not finite counts as worse than all others.

        Raises: GradwireError, by its reason.
        """
        found = pb.SearchLosses(generation=self.generation, losses=encode_tensor(np.asarray(losses, np.float64)))
        self._exchange(pb.SearchRequest(losses=found))
        self._answered = True

    def close(self) -> None:
        """End the search; what was found stays."""
        self._requests.put(None)
        self._call.cancel()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _exchange(self, request: pb.SearchRequest) -> None:
        self._requests.put(request.SerializeToString())
        try:
            response = pb.SearchResponse.FromString(next(self._call))
        except StopIteration:
            raise errors.UnavailableError("the server ended the search; begin it anew") from None
        except grpc.RpcError as error:
            raise errors.from_rpc(error, self._address) from None
        self.generation = response.generation
        self.candidates = decode_tensors(response.candidates)
        self.best_parameters = decode_tensors(response.best_parameters)
        self.best_loss = response.best_loss
        self.ended = response.ended
