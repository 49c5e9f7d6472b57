"""Steps and minimizations of any graph: the loop of `training`, over programs that are prepared for each batch size."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
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
from gradwire_service.errors import (
    DataMismatchError,
    HyperparameterError,
    NotFiniteError,
    UnsupportedByBackendError,
)
from gradwire_service.graph import Graph, TensorType
from gradwire_service.library import COMPILATION_SECONDS, ArrayLike, Choice, Library, Source, types_of
from gradwire_service.limits import LIMITS, Limits
from gradwire_service.ops.base import Value
from gradwire_service.ops.flat import FlatGraph
from gradwire_service.optimizers import (
    Constant,
    Optimizer,
    OptimizerState,
    Schedule,
    Update,
    averaged,
    check_state,
    initial_state,
)
from gradwire_service.plan import only_output
from gradwire_service.program import check_size
from gradwire_service.training import (
    Data,
    Keep,
    NonFinitePolicy,
    Progress,
    Recipe,
    Result,
    Snapshot,
    Step,
    evaluation_graph,
    fed_limits,
    minimize,
    step_graph,
    stretch_graph,
    take_step,
)
from gradwire_service.training.step import LEARNING_RATE
from gradwire_service.transform import TypedGraph, simplify


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
        optimizer: Optimizer | Update,
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
            optimizer: how parameters are updated.
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
        update, schedule = Update.of(optimizer), schedule or Constant()
        update.check(start)
        state = state or initial_state(update, start)
        check_state(state, update, start)
        if schedule.watches_loss:
            message = f"schedule {schedule.name} watches the loss of epochs, which single steps have not; minimize"
            raise HyperparameterError(message, field="optimizer.schedule")
        rate = schedule.learning_rate(update.optimizer.learning_rate, state.step)
        run = _Runner(self, graph, tuple(start), update, loss, choice or self.default)
        limits = fed_limits(update, start)
        taken = take_step(run.step, start, self.arrays(graph, data), state, rate, interrupt, limits)
        if not taken.is_finite and policy is not NonFinitePolicy.FAIL:
            state = replace(state, position=state.position + 1)
            return replace(taken, parameters=start, state=state, averaged=averaged(update, start, state))
        if not taken.is_finite:
            message = f"the step gives loss {taken.loss} and a gradient of norm {taken.gradient_norm}; it was not taken"
            raise NotFiniteError(f"{message}: lower the learning rate, or look for such values in the data")
        return replace(taken, averaged=averaged(update, taken.parameters, taken.state))

    def minimize(
        self,
        source: Source,
        parameters: ArrayLike,
        data: ArrayLike,
        recipe: Recipe,
        *,
        rows: Sequence[str] | None = None,
        state: OptimizerState | None = None,
        validation: ArrayLike | None = None,
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
            validation: data held out, by name; those left out are taken from `data`; None: none.
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
        start = self.arrays(graph, parameters)
        held_out = None if validation is None else self._data(graph, {**data, **validation}, rows)
        accumulating = recipe.batching.accumulation > 1
        # A run that began by NumPy and went on compiled would not end with the same bits twice.
        choice = replace(choice or self.default, wait_for_compiled=True)
        made = (tuple(start), recipe.update, loss, choice, accumulating, recipe.metrics)
        run = _Runner(self, graph, *made)
        given = self._data(graph, data, rows)
        run.check({**given.batch(slice(0, recipe.batching.rows_per_batch(given.count))), **start})
        return minimize(run, start, given, recipe, state, held_out, interrupt, resume=resume, keep=keep)

    def _data(self, graph: Graph, data: ArrayLike, rows: Sequence[str]) -> Data:
        arrays = {name: np.ascontiguousarray(x) if x.ndim else x for name, x in self.arrays(graph, data).items()}
        return Data({n: x for n, x in arrays.items() if n in rows}, {n: x for n, x in arrays.items() if n not in rows})

    def executable(self, key: tuple[object, ...], make: Callable[[], FlatGraph], choice: Choice) -> Executable:
        """Return what runs a graph, from the cache or made now.

        Args:
            key: tells the graph from all others.
            make: makes it.
            choice: backend and settings.
        """

        def prepared() -> Executable:
            runner = backend(choice.backend)
            if isinstance(runner, DifferentiatingBackend):
                message = f"{choice.backend} computes single gradients, not whole steps; take numba or numpy"
                raise UnsupportedByBackendError(message, backend=choice.backend)
            flat = simplify(make(), strict_nan=choice.settings.strict_nan, fast_math=choice.settings.fast_math)
            check_size(flat, self.limits)
            executable = runner.prepare(flat)
            if choice.wait_for_compiled and isinstance(runner, CompilingBackend):
                runner.wait(executable, COMPILATION_SECONDS)
            return executable

        return self._steps.get((*key, choice), prepared)


class _Runner:
    """Runs steps and evaluations of a graph: a program for each number of rows that occurs."""

    def __init__(
        self,
        trainer: Trainer,
        graph: Graph,
        parameters: tuple[str, ...],
        update: Update,
        loss: str,
        choice: Choice,
        accumulating: bool = False,
        metrics: Sequence[str] = (),
    ) -> None:
        self._trainer, self._graph, self._loss, self._choice = trainer, graph, loss, choice
        self._parameters, self._update = parameters, update.structure
        self._accumulating, self._metrics = accumulating, tuple(metrics)
        self._seen: dict[tuple[object, ...], Executable] = {}  # of this run: the trainer's keys take longer to hash

    def check(self, inputs: Tensors) -> None:
        """See that loss and metrics are there, and are scalars.

        Args:
            inputs: the parameters, and a batch.

        Raises: what is wrong with the graph or the inputs; UnknownValueError, NotScalarError.
        """
        typed = self._trainer.typed(self._graph, types_of(inputs))
        evaluation_graph(self._scalar(typed), {name: self._value(typed, name) for name in self._metrics})

    def step(self, fed: Tensors, interrupt: Interrupt, info: RunInfo) -> Tensors:
        def graph(typed: TypedGraph) -> FlatGraph:
            parameters = {name: typed[name] for name in self._parameters}
            return step_graph(self._scalar(typed), parameters, self._update, typed.variables, self._accumulating)

        return self._run(("step", self._parameters, self._update, self._accumulating), graph, fed, interrupt, info)

    def stretch(
        self, fed: Tensors, rows: Collection[str], previous: bool, interrupt: Interrupt, info: RunInfo
    ) -> Tensors:
        length = len(fed[LEARNING_RATE])

        def graph(typed: TypedGraph) -> FlatGraph:
            parameters = {name: typed[name] for name in self._parameters}
            step = step_graph(self._scalar(typed), parameters, self._update, typed.variables)
            return stretch_graph(step, rows, length, previous)

        key = ("stretch", self._parameters, self._update, rows, length, previous)
        return self._run(key, graph, fed, interrupt, info, rows)

    def evaluate(
        self, fed: Tensors, rows: Collection[str], length: int, interrupt: Interrupt, info: RunInfo
    ) -> Tensors:
        def graph(typed: TypedGraph) -> FlatGraph:
            metrics = {name: self._value(typed, name) for name in self._metrics}
            return stretch_graph(evaluation_graph(self._scalar(typed), metrics, typed.variables), rows, length)

        return self._run(("evaluation", self._metrics, rows, length), graph, fed, interrupt, info, rows)

    def _run(
        self,
        key: tuple[object, ...],
        make: Callable[[TypedGraph], FlatGraph],
        fed: Tensors,
        interrupt: Interrupt,
        info: RunInfo,
        stacked: Collection[str] = (),
    ) -> Tensors:
        arrays = {name: np.asarray(array, order="C") for name, array in fed.items()}
        seen = (key[0], stacked, *[(x.shape, x.dtype) for x in arrays.values()])
        executable = self._seen.get(seen)
        if executable is None:
            given = {v.name: arrays[v.name] for v in self._graph.variables if v.name in arrays}
            types = tuple((name, TensorType.of(x[0] if name in stacked else x)) for name, x in given.items())
            executable = self._trainer.executable(
                (*key, self._graph.id, types, self._loss),
                lambda: make(self._trainer.typed(self._graph, dict(types))),
                self._choice,
            )
            self._seen[seen] = executable
        return executable(arrays, interrupt, info)

    def _scalar(self, typed: TypedGraph) -> Value:
        return self._value(typed, self._loss or only_output(typed))

    def _value(self, typed: TypedGraph, name: str) -> Value:
        return typed[typed.graph.outputs.get(name, name)]
