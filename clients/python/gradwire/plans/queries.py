"""Asking a graph: values, gradients, products, at a point. Each plan is one call of `Evaluate`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Unpack

from gradwire import query, results
from gradwire import v1 as pb
from gradwire.core import Core, Method, Plan, Source
from gradwire.execution import Options, encode_options
from gradwire.query import Name, Names, Query
from gradwire.results import Evaluation, Execution
from gradwire.tensors import Feed
from gradwire.wireformat import Part, field

Inputs = Mapping[str, Any]
"""What is fed, by name: arrays, numbers, lists, references to stored arrays; for functions dicts and lists of them."""

EVALUATE = Method("DifferentiationService", "Evaluate", pb.EvaluateResponse, tells_id=True)


def ask(core: Core, source: Source, inputs: Inputs, queries: Sequence[Query], options: Options) -> Plan[Evaluation]:
    """Answer queries."""
    graph, feeds = core.bind(source, inputs)
    parts: list[Part] = [field(3, asked.encode(graph)) for asked in queries]
    if options:
        parts.append(field(4, encode_options(options)))
    parts += core.feed(2, graph, feeds)
    response, bulk = yield from core.ask(EVALUATE, graph, parts, options.get("timeout"))
    execution = Execution.of(response.execution)
    return Evaluation(
        [asked.decode(result, bulk, execution) for asked, result in zip(queries, response.results, strict=True)],
        execution,
    )


def evaluate(
    core: Core,
    graph: Source,
    inputs: Inputs,
    *,
    of: Names = (),
    queries: Sequence[Query] = (),
    **options: Unpack[Options],
) -> Plan[Evaluation]:
    """Return values by name, by default all outputs; or the answers to several queries, from one program.

    Args:
        graph: a graph, its text form, or a function of arrays.
        inputs: an array for each variable, by name.
        of: names of outputs or values.
        queries: what to answer instead, such as ``[gw.query.gradient(wrt="w"), gw.query.value("u")]``.
        options: see `Options`.

    Returns: a dict of the values; `answers` holds what was answered to each query, `execution` what ran.
    Raises: GradwireError, by its reason.
    """
    return ask(core, graph, inputs, queries or [query.value(of)], options)


def gradient(
    core: Core, graph: Source, inputs: Inputs, *, of: Name = "", wrt: Names = (), **options: Unpack[Options]
) -> Plan[results.GradientResult]:
    """Return a scalar, by default the only output, and its gradient, by default for all floating variables.

    Args:
        graph: a graph, its text form, or a function of arrays.
        inputs: an array for each variable, by name.
        of: name of a scalar.
        wrt: names of values, inner ones (``layer1/u``) included.
        options: see `Options`.

    Raises: GradwireError, by its reason.
    """
    found = yield from ask(core, graph, inputs, [query.gradient(of, wrt)], options)
    return found.answers[0]  # type: ignore[return-value]  # a query has its kind of answer


def jvp(
    core: Core,
    graph: Source,
    inputs: Inputs,
    tangents: Mapping[str, Feed],
    *,
    of: Names = (),
    batched: bool = False,
    **options: Unpack[Options],
) -> Plan[results.JvpResult]:
    """Return values, by default all floating outputs, and how they move along tangents.

    Args:
        graph: a graph, its text form, or a function of arrays.
        inputs: an array for each variable, by name.
        tangents: perturbations of values, by name, of the type of the value.
        of: names of outputs or values.
        batched: whether each tangent has one leading axis more: a product for each entry along it.
        options: see `Options`.

    Raises: GradwireError, by its reason.
    """
    found = yield from ask(core, graph, inputs, [query.jvp(tangents, of, batched=batched)], options)
    return found.answers[0]  # type: ignore[return-value]


def vjp(
    core: Core,
    graph: Source,
    inputs: Inputs,
    cotangents: Mapping[str, Feed],
    *,
    wrt: Names = (),
    batched: bool = False,
    **options: Unpack[Options],
) -> Plan[results.VjpResult]:
    """Return values, and how sensitivities go back to what they depend on, by default to all floating variables.

    Args:
        graph: a graph, its text form, or a function of arrays.
        inputs: an array for each variable, by name.
        cotangents: sensitivities of outputs or values, by name, of the type of the value.
        wrt: names of values.
        batched: whether each cotangent has one leading axis more: a product for each entry along it.
        options: see `Options`.

    Raises: GradwireError, by its reason.
    """
    found = yield from ask(core, graph, inputs, [query.vjp(cotangents, wrt, batched=batched)], options)
    return found.answers[0]  # type: ignore[return-value]


def hvp(
    core: Core, graph: Source, inputs: Inputs, vectors: Mapping[str, Feed], *, of: Name = "", **options: Unpack[Options]
) -> Plan[results.HvpResult]:
    """Return a scalar, its gradient, and the product of its Hessian and a vector given in parts.

    Args:
        graph: a graph, its text form, or a function of arrays.
        inputs: an array for each variable, by name.
        vectors: parts of the vector, by names of values, of the type of the value.
        of: name of a scalar. Default: the only output.
        options: see `Options`.

    Raises: GradwireError, by its reason.
    """
    found = yield from ask(core, graph, inputs, [query.hvp(vectors, of)], options)
    return found.answers[0]  # type: ignore[return-value]


def jacobian(
    core: Core,
    graph: Source,
    inputs: Inputs,
    *,
    of: Names = (),
    wrt: Names = (),
    sparse: bool = False,
    **options: Unpack[Options],
) -> Plan[results.JacobianResult]:
    """Return the derivatives of values with respect to values, as matrices by the names of both.

    Args:
        graph: a graph, its text form, or a function of arrays.
        inputs: an array for each variable, by name.
        of: names of outputs or values. Default: all floating outputs.
        wrt: names of values. Default: all floating variables.
        sparse: return only entries that may differ from zero, with their places.
        options: see `Options`.

    Raises: GradwireError, by its reason.
    """
    found = yield from ask(core, graph, inputs, [query.jacobian(of, wrt, sparse=sparse)], options)
    return found.answers[0]  # type: ignore[return-value]


def hessian(
    core: Core,
    graph: Source,
    inputs: Inputs,
    *,
    of: Name = "",
    wrt: Names = (),
    sparse: bool = False,
    **options: Unpack[Options],
) -> Plan[results.HessianResult]:
    """Return the second derivatives of a scalar, as matrices by the names of two values.

    Args:
        graph: a graph, its text form, or a function of arrays.
        inputs: an array for each variable, by name.
        of: name of a scalar. Default: the only output.
        wrt: names of values. Default: all floating variables.
        sparse: return only entries that may differ from zero, with their places.
        options: see `Options`.

    Raises: GradwireError, by its reason.
    """
    found = yield from ask(core, graph, inputs, [query.hessian(of, wrt, sparse=sparse)], options)
    return found.answers[0]  # type: ignore[return-value]
