"""Commands that run for a while: serve, demo."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from gradwire_service.cli import output
from gradwire_service.cli.app import ExitCode, app, library


class LogLevel(Enum):
    """How much is logged."""

    DEBUG = "DEBUG"
    INFO = "INFO"
    WARNING = "WARNING"
    ERROR = "ERROR"


@app.command()
def serve(
    unix: Annotated[str, typer.Option(metavar="PATH", help="Listen on a unix socket; a stale one is replaced.")] = "",
    host: Annotated[str, typer.Option(help="Name or address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0: any free one.")] = 50051,
    allow_remote: Annotated[
        bool, typer.Option("--insecure-allow-remote", help="Let other machines call, although nothing is encrypted.")
    ] = False,
    reflection: Annotated[
        bool | None, typer.Option(help="Tell descriptors to who asks; by default on loopback and unix sockets.")
    ] = None,
    backend: Annotated[
        str, typer.Option(metavar="NAME", help="Backend of requests that name none; by default numba.")
    ] = "",
    watch_parent: Annotated[bool, typer.Option("--parent-watch", help="Stop when standard input ends.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Do not print the address.")] = False,
    data_dir: Annotated[
        str,
        typer.Option(
            metavar="FOLDER",
            help="Keep training jobs here, so that they go on after a restart; by default in a temporary folder.",
        ),
    ] = "",
    log_level: Annotated[LogLevel, typer.Option(help="What to log on stderr.")] = LogLevel.WARNING,
) -> None:
    """Run a server until SIGINT or SIGTERM; calls that run are finished first."""
    from gradwire_service.server import Options, run_process

    options = Options(unix, host, port, allow_remote, reflection, backend, watch_parent, quiet, data_dir)
    run_process(options, log_level.value)


@app.command()
def demo(
    out: Annotated[Path, typer.Option("--output", "-o", metavar="FOLDER", help="Where pictures go.")] = Path(
        "gradwire-demo"
    ),
) -> None:
    """Show it all on real data: gradients of every block, methods compared, a model trained, pictures drawn."""
    with library("demo"):
        from gradwire.demo import GradwireError, run
    try:
        run(out)
    except GradwireError as error:
        output.notice(f"{error.reason or type(error).__name__}: {error.message}", style="bold red")
        raise typer.Exit(ExitCode.UNAVAILABLE) from None
