"""Arrays that the server holds: sent once, passed by reference from then on."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from gradwire import v1 as pb
from gradwire.core import Core, Method, Plan, Streaming
from gradwire.tensors import Array, TensorRef, as_array, decode_tensor, digest, tensor_type

PUT = Method("TensorService", "PutTensor", pb.PutTensorResponse)
GET = Method("TensorService", "GetTensor", pb.GetTensorResponse)
DELETE = Method("TensorService", "DeleteTensor", pb.DeleteTensorResponse)

CHUNK = 1 << 20
"""Bytes of a message, the most that the contract allows."""


def put(core: Core, value: npt.ArrayLike, *, timeout: float | None = None) -> Plan[TensorRef]:
    """Store an array on the server; pass what is returned wherever an array goes.

    Args:
        value: the array.
        timeout: seconds that the call may take.

    Raises: GradwireError, by its reason.
    """
    array = as_array(value)
    name = digest(array)
    header = pb.PutTensorHeader(type=tensor_type(array.dtype.name, array.shape), digest=name)

    def requests() -> Iterator[bytes]:
        yield pb.PutTensorRequest(header=header).SerializeToString()
        data = array.reshape(-1).view(np.uint8)
        for start in range(0, data.size, CHUNK):
            yield pb.PutTensorRequest(data=data[start : start + CHUNK].tobytes()).SerializeToString()

    replies: list[bytes] = []
    yield from core.send(Streaming(PUT.path, requests, replies.append, timeout or core.timeout, several=True))
    return TensorRef(PUT.read(replies[-1])[0].digest, array.shape, array.dtype)


def get(core: Core, reference: TensorRef | str, *, timeout: float | None = None) -> Plan[Array]:
    """Read a stored array back.

    Args:
        reference: what `put` returned, or its digest.
        timeout: seconds that the call may take.

    Raises: TensorUnknownError when the server does not have it (any more).
    """
    request = pb.GetTensorRequest(digest=reference if isinstance(reference, str) else reference.digest)
    received: list[pb.GetTensorResponse] = []
    command = Streaming(
        GET.path,
        lambda: iter([request.SerializeToString()]),
        lambda data: received.append(pb.GetTensorResponse.FromString(data)),
        timeout or core.timeout,
    )
    yield from core.send(command, repeatable=lambda: not received)
    head, *chunks = received
    data = b"".join(chunk.data for chunk in chunks)
    return decode_tensor(pb.Tensor(type=head.type, data=data))


def delete(
    core: Core, reference: TensorRef | str, *, missing_ok: bool = False, timeout: float | None = None
) -> Plan[None]:
    """Make the server forget a stored array.

    Args:
        reference: what `put` returned, or its digest.
        missing_ok: whether it is fine that the server does not have it.
        timeout: seconds that the call may take.

    Raises: TensorUnknownError when the server does not have it.
    """
    name = reference if isinstance(reference, str) else reference.digest
    yield from core.call(DELETE, pb.DeleteTensorRequest(digest=name, allow_missing=missing_ok), timeout)
