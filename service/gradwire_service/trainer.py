"""Steps and minimizations of any graph: the loop of `training`, over programs that are prepared for each batch size."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from gradwire_service.backend import (
    CompilingBackend,
    DifferentiatingBackend,
    Executable,
    Interrupt,
    RunInfo,
    Tensors,
    backend,
    never,
)
from gradwire_service.cache import Cache
from gradwire_service.errors import DataMismatchError, NotFiniteError, UnsupportedByBackendError
from gradwire_service.graph import Graph, TensorType
from gradwire_service.library import COMPILATION_SECONDS, ArrayLike, Choice, Library, Source
from gradwire_service.limits import LIMITS, Limits
from gradwire_service.optimizers import Constant, Optimizer, OptimizerState, Schedule, check_state, initial_state
from gradwire_service.plan import only_output
from gradwire_service.program import check_size
from gradwire_service.training import (
    Data,
    Keep,
    NonFinitePolicy,
    Progress,
    Recipe,
    Result,
    Run,
    Snapshot,
    Step,
    minimize,
    step_graph,
    take_step,
)
from gradwire_service.transform import simplify


class Trainer(Library):
    """A library whose graphs can be minimized."""

    def __init__(self, backend: str = "numba", limits: Limits = LIMITS) -> None:
        super().__init__(backend, limits)
        self._steps: Cache[Executable] = Cache(limits.programs)

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
        start = self.arrays(graph, parameters)
        state = state or initial_state(optimizer, start)
        check_state(state, optimizer, start)
        rate = (schedule or Constant()).learning_rate(optimizer.learning_rate, state.step)
        run = self._step_runner(graph, tuple(start), optimizer, loss, choice)
        taken = take_step(run, start, self.arrays(graph, data), state, rate, interrupt)
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
        resume: Snapshot | None = None,
        keep: Keep | None = None,
    ) -> Iterator[Progress | Result]:
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
            resume: where to go on, in place of `parameters` and `state`; None: at these.
            keep: is given a snapshot between slices of steps.

        Raises: what is wrong with the graph or the inputs; StateMismatchError, DataMismatchError, NotFiniteError.
        """
        graph = self.graph(source)
        if rows is None:
            rows = [v.name for v in graph.variables if v.dimensions[:1] == ("batch",) and v.name in data]
        for name in rows:
            if name not in data:
                raise DataMismatchError(f"{name!r} is to be taken in batches, but is not among the data", field=name)
        arrays = {name: np.ascontiguousarray(x) if x.ndim else x for name, x in self.arrays(graph, data).items()}
        held = Data({n: x for n, x in arrays.items() if n in rows}, {n: x for n, x in arrays.items() if n not in rows})
        start = self.arrays(graph, parameters)
        run = self._step_runner(graph, tuple(start), recipe.optimizer, loss, choice)
        return minimize(run, start, held, recipe, state, interrupt=interrupt, resume=resume, keep=keep)

    def _step_runner(
        self, graph: Graph, parameters: tuple[str, ...], optimizer: Optimizer, loss: str, choice: Choice | None
    ) -> Run:
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
