"""New graphs in a process that serves: how long until the first answer, and until compiled code answers.

Each kind of work is tried in a process of its own, whose engine has answered another graph, with an empty disk cache.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from typing import Any

from benchmarks.contest import ROOT
from benchmarks.kinds import KINDS
from benchmarks.table import Row
from benchmarks.timing import shown

FIRST_MILLISECONDS, COMPILED_SECONDS = 50.0, 3.0

ARGUMENTS: dict[str, dict[str, Any]] = {"expression": {"blocks": 150}}
"""Where the smallest size is not what is asked for: 200 blocks at most, of which the inputs take some."""

OTHERS = ("sgd",)
"""Kinds that are not one call."""


def rows() -> Iterator[Row]:
    """Measure."""
    for name in KINDS:
        if name in OTHERS:
            continue
        found = _in_a_process_of_its_own(name)
        if fault := found.get("fault"):
            yield Row(f"first call, {name}", str(fault), "", float("nan"), FIRST_MILLISECONDS)
            continue
        first, compiled = found["first"], found["compiled"]
        yield Row(f"first call, {name}, ms", shown(first), "", first * 1e3, FIRST_MILLISECONDS)
        ending = "" if found["is_compiled"] else "; it runs without"
        yield Row(f"compiled, {name}, s", f"{shown(compiled)}{ending}", "", compiled, COMPILED_SECONDS)


def _in_a_process_of_its_own(name: str) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        found = subprocess.run(
            [sys.executable, "-m", "benchmarks.first_calls", name],
            env={**os.environ, "GRADWIRE_CACHE_DIR": folder},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
    lines = found.stdout.splitlines()
    if found.returncode or not lines:
        return {"fault": (found.stderr.splitlines() or ["no answer"])[-1]}
    words: dict[str, Any] = json.loads(lines[-1])
    return words


def main() -> None:
    """Measure one kind, and print what was found."""
    from benchmarks import ours
    from gradwire_service import Engine

    kind = KINDS[sys.argv[1]]
    request = kind.ours(**ARGUMENTS.get(kind.name, kind.sizes[0].arguments))
    text = request.text
    engine = Engine(limits=ours.WIDE)
    engine.gradient("graph other\nvariable a: float64[3]\nb = sin(a)\nc = sum(b)\noutput c = c", {"a": [1.0, 2, 3]})
    request.graph = text
    start = time.perf_counter()
    request.first(engine).call()
    first = time.perf_counter() - start
    is_compiled = request.wait(engine)
    print(json.dumps({"first": first, "compiled": time.perf_counter() - start, "is_compiled": is_compiled}))


if __name__ == "__main__":
    main()
