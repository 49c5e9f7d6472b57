"""From a typed graph and a list of queries to a prepared program, and from there to results.

All queries become outputs of one flat graph: they share the forward pass, and whatever else they have in common.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import gradwire_service.control  # noqa: F401  # registers the ops over bodies
from gradwire_service.backend import (
    Backend,
    DifferentiatingBackend,
    DirectExecutable,
    Executable,
    Interrupt,
    Options,
    RunInfo,
    Tensors,
    Tier,
    never,
)
from gradwire_service.errors import (
    ElementTypeError,
    InputMissingError,
    InputUnknownError,
    LimitExceededError,
    ShapeError,
)
from gradwire_service.graph import Array, TensorType
from gradwire_service.independent import parts
from gradwire_service.limits import LIMITS, Limits
from gradwire_service.ops.base import Constant, Op, Value
from gradwire_service.ops.base import Result as OneOfSeveral
from gradwire_service.ops.body import Control, controls, converted, interruptible
from gradwire_service.ops.flat import FlatGraph, ancestors
from gradwire_service.ops.namespace import NUMPY
from gradwire_service.plan import Plan
from gradwire_service.query import Arrays, Evaluation, Execution, Query, Result
from gradwire_service.transform import TypedGraph, simplify

INTERPRETED_BLOCK_SECONDS = 3e-6
"""What a NumPy call on a few elements takes."""

FLOPS_PER_SECOND = 1e9
"""Floating-point operations that one core does in a second, at the least that is usual."""


@dataclass(frozen=True)
class Settings:
    """How programs are made.

    Attributes:
        strict_nan: let 0·∞ be NaN in derivatives.
        fast_math: allow simplifications that may change a NaN, an infinity or the sign of a zero.
        options: for backends that differentiate by themselves.
    """

    strict_nan: bool = False
    fast_math: bool = False
    options: Options = field(default_factory=Options)


class Program:
    """Queries about one graph at one set of sizes, prepared. It may be run from several threads at once.

    Attributes:
        backend: name of the backend that runs it.
        types: types of the inputs and of the directions, by the names of the flat graph's variables.
        flops: estimate of the floating-point operations of one run.
        blocks: number of blocks of one run.
        open_ended: whether data decide how long a run takes.
        constant_bytes: memory of the constants, in bytes.
    """

    def __init__(
        self,
        typed: TypedGraph,
        queries: Sequence[Query],
        backend: Backend,
        settings: Settings | None = None,
        limits: Limits = LIMITS,
    ) -> None:
        """Prepare the program.

        Raises: UnknownValueError, NotScalarError, NotDifferentiableError, InvalidRequestError for a query that does not
            fit the graph; UnsupportedByBackendError, naming the block; LimitExceededError.
        """
        if len(queries) > limits.queries:
            message = f"{len(queries)} queries; at most {limits.queries} are taken, send them in several requests"
            raise LimitExceededError(message, limit=limits.queries, value=len(queries))
        settings = settings or Settings()
        self.typed = typed
        self.backend = backend.name
        plans = [Plan(typed, query, i, limits) for i, query in enumerate(queries)]
        self._plans = plans
        self._parts: list[Executable]
        if isinstance(backend, DifferentiatingBackend):
            prepared = [part for plan in plans for part in parts(plan, backend, settings.options)]
            flats = [flat for flat, _ in prepared]
            self._parts = [executable for _, executable in prepared]
        else:
            outputs: dict[str, Value] = {}
            directions: list[Value] = []
            for plan in plans:
                outputs |= plan.outputs()
                directions += plan.directions.values()
            flat = FlatGraph.of(outputs, [*typed.variables, *directions])
            flat = simplify(flat, strict_nan=settings.strict_nan, fast_math=settings.fast_math)
            check_size(flat, limits)
            flats = [flat]
            self._parts = [backend.prepare(flat)]
        for flat in flats:
            check_size(flat, limits)
        self.flops = sum(flat.flops for flat in flats)
        self.blocks = sum(len(flat.blocks) for flat in flats)
        constants = (v.type.bytes for flat in flats for v in flat.blocks if isinstance(v.op, Constant))
        self.constant_bytes = sum(constants)
        self.open_ended = any(op.open_ended for flat in flats for op in controls(flat.blocks))
        self.types: Mapping[str, TensorType] = {
            value.name: value.type for value in [*typed.variables, *(v for p in plans for v in p.directions.values())]
        }

    @property
    def executables(self) -> Sequence[Executable]:
        """The executables that answer the queries."""
        return self._parts

    def seconds(self, tier: Tier) -> float:
        """Estimate how long a run takes."""
        overhead = self.blocks * INTERPRETED_BLOCK_SECONDS if tier is Tier.INTERPRETED else 0
        return overhead + self.flops / FLOPS_PER_SECOND

    def feed(self, inputs: Arrays, directions: Sequence[Arrays] = ()) -> dict[str, Array]:
        """Check what is fed against the types of the program, and gather it.

        Args:
            inputs: an array for each variable of the graph, of its type.
            directions: for each query, tangents, cotangents or vectors by name; may be left out where there are none.

        Raises: ElementTypeError, ShapeError, InputUnknownError, InputMissingError.
        """
        for name in inputs:
            if name not in self.types:
                raise InputUnknownError(f"{name!r} was fed, but the program has no such variable", block=name)
        fed = {name: conforming(array, self.types[name], name) for name, array in inputs.items()}
        for plan, arrays in zip(self._plans, directions, strict=False):
            for name, array in arrays.items():
                fed[f"{plan.index} {name}"] = conforming(array, plan.directions[name].type, name)
        if len(fed) != len(self.types):
            missing = ", ".join(name.partition(" ")[2] or name for name in self.types if name not in fed)
            raise InputMissingError(f"nothing was fed for {missing}")
        return fed

    def run(self, fed: Tensors, interrupt: Interrupt = never) -> Evaluation:
        """Answer all queries at one point.

        Args:
            fed: what `feed` returned.
            interrupt: called between blocks; raises to stop the run.
        """
        outputs, execution = self.execute(fed, interrupt)
        return Evaluation(self.results(outputs), execution)

    def results(self, outputs: Tensors) -> tuple[Result, ...]:
        """Put the answers together from what `execute` computed."""
        return tuple([plan.result(outputs) for plan in self._plans])

    def execute(self, fed: Tensors, interrupt: Interrupt = never) -> tuple[Tensors, Execution]:
        """Compute everything that the answers are made of, each a fresh array under a name of the program's own.

        Args:
            fed: what `feed` returned.
            interrupt: called between blocks; raises to stop the run.
        """
        info = RunInfo()
        start = time.perf_counter()
        first, *others = self._parts
        outputs = first(fed, interrupt, info)
        for part in others:
            outputs = {**outputs, **part(fed, interrupt, info)}
        execution = Execution(
            self.backend,
            info.tier,
            max(info.function_evaluations, 1),
            time.perf_counter() - start,
            warnings=tuple(info.warnings),
        )
        if not all(map(_is_finite, outputs.values())):
            execution.non_finite = True
            execution.non_finite_block, execution.issues = diagnosis(self.typed, fed, interrupt)
        return outputs, execution

    def direct(self) -> Callable[[Arrays], Any]:
        """Return the first query's answer as a callable with the least overhead: no timing, no look for NaN."""
        (plan,), (run, *more) = self._plans, self._parts
        if more:
            return lambda inputs: self.run(self.feed(inputs)).results[0]
        result = plan.result
        if not isinstance(run, DirectExecutable):
            return lambda inputs: result(run(self.feed(inputs)))
        direct = run.direct
        assemble: Callable[[Sequence[Array]], Any] | None = None

        def call(inputs: Arrays) -> Any:
            nonlocal assemble
            found = direct(inputs)
            if found is None:
                return result(run(self.feed(inputs)))
            if assemble is None:  # only now the order of the outputs is known for certain
                assemble = plan.assembler(run.names)
            return assemble(found)

        return call


