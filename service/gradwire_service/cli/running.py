"""Commands that run for a while: serve, demo."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gradwire_service.cli import output
from gradwire_service.cli.app import ExitCode, app, library


@app.command()
def demo(
    out: Annotated[Path, typer.Option("--output", "-o", metavar="FOLDER", help="Where pictures go.")] = Path(
        "gradwire-demo"
    ),
) -> None:
    """Show it all on real data: gradients of every block, methods compared, a model trained, pictures drawn."""
    with library("demo"):
        from gradwire.demo import run
        from gradwire.errors import GradwireError
    try:
        run(out)
    except GradwireError as error:
        output.notice(f"{error.reason or error.code}: {error.message}", style="bold red")
        raise typer.Exit(ExitCode.UNAVAILABLE) from None
