"""Methods that own their loop, and searches, for any graph: what they ask is answered by programs, prepared once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from gradwire_service.backend import CompilingBackend, Executable, Interrupt, RunInfo, Tier, backend
from gradwire_service.cache import Cache
from gradwire_service.control.chunks import vectorize_in_chunks
from gradwire_service.errors import NotScalarError
from gradwire_service.graph import Array, Graph, TensorType
from gradwire_service.library import COMPILATION_SECONDS, ArrayLike, Choice, Source, types_of
from gradwire_service.limits import LIMITS, Limits
from gradwire_service.methods import Ask, BoundsOf, Conditions, Method, Solution, solve
from gradwire_service.ops.base import variable
from gradwire_service.ops.flat import FlatGraph
from gradwire_service.plan import only_output
from gradwire_service.program import Program, check_size
from gradwire_service.query import Arrays, Evaluation, Query
from gradwire_service.searches import Evaluate, Search, search
from gradwire_service.trainer import Trainer
from gradwire_service.training import Progress
from gradwire_service.transform import TypedGraph, simplify

_LOSSES = "losses"


class Solver(Trainer):
    """A trainer that also knows methods that own their loop, and searches."""

    def __init__(self, backend: str = "numba", limits: Limits = LIMITS) -> None:
        super().__init__(backend, limits)
        self._populations: Cache[Executable] = Cache(limits.programs)

    def solve(
        self,
        source: Source,
        parameters: ArrayLike,
        data: ArrayLike,
        method: Method | Search,
        *,
        of: Sequence[str] = (),
        bounds: BoundsOf | None = None,
        conditions: Conditions | None = None,
        seed: int = 0,
        choice: Choice | None = None,
    ) -> Iterator[Progress | Solution]:
        """Minimize by a method of SciPy or a search; yield a report after each iteration and, last, the solution.

        The compiler is waited for: the same call then gives the same bits.

        Args:
            source: a graph, its id, or its text form.
            parameters: where to start: the variables that are moved, by name.
            data: all other variables, by name.
            method: the method.
            of: name of the loss, or names of residuals for a method of least squares; (): the outputs.
            bounds: least and greatest values of parameters, by name.
            conditions: when to stop and to report.
            seed: source of all that is random in a search.
            choice: backend and settings.

        Raises: what is wrong with the graph or the inputs; HyperparameterError; NotFiniteError.
        """
        graph = self.graph(source)
        start, given = self.arrays(graph, parameters), self.arrays(graph, data)
        # A run that began by NumPy and went on compiled would not end with the same bits twice.
        choice = replace(choice or self.default, wait_for_compiled=True)
        if isinstance(method, Search):
            evaluate = self._evaluator(graph, tuple(start), given, of[0] if of else "", choice)
            return search(evaluate, start, method, bounds=bounds, conditions=conditions, seed=seed)
        ask = self._asker(graph, given, choice)
        return solve(ask, start, method, of=of, bounds=bounds, conditions=conditions)

    def _asker(self, graph: Graph, data: Arrays, choice: Choice) -> Ask:
        """Return what answers queries at parameters, with the data as they are."""
        programs: dict[Query, Program] = {}

        def ask(query: Query, parameters: Arrays, along: Arrays, interrupt: Interrupt) -> Evaluation:
            inputs = {**data, **parameters}
            program = programs.get(query)
            if program is None:
                program = programs[query] = self.program(graph, types_of(inputs), [query], choice)
                _wait(partial(self.wait, program), interrupt)
            return program.run(program.feed(inputs, [along]), interrupt)

        return ask

    def _evaluator(
        self, graph: Graph, parameters: tuple[str, ...], data: Arrays, loss: str, choice: Choice
    ) -> Evaluate:
        """Return what evaluates whole populations: one run of one program."""
        runner = backend(choice.backend)
        ready: dict[int, Executable] = {}

        def evaluate(candidates: Arrays, interrupt: Interrupt) -> tuple[Array, Tier]:
            count = len(next(iter(candidates.values())))
            if count not in ready:
                ready[count] = prepared(types_of({**data, **{name: x[0] for name, x in candidates.items()}}), count)
                if isinstance(runner, CompilingBackend):
                    _wait(partial(runner.wait, ready[count]), interrupt)
            info = RunInfo()
            return ready[count]({**fed, **candidates}, interrupt, info)[_LOSSES], info.tier

        def prepared(types: Mapping[str, TensorType], count: int) -> Executable:
            def make() -> Executable:
                flat = population_graph(self.typed(graph, types), parameters, loss, count)
                flat = simplify(flat, strict_nan=choice.settings.strict_nan, fast_math=choice.settings.fast_math)
                check_size(flat, self.limits)
                return runner.prepare(flat)

            return self._populations.get((graph.id, tuple(types.items()), count, parameters, loss, choice), make)

        fed = {name: np.asarray(x, order="C") for name, x in data.items()}
        return evaluate


def _wait(wait: Callable[[float], bool], interrupt: Interrupt) -> None:
    """Wait until something is compiled, or can't be, but for no longer than compilers are waited for.

    Args:
        wait: waits for so many seconds, or until it is known; tells whether it is compiled.
        interrupt: called in between; raises to stop.
    """
    end = time.monotonic() + COMPILATION_SECONDS
    while True:
        interrupt()
        start = time.monotonic()
        if wait(_LOOK) or time.monotonic() - start < _LOOK or start > end:
            return


_LOOK = 0.1
"""Seconds between two looks whether the caller still waits."""


def population_graph(typed: TypedGraph, parameters: Sequence[str], loss: str, count: int) -> FlatGraph:
    """Make the graph of the losses of many candidates.

    Args:
        typed: the graph, at known sizes.
        parameters: names of the variables that differ between candidates; each is fed with an axis of them in front.
        loss: name of a scalar; "": the only output.
        count: number of candidates.

    Raises: NotScalarError, UnknownValueError.
    """
    scalar = typed[typed.graph.outputs.get(loss or only_output(typed), loss)]
    if scalar.shape:
        text = f"{loss or only_output(typed)!r} is to be minimized, but has shape {list(scalar.shape)}, not []"
        raise NotScalarError(f"{text}; reduce it with sum or mean", block=loss)
    single = {name: typed[name] for name in parameters}
    batched = {x: variable(name, (count, *x.shape), x.element_type) for name, x in single.items()}
    (losses,) = vectorize_in_chunks([scalar], batched)
    others = [x for x in typed.variables if x.name not in single]
    return FlatGraph.of({_LOSSES: losses}, [*others, *batched.values()])
