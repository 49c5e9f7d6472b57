"""What the compiler makes, as plain bytes: object code, or why there is none."""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass

_LENGTH = struct.Struct("<I")


@dataclass(frozen=True)
class Artifact:
    """Object code of a kernel.

    Attributes:
        entries: symbols of its functions, in the order in which they are called.
        objects: object files that define them.
        failure: why there are none; empty when there are.
    """

    entries: tuple[str, ...] = ()
    objects: tuple[bytes, ...] = ()
    failure: str = ""

    def to_bytes(self) -> bytes:
        """Write down: length of the head, head in JSON, object files one after the other."""
        sizes = [len(code) for code in self.objects]
        head = json.dumps({"entries": self.entries, "sizes": sizes, "failure": self.failure}).encode()
        return b"".join([_LENGTH.pack(len(head)), head, *self.objects])

    @classmethod
    def from_bytes(cls, data: bytes) -> Artifact:
        """Read what `to_bytes` wrote.

        Raises: ValueError when it is something else.
        """
        try:
            start = _LENGTH.size + _LENGTH.unpack_from(data)[0]
            head = json.loads(data[_LENGTH.size : start])
            objects = []
            for size in head["sizes"]:
                objects.append(data[start : start + size])
                start += size
            entries = tuple(map(str, head["entries"]))
            failure = str(head["failure"])
        except (struct.error, KeyError, TypeError, ValueError) as error:
            raise ValueError(f"not an artifact: {error}") from error
        if start != len(data) or bool(entries) == bool(failure):
            raise ValueError("not an artifact: the sizes do not add up")
        return cls(entries, tuple(objects), failure)
