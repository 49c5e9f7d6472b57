"""The engine: everything that the service computes, without a wire.

>>> engine = Engine()
>>> engine.gradient(graph, {"x": x, "w": w}, of="loss", wrt=["w"]).gradients["w"]
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from gradwire_service.backend import CompilingBackend, Interrupt, Tier, backend, never
from gradwire_service.cache import Cache
from gradwire_service.errors import GradwireError, GraphUnknownError, UnsupportedByBackendError
from gradwire_service.graph import Array, Graph, TensorType, parse, validate
from gradwire_service.limits import LIMITS, Limits
from gradwire_service.ops import catalog
from gradwire_service.program import Program, Settings
from gradwire_service.query import (
    Arrays,
    Evaluation,
    GradientQuery,
    GradientResult,
    HessianVectorProductQuery,
    HessianVectorProductResult,
    JvpQuery,
    JvpResult,
    Query,
    Result,
    ValueQuery,
    ValueResult,
    VjpQuery,
    VjpResult,
)
from gradwire_service.transform import TypedGraph, expand

ArrayLike = Mapping[str, npt.ArrayLike]
Source = Graph | str
"""A graph, its id, or its text form."""

COMPILATION_SECONDS = 60.0
"""Longest time that `wait_for_compiled` waits."""


class Comparison(NamedTuple):
    """One backend's answer, held against the reference.

    Attributes:
        backend: its name.
        result: value and gradients; None when it failed.
        greatest_relative_error: greatest error over all gradients, each relative to its largest magnitude.
        function_evaluations: how often the function was evaluated.
        seconds: time of one warm run.
        tier: what answered.
        error: why it failed.
    """

    backend: str
    result: GradientResult | None
    greatest_relative_error: float
    function_evaluations: int
    seconds: float
    tier: Tier
    error: GradwireError | None = None


class Check(NamedTuple):
    """A gradient, held against an independent numerical one.

    Attributes:
        name: the value that was differentiated with respect to.
        exact: the gradient.
        numerical: the one that it was held against.
        method: name of the backend that computed it.
        greatest_error: greatest |exact - numerical|, relative to the largest |exact| or |numerical|.
        tolerance: what that may be.
        worst: place of the greatest error, an index along each axis.
    """

    name: str
    exact: Array
    numerical: Array
    method: str
    greatest_error: float
    tolerance: float
    worst: tuple[int, ...]

    @property
    def passed(self) -> bool:
        """Whether the two agree; NaN never does."""
        return self.greatest_error <= self.tolerance


@dataclass(frozen=True)
class Choice:
    """Which backend runs a request, and how.

    Attributes:
        backend: name of a backend.
        settings: how its programs are made.
        wait_for_compiled: wait for the compiler instead of taking a first answer from NumPy.
    """

    backend: str = "numba"
    settings: Settings = Settings()
    wait_for_compiled: bool = False


class Engine:
    """Graphs by id, programs by what they answer. It may be used from several threads at once."""

    def __init__(self, backend: str = "numba", limits: Limits = LIMITS) -> None:
        """Make an engine.

        Args:
            backend: name of the backend that runs what does not name one.
            limits: sizes that requests may not pass.
        """
        self.default = Choice(backend)
        self.limits = limits
        self._graphs: Cache[Graph] = Cache(limits.graphs)
        self._typed: Cache[TypedGraph] = Cache(limits.programs)
        self._programs: Cache[Program] = Cache(limits.programs)

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
            typed = self.typed(graph, types)
            return Program(typed, queries, backend(choice.backend), choice.settings, self.limits)

        return self._programs.get(key, make)

    def known_program(
        self, graph_id: str, types: tuple[tuple[str, TensorType], ...], queries: tuple[Query, ...], choice: Choice
    ) -> Program | None:
        """Return a program only if it is prepared already: a look-up that never works for long."""
        return self._programs.peek((graph_id, types, queries, choice.backend, choice.settings))

    def wait(self, program: Program, timeout: float = COMPILATION_SECONDS) -> bool:
        """Wait until a program is compiled, or can't be; tell whether it is compiled."""
        running = backend(program.backend)
        if not isinstance(running, CompilingBackend):
            return False
        return all([running.wait(executable, timeout) for executable in program.executables])

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
        arrays = self._arrays(graph, inputs)
        types = {name: TensorType.of(array) for name, array in arrays.items()}
        program = self.program(graph, types, queries, choice)
        if choice.wait_for_compiled:
            self.wait(program)
        moved = [
            {name: np.asarray(x, program.types[f"{i} {name}"].element_type.dtype) for name, x in along.items()}
            for i, along in enumerate(directions)
        ]
        return program.run(program.feed(arrays, moved), interrupt)

    def _arrays(self, graph: Graph, inputs: ArrayLike) -> dict[str, Array]:
        """Turn lists and numbers into arrays of the declared types; arrays keep theirs, and must fit."""
        declared = {v.name: v.element_type.dtype for v in graph.variables}
        return {
            name: x if isinstance(x, np.ndarray) else np.asarray(x, declared.get(name)) for name, x in inputs.items()
        }

    # The same, one query at a time

    def evaluate(self, source: Source, inputs: ArrayLike, *, of: Sequence[str] = (), backend: str = "") -> Arrays:
        """Return values, by default all outputs."""
        result = self._one(source, inputs, ValueQuery(tuple(of)), {}, backend)
        assert isinstance(result, ValueResult)
        return result.values

    def gradient(
        self, source: Source, inputs: ArrayLike, *, of: str = "", wrt: Sequence[str] = (), backend: str = ""
    ) -> GradientResult:
        """Return a scalar and its gradient with respect to any values, by default all floating variables."""
        result = self._one(source, inputs, GradientQuery(of, tuple(wrt)), {}, backend)
        assert isinstance(result, GradientResult)
        return result

    def jvp(
        self, source: Source, inputs: ArrayLike, tangents: ArrayLike, *, of: Sequence[str] = (), backend: str = ""
    ) -> JvpResult:
        """Return values and how they move along the tangents."""
        result = self._one(source, inputs, JvpQuery(tuple(of), tuple(tangents)), tangents, backend)
        assert isinstance(result, JvpResult)
        return result

    def vjp(
        self, source: Source, inputs: ArrayLike, cotangents: ArrayLike, *, wrt: Sequence[str] = (), backend: str = ""
    ) -> VjpResult:
        """Return values and the cotangents of what they depend on."""
        result = self._one(source, inputs, VjpQuery(tuple(cotangents), tuple(wrt)), cotangents, backend)
        assert isinstance(result, VjpResult)
        return result

    def hvp(
        self, source: Source, inputs: ArrayLike, vectors: ArrayLike, *, of: str = "", backend: str = ""
    ) -> HessianVectorProductResult:
        """Return a scalar, its gradient, and the product of its Hessian and a vector."""
        result = self._one(source, inputs, HessianVectorProductQuery(of, tuple(vectors)), vectors, backend)
        assert isinstance(result, HessianVectorProductResult)
        return result

    def _one(self, source: Source, inputs: ArrayLike, query: Query, along: ArrayLike, backend: str) -> Result:
        choice = Choice(backend) if backend else self.default
        return self.evaluate_queries(source, inputs, [query], [along], choice).results[0]

    def prepare(
        self,
        source: Source,
        inputs_like: ArrayLike,
        *,
        of: str = "",
        wrt: Sequence[str] = (),
        backend: str = "",
        wait_for_compiled: bool = False,
    ) -> Callable[[Arrays], GradientResult]:
        """Return value and gradient as a callable with the least overhead, for inputs of exactly these types.

        Args:
            source: a graph, its id, or its text form.
            inputs_like: arrays of the types that the callable will be given.
            of: name of a scalar; "": the only output.
            wrt: names of values; (): all floating variables.
            backend: name of the backend.
            wait_for_compiled: return only when the program is compiled.
        """
        graph = self.graph(source)
        arrays = self._arrays(graph, inputs_like)
        types = {name: TensorType.of(array) for name, array in arrays.items()}
        choice = Choice(backend) if backend else self.default
        program = self.program(graph, types, [GradientQuery(of, tuple(wrt))], choice)
        if wait_for_compiled:
            self.wait(program)
        return program.direct()

    # Methods side by side

    def compare(
        self,
        source: Source,
        inputs: ArrayLike,
        *,
        of: str = "",
        wrt: Sequence[str] = (),
        backends: Sequence[str] = (),
        settings: Settings | None = None,
        reference: str = "",
        interrupt: Interrupt = never,
    ) -> Iterator[Comparison]:
        """Differentiate one scalar by several backends; yield each answer when it is there, the reference's first.

        Args:
            source: a graph, its id, or its text form.
            inputs: an array for each variable.
            of: name of a scalar; "": the only output.
            wrt: names of values; (): all floating variables.
            backends: names of the backends.
            settings: how programs are made.
            reference: the backend that the others are held against; "": the first.
            interrupt: called between blocks; raises to stop.
        """
        order = list(dict.fromkeys([*([reference] if reference else []), *backends]))
        exact: GradientResult | None = None
        for name in order:
            choice = Choice(name, settings or Settings(), wait_for_compiled=True)
            query = [GradientQuery(of, tuple(wrt))]
            try:
                self.evaluate_queries(source, inputs, query, choice=choice, interrupt=interrupt)  # warm
                (result,), execution = self.evaluate_queries(source, inputs, query, choice=choice, interrupt=interrupt)
            except UnsupportedByBackendError as error:
                yield Comparison(name, None, np.nan, 0, 0.0, Tier.INTERPRETED, error)
                continue
            except GradwireError as error:
                if exact is None or error.reason in ("CANCELLED", "DEADLINE_EXCEEDED"):
                    raise
                yield Comparison(name, None, np.nan, 0, 0.0, Tier.INTERPRETED, error)
                continue
            assert isinstance(result, GradientResult)
            exact = exact or result
            error_of = max((relative_error(g, exact.gradients[n])[0] for n, g in result.gradients.items()), default=0.0)
            counts = (execution.function_evaluations, execution.seconds, execution.tier)
            yield Comparison(name, result, error_of, *counts)

    def check(
        self,
        source: Source,
        inputs: ArrayLike,
        *,
        of: str = "",
        wrt: Sequence[str] = (),
        tolerance: float = 0.0,
        method: str = "",
        choice: Choice | None = None,
        interrupt: Interrupt = never,
    ) -> list[Check]:
        """Hold a gradient against an independent numerical one.

        Args:
            source: a graph, its id, or its text form.
            inputs: an array for each variable.
            of: name of a scalar; "": the only output.
            wrt: names of values; (): all floating variables.
            tolerance: greatest relative error that passes; 0: 1e-10 for complex steps, 1e-5 for differences in
                float64, 5e-2 in float32.
            method: "complex_step" or "finite_difference"; "": the first where the graph allows it, else the second.
            choice: backend of the gradient that is checked.
            interrupt: called between blocks; raises to stop.
        """
        query = [GradientQuery(of, tuple(wrt))]
        (exact,), _ = self.evaluate_queries(source, inputs, query, choice=choice, interrupt=interrupt)
        assert isinstance(exact, GradientResult)
        for name in [method] if method else ["complex_step", "finite_difference"]:
            try:
                (numerical,), _ = self.evaluate_queries(source, inputs, query, choice=Choice(name), interrupt=interrupt)
            except UnsupportedByBackendError:
                if method or name == "finite_difference":
                    raise
                continue
            assert isinstance(numerical, GradientResult)
            return [
                _checked(n, g, numerical.gradients[n], name, tolerance) for n, g in exact.gradients.items()
            ]
        raise AssertionError("finite differences either answer or raise")  # pragma: no cover


def relative_error(actual: Array, expected: Array) -> tuple[float, tuple[int, ...]]:
    """Return the greatest |actual - expected| over the largest magnitude among both, and its place.

    Equal infinities and NaN in both places count as no error.
    """
    if actual.size == 0:
        return 0.0, ()
    with np.errstate(all="ignore"):
        same = (actual == expected) | (np.isnan(actual) & np.isnan(expected))
        scale = max(float(np.nanmax(np.abs(expected))), float(np.nanmax(np.abs(actual))), np.finfo(actual.dtype).tiny)
        errors = np.where(same, 0.0, np.abs(actual - expected) / scale)
    place = np.unravel_index(int(np.argmax(np.where(np.isnan(errors), np.inf, errors))), errors.shape)
    return float(errors[place]), tuple(int(i) for i in place)


def _checked(name: str, exact: Array, numerical: Array, method: str, tolerance: float) -> Check:
    if not tolerance:
        single = exact.dtype == np.float32
        tolerance = 5e-2 if single else 1e-10 if method == "complex_step" else 1e-5
    error, worst = relative_error(exact, numerical)
    return Check(name, exact, numerical, method, error, tolerance, worst)
