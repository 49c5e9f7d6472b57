"""A prepared graph: NumPy's answers first, compiled ones as soon as they can be had."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any

import numpy as np

from gradwire_backends.numba.checks import OUT_OF_BOUNDS
from gradwire_backends.numba.kernels import NO_KERNEL, Kernel
from gradwire_backends.numba.loader import Entry
from gradwire_backends.numba.program import LONG, HostBlock, KernelProgram, LoopStage, PartedStage
from gradwire_backends.numba.table import ARRAYS, INTEGERS, WORKSPACE
from gradwire_backends.numba.threads import Threads
from gradwire_backends.numba.workspace import Workspaces
from gradwire_service.backend import Executable, Interrupt, RunInfo, Tensors, Tier, never
from gradwire_service.errors import IndexRangeError
from gradwire_service.graph import Array
from gradwire_service.ops.base import Result
from gradwire_service.ops.body import converted, interruptible
from gradwire_service.ops.namespace import NUMPY

empty = np.empty  # this module's, for it is called at every run

assert WORKSPACE + 1 == ARRAYS == 3  # the order in which a call puts its table together


class TieredExecutable:
    """An executable that runs its graph by NumPy until it is bound to kernels, and these are there.

    Args:
        interpreted: runs the graph by NumPy.
        workspaces: lends working memory.
        threads: share what takes long.
    """

    def __init__(self, interpreted: Executable, workspaces: Workspaces, threads: Threads) -> None:
        self._interpreted, self._threads = interpreted, threads
        self._workspaces = workspaces
        self._bound = threading.Event()
        self._names: tuple[str, ...] = ()
        self.kernel = NO_KERNEL

    def bind(self, program: KernelProgram, kernel: Kernel) -> None:
        """Say what the graph is as kernels, and where their code will be."""
        layout = program.layout
        self._inputs = _getter(layout.inputs)
        self._names = tuple(name for name, _ in layout.outputs)
        self._fresh = _maker(tuple((kind.shape, kind.element_type.dtype) for _, kind in layout.outputs))
        self._head = (program.integers, program.reals)
        self._constants = layout.constants
        self._pool = self._workspaces.pool(layout.workspace)
        self._free = self._pool.free
        self._count = len(layout.inputs)
        single = program.stages == (0,) and program.flops < LONG
        self._staged = None if single else _Stages(program, self._threads)
        self.kernel = kernel  # from here on calls look for its code
        self._bound.set()

    def give_up(self) -> None:
        """Say that the graph has no kernels: NumPy runs it for good."""
        self._bound.set()

    def wait(self, timeout: float) -> bool:
        """Wait until code is there, or can't be; tell whether it is."""
        deadline = time.monotonic() + timeout
        self._bound.wait(timeout)
        self.kernel.settled.wait(max(deadline - time.monotonic(), 0))
        return self.kernel.code is not None

    def __call__(self, inputs: Tensors, interrupt: Interrupt = never, info: RunInfo | None = None) -> Tensors:
        """Run, by whatever is fastest at this moment."""
        code = self.kernel.code
        if code is None:
            return self._interpreted(inputs, interrupt, info)
        if info is not None:
            info.tier = Tier.COMPILED
        fresh = self._fresh()
        results = dict(zip(self._names, fresh, strict=True))
        workspace = self._pool.borrow()
        # A kernel finds the arrays in the tuple; both live until it returns.
        table = (*self._head, workspace, *self._constants, *self._inputs(inputs), *fresh)
        if self._staged is None:
            status = code.entries[0](id(table))
        else:
            status = self._staged(code.entries, table, results, interrupt)
        self._pool.give_back(workspace)
        if not status:
            return results
        if status == OUT_OF_BOUNDS:
            raise RuntimeError(f"kernel {self.kernel.key} reaches beyond its arrays: a fault of the numba backend")
        # Whatever else a kernel found amiss, NumPy has the words for it.
        return self._interpreted(inputs, interrupt, info)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the outputs, in the order in which `direct` returns them; (): not known yet."""
        return self._names

    def direct(self, inputs: Mapping[str, Any]) -> Sequence[Array] | None:
        """Run compiled code in one piece, which checks by itself what it is fed.

        Args:
            inputs: anything by name.

        Returns: the outputs; None unless there is such code, and the inputs are arrays of exactly its types in
            row-major order.
        """
        code = self.kernel.code
        if code is None or self._staged is not None or len(inputs) != self._count:
            return None
        free, fresh = self._free, self._fresh()
        try:
            arrays = self._inputs(inputs)
        except KeyError:
            return None
        try:
            workspace = free.pop()
        except IndexError:
            workspace = self._pool.new()
        table = (*self._head, workspace, *self._constants, *arrays, *fresh)
        status = code.entries[0](id(table))
        free.append(workspace)
        return None if status else fresh


class _Stages:
    """Several kernels, or one that takes long, and blocks that NumPy evaluates between them."""

    def __init__(self, program: KernelProgram, threads: Threads) -> None:
        self._threads = threads
        layout = program.layout
        first_output = ARRAYS + len(layout.constants) + len(layout.inputs)
        self._names = {first_output + i: name for i, (name, _) in enumerate(layout.outputs)}
        self._between = tuple((kind.shape, kind.element_type.dtype) for kind in layout.between)
        self._stages = program.stages

    def __call__(
        self, entries: tuple[Entry, ...], table: tuple[Any, ...], results: dict[str, Array], interrupt: Interrupt
    ) -> int:
        """Run all stages; results that NumPy makes take the place of those in the table. Return the status."""
        arrays = [*table, *(np.empty(shape, dtype) for shape, dtype in self._between)]
        table = tuple(arrays)
        status = 0
        for stage in self._stages:
            interrupt()
            if isinstance(stage, LoopStage):
                status = self._loop(entries[stage.function], stage, arrays, interrupt)
            elif isinstance(stage, PartedStage):
                status = self._parts(entries[stage.function], stage, table, interrupt)
            elif isinstance(stage, HostBlock):
                with interruptible(interrupt):
                    arrays[stage.result] = made = _evaluated(stage, arrays)
                table = tuple(arrays)
                if stage.result in self._names:
                    results[self._names[stage.result]] = made
            else:
                status = entries[stage](id(table))
            if status:
                return status
        return 0

    @staticmethod
    def _loop(entry: Entry, stage: LoopStage, arrays: list[Any], interrupt: Interrupt) -> int:
        """Run a long loop some trips at a time: where it is stands among integers of this call's own."""
        integers = arrays[INTEGERS].copy()
        table = (integers, *arrays[INTEGERS + 1 :])
        for start in range(0, stage.trips, stage.slice):
            interrupt()
            integers[stage.start], integers[stage.stop] = start, min(start + stage.slice, stage.trips)
            if status := entry(id(table)):
                return status
        return 0

    def _parts(self, entry: Entry, stage: PartedStage, table: tuple[Any, ...], interrupt: Interrupt) -> int:
        """Run the parts of a loop nest, each with integers of its own."""

        def work(number: int) -> int:
            integers = table[INTEGERS].copy()
            first = number * stage.size
            integers[stage.start], integers[stage.stop] = first, min(first + stage.size, stage.turns)
            integers[stage.number] = number
            own = (integers, *table[INTEGERS + 1 :])  # lives until the kernel returns
            return entry(id(own))

        return self._threads.run(work, stage.parts, interrupt)


