"""Queries to backends that differentiate by themselves: by differences, complex steps, or a framework of their own.

Such a backend differentiates a scalar with respect to variables, or outputs along tangents of variables. All else is
brought into that form here: a vjp is the gradient of a weighted sum, a Hessian-vector product that of the gradient's
component along the vector, and an inner value becomes a variable: the graph is cut there, and fed with the value that
it has at the point. A Jacobian is swept forward, one direction after the other; a Hessian is the Jacobian of the exact
gradient.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from gradwire_service.backend import DifferentiatingBackend, Executable, Interrupt, Options, RunInfo, Tensors, never
from gradwire_service.errors import NotDifferentiableError, UnsupportedByBackendError
from gradwire_service.interpreter import interpret
from gradwire_service.ops.base import Value, Variable, variable
from gradwire_service.ops.flat import FlatGraph, rebuilt
from gradwire_service.ops.functions import sum as sum_
from gradwire_service.plan import Plan
from gradwire_service.query import (
    GradientQuery,
    HessianQuery,
    HessianVectorProductQuery,
    JacobianQuery,
    JvpQuery,
    ValueQuery,
    VjpQuery,
)
from gradwire_service.transform import gradient, simplify
from gradwire_service.transform.jacobian import parted

Part = tuple[FlatGraph, Executable]
"""A graph, and what answers a part of a query with it, under the names that `Plan.result` reads."""


def parts(plan: Plan, backend: DifferentiatingBackend, options: Options) -> Iterator[Part]:
    """Prepare a query.

    Raises: UnsupportedByBackendError, naming the block; NotScalarError; NotDifferentiableError.
    """
    variables = [*plan.typed.variables, *plan.directions.values()]
    values = {plan.key("value", name): plan.of_value(name) for name in plan.of}
    if isinstance(plan.query, JvpQuery | VjpQuery) and plan.query.directions is not None:
        message = f"{backend.name} takes one direction at a time; send a query for each, or use numba or numpy"
        raise UnsupportedByBackendError(message, backend=backend.name)
    if isinstance(plan.query, JvpQuery):
        yield _pushed(plan, backend, options, values)
        return
    if isinstance(plan.query, JacobianQuery | HessianQuery):
        yield from _swept(plan, backend, options, values)
        return
    wanted, scalar = values, None
    if not isinstance(plan.query, ValueQuery):
        scalar, slopes, moved = _scalar(plan)
        wanted = values | slopes
    flat = simplify(FlatGraph.of(wanted, variables))
    yield flat, backend.prepare(flat)
    if scalar is None:
        return
    kind = "product" if isinstance(plan.query, HessianVectorProductQuery) else "gradient"
    fed = [name for name in plan.wrt if isinstance(plan.wrt_value(name).op, Variable)]
    for group in [fed, *([name] for name in plan.wrt if name not in fed)]:
        if not group:
            continue
        inner = None if group is fed else plan.wrt_value(group[0])
        by = {name: plan.wrt_value(name).name for name in group}
        if inner is None:
            flat = FlatGraph.of({"of": scalar}, variables)
        else:
            flat = _cut(scalar, moved[group[0]], inner.name, variables)
        flat = simplify(flat)
        executable = backend.prepare_gradients(flat, "of", list(dict.fromkeys(by.values())), options)
        if inner is not None:
            point = backend.prepare(simplify(FlatGraph.of({inner.name: inner}, plan.typed.variables)))
            executable = _fed_with(point, executable)
        yield flat, _renamed(executable, {}, {plan.key(kind, name): theirs for name, theirs in by.items()})


def _pushed(plan: Plan, backend: DifferentiatingBackend, options: Options, values: Mapping[str, Value]) -> Part:
    """Prepare a jvp."""
    _check_variables(plan, backend)
    flat = simplify(FlatGraph.of(values, plan.typed.variables))
    by = {plan.wrt_value(name).name: name for name in plan.wrt}
    executable = backend.prepare_jvp(flat, list(values), list(by), options)
    tangents = {f"tangent {theirs}": plan.directions[name].name for theirs, name in by.items()}
    moved = {plan.key("tangent", name): f"tangent {plan.key('value', name)}" for name in plan.of}
    return flat, _renamed(executable, tangents, {key: key for key in values} | moved)


def _swept(plan: Plan, backend: DifferentiatingBackend, options: Options, values: dict[str, Value]) -> Iterator[Part]:
    """Prepare a Jacobian or a Hessian: a jvp that is run for each sweep, and what makes matrices of the sweeps."""
    _check_variables(plan, backend)
    sweeps, slopes = plan.sweeps(only_forward=True)
    wanted = values | {plan.key("gradient", name): slope for name, slope in zip(plan.wrt, slopes, strict=False)}
    flat = simplify(FlatGraph.of(wanted, plan.typed.variables))
    yield flat, backend.prepare(flat)

    names = [str(i) for i in range(len(sweeps.of))]
    flat = simplify(FlatGraph.of(dict(zip(names, sweeps.of, strict=True)), plan.typed.variables))
    seeds = {f"tangent {w.name}": x for w, x in sweeps.forward_seeds().items()}
    along = backend.prepare_jvp(flat, names, [w.name for w in dict.fromkeys(sweeps.wrt)], options)
    directions = interpret(FlatGraph.of(seeds))({})
    swept = [variable(name, (sweeps.count, *y.shape), y.element_type) for name, y in zip(names, sweeps.of, strict=True)]
    matrices = interpret(FlatGraph.of(plan.matrices(sweeps.assembled(swept if sweeps.count else (), ()))))

    def run(inputs: Tensors, interrupt: Interrupt = never, info: RunInfo | None = None) -> Tensors:
        found = [
            along({**inputs, **{name: x[i] for name, x in directions.items()}}, interrupt, info)
            for i in range(sweeps.count)
        ]
        return matrices({name: np.stack([one[f"tangent {name}"] for one in found]) for name in names if found})

    yield flat, run


def _check_variables(plan: Plan, backend: DifferentiatingBackend) -> None:
    for name in plan.wrt:
        if not isinstance(plan.wrt_value(name).op, Variable):
            message = f"{backend.name} takes tangents of variables only, not of the inner value {name!r}"
            raise UnsupportedByBackendError(f"{message}; use numba or numpy", block=name)


def _scalar(plan: Plan) -> tuple[Value, dict[str, Value], Mapping[str, Value]]:
    """Return the scalar whose gradient is the answer, what else the result needs, and the values that move, by name."""
    of, moved = [plan.of_value(name) for name in plan.of], {name: plan.wrt_value(name) for name in plan.wrt}
    if isinstance(plan.query, GradientQuery):
        gradient(of[0], ())  # sees that it is a floating scalar
        return of[0], {}, moved
    if isinstance(plan.query, HessianVectorProductQuery):
        scalar, apart = parted(of[0], list(moved.values()))
        slopes = gradient(scalar, apart)
        along = sum_of_products(slopes, [plan.directions[name] for name in plan.wrt])
        found = {plan.key("gradient", n): s for n, s in zip(plan.wrt, slopes, strict=True)}
        return along, found, dict(zip(plan.wrt, apart, strict=True))
    for value in of:
        if not value.element_type.is_floating:
            message = f"the gradient of {value.name!r} was asked for, but its elements are {value.element_type}"
            raise NotDifferentiableError(f"{message}; convert with astype(float64) first", block=value.name)
    return sum_of_products(of, [plan.directions[name] for name in plan.of]), {}, moved


def sum_of_products(values: Sequence[Value], weights: Sequence[Value]) -> Value:
    """Return the inner product of values and weights of the same types."""
    first, *more = (sum_(value * weight) for value, weight in zip(values, weights, strict=True))
    for term in more:
        first = first + term
    return first


def _cut(scalar: Value, at: Value, name: str, variables: Sequence[Value]) -> FlatGraph:
    """Return the flat graph of the scalar in which one inner value is a variable of that name."""
    fed = variable(name, at.shape, at.element_type)
    (scalar,) = rebuilt([scalar], {at: fed})
    return FlatGraph.of({"of": scalar}, [*variables, fed])


def _fed_with(point: Executable, executable: Executable) -> Executable:
    """Feed an executable with values that another one computes."""

    def run(inputs: Tensors, interrupt: Interrupt = never, info: RunInfo | None = None) -> Tensors:
        return executable({**inputs, **point(inputs, interrupt, RunInfo())}, interrupt, info)

    return run


def _renamed(executable: Executable, fed: Mapping[str, str], results: Mapping[str, str]) -> Executable:
    """Give an executable's inputs and results the names of the program.

    Args:
        executable: what is to be called.
        fed: the program's name of an input, by the executable's.
        results: the executable's name of a result, by the program's.
    """

    def run(inputs: Tensors, interrupt: Interrupt = never, info: RunInfo | None = None) -> Tensors:
        extra = {theirs: inputs[ours] for theirs, ours in fed.items()}
        outputs = executable({**inputs, **extra}, interrupt, info)
        return {ours: outputs[theirs] for ours, theirs in results.items()}

    return run
