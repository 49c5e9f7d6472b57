"""Requests that repeat another but for the elements of its tensors: told by their bytes, without parsing."""

from __future__ import annotations

from collections.abc import Iterable


class Template:
    """The bytes of a message, but for some spans of it.

    A message that fits differs from the first one only inside the spans. Where those are the elements of tensors, which
    protobuf does not look into, everything that was decoded of the first message holds for this one.

    Attributes:
        length: number of bytes of a message that fits.
        head: its first bytes, up to `HEAD` of them, by which it can be looked up; empty if a span begins there.
        size: number of bytes that are compared.
    """

    HEAD = 80  # of a request, all of the graph's id

    __slots__ = ("_parts", "head", "length", "size")

    def __init__(self, message: bytes, spans: Iterable[tuple[int, int]], start: int = 0) -> None:
        """Take a message apart.

        Args:
            message: a message, which may be the end of another one.
            spans: places of the first byte of what may differ and of the first one behind, in order, counted from the
                beginning of `message`.
            start: where the message begins.
        """
        parts: list[tuple[int, bytes]] = []
        kept = start
        for begin, end in spans:
            parts.append((kept - start, message[kept:begin]))
            kept = end
        parts.append((kept - start, message[kept:]))
        self._parts = tuple(parts)
        self.length = len(message) - start
        self.head = parts[0][1][: self.HEAD] if len(parts[0][1]) >= min(self.HEAD, self.length) else b""
        self.size = sum(len(part) for _, part in parts)

    def fits(self, message: bytes, start: int = 0) -> bool:
        """Tell whether a message of this length is the same outside of the spans."""
        for place, part in self._parts:
            if not message.startswith(part, start + place):
                break
        else:
            return True
        return False
