"""Tensors that clients stored, by digest; those unused for longest go first when memory is short."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict

from gradwire_service.errors import LimitExceededError, TensorUnknownError
from gradwire_service.graph import Array, TensorType
from gradwire_service.wire.tensors import type_digest_head


def digest_of(array: Array) -> str:
    """Return the name under which an array is stored: SHA-256 over its type and its bytes."""
    hash = hashlib.sha256(type_digest_head(TensorType.of(array)))
    hash.update(array.data if array.size else b"")
    return f"sha256:{hash.hexdigest()}"


class TensorStore:
    """Arrays by digest, in memory. It may be used from several threads at once."""

    def __init__(self, capacity: int) -> None:
        """Make an empty store.

        Args:
            capacity: memory of all tensors, in bytes.
        """
        self.capacity = capacity
        self.bytes = 0
        self._arrays: OrderedDict[str, Array] = OrderedDict()
        self._lock = threading.Lock()

    def put(self, digest: str, array: Array) -> None:
        """Keep an array; what was unused for longest makes room for it.

        Args:
            digest: its digest.
            array: the array, which nobody changes from now on.

        Raises: LimitExceededError when it is larger than the store.
        """
        self.check_fits(array.nbytes)
        with self._lock:
            if digest in self._arrays:
                self._arrays.move_to_end(digest)
                return
            self._arrays[digest] = array
            self.bytes += array.nbytes
            while self.bytes > self.capacity:
                self.bytes -= self._arrays.popitem(last=False)[1].nbytes

    def check_fits(self, size: int) -> None:
        """See that a tensor of so many bytes can be stored.

        Raises: LimitExceededError.
        """
        if size > self.capacity:
            text = f"a tensor of {size:,} bytes does not fit the store of {self.capacity:,}; send it in parts"
            raise LimitExceededError(text, limit=self.capacity, value=size)

    def get(self, digest: str) -> Array:
        """Return a stored array.

        Raises: TensorUnknownError.
        """
        with self._lock:
            array = self._arrays.get(digest)
            if array is None:
                raise unknown(digest)
            self._arrays.move_to_end(digest)
            return array

    def delete(self, digest: str) -> bool:
        """Forget an array; tell whether it was there. Work that has it already goes on."""
        with self._lock:
            array = self._arrays.pop(digest, None)
            if array is not None:
                self.bytes -= array.nbytes
            return array is not None


def unknown(digest: str) -> TensorUnknownError:
    """Return the error of a digest that is not stored."""
    return TensorUnknownError(f"no tensor {digest[:71]!r} is stored here (any more); put it again", digest=digest[:71])
