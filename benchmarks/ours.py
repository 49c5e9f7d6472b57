"""What is asked of the engine, as one who embeds it asks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Protocol

import gradwire as gw
from benchmarks.contender import AbsentError, Array, Point, Prepared
from gradwire_service import Engine
from gradwire_service.library import Choice, types_of
from gradwire_service.limits import Limits
from gradwire_service.program import Program
from gradwire_service.query import (
    CoordinateMatrix,
    GradientQuery,
    GradientResult,
    HessianResult,
    JacobianResult,
    Query,
    ValueResult,
)
from gradwire_service.training import Recipe, Result

WIDE = Limits(blocks=2**21, flops=10**13, bytes=2**34, derivatives=2**26, structure_bytes=2**30, message_bytes=2**31)
"""The largest sizes pass what a server allows a request."""

SECONDS = 120.0
"""Longest wait for a compiler."""


class Request(Protocol):
    """Something that an engine is asked for."""

    @property
    def text(self) -> str:
        """The graph, as text."""
        ...

    def first(self, engine: Engine) -> Prepared:
        """Return what answers at once, from the text on."""
        ...

    def wait(self, engine: Engine) -> bool:
        """Wait until what answers is compiled; tell whether it is."""
        ...


def compiled(request: Request) -> Prepared:
    """Return what answers a request, compiled if it can be."""
    engine = Engine(limits=WIDE)
    prepared = request.first(engine)
    request.wait(engine)
    return prepared


@dataclass
class Question:
    """A query about a graph at a point.

    Attributes:
        graph: the graph, or its text.
        point: an array for each variable.
        query: what is asked; None: value and gradient.
        wrt: what the gradient is taken with respect to; (): all variables.
    """

    graph: gw.Graph | str
    point: Point
    query: Query | None = None
    wrt: Sequence[str] = ()

    @property
    def text(self) -> str:
        return str(self.graph)

    def program(self, engine: Engine) -> Program:
        """Return the prepared program."""
        query = self.query or GradientQuery("", tuple(self.wrt))
        return engine.program(engine.graph(self.text), types_of(self.point), [query])

    def first(self, engine: Engine) -> Prepared:
        return Prepared(partial(self.program(engine).direct(), self.point), numbers)

    def wait(self, engine: Engine) -> bool:
        return engine.wait(self.program(engine), SECONDS)


def numbers(result: Any) -> list[Array]:
    """Return what a result holds, in the order in which contenders tell it: a value first, then derivatives."""
    match result:
        case ValueResult(values):
            return list(values.values())
        case GradientResult(value, gradients):
            return [value, *gradients.values()]
        case HessianResult(_, _, matrices, _) | JacobianResult(_, matrices, _):
            return [x.values if isinstance(x, CoordinateMatrix) else x for x in matrices.values()]
    raise AbsentError(f"{type(result).__name__} has no numbers to compare")


@dataclass
class Minimization:
    """A minimization of a loss over rows of data.

    Attributes:
        graph: the loss, or its text.
        parameters: where to start.
        data: the rows.
        recipe: how to minimize.
    """

    graph: gw.Graph | str
    parameters: Point
    data: Point
    recipe: Recipe

    @property
    def text(self) -> str:
        return str(self.graph)

    def first(self, engine: Engine) -> Prepared:
        text = self.text
        return Prepared(partial(self._minimized, engine, text, engine.default), lambda w: list(w.values()))

    def _minimized(self, engine: Engine, text: str, choice: Choice) -> Point:
        *_, result = engine.minimize(text, self.parameters, self.data, self.recipe, choice=choice)
        assert isinstance(result, Result)
        return dict(result.parameters)

    def wait(self, engine: Engine) -> bool:
        self._minimized(engine, self.text, replace(engine.default, wait_for_compiled=True))
        return True
