"""TensorService: tensors that are sent once and named by digest from then on."""

from __future__ import annotations

from collections.abc import AsyncIterator

from gradwire import v1 as pb
from gradwire_service.backend import Interrupt
from gradwire_service.errors import LimitExceededError, MalformedMessageError, MalformedTensorError, TensorDamagedError
from gradwire_service.graph import TensorType
from gradwire_service.server.calls import END, Call, parse
from gradwire_service.server.store import TensorStore, digest_of, unknown
from gradwire_service.wire.tensors import decode_array, decode_type, encode_type

CHUNK = 2**20
"""Greatest number of bytes in one part of a tensor."""


class TensorServicer:
    """Puts tensors into the store, reads and deletes them."""

    def __init__(self, store: TensorStore) -> None:
        self.store = store

    async def PutTensor(self, call: Call) -> pb.PutTensorResponse:
        header = await self._part(call)
        if header is None or header.WhichOneof("part") != "header":
            text = "the first message must be a header with the type of the tensor"
            raise MalformedMessageError(text, field="header")
        tensor_type = decode_type(header.header.type, "header.type")
        self.store.check_fits(tensor_type.bytes)
        data = bytearray()
        while (message := await self._part(call)) is not None:
            if message.WhichOneof("part") != "data":
                raise MalformedMessageError("after the header there are only chunks of data", field="data")
            if len(message.data) > CHUNK:
                text = f"a chunk has {len(message.data):,} bytes; send at most {CHUNK:,} in one message"
                raise LimitExceededError(text, field="data", limit=CHUNK, value=len(message.data))
            data += message.data
            if len(data) > tensor_type.bytes:
                text = f"{tensor_type} takes {tensor_type.bytes:,} bytes, but more arrived; send every element once"
                raise MalformedTensorError(text, field="data")
        return await call.work(lambda interrupt: self._put(bytes(data), tensor_type, header.header.digest, interrupt))

    async def _part(self, call: Call) -> pb.PutTensorRequest | None:
        data = await call.read()
        return None if data is END else parse(pb.PutTensorRequest, data)

    def _put(self, data: bytes, tensor_type: TensorType, announced: str, interrupt: Interrupt) -> pb.PutTensorResponse:
        array = decode_array(data, tensor_type, "data")
        interrupt()
        digest = digest_of(array)
        if announced and announced != digest:
            text = f"the tensor was announced as {announced[:71]!r}, but what arrived is {digest}; put it again"
            raise TensorDamagedError(text, field="header.digest", digest=digest)
        self.store.put(digest, array)
        return pb.PutTensorResponse(digest=digest, size_bytes=array.nbytes)

    async def GetTensor(self, request: pb.GetTensorRequest, call: Call) -> AsyncIterator[pb.GetTensorResponse]:
        array = self.store.get(request.digest)
        yield pb.GetTensorResponse(type=encode_type(TensorType.of(array)))
        data = array.reshape(-1).view("u1").data if array.size else b""
        for start in range(0, len(data), CHUNK):
            yield pb.GetTensorResponse(data=bytes(data[start : start + CHUNK]))

    async def DeleteTensor(self, request: pb.DeleteTensorRequest, call: Call) -> pb.DeleteTensorResponse:
        if not self.store.delete(request.digest) and not request.allow_missing:
            raise unknown(request.digest)
        return pb.DeleteTensorResponse()
