"""Snapshots, results and reports as bytes: a table of contents in JSON, and the elements of arrays as they are.

Nothing in them is ever executed: what they are made of is told by names, of which only those in a table count. Every
number comes back as it was, to the last bit.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any, TypeVar

import numpy as np

from gradwire_service.backend import Tier
from gradwire_service.graph import Array, ElementType
from gradwire_service.optimizers import OptimizerState
from gradwire_service.training.progress import Progress, Result, StopReason
from gradwire_service.training.snapshot import Point, Snapshot

T = TypeVar("T")

ALIGNMENT = 64
_LENGTH = struct.Struct("<Q")
_ARRAY, _CLASS, _VALUE = "$array", "$class", "$value"  # names of values have no such letter
_KNOWN: dict[str, type] = {}


def packable(*classes: type) -> None:
    """Let dataclasses and enums be packed."""
    _KNOWN.update({cls.__name__: cls for cls in classes})


packable(Snapshot, Point, OptimizerState, Result, Progress, StopReason, Tier)


def pack(thing: object) -> list[bytes | memoryview]:
    """Write something in pieces."""
    arrays: list[Array] = []
    contents = _plain(thing, arrays)
    table, place = [], 0
    for array in arrays:
        table.append([ElementType.of(array.dtype).name, array.shape, place])
        place += -(-array.nbytes // ALIGNMENT) * ALIGNMENT
    text = json.dumps({"contents": contents, "arrays": table}).encode()
    text += b" " * (-(len(text) + _LENGTH.size) % ALIGNMENT)
    pieces: list[bytes | memoryview] = [_LENGTH.pack(len(text)), text]
    for array in arrays:
        flat = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
        pieces += [flat.data if flat.size else b"", bytes(-array.nbytes % ALIGNMENT)]
    return pieces


def unpack(payload: bytes | memoryview, cls: type[T]) -> T:
    """Read what `pack` wrote; arrays are copies, aligned and writable, and sequences are tuples."""
    view = memoryview(payload)
    (length,) = _LENGTH.unpack_from(view)
    begin = _LENGTH.size + length
    header = json.loads(bytes(view[_LENGTH.size : begin]))
    arrays = []
    for name, shape, place in header["arrays"]:
        dtype = ElementType[name].dtype
        count = math.prod(shape)
        array = np.frombuffer(view, dtype, count, begin + place) if count else np.empty(0, dtype)
        arrays.append(array.reshape(shape).copy())
    found = _thing(header["contents"], arrays)
    assert isinstance(found, cls)
    return found


def _plain(thing: Any, arrays: list[Array]) -> Any:
    """Return something as JSON has it; arrays go into the list, and leave their number."""
    if isinstance(thing, np.ndarray):
        arrays.append(thing)
        return {_ARRAY: len(arrays) - 1}
    if isinstance(thing, Enum):
        return {_CLASS: _name(thing), _VALUE: thing.value}
    if is_dataclass(thing):
        return {_CLASS: _name(thing)} | {x.name: _plain(getattr(thing, x.name), arrays) for x in fields(thing)}
    if isinstance(thing, Mapping):
        return {name: _plain(inner, arrays) for name, inner in thing.items()}
    if isinstance(thing, list | tuple):
        return [_plain(inner, arrays) for inner in thing]
    return thing.item() if isinstance(thing, np.generic) else thing


def _name(thing: object) -> str:
    name = type(thing).__name__
    assert _KNOWN.get(name) is type(thing), f"{name} is not packable"
    return name


def _thing(contents: Any, arrays: list[Array]) -> Any:
    """Return what `_plain` was given."""
    if isinstance(contents, list):
        return tuple([_thing(inner, arrays) for inner in contents])
    if not isinstance(contents, dict):
        return contents
    if _ARRAY in contents:
        return arrays[contents[_ARRAY]]
    name = contents.pop(_CLASS, None)
    if _VALUE in contents:
        return _KNOWN[name](contents[_VALUE])
    inner = {key: _thing(value, arrays) for key, value in contents.items()}
    return inner if name is None else _KNOWN[name](**inner)
