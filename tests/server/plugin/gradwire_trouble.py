"""A stranger's backends, as bad as they may be: what goes wrong is told by the name of a variable."""

from __future__ import annotations

import time
from collections.abc import Mapping

import numpy as np

from gradwire_service.backend import Executable, Interrupt, RunInfo, Tensors, never
from gradwire_service.ops.flat import FlatGraph


class Absent:
    """Its library is not installed."""

    def __init__(self) -> None:
        raise ImportError("there is no library 'abacus'")


class Trouble:
    """Fails, stops the process, takes too much or too long; its report counts the runs that have not ended."""

    name = "trouble"
    summary = "Trouble."

    def __init__(self) -> None:
        self.running = 0

    def prepare(self, graph: FlatGraph) -> Executable:
        def run(inputs: Tensors, interrupt: Interrupt = never, info: RunInfo | None = None) -> Tensors:
            self.running += 1
            try:
                for name in graph.variables:
                    behave(name, float(inputs[name]), interrupt)
            finally:
                self.running -= 1
            return {name: np.zeros(value.shape) for name, value in graph.outputs.items()}

        return run

    def wait(self, executable: Executable, timeout: float) -> bool:
        return False

    def close(self) -> None:
        pass

    def report(self) -> Mapping[str, object]:
        return {"compiling": self.running}


def behave(name: str, seconds: float, interrupt: Interrupt) -> None:
    """Do what the name says."""
    match name:
        case "bug":
            raise RuntimeError("no such file: /srv/secret/token.txt")
        case "exit":
            raise SystemExit("/srv/secret/token.txt")
        case "memory":
            raise MemoryError("/srv/secret/token.txt")
        case "patient":  # looks up between blocks
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                interrupt()
                time.sleep(0.001)
        case "stubborn":  # as a kernel that runs to its end
            time.sleep(seconds)
