"""Commands that tell what there is: ops, backends, optimizers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from itertools import groupby
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gradwire_service.cli import output
from gradwire_service.cli.app import Json, app
from gradwire_service.errors import GradwireError, OptimizerUnknownError, UnknownOpError

if TYPE_CHECKING:
    from gradwire_service.optimizers import CatalogEntry, Hyperparameter

Name = Annotated[str | None, typer.Argument(metavar="[NAME]", help="Tell all about this one.")]


@app.command()
def ops(name: Name = None, json: Json = False) -> None:
    """List the ops by family; of one, tell signature, attributes, formula, shapes, kinks and source."""
    from gradwire_service.engine import Engine as _  # noqa: F401  # loads every family
    from gradwire_service.ops.base import Op

    listed = {key: _op(key) for key, op in Op.registry.items() if not op.internal}
    if name is not None:
        found = _named(name, listed, "op", UnknownOpError)
        if json:
            output.show_json(found)
        else:
            output.show(f"{found['signature']}    [{found['family']}]", "", found["documentation"])
            output.show(*_settings_table(found["attributes"]))
        return
    rows = sorted(listed.values(), key=lambda row: (row["family"], row["name"]))
    if json:
        output.show_json({"ops": rows})
        return
    for family, members in groupby(rows, key=lambda row: row["family"]):
        cells = [(row["signature"], _first_sentence(row["documentation"])) for row in members]
        output.show(output.table({family: "left", "": "left"}, cells))
    output.notice("gradwire ops NAME tells all about one of them", style="dim")


def _op(name: str) -> dict[str, Any]:
    from inspect import getdoc

    from gradwire_service.ops.base import Composite, Op, catalog

    op, signature = Op.registry[name], catalog(name)
    assert signature is not None
    attributes = [
        {"name": key, "kind": x.kind.value, "required": x.required, "default": _plain(x.default), "documentation": ""}
        for key, x in signature.attributes.items()
    ]
    inputs = [*signature.inputs]
    if signature.variadic:
        inputs[-1] = f"*{inputs[-1]}"
    settings = [row["name"] if row["required"] else f"{row['name']}={_shown(row['default'])}" for row in attributes]
    marker = ["*"] if settings and not signature.variadic else []
    return {
        "name": name,
        "family": op.__module__.rpartition(".")[2],
        "signature": f"{name}({', '.join([*inputs, *marker, *settings])})",
        "inputs": signature.inputs,
        "variadic": signature.variadic,
        "attributes": attributes,
        "composite": issubclass(op, Composite),
        "documentation": getdoc(op) or "",
    }


@app.command()
def backends(json: Json = False) -> None:
    """List the backends: what each does, or why it is not available; and what was compiled."""
    from gradwire_service.backend import CompilingBackend, discover
    from gradwire_service.engine import Choice

    default = Choice().backend
    rows: list[dict[str, Any]] = [
        {
            "name": found.name,
            "available": found.backend is not None,
            "default": found.name == default,
            "summary": found.backend.summary if found.backend else "",
            "reason": found.reason,
            "compilation": found.backend.report() if isinstance(found.backend, CompilingBackend) else {},
        }
        for found in discover().values()
    ]
    if json:
        output.show_json({"backends": rows})
        return
    cells = [
        (
            row["name"] + (" (default)" if row["default"] else ""),
            "yes" if row["available"] else "no",
            row["summary"] or row["reason"],
        )
        for row in rows
    ]
    output.show(output.table({"backend": "left", "available": "left", "": "left"}, cells))
    for row in rows:
        for key, value in row["compilation"].items():
            output.show(f"{row['name']}: {key} {value}")


@app.command()
def optimizers(name: Name = None, json: Json = False) -> None:
    """List the update rules and the schedules of the learning rate; of one, tell formulas and hyperparameters."""
    from gradwire_service.optimizers import Optimizer, Schedule

    families = {"optimizers": Optimizer.catalog(), "schedules": Schedule.catalog()}
    if name is not None:
        entries = {entry.name: _entry(entry) for family in families.values() for entry in family}
        found = _named(name, entries, "optimizer or schedule", OptimizerUnknownError)
        if json:
            output.show_json(found)
        else:
            output.show(found["name"], "", found["documentation"], *_settings_table(found["hyperparameters"]))
        return
    if json:
        output.show_json({title: [_entry(entry) for entry in family] for title, family in families.items()})
        return
    for title, family in families.items():
        columns = {title: "left", "hyperparameters": "left", "": "left"}
        cells = [
            (entry.name, ", ".join(map(_default, entry.hyperparameters)), _first_sentence(entry.documentation))
            for entry in family
        ]
        output.show(output.table(columns, cells))
    output.notice("gradwire optimizers NAME tells all about one of them", style="dim")


def _entry(entry: CatalogEntry) -> dict[str, Any]:
    settings = [
        {
            "name": x.name,
            "kind": x.kind.value,
            "required": x.required,
            "default": x.default,
            "documentation": x.documentation,
        }
        for x in entry.hyperparameters
    ]
    return {
        "name": entry.name,
        "hyperparameters": settings,
        "slots": entry.slots,
        "documentation": entry.documentation,
    }


def _default(setting: Hyperparameter) -> str:
    return setting.name if setting.required else f"{setting.name}={_shown(setting.default)}"


def _named(name: str, entries: Mapping[str, Any], what: str, error: type[GradwireError]) -> Any:
    """Return an entry.

    Raises: an error that tells names like this one.
    """
    if name not in entries:
        near = get_close_matches(name, entries, n=3) or sorted(entries)
        raise error(f"there is no {what} {name!r}; there are: {', '.join(near)}")
    return entries[name]


def _settings_table(settings: Sequence[Mapping[str, Any]]) -> Iterable[Any]:
    """Return a table of attributes or hyperparameters, or nothing when there is none."""
    columns = dict.fromkeys(("", "kind", "default", "meaning")[: 4 if any(x["documentation"] for x in settings) else 3])
    cells = [
        (x["name"], x["kind"], "required" if x["required"] else _shown(x["default"]), x["documentation"])[
            : len(columns)
        ]
        for x in settings
    ]
    return [output.table(dict.fromkeys(columns, "left"), cells)] if settings else []


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, bool | int | float | str | tuple) else str(value)


def _shown(value: object) -> str:
    """Write a default as Python does, None standing for "not set"."""
    return f"{value:g}" if isinstance(value, float) else repr(value)


def _first_sentence(documentation: str) -> str:
    paragraph = " ".join(documentation.partition("\n\n")[0].split())
    return paragraph.partition(". ")[0].removesuffix(".")
