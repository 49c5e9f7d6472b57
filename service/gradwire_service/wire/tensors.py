"""Arrays ↔ tensors: row-major, little-endian, no padding; every bit as it is, NaN and infinities included."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping
from functools import lru_cache

import numpy as np

from gradwire import v1 as pb
from gradwire_service.errors import LimitExceededError, MalformedTensorError, TensorUnknownError
from gradwire_service.graph import BOOL, Array, ElementType, TensorType
from gradwire_service.limits import LIMITS

if sys.byteorder != "little":  # arrays share the memory of messages
    raise ImportError("Gradwire's service runs on little-endian machines only")

ELEMENT_TYPE_NUMBERS: Mapping[ElementType, pb.ElementType.ValueType] = {
    element_type: pb.ElementType.Value(f"ELEMENT_TYPE_{element_type.name}") for element_type in ElementType
}
ELEMENT_TYPES: Mapping[int, ElementType] = {number: kind for kind, number in ELEMENT_TYPE_NUMBERS.items()}

Stored = Callable[[str], Array]
"""Looks up a stored tensor by its digest; raises TensorUnknownError."""


def nothing_stored(digest: str) -> Array:
    """Look up a stored tensor where none are kept.

    Raises: TensorUnknownError.
    """
    raise TensorUnknownError(f"no tensor {digest[:71]} is stored here; put it again, or send its elements")


def decode_type(message: pb.TensorType, field: str = "") -> TensorType:
    """Return a type whose size is within the limits, before anything of that size is made.

    Args:
        message: the type.
        field: its place in the request.

    Raises: MalformedTensorError, LimitExceededError.
    """
    element_type = ELEMENT_TYPES.get(message.element_type)
    if element_type is None:
        raise MalformedTensorError(f"{field} states no element type that is known; state one", field=field)
    shape = tuple(message.shape)
    if len(shape) > LIMITS.rank:
        text = f"{field} has {len(shape)} axes, this server takes {LIMITS.rank}; reshape it"
        raise LimitExceededError(text, field=field, limit=LIMITS.rank, value=len(shape))
    if shape and min(shape) < 0:
        raise MalformedTensorError(f"{field} has an axis of {min(shape)} elements; none may be negative", field=field)
    size = math.prod(shape)
    if size > LIMITS.elements:
        text = f"{field} has {size:,} elements, this server takes {LIMITS.elements:,}; send it in parts"
        raise LimitExceededError(text, field=field, limit=LIMITS.elements, value=size)
    return TensorType(shape, element_type)


@lru_cache(4096)
def encode_type(tensor_type: TensorType) -> pb.TensorType:
    """Return a type as a message; it is shared, so it must not be changed."""
    return pb.TensorType(element_type=ELEMENT_TYPE_NUMBERS[tensor_type.element_type], shape=tensor_type.shape)


def decode_array(data: bytes | memoryview, tensor_type: TensorType, field: str = "") -> Array:
    """Return the array of these elements: read-only, sharing their memory where that is aligned.

    Raises: MalformedTensorError when they do not fit the type.
    """
    if len(data) != tensor_type.bytes:
        text = f"{field} is {tensor_type}, which takes {tensor_type.bytes:,} bytes, but has {len(data):,}"
        raise MalformedTensorError(f"{text}; send every element once, row by row", field=field)
    return array_within(data, 0, tensor_type, field)


def array_within(data: bytes | memoryview, begin: int, tensor_type: TensorType, field: str = "") -> Array:
    """Return the array whose elements begin somewhere within these bytes, as `decode_array` does.

    Raises: MalformedTensorError when elements of bool are neither 0 nor 1.
    """
    array: Array = np.ndarray(tensor_type.shape, tensor_type.element_type.dtype, data, begin)
    if tensor_type.element_type is BOOL and array.size and array.view(np.uint8).max() > 1:
        raise MalformedTensorError(f"{field} is bool, but has a byte that is neither 0 nor 1", field=field)
    return array if array.flags.aligned else array.copy()


CUT = "cut:"
"""What begins the digest of a tensor whose elements were cut out of the message; the number of the cut follows."""


class Bulk:
    """The elements of tensors that were cut out of a message (`bulk.cut`), in order.

    Attributes:
        spans: for each, the place of its first byte in the message, and of the first one behind.
        arrays: those that were decoded, by their number.
    """

    def __init__(self, message: bytes = b"") -> None:
        self.spans: list[tuple[int, int]] = []
        self.arrays: dict[int, Array] = {}
        self._message = memoryview(message)

    def place(self, digest: str) -> int | None:
        """Return the number of the cut that a digest tells; None when it tells none."""
        number = digest[len(CUT) :]
        if not self.spans or not digest.startswith(CUT) or len(number) > 9 or not number.isdecimal():
            return None
        return int(number) if int(number) < len(self.spans) else None

    def __getitem__(self, place: int) -> memoryview:
        """Return the elements of one tensor."""
        begin, end = self.spans[place]
        return self._message[begin:end]


NO_BULK = Bulk()


def decode_tensor(message: pb.Tensor, field: str = "", stored: Stored = nothing_stored, bulk: Bulk = NO_BULK) -> Array:
    """Return the array of a message, read-only.

    Args:
        message: the tensor.
        field: its place in the request.
        stored: looks up stored tensors.
        bulk: what was cut out of the request (`bulk.cut`).

    Raises: MalformedTensorError, LimitExceededError, TensorUnknownError.
    """
    digest = message.digest
    if not digest:
        return decode_array(message.data, decode_type(message.type, field), field)
    place = bulk.place(digest)
    if place is not None:
        array = bulk.arrays[place] = decode_array(bulk[place], decode_type(message.type, field), field)
        return array
    array = stored(digest)
    if message.HasField("type") and (expected := decode_type(message.type, field)) != TensorType.of(array):
        text = f"{field} is told to be {expected}, but the stored tensor is {TensorType.of(array)}"
        raise MalformedTensorError(f"{text}; leave the type out, or send the tensor that is meant", field=field)
    return array


def decode_tensors(
    messages: Mapping[str, pb.Tensor],
    field: str = "inputs",
    stored: Stored = nothing_stored,
    bulk: Bulk = NO_BULK,
) -> dict[str, Array]:
    """Return the arrays of a map, sorted by name: a map's own order may differ from one message to the next."""
    return {name: decode_tensor(messages[name], f"{field}[{name}]", stored, bulk) for name in sorted(messages)}


def encode_tensor(array: Array) -> pb.Tensor:
    """Return an array as a message."""
    return pb.Tensor(type=encode_type(TensorType.of(array)), data=array.tobytes())


def encode_tensors(arrays: Mapping[str, Array]) -> dict[str, pb.Tensor]:
    """Return arrays as the entries of a map."""
    return {name: encode_tensor(array) for name, array in arrays.items()}


def type_digest_head(tensor_type: TensorType) -> bytes:
    """Return what the digest of a stored tensor covers before its elements."""
    return f"{tensor_type}\n".encode()
