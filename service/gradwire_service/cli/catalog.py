"""Commands that tell what there is: ops, backends, optimizers; as JSON the messages of CatalogService."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from itertools import groupby
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from gradwire_service.cli import output
from gradwire_service.cli.app import ExitCode, Json, app
from gradwire_service.errors import GradwireError, OptimizerUnknownError, UnknownOpError

if TYPE_CHECKING:
    from google.protobuf.message import Message

    from gradwire import v1 as pb

T = TypeVar("T")
Name = Annotated[str | None, typer.Argument(metavar="[NAME]", help="Tell all about this one.")]


@app.command()
def ops(name: Name = None, json: Json = False) -> None:
    """List the ops by family; of one, tell signature, attributes, formula, shapes, kinks and source."""
    from gradwire import v1 as pb
    from gradwire_service import engine  # noqa: F401  # loads every family
    from gradwire_service.ops.base import Op
    from gradwire_service.wire.catalog import encode_op, facts_of

    listed = {key: encode_op(op) for key, op in sorted(Op.registry.items()) if not op.internal}
    if name is not None:
        found = _named(name, listed, "op", UnknownOpError)
        if json:
            output.show_json(_as_data(found))
        else:
            output.show(f"{found.signature}    [{found.family}]", "", found.documentation)
            output.show(*(["", "; ".join(facts)] if (facts := facts_of(Op.registry[name])) else []))
            output.show(*_settings_table(found.attributes))
        return
    if json:
        output.show_json(_as_data(pb.ListOpsResponse(ops=listed.values())))
        return
    for family, members in groupby(sorted(listed.values(), key=lambda op: op.family), key=lambda op: op.family):
        output.show(output.table({family: "left", "": "left"}, [(op.signature, op.summary) for op in members]))
    output.notice("gradwire ops NAME tells all about one of them", style="dim")


@app.command()
def backends(
    server: Annotated[
        str,
        typer.Option(
            metavar="ADDRESS", help="Ask a running server, such as localhost:50051, in place of looking here."
        ),
    ] = "",
    json: Json = False,
) -> None:
    """List the backends: what each does, or why it is not available; and of those that compile, what became of it."""
    from gradwire import v1 as pb
    from gradwire_service.wire.catalog import first_sentence

    rows = _backends_there(server) if server else _backends_here()
    if json:
        output.show_json(_as_data(pb.ListBackendsResponse(backends=rows)))
        return
    cells = [
        (
            row.name + (" (default)" if row.default_backend else ""),
            "yes" if row.available else "no",
            first_sentence(row.documentation) or row.unavailable_reason,
        )
        for row in rows
    ]
    output.show(output.table(dict.fromkeys(("backend", "available", ""), "left"), cells))
    for row in rows:
        if row.HasField("compilation"):
            counts = (
                f"{getattr(row.compilation, word)} {word}" for word in ("compiled", "cached", "pending", "failed")
            )
            output.show(f"{row.name}: {', '.join(counts)}")
            output.show(*(f"  failed: {failure.message}" for failure in row.compilation.failures))


def _backends_here() -> list[pb.BackendInfo]:
    from gradwire_service.backend import discover
    from gradwire_service.library import Choice
    from gradwire_service.wire.catalog import encode_backend

    return [encode_backend(found, Choice().backend) for found in discover().values()]


def _backends_there(address: str) -> list[pb.BackendInfo]:
    import grpc

    from gradwire import v1 as pb

    try:
        with grpc.insecure_channel(address) as channel:
            ask = channel.unary_unary(
                "/gradwire.v1.CatalogService/ListBackends",
                pb.ListBackendsRequest.SerializeToString,
                pb.ListBackendsResponse.FromString,
            )
            return list(ask(pb.ListBackendsRequest(), timeout=10).backends)
    except grpc.RpcError as error:
        output.notice(f"the server at {address} does not answer: {error.details()}", style="bold red")
        raise typer.Exit(ExitCode.UNAVAILABLE) from None


@app.command()
def optimizers(name: Name = None, json: Json = False) -> None:
    """List update rules, methods, searches, and schedules of the learning rate; of one, tell all it has."""
    from gradwire import v1 as pb
    from gradwire_service.optimizers import Schedule
    from gradwire_service.wire.catalog import encode_optimizers, encode_schedule, first_sentence

    rules = {row.name: row for row in encode_optimizers()}
    schedules = {entry.name: encode_schedule(entry) for entry in Schedule.catalog()}
    settings = {row.name: row.hyperparameters for row in rules.values()}
    settings |= {row.name: row.parameters for row in schedules.values()}
    if name is not None:
        entries: dict[str, pb.OptimizerInfo | pb.ScheduleInfo] = {**rules, **schedules}
        found = _named(name, entries, "optimizer or schedule", OptimizerUnknownError)
        if json:
            output.show_json(_as_data(found))
        else:
            output.show(name, "", found.documentation, *_settings_table(settings[name]))
        return
    if json:
        message = pb.ListOptimizersResponse(optimizers=rules.values(), schedules=schedules.values())
        output.show_json(_as_data(message))
        return
    kinds = {
        "optimizers": pb.OPTIMIZER_KIND_UPDATE_RULE,
        "methods that own their loop": pb.OPTIMIZER_KIND_METHOD,
        "searches": pb.OPTIMIZER_KIND_SEARCH,
    }
    tables: dict[str, Iterable[pb.OptimizerInfo | pb.ScheduleInfo]] = {
        title: [row for row in rules.values() if row.kind == kind] for title, kind in kinds.items()
    }
    tables["schedules"] = schedules.values()
    for title, rows in tables.items():
        cells = [
            (row.name, ", ".join(map(_in_short, settings[row.name])), first_sentence(row.documentation)) for row in rows
        ]
        output.show(output.table(dict.fromkeys((title, "hyperparameters", ""), "left"), cells))
    output.notice("gradwire optimizers NAME tells all about one of them", style="dim")


def _as_data(message: Message) -> Mapping[str, object]:
    from google.protobuf.json_format import MessageToDict

    return MessageToDict(message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True)


def _named(name: str, entries: Mapping[str, T], what: str, error: type[GradwireError]) -> T:
    """Return an entry.

    Raises: an error that tells names like this one.
    """
    if name not in entries:
        near = get_close_matches(name, entries, n=3) or sorted(entries)
        raise error(f"there is no {what} {name!r}; there are: {', '.join(near)}")
    return entries[name]


def _settings_table(settings: Sequence[pb.AttributeInfo]) -> Iterable[object]:
    """Return a table of attributes or hyperparameters, or nothing when there is none."""
    from gradwire import v1 as pb

    if not settings:
        return
    documented = any(x.documentation for x in settings)
    columns = ["", "kind", "default", "meaning"] if documented else ["", "kind", "default"]
    rows = [
        (
            x.name,
            pb.AttributeKind.Name(x.kind).removeprefix("ATTRIBUTE_KIND_").lower(),
            "required" if x.required else _default(x),
            x.documentation,
        )[: len(columns)]
        for x in settings
    ]
    yield output.table(dict.fromkeys(columns, "left"), rows)


def _in_short(setting: pb.AttributeInfo) -> str:
    return setting.name if setting.required else f"{setting.name}={_default(setting)}"


def _default(setting: pb.AttributeInfo) -> str:
    """Write a default as Python does, None standing for "not set"."""
    from gradwire_service.graph import ElementType
    from gradwire_service.wire.attributes import decode_attribute

    if not setting.HasField("default_value"):
        return "None"
    value = decode_attribute(setting.default_value, "default_value")
    return f"{value:g}" if isinstance(value, float) else str(value) if isinstance(value, ElementType) else repr(value)