def _evaluated(block: HostBlock, arrays: list[Any]) -> Any:
    """Evaluate a block by NumPy, into an array of its own; one with several results, into a tuple of arrays."""
    value = block.value
    if isinstance(value.op, Result):
        (place,) = block.operands
        return arrays[place][value.op.index]
    # What lies in memory under other axes is given those of the operand.
    operands = [arrays[place].reshape(x.shape) for place, x in zip(block.operands, value.inputs, strict=True)]
    try:
        with np.errstate(all="ignore"):
            found = converted(value.op.evaluate(NUMPY, *operands), value.type, NUMPY)
    except IndexRangeError as error:
        raise error.in_block(value.name, value.op.name) from None
    if isinstance(found, tuple):
        return tuple([_own(result, operands) for result in found])
    return _own(found, operands)


def _own(result: Array, operands: list[Array]) -> Array:
    """Return a result in row-major order, in memory that no operand shares."""
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


def _maker(types: tuple[tuple[tuple[int, ...], Any], ...]) -> Callable[[], tuple[Array, ...]]:
    """Return what makes an array of each type; without a loop where there are as few as there are most often."""
    match types:
        case ((shape, dtype),):
            return lambda: (empty(shape, dtype),)
        case ((shape, dtype), (other, kind)):
            return lambda: (empty(shape, dtype), empty(other, kind))
        case ((shape, dtype), (other, kind), (third, last)):
            return lambda: (empty(shape, dtype), empty(other, kind), empty(third, last))
    return lambda: tuple([empty(shape, dtype) for shape, dtype in types])
