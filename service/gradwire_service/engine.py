"""The engine: everything that the service computes, without a wire.

>>> engine = Engine()
>>> engine.gradient(graph, {"x": x, "w": w}, of="loss", wrt=["w"]).gradients["w"]
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from gradwire_service.backend import Interrupt, discover, never
from gradwire_service.comparison import Check, Comparison, Run, check, compare
from gradwire_service.description import (
    Derivative,
    DerivativeMode,
    ValueDescription,
    describe,
    differentiate,
    input_types,
    require_sizes,
)
from gradwire_service.graph import TensorType
from gradwire_service.library import ArrayLike, Choice, Source, types_of
from gradwire_service.query import (
    Arrays,
    Execution,
    GradientQuery,
    GradientResult,
    HessianQuery,
    HessianResult,
    HessianVectorProductQuery,
    HessianVectorProductResult,
    JacobianQuery,
    JacobianResult,
    JvpQuery,
    JvpResult,
    Query,
    Result,
    ValueQuery,
    ValueResult,
    VjpQuery,
    VjpResult,
    direction_count,
)
from gradwire_service.solver import Solver


class Engine(Solver):
    """What can be asked of graphs, each question by a method. It may be used from several threads at once."""

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
        self,
        source: Source,
        inputs: ArrayLike,
        tangents: ArrayLike,
        *,
        of: Sequence[str] = (),
        batched: bool = False,
        backend: str = "",
    ) -> JvpResult:
        """Return values and how they move along the tangents; batched ones have one axis more in front."""
        number = direction_count({name: np.asarray(x) for name, x in tangents.items()}) if batched else None
        result = self._one(source, inputs, JvpQuery(tuple(of), tuple(tangents), number), tangents, backend)
        assert isinstance(result, JvpResult)
        return result

    def vjp(
        self,
        source: Source,
        inputs: ArrayLike,
        cotangents: ArrayLike,
        *,
        wrt: Sequence[str] = (),
        batched: bool = False,
        backend: str = "",
    ) -> VjpResult:
        """Return values and the cotangents of what they depend on; batched ones have one axis more in front."""
        number = direction_count({name: np.asarray(x) for name, x in cotangents.items()}) if batched else None
        result = self._one(source, inputs, VjpQuery(tuple(cotangents), tuple(wrt), number), cotangents, backend)
        assert isinstance(result, VjpResult)
        return result

    def hvp(
        self, source: Source, inputs: ArrayLike, vectors: ArrayLike, *, of: str = "", backend: str = ""
    ) -> HessianVectorProductResult:
        """Return a scalar, its gradient, and the product of its Hessian and a vector."""
        result = self._one(source, inputs, HessianVectorProductQuery(of, tuple(vectors)), vectors, backend)
        assert isinstance(result, HessianVectorProductResult)
        return result

    def jacobian(
        self,
        source: Source,
        inputs: ArrayLike,
        *,
        of: str | Sequence[str] = (),
        wrt: str | Sequence[str] = (),
        sparse: bool = False,
        backend: str = "",
    ) -> JacobianResult:
        """Return values, by default all floating outputs, and their derivatives, by default for all variables.

        Args:
            source: a graph, its id, or its text form.
            inputs: an array for each variable.
            of: names of values that are differentiated.
            wrt: names of values that they are differentiated with respect to.
            sparse: return only entries that may differ from zero, with their places.
            backend: name of the backend.
        """
        result = self._one(source, inputs, JacobianQuery(_names(of), _names(wrt), not sparse), {}, backend)
        assert isinstance(result, JacobianResult)
        return result

    def hessian(
        self,
        source: Source,
        inputs: ArrayLike,
        *,
        of: str = "",
        wrt: str | Sequence[str] = (),
        sparse: bool = False,
        backend: str = "",
    ) -> HessianResult:
        """Return a scalar, its gradient and its second derivatives, by default for all floating variables.

        Args:
            source: a graph, its id, or its text form.
            inputs: an array for each variable.
            of: name of a scalar; "": the only output.
            wrt: names of values that it is differentiated with respect to.
            sparse: return only entries that may differ from zero, with their places.
            backend: name of the backend.
        """
        result = self._one(source, inputs, HessianQuery(of, _names(wrt), not sparse), {}, backend)
        assert isinstance(result, HessianResult)
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
        arrays = self.arrays(graph, inputs_like)
        types = types_of(arrays)
        choice = Choice(backend) if backend else self.default
        program = self.program(graph, types, [GradientQuery(of, tuple(wrt))], choice)
        if wait_for_compiled:
            self.wait(program)
        return program.direct()

    # Before any run

    def describe(
        self, source: Source, dimensions: Mapping[str, int] | None = None, types: Mapping[str, TensorType] | None = None
    ) -> list[ValueDescription]:
        """Tell every value in topological order, with types and cost as far as the sizes are known.

        Args:
            source: a graph, its id, or its text form.
            dimensions: sizes of named dimensions.
            types: types of variables: another way to bind them.
        """
        graph = self.graph(source)
        known, missing = input_types(graph, dimensions or {}, types or {})
        return describe(graph, None if missing else self.typed(graph, known))

    def differentiate(
        self,
        source: Source,
        of: Sequence[str] = (),
        wrt: Sequence[str] = (),
        mode: DerivativeMode = DerivativeMode.GRADIENT,
        dimensions: Mapping[str, int] | None = None,
        types: Mapping[str, TensorType] | None = None,
    ) -> Derivative:
        """Return the derivative as a graph, registered like any other.

        Raises: InputMissingError when a named dimension has no size; as `description.differentiate` does.
        """
        graph = self.graph(source)
        known, missing = input_types(graph, dimensions or {}, types or {})
        require_sizes(graph, missing)
        derivative = differentiate(self.typed(graph, known), of, wrt, mode)
        self.register(derivative.graph)
        return derivative

    # Methods side by side

    def compare(
        self,
        source: Source,
        inputs: ArrayLike,
        *,
        of: str = "",
        wrt: Sequence[str] = (),
        candidates: Sequence[Choice | str] = (),
        reference: Choice | str = "numpy",
        repetitions: int = 0,
        interrupt: Interrupt = never,
    ) -> Iterator[Comparison]:
        """Differentiate one scalar in several ways; yield each when it has finished.

        Args:
            source: a graph, its id, or its text form.
            inputs: an array for each variable.
            of: name of a scalar; "": the only output.
            wrt: names of values; (): all floating variables.
            candidates: backends by name, or with settings; (): all that are available.
            reference: what errors are measured against.
            repetitions: number of timed runs of each; 0: chosen.
            interrupt: called between blocks; raises to stop.
        """
        graph = self.graph(source)
        query = GradientQuery(of, tuple(wrt))

        def runner(choice: Choice) -> Run:
            def run() -> tuple[GradientResult, Execution]:
                (result,), execution = self.evaluate_queries(graph, inputs, [query], (), choice, interrupt)
                assert isinstance(result, GradientResult)
                return result, execution

            return run

        chosen = [_choice(c) for c in candidates] or [Choice(n) for n, b in discover().items() if b.backend]
        compiled = [replace(choice, wait_for_compiled=True) for choice in chosen]
        runs = [(choice.backend, runner(choice)) for choice in compiled]
        return compare(runs, runner(_choice(reference)), repetitions)

    def check(
        self,
        source: Source,
        inputs: ArrayLike,
        *,
        of: str = "",
        wrt: Sequence[str] = (),
        relative_tolerance: float = 0.0,
        choice: Choice | None = None,
        interrupt: Interrupt = never,
    ) -> list[Check]:
        """Hold a gradient against finite differences, element by element.

        Args:
            source: a graph, its id, or its text form.
            inputs: an array for each variable.
            of: name of a scalar; "": the only output.
            wrt: names of values; (): all floating variables.
            relative_tolerance: greatest relative error that passes; 0: 1e-6 for float64, 1e-2 for float32.
            choice: backend of the gradient that is checked; its options set the differences.
            interrupt: called between blocks; raises to stop.
        """
        choice = choice or self.default
        graph = self.graph(source)
        query = [GradientQuery(of, tuple(wrt))]
        differences = replace(choice, backend="finite_difference")
        (exact,), _ = self.evaluate_queries(graph, inputs, query, (), choice, interrupt)
        (numerical,), _ = self.evaluate_queries(graph, inputs, query, (), differences, interrupt)
        assert isinstance(exact, GradientResult)
        assert isinstance(numerical, GradientResult)
        return check(exact.gradients, numerical.gradients, relative_tolerance)


def _names(names: str | Sequence[str]) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(names)


def _choice(choice: Choice | str) -> Choice:
    return Choice(choice) if isinstance(choice, str) else choice
