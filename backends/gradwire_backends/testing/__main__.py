"""Try a registered backend: ``python -m gradwire_backends.testing NAME``."""

from __future__ import annotations

import argparse
import sys

from gradwire_backends.testing.suite import run_suite
from gradwire_service.errors import GradwireError


def main() -> int:
    """Run the suite, print a line for each failure; return 1 when there is one, 2 when there is no such backend."""
    parser = argparse.ArgumentParser(
        prog="python -m gradwire_backends.testing",
        description="Try a backend on every op. Exit status: 0 nothing failed, 1 something did, 2 it does not load.",
    )
    parser.add_argument("name", help="of a registered backend")
    parser.add_argument("--wait", type=float, default=0.0, help="seconds to wait at each check for compiled code")
    parser.add_argument("--refused", action="store_true", help="list what the backend refused, too")
    arguments = parser.parse_args()
    try:
        report = run_suite(arguments.name, wait=arguments.wait)
    except GradwireError as error:
        sys.stderr.write(f"{error.message}\n")
        return 2
    if arguments.refused:
        sys.stdout.writelines(f"refused {line}\n" for line in report.refused)
    sys.stdout.write(f"{report}\n")
    return 0 if report.ok else 1


if __name__ == "__main__":
    sys.exit(main())
