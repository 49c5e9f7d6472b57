"""The bulk of messages, written and read by hand on protobuf's wire format.

A protobuf library copies a `bytes` field at every step: into the message, into the request, out of the response, out of
the message. At a million elements that is half of the time of a call. So arrays are put into requests, and cut out of
responses, right here; all else stays with the library. A message written in parts is their concatenation.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from google.rpc import status_pb2

from gradwire.tensors import Array, tensor_type

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor

Part = bytes | memoryview | Array
"""A part of a message: anything whose memory can be read."""

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_LARGE = 1 << 16
"""From here on, in bytes, a field is cut out instead of parsed."""


def varint(value: int) -> bytes:
    """Write a non-negative number, seven bits a byte."""
    parts = bytearray()
    while value > 0x7F:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    parts.append(value)
    return bytes(parts)


def field(number: int, content: bytes) -> bytes:
    """Write a field of text, bytes or a message."""
    return head(number, len(content)) + content


def head(number: int, size: int) -> bytes:
    """Write what stands before the content of a field of text, bytes or a message."""
    return varint(number << 3 | _BYTES) + varint(size)


def joined(parts: Iterable[Part]) -> bytes:
    """Return a message in parts as one: the only time that arrays are copied."""
    return b"".join(parts)  # type: ignore[arg-type]  # arrays have the protocol, which their types do not tell


def nested(number: int, parts: list[Part]) -> list[Part]:
    """Write a message in parts as a field of another message."""
    return [head(number, size_of(parts)), *parts]


def size_of(parts: Iterable[Part]) -> int:
    """Return the size of a message in parts, in bytes."""
    return sum(part.nbytes if not isinstance(part, bytes) else len(part) for part in parts)


def tensor_entry(number: int, name: str, array: Array) -> tuple[Part, Part]:
    """Write an entry of a map<string, Tensor>, its elements not copied.

    Args:
        number: number of the map's field.
        name: the key.
        array: as `tensors.as_array` returns it.
    """
    return _entry_head(number, name, array.dtype, array.shape, array.nbytes), array


@lru_cache(4096)
def _entry_head(number: int, name: str, dtype: np.dtype[Any], shape: tuple[int, ...], size: int) -> bytes:
    before = field(1, tensor_type(dtype.name, shape).SerializeToString()) + head(2, size)
    key = field(1, name.encode())
    entry = key + head(2, len(before) + size) + before
    return head(number, len(entry) + size) + entry


def stream_request(number: int, parts: list[Part]) -> list[Part]:
    """Write an EvaluateStreamRequest.

    Args:
        number: `call_id`.
        parts: `request`, an EvaluateRequest.
    """
    return [b"\x08" + varint(number), *nested(2, parts)]


def stream_response(message: bytes) -> tuple[memoryview, status_pb2.Status | None]:
    """Read an EvaluateStreamResponse.

    Returns: the EvaluateResponse, not parsed; the error in its place, if there is one.
    """
    view = memoryview(message)
    position = 0
    while position < len(view):
        tag, position = _read_varint(view, position)
        size, content = _read_varint(view, position)
        if tag & 7 != _BYTES:  # the call's number
            position = content
            continue
        position = content + size
        if tag >> 3 == 2:
            return view[content:position], None
        if tag >> 3 == 3:
            return view[:0], status_pb2.Status.FromString(bytes(view[content:position]))
    return view[:0], None


def cut(message: bytes | memoryview, descriptor: Descriptor) -> tuple[bytes, list[memoryview]]:
    """Cut large `bytes` fields out of a message.

    Returns: the message with the place of each field in the list, little-endian in 4 bytes, as its content; the list.
    """
    bulk: list[memoryview] = []
    if len(message) < _LARGE:
        return bytes(message), bulk
    return b"".join(_without_bulk(memoryview(message), descriptor, bulk)), bulk


def _without_bulk(message: memoryview, descriptor: Descriptor, bulk: list[memoryview]) -> list[bytes | memoryview]:
    """Return the parts of a message that stay; it goes down where a field is large, through a few levels."""
    parts: list[bytes | memoryview] = []
    start = position = 0
    while position < len(message):
        tag, after_tag = _read_varint(message, position)
        wire_type = tag & 7
        if wire_type != _BYTES:
            position = _read_varint(message, after_tag)[1] if wire_type == _VARINT else after_tag + _FIXED[wire_type]
            continue
        size, content = _read_varint(message, after_tag)
        position = content + size
        if size < _LARGE:
            continue
        known = descriptor.fields_by_number.get(tag >> 3)
        if known is None or (known.message_type is None and known.type != known.TYPE_BYTES):
            continue
        if known.message_type is not None:
            inner = _without_bulk(message[content:position], known.message_type, bulk)
        else:
            inner = [len(bulk).to_bytes(4, "little")]
            bulk.append(message[content:position])
        parts += (message[start:after_tag], varint(sum(map(len, inner))), *inner)
        start = position
    parts.append(message[start:])
    return parts


_FIXED = {_FIXED64: 8, _FIXED32: 4}


def _read_varint(message: memoryview, position: int) -> tuple[int, int]:
    """Return a number and the place after it."""
    value = shift = 0
    while True:
        byte = message[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7
