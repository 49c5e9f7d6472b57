"""From a typed graph and a list of queries to a prepared program, and from there to results.

All queries become outputs of one flat graph: they share the forward pass, and whatever else they have in common. What
comes with the point beside the inputs (tangents, cotangents, vectors) is fed to variables of its own, whose names hold
a space, which no client's name does.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gradwire_service.backend import (
    Backend,
    DifferentiatingBackend,
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
    InvalidRequestError,
    LimitExceededError,
    NotDifferentiableError,
    ShapeError,
    UnsupportedByBackendError,
)
from gradwire_service.graph import Array, TensorType
from gradwire_service.limits import LIMITS, Limits
from gradwire_service.ops.base import Value, Variable, apply, variable
from gradwire_service.ops.flat import FlatGraph, ancestors
from gradwire_service.ops.namespace import NUMPY
from gradwire_service.query import (
    Arrays,
    Evaluation,
    Execution,
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
from gradwire_service.transform import TypedGraph, gradient, hessian_vector_product, jvp, simplify, vjp

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
        plans = [_Plan(typed, query, i, limits) for i, query in enumerate(queries)]
        self._plans = plans
        self._parts: list[Executable]
        if isinstance(backend, DifferentiatingBackend):
            graphs = [part for plan in plans for part in plan.parts_by_backend(backend, settings)]
            self._parts = [executable for _, executable in graphs]
            flats = [flat for flat, _ in graphs]
        else:
            outputs: dict[str, Value] = {}
            directions: list[Value] = []
            for plan in plans:
                outputs |= plan.outputs()
                directions += plan.directions.values()
            flat = FlatGraph.of(outputs, [*typed.variables, *directions])
            flat = simplify(flat, strict_nan=settings.strict_nan, fast_math=settings.fast_math)
            flats = [flat]
            check_size(flat, limits)
            self._parts = [backend.prepare(flat)]
        for flat in flats:
            check_size(flat, limits)
        self.flops = sum(flat.flops for flat in flats)
        self.blocks = sum(len(flat.blocks) for flat in flats)
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

        Raises: ElementTypeError, ShapeError, InvalidRequestError.
        """
        fed = {name: conforming(array, self.types[name], name) for name, array in inputs.items()}
        for plan, arrays in zip(self._plans, directions, strict=False):
            for name, array in arrays.items():
                fed[f"{plan.index} {name}"] = conforming(array, plan.directions[name].type, name)
        if len(fed) != len(self.types):
            missing = ", ".join(name.partition(" ")[2] or name for name in self.types if name not in fed)
            raise InvalidRequestError(f"nothing was fed for {missing}")
        return fed

    def run(self, fed: Tensors, interrupt: Interrupt = never) -> Evaluation:
        """Answer all queries at one point.

        Args:
            fed: what `feed` returned.
            interrupt: called between blocks; raises to stop the run.
        """
        info = RunInfo()
        start = time.perf_counter()
        outputs: dict[str, Array] = {}
        for part in self._parts:
            outputs.update(part(fed, interrupt, info))
        results = tuple([plan.result(outputs) for plan in self._plans])
        execution = Execution(
            self.backend,
            info.tier,
            max(info.function_evaluations, 1),
            time.perf_counter() - start,
            warnings=tuple(info.warnings),
        )
        if not all(map(_is_finite, outputs.values())):
            execution.non_finite = True
            execution.non_finite_block = first_non_finite_block(self.typed, fed)
        return Evaluation(results, execution)

    def direct(self) -> Callable[[Arrays], Any]:
        """Return the first query's answer as a callable with the least overhead: no timing, no look for NaN."""
        (plan,), (run, *more) = self._plans, self._parts
        if more:
            return lambda inputs: self.run(self.feed(inputs)).results[0]
        expected = [(name, t.element_type.dtype, t.shape) for name, t in self.types.items()]
        count, result = len(expected), plan.result

        def call(inputs: Arrays) -> Any:
            for name, dtype, shape in expected:
                array = inputs[name]
                if array.dtype is not dtype or array.shape != shape or not array.flags.c_contiguous:
                    return result(run(self.feed(inputs)))
            return result(run(inputs)) if len(inputs) == count else result(run(self.feed(inputs)))

        return call


