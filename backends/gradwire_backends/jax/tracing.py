"""A graph as a function that JAX records, differentiates and compiles."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import jax
import numpy as np

from gradwire_backends.jax.lowering import walk
from gradwire_backends.jax.namespace import JaxNamespace
from gradwire_service.backend import Executable, Interrupt, RunInfo, Tensors, Tier, never
from gradwire_service.errors import UnsupportedByBackendError
from gradwire_service.graph import TensorType
from gradwire_service.interpreter import interpret
from gradwire_service.ops.flat import FlatGraph

Traced = Callable[[Mapping[str, Any]], tuple[Mapping[str, Any], Any]]
"""Takes the variables by name; returns the results by name, and whether something was amiss."""


def values(graph: FlatGraph) -> Executable:
    """Compile a graph.

    Raises: UnsupportedByBackendError, as all here.
    """
    return _compiled(graph, _traced(graph, graph.outputs), [*graph.outputs])


def gradients(graph: FlatGraph, of: str, wrt: Sequence[str]) -> Executable:
    """Compile a scalar output and its gradients."""
    evaluate = _traced(graph, [of], reverse=True)

    def reverse(inputs: Mapping[str, Any]) -> tuple[Mapping[str, Any], Any]:
        def scalar(moving: Mapping[str, Any]) -> tuple[Any, Any]:
            results, amiss = evaluate({**inputs, **moving})
            return results[of], amiss

        (value, amiss), found = jax.value_and_grad(scalar, has_aux=True)({name: inputs[name] for name in wrt})
        return {of: value, **found}, amiss

    return _compiled(graph, reverse, [of, *wrt])


def tangents(graph: FlatGraph, of: Sequence[str], wrt: Sequence[str]) -> Executable:
    """Compile outputs and their derivatives along one direction."""
    evaluate = _traced(graph, of)

    def forward(inputs: Mapping[str, Any]) -> tuple[Mapping[str, Any], Any]:
        primals = {name: inputs[name] for name in wrt}
        directions = {name: inputs[f"tangent {name}"] for name in wrt}
        found, moved, amiss = jax.jvp(
            lambda moving: evaluate({**inputs, **moving}), (primals,), (directions,), has_aux=True
        )
        return {**found, **{f"tangent {name}": moved[name] for name in of}}, amiss

    return _compiled(graph, forward, [*of, *(f"tangent {name}" for name in of)], wrt)


def _traced(graph: FlatGraph, of: Iterable[str], reverse: bool = False) -> Traced:
    """Return the evaluation of some outputs, block by block, perhaps to be differentiated in reverse."""
    needed = FlatGraph.of({name: graph.outputs[name] for name in of}, graph.variables.values())

    def evaluate(inputs: Mapping[str, Any]) -> tuple[Mapping[str, Any], Any]:
        xp = JaxNamespace(reverse)
        found = {value: inputs[name] for name, value in needed.variables.items()}
        walk(needed.blocks, found, xp)
        return {name: found[value] for name, value in needed.outputs.items()}, xp.amiss

    return evaluate


def _compiled(graph: FlatGraph, function: Traced, names: Sequence[str], moving: Sequence[str] = ()) -> Executable:
    """Compile a function of the graph's variables, and of tangents of those that move, with results of these names."""
    types = {name: value.type for name, value in graph.variables.items()}
    types |= {f"tangent {name}": types[name] for name in moving}
    with _ours():
        compiled = jax.jit(function).lower({name: _abstract(found) for name, found in types.items()}).compile()

    def run(inputs: Tensors, interrupt: Interrupt = never, info: RunInfo | None = None) -> Tensors:
        interrupt()
        with _ours():
            results, amiss = compiled({name: inputs[name] for name in types})
            found = {name: np.array(results[name], order="C") for name in names}
        if amiss:
            interpret(graph)(inputs, interrupt)  # NumPy looks at the data as it goes, and says what it is
            raise UnsupportedByBackendError(
                "a loop makes more trips than jax takes; use another backend, numba or numpy"
            )
        if info is not None:
            info.tier = Tier.COMPILED
        interrupt()
        return found

    return run


def _abstract(value_type: TensorType) -> jax.ShapeDtypeStruct:
    return jax.ShapeDtypeStruct(value_type.shape, value_type.element_type.dtype)


@contextmanager
def _ours() -> Iterator[None]:
    """Set, for this thread and what is done inside, what we need of JAX."""
    with jax.enable_x64(True), jax.default_device(jax.local_devices(backend="cpu")[0]):
        yield