def conforming(array: Array, expected: TensorType, name: str) -> Array:
    """Return the array as executables take it: in C order, of exactly the type.

    Raises: ElementTypeError, ShapeError.
    """
    if array.dtype != expected.element_type.dtype:
        message = f"{name!r} must be {expected}, but was fed {array.dtype} elements; convert them"
        raise ElementTypeError(message, block=name, field=f"inputs[{name}]")
    if array.shape != expected.shape:
        message = f"{name!r} must be {expected}, but was fed shape {list(array.shape)}"
        raise ShapeError(message, block=name, field=f"inputs[{name}]")
    return array if type(array) is np.ndarray and array.flags.c_contiguous else np.array(array, order="C")


def diagnosis(typed: TypedGraph, inputs: Tensors, interrupt: Interrupt = never) -> tuple[str, dict[str, str]]:
    """Evaluate once more, block by block, to find out why a result is not finite.

    Args:
        typed: the graph.
        inputs: what its variables were fed.
        interrupt: called between trips of loops; raises to stop.

    Returns: the name of the first value in topological order that is NaN or infinite, "" if there is none; and by
        their names the blocks that tell what kept them from a finite result, such as SINGULAR.
    """
    names = {value: name for name, value in reversed([*typed.values.items()])}
    names |= {y.inputs[0]: name for y, name in names.items() if isinstance(y.op, OneOfSeveral) and y.op.index == 0}
    known: dict[Value, Any] = {value: inputs[value.name] for value in typed.variables}
    order = ancestors(typed.values[v] for v in typed.graph.outputs.values())
    telling = set(ancestors(value for value in order if type(value.op).issue is not Op.issue))
    first, issues = "", {}
    with np.errstate(all="ignore"), interruptible(interrupt):
        for value in order:
            if first and value not in telling:
                continue
            if value not in known:
                arrays = tuple(known[x] for x in value.inputs)
                op = value.op.shut() if isinstance(value.op, Control) else value.op
                known[value] = op.evaluate(NUMPY, *arrays)
                if type(value.type) is TensorType:
                    known[value] = converted(known[value], value.type, NUMPY)
                if issue := value.op.issue(arrays, known[value]):
                    issues[names.get(value) or value.op.name] = issue
            if not first and isinstance(known[value], np.ndarray) and not _is_finite(known[value]):
                first = names.get(value) or value.op.name
    return first, issues


def _is_finite(array: Array) -> bool:
    """Tell whether all elements are finite; a sum over them tells it fast, unless it overflows."""
    if array.dtype.kind != "f":
        return True
    if array.size <= _FEW:
        total = np.vdot(array, array)
    else:
        with np.errstate(all="ignore"):
            total = np.add.reduce(array, axis=None)
    return math.isfinite(total) or bool(np.isfinite(array).all())


_FEW = 8192
"""Elements up to which BLAS, twice as fast as NumPy, takes no second thread, for which it could have to wait."""


def check_size(flat: FlatGraph, limits: Limits) -> None:
    """Raise LimitExceededError when a run of the graph would take too much work or memory."""
    sizes = (("floating-point operations", flat.flops, limits.flops), ("bytes", flat.bytes, limits.bytes))
    for what, value, limit in sizes:
        if value > limit:
            message = f"a run would take some {value:.3g} {what}; this server allows {limit:.3g}: send smaller batches"
            raise LimitExceededError(message, limit=limit, value=int(value))
