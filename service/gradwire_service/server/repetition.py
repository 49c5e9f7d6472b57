"""Requests that come again with other numbers: nothing of them is parsed, looked up or checked twice.

A loop of calls sends messages that differ only in the elements of their tensors. What was learnt of the first one, the
program and where in the message its inputs lie, is kept with the bytes that stay the same (`wire.template`).
"""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Mapping

from gradwire_service.backend import Interrupt
from gradwire_service.graph import Array
from gradwire_service.program import Program
from gradwire_service.wire.bulk import Pieces
from gradwire_service.wire.evaluation import write_execution
from gradwire_service.wire.template import Template
from gradwire_service.wire.tensors import Bulk, array_within

KEPT = 1024
"""Requests that are remembered; the one unused for longest goes first."""

LARGEST = 4096
"""Bytes of a request, the elements of its tensors left out, that are worth to be remembered."""


HEAVIEST = 2**20
"""Bytes of constants of a program that is kept here, whatever the library's cache does with it."""


class Repetition:
    """How to answer a request that fits a template.

    Attributes:
        template: the bytes that all such requests share.
        seconds: processor time that the last answer took.
    """

    __slots__ = ("_inputs", "_outputs", "_program", "_start", "seconds", "template")

    def __init__(
        self, template: Template, program: Program, inputs: Mapping[str, int], outline: Outline, seconds: float
    ) -> None:
        """Learn from an answer.

        Args:
            template: the bytes of the request.
            program: what answered it.
            inputs: where the elements of each input begin, counted from the start of the request.
            outline: the bytes of the response.
            seconds: processor time that the answer took.
        """
        self.template = template
        self.seconds = seconds
        self._program = program
        self._inputs = tuple((name, program.types[name], begin) for name, begin in inputs.items())
        self._start, self._outputs = outline

    @property
    def expected(self) -> float:
        """Processor time that the next answer will take, as far as that can be known before."""
        return math.inf if self._program.open_ended else self.seconds

    def answer(self, message: bytes, start: int, interrupt: Interrupt) -> Pieces:
        """Run the program on the tensors of a message that fits; return the response in pieces."""
        began = time.thread_time()
        fed: dict[str, Array] = {}
        for name, kind, begin in self._inputs:
            fed[name] = array_within(message, start + begin, kind, name)
        outputs, execution = self._program.execute(fed, interrupt)
        pieces: Pieces = [self._start]
        for name, behind in self._outputs:
            pieces.append(outputs[name])
            pieces.append(behind)
        pieces.append(write_execution(execution))
        self.seconds = time.thread_time() - began
        return pieces


Outline = tuple[bytes, list[tuple[str, bytes]]]
"""The bytes of a response before its first array; and for each array its name in the program, and the bytes behind."""


def outlined(pieces: Pieces, outputs: Mapping[str, Array]) -> Outline:
    """Tell the bytes of a response that will be the same the next time: all but the arrays and what ran.

    Args:
        pieces: the response, as `write_evaluation` returns it.
        outputs: the arrays by their names in the program.
    """
    names = {id(array): name for name, array in outputs.items()}
    start, behind = b"", []
    for piece in pieces[:-1]:
        if not isinstance(piece, bytes) and id(piece) in names:
            behind.append((names[id(piece)], b""))
            continue
        same = bytes(piece)  # of an array, where the entries of a matrix are
        if behind:
            name, before = behind[-1]
            behind[-1] = (name, before + same)
        else:
            start += same
    return start, behind


def repetition(
    message: bytes, start: int, bulk: Bulk, fed: Mapping[str, Array], program: Program, outline: Outline, seconds: float
) -> Repetition | None:
    """Return how to answer requests like this one; None when it can't be told by its bytes alone.

    Args:
        message: a request that was answered, maybe at the end of another message.
        start: where it begins.
        bulk: all its tensors.
        fed: what the program was fed.
        program: the program.
        outline: the bytes of the response.
        seconds: processor time that the answer took.
    """
    names = {id(array): name for name, array in fed.items()}
    found = {place: names[id(array)] for place, array in bulk.arrays.items() if id(array) in names}
    if len(found) != len(fed) or len(found) != len(bulk.spans):
        return None  # some tensor is stored, or does not count
    if program.constant_bytes > HEAVIEST:
        return None
    template = Template(message, bulk.spans, start)
    if template.size > LARGEST or not template.head:
        return None
    inputs = {found[i]: begin - start for i, (begin, _) in enumerate(bulk.spans)}
    return Repetition(template, program, inputs, outline, seconds)


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
