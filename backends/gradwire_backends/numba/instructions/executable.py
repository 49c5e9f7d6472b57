"""A graph that is run by the instruction loop, and by NumPy until its kernel is there."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np

from gradwire_backends.numba.checks import OUT_OF_BOUNDS
from gradwire_backends.numba.instructions.program import HostStage, LoopProgram
from gradwire_backends.numba.kernels import Kernel
from gradwire_backends.numba.loader import Code
from gradwire_backends.numba.workspace import Workspaces
from gradwire_service.backend import Executable, Interrupt, RunInfo, Tensors, Tier, never
from gradwire_service.errors import IndexRangeError
from gradwire_service.graph import Array, TensorType, TupleType
from gradwire_service.interpreter import interpret
from gradwire_service.ops.body import converted, interruptible
from gradwire_service.ops.flat import FlatGraph
from gradwire_service.ops.namespace import NUMPY


class LoopExecutable:
    """An executable that hands a program to the loop.

    Args:
        graph: what the program was made of; NumPy runs it until the kernel is there, and it is dropped then, since its
            values take ten times the memory of the program.
        program: the graph as rows of instructions.
        kernel: the loop.
        workspaces: lends the words.
        alone: whether kernels of the graph's own would be slower than the loop.
    """

    def __init__(
        self, graph: FlatGraph, program: LoopProgram, kernel: Kernel, workspaces: Workspaces, *, alone: bool = False
    ) -> None:
        self._program, self._kernel = program, kernel
        self._alone = alone
        self._code: Code | None = None
        self._lock = threading.Lock()
        self._graph: FlatGraph | None = graph
        self._interpreted: Executable | None = None
        self._pool = workspaces.pool(program.bytes)
        self._outputs = tuple((name, kind.shape, kind.element_type.dtype) for name, kind in program.outputs)

    @property
    def needs_no_kernels(self) -> bool:
        """Whether the graph is better run by the loop for good."""
        return self._alone and not self._kernel.failure

    def wait(self, timeout: float) -> bool:
        """Wait until the loop is there, or can't be; tell whether it is."""
        self._kernel.settled.wait(timeout)
        return (self._code or self._kernel.code) is not None

    def __call__(self, inputs: Tensors, interrupt: Interrupt = never, info: RunInfo | None = None) -> Tensors:
        """Run, by the loop if it is there."""
        code = self._code
        while code is None:
            interpreted = self._meanwhile()
            if interpreted is not None:
                return interpreted(inputs, interrupt, info)
            code = self._code
        if info is not None:
            info.tier = Tier.COMPILED
        results: dict[str, Array] = {name: np.empty(shape, dtype) for name, shape, dtype in self._outputs}
        program = self._program
        workspace = self._pool.borrow()
        fed = [inputs[name] for name in program.inputs]
        arrays = (program.rows, program.addresses, workspace, program.constants, *fed, *results.values())
        (run,) = code.entries
        for stage in program.stages:
            interrupt()
            if isinstance(stage, HostStage):
                with interruptible(interrupt):
                    _evaluate(stage, workspace[: program.bytes].view(np.int64))
            else:
                table = (stage, *arrays)  # which the loop reads; it lives until the loop returns
                if run(id(table)) == OUT_OF_BOUNDS:
                    raise RuntimeError("the instruction loop reaches beyond its arrays: a fault of the numba backend")
        self._pool.give_back(workspace)
        return results

    def _meanwhile(self) -> Executable | None:
        """Return what runs the graph until the loop is there; None from then on."""
        with self._lock:
            self._code = self._code or self._kernel.code
            if self._code is not None:
                self._graph = self._interpreted = None
            elif self._interpreted is None:
                assert self._graph is not None
                self._interpreted = interpret(self._graph)
            return self._interpreted


def _evaluate(stage: HostStage, words: Array) -> None:
    """Evaluate a block by NumPy."""
    operands = [_read(words[at], kind) for at, kind in zip(stage.operands, stage.kinds, strict=True)]
    try:
        with np.errstate(all="ignore"):
            found: Any = converted(stage.op.evaluate(NUMPY, *operands), stage.type, NUMPY)
    except IndexRangeError as error:
        raise error.in_block(stage.name, stage.op.name) from None
    for at, result in zip(stage.results, found if isinstance(stage.type, TupleType) else (found,), strict=True):
        floating = result.dtype.kind == "f"
        words[at] = result.astype(np.float64).view(np.int64) if floating else result.astype(np.int64)


def _read(words: Array, kind: TensorType) -> Array:
    """Return the elements that words hold."""
    if kind.element_type.is_floating:
        return np.asarray(words).view(np.float64).astype(kind.element_type.dtype)
    return np.asarray(words).astype(kind.element_type.dtype)