class _Plan:
    """One query: the values that it needs, and how its result is put together."""

    def __init__(self, typed: TypedGraph, query: Query, index: int, limits: Limits) -> None:
        self.typed, self.query, self.index = typed, query, index
        self.directions: dict[str, Value] = {}
        match query:
            case ValueQuery(of):
                self.of = of or tuple(typed.graph.outputs)
                self.wrt: tuple[str, ...] = ()
            case GradientQuery(of, wrt):
                self.of, self.wrt = (of or only_output(typed),), wrt or floating_variables(typed)
            case JvpQuery(of, along):
                self.of, self.wrt = of or floating_outputs(typed), along
                self._direct(along, self.wrt_value)
            case VjpQuery(of, wrt):
                self.of, self.wrt = of, wrt or floating_variables(typed)
                self._direct(of, self.of_value)
            case HessianVectorProductQuery(of, along):
                self.of, self.wrt = (of or only_output(typed),), along
                self._direct(along, self.wrt_value)
        if len(self.wrt) > limits.wrt:
            message = f"a query differentiates with respect to {len(self.wrt)} values; at most {limits.wrt} are taken"
            raise LimitExceededError(message, limit=limits.wrt, value=len(self.wrt))

    def _direct(self, names: Sequence[str], look_up: object) -> None:
        if not names:
            kind = {JvpQuery: "tangents", VjpQuery: "cotangents"}.get(type(self.query), "vectors")
            raise InvalidRequestError(f"query {self.index} has no {kind}; give at least one")
        for name in names:
            value = look_up(name)  # type: ignore[operator]
            self.directions[name] = variable(f"{self.index} {name}", value.shape, value.element_type)

    def of_value(self, name: str) -> Value:
        """Return a value that is looked at; an output goes before a value of the same name."""
        return self.typed[self.typed.graph.outputs.get(name, name)]

    def wrt_value(self, name: str) -> Value:
        """Return a value that is differentiated with respect to."""
        return self.typed[name]

    def outputs(self) -> dict[str, Value]:
        """Return the values that answer the query, by the names that `result` reads."""
        of = [self.of_value(name) for name in self.of]
        wrt = [self.wrt_value(name) for name in self.wrt]
        found: dict[str, Value] = {self.key("value", name): value for name, value in zip(self.of, of, strict=True)}
        derived: dict[str, Iterable[Value]] = {}
        match self.query:
            case GradientQuery():
                derived["gradient"] = gradient(of[0], wrt)
            case JvpQuery():
                tangents = _summed((value, self.directions[name]) for name, value in zip(self.wrt, wrt, strict=True))
                derived["tangent"] = jvp(of, tangents)
            case VjpQuery():
                cotangents = _summed((value, self.directions[name]) for name, value in zip(self.of, of, strict=True))
                derived["gradient"] = vjp(cotangents, wrt)
            case HessianVectorProductQuery():
                vectors = _summed((value, self.directions[name]) for name, value in zip(self.wrt, wrt, strict=True))
                derived["gradient"] = gradient(of[0], wrt)
                products = dict(zip(vectors, hessian_vector_product(of[0], vectors), strict=True))
                derived["product"] = [products[value] for value in wrt]
        for kind, values in derived.items():
            names = self.of if kind == "tangent" else self.wrt
            found |= {self.key(kind, name): value for name, value in zip(names, values, strict=True)}
        return found

    def key(self, kind: str, name: str) -> str:
        """Name an output of the program."""
        return f"{self.index} {kind} {name}"

    def result(self, outputs: Tensors) -> Result:
        """Put the result together."""

        def gathered(kind: str, names: Sequence[str]) -> dict[str, Array]:
            return {name: outputs[f"{self.index} {kind} {name}"] for name in names}

        match self.query:
            case ValueQuery():
                return ValueResult(gathered("value", self.of))
            case GradientQuery():
                return GradientResult(outputs[self.key("value", self.of[0])], gathered("gradient", self.wrt))
            case JvpQuery():
                return JvpResult(gathered("value", self.of), gathered("tangent", self.of))
            case VjpQuery():
                return VjpResult(gathered("value", self.of), gathered("gradient", self.wrt))
            case HessianVectorProductQuery():
                value = outputs[self.key("value", self.of[0])]
                return HessianVectorProductResult(
                    value, gathered("gradient", self.wrt), gathered("product", self.wrt)
                )

    def parts_by_backend(
        self, backend: DifferentiatingBackend, settings: Settings
    ) -> Iterable[tuple[FlatGraph, Executable]]:
        """Prepare the query for a backend that differentiates by itself.

        It differentiates with respect to variables. An inner value becomes one: the graph is cut there, and fed with
        the value that it has at the point.
        """
        if isinstance(self.query, ValueQuery):
            flat = simplify(FlatGraph.of(self.outputs(), self.typed.variables))
            yield flat, backend.prepare(flat)
            return
        scalar, names = self._scalar()
        direct = [name for name in self.wrt if isinstance(self.wrt_value(name).op, Variable)]
        inner = [name for name in self.wrt if name not in direct]
        values = {self.key("value", name): self.of_value(name) for name in self.of}
        if isinstance(self.query, JvpQuery):
            if inner:
                message = f"{backend.name} takes tangents of variables only, not of the inner value {inner[0]!r}"
                raise UnsupportedByBackendError(f"{message}; use numba or numpy", block=inner[0])
            flat = simplify(FlatGraph.of(values, self.typed.variables))
            executable = backend.prepare_jvp(flat, list(values), direct, settings.options)
            renamed = {f"tangent {self.key('value', name)}": self.key("tangent", name) for name in self.of}
            fed = {f"tangent {name}": f"{self.index} {name}" for name in direct}
            yield flat, _renamed(executable, fed, renamed)
            return
        extra = {name: value for name, value in names.items() if name not in values}
        flat = simplify(FlatGraph.of({**values, **extra}, [*self.typed.variables, *self.directions.values()]))
        yield flat, backend.prepare(flat)
        for group in [direct, *([name] for name in inner)]:
            if not group:
                continue
            cut = None if group is direct else self.wrt_value(group[0])
            part = _cut({"of": scalar}, cut, [*self.typed.variables, *self.directions.values()])
            part = simplify(part, strict_nan=settings.strict_nan, fast_math=settings.fast_math)
            by = [self.wrt_value(name).name if cut is None else "cut" for name in group]
            executable = backend.prepare_gradients(part, "of", by, settings.options)
            kind = "product" if isinstance(self.query, HessianVectorProductQuery) else "gradient"
            renamed = {b: self.key(kind, name) for b, name in zip(by, group, strict=True)}
            if cut is not None:
                point = backend.prepare(simplify(FlatGraph.of({"cut": cut}, self.typed.variables)))
                executable = _at_cut(point, executable)
            yield part, _renamed(executable, {}, renamed)

    def _scalar(self) -> tuple[Value, dict[str, Value]]:
        """Return the scalar whose gradient is the answer, and what else the result needs."""
        of = [self.of_value(name) for name in self.of]
        wrt = [self.wrt_value(name) for name in self.wrt]
        if isinstance(self.query, GradientQuery | HessianVectorProductQuery):
            slopes = gradient(of[0], wrt)  # also the check that this is a floating scalar
            if isinstance(self.query, GradientQuery):
                return of[0], {}
            terms = [
                apply("sum", slope * self.directions[name], axis=None)
                for name, slope in zip(self.wrt, slopes, strict=True)
            ]
            return _total(terms), {self.key("gradient", n): s for n, s in zip(self.wrt, slopes, strict=True)}
        for value in of:
            if not value.element_type.is_floating:
                raise NotDifferentiableError(f"{value.name!r} is {value.element_type}, not floating", block=value.name)
        if isinstance(self.query, JvpQuery):
            return of[0], {}
        return _total(
            [apply("sum", v * self.directions[name], axis=None) for name, v in zip(self.of, of, strict=True)]
        ), {}


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
    return array if array.flags.c_contiguous else np.array(array, order="C")


