"""A prepared graph: NumPy's answers first, compiled ones as soon as they can be had."""

from __future__ import annotations

from collections.abc import Callable
from operator import itemgetter
from typing import Any

import numpy as np

from gradwire_service.backend import Executable, Interrupt, RunInfo, Tensors, Tier, never
from gradwire_service.graph import Array
from gradwire_service.ops.namespace import NUMPY

from gradwire_backends.numba.kernels import Kernel
from gradwire_backends.numba.loader import Entry
from gradwire_backends.numba.program import HostBlock, KernelProgram
from gradwire_backends.numba.table import ARRAYS, WORKSPACE
from gradwire_backends.numba.workspace import Workspaces


class TieredExecutable:
    """An executable that runs its graph by NumPy until its kernels are there.

    Args:
        interpreted: runs the graph by NumPy.
        program: the graph as kernels.
        kernel: code of the kernels, now or later.
        workspaces: lends working memory.
    """

    def __init__(
        self, interpreted: Executable, program: KernelProgram, kernel: Kernel, workspaces: Workspaces
    ) -> None:
        layout = program.layout
        self.kernel = kernel
        self._interpreted = interpreted
        self._inputs = _getter(layout.inputs)
        self._outputs = tuple((name, kind.shape, kind.element_type.dtype) for name, kind in layout.outputs)
        self._head = (program.integers, program.reals)
        self._constants = layout.constants
        self._borrow, self._give_back = workspaces.borrow, workspaces.give_back
        self._workspace = layout.workspace
        self._staged = None if program.stages == (0,) else _Stages(program)

    def __call__(self, inputs: Tensors, interrupt: Interrupt = never, info: RunInfo | None = None) -> Tensors:
        """Run, by whatever is fastest at this moment."""
        code = self.kernel.code
        if code is None:
            return self._interpreted(inputs, interrupt, info)
        if info is not None:
            info.tier = Tier.COMPILED
        results: dict[str, Array] = {}
        for name, shape, dtype in self._outputs:
            results[name] = np.empty(shape, dtype)
        workspace = self._borrow(self._workspace)
        table = (*self._head, workspace, *self._constants, *self._inputs(inputs), *results.values())
        # A kernel finds the arrays in the tuple; both live until it returns.
        if self._staged is None:
            code.entries[0](id(table))
        else:
            self._staged(code.entries, table, results, interrupt)
        self._give_back(workspace)
        return results


class _Stages:
    """Several kernels, and blocks that NumPy evaluates between them."""

    def __init__(self, program: KernelProgram) -> None:
        layout = program.layout
        self._between = tuple((kind.shape, kind.element_type.dtype) for kind in layout.between)
        first_output = ARRAYS + len(layout.constants) + len(layout.inputs)
        self._names = {first_output + i: name for i, (name, _) in enumerate(layout.outputs)}
        self._stages = program.stages

    def __call__(
        self, entries: tuple[Entry, ...], table: tuple[Any, ...], results: dict[str, Array], interrupt: Interrupt
    ) -> None:
        """Run all stages; results that NumPy makes replace those of the table."""
        arrays = [*table, *(np.empty(shape, dtype) for shape, dtype in self._between)]
        for stage in self._stages:
            interrupt()
            if isinstance(stage, HostBlock):
                arrays[stage.result] = made = _evaluated(stage, arrays)
                if stage.result in self._names:
                    results[self._names[stage.result]] = made
            else:
                table = tuple(arrays)
                entries[stage](id(table))


def _evaluated(block: HostBlock, arrays: list[Array]) -> Array:
    """Evaluate a block by NumPy, into an array of its own."""
    value = block.value
    # What lies in memory under other axes is given those of the operand.
    operands = [
        arrays[place].reshape(x.shape) for place, x in zip(block.operands, value.inputs, strict=True)
    ]
    with np.errstate(all="ignore"):
        result = np.asarray(value.op.evaluate(NUMPY, *operands), value.element_type.dtype)
    shared = any(np.may_share_memory(result, operand) for operand in operands)
    return np.array(result, order="C") if shared else np.asarray(result, order="C")


def _getter(names: tuple[str, ...]) -> Callable[[Tensors], tuple[Array, ...]]:
    """Return what picks arrays by name, as a tuple; `itemgetter` is the fastest, but makes no tuple of one."""
    match names:
        case ():
            return lambda inputs: ()
        case (name,):
            return lambda inputs: (inputs[name],)
    return itemgetter(*names)


assert WORKSPACE + 1 == ARRAYS  # the order in which a call puts its table together
