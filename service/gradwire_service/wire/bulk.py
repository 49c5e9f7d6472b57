"""The elements of large tensors, taken out of and put into messages by hand: no copy on the way in, one on the way out.

protobuf copies `bytes` when it parses, when a field is read, when one is set and when the message is written. At a
million elements that is a third of a call. Here large tensors are cut out of the request's bytes before protobuf sees
them, and responses are joined from the headers that protobuf would write and the arrays themselves.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any, Union

import numpy as np
from google.protobuf.descriptor import Descriptor

from gradwire import v1 as pb
from gradwire_service.errors import LimitExceededError, MalformedMessageError
from gradwire_service.graph import Array, ElementType, TensorType
from gradwire_service.limits import LIMITS
from gradwire_service.wire.tensors import CUT, Bulk, encode_type

LARGE_MESSAGE = 64 * 1024
"""Bytes of a message from which on cutting costs less than parsing."""

LARGE_TENSOR = 256
"""Bytes of a tensor from which on it is cut out of a large message."""

_FIELD = 8
"""Bytes that a field counts for, besides its content: an empty message takes far more than its two bytes."""

Holders = Mapping[int, Union["Holders", None]]
"""Which fields of a message hold tensors, by number; None stands for the elements of one."""

_DIGEST = pb.Tensor.DESCRIPTOR.fields_by_name["digest"].number
_TENSOR: Holders = {pb.Tensor.DESCRIPTOR.fields_by_name["data"].number: None}


@cache
def holders(message: Descriptor) -> Holders:
    """Return which fields of a message hold tensors; of graphs, only the outermost counts."""
    return _holders(message, ())


def _holders(message: Descriptor, outer: tuple[Descriptor, ...]) -> Holders:
    if message is pb.Tensor.DESCRIPTOR:
        return _TENSOR
    found: dict[int, Holders | None] = {}
    for field in message.fields:
        inner = field.message_type
        if inner is not None and inner not in (*outer, message):
            inside = _holders(inner, (*outer, message))
            if inside:
                found[field.number] = inside
    return found


def cut(message: bytes, holding: Holders, start: int = 0, least: int = LARGE_TENSOR) -> tuple[bytes, Bulk]:
    """Take the elements of tensors out of a message.

    Args:
        message: the bytes of a message, well-formed or not; it may be the end of another one.
        holding: which of its fields hold tensors.
        start: where the message begins.
        least: bytes that a tensor has at least if it is taken out.

    Returns: the message with digests such as ``cut:0`` in place of elements, for protobuf to parse; and the elements.
    Raises: LimitExceededError when too much is left; MalformedMessageError.
    """
    bulk = Bulk(message)
    pieces = _Cutter(memoryview(message), bulk.spans, least).cut(start, len(message), holding)
    return (b"".join(pieces) if bulk.spans else message[start:]), bulk


class _Cutter:
    def __init__(self, message: memoryview, spans: list[tuple[int, int]], least: int) -> None:
        self.message, self.spans, self.least = message, spans, least
        self.kept = 0

    def cut(self, position: int, end: int, holding: Holders) -> list[bytes | memoryview]:
        """Walk over the fields of one message; `holding` is no deeper than the contract."""
        message, kept = self.message, position
        pieces: list[bytes | memoryview] = []
        while position < end:
            start = position
            tag, position = self.varint(position, end)
            kind = tag & 7
            if kind == 2:
                length, position = self.varint(position, end)
                stop = position + length
                if stop > end:
                    raise MalformedMessageError("a field is longer than its message; the bytes were cut off or damaged")
                number = tag >> 3
                if length >= self.least and number in holding:
                    inside = holding[number]
                    pieces.append(message[kept:start])
                    if inside is None:
                        digest = f"{CUT}{len(self.spans)}".encode()
                        self.spans.append((position, stop))
                        pieces += [head(_DIGEST, len(digest)), digest]
                    else:
                        inner = self.cut(position, stop, inside)
                        pieces += [head(number, sum(map(len, inner))), *inner]
                    kept = stop
                else:
                    self.count(length)
                position = stop
            elif kind == 0:
                _, position = self.varint(position, end)
            elif kind in (1, 5):
                position += 8 if kind == 1 else 4
            else:
                raise MalformedMessageError("the bytes hold groups, which this contract does not have")
            self.count(_FIELD)
        pieces.append(message[kept:end])
        return pieces

    def varint(self, position: int, end: int) -> tuple[int, int]:
        """Return the number at a position, and the position behind it."""
        result = shift = 0
        while position < end and shift < 64:
            byte = self.message[position]
            position += 1
            result |= (byte & 127) << shift
            if byte < 128:
                return result, position
            shift += 7
        raise MalformedMessageError("the bytes end inside a number, or a number is too long; they were damaged")

    def count(self, size: int) -> None:
        """Count what will be left for protobuf, which takes up to 44 times its size in memory."""
        self.kept += size
        if self.kept > LIMITS.structure_bytes:
            limit = LIMITS.structure_bytes
            text = f"without the elements of its tensors the message has more than the {limit:,} bytes that are taken"
            raise LimitExceededError(f"{text}; split the graph or the request", limit=limit, value=self.kept)


def open_stream_request(message: bytes) -> tuple[bytes, int] | None:
    """Find the request inside an `EvaluateStreamRequest` as protobuf writes it: the call's number, then the request.

    Returns: the field of the number, and where the request begins, which goes to the end; None when it is written in
        any other way.
    """
    end = len(message)
    position = 0
    if message[:1] == _CALL_ID:
        position = 2
        while position < end and message[position - 1] > 127:
            position += 1
    start = position + 2
    while start < end and message[start - 1] > 127:
        start += 1
    if start > end or message[position:start] != head(2, end - start):
        return None
    return message[:position], start


_CALL_ID = b"\x08"


# Writing: pieces for one join, and how long they are together.

Pieces = list[Any]
"""Bytes, and arrays whose bytes are meant."""


@lru_cache(4096)
def head(number: int, length: int) -> bytes:
    """Return what stands before the bytes of a field: its tag and their length."""
    return _varint(number << 3 | 2) + _varint(length)


def _varint(number: int) -> bytes:
    result = bytearray()
    while number > 127:
        result.append(number & 127 | 128)
        number >>= 7
    result.append(number)
    return bytes(result)


@lru_cache(4096)
def _tensor_head(number: int, dtype: np.dtype[Any], shape: tuple[int, ...]) -> tuple[bytes, int]:
    tensor_type = TensorType(shape, ElementType.of(dtype))
    kind = encode_type(tensor_type).SerializeToString()
    inside = head(1, len(kind)) + kind + head(2, tensor_type.bytes)
    before = head(number, len(inside) + tensor_type.bytes) + inside
    return before, len(before) + tensor_type.bytes


@lru_cache(4096)
def _entry_head(number: int, name: str, dtype: np.dtype[Any], shape: tuple[int, ...]) -> tuple[bytes, int]:
    inside, length = _tensor_head(2, dtype, shape)
    key = name.encode()
    named = head(1, len(key)) + key
    before = head(number, len(named) + length) + named
    return before + inside, len(before) + length


def put_tensor(pieces: Pieces, number: int, array: Array) -> int:
    """Append a field of a tensor; return its length."""
    before, length = _tensor_head(number, array.dtype, array.shape)
    pieces.append(before)
    pieces.append(array)
    return length


def put_tensors(pieces: Pieces, number: int, arrays: Mapping[str, Array]) -> int:
    """Append a field that maps names to tensors; return its length."""
    total = 0
    for name, array in arrays.items():
        before, length = _entry_head(number, name, array.dtype, array.shape)
        pieces.append(before)
        pieces.append(array)
        total += length
    return total


def put_message(pieces: Pieces, number: int, message: bytes) -> int:
    """Append a field of a message that is written already; return its length."""
    before = head(number, len(message))
    pieces.append(before)
    pieces.append(message)
    return len(before) + len(message)
