"""Searches by ask and tell: the server proposes candidates, the caller computes their losses."""

from __future__ import annotations

from collections.abc import AsyncIterator, Generator, Iterator, Mapping
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
    from gradwire import aio
    from gradwire.service import Service

_PATH = "/gradwire.v1.OptimizationService/Search"


class Searching:
    """A search as its caller sees it, however its messages travel.

    Attributes:
        generation: number of the generation that was asked about last, from 1.
        candidates: its candidates, by name, each with an axis of them in front.
        best_parameters: the lowest candidate of those whose losses were told, by name; the start before.
        best_loss: its loss.
        ended: why the search ended by itself, in words; empty while it goes on.
    """

    def __init__(self, parameters: Mapping[str, npt.ArrayLike], optimizer: Optimizer, seed: int) -> None:
        start = pb.SearchStart(optimizer=optimizer.message(), seed=seed)
        for name, value in parameters.items():
            start.parameters[name].CopyFrom(encode_tensor(np.asarray(value)))
        self._start = pb.SearchRequest(start=start).SerializeToString()
        self.generation = 0
        self.candidates: Arrays = {}
        self.best_parameters: Arrays = {}
        self.best_loss = np.inf
        self.ended = ""
        self._answered = False

    def _losses(self, losses: npt.ArrayLike) -> bytes:
        """Write the losses of the candidates."""
        found = pb.SearchLosses(generation=self.generation, losses=encode_tensor(np.asarray(losses, np.float64)))
        return pb.SearchRequest(losses=found).SerializeToString()

    def _receive(self, message: bytes) -> None:
        """Read what the server proposes next."""
        response = pb.SearchResponse.FromString(message)
        self.generation = response.generation
        self.candidates = decode_tensors(response.candidates)
        self.best_parameters = decode_tensors(response.best_parameters)
        self.best_loss = response.best_loss
        self.ended = response.ended
        self._answered = True

    def _generations(self) -> Iterator[Arrays]:
        while not self.ended:
            self._answered = False
            yield self.candidates
            if not self._answered:
                raise RuntimeError(f"nobody told the losses of generation {self.generation}; call search.tell(losses)")


class Search(Searching):
    """A search that the caller evaluates; for one thread.

    >>> with service.search({"x": np.zeros(3)}, optimizer=gw.searches.genetic(), seed=1) as search:
    ...     for candidates in search:
    ...         search.tell([simulate(x) for x in candidates["x"]])
    ...         if search.generation == 40:
    ...             break
    >>> search.best_parameters, search.best_loss
    """

    def __init__(self, service: Service, parameters: Mapping[str, npt.ArrayLike], optimizer: Optimizer, seed: int):
        """Begin; `Service.search` does so.

        Raises: GradwireError, by its reason.
        """
        super().__init__(parameters, optimizer, seed)
        self._address = service._link.target.address
        self._requests: SimpleQueue[bytes | None] = SimpleQueue()
        method = service._link.channel.stream_stream(_PATH)
        self._call: Any = method(iter(self._requests.get, None), metadata=service._link.target.metadata)
        self._exchange(self._start)

    def __iter__(self) -> Iterator[Arrays]:
        """Yield the candidates of one generation after the other; their losses are told in between."""
        return self._generations()

    def tell(self, losses: npt.ArrayLike) -> None:
        """Tell the losses of the candidates; one that is not finite counts as worse than all others.

        Raises: GradwireError, by its reason.
        """
        self._exchange(self._losses(losses))

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

    def _exchange(self, request: bytes) -> None:
        self._requests.put(request)
        try:
            message = next(self._call)
        except StopIteration:
            raise errors.UnavailableError("the server ended the search; begin it anew") from None
        except grpc.RpcError as error:
            raise errors.from_rpc(error, self._address) from None
        self._receive(message)


class AsyncSearch(Searching):
    """The same for asyncio, and one task: it begins when it is entered or awaited.

    >>> async with service.search({"x": np.zeros(3)}, optimizer=gw.searches.genetic(), seed=1) as search:
    ...     async for candidates in search:
    ...         await search.tell(await simulate(candidates["x"]))
    """

    def __init__(self, service: aio.Service, parameters: Mapping[str, npt.ArrayLike], optimizer: Optimizer, seed: int):
        super().__init__(parameters, optimizer, seed)
        self._service = service
        self._address = ""
        self._call: Any = None

    def __await__(self) -> Generator[Any, None, Self]:
        return self._begun().__await__()

    async def _begun(self) -> Self:
        if self._call is None:
            link = self._service._link
            self._address = link.target.address
            self._call = link.channel.stream_stream(_PATH)(metadata=link.target.metadata)
            await self._exchange(self._start)
        return self

    async def __aiter__(self) -> AsyncIterator[Arrays]:
        """Yield the candidates of one generation after the other; their losses are told in between."""
        await self
        for candidates in self._generations():
            yield candidates

    async def tell(self, losses: npt.ArrayLike) -> None:
        """Tell the losses of the candidates; one that is not finite counts as worse than all others.

        Raises: GradwireError, by its reason.
        """
        await self
        await self._exchange(self._losses(losses))

    async def close(self) -> None:
        """End the search; what was found stays."""
        if self._call is not None:
            self._call.cancel()

    async def __aenter__(self) -> Self:
        return await self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _exchange(self, request: bytes) -> None:
        if self._call.cancelled():  # grpc would raise what tells a task that it was cancelled itself
            raise errors.CallCancelledError("the search was closed; begin it anew")
        try:
            if not self._call.done():  # one that is done takes nothing; reading tells why
                await self._call.write(request)
            message = await self._call.read()
        except grpc.RpcError as error:
            raise errors.from_rpc(error, self._address) from None
        if not isinstance(message, bytes):  # the end of the stream
            raise errors.UnavailableError("the server ended the search; begin it anew")
        self._receive(message)