def only_output(typed: TypedGraph) -> str:
    """Return the name of the graph's only output.

    Raises: InvalidRequestError when there are several.
    """
    if len(typed.graph.outputs) > 1:
        names = ", ".join(typed.graph.outputs)
        raise InvalidRequestError(f"the graph has several outputs ({names}); say which one is asked for with `of`")
    return next(iter(typed.graph.outputs))


def floating_outputs(typed: TypedGraph) -> tuple[str, ...]:
    """Return the names of the outputs that can be differentiated."""
    return tuple(n for n, v in typed.graph.outputs.items() if typed.values[v].element_type.is_floating)


def floating_variables(typed: TypedGraph) -> tuple[str, ...]:
    """Return the names of the variables that can be differentiated with respect to."""
    return tuple(v.name for v in typed.variables if v.element_type.is_floating)


def first_non_finite_block(typed: TypedGraph, inputs: Tensors) -> str:
    """Return the name of the first value of the graph, in topological order, that is NaN or infinite; "" if none."""
    names = {value: name for name, value in reversed([*typed.values.items()])}
    known: dict[Value, Array] = {value: inputs[value.name] for value in typed.variables}
    with np.errstate(all="ignore"):
        for value in ancestors(typed.values[v] for v in typed.graph.outputs.values()):
            if value not in known:
                known[value] = np.asarray(value.op.evaluate(NUMPY, *(known[x] for x in value.inputs)))
            if not _is_finite(known[value]):
                return names.get(value) or value.op.name
    return ""


