"""How a serving process grows with programs that it sees once: 10,000 different ones of 50 blocks each."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator

import numpy as np

from benchmarks.contest import ROOT
from benchmarks.memory import resident
from benchmarks.scale import random_graph
from benchmarks.table import Row
from gradwire_service import Engine

PROGRAMS, BLOCKS = 10_000, 50
MEGABYTES = 50.0


def rows() -> Iterator[Row]:
    """Measure, in a process that has nothing else to do, with an empty disk cache."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "benchmarks.programs", str(PROGRAMS)]
        environment = {**os.environ, "GRADWIRE_CACHE_DIR": folder}
        done = subprocess.run(command, env=environment, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    grown = json.loads(done.stdout) / 1e6
    what = f"resident growth, {PROGRAMS:,} different programs of {BLOCKS} blocks, MB"
    yield Row(what, f"{grown:.3g} MB", "", grown, MEGABYTES)


def growth(programs: int) -> int:
    """Return by how many bytes this process grows with so many programs, after a few that it has to begin with."""
    engine = Engine()
    inputs = {"x": np.linspace(-1, 1, 100), "w": np.linspace(0, 1, 100)}
    before = 0
    for seed in range(-10, programs):
        if seed == 0:
            before = resident()
        engine.gradient(str(random_graph(BLOCKS, seed)), inputs, wrt=["x", "w"])
    return resident() - before


if __name__ == "__main__":
    print(growth(int(sys.argv[1])))
