"""Measure, and print a table: ``python -m benchmarks [CASE …] [--output docs/performance.md]``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from benchmarks import in_process, loops, machine, round_trip, scale, sparse
from benchmarks.table import Row, markdown

CASES = {
    "in_process": in_process.rows,
    "scale": scale.rows,
    "loops": loops.rows,
    "sparse": sparse.rows,
    "round_trip": round_trip.rows,
}


def main() -> None:
    """Run the cases that are named, or all."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("cases", nargs="*", choices=[[], *CASES], help="which to run; all by default")
    parser.add_argument("--output", type=Path, help="write the page there, too")
    arguments = parser.parse_args()
    rows: list[Row] = []
    for name in arguments.cases or CASES:
        print(f"{name} …", file=sys.stderr)
        rows.extend(CASES[name]())
    page = (
        "# Performance\n\nRatios of one run of `make bench`, ours ÷ peer; medians, taken in turns.\n\n"
        f"{machine.described()}\n\n{markdown(rows)}\n"
    )
    print(page)
    if arguments.output:
        arguments.output.write_text(page)


if __name__ == "__main__":
    main()
