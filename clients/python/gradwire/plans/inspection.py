"""Looking into a graph: its order and cost, its derivative as a graph, and how well a derivative is computed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, Unpack

from gradwire import v1 as pb
from gradwire.core import Core, Method, Plan, Source
from gradwire.descriptions import CheckResult, Comparison, Derivative, Description
from gradwire.execution import Options, options_message
from gradwire.graph import Graph
from gradwire.plans.queries import Inputs
from gradwire.query import Name, Names, Query, name, names
from gradwire.results import TIERS
from gradwire.tensors import TensorRef, tensor_type

_SERVICE = "DifferentiationService"
DESCRIBE = Method(_SERVICE, "DescribeGraph", pb.DescribeGraphResponse, tells_id=True)
DIFFERENTIATE = Method(_SERVICE, "DifferentiateGraph", pb.DifferentiateGraphResponse)
PREPARE = Method(_SERVICE, "Prepare", pb.PrepareResponse, tells_id=True)
CHECK = Method(_SERVICE, "CheckGradient", pb.CheckGradientResponse)
COMPARE = Method(_SERVICE, "CompareBackends", pb.CompareBackendsResponse)

Format = Literal["text", "latex", "dot", "svg"]
Mode = Literal["gradient", "vjp", "jvp", "hessian_vector_product"]

_FORMATS = {name: pb.GraphFormat.Value(f"GRAPH_FORMAT_{name.upper()}") for name in ("text", "latex", "dot", "svg")}


def register(core: Core, graph: Graph | str) -> Plan[str]:
    """Make a graph known to the server, which checks it; return its id. Other calls do this by themselves.

    Args:
        graph: a graph, or its text form.

    Raises: InvalidGraphError, with all faults of the graph.
    """
    return (yield from core.register(graph)).graph_id


def describe(
    core: Core,
    graph: Source,
    inputs: Inputs | None = None,
    *,
    dimensions: Mapping[str, int] | None = None,
    formats: Sequence[Format] = ("text",),
    annotations: Mapping[str, str] | None = None,
    timeout: float | None = None,
) -> Plan[Description]:
    """Return the order, types, cost and picture of a graph, without running it.

    Args:
        graph: a graph, its text form, or a function of arrays.
        inputs: arrays for variables, by name, of which only the types count; they bind named dimensions.
        dimensions: sizes of named dimensions.
        formats: what to render: "text", "latex", "dot", "svg".
        annotations: lines to write beside values in drawings, by name.
        timeout: seconds that the call may take.

    Raises: GradwireError, by its reason.
    """
    bound, feeds = core.bind(graph, inputs or {})
    request = pb.DescribeGraphRequest(
        dimensions=dimensions,
        input_types=input_types(core, bound, feeds),
        formats=[_FORMATS[x] for x in formats],
        annotations=annotations,
    )
    response, _ = yield from core.ask(DESCRIBE, bound, [request.SerializeToString()], timeout)
    return Description.of(response)


def differentiate(
    core: Core,
    graph: Source,
    inputs: Inputs | None = None,
    *,
    of: Names = (),
    wrt: Names = (),
    mode: Mode = "gradient",
    dimensions: Mapping[str, int] | None = None,
    formats: Sequence[Format] = ("text", "latex"),
    timeout: float | None = None,
) -> Plan[Derivative]:
    """Return the derivative of a graph as a graph: symbolic differentiation.

    Args:
        graph: a graph, its text form, or a function of arrays.
        inputs: arrays for variables, by name, of which only the types count; they bind named dimensions.
        of: names of outputs or values. Default: the floating outputs.
        wrt: names of values. Default: all floating variables.
        mode: "gradient", "vjp", "jvp" or "hessian_vector_product".
        dimensions: sizes of named dimensions; each must be bound here or by `inputs`.
        formats: what to render: "text", "latex", "dot", "svg".
        timeout: seconds that the call may take.

    Raises: GradwireError, by its reason.
    """
    bound, feeds = core.bind(graph, inputs or {})
    request = pb.DifferentiateGraphRequest(
        of=names(bound, of),
        wrt=names(bound, wrt),
        mode=pb.DerivativeMode.Value(f"DERIVATIVE_MODE_{mode.upper()}"),
        dimensions=dimensions,
        input_types=input_types(core, bound, feeds),
        formats=[_FORMATS[x] for x in formats],
    )
    response, _ = yield from core.ask(DIFFERENTIATE, bound, [request.SerializeToString()], timeout)
    derivative = Derivative.of(response)
    core.remember(derivative, response.graph_id)
    return derivative


def prepare(
    core: Core,
    graph: Source,
    inputs: Inputs,
    queries: Sequence[Query] = (),
    **options: Unpack[Options],
) -> Plan[str]:
    """Get the program of a later call ready; with ``wait_for_compiled=True`` return when it is compiled.

    Args:
        graph: a graph, its text form, or a function of arrays.
        inputs: arrays for all variables, by name, of which only the types count.
        queries: the questions, as they will be asked. Default: the values of all outputs.
        options: see `Options`.

    Returns: how a call would be run now: "interpreted", "compiled" or "instruction_loop".
    Raises: GradwireError, by its reason.
    """
    bound, feeds = core.bind(graph, inputs)
    request = pb.PrepareRequest(
        input_types=input_types(core, bound, feeds),
        queries=[pb.Query.FromString(asked.encode(bound)) for asked in queries],
        options=options_message(options),
    )
    response, _ = yield from core.ask(PREPARE, bound, [request.SerializeToString()], options.get("timeout"))
    return TIERS.get(response.tier, "unknown")


def check(
    core: Core,
    graph: Source,
    inputs: Inputs,
    *,
    of: Name = "",
    wrt: Names = (),
    relative_tolerance: float = 0.0,
    **options: Unpack[Options],
) -> Plan[CheckResult]:
    """Compare the gradient of a backend with finite differences; a gradient that does not pass is no error.

    Args:
        graph: a graph, its text form, or a function of arrays.
        inputs: an array for each variable, by name.
        of: name of a scalar. Default: the only output.
        wrt: names of values. Default: all floating variables.
        relative_tolerance: greatest relative error that passes; 0: 1e-6 for float64, 1e-2 for float32.
        options: see `Options`; `finite_difference` sets what the gradient is checked against.

    Raises: GradwireError, by its reason.
    """
    bound, feeds = core.bind(graph, inputs)
    request = pb.CheckGradientRequest(
        of=name(bound, of),
        wrt=names(bound, wrt),
        options=options_message(options),
        relative_tolerance=relative_tolerance,
    )
    parts = [request.SerializeToString(), *core.feed(2, bound, feeds)]
    response, _ = yield from core.ask(CHECK, bound, parts, options.get("timeout"))
    return CheckResult.of(response)


def compare(
    core: Core,
    graph: Source,
    inputs: Inputs,
    *,
    of: Name = "",
    wrt: Names = (),
    backends: Sequence[str | Options] = (),
    reference: str | Options = "",
    repetitions: int = 0,
    on_row: Callable[[Comparison], None] | None = None,
    timeout: float | None = None,
) -> Plan[list[Comparison]]:
    """Differentiate one scalar in several ways, and measure their errors and times.

    Args:
        graph: a graph, its text form, or a function of arrays.
        inputs: an array for each variable, by name.
        of: name of a scalar. Default: the only output.
        wrt: names of values. Default: all floating variables.
        backends: the ways: names of backends, or dicts of settings such as
            ``{"backend": "finite_difference", "finite_difference": gw.FiniteDifference("forward")}``.
            Default: every backend that is available.
        reference: the way that errors are measured against. Default: "numpy".
        repetitions: timed runs of each way, of which the fastest counts; 0: chosen by the server.
        on_row: is given each row as soon as it is there.
        timeout: seconds that the call may take.

    Returns: a row for each way, in the order in which they finished.
    Raises: GradwireError, when it concerns every way; the error of a single way is in its row.
    """
    bound, feeds = core.bind(graph, inputs)
    request = pb.CompareBackendsRequest(
        of=name(bound, of),
        wrt=names(bound, wrt),
        candidates=[_way(x) for x in backends],
        reference=_way(reference) if reference else None,
        repetitions=repetitions,
    )
    parts = [request.SerializeToString(), *core.feed(2, bound, feeds)]
    rows: list[Comparison] = []

    def receive(response: pb.CompareBackendsResponse, bulk: Sequence[memoryview]) -> None:
        rows.append(Comparison.of(response, bulk))
        if on_row is not None:
            on_row(rows[-1])

    yield from core.follow(COMPARE, bound, lambda source: [source, *parts], receive, timeout)
    return rows


def input_types(core: Core, graph: Graph | str, feeds: Mapping[str, Any]) -> dict[str, pb.TensorType]:
    """Return the types of what would be fed."""
    arrays = {key: x if isinstance(x, TensorRef) else core.array(graph, key, x) for key, x in feeds.items()}
    return {key: tensor_type(x.dtype.name, tuple(x.shape)) for key, x in arrays.items()}


def _way(way: str | Options) -> pb.ExecutionOptions:
    return options_message({"backend": way} if isinstance(way, str) else way)