def _is_finite(array: Array) -> bool:
    """Tell whether all elements are finite; their sum tells it fast, unless it overflows."""
    return array.dtype.kind != "f" or math.isfinite(array.sum()) or bool(np.isfinite(array).all())


def check_size(flat: FlatGraph, limits: Limits) -> None:
    """Raise LimitExceededError when a run of the graph would take too much work or memory."""
    sizes = (("floating-point operations", flat.flops, limits.flops), ("bytes", flat.bytes, limits.bytes))
    for what, value, limit in sizes:
        if value > limit:
            message = f"a run would take some {value:.3g} {what}; this server allows {limit:.3g}: send smaller batches"
            raise LimitExceededError(message, limit=limit, value=int(value))


def _summed(pairs: Iterable[tuple[Value, Value]]) -> dict[Value, Value]:
    """Gather directions by value; two names of one value add up."""
    result: dict[Value, Value] = {}
    for value, direction in pairs:
        result[value] = result[value] + direction if value in result else direction
    return result


def _total(terms: Sequence[Value]) -> Value:
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total


def _cut(outputs: Mapping[str, Value], at: Value | None, variables: Sequence[Value]) -> FlatGraph:
    """Return the flat graph of the outputs in which one value is a variable called "cut"."""
    if at is None:
        return FlatGraph.of(outputs, variables)
    new: dict[Value, Value] = {at: variable("cut", at.shape, at.element_type)}
    for value in ancestors(outputs.values()):
        if value not in new:
            inputs = tuple(new[x] for x in value.inputs)
            new[value] = value if inputs == value.inputs else Value(value.op, inputs, value.type, value.name)
    return FlatGraph.of({name: new[value] for name, value in outputs.items()}, [*variables, new[at]])


def _at_cut(point: Executable, executable: Executable) -> Executable:
    def run(inputs: Tensors, interrupt: Interrupt = never, info: RunInfo | None = None) -> Tensors:
        return executable({**inputs, **point(inputs, interrupt, RunInfo())}, interrupt, info)

    return run


def _renamed(executable: Executable, fed: Mapping[str, str], results: Mapping[str, str]) -> Executable:
    """Give an executable's inputs and results the names of the program; results without a new name keep theirs."""

    def run(inputs: Tensors, interrupt: Interrupt = never, info: RunInfo | None = None) -> Tensors:
        extra = {theirs: inputs[ours] for theirs, ours in fed.items()}
        outputs = executable({**inputs, **extra}, interrupt, info)
        return {results.get(name, name): array for name, array in outputs.items() if name != "of"}

    return run
