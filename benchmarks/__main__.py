"""Measure, and print a page: ``python -m benchmarks [CASE …] [--sizes small] [--threads 2] [--output PAGE]``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from benchmarks import first_calls, loops, overhead, page, programs, round_trip, scale, sparse
from benchmarks.contender import Kind, Size
from benchmarks.contest import Measured, measure
from benchmarks.kinds import KINDS
from benchmarks.table import Row

OTHERS: dict[str, Callable[[], Iterable[Row]]] = {
    "first_calls": first_calls.rows,
    "overhead": overhead.rows,
    "scale": scale.rows,
    "loops": loops.rows,
    "sparse": sparse.rows,
    "round_trip": round_trip.rows,
    "memory": programs.rows,
}

ON_DEMAND = ("memory",)
"""Cases that take long, and run when they are named."""


def main() -> None:
    """Run the cases that are named, or all."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "cases", nargs="*", choices=[[], *KINDS, *OTHERS], help="which to run; all but memory by default"
    )
    parser.add_argument("--sizes", choices=("small", "usual", "all"), default="usual", help="of the kinds of work")
    parser.add_argument("--threads", type=int, default=1, help="more than one: measure with that many, too")
    parser.add_argument("--seconds", type=float, default=0.7, help="time for each contender at each size, about")
    parser.add_argument("--output", type=Path, help="write the page there, and a picture beside it")
    arguments = parser.parse_args()
    measured: list[Measured] = []
    rows: list[Row] = []
    for name in arguments.cases or [name for name in (*KINDS, *OTHERS) if name not in ON_DEMAND]:
        if name in OTHERS:
            print(f"{name} …", file=sys.stderr)
            rows.extend(OTHERS[name]())
            continue
        for size in chosen(KINDS[name], arguments.sizes):
            for threads in sorted({1, arguments.threads}):
                found = measure(KINDS[name], size, threads=threads, seconds=arguments.seconds)
                print(page.told(found), file=sys.stderr)
                measured.append(found)
    text = page.written(measured, rows, arguments.output)
    print(text)
    if arguments.output:
        arguments.output.write_text(text)


def chosen(kind: Kind, sizes: str) -> list[Size]:
    """Return the sizes of a kind that are run."""
    if sizes == "all":
        return list(kind.sizes)
    return [size for size in kind.sizes if (size.is_small if sizes == "small" else not size.is_on_demand)]


if __name__ == "__main__":
    main()
