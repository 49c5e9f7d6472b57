"""Requests that come again with other numbers: nothing of them is parsed, looked up or checked twice.

A loop of calls sends messages that differ only in the elements of their tensors. What was learnt of the first one, the
program and where in the message its inputs lie, is kept with the bytes that stay the same (`wire.template`).
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Mapping
from typing import NamedTuple

from gradwire_service.backend import Interrupt
from gradwire_service.graph import Array, TensorType
from gradwire_service.program import Program
from gradwire_service.wire.bulk import Pieces
from gradwire_service.wire.evaluation import write_evaluation
from gradwire_service.wire.template import Template
from gradwire_service.wire.tensors import Bulk, decode_array

KEPT = 1024
"""Requests that are remembered; the one unused for longest goes first."""

LARGEST = 4096
"""Bytes of a request, the elements of its tensors left out, that are worth to be remembered."""


class Place(NamedTuple):
    """Where the elements of an input lie.

    Attributes:
        name: what the program calls the input.
        type: its type.
        begin: place of its first byte, counted from the start of the request.
        end: place of the first byte behind it.
    """

    name: str
    type: TensorType
    begin: int
    end: int


class Repetition:
    """How to answer a request that fits a template.

    Attributes:
        template: the bytes that all such requests share.
        seconds: processor time that the last answer took.
    """

    __slots__ = ("_graph_id", "_places", "_program", "seconds", "template")

    def __init__(
        self, template: Template, places: tuple[Place, ...], program: Program, graph_id: str, seconds: float
    ) -> None:
        self.template = template
        self.seconds = seconds
        self._places = places
        self._program = program
        self._graph_id = graph_id

    def answer(self, message: bytes, start: int, interrupt: Interrupt) -> Pieces:
        """Run the program on the tensors of a message that fits; return the response in pieces."""
        began = time.thread_time()
        view = memoryview(message)
        fed = {name: decode_array(view[start + i : start + j], kind, name) for name, kind, i, j in self._places}
        pieces = write_evaluation(self._program.run(fed, interrupt), self._graph_id)
        self.seconds = time.thread_time() - began
        return pieces


def repetition(
    message: bytes, start: int, bulk: Bulk, fed: Mapping[str, Array], program: Program, graph_id: str, seconds: float
) -> Repetition | None:
    """Return how to answer requests like this one; None when it can't be told by its bytes alone.

    Args:
        message: a request that was answered, maybe at the end of another message.
        start: where it begins.
        bulk: all its tensors.
        fed: what the program was fed.
        program: the program.
        graph_id: identity of the graph, which the request names.
        seconds: processor time that the answer took.
    """
    names = {id(array): name for name, array in fed.items()}
    found = {place: names[id(array)] for place, array in bulk.arrays.items() if id(array) in names}
    if len(found) != len(fed) or len(found) != len(bulk.spans):
        return None  # some tensor is stored, or does not count
    template = Template(message, bulk.spans, start)
    if template.size > LARGEST or not template.head:
        return None
    places = (Place(found[i], program.types[found[i]], a - start, b - start) for i, (a, b) in enumerate(bulk.spans))
    return Repetition(template, tuple(places), program, graph_id, seconds)


class Repetitions:
    """What is known of requests that may come again, by their length and first bytes."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[int, bytes], list[Repetition]] = OrderedDict()

    def find(self, message: bytes, start: int) -> Repetition | None:
        """Return what is known of requests like this one."""
        key = (len(message) - start, message[start : start + Template.HEAD])
        for known in self._known.get(key, ()):
            if known.template.fits(message, start):
                self._known.move_to_end(key)
                return known
        return None

    def remember(self, new: Repetition) -> None:
        """Keep what was learnt of a request."""
        key = (new.template.length, new.template.head)
        self._known.setdefault(key, []).insert(0, new)
        del self._known[key][_ALIKE:]
        while len(self._known) > KEPT:
            self._known.popitem(last=False)


_ALIKE = 8
"""Requests of one length and beginning that are remembered."""
