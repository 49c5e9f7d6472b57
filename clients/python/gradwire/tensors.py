"""Arrays ↔ tensors: row-major, little-endian, no padding; every bit as it is, NaN and infinities included."""

from __future__ import annotations

import hashlib
import math
import sys
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from gradwire import v1 as pb
from gradwire.signatures import ELEMENT_TYPES

Array = npt.NDArray[Any]

_CODES: Mapping[str, pb.ElementType.ValueType] = {
    name: pb.ElementType.Value(f"ELEMENT_TYPE_{name.upper()}") for name in ELEMENT_TYPES
}
_NAMES = {code: name for name, code in _CODES.items()}
_LITTLE = {name: np.dtype(name).newbyteorder("<") for name in ELEMENT_TYPES}
_DTYPES = {_CODES[name]: dtype for name, dtype in _LITTLE.items()}
_SENT_AS_THEY_ARE = frozenset(_LITTLE.values())  # a dtype is looked up ten times faster than its name is made


class TensorRef:
    """An array that a server holds: pass it wherever an array goes, and nothing is sent again.

    Attributes:
        digest: the name under which the server has it.
        shape: number of elements along each axis.
        dtype: type of the elements.
    """

    __slots__ = ("digest", "dtype", "shape")

    def __init__(self, digest: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
        self.digest = digest
        self.shape = shape
        self.dtype = dtype

    def __repr__(self) -> str:
        return f"<stored {self.dtype.name}{list(self.shape)} {self.digest[:19]}…>"


Feed = npt.ArrayLike | TensorRef
"""What may be fed: an array, or what NumPy takes for one; or a reference to one that the server holds."""


class _HasElementType(Protocol):
    @property
    def element_type(self) -> pb.ElementType.ValueType: ...


def element_type_of(message: _HasElementType) -> str:
    """Return the name of a message's element type; where it is not stated it is float64."""
    return _NAMES.get(message.element_type, "float64")


def element_type_code(name: str) -> pb.ElementType.ValueType:
    """Return the code of an element type."""
    return _CODES[name]


def as_array(value: npt.ArrayLike, element_type: str = "") -> Array:
    """Return an array as the wire takes it: C-contiguous, little-endian, of one of Gradwire's element types.

    Args:
        value: an array, whose type is kept; or a number or list.
        element_type: what numbers and lists become; empty: what NumPy makes of them.

    Raises: TypeError when Gradwire has no such element type.
    """
    array = value if isinstance(value, np.ndarray) else np.asarray(value, element_type or None)
    if array.dtype in _SENT_AS_THEY_ARE and array.flags.c_contiguous:
        return array
    dtype = _LITTLE.get(array.dtype.name)
    if dtype is None:
        known = ", ".join(ELEMENT_TYPES)
        raise TypeError(f"an array of {array.dtype} can't be sent; convert it to one of {known}")
    return np.ascontiguousarray(array, dtype).reshape(array.shape)  # which makes 0-d arrays 1-d, hence the reshape


@lru_cache(4096)
def tensor_type(element_type: str, shape: tuple[int, ...]) -> pb.TensorType:
    """Return the type of a tensor as a message; it is shared, so it must not be changed."""
    return pb.TensorType(element_type=_CODES[element_type], shape=shape)


def encode_tensor(value: Feed, element_type: str = "") -> pb.Tensor:
    """Return an array as a message."""
    if isinstance(value, TensorRef):
        return pb.Tensor(type=tensor_type(value.dtype.name, value.shape), digest=value.digest)
    array = as_array(value, element_type)
    return pb.Tensor(type=tensor_type(array.dtype.name, array.shape), data=array.tobytes())


def decode_tensor(tensor: pb.Tensor, bulk: Sequence[memoryview] = ()) -> Array:
    """Return the array of a message: fresh and writable.

    Args:
        tensor: the message.
        bulk: what was cut out of the response (`wireformat.cut`); the tensor's data then tell its place in here.
    """
    dtype = _DTYPES[tensor.type.element_type]
    shape = tuple(tensor.type.shape)
    data: bytes | memoryview = tensor.data
    if bulk and len(data) != math.prod(shape) * dtype.itemsize:
        data = bulk[int.from_bytes(data, "little")]
    array: Array = np.ndarray(shape, dtype, data).copy()
    return array if sys.byteorder == "little" else array.astype(dtype.newbyteorder("="))


def decode_scalar(tensor: pb.Tensor) -> np.floating[Any]:
    """Return the number of a message that holds a floating scalar."""
    return decode_tensor(tensor)[()]  # type: ignore[return-value]  # of an array without axes


def decode_tensors(tensors: Mapping[str, pb.Tensor], bulk: Sequence[memoryview] = ()) -> dict[str, Array]:
    """Return the arrays of a map."""
    return {name: decode_tensor(tensor, bulk) for name, tensor in tensors.items()}


def digest(array: Array) -> str:
    """Return the name that a server gives to an array that it stores.

    Args:
        array: an array as `as_array` returns it.
    """
    head = f"{array.dtype.name}[{', '.join(map(str, array.shape))}]\n"
    return f"sha256:{hashlib.sha256(head.encode() + array.tobytes()).hexdigest()}"
