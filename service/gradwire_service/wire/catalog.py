"""What a server has → messages: ops, backends, optimizers, schedules."""

from __future__ import annotations

import re
from collections.abc import Mapping
from inspect import getdoc
from typing import Any

from gradwire import v1 as pb
from gradwire_service.backend import Availability, CompilingBackend
from gradwire_service.graph import Attribute, AttributeKind
from gradwire_service.methods import Method
from gradwire_service.ops.base import Composite, Elementwise, MultiOp, Op
from gradwire_service.ops.body import Control
from gradwire_service.optimizers import CatalogEntry, Hyperparameter, Optimizer
from gradwire_service.searches import Search
from gradwire_service.wire.attributes import ATTRIBUTE_KINDS, encode_attribute
from gradwire_service.wire.evaluation import QUERY_KINDS
from gradwire_service.wire.status import shortened


def encode_op(op: type[Op]) -> pb.OpInfo:
    """Return an op as the catalog lists it."""
    signature = op.signature()
    attributes = [
        _attribute(name, attribute.kind, attribute.required, attribute.default)
        for name, attribute in signature.attributes.items()
    ]
    last = len(signature.inputs) - 1
    documentation = getdoc(op) or ""
    return pb.OpInfo(
        name=op.name,
        family=op.__module__.rpartition(".")[2],
        signature=signature_text(op),
        inputs=[
            pb.OpInput(name=name, variadic=signature.variadic and i == last) for i, name in enumerate(signature.inputs)
        ],
        attributes=attributes,
        output_count=signature.outputs,
        outputs_like=signature.outputs_like,
        differentiable=_is_differentiable(op),
        composite=issubclass(op, Composite),
        summary=first_sentence(documentation),
        documentation=documentation,
    )


def signature_text(op: type[Op]) -> str:
    """Return the signature in one line, such as ``sum(x, *, axis=None, keepdims=False)``."""
    signature = op.signature()
    inputs = [*signature.inputs]
    if signature.variadic:
        inputs[-1] = f"*{inputs[-1]}"
    settings = [
        name if attribute.required else f"{name}={_shown(attribute.default)}"
        for name, attribute in signature.attributes.items()
    ]
    marker = ["*"] if settings and inputs and not signature.variadic else []
    return f"{op.name}({', '.join([*inputs, *marker, *settings])})"


def _shown(default: Attribute | None) -> str:
    return repr(default) if default is None or isinstance(default, bool | int | float | str | tuple) else str(default)


def _is_differentiable(op: type[Op]) -> bool:
    """Tell whether the op has a rule of its own; a composite has those of the ops that it is written with."""
    if issubclass(op, Composite | Control):
        return True
    if issubclass(op, Elementwise):
        return op.partials is not Elementwise.partials
    return op.vjp not in (Op.vjp, MultiOp.vjp)


def facts_of(op: type[Op]) -> list[str]:
    """Return what else is to be known of an op, a phrase each."""
    outputs, like = op.signature().outputs, op.signature().outputs_like
    return [
        *(["a composite of other ops"] if issubclass(op, Composite) else []),
        *([f"{outputs} results"] if outputs > 1 else []),
        *([f"as many results as {'it has inputs' if like == 'inputs' else f'`{like}` says'}"] if like else []),
        *([] if _is_differentiable(op) else ["no derivative"]),
        *([] if op.analytic else ["not analytic, so that complex_step refuses it"]),
        *(["where the sensitivity is zero, an infinite derivative counts as zero"] if op.singular else []),
    ]


def first_sentence(documentation: str) -> str:
    """Return the first sentence of a documentation, in one line."""
    return " ".join(documentation.partition("\n\n")[0].split()).partition(". ")[0].removesuffix(".")


def _attribute(
    name: str, kind: AttributeKind, required: bool, default: Attribute | None, documentation: str = ""
) -> pb.AttributeInfo:
    return pb.AttributeInfo(
        name=name,
        kind=ATTRIBUTE_KINDS[kind],
        required=required,
        default_value=None if default is None else encode_attribute(default),
        documentation=documentation,
    )


def _hyperparameter(setting: Hyperparameter) -> pb.AttributeInfo:
    return _attribute(setting.name, setting.kind, setting.required, setting.default, setting.documentation)


def encode_backend(found: Availability, default: str) -> pb.BackendInfo:
    """Return a backend as the catalog lists it.

    Args:
        found: the backend, whether it loads or not.
        default: name of the backend of requests that name none.
    """
    backend = found.backend
    if backend is None:
        return pb.BackendInfo(name=found.name, unavailable_reason=found.reason, default_backend=found.name == default)
    return pb.BackendInfo(
        name=found.name,
        available=True,
        default_backend=found.name == default,
        documentation=getdoc(type(backend)) or backend.summary,
        query_kinds=QUERY_KINDS,
        compilation=_compilation(backend.report()) if isinstance(backend, CompilingBackend) else None,
    )


def _compilation(report: Mapping[str, Any]) -> pb.CompilationStatus:
    """Return what a backend tells of its compiler; why one failed, without paths of this machine."""
    failed: Mapping[str, object] = report.get("failed", {})
    return pb.CompilationStatus(
        compiled=report.get("compiled", 0),
        cached=report.get("from_cache", 0),
        pending=report.get("compiling", 0),
        failed=len(failed),
        failures=[
            pb.CompilationFailure(message=shortened(_PATH.sub("…", str(why)), 256))
            for why in list(failed.values())[:16]
        ],
    )


_PATH = re.compile(r"(?<![\w.])/[\w./-]+")


def encode_optimizers() -> list[pb.OptimizerInfo]:
    """List update rules, methods that own their loop, and searches, by name."""
    kinds = (
        (pb.OPTIMIZER_KIND_UPDATE_RULE, Optimizer),
        (pb.OPTIMIZER_KIND_METHOD, Method),
        (pb.OPTIMIZER_KIND_SEARCH, Search),
    )
    found = [_optimizer(entry, kind) for kind, family in kinds for entry in family.catalog()]
    return sorted(found, key=lambda optimizer: optimizer.name)


def _optimizer(entry: CatalogEntry, kind: pb.OptimizerKind.ValueType) -> pb.OptimizerInfo:
    return pb.OptimizerInfo(
        name=entry.name,
        kind=kind,
        hyperparameters=map(_hyperparameter, entry.hyperparameters),
        slots=entry.slots,
        documentation=entry.documentation,
    )


def encode_schedule(entry: CatalogEntry) -> pb.ScheduleInfo:
    """Return a schedule as the catalog lists it."""
    return pb.ScheduleInfo(
        name=entry.name,
        parameters=map(_hyperparameter, entry.hyperparameters),
        has_parts=entry.parts != 0,
        documentation=entry.documentation,
    )
