"""A graph evaluated on tensors, and differentiated by what PyTorch records of that."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from threading import Lock
from typing import Any

import numpy as np
import torch
from torch.autograd import forward_ad

from gradwire_backends.torch.lowering import walk
from gradwire_backends.torch.namespace import TORCH
from gradwire_service.backend import Executable, Interrupt, RunInfo, Tensors, never
from gradwire_service.interpreter import MILLISECOND
from gradwire_service.ops.body import interruptible
from gradwire_service.ops.flat import FlatGraph

Evaluation = Callable[[Mapping[str, Any], Interrupt], dict[str, Any]]
"""Takes tensors by the names of variables; returns tensors by the names of outputs."""

_forward_mode = Lock()
"""PyTorch has one level of dual numbers for all threads."""


def values(graph: FlatGraph) -> Executable:
    """Evaluate all outputs."""
    evaluate = _evaluation(graph, graph.outputs)

    def run(inputs: Tensors, interrupt: Interrupt = never, info: RunInfo | None = None) -> Tensors:
        with torch.device("cpu"), torch.no_grad():
            return _arrays(evaluate(_tensors(graph.variables, inputs), interrupt))

    return run


def gradients(graph: FlatGraph, of: str, wrt: Sequence[str]) -> Executable:
    """Evaluate a scalar output and its gradients."""
    evaluate = _evaluation(graph, [of])

    def run(inputs: Tensors, interrupt: Interrupt = never, info: RunInfo | None = None) -> Tensors:
        with torch.device("cpu"), torch.enable_grad():
            tensors = _tensors(graph.variables, inputs)
            moving = [tensors[name].requires_grad_() for name in wrt]
            value = evaluate(tensors, interrupt)[of]
            found = (
                torch.autograd.grad(value, moving, allow_unused=True, materialize_grads=True)
                if value.requires_grad
                else map(torch.zeros_like, moving)  # nothing of them reaches the scalar
            )
            return _arrays({of: value, **dict(zip(wrt, found, strict=True))})

    return run


def tangents(graph: FlatGraph, of: Sequence[str], wrt: Sequence[str]) -> Executable:
    """Evaluate outputs and their derivatives along one direction."""
    evaluate = _evaluation(graph, of)

    def run(inputs: Tensors, interrupt: Interrupt = never, info: RunInfo | None = None) -> Tensors:
        with torch.device("cpu"), torch.no_grad(), _forward_mode, forward_ad.dual_level():
            tensors = _tensors(graph.variables, inputs)
            directions = _tensors([f"tangent {name}" for name in wrt], inputs)
            for name in wrt:
                tensors[name] = forward_ad.make_dual(tensors[name], directions[f"tangent {name}"])
            found = {name: forward_ad.unpack_dual(y) for name, y in evaluate(tensors, interrupt).items()}
            moved = {
                f"tangent {name}": torch.zeros_like(y.primal) if y.tangent is None else y.tangent
                for name, y in found.items()
            }
            return _arrays({**{name: y.primal for name, y in found.items()}, **moved})

    return run


def _evaluation(graph: FlatGraph, of: Iterable[str]) -> Evaluation:
    """Return the evaluation of some outputs, block by block."""
    needed = FlatGraph.of({name: graph.outputs[name] for name in of}, graph.variables.values())

    def evaluate(tensors: Mapping[str, Any], interrupt: Interrupt) -> dict[str, Any]:
        interrupt()
        found = {value: tensors[name] for name, value in needed.variables.items()}
        work = 0.0
        with interruptible(interrupt):
            for flops in walk(needed.blocks, found, TORCH):
                work += flops
                if work > MILLISECOND:
                    work = 0.0
                    interrupt()
        return {name: found[value] for name, value in needed.outputs.items()}

    return evaluate


def _tensors(names: Iterable[str], inputs: Tensors) -> dict[str, Any]:
    return {name: torch.tensor(inputs[name]) for name in names}


def _arrays(tensors: Mapping[str, Any]) -> Tensors:
    return {name: np.array(tensor.numpy(force=True), order="C") for name, tensor in tensors.items()}
