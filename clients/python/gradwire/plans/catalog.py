"""What a server has and is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Self

from gradwire import v1 as pb
from gradwire.core import Core, Method, Plan
from gradwire.results import enum_names
from gradwire.tensors import element_type_of

_SERVICE = "CatalogService"
OPS = Method(_SERVICE, "ListOps", pb.ListOpsResponse)
BACKENDS = Method(_SERVICE, "ListBackends", pb.ListBackendsResponse)
OPTIMIZERS = Method(_SERVICE, "ListOptimizers", pb.ListOptimizersResponse)
INFO = Method(_SERVICE, "GetServerInfo", pb.GetServerInfoResponse)

_ATTRIBUTE_KINDS = enum_names(pb.AttributeKind, "ATTRIBUTE_KIND_")
_OPTIMIZER_KINDS = enum_names(pb.OptimizerKind, "OPTIMIZER_KIND_")
_QUERY_KINDS = enum_names(pb.QueryKind, "QUERY_KIND_")


@dataclass(frozen=True)
class Setting:
    """A setting of an op, an optimizer or a schedule.

    Attributes:
        name: its name.
        kind: the type that it must have, such as "real" or "integers".
        required: whether it must be stated.
        default: what holds when it is left out; None when leaving it out has a meaning of its own.
        documentation: what it does.
    """

    name: str
    kind: str
    required: bool
    default: Any
    documentation: str

    @classmethod
    def of(cls, message: pb.AttributeInfo) -> Self:
        """Read the message."""
        default = _plain(message.default_value) if message.HasField("default_value") else None
        kind = _ATTRIBUTE_KINDS.get(message.kind, "unknown")
        return cls(message.name, kind, message.required, default, message.documentation)


@dataclass(frozen=True)
class OpInfo:
    """An op of the server.

    Attributes:
        name: its name.
        family: ops of a kind, such as "reduction".
        signature: in one line.
        inputs: names of its inputs; ``*x`` may come any number of times.
        attributes: its settings.
        differentiable: whether derivatives go through it.
        composite: whether it is written with other ops.
        summary: first sentence of the documentation.
        documentation: what it computes.
    """

    name: str
    family: str
    signature: str
    inputs: tuple[str, ...]
    attributes: tuple[Setting, ...]
    differentiable: bool
    composite: bool
    summary: str
    documentation: str


@dataclass(frozen=True)
class BackendInfo:
    """A backend of the server.

    Attributes:
        name: its name.
        available: whether it can be used now.
        unavailable_reason: why it can't.
        default: whether it is taken when a call names none.
        documentation: what it does, and how it differentiates.
        library_version: of the library beneath.
        query_kinds: the kinds of queries that it answers.
        unsupported_ops: names of ops that it refuses.
        compilation: number of programs that were "compiled", "cached", are "pending", or "failed".
    """

    name: str
    available: bool
    unavailable_reason: str
    default: bool
    documentation: str
    library_version: str
    query_kinds: tuple[str, ...]
    unsupported_ops: tuple[str, ...]
    compilation: dict[str, int]


@dataclass(frozen=True)
class OptimizerInfo:
    """An optimizer, or a schedule, of the server.

    Attributes:
        name: its name.
        kind: "update_rule", "search" or "method"; "schedule".
        settings: its hyperparameters.
        documentation: its formulas, defaults and source.
    """

    name: str
    kind: str
    settings: tuple[Setting, ...]
    documentation: str


@dataclass(frozen=True)
class ServerInfo:
    """A server.

    Attributes:
        version: its version.
        api_versions: versions of the contract that it speaks.
        library_versions: versions of the libraries that results depend on, by name.
        limits: fixed limits, by name.
        methods: full names of the methods that it serves.
        query_kinds: the kinds of queries that it answers.
        instance_id: tells this run of the server from the next.
        cpu_count: number of processors that it may use.
    """

    version: str
    api_versions: tuple[str, ...]
    library_versions: dict[str, str]
    limits: dict[str, int]
    methods: tuple[str, ...]
    query_kinds: tuple[str, ...]
    instance_id: str
    cpu_count: int


def ops(core: Core, *, timeout: float | None = None) -> Plan[list[OpInfo]]:
    """List the ops, and the composites that come with the server, by name."""
    response = yield from core.call(OPS, pb.ListOpsRequest(), timeout)
    return [
        OpInfo(
            op.name,
            op.family,
            op.signature,
            tuple(f"*{x.name}" if x.variadic else x.name for x in op.inputs),
            _settings(op.attributes),
            op.differentiable,
            op.composite,
            op.summary,
            op.documentation,
        )
        for op in response.ops
    ]


def backends(core: Core, *, timeout: float | None = None) -> Plan[list[BackendInfo]]:
    """List the backends, also those whose library is not installed, by name."""
    response = yield from core.call(BACKENDS, pb.ListBackendsRequest(), timeout)
    return [
        BackendInfo(
            x.name,
            x.available,
            x.unavailable_reason,
            x.default_backend,
            x.documentation,
            x.library_version,
            _kinds(x.query_kinds),
            tuple(x.unsupported_ops),
            {name: getattr(x.compilation, name) for name in ("compiled", "cached", "pending", "failed")},
        )
        for x in response.backends
    ]


def optimizers(core: Core, *, timeout: float | None = None) -> Plan[list[OptimizerInfo]]:
    """List the optimizers by name, then the schedules."""
    response = yield from core.call(OPTIMIZERS, pb.ListOptimizersRequest(), timeout)
    found = [
        OptimizerInfo(x.name, _OPTIMIZER_KINDS.get(x.kind, "unknown"), _settings(x.hyperparameters), x.documentation)
        for x in response.optimizers
    ]
    schedules = [
        OptimizerInfo(x.name, "schedule", _settings(x.parameters), x.documentation) for x in response.schedules
    ]
    return found + schedules


def server_info(core: Core, *, timeout: float | None = None) -> Plan[ServerInfo]:
    """Return versions, limits and capabilities of the server."""
    found = yield from core.call(INFO, pb.GetServerInfoRequest(), timeout)
    return ServerInfo(
        found.version,
        tuple(found.api_versions),
        dict(found.library_versions),
        dict(found.limits),
        tuple(found.methods),
        _kinds(found.query_kinds),
        found.instance_id,
        found.cpu_count,
    )


def _settings(messages: Iterable[pb.AttributeInfo]) -> tuple[Setting, ...]:
    return tuple(map(Setting.of, messages))


def _kinds(kinds: Iterable[int]) -> tuple[str, ...]:
    return tuple(_QUERY_KINDS.get(kind, "unknown") for kind in kinds)


def _plain(attribute: pb.Attribute) -> Any:
    """Return the value of an attribute as Python has it."""
    match attribute.WhichOneof("value"):
        case None:
            return None
        case "element_type":
            return element_type_of(attribute)
        case "dimensions":
            return [x.name if x.HasField("name") else x.size for x in attribute.dimensions.dimensions]
        case "integers" | "reals" | "texts" as kind:
            return list(getattr(attribute, kind).values)
        case kind:
            return getattr(attribute, kind)
