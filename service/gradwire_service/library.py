"""The library of a server: graphs by their ids, the programs that were prepared of them, and the caches of both."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from gradwire_service.backend import CompilingBackend, Interrupt, backend, never
from gradwire_service.cache import Cache
from gradwire_service.errors import ElementTypeError, GraphUnknownError
from gradwire_service.graph import Array, Graph, TensorType, parse, validate
from gradwire_service.limits import LIMITS, Limits
from gradwire_service.ops import catalog
from gradwire_service.program import Program, Settings
from gradwire_service.query import Arrays, Evaluation, Query
from gradwire_service.transform import TypedGraph, expand

ArrayLike = Mapping[str, npt.ArrayLike]
Source = Graph | str
"""A graph, its id, or its text form."""

COMPILATION_SECONDS = 60.0
"""Longest time that `wait_for_compiled` waits."""


@dataclass(frozen=True)
class Choice:
    """Which backend runs a request, and how.

    Attributes:
        backend: name of a backend.
        settings: how its programs are made.
        wait_for_compiled: wait for the compiler instead of taking a first answer from NumPy.
    """

    backend: str = "numba"
    settings: Settings = field(default_factory=Settings)
    wait_for_compiled: bool = False


class Library:
    """Graphs by id, and programs by what they answer. It may be used from several threads at once."""

    def __init__(self, backend: str = "numba", limits: Limits = LIMITS) -> None:
        """Begin with nothing.

        Args:
            backend: name of the backend that runs what does not name one.
            limits: sizes that requests may not pass.
        """
        self.default = Choice(backend)
        self.limits = limits
        self._graphs: Cache[Graph] = Cache(limits.graphs)
        self._typed: Cache[TypedGraph] = Cache(limits.programs)
        self._programs = Cache[Program](limits.programs, lambda program: program.constant_bytes, limits.program_bytes)

    # Graphs

    def register(self, graph: Graph) -> str:
        """Check a graph and keep it; return its id. Doing it again changes nothing.

        Raises: one error with all faults of the graph.
        """

        def checked() -> Graph:
            validate(graph, catalog, self.limits)
            return graph

        self._graphs.get(graph.id, checked)
        return graph.id

    def graph(self, source: Source) -> Graph:
        """Return a checked graph.

        Raises: GraphUnknownError, TextSyntaxError, or an error with all faults of the graph.
        """
        if isinstance(source, str):
            if source.startswith("sha256:"):
                found = self._graphs.peek(source)
                if found is None:
                    raise GraphUnknownError(f"no graph {source} is registered here; send the graph itself")
                return found
            source = parse(source)
        return self._graphs.get(self.register(source), lambda: source)

    def typed(self, source: Source, types: Mapping[str, TensorType]) -> TypedGraph:
        """Bind the sizes of a graph.

        Raises: as `transform.expand` does.
        """
        graph = self.graph(source)
        key = (graph.id, tuple(types.items()))
        return self._typed.get(key, lambda: expand(graph, types, self.limits))

    # Programs

    def program(
        self, source: Source, types: Mapping[str, TensorType], queries: Sequence[Query], choice: Choice | None = None
    ) -> Program:
        """Return the prepared program that answers the queries, from the cache or made now.

        Raises: what is wrong with the graph, the queries, or the backend.
        """
        choice = choice or self.default
        graph = self.graph(source)
        key = (graph.id, tuple(types.items()), tuple(queries), choice.backend, choice.settings)

        def make() -> Program:
            with collecting_later():
                typed = self.typed(graph, types)
                return Program(typed, queries, backend(choice.backend), choice.settings, self.limits)

        return self._programs.get(key, make)

    def wait(self, program: Program, timeout: float = COMPILATION_SECONDS) -> bool:
        """Wait until a program is compiled, or can't be; tell whether it is compiled."""
        running = backend(program.backend)
        if not isinstance(running, CompilingBackend):
            return False
        return all(running.wait(executable, timeout) for executable in program.executables)

    def evaluate_queries(
        self,
        source: Source,
        inputs: ArrayLike,
        queries: Sequence[Query],
        directions: Sequence[ArrayLike] = (),
        choice: Choice | None = None,
        interrupt: Interrupt = never,
    ) -> Evaluation:
        """Answer several queries about one graph at one point; they share the forward pass.

        Args:
            source: a graph, its id, or its text form.
            inputs: an array for each variable.
            queries: what is asked.
            directions: for each query, its tangents, cotangents or vectors by name.
            choice: backend and settings.
            interrupt: called between blocks; raises to stop.
        """
        choice = choice or self.default
        graph = self.graph(source)
        arrays = self.arrays(graph, inputs)
        types = types_of(arrays)
        program = self.program(graph, types, queries, choice)
        if choice.wait_for_compiled:
            self.wait(program)
        moved = [
            {name: np.asarray(x, program.types[f"{i} {name}"].element_type.dtype) for name, x in along.items()}
            for i, along in enumerate(directions)
        ]
        return program.run(program.feed(arrays, moved), interrupt)

    def arrays(self, graph: Graph, inputs: ArrayLike) -> dict[str, Array]:
        """Turn lists and numbers into arrays of the declared types; arrays keep theirs, and must fit."""
        declared = {v.name: v.element_type.dtype for v in graph.variables}
        return {
            name: x if isinstance(x, np.ndarray) else np.asarray(x, declared.get(name)) for name, x in inputs.items()
        }


def types_of(arrays: Arrays) -> dict[str, TensorType]:
    """Return the types of arrays by name.

    Raises: ElementTypeError for elements that Gradwire does not have, such as complex numbers or texts.
    """
    types: dict[str, TensorType] = {}
    for name, array in arrays.items():
        try:
            types[name] = TensorType.of(array)
        except ValueError as error:
            raise ElementTypeError(f"{name!r}: {error}", block=name, field=f"inputs[{name}]") from None
    return types


@contextmanager
def collecting_later() -> Iterator[None]:
    """Put off the search for unreachable cycles: amid a million new values that all live it finds none, at a price."""
    if not gc.isenabled():  # by somebody else, who will switch it on again
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
