"""The application: its commands' common behaviour, and how errors become words and exit codes."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from enum import IntEnum
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from gradwire_service.cli.output import notice, to_json
from gradwire_service.errors import GradwireError

_JSON = "gradwire.json"


class ExitCode(IntEnum):
    """What the shell is told."""

    FINE = 0
    CHECK_FAILED = 1
    USAGE = 2
    INVALID = 3
    UNAVAILABLE = 4
    INTERNAL = 5

    @classmethod
    def of(cls, error: GradwireError) -> ExitCode:
        """Return the exit code for an error."""
        if error.reason in _NOT_HERE or not_now(error.code):
            return cls.UNAVAILABLE
        return cls.INTERNAL if error.code == "INTERNAL" else cls.INVALID


def not_now(code: str) -> bool:
    """Tell whether a canonical code says that something is not available at this moment."""
    return code in _NOT_NOW


_NOT_HERE = ("BACKEND_UNAVAILABLE", "OPTIMIZER_UNAVAILABLE")
_NOT_NOW = ("UNAVAILABLE", "UNIMPLEMENTED", "RESOURCE_EXHAUSTED", "DEADLINE_EXCEEDED", "CANCELLED")

_EXIT_CODES = """
[bold]Exit codes:[/] 0 fine · 1 a check failed · 2 usage · 3 invalid graph or input ·
4 a server, a backend or a library is not available · 5 a bug in Gradwire
"""


class _Group(TyperGroup):
    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except GradwireError as error:
            tell(error, as_json=ctx.meta.get(_JSON, False))
            raise typer.Exit(ExitCode.of(error)) from None


app = typer.Typer(
    name="gradwire",
    cls=_Group,
    help="Gradients over the wire: graphs of known functions in; values, exact derivatives and optimizer steps out.",
    epilog=_EXIT_CODES,
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _remember(context: typer.Context, value: bool) -> bool:
    context.meta[_JSON] = value  # errors are then told as JSON too
    return value


Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs to read.", callback=_remember)]


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"gradwire {version('gradwire')}")
        raise typer.Exit


@app.callback()
def _common(
    version: Annotated[bool, typer.Option("--version", help="Print the version.", callback=_version, is_eager=True)] = (
        False
    ),
) -> None:
    pass


def tell(error: GradwireError, as_json: bool = False) -> None:
    """Print every fault of an error on stderr: reason and place, then the fault and its remedy."""
    if as_json:
        faults = [
            {"reason": fault.reason, "message": fault.message, "field": fault.field, "block": fault.block}
            for fault in error.faults
        ]
        typer.echo(to_json({"error": {"reason": error.reason, "faults": faults, "details": error.details}}), err=True)
        return
    if len(error.faults) > 1:
        notice(f"{len(error.faults)} faults", style="bold red")
    for fault in error.faults:
        place = fault.field or (f"block {fault.block}" if fault.block else "")
        notice(f"{fault.reason}{' at ' + place if place else ''}", style="bold red")
        notice(f"  {fault.message}")


@contextlib.contextmanager
def library(extra: str) -> Iterator[None]:
    """Tell which extra has a library that is missing.

    Args:
        extra: name of the extra of the distribution that brings it.
    """
    try:
        yield
    except ImportError as error:
        notice(f"{error}; install it: pip install 'gradwire[{extra}]'", style="bold red")
        raise typer.Exit(ExitCode.UNAVAILABLE) from None


def main() -> None:
    """Run the command that the process was called with."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal without ∂ still gets its table
    try:
        app()
    except OSError as error:  # such as a file that can't be written
        notice(str(error), style="bold red")
        sys.exit(ExitCode.USAGE)
    except Exception as error:
        if "GRADWIRE_TRACEBACK" in os.environ:
            raise
        notice(f"INTERNAL: {type(error).__name__}: {error}", style="bold red")
        notice("  this is a bug in Gradwire; with GRADWIRE_TRACEBACK=1 in the environment it shows where")
        sys.exit(ExitCode.INTERNAL)
