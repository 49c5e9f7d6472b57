"""The engine: everything that the service computes, without a wire.

>>> engine = Engine()
>>> engine.gradient(graph, {"x": x, "w": w}, of="loss", wrt=["w"]).gradients["w"]
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from gradwire_service.backend import (
    CompilingBackend,
    DifferentiatingBackend,
    Executable,
    Interrupt,
    RunInfo,
    Tensors,
    backend,
    discover,
    never,
)
from gradwire_service.cache import Cache
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
from gradwire_service.errors import (
    DataMismatchError,
    ElementTypeError,
    GraphUnknownError,
    NotFiniteError,
    UnsupportedByBackendError,
)
from gradwire_service.graph import Array, Graph, TensorType, parse, validate
from gradwire_service.limits import LIMITS, Limits
from gradwire_service.ops import catalog
from gradwire_service.optimizers import Constant, Optimizer, OptimizerState, Schedule, check_state, initial_state
from gradwire_service.plan import only_output
from gradwire_service.program import Program, Settings, check_size
from gradwire_service.query import (
    Arrays,
    Evaluation,
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
from gradwire_service.training import Data, NonFinitePolicy, Progress, Recipe, Step, minimize, step_graph, take_step
from gradwire_service.training import Result as TrainingResult
from gradwire_service.training import Run as StepRun
from gradwire_service.transform import TypedGraph, expand, simplify

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
        self._steps: Cache[Executable] = Cache(limits.programs)

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
        arrays = self._arrays(graph, inputs)
        types = types_of(arrays)
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
        arrays = self._arrays(graph, inputs_like)
        types = types_of(arrays)
        choice = Choice(backend) if backend else self.default
        program = self.program(graph, types, [GradientQuery(of, tuple(wrt))], choice)
        if wait_for_compiled:
            self.wait(program)
        return program.direct()

    # Optimization

    def step(
        self,
        source: Source,
        parameters: ArrayLike,
        data: ArrayLike,
        optimizer: Optimizer,
        *,
        state: OptimizerState | None = None,
        schedule: Schedule | None = None,
        loss: str = "",
        policy: NonFinitePolicy = NonFinitePolicy.FAIL,
        choice: Choice | None = None,
        interrupt: Interrupt = never,
    ) -> Step:
        """Take one step of an optimizer; nothing is kept here, the state goes back and forth.

        Args:
            source: a graph, its id, or its text form.
            parameters: the variables that are trained, by name.
            data: all other variables, by name.
            optimizer: the update rule.
            state: what the step before returned; None: a fresh start.
            schedule: how the learning rate changes; None: not at all.
            loss: name of a scalar; "": the only output.
            policy: what to do when the step leads to a loss, a gradient or parameters that are not finite: fail, or
                return with parameters and state as they came (`Step.is_finite` tells).
            choice: backend and settings.
            interrupt: called between blocks; raises to stop.

        Raises: what is wrong with the graph or the inputs; StateMismatchError; NotFiniteError.
        """
        graph = self.graph(source)
        start = self._arrays(graph, parameters)
        state = state or initial_state(optimizer, start)
        check_state(state, optimizer, start)
        rate = (schedule or Constant()).learning_rate(optimizer.learning_rate, state.step)
        run = self._step_runner(graph, tuple(start), optimizer, loss, choice)
        taken = take_step(run, start, self._arrays(graph, data), state, rate, interrupt)
        if not taken.is_finite and policy is not NonFinitePolicy.FAIL:
            return replace(taken, parameters=start, state=state)
        if not taken.is_finite:
            message = f"the step gives loss {taken.loss} and a gradient of norm {taken.gradient_norm}; it was not taken"
            raise NotFiniteError(f"{message}: lower the learning rate, or look for such values in the data")
        return taken

    def minimize(
        self,
        source: Source,
        parameters: ArrayLike,
        data: ArrayLike,
        recipe: Recipe,
        *,
        rows: Sequence[str] | None = None,
        state: OptimizerState | None = None,
        loss: str = "",
        choice: Choice | None = None,
        interrupt: Interrupt = never,
    ) -> Iterator[Progress | TrainingResult]:
        """Minimize a loss; yield reports and, last, the result.

        Args:
            source: a graph, its id, or its text form.
            parameters: where to start: the variables that are trained, by name.
            data: all other variables, by name.
            recipe: optimizer, schedule, batches, and when to report and to stop.
            rows: names of the data whose first axis is the rows; None: those whose first dimension is "batch".
            state: what the optimizer remembers of an earlier minimization; None: a fresh start.
            loss: name of a scalar; "": the only output.
            choice: backend and settings.
            interrupt: called between blocks and steps; raises to stop. What was reached is then the result.

        Raises: what is wrong with the graph or the inputs; StateMismatchError, DataMismatchError, NotFiniteError.
        """
        graph = self.graph(source)
        if rows is None:
            rows = [v.name for v in graph.variables if v.dimensions[:1] == ("batch",) and v.name in data]
        for name in rows:
            if name not in data:
                raise DataMismatchError(f"{name!r} is to be taken in batches, but is not among the data", field=name)
        arrays = {name: np.ascontiguousarray(x) if x.ndim else x for name, x in self._arrays(graph, data).items()}
        held = Data({n: x for n, x in arrays.items() if n in rows}, {n: x for n, x in arrays.items() if n not in rows})
        start = self._arrays(graph, parameters)
        run = self._step_runner(graph, tuple(start), recipe.optimizer, loss, choice)
        return minimize(run, start, held, recipe, state, interrupt=interrupt)

    def _step_runner(
        self, graph: Graph, parameters: tuple[str, ...], optimizer: Optimizer, loss: str, choice: Choice | None
    ) -> StepRun:
        """Return what runs a step, for batches of any number of rows: a program for each number that occurs."""
        choice = choice or self.default
        rule = replace(optimizer, learning_rate=type(optimizer)().learning_rate)  # the graph does not depend on it
        runner = backend(choice.backend)
        if isinstance(runner, DifferentiatingBackend):
            message = f"{choice.backend} computes single gradients, not whole steps; take numba or numpy"
            raise UnsupportedByBackendError(message, backend=choice.backend)

        def run(fed: Tensors, interrupt: Interrupt, info: RunInfo) -> Tensors:
            types = tuple((v.name, TensorType.of(fed[v.name])) for v in graph.variables if v.name in fed)
            key = ("step", graph.id, types, parameters, rule, loss, choice)
            executable = self._steps.get(key, lambda: prepared(dict(types)))
            return executable({name: np.asarray(array, order="C") for name, array in fed.items()}, interrupt, info)

        def prepared(types: Mapping[str, TensorType]) -> Executable:
            typed = self.typed(graph, types)
            scalar = typed[graph.outputs.get(loss or only_output(typed), loss)]
            flat = step_graph(scalar, {name: typed[name] for name in parameters}, rule, typed.variables)
            flat = simplify(flat, strict_nan=choice.settings.strict_nan, fast_math=choice.settings.fast_math)
            check_size(flat, self.limits)
            executable = runner.prepare(flat)
            if choice.wait_for_compiled and isinstance(runner, CompilingBackend):
                runner.wait(executable, COMPILATION_SECONDS)
            return executable

        return run

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


def _names(names: str | Sequence[str]) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(names)


def _choice(choice: Choice | str) -> Choice:
    return Choice(choice) if isinstance(choice, str) else choice
