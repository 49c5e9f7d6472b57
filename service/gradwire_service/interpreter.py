"""Run a flat graph block by block in an array namespace: what backends without a compiler share."""

from __future__ import annotations

import numpy as np

from gradwire_service.backend import Executable, Interrupt, RunInfo, Tensors, never
from gradwire_service.errors import IndexRangeError
from gradwire_service.graph import Array
from gradwire_service.ops.base import Namespace
from gradwire_service.ops.body import converted, interruptible, single_dtype
from gradwire_service.ops.flat import FlatGraph
from gradwire_service.ops.namespace import NUMPY

MILLISECOND = 1e6
"""Floating-point operations that NumPy does in about a millisecond; an interrupt is looked for as often."""


def interpret(graph: FlatGraph, namespace: Namespace = NUMPY) -> Executable:
    """Lay out the blocks as instructions over a list of slots.

    Args:
        graph: a flat graph.
        namespace: evaluates the blocks; its ``asarray(result, dtype)`` gives a result the type of its block.

    Returns: an executable that walks the blocks in topological order and drops each value after its last use.
    """
    slots = {value: i for i, value in enumerate([*graph.variables.values(), *graph.blocks])}
    kept = {slots[value] for value in graph.outputs.values()}
    last = {slots[x]: i for i, value in enumerate(graph.blocks) for x in value.inputs}
    dead: list[list[int]] = [[] for _ in graph.blocks]
    for slot, i in last.items():
        if slot not in kept:
            dead[i].append(slot)
    program = [
        (
            value.op.evaluate,
            tuple(slots[x] for x in value.inputs),
            slots[value],
            dead[i],
            value.op.flops(value.type, *(x.type for x in value.inputs)),
            single_dtype(value.type),
            value.type,
        )
        for i, value in enumerate(graph.blocks)
    ]
    names = tuple(graph.variables)
    outputs = {name: slots[value] for name, value in graph.outputs.items()}
    size = len(slots)
    asarray = namespace.asarray

    def run(inputs: Tensors, interrupt: Interrupt = never, info: RunInfo | None = None) -> Tensors:
        values: list[Array | None] = [None] * size
        for slot, name in enumerate(names):
            values[slot] = inputs[name]
        work = 0.0
        with np.errstate(all="ignore"), interruptible(interrupt):
            try:
                for evaluate, sources, target, done, flops, dtype, kind in program:
                    result = evaluate(namespace, *[values[slot] for slot in sources])
                    values[target] = asarray(result, dtype) if dtype is not None else converted(result, kind, namespace)
                    for slot in done:
                        values[slot] = None
                    work += flops
                    if work > MILLISECOND:
                        work = 0.0
                        interrupt()
            except IndexRangeError as error:
                block = graph.blocks[target - len(names)]
                raise error.in_block(block.name, block.op.name) from None
        return {name: fresh(values[slot]) for name, slot in outputs.items()}

    def fresh(value: Array | None) -> Array:
        """Copy what is not the caller's own: views, inputs, constants, one value under two names."""
        return np.array(value, order="C")

    return run
