"""Run a server: `python -m gradwire_service.server --unix PATH`."""

from __future__ import annotations

import argparse
import sys

from gradwire_service.errors import GradwireError
from gradwire_service.server.lifecycle import Options
from gradwire_service.server.process import run_process


def main() -> None:
    """Read the options, serve, and end the process."""
    parser = argparse.ArgumentParser(prog="python -m gradwire_service.server", description="Run a Gradwire server.")
    parser.add_argument("--unix", default="", metavar="PATH", help="listen on a unix socket; a stale one is replaced")
    parser.add_argument("--host", default=Options.host, help="name or address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=Options.port, help="0: any free one (default: %(default)s)")
    parser.add_argument(
        "--insecure-allow-remote", action="store_true", help="let other machines call, although nothing is encrypted"
    )
    parser.add_argument(
        "--reflection",
        action=argparse.BooleanOptionalAction,
        help="tell descriptors to who asks (default: on loopback and unix sockets)",
    )
    parser.add_argument("--backend", default="", help="backend of requests that name none (default: numba)")
    parser.add_argument("--parent-watch", action="store_true", help="stop when standard input ends")
    parser.add_argument("--quiet", action="store_true", help="do not print the address")
    parser.add_argument(
        "--data-dir",
        default="",
        metavar="FOLDER",
        help="keep training jobs here, so that they go on after a restart (default: a temporary folder)",
    )
    parser.add_argument("--log-level", default="WARNING", choices=["DEBUG", "INFO", "WARNING", "ERROR"])
    arguments = parser.parse_args()
    options = Options(
        unix=arguments.unix,
        host=arguments.host,
        port=arguments.port,
        allow_remote=arguments.insecure_allow_remote,
        reflection=arguments.reflection,
        backend=arguments.backend,
        watch_parent=arguments.parent_watch,
        quiet=arguments.quiet,
        data_dir=arguments.data_dir,
    )
    try:
        run_process(options, arguments.log_level)
    except GradwireError as error:
        sys.exit(f"{parser.prog}: {error}")


if __name__ == "__main__":
    main()
